//! How often somebody may try to prove who he is: failures cost more than successes, and what is refused is told when to come back.

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::board::{self, Board};
use crate::support::consent::{App, Browser, TOKEN};
use crate::support::partner::tokens;
use crate::support::product::{self, EMPLOYEE, MOBILE, Product};
use crate::support::worker::{self, Platform, coded, form};
use crate::support::{Answer, Partner, Stage, client, problem};

/// An answer, and the seconds after which to come back.
async fn answer(request: RequestBuilder) -> (Answer, Option<u32>) {
    let response = request.send().await.expect("an answer");
    let seconds = response.headers().get("retry-after").map(|seconds| seconds.to_str().unwrap().parse().unwrap());
    let status = response.status().as_u16();
    (Answer { status, body: response.json().await.unwrap_or_default() }, seconds)
}

/// A request for tokens with this secret.
fn ask(partner: &Partner, secret: &str) -> RequestBuilder {
    let body = json!({"appkey": partner.appkey, "secret": secret, "grant_type": "client_credentials"});
    partner.http.post(format!("{}/api/v1/auth/token", partner.base_url)).json(&body)
}

fn refresh(partner: &Partner, token: &str) -> RequestBuilder {
    let body = json!({"refresh_token": token, "grant_type": "refresh_token"});
    partner.http.post(format!("{}/api/v1/auth/refresh", partner.base_url)).json(&body)
}

fn too_often() -> Answer {
    problem(429, 1001, &[])
}

#[tokio::test]
async fn ten_wrong_secrets_a_minute_are_told_and_then_not_even_the_right_one_is() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    stage.clock.advance(SignedDuration::from_secs(15));
    for _ in 0..10 {
        assert_eq!(answer(ask(&partner, "wrong")).await, (problem(401, 1002, &[]), None));
    }
    for secret in ["wrong", &partner.secret] {
        assert_eq!(answer(ask(&partner, secret)).await, (too_often(), Some(45)), "{secret}");
    }
    // Whoever is elsewhere, or is somebody else, is not locked out.
    let elsewhere = Partner { http: client(), ..partner.clone() };
    assert_eq!(answer(ask(&elsewhere, &partner.secret)).await.0.status, 200);
    assert_eq!(Partner::join(&stage.address).await.get("/api/v1/users/x").await.status, 404);
    stage.clock.advance(SignedDuration::from_secs(44));
    assert_eq!(answer(ask(&partner, &partner.secret)).await, (too_often(), Some(1)));
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(answer(ask(&partner, &partner.secret)).await.0.status, 200);
}

