//! Receivers that are slow, cut off, redirect or move to a private address, and processes that end in the middle: nothing is lost, and a
//! repetition has the same id.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{EVERY_TYPE, department, listed, opened, put, subscribe};
use crate::support::Stage;
use crate::support::product::Product;
use crate::support::receiver::{Reaction, Received, Receiver};
use crate::support::wire::Failure;

/// What the last attempt of the newest event says.
async fn last_attempt(product: &Product) -> Value {
    let events = listed(product).await;
    let attempts = events[0]["attempts"].as_array().expect("attempts");
    let attempt = attempts.last().expect("an attempt");
    json!([attempt["status"], attempt["failure"], attempt["body"]])
}

#[tokio::test]
async fn a_receiver_that_is_cut_off_redirects_or_answers_at_length_has_its_failure_noted() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
    let elsewhere = Receiver::open().await;
    let redirect: &'static str = Box::leak(format!("302 Found\r\nlocation: {}", elsewhere.address).into_boxed_str());
    let long: &'static str = Box::leak("长".repeat(1000).into_boxed_str());
    let beginning: String = "长".repeat(341);
    let cases = [
        (Reaction::CutOff, json!([null, "cut_off", ""])),
        (Reaction::Head(redirect), json!([302, null, ""])),
        // 1,024 bytes: the last character is incomplete.
        (Reaction::Answer(500, long), json!([500, null, format!("{beginning}\u{fffd}")])),
        (Reaction::Answer(404, "no"), json!([404, null, "no"])),
    ];
    for (number, (reaction, expected)) in (1..).zip(cases) {
        receiver.reacts(std::slice::from_ref(&reaction));
        product.imports("departments", &[department(number, "部门")]).await;
        stage.address.settle_events().await;
        assert_eq!(last_attempt(&product).await, expected, "{reaction:?}");
        stage.clock.advance(SignedDuration::from_secs(60));
        stage.address.settle_events().await;
        assert_eq!(listed(&product).await[0]["state"], "delivered");
    }
    assert_eq!(elsewhere.take().len(), 0, "a redirect is not followed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_receiver_times_out_after_five_seconds_and_holds_up_no_other() {
    let (stage, slow, receiver, _) = opened(&EVERY_TYPE).await;
    receiver.always(Reaction::Slow(Duration::from_secs(30)));
    let quick = Product::join_stage(&stage).await;
    let other = Receiver::open().await;
    subscribe(&quick, &other, &EVERY_TYPE).await;
    stage.address.settle_events().await;
    receiver.take();
    other.take();
    let rows: Vec<Value> = (1..=60).map(|number| department(number, "部门")).collect();
    slow.imports("departments", &rows).await;
    quick.imports("departments", &rows).await;
    let begun = Instant::now();
    let settling = tokio::spawn({
        let address = stage.address.clone();
        async move { address.settle_events().await }
    });
    let mut received = Vec::new();
    while received.len() < 60 && begun.elapsed() < Duration::from_secs(4) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        received.extend(other.take());
    }
    assert_eq!(received.len(), 60, "before the first call to the slow one has ended");
    settling.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    assert!(receiver.take().len() <= 60);
    assert_eq!(last_attempt_of_any(&slow).await, json!([null, "timed_out", ""]));
}

async fn last_attempt_of_any(product: &Product) -> Value {
    let events = listed(product).await;
    let attempted = events.iter().find(|event| event["state"] == "waiting" && event["attempts"] != json!([]));
    let attempt = &attempted.expect("an attempt")["attempts"][0];
    json!([attempt["status"], attempt["failure"], attempt["body"]])
}

#[tokio::test]
async fn a_name_that_moves_to_a_private_address_is_not_called() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let receiver = Receiver::open().await;
    let port = receiver.address.rsplit(':').next().unwrap().split('/').next().unwrap();
    let address = format!("https://hook.example.com:{port}/hook");
    stage.names.set("hook.example.com", &["203.0.114.1"]);
    let response = put(&product, json!({"address": address, "event_types": EVERY_TYPE[..1]})).await;
    assert_eq!(response.status, 200, "{response:?}");
    for private in [&["127.0.0.1"][..], &["203.0.114.1", "10.0.0.1"], &["::1"], &["169.254.169.254"]] {
        stage.names.set("hook.example.com", private);
        stage.clock.advance(SignedDuration::from_hours(9));
        stage.address.invoke("hris-events", &json!({})).await;
        stage.address.settle_events().await;
        assert_eq!(last_attempt(&product).await, json!([null, "private", ""]), "{private:?}");
    }
    assert_eq!(receiver.take().len(), 0);
}

