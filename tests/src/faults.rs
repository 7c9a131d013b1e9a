//! DynamoDB throttles, collides and loses answers: what a partner sees of it, and what is stored.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::resource::{ALL, Resource};
use crate::support::{Answer, Fault, Partner, Stage, answer, invoke, problem, success};

/// A request that writes a record, and the operation by which it does.
struct Write {
    kind: &'static Resource,
    /// What must be pushed before it.
    needs: Vec<&'static str>,
    method: Method,
    body: Value,
    operation: &'static str,
}

impl Write {
    fn name(&self) -> String {
        format!("{} {} {}", self.method, self.kind.name, self.body)
    }

    async fn send(&self, partner: &Partner) -> Answer {
        match self.method {
            Method::POST => partner.post(self.kind.path, &self.body).await,
            _ => partner.put(&self.kind.there(), &self.body).await,
        }
    }
}

/// The POST and the PUT of every kind, and the PUTs that change a reference.
fn writes() -> Vec<Write> {
    let mut writes = Vec::new();
    for kind in &ALL {
        let create = if kind.needs.is_empty() { "PutItem" } else { "TransactWriteItems" };
        let mut there = kind.needs.to_vec();
        writes.push(Write { kind, needs: there.clone(), method: Method::POST, body: kind.example(), operation: create });
        there.push(kind.name);
        let change = json!({kind.text_field: "改"});
        writes.push(Write { kind, needs: there.clone(), method: Method::PUT, body: change, operation: "PutItem" });
        if kind.name == "tasks" {
            let other = json!({"channel_company_id": "C2"});
            writes.push(Write { kind, needs: there, method: Method::PUT, body: other, operation: "TransactWriteItems" });
        }
    }
    writes
}

/// A partner that can send the write, and whose status the process knows.
async fn ready(stage: &Stage, write: &Write) -> Partner {
    let partner = Partner::join(&stage.address).await;
    partner.has(&["companies"]).await;
    let mut second = ALL[1].example();
    second["channel_company_id"] = "C2".into();
    let created = partner.post("/api/v1/companies", &second).await;
    assert_eq!(created, success(created.body["data"].clone()));
    partner.has(&write.needs).await;
    partner
}

/// All that the partner can see of the kind.
async fn state(partner: &Partner, kind: &Resource) -> Vec<Answer> {
    let mut state = vec![partner.get(&kind.there()).await];
    if kind.is_listed() {
        state.push(partner.get(kind.path).await);
    }
    state
}

/// The answers without what differs between any two runs: the server ids.
fn comparable(answers: Vec<Answer>, kind: &Resource) -> Vec<Answer> {
    let mask = |record: &mut Value| {
        if let Some(id) = record.get_mut(kind.server_id) {
            *id = "the server id".into();
        }
    };
    answers
        .into_iter()
        .map(|mut answer| {
            mask(&mut answer.body["data"]);
            answer.body["data"].get_mut("list").and_then(Value::as_array_mut).into_iter().flatten().for_each(mask);
            answer
        })
        .collect()
}

/// The answer to the write and the state after it when nothing goes wrong.
async fn undisturbed(stage: &Stage, write: &Write) -> Vec<Answer> {
    let partner = ready(stage, write).await;
    let answer = write.send(&partner).await;
    assert_eq!(answer, success(answer.body["data"].clone()), "{}", write.name());
    let mut all = vec![answer];
    all.extend(state(&partner, write.kind).await);
    comparable(all, write.kind)
}

/// Checks the writes side by side, each on a system of its own.
async fn for_each_write(concerns: impl Fn(&Write) -> bool, check: impl AsyncFn(&Stage, &Write)) {
    let writes: Vec<Write> = writes().into_iter().filter(|write| concerns(write)).collect();
    assert!(!writes.is_empty());
    join_all(writes.iter().map(async |write| check(&Stage::open().await, write).await)).await;
}

/// The faults strike the write itself, and cost its caller nothing.
async fn is_survived(faults: &[Fault], concerns: impl Fn(&Write) -> bool) {
    for_each_write(concerns, async |stage, write| {
        let expected = undisturbed(stage, write).await;
        let partner = ready(stage, write).await;
        stage.inject_into(write.operation, faults);
        let mut all = vec![write.send(&partner).await];
        all.extend(state(&partner, write.kind).await);
        assert_eq!(comparable(all, write.kind), expected, "{}", write.name());
        assert_eq!(stage.heal(), 0, "{} met not all faults", write.name());
    })
    .await;
}