#[tokio::test]
async fn an_appkey_that_nobody_has_is_limited_as_one_that_somebody_has() {
    let stage = Stage::open().await;
    let partner = Partner { appkey: "nobody".into(), ..Partner::join(&stage.address).await };
    for _ in 0..10 {
        assert_eq!(answer(ask(&partner, "wrong")).await, (problem(401, 1002, &[]), None));
    }
    assert_eq!(answer(ask(&partner, "wrong")).await, (too_often(), Some(60)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_forty_wrong_secrets_at_once_ten_are_told() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let answers = join_all((0..40).map(|_| answer(ask(&partner, "wrong")))).await;
    let told = answers.iter().filter(|answer| **answer == (problem(401, 1002, &[]), None)).count();
    let refused = answers.iter().filter(|answer| **answer == (too_often(), Some(60))).count();
    assert_eq!((told, refused), (10, 30));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_right_secrets_a_minute_are_all_served() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    for _ in 0..20 {
        let answers = join_all((0..50).map(|_| answer(ask(&partner, &partner.secret)))).await;
        assert!(answers.iter().all(|(answer, seconds)| (answer.status, *seconds) == (200, None)));
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_refused_for_being_tried_too_often_is_not_used_up() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let genuine = partner.new_tokens().await["refresh_token"].as_str().expect("a token").to_owned();
    let unknown = format!("{}{}", if genuine.starts_with('A') { 'B' } else { 'A' }, &genuine[1..]);
    for _ in 0..10 {
        assert_eq!(answer(refresh(&partner, &unknown)).await, (problem(401, 1003, &[]), None));
    }
    for token in [&unknown, &genuine] {
        assert_eq!(answer(refresh(&partner, token)).await, (too_often(), Some(60)));
    }
    // The reuse window has passed: had it been used, this would end its family.
    stage.clock.advance(SignedDuration::from_secs(60));
    let (next, _) = answer(refresh(&partner, &genuine)).await;
    tokens(&next);
}

#[tokio::test]
async fn ten_wrong_exchanges_a_minute_are_told_and_the_response_code_stays_good() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.furnish().await;
    let app = App::of(&product).await;
    let code = Browser::new(&app).response_code(MOBILE).await;
    let exchange = |body: &Value| answer(product.http.post(format!("{}{TOKEN}", app.address.base_url)).json(body));
    let mut wrong_secret = app.exchange(&code);
    wrong_secret["app_secret"] = "wrong".into();
    let (unknown, used) = (
        product::refusal(401, 1105, "app_id or app_secret is invalid"),
        product::refusal(422, 2002, "response_code is not valid, or was used"),
    );
    for _ in 0..5 {
        assert_eq!(exchange(&wrong_secret).await, (unknown.clone(), None));
        assert_eq!(exchange(&app.exchange("made-up")).await, (used.clone(), None));
    }
    let too_often = product::refusal(429, 2002, "too many requests: try again later");
    for body in [&wrong_secret, &app.exchange(&code)] {
        assert_eq!(exchange(body).await, (too_often.clone(), Some(60)));
    }
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(exchange(&app.exchange(&code)).await.0.status, 200);
}

#[tokio::test]
async fn a_phone_is_told_of_thirty_visitors_an_hour() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.furnish().await;
    let announce = |visitor: usize| {
        let path = format!("/api/v2/employees/{EMPLOYEE}/notify");
        let visit = product.with_token(json!({"name": format!("访客{visitor}"), "time": "15:00"}));
        answer(product.signed(Method::POST, &path, visit))
    };
    let announced = (product::body(product::answered(&product::employee())), None);
    for visitor in 0..30 {
        assert_eq!(announce(visitor).await, announced, "{visitor}");
    }
    let too_often = product::refusal(429, 2002, "too many requests: try again later");
    stage.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(announce(30).await, (too_often.clone(), Some(25 * 60)));
    // One that was sent before is not counted again.
    stage.clock.advance(SignedDuration::from_mins(-5));
    assert_eq!(announce(0).await, announced);
    assert_eq!(stage.address.messages(MOBILE).await.len(), 30);
    stage.clock.advance(SignedDuration::from_mins(30));
    assert_eq!(announce(30).await, announced);
    assert_eq!(stage.address.messages(MOBILE).await.len(), 31);
}

#[tokio::test]
async fn an_address_logs_in_with_thirty_wrong_codes_a_minute_to_the_signing_api() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
    let code = platform.login_code("somebody").await;
    let log_in =
        |platform: &Platform, code: &str| answer(form(platform.request(Method::POST, "/weixin/login"), &[("code", code)]));
    for _ in 0..30 {
        let wrong = worker::refusal(401, "登录已失效，请重试");
        assert_eq!(log_in(&platform, "made-up").await, (wrong, None));
    }
    // Nor is WeChat asked: the code is still good a minute later.
    let too_often = worker::refusal(429, "操作太频繁，请稍后再试");
    assert_eq!(log_in(&platform, &code).await, (too_often, Some(60)));
    assert_eq!(log_in(&platform.elsewhere(), "test").await.0.status, 200);
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(log_in(&platform, &code).await.0.status, 200);
}

#[tokio::test]
async fn an_address_comes_in_with_thirty_wrong_codes_a_minute_to_the_job_board() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (login, phone) = (board.code("login", "limited").await, board.code("phone", "13900000042").await);
    let post = |board: &Board, path: &str, body: &Value| answer(board.request(Method::POST, path).json(body));
    let (log_in, register) = ("/wechat/user/login", "/wechat/user/register");
    for number in 0..10 {
        let wrong = (board::refusal(401, "login_code: is wrong or used"), None);
        assert_eq!(post(&board, log_in, &json!({"login_code": "made-up"})).await, wrong);
        assert_eq!(post(&board, register, &json!({"login_code": "made-up", "phone_code": "made-up"})).await, wrong);
        let code = board.code("login", &format!("stranger-{number}")).await;
        let wrong = (board::refusal(400, "phone_code: is wrong or used"), None);
        assert_eq!(post(&board, register, &json!({"login_code": code, "phone_code": "made-up"})).await, wrong);
    }
    let codes = json!({"login_code": login, "phone_code": phone});
    let too_often = board::refusal(429, "try again later");
    assert_eq!(post(&board, register, &codes).await, (too_often.clone(), Some(60)));
    assert_eq!(post(&board, log_in, &json!({"login_code": "test"})).await, (too_often, Some(60)));
    let elsewhere = Board::of(&stage.address);
    assert_eq!(post(&elsewhere, log_in, &json!({"login_code": "test"})).await, (board::refusal(404, "user not found"), None));
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(post(&board, register, &codes).await.0.status, 200);
}

