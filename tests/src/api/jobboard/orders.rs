//! Orders: the server sets the price, nothing is granted before payment, and a payment is granted once.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::{Board, User, ok, own_rejection, rejection};
use crate::support::{Stage, world};

fn wrong_price() -> crate::support::Response {
    own_rejection(1003, "price does not match")
}

/// A merchant with a job.
async fn merchant(board: &Board) -> (User, u64) {
    let merchant = board.join().await;
    let job = merchant.post_job(json!({})).await;
    (merchant, job)
}

#[tokio::test]
async fn an_order_returns_number_amount_and_the_parameters_of_wx_request_payment() {
    let stage = Stage::open().await;
    let (merchant, job) = merchant(&Board::of(&stage.address)).await;
    for (path, body, prefix, amount) in [
        ("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5.00}), "TOP", "5"),
        ("/jobs/refresh/pay", json!({"job_id": job, "price": 1.99}), "REF", "1.99"),
        ("/contact_voucher/buy", json!({"price": 3.99, "contact_voucher_num": 1}), "CV", "3.99"),
    ] {
        let order = merchant.order(path, body).await;
        let number = order["order_no"].as_str().expect("a number");
        // 2024-01-15T10:30:00Z in Shanghai, then digits.
        let digits = number.strip_prefix(&format!("{prefix}20240115183000")).expect(number);
        assert!(number.len() <= 32 && digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{number}");
        assert_eq!(order["amount"].to_string(), amount);
        let params = &order["pay_params"];
        assert_eq!((&params["timeStamp"], &params["signType"]), (&json!("1705314600"), &json!("RSA")));
        assert_eq!(params["nonceStr"].as_str().map(str::len), Some(32));
        assert!(params["package"].as_str().is_some_and(|package| package.starts_with("prepay_id=wx")));
        assert!(params["paySign"].as_str().is_some_and(|sign| sign.len() == 344));
    }
}

#[tokio::test]
async fn a_price_that_is_not_in_the_catalogue_is_rejected_and_nothing_is_ordered() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (merchant, job) = merchant(&board).await;
    let stored = stage.items("jobboard").await.len();
    for body in
        [json!({"price": 4.99, "top_hour": 72}), json!({"price": 0, "top_hour": 72}), json!({"price": 5, "top_hour": 24})]
    {
        let mut body = body;
        body["job_id"] = job.into();
        assert_eq!(merchant.post("/jobs/top", &body).await, wrong_price(), "{body}");
    }
    for price in [1.98, 2.0, 199.0] {
        let response = merchant.post("/jobs/refresh/pay", &json!({"job_id": job, "price": price})).await;
        assert_eq!(response, wrong_price(), "{price}");
    }
    for (count, price) in [(1, 0.01), (2, 3.99), (0, 3.99), (1_000_000, 3.99)] {
        let body = json!({"price": price, "contact_voucher_num": count});
        assert_eq!(merchant.post("/contact_voucher/buy", &body).await, wrong_price(), "{body}");
    }
    assert_eq!(stage.items("jobboard").await.len(), stored);
}

#[tokio::test]
async fn malformed_orders_name_their_fields() {
    let merchant = Board::of(world()).join().await;
    let cases = [
        ("/jobs/top", json!({}), "job_id: is required; top_hour: is required; price: is required"),
        (
            "/jobs/top",
            json!({"job_id": "x", "top_hour": 72, "price": 5}),
            "job_id: must be a whole number from 1 to 9007199254740991",
        ),
        ("/jobs/top", json!({"job_id": 1, "top_hour": 72, "price": "5元"}), "price: must be a number"),
        ("/jobs/refresh/pay", json!({"job_id": 1, "price": 1.999}), "price: must have at most 2 decimals"),
        ("/contact_voucher/buy", json!({"price": -1, "contact_voucher_num": 1}), "price: must be from 0 to 1000000000000"),
        ("/contact_voucher/buy", json!({"price": 3.99}), "contact_voucher_num: is required"),
        ("/order/status", json!({}), "order_no: is required"),
    ];
    for (path, body, detail) in cases {
        assert_eq!(merchant.post(path, &body).await, rejection(400, detail), "{path} {body}");
    }
}

#[tokio::test]
async fn only_the_owner_can_order_for_an_open_job() {
    let board = Board::of(world());
    let (merchant, job) = merchant(&board).await;
    let other = board.join().await;
    for (path, mut body) in [("/jobs/top", json!({"top_hour": 72, "price": 5})), ("/jobs/refresh/pay", json!({"price": 1.99}))]
    {
        body["job_id"] = job.into();
        assert_eq!(other.post(path, &body).await, rejection(403, "job_id: is somebody else's")); // words:ignore: a text of the API
        body["job_id"] = 77.into();
        assert_eq!(merchant.post(path, &body).await, rejection(404, "job not found"));
    }
    merchant.post("/job/close", &json!({"job_id": job})).await;
    let closed = json!({"job_id": job, "top_hour": 72, "price": 5});
    assert_eq!(merchant.post("/jobs/top", &closed).await, rejection(400, "job_id: is closed"));
    let closed = json!({"job_id": job, "price": 1.99});
    assert_eq!(merchant.post("/jobs/refresh/pay", &closed).await, rejection(400, "job_id: is closed"));
}

#[tokio::test]
async fn the_catalogue_is_what_an_administrator_sets() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (merchant, job) = merchant(&board).await;
    let price = |goods: &str, quantity: u32, price: &str| json!({"goods": goods, "quantity": quantity, "price": price, "from": null, "until": null, "per_user": null});
    let seeded = vec![price("top", 72, "5.00"), price("refresh", 1, "1.99"), price("voucher", 1, "3.99")];
    assert_eq!(board.command("list_prices", json!({})).await, json!({"prices": seeded}));
    for event in [
        json!({"goods": "top", "quantity": 24, "price": 2}),
        json!({"goods": "voucher", "quantity": 10, "price": 29.9}),
        json!({"goods": "top", "quantity": 72}),
        json!({"goods": "voucher", "quantity": 1, "price": 4.5}),
    ] {
        board.command("set_price", event).await;
    }
    let prices =
        [price("refresh", 1, "1.99"), price("top", 24, "2.00"), price("voucher", 1, "4.50"), price("voucher", 10, "29.90")];
    assert_eq!(board.command("list_prices", json!({})).await, json!({"prices": prices}));
    let top = |hours: u32, price: f64| json!({"job_id": job, "top_hour": hours, "price": price});
    assert_eq!(merchant.post("/jobs/top", &top(72, 5.0)).await, wrong_price());
    merchant.order("/jobs/top", top(24, 2.0)).await;
    let order = merchant.order("/contact_voucher/buy", json!({"price": 29.9, "contact_voucher_num": 10})).await;
    board.pay(order["order_no"].as_str().unwrap()).await;
    assert_eq!(merchant.ledger().await, (10, vec![10], 1));
}

