//! `ops-outbox`: the messages of the consent page are sent after the response, and neither calls nor items reveal whose phone it is.

use std::collections::BTreeMap;

use futures::future::join_all;
use jiff::SignedDuration;
use local::wire::Service;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::consent::{App, Browser, CALLBACK, Page};
use crate::support::product::{MOBILE, Product, body};
use crate::support::wire::Failure;

const STRANGER: &str = "13900000000";
const NEWS: &str = "【工桥】您已同意「考勤助手」读取彩程的人事数据（含敏感信息），最晚到 2024-04-14。如非本人操作或要撤回，请联系工桥客服停用该应用。";

async fn opened(stage: &Stage) -> (Product, App) {
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    let app = product.app().await;
    (product, app)
}

/// The stored messages.
async fn stored(stage: &Stage) -> Vec<Value> {
    stage.items("credentials").await.into_iter().filter(|item| item["sk"]["S"] == "outbox").collect()
}

/// The events of the stream for these items.
fn inserted(items: &[Value]) -> Value {
    let record = |item: &Value| json!({"eventName": "INSERT", "dynamodb": {"Keys": {"pk": item["pk"], "sk": item["sk"]}}});
    json!({"Records": items.iter().map(record).collect::<Vec<_>>()})
}

fn swept(done: u64, failed: u64) -> Value {
    json!({"done": done, "failed": failed, "is_cut_short": false})
}

/// What an observer of the table sees of an item: its attributes, and the length of each.
fn shape(item: &Value) -> BTreeMap<String, (String, usize)> {
    let members = item.as_object().expect("an item").iter();
    let length = |value: &Value| {
        value.as_object().expect("a value").iter().next().map(|(kind, text)| (kind.clone(), text.to_string().len()))
    };
    members.map(|(name, value)| (name.clone(), length(value).expect("a value"))).collect()
}

/// The page without what is random.
fn plain(page: &Page, mobile: &str) -> (u16, String) {
    let nonce = page.html.split("nonce=\"").nth(1).and_then(|text| text.split('"').next()).expect("a nonce");
    let html = page.html.replace(nonce, "nonce").replace(&page.field("attempt"), "attempt").replace(mobile, "mobile");
    (page.status, html)
}

#[tokio::test]
async fn a_strangers_request_makes_the_calls_and_the_items_of_an_employees_and_no_message_before_the_response() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut observed = Vec::new();
    for mobile in [MOBILE, STRANGER] {
        let mut browser = Browser::new(&app);
        let form = browser.open("").await;
        let before = stage.items("credentials").await;
        stage.wire.take_seen();
        stage.wire.take_units();
        let page = browser.press(&form, "send", &[("mobile", mobile)]).await;
        let (seen, units) = (stage.wire.take_seen(), stage.wire.take_units());
        assert!(seen.iter().all(|call| call.service == Service::DynamoDb), "{seen:?}");
        let operations: Vec<String> = seen.into_iter().map(|call| call.operation).collect();
        let items = stage.items("credentials").await;
        let new = items.iter().filter(|item| !before.contains(item) && item["sk"]["S"] != "count");
        let mut shapes: Vec<_> =
            new.filter(|item| item["sk"]["S"] == "consent" || item["sk"]["S"] == "outbox").map(shape).collect();
        shapes.sort_by_key(BTreeMap::len);
        assert_eq!(shapes.len(), 2, "{items:?}");
        observed.push((operations, units, shapes, plain(&page, mobile)));
    }
    assert_eq!(observed[0], observed[1]);
    assert_eq!(observed[0].0.last().map(String::as_str), Some("TransactWriteItems"));
    assert_eq!((stage.address.messages(MOBILE).await.len(), stage.address.messages(STRANGER).await.len()), (1, 0));
    assert_eq!(stored(&stage).await, Vec::<Value>::new(), "both are removed");
}

#[tokio::test]
async fn a_message_is_sealed_until_it_is_sent_and_then_removed() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    Browser::new(&app).request_code(MOBILE, "").await;
    let waiting = stored(&stage).await;
    assert_eq!(waiting.len(), 1);
    let shown = waiting[0].to_string();
    assert!(!shown.contains(MOBILE) && !shown.contains("验证码") && !shown.contains("考勤助手"), "{shown}");
    let response = stage.address.invoke("ops-outbox", &inserted(&waiting)).await;
    assert_eq!(response, body(swept(1, 0)));
    assert_eq!(stored(&stage).await, Vec::<Value>::new());
    // The stream may report a record twice.
    assert_eq!(stage.address.invoke("ops-outbox", &inserted(&waiting)).await, body(swept(0, 0)));
    assert_eq!(stage.address.messages(MOBILE).await.len(), 1);
}

#[tokio::test]
async fn a_failure_of_sns_is_not_noticed_and_the_message_is_sent_later() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut pages = Vec::new();
    for mobile in [MOBILE, STRANGER] {
        stage.wire.fail_call("Publish", 0, Failure::Rejected);
        pages.push(plain(&Browser::new(&app).request_code(mobile, "").await, mobile));
        assert_eq!(stage.address.messages(mobile).await, Vec::<String>::new());
        stage.clear_faults();
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(stored(&stage).await.len(), 1);
    let sweep = async || stage.address.invoke("ops-outbox", &json!({})).await;
    stage.clock.advance(SignedDuration::from_secs(29));
    assert_eq!(sweep().await, body(swept(0, 0)), "the first attempt may still be running");
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(sweep().await, body(swept(1, 0)));
    assert_eq!(stage.address.messages(MOBILE).await.len(), 1);
    assert_eq!(stored(&stage).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_message_is_tried_five_times_and_not_after_its_code_has_expired() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let sweep = async || stage.address.invoke("ops-outbox", &json!({})).await;
    Browser::new(&app).request_code(MOBILE, "").await;
    for attempt in 1..=5 {
        stage.clock.advance(SignedDuration::from_secs(30));
        stage.wire.fail_call("Publish", 0, Failure::Rejected);
        assert_eq!(sweep().await, body(swept(0, 1)), "{attempt}");
        assert_eq!(stage.clear_faults(), 0);
    }
    stage.clock.advance(SignedDuration::from_secs(30));
    stage.wire.take_seen();
    assert_eq!(sweep().await, body(swept(1, 0)), "it is dropped");
    assert!(stage.wire.take_seen().iter().all(|call| call.service == Service::DynamoDb));

    Browser::new(&app).request_code(MOBILE, "").await;
    stage.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(sweep().await, body(swept(1, 0)));
    assert_eq!((stored(&stage).await, stage.address.messages(MOBILE).await), (Vec::new(), Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_concurrent_deliveries_send_a_message_once() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    Browser::new(&app).request_code(MOBILE, "").await;
    let event = inserted(&stored(&stage).await);
    let responses = join_all((0..20).map(|_| stage.address.invoke("ops-outbox", &event))).await;
    assert!(responses.iter().all(|response| response.status == 200), "{responses:?}");
    assert_eq!(stage.address.messages(MOBILE).await.len(), 1);
    assert_eq!(stored(&stage).await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_message_after_a_consent_names_the_app_the_data_the_end_and_the_withdrawal() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let page = browser.request_code(MOBILE, "").await;
    let code = stage.address.code(MOBILE).await;
    for _ in 0..2 {
        assert_eq!(browser.consent(&page, &code).await.called_back(CALLBACK).len(), 1);
    }
    let messages = stage.address.messages(MOBILE).await;
    assert_eq!((messages.len(), messages[1].as_str()), (2, NEWS), "a button that is pressed twice sends one message");
}
