//! How many text messages a client, a network and the whole installation can cause: a job fair signs on, and a script does not spend money.

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::worker::{self, Platform, Worker, coded, form, resume};
use crate::support::{Response, Stage, fetch, neighbours};

fn too_often() -> Response {
    coded(worker::rejection(429, "操作太频繁，请稍后再试"))
}

fn sent() -> Response {
    coded(worker::ok(json!({})))
}

/// Requests a code in the session of a worker, without a captcha.
async fn request_code(worker: &Worker, phone: &str) -> Response {
    fetch(form(worker.request(Method::POST, "/verifycode"), &[("phone", phone)])).await
}

/// Requests a code without a session.
async fn request_anonymously(platform: &Platform, phone: &str) -> Response {
    let (captcha, shown) = platform.captcha().await;
    let request = platform.request(Method::POST, "/verifycode").header("x-captcha-id", captcha);
    fetch(form(request, &[("captcha_code", &shown), ("phone", phone)])).await
}

/// A thousand workers behind one address sign on within ten minutes, while a script with many addresses uses up what clients without a session
/// may send.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_job_fair_signs_on_and_a_pump_is_rejected() {
    let settings = [("SESSION_NEEDS_CAPTCHA", "false"), ("REQUIRE_SMS", "true"), ("MESSAGES_PER_HOUR", "1600")];
    let stage = Stage::open_with(&settings).await;
    let platform = Platform::create(&stage.address).await;
    // Of the 1,600 messages 1,200 are for one platform, and 800 for clients without a session. One network sends 60 of them.
    let scripts = neighbours(4).into_iter().map(|http| platform.through(http));
    let mut pumped = 0;
    for (script, most) in scripts.zip([20, 20, 20, 0]) {
        let phones: Vec<String> = (0..21).map(|number| format!("139{:08}", pumped + number)).collect();
        let answers = join_all(phones.iter().map(|phone| request_anonymously(&script, phone))).await;
        let accepted = answers.iter().filter(|answer| **answer == sent()).count();
        let rejected = answers.iter().filter(|answer| **answer == too_often()).count();
        assert_eq!((accepted, rejected), (most, 21 - most));
        pumped += 21;
    }
    // A script with the addresses of many networks uses the rest up.
    let table = &stage.address.variables["CREDENTIALS_TABLE"];
    let counters = stage.items(table).await;
    let counter =
        counters.iter().find(|item| item["pk"]["S"].as_str().unwrap().starts_with("all#messages#anonymous#1#")).unwrap();
    let (window, _) = counter["pk"]["S"].as_str().unwrap().rsplit_once('#').unwrap();
    let full = |shard: usize| {
        let mut full = counter.clone();
        (full["pk"]["S"], full["counted"]["N"]) = (format!("{window}#{shard}").into(), "800".into());
        full
    };
    stage.put_all(table, (0..16).map(full).collect()).await;
    assert_eq!(request_anonymously(&platform.elsewhere(), "13900009999").await, too_often());

    let mut signed_on = 0;
    for minute in 0..10 {
        let names: Vec<String> = (0..100).map(|number| format!("fair-{minute}-{number}")).collect();
        let all = join_all(names.iter().enumerate().map(async |(number, name)| {
            let phone = format!("138{:08}", minute * 100 + number);
            let worker = platform.worker(name).await;
            assert_eq!(request_code(&worker, &phone).await, sent(), "{name}");
            let mut body = resume();
            body["phone"] = phone.clone().into();
            body["verify_code"] = stage.address.code(&phone).await.into();
            worker.send_json(Method::POST, &body).await.status
        }))
        .await;
        signed_on += all.iter().filter(|status| **status == 200).count();
        stage.clock.advance(SignedDuration::from_secs(60));
    }
    assert_eq!(signed_on, 1000);
}

