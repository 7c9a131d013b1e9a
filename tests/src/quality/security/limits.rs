//! How many attempts to authenticate are allowed: failures consume more of the limit, and a rate-limited response has a Retry-After.

use std::collections::BTreeSet;

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::board::{self, Board};
use crate::support::consent::{Browser, TOKEN};
use crate::support::partner::tokens;
use crate::support::product::{self, EMPLOYEE, MOBILE, Product};
use crate::support::worker::{self, Platform, coded, form};
use crate::support::{Partner, Response, Stage, client, problem};

/// A response, and the seconds of its Retry-After.
async fn limited(request: RequestBuilder) -> (Response, Option<u32>) {
    let response = request.send().await.expect("a response");
    let seconds = response.headers().get("retry-after").map(|seconds| seconds.to_str().unwrap().parse().unwrap());
    (Response::read(response).await, seconds)
}

/// A request for tokens with this secret.
fn token_request(partner: &Partner, secret: &str) -> RequestBuilder {
    let body = json!({"appkey": partner.appkey, "secret": secret, "grant_type": "client_credentials"});
    partner.http.post(format!("{}/api/v1/auth/token", partner.base_url)).json(&body)
}

fn refresh(partner: &Partner, token: &str) -> RequestBuilder {
    let body = json!({"refresh_token": token, "grant_type": "refresh_token"});
    partner.http.post(format!("{}/api/v1/auth/refresh", partner.base_url)).json(&body)
}

fn too_often() -> Response {
    problem(429, 1001, &[])
}

#[tokio::test]
async fn after_ten_wrong_secrets_a_minute_even_the_right_one_is_rejected() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    stage.clock.advance(SignedDuration::from_secs(15));
    for _ in 0..10 {
        assert_eq!(limited(token_request(&partner, "wrong")).await, (problem(401, 1002, &[]), None));
    }
    for secret in ["wrong", &partner.secret] {
        assert_eq!(limited(token_request(&partner, secret)).await, (too_often(), Some(45)), "{secret}");
    }
    // Another address or another caller is not locked out.
    let elsewhere = Partner { http: client(), ..partner.clone() };
    assert_eq!(limited(token_request(&elsewhere, &partner.secret)).await.0.status, 200);
    assert_eq!(Partner::join(&stage.address).await.get("/api/v1/users/x").await.status, 404);
    stage.clock.advance(SignedDuration::from_secs(44));
    assert_eq!(limited(token_request(&partner, &partner.secret)).await, (too_often(), Some(1)));
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(limited(token_request(&partner, &partner.secret)).await.0.status, 200);
}

#[tokio::test]
async fn an_unknown_appkey_is_rate_limited_like_a_known_one() {
    let stage = Stage::open().await;
    let partner = Partner { appkey: "unknown".into(), ..Partner::join(&stage.address).await };
    for _ in 0..10 {
        assert_eq!(limited(token_request(&partner, "wrong")).await, (problem(401, 1002, &[]), None));
    }
    assert_eq!(limited(token_request(&partner, "wrong")).await, (too_often(), Some(60)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_of_forty_concurrent_wrong_secrets_are_checked() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let responses = join_all((0..40).map(|_| limited(token_request(&partner, "wrong")))).await;
    let checked = responses.iter().filter(|response| **response == (problem(401, 1002, &[]), None)).count();
    let rejected = responses.iter().filter(|response| **response == (too_often(), Some(60))).count();
    assert_eq!((checked, rejected), (10, 30));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_right_secrets_a_minute_are_all_accepted() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    for _ in 0..20 {
        let responses = join_all((0..50).map(|_| limited(token_request(&partner, &partner.secret)))).await;
        assert!(responses.iter().all(|(response, seconds)| (response.status, *seconds) == (200, None)));
    }
}

#[tokio::test]
async fn a_rate_limited_refresh_token_is_not_consumed() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let genuine = partner.new_tokens().await["refresh_token"].as_str().expect("a token").to_owned();
    let unknown = format!("{}{}", if genuine.starts_with('A') { 'B' } else { 'A' }, &genuine[1..]);
    for _ in 0..10 {
        assert_eq!(limited(refresh(&partner, &unknown)).await, (problem(401, 1003, &[]), None));
    }
    for token in [&unknown, &genuine] {
        assert_eq!(limited(refresh(&partner, token)).await, (too_often(), Some(60)));
    }
    // The reuse window has passed: if the token had been consumed, this would end its family.
    stage.clock.advance(SignedDuration::from_secs(60));
    let (next, _) = limited(refresh(&partner, &genuine)).await;
    tokens(&next);
}

#[tokio::test]
async fn ten_wrong_exchanges_a_minute_are_checked_and_the_response_code_stays_valid() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let app = product.app().await;
    let code = Browser::new(&app).response_code(MOBILE).await;
    let exchange = |body: &Value| limited(product.http.post(format!("{}{TOKEN}", app.address.base_url)).json(body));
    let mut wrong_secret = app.exchange(&code);
    wrong_secret["app_secret"] = "wrong".into();
    let (unknown, used) = (
        product::rejection(401, 1105, "app_id or app_secret is invalid"),
        product::rejection(422, 2002, "response_code is not valid, or was used"),
    );
    for _ in 0..5 {
        assert_eq!(exchange(&wrong_secret).await, (unknown.clone(), None));
        assert_eq!(exchange(&app.exchange("made-up")).await, (used.clone(), None));
    }
    let too_often = product::rejection(429, 2002, "too many requests: try again later");
    for body in [&wrong_secret, &app.exchange(&code)] {
        assert_eq!(exchange(body).await, (too_often.clone(), Some(60)));
    }
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(exchange(&app.exchange(&code)).await.0.status, 200);
}

