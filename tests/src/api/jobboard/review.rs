//! Orders that an administrator must look at: money for which nothing can be granted, and states that WeChat Pay does not document.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::board::{Board, User};

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
        "order_no": number, "user_id": user.id, "status": "pending", "amount": "3.99", "amount_refunded": "0.00", "refund_due": false,
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
