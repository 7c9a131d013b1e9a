//! Runs the queries of `docs/operations.md` on the log lines of a run, as far as these queries use the language of CloudWatch Logs Insights
//! (CloudWatch Logs User Guide, Logs Insights QL): `filter`, `fields`, `stats`, `sort` and `limit`. A field that a line lacks is an error
//! here, where CloudWatch would show nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::support::repository;

/// The queries below a heading of `docs/operations.md`, with these texts in place of the words in capitals.
pub fn documented(heading: &str, replaced: &[(&str, &str)]) -> Vec<String> {
    let page = repository::read("docs/operations.md");
    let (_, section) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading} is missing"));
    let section = section.split_once("\n#").map_or(section, |(section, _)| section);
    let blocks = section.split("```").skip(1).step_by(2).map(str::to_owned);
    blocks.map(|block| replaced.iter().fold(block, |block, (word, text)| block.replace(word, text))).collect()
}

/// The rows that a query returns.
pub fn run(query: &str, lines: &[Value]) -> Vec<Value> {
    let mut rows = lines.to_vec();
    for command in query.split('|').map(str::trim) {
        let (name, rest) = command.split_once(' ').unwrap_or_else(|| panic!("{command}"));
        rows = match name {
            "filter" => rows.into_iter().filter(|row| rest.split(" and ").all(|condition| holds(condition, row))).collect(),
            "fields" => rows.iter().map(|row| selected(rest, row)).collect(),
            "stats" => stats(rest, &rows),
            "sort" => sorted(rest, rows),
            "limit" => rows.into_iter().take(rest.parse().unwrap()).collect(),
            _ => panic!("{name} is not a command of these queries"),
        };
    }
    rows
}

/// `@timestamp` is the time in the embedded metric format.
fn field(name: &str, row: &Value) -> Value {
    let value = if name == "@timestamp" { row["_aws"].get("Timestamp").or(row.get(name)) } else { row.get(name) };
    value.unwrap_or_else(|| panic!("{name} is in no line like {row}")).clone()
}

/// `name = "text"` or `name < number`. A line without the field does not match.
fn holds(condition: &str, row: &Value) -> bool {
    let parts: Vec<&str> = condition.split_whitespace().collect();
    let [name, operator, value] = parts[..] else { panic!("{condition}") };
    let Some(found) = row.get(name) else { return false };
    let value: Value = serde_json::from_str(value).unwrap_or_else(|error| panic!("{condition}: {error}"));
    match operator {
        "=" => *found == value,
        "<" => found.as_f64() < value.as_f64(),
        _ => panic!("{condition}"),
    }
}

fn selected(names: &str, row: &Value) -> Value {
    names.split(',').map(str::trim).map(|name| (name.to_owned(), field(name, row))).collect::<Map<_, _>>().into()
}

/// `count() as name, min(field) as name, max(field) as name by field, bin(1h)`.
fn stats(command: &str, rows: &[Value]) -> Vec<Value> {
    let (aggregates, by) = command.split_once(" by ").unwrap_or_else(|| panic!("{command}"));
    let mut groups: BTreeMap<String, (Map<String, Value>, Vec<&Value>)> = BTreeMap::new();
    for row in rows {
        let key = by.split(',').map(str::trim).map(|name| {
            let value = match name {
                "bin(1h)" => json!(field("@timestamp", row).as_i64().unwrap() / 3_600_000 * 3_600_000),
                _ => field(name, row),
            };
            (name.to_owned(), value)
        });
        let key: Map<_, _> = key.collect();
        groups.entry(json!(key).to_string()).or_insert_with(|| (key, Vec::new())).1.push(row);
    }
    let grouped = groups.into_values().map(|(mut group, rows)| {
        for aggregate in aggregates.split(',').map(str::trim) {
            let (function, name) = aggregate.split_once(" as ").unwrap_or_else(|| panic!("{aggregate}"));
            let values = |of: &str| rows.iter().map(|row| field(of, row).as_i64().unwrap()).collect::<Vec<_>>();
            let value = match function.trim_end_matches(')').split_once('(') {
                Some(("count", "")) => json!(rows.len()),
                Some(("min", of)) => json!(values(of).into_iter().min()),
                Some(("max", of)) => json!(values(of).into_iter().max()),
                _ => panic!("{aggregate}"),
            };
            group.insert(name.to_owned(), value);
        }
        Value::Object(group)
    });
    grouped.collect()
}

/// By one field, upwards or `desc`.
fn sorted(command: &str, mut rows: Vec<Value>) -> Vec<Value> {
    let (name, is_descending) = command.strip_suffix(" desc").map_or((command, false), |name| (name, true));
    rows.sort_by_key(|row| field(name, row).as_i64());
    if is_descending {
        rows.reverse();
    }
    rows
}
