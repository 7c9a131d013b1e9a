//! Refunds, and the states of an order at WeChat Pay: each documented one has a result, and nothing is granted for money that went back.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::{Board, User, rejection};
use crate::support::{Response, Stage, world};

/// An order of one voucher that is paid, without a notification.
async fn paid(user: &User) -> String {
    let order = user.order_voucher().await;
    let paid = user.board.simulate("pay", &json!({"out_trade_no": order, "notify": false})).await;
    assert_eq!(paid.body, json!({"notified_status": 0}));
    order
}

/// Refunds an order at WeChat Pay. Returns the status with which the system acknowledged the notification.
async fn refund(board: &Board, order: &str, mut options: Value) -> Value {
    options["out_trade_no"] = order.into();
    board.simulate("refund", &options).await.body["notified_status"].clone()
}

async fn report(board: &Board, order: &str, state: &str) {
    let reported = board.simulate("pay_state", &json!({"out_trade_no": order, "trade_state": state})).await;
    assert_eq!(reported, Response { status: 200, body: json!({}) });
}

/// Runs the clean-up: how many orders it settled, and at how many it failed.
async fn swept(board: &Board) -> (u64, u64) {
    let orders = board.address.invoke("ops-cleanup", &json!({})).await.body["orders"].clone();
    (orders["done"].as_u64().expect("a number"), orders["failed"].as_u64().expect("a number"))
}

#[tokio::test]
async fn an_order_that_was_refunded_before_its_notification_grants_nothing() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let (queried, swept_up, notified, late) = (paid(&user).await, paid(&user).await, paid(&user).await, paid(&user).await);
    for order in [&queried, &swept_up, &late] {
        assert_eq!(refund(board, order, json!({"notify": false})).await, 0);
    }
    // The user's request, WeChat Pay's notification of the refund, and that of the payment, which reports the refund by now.
    assert_eq!(user.order_status(&queried).await, "refunded");
    assert_eq!(refund(board, &notified, json!({})).await, 200);
    assert_eq!(board.simulate("notify_again", &json!({"out_trade_no": late})).await.body, json!({"notified_status": 200}));
    stage.clock.advance(SignedDuration::from_mins(31));
    assert_eq!(swept(board).await, (1, 0));
    assert_eq!(swept(board).await, (0, 0));
    for order in [&queried, &swept_up, &notified, &late] {
        assert_eq!(user.order_status(order).await, "refunded");
        // A notification of the payment that comes after all.
        let payment = json!({"out_trade_no": order, "transaction": {"trade_state": "SUCCESS"}});
        assert_eq!(board.simulate("notify_again", &payment).await.body, json!({"notified_status": 200}));
        assert_eq!(user.order_status(order).await, "refunded");
    }
    assert_eq!(user.ledger().await, (0, vec![], 0));
}

#[tokio::test]
async fn a_refunded_top_and_refresh_change_no_job() {
    let user = Board::of(world()).join().await;
    let job = user.post_job(json!({})).await;
    let before = user.job(job).await;
    for (path, body) in [
        ("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})),
        ("/jobs/refresh/pay", json!({"job_id": job, "price": 1.99})),
    ] {
        let order = user.order(path, body).await["order_no"].as_str().expect("a number").to_owned();
        user.board.simulate("pay", &json!({"out_trade_no": order, "notify": false})).await;
        refund(&user.board, &order, json!({"notify": false})).await;
        assert_eq!(user.order_status(&order).await, "refunded");
    }
    assert_eq!(user.job(job).await, before);
}

#[tokio::test]
async fn each_documented_state_of_wechat_pay_has_a_result() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    // The state, what it means while the order can be paid, and what it means afterwards.
    for (state, young, overdue) in [
        ("NOTPAY", "pending", "closed"),
        ("PAYERROR", "pending", "closed"),
        ("USERPAYING", "pending", "pending"),
        ("CLOSED", "closed", "closed"),
        ("REVOKED", "closed", "closed"),
        ("REFUND", "refunded", "refunded"),
        ("SUCCESS", "paid", "paid"),
    ] {
        let (asked, left) = (user.order_voucher().await, user.order_voucher().await);
        for order in [&asked, &left] {
            report(board, order, state).await;
        }
        assert_eq!(user.order_status(&asked).await, young, "{state}");
        stage.clock.advance(SignedDuration::from_mins(31));
        let settled = u64::from(overdue != "pending") * (1 + u64::from(young == "pending"));
        assert_eq!(swept(board).await, (settled, 0), "{state}");
        for order in [&asked, &left] {
            assert_eq!(user.order_status(order).await, overdue, "{state}");
            // The order ends in any case, so that the next round counts its own orders only.
            report(board, order, "CLOSED").await;
            user.order_status(order).await;
        }
    }
    assert_eq!(user.ledger().await, (2, vec![1, 1], 2));
    // The simulator reports these payments without their numbers, by which WeChat learns of the delivery.
    let listed = board.command("list_orders_to_review", json!({})).await["list"].clone();
    let reasons: Vec<&Value> = listed.as_array().expect("orders").iter().map(|order| &order["reason"]).collect();
    assert_eq!(reasons, ["shipping_failed"]);
}

