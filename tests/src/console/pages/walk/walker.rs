//! One role's way through the pages, and the commands that it executes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ops::command::Command;
use ops::commands;
use reqwest::Method;
use serde_json::Value;

use super::place::Place;
use super::{APPLICANT, How, Seen};
use crate::support::pages::{Form, Page};
use crate::support::staff::Browser;

/// A member who follows every link, and executes every command.
pub struct Walker<'a> {
    role: &'static str,
    browser: &'a Browser,
    pub seen: Vec<Seen>,
    next: VecDeque<Step>,
    known: BTreeSet<String>,
    /// How many addresses of each page were opened, by links and by filters.
    opened: BTreeMap<(String, bool), usize>,
}

enum Step {
    Open(String, How),
    Submit(Form),
}

/// The most records of a kind, and the most filters of a list.
const MOST: usize = 4;

impl<'a> Walker<'a> {
    pub fn new(role: &'static str, browser: &'a Browser) -> Self {
        Self { role, browser, seen: Vec::new(), next: VecDeque::new(), known: BTreeSet::new(), opened: BTreeMap::new() }
    }

    pub async fn crawl(&mut self, place: &Place) {
        for address in place.typed() {
            self.add(Step::Open(address, How::Typed));
        }
        while let Some(step) = self.next.pop_front() {
            let entered = match &step {
                // The heading of a list sends what was entered before.
                Step::Submit(form) if form.value("order").is_some() => {
                    form.fields.iter().map(|(_, value)| value.clone()).collect()
                }
                Step::Submit(form) => form.entered(),
                Step::Open(..) => Vec::new(),
            };
            let (page, how, object) = match step {
                Step::Open(address, how) => (self.browser.open(&address).await, how, object_of(&address)),
                Step::Submit(form) => (self.browser.submit(&form).await, How::Form, application(&form)),
            };
            if page.status == 200 {
                self.look_around(&page, place);
            }
            if (how, page.address.as_str(), page.status) == (How::Form, "/console/form/reveal", 200) {
                self.reveal(&page).await;
            }
            let command = page.address.strip_prefix("/console/form/").and_then(|name| commands::named(name).ok());
            self.seen.push(Seen { role: self.role, command: command.map(|command| command.name), page, object, entered, how });
        }
    }

    async fn reveal(&mut self, page: &Page) {
        let form = page.form("/console/do/reveal").fill("reason", "回电");
        let object = Some(revealed(&form));
        let page = self.browser.submit(&form).await;
        self.seen.push(Seen {
            role: self.role,
            page,
            object,
            command: Some("reveal"),
            entered: Vec::new(),
            how: How::Revealed,
        });
    }

    fn add(&mut self, step: Step) {
        let key = match &step {
            Step::Open(address, _) => address.clone(),
            Step::Submit(form) => {
                // An export goes on with the same form, and how far it is.
                let step = self.seen.len() * usize::from(form.value("_id").is_some());
                let told = ["field", "_back", "_list", "_file", "platform_code"];
                let told = told.map(|name| form.value(name).unwrap_or_default().split('?').next());
                let entered: Vec<&str> = form.inputs.iter().filter_map(|(name, _)| form.value(name)).collect();
                format!("{} {told:?} {entered:?} {step}", form.action)
            }
        };
        let is_chosen = matches!(step, Step::Open(_, How::Filter));
        let page = key.split('?').next().unwrap_or_default().to_owned();
        let opened = self.opened.entry((page, is_chosen)).or_default();
        if *opened < MOST && self.known.insert(key) {
            *opened += 1;
            self.next.push_back(step);
        }
    }

