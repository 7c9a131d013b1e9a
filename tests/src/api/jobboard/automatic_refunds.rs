//! Money that arrives when nothing can be granted for it goes back without a person.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::{Board, User, done, ok};
use crate::support::{Stage, world};

const AT: &str = "2024-01-15T18:30:00+08:00";

/// An order for a job that its user can pay.
async fn order(user: &User, path: &str, job: u64) -> Value {
    let mut body = if path == "/jobs/top" { json!({"top_hour": 72, "price": 5}) } else { json!({"price": 1.99}) };
    body["job_id"] = job.into();
    user.order(path, body).await
}

/// Either the job was topped before it was closed, or the money goes back.
#[tokio::test]
async fn a_top_is_granted_or_refunded_when_its_job_is_closed_at_the_same_moment() {
    let board = Board::of(world());
    let user = board.join().await;
    for _ in 0..8 {
        let job = user.post_job(json!({})).await;
        let placed = order(&user, "/jobs/top", job).await;
        let number = placed["order_no"].as_str().expect("a number");
        board.simulate("pay", &json!({"out_trade_no": number, "notify": false})).await;
        let (again, closed) = (json!({"out_trade_no": number}), json!({"job_id": job}));
        let (notified, closed) = tokio::join!(
            futures::future::join_all((0..4).map(|_| board.simulate("notify_again", &again))),
            user.post("/job/close", &closed)
        );
        assert!(notified.iter().all(|response| response.body == json!({"notified_status": 200})), "{notified:?}");
        assert_eq!(closed, done());
        let status = user.post("/order/status", &json!({"order_no": number})).await.body["data"].clone();
        let shown = user.job(job).await;
        assert_eq!(shown["status"], 2, "{shown}");
        let is_topped = shown["is_top"] == 1;
        let expected = if is_topped { "paid" } else { "refunding" };
        assert_eq!((&status["status"], status.get("refund_due").is_some()), (&json!(expected), !is_topped), "{status}");
    }
}

/// The state of an order, the refunds that staff see, and the events of its time line.
async fn shown(board: &Board, order: &str) -> (Value, Value, Vec<Value>) {
    let shown = board.command("show_order", json!({"order_no": order})).await;
    let events = shown["timeline"].as_array().expect("a time line").iter().map(|entry| entry["event"].clone());
    (shown["status"].clone(), shown["refunds"].clone(), events.collect())
}

fn refund(order: &str, amount: &str, reason: &str, second_payment: Value, settled_at: Value) -> Value {
    let status = if settled_at.is_null() { "processing" } else { "succeeded" };
    json!({
        "refund_no": format!("{order}R01"), "amount": amount, "status": status, "origin": "rule", "reason": reason, "by": null,
        "at": AT, "settled_at": settled_at, "vouchers": 0, "seconds": 0, "second_payment": second_payment,
    })
}

#[tokio::test]
async fn a_payment_for_a_job_that_is_no_longer_open_goes_back() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    for (path, end) in [
        ("/jobs/top", "close"),
        ("/jobs/top", "take_down_job"),
        ("/jobs/top", "delete_job"),
        ("/jobs/refresh/pay", "close"),
        ("/jobs/refresh/pay", "take_down_job"),
    ] {
        let job = user.post_job(json!({})).await;
        let placed = order(&user, path, job).await;
        let number = placed["order_no"].as_str().expect("a number");
        match end {
            "close" => assert_eq!(user.post("/job/close", &json!({"job_id": job})).await, done()),
            command => drop(board.command(command, json!({"job_id": job, "reason": "违规", "by": "zhangsan"})).await),
        }
        let stored = async || stage.items("jobboard").await.into_iter().find(|item| item["pk"]["S"] == format!("job#{job}"));
        let (before, named) = (stored().await, json!({"order_no": number}));
        stage.take_lines();
        let paid = board.simulate("pay", &json!({"out_trade_no": number, "notify": end != "close"})).await;
        assert_eq!(paid.status, 200);
        // Many requests at once, and WeChat Pay's repeated notifications.
        let again = json!({"out_trade_no": number, "transaction": {"trade_state": "SUCCESS"}});
        let (statuses, _) = tokio::join!(
            futures::future::join_all((0..8).map(|_| user.post("/order/status", &named))),
            futures::future::join_all((0..8).map(|_| board.simulate("notify_again", &again)))
        );
        let amount = &placed["amount"];
        let mut expected = json!({
            "order_id": placed["order_id"], "order_no": number, "status": "refunding", "refund_due": true, "amount": amount,
            "amount_paid": amount, "amount_refunded": 0,
        });
        for status in statuses {
            assert_eq!(status, ok(expected.clone()), "{path} {end}");
        }
        assert_eq!(stored().await, before, "{path} {end}");
        // No person must look at it.
        assert!(stage.take_lines().iter().all(|line| !line.contains("\"orders_to_review\":")), "{path} {end}");
        let yuan = if path == "/jobs/top" { "5.00" } else { "1.99" };
        let (status, refunds, _) = shown(board, number).await;
        let pending = refund(number, yuan, "招聘信息已关闭", Value::Null, Value::Null);
        assert_eq!((status, refunds), (json!("refunding"), json!([pending])), "{path} {end}");
        let notified = board.simulate("notify_refund", &json!({"out_refund_no": format!("{number}R01")})).await;
        assert_eq!(notified.body, json!({"notified_status": 200}));
        expected["status"] = "refunded".into();
        expected["amount_refunded"] = amount.clone();
        expected.as_object_mut().expect("members").remove("refund_due");
        assert_eq!(user.post("/order/status", &named).await, ok(expected), "{path} {end}");
    }
}

