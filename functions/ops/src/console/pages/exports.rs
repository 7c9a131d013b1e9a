//! The export of a list with its filter, as XLSX or CSV. The values are as masked as on the page. A member who has proved the second factor within
//! the last minutes and says why gets them whole.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use lambda::answer;
use serde_json::{Map, Value, json};
use shared::error::{Error, Fault};
use shared::storage::audit::{Change, Object};

use super::super::answer::Failure;
use super::super::reasons::reason as reason_text;
use super::super::texts::{self, find, text};
use super::super::{App, gate};
use super::action::prove;
use super::cell::{Kind, Spec, specs};
use super::define::List;
use super::filters;
use super::input::{Control, control, fields_of, parse};
use super::list::wanted;
use super::sections::list;
use super::shell::{Shell, page};
use super::sorting::directed;
use super::visit::{Form, Pairs, Visit};
use crate::reveal_list::may_see_whole;
use crate::sheets::export::{self, Column, Export, FileType, Format, Page, Pages, Stage};

#[derive(Template)]
#[template(path = "console/export.html")]
struct ExportPage {
    shell: Shell,
    export: Export,
    is_whole: bool,
    /// The fields of the next step.
    fields: Vec<(String, String)>,
    /// Where the file is, when it is done.
    link: Option<String>,
    back: String,
}

/// The page before an export with whole fields: asks for the reason, and for a code if the last one is too old.
#[derive(Template)]
#[template(path = "console/export_whole.html")]
struct WholePage {
    shell: Shell,
    fields: Vec<(String, String)>,
    reason: Control,
    needs_code: bool,
    code_fault: Option<String>,
    /// Whether the export has begun, and the code is too old now.
    is_begun: bool,
    back: String,
}

/// The command that lists whole fields.
const WHOLE: &str = "reveal_list";

/// The pages of a list, read as the member.
struct OfList<'a> {
    app: &'a App,
    visit: &'a Visit,
    list: &'static List,
    command: &'static str,
    fields: Map<String, Value>,
    /// Why the fields are whole; none if they are masked.
    reason: Option<&'a str>,
}

impl Pages for OfList<'_> {
    type Error = Failure;

    async fn page(&self, cursor: Option<&str>) -> Result<Page, Failure> {
        let mut fields = self.fields.clone();
        if crate::commands::named(self.command)?.fields.contains("limit?") {
            fields.insert("limit".into(), json!(100));
        }
        if let Some(cursor) = cursor {
            fields.insert("cursor".into(), cursor.into());
        }
        let (command, fields) = match self.reason {
            Some(reason) => {
                let filter = Value::Object(fields).to_string();
                (WHOLE, json!({"list": self.command, "filter": filter, "reason": reason}))
            }
            None => (self.command, Value::Object(fields)),
        };
        let result = self.visit.execute(self.app, command, fields).await?;
        let records = result[self.list.rows].as_array().map_or(&[][..], Vec::as_slice);
        let columns: Vec<Spec<'_>> = specs(self.list.columns).collect();
        let row = |record: &Value| columns.iter().map(|column| column.exported(record)).collect();
        Ok(Page { rows: records.iter().map(row).collect(), next: result["next_cursor"].as_str().map(str::to_owned) })
    }
}

