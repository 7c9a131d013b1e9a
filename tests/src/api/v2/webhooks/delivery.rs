//! When events are sent: once, in order, again after failures, and until a receiver has failed for three days.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{EVERY_TYPE, PATH, department, done, listed, opened, put};
use crate::support::product::{Product, rejection};
use crate::support::receiver::{Reaction, Received, Receiver};
use crate::support::{Response, Stage};

/// The attempts of an event without their durations, which it checks.
fn attempts(event: &Value) -> Vec<Value> {
    let mut attempts = event["attempts"].as_array().expect("attempts").clone();
    for attempt in &mut attempts {
        let milliseconds = attempt.as_object_mut().and_then(|members| members.shift_remove("milliseconds"));
        assert!(milliseconds.is_some_and(|time| time.as_u64().is_some_and(|time| time < 5000)), "{event}");
    }
    attempts
}

async fn state(product: &Product) -> Response {
    let response = product.get(PATH, Value::Null).await;
    let (state, stopped_at) = (response.body["state"].clone(), response.body["stopped_at"].clone());
    Response { status: response.status, body: json!([state, stopped_at]) }
}

#[tokio::test]
async fn a_delivered_event_is_listed_with_its_attempt_and_sent_once() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
    receiver.take();
    receiver.reacts(&[Reaction::Answer(201, "thank you")]);
    product.imports("departments", &[department(7, "部门")]).await;
    stage.address.settle_events().await;
    stage.address.settle_events().await;
    let calls = receiver.take();
    assert_eq!(calls.len(), 1);
    let events = listed(&product).await;
    let mut event = events[0].clone();
    assert_eq!(product.get(&format!("/api/v2/webhooks/events/{}", calls[0].id()), Value::Null).await.body, event);
    let attempt = json!({"at": "2024-01-15T10:30:00Z", "status": 201, "failure": null, "body": "thank you"});
    assert_eq!(attempts(&event), [attempt]);
    event["attempts"] = Value::Null;
    let expected = json!({
        "event_id": calls[0].id(), "event_type": "department_created",
        "object": {"kind": "department", "id": format!("{:032x}", 7)}, "state": "delivered",
        "created_at": "2024-01-15T10:30:00Z", "attempts": null,
    });
    assert_eq!(event, expected);
    assert_eq!(events.len(), 2, "with webhook_open");
}

#[tokio::test]
async fn a_failed_event_is_sent_again_with_the_same_id_and_holds_up_only_its_own_object() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
    receiver.take();
    receiver.reacts(&[Reaction::Answer(500, "no")]);
    product.imports("departments", &[department(1, "一")]).await;
    stage.address.settle_events().await;
    product.imports("departments", &[department(1, "二"), department(2, "二")]).await;
    stage.address.settle_events().await;
    let first = receiver.take();
    let names = |calls: &[Received]| {
        let name = |event: Value| (event["event_type"].clone(), event["data"]["department"]["name"].clone());
        calls.iter().map(|call| name(call.event())).collect::<Vec<_>>()
    };
    // The receiver fails as a whole: it is asked after its wait, once, and then gets all.
    assert_eq!(names(&first), [(json!("department_created"), json!("一"))]);
    stage.clock.advance(SignedDuration::from_secs(4));
    stage.address.settle_events().await;
    assert_eq!(receiver.take().len(), 0, "the first wait is five seconds");
    stage.clock.advance(SignedDuration::from_secs(3));
    stage.address.settle_events().await;
    let second = receiver.take();
    let mut sent = names(&second);
    sent.sort_by_key(|(event_type, name)| (event_type.to_string(), name.to_string()));
    let expected = [("department_created", "二"), ("department_created", "二"), ("department_updated", "二")];
    assert_eq!(sent, expected.map(|(event_type, name)| (json!(event_type), json!(name))));
    let created: Vec<&str> = second.iter().filter(|call| call.id() == first[0].id()).map(Received::id).collect();
    assert_eq!(created.len(), 1, "the same id");
    let place = |event_type: &str| {
        let is_first = |event: &Value| event["data"]["department"]["uuid"] == department(1, "")["uuid"];
        second.iter().position(|call| call.event()["event_type"] == event_type && is_first(&call.event()))
    };
    assert!(place("department_created") < place("department_updated"));
    let attempted = listed(&product).await.into_iter().find(|event| event["event_id"] == first[0].id()).unwrap();
    let statuses: Vec<Value> = attempts(&attempted).iter().map(|attempt| attempt["status"].clone()).collect();
    assert_eq!((statuses, &attempted["state"]), (vec![json!(500), json!(200)], &json!("delivered")));
}

