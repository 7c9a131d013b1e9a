//! The time of every page of the console, with the large demo data.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bench::staff::Member;
use local::demo::large::{self, Past};
use local::{Options, World};
use reqwest::Response;
use shared::staff::roles::Role;

use crate::{Failure, say};

/// How often each page is requested.
pub const TRIES: usize = 100;

/// A page, with the first address of it that a link leads to.
pub struct Page {
    pub address: String,
    pub role: Role,
    pub bytes: usize,
    pub times: Vec<Duration>,
}

impl Page {
    /// A page has one path, whatever it is about.
    pub fn path(&self) -> &str {
        path(&self.address)
    }
}

/// Every page that a link leads to, and the form of every button, in the role that comes first.
pub async fn measure() -> Result<Vec<Page>, Failure> {
    let folder = tempfile::tempdir()?;
    let clock = Arc::new(Past::of_demo());
    let options = Options {
        demo: true,
        variables: local::without_limits(),
        data_dir: Some(folder.path().to_owned()),
        ..Options::default()
    };
    let world = World::start(Options { clock: clock.clone(), ..options }).await?;
    say(&format!("console: creating {} users, orders and applications", large::COUNT));
    large::fill(&world, &clock, large::COUNT).await?;
    let mut pages: BTreeMap<String, Page> = BTreeMap::new();
    for role in Role::ALL {
        let member = Member::sign_in(&world, *role).await?;
        let known = pages.len();
        measure_role(&member, *role, &mut pages).await?;
        say(&format!("console: {} pages of {}", pages.len() - known, role.as_str()));
    }
    Ok(pages.into_values().collect())
}

/// Follows the links from the home page, and measures each page that was not measured yet.
async fn measure_role(member: &Member, role: Role, pages: &mut BTreeMap<String, Page>) -> Result<(), Failure> {
    let mut next = vec!["/console".to_owned()];
    let mut seen: Vec<String> = vec![path("/console").to_owned()];
    while let Some(address) = next.pop() {
        let html = html(member.open(&address).await?, &address).await?;
        for link in links(&html).filter(|link| is_page(link)) {
            if !seen.iter().any(|path| path == self::path(&link)) {
                seen.push(path(&link).to_owned());
                next.push(link);
            }
        }
        if pages.contains_key(path(&address)) {
            continue;
        }
        if html.contains("name=\"phone\"") && html.contains("class=\"find\"") {
            measure_find(member, role, &address, &html, pages).await?;
        }
        let mut page = Page { address: address.clone(), role, bytes: html.len(), times: Vec::with_capacity(TRIES) };
        for _ in 0..TRIES {
            let begun = Instant::now();
            self::html(member.open(&address).await?, &address).await?;
            page.times.push(begun.elapsed());
        }
        pages.insert(path(&address).to_owned(), page);
    }
    Ok(())
}

/// Measures a list that is filtered by a phone, which no address holds.
async fn measure_find(
    member: &Member,
    role: Role,
    address: &str,
    html: &str,
    pages: &mut BTreeMap<String, Page>,
) -> Result<(), Failure> {
    let token = html.split("name=\"_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).ok_or("no token")?;
    let fields = [("_token", token), ("phone", "15820000000")];
    let mut page = Page { address: format!("POST {}", path(address)), role, bytes: 0, times: Vec::with_capacity(TRIES) };
    for _ in 0..TRIES {
        let begun = Instant::now();
        page.bytes = self::html(member.submit(path(address), &fields).await?, address).await?.len();
        page.times.push(begun.elapsed());
    }
    pages.insert(page.address.clone(), page);
    Ok(())
}

async fn html(response: Response, address: &str) -> Result<String, Failure> {
    let status = response.status();
    let html = response.text().await?;
    if status == 200 { Ok(html) } else { Err(format!("{address} was answered with {status}: {html}").into()) }
}

fn path(address: &str) -> &str {
    address.split('?').next().unwrap_or(address)
}

/// What links and the buttons of commands lead to.
fn links(html: &str) -> impl Iterator<Item = String> {
    let attributes = ["href=\"", "action=\""].into_iter().flat_map(|attribute| html.split(attribute).skip(1));
    attributes.filter_map(|rest| rest.split('"').next()).map(|link| link.replace("&#38;", "&").replace("&amp;", "&"))
}

/// Not a file, and not what a form executes.
fn is_page(link: &str) -> bool {
    let others = [
        "/console/assets/",
        "/console/import-template/",
        "/console/do/",
        "/console/export",
        "/console/sign-out",
        "/console/sign-in",
    ];
    link.starts_with("/console") && !others.iter().any(|other| link.starts_with(other))
}
