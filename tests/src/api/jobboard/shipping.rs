//! Deliveries: the clean-up reports each granted order to WeChat once (docs/design/jobboard.md, Deliveries).

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::{Board, User};
use crate::support::{Stage, fetch};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// How many orders a run of the clean-up reported, and at how many it failed.
async fn swept(board: &Board) -> (u64, u64) {
    let run = board.address.invoke("ops-cleanup", &json!({})).await.body;
    assert_eq!(run["orders"]["failed"], 0, "{run}");
    (run["shipping"]["done"].as_u64().expect("a number"), run["shipping"]["failed"].as_u64().expect("a number"))
}

/// What WeChat knows: the reports, and the numbers of queries and reports.
async fn known(board: &Board) -> Value {
    fetch(board.http.get(format!("{}/simulate/shipping", board.address.wechat_url))).await.body
}

/// How often the system queried whether WeChat manages the trade, and how often it reported a delivery.
async fn calls(board: &Board) -> (u64, u64) {
    let known = known(board).await;
    (known["questions"].as_u64().expect("a number"), known["reports"].as_u64().expect("a number"))
}

/// The next call of this path fails.
async fn fail(board: &Board, path: &str, errcode: i64) {
    let url = format!("{}/simulate/errcode?next={errcode}&path={path}", board.address.wechat_url);
    fetch(board.http.get(url)).await;
}

async fn shown(board: &Board, order: &str) -> Value {
    board.command("show_order", json!({"order_no": order})).await
}

async fn shipping(board: &Board, order: &str) -> Value {
    shown(board, order).await["shipping"].clone()
}

fn status(status: &str, attempts: u32, report_at: Option<&str>, errcode: Option<i64>) -> Value {
    json!({"status": status, "attempts": attempts, "report_at": report_at, "errcode": errcode})
}

/// A user with a paid order.
async fn paid(stage: &Stage) -> (User, String) {
    let user = Board::of(&stage.address).join().await;
    let order = user.order_voucher().await;
    assert_eq!(user.board.pay(&order).await, json!({"notified_status": 200}));
    (user, order)
}

#[tokio::test]
async fn a_granted_order_is_reported_once() {
    let stage = Stage::open().await;
    let (user, order) = paid(&stage).await;
    let board = &user.board;
    let unpaid = user.order_voucher().await;
    assert_eq!(shipping(board, &unpaid).await, Value::Null);
    assert_eq!(shipping(board, &order).await, status("to_report", 0, Some("2024-01-15T18:31:00+08:00"), None));
    assert_eq!(swept(board).await, (0, 0));
    stage.clock.advance(MINUTE);
    let runs = join_all((0..4).map(|_| swept(board))).await;
    assert!(runs.iter().all(|(_, failed)| *failed == 0), "{runs:?}");
    assert_eq!(swept(board).await, (0, 0));
    let payment = shown(board, &order).await["transaction_id"].clone();
    let placed = fetch(board.http.get(format!("{}/simulate/pay_requests", board.address.wechat_url))).await.body;
    let prepaid: Value = serde_json::from_str(placed[0]["body"].as_str().expect("a body")).expect("JSON");
    let report = json!({
        "order_key": {"order_number_type": 2, "transaction_id": payment}, "logistics_type": 3, "delivery_mode": 1,
        "shipping_list": [{"item_desc": "联系券 1 张"}], "upload_time": "2024-01-15T18:30:00.000+08:00",
        "payer": prepaid["payer"],
    });
    assert_eq!(known(board).await["accepted"], json!([report]));
    assert_eq!(shipping(board, &order).await, status("reported", 0, None, None));
    let timeline = shown(board, &order).await["timeline"].clone();
    let events: Vec<&Value> = timeline.as_array().expect("entries").iter().map(|entry| &entry["event"]).collect();
    assert_eq!(events, ["created", "prepaid", "notified", "granted", "shipping_reported"]);
}

#[tokio::test]
async fn each_kind_of_order_has_its_description_and_the_question_is_asked_once_an_hour() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    let job = user.post_job(json!({})).await;
    let buy = async |path: &str, body: Value| {
        let order = user.order(path, body).await;
        board.pay(order["order_no"].as_str().expect("a number")).await;
        stage.clock.advance(MINUTE);
        assert_eq!(swept(&board).await, (1, 0));
    };
    buy("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await;
    buy("/jobs/refresh/pay", json!({"job_id": job, "price": 1.99})).await;
    assert_eq!(calls(&board).await, (1, 2));
    stage.clock.advance(SignedDuration::from_hours(1));
    buy("/contact_voucher/buy", json!({"price": 3.99, "contact_voucher_num": 1})).await;
    assert_eq!(calls(&board).await, (2, 3));
    let accepted = known(&board).await["accepted"].clone();
    let descriptions: Vec<&Value> =
        accepted.as_array().expect("reports").iter().map(|report| &report["shipping_list"][0]["item_desc"]).collect();
    assert_eq!(descriptions, ["置顶招聘信息 72 小时", "刷新招聘信息", "联系券 1 张"]);
}