#[tokio::test]
async fn one_event_that_fails_does_not_hold_up_those_of_other_objects() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
    receiver.take();
    let rows: Vec<Value> = (1..=200).map(|number| department(number, "部门")).collect();
    product.imports("departments", &rows).await;
    receiver.reacts(&[Reaction::Answer(200, ""), Reaction::Answer(503, "")]);
    stage.address.settle_events().await;
    assert_eq!(receiver.take().len(), 200);
    let waiting = listed_all(&product).await.into_iter().filter(|event| event["state"] == "waiting").count();
    assert_eq!(waiting, 1);
    stage.clock.advance(SignedDuration::from_secs(7));
    stage.address.settle_events().await;
    assert_eq!(receiver.take().len(), 1);
}

/// All events, over several pages.
async fn listed_all(product: &Product) -> Vec<Value> {
    let (mut events, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let response = product.get("/api/v2/webhooks/events", json!({"page_size": 100, "cursor": cursor})).await;
        events.extend(response.body["events"].as_array().expect("events").clone());
        cursor = response.body["nextCursor"].clone();
        if cursor.is_null() {
            return events;
        }
    }
}

/// Whether the receiver is called again within this time, up to the given factor of tolerance.
async fn called_after(stage: &Stage, receiver: &Receiver, seconds: i64) -> bool {
    stage.clock.advance(SignedDuration::from_secs(seconds));
    stage.address.settle_events().await;
    // The schedule takes what is scheduled behind the longest delay of the queue.
    stage.address.invoke("hris-events", &json!({})).await;
    stage.address.settle_events().await;
    !receiver.take().is_empty()
}

#[tokio::test]
async fn waits_grow_to_eight_hours_and_after_three_days_the_webhook_is_disabled_until_it_is_put_again() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
    receiver.take();
    receiver.always(Reaction::Answer(500, ""));
    product.imports("departments", &[department(1, "一")]).await;
    stage.address.settle_events().await;
    assert_eq!(receiver.take().len(), 1);
    let begun = stage.clock_seconds();
    // The waits of the design page, each with up to a fifth more, and a minute until the schedule finds a long one.
    let mut waits = vec![5, 30, 120, 600, 1800, 3600, 7200, 14400];
    waits.resize(20, 28800);
    for (attempt, wait) in (2..).zip(waits) {
        assert!(!called_after(&stage, &receiver, wait - 1).await, "attempt {attempt} comes too early");
        assert!(called_after(&stage, &receiver, 62 + wait / 5).await, "attempt {attempt} does not come");
        if stage.clock_seconds() - begun >= 3 * 86400 {
            break;
        }
        assert_eq!(state(&product).await.body, json!(["active", null]));
    }
    let stopped = product.get(PATH, Value::Null).await;
    assert_eq!(stopped.body["state"], "disabled", "{stopped:?}");
    assert!(stage.take_lines().iter().any(|line| line.contains("\"webhooks_disabled\":1")), "its metric");
    let calls = async || {
        stage.address.settle_events().await;
        stage.address.invoke("hris-events", &json!({})).await;
        stage.address.settle_events().await;
        receiver.take().len()
    };
    stage.clock.advance(SignedDuration::from_hours(24));
    product.imports("departments", &[department(2, "二")]).await;
    assert_eq!(calls().await, 0, "nothing is sent to a disabled webhook");
    receiver.always(Reaction::Answer(200, ""));
    put(
        &product,
        json!({"address": receiver.address, "event_types": EVERY_TYPE, "scopes": ["employees", "approvals", "sensitive"]}),
    )
    .await;
    assert_eq!(state(&product).await.body, json!(["active", null]));
    assert_eq!(calls().await, 2, "what waited is sent");
}

#[tokio::test]
async fn a_receiver_chooses_a_longer_wait_and_ends_the_webhook_with_410() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
    receiver.take();
    receiver.reacts(&[Reaction::Head("429 Too Many Requests\r\nretry-after: 300")]);
    product.imports("departments", &[department(1, "一")]).await;
    stage.address.settle_events().await;
    receiver.take();
    assert!(!called_after(&stage, &receiver, 299).await);
    assert!(called_after(&stage, &receiver, 62).await);

    receiver.reacts(&[Reaction::Answer(410, "")]);
    product.imports("departments", &[department(2, "二")]).await;
    stage.address.settle_events().await;
    assert_eq!(state(&product).await.body[0], "disabled");
}

