//! The commands that administer the job board: prices, vouchers, removal of jobs. Refunds: `tests/src/api/jobboard/orders.rs`.

use serde_json::{Value, json};

use crate::support::board::{Board, rejection};
use crate::support::{Stage, world};

fn rejected(kind: &str, message: &str) -> Value {
    json!({"errorType": kind, "errorMessage": message})
}

#[tokio::test]
async fn a_price_is_set_within_bounds() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let before = board.command("list_prices", json!({})).await;
    for (event, message) in [
        (json!({}), "goods: is required; quantity: is required"),
        (json!({"goods": "car", "quantity": 1, "price": 1}), "goods: must be one of: top refresh voucher"),
        (json!({"goods": "top", "quantity": 0, "price": 1}), "quantity: must be a whole number from 1 to 1000000"),
        (json!({"goods": "top", "quantity": 72, "price": 0}), "price: must be at least 0.01"),
        (json!({"goods": "top", "quantity": 72, "price": 0.001}), "price: must have at most 2 decimals"),
        (json!({"goods": "refresh", "quantity": 2, "price": 1}), "quantity: must be 1: jobs are refreshed one at a time"),
        (json!({"goods": "top", "quantity": 72, "prize": 1}), "prize: is not known"),
    ] {
        assert_eq!(board.command("set_price", event.clone()).await, rejected("Invalid", message), "{event}");
    }
    assert_eq!(board.command("list_prices", json!({})).await, before);
}

#[tokio::test]
async fn prices_set_concurrently_are_all_kept() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let sets = (1..=16).map(|quantity| {
        let board = board.clone();
        let event = json!({"goods": "voucher", "quantity": quantity, "price": quantity});
        async move { board.command("set_price", event).await }
    });
    futures::future::join_all(sets).await;
    let listed = board.command("list_prices", json!({})).await;
    let vouchers: Vec<&Value> =
        listed["prices"].as_array().expect("prices").iter().filter(|price| price["goods"] == "voucher").collect();
    let expected: Vec<Value> =
        (1..=16).map(|quantity| json!({"goods": "voucher", "quantity": quantity, "price": format!("{quantity}.00")})).collect();
    assert_eq!(vouchers, expected.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn an_adjustment_counts_once_by_its_reference() {
    let board = Board::of(world());
    let user = board.join().await;
    let adjust = async |change: i64, reference: &str| {
        let event = json!({"user_id": user.id, "change": change, "reference": reference, "reason": "补偿", "by": "zhangsan"});
        board.command("adjust_vouchers", event).await
    };
    let balance = |balance: i64| json!({"user_id": user.id, "balance": balance});
    let at_once = futures::future::join_all((0..16).map(|_| adjust(3, "T-1"))).await;
    assert!(at_once.iter().all(|response| *response == balance(3)), "{at_once:?}");
    assert_eq!(adjust(2, "T-1").await, rejected("Conflict", "reference: was used for another adjustment"));
    assert_eq!(adjust(-4, "T-2").await, rejected("Conflict", "change: takes more vouchers than there are"));
    assert_eq!(adjust(-3, "T-2").await, balance(0));
    assert_eq!(adjust(0, "T-3").await, rejected("Invalid", "change: must not be 0"));
    assert_eq!(user.ledger().await, (0, vec![-3, 3], 2));
    let records = user.post("/contact_voucher/records", &json!({})).await;
    let newest = &records.body["data"]["list"][0];
    assert_eq!((&newest["type"], &newest["title"]), (&json!("adjust"), &json!("补偿")));
    let event = json!({"user_id": 7, "change": 1, "reference": "T-4", "reason": "补偿", "by": "zhangsan"});
    assert_eq!(board.command("adjust_vouchers", event).await, rejected("NotFound", "user: not found"));
}

#[tokio::test]
async fn only_the_owner_sees_a_taken_down_job_and_no_one_a_deleted_one() {
    let board = Board::of(world());
    let owner = board.join().await;
    let job = owner.post_job(json!({})).await;
    let (named, reason) = (json!({"job_id": job}), json!({"job_id": job, "reason": "虚假信息", "by": "zhangsan"}));
    for _ in 0..2 {
        assert_eq!(board.command("take_down_job", reason.clone()).await, json!({"job_id": job, "status": 3}));
    }
    assert_eq!(board.post("/jobs/info", &named).await, rejection(404, "job not found"));
    assert_eq!(owner.job(job).await["status"], 3);
    assert_eq!(owner.post("/jobs/my", &json!({})).await.body["data"]["total"], 1);
    assert_eq!(owner.post("/job/close", &named).await, rejection(400, "job_id: was taken down"));
    assert_eq!(board.command("delete_job", reason.clone()).await, json!({"job_id": job, "status": 4}));
    assert_eq!(owner.post("/jobs/info", &named).await, rejection(404, "job not found"));
    assert_eq!(owner.post("/jobs/my", &json!({})).await.body["data"]["total"], 0);
    assert_eq!(board.command("take_down_job", reason).await, rejected("Conflict", "job_id: is deleted"));
    let unknown = json!({"job_id": 7, "reason": "虚假信息", "by": "zhangsan"});
    assert_eq!(board.command("take_down_job", unknown).await, rejected("NotFound", "job: not found"));
}
