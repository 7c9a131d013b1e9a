//! Erasures while clients write and while keys rotate, erasures that are interrupted, and erasures after a restore.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::admin::{done, fails};
use super::everywhere::{EMPLOYEE, EMPNO, Everywhere, LEDGER_KEPT, PAYMENTS_KEPT, SALARIES_KEPT};
use super::rotation::{K2, configure};
use crate::support::Stage;
use crate::support::board::{Board, data};
use crate::support::persons::{Keys, assert_absent, reseal, stored};
use crate::support::product::rejection;
use crate::support::wire::Failure;

/// What an erasure returns of an object.
fn erased(object: &str, records: u64, pictures: u64, kept: &[&Value]) -> Value {
    json!({"object": object, "records": records, "pictures": pictures, "kept": kept})
}

fn replay(since: &str) -> Value {
    json!({"command": "replay_erasures", "since": since})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_clients_write_during_an_erasure_does_not_stay() {
    let person = Everywhere::open().await;
    let Everywhere { stage, product, user, .. } = &person;
    let job = data(&user.post("/jobs/my", &json!({})).await)["list"][0]["id"].clone();
    let subjects: Vec<String> = (0..16).map(|number| format!("补贴{number}")).collect();
    let upload = async |subject: &String| {
        let mut uploaded = 0;
        loop {
            let value = json!({"empno": EMPNO, "subject_name": subject, "month": "2017-09", "value": uploaded});
            let response = product.post("/api/v2/salary/subject_values", product.with_token(value)).await;
            match response.status {
                200 => uploaded += 1,
                _ => return (response, uploaded),
            }
        }
    };
    let update = async || {
        for number in 0.. {
            let changed = user.post("/jobs/update", &json!({"id": job, "positions": format!("收银员{number}")})).await;
            if changed.status != 200 {
                return (changed.status, number);
            }
        }
        unreachable!("the job is removed at some time")
    };
    let (erased, uploads, updated) = tokio::join!(person.erase(), join_all(subjects.iter().map(upload)), update());
    assert!(erased.iter().all(|object| object["records"].as_u64() > Some(0)), "{erased:?}");
    for (response, uploaded) in uploads {
        assert_eq!(response, rejection(404, 1102, "empno does not exist"), "after {uploaded}");
    }
    assert_eq!(updated.0, 404, "{updated:?}");
    stage.refresh_searches();
    let listed = data(&Board::of(&stage.address).post("/jobs/list", &json!({})).await);
    assert_eq!((&listed["total"], &listed["jobs"]), (&json!(0), &json!([])));
    assert_absent(&stored(stage).await, &person.planted());
}

#[tokio::test]
async fn a_worker_from_before_a_rotation_is_found_by_the_openid() {
    let person = Everywhere::open().await;
    let stage = &person.stage;
    let workers = stage.items("signing").await;
    let worker = workers.iter().find(|item| item["sk"]["S"] == "worker" && item["em_id"].is_object()).expect("the worker");
    let openid = Keys::of(stage, "SIGNING_SECRET").await.opened(worker)["openid"]["S"].clone();
    let find = json!({"command": "find_person", "openid": openid});
    let found = done(&stage.address, &find).await;
    assert_eq!(found["objects"].as_array().map(Vec::len), Some(1), "{found}");
    configure(stage, |keys| {
        keys["k2"] = K2.into();
        (keys["current"], keys["index"]) = ("k2".into(), "k2".into());
        keys["accept"] = json!(["k1", "k2"]);
    })
    .await;
    reseal(stage, "signing").await;
    configure(stage, |keys| keys["accept"] = json!(["k2"])).await;
    reseal(stage, "signing").await;
    assert_eq!(done(&stage.address, &find).await, found);
}

#[tokio::test]
async fn an_erasure_between_two_keys_removes_what_the_old_index_finds() {
    let person = Everywhere::open().await;
    let stage = &person.stage;
    configure(stage, |keys| {
        keys["k2"] = K2.into();
        keys["accept"] = json!(["k1", "k2"]);
        keys["current"] = "k2".into();
        keys["index"] = "k2".into();
    })
    .await;
    person.erase().await;
    let left: Vec<_> = stage.items("hris").await.into_iter().filter(|item| item["record"]["S"] == EMPLOYEE).collect();
    assert_eq!(left, Vec::<Value>::new());
    assert_absent(&stored(stage).await, &person.planted());
}

#[tokio::test]
async fn an_interrupted_erasure_is_completed_by_a_repetition_or_a_replay() {
    for is_replayed in [false, true] {
        let person = Everywhere::filled().await;
        let stage = &person.stage;
        let [channel, hris, signing, jobboard] = person.names().await;
        let order = json!({"command": "erase_person", "objects": person.objects().await, "reason": "本人申请"});
        // The order, three transactions of the partner API, and the removals of the employee's copies and of the consent pass.
        stage.wire.fail_call("TransactWriteItems", 6, Failure::Rejected);
        fails(&stage.address, &order, "Internal", "see the log").await;
        assert_eq!(stage.clear_faults(), 0);
        let left = person.objects().await;
        assert_eq!(left, [&hris, &signing, &jobboard].into_iter().cloned().collect(), "all but the first object");
        let is_grant = |item: &Value| item["pk"]["S"].as_str().is_some_and(|key| key.starts_with("hris#grants#"));
        assert!(!stage.items("credentials").await.iter().any(is_grant), "the first part of the second object is gone");

        stage.clock.advance(SignedDuration::from_secs(1));
        let completed = done(&stage.address, &if is_replayed { replay("2024-01-15 00:00") } else { order }).await;
        let mut expected = json!({"erased": [
            erased(&channel, 0, 0, &[]),
            erased(&hris, 5, 0, &[&SALARIES_KEPT]),
            erased(&jobboard, 4, 3, &[&LEDGER_KEPT]),
            erased(&signing, 3, 1, &[]),
        ]});
        if is_replayed {
            expected["next_cursor"] = Value::Null;
        }
        assert_eq!(completed, expected);
        assert_absent(&stored(stage).await, &person.planted());
    }
}

#[tokio::test]
async fn erasures_are_replayed_after_a_restore() {
    let person = Everywhere::filled().await;
    let stage = &person.stage;
    let mut before = Vec::new();
    for table in ["channel", "credentials", "hris", "jobboard", "signing"] {
        before.extend(stage.items(table).await.into_iter().map(|item| (table, item)));
    }
    let objects = person.objects().await;
    let [channel, hris, signing, jobboard] = person.names().await;
    person.erase().await;
    // The tables of the families are restored to the moment before; the audit table and the pictures are not.
    for (table, item) in before {
        stage.database("PutItem", &json!({"TableName": table, "Item": item})).await;
    }
    stage.expire_caches();
    assert_eq!(person.objects().await, objects);
    assert_eq!(done(&stage.address, &replay("2024-01-15 20:00")).await, json!({"erased": [], "next_cursor": null}));
    assert_eq!(person.objects().await, objects);
    let replayed = json!([
        erased(&channel, 3, 0, &[&PAYMENTS_KEPT]),
        erased(&hris, 8, 0, &[&SALARIES_KEPT]),
        erased(&jobboard, 4, 0, &[&LEDGER_KEPT]),
        erased(&signing, 3, 0, &[]),
    ]);
    assert_eq!(done(&stage.address, &replay("2024-01-15 18:30")).await, json!({"erased": replayed, "next_cursor": null}));
    assert_absent(&stored(stage).await, &person.planted());
    stage.clock.advance(SignedDuration::from_secs(1));
    let again: Vec<Value> = [&channel, &hris, &jobboard, &signing].map(|object| erased(object, 0, 0, &[])).into();
    assert_eq!(done(&stage.address, &replay("2024-01-15 18:30")).await, json!({"erased": again, "next_cursor": null}));
}

#[tokio::test]
async fn a_replay_of_many_erasures_is_continued_by_its_cursor() {
    let stage = Stage::open().await;
    let object = |number: u32| format!("jobboard/user/{number}");
    let order = async |number: u32| {
        let order = json!({"command": "erase_person", "objects": [object(number)], "reason": "本人申请"});
        assert_eq!(done(&stage.address, &order).await, json!({"erased": [erased(&object(number), 0, 0, &[])]}));
    };
    order(0).await;
    stage.clock.advance(SignedDuration::from_hours(24));
    for number in 1..=103 {
        order(number).await;
        stage.clock.advance(SignedDuration::from_secs(1));
    }
    // The newest come first. The order of the day before is not replayed.
    let all = |numbers: std::ops::RangeInclusive<u32>| -> Vec<Value> {
        numbers.rev().map(|number| erased(&object(number), 0, 0, &[])).collect()
    };
    let first = done(&stage.address, &replay("2024-01-16 00:00")).await;
    assert!(first["next_cursor"].is_string(), "{first}");
    assert_eq!(first["erased"], Value::from(all(4..=103)));
    let mut next = replay("2024-01-16 00:00");
    next["cursor"] = first["next_cursor"].clone();
    assert_eq!(done(&stage.address, &next).await, json!({"erased": all(1..=3), "next_cursor": null}));
    next["since"] = "2024-01-15 00:00".into();
    assert_eq!(done(&stage.address, &next).await, json!({"erased": all(0..=3), "next_cursor": null}));
}
