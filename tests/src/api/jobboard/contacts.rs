//! Spending a voucher on a call, and both histories of calls (document, 消费, 我联系的 and 联系我的).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{Board, User, done, own_rejection, rejection};
use crate::support::{Stage, fetch, world};

async fn history(user: &User, direction: &str, body: Value) -> (Vec<Value>, u64) {
    let data = user.post(&format!("/contact_history/{direction}"), &body).await.body["data"].clone();
    (data["list"].as_array().expect("rows").clone(), data["total"].as_u64().expect("a total"))
}

#[tokio::test]
async fn an_impossible_call_is_rejected_and_charges_nothing() {
    let board = Board::of(world());
    let (owner, caller) = (board.join().await, board.join().await);
    let (job, closed) = (owner.post_job(json!({})).await, owner.post_job(json!({})).await);
    owner.post("/job/close", &json!({"job_id": closed})).await;
    owner.adjust_vouchers(3).await;
    caller.adjust_vouchers(3).await;
    let wrong_owner = rejection(400, "purpose_user_id: is not the owner of the job");
    let own = rejection(400, "purpose_id: is your own job");
    let missing = rejection(404, "job not found");
    let cases = [
        (&caller, json!({"purpose_id": 7, "purpose_type": 1}), missing.clone()),
        (&caller, json!({"purpose_id": 7, "purpose_user_id": owner.id}), missing.clone()),
        (&caller, json!({"purpose_id": closed}), missing.clone()),
        (&caller, json!({"purpose_id": closed, "purpose_user_id": owner.id}), missing.clone()),
        (&caller, json!({"purpose_id": job, "purpose_type": 2}), missing.clone()),
        (&caller, json!({"purpose_id": job, "purpose_type": 3}), missing),
        (&caller, json!({"purpose_id": job, "purpose_user_id": 301}), wrong_owner),
        (&owner, json!({"purpose_id": job}), own.clone()),
        (&owner, json!({"purpose_id": job, "purpose_user_id": owner.id}), own),
        (&caller, json!({}), rejection(400, "purpose_id: is required")),
        (
            &caller,
            json!({"purpose_id": job, "purpose_type": 4}),
            rejection(400, "purpose_type: must be a whole number from 0 to 3"),
        ),
        (
            &caller,
            json!({"purpose_id": job, "purpose_user_name": "x".repeat(65)}),
            rejection(400, "purpose_user_name: is too long"),
        ),
    ];
    for (user, body, expected) in cases {
        assert_eq!(user.post("/contact_voucher/cost", &body).await, expected, "{body}");
    }
    assert_eq!(caller.ledger().await, (3, vec![3], 1));
    assert_eq!(owner.ledger().await, (3, vec![3], 1));
    assert_eq!(history(&owner, "in", json!({})).await, (vec![], 0));
    let poor = board.join().await;
    assert_eq!(poor.call(job).await, own_rejection(1002, "not enough contact vouchers"));
    assert_eq!(history(&poor, "out", json!({})).await, (vec![], 0));
}

