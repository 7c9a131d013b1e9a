//! `POST /products/list`: what is sold now. Prices with a period, and with a limit for each user.

use std::collections::BTreeMap;

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::{Board, User, ok, own_rejection, rejection};
use crate::support::{Response, Stage, fetch};

/// A row of the list without limits.
fn product(goods: &str, quantity: u32, price: f64) -> Value {
    let price = if price.fract() == 0.0 { json!(price as i64) } else { json!(price) };
    json!({"goods": goods, "quantity": quantity, "price": price, "from": null, "until": null, "per_user": null})
}

async fn products(board: &Board) -> Response {
    board.post("/products/list", &json!({})).await
}

/// Sets the price of vouchers. `limits` are further fields.
async fn sell(board: &Board, quantity: u32, price: f64, limits: Value) {
    let mut event = json!({"goods": "voucher", "quantity": quantity, "price": price});
    event.as_object_mut().unwrap().extend(limits.as_object().expect("fields").clone());
    let set = board.command("set_price", event).await;
    assert_eq!(set.get("errorType"), None, "{set}");
}

fn vouchers(quantity: u32, price: f64) -> Value {
    json!({"price": price, "contact_voucher_num": quantity})
}

async fn buy(user: &User, quantity: u32, price: f64) -> Response {
    user.post("/contact_voucher/buy", &vouchers(quantity, price)).await
}

/// The number of a placed order.
#[track_caller]
fn number(placed: &Response) -> String {
    assert_eq!(placed.status, 200, "{placed:?}");
    placed.body["data"]["order_no"].as_str().expect("a number").to_owned()
}

fn no_more(most: u32) -> Response {
    rejection(400, &format!("contact_voucher_num: at most {most} for each user"))
}

fn wrong_price() -> Response {
    own_rejection(1003, "price does not match")
}

/// How many orders of each product a user has, as counted.
async fn counted(stage: &Stage) -> BTreeMap<String, String> {
    let items = stage.items("jobboard").await;
    let counters = items.iter().filter(|item| item["pk"]["S"].as_str().unwrap().starts_with("ordered#"));
    counters
        .map(|item| [&item["sk"]["S"], &item["ordered"]["N"]].map(|text| text.as_str().unwrap().into()))
        .map(Into::into)
        .collect()
}

#[tokio::test]
async fn a_fresh_system_lists_what_the_document_sells_to_anyone() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let list = [product("refresh", 1, 1.99), product("top", 72, 5.0), product("voucher", 1, 3.99)];
    let expected = ok(json!({"list": list}));
    assert_eq!(products(&board).await, expected);
    for body in ["", " ", r#"{"page_num":1,}"#] {
        let request = board.request(reqwest::Method::POST, "/products/list").body(body);
        assert_eq!(fetch(request).await, expected, "{body:?}");
    }
    let wrong = board.request(reqwest::Method::POST, "/products/list").body("[]");
    assert_eq!(fetch(wrong).await, rejection(400, "$: must be an object"));
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(256 * 1024));
    let large = board.request(reqwest::Method::POST, "/products/list").body(large);
    assert_eq!(fetch(large).await, rejection(413, "the body must not be larger than 256 KiB"));
}

