//! WeChat Pay's notifications: one that is forged, late, or about something else grants nothing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{Board, User};
use crate::support::{Response, fetch, world};

/// A paid order whose notification was lost.
async fn paid(board: &Board) -> (User, String) {
    let user = board.join().await;
    let order = user.order_voucher().await;
    board.simulate("pay", &json!({"out_trade_no": order, "notify": false})).await;
    (user, order)
}

/// A notification with these changes, as WeChat Pay sends it.
async fn notification(board: &Board, order: &str, mut changes: Value) -> Value {
    changes["out_trade_no"] = order.into();
    changes["deliver"] = false.into();
    board.simulate("notify_again", &changes).await.body
}

async fn deliver(board: &Board, headers: &Value, body: &[u8]) -> Response {
    let mut request = board.request(Method::POST, "/wechat/pay/notify").header("content-type", "application/json");
    for (name, value) in headers.as_object().expect("headers") {
        request = request.header(name, value.as_str().expect("a text"));
    }
    fetch(request.body(body.to_vec())).await
}

async fn send(board: &Board, notification: &Value) -> Response {
    deliver(board, &notification["headers"], notification["body"].as_str().expect("a body").as_bytes()).await
}

fn failed(status: u16, message: &str) -> Response {
    Response { status, body: json!({"code": "FAIL", "message": message}) }
}

fn accepted() -> Response {
    Response { status: 200, body: json!({"code": "SUCCESS", "message": "成功"}) }
}

#[tokio::test]
async fn any_changed_byte_of_body_or_headers_is_rejected() {
    let board = Board::of(world());
    let (user, order) = paid(&board).await;
    let notification = notification(&board, &order, json!({})).await;
    let body = notification["body"].as_str().expect("a body").as_bytes();
    let rejected = failed(401, "失败");
    // Every byte would be slow: each seventh is changed, in another bit each time.
    for at in (0..body.len()).step_by(7).chain([0, body.len() - 1]) {
        let mut changed = body.to_vec();
        changed[at] ^= 1 << (at % 7);
        assert_eq!(deliver(&board, &notification["headers"], &changed).await, rejected, "{at}");
    }
    assert_eq!(deliver(&board, &notification["headers"], &[body, b" "].concat()).await, rejected);
    assert_eq!(deliver(&board, &notification["headers"], &body[1..]).await, rejected);
    for name in ["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial"] {
        let value = notification["headers"][name].as_str().expect(name);
        for at in (0..value.len()).step_by(if value.len() > 100 { 11 } else { 1 }) {
            let mut changed = value.as_bytes().to_vec();
            changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
            let mut headers = notification["headers"].clone();
            headers[name] = String::from_utf8(changed).unwrap().into();
            assert_eq!(deliver(&board, &headers, body).await, rejected, "{name} {at}");
        }
        let mut headers = notification["headers"].clone();
        headers.as_object_mut().unwrap().remove(name);
        assert_eq!(deliver(&board, &headers, body).await, rejected, "{name}");
    }
    assert_eq!(user.ledger().await, (0, vec![], 0));
    assert_eq!(send(&board, &notification).await, accepted());
    assert_eq!(user.ledger().await, (1, vec![1], 1));
}

#[tokio::test]
async fn a_notification_that_is_too_old_or_early_is_rejected() {
    let board = Board::of(world());
    let (user, order) = paid(&board).await;
    // The clock of the shared system runs: leave some seconds.
    for age in [301, 3600, -310] {
        let late = notification(&board, &order, json!({"age_seconds": age})).await;
        assert_eq!(send(&board, &late).await, failed(401, "失败"), "{age}");
    }
    assert_eq!(user.ledger().await, (0, vec![], 0));
    let in_time = notification(&board, &order, json!({"age_seconds": 290})).await;
    assert_eq!(send(&board, &in_time).await, accepted());
    assert_eq!(user.ledger().await, (1, vec![1], 1));
}

#[tokio::test]
async fn a_notification_about_another_merchant_order_or_amount_is_rejected() {
    let board = Board::of(world());
    let (user, order) = paid(&board).await;
    let cases = [
        (json!({"amount": {"total": 398}}), "amount is not that of the order"),
        (json!({"amount": {"total": 400}}), "amount is not that of the order"),
        (json!({"amount": {"currency": "USD"}}), "amount is not that of the order"),
        (json!({"appid": "wx0000000000000000"}), "appid is not ours"),
        (json!({"mchid": "1900000110"}), "mchid is not ours"),
        (json!({"out_trade_no": "CV20240115183000000"}), "out_trade_no is not ours"),
        (json!({"out_trade_no": order.replacen("CV", "REF", 1)}), "out_trade_no is not ours"),
        (json!({"out_trade_no": "CV202401151830001230000"}), "out_trade_no is not ours"),
    ];
    for (transaction, message) in cases {
        let forged = notification(&board, &order, json!({"transaction": transaction})).await;
        assert_eq!(send(&board, &forged).await, failed(400, message), "{transaction}");
    }
    assert_eq!(user.ledger().await, (0, vec![], 0));
}

