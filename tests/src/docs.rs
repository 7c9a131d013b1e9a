//! The API pages: their content, its sources, and a catalogue of failures that agrees with the code.

mod operations;

use std::collections::BTreeSet;
use std::path::Path;

use ops::docs::apis::{APIS, Api};
use ops::docs::codes::Failure;
use reqwest::header::{self, HeaderMap};
use reqwest::{Response, StatusCode};

use crate::support::repository::read;
use crate::support::world;

const STRICT: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async fn get(path: &str) -> Response {
    reqwest::get(format!("{}{path}", world().base_url)).await.unwrap()
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// The text between each pair of tags.
fn elements<'a>(html: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    html.split(begin).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

/// The statuses and codes that a family's `Failure` returns, read from the sources, so that the catalogue cannot miss one. A failure
/// without a code of its own has the status as its code.
fn failures_in_code(family: &str) -> BTreeSet<(u16, u16)> {
    let source = read(&format!("functions/{family}/src/edge/answer.rs"));
    let failure = source.split("impl IntoResponse for Failure {").nth(1).unwrap().split("\n}\n").next().unwrap();
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let named = |rest: &str| rest.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect::<String>();
    let pairs = failure.split("StatusCode::").skip(1).map(|rest| {
        let name = named(rest);
        let status = status(&name);
        let after = rest[name.len()..].trim_start_matches([',', ' ', '(']);
        let bad_parameter = after.starts_with("BAD_PARAMETER").then_some(1001);
        (status, bad_parameter.or_else(|| digits(after)).unwrap_or(status))
    });
    // The statuses that all families share. A family gives a kind its own code, or its own status too, which is among the pairs above.
    let shared = read("functions/lambda/src/answer.rs");
    let kinds = KINDS.iter().filter_map(|kind| {
        let status = status(&named(arm(&shared, kind).unwrap().split_once("StatusCode::").unwrap().1));
        let code = match arm(failure, kind) {
            None => status,
            Some(own) if own.contains("StatusCode::") => return None,
            Some(own) if own.contains("BAD_PARAMETER") => 1001,
            Some(own) => digits(&own[own.find(|c: char| c.is_ascii_digit()).unwrap()..]).unwrap(),
        };
        Some((status, code))
    });
    pairs.chain(kinds).collect()
}

/// The kinds of the domain's errors.
const KINDS: [&str; 8] =
    ["Invalid", "NotFound", "Conflict", "Unauthenticated", "TokenRejected", "Forbidden", "TooManyRequests", "Internal"];

/// What a `match` makes of a kind: the text up to the end of the arm.
fn arm<'a>(source: &'a str, kind: &str) -> Option<&'a str> {
    let (_, rest) = source.split_once(&format!("Kind::{kind}"))?;
    let (_, arm) = rest.split_once("=>")?;
    arm.split("Kind::").next()?.split("};").next()
}

/// The number of a status by its name in `http::StatusCode`.
fn status(name: &str) -> u16 {
    let mut all = (400..600).filter_map(|number| StatusCode::from_u16(number).ok());
    let named = |status: &StatusCode| {
        status.canonical_reason().is_some_and(|reason| reason.to_uppercase().replace([' ', '-'], "_") == name)
    };
    all.find(named).unwrap_or_else(|| panic!("{name} is not a status")).as_u16()
}

