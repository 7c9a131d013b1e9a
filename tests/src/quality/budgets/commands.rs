//! The budget of every command that lists or shows records of the HR API and of the partner API, and of an import.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::meter::{Meter, budgeted};
use crate::support::product::{DEPARTMENT, EMPLOYEE, EMPNO, MOBILE, Product, numbered};
use crate::support::resource::{ALL, PAYMENTS};
use crate::support::{Partner, Stage};

const HRIS: &str = "| command of the HR API | DynamoDB calls | capacity units |";
const CHANNEL: &str = "| command of the partner API | DynamoDB calls | capacity units |";

impl<Caller> Meter<Caller> {
    /// Measures a command that succeeds, under its name and a case of it. Returns its output.
    async fn command(&mut self, case: &str, command: Value) -> Value {
        let label = format!("{}{case}", command["command"].as_str().expect("a name"));
        let address = self.stage.address.clone();
        let output = self.measure(&label, address.command(&command)).await;
        assert_eq!(output.get("errorType"), None, "{label}: {output}");
        output
    }
}

/// The commands of these sources that read.
fn reads(sources: &[&str]) -> BTreeSet<String> {
    let calls = sources.iter().flat_map(|source| source.split("Command::reads(").skip(1));
    calls.map(|call| call.split('"').nth(1).expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn every_command_of_the_hr_api_makes_the_calls_that_its_budget_allows() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let visit = product.with_token(json!({"name": "曹操", "time": "15:00"}));
    assert_eq!(product.post(&format!("/api/v2/employees/{EMPLOYEE}/notify"), visit).await.status, 200);
    product.access_token().await;
    let app = product.command(json!({"command": "list_oauth_apps"})).await["apps"][0]["app_id"].clone();
    let company = json!(product.company);
    let mut meter = Meter::new(stage, product.clone());

    let key = json!({"command": "show_access_key", "product_id": product.product_id, "company_uuid": company});
    meter.command("", key).await;
    meter.command("", json!({"command": "list_access_keys"})).await;
    let of_product = |command: &str| json!({"command": command, "product_id": product.product_id, "company_uuid": company});
    let mut put = of_product("put_webhook");
    (put["address"], put["event_types"]) = ("http://127.0.0.1:9000/".into(), json!(["webhook_open"]));
    product.command(put).await;
    meter.stage.address.settle_events().await;
    meter.command("", json!({"command": "list_webhooks"})).await;
    meter.command("", of_product("show_webhook")).await;
    let events = meter.command("", of_product("list_webhook_events")).await;
    let mut event = of_product("show_webhook_event");
    event["event_id"] = events["events"][0]["event_id"].clone();
    meter.command("", event).await;
    meter.command("", json!({"command": "list_oauth_apps"})).await;
    meter.command("", json!({"command": "show_oauth_app", "app_id": app})).await;
    meter.command("", json!({"command": "list_grants", "company_uuid": company})).await;
    meter.command(", of an app", json!({"command": "list_grants", "app_id": app})).await;
    meter.command("", json!({"command": "list_hris_companies"})).await;
    meter.command("", json!({"command": "list_products"})).await;
    let find = |field: &str, value: &str| json!({"command": "find_employee", "company_uuid": company, field: value});
    meter.command("", find("empno", EMPNO)).await;
    meter.command(", by phone", find("mobile", MOBILE)).await;
    meter.command(", by name", find("name", "一般职员")).await;
    meter.command("", json!({"command": "show_employee", "company_uuid": company, "id": EMPNO})).await;
    meter.command("", json!({"command": "list_visits", "company_uuid": company})).await;

    let rows = [numbered(1), numbered(2)];
    let import = product.rows("employees", &rows);
    let mut dry = import.clone();
    dry["dry_run"] = true.into();
    meter.command(", a dry run", dry).await;
    let imported = meter.command("", import.clone()).await;
    meter.command(", again", import).await;
    let many: String = "x\n".repeat(2001);
    let slices = json!({"command": "import_hris", "kind": "sources", "company_uuid": company, "rows": many});
    let first = product.command(slices.clone()).await;
    let mut second = slices;
    second["from"] = first["next"].clone();
    meter.command(", the second slice", second.clone()).await;
    meter.command(", the second slice again", second).await;
    meter.command("", json!({"command": "list_imports", "company_uuid": company})).await;
    meter.command("", json!({"command": "show_import", "import_id": imported["import_id"]})).await;
    let refused = json!({"command": "show_import", "import_id": first["import_id"]});
    meter.command(", with a thousand rejected rows", refused).await;

    let of_company = |command: &str, more: Value| {
        let mut command = json!({"command": command, "company_uuid": company});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command
    };
    meter.command("", of_company("list_departments", json!({}))).await;
    let headed = json!({"name": "管理组", "uuid": DEPARTMENT, "charger_uuid": EMPLOYEE});
    product.imports("departments", std::slice::from_ref(&headed)).await;
    meter.command(", with heads", of_company("list_departments", json!({}))).await;
    let first = meter.command("", of_company("list_employees", json!({"limit": 1}))).await;
    let next = json!({"limit": 1, "cursor": first["next_cursor"]});
    meter.command(", by cursor", of_company("list_employees", next)).await;
    meter.command(", in a status", of_company("list_employees", json!({"status": "dimission"}))).await;
    let of_department = json!({"department_uuid": DEPARTMENT});
    meter.command(", of a department", of_company("list_employees", of_department)).await;
    let in_status = json!({"department_uuid": DEPARTMENT, "status": "dimission"});
    meter.command(", of a department in a status", of_company("list_employees", in_status)).await;
    meter.assert_is(HRIS);
}

#[tokio::test]
async fn every_command_of_the_partner_api_makes_the_calls_that_its_budget_allows() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    partner.push_examples(&ALL.each_ref().map(|kind| kind.name)).await;
    PAYMENTS.create(&partner, &PAYMENTS.with(PAYMENTS.id_field, "2")).await;
    let mut meter = Meter::new(stage, partner.clone());
    meter.command("", json!({"command": "list_channels"})).await;
    let list = |more: Value| {
        let mut command = json!({"command": "list_records", "appkey": partner.appkey, "kind": "payments"});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command
    };
    let first = meter.command("", list(json!({"limit": 1}))).await;
    meter.command(", by cursor", list(json!({"limit": 1, "cursor": first["next_cursor"]}))).await;
    meter.command(", nothing found", list(json!({"status": "failed"}))).await;
    meter.command("", json!({"command": "show_record", "appkey": partner.appkey, "kind": "payments", "id": "2"})).await;
    meter.assert_is(CHANNEL);
}

#[test]
fn every_command_that_reads_has_a_budget() {
    let hris = [
        include_str!("../../../../functions/ops/src/hris.rs"),
        include_str!("../../../../functions/ops/src/hris_credentials.rs"),
        include_str!("../../../../functions/ops/src/hris_imports.rs"),
        include_str!("../../../../functions/ops/src/hris_records.rs"),
    ];
    let channel = [
        include_str!("../../../../functions/ops/src/channels.rs"),
        include_str!("../../../../functions/ops/src/channel_records.rs"),
    ];
    for (heading, sources) in [(HRIS, &hris[..]), (CHANNEL, &channel[..])] {
        let (reads, budgeted) = (reads(sources), budgeted(heading));
        assert!(reads.len() > 1, "{reads:?}");
        let missing: Vec<&String> = reads.difference(&budgeted).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