#[tokio::test]
async fn a_price_is_sold_from_its_first_moment_until_its_end() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    // The stage begins at 18:30 in Shanghai.
    let period = json!({"from": "2024-01-15 18:31:00", "until": "2024-01-15 18:33:00", "per_user": 5});
    sell(&board, 10, 29.9, period).await;
    let mut offered = product("voucher", 10, 29.9);
    offered["from"] = "2024-01-15 18:31:00.000".into();
    offered["until"] = "2024-01-15 18:33:00.000".into();
    offered["per_user"] = 5.into();
    let always = vec![product("refresh", 1, 1.99), product("top", 72, 5.0), product("voucher", 1, 3.99)];
    let with_offer = [&always[..], &[offered]].concat();
    for (milliseconds, is_sold) in [(0, false), (59_999, false), (1, true), (119_999, true), (1, false)] {
        stage.clock.advance(SignedDuration::from_millis(milliseconds));
        let list = if is_sold { &with_offer } else { &always };
        assert_eq!(products(&board).await, ok(json!({"list": list})), "{milliseconds}");
        let placed = buy(&user, 10, 29.9).await;
        match is_sold {
            true => assert_eq!(placed.status, 200, "{placed:?}"),
            false => assert_eq!(placed, wrong_price(), "{milliseconds}"),
        }
    }
    // What is no longer sold is still listed for staff.
    let listed = board.command("list_prices", json!({})).await["prices"][3].clone();
    let expected = json!({
        "goods": "voucher", "quantity": 10, "price": "29.90", "from": "2024-01-15T18:31:00+08:00",
        "until": "2024-01-15T18:33:00+08:00", "per_user": 5,
    });
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn each_user_may_buy_a_limited_product_so_many_times() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (user, other) = (board.join().await, board.join().await);
    sell(&board, 2, 6.0, json!({"per_user": 2})).await;
    sell(&board, 5, 15.0, json!({"per_user": 1})).await;
    let first = number(&buy(&user, 2, 6.0).await);
    let under_a_key = async || user.post_once("/contact_voucher/buy", "k", &vouchers(2, 6.0)).await;
    let second = under_a_key().await;
    let stored = stage.items("jobboard").await.len();
    assert_eq!(buy(&user, 2, 6.0).await, no_more(2));
    let another = user.post_once("/contact_voucher/buy", "another", &vouchers(2, 6.0)).await;
    assert_eq!(another, no_more(2));
    assert_eq!(stage.items("jobboard").await.len(), stored);
    // A retry under the same key returns the order that it placed.
    assert_eq!(under_a_key().await, second);
    assert_eq!(second.status, 200);
    // Other products, other users.
    number(&buy(&user, 5, 15.0).await);
    assert_eq!(buy(&user, 5, 15.0).await, no_more(1));
    number(&buy(&user, 1, 3.99).await);
    number(&buy(&other, 2, 6.0).await);

    // A refund gives no place back.
    board.pay(&first).await;
    let event = json!({"order_no": first, "reason": "用户申请", "by": "zhangsan"});
    assert_eq!(board.command("refund_order", event).await["status"], "refunding");
    board.simulate("notify_refund", &json!({"out_refund_no": format!("{first}R01")})).await;
    assert_eq!(user.order_status(&first).await, "refunded");
    assert_eq!(buy(&user, 2, 6.0).await, no_more(2));

    // An order that is closed unpaid does, once.
    stage.clock.advance(SignedDuration::from_mins(31));
    let second = number(&second);
    let closings = join_all((0..8).map(|_| user.order_status(&second))).await;
    assert!(closings.iter().all(|status| status == "closed"), "{closings:?}");
    number(&buy(&user, 2, 6.0).await);
    assert_eq!(buy(&user, 2, 6.0).await, no_more(2));
    // The clean-up closes the others: that of five vouchers, and that of the other user.
    assert_eq!(stage.address.invoke("ops-cleanup", &json!({})).await.body["orders"]["failed"], 0);
    number(&buy(&user, 5, 15.0).await);
    // A payment of a closed order goes back: it takes no place.
    board.simulate("pay", &json!({"out_trade_no": second, "late": true})).await;
    assert_eq!(buy(&user, 2, 6.0).await, no_more(2));

    // A higher limit counts what was bought before, and no limit counts nothing.
    sell(&board, 2, 6.0, json!({"per_user": 3})).await;
    number(&buy(&user, 2, 6.0).await);
    assert_eq!(buy(&user, 2, 6.0).await, no_more(3));
    sell(&board, 2, 6.0, json!({})).await;
    number(&buy(&user, 2, 6.0).await);
}

