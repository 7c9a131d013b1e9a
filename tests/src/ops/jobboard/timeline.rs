//! The time line of an order: every genuine notification of WeChat Pay is in it, with its reason if it changed nothing.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::{Board, User};
use crate::support::{Fault, Stage, fetch};

/// When a stage begins.
const AT: &str = "2024-01-15T18:30:00+08:00";

fn entry(event: &str, members: Value) -> Value {
    let mut entry = json!({
        "at": AT, "event": event, "reported": null, "outcome": null, "reason": null, "transaction_id": null,
        "refund_no": null, "by": null, "note": null,
    });
    entry.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    entry
}

fn heard(event: &str, reported: &str, outcome: &str, reason: Value, transaction_id: &Value) -> Value {
    entry(event, json!({"reported": reported, "outcome": outcome, "reason": reason, "transaction_id": transaction_id}))
}

async fn shown(board: &Board, named: Value) -> Value {
    board.command("show_order", named).await
}

async fn timeline(board: &Board, order: &str) -> Value {
    shown(board, json!({"order_no": order})).await["timeline"].clone()
}

async fn again(board: &Board, order: &str, changes: Value) -> u64 {
    let mut request = changes;
    request["out_trade_no"] = order.into();
    board.simulate("notify_again", &request).await.body["notified_status"].as_u64().unwrap()
}

/// A user whose voucher is paid, the number of the order, and that of the payment.
async fn paid(stage: &Stage) -> (User, String, Value) {
    let user = Board::of(&stage.address).join().await;
    let order = user.order_voucher().await;
    user.board.pay(&order).await;
    let payment = shown(&user.board, json!({"order_no": order})).await["transaction_id"].clone();
    assert!(payment.as_str().is_some_and(|id| id.len() == 28), "{payment}");
    (user, order, payment)
}

#[tokio::test]
async fn a_paid_order_is_found_by_each_of_its_numbers_with_what_happened_to_it() {
    let stage = Stage::open().await;
    let (user, order, payment) = paid(&stage).await;
    let board = &user.board;
    let by_number = shown(board, json!({"order_no": order})).await;
    let expected = json!({
        "order_id": by_number["order_id"], "order_no": order, "user_id": user.id, "goods": "voucher", "quantity": 1,
        "job_id": null, "amount": "3.99", "amount_paid": "3.99", "amount_refunded": "0.00", "amount_refundable": "3.99",
        "status": "paid", "refund_due": false, "created_at": AT, "paid_at": AT, "transaction_id": payment, "review": null,
        "shipping": {"status": "to_report", "attempts": 0, "report_at": "2024-01-15T18:31:00+08:00", "errcode": null},
        "refunds": [],
        "timeline": [
            entry("created", json!({})),
            entry("prepaid", json!({})),
            heard("notified", "SUCCESS", "accepted", Value::Null, &payment),
            entry("granted", json!({})),
        ],
    });
    assert_eq!(by_number, expected);
    assert_eq!(shown(board, json!({"transaction_id": payment})).await, expected);
    assert_eq!(shown(board, json!({"order_id": by_number["order_id"]})).await, expected);
    let fails = |kind: &str, message: &str| json!({"errorType": kind, "errorMessage": message});
    for (named, kind, message) in [
        (json!({}), "Invalid", "order_no: or transaction_id or order_id is required, and only one of them"),
        (json!({"order_no": order.replacen("CV", "TOP", 1)}), "NotFound", "order_no: does not exist"),
        (json!({"transaction_id": "42000"}), "NotFound", "transaction_id: does not exist"),
        (json!({"order_id": 7}), "NotFound", "order_id: does not exist"),
    ] {
        assert_eq!(shown(board, named).await, fails(kind, message));
    }
}

#[tokio::test]
async fn a_notification_is_in_the_time_line_once_although_the_response_of_dynamodb_was_lost() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let order = user.order_voucher().await;
    for events in
        [&["created", "prepaid", "notified", "granted"][..], &["created", "prepaid", "notified", "granted", "notified"]]
    {
        // The SDK retries, and its retry conflicts: the next attempt reads what the first one has stored.
        stage.inject_into("TransactWriteItems", &[Fault::ResponseLost, Fault::Conflict]);
        assert_eq!(board.pay(&order).await, json!({"notified_status": 200}));
        assert_eq!(stage.clear_faults(), 0);
        let timeline = timeline(board, &order).await;
        assert_eq!(timeline.as_array().unwrap().iter().map(|entry| &entry["event"]).collect::<Vec<_>>(), events);
    }
}

