//! The voucher ledger under concurrent use: never below zero, and the balance is always the sum of the entries.

use std::sync::Arc;

use local::WITHOUT_LIMITS;
use serde_json::{Value, json};

use crate::support::board::{Board, User, done, ok, own_rejection};
use crate::support::dice::Dice;
use crate::support::{Stage, world};

fn empty() -> crate::support::Response {
    own_rejection(1002, "not enough contact vouchers")
}

#[tokio::test]
async fn a_new_user_has_no_vouchers_and_an_empty_ledger() {
    let user = Board::of(world()).join().await;
    let records = user.post("/contact_voucher/records", &json!({"page_num": 1, "page_size": 2})).await;
    assert_eq!(records, ok(json!({"contact_voucher_num": 0, "list": [], "list_total": 0, "next_cursor": null})));
}

#[tokio::test]
async fn the_ledger_is_listed_in_pages_newest_first() {
    let board = Board::of(world());
    let (owner, caller) = (board.join().await, board.join().await);
    let job = owner.post_job(json!({})).await;
    assert_eq!(caller.adjust_vouchers(5).await, json!({"user_id": caller.id, "balance": 5}));
    for _ in 0..3 {
        assert_eq!(caller.call(job).await, done());
    }
    assert_eq!(caller.ledger().await, (2, vec![-1, -1, -1, 5], 4));
    let page = async |number: u32| {
        let response = caller.post("/contact_voucher/records", &json!({"page_num": number, "page_size": 3})).await;
        let changes =
            response.body["data"]["list"].as_array().expect("entries").iter().map(|entry| entry["change_num"].clone());
        (changes.collect::<Vec<Value>>(), response.body["data"]["list_total"].clone())
    };
    assert_eq!(page(1).await, (vec![json!(-1), json!(-1), json!(-1)], json!(4)));
    assert_eq!(page(2).await, (vec![json!(5)], json!(4)));
    assert_eq!(page(3).await, (vec![], json!(4)));
}

#[tokio::test]
async fn the_last_voucher_is_spent_once_by_64_concurrent_calls() {
    let board = Board::of(world());
    let (owner, caller) = (board.join().await, board.join().await);
    let job = owner.post_job(json!({})).await;
    for round in 0..12 {
        caller.adjust_vouchers(1).await;
        let spends = (0..64).map(|_| {
            let caller = caller.clone();
            tokio::spawn(async move { caller.call(job).await })
        });
        let mut spent = 0;
        for response in futures::future::join_all(spends).await {
            let response = response.unwrap();
            spent += u32::from(response == done());
            assert!(response == done() || response == empty(), "round {round}: {response:?}");
        }
        assert_eq!(spent, 1, "round {round}");
    }
    let (balance, _, total) = caller.ledger().await;
    assert_eq!((balance, total), (0, 24));
    let calls = caller.post("/contact_history/out", &json!({})).await;
    assert_eq!(calls.body["data"]["total"], 12);
}

/// Balance, and the sum and number of the entries, by one read of the database.
async fn sampled(stage: &Stage, user: u64) -> (i64, i64, i64) {
    let query = json!({
        "TableName": "jobboard", "ConsistentRead": true, "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": format!("vouchers#{user}")}},
    });
    let items = stage.database("Query", &query).await;
    assert_eq!(items.get("LastEvaluatedKey"), None);
    let number = |item: &Value, name: &str| item[name]["N"].as_str().map_or(0, |digits| digits.parse::<i64>().unwrap());
    let items = items["Items"].as_array().expect("items");
    let (balances, entries): (Vec<&Value>, Vec<&Value>) = items.iter().partition(|item| item["sk"]["S"] == "balance");
    let sum = entries.iter().map(|entry| number(entry, "change")).sum();
    let counted = entries.len() as i64;
    match balances.as_slice() {
        [] => (0, sum, counted),
        [balance] => {
            assert_eq!(number(balance, "entries"), counted);
            (number(balance, "balance"), sum, counted)
        }
        _ => panic!("two balances"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_balance_is_the_sum_of_the_ledger_in_every_sampled_moment() {
    let stage = Arc::new(Stage::open_with(&WITHOUT_LIMITS).await);
    let board = Board::of(&stage.address);
    let owner = board.join().await;
    let job = owner.post_job(json!({})).await;
    let users: Vec<User> = futures::future::join_all((0..4).map(|_| board.join())).await;
    // 16 workers with 125 operations each. The test counts what succeeded. Each worker samples a balance after every 20 operations, while
    // the others go on.
    let workers = (0..16).map(|worker| {
        let (stage, users) = (Arc::clone(&stage), users.clone());
        tokio::spawn(async move {
            let mut dice = Dice(0x9e37_79b9 + worker);
            let mut expected = vec![(0_i64, 0_i64); users.len()];
            for operation in 0..125 {
                if operation % 20 == 0 {
                    let (balance, sum, _) = sampled(&stage, users[dice.below(4)].id).await;
                    assert_eq!(balance, sum);
                    assert!(balance >= 0);
                }
                let which = dice.below(4);
                let user = &users[which];
                let change = match dice.below(10) {
                    0 => {
                        let amount = 1 + dice.below(3) as i64;
                        user.adjust_vouchers(amount).await["balance"].is_i64().then_some(amount)
                    }
                    1 => user.adjust_vouchers(-2).await["balance"].is_i64().then_some(-2),
                    2 => {
                        let order = user.order_voucher().await;
                        assert_eq!(user.board.pay(&order).await, json!({"notified_status": 200}));
                        Some(1)
                    }
                    _ => match user.call(job).await {
                        response if response == done() => Some(-1),
                        response => {
                            assert_eq!(response, empty());
                            None
                        }
                    },
                };
                if let Some(change) = change {
                    expected[which].0 += change;
                    expected[which].1 += 1;
                }
            }
            expected
        })
    });
    let mut expected = vec![(0, 0); users.len()];
    for worker in futures::future::join_all(workers).await {
        for (all, one) in expected.iter_mut().zip(worker.unwrap()) {
            *all = (all.0 + one.0, all.1 + one.1);
        }
    }
    for (user, (balance, entries)) in users.iter().zip(expected) {
        assert_eq!(sampled(&stage, user.id).await, (balance, balance, entries));
    }
}
