//! The wizard that imports XLSX and CSV files: a file, its columns, a dry run with the faults by row and cell, the import itself.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::multipart::Multipart;
use axum::extract::{FromRequest as _, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use lambda::answer;
use serde_json::Value;
use shared::error::{Error, Fault};
use shared::hris::import_lines::Kind;
use shared::hris::values::Uuid;
use shared::values::Secret;

use super::super::App;
use super::super::answer::Failure;
use super::super::auth::is_own;
use super::super::texts::{choices, text};
use super::filters;
use super::input::{Choice, Control, control, parse, sentence};
use super::shell::{Shell, page};
use super::visit::{Form, Pairs, Visit, redirect};
use crate::sheets::columns::titled;
use crate::sheets::faults::RowFault;
use crate::sheets::import::{self, Gate, Import, Progress, Stage, Upload};
use crate::sheets::matching::Mapping;
use crate::sheets::template::template;
use crate::sheets::{self, texts as sheet_texts};

/// The command that the whole wizard needs.
const COMMAND: &str = "import_hris";
/// The most faults that a page shows. The file with the faulty rows has all of them.
const MOST_FAULTS: usize = 200;

#[derive(Template)]
#[template(path = "console/import_new.html")]
struct NewPage {
    shell: Shell,
    company: Vec<Control>,
    kinds: Vec<(&'static str, &'static str)>,
    kind: String,
    faults: Vec<String>,
}

#[derive(Template)]
#[template(path = "console/import.html")]
struct ImportPage {
    shell: Shell,
    import: Import,
    progress: Progress,
    percent: u64,
    columns: Vec<Column>,
    faults: Vec<String>,
    found: Vec<Found>,
    more_faults: bool,
}

/// A column of the file.
struct Column {
    title: String,
    /// What its first rows hold.
    samples: String,
    fields: Vec<Choice>,
}

/// A fault, for people.
struct Found {
    row: u32,
    cell: String,
    title: String,
    reason: String,
    is_warning: bool,
}

/// Executes the commands of an import as the member.
struct AsMember<'a> {
    app: &'a App,
    visit: &'a Visit,
}

impl Gate for AsMember<'_> {
    type Error = Failure;

    async fn execute(&self, command: &'static str, fields: Value) -> Result<Value, Failure> {
        self.visit.execute(self.app, command, fields).await
    }
}

fn check(visit: &Visit) -> Result<(), Failure> {
    if visit.may(COMMAND) { Ok(()) } else { Err(Error::forbidden().into()) }
}

pub async fn begin(State(app): State<App>, visit: Visit) -> Result<Response, Failure> {
    check(&visit)?;
    let entered = visit.query.clone();
    show_new(&app, &visit, &entered, Vec::new(), StatusCode::OK).await
}

async fn show_new(
    app: &App,
    visit: &Visit,
    entered: &Pairs,
    faults: Vec<String>,
    status: StatusCode,
) -> Result<Response, Failure> {
    let mut company = Vec::new();
    for field in parse(COMMAND, "company_uuid?") {
        company.push(control(app, visit, &field, entered, &[]).await?);
    }
    let page_of = NewPage {
        shell: Shell::of(visit, text("page.import"), "imports"),
        company,
        kinds: choices("import_kind"),
        kind: entered.get("kind").to_owned(),
        faults,
    };
    page(visit, "", status, &page_of)
}

/// The file that a person fills in.
pub async fn show_template(Path(kind): Path<String>, visit: Visit) -> Result<Response, Failure> {
    check(&visit)?;
    let kind = Kind::parse(&kind).map_err(|_| Failure::UnknownPath)?;
    let file = template(kind)?;
    let disposition = format!("attachment; filename=\"{}.xlsx\"", kind.as_str());
    let mut response = file.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    );
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(Error::internal)?);
    Ok(response)
}

/// The parts of the form with the file.
#[derive(Default)]
struct Parts {
    fields: Pairs,
    name: String,
    bytes: Vec<u8>,
}

pub async fn upload(State(app): State<App>, visit: Visit, request: Request) -> Result<Response, Failure> {
    check(&visit)?;
    if !is_own(request.headers()) {
        return Err(Failure::Foreign);
    }
    let Parts { fields, name, bytes } = read(request).await?;
    if !visit.form_token.is_same(&Secret::new(fields.get("_token"))) {
        return Err(Failure::Foreign);
    }
    let again = async |key: &str| show_new(&app, &visit, &fields, vec![text(key).into_owned()], StatusCode::BAD_REQUEST).await;
    let Ok(kind) = Kind::parse(fields.get("kind")) else { return again("sheet.unknown_kind").await };
    let company = match fields.get("company_uuid") {
        "" if kind == Kind::Companies => None,
        company => match Uuid::parse(company) {
            Ok(company) if kind != Kind::Companies => Some(company),
            Ok(_) => None,
            Err(_) => return again("sheet.company_needed").await,
        },
    };
    let sheet = match sheets::read(&bytes) {
        Ok(sheet) => sheet,
        Err(unreadable) => return again(unreadable.key()).await,
    };
    let upload = Upload { kind, company, name: &name, sheet: &sheet };
    let import = import::upload(&app, &visit.signed_in.member, upload).await?;
    Ok(redirect(&address(&import.id), visit.is_fragment))
}

