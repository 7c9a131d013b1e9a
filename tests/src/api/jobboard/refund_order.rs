//! `refund_order`: the money goes back at WeChat Pay, and what is unspent is taken back (docs/design/jobboard.md, Refunds).

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::{Board, User};
use crate::support::{Stage, world};

async fn refund(board: &Board, order: &str, more: Value) -> Value {
    let mut event = json!({"order_no": order, "reason": "用户申请", "by": "zhangsan"});
    event.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
    board.command("refund_order", event).await
}

fn refunded(user: &User, order: &str, status: &str, amount: &str, amount_refunded: &str) -> Value {
    json!({"order_no": order, "user_id": user.id, "status": status, "amount": amount, "amount_refunded": amount_refunded})
}

fn rejected(kind: &str, message: &str) -> Value {
    json!({"errorType": kind, "errorMessage": message})
}

async fn shown(board: &Board, order: &str) -> Value {
    board.command("show_order", json!({"order_no": order})).await
}

/// The requests for refunds that WeChat Pay has received: the bodies.
async fn requested(board: &Board) -> Vec<Value> {
    let requests = reqwest::get(format!("{}/simulate/pay_requests", board.address.wechat_url)).await.expect("a response");
    let requests: Vec<Value> = requests.json().await.expect("JSON");
    let refunds =
        requests.iter().filter(|request| request["method"] == "POST" && request["path"] == "/v3/refund/domestic/refunds");
    refunds.map(|request| serde_json::from_str(request["body"].as_str().expect("a body")).expect("JSON")).collect()
}

/// The balance and the changes, the least first: two processes may write at the same millisecond.
async fn entries(user: &User) -> (i64, Vec<i64>) {
    let (balance, mut changes, _) = user.ledger().await;
    changes.sort_unstable();
    (balance, changes)
}

/// Settles the refund of an order by WeChat Pay's notification.
async fn settle(board: &Board, order: &str, sequence: u32, status: &str) {
    let number = format!("{order}R{sequence:02}");
    let notified = board.simulate("notify_refund", &json!({"out_refund_no": number, "status": status})).await;
    assert_eq!(notified.body, json!({"notified_status": 200}));
}

/// Runs the clean-up: how many orders it settled, and at how many it failed.
async fn swept(board: &Board) -> (u64, u64) {
    let orders = board.address.invoke("ops-cleanup", &json!({})).await.body["orders"].clone();
    (orders["done"].as_u64().expect("a number"), orders["failed"].as_u64().expect("a number"))
}

/// A paid order of ten vouchers for 30.00.
async fn ten_vouchers(user: &User) -> String {
    user.board.command("set_price", json!({"goods": "voucher", "quantity": 10, "price": 30})).await;
    let order = user.order("/contact_voucher/buy", json!({"price": 30, "contact_voucher_num": 10})).await;
    let number = order["order_no"].as_str().expect("a number").to_owned();
    assert_eq!(user.board.pay(&number).await, json!({"notified_status": 200}));
    number
}

#[tokio::test]
async fn a_whole_refund_takes_the_vouchers_back_and_is_settled_by_the_notification() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let order = ten_vouchers(&user).await;
    let payment = shown(board, &order).await["transaction_id"].clone();
    let begun = refunded(&user, &order, "refunding", "30.00", "0.00");
    assert_eq!(refund(board, &order, json!({})).await, begun);
    // The same request again changes nothing.
    assert_eq!(refund(board, &order, json!({})).await, begun);
    let asked = json!({
        "out_refund_no": format!("{order}R01"), "transaction_id": payment, "reason": "用户申请",
        "notify_url": format!("{}/wechat/pay/notify", stage.address.base_url),
        "amount": {"refund": 3000, "total": 3000, "currency": "CNY"},
    });
    assert_eq!(requested(board).await, [asked]);
    assert_eq!(entries(&user).await, (0, vec![-10, 10]));
    let listed = user.post("/contact_voucher/records", &json!({})).await.body["data"]["list"].clone();
    let taken = listed.as_array().and_then(|list| list.iter().find(|entry| entry["change_num"] == -10)).expect("an entry");
    assert_eq!((&taken["type"], &taken["title"]), (&json!("refund"), &json!("退款")));
    for _ in 0..3 {
        settle(board, &order, 1, "SUCCESS").await;
    }
    assert_eq!(refund(board, &order, json!({})).await, refunded(&user, &order, "refunded", "30.00", "30.00"));
    assert_eq!(refund(board, &order, json!({"reason": "重复"})).await, rejected("Conflict", "order_no: was refunded"));
    assert_eq!(entries(&user).await, (0, vec![-10, 10]));
    let order_no = json!({"order_no": order});
    let status = user.post("/order/status", &order_no).await.body["data"].clone();
    assert_eq!(
        (&status["status"], &status["amount_paid"], &status["amount_refunded"]),
        (&json!("refunded"), &json!(30), &json!(30))
    );
    let timeline = shown(board, &order).await["timeline"].clone();
    let events: Vec<Value> =
        timeline.as_array().expect("entries").iter().map(|entry| json!([entry["event"], entry["by"]])).collect();
    let expected = json!([
        ["created", null],
        ["prepaid", null],
        ["notified", null],
        ["granted", null],
        ["refunding", "zhangsan"],
        ["notified", null],
        ["refunded", null],
        ["notified", null],
        ["notified", null]
    ]);
    assert_eq!(json!(events), expected);
}

