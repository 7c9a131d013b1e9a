//! Many concurrent requests about the same record or credential.

use std::collections::HashSet;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::partner::tokens;
use crate::support::resource::{ALL, Resource};
use crate::support::{Partner, Response, Stage, data, problem, success, world};

const CROWD: usize = 64;

/// The responses to many requests sent in parallel, in the order of their numbers.
async fn together<T, F>(count: usize, request: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let running: Vec<_> = (0..count).map(|number| tokio::spawn(request(number))).collect();
    join_all(running).await.into_iter().map(Result::unwrap).collect()
}

async fn post_together(partner: &Partner, path: &str, bodies: Vec<Value>) -> Vec<Response> {
    together(bodies.len(), |number| {
        let (partner, path, body) = (partner.clone(), path.to_owned(), bodies[number].clone());
        async move { partner.post(&path, &body).await }
    })
    .await
}

/// How many records a list has. Users and companies have no list.
async fn total(partner: &Partner, kind: &Resource) -> Value {
    partner.get(kind.path).await.body["data"]["total"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_concurrent_identical_posts_create_one_record() {
    let partner = Partner::join(world()).await;
    for kind in &ALL {
        let responses = post_together(&partner, kind.path, vec![kind.example(); CROWD]).await;
        for response in &responses {
            assert_eq!(*response, responses[0], "{}", kind.name);
        }
        assert_eq!(partner.get(&kind.example_path()).await, success(kind.whole(&responses[0], &kind.example())));
        if kind.is_listed() {
            assert_eq!(total(&partner, kind).await, 1, "{}", kind.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_content_wins_when_different_ones_are_posted_concurrently() {
    const CONTENTS: usize = 8;
    let partner = Partner::join(world()).await;
    partner.push_examples(ALL[4].needs).await;
    for kind in &ALL {
        let contents: Vec<Value> = (0..CROWD)
            .map(|number| {
                let mut content = kind.example();
                content[kind.id_field] = "same".into();
                content[kind.text_field] = format!("content {}", number % CONTENTS).into();
                content
            })
            .collect();
        let responses = post_together(&partner, kind.path, contents).await;
        let record = partner.get(&format!("{}/same", kind.path)).await.body["data"].clone();
        let winner = (0..CONTENTS).find(|number| record[kind.text_field] == format!("content {number}")).expect("a winner");
        let created = json!({
            kind.server_id: record[kind.server_id], kind.id_field: "same", "created_at": record["created_at"],
        });
        for (number, response) in responses.into_iter().enumerate() {
            let expected = if number % CONTENTS == winner {
                success(created.clone())
            } else {
                problem(409, 1001, &[(kind.id_field, "exists with different content")])
            };
            assert_eq!(response, expected, "{} with content {number}, won by {winner}", kind.name);
        }
    }
}

/// Eight optional fields of a company, three of them inside its licence, and the value in a round.
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
    let mut response = partner.put("/api/v1/companies/C20240101001", &patch).await;
    // On a busy machine the crowd may reach the deadline of a response. The client then repeats the change.
    for _ in 0..3 {
        if response.status != 500 {
            break;
        }
        response = partner.put("/api/v1/companies/C20240101001", &patch).await;
    }
    assert_eq!(data(&response).pointer(pointer), Some(&value), "{patch}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_change_is_lost_when_eight_writers_change_one_record() {
    let partner = Partner::join(world()).await;
    partner.push_examples(&["companies"]).await;
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
async fn sixty_four_concurrent_changes_of_one_record_all_succeed() {
    let partner = Partner::join(world()).await;
    partner.push_examples(&["companies"]).await;
    // Each response shows its own change: the system returned what it stored.
    together(CROWD, |number| put_change(partner.clone(), number % 8, number / 8)).await;
    let record = partner.get("/api/v1/companies/C20240101001").await.body["data"].clone();
    for field in 0..8 {
        let sent: Vec<Value> = (0..8).map(|round| change(field, round).1).collect();
        let kept = record.pointer(change(field, 0).0).unwrap();
        assert!(sent.contains(kept), "{kept} was never sent: {sent:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_concurrent_change_of_reference_and_other_changes_are_all_kept() {
    let partner = Partner::join(world()).await;
    partner.push_examples(&["companies", "tasks"]).await;
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
    // The index names the same company as the record.
    let company = task["channel_company_id"].as_str().unwrap();
    for (id, tasks) in [("C2", json!([task.clone()])), ("C20240101001", json!([task]))] {
        let expected = if id == company { tasks } else { json!([]) };
        let listed = partner.get(&format!("/api/v1/tasks?channel_company_id={id}")).await;
        assert_eq!(listed.body["data"]["list"], expected, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_uses_of_a_refresh_token_return_the_same_successor() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let first = partner.new_tokens().await["refresh_token"].clone();
    let refresh = async |partner: Partner, token: Value| {
        let body = json!({"refresh_token": token, "grant_type": "refresh_token"});
        partner.send(Method::POST, "/api/v1/auth/refresh", None, Some(body.to_string())).await
    };
    let responses = together(CROWD, |_| refresh(partner.clone(), first.clone())).await;
    let data = responses[0].body["data"].clone();
    let successor = data["refresh_token"].clone();
    assert!(successor.is_string() && successor != first);
    let expected = json!({
        "access_token": data["access_token"], "token_type": "Bearer", "expires_in": 7200, "refresh_token": successor,
    });
    for response in responses {
        assert_eq!(response, success(expected.clone()));
    }
    let next = refresh(partner, successor.clone()).await;
    assert_ne!(successor, tokens(&next).1);
}

/// The secrets of a channel as an administrator sees them.
async fn secrets(partner: &Partner) -> Vec<Value> {
    partner.administer("enable_channel").await["secrets"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_channel_has_two_secrets_after_many_concurrent_rotations() {
    let partner = Partner::join(world()).await;
    let first = secrets(&partner).await;
    assert_eq!(first.len(), 1);
    let responses = together(16, |_| {
        let partner = partner.clone();
        async move { partner.administer("rotate_channel_secret").await }
    })
    .await;
    let (rotated, rejected): (Vec<Value>, Vec<Value>) =
        responses.into_iter().partition(|response| response["secret"].is_string());
    assert_eq!(rotated.len(), 1, "{rotated:?}");
    let reason = "appkey: has two active secrets: retire one first";
    assert!(
        rejected.iter().all(|response| *response == json!({"errorType": "Conflict", "errorMessage": reason})),
        "{rejected:?}"
    );
    let kept: Vec<Value> = secrets(&partner).await.iter().map(|secret| secret["secret_id"].clone()).collect();
    assert_eq!(kept, [first[0]["secret_id"].clone(), rotated[0]["secret_id"].clone()]);
    for secret in [partner.secret.clone(), rotated[0]["secret"].as_str().unwrap().to_owned()] {
        assert!(Partner { secret, ..partner.clone() }.new_tokens().await["access_token"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_channel_keeps_one_secret_when_both_are_retired_concurrently() {
    let partner = Partner::join(world()).await;
    partner.administer("rotate_channel_secret").await;
    let before = secrets(&partner).await;
    let responses = together(16, |number| {
        let (partner, secret_id) = (partner.clone(), before[number % 2]["secret_id"].clone());
        let command = json!({"command": "retire_channel_secret", "appkey": partner.appkey, "secret_id": secret_id});
        async move { world().command(&command).await }
    })
    .await;
    let after = secrets(&partner).await;
    assert_eq!(after.len(), 1);
    let retired = responses.iter().filter(|response| response["secrets"] == json!(after)).count();
    assert_eq!(retired, 1, "{responses:?}");
    let errors: HashSet<&str> = responses.iter().filter_map(|response| response["errorType"].as_str()).collect();
    assert!(errors.is_subset(&HashSet::from(["Conflict", "NotFound"])), "{responses:?}");
}