/// Begins an export, or goes on with it. The form has the list and its filter in each step, since they may be personal.
pub async fn step(State(app): State<App>, mut visit: Visit, form: Form) -> Result<Response, Failure> {
    form.check(&visit.form_token)?;
    let entered = &form.fields;
    let list = list(entered.get("_list")).ok_or(Failure::UnknownPath)?;
    let filters = parse(list.command, list.filters);
    let (command, mut fields) = wanted(list, &filters, Some(entered), entered);
    directed(command, &mut fields, entered);
    if !visit.may(command) {
        return Err(Error::forbidden().into());
    }
    let is_whole = !entered.get("_whole").is_empty();
    if is_whole && let Some(question) = ask(&app, &mut visit, list, command, entered).await? {
        return Ok(question);
    }
    let member = &visit.signed_in.member;
    let reason = is_whole.then(|| entered.get("reason"));
    let pages = OfList { app: &app, visit: &visit, list, command, fields, reason };
    let export = match entered.get("_id") {
        "" => {
            let file = FileType::parse(entered.get("_file")).ok_or(Failure::UnknownPath)?;
            let title = text(&format!("page.{}", list.name));
            let columns = specs(list.columns).map(|spec| column(&spec)).collect();
            let begun = export::begin(&app, member, &title, file, columns).await?;
            // Who exported which list is recorded, whether or not the export ends. Each page with whole fields is a record of its own.
            let object = Object::new("staff", "export", &[&begun.id]);
            let act = gate::act(&app, &visit.signed_in, command);
            app.audit.record(&act, &Change::of(object).because(list.name)).await?;
            begun
        }
        id => export::step(&app, member, id, &pages).await?,
    };
    let link = match export.stage {
        Stage::Done => Some(export::download(&app, member, &export.id).await?),
        Stage::Reading | Stage::Joining => None,
    };
    let mut next: Vec<(String, String)> =
        entered.0.iter().filter(|(name, _)| !["_token", "_id", "_code"].contains(&name.as_str())).cloned().collect();
    next.push(("_id".into(), export.id.clone()));
    let page_of = ExportPage {
        shell: Shell::of(&visit, text("page.export"), list.name),
        back: back(list, entered),
        is_whole,
        fields: next,
        export,
        link,
    };
    page(&visit, "", StatusCode::OK, &page_of)
}

/// Asks for what an export with whole fields needs and the form lacks. None if it has all.
async fn ask(
    app: &App,
    visit: &mut Visit,
    list: &List,
    command: &'static str,
    entered: &Pairs,
) -> Result<Option<Response>, Failure> {
    if !may_see_whole(&visit.signed_in.member, command) {
        return Err(Error::forbidden().into());
    }
    let whole = crate::commands::named(WHOLE)?;
    let is_asked = !entered.get("_file").is_empty();
    let (mut status, mut faults) = (StatusCode::OK, Vec::new());
    if is_asked && entered.get("reason").trim().is_empty() {
        (status, faults) = (StatusCode::BAD_REQUEST, vec![Fault::new("reason", "is required")]);
    } else if is_asked {
        match prove(app, visit, whole, entered).await {
            Ok(()) if visit.signed_in.is_stepped_up => return Ok(None),
            Ok(()) => (status, faults) = (StatusCode::FORBIDDEN, vec![Fault::new("_code", "is required")]),
            Err(Failure::Domain(error)) if !error.faults().is_empty() => {
                (status, faults) = (answer::status(&error).0, error.faults().to_vec());
            }
            Err(failure) => return Err(failure),
        }
    }
    let fields = fields_of(whole);
    let field =
        fields.iter().find(|field| field.name == "reason").ok_or_else(|| Error::internal("a command without a reason"))?;
    let mut reason = control(app, visit, field, entered, &faults).await?;
    reason.suggestions = find("suggestion.reveal_list").unwrap_or_default().split('|').collect();
    let is_begun = !entered.get("_id").is_empty();
    let is_kept = |name: &str| !["_token", "_code", "reason"].contains(&name) && (is_begun || name != "_file");
    let code_fault = faults.iter().find(|fault| fault.field == "_code");
    let page_of = WholePage {
        shell: Shell::of(visit, text("page.export_whole"), list.name),
        fields: entered.0.iter().filter(|(name, _)| is_kept(name)).cloned().collect(),
        reason,
        needs_code: !visit.signed_in.is_stepped_up,
        code_fault: code_fault.map(|fault| reason_text(&fault.field, &fault.reason)),
        is_begun,
        back: back(list, entered),
    };
    Ok(Some(page(visit, "", status, &page_of)?))
}

/// The list with the filters that its address may have.
fn back(list: &List, entered: &Pairs) -> String {
    let names: Vec<&str> = parse(list.command, list.filters).iter().map(|field| field.name).collect();
    let filters = entered.0.iter().filter(|(name, value)| names.contains(&name.as_str()) && !value.is_empty());
    format!("/console/{}?{}", list.name, Pairs(filters.cloned().collect()).encoded())
}

fn column(spec: &Spec<'_>) -> Column {
    let format = match spec.kind() {
        Kind::Money => Format::Money,
        Kind::Number => Format::Number,
        Kind::Time => Format::Time,
        Kind::Text => Format::Text,
    };
    Column { title: texts::field(spec.label()).into_owned(), format }
}