/// The faults are answered as ours, leave nothing behind, and the same request succeeds later.
async fn leaves_nothing(fault: Fault, times: usize, concerns: impl Fn(&Write) -> bool) {
    for_each_write(concerns, async |stage, write| {
        let expected = undisturbed(stage, write).await;
        let partner = ready(stage, write).await;
        let before = state(&partner, write.kind).await;
        stage.inject_into(write.operation, &vec![fault; times]);
        let answer = write.send(&partner).await;
        assert!(stage.heal() < times, "{} met no fault", write.name());
        assert_eq!(answer, problem(500, 5001, &[]), "{}", write.name());
        assert_eq!(state(&partner, write.kind).await, before, "{}", write.name());

        let mut all = vec![write.send(&partner).await];
        all.extend(state(&partner, write.kind).await);
        assert_eq!(comparable(all, write.kind), expected, "{}", write.name());
    })
    .await;
}

fn in_transaction(write: &Write) -> bool {
    write.operation == "TransactWriteItems"
}

#[tokio::test]
async fn a_write_that_is_throttled_once_or_twice_succeeds() {
    is_survived(&[Fault::Throttled], |_| true).await;
    is_survived(&[Fault::Throttled, Fault::Throttled], |_| true).await;
}

#[tokio::test]
async fn a_write_that_stays_throttled_is_our_fault_and_stores_nothing() {
    leaves_nothing(Fault::Throttled, 30, |_| true).await;
}

#[tokio::test]
async fn a_write_whose_answer_from_the_database_is_lost_is_made_once() {
    is_survived(&[Fault::AnswerLost], |_| true).await;
    is_survived(&[Fault::AnswerLost, Fault::Throttled], |_| true).await;
}

#[tokio::test]
async fn a_transaction_that_meets_others_is_made_again() {
    is_survived(&[Fault::Conflict; 5], in_transaction).await;
}

#[tokio::test]
async fn a_transaction_that_always_meets_others_is_our_fault_and_stores_nothing() {
    leaves_nothing(Fault::Conflict, 100, in_transaction).await;
}

#[tokio::test]
async fn a_single_write_that_meets_a_transaction_is_made_again() {
    is_survived(&[Fault::ConflictingWrite; 2], |write| !in_transaction(write)).await;
}

#[tokio::test]
async fn a_single_write_that_always_meets_transactions_is_our_fault_and_stores_nothing() {
    leaves_nothing(Fault::ConflictingWrite, 100, |write| !in_transaction(write)).await;
}

#[tokio::test]
async fn a_partner_who_was_told_of_a_fault_though_all_was_done_gets_the_answer_on_asking_again() {
    for_each_write(
        |_| true,
        async |stage, write| {
            let expected = undisturbed(stage, write).await;
            let partner = ready(stage, write).await;
            stage.inject_into(write.operation, &[Fault::AnswerLost; 30]);
            let answer = write.send(&partner).await;
            assert!(stage.heal() < 30);
            assert_eq!(answer, problem(500, 5001, &[]), "{}", write.name());
            let done = state(&partner, write.kind).await;
            assert_eq!(comparable(done, write.kind), expected[1..], "{}", write.name());

            let mut all = vec![write.send(&partner).await];
            all.extend(state(&partner, write.kind).await);
            assert_eq!(comparable(all, write.kind), expected, "{}", write.name());
        },
    )
    .await;
}

#[tokio::test]
async fn reads_that_are_throttled_succeed_or_are_our_fault() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    partner.has(&["users", "companies", "tasks"]).await;
    let reads = [
        ("/api/v1/users/U20240101001", "GetItem"),
        ("/api/v1/tasks", "Query"),
        ("/api/v1/tasks", "BatchGetItem"),
        ("/api/v1/tasks?status=open", "Query"),
    ];
    for (path, operation) in reads {
        let expected = partner.get(path).await;
        assert_eq!(expected, success(expected.body["data"].clone()));
        stage.inject_into(operation, &[Fault::Throttled; 2]);
        assert_eq!(partner.get(path).await, expected, "{path}, {operation}");
        assert_eq!(stage.heal(), 0);
        stage.inject_into(operation, &[Fault::Throttled; 30]);
        assert_eq!(partner.get(path).await, problem(500, 5001, &[]), "{path}, {operation}");
        assert!(stage.heal() < 30);
        assert_eq!(partner.get(path).await, expected, "{path}, {operation}");
    }
}