#[tokio::test]
async fn a_mini_program_whose_trade_is_not_managed_reports_nothing() {
    let stage = Stage::open().await;
    let (user, order) = paid(&stage).await;
    let board = &user.board;
    board.simulate("shipping", &json!({"is_managed": false})).await;
    stage.clock.advance(MINUTE);
    assert_eq!(swept(board).await, (1, 0));
    assert_eq!(calls(board).await, (1, 0));
    assert_eq!(shipping(board, &order).await, status("not_needed", 0, None, None));
    stage.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(swept(board).await, (0, 0));
}

#[tokio::test]
async fn a_report_that_is_not_accepted_is_repeated_at_growing_intervals() {
    let stage = Stage::open().await;
    let (user, order) = paid(&stage).await;
    let board = &user.board;
    stage.clock.advance(MINUTE);
    fail(board, "upload_shipping_info", 10_060_001).await;
    assert_eq!(swept(board).await, (0, 1));
    let waiting = status("to_report", 1, Some("2024-01-15T18:41:00+08:00"), Some(10_060_001));
    assert_eq!(shipping(board, &order).await, waiting);
    stage.clock.advance(SignedDuration::from_mins(9));
    assert_eq!(swept(board).await, (0, 0));
    stage.clock.advance(MINUTE);
    // The answer to the question is a minute short of an hour old.
    stage.clock.advance(SignedDuration::from_mins(49));
    assert_eq!(calls(board).await, (1, 1));
    stage.clock.advance(MINUTE);
    fail(board, "is_trade_managed", -1).await;
    assert_eq!(swept(board).await, (0, 1));
    assert_eq!(calls(board).await, (2, 1));
    let waiting = status("to_report", 2, Some("2024-01-15T19:51:00+08:00"), Some(-1));
    assert_eq!(shipping(board, &order).await, waiting);
    stage.clock.advance(SignedDuration::from_mins(20));
    // WeChat rejects the access token, which is replaced.
    fetch(board.http.get(format!("{}/simulate/reject_token", board.address.wechat_url))).await;
    assert_eq!(swept(board).await, (1, 0));
    assert_eq!(shipping(board, &order).await, status("reported", 2, None, Some(-1)));
}

#[tokio::test]
async fn wechat_knows_of_a_report_whose_response_was_lost() {
    let stage = Stage::open().await;
    for errcode in [10_060_002, 10_060_003, 10_060_023] {
        let (user, order) = paid(&stage).await;
        stage.clock.advance(MINUTE);
        fail(&user.board, "upload_shipping_info", errcode).await;
        assert_eq!(swept(&user.board).await, (1, 0), "{errcode}");
        assert_eq!(shipping(&user.board, &order).await, status("reported", 0, None, None));
    }
}

#[tokio::test]
async fn after_twenty_failures_a_person_must_report_it() {
    let stage = Stage::open().await;
    let (user, order) = paid(&stage).await;
    let board = &user.board;
    let review = async || board.command("list_orders_to_review", json!({})).await["list"].clone();
    stage.clock.advance(MINUTE);
    for attempt in 1..=20 {
        assert_eq!(review().await, json!([]), "{attempt}");
        stage.take_lines();
        fail(board, "upload_shipping_info", 10_060_031).await;
        assert_eq!(swept(board).await, (0, 1), "{attempt}");
        stage.clock.advance(SignedDuration::from_hours(24));
    }
    let lines = stage.take_lines().into_iter().filter(|line| line.contains("\"orders_to_review\":"));
    let [metric] = &lines.map(|line| serde_json::from_str(&line).expect("JSON")).collect::<Vec<Value>>()[..] else {
        panic!("not one metric")
    };
    let counted = json!([metric["function"], metric["reason"], metric["orders_to_review"]]);
    assert_eq!(counted, json!(["ops-cleanup", "shipping_failed", 1.0]));
    assert_eq!(swept(board).await, (0, 0));
    assert_eq!(shipping(board, &order).await, status("failed", 20, None, Some(10_060_031)));
    let timeline = shown(board, &order).await["timeline"].clone();
    let last = timeline.as_array().and_then(|entries| entries.last()).expect("an entry");
    assert_eq!((&last["event"], &last["reported"]), (&json!("shipping_failed"), &json!("10060031")));
    let listed = review().await;
    assert_eq!((&listed[0]["order_no"], &listed[0]["reason"]), (&json!(order), &json!("shipping_failed")));
    // A report about the money is more important.
    board.simulate("refund", &json!({"out_trade_no": order, "status": "ABNORMAL"})).await;
    assert_eq!(review().await[0]["reason"], "failed_refund");
    let note = json!({"order_no": order, "note": "已在小程序后台录入", "ends_review": true, "by": "zhangsan"});
    board.command("note_order", note).await;
    assert_eq!(review().await, json!([]));
}