#[test]
fn the_catalogue_lists_each_failure_of_the_code_once_and_no_other() {
    for api in &APIS {
        let name = api.name;
        let catalogue: Vec<(u16, u16)> = api.failures().unwrap().iter().map(|failure| (failure.status, failure.code)).collect();
        assert!(catalogue.is_sorted(), "{name}");
        let in_code = failures_in_code(name);
        assert_eq!(catalogue, in_code.into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn every_code_of_the_documents_is_in_the_catalogue_unless_it_is_never_returned() {
    let codes = |name: &str| -> BTreeSet<u16> {
        let api = APIS.iter().find(|api| api.name == name).unwrap();
        api.failures().unwrap().iter().map(|failure| failure.code).collect()
    };
    assert_eq!(codes("channel"), BTreeSet::from([1001, 1002, 1003, 1004, 5001]));
    // The document says of 2001 and 2003: 未实现.
    let hris = [1001, 1002, 1003, 1101, 1102, 1103, 1104, 1105, 2002, 2004, 3001, 3002, 9001];
    assert_eq!(codes("hris"), BTreeSet::from(hris));
}

#[tokio::test]
async fn the_overview_links_to_each_api() {
    let answer = get("/docs").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(text(answer.headers(), &header::CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(text(answer.headers(), &header::CONTENT_SECURITY_POLICY), STRICT);
    let html = answer.text().await.unwrap();
    for name in ["channel", "hris", "signing", "jobboard"] {
        for link in [format!("/docs/{name}"), format!("/docs/ui/{name}"), format!("/docs/openapi/{name}.json")] {
            assert!(html.contains(&format!("href=\"{link}\"")), "{link}");
        }
    }
}

#[tokio::test]
async fn a_page_shows_its_catalogue_and_commands_with_the_address_of_the_request() {
    for api in &APIS {
        let Api { name, title, .. } = api;
        let answer = get(&format!("/docs/{name}")).await;
        assert_eq!(answer.status(), 200, "{name}");
        assert_eq!(text(answer.headers(), &header::CONTENT_SECURITY_POLICY), STRICT);
        let html = answer.text().await.unwrap();
        assert_eq!(elements(&html, "<h1>", "</h1>"), [*title]);
        assert!(html.contains(&format!(">BASE={}\n", world().base_url)), "{name}");
        let lines = elements(&html, "\"><td class=\"number\">", "</td></tr>").into_iter();
        let shown: Vec<_> = lines.filter(|line| line.contains("<td class=\"number\"><code>")).collect();
        let expected: Vec<String> = api
            .failures()
            .unwrap()
            .iter()
            .map(|Failure { status, code, meaning }| {
                format!("{status}</td><td class=\"number\"><code>{code}</code></td><td>{meaning}")
            })
            .collect();
        assert_eq!(shown, expected, "{name}");
    }
}

#[tokio::test]
async fn a_host_with_shell_syntax_does_not_appear_in_a_page() {
    let request = local::http::client().get(format!("{}/docs/channel", world().base_url));
    let html = request.header(header::HOST, "a;reboot").send().await.unwrap().text().await.unwrap();
    assert!(html.contains(">BASE=https://api.example.com\n"));
    assert!(!html.contains("reboot"));
}

#[tokio::test]
async fn the_served_openapi_documents_are_the_committed_ones() {
    for Api { name, .. } in &APIS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../openapi/{name}.json"));
        let answer = get(&format!("/docs/openapi/{name}.json")).await;
        assert_eq!(answer.status(), 200, "{name}");
        assert_eq!(text(answer.headers(), &header::CONTENT_TYPE), "application/json");
        assert_eq!(answer.text().await.unwrap(), std::fs::read_to_string(file).unwrap(), "{name}");
    }
}

#[tokio::test]
async fn swagger_ui_is_served_compressed() {
    let answer = get("/docs/ui").await;
    assert_eq!((answer.status().as_u16(), answer.url().path()), (200, "/docs/ui/channel"));
    for (name, content_type) in
        [("swagger-ui.css", "text/css; charset=utf-8"), ("swagger-ui-bundle.js", "text/javascript; charset=utf-8")]
    {
        let answer = get(&format!("/docs/ui/{name}")).await;
        assert_eq!(answer.status(), 200, "{name}");
        assert_eq!(text(answer.headers(), &header::CONTENT_TYPE), content_type);
        assert_eq!(text(answer.headers(), &header::CONTENT_ENCODING), "gzip");
        let packed = answer.bytes().await.unwrap();
        let mut unpacked = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*packed), &mut unpacked).unwrap();
        assert!(unpacked.contains("swagger-ui") && unpacked.len() > 100_000, "{name}");
    }
    for name in ["channel", "hris", "signing", "jobboard"] {
        let html = get(&format!("/docs/ui/{name}")).await.text().await.unwrap();
        assert!(html.contains(&format!("data-document=\"/docs/openapi/{name}.json\"")), "{name}");
    }
}

#[tokio::test]
async fn a_cached_page_is_answered_with_304() {
    let url = format!("{}/docs/style.css", world().base_url);
    let first = reqwest::get(&url).await.unwrap();
    assert_eq!(first.status(), 200);
    assert_eq!(text(first.headers(), &header::CACHE_CONTROL), "public, max-age=300");
    let tag = text(first.headers(), &header::ETAG).to_owned();
    let request = |tags: &str| local::http::client().get(&url).header(header::IF_NONE_MATCH, tags).send();
    for tags in [tag.clone(), format!("W/\"other\", {tag}")] {
        let again = request(&tags).await.unwrap();
        assert_eq!((again.status().as_u16(), text(again.headers(), &header::ETAG)), (304, &*tag));
        assert_eq!(again.text().await.unwrap(), "");
    }
    assert_eq!(request("W/\"other\"").await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_unknown_address_is_answered_with_a_404_page() {
    for path in
        ["/docs/nothing", "/docs/nothing/at/all", "/docs/openapi/nothing.json", "/docs/openapi/channel", "/docs/ui/nothing"]
    {
        let answer = get(path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(text(answer.headers(), &header::CONTENT_SECURITY_POLICY), STRICT);
        let html = answer.text().await.unwrap();
        assert_eq!(elements(&html, "<h1>", "</h1>"), ["没有这个页面"], "{path}");
    }
}
