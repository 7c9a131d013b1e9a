//! The commands that administer the job board: prices, vouchers, removal of jobs. Refunds: `tests/src/api/jobboard/orders.rs`.

mod bans;
mod reads;
mod timeline;

use serde_json::{Value, json};
use shared::jobboard::Service;
use shared::jobboard::adjustments::{Adjustment, SUPPORT_DAILY};
use shared::runtime::clock::Clock as _;
use shared::runtime::environment::Environment;
use shared::storage::audit::{Act, Actor};
use shared::values::{Id, Text};

use crate::support::board::{Board, rejection};
use crate::support::staff::{Staff, failure};
use crate::support::{Response, Stage, world};

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
        (json!({"goods": "top", "quantity": 72, "price": 1, "per_user": 0}), "per_user: must be a whole number from 1 to 1000"),
        (
            json!({"goods": "top", "quantity": 72, "price": 1, "from": "2026-11-30"}),
            "from: must be a time, such as 2017-02-03 08:00 or 2017-02-03T08:00:00+08:00",
        ),
        (
            json!({"goods": "top", "quantity": 72, "price": 1, "from": "2026-11-30 08:00", "until": "2026-11-30 08:00"}),
            "until: must be later than from",
        ),
        (
            json!({"goods": "top", "quantity": 72, "until": "2026-11-30 08:00"}),
            "price: is required with from, until or per_user",
        ),
        (json!({"goods": "top", "quantity": 72, "per_user": 1}), "price: is required with from, until or per_user"),
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
        (1..=16).map(|quantity| json!({"goods": "voucher", "quantity": quantity, "price": format!("{quantity}.00"), "from": null, "until": null, "per_user": null})).collect();
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

/// The service itself, since many adjust at once.
#[tokio::test]
async fn support_adjusts_ten_vouchers_a_user_and_day() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (user, other) = (board.join().await, board.join().await);
    let environment = Environment::new(stage.address.variables.clone(), stage.clock.clone());
    let service = Service::connect(&environment).await.unwrap();
    let reason = Text::parse("补偿").unwrap();
    let adjust = async |user: u64, change: i64, reference: &str, daily: Option<u64>| {
        let act = Act::new(Actor::new("staff", "7", "小王"), "adjust_vouchers", "a-request", jiff::Timestamp::UNIX_EPOCH);
        let reference = Text::parse(reference).unwrap();
        let adjustment = Adjustment { user: Id::from_u64(user), change, reference: &reference, reason: &reason, daily };
        let adjusted = service.adjust_vouchers(&act, &adjustment).await;
        adjusted.map_err(|error| format!("{:?} {}: {}", error.kind(), error.faults()[0].field, error.faults()[0].reason))
    };
    let daily = Some(SUPPORT_DAILY);
    let over = Err("Conflict change: is beyond what support may adjust: 10 vouchers a user and day".to_owned());
    assert_eq!(adjust(user.id, 11, "a", daily).await, over);
    // Twelve at once: those that conflict count again.
    let references: Vec<String> = (0..12).map(|number| format!("b{number}")).collect();
    let at_once = references.iter().map(|reference| adjust(user.id, 1, reference, daily));
    let at_once = futures::future::join_all(at_once).await;
    assert_eq!(at_once.iter().filter(|outcome| outcome.is_ok()).count(), 10, "{at_once:?}");
    assert!(at_once.iter().all(|outcome| outcome.is_ok() || *outcome == over), "{at_once:?}");
    // What is taken back counts, too. An adjustment that was made is reported as made.
    assert_eq!(adjust(user.id, -1, "c", daily).await, over);
    let made = references.iter().zip(&at_once).find(|(_, outcome)| outcome.is_ok()).unwrap().0;
    assert_eq!(adjust(user.id, 1, made, daily).await, Ok(()));
    assert_eq!(user.ledger().await, (10, vec![1; 10], 10));
    // Another user, another day in Shanghai, others than support.
    assert_eq!(adjust(other.id, 10, "d", daily).await, Ok(()));
    assert_eq!(adjust(user.id, 11, "e", None).await, Ok(()));
    // The stage begins at 18:30 in Shanghai.
    stage.clock.advance(jiff::SignedDuration::from_secs(5 * 3600 + 30 * 60 - 1));
    assert_eq!(adjust(user.id, 1, "f", daily).await, over);
    stage.clock.advance(jiff::SignedDuration::from_secs(1));
    assert_eq!(adjust(user.id, -10, "g", daily).await, Ok(()));
    assert_eq!(user.ledger().await.0, 11);
}

#[tokio::test]
async fn a_member_with_the_role_support_alone_is_limited() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let now = stage.clock.now();
    let support = Staff::signed_in(&stage.address, &["support"], json!({}), now).await;
    let treasurer = Staff::signed_in(&stage.address, &["support", "finance"], json!({}), now).await;
    let adjust = async |staff: &Staff, change: i64, reference: &str| {
        let fields = json!({"user_id": user.id, "change": change, "reference": reference, "reason": "补偿"});
        staff.command("adjust_vouchers", fields).await
    };
    let balance = |balance: i64| Response { status: 200, body: json!({"user_id": user.id, "balance": balance}) };
    let over = failure(409, "Conflict", &[("change", "is beyond what support may adjust: 10 vouchers a user and day")]);
    assert_eq!(adjust(&support, 7, "a").await, balance(7));
    assert_eq!(adjust(&support, 4, "b").await, over);
    assert_eq!(adjust(&support, 7, "a").await, balance(7));
    assert_eq!(adjust(&support, -3, "c").await, balance(4));
    assert_eq!(adjust(&support, 1, "d").await, over);
    assert_eq!(adjust(&treasurer, 50, "e").await, balance(54));
    assert_eq!(user.adjust_vouchers(50).await, json!({"user_id": user.id, "balance": 104}));
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