#[tokio::test]
async fn topping_again_extends_and_a_refresh_counts_from_its_payment() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (merchant, job) = merchant(&board).await;
    let top = async || {
        let order = merchant.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await;
        assert_eq!(board.pay(order["order_no"].as_str().unwrap()).await["notified_status"], 200);
    };
    let window = async || {
        let shown = merchant.job(job).await;
        json!([shown["is_top"], shown["top_start_time"], shown["top_end_time"], shown["update_at"]])
    };
    assert_eq!(window().await, json!([0, "", "", "2024-01-15 18:30:00.000"]));
    top().await;
    stage.clock.advance(SignedDuration::from_hours(1));
    top().await;
    let extended = json!([1, "2024-01-15 18:30:00.000", "2024-01-21 18:30:00.000", "2024-01-15 19:30:00.000"]);
    assert_eq!(window().await, extended);
    stage.clock.advance(SignedDuration::from_hours(6 * 24));
    assert_eq!(window().await[0], 0);
    top().await;
    let restarted = json!([1, "2024-01-21 19:30:00.000", "2024-01-24 19:30:00.000", "2024-01-21 19:30:00.000"]);
    assert_eq!(window().await, restarted);

    let order = merchant.order("/jobs/refresh/pay", json!({"job_id": job, "price": 1.99})).await;
    assert_eq!(merchant.job(job).await.get("last_refresh_time"), None);
    stage.clock.advance(SignedDuration::from_mins(10));
    board.pay(order["order_no"].as_str().unwrap()).await;
    assert_eq!(merchant.job(job).await["last_refresh_time"], "2024-01-21 19:40:00.000");
    // The free refresh is still available.
    assert_eq!(merchant.post("/jobs/refresh", &json!({"job_id": job})).await.status, 200);
}