#[tokio::test]
async fn a_status_that_cannot_be_looked_up_lets_nobody_in() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    stage.inject(&[Fault::Throttled; 30]);
    assert_eq!(partner.post("/api/v1/users", &ALL[0].example()).await, problem(500, 5001, &[]));
    stage.heal();
    let missing = problem(404, 1001, &[("channel_user_id", "does not exist")]);
    assert_eq!(partner.get("/api/v1/users/U20240101001").await, missing);
}

/// Sends a refresh token.
async fn refresh(partner: &Partner, token: &Value) -> Answer {
    let body = json!({"refresh_token": token, "grant_type": "refresh_token"});
    partner.send(Method::POST, "/api/v1/auth/refresh", None, Some(body.to_string())).await
}

#[tokio::test]
async fn a_refresh_token_has_one_successor_whatever_goes_wrong() {
    let stage = Stage::open().await;
    let survived: [&[Fault]; 4] =
        [&[Fault::Throttled; 2], &[Fault::Conflict; 5], &[Fault::AnswerLost], &[Fault::AnswerLost, Fault::Conflict]];
    for faults in survived {
        let partner = Partner::join(&stage.address).await;
        let token = partner.new_tokens().await["refresh_token"].clone();
        stage.inject_into("TransactWriteItems", faults);
        let answer = refresh(&partner, &token).await;
        assert_eq!(stage.heal(), 0, "{faults:?}");
        assert_eq!(answer, success(answer.body["data"].clone()), "{faults:?}");
        // It was handed out, whether or not it arrived: here it is again.
        assert_eq!(refresh(&partner, &token).await, answer, "{faults:?}");
        let next = refresh(&partner, &answer.body["data"]["refresh_token"]).await;
        assert_eq!(next, success(next.body["data"].clone()), "{faults:?}");
    }
    for fault in [Fault::Throttled, Fault::Conflict, Fault::AnswerLost] {
        let partner = Partner::join(&stage.address).await;
        let token = partner.new_tokens().await["refresh_token"].clone();
        stage.inject_into("TransactWriteItems", &[fault; 30]);
        assert_eq!(refresh(&partner, &token).await, problem(500, 5001, &[]), "{fault:?}");
        assert!(stage.heal() < 30);
        let answer = refresh(&partner, &token).await;
        assert_eq!(answer, success(answer.body["data"].clone()), "{fault:?}");
        assert_eq!(refresh(&partner, &token).await, answer, "{fault:?}");
        let next = refresh(&partner, &answer.body["data"]["refresh_token"]).await;
        assert_eq!(next, success(next.body["data"].clone()), "{fault:?}");
    }
}

#[tokio::test]
async fn tokens_are_issued_though_the_database_falters() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    for operation in ["GetItem", "UpdateItem", "PutItem"] {
        for fault in [Fault::Throttled, Fault::AnswerLost] {
            stage.inject_into(operation, &[fault]);
            let tokens = partner.new_tokens().await;
            assert_eq!(stage.heal(), 0, "{operation} {fault:?}");
            let next = refresh(&partner, &tokens["refresh_token"]).await;
            assert_eq!(next, success(next.body["data"].clone()), "{operation} {fault:?}");
        }
        stage.inject_into(operation, &[Fault::Throttled; 30]);
        let body = json!({"appkey": partner.appkey, "secret": partner.secret, "grant_type": "client_credentials"});
        let answer = partner.send(Method::POST, "/api/v1/auth/token", None, Some(body.to_string())).await;
        assert_eq!(answer, problem(500, 5001, &[]), "{operation}");
        assert!(stage.heal() < 30);
    }
}

/// The SDK sends the write again and meets its own: the secret must be told all the same.
#[tokio::test]
async fn a_secret_is_told_although_the_answer_to_its_writing_was_lost() {
    let stage = Stage::open().await;
    let http = reqwest::Client::new();
    let commands = [
        json!({"command": "create_channel", "appkey": "unlucky"}),
        json!({"command": "rotate_channel_secret", "appkey": "unlucky"}),
    ];
    for command in commands {
        stage.inject_into("PutItem", &[Fault::AnswerLost]);
        let told = invoke(&http, &stage.address, &command).await;
        assert_eq!(stage.heal(), 0);
        let credentials =
            json!({"appkey": "unlucky", "secret": told["secret"], "grant_type": "client_credentials"}).to_string();
        let request = http.post(format!("{}/api/v1/auth/token", stage.address.base_url));
        let answer = answer(request.header("content-type", "application/json").body(credentials)).await;
        assert_eq!(answer, success(answer.body["data"].clone()), "{command}");
    }
}
