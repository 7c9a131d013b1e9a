//! WeChat Pay's notifications: what is not genuine, late, or about something else grants nothing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{Board, User};
use crate::support::{Answer, answer, world};

/// An order that was paid, and of which nobody has told our side.
async fn paid(board: &Board) -> (User, String) {
    let user = board.join().await;
    let order = user.order_voucher().await;
    board.simulate("pay", &json!({"out_trade_no": order, "notify": false})).await;
    (user, order)
}

/// A notification with these changes, as WeChat would send it.
async fn letter(board: &Board, order: &str, mut changes: Value) -> Value {
    changes["out_trade_no"] = order.into();
    changes["deliver"] = false.into();
    board.simulate("notify_again", &changes).await.body
}

async fn deliver(board: &Board, headers: &Value, body: &[u8]) -> Answer {
    let mut request = board.request(Method::POST, "/wechat/pay/notify").header("content-type", "application/json");
    for (name, value) in headers.as_object().expect("headers") {
        request = request.header(name, value.as_str().expect("a text"));
    }
    answer(request.body(body.to_vec())).await
}

async fn send(board: &Board, letter: &Value) -> Answer {
    deliver(board, &letter["headers"], letter["body"].as_str().expect("a body").as_bytes()).await
}

fn failed(status: u16, message: &str) -> Answer {
    Answer { status, body: json!({"code": "FAIL", "message": message}) }
}

fn taken() -> Answer {
    Answer { status: 200, body: json!({"code": "SUCCESS", "message": "成功"}) }
}

#[tokio::test]
async fn any_changed_byte_of_body_or_headers_is_refused() {
    let board = Board::of(world());
    let (user, order) = paid(&board).await;
    let letter = letter(&board, &order, json!({})).await;
    let body = letter["body"].as_str().expect("a body").as_bytes();
    let refused = failed(401, "失败");
    // Every byte would be slow: each position of a step that is no divisor of anything, with another bit each time.
    for at in (0..body.len()).step_by(7).chain([0, body.len() - 1]) {
        let mut changed = body.to_vec();
        changed[at] ^= 1 << (at % 7);
        assert_eq!(deliver(&board, &letter["headers"], &changed).await, refused, "{at}");
    }
    assert_eq!(deliver(&board, &letter["headers"], &[body, b" "].concat()).await, refused);
    assert_eq!(deliver(&board, &letter["headers"], &body[1..]).await, refused);
    for name in ["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial"] {
        let value = letter["headers"][name].as_str().expect(name);
        for at in (0..value.len()).step_by(if value.len() > 100 { 11 } else { 1 }) {
            let mut changed = value.as_bytes().to_vec();
            changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
            let mut headers = letter["headers"].clone();
            headers[name] = String::from_utf8(changed).unwrap().into();
            assert_eq!(deliver(&board, &headers, body).await, refused, "{name} {at}");
        }
        let mut headers = letter["headers"].clone();
        headers.as_object_mut().unwrap().remove(name);
        assert_eq!(deliver(&board, &headers, body).await, refused, "{name}");
    }
    assert_eq!(user.ledger().await, (0, vec![], 0));
    assert_eq!(send(&board, &letter).await, taken());
    assert_eq!(user.ledger().await, (1, vec![1], 1));
}

#[tokio::test]
async fn a_late_or_early_one_is_refused() {
    let board = Board::of(world());
    let (user, order) = paid(&board).await;
    // Some seconds of room: the world's clock goes on.
    for age in [301, 3600, -310] {
        let late = letter(&board, &order, json!({"age_seconds": age})).await;
        assert_eq!(send(&board, &late).await, failed(401, "失败"), "{age}");
    }
    assert_eq!(user.ledger().await, (0, vec![], 0));
    let in_time = letter(&board, &order, json!({"age_seconds": 290})).await;
    assert_eq!(send(&board, &in_time).await, taken());
    assert_eq!(user.ledger().await, (1, vec![1], 1));
}

