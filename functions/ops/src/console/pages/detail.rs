//! The pages about one record: facts, tables, what belongs to it, and what may be done.

use std::borrow::Cow;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::App;
use super::super::answer::Failure;
use super::super::texts::{self, find, text};
use super::action::{Button, button, reveal_button};
use super::cell::{Cell, Spec, specs};
use super::define::{Detail, Facts, Table, at, plain};
use super::filters;
use super::input::{members, parse};
use super::list::{Heading, Row, Rows};
use super::sections::list;
use super::shell::{Shell, cell_for, may_follow, page};
use super::visit::{Pairs, Visit};

#[derive(Template)]
#[template(path = "console/detail.html")]
struct DetailPage {
    shell: Shell,
    /// The list that the record belongs to.
    back: Option<(String, String)>,
    groups: Vec<Group>,
    photos: Vec<Photo>,
    tables: Vec<Named>,
    actions: Vec<Button>,
}

struct Group {
    title: String,
    facts: Vec<Fact>,
}

struct Fact {
    label: String,
    cell: Cell,
    reveal: Option<Button>,
}

/// A picture of a document, which the member may enlarge and turn.
struct Photo {
    label: String,
    /// None if the address is of another site, which is never asked.
    link: Option<String>,
    address: String,
}

struct Named {
    title: String,
    table: Rows,
    /// The page with the whole list.
    more: Option<String>,
}

/// The member with the name of a record about a person, for actions.
const OBJECT: &str = "_object";

/// The most rows of a list that belongs to a record.
const RELATED: u32 = 10;

pub async fn show(app: &App, visit: &Visit, detail: &'static Detail) -> Result<Response, Failure> {
    let keys: Vec<String> = detail.keys.iter().map(|key| (*key).to_owned()).collect();
    let mut entered = visit.query.clone();
    entered.0.retain(|(name, _)| keys.contains(name));
    let named = crate::commands::named(detail.command)?;
    let fields: Vec<_> =
        parse(detail.command, named.fields).into_iter().filter(|field| detail.keys.contains(&field.name)).collect();
    let mut record = visit.execute(app, detail.command, Value::Object(members(&fields, &entered))).await?;
    // What names the record is in the address, and not always in the result.
    for key in detail.keys {
        if record[*key].is_null() {
            record[*key] = entered.get(key).into();
        }
    }
    if let Some(reveals) = &detail.reveals {
        record[OBJECT] = reveals.object(&record).into();
    }
    let title = detail.title.iter().map(|member| plain(at(&record, member))).find(|title| !title.is_empty());
    let title = title.unwrap_or_else(|| entered.get(detail.keys[0]).to_owned());
    let address = format!("{}?{}", visit.path, entered.encoded());
    let mut tables: Vec<Named> = detail.tables.iter().map(|table| table_of(visit, &record, table)).collect();
    for (name, given) in detail.related {
        tables.extend(related(app, visit, name, given, &record).await?);
    }
    let facts = |group: &'static Facts| facts(visit, detail, group, &record, &address);
    let page_of = DetailPage {
        shell: Shell::of(visit, title.clone(), detail.list),
        back: back(visit, detail.list),
        groups: detail.facts.iter().map(facts).filter(|group| !group.facts.is_empty()).collect(),
        photos: photos(&record),
        tables,
        actions: detail.actions.iter().filter_map(|action| button(visit, action, &record, &title, &address)).collect(),
    };
    let pictures = origins(&page_of.photos);
    page(visit, &pictures, StatusCode::OK, &page_of)
}

/// The title and the address of a list, if the roles allow it.
fn back(visit: &Visit, list: &str) -> Option<(String, String)> {
    let address = format!("/console/{list}");
    may_follow(visit, &address).then(|| (text(&format!("page.{list}")).into_owned(), address))
}

