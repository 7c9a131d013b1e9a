//! Decisions about applications are made on what was shown.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::signing::{applied, decision, failure};
use crate::support::audit::records_of;
use crate::support::worker::{Platform, ok, rejection, resume};
use crate::support::{Stage, world};

const AT: &str = "2024-01-15T10:30:00Z";

/// A decision by someone on a version.
async fn decide(platform: &Platform, command: &str, em_id: &Value, version: u64, by: &str) -> Value {
    let mut event = decision(command);
    if command == "set_verify_status" {
        event["verify_status"] = 2.into();
    }
    (event["em_id"], event["version"], event["by"]) = (em_id.clone(), version.into(), by.into());
    platform.command(command, event).await
}

fn conflict(message: &str) -> Value {
    failure("Conflict", message)
}

#[tokio::test]
async fn a_decision_on_another_version_names_what_has_changed_and_stores_nothing() {
    const COMMANDS: [&str; 4] = ["approve_application", "reject_application", "cancel_application", "set_verify_status"];
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let (worker, em_id) = applied(&platform, "changing").await;
    let show = async || platform.command("show_application", json!({"em_id": em_id})).await;
    assert_eq!(show().await["version"], 1);
    let mut changed = resume();
    (changed["addr"], changed["em_contact_phone"]) = ("天府大道3号".into(), "13900139009".into());
    assert_eq!(worker.send_json(Method::PUT, &changed).await, ok(Value::Null));
    let stored = stage.items("signing").await;
    for command in COMMANDS {
        let rejected = conflict("version: is 2 now; changed since: addr, em_contact_phone");
        assert_eq!(decide(&platform, command, &em_id, 1, "zhangsan").await, rejected, "{command}");
        let ahead = conflict("version: is 2 now, and no field has changed since");
        assert_eq!(decide(&platform, command, &em_id, 3, "zhangsan").await, ahead, "{command}");
    }
    assert_eq!(stage.items("signing").await, stored);

    // The same résumé again is another version, in which nothing is new.
    assert_eq!(worker.send_json(Method::PUT, &changed).await, ok(Value::Null));
    let same = conflict("version: is 3 now, and no field has changed since");
    assert_eq!(decide(&platform, "approve_application", &em_id, 2, "zhangsan").await, same);

    assert_eq!(decide(&platform, "set_verify_status", &em_id, 3, "lisi").await["version"], 4);
    assert_eq!(decide(&platform, "approve_application", &em_id, 4, "wangwu").await["version"], 5);
    let rejected = conflict(&format!(
        "version: is 5 now; changed since: addr, em_contact_phone, status, terms, verify_status; \
         status: became 2 at {AT} by wangwu; verify_status: became 2 at {AT} by lisi"
    ));
    assert_eq!(decide(&platform, "sign_application", &em_id, 1, "zhangsan").await, rejected);
    let rejected = conflict(&format!("version: is 5 now; changed since: status, terms; status: became 2 at {AT} by wangwu"));
    assert_eq!(decide(&platform, "sign_application", &em_id, 4, "zhangsan").await, rejected);
    assert_eq!(decide(&platform, "sign_application", &em_id, 5, "zhangsan").await["status"], 3);
}

