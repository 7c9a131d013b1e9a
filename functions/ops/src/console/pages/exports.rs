//! The export of a list with its filter, as XLSX or CSV. The values are as masked as on the page.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};
use shared::storage::audit::{Change, Object};

use super::super::answer::Failure;
use super::super::texts::{self, text};
use super::super::{App, gate};
use super::cell::{Kind, Spec, specs};
use super::define::List;
use super::filters;
use super::input::parse;
use super::list::wanted;
use super::sections::list;
use super::shell::{Shell, page};
use super::sorting::directed;
use super::visit::{Form, Pairs, Visit};
use crate::sheets::export::{self, Column, Export, FileType, Format, Page, Pages, Stage};

#[derive(Template)]
#[template(path = "console/export.html")]
struct ExportPage {
    shell: Shell,
    export: Export,
    /// The fields of the next step.
    fields: Vec<(String, String)>,
    /// Where the file is, when it is done.
    link: Option<String>,
    back: String,
}

/// The pages of a list, read as the member.
struct OfList<'a> {
    app: &'a App,
    visit: &'a Visit,
    list: &'static List,
    command: &'static str,
    fields: Map<String, Value>,
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
        let result = self.visit.execute(self.app, self.command, Value::Object(fields)).await?;
        let records = result[self.list.rows].as_array().map_or(&[][..], Vec::as_slice);
        let columns: Vec<Spec<'_>> = specs(self.list.columns).collect();
        let row = |record: &Value| columns.iter().map(|column| column.exported(record)).collect();
        Ok(Page { rows: records.iter().map(row).collect(), next: result["next_cursor"].as_str().map(str::to_owned) })
    }
}

/// Begins an export, or goes on with it. The form has the list and its filter in each step, since they may be personal.
pub async fn step(State(app): State<App>, visit: Visit, form: Form) -> Result<Response, Failure> {
    form.check(&visit.form_token)?;
    let entered = &form.fields;
    let list = list(entered.get("_list")).ok_or(Failure::UnknownPath)?;
    let filters = parse(list.command, list.filters);
    let (command, mut fields) = wanted(list, &filters, Some(entered), entered);
    directed(command, &mut fields, entered);
    if !visit.may(command) {
        return Err(shared::error::Error::forbidden().into());
    }
    let member = &visit.signed_in.member;
    let export = match entered.get("_id") {
        "" => {
            let file = FileType::parse(entered.get("_file")).ok_or(Failure::UnknownPath)?;
            let title = text(&format!("page.{}", list.name));
            let columns = specs(list.columns).map(|spec| column(&spec)).collect();
            let begun = export::begin(&app, member, &title, file, columns).await?;
            // Who exported which list is recorded, whether or not the export ends.
            let object = Object::new("staff", "export", &[&begun.id]);
            let act = gate::act(&app, &visit.signed_in, command);
            app.audit.record(&act, &Change::of(object).because(list.name)).await?;
            begun
        }
        id => export::step(&app, member, id, &OfList { app: &app, visit: &visit, list, command, fields }).await?,
    };
    let link = match export.stage {
        Stage::Done => Some(export::download(&app, member, &export.id).await?),
        Stage::Reading | Stage::Joining => None,
    };
    let mut next: Vec<(String, String)> =
        entered.0.iter().filter(|(name, _)| !["_token", "_id"].contains(&name.as_str())).cloned().collect();
    next.push(("_id".into(), export.id.clone()));
    let page_of = ExportPage {
        shell: Shell::of(&visit, text("page.export"), list.name),
        back: back(list, entered),
        fields: next,
        export,
        link,
    };
    page(&visit, "", StatusCode::OK, &page_of)
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