fn facts(visit: &Visit, detail: &'static Detail, group: &'static Facts, record: &Value, address: &str) -> Group {
    let is_absent = |name: &str| at(record, name).is_null();
    let fact = |spec: Spec<'_>| {
        let reveal = detail
            .reveals
            .as_ref()
            .filter(|reveals| reveals.fields.contains(&spec.name) && !plain(at(record, spec.name)).is_empty());
        Fact {
            label: texts::known_field(spec.label()),
            cell: cell_for(visit, &spec, record),
            reveal: reveal.and_then(|reveals| reveal_button(visit, reveals, spec.name, record, address)),
        }
    };
    // A group without any value is left out, such as the terms before an approval.
    let fields = every_member(group.fields, record);
    let known = specs(&fields).any(|spec| !is_absent(spec.name));
    let facts = specs(&fields).filter(|_| known).map(fact).collect();
    Group { title: text(&format!("group.{}", group.name)).into_owned(), facts }
}

/// The fields of a group. A `*` stands for every member, in the order of the record.
fn every_member(fields: &'static str, record: &Value) -> Cow<'static, str> {
    let Some(outer) = fields.strip_suffix('*') else { return fields.into() };
    let members = at(record, outer.trim_end_matches('.')).as_object();
    let members = members.into_iter().flatten().filter(|(name, _)| *name != OBJECT);
    let names: Vec<String> = members.map(|(name, _)| format!("{outer}{name}")).collect();
    names.join(" ").into()
}

fn table_of(visit: &Visit, record: &Value, table: &'static Table) -> Named {
    let rows = at(record, table.name).as_array().map_or(&[][..], Vec::as_slice);
    let columns: Vec<_> = specs(table.columns).collect();
    let row = |record: &Value| Row {
        href: None,
        key: None,
        cells: columns.iter().map(|column| cell_for(visit, column, record)).collect(),
        actions: Vec::new(),
        depth: 0,
    };
    let table_of = Rows {
        columns: columns.iter().map(Heading::of).collect(),
        rows: rows.iter().map(row).collect(),
        empty: text("ui.none_yet").into_owned(),
    };
    Named { title: text(&format!("group.{}", table.name)).into_owned(), table: table_of, more: None }
}

/// The first rows of a list of what belongs to the record, if the roles allow the list.
async fn related(
    app: &App,
    visit: &Visit,
    name: &'static str,
    given: &[(&'static str, &'static str)],
    record: &Value,
) -> Result<Option<Named>, Failure> {
    let Some(list) = list(name).filter(|list| visit.may(list.command)) else { return Ok(None) };
    let filters = Pairs(given.iter().map(|(filter, member)| ((*filter).to_owned(), plain(at(record, member)))).collect());
    let mut fields: Map<String, Value> = members(&parse(list.command, list.filters), &filters);
    fields.insert("limit".into(), json!(RELATED));
    let result = visit.execute(app, list.command, Value::Object(fields)).await?;
    let mut table = super::list::rows(visit, list, &result, &filters, false);
    // The general text of an empty list is about its filters, which this page does not show.
    if find(&format!("empty.{name}")).is_none() {
        table.empty = text("ui.none_yet").into_owned();
    }
    let more = (!table.rows.is_empty()).then(|| format!("/console/{name}?{}", filters.encoded()));
    Ok(Some(Named { title: text(&format!("page.{name}")).into_owned(), table, more }))
}

fn photos(record: &Value) -> Vec<Photo> {
    let photo = |name: &&str| {
        let photo = &record["resume"][*name];
        let address = photo["address"].as_str().filter(|address| !address.is_empty())?;
        let link = photo["link"].as_str().map(str::to_owned);
        Some(Photo { label: texts::field(name).into_owned(), link, address: address.to_owned() })
    };
    ["id_card_front", "id_card_back"].iter().filter_map(photo).collect()
}

/// The origins of the pictures: the policy of the page allows no others.
fn origins(photos: &[Photo]) -> String {
    let origin = |photo: &Photo| {
        let link = photo.link.as_deref()?;
        let (scheme, rest) = link.split_once("://")?;
        let host = rest.split(['/', '?']).next()?;
        let is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
        is_plain.then(|| format!("{scheme}://{host}"))
    };
    let mut origins: Vec<String> = photos.iter().filter_map(origin).collect();
    origins.dedup();
    origins.join(" ")
}