#[tokio::test]
async fn the_contact_of_a_disabled_webhook_gets_at_most_three_messages_a_day() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let receiver = Receiver::open().await;
    let contact = "13800138001";
    let settings = json!({"address": receiver.address, "event_types": ["webhook_open"], "contact_mobile": contact});
    let wrong = json!({"address": receiver.address, "event_types": ["webhook_open"], "contact_mobile": "110"});
    assert_eq!(put(&product, wrong).await, rejection(422, 2002, "contact_mobile must be a mobile number"));
    receiver.always(Reaction::Answer(410, ""));
    let text = format!(
        "【工桥】「{}」在彩程的事件推送已停用：接收地址三天没有成功，或应答了 410。修复后请重新设置。",
        product.product_id
    );
    for (stop, messages) in (1..=4).zip([1, 2, 3, 3]) {
        stage.clock.advance(SignedDuration::from_mins(1));
        assert_eq!(put(&product, settings.clone()).await.body["state"], "active");
        assert_eq!(product.post("/api/v2/webhooks/tests", Value::Null).await, done());
        stage.address.settle_events().await;
        assert_eq!(state(&product).await.body[0], "disabled", "stop {stop}");
        assert_eq!(stage.address.messages(contact).await, vec![text.clone(); messages], "stop {stop}");
    }
    stage.clock.advance(SignedDuration::from_hours(24));
    let removed = json!({"address": receiver.address, "event_types": ["webhook_open"]});
    assert_eq!(put(&product, removed).await.body["contact_mobile"], Value::Null);
    assert_eq!(product.post("/api/v2/webhooks/tests", Value::Null).await, done());
    stage.address.settle_events().await;
    assert_eq!(state(&product).await.body[0], "disabled");
    assert_eq!(stage.address.messages(contact).await.len(), 3, "without a contact no message is sent");
}

#[tokio::test]
async fn a_disabled_access_key_or_product_stops_the_events_until_it_is_enabled() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
    receiver.take();
    for (off, on, field, id) in [
        ("disable_access_key", "enable_access_key", "access_key", &product.access_key),
        ("disable_product", "enable_product", "product_id", &product.product_id),
    ] {
        product.command(json!({"command": off, field: id})).await;
        product.imports("departments", &[department(1, off)]).await;
        stage.address.settle_events().await;
        assert_eq!(receiver.take().len(), 0, "{off}");
        product.command(json!({"command": on, field: id})).await;
        assert!(called_after(&stage, &receiver, 3700).await, "{on}");
    }
}

#[tokio::test]
async fn an_event_is_replayed_and_all_since_a_time_with_their_ids() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
    let open = receiver.take()[0].id().to_owned();
    stage.clock.advance(SignedDuration::from_secs(60));
    product.imports("departments", &(1..=100).map(|number| department(number, "部门")).collect::<Vec<_>>()).await;
    stage.address.settle_events().await;
    let mut sent: Vec<String> = receiver.take().iter().map(|call| call.id().to_owned()).collect();
    let replay = format!("/api/v2/webhooks/events/{open}/replay");
    assert_eq!(product.post(&replay, Value::Null).await, done());
    assert_eq!(product.post(&replay, Value::Null).await, done(), "a replay of the call");
    stage.address.settle_events().await;
    let calls = receiver.take();
    assert_eq!(calls.iter().map(Received::id).collect::<Vec<_>>(), [open.as_str()]);
    let shown = product.get(&format!("/api/v2/webhooks/events/{open}"), Value::Null).await;
    assert_eq!((attempts(&shown.body).len(), &shown.body["state"]), (2, &json!("delivered")));

    assert_eq!(product.post("/api/v2/webhooks/replays", json!({"since": "2024-01-15T10:31:00Z"})).await, done());
    stage.address.settle_events().await;
    let mut again: Vec<String> = receiver.take().iter().map(|call| call.id().to_owned()).collect();
    sent.sort();
    again.sort();
    assert_eq!(again, sent, "all but the first event");

    let missing = rejection(404, 1102, "event_id does not exist");
    for id in ["evt_1", &format!("evt_{:027}", 1)] {
        assert_eq!(product.get(&format!("/api/v2/webhooks/events/{id}"), Value::Null).await, missing, "{id}");
        assert_eq!(product.post(&format!("/api/v2/webhooks/events/{id}/replay"), Value::Null).await, missing, "{id}");
    }
    for since in ["2023-12-16T10:30:59Z", "2024-01-15T10:32:00Z"] {
        let response = product.post("/api/v2/webhooks/replays", json!({"since": since})).await;
        assert_eq!(response, rejection(422, 2002, "since must be within the last 30 days"), "{since}");
    }
}

#[tokio::test]
async fn a_deleted_webhook_gets_nothing_more_and_its_events_are_gone() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE).await;
    receiver.take();
    receiver.always(Reaction::Answer(500, ""));
    product.imports("departments", &[department(1, "一")]).await;
    stage.address.settle_events().await;
    assert_eq!(receiver.take().len(), 1);
    assert_eq!(product.call(Method::DELETE, PATH, Value::Null).await, done());
    stage.address.settle_events().await;
    assert!(!called_after(&stage, &receiver, 100).await);
    let left = stage.items("credentials").await.into_iter().filter(|item| {
        let pk = item["pk"]["S"].as_str().unwrap();
        pk.contains("#events#") || pk.contains("#waiting#") || pk.contains("#change#")
    });
    assert_eq!(left.count(), 0);
    // Another webhook of the product has events of its own.
    receiver.always(Reaction::Answer(200, ""));
    super::subscribe(&product, &receiver, &EVERY_TYPE[..1]).await;
    stage.address.settle_events().await;
    assert_eq!(listed(&product).await.len(), 1);
}
