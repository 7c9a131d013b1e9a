//! /captcha and /verifycode (document 001, 1.2.3 and 1.2.4).

use futures::future::join_all;
use futures::{StreamExt as _, stream};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use crate::support::worker::{Platform, coded, form, ok, rejection, resume};
use crate::support::{Response, Stage, fetch};

fn wrong() -> Response {
    coded(rejection(400, "图形验证码不正确或已失效"))
}

#[tokio::test]
async fn a_captcha_is_a_picture_whose_cookie_or_header_is_sent_back() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let response = platform.request(Method::GET, "/captcha").send().await.unwrap();
    let headers = response.headers().clone();
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let id = text("x-captcha-id");
    assert_eq!(text("set-cookie"), format!("captcha_id={id}; Path=/; HttpOnly; Max-Age=300"));
    assert_eq!(
        (response.status().as_u16(), text("content-type"), text("cache-control")),
        (200, "image/png".into(), "no-store".into())
    );
    let picture = image::load_from_memory(&response.bytes().await.unwrap()).unwrap();
    assert_eq!((picture.width(), picture.height()), (240, 80));

    let shown = platform.shown(&id).await;
    let request = platform.request(Method::POST, "/verifycode").header("cookie", format!("other=1; captcha_id={id}"));
    let sent = fetch(form(request, &[("captcha_code", &shown.to_lowercase()), ("phone", "13700000010")])).await;
    assert_eq!(sent, coded(ok(json!({}))));
    assert_eq!(platform.address.messages("13700000010").await.len(), 1);
}

#[tokio::test]
async fn a_captcha_is_consumed_by_the_first_attempt_right_or_wrong() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let (captcha, shown) = platform.captcha().await;
    assert_eq!(platform.verifycode(&captcha, "????", "13700000011").await, wrong());
    assert_eq!(platform.verifycode(&captcha, &shown, "13700000011").await, wrong());
    assert_eq!(platform.verifycode("made-up", &shown, "13700000011").await, wrong());
    let request = platform.request(Method::POST, "/verifycode");
    assert_eq!(fetch(form(request, &[("captcha_code", &shown), ("phone", "13700000011")])).await, wrong());
    let fields = rejection(400, "手机号不正确；请填写图形验证码");
    assert_eq!(platform.verifycode(&captcha, "", "12").await, coded(fields));
    assert!(platform.address.messages("13700000011").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_a_hundred_concurrent_attempts_consumes_the_captcha() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let (captcha, shown) = platform.captcha().await;
    let attempts = (0..100).map(|number| {
        let (platform, captcha, shown) = (platform.clone(), captcha.clone(), shown.clone());
        tokio::spawn(async move { platform.verifycode(&captcha, &shown, &format!("1360000{number:04}")).await })
    });
    let responses: Vec<_> = join_all(attempts).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(responses.iter().filter(|response| **response == coded(ok(json!({})))).count(), 1);
    assert_eq!(responses.iter().filter(|response| **response == wrong()).count(), 99);
}