#[tokio::test]
async fn an_address_gives_the_consent_page_thirty_wrong_codes_a_minute_and_asks_it_for_twenty_an_hour() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.furnish().await;
    let app = App::of(&product).await;
    let mut browser = Browser::new(&app);
    let page = browser.ask_code(MOBILE, "").await;
    let code = stage.address.code(MOBILE).await;
    for _ in 0..30 {
        // The attempt of somebody who made it up: the code itself is not tried.
        let made_up = [("mobile", MOBILE), ("attempt", "made-up"), ("code", "000000")];
        assert_eq!(browser.press(&page, "consent", &made_up).await.status, 422);
    }
    let refused = browser.consent(&page, &code).await;
    let told = (refused.status, refused.message(), refused.header("retry-after"));
    assert_eq!(told, (429, Some("尝试太频繁，请稍后再试".into()), Some("60")));
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(browser.consent(&page, &code).await.status, 303);

    for number in 1..20 {
        assert_eq!(browser.ask_code(&format!("1360000{number:04}"), "").await.status, 200, "{number}");
    }
    let refused = browser.ask_code("13600000020", "").await;
    let told = (refused.status, refused.message(), refused.header("retry-after"));
    // 10:31 by the clock.
    assert_eq!(told, (429, Some("发送太频繁，请稍后再试".into()), Some("1740")));
    assert_eq!(browser.elsewhere().press(&page, "send", &[("mobile", "13600000020")]).await.status, 200);
}

#[tokio::test]
async fn a_message_that_is_refused_is_told_when_to_come_back() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
    let send = async |phone: &str| {
        let (captcha, shown) = platform.captcha().await;
        let request = platform.request(Method::POST, "/verifycode").header("x-captcha-id", captcha);
        answer(form(request, &[("captcha_code", &shown), ("phone", phone)])).await
    };
    assert_eq!(send("13700000050").await, (coded(worker::ok(json!({}))), None));
    let too_often = coded(worker::refusal(429, "操作太频繁，请稍后再试"));
    assert_eq!(send("13700000050").await, (too_often.clone(), Some(60)));
    for number in 51..69 {
        assert_eq!(send(&format!("137000000{number}")).await.0.status, 200);
    }
    assert_eq!(send("13700000069").await, (too_often, Some(1800)));
}

#[tokio::test]
async fn a_count_expires_and_names_neither_caller_nor_address() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    answer(ask(&partner, "wrong")).await;
    let items = stage.items(&stage.address.variables["CREDENTIALS_TABLE"]).await;
    let counts: Vec<&Value> = items.iter().filter(|item| item.get("counted").is_some()).collect();
    assert_eq!(counts.len(), 1, "{items:?}");
    assert_eq!(counts[0]["counted"]["N"], "601");
    let expires_at: i64 = counts[0]["expires_at"]["N"].as_str().expect("a number").parse().unwrap();
    assert_eq!(expires_at, stage.clock_seconds() + 60);
    let text = counts[0].to_string();
    assert!(!text.contains(&partner.appkey) && !text.contains("127."), "{text}");
}

/// Anybody may send the header; the gateway alone knows the address.
#[tokio::test]
async fn a_header_is_no_address() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let lie = |number: u32| ask(&partner, "wrong").header("x-forwarded-for", format!("198.51.100.{number}"));
    for number in 0..10 {
        assert_eq!(answer(lie(number)).await, (problem(401, 1002, &[]), None));
    }
    assert_eq!(answer(lie(10)).await, (too_often(), Some(60)));
}