#[tokio::test]
async fn an_amount_is_at_most_the_unspent_share() {
    let stage = Stage::open().await;
    let (user, other) = (Board::of(&stage.address).join().await, Board::of(&stage.address).join().await);
    let board = &user.board;
    let job = other.post_job(json!({})).await;
    let order = ten_vouchers(&user).await;
    for _ in 0..4 {
        assert_eq!(user.call(job).await.status, 200);
    }
    let share = "amount: is more than the unspent share: at most 18.00, because 6 of 10 vouchers are left";
    assert_eq!(refund(board, &order, json!({})).await, rejected("Conflict", share));
    let share = "amount: is more than the unspent share: at most 18.00, because 6 of 7 vouchers are left";
    assert_eq!(refund(board, &order, json!({"amount": 18.01})).await, rejected("Conflict", share));
    assert_eq!(shown(board, &order).await["amount_refundable"], "18.00");
    assert_eq!(user.ledger().await.0, 6);
    assert_eq!(requested(board).await, Vec::<Value>::new());
    // A part of a voucher is a whole one: 3.01 takes two, and 2.99 more the rest of the second.
    for (sequence, amount, left, whole) in [(1, "3.01", 4, "3.01"), (2, "2.99", 4, "6.00"), (3, "12.00", 0, "18.00")] {
        let begun = refund(board, &order, json!({"amount": amount})).await;
        assert_eq!(begun["status"], "refunding", "{begun}");
        assert_eq!(user.ledger().await.0, left, "{amount}");
        let busy = rejected("Conflict", "order_no: has a refund that is not settled");
        assert_eq!(refund(board, &order, json!({"amount": 1})).await, busy);
        settle(board, &order, sequence, "SUCCESS").await;
        assert_eq!(user.order_status(&order).await, "partly_refunded");
        assert_eq!(shown(board, &order).await["amount_refunded"], whole);
    }
    for (fields, kind, message) in [
        (json!({"amount": 12.01}), "Invalid", "amount: must be from 0.01 to 12.00, which is what is left of the payment"),
        (json!({"amount": 0}), "Invalid", "amount: must be from 0.01 to 12.00, which is what is left of the payment"),
        (json!({"amount": -1}), "Invalid", "amount: must be from 0 to 1000000000000"),
        (json!({"amount": 0.001}), "Invalid", "amount: must have at most 2 decimals"),
        (json!({"reason": ""}), "Invalid", "reason: must not be empty"),
        (json!({"order_no": "CV1"}), "NotFound", "order: not found"),
    ] {
        assert_eq!(refund(board, &order, fields).await, rejected(kind, message));
    }
}

