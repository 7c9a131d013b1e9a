//! Which role may execute which command: every cell of the matrix of docs/design/staff.md, over HTTP.

use std::collections::BTreeMap;

use ops::commands;
use serde_json::json;
use shared::runtime::clock::Clock as _;
use shared::staff::roles::Role;

use crate::support::Stage;
use crate::support::repository::read;
use crate::support::staff::{Browser, Staff, failure};

const PAGE: &str = "docs/design/staff.md";
const HEADING: &str = "| command | reviewer | hr | support | finance | moderator | admin | auditor | step-up |\n";

/// The rows of the page: for each command its cells.
fn rows() -> BTreeMap<String, Vec<bool>> {
    let page = read(PAGE);
    let (_, table) = page.split_once(HEADING).expect("the matrix");
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let command = cells.next().unwrap().trim_matches('`').to_owned();
        let cells: Vec<bool> = cells.map(|cell| matches!(cell, "✓")).collect();
        assert_eq!(cells.len(), 8, "{row}");
        (command, cells)
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_executes_the_commands_of_its_row_and_no_others() {
    let stage = Stage::open().await;
    let matrix = rows();
    let names: Vec<&str> = commands::all().map(|command| command.name).collect();
    let listed: Vec<&str> = matrix.keys().map(String::as_str).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(listed, sorted, "each command has a row");
    let stranger = Browser::at(&stage.address);
    for (at, role) in Role::ALL.iter().enumerate() {
        let more = match role {
            Role::Reviewer => json!({"platform_code": "gongqiao", "companies": [1]}),
            _ => json!({}),
        };
        let member = Staff::signed_in(&stage.address, &[role.as_str()], more, stage.clock.now()).await;
        let mut allowed = Vec::new();
        for name in &names {
            // No field: an allowed command fails later, or lists nothing.
            let response = member.command(name, json!({})).await;
            let is_allowed = response != failure(403, "Forbidden", &[]);
            assert_eq!(is_allowed, matrix[*name][at], "{} {name}: {response:?}", role.as_str());
            assert!(response.status < 500, "{} {name}: {response:?}", role.as_str());
            allowed.extend(is_allowed.then_some(*name));
        }
        assert_eq!(member.browser.get("me").await.body["commands"], json!(allowed));
    }
    for command in commands::all() {
        assert_eq!(command.needs_step_up, matrix[command.name][7], "{}", command.name);
        let path = format!("commands/{}", command.name);
        assert_eq!(stranger.post(&path, &json!({})).await, failure(401, "Unauthenticated", &[]), "{path}");
    }
}

/// What the roles mean, whatever the matrix says of single commands.
#[test]
fn an_auditor_changes_nothing_and_an_administrator_steps_up() {
    for command in commands::all() {
        let allows = |role| command.allows(&[role]);
        assert!(!(command.changes && allows(Role::Auditor)), "{}", command.name);
        let is_read = command.changes || allows(Role::Auditor) || command.name == "find_person";
        assert!(is_read, "an auditor reads {}", command.name);
        let credentials = ["secret", "key", "app", "grant", "token", "tokens", "product", "channel", "staff", "factor"];
        let is_credential = command.name.split('_').any(|word| credentials.contains(&word));
        if command.changes && is_credential && !command.name.starts_with("end_") {
            assert!(command.needs_step_up, "{}", command.name);
        }
    }
}

#[tokio::test]
async fn help_lists_every_command_with_an_example_that_is_understood() {
    let stage = Stage::open().await;
    let help = stage.address.command(&json!({"command": "help"})).await;
    let listed = help["commands"].as_array().unwrap();
    assert_eq!(listed.len(), commands::all().count());
    for entry in listed {
        let name = entry["command"].as_str().unwrap();
        assert_eq!(stage.address.command(&json!({"command": "help", "name": name})).await, *entry);
        let fields: Vec<&str> = entry["fields"].as_array().unwrap().iter().map(|field| field.as_str().unwrap()).collect();
        let example = entry["example"].as_object().unwrap();
        assert_eq!(example["command"], name);
        for field in fields.iter().filter(|field| !field.ends_with('?')) {
            assert!(example.contains_key(*field), "{name}: the example lacks {field}");
        }
        for field in example.keys().filter(|field| *field != "command") {
            let is_known = fields.iter().any(|known| known.trim_end_matches('?') == field);
            assert!(is_known, "{name}: {field} of the example is not listed");
        }
        // Each required field is required, and each listed one known: only these two faults are about names.
        let empty = stage.address.invoke("ops-admin", &json!({"command": name})).await.body["errorMessage"].to_string();
        for field in fields.iter().filter(|field| !field.ends_with('?')) {
            assert!(empty.contains(&format!("{field}: is required")), "{name}: {empty}");
        }
        let mut strange = entry["example"].clone();
        strange["no_field"] = json!(1);
        for field in &fields {
            let known = field.trim_end_matches('?');
            strange.as_object_mut().unwrap().entry(known).or_insert(json!(["?"]));
        }
        let faults = stage.address.invoke("ops-admin", &strange).await.body["errorMessage"].to_string();
        assert!(faults.contains("no_field: is not known"), "{name}: {faults}");
        assert_eq!(faults.matches("is not known").count(), 1, "{name}: {faults}");
        // The example itself has no invalid field. It may name records that do not exist here.
        let done = stage.address.invoke("ops-admin", &entry["example"]).await.body;
        assert_ne!(done["errorType"], "Internal", "{name}: {done}");
        assert!(done["errorType"] != "Invalid" || done["errorMessage"].to_string().contains("exist"), "{name}: {done}");
    }
}
