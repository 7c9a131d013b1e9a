//! The pages with lists: filters, a table, the next page.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use lambda::answer;
use serde_json::{Map, Value, json};
use shared::error::{Error, Fault};

use super::super::App;
use super::super::answer::Failure;
use super::super::texts::{self, find, text};
use super::action::{Button, button};
use super::cell::{Cell, Spec, specs};
use super::define::{Action, List, at, plain};
use super::filters;
use super::input::{Control, Field, control, demanded, members, other_faults, parse, required};
use super::shell::{Entry, Shell, cell_for, may_follow, page, tabs};
use super::sorting::{self, Next, Sort, directed};
use super::tree;
use super::visit::{Form, Pairs, Visit};
use crate::reveal_list::may_see_whole;

#[derive(Template)]
#[template(path = "console/list.html")]
pub struct ListPage {
    shell: Shell,
    tabs: Vec<Entry>,
    path: String,
    list: &'static str,
    /// Whether files can be imported into it.
    imports: bool,
    filters: Vec<Control>,
    /// The direction, if the address has one: a filter keeps it.
    order: Option<String>,
    find: Vec<Control>,
    faults: Vec<String>,
    actions: Vec<Button>,
    batch: Vec<Button>,
    table: Rows,
    /// The fields of the page after this one: in its address, or in a form if they are personal.
    next: Option<Next>,
    is_filtered: bool,
    /// Whether the member may export the list with the fields whole that it masks.
    may_see_whole: bool,
    /// The fields of an export of all its pages.
    export: Vec<(String, String)>,
}

/// The most pages of a tree.
const MOST_PAGES: usize = 20;

impl ListPage {
    /// Whether the form that finds records is open: it is the usual way to them, or was used.
    fn is_find_open(&self) -> bool {
        self.filters.len() == 1 || self.find.iter().any(|control| !control.value.is_empty())
    }
}

/// The title of a column, and the class of its style.
pub struct Heading {
    pub title: String,
    pub class: &'static str,
    /// Set if the list is sorted by this column.
    pub sort: Option<Sort>,
}

impl Heading {
    pub fn of(column: &Spec<'_>) -> Self {
        Self { title: texts::field(column.label()).into_owned(), class: column.class(), sort: None }
    }
}

/// A table.
pub struct Rows {
    pub columns: Vec<Heading>,
    pub rows: Vec<Row>,
    /// What an empty table says.
    pub empty: String,
}

impl Rows {
    fn has_actions(&self) -> bool {
        self.rows.iter().any(|row| !row.actions.is_empty())
    }
}

pub struct Row {
    /// The page of the record.
    pub href: Option<String>,
    /// The fields that a command for several rows is given, as JSON.
    pub key: Option<String>,
    pub cells: Vec<Cell>,
    pub actions: Vec<Button>,
    /// How deep it is in a tree.
    pub depth: usize,
}