/// Lets time pass, in which the queue and the schedule repeat what failed.
async fn recover(stage: &Stage) {
    for _ in 0..4 {
        stage.clock.advance(SignedDuration::from_secs(600));
        stage.address.invoke("hris-events", &json!({})).await;
        stage.address.settle_events().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_anywhere_loses_nothing_and_repeats_with_the_same_id() {
    let mut kinds = BTreeSet::new();
    for failure in [Failure::Rejected, Failure::Lost] {
        for operation in ["TransactWriteItems", "PutItem", "GetItem", "Query", "SendMessage"] {
            for passing in 0.. {
                let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
                receiver.take();
                product.imports("departments", &[department(1, "一"), department(2, "二")]).await;
                stage.wire.fail_call(operation, passing, failure);
                stage.address.settle_events().await;
                if stage.clear_faults() > 0 {
                    break;
                }
                recover(&stage).await;
                let calls = receiver.take();
                let ids: BTreeSet<&str> = calls.iter().map(Received::id).collect();
                let states: Vec<Value> = listed(&product).await.iter().map(|event| event["state"].clone()).collect();
                let case = format!("{operation} {passing} {failure:?}: {calls:?}");
                assert_eq!((ids.len(), states), (2, vec![json!("delivered"); 3]), "{case}");
                assert!(calls.len() <= 4, "{case}");
                kinds.insert((operation, calls.len() > 2));
            }
        }
    }
    assert!(kinds.contains(&("TransactWriteItems", true)), "a lost note repeats an event: {kinds:?}");
    assert!(kinds.iter().any(|(_, repeated)| !repeated), "{kinds:?}");
}

#[tokio::test]
async fn a_change_that_the_stream_does_not_report_is_found_by_the_schedule() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
    receiver.take();
    product.imports("departments", &[department(1, "一")]).await;
    // The stream of this machine loses what it reports to a function that fails.
    stage.wire.fail_call("Query", 0, Failure::Rejected);
    stage.address.settle_events().await;
    assert_eq!((receiver.take().len(), stage.clear_faults()), (0, 0));
    stage.clock.advance(SignedDuration::from_secs(59));
    stage.address.invoke("hris-events", &json!({})).await;
    stage.address.settle_events().await;
    assert_eq!(receiver.take().len(), 0, "the stream still has its time");
    stage.clock.advance(SignedDuration::from_secs(1));
    stage.address.invoke("hris-events", &json!({})).await;
    stage.address.settle_events().await;
    assert_eq!(receiver.take().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_many_records_goes_on_where_its_distribution_ended() {
    for part in 0..3 {
        let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
        receiver.take();
        // One change, whose events need three transactions.
        product.imports("departments", &(1..=98).map(|number| department(number, "部门")).collect::<Vec<_>>()).await;
        stage.wire.fail_call("TransactWriteItems", part, Failure::Lost);
        stage.address.settle_events().await;
        assert_eq!(stage.clear_faults(), 0, "part {part}");
        recover(&stage).await;
        let ids: Vec<String> = receiver.take().iter().map(|call| call.id().to_owned()).collect();
        assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (98, 98), "part {part}");
    }
}

/// Every night, because it takes minutes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes minutes"]
async fn of_a_hundred_thousand_changes_none_is_lost() {
    const CHANGES: u32 = 100_000;
    let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
    receiver.take();
    let (mut seen, mut calls) = (BTreeSet::new(), 0);
    for first in (1..=CHANGES).step_by(2000) {
        let rows: Vec<Value> = (first..first + 2000).map(|number| department(number, "部门")).collect();
        product.imports("departments", &rows).await;
        let failures =
            [Reaction::Answer(500, ""), Reaction::CutOff, Reaction::Head("302 Found\r\nlocation: http://127.0.0.1:1/")];
        receiver.reacts(&[Reaction::Answer(200, "")]);
        receiver.reacts(&failures[..(first / 2000 % 4) as usize]);
        // The process ends between a call and its note.
        stage.wire.fail_call("TransactWriteItems", (first / 200) as usize % 60, Failure::Lost);
        stage.address.settle_events().await;
        stage.clear_faults();
        for call in receiver.take() {
            calls += 1;
            seen.insert(call.id().to_owned());
        }
    }
    for _ in 0..10 {
        recover(&stage).await;
        for call in receiver.take() {
            calls += 1;
            seen.insert(call.id().to_owned());
        }
    }
    assert_eq!(seen.len(), CHANGES as usize, "each change has one event, with one id");
    assert!(calls > CHANGES as usize, "{calls}: some were repeated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_processes_send_each_event_once_and_in_order() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
    receiver.take();
    for round in 0..5 {
        let rows: Vec<Value> = (1..=30).map(|number| department(number, &format!("部门{round}"))).collect();
        product.imports("departments", &rows).await;
    }
    let changes: Vec<Value> = stage.items("credentials").await.into_iter().filter(|item| item["change"].is_object()).collect();
    assert_eq!(changes.len(), 5);
    let record = |item: &Value| json!({"eventName": "INSERT", "dynamodb": {"Keys": {"pk": item["pk"], "sk": item["sk"]}}});
    let stored = json!({"Records": changes.iter().map(record).collect::<Vec<_>>()});
    let target = json!({"company": product.company, "product": product.product_id}).to_string();
    let sent = json!({"Records": [{"body": target}]});
    let distributed = (0..6).map(|_| stage.address.invoke("hris-events", &stored));
    futures::future::join_all(distributed).await;
    let delivered = (0..6).map(|_| stage.address.invoke("hris-events", &sent));
    futures::future::join_all(delivered).await;
    stage.address.settle_events().await;
    recover(&stage).await;
    let calls = receiver.take();
    let ids: BTreeSet<&str> = calls.iter().map(Received::id).collect();
    assert_eq!((calls.len(), ids.len()), (150, 150), "each event once");
    for number in 1..=30 {
        let uuid = &department(number, "")["uuid"];
        let of_one = calls.iter().filter(|call| call.event()["data"]["department"]["uuid"] == *uuid);
        let ids: Vec<&str> = of_one.map(Received::id).collect();
        assert!(ids.is_sorted() && ids.len() == 5, "{ids:?}");
    }
}