#[tokio::test]
async fn no_message_is_sent_above_the_ceiling_of_an_hour_or_a_day() {
    for (setting, until_next) in [("MESSAGES_PER_HOUR", 1800), ("MESSAGES_PER_DAY", 19_800)] {
        let stage = Stage::open_with(&[("SESSION_NEEDS_CAPTCHA", "false"), (setting, "4")]).await;
        let (one, other) = (Platform::create(&stage.address).await, Platform::create(&stage.address).await);
        let workers = [one.worker("a").await, one.worker("b").await, one.worker("c").await, one.worker("d").await];
        let phone = |number: usize| format!("1380000100{number}");
        // Three quarters of them are for one platform.
        for (number, worker) in workers.iter().enumerate() {
            let expected = if number < 3 { sent() } else { too_often() };
            assert_eq!(request_code(worker, &phone(number)).await, expected, "{setting} {number}");
        }
        let elsewhere = other.worker("e").await;
        assert_eq!(request_code(&elsewhere, &phone(4)).await, sent());
        assert_eq!(request_code(&other.worker("f").await, &phone(5)).await, too_often());
        assert_eq!(stage.address.messages(&phone(5)).await, Vec::<String>::new());
        stage.clock.advance(SignedDuration::from_secs(until_next));
        assert_eq!(request_code(&elsewhere, &phone(5)).await, sent(), "{setting}");
    }
}

#[tokio::test]
async fn a_user_causes_ten_messages_an_hour_in_all_sessions() {
    let stage = Stage::open_with(&[("SESSION_NEEDS_CAPTCHA", "false")]).await;
    let platform = Platform::create(&stage.address).await;
    for number in 0..11 {
        let session = platform.worker("the same").await;
        let expected = if number < 10 { sent() } else { too_often() };
        assert_eq!(request_code(&session, &format!("137000001{number:02}")).await, expected, "{number}");
    }
    // An address is not counted for users with a session.
    assert_eq!(request_code(&platform.worker("another").await, "13700000199").await, sent());
}

#[tokio::test]
async fn a_session_needs_a_captcha_unless_the_system_is_set_otherwise() {
    let stage = Stage::open().await;
    let worker = Platform::create(&stage.address).await.worker("strict").await;
    let missing = coded(worker::rejection(400, "请填写图形验证码"));
    assert_eq!(request_code(&worker, "13700000300").await, missing);
    let stage = Stage::open_with(&[("SESSION_NEEDS_CAPTCHA", "false")]).await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("free").await;
    assert_eq!(request_code(&worker, "13700000300").await, sent());
    // Without a session, or with one that has ended, the captcha stays necessary.
    let anonymous = form(platform.request(Method::POST, "/verifycode"), &[("phone", "13700000301")]);
    assert_eq!(fetch(anonymous).await, missing);
    let ended = platform.request(Method::POST, "/verifycode").header("x-auth-token", "ended");
    assert_eq!(fetch(form(ended, &[("phone", "13700000301")])).await, missing);
}

/// An alarm watches the metric (`template.yaml`).
#[tokio::test]
async fn half_of_a_ceiling_is_reported_once_for_each_counter() {
    let stage = Stage::open_with(&[("SESSION_NEEDS_CAPTCHA", "false"), ("MESSAGES_PER_HOUR", "8")]).await;
    let platform = Platform::create(&stage.address).await;
    stage.take_lines();
    for number in 0..4 {
        let worker = platform.worker(&format!("half-{number}")).await;
        assert_eq!(request_code(&worker, &format!("1380000200{number}")).await, sent());
    }
    let lines = stage.take_lines();
    let lines = lines.iter().filter(|line| line.contains("half_of_text_messages"));
    let scopes: Vec<Value> = lines.map(|line| serde_json::from_str::<Value>(line).unwrap()["scope"].clone()).collect();
    // Three of the six of the platform, then four of all eight.
    assert_eq!(scopes, [json!(format!("signing#{}", platform.code)), json!("all")]);
}