#[tokio::test]
async fn an_order_that_is_paid_after_it_was_closed_is_refunded() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let order = user.order_voucher().await;
    stage.clock.advance(SignedDuration::from_mins(31));
    assert_eq!(user.order_status(&order).await, "closed");
    let paid = board.simulate("pay", &json!({"out_trade_no": order, "late": true})).await;
    assert_eq!(paid.body, json!({"notified_status": 200}));
    let (status, refunds, events) = shown(board, &order).await;
    let mut expected = refund(&order, "3.99", "订单已关闭", Value::Null, Value::Null);
    expected["at"] = "2024-01-15T19:01:00+08:00".into();
    assert_eq!((&status, &refunds), (&json!("refunding"), &json!([expected])));
    assert_eq!(events, ["created", "prepaid", "closed", "notified", "refund_due", "refunding"]);
    // The clean-up settles it, without a notification.
    stage.clock.advance(SignedDuration::from_mins(1));
    let swept = board.address.invoke("ops-cleanup", &json!({})).await.body["orders"].clone();
    assert_eq!(swept, json!({"done": 1, "failed": 0, "is_cut_short": false}));
    expected["status"] = "succeeded".into();
    expected["settled_at"] = "2024-01-15T19:02:00+08:00".into();
    let (status, refunds, _) = shown(board, &order).await;
    assert_eq!((status, refunds), (json!("refunded"), json!([expected])));
    assert_eq!(user.ledger().await, (0, vec![], 0));
}

#[tokio::test]
async fn a_second_payment_is_refunded_and_reported_and_the_first_one_stays() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let order = user.order_voucher().await;
    board.pay(&order).await;
    stage.take_lines();
    let paid = board.simulate("pay", &json!({"out_trade_no": order, "again": true})).await;
    assert_eq!(paid.body, json!({"notified_status": 200}));
    let metrics = stage.take_lines().iter().filter(|line| line.contains("\"reason\":\"second_payment\"")).count();
    assert_eq!(metrics, 1);
    let (status, refunds, events) = shown(board, &order).await;
    let second = refunds[0]["second_payment"].clone();
    let pending = refund(&order, "3.99", "重复支付", second.clone(), Value::Null);
    assert_eq!((&status, &refunds), (&json!("paid"), &json!([pending])));
    assert_eq!(events, ["created", "prepaid", "notified", "granted", "notified", "second_payment", "refunding"]);
    // Its number leads to the order.
    assert_eq!(board.command("show_order", json!({"transaction_id": second})).await["order_no"], order);
    // WeChat Pay repeats the notification of the second payment.
    let again = json!({"out_trade_no": order, "transaction": {"transaction_id": second, "trade_state": "SUCCESS"}});
    for _ in 0..3 {
        assert_eq!(board.simulate("notify_again", &again).await.body, json!({"notified_status": 200}));
    }
    let notified = board.simulate("notify_refund", &json!({"out_refund_no": format!("{order}R01")})).await;
    assert_eq!(notified.body, json!({"notified_status": 200}));
    let (status, refunds, _) = shown(board, &order).await;
    assert_eq!((status, refunds), (json!("paid"), json!([refund(&order, "3.99", "重复支付", second, json!(AT))])));
    assert_eq!(user.ledger().await, (1, vec![1], 1));
    // The first payment can go back as well.
    let refunded = board.command("refund_order", json!({"order_no": order, "reason": "用户申请", "by": "zhangsan"})).await;
    assert_eq!(refunded["status"], "refunding");
    assert_eq!(user.ledger().await.0, 0);
}
