//! What a member may do: a button opens the form of a command, and the form executes it.
//!
//! The fields of the command that the page knows are hidden in the form. The others are its inputs. If the command needs a recent proof of the
//! second factor and it is missing, the form asks for a code.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use lambda::answer;
use serde_json::{Map, Value};
use shared::error::{Error, Fault};
use shared::values::Secret;

use super::super::App;
use super::super::answer::Failure;
use super::super::reasons::reason;
use super::super::texts::{self, filled, find, text};
use super::cell::{Cell, specs};
use super::define::{Action, Reveals, Tone, at, plain};
use super::filters;
use super::input::{Control, control, fields_of, members, other_faults, sentence};
use super::shell::{Shell, page};
use super::undo::done;
use super::visit::{Form, Pairs, Visit, own_path, redirect, remember};
use crate::command::Command;
use crate::commands;
use crate::reveal::may_reveal;

/// A button that opens the form of a command.
pub struct Button {
    pub command: &'static str,
    pub label: String,
    pub tone: &'static str,
    pub fields: Vec<(String, String)>,
}

/// The commands whose result is shown, since nothing else shows it: new secrets, files, revealed values.
const SHOWS: &[&str] = &[
    "create_access_key",
    "create_bind_code",
    "create_channel",
    "create_oauth_app",
    "erase_person",
    "export_person",
    "find_person",
    "find_request",
    "import_hris",
    "replay_erasures",
    "reseal",
    "reveal",
    "reveal_list",
    "rotate_access_key",
    "rotate_channel_secret",
    "rotate_company_token",
    "rotate_oauth_app",
];

/// The most rows of a command for several rows.
const MOST_ROWS: usize = 50;

#[derive(Template)]
#[template(path = "console/form.html")]
struct FormPage {
    shell: Shell,
    command: &'static str,
    label: String,
    about: &'static str,
    tone: &'static str,
    controls: Vec<Control>,
    hidden: Vec<(String, String)>,
    faults: Vec<String>,
    back: String,
    needs_code: bool,
    code_fault: Option<String>,
}

#[derive(Template)]
#[template(path = "console/result.html")]
struct ResultPage {
    shell: Shell,
    facts: Vec<(String, Cell)>,
    lists: Vec<(String, Vec<String>)>,
    /// What could not be done.
    faults: Vec<String>,
    note: Option<&'static str>,
    back: String,
}

/// The button of an action, if the roles and the record allow it. `about` names the record.
pub fn button(visit: &Visit, action: &Action, record: &Value, about: &str, back: &str) -> Option<Button> {
    (visit.may(action.command) && (action.when)(record)).then_some(())?;
    let value = |member: &str| match member.strip_prefix('?') {
        Some(name) => visit.query.get(name).to_owned(),
        None => plain(at(record, member)),
    };
    let mut fields: Vec<_> = match record.as_object().is_some_and(Map::is_empty) {
        true => Vec::new(),
        false => action.given.iter().map(|(field, member)| ((*field).to_owned(), value(member))).collect(),
    };
    fields.push(("_about".into(), about.to_owned()));
    fields.push(("_back".into(), back.to_owned()));
    let label = text(&format!("command.{}", action.command)).into_owned();
    Some(Button { command: action.command, label, tone: action.tone.class(), fields })
}

/// The button that reveals a masked fact.
pub fn reveal_button(visit: &Visit, reveals: &Reveals, field: &str, record: &Value, back: &str) -> Option<Button> {
    may_reveal(&visit.signed_in.member, reveals.family).then_some(())?;
    let last = field.rsplit('.').next().unwrap_or(field);
    let fields = [
        ("family", reveals.family),
        ("kind", reveals.kind),
        ("id", &reveals.id(record)),
        ("field", last),
        ("_about", &texts::field(field)),
        ("_back", back),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Some(Button { command: "reveal", label: text("ui.reveal").into_owned(), tone: Tone::Plain.class(), fields })
}

/// The form of a command without given fields.
pub async fn open(State(app): State<App>, Path(name): Path<String>, visit: Visit) -> Result<Response, Failure> {
    show(&app, &visit, command(&name)?, &Pairs::default(), &[], StatusCode::OK).await
}

/// The form of a command with the fields that a page knows. They may be personal, so that they are not in an address.
pub async fn open_with(
    State(app): State<App>,
    Path(name): Path<String>,
    visit: Visit,
    form: Form,
) -> Result<Response, Failure> {
    form.check(&visit.form_token)?;
    let mut fields = form.fields;
    let given: Vec<&str> = fields.0.iter().map(|(name, _)| name.as_str()).filter(|name| !name.starts_with('_')).collect();
    let given = given.join(" ");
    fields.0.push(("_given".into(), given));
    show(&app, &visit, command(&name)?, &fields, &[], StatusCode::OK).await
}

fn command(name: &str) -> Result<&'static Command, Failure> {
    commands::named(name).map_err(|_| Failure::UnknownPath)
}

