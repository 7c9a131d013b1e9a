//! Erasures while clients write, and while keys rotate.

use futures::future::join_all;
use serde_json::json;

use super::admin::done;
use super::persons::{EMPLOYEE, Everywhere, PLANTED};
use super::rotation::{K2, configure};
use crate::support::board::{Board, data};
use crate::support::persons::{Keys, assert_absent, reseal};
use crate::support::product::rejection;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_clients_write_during_an_erasure_does_not_stay() {
    let person = Everywhere::open().await;
    let Everywhere { stage, product, user, .. } = &person;
    let job = data(&user.post("/jobs/my", &json!({})).await)["list"][0]["id"].clone();
    let subjects: Vec<String> = (0..16).map(|number| format!("补贴{number}")).collect();
    let upload = async |subject: &String| {
        let mut uploaded = 0;
        loop {
            let value = json!({"empno": PLANTED[13], "subject_name": subject, "month": "2017-09", "value": uploaded});
            let answer = product.post("/api/v2/salary/subject_values", product.with_token(value)).await;
            match answer.status {
                200 => uploaded += 1,
                _ => return (answer, uploaded),
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
    for (answer, uploaded) in uploads {
        assert_eq!(answer, rejection(404, 1102, "empno does not exist"), "after {uploaded}");
    }
    assert_eq!(updated.0, 404, "{updated:?}");
    stage.refresh_searches();
    let listed = data(&Board::of(&stage.address).post("/jobs/list", &json!({})).await);
    assert_eq!((&listed["total"], &listed["jobs"]), (&json!(0), &json!([])));
    assert_absent(&person.stored().await, &PLANTED);
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
    assert_eq!(left, Vec::<serde_json::Value>::new());
    assert_absent(&person.stored().await, &PLANTED);
}