#[tokio::test]
async fn money_that_goes_back_is_not_reported() {
    let stage = Stage::open().await;
    let (user, order) = paid(&stage).await;
    let board = &user.board;
    // The refund is not settled yet; then it is closed, and the order is paid again.
    board.simulate("refund_result", &json!({"out_trade_no": order, "after_seconds": 1_000_000})).await;
    board.command("refund_order", json!({"order_no": order, "reason": "用户申请", "by": "zhangsan"})).await;
    stage.clock.advance(MINUTE + MINUTE);
    assert_eq!(swept(board).await, (0, 0));
    board.simulate("notify_refund", &json!({"out_refund_no": format!("{order}R01"), "status": "CLOSED"})).await;
    assert_eq!(swept(board).await, (1, 0));
    assert_eq!(shipping(board, &order).await["status"], "reported");

    let (other, refunded) = paid(&stage).await;
    board.command("refund_order", json!({"order_no": refunded, "reason": "用户申请", "by": "zhangsan"})).await;
    board.simulate("notify_refund", &json!({"out_refund_no": format!("{refunded}R01"), "status": "SUCCESS"})).await;
    assert_eq!(other.order_status(&refunded).await, "refunded");
    // A part that stays is reported.
    let (_, partly) = paid(&stage).await;
    board.command("refund_order", json!({"order_no": partly, "amount": 1, "reason": "用户申请", "by": "zhangsan"})).await;
    board.simulate("notify_refund", &json!({"out_refund_no": format!("{partly}R01"), "status": "SUCCESS"})).await;
    // So is not what was never granted.
    let job = user.post_job(json!({})).await;
    let top = user.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await;
    user.post("/job/close", &json!({"job_id": job})).await;
    board.pay(top["order_no"].as_str().expect("a number")).await;
    stage.clock.advance(MINUTE);
    assert_eq!(swept(board).await, (1, 0));
    let states = [shipping(board, &refunded).await, shipping(board, &partly).await].map(|shown| shown["status"].clone());
    assert_eq!(states, [json!("to_report"), json!("reported")]);
    assert_eq!(shipping(board, top["order_no"].as_str().expect("a number")).await, Value::Null);
}

#[tokio::test]
async fn an_order_of_an_erased_user_or_of_an_earlier_version_is_not_reported() {
    let stage = Stage::open().await;
    let (user, order) = paid(&stage).await;
    let (_, earlier) = paid(&stage).await;
    let board = &user.board;
    let items = stage.items("jobboard").await;
    let id = shown(board, &earlier).await["order_id"].to_string();
    let mut item = items.into_iter().find(|item| item["pk"]["S"] == format!("order#{id}")).expect("the order");
    for attribute in ["shipping", "due", "due_at"] {
        assert!(item.as_object_mut().unwrap().remove(attribute).is_some(), "{attribute}");
    }
    stage.database("PutItem", &json!({"TableName": "jobboard", "Item": item})).await;
    let erase = json!({"objects": [format!("jobboard/user/{}", user.id)], "reason": "本人申请", "by": "zhangsan"});
    assert_eq!(board.command("erase_person", erase).await.get("errorType"), None);
    stage.clock.advance(MINUTE);
    assert_eq!(swept(board).await, (1, 0));
    assert_eq!(calls(board).await, (0, 0));
    assert_eq!(shipping(board, &earlier).await, Value::Null);
    assert_eq!(shipping(board, &order).await, status("failed", 0, None, None));
    let listed = board.command("list_orders_to_review", json!({})).await["list"].clone();
    assert_eq!((&listed[0]["order_no"], &listed[0]["reason"]), (&json!(order), &json!("shipping_failed")));
}