#[tokio::test]
async fn the_status_of_a_paid_order_grants_it_without_a_notification() {
    let board = Board::of(world());
    let user = board.join().await;
    let order = user.order_voucher().await;
    assert_eq!(user.order_status(&order).await, "pending");
    board.simulate("pay", &json!({"out_trade_no": order, "notify": false})).await;
    assert_eq!(user.ledger().await.0, 0);
    let requests = (0..16).map(|_| user.order_status(&order));
    assert!(futures::future::join_all(requests).await.iter().all(|status| status == "paid"));
    assert_eq!(user.ledger().await, (1, vec![1], 1));
}

#[tokio::test]
async fn an_order_unpaid_for_half_an_hour_is_closed() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    let (late, paid) = (user.order_voucher().await, user.order_voucher().await);
    board.simulate("pay", &json!({"out_trade_no": paid, "notify": false})).await;
    stage.clock.advance(SignedDuration::from_secs(30 * 60 - 1));
    assert_eq!(user.order_status(&late).await, "pending");
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(user.order_status(&late).await, "closed");
    assert_eq!(board.simulate("pay", &json!({"out_trade_no": late})).await.status, 409);
    // Paid in time; the status is requested only now.
    assert_eq!(user.order_status(&paid).await, "paid");
    assert_eq!(user.ledger().await, (1, vec![1], 1));
}

#[tokio::test]
async fn an_order_is_visible_only_to_its_user() {
    let board = Board::of(world());
    let (user, other) = (board.join().await, board.join().await);
    let order = user.order("/contact_voucher/buy", json!({"price": 3.99, "contact_voucher_num": 1})).await;
    let (number, id) = (&order["order_no"], &order["order_id"]);
    let expected = json!({
        "order_id": id, "order_no": number, "status": "pending", "amount": order["amount"], "amount_paid": 0, "amount_refunded": 0,
    });
    for named in [json!({"order_no": number}), json!({"order_id": id}), json!({"order_id": id.to_string()})] {
        assert_eq!(user.post("/order/status", &named).await, ok(expected.clone()));
        assert_eq!(other.post("/order/status", &named).await, rejection(404, "order not found"));
    }
    let as_top = number.as_str().unwrap().replacen("CV", "TOP", 1);
    let wrong = [
        json!({"order_no": as_top}),
        json!({"order_no": "CV1"}),
        json!({"order_id": 7}),
        json!({"order_no": number, "order_id": 7}),
    ];
    for named in wrong {
        assert_eq!(user.post("/order/status", &named).await, rejection(404, "order not found"), "{named}");
    }
}

#[tokio::test]
async fn a_refund_is_noted_once_and_only_of_what_was_paid() {
    let board = Board::of(world());
    let user = board.join().await;
    let order = user.order_voucher().await;
    let note = async || {
        let event = json!({"order_no": order, "reason": "重复购买", "by": "zhangsan"});
        board.command("refund_note", event).await
    };
    assert_eq!(note().await, json!({"errorType": "Conflict", "errorMessage": "order_no: was not paid"}));
    board.pay(&order).await;
    let noted: Value = json!({
        "order_no": order, "user_id": user.id, "status": "refunded", "amount": "3.99", "amount_refunded": "3.99",
    });
    assert_eq!(note().await, noted);
    assert_eq!(note().await, noted);
    assert_eq!(user.order_status(&order).await, "refunded");
    // A repeated notification grants nothing more.
    board.simulate("notify_again", &json!({"out_trade_no": order})).await;
    assert_eq!(user.order_status(&order).await, "refunded");
    assert_eq!(user.ledger().await, (1, vec![1], 1));
}
