//! /captcha and /verifycode (document 001, 1.2.3 and 1.2.4).

use futures::future::join_all;
use futures::{StreamExt as _, stream};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use crate::support::worker::{Platform, coded, form, ok, refusal};
use crate::support::{Answer, Stage, answer};

fn wrong() -> Answer {
    coded(refusal(400, "图形验证码不正确或已失效"))
}

#[tokio::test]
async fn a_captcha_is_a_picture_whose_cookie_or_header_is_sent_back() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
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
    assert_eq!((picture.width(), picture.height()), (160, 60));

    let shown = platform.shown(&id).await;
    let request = platform.request(Method::POST, "/verifycode").header("cookie", format!("other=1; captcha_id={id}"));
    let sent = answer(form(request, &[("captcha_code", &shown.to_lowercase()), ("phone", "13700000010")])).await;
    assert_eq!(sent, coded(ok(json!({}))));
    assert_eq!(platform.address.messages("13700000010").await.len(), 1);
}

#[tokio::test]
async fn a_captcha_is_used_up_by_one_try_right_or_wrong() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
    let (captcha, shown) = platform.captcha().await;
    assert_eq!(platform.verifycode(&captcha, "????", "13700000011").await, wrong());
    assert_eq!(platform.verifycode(&captcha, &shown, "13700000011").await, wrong());
    assert_eq!(platform.verifycode("made-up", &shown, "13700000011").await, wrong());
    let request = platform.request(Method::POST, "/verifycode");
    assert_eq!(answer(form(request, &[("captcha_code", &shown), ("phone", "13700000011")])).await, wrong());
    let fields = refusal(400, "手机号不正确；请填写图形验证码");
    assert_eq!(platform.verifycode(&captcha, "", "12").await, coded(fields));
    assert!(platform.address.messages("13700000011").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_tries_at_once_one_spends_the_captcha() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
    let (captcha, shown) = platform.captcha().await;
    let tries = (0..100).map(|number| {
        let (platform, captcha, shown) = (platform.clone(), captcha.clone(), shown.clone());
        tokio::spawn(async move { platform.verifycode(&captcha, &shown, &format!("1360000{number:04}")).await })
    });
    let answers: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| **answer == coded(ok(json!({})))).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == wrong()).count(), 99);
}

/// The answers to so many calls at once for a phone, each with a captcha of its own.
async fn crowd(platform: &Platform, calls: usize, phone: &'static str) -> Vec<Answer> {
    let captchas: Vec<_> = stream::iter((0..calls).map(|_| platform.captcha())).buffer_unordered(32).collect().await;
    let calls = captchas.into_iter().map(|(captcha, shown)| {
        let platform = platform.clone();
        tokio::spawn(async move { platform.verifycode(&captcha, &shown, phone).await })
    });
    join_all(calls).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_calls_at_once_for_a_phone_one_sends_a_message() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
    let phone = "13700000012";
    let answers = crowd(&platform, 100, phone).await;
    let sent = answers.iter().filter(|answer| **answer == coded(ok(json!({})))).count();
    let often = coded(refusal(429, "操作太频繁，请稍后再试"));
    let refused = answers.iter().filter(|answer| **answer == often).count();
    assert_eq!((sent, refused, platform.address.messages(phone).await.len()), (1, 99, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_calls_at_once_send_a_phone_at_most_one_message() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
    let phone = "13700000015";
    let answers = crowd(&platform, 1000, phone).await;
    let sent = answers.iter().filter(|answer| answer.status == 200).count();
    let messages = platform.address.messages(phone).await.len();
    // So many that a small machine does not answer all of them in time.
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 429 | 500)), "{answers:?}");
    assert!(messages <= 1 && sent <= messages, "{sent} said so, {messages} sent");
    assert!(answers.iter().any(|answer| answer.status == 429), "nobody was refused");
}

#[tokio::test]
async fn a_phone_is_sent_one_message_a_minute_and_ten_a_day() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
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
    let platform = Platform::found(&stage.address).await;
    let send = async |number: u32| {
        let (captcha, shown) = platform.captcha().await;
        platform.verifycode(&captcha, &shown, &format!("1350000{number:04}")).await.status
    };
    for number in 0..20 {
        assert_eq!(send(number).await, 200, "{number}");
    }
    // What is refused for the address uses up nothing of the phone's day.
    for _ in 0..10 {
        assert_eq!(send(20).await, 429);
        stage.clock.advance(SignedDuration::from_secs(60));
    }
    stage.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(send(20).await, 200);
}

#[tokio::test]
async fn a_captcha_and_a_code_last_five_minutes() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
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
    assert_eq!(worker.send_json(Method::POST, &resume).await, refusal(400, "短信验证码不正确或已失效"));
}