#[tokio::test]
async fn a_decision_is_repeated_by_the_same_person_and_rejected_for_another_one() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    for command in ["approve_application", "reject_application", "cancel_application", "set_verify_status"] {
        let (_, em_id) = applied(&platform, command).await;
        let decided = decide(&platform, command, &em_id, 1, "zhangsan").await;
        assert_eq!(decided["version"], 2, "{command}: {decided}");
        let stored = stage.items("signing").await;
        assert_eq!(decide(&platform, command, &em_id, 1, "zhangsan").await, decided, "{command}");
        let second = decide(&platform, command, &em_id, 1, "lisi").await;
        let (field, to) = match command {
            "approve_application" => ("status", 2),
            "reject_application" => ("status", 4),
            "cancel_application" => ("status", 5),
            _ => ("verify_status", 2),
        };
        let message = second["errorMessage"].as_str().unwrap_or_default();
        let named = format!("{field}: became {to} at {AT} by zhangsan");
        assert!(message.starts_with("version: is 2 now; ") && message.ends_with(&named), "{command}: {message}");
        // Nor on the version that shows the decision.
        let second = decide(&platform, command, &em_id, 2, "lisi").await;
        assert_eq!(second["errorType"], "Conflict", "{command}: {second}");
        assert!(second["errorMessage"].as_str().unwrap().ends_with(&format!("became {to} at {AT} by zhangsan")), "{second}");
        // Another decision by the same person is no retry.
        let other = if command == "cancel_application" { "reject_application" } else { "cancel_application" };
        assert_eq!(decide(&platform, other, &em_id, 1, "zhangsan").await["errorType"], "Conflict", "{command}");
        assert_eq!(stage.items("signing").await, stored, "{command}");
        let records = records_of(&platform.address, &format!("signing/application/{}/{em_id}", platform.code)).await;
        let decisions = records.iter().filter(|record| record["action"] == command).count();
        assert_eq!(decisions, 1, "{command}: {records:?}");
    }
    // Other terms are another decision.
    let (_, em_id) = applied(&platform, "terms").await;
    assert_eq!(decide(&platform, "approve_application", &em_id, 1, "zhangsan").await["status"], 2);
    let mut other = decision("approve_application");
    (other["em_id"], other["version"], other["by"], other["salary"]) = (em_id, 1.into(), "zhangsan".into(), 7000.into());
    assert_eq!(platform.command("approve_application", other).await["errorType"], "Conflict");
}

#[tokio::test]
async fn a_platform_demands_verified_identities_unless_it_says_otherwise() {
    let platform = Platform::create(world()).await;
    let (_, em_id) = applied(&platform, "unverified").await;
    let set = async |event: Value| platform.command("set_platform", event).await;
    let strict =
        json!({"platform_code": platform.code, "name": "严格", "status": 1, "require_verified": true, "company_uuid": null});
    assert_eq!(set(json!({"name": "严格"})).await, strict);
    let unverified = |state: u8| conflict(&format!("verify_status: is {state}: the platform demands a verified identity (2)"));
    let approve = async || platform.decide("approve_application", &em_id, decision("approve_application")).await;
    assert_eq!(approve().await, unverified(0));
    platform.decide("set_verify_status", &em_id, json!({"verify_status": 3})).await;
    assert_eq!(approve().await, unverified(3));
    set(json!({"name": "宽松", "require_verified": false})).await;
    assert_eq!(approve().await["status"], 2);
    set(json!({"name": "严格"})).await;
    assert_eq!(platform.decide("sign_application", &em_id, json!({})).await, unverified(3));
    platform.decide("set_verify_status", &em_id, json!({"verify_status": 2})).await;
    assert_eq!(platform.decide("sign_application", &em_id, json!({})).await["status"], 3);
    // A rejection needs no identity.
    let (_, other) = applied(&platform, "rejected").await;
    assert_eq!(platform.decide("reject_application", &other, decision("reject_application")).await["status"], 4);
}

#[tokio::test]
async fn a_platform_of_an_earlier_version_demands_verified_identities() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let (_, em_id) = applied(&platform, "unverified").await;
    let mut items = stage.items("signing").await.into_iter();
    let mut item = items.find(|item| item["sk"]["S"] == "platform").expect("the platform");
    assert_eq!(item.as_object_mut().unwrap().remove("require_verified"), Some(json!({"BOOL": false})));
    stage.database("PutItem", &json!({"TableName": "signing", "Item": item})).await;
    let approved = platform.decide("approve_application", &em_id, decision("approve_application")).await;
    assert_eq!(approved, conflict("verify_status: is 0: the platform demands a verified identity (2)"));
}