async fn show(
    app: &App,
    visit: &Visit,
    command: &'static Command,
    entered: &Pairs,
    faults: &[Fault],
    status: StatusCode,
) -> Result<Response, Failure> {
    if !visit.may(command.name) {
        return Err(Error::forbidden().into());
    }
    let rows: Vec<&str> = entered.all("_row").collect();
    let first = rows.first().and_then(|row| serde_json::from_str::<Map<String, Value>>(row).ok()).unwrap_or_default();
    // The rows and the page give these fields.
    let given: Vec<&str> = entered.get("_given").split(' ').filter(|name| !name.is_empty()).collect();
    let is_given = |name: &str| given.contains(&name) || first.contains_key(name);
    let mut known = entered.clone();
    known.0.extend(first.iter().map(|(name, value)| (name.clone(), plain(value))));
    let mut controls = Vec::new();
    for field in fields_of(command).iter().filter(|field| !is_given(field.name)) {
        let mut control = control(app, visit, field, &known, faults).await?;
        if field.name == "reason" {
            let suggestions = find(&format!("suggestion.{}", command.name)).unwrap_or_default();
            control.suggestions = suggestions.split('|').filter(|text| !text.is_empty()).collect();
        }
        controls.push(control);
    }
    let is_hidden = |name: &str| given.contains(&name) || ["_row", "_about", "_given"].contains(&name);
    let hidden = entered.0.iter().filter(|(name, _)| is_hidden(name)).cloned().collect();
    let shown: Vec<&Control> = controls.iter().collect();
    let (code_faults, faults): (Vec<&Fault>, Vec<&Fault>) = faults.iter().partition(|fault| fault.field == "_code");
    let faults: Vec<Fault> = faults.into_iter().cloned().collect();
    let label = text(&format!("command.{}", command.name)).into_owned();
    let about = entered.get("_about");
    let title = match (about, rows.len()) {
        (_, count @ 1..) => filled("ui.several_of", &[("action", &label), ("count", &count.to_string())]),
        ("", _) => label.clone(),
        (object, _) => filled("ui.object_of", &[("action", &label), ("object", object)]),
    };
    let page_of = FormPage {
        faults: other_faults(&faults, &shown),
        shell: Shell::of(visit, title, ""),
        command: command.name,
        label,
        about: find(&format!("about.{}", command.name)).unwrap_or_default(),
        tone: if DANGEROUS.iter().any(|begin| command.name.starts_with(begin)) { "bad" } else { "plain" },
        controls,
        hidden,
        back: own_path(entered.get("_back")).unwrap_or("/console").to_owned(),
        needs_code: command.needs_step_up && !visit.signed_in.is_stepped_up,
        code_fault: code_faults.first().map(|fault| reason(&fault.field, &fault.reason)),
    };
    page(visit, "", status, &page_of)
}

/// How the commands begin that take something away.
const DANGEROUS: &[&str] =
    &["ban_", "cancel_", "delete_", "disable_", "end_", "erase_", "reject_", "reset_", "retire_", "revoke_", "take_down_"];

