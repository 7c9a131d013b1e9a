//! Every reason for which an import rejects a cell has a text for people.

use ops::sheets::texts::{reason, title, value_name};
use serde_json::{Map, Value, json};
use shared::hris::import_columns::{Column, Form, columns};
use shared::hris::import_lines::Kind;

use crate::support::product::Product;

const KINDS: [Kind; 10] = [
    Kind::Companies,
    Kind::SubCompanies,
    Kind::Departments,
    Kind::Employees,
    Kind::Arrangements,
    Kind::Timelines,
    Kind::Approvals,
    Kind::Vacancies,
    Kind::Sources,
    Kind::Candidates,
];

/// Values that most columns reject.
fn wrong() -> Vec<Value> {
    let texts = ["", "x", "a/b", "a?b", "ａ", "..", "2026-13-01", "-1", "99999999999", "1e40", "0.12345", "http://"];
    let mut values: Vec<Value> = texts.into_iter().map(Value::from).collect();
    values.extend([json!("长".repeat(5000)), json!(-1), json!(1e40), json!(true), json!([]), json!([1]), json!({})]);
    values
}

fn set(row: &mut Value, field: &str, value: Value) {
    *field.split('.').fold(row, |place, name| &mut place[name]) = value;
}

fn row(columns: &[Column]) -> Value {
    let mut row = Value::Object(Map::new());
    for Column { field, form, example, .. } in columns.iter().filter(|column| column.field != "delete") {
        let is_text = !matches!(form, Form::Number | Form::Flag | Form::Json);
        set(&mut row, field, if is_text { json!(example) } else { serde_json::from_str(example).unwrap() });
    }
    row
}

#[tokio::test]
async fn every_reason_has_a_text() {
    let product = Product::join().await;
    let mut seen = std::collections::BTreeSet::new();
    for kind in KINDS {
        let columns = columns(kind);
        let mut rows = vec![row(columns), json!({}), json!({"unknown": 1})];
        for Column { field, .. } in columns {
            for value in wrong() {
                let mut wrong = row(columns);
                set(&mut wrong, field, value);
                rows.push(wrong);
            }
        }
        let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
        let mut command = json!({"command": "import_hris", "kind": kind, "rows": lines.join("\n"), "dry_run": true});
        if kind != Kind::Companies {
            command["company_uuid"] = json!(product.company);
        }
        let output = product.command(command).await;
        let results = output["results"].as_array().unwrap_or_else(|| panic!("{output}"));
        for error in results.iter().flat_map(|result| result["errors"].as_array().cloned().unwrap_or_default()) {
            let (field, english) = (error["field"].as_str().unwrap(), error["reason"].as_str().unwrap());
            let form = columns.iter().find(|column| column.field == field).map(|column| column.form);
            let chinese = reason(english, form);
            assert!(!chinese.is_ascii(), "{kind:?} {field}: {english:?} has no text: {chinese}");
            assert!(!chinese.contains('#'), "{english:?}: {chinese}");
            seen.insert(english.to_owned());
        }
    }
    assert!(seen.len() > 20, "{seen:?}");
    for english in ["does not exist", "cannot change", "belongs to another record", "is not the company of the import"] {
        assert!(!reason(english, None).is_ascii(), "{english}");
    }
}

#[test]
fn every_column_and_value_has_a_text_of_its_own() {
    for kind in KINDS {
        assert!(!value_name("import_kind", kind.as_str()).is_ascii(), "{kind:?}");
        let mut titles = std::collections::BTreeSet::new();
        for Column { field, form, .. } in columns(kind) {
            let title = title(kind, field);
            assert!(!title.contains('⟦') && titles.insert(title), "{kind:?} {field}");
            if let Form::Choice(choice) = form {
                let names: std::collections::BTreeSet<_> =
                    choice.values.iter().map(|value| value_name(choice.name, value)).filter(|name| !name.is_ascii()).collect();
                assert_eq!(names.len(), choice.values.len(), "{}", choice.name);
                // The list of choices in a cell is separated by commas, and Excel accepts 255 characters.
                let list: usize = names.iter().map(|name| name.chars().count() + 1).sum();
                assert!(list <= 255 && names.iter().all(|name| !name.contains(',')), "{}", choice.name);
            }
        }
    }
}
