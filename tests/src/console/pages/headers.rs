//! The headers of every page, and that no page has anything that its policy forbids.

use std::collections::BTreeSet;

use reqwest::Method;

use super::walk::{Seen, walk};
use crate::support::pages::Page;
use crate::support::staff::Browser;
use crate::support::world;

/// The responses with a page: all but redirects and those for the script of the pages.
fn pages() -> impl Iterator<Item = (&'static Seen, &'static Page)> {
    walk().seen.iter().map(|seen| (seen, &seen.page)).filter(|(_, page)| !page.html.is_empty())
}

/// The nonce of a page's policy, which is as expected in every part.
fn nonce(page: &Page) -> &str {
    let policy = page.header("content-security-policy").unwrap_or_else(|| panic!("{} has no policy", page.address));
    let nonce = policy.split_once("'nonce-").and_then(|(_, rest)| rest.split_once('\'')).expect("a nonce").0;
    // A reviewer sees photos at the address of the bucket.
    let pictures = page.tags().iter().filter(|tag| tag.name == "img").find_map(|tag| {
        let (scheme, rest) = tag.attribute("src")?.split_once("://")?;
        Some(format!("{scheme}://{}", rest.split('/').next()?))
    });
    let pictures = pictures.unwrap_or_default();
    let expected = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data: {pictures}; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    assert_eq!(policy, expected, "{}", page.address);
    nonce
}

#[test]
fn every_response_forbids_to_store_to_sniff_and_to_frame_it() {
    for seen in &walk().seen {
        let page = &seen.page;
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{} {}", page.status, page.address);
        assert_eq!(page.header("cache-control"), Some("no-store"), "{} {}", page.status, page.address);
    }
    for (_, page) in pages() {
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{}", page.address);
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{}", page.address);
        assert_eq!(page.header("x-frame-options"), Some("DENY"), "{}", page.address);
        assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"), "{}", page.address);
        for name in ["server", "x-powered-by", "access-control-allow-origin"] {
            assert_eq!(page.header(name), None, "{} {name}", page.address);
        }
    }
}

#[test]
fn every_page_has_the_whole_policy_with_a_nonce_of_its_own_that_its_scripts_carry() {
    let mut nonces = BTreeSet::new();
    for (seen, page) in pages() {
        let nonce = nonce(page);
        assert!(nonce.len() >= 22, "128 bits at least: {nonce}");
        assert!(nonces.insert(nonce), "{} {} has the nonce of another page", seen.role, page.address);
        let tags = page.tags();
        let scripts: Vec<_> = tags.iter().filter(|tag| tag.name == "script").collect();
        assert_eq!(scripts.is_empty(), !page.html.contains("<dialog"), "{}", page.address);
        for script in scripts {
            assert_eq!(script.attribute("nonce"), Some(nonce), "{}", page.address);
            assert!(script.attribute("src").is_some_and(|src| src.starts_with("/console/assets/")), "{script:?}");
            assert_eq!(script.text.trim(), "", "{}: an inline script", page.address);
        }
    }
    assert!(nonces.len() > 300, "{} pages", nonces.len());
}

#[test]
fn no_page_has_an_inline_style_or_script_or_loads_anything_of_another_site() {
    let is_own = |address: &str| address.starts_with('/') && !address.starts_with("//") || address.starts_with('#');
    let mut pictures = 0;
    for (seen, page) in pages() {
        for tag in page.tags() {
            assert!(!["style", "iframe", "object", "embed", "base"].contains(&tag.name.as_str()), "{}: {tag:?}", page.address);
            for (name, value) in &tag.attributes {
                let is_handler = name.starts_with("on") || name == "style" || name.starts_with("hx-on");
                assert!(!is_handler, "{}: {tag:?}", page.address);
                assert!(!value.to_lowercase().contains("javascript:"), "{}: {tag:?}", page.address);
                if ["href", "src", "action", "formaction"].contains(&name.as_str()) && !is_own(value) {
                    // The photos of an application, and the link to an export.
                    let is_photo = tag.name == "img" && seen.role == "reviewer" && seen.object.is_some();
                    let is_export =
                        tag.name == "a" && (seen.command == Some("export_person") || tag.attribute("download").is_some());
                    assert!(is_photo || is_export, "{} {}: {tag:?}", seen.role, page.address);
                    pictures += usize::from(is_photo);
                }
            }
        }
    }
    assert!(pictures > 0, "a reviewer sees photos");
}

#[tokio::test]
async fn assets_are_kept_for_good_under_the_address_that_changes_with_them() {
    let browser = Browser::at(world());
    let page = browser.open("/console/sign-in").await;
    let mut assets: Vec<String> =
        page.addresses().into_iter().map(|(_, address)| address).filter(|address| address.contains("/assets/")).collect();
    let (folder, _) = assets[0].rsplit_once('/').expect("a folder");
    assets.extend(["console.js", "htmx.min.js"].map(|name| format!("{folder}/{name}")));
    for address in assets {
        let asset = browser.page(&address, browser.request_to(Method::GET, &address)).await;
        assert_eq!(asset.status, 200, "{address}");
        assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"), "{address}");
        assert_eq!(asset.header("x-content-type-options"), Some("nosniff"), "{address}");
        assert_eq!(asset.headers.get("set-cookie"), None, "{address}");
        let expected = match address.rsplit('.').next() {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!(asset.header("content-type"), Some(expected), "{address}");
    }
}