#[tokio::test]
async fn a_signature_probe_of_wechat_pay_is_rejected() {
    let board = Board::of(world());
    let (user, order) = paid(&board).await;
    let probe = notification(&board, &order, json!({"signtest": true})).await;
    assert!(probe["headers"]["Wechatpay-Signature"].as_str().unwrap().starts_with("WECHATPAY/SIGNTEST/"));
    assert_eq!(send(&board, &probe).await, failed(401, "失败"));
    assert_eq!(user.ledger().await, (0, vec![], 0));
}

#[tokio::test]
async fn a_notification_signed_by_another_key_is_rejected() {
    let board = Board::of(world());
    let (user, order) = paid(&board).await;
    let by_id = notification(&board, &order, json!({})).await;
    let by_certificate = notification(&board, &order, json!({"serial": "certificate"})).await;
    let serial = |notification: &Value| notification["headers"]["Wechatpay-Serial"].clone();
    assert_ne!(serial(&by_id), serial(&by_certificate));
    // The signature by one key, with the serial number of the other.
    for (notification, serial) in [(&by_id, serial(&by_certificate)), (&by_certificate, serial(&by_id))] {
        let mut headers = notification["headers"].clone();
        headers["Wechatpay-Serial"] = serial;
        assert_eq!(deliver(&board, &headers, notification["body"].as_str().unwrap().as_bytes()).await, failed(401, "失败"));
    }
    // Signed by the WeChat Pay of another system, which has other keys.
    let mut unknown = by_id["headers"].clone();
    unknown["Wechatpay-Serial"] = "PUB_KEY_ID_0100000000000000000000000000000".into();
    assert_eq!(deliver(&board, &unknown, by_id["body"].as_str().unwrap().as_bytes()).await, failed(401, "失败"));
    assert_eq!(user.ledger().await, (0, vec![], 0));
    assert_eq!(send(&board, &by_certificate).await, accepted());
    assert_eq!(user.ledger().await, (1, vec![1], 1));
}

#[tokio::test]
async fn a_notification_without_a_payment_is_accepted_and_grants_nothing() {
    let board = Board::of(world());
    let (user, order) = paid(&board).await;
    for changes in [json!({"event_type": "REFUND.SUCCESS"}), json!({"transaction": {"trade_state": "CLOSED"}})] {
        let other = notification(&board, &order, changes.clone()).await;
        assert_eq!(send(&board, &other).await, accepted(), "{changes}");
    }
    assert_eq!(user.ledger().await, (0, vec![], 0));
}

#[tokio::test]
async fn one_payment_notified_fifty_times_is_granted_once() {
    let board = Board::of(world());
    let (user, order) = paid(&board).await;
    for at_once in [16, 16, 16, 2] {
        let deliveries = (0..at_once).map(|_| {
            let (board, order) = (board.clone(), order.clone());
            tokio::spawn(async move { board.simulate("notify_again", &json!({"out_trade_no": order})).await })
        });
        for response in futures::future::join_all(deliveries).await {
            assert_eq!(response.unwrap().body, json!({"notified_status": 200}));
        }
    }
    assert_eq!(user.ledger().await, (1, vec![1], 1));
    assert_eq!(user.order_status(&order).await, "paid");
}

#[tokio::test]
async fn a_top_notified_sixteen_times_concurrently_is_extended_once() {
    let board = Board::of(world());
    let user = board.join().await;
    let job = user.post_job(json!({})).await;
    let order = user.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await;
    let number = order["order_no"].as_str().unwrap();
    board.simulate("pay", &json!({"out_trade_no": number, "notify": false})).await;
    let named = json!({"out_trade_no": number});
    let deliveries = (0..16).map(|_| board.simulate("notify_again", &named));
    for response in futures::future::join_all(deliveries).await {
        assert_eq!(response.body, json!({"notified_status": 200}));
    }
    let shown = user.job(job).await;
    let instant = |name: &str| {
        let text = format!("{}+08:00", shown[name].as_str().unwrap().replacen(' ', "T", 1));
        text.parse::<jiff::Timestamp>().unwrap()
    };
    assert_eq!(instant("top_end_time").duration_since(instant("top_start_time")), jiff::SignedDuration::from_hours(72));
}
