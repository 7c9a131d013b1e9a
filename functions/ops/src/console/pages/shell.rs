//! What surrounds every page: the navigation of the member, the message of the action before, and the headers of the response.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use shared::error::Error;
use shared::staff::Member;

use super::super::answer::Failure;
use super::super::texts::{filled, find, text};
use super::cell::{Cell, Spec};
use super::sections::{SECTIONS, detail, list};
use super::undo::{Undo, undo};
use super::visit::{Done, Visit, forget};
use super::{assets, define::Section};

/// The frame of a page.
pub struct Shell {
    pub title: String,
    pub nonce: String,
    pub form_token: String,
    pub member: String,
    pub roles: String,
    pub sections: Vec<Entry>,
    /// What the action before has done.
    pub toast: Option<String>,
    pub undo: Option<Undo>,
    pub assets: &'static str,
}

/// A link of the navigation, or a tab.
pub struct Entry {
    pub label: String,
    pub href: String,
    pub is_current: bool,
}

/// The navigation that the roles of the member allow.
fn sections(visit: &Visit, current: &str) -> Vec<Entry> {
    SECTIONS.iter().filter_map(|section| entry(visit, section, current)).collect()
}

fn entry(visit: &Visit, section: &'static Section, current: &str) -> Option<Entry> {
    let page = section.pages.iter().find(|page| may_open(visit, page))?;
    Some(Entry {
        label: text(&format!("section.{}", section.name)).into_owned(),
        href: address(page),
        is_current: section.pages.contains(&current),
    })
}

/// The tabs of the section that a page is in, if there are several.
pub fn tabs(visit: &Visit, current: &str) -> Vec<Entry> {
    let Some(section) = SECTIONS.iter().find(|section| section.pages.contains(&current)) else { return Vec::new() };
    let tab = |page: &&'static str| Entry {
        label: text(&format!("page.{page}")).into_owned(),
        href: address(page),
        is_current: *page == current,
    };
    let tabs: Vec<Entry> = section.pages.iter().filter(|page| may_open(visit, page)).map(tab).collect();
    if tabs.len() > 1 { tabs } else { Vec::new() }
}

/// Whether the roles allow the command of a page.
fn may_open(visit: &Visit, page: &'static str) -> bool {
    visit.may(command_of(page))
}

/// The command of a page. A page without a list has the command of its name.
fn command_of(page: &'static str) -> &'static str {
    match list(page) {
        Some(list) => list.command,
        None => super::PAGES.iter().find(|(name, _)| *name == page).map_or(page, |(_, command)| command),
    }
}

/// A cell for the member: it links to no page that the roles do not allow.
pub fn cell_for(visit: &Visit, spec: &Spec<'_>, record: &Value) -> Cell {
    let cell = spec.cell(record);
    Cell { href: cell.href.filter(|href| may_follow(visit, href)), ..cell }
}

/// Whether the roles allow the page of a list or of a record with this address.
pub fn may_follow(visit: &Visit, address: &str) -> bool {
    let page = address.trim_start_matches("/console/").split('?').next().unwrap_or_default();
    let command = list(page).map(|list| list.command).or_else(|| detail(page).map(|detail| detail.command));
    command.is_some_and(|command| visit.may(command))
}

/// The home page has the shortest address.
fn address(page: &str) -> String {
    if page == "home" { "/console".into() } else { format!("/console/{page}") }
}

/// The address of every page of the navigation, with the command that a role must allow to open it.
pub fn navigation() -> impl Iterator<Item = (String, &'static str)> {
    let pages = SECTIONS.iter().flat_map(|section| section.pages);
    pages.map(|page| (address(page), command_of(page)))
}

impl Shell {
    /// `current` is the page that the navigation marks.
    pub fn of(visit: &Visit, title: impl Into<String>, current: &str) -> Self {
        let Member { name, roles, .. } = &visit.signed_in.member;
        let roles: Vec<_> = roles.iter().map(|role| text(&format!("value.role.{}", role.as_str()))).collect();
        Self {
            title: title.into(),
            nonce: visit.nonce.clone(),
            form_token: visit.form_token.expose().clone(),
            member: name.as_str().to_owned(),
            roles: roles.join("、"),
            sections: sections(visit, current),
            toast: visit.done.as_ref().and_then(toast),
            undo: visit.done.as_ref().and_then(|done| undo(visit, done)),
            assets: assets::version(),
        }
    }
}

/// The message of a command that was executed.
fn toast(done: &Done) -> Option<String> {
    let action = find(&format!("command.{}", done.command))?;
    Some(filled("ui.done", &[("action", action)]))
}

/// A page for a member. The message of the action before is shown once.
pub fn page(visit: &Visit, pictures: &str, status: StatusCode, page: &impl Template) -> Result<Response, Failure> {
    let mut response = html(&visit.nonce, pictures, status, page)?;
    if visit.done.is_some() && !visit.is_fragment {
        forget(&mut response);
    }
    Ok(response)
}

/// A page. Only scripts with the nonce run, pictures come from here or from `pictures`, and no site shows the page in a frame.
pub fn html(nonce: &str, pictures: &str, status: StatusCode, page: &impl Template) -> Result<Response, Failure> {
    let html = page.render().map_err(Error::internal)?;
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data: {pictures}; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut response = (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).map_err(Error::internal)?);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