#[tokio::test]
async fn the_rest_of_a_top_ends_and_a_refresh_stays() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let job = user.post_job(json!({})).await;
    let place = async |path: &str, body: Value| {
        let number = user.order(path, body).await["order_no"].as_str().expect("a number").to_owned();
        board.pay(&number).await;
        number
    };
    let first = place("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await;
    let second = place("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await;
    let end = async || user.job(job).await["top_end_time"].clone();
    assert_eq!(end().await, "2024-01-21 18:30:00.000");
    // A fifth of the price is a fifth of the time.
    refund(board, &first, json!({"amount": 1})).await;
    assert_eq!(end().await, "2024-01-21 04:06:00.000");
    assert_eq!(shown(board, &first).await["refunds"][0]["seconds"], 51_840);
    settle(board, &first, 1, "SUCCESS").await;
    // The second top is refunded when less than its time is left: the rest is taken, and the job is no longer on top.
    stage.clock.advance(SignedDuration::from_hours(4 * 24));
    refund(board, &second, json!({})).await;
    let shown_job = user.job(job).await;
    assert_eq!((&shown_job["is_top"], &shown_job["top_end_time"]), (&json!(0), &json!("2024-01-19 18:30:00.000")));
    assert_eq!(shown(board, &second).await["refunds"][0]["seconds"], 33 * 3600 + 36 * 60);

    let refresh = place("/jobs/refresh/pay", json!({"job_id": job, "price": 1.99})).await;
    let before = user.job(job).await;
    refund(board, &refresh, json!({})).await;
    settle(board, &refresh, 1, "SUCCESS").await;
    assert_eq!(user.job(job).await, before);
    assert_eq!(user.order_status(&refresh).await, "refunded");
}

#[tokio::test]
async fn a_closed_refund_gives_everything_back_and_goes_to_a_person() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let job = user.post_job(json!({})).await;
    let vouchers = ten_vouchers(&user).await;
    let top = user.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await["order_no"].clone();
    let top = top.as_str().expect("a number");
    board.pay(top).await;
    let before = user.job(job).await["top_end_time"].clone();
    for order in [vouchers.as_str(), top] {
        refund(board, order, json!({})).await;
    }
    assert_eq!((user.ledger().await.0, &user.job(job).await["is_top"]), (0, &json!(0)));
    stage.take_lines();
    for order in [vouchers.as_str(), top] {
        settle(board, order, 1, "CLOSED").await;
        let shown = shown(board, order).await;
        let review = json!({"reason": "failed_refund", "reported": "REFUND.CLOSED", "at": "2024-01-15T18:30:00+08:00"});
        assert_eq!((&shown["status"], &shown["review"]), (&json!("paid"), &review));
    }
    assert_eq!(stage.take_lines().iter().filter(|line| line.contains("\"reason\":\"failed_refund\"")).count(), 2);
    assert_eq!(entries(&user).await, (10, vec![-10, 10, 10]));
    assert_eq!(user.job(job).await["top_end_time"], before);
    // The person tries again, or leaves it.
    let again = refund(board, &vouchers, json!({})).await;
    assert_eq!(again["status"], "refunding");
    assert_eq!(requested(board).await.last().expect("a request")["out_refund_no"], format!("{vouchers}R02"));
    let note = json!({"order_no": top, "note": "用户撤回申请", "ends_review": true, "by": "lisi"});
    assert_eq!(board.command("note_order", note).await, refunded(&user, top, "paid", "5.00", "0.00"));
    let shown = shown(board, top).await;
    let last = shown["timeline"].as_array().expect("entries").last().cloned().expect("an entry");
    assert_eq!((&last["event"], &last["by"], &last["note"]), (&json!("noted"), &json!("lisi"), &json!("用户撤回申请")));
    assert_eq!(board.command("list_orders_to_review", json!({})).await["total"], 0);
}

#[tokio::test]
async fn an_abnormal_refund_waits_for_a_person_with_the_vouchers_taken() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let (settled, noted) = (ten_vouchers(&user).await, ten_vouchers(&user).await);
    for order in [&settled, &noted] {
        board.simulate("refund_result", &json!({"out_trade_no": order, "status": "ABNORMAL"})).await;
        refund(board, order, json!({})).await;
    }
    stage.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(swept(board).await, (0, 0));
    for order in [&settled, &noted] {
        let shown = shown(board, order).await;
        assert_eq!((&shown["status"], &shown["review"]["reason"]), (&json!("refunding"), &json!("failed_refund")));
        assert_eq!(shown["review"]["reported"], "REFUND.ABNORMAL");
    }
    assert_eq!(user.ledger().await.0, 0);
    // The person sends the money to another account of the user: WeChat Pay reports it. Or in another way: the person notes it.
    settle(board, &settled, 1, "SUCCESS").await;
    assert_eq!(user.order_status(&settled).await, "refunded");
    let note = json!({"order_no": noted, "reason": "银行转账", "by": "lisi"});
    assert_eq!(board.command("refund_note", note).await, refunded(&user, &noted, "refunded", "30.00", "30.00"));
    assert_eq!(board.command("list_orders_to_review", json!({})).await["total"], 0);
    assert_eq!(user.ledger().await.0, 0);
}

