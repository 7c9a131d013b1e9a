//! `sign_state_changed`: the moves of applications on a platform of the signing API that belongs to the company.

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{listed, opened};
use crate::support::Stage;
use crate::support::product::Product;
use crate::support::receiver::Receiver;
use crate::support::wire::Failure;
use crate::support::worker::{CONTRACT, Platform, Worker, ok, resume};

const AT: &str = "2024-01-15T10:30:00Z";
const TYPE: &str = "sign_state_changed";

/// A company whose product receives the moves of its platform.
async fn linked() -> (Stage, Product, Receiver, Platform) {
    let (stage, product, receiver, _) = opened(&[TYPE]).await;
    let platform = linked_to(&stage, &product).await;
    (stage, product, receiver, platform)
}

async fn linked_to(stage: &Stage, product: &Product) -> Platform {
    let platform = Platform::create(&stage.address).await;
    let set = json!({"name": "测试平台", "require_verified": false, "company_uuid": product.company});
    let set = platform.command("set_platform", set).await;
    assert_eq!(set["company_uuid"], product.company.as_str(), "{set}");
    platform
}

async fn em_id(worker: &Worker) -> Value {
    worker.get("/employee").await.body["data"]["em_id"].clone()
}

async fn apply(worker: &Worker) -> Value {
    assert_eq!(worker.send_json(Method::POST, &resume()).await, ok(Value::Null));
    em_id(worker).await
}

fn approval() -> Value {
    json!({"contract_id": CONTRACT, "entry_date": "2024-02-01", "salary": 6000, "work_pos": "B岗位"})
}

/// The event of a move as a receiver gets it.
fn moved(platform: &Platform, em_id: &Value, from: Option<u8>, to: u8, at: &str) -> Value {
    let application =
        json!({"platform_code": platform.code, "em_id": em_id, "status": to, "previous_status": from, "changed_at": at});
    json!({"event_type": TYPE, "livemode": false, "data": {"application": application}})
}

async fn sent(stage: &Stage, receiver: &Receiver) -> Vec<Value> {
    stage.address.settle_events().await;
    receiver.take_events()
}

#[tokio::test]
async fn each_move_of_an_application_makes_one_event_and_other_changes_make_none() {
    let (stage, product, receiver, platform) = linked().await;
    let worker = platform.worker("moving").await;
    let id = apply(&worker).await;
    assert_eq!(sent(&stage, &receiver).await, [moved(&platform, &id, None, 1, AT)]);

    let mut changed = resume();
    changed["addr"] = "天府大道3号".into();
    assert_eq!(worker.send_json(Method::PUT, &changed).await, ok(Value::Null));
    platform.decide("set_verify_status", &id, json!({"verify_status": 2})).await;
    assert_eq!(sent(&stage, &receiver).await, Vec::<Value>::new(), "a change of the résumé, and a verified identity");

    let moves: [(&str, Value, Option<u8>, u8); 2] =
        [("reject_application", json!({"reason": "照片不清楚"}), Some(1), 4), ("resubmit", Value::Null, Some(4), 1)];
    for (minute, (command, more, from, to)) in (31..).zip(moves) {
        stage.clock.advance(SignedDuration::from_secs(60));
        if command == "resubmit" {
            assert_eq!(apply(&worker).await, id);
        } else {
            platform.decide(command, &id, more).await;
        }
        let at = format!("2024-01-15T10:{minute}:00Z");
        assert_eq!(sent(&stage, &receiver).await, [moved(&platform, &id, from, to, &at)], "{command}");
    }
    let moves = [("approve_application", approval(), 1, 2), ("sign_application", json!({}), 2, 3)];
    for (minute, (command, more, from, to)) in (33..).zip(moves) {
        stage.clock.advance(SignedDuration::from_secs(60));
        let decided = platform.decide(command, &id, more.clone()).await;
        assert_eq!(decided["status"], to, "{command}: {decided}");
        let at = format!("2024-01-15T10:{minute}:00Z");
        assert_eq!(sent(&stage, &receiver).await, [moved(&platform, &id, Some(from), to, &at)], "{command}");

        // The same decision again is a retry.
        let mut again = more;
        (again["em_id"], again["by"], again["version"]) =
            (id.clone(), "zhangsan".into(), (decided["version"].as_u64().unwrap() - 1).into());
        assert_eq!(platform.command(command, again).await, decided);
        assert_eq!(sent(&stage, &receiver).await, Vec::<Value>::new(), "{command} again");
    }
    let object = json!({"kind": "application", "id": format!("{}/{id}", platform.code)});
    assert_eq!(listed(&product).await[0]["object"], object);
}