async fn read(request: Request) -> Result<Parts, Failure> {
    let broken = |_| Failure::from(Error::invalid([Fault::new("file", "ends early")]));
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| Failure::Foreign)?;
    let mut parts = Parts::default();
    while let Some(part) = form.next_field().await.map_err(broken)? {
        let field = part.name().unwrap_or_default().to_owned();
        if field == "file" {
            parts.name = part.file_name().unwrap_or_default().to_owned();
            parts.bytes = part.bytes().await.map_err(broken)?.to_vec();
        } else if parts.fields.0.len() < 10 {
            parts.fields.0.push((field, part.text().await.map_err(broken)?));
        }
    }
    Ok(parts)
}

fn address(id: &str) -> String {
    format!("/console/importing?{}", Pairs(vec![("id".into(), id.to_owned())]).encoded())
}

pub async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Failure> {
    check(&visit)?;
    let import = import::open(&app, &visit.signed_in.member, visit.query.get("id")).await?;
    show_import(&app, &visit, import, &[], StatusCode::OK).await
}

/// Redirects to a file with the faulty rows.
pub async fn show_errors(State(app): State<App>, visit: Visit) -> Result<Response, Failure> {
    check(&visit)?;
    let url = import::download_errors(&app, &visit.signed_in.member, visit.query.get("id")).await?;
    Ok(redirect(&url, false))
}

/// One step: the columns are matched, a slice is checked or imported, or the member confirms.
pub async fn step(State(app): State<App>, Path(step): Path<String>, visit: Visit, form: Form) -> Result<Response, Failure> {
    check(&visit)?;
    form.check(&visit.form_token)?;
    let (member, id) = (&visit.signed_in.member, form.fields.get("id"));
    let result = match step.as_str() {
        "match" => import::match_columns(&app, member, id, mapping(&form.fields)).await.map_err(Failure::from),
        "step" => import::step(&app, member, id, &AsMember { app: &app, visit: &visit }).await,
        "confirm" => import::confirm(&app, member, id).await.map_err(Failure::from),
        _ => return Err(Failure::UnknownPath),
    };
    match result {
        // A part of the page takes the place of the one before; a whole page has its own address.
        Ok(import) if visit.is_fragment => show_import(&app, &visit, import, &[], StatusCode::OK).await,
        Ok(import) => Ok(redirect(&address(&import.id), false)),
        Err(Failure::Domain(error)) if !error.faults().is_empty() => {
            let import = import::open(&app, member, id).await?;
            show_import(&app, &visit, import, error.faults(), answer::status(&error).0).await
        }
        Err(failure) => Err(failure),
    }
}

/// The chosen field of each column, in the order of the columns.
fn mapping(fields: &Pairs) -> Mapping {
    let chosen = fields.all("column");
    Mapping(chosen.map(|field| (!field.is_empty()).then(|| field.to_owned())).collect())
}

async fn show_import(
    app: &App,
    visit: &Visit,
    import: Import,
    faults: &[Fault],
    status: StatusCode,
) -> Result<Response, Failure> {
    let member = &visit.signed_in.member;
    let columns = match import.stage {
        Stage::Matching => columns(&import, &import::sheet(app, member, &import.id).await?),
        _ => Vec::new(),
    };
    let all = match import.stage {
        Stage::Checked | Stage::Done => import::faults(app, member, &import.id).await?,
        Stage::Matching | Stage::Checking | Stage::Running => Vec::new(),
    };
    let progress = import.progress();
    let titles: BTreeMap<&str, String> =
        titled(import.kind).into_iter().map(|titled| (titled.column.field, titled.title)).collect();
    let fault = |fault: &Fault| match titles.get(fault.field.as_str()) {
        Some(title) => format!("{title}：{}", sheet_texts::reason(&fault.reason, None)),
        None => sentence(&Fault::new(fault.field.clone(), sheet_texts::reason(&fault.reason, None))),
    };
    let kind = super::words::name("import_kind", import.kind.as_str());
    let page_of = ImportPage {
        shell: Shell::of(visit, format!("{}：{kind}", text("page.import")), "imports"),
        percent: (progress.done * 100).checked_div(progress.total).unwrap_or(100),
        progress,
        columns,
        faults: faults.iter().map(fault).collect(),
        more_faults: all.len() > MOST_FAULTS,
        found: all.iter().take(MOST_FAULTS).map(|fault| found(import.kind, fault)).collect(),
        import,
    };
    page(visit, "", status, &page_of)
}

fn columns(import: &Import, sheet: &sheets::Sheet) -> Vec<Column> {
    let known = titled(import.kind);
    let column = |(at, title): (usize, &String)| {
        let chosen = import.mapping.0.get(at).and_then(Option::as_deref);
        let fields = known.iter().map(|titled| Choice {
            value: titled.column.field.to_owned(),
            label: format!("{}{}", titled.title, if titled.column.is_required { " *" } else { "" }),
            is_chosen: chosen == Some(titled.column.field),
        });
        let cells = sheet.rows.iter().filter_map(|row| row.cells.get(at)).filter(|cell| !cell.is_empty());
        Column {
            title: title.clone(),
            samples: cells.take(3).map(|cell| cell.chars().take(24).collect()).collect::<Vec<String>>().join("，"),
            fields: fields.collect(),
        }
    };
    import.header.iter().enumerate().map(column).collect()
}

fn found(kind: Kind, fault: &RowFault) -> Found {
    let place = fault.cell.as_ref();
    Found {
        row: fault.row,
        cell: place.map(|place| format!("{}{}", place.letters, fault.row)).unwrap_or_default(),
        title: place.map_or_else(|| fault.field.clone(), |place| place.title.clone()),
        reason: fault.text(kind),
        is_warning: fault.is_warning,
    }
}