#[tokio::test]
async fn one_about_something_else_is_refused() {
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
        let forged = letter(&board, &order, json!({"transaction": transaction})).await;
        assert_eq!(send(&board, &forged).await, failed(400, message), "{transaction}");
    }
    assert_eq!(user.ledger().await, (0, vec![], 0));
}

#[tokio::test]
async fn a_probe_is_refused() {
    let board = Board::of(world());
    let (user, order) = paid(&board).await;
    let probe = letter(&board, &order, json!({"signtest": true})).await;
    assert!(probe["headers"]["Wechatpay-Signature"].as_str().unwrap().starts_with("WECHATPAY/SIGNTEST/"));
    assert_eq!(send(&board, &probe).await, failed(401, "失败"));
    assert_eq!(user.ledger().await, (0, vec![], 0));
}

#[tokio::test]
async fn one_by_another_key_is_refused() {
    let board = Board::of(world());
    let (user, order) = paid(&board).await;
    let by_id = letter(&board, &order, json!({})).await;
    let by_certificate = letter(&board, &order, json!({"serial": "certificate"})).await;
    let serial = |letter: &Value| letter["headers"]["Wechatpay-Serial"].clone();
    assert_ne!(serial(&by_id), serial(&by_certificate));
    // The signature of the one under the name of the other.
    for (letter, serial) in [(&by_id, serial(&by_certificate)), (&by_certificate, serial(&by_id))] {
        let mut headers = letter["headers"].clone();
        headers["Wechatpay-Serial"] = serial;
        assert_eq!(deliver(&board, &headers, letter["body"].as_str().unwrap().as_bytes()).await, failed(401, "失败"));
    }
    // Signed by another system's WeChat, whose keys are others.
    let mut unknown = by_id["headers"].clone();
    unknown["Wechatpay-Serial"] = "PUB_KEY_ID_0100000000000000000000000000000".into();
    assert_eq!(deliver(&board, &unknown, by_id["body"].as_str().unwrap().as_bytes()).await, failed(401, "失败"));
    assert_eq!(user.ledger().await, (0, vec![], 0));
    assert_eq!(send(&board, &by_certificate).await, taken());
    assert_eq!(user.ledger().await, (1, vec![1], 1));
}

#[tokio::test]
async fn what_tells_of_no_payment_is_taken_and_grants_nothing() {
    let board = Board::of(world());
    let (user, order) = paid(&board).await;
    for changes in [json!({"event_type": "REFUND.SUCCESS"}), json!({"transaction": {"trade_state": "CLOSED"}})] {
        let other = letter(&board, &order, changes.clone()).await;
        assert_eq!(send(&board, &other).await, taken(), "{changes}");
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
        for told in futures::future::join_all(deliveries).await {
            assert_eq!(told.unwrap().body, json!({"notified_status": 200}));
        }
    }
    assert_eq!(user.ledger().await, (1, vec![1], 1));
    assert_eq!(user.order_status(&order).await, "paid");
}

#[tokio::test]
async fn one_top_notified_sixteen_times_at_once_is_as_long_as_one() {
    let board = Board::of(world());
    let user = board.join().await;
    let job = user.post_job(json!({})).await;
    let order = user.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await;
    let number = order["order_no"].as_str().unwrap();
    board.simulate("pay", &json!({"out_trade_no": number, "notify": false})).await;
    let named = json!({"out_trade_no": number});
    let deliveries = (0..16).map(|_| board.simulate("notify_again", &named));
    for told in futures::future::join_all(deliveries).await {
        assert_eq!(told.body, json!({"notified_status": 200}));
    }
    let shown = user.job(job).await;
    let instant = |name: &str| {
        let text = format!("{}+08:00", shown[name].as_str().unwrap().replacen(' ', "T", 1));
        text.parse::<jiff::Timestamp>().unwrap()
    };
    assert_eq!(instant("top_end_time").duration_since(instant("top_start_time")), jiff::SignedDuration::from_hours(72));
}
