//! The budget of every endpoint of the console, and of the commands that read staff.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::json;
use shared::runtime::clock::Clock as _;

use super::meter::{Meter, budgeted};
use crate::support::Stage;
use crate::support::staff::Staff;
use crate::support::worker::{COMPANY, Platform};

const HEADING: &str = "| endpoint of the console | DynamoDB calls | capacity units |";

#[tokio::test]
async fn every_endpoint_of_the_console_makes_the_calls_that_its_budget_allows() {
    let stage = Stage::open().await;
    let clock = stage.clock.clone();
    let staff = Staff::create(&stage.address, &["auditor"], json!({})).await;
    let mut meter = Meter::new(stage, ());
    let phone = json!({"phone": staff.phone});
    meter.succeeds("POST /console/api/sign-in", staff.browser.post("sign-in", &phone)).await;
    let code = staff.address.code(&staff.phone).await;
    let coded = json!({"phone": staff.phone, "code": code});
    let checked = meter.measure("POST /console/api/code", staff.browser.post("code", &coded)).await;
    staff.set_up(&checked);
    meter.succeeds("POST /console/api/totp", staff.prove(clock.now())).await;
    meter.succeeds("GET /console/api/me", staff.browser.get("me")).await;
    clock.advance(SignedDuration::from_mins(1));
    meter.succeeds("POST /console/api/totp, a step-up", staff.prove(clock.now())).await;
    clock.advance(SignedDuration::from_mins(1));
    meter.succeeds("GET /console/api/me, once a minute", staff.browser.get("me")).await;
    meter.succeeds("POST /console/api/commands/{command}", staff.command("help", json!({}))).await;
    meter.succeeds("POST /console/api/commands/{command}, list_staff", staff.command("list_staff", json!({}))).await;
    let one = json!({"staff_id": staff.id});
    meter.succeeds("POST /console/api/commands/{command}, show_staff", staff.command("show_staff", one)).await;
    let request = json!({"request_id": "unknown"});
    meter.succeeds("POST /console/api/commands/{command}, find_request", staff.command("find_request", request)).await;
    let failures = staff.command("list_failures", json!({"kind": "sweeps"}));
    meter.succeeds("POST /console/api/commands/{command}, list_failures", failures).await;
    let platform = Platform::create(&meter.stage.address).await;
    let assigned = json!({"platform_code": platform.code, "companies": [COMPANY]});
    for (who, role, more) in [
        ("a reviewer", "reviewer", assigned),
        ("hr", "hr", json!({})),
        ("support", "support", json!({})),
        ("an auditor", "auditor", json!({})),
        ("a moderator", "moderator", json!({})),
    ] {
        let member = Staff::signed_in(&meter.stage.address, &[role], more, clock.now()).await;
        let label = format!("POST /console/api/commands/{{command}}, show_workload of {who}");
        meter.succeeds(&label, member.command("show_workload", json!({}))).await;
    }
    meter.succeeds("POST /console/api/sign-out", staff.browser.post("sign-out", &json!({}))).await;
    meter.assert_is(HEADING);
}

#[test]
fn every_endpoint_of_the_console_has_a_budget() {
    assert_eq!(budgeted(HEADING), BTreeSet::from(ops::console::ROUTES.map(str::to_owned)));
}
