//! Orders that an administrator must look at: money for which nothing can be granted, and states that WeChat Pay does not document.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::{Board, User, done, ok};
use crate::support::{Stage, world};

/// The metric lines of orders to review since the last call.
fn metrics(stage: &Stage) -> Vec<Value> {
    let lines = stage.take_lines().into_iter().filter(|line| line.contains("\"orders_to_review\":"));
    lines.map(|line| serde_json::from_str(&line).expect("JSON")).collect()
}

async fn orders_to_review(board: &Board) -> Value {
    board.command("list_orders_to_review", json!({})).await
}

fn page(rows: &[Value]) -> Value {
    json!({"list": rows, "total": rows.len(), "page": 1, "page_size": 20, "next_cursor": null})
}

/// An order for a job that its user can pay.
async fn order(user: &User, path: &str, job: u64) -> Value {
    let mut body = if path == "/jobs/top" { json!({"top_hour": 72, "price": 5}) } else { json!({"price": 1.99}) };
    body["job_id"] = job.into();
    user.order(path, body).await
}

#[tokio::test]
async fn a_payment_for_a_job_that_is_no_longer_open_must_be_refunded() {
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
        let again = json!({"out_trade_no": number});
        let (statuses, _) = tokio::join!(
            futures::future::join_all((0..8).map(|_| user.post("/order/status", &named))),
            futures::future::join_all((0..8).map(|_| board.simulate("notify_again", &again)))
        );
        let mut expected = json!({
            "order_id": placed["order_id"], "order_no": number, "status": "paid", "refund_due": true, "amount": placed["amount"],
        });
        for status in statuses {
            assert_eq!(status, ok(expected.clone()), "{path} {end}");
        }
        assert_eq!(stored().await, before, "{path} {end}");
        let amount = if path == "/jobs/top" { "5.00" } else { "1.99" };
        let row = json!({
            "order_no": number, "user_id": user.id, "status": "paid", "amount": amount, "refund_due": true, "reason": "refund_due",
            "reported": "SUCCESS", "at": "2024-01-15T18:30:00+08:00",
        });
        assert_eq!(orders_to_review(board).await, page(&[row]), "{path} {end}");
        let [metric] = &metrics(&stage)[..] else { panic!("not one metric: {path} {end}") };
        let counted = json!([metric["function"], metric["reason"], metric["orders_to_review"]]);
        assert_eq!(counted, json!(["jobboard-orders", "refund_due", 1.0]), "{path} {end}");
        // The administrator refunds it.
        let note = json!({"order_no": number, "reason": "招聘信息已关闭", "by": "zhangsan"});
        board.command("refund_note", note).await;
        expected["status"] = "refunded".into();
        expected.as_object_mut().expect("members").remove("refund_due");
        assert_eq!(user.post("/order/status", &named).await, ok(expected), "{path} {end}");
        assert_eq!(orders_to_review(board).await, page(&[]), "{path} {end}");
    }
}

/// Either the job was topped before it was closed, or the money must be refunded.
#[tokio::test]
async fn a_top_is_granted_or_must_be_refunded_when_its_job_is_closed_at_the_same_moment() {
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
        assert_eq!((&status["status"], status.get("refund_due").is_some()), (&json!("paid"), !is_topped), "{status}");
    }
}

#[tokio::test]
async fn a_state_that_is_not_documented_is_left_for_a_person_and_reported_once() {
    let stage = Stage::open().await;
    let (address, _other) = stage.another_process().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let elsewhere = User { board: Board::of(&address), ..user.clone() };
    let number = user.order_voucher().await;
    board.simulate("pay_state", &json!({"out_trade_no": number, "trade_state": "FROZEN"})).await;
    stage.take_lines();
    let statuses = (0..16).map(|_| user.order_status(&number));
    assert!(futures::future::join_all(statuses).await.iter().all(|status| status == "pending"));
    assert_eq!(elsewhere.order_status(&number).await, "pending");
    stage.clock.advance(SignedDuration::from_mins(31));
    for _ in 0..2 {
        let swept = board.address.invoke("ops-cleanup", &json!({})).await.body["orders"].clone();
        assert_eq!(swept, json!({"done": 0, "failed": 0, "is_cut_short": false}));
    }
    let row = json!({
        "order_no": number, "user_id": user.id, "status": "pending", "amount": "3.99", "refund_due": false,
        "reason": "unknown_state", "reported": "FROZEN", "at": "2024-01-15T18:30:00+08:00",
    });
    assert_eq!(orders_to_review(board).await, page(&[row]));
    let [metric] = &metrics(&stage)[..] else { panic!("not one metric") };
    let counted = json!([metric["function"], metric["reason"], metric["orders_to_review"]]);
    assert_eq!(counted, json!(["jobboard-orders", "unknown_state", 1.0]));
    assert_eq!(user.ledger().await, (0, vec![], 0));
    // As soon as WeChat Pay reports a documented state, that one counts.
    board.simulate("pay_state", &json!({"out_trade_no": number, "trade_state": "SUCCESS"})).await;
    assert_eq!(user.order_status(&number).await, "paid");
    assert_eq!(orders_to_review(board).await, page(&[]));
    assert_eq!(user.ledger().await, (1, vec![1], 1));
}

#[tokio::test]
async fn an_order_of_an_unknown_state_or_a_wrong_amount_can_be_ended() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let (unknown, wrong) = (user.order_voucher().await, user.order_voucher().await);
    let long = "X".repeat(1000);
    board.simulate("pay_state", &json!({"out_trade_no": unknown, "trade_state": long})).await;
    board.simulate("pay_state", &json!({"out_trade_no": wrong, "total": 398})).await;
    stage.clock.advance(SignedDuration::from_mins(31));
    stage.take_lines();
    let swept = board.address.invoke("ops-cleanup", &json!({})).await.body["orders"].clone();
    assert_eq!(swept, json!({"done": 0, "failed": 0, "is_cut_short": false}));
    let reasons: Vec<Value> = metrics(&stage).iter().map(|metric| json!([metric["function"], metric["reason"]])).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons.contains(&json!(["ops-cleanup", "unknown_state"])), "{reasons:?}");
    assert!(reasons.contains(&json!(["ops-cleanup", "wrong_amount"])), "{reasons:?}");
    let listed = orders_to_review(board).await;
    let reported: Vec<&Value> = listed["list"].as_array().expect("orders").iter().map(|row| &row["reported"]).collect();
    assert_eq!(reported, [&json!("SUCCESS"), &json!("X".repeat(64))]);
    // Newest first, page by page.
    let first = board.command("list_orders_to_review", json!({"page_size": 1})).await;
    assert_eq!((&first["list"][0]["order_no"], &first["total"]), (&json!(wrong), &json!(2)));
    let rest = board.command("list_orders_to_review", json!({"page_size": 1, "cursor": first["next_cursor"]})).await;
    assert_eq!((&rest["list"][0]["order_no"], &rest["next_cursor"]), (&json!(unknown), &Value::Null));
    for number in [unknown, wrong] {
        board.command("refund_note", json!({"order_no": number, "reason": "已退款", "by": "zhangsan"})).await;
        assert_eq!(user.order_status(&number).await, "refunded");
    }
    assert_eq!(orders_to_review(board).await, page(&[]));
    let swept = board.address.invoke("ops-cleanup", &json!({})).await.body["orders"].clone();
    assert_eq!(swept, json!({"done": 0, "failed": 0, "is_cut_short": false}));
    assert_eq!(user.ledger().await, (0, vec![], 0));
}
