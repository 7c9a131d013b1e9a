//! The pages that are written in Markdown: events, environments, policy and changelog.

use askama::Template;

use super::answer::{Failure, rendered};

#[derive(Template)]
#[template(path = "docs/environments.md")]
struct Environments<'a> {
    origin: &'a str,
}

/// With the receivers of `clients/`, which `scripts/check_sdks.py` runs.
#[derive(Template)]
#[template(path = "docs/events.md")]
struct Events<'a> {
    origin: &'a str,
    python: &'static str,
    typescript: &'static str,
    java: &'static str,
}

#[derive(Template)]
#[template(path = "docs/policy.md")]
struct Policy;

#[derive(Template)]
#[template(path = "docs/changelog.md")]
struct Changelog;

/// The names of the pages and their titles, in the order of the footer.
pub const TEXTS: [(&str, &str); 4] =
    [("events", "接收事件"), ("environments", "沙箱与正式环境"), ("policy", "联系、兼容与弃用"), ("changelog", "接口变更")];

/// The Markdown of a page.
pub fn text(name: &str, origin: &str) -> Option<Result<String, Failure>> {
    match name {
        "events" => Some(rendered(&Events {
            origin,
            python: include_str!("../../../../clients/python/quickstart/receiver.py"),
            typescript: include_str!("../../../../clients/typescript/quickstart/receiver.ts"),
            java: include_str!("../../../../clients/java/quickstart/Receiver.java"),
        })),
        "environments" => Some(rendered(&Environments { origin })),
        "policy" => Some(rendered(&Policy)),
        "changelog" => Some(rendered(&Changelog)),
        _ => None,
    }
}