/// Shows a list. `found` has the fields that are not in the address.
pub async fn show(app: &App, visit: &Visit, list: &'static List, found: Option<Form>) -> Result<Response, Failure> {
    if !visit.may(list.command) {
        return Err(Error::forbidden().into());
    }
    let filters = parse(list.command, list.filters);
    let found = match found {
        Some(form) => {
            form.check(&visit.form_token)?;
            Some(form.fields)
        }
        None => None,
    };
    let mut entered = found.clone().unwrap_or_else(|| visit.query.clone());
    required(app, visit, &filters, &mut entered).await?;
    let (mut result, mut is_filtered) = listed(app, visit, list, &filters, found.as_ref(), &entered).await;
    // A command may demand a filter of some members alone: a reviewer of several companies names one. The first choice is as good as any.
    if let Err(Failure::Domain(error)) = &result
        && demanded(app, visit, &filters, &mut entered, error.faults()).await?
    {
        (result, is_filtered) = listed(app, visit, list, &filters, found.as_ref(), &entered).await;
    }
    let (status, result, faults) = match result {
        Ok(result) => (StatusCode::OK, result, Vec::new()),
        Err(Failure::Domain(error)) if !error.faults().is_empty() => {
            (answer::status(&error).0, json!({}), error.faults().to_vec())
        }
        Err(failure) => return Err(failure),
    };
    let next_page = result["next_cursor"].as_str().map(|cursor| next(list, found.as_ref(), &entered, cursor));
    let filters_shown = controls(app, visit, &filters, &entered, &faults).await?;
    let find = match &list.find {
        Some(find) if visit.may(find.command) => {
            let entered = found.clone().unwrap_or_default();
            controls(app, visit, &parse(find.command, find.fields), &entered, &faults).await?
        }
        _ => Vec::new(),
    };
    let shown: Vec<&Control> = filters_shown.iter().chain(&find).collect();
    let faults = other_faults(&faults, &shown);
    let title = text(&format!("page.{}", list.name));
    let address = visit.address();
    let buttons = |actions: &'static [Action]| -> Vec<Button> {
        actions.iter().filter_map(|action| button(visit, action, &json!({}), "", &address)).collect()
    };
    let mut table = rows(visit, list, &result, &entered, list.needs_filter && !is_filtered);
    let (command, _) = wanted(list, &filters, found.as_ref(), &entered);
    let sorted_by = specs(list.columns).position(|column| column.name == list.sorted_by);
    if let Some(heading) = sorted_by.and_then(|at| table.columns.get_mut(at)) {
        heading.sort = Sort::of(command, &entered, |pairs| place(list, found.as_ref(), pairs));
    }
    let page_of = ListPage {
        shell: Shell::of(visit, title, list.name),
        tabs: tabs(visit, list.name),
        path: format!("/console/{}", list.name),
        list: list.name,
        imports: ["employees", "departments", "imports"].contains(&list.name) && visit.may("import_hris"),
        faults,
        actions: buttons(list.actions),
        batch: buttons(list.batch),
        table,
        filters: filters_shown,
        order: Some(entered.get(sorting::FIELD).to_owned()).filter(|order| !order.is_empty()),
        find,
        next: next_page,
        may_see_whole: may_see_whole(&visit.signed_in.member, command),
        export: entered
            .0
            .iter()
            .filter(|(name, value)| !name.starts_with('_') && name != "cursor" && !value.is_empty())
            .cloned()
            .collect(),
        is_filtered: is_filtered || !entered.get("cursor").is_empty(),
    };
    page(visit, "", status, &page_of)
}

/// The result of the command, and whether it has a filter.
async fn listed(
    app: &App,
    visit: &Visit,
    list: &List,
    filters: &[Field],
    found: Option<&Pairs>,
    entered: &Pairs,
) -> (Result<Value, Failure>, bool) {
    let (command, fields) = wanted(list, filters, found, entered);
    let is_filtered = !fields.is_empty();
    let result = match () {
        () if list.needs_filter && !is_filtered => Ok(json!({})),
        () if list.is_tree => whole(app, visit, list, fields).await,
        () => ask(app, visit, command, fields, entered).await,
    };
    (result, is_filtered)
}

/// The command and its fields: the filters, or what is looked for.
pub fn wanted(list: &List, filters: &[Field], found: Option<&Pairs>, entered: &Pairs) -> (&'static str, Map<String, Value>) {
    if let (Some(find), Some(found)) = (&list.find, found) {
        let looked_for = members(&parse(find.command, find.fields), found);
        if !looked_for.is_empty() {
            let accepted = crate::commands::named(find.command).map_or("", |command| command.fields);
            let accepts = |name: &str| accepted.split_whitespace().any(|field| field.trim_end_matches('?') == name);
            let mut fields = members(filters, entered);
            fields.retain(|name, _| accepts(name));
            fields.extend(looked_for);
            return (find.command, fields);
        }
    }
    (list.command, members(filters, entered))
}

async fn ask(
    app: &App,
    visit: &Visit,
    command: &str,
    mut fields: Map<String, Value>,
    entered: &Pairs,
) -> Result<Value, Failure> {
    let accepted = crate::commands::named(command).map_or("", |command| command.fields);
    if accepted.contains("limit?") {
        fields.insert("limit".into(), json!(50));
    }
    let cursor = entered.get("cursor");
    if !cursor.is_empty() {
        fields.insert("cursor".into(), cursor.into());
    }
    directed(command, &mut fields, entered);
    visit.execute(app, command, Value::Object(fields)).await
}