#[tokio::test]
async fn the_error_names_the_field_of_the_product() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    let job = user.post_job(json!({})).await;
    for (goods, quantity, price) in [("top", 24, 2), ("refresh", 1, 1)] {
        let event = json!({"goods": goods, "quantity": quantity, "price": price, "per_user": 1});
        board.command("set_price", event).await;
    }
    for (path, body, field) in [
        ("/jobs/top", json!({"job_id": job, "top_hour": 24, "price": 2}), "top_hour"),
        ("/jobs/refresh/pay", json!({"job_id": job, "price": 1}), "job_id"),
    ] {
        user.order(path, body.clone()).await;
        assert_eq!(user.post(path, &body).await, rejection(400, &format!("{field}: at most 1 for each user")));
    }
}

#[tokio::test]
async fn concurrent_orders_do_not_exceed_the_limit() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    sell(&board, 2, 6.0, json!({"per_user": 2})).await;
    let placed = join_all((0..32).map(|_| buy(&user, 2, 6.0))).await;
    assert_eq!(placed.iter().filter(|response| response.status == 200).count(), 2, "{placed:?}");
    assert_eq!(placed.iter().filter(|response| **response == no_more(2)).count(), 30, "{placed:?}");
    let orders = stage.items("jobboard").await;
    assert_eq!(orders.iter().filter(|item| item["sk"]["S"] == "order").count(), 2);
    assert_eq!(counted(&stage).await, BTreeMap::from([("voucher#2".into(), "2".into())]));
}

#[tokio::test]
async fn concurrent_copies_of_a_request_take_one_place() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    sell(&board, 2, 6.0, json!({"per_user": 1})).await;
    let body = vouchers(2, 6.0);
    let copies = join_all((0..16).map(|_| user.post_once("/contact_voucher/buy", "k", &body))).await;
    assert!(copies.iter().all(|response| response.status == 200 && response == &copies[0]), "{copies:?}");
    assert_eq!(counted(&stage).await, BTreeMap::from([("voucher#2".into(), "1".into())]));
}

#[tokio::test]
async fn the_counters_of_an_erased_user_are_removed_and_stay_so() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    sell(&board, 2, 6.0, json!({"per_user": 2})).await;
    number(&buy(&user, 2, 6.0).await);
    let event = json!({"objects": [format!("jobboard/user/{}", user.id)], "reason": "本人申请", "by": "zhangsan"});
    let erased = board.command("erase_person", event).await;
    assert_eq!(erased.get("errorType"), None, "{erased}");
    assert_eq!(counted(&stage).await, BTreeMap::new());
    stage.clock.advance(SignedDuration::from_mins(31));
    assert_eq!(
        stage.address.invoke("ops-cleanup", &json!({})).await.body["orders"],
        json!({"done": 1, "failed": 0, "is_cut_short": false})
    );
    assert_eq!(counted(&stage).await, BTreeMap::new());
}

#[tokio::test]
async fn the_catalogue_of_an_earlier_version_is_sold_without_limits() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let price = json!({"M": {"goods": {"S": "voucher"}, "quantity": {"N": "5"}, "price": {"N": "1500"}}});
    let key = |name: &str| json!({"S": name});
    let item = json!({"pk": key("prices"), "sk": key("prices"), "version": {"N": "3"}, "prices": {"L": [price]}});
    stage.database("PutItem", &json!({"TableName": "jobboard", "Item": item})).await;
    assert_eq!(products(&board).await, ok(json!({"list": [product("voucher", 5, 15.0)]})));
    number(&buy(&board.join().await, 5, 15.0).await);
    sell(&board, 5, 15.0, json!({"per_user": 1})).await;
    let mut limited = product("voucher", 5, 15.0);
    limited["per_user"] = 1.into();
    assert_eq!(products(&board).await, ok(json!({"list": [limited]})));
}
