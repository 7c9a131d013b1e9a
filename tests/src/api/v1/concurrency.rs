//! Many requests at the same moment about the same thing.

use std::collections::HashSet;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::partner::tokens;
use crate::support::resource::{ALL, Resource};
use crate::support::{Answer, Partner, Stage, data, problem, success, world};

const CROWD: usize = 64;

/// The answers to many requests sent in parallel, in the order of their numbers.
async fn together<T, F>(count: usize, request: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let running: Vec<_> = (0..count).map(|number| tokio::spawn(request(number))).collect();
    join_all(running).await.into_iter().map(Result::unwrap).collect()
}

async fn post_together(partner: &Partner, path: &str, bodies: Vec<Value>) -> Vec<Answer> {
    together(bodies.len(), |number| {
        let (partner, path, body) = (partner.clone(), path.to_owned(), bodies[number].clone());
        async move { partner.post(&path, &body).await }
    })
    .await
}

/// How many records a list has; users and companies have none.
async fn total(partner: &Partner, kind: &Resource) -> Value {
    partner.get(kind.path).await.body["data"]["total"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_record_comes_of_the_same_post_sent_many_times_at_once() {
    let partner = Partner::join(world()).await;
    for kind in &ALL {
        let answers = post_together(&partner, kind.path, vec![kind.example(); CROWD]).await;
        for answer in &answers {
            assert_eq!(*answer, answers[0], "{}", kind.name);
        }
        assert_eq!(partner.get(&kind.there()).await, success(kind.whole(&answers[0], &kind.example())));
        if kind.is_listed() {
            assert_eq!(total(&partner, kind).await, 1, "{}", kind.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_content_wins_when_different_ones_are_posted_at_once() {
    const CONTENTS: usize = 8;
    let partner = Partner::join(world()).await;
    partner.has(ALL[4].needs).await;
    for kind in &ALL {
        let contents: Vec<Value> = (0..CROWD)
            .map(|number| {
                let mut content = kind.example();
                content[kind.id_field] = "same".into();
                content[kind.text_field] = format!("content {}", number % CONTENTS).into();
                content
            })
            .collect();
        let answers = post_together(&partner, kind.path, contents).await;
        let record = partner.get(&format!("{}/same", kind.path)).await.body["data"].clone();
        let winner = (0..CONTENTS).find(|number| record[kind.text_field] == format!("content {number}")).expect("a winner");
        let created = json!({
            kind.server_id: record[kind.server_id], kind.id_field: "same", "created_at": record["created_at"],
        });
        for (number, answer) in answers.into_iter().enumerate() {
            let expected = if number % CONTENTS == winner {
                success(created.clone())
            } else {
                problem(409, 1001, &[(kind.id_field, "exists with different content")])
            };
            assert_eq!(answer, expected, "{} with content {number}, won by {winner}", kind.name);
        }
    }
}

/// Eight optional fields of a company, three of them inside its licence, and the value of a round.
fn change(field: usize, round: usize) -> (&'static str, Value, Value) {
    let text = json!(format!("round {round}"));
    let day = json!(format!("2020-01-{:02}", round + 1));
    let phone = json!(format!("010-1234567{round}"));
    let number = json!(round);
    let (pointer, value) = [
        ("/legal_person", text.clone()),
        ("/contact_person", text.clone()),
        ("/contact_phone", phone),
        ("/registered_address", text.clone()),
        ("/business_scope", text),
        ("/business_license/issue_date", day),
        ("/business_license/registration_capital", number.clone()),
        ("/business_license/paid_in_capital", number),
    ][field]
        .clone();
    let name = pointer.rsplit('/').next().unwrap();
    let patch = if pointer.starts_with("/business_license/") {
        json!({"business_license": {name: value}})
    } else {
        json!({name: value})
    };
    (pointer, value, patch)
}

async fn put_change(partner: Partner, field: usize, round: usize) {
    let (pointer, value, patch) = change(field, round);
    let answer = partner.put("/api/v1/companies/C20240101001", &patch).await;
    assert_eq!(data(&answer).pointer(pointer), Some(&value), "{patch}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_change_is_lost_when_eight_writers_amend_one_record() {
    let partner = Partner::join(world()).await;
    partner.has(&["companies"]).await;
    let mut expected = partner.get("/api/v1/companies/C20240101001").await.body["data"].clone();
    together(8, |field| {
        let partner = partner.clone();
        async move {
            for round in 0..8 {
                put_change(partner.clone(), field, round).await;
            }
        }
    })
    .await;
    for field in 0..8 {
        let (pointer, value, _) = change(field, 7);
        *expected.pointer_mut(pointer).unwrap() = value;
    }
    let record = partner.get("/api/v1/companies/C20240101001").await;
    expected["updated_at"] = record.body["data"]["updated_at"].clone();
    assert_eq!(record, success(expected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_change_is_made_when_sixty_four_amend_one_record_at_once() {
    let partner = Partner::join(world()).await;
    partner.has(&["companies"]).await;
    // Each answer shows its own change: nothing else was answered than what was stored.
    together(CROWD, |number| put_change(partner.clone(), number % 8, number / 8)).await;
    let record = partner.get("/api/v1/companies/C20240101001").await.body["data"].clone();
    for field in 0..8 {
        let sent: Vec<Value> = (0..8).map(|round| change(field, round).1).collect();
        let kept = record.pointer(change(field, 0).0).unwrap();
        assert!(sent.contains(kept), "{kept} was never sent: {sent:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_of_reference_and_other_changes_at_once_are_all_kept() {
    let partner = Partner::join(world()).await;
    partner.has(&["companies", "tasks"]).await;
    let mut other = ALL[1].example();
    other["channel_company_id"] = "C2".into();
    partner.post("/api/v1/companies", &other).await;
    let fields = ["work_location", "job_requirements", "wage_description", "recruitment_description"];
    together(16, |number| {
        let partner = partner.clone();
        async move {
            let patch = match number % 2 {
                0 => json!({"channel_company_id": if number % 4 == 0 { "C2" } else { "C20240101001" }}),
                _ => json!({fields[number / 2 % 4]: "改"}),
            };
            let changed = data(&partner.put("/api/v1/tasks/T20240101001", &patch).await);
            for (field, value) in patch.as_object().unwrap() {
                assert_eq!(changed[field], *value, "{patch}");
            }
        }
    })
    .await;
    let task = partner.get("/api/v1/tasks/T20240101001").await.body["data"].clone();
    for field in fields {
        assert_eq!(task[field], "改", "{field}");
    }
    // The index tells the same company as the record.
    let company = task["channel_company_id"].as_str().unwrap();
    for (id, tasks) in [("C2", json!([task.clone()])), ("C20240101001", json!([task]))] {
        let expected = if id == company { tasks } else { json!([]) };
        let listed = partner.get(&format!("/api/v1/tasks?channel_company_id={id}")).await;
        assert_eq!(listed.body["data"]["list"], expected, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_get_the_same_successor_who_use_a_refresh_token_at_once() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let first = partner.new_tokens().await["refresh_token"].clone();
    let refresh = async |partner: Partner, token: Value| {
        let body = json!({"refresh_token": token, "grant_type": "refresh_token"});
        partner.send(Method::POST, "/api/v1/auth/refresh", None, Some(body.to_string())).await
    };
    let answers = together(CROWD, |_| refresh(partner.clone(), first.clone())).await;
    let data = answers[0].body["data"].clone();
    let successor = data["refresh_token"].clone();
    assert!(successor.is_string() && successor != first);
    let expected = json!({
        "access_token": data["access_token"], "token_type": "Bearer", "expires_in": 7200, "refresh_token": successor,
    });
    for answer in answers {
        assert_eq!(answer, success(expected.clone()));
    }
    let next = refresh(partner, successor.clone()).await;
    assert_ne!(successor, tokens(&next).1);
}

/// The secrets that a channel has, as an administrator sees them.
async fn secrets(partner: &Partner) -> Vec<Value> {
    partner.administer("enable_channel").await["secrets"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_channel_has_two_secrets_however_many_rotations_run_at_once() {
    let partner = Partner::join(world()).await;
    let first = secrets(&partner).await;
    assert_eq!(first.len(), 1);
    let answers = together(16, |_| {
        let partner = partner.clone();
        async move { partner.administer("rotate_channel_secret").await }
    })
    .await;
    let (told, refused): (Vec<Value>, Vec<Value>) = answers.into_iter().partition(|answer| answer["secret"].is_string());
    assert_eq!(told.len(), 1, "{told:?}");
    let reason = "appkey: has two active secrets: retire one first";
    assert!(refused.iter().all(|answer| *answer == json!({"errorType": "Conflict", "errorMessage": reason})), "{refused:?}");
    let kept: Vec<Value> = secrets(&partner).await.iter().map(|secret| secret["secret_id"].clone()).collect();
    assert_eq!(kept, [first[0]["secret_id"].clone(), told[0]["secret_id"].clone()]);
    for secret in [partner.secret.clone(), told[0]["secret"].as_str().unwrap().to_owned()] {
        assert!(Partner { secret, ..partner.clone() }.new_tokens().await["access_token"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_channel_keeps_one_secret_when_both_are_retired_at_once() {
    let partner = Partner::join(world()).await;
    partner.administer("rotate_channel_secret").await;
    let before = secrets(&partner).await;
    let answers = together(16, |number| {
        let (partner, secret_id) = (partner.clone(), before[number % 2]["secret_id"].clone());
        let command = json!({"command": "retire_channel_secret", "appkey": partner.appkey, "secret_id": secret_id});
        async move { world().command(&command).await }
    })
    .await;
    let after = secrets(&partner).await;
    assert_eq!(after.len(), 1);
    let retired = answers.iter().filter(|answer| answer["secrets"] == json!(after)).count();
    assert_eq!(retired, 1, "{answers:?}");
    let errors: HashSet<&str> = answers.iter().filter_map(|answer| answer["errorType"].as_str()).collect();
    assert!(errors.is_subset(&HashSet::from(["Conflict", "NotFound"])), "{answers:?}");
}