#[tokio::test]
async fn every_call_is_charged_and_listed_for_both_users() {
    let board = Board::of(world());
    let (owner, caller) = (board.join().await, board.join().await);
    let job = owner.post_job(json!({"positions": "保洁", "address": "南京东路1号", "user_name": "段先生"})).await;
    caller.adjust_vouchers(3).await;
    // The server knows job and owner: it ignores the name and phone of the request.
    let body = json!({
        "purpose_id": job.to_string(), "purpose_type": 0, "purpose_user_id": owner.id.to_string(),
        "purpose_user_name": "骗子", "purpose_user_phone": "13999999999",
    });
    assert_eq!(caller.post("/contact_voucher/cost", &body).await, done());
    assert_eq!(caller.call(job).await, done());
    assert_eq!(caller.ledger().await, (1, vec![-1, -1, 3], 3));
    let expected = |row: &Value, user: &User, name: &str, phone: &str| {
        json!({
            "id": row["id"], "positions": "保洁", "address": "南京东路1号", "purpose_user_id": user.id,
            "purpose_user_name": name, "purpose_user_phone": phone, "create_at": row["create_at"],
        })
    };
    let (out, total) = history(&caller, "out", json!({"biz_type": 1})).await;
    assert_eq!((out.len(), total), (2, 2));
    assert!(out[0]["id"].as_u64() > out[1]["id"].as_u64());
    // A user without a name is shown by the name in the job.
    assert_eq!(out[0], expected(&out[0], &owner, "段先生", &owner.phone));
    let phone_code = board.code("phone", "13900009999").await;
    owner.post("/user/update/info", &json!({"name": "段经理", "phone_code": phone_code})).await;
    caller.post("/user/update/info", &json!({"name": "小周"})).await;
    let (out, _) = history(&caller, "out", json!({})).await;
    assert_eq!(out[1], expected(&out[1], &owner, "段经理", "13900009999"));
    let (incoming, total) = history(&owner, "in", json!({"page_num": 2, "page_size": 1})).await;
    assert_eq!((incoming.len(), total), (1, 2));
    assert_eq!(incoming[0], expected(&out[1], &caller, "小周", &caller.phone));
    // The entry remains when the job is deleted.
    board.command("delete_job", json!({"job_id": job, "reason": "虚假信息", "by": "zhangsan"})).await;
    assert_eq!(history(&caller, "out", json!({})).await.0, out);
    for (user, direction) in [(&caller, "in"), (&owner, "out")] {
        assert_eq!(history(user, direction, json!({})).await, (vec![], 0));
    }
    for biz_type in [2, 3] {
        assert_eq!(history(&caller, "out", json!({"biz_type": biz_type})).await, (vec![], 0));
    }
}

#[tokio::test]
async fn the_named_owner_is_checked_even_if_it_is_the_caller() {
    let board = Board::of(world());
    let (owner, caller, other) = (board.join().await, board.join().await, board.join().await);
    let (job, closed) = (owner.post_job(json!({})).await, owner.post_job(json!({})).await);
    owner.post("/job/close", &json!({"job_id": closed})).await;
    caller.adjust_vouchers(1).await;
    owner.adjust_vouchers(1).await;
    let wrong_owner = rejection(400, "purpose_user_id: is not the owner of the job");
    for named in [other.id, caller.id] {
        let cost = |job: u64| json!({"purpose_id": job, "purpose_type": 1, "purpose_user_id": named});
        assert_eq!(caller.post("/contact_voucher/cost", &cost(job)).await, wrong_owner, "{named}");
        for missing in [closed, 7] {
            assert_eq!(caller.post("/contact_voucher/cost", &cost(missing)).await, rejection(404, "job not found"), "{named}");
        }
        // The caller's own job with another owner named is a contradiction as well.
        assert_eq!(owner.post("/contact_voucher/cost", &cost(job)).await.status, 400, "{named}");
    }
    assert_eq!(caller.ledger().await, (1, vec![1], 1));
    assert_eq!(owner.ledger().await, (1, vec![1], 1));
}

#[tokio::test]
async fn histories_are_listed_newest_first_in_pages() {
    let board = Board::of(world());
    let (one, two, caller) = (board.join().await, board.join().await, board.join().await);
    caller.adjust_vouchers(5).await;
    two.adjust_vouchers(1).await;
    let (of_one, of_two) = (one.post_job(json!({"positions": "厨师"})).await, two.post_job(json!({"positions": "保洁"})).await);
    for job in [of_one, of_two, of_one, of_one, of_two] {
        assert_eq!(caller.call(job).await, done());
    }
    assert_eq!(two.call(of_one).await, done());
    let listed = async |user: &User, direction: &str, body: Value| {
        let (rows, total) = history(user, direction, body).await;
        let rows = rows.iter().map(|row| json!([row["positions"], row["purpose_user_id"]]));
        (rows.collect::<Vec<_>>(), total)
    };
    let (chef, cleaner) = (json!(["厨师", one.id]), json!(["保洁", two.id]));
    let all = vec![cleaner.clone(), chef.clone(), chef.clone(), cleaner, chef];
    assert_eq!(listed(&caller, "out", json!({})).await, (all.clone(), 5));
    for (page, rows) in [(1, &all[..2]), (2, &all[2..4]), (3, &all[4..]), (4, &[])] {
        let page = listed(&caller, "out", json!({"biz_type": 0, "page_num": page, "page_size": 2})).await;
        assert_eq!(page, (rows.to_vec(), 5));
    }
    let by = |user: &User| json!(["厨师", user.id]);
    assert_eq!(listed(&one, "in", json!({"biz_type": 1})).await, (vec![by(&two), by(&caller), by(&caller), by(&caller)], 4));
    assert_eq!(listed(&two, "in", json!({"biz_type": 3})).await, (vec![], 0));
    for direction in ["in", "out"] {
        let path = format!("/contact_history/{direction}");
        let rejected = rejection(400, "page_size: must be a whole number from 1 to 50");
        assert_eq!(caller.post(&path, &json!({"page_size": 51})).await, rejected);
        let rejected = rejection(400, "biz_type: must be a whole number from 0 to 3");
        assert_eq!(caller.post(&path, &json!({"biz_type": -1})).await, rejected);
    }
}