/// Executes a command with the fields of its form.
pub async fn execute(
    State(app): State<App>,
    Path(name): Path<String>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Failure> {
    form.check(&visit.form_token)?;
    let (command, entered) = (command(&name)?, form.fields);
    let result = match prove(&app, &mut visit, command, &entered).await {
        Ok(()) => run(&app, &visit, command, &entered).await,
        Err(failure) => Err(failure),
    };
    let failed = match result {
        Ok(response) => return Ok(response),
        Err(failed) => failed,
    };
    match failed {
        Failure::Domain(error) if !error.faults().is_empty() => {
            let status = answer::status(&error).0;
            show(&app, &visit, command, &entered, error.faults(), status).await
        }
        Failure::StepUpNeeded => {
            let fault = Fault::new("_code", "is required");
            show(&app, &visit, command, &entered, &[fault], StatusCode::FORBIDDEN).await
        }
        failure => Err(failure),
    }
}

/// Proves the second factor with the code of the form, if the command needs it.
pub async fn prove(app: &App, visit: &mut Visit, command: &Command, entered: &Pairs) -> Result<(), Failure> {
    let code = entered.get("_code").trim();
    if !command.needs_step_up || visit.signed_in.is_stepped_up || code.is_empty() {
        return Ok(());
    }
    if code.len() > 32 {
        return Err(Error::invalid([Fault::new("_code", "is wrong or was used")]).into());
    }
    let proved = app.staff.step_up(&visit.signed_in, Secret::new(code)).await;
    proved.map_err(|error| {
        let faults = error.faults().iter().map(|fault| Fault::new("_code", fault.reason.clone())).collect::<Vec<_>>();
        if faults.is_empty() { Failure::from(error) } else { Error::invalid(faults).into() }
    })?;
    visit.signed_in.is_stepped_up = true;
    Ok(())
}

async fn run(app: &App, visit: &Visit, command: &'static Command, entered: &Pairs) -> Result<Response, Failure> {
    let back = own_path(entered.get("_back")).unwrap_or("/console");
    let fields = members(&fields_of(command), entered);
    let rows: Vec<&str> = entered.all("_row").collect();
    if !rows.is_empty() {
        return run_several(app, visit, command, &fields, &rows, back).await;
    }
    let done = done(command.name, &fields);
    let result = visit.execute(app, command.name, Value::Object(fields)).await?;
    if SHOWS.contains(&command.name) {
        return show_result(visit, command, &result, Vec::new(), back);
    }
    let mut response = redirect(back, visit.is_fragment);
    remember(&mut response, &done);
    Ok(response)
}

/// Executes a command for each row. A rejected row does not stop the others.
async fn run_several(
    app: &App,
    visit: &Visit,
    command: &'static Command,
    fields: &Map<String, Value>,
    rows: &[&str],
    back: &str,
) -> Result<Response, Failure> {
    if rows.len() > MOST_ROWS {
        return Err(Error::invalid([Fault::new("_row", "must not have more than 50 elements")]).into());
    }
    // Without its row, the command would be about the other fields of the form.
    let rows: Result<Vec<Map<String, Value>>, _> = rows.iter().map(|row| serde_json::from_str(row)).collect();
    let rows = rows.map_err(|_| Error::invalid([Fault::new("_row", "does not exist")]))?;
    let (mut count, mut faults) = (0, Vec::new());
    for row in rows {
        let mut own = fields.clone();
        own.extend(row);
        let number = ["em_id", "job_id", "user_id"].iter().find_map(|name| own.get(*name)).map(plain).unwrap_or_default();
        match visit.execute(app, command.name, Value::Object(own)).await {
            Ok(_) => count += 1,
            Err(Failure::Domain(error)) if !error.faults().is_empty() => {
                let reasons: Vec<String> = error.faults().iter().map(sentence).collect();
                faults.push(format!("{number}：{}", reasons.join("；")));
            }
            Err(failure) => return Err(failure),
        }
    }
    if faults.is_empty() {
        let mut response = redirect(back, visit.is_fragment);
        remember(&mut response, &done(command.name, &Map::new()));
        return Ok(response);
    }
    let result = serde_json::json!({"done": count, "refused": faults.len()});
    show_result(visit, command, &result, faults, back)
}

fn show_result(visit: &Visit, command: &Command, result: &Value, faults: Vec<String>, back: &str) -> Result<Response, Failure> {
    let (mut facts, mut lists) = (Vec::new(), Vec::new());
    for (name, value) in result.as_object().into_iter().flatten() {
        match value {
            Value::Array(values) if values.iter().any(Value::is_object) => {
                let entries = values.iter().map(super::cell::entry).collect();
                lists.push((texts::field(name).into_owned(), entries));
            }
            // The link to an export. A revealed value is a text, even if it looks like a link.
            Value::String(url) if name == "url" => {
                let link = Cell { text: text("ui.open").into_owned(), href: Some(url.clone()), ..Cell::default() };
                facts.push((texts::field(name).into_owned(), link));
            }
            _ => facts.extend(specs(name).map(|spec| (texts::field(name).into_owned(), spec.cell(result)))),
        }
    }
    let page_of = ResultPage {
        shell: Shell::of(visit, text(&format!("command.{}", command.name)), ""),
        facts,
        lists,
        faults,
        note: find(&format!("shown_once.{}", command.name)),
        back: back.to_owned(),
    };
    page(visit, "", StatusCode::OK, &page_of)
}
