//! Audit records as the command `audit` lists them.

use serde_json::{Value, json};

use super::Address;

/// The records that a filter selects, the newest first.
pub async fn records(address: &Address, filter: Value) -> Vec<Value> {
    let mut command = filter;
    command["command"] = "audit".into();
    let listed = address.command(&command).await;
    assert_eq!(listed, json!({"records": listed["records"], "next_cursor": listed["next_cursor"]}));
    listed["records"].as_array().expect("records").clone()
}

/// The records of an object, the newest first, without their request ids, which are random.
pub async fn records_of(address: &Address, object: &str) -> Vec<Value> {
    let mut records = records(address, json!({"object": object})).await;
    for record in &mut records {
        let request_id = record.as_object_mut().and_then(|record| record.shift_remove("request_id"));
        assert!(request_id.is_some_and(|id| id.as_str().is_some_and(|id| !id.is_empty())), "{record}");
    }
    records
}

/// The actor in records of `ops-admin`.
pub fn ops_admin() -> Value {
    json!({"kind": "ops-admin", "id": "ops-admin", "name": "ops-admin"})
}

/// The request id of the only log line that has these members.
pub fn request_id(lines: &[String], members: &Value) -> Value {
    let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let is_wanted = |line: &Value| members.as_object().expect("members").iter().all(|(name, value)| line[name] == *value);
    let found: Vec<Value> = lines.filter(is_wanted).collect();
    let [line] = &found[..] else { panic!("one line with {members}: {found:?}") };
    line["request_id"].clone()
}
