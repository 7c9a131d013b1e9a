//! The pages that are written in Markdown: environments, policy and changelog.

use askama::Template;

use super::answer::{Failure, rendered};

#[derive(Template)]
#[template(path = "docs/environments.md")]
struct Environments<'a> {
    origin: &'a str,
}

#[derive(Template)]
#[template(path = "docs/policy.md")]
struct Policy;

#[derive(Template)]
#[template(path = "docs/changelog.md")]
struct Changelog;

/// The names of the pages and their titles, in the order of the footer.
pub const TEXTS: [(&str, &str); 3] =
    [("environments", "沙箱与正式环境"), ("policy", "联系、兼容与弃用"), ("changelog", "接口变更")];

/// The Markdown of a page.
pub fn text(name: &str, origin: &str) -> Option<Result<String, Failure>> {
    match name {
        "environments" => Some(rendered(&Environments { origin })),
        "policy" => Some(rendered(&Policy)),
        "changelog" => Some(rendered(&Changelog)),
        _ => None,
    }
}