#[tokio::test]
async fn a_cancelled_application_makes_an_event_and_a_rejected_move_makes_none() {
    let (stage, _, receiver, platform) = linked().await;
    let id = apply(&platform.worker("leaving").await).await;
    sent(&stage, &receiver).await;
    let rejected = platform.decide("sign_application", &id, json!({})).await;
    assert_eq!(rejected["errorType"], "Conflict", "{rejected}");
    assert_eq!(sent(&stage, &receiver).await, Vec::<Value>::new());
    platform.decide("cancel_application", &id, json!({})).await;
    assert_eq!(sent(&stage, &receiver).await, [moved(&platform, &id, Some(1), 5, AT)]);
}

#[tokio::test]
async fn moves_are_sent_to_the_products_of_the_platforms_company_alone() {
    let (stage, _, other, _) = opened(&[TYPE]).await;
    let product = Product::join_stage(&stage).await;
    let receiver = Receiver::open().await;
    super::subscribe(&product, &receiver, &[TYPE]).await;
    let platform = linked_to(&stage, &product).await;
    let unlinked = Platform::create(&stage.address).await;
    apply(&unlinked.worker("elsewhere").await).await;
    let id = apply(&platform.worker("here").await).await;
    assert_eq!(sent(&stage, &receiver).await, [moved(&platform, &id, None, 1, AT)]);
    assert_eq!(other.take_events(), Vec::<Value>::new());
    let changes = stage.items("credentials").await;
    assert!(!changes.iter().any(|item| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("hris#change#"))));
}

#[tokio::test]
async fn a_platform_names_its_company_by_a_uuid() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let rejected = platform.command("set_platform", json!({"name": "测试平台", "company_uuid": "c1"})).await;
    assert_eq!(rejected, json!({"errorType": "Invalid", "errorMessage": "company_uuid: must be 32 hex digits"}));
    let none = platform.command("set_platform", json!({"name": "测试平台"})).await;
    assert_eq!(none["company_uuid"], Value::Null);
}

#[tokio::test]
async fn a_lost_answer_of_the_database_repeats_no_move_and_loses_none() {
    for failure in [Failure::Rejected, Failure::Lost] {
        let (stage, _, receiver, platform) = linked().await;
        let worker = platform.worker("unlucky").await;
        stage.wire.fail_call("TransactWriteItems", 0, failure);
        let first = worker.send_json(Method::POST, &resume()).await;
        stage.clear_faults();
        if first.status != 200 {
            worker.send_json(Method::POST, &resume()).await;
        }
        let id = em_id(&worker).await;
        assert_eq!(sent(&stage, &receiver).await, [moved(&platform, &id, None, 1, AT)], "{failure:?}");
        stage.wire.fail_call("TransactWriteItems", 0, failure);
        let mut decision = approval();
        (decision["em_id"], decision["version"], decision["by"]) = (id.clone(), 1.into(), "zhangsan".into());
        platform.command("approve_application", decision.clone()).await;
        stage.clear_faults();
        assert_eq!(platform.command("approve_application", decision).await["status"], 2);
        assert_eq!(sent(&stage, &receiver).await, [moved(&platform, &id, Some(1), 2, AT)], "{failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_decisions_at_once_the_one_that_is_made_is_the_only_event() {
    let (stage, _, receiver, platform) = linked().await;
    let id = apply(&platform.worker("wanted").await).await;
    sent(&stage, &receiver).await;
    let decisions = (0..16).map(|number| {
        let (platform, id) = (platform.clone(), id.clone());
        async move {
            let mut event = if number % 2 == 0 { approval() } else { json!({"reason": "照片不清楚"}) };
            let command = if number % 2 == 0 { "approve_application" } else { "reject_application" };
            (event["em_id"], event["version"], event["by"]) = (id, 1.into(), format!("staff-{number}").into());
            platform.command(command, event).await
        }
    });
    let made: Vec<Value> = join_all(decisions).await.into_iter().filter(|made| made["version"] == 2).collect();
    assert_eq!(made.len(), 1, "{made:?}");
    let to = u8::try_from(made[0]["status"].as_u64().unwrap()).unwrap();
    assert_eq!(sent(&stage, &receiver).await, [moved(&platform, &id, Some(1), to, AT)]);
}