    fn look_around(&mut self, page: &Page, place: &Place) {
        let is_file =
            |link: &str| ["/console/assets/", "/console/import-template/"].iter().any(|begin| link.starts_with(begin));
        let is_page = |link: &&String| link.starts_with("/console") && !is_file(link);
        for link in page.links().iter().filter(is_page) {
            self.add(Step::Open(link.clone(), How::Link));
        }
        for form in page.forms() {
            let is_act = ["/console/sign-out", "/console/import"].contains(&form.action.as_str());
            if is_act || form.action.starts_with("/console/do/") {
                continue;
            }
            if form.method == Method::GET {
                for (name, options) in form.inputs.iter().filter(|(_, options)| !options.is_empty()) {
                    for option in options.iter().filter(|option| !option.is_empty()) {
                        let chosen = form.clone().fill(name, option);
                        self.add(Step::Open(format!("{}?{}", form.action, chosen.encoded()), How::Filter));
                    }
                }
            } else if form.action == "/console/export" && (self.role != "auditor" || form.value("_file") == Some("xlsx")) {
                // One role reads all lists.
            } else if form.inputs.is_empty() {
                form.pressed().into_iter().for_each(|form| self.add(Step::Submit(form)));
            } else if form.inputs.iter().all(|(name, _)| name == "_row") {
                form.check_all("_row").pressed().into_iter().for_each(|form| self.add(Step::Submit(form)));
            } else {
                // One personal field at a time.
                let empty = form.inputs.iter().fold(form.clone(), |form, (name, _)| form.fill(name, ""));
                for (name, _) in &form.inputs {
                    let value = APPLICANT.iter().find(|(own, _)| own == name || (*own == "real_name" && name == "name"));
                    let value = if form.action == "/console/applications" { value.map(|(_, value)| *value) } else { None };
                    if let Some(value) = value.or(place.known.get(name.as_str()).map(String::as_str)) {
                        self.add(Step::Submit(empty.clone().fill(name, value)));
                    }
                }
            }
        }
    }

    /// A command: its form, nothing entered, and its example.
    pub async fn execute(&mut self, command: &'static Command, place: &Place) {
        let form = self.browser.open(&format!("/console/form/{}", command.name)).await;
        let to_do = form.form(&format!("/console/do/{}", command.name));
        let empty = self.browser.submit(&to_do).await;
        let filled = with_example(to_do, command.example, &place.known);
        let done = self.browser.submit(&filled).await;
        let object = (command.name == "reveal").then(|| revealed(&filled));
        for (page, how) in [(form, How::CommandForm), (empty, How::Empty), (done, How::Example)] {
            let (object, command, entered) = (object.clone(), Some(command.name), filled.entered());
            self.seen.push(Seen { role: self.role, page, object, command, entered, how });
        }
    }
}

/// The object of a form that reveals a field of it.
fn revealed(form: &Form) -> String {
    ["family", "kind", "id"].map(|name| form.value(name).unwrap_or_default()).join("/")
}

/// The form with the example of a command, about what is known.
fn with_example(mut form: Form, example: &str, known: &BTreeMap<&'static str, String>) -> Form {
    let example: Value = serde_json::from_str(example).unwrap();
    for (name, value) in example.as_object().expect("members") {
        let members = value.as_object().into_iter().flatten();
        let nested = members.map(|(member, value)| (format!("{name}.{member}"), value));
        for (name, value) in nested.chain((!value.is_object()).then(|| (name.clone(), value))) {
            let text = known.get(name.as_str()).cloned().map_or_else(|| texts(value), |known| vec![known]);
            let is_choice = form.inputs.iter().any(|(own, options)| *own == name && !options.is_empty());
            if is_choice {
                form = form.forge(&name, None);
                form.fields.extend(text.into_iter().map(|text| (name.clone(), text)));
            } else {
                form = form.fill(&name, &text.join("\n"));
            }
        }
    }
    form
}

/// How a person enters a value: each element of a list on its line.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(elements) => elements.iter().flat_map(texts).collect(),
        Value::Object(members) => vec![members.values().flat_map(texts).collect::<Vec<_>>().join(" ")],
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// The object that a page with this address is about.
fn object_of(address: &str) -> Option<String> {
    let query = address.strip_prefix("/console/application?")?;
    let parts: Vec<String> = form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()).collect();
    Some(format!("signing/application/{}", parts.join("/")))
}

/// The object that the button of an application is about.
fn application(form: &Form) -> Option<String> {
    Some(format!("signing/application/{}/{}", form.value("platform_code")?, form.value("em_id")?))
}