#[tokio::test]
async fn the_position_of_an_approval_is_one_that_the_platform_offers() {
    let platform = Platform::create(world()).await;
    let (_, em_id) = applied(&platform, "positioned").await;
    let approve = async || platform.decide("approve_application", &em_id, decision("approve_application")).await;
    for positions in [json!([{"name": "A岗位"}]), json!([{"name": "A岗位"}, {"name": "B岗位", "status": 0}])] {
        platform.command("set_positions", json!({"positions": positions})).await;
        assert_eq!(approve().await, failure("NotFound", "work_pos: does not exist"));
    }
    platform.command("set_positions", json!({"positions": [{"name": "A岗位"}, {"name": "B岗位"}]})).await;
    assert_eq!(approve().await["status"], 2);
}

/// The worker changes the résumé while the approver decides on the one that was shown before: one of both is rejected, in each attempt.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_approval_never_applies_to_a_resume_that_was_not_shown() {
    const WORKERS: usize = 8;
    const TRIES: usize = 25;
    let platform = Platform::create(world()).await;
    let (approvals, changes) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let race = async |user: usize| {
        let (worker, em_id) = applied(&platform, &format!("racing {user}")).await;
        for number in 0..TRIES {
            let seen = platform.command("show_application", json!({"em_id": em_id})).await;
            let seen_resume = worker.get("/employee").await.body["data"].clone();
            let mut changed = resume();
            changed["addr"] = format!("天府大道{user}-{number}号").into();
            let version = seen["version"].as_u64().unwrap();
            let put = tokio::spawn({
                let (worker, changed) = (worker.clone(), changed.clone());
                async move { worker.send_json(Method::PUT, &changed).await }
            });
            let approve = tokio::spawn({
                let (platform, em_id) = (platform.clone(), em_id.clone());
                async move { decide(&platform, "approve_application", &em_id, version, "zhangsan").await }
            });
            let (put, approved) = (put.await.unwrap(), approve.await.unwrap());
            let now = platform.command("show_application", json!({"em_id": em_id})).await;
            let stored = worker.get("/employee").await.body["data"].clone();
            if approved["status"] == 2 {
                assert_eq!(put, rejection(409, "待签约和已签约时不能修改简历"));
                assert_eq!((stored, &now["status"]), (seen_resume, &json!(2)));
                approvals.fetch_add(1, Ordering::Relaxed);
                platform.decide("reject_application", &em_id, decision("reject_application")).await;
                assert_eq!(worker.send_json(Method::PUT, &resume()).await, ok(Value::Null));
            } else {
                assert_eq!(put, ok(Value::Null));
                assert_eq!(approved, conflict(&format!("version: is {} now; changed since: addr", version + 1)));
                assert_eq!((&stored["addr"], &now["status"], &now["terms"]), (&changed["addr"], &json!(1), &Value::Null));
                changes.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    join_all((0..WORKERS).map(race)).await;
    let (approvals, changes) = (approvals.into_inner(), changes.into_inner());
    assert_eq!(approvals + changes, WORKERS * TRIES);
    assert!(changes > 0, "no change came first");
}

/// The same with the change always before the decision, as when the approver reads for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_approval_after_the_resume_changed_is_rejected_each_time() {
    let platform = Platform::create(world()).await;
    let (worker, em_id) = applied(&platform, "ahead").await;
    let mut rejected = 0;
    for number in 0..200 {
        let mut changed = resume();
        changed["addr"] = format!("天府大道{number}号").into();
        assert_eq!(worker.send_json(Method::PUT, &changed).await, ok(Value::Null));
        let approved = decide(&platform, "approve_application", &em_id, number + 1, "zhangsan").await;
        rejected += usize::from(approved == conflict(&format!("version: is {} now; changed since: addr", number + 2)));
    }
    assert_eq!(rejected, 200);
}