#[tokio::test]
async fn a_voucher_unmasks_only_the_job_that_it_was_spent_on() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (owner, caller) = (board.join().await, board.join().await);
    let mobile = owner.post_job(json!({"contact": "13812341234"})).await;
    let line = owner.post_job(json!({"contact": "6512345"})).await;
    let (clear, masked) =
        (json!([[line, "6512345"], [mobile, "13812341234"]]), json!([[line, "*******"], [mobile, "138****1234"]]));
    let contacts = |data: &Value| {
        let rows = data["jobs"].as_array().or(data["list"].as_array()).expect("rows").iter();
        rows.map(|row| json!([row["id"], row["contact"]])).collect::<Value>()
    };
    assert_eq!(contacts(&owner.post("/jobs/list", &json!({})).await.body["data"]), clear);
    assert_eq!(contacts(&owner.post("/jobs/my", &json!({})).await.body["data"]), clear);
    let foreign = board.request(Method::POST, "/jobs/list").header("authorization", &owner.token).header("user_id", caller.id);
    assert_eq!(contacts(&fetch(foreign.body("{}")).await.body["data"]), masked);
    // An unpaid call unmasks nothing.
    assert_eq!(caller.call(mobile).await, own_rejection(1002, "not enough contact vouchers"));
    assert_eq!(contacts(&caller.post("/jobs/list", &json!({})).await.body["data"]), masked);
    caller.adjust_vouchers(1).await;
    assert_eq!(caller.call(mobile).await, done());
    let half = json!([[line, "*******"], [mobile, "13812341234"]]);
    assert_eq!(contacts(&caller.post("/jobs/list", &json!({})).await.body["data"]), half);
    assert_eq!(
        json!([caller.job(line).await["contact"], caller.job(mobile).await["contact"]]),
        json!(["*******", "13812341234"])
    );
    assert_eq!(board.post("/jobs/info", &json!({"job_id": mobile})).await.body["data"]["contact"], "138****1234");
}

#[tokio::test]
async fn a_repeated_call_is_free_even_after_the_job_was_removed() {
    let board = Board::of(world());
    let (owner, caller) = (board.join().await, board.join().await);
    let job = owner.post_job(json!({})).await;
    caller.adjust_vouchers(3).await;
    let (bare, named) = (json!({"purpose_id": job}), json!({"purpose_id": job, "purpose_user_id": owner.id}));
    let replay = async || {
        for (key, cost) in [("bare", &bare), ("named", &named)] {
            assert_eq!(caller.post_once("/contact_voucher/cost", key, cost).await, done(), "{key}");
        }
        assert_eq!(caller.ledger().await, (1, vec![-1, -1, 3], 3));
        assert_eq!(history(&owner, "in", json!({})).await.1, 2);
    };
    replay().await;
    replay().await;
    assert_eq!(owner.post("/job/close", &json!({"job_id": job})).await, done());
    replay().await;
    board.command("delete_job", json!({"job_id": job, "reason": "虚假信息", "by": "zhangsan"})).await;
    replay().await;
    for cost in [&bare, &named] {
        assert_eq!(caller.post("/contact_voucher/cost", cost).await, rejection(404, "job not found"));
        assert_eq!(caller.post_once("/contact_voucher/cost", "new", cost).await, rejection(404, "job not found"));
    }
    assert_eq!(caller.ledger().await, (1, vec![-1, -1, 3], 3));
}