/// All records of a list that is shown as a tree, up to a bound.
async fn whole(app: &App, visit: &Visit, list: &List, mut fields: Map<String, Value>) -> Result<Value, Failure> {
    let mut records = Vec::new();
    fields.insert("limit".into(), json!(100));
    for _ in 0..MOST_PAGES {
        let mut result = visit.execute(app, list.command, Value::Object(fields.clone())).await?;
        if let Some(more) = result[list.rows].as_array_mut() {
            records.append(more);
        }
        match result["next_cursor"].as_str() {
            Some(cursor) => fields.insert("cursor".into(), cursor.into()),
            None => break,
        };
    }
    Ok(json!({list.rows: records}))
}

/// The next page.
fn next(list: &List, found: Option<&Pairs>, entered: &Pairs, cursor: &str) -> Next {
    let mut pairs: Vec<_> =
        entered.0.iter().filter(|(name, value)| name != "cursor" && name != "_token" && !value.is_empty()).cloned().collect();
    pairs.push(("cursor".into(), cursor.to_owned()));
    place(list, found, pairs)
}

/// Where the page with these fields is. The fields of a form stay in a form.
fn place(list: &List, found: Option<&Pairs>, pairs: Vec<(String, String)>) -> Next {
    match found {
        Some(_) => Next::Form(pairs),
        None => Next::Address(format!("/console/{}?{}", list.name, Pairs(pairs).encoded())),
    }
}

/// The inputs of fields.
async fn controls(
    app: &App,
    visit: &Visit,
    fields: &[Field],
    entered: &Pairs,
    faults: &[Fault],
) -> Result<Vec<Control>, Failure> {
    let mut controls = Vec::new();
    for field in fields {
        controls.push(control(app, visit, field, entered, faults).await?);
    }
    Ok(controls)
}

pub fn rows(visit: &Visit, list: &List, result: &Value, entered: &Pairs, is_unasked: bool) -> Rows {
    let records = result[list.rows].as_array().map_or(&[][..], Vec::as_slice);
    let columns: Vec<_> = specs(list.columns).collect();
    let address = visit.address();
    let row = |record: &Value| {
        let href = list.opens.map(|(page, keys)| {
            let pair = |key: &&str| {
                let (member, key) = key.split_once('>').unwrap_or((key, key));
                (key.to_owned(), value_of(record, entered, member))
            };
            format!("/console/{page}?{}", Pairs(keys.iter().map(pair).collect()).encoded())
        });
        let href = href.filter(|href| may_follow(visit, href));
        let given = list.batch.first().map(|action| {
            let value = |member: &str| match member.strip_prefix('?') {
                Some(name) => Value::from(entered.get(name)),
                None => at(record, member).clone(),
            };
            let given = action.given.iter().map(|(field, member)| ((*field).to_owned(), value(member)));
            Value::Object(given.collect()).to_string()
        });
        let cells: Vec<Cell> = columns.iter().map(|column| cell_for(visit, column, record)).collect();
        let about = cells.first().map_or("", |cell| cell.text.as_str());
        let actions = list.row_actions.iter().filter_map(|action| button(visit, action, record, about, &address)).collect();
        Row { href, key: given, cells, actions, depth: 0 }
    };
    let rows: Vec<Row> = match list.is_tree {
        true => tree::ordered(records).into_iter().map(|(record, depth)| Row { depth, ..row(record) }).collect(),
        false => records.iter().map(row).collect(),
    };
    let empty = if is_unasked { "ui.ask_first" } else { "ui.empty" };
    let own = format!("{}.{}", if is_unasked { "ask" } else { "empty" }, list.name);
    Rows {
        columns: columns.iter().map(Heading::of).collect(),
        rows,
        empty: find(&own).map_or_else(|| text(empty).into_owned(), str::to_owned),
    }
}

/// The key of a row: a member of the record, or the filter of this name.
fn value_of(record: &Value, entered: &Pairs, key: &str) -> String {
    match at(record, key) {
        Value::Null => entered.get(key).to_owned(),
        value => plain(value),
    }
}