#[tokio::test]
async fn an_order_that_wechat_pay_does_not_close_is_settled_by_the_next_query() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    for (status, code, reports, result) in [
        (400, "ORDERPAID", "SUCCESS", "paid"),
        (400, "ORDERPAID", "REFUND", "refunded"),
        (403, "TRADE_ERROR", "CLOSED", "closed"),
        (400, "INVALID_REQUEST", "REVOKED", "closed"),
        (400, "ORDER_CLOSED", "", "closed"),
        (202, "USERPAYING", "USERPAYING", "pending"),
        (202, "USER_PAYING", "NOTPAY", "pending"),
    ] {
        let order = user.order_voucher().await;
        stage.clock.advance(SignedDuration::from_mins(31));
        let failure = json!({"status": status, "code": code, "path": "/close", "reports": reports, "times": 2});
        board.simulate("pay_failure", &failure).await;
        assert_eq!(user.order_status(&order).await, result, "{code} {reports}");
    }
    assert_eq!(user.ledger().await, (1, vec![1], 1));
}

#[tokio::test]
async fn an_order_that_cannot_be_closed_is_closed_by_a_later_attempt() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    for (status, code, expected) in [
        (403, "TRADE_ERROR", rejection(500, "try again later")),
        (500, "SYSTEM_ERROR", rejection(500, "try again later")),
        (429, "FREQUENCY_LIMITED", rejection(429, "try again later")),
    ] {
        let order = user.order_voucher().await;
        stage.clock.advance(SignedDuration::from_mins(31));
        let failure = json!({"status": status, "code": code, "path": "/close", "times": 2});
        board.simulate("pay_failure", &failure).await;
        assert_eq!(user.post("/order/status", &json!({"order_no": order})).await, expected, "{code}");
        board.simulate("pay_failure", &failure).await;
        assert_eq!(swept(board).await, (0, 1), "{code}");
        board.simulate("pay_failure", &json!({"times": 0})).await;
        assert_eq!(swept(board).await, (1, 0), "{code}");
        assert_eq!(user.order_status(&order).await, "closed");
    }
}

/// A request that WeChat Pay answers with 429 is answered with 429 and `Retry-After`.
#[tokio::test]
async fn a_busy_wechat_pay_is_a_rate_limit() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let job = user.post_job(json!({})).await;
    let pending = user.order_voucher().await;
    for (path, body, called) in [
        ("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5}), "/jsapi"),
        ("/jobs/refresh/pay", json!({"job_id": job, "price": 1.99}), "/jsapi"),
        ("/contact_voucher/buy", json!({"price": 3.99, "contact_voucher_num": 1}), "/jsapi"),
        ("/order/status", json!({"order_no": pending}), &*format!("/{pending}")),
    ] {
        user.board.simulate("pay_failure", &json!({"status": 429, "code": "FREQUENCY_LIMITED", "path": called})).await;
        let response = user.request(path).body(body.to_string()).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "1"), "{path}");
        let (status, body) = (429, response.json().await.unwrap());
        assert_eq!(Response { status, body }, rejection(429, "try again later"), "{path}");
    }
}