#[tokio::test]
async fn a_phone_is_notified_of_thirty_visitors_an_hour() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let announce = |visitor: usize| {
        let path = format!("/api/v2/employees/{EMPLOYEE}/notify");
        let visit = product.with_token(json!({"name": format!("访客{visitor}"), "time": "15:00"}));
        limited(product.signed(Method::POST, &path, visit))
    };
    let announced = (product::body(product::returned(&product::employee())), None);
    for visitor in 0..30 {
        assert_eq!(announce(visitor).await, announced, "{visitor}");
    }
    let too_often = product::rejection(429, 2002, "too many requests: try again later");
    stage.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(announce(30).await, (too_often.clone(), Some(25 * 60)));
    // A replayed call is not counted again.
    stage.clock.advance(SignedDuration::from_mins(-5));
    assert_eq!(announce(0).await, announced);
    assert_eq!(stage.address.messages(MOBILE).await.len(), 30);
    stage.clock.advance(SignedDuration::from_mins(30));
    assert_eq!(announce(30).await, announced);
    assert_eq!(stage.address.messages(MOBILE).await.len(), 31);
}

/// The clocks of two processes differ by a little: the attempt before may be in the future.
#[tokio::test]
async fn a_limit_without_spacing_accepts_an_attempt_from_a_clock_that_is_behind() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let log_in = || limited(form(platform.request(Method::POST, "/weixin/login"), &[("code", "test")]));
    stage.clock.advance(SignedDuration::from_secs(30));
    for _ in 0..3 {
        assert_eq!(log_in().await.0.status, 200);
        stage.clock.advance(SignedDuration::from_secs(-1));
    }
}

/// A neighbour who guesses does not keep anyone from a log-in: a code of WeChat cannot be guessed.
#[tokio::test]
async fn an_address_may_try_1800_codes_a_minute_at_the_signing_api() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let code = platform.login_code("a worker").await;
    let log_in =
        |platform: &Platform, code: &str| limited(form(platform.request(Method::POST, "/weixin/login"), &[("code", code)]));
    for _ in 0..31 {
        let wrong = worker::rejection(401, "登录已失效，请重试");
        assert_eq!(log_in(&platform, "made-up").await, (wrong, None));
    }
    assert_eq!(log_in(&platform, "test").await.0.status, 200);
    stage.use_up("codes", 1800).await;
    assert_eq!(log_in(&platform, "test").await.0.status, 200);
    // WeChat is not called: the code is still valid a minute later.
    let too_often = worker::rejection(429, "操作太频繁，请稍后再试");
    assert_eq!(log_in(&platform, &code).await, (too_often, Some(60)));
    assert_eq!(log_in(&platform.elsewhere(), "test").await.0.status, 200);
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(log_in(&platform, &code).await.0.status, 200);
}