/// The responses to this many concurrent calls for a phone, each with its own captcha.
async fn crowd(platform: &Platform, calls: usize, phone: &'static str) -> Vec<Response> {
    let captchas: Vec<_> = stream::iter((0..calls).map(|_| platform.captcha())).buffer_unordered(32).collect().await;
    let calls = captchas.into_iter().map(|(captcha, shown)| {
        let platform = platform.clone();
        tokio::spawn(async move { platform.verifycode(&captcha, &shown, phone).await })
    });
    join_all(calls).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_a_hundred_concurrent_calls_for_a_phone_sends_a_message() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let phone = "13700000012";
    let responses = crowd(&platform, 100, phone).await;
    let sent = responses.iter().filter(|response| **response == coded(ok(json!({})))).count();
    let often = coded(rejection(429, "操作太频繁，请稍后再试"));
    let rejected = responses.iter().filter(|response| **response == often).count();
    assert_eq!((sent, rejected, platform.address.messages(phone).await.len()), (1, 99, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_concurrent_calls_send_a_phone_at_most_one_message() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let phone = "13700000015";
    let responses = crowd(&platform, 1000, phone).await;
    let sent = responses.iter().filter(|response| response.status == 200).count();
    let messages = platform.address.messages(phone).await.len();
    // A small machine does not answer all of them in time.
    assert!(responses.iter().all(|response| matches!(response.status, 200 | 429 | 500)), "{responses:?}");
    assert!(messages <= 1 && sent <= messages, "{sent} said so, {messages} sent");
    assert!(responses.iter().any(|response| response.status == 429), "no call was rate limited");
}

#[tokio::test]
async fn a_phone_is_sent_one_message_a_minute_and_ten_a_day() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let phone = "13700000013";
    let send = async || {
        let (captcha, shown) = platform.captcha().await;
        platform.verifycode(&captcha, &shown, phone).await.status
    };
    assert_eq!(send().await, 200);
    stage.clock.advance(SignedDuration::from_secs(59));
    assert_eq!(send().await, 429);
    for _ in 1..10 {
        stage.clock.advance(SignedDuration::from_secs(60));
        assert_eq!(send().await, 200);
    }
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(send().await, 429);
    stage.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(send().await, 200);
    assert_eq!(platform.address.messages(phone).await.len(), 11);
}

#[tokio::test]
async fn an_address_sends_twenty_messages_an_hour() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let send = async |number: u32| {
        let (captcha, shown) = platform.captcha().await;
        platform.verifycode(&captcha, &shown, &format!("1350000{number:04}")).await.status
    };
    for number in 0..20 {
        assert_eq!(send(number).await, 200, "{number}");
    }
    // A call that the limit of the address rejects does not count for the phone.
    for _ in 0..10 {
        assert_eq!(send(20).await, 429);
        stage.clock.advance(SignedDuration::from_secs(60));
    }
    stage.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(send(20).await, 200);
}

#[tokio::test]
async fn a_captcha_and_a_code_expire_after_five_minutes() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let (captcha, shown) = platform.captcha().await;
    stage.clock.advance(SignedDuration::from_secs(300));
    assert_eq!(platform.verifycode(&captcha, &shown, "13700000014").await, wrong());

    let (captcha, shown) = platform.captcha().await;
    platform.verifycode(&captcha, &shown, "13700000014").await;
    let mut resume = crate::support::worker::resume();
    resume["phone"] = "13700000014".into();
    resume["verify_code"] = platform.address.code("13700000014").await.into();
    stage.clock.advance(SignedDuration::from_secs(300));
    let worker = platform.worker("late").await;
    assert_eq!(worker.send_json(Method::POST, &resume).await, rejection(400, "短信验证码不正确或已失效"));
}

#[tokio::test]
async fn a_number_abroad_is_another_phone_than_the_same_digits_at_home() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let (abroad, home) = ("+4915112345678", "15112345678");
    for phone in [abroad, home] {
        let (captcha, shown) = platform.captcha().await;
        assert_eq!(platform.verifycode(&captcha, &shown, phone).await, coded(ok(json!({}))), "{phone}");
        assert_eq!(platform.address.messages(phone).await.len(), 1, "{phone}");
    }
    // The code of one does not prove the other.
    let worker = platform.worker("abroad").await;
    let mut resume = resume();
    resume["phone"] = abroad.into();
    resume["verify_code"] = platform.address.code(home).await.into();
    assert_eq!(worker.send_json(Method::POST, &resume).await, rejection(400, "短信验证码不正确或已失效"));
    resume["verify_code"] = platform.address.code(abroad).await.into();
    assert_eq!(worker.send_json(Method::POST, &resume).await, ok(serde_json::Value::Null));
    assert_eq!(worker.get("/employee").await.body["data"]["phone"], abroad);
    // Another spelling of the number is the same phone.
    let (captcha, shown) = platform.captcha().await;
    assert_eq!(platform.verifycode(&captcha, &shown, "+49 15112345678").await.status, 429);
}