#[tokio::test]
async fn each_result_of_a_refund_has_a_transition() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    // The result, the state of the order, and why an administrator must look at it.
    for (options, state, reason, reported) in [
        (json!({"status": "SUCCESS"}), "refunded", None, ""),
        (json!({"status": "SUCCESS", "refund": 100}), "partly_refunded", None, ""),
        (json!({"status": "ABNORMAL"}), "paid", Some("failed_refund"), "REFUND.ABNORMAL"),
        (json!({"status": "CLOSED"}), "paid", Some("failed_refund"), "REFUND.CLOSED"),
        (json!({"status": "PROCESSING"}), "paid", Some("unknown_state"), "REFUND.PROCESSING"),
    ] {
        let order = paid(&user).await;
        assert_eq!(user.order_status(&order).await, "paid");
        stage.take_lines();
        // WeChat Pay repeats notifications.
        let repeated = (0..8).map(|_| refund(board, &order, options.clone()));
        assert!(futures::future::join_all(repeated).await.iter().all(|status| *status == 200), "{options}");
        assert_eq!(user.order_status(&order).await, state, "{options}");
        let expected = reason.map(|reason| {
            json!({
                "order_no": order, "user_id": user.id, "status": state, "amount": "3.99", "amount_refunded": "0.00",
                "refund_due": false, "reason": reason, "reported": reported, "at": "2024-01-15T18:30:00+08:00",
            })
        });
        let listed = board.command("list_orders_to_review", json!({})).await;
        assert_eq!(listed["list"], json!(Vec::from_iter(expected.clone())), "{options}");
        let metrics = stage.take_lines().iter().filter(|line| line.contains("\"orders_to_review\":")).count();
        assert_eq!(metrics, usize::from(expected.is_some()), "{options}");
        // The merchant refunds all of it, or the rest, in the end.
        let rest = if state == "partly_refunded" { json!({"refund": 299}) } else { json!({}) };
        assert_eq!(refund(board, &order, rest).await, 200);
        assert_eq!(user.order_status(&order).await, "refunded");
        assert_eq!(board.command("list_orders_to_review", json!({})).await["total"], 0);
    }
    // What was granted stays: `adjust_vouchers` can take it back.
    assert_eq!(user.ledger().await, (5, vec![1; 5], 5));
}

#[tokio::test]
async fn a_refund_of_another_merchant_order_or_amount_is_rejected() {
    let user = Board::of(world()).join().await;
    let order = paid(&user).await;
    assert_eq!(user.order_status(&order).await, "paid");
    for transaction in [
        json!({"mchid": "1900000110"}),
        json!({"out_trade_no": "CV20240115183000000"}),
        json!({"amount": {"total": 398}}),
        json!({"amount": {"currency": "USD"}}),
    ] {
        assert_eq!(refund(&user.board, &order, json!({"transaction": transaction})).await, 400, "{transaction}");
    }
    assert_eq!(refund(&user.board, &order, json!({"age_seconds": 3600})).await, 401);
    assert_eq!(user.order_status(&order).await, "paid");
}

/// Money that went back is granted at most once, and never after the refund.
#[tokio::test]
async fn concurrent_notifications_of_a_payment_and_its_refund_end_refunded() {
    let board = Board::of(world());
    for _ in 0..4 {
        let user = board.join().await;
        let order = paid(&user).await;
        let payment = json!({"out_trade_no": order, "transaction": {"trade_state": "SUCCESS"}});
        let payments = futures::future::join_all((0..8).map(|_| board.simulate("notify_again", &payment)));
        let refunds = futures::future::join_all((0..8).map(|_| refund(&board, &order, json!({}))));
        let (payments, refunds) = tokio::join!(payments, refunds);
        assert!(payments.iter().all(|response| response.body == json!({"notified_status": 200})), "{payments:?}");
        assert!(refunds.iter().all(|status| *status == 200), "{refunds:?}");
        assert_eq!(user.order_status(&order).await, "refunded");
        let before = user.ledger().await;
        assert!(before == (0, vec![], 0) || before == (1, vec![1], 1), "{before:?}");
        board.simulate("notify_again", &payment).await;
        assert_eq!(user.ledger().await, before);
    }
}