#[tokio::test]
async fn an_address_may_try_1800_codes_a_minute_at_the_job_board() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (login, phone) = (board.code("login", "limited").await, board.code("phone", "13900000042").await);
    let post = |board: &Board, path: &str, body: &Value| limited(board.request(Method::POST, path).json(body));
    let (log_in, register) = ("/wechat/user/login", "/wechat/user/register");
    for number in 0..11 {
        let wrong = (board::rejection(401, "login_code: is wrong or used"), None);
        assert_eq!(post(&board, log_in, &json!({"login_code": "made-up"})).await, wrong);
        assert_eq!(post(&board, register, &json!({"login_code": "made-up", "phone_code": "made-up"})).await, wrong);
        let code = board.code("login", &format!("stranger-{number}")).await;
        let wrong = (board::rejection(400, "phone_code: is wrong or used"), None);
        assert_eq!(post(&board, register, &json!({"login_code": code, "phone_code": "made-up"})).await, wrong);
    }
    stage.use_up("codes", 1800).await;
    let unknown = (board::rejection(404, "user not found"), None);
    assert_eq!(post(&board, log_in, &json!({"login_code": "test"})).await, unknown);
    let codes = json!({"login_code": login, "phone_code": phone});
    let too_often = board::rejection(429, "try again later");
    assert_eq!(post(&board, register, &codes).await, (too_often.clone(), Some(60)));
    assert_eq!(post(&board, log_in, &json!({"login_code": "test"})).await, (too_often, Some(60)));
    let elsewhere = Board::of(&stage.address);
    assert_eq!(post(&elsewhere, log_in, &json!({"login_code": "test"})).await, unknown);
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(post(&board, register, &codes).await.0.status, 200);
}

#[tokio::test]
async fn the_consent_page_accepts_1800_codes_a_minute_and_sends_twenty_an_hour_to_an_address() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let app = product.app().await;
    let mut browser = Browser::new(&app);
    let page = browser.request_code(MOBILE, "").await;
    let code = stage.address.code(MOBILE).await;
    for _ in 0..31 {
        // An attempt with an invalid `attempt` does not consume one of the code.
        let invalid = [("mobile", MOBILE), ("attempt", "made-up"), ("code", "000000")];
        assert_eq!(browser.press(&page, "consent", &invalid).await.status, 422);
    }
    stage.use_up("codes", 1801).await;
    let rejected = browser.consent(&page, &code).await;
    let shown = (rejected.status, rejected.message(), rejected.header("retry-after"));
    assert_eq!(shown, (429, Some("尝试太频繁，请稍后再试".into()), Some("60")));
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(browser.consent(&page, &code).await.status, 303);

    for number in 1..20 {
        assert_eq!(browser.request_code(&format!("1360000{number:04}"), "").await.status, 200, "{number}");
    }
    let rejected = browser.request_code("13600000020", "").await;
    let shown = (rejected.status, rejected.message(), rejected.header("retry-after"));
    // The clock stands at 10:31.
    assert_eq!(shown, (429, Some("发送太频繁，请稍后再试".into()), Some("1740")));
    assert_eq!(browser.elsewhere().press(&page, "send", &[("mobile", "13600000020")]).await.status, 200);
}

#[tokio::test]
async fn a_rejected_message_has_a_retry_after() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let send = async |phone: &str| {
        let (captcha, shown) = platform.captcha().await;
        let request = platform.request(Method::POST, "/verifycode").header("x-captcha-id", captcha);
        limited(form(request, &[("captcha_code", &shown), ("phone", phone)])).await
    };
    assert_eq!(send("13700000050").await, (coded(worker::ok(json!({}))), None));
    let too_often = coded(worker::rejection(429, "操作太频繁，请稍后再试"));
    assert_eq!(send("13700000050").await, (too_often.clone(), Some(60)));
    for number in 51..69 {
        assert_eq!(send(&format!("137000000{number}")).await.0.status, 200);
    }
    assert_eq!(send("13700000069").await, (too_often, Some(1800)));
}

#[tokio::test]
async fn a_counter_expires_and_holds_no_name_or_address() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    limited(token_request(&partner, "wrong")).await;
    let items = stage.items(&stage.address.variables["CREDENTIALS_TABLE"]).await;
    let counts: Vec<&Value> = items.iter().filter(|item| item.get("counted").is_some()).collect();
    assert_eq!(counts.len(), 1, "{items:?}");
    let names: BTreeSet<&str> = counts[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["pk", "sk", "counted", "expires_at"]));
    assert_eq!(counts[0]["counted"]["N"], "601");
    let expires_at: i64 = counts[0]["expires_at"]["N"].as_str().expect("a number").parse().unwrap();
    assert_eq!(expires_at, stage.clock_seconds() + 60);
    let text = counts[0].to_string();
    assert!(!text.contains(&partner.appkey) && !text.contains("127."), "{text}");
}

/// Any client may send the header; only the gateway knows the address.
#[tokio::test]
async fn a_forwarded_header_is_not_the_clients_address() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let with_forged_address =
        |number: u32| token_request(&partner, "wrong").header("x-forwarded-for", format!("198.51.100.{number}"));
    for number in 0..10 {
        assert_eq!(limited(with_forged_address(number)).await, (problem(401, 1002, &[]), None));
    }
    assert_eq!(limited(with_forged_address(10)).await, (too_often(), Some(60)));
}