#[tokio::test]
async fn a_request_that_wechat_pay_has_not_answered_is_repeated_by_the_clean_up() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    for (status, code) in [(500, "SYSTEM_ERROR"), (429, "FREQUENCY_LIMITED"), (401, "SIGN_ERROR")] {
        let order = ten_vouchers(&user).await;
        let failure = json!({"status": status, "code": code, "path": "/refunds"});
        board.simulate("pay_failure", &failure).await;
        assert_eq!(refund(board, &order, json!({})).await["status"], "refunding", "{code}");
        assert_eq!(swept(board).await, (0, 0), "it is not due");
        stage.clock.advance(SignedDuration::from_mins(1));
        let before = requested(board).await.len();
        assert_eq!(swept(board).await, (0, 0), "{code}");
        assert_eq!(requested(board).await.len(), before + 1, "{code}");
        stage.clock.advance(SignedDuration::from_mins(2));
        assert_eq!(swept(board).await, (1, 0), "{code}");
        assert_eq!(user.order_status(&order).await, "refunded", "{code}");
    }
    assert_eq!(user.ledger().await.0, 0);
}

#[tokio::test]
async fn a_refund_that_the_merchant_cannot_pay_waits_and_one_that_is_rejected_is_closed() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let (poor, rejected) = (ten_vouchers(&user).await, ten_vouchers(&user).await);
    let fail =
        async |code: &str| board.simulate("pay_failure", &json!({"status": 403, "code": code, "path": "/refunds"})).await;
    fail("NOT_ENOUGH").await;
    refund(board, &poor, json!({})).await;
    let order = shown(board, &poor).await;
    let review = json!({"reason": "rejected_refund", "reported": "NOT_ENOUGH", "at": "2024-01-15T18:30:00+08:00"});
    assert_eq!((&order["status"], &order["review"]), (&json!("refunding"), &review));
    fail("USER_ACCOUNT_ABNORMAL").await;
    refund(board, &rejected, json!({})).await;
    let order = shown(board, &rejected).await;
    assert_eq!((&order["status"], &order["review"]["reason"]), (&json!("paid"), &json!("failed_refund")));
    assert_eq!(
        order["timeline"].as_array().expect("entries").iter().rev().nth(1).expect("an entry")["reported"],
        "USER_ACCOUNT_ABNORMAL"
    );
    assert_eq!(user.ledger().await.0, 10);
    // The merchant's balance is filled up.
    for minutes in [1, 2] {
        stage.clock.advance(SignedDuration::from_mins(minutes));
        swept(board).await;
    }
    assert_eq!(user.order_status(&poor).await, "refunded");
    assert_eq!(shown(board, &poor).await["review"], Value::Null);
}

#[tokio::test]
async fn of_sixty_four_refunds_of_one_order_one_succeeds() {
    let board = Board::of(world());
    let user = board.join().await;
    let order = user.order_voucher().await;
    board.pay(&order).await;
    let refunds = (0..64).map(|number| refund(&board, &order, json!({"reference": format!("case-{number}")})));
    let results = join_all(refunds).await;
    let (begun, others): (Vec<Value>, Vec<Value>) = results.into_iter().partition(|result| result.get("errorType").is_none());
    assert_eq!(begun, [refunded(&user, &order, "refunding", "3.99", "0.00")]);
    let busy = rejected("Conflict", "order_no: has a refund that is not settled");
    assert!(others.len() == 63 && others.iter().all(|other| *other == busy), "{others:?}");
    assert_eq!(shown(&board, &order).await["refunds"].as_array().map(Vec::len), Some(1));
    assert_eq!(entries(&user).await, (0, vec![-1, 1]));
}

/// Vouchers are spent and refunded at the same moment: never more than were bought.
#[tokio::test]
async fn a_voucher_is_spent_or_refunded() {
    let board = Board::of(world());
    let job = board.join().await.post_job(json!({})).await;
    for _ in 0..8 {
        let user = board.join().await;
        let order = user.order_voucher().await;
        board.pay(&order).await;
        let (spent, result) = tokio::join!(user.call(job), refund(&board, &order, json!({})));
        let is_refunded = result["status"] == "refunding";
        assert_eq!(spent.status == 200, !is_refunded, "{spent:?} {result}");
        assert_eq!(entries(&user).await, (0, vec![-1, 1]));
    }
}

#[tokio::test]
async fn a_query_finds_what_was_refunded_elsewhere_and_settles_a_refund() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let (elsewhere, here) = (user.order_voucher().await, user.order_voucher().await);
    for order in [&elsewhere, &here] {
        board.pay(order).await;
    }
    board.simulate("refund", &json!({"out_trade_no": elsewhere, "notify": false})).await;
    refund(board, &here, json!({})).await;
    for order in [&elsewhere, &here] {
        let queried = board.command("query_order", json!({"order_no": order, "by": "lisi"})).await;
        assert_eq!(queried, refunded(&user, order, "refunded", "3.99", "3.99"));
    }
    // What went back elsewhere took nothing.
    assert_eq!(entries(&user).await, (1, vec![-1, 1, 1]));
}