#[tokio::test]
async fn a_second_and_a_wrong_notification_stay_in_the_time_line_with_their_reasons() {
    let stage = Stage::open().await;
    let (user, order, payment) = paid(&stage).await;
    let board = &user.board;
    let mut expected = timeline(board, &order).await.as_array().unwrap().clone();
    let other_amount = json!({"transaction": {"amount": {"total": 398}}});
    let unknown = json!({"transaction": {"trade_state": "FROZEN"}});
    for (changes, status, entry) in [
        (json!({}), 200, heard("notified", "SUCCESS", "no_effect", json!("already_settled"), &payment)),
        (other_amount, 400, heard("notified", "SUCCESS", "rejected", json!("wrong_amount"), &payment)),
        (
            json!({"transaction": {"trade_state": "NOTPAY"}}),
            200,
            heard("notified", "NOTPAY", "no_effect", json!("not_paid"), &payment),
        ),
        (unknown.clone(), 200, heard("notified", "FROZEN", "to_review", json!("unknown_state"), &payment)),
        (unknown, 200, heard("notified", "FROZEN", "no_effect", json!("unknown_state"), &payment)),
    ] {
        assert_eq!(again(board, &order, changes.clone()).await, status, "{changes}");
        expected.push(entry);
        assert_eq!(timeline(board, &order).await, json!(expected), "{changes}");
    }
    assert_eq!(shown(board, json!({"transaction_id": payment})).await["order_no"], order);
    assert_eq!(user.ledger().await, (1, vec![1], 1));

    // A forged notification touches no order.
    let genuine = board.simulate("notify_again", &json!({"out_trade_no": order, "deliver": false})).await.body;
    let mut request = board.request(reqwest::Method::POST, "/wechat/pay/notify").header("content-type", "application/json");
    for (name, value) in genuine["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    let forged = genuine["body"].as_str().unwrap().replacen("支付", "付支", 1);
    let before = stage.items("jobboard").await;
    assert_eq!(fetch(request.body(forged)).await.status, 401);
    assert!(stage.items("jobboard").await == before);
}

#[tokio::test]
async fn refunds_and_closings_end_the_time_line() {
    let stage = Stage::open().await;
    let (user, order, payment) = paid(&stage).await;
    let board = &user.board;
    let until_granted = timeline(board, &order).await.as_array().unwrap().clone();
    board.simulate("refund", &json!({"out_trade_no": order})).await;
    let mut expected = until_granted.clone();
    expected.push(heard("notified", "REFUND.SUCCESS", "accepted", Value::Null, &payment));
    expected.push(entry("refunded", json!({"refund_no": format!("console-{order}-399")})));
    assert_eq!(timeline(board, &order).await, json!(expected));

    let noted = user.order_voucher().await;
    board.pay(&noted).await;
    board.command("refund_note", json!({"order_no": noted, "reason": "用户申请", "by": "zhangsan"})).await;
    let shown_noted = shown(board, json!({"order_no": noted})).await;
    let noted = json!({
        "refund_no": null, "amount": "3.99", "status": "succeeded", "origin": "elsewhere", "reason": "用户申请", "by": "zhangsan",
        "at": AT, "settled_at": AT, "vouchers": 0, "seconds": 0, "second_payment": null,
    });
    assert_eq!(shown_noted["refunds"], json!([noted]));
    let last = entry("refunded", json!({"by": "zhangsan", "note": "用户申请"}));
    assert_eq!(shown_noted["timeline"].as_array().unwrap().last(), Some(&last));

    // A query finds the payment of one, and another is never paid.
    let (queried, unpaid) = (user.order_voucher().await, user.order_voucher().await);
    board.simulate("pay", &json!({"out_trade_no": queried, "notify": false})).await;
    assert_eq!(user.order_status(&queried).await, "paid");
    let found = shown(board, json!({"order_no": queried})).await;
    let steps = json!([
        entry("created", json!({})),
        entry("prepaid", json!({})),
        heard("queried", "SUCCESS", "accepted", Value::Null, &found["transaction_id"]),
        entry("granted", json!({})),
    ]);
    assert_eq!(found["timeline"], steps);
    stage.clock.advance(SignedDuration::from_mins(30));
    assert_eq!(user.order_status(&unpaid).await, "closed");
    let mut closed = entry("closed", json!({}));
    closed["at"] = "2024-01-15T19:00:00+08:00".into();
    let steps = json!([entry("created", json!({})), entry("prepaid", json!({})), closed]);
    assert_eq!(timeline(board, &unpaid).await, steps);
}

#[tokio::test]
async fn the_newest_fifty_entries_are_kept() {
    let stage = Stage::open().await;
    let (user, order, payment) = paid(&stage).await;
    let board = &user.board;
    for _ in 0..6 {
        futures::future::join_all((0..10).map(|_| again(board, &order, json!({})))).await;
    }
    let settled = heard("notified", "SUCCESS", "no_effect", json!("already_settled"), &payment);
    assert_eq!(timeline(board, &order).await, json!(vec![settled; 50]));
}
