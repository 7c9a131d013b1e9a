//! The code that is sent to a phone: to which phones, how often, and how many attempts it allows.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use crate::support::Stage;
use crate::support::consent::{App, Browser, CALLBACK, Page};
use crate::support::product::{MOBILE, Product, employee, numbered};

const WRONG: &str = "验证码不正确";
const SPENT: &str = "验证码已失效，请重新获取";
const TOO_OFTEN: &str = "发送太频繁，请稍后再试";

async fn opened(stage: &Stage) -> (Product, App) {
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    let app = product.app().await;
    (product, app)
}

/// The code, and a wrong one.
async fn codes(stage: &Stage) -> (String, String) {
    let code = stage.address.code(MOBILE).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    (code, wrong.to_owned())
}

fn says(page: &Page, message: &str) {
    assert_eq!((page.status, page.message().as_deref()), (422, Some(message)), "{page:?}");
}

#[tokio::test]
async fn a_code_allows_five_attempts() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let page = browser.request_code(MOBILE, "").await;
    let (code, wrong) = codes(&stage).await;
    for _ in 0..4 {
        says(&browser.consent(&page, &wrong).await, WRONG);
    }
    assert_eq!(browser.consent(&page, &code).await.called_back(CALLBACK).len(), 1);
    says(&browser.consent(&page, &code).await, SPENT);

    stage.clock.advance(SignedDuration::from_secs(60));
    let page = browser.request_code(MOBILE, "").await;
    let (code, wrong) = codes(&stage).await;
    for _ in 0..5 {
        says(&browser.consent(&page, &wrong).await, WRONG);
    }
    says(&browser.consent(&page, &code).await, SPENT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_allows_five_attempts_even_if_they_are_concurrent() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let page = browser.request_code(MOBILE, "").await;
    let (code, wrong) = codes(&stage).await;
    let browsers: Vec<Browser> = (0..50).map(|_| browser.elsewhere()).collect();
    let attempts = join_all(browsers.iter().map(|browser| browser.consent(&page, &wrong))).await;
    let count = |message: &str| attempts.iter().filter(|page| page.message().as_deref() == Some(message)).count();
    assert_eq!((count(WRONG), count(SPENT)), (5, 45));
    says(&browser.consent(&page, &code).await, SPENT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_right_code_sent_concurrently_consents_at_most_once() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let page = browser.request_code(MOBILE, "").await;
    let (code, _) = codes(&stage).await;
    let responses = join_all((0..5).map(|_| browser.consent(&page, &code))).await;
    let back: Vec<_> = responses.iter().map(|page| page.called_back(CALLBACK)).collect();
    assert!(back.iter().all(|parameters| *parameters == back[0]), "{back:?}");
    let response_codes = stage.items("credentials").await.into_iter();
    let response_codes = response_codes.filter(|item| item["sk"]["S"] == "response_code");
    assert_eq!(response_codes.count(), 1);
    let exchange = app.exchange(&back[0][0].1);
    assert_eq!(app.token(&exchange).await.status, 200);
    assert_eq!(app.token(&exchange).await.status, 422, "it is exchanged once");
}

#[tokio::test]
async fn a_consent_button_that_is_pressed_twice_leads_on_twice() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let page = browser.request_code(MOBILE, "state").await;
    let (code, wrong) = codes(&stage).await;
    let first = browser.consent(&page, &code).await.called_back(CALLBACK);
    assert_eq!((first.len(), first[0].0.as_str()), (2, "response_code"));
    for seconds in [0, 29, 1] {
        stage.clock.advance(SignedDuration::from_secs(seconds));
        assert_eq!(browser.consent(&page, &code).await.called_back(CALLBACK), first, "{seconds}");
    }
    says(&browser.consent(&page, &wrong).await, SPENT);

    stage.clock.advance(SignedDuration::from_secs(60));
    let page = browser.request_code(MOBILE, "").await;
    let (code, _) = codes(&stage).await;
    let second = browser.consent(&page, &code).await.called_back(CALLBACK);
    assert_ne!(second[0], first[0]);
    stage.clock.advance(SignedDuration::from_secs(31));
    says(&browser.consent(&page, &code).await, SPENT);
}

#[tokio::test]
async fn a_code_is_valid_for_five_minutes_in_the_app_that_requested_it() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let page = browser.request_code(MOBILE, "").await;
    let (code, _) = codes(&stage).await;
    stage.clock.advance(SignedDuration::from_secs(5 * 60));
    says(&browser.consent(&page, &code).await, SPENT);

    let page = browser.request_code(MOBILE, "").await;
    let (code, _) = codes(&stage).await;
    let second = product.app().await;
    let mut elsewhere = Browser::new(&second);
    let form = elsewhere.open("").await;
    let attempt = page.field("attempt");
    says(&elsewhere.press(&form, "consent", &[("attempt", &attempt), ("code", &code)]).await, SPENT);
    says(&elsewhere.press(&form, "consent", &[("attempt", "unknown"), ("code", &code)]).await, SPENT);
    stage.clock.advance(SignedDuration::from_secs(5 * 60 - 1));
    assert_eq!(browser.consent(&page, &code).await.called_back(CALLBACK).len(), 1);
}

/// The response is a rate limit. Returns the seconds of its Retry-After.
fn wait(page: &Page) -> i64 {
    assert_eq!((page.status, page.message().as_deref()), (429, Some(TOO_OFTEN)), "{page:?}");
    page.header("retry-after").and_then(|seconds| seconds.parse().ok()).expect("seconds")
}

#[tokio::test]
async fn a_phone_is_sent_one_message_a_minute_and_ten_a_day() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    // Each from another address, because addresses are rate limited as well.
    let request = async |mobile: &str| Browser::new(&app).request_code(mobile, "").await;
    for sent in 1..=10 {
        assert_eq!(request(MOBILE).await.status, 200);
        assert_eq!(stage.address.messages(MOBILE).await.len(), sent);
        // In another spelling and for another app it is the same phone.
        assert!(wait(&request(&format!("+86 {MOBILE}")).await) > 0);
        let mut other = Browser::new(&product.app().await);
        assert!(wait(&other.request_code(MOBILE, "").await) > 0);
        if sent < 10 {
            assert_eq!(wait(&request(MOBILE).await), 60);
            stage.clock.advance(SignedDuration::from_secs(59));
            assert_eq!(wait(&request(MOBILE).await), 1);
            stage.clock.advance(SignedDuration::from_secs(1));
        }
    }
    stage.clock.advance(SignedDuration::from_secs(60));
    let tomorrow = wait(&request(MOBILE).await);
    assert!((60..=24 * 3600).contains(&tomorrow), "{tomorrow}");
    stage.clock.advance(SignedDuration::from_secs(tomorrow - 1));
    assert_eq!(wait(&request(MOBILE).await), 1);
    assert_eq!(stage.address.messages(MOBILE).await.len(), 10);
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(request(MOBILE).await.status, 200);
    assert_eq!(stage.address.messages(MOBILE).await.len(), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_concurrent_requests_send_one_message() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let form = browser.open("").await;
    let browsers: Vec<Browser> = (0..200).map(|_| browser.elsewhere()).collect();
    for sent in 1..=2 {
        let responses = join_all(browsers.iter().map(|browser| browser.press(&form, "send", &[("mobile", MOBILE)]))).await;
        let rejected = responses.iter().filter(|page| page.status != 200);
        assert_eq!(rejected.map(wait).filter(|seconds| *seconds == 60).count(), 199);
        assert_eq!(stage.address.messages(MOBILE).await.len(), sent);
        stage.clock.advance(SignedDuration::from_secs(60));
    }
}

#[tokio::test]
async fn a_phone_of_no_current_employee_gets_the_same_page_and_no_message() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let (mut left, stranger) = (numbered(1), "13900000000");
    (left["status"], left["administrator"]) = ("dimission".into(), true.into());
    let left_mobile = left["mobile"].as_str().expect("a phone").to_owned();
    product.imports("employees", &[left]).await;
    let other = Product::join_stage(&stage).await;
    other.imports("employees", &[numbered(2)]).await;
    let others_mobile = numbered(2)["mobile"].as_str().expect("a phone").to_owned();

    let mut browser = Browser::new(&app);
    let shown = async |browser: &mut Browser, mobile: &str| {
        let page = browser.request_code(mobile, "").await;
        let nonce = page.html.split("nonce=\"").nth(1).and_then(|text| text.split('"').next()).expect("a nonce").to_owned();
        let attempt = page.field("attempt");
        let plain = page.html.replace(&nonce, "nonce").replace(&attempt, "attempt").replace(mobile, "mobile");
        (page, plain)
    };
    let (known, expected) = shown(&mut browser, MOBILE).await;
    assert_eq!(known.status, 200);
    for mobile in [left_mobile.as_str(), stranger, &others_mobile] {
        let (page, plain) = shown(&mut browser, mobile).await;
        assert_eq!((page.status, plain), (200, expected.clone()), "{mobile}");
        assert_eq!(stage.address.messages(mobile).await, Vec::<String>::new());
        assert_eq!(page.field("attempt").len(), known.field("attempt").len());
        assert_eq!(wait(&browser.request_code(mobile, "").await), 60, "a second request reveals nothing either");
        says(&browser.consent(&page, "000000").await, WRONG);
    }
}

#[tokio::test]
async fn a_phone_that_passed_to_another_employee_is_sent_a_new_code() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let mut gone = employee();
    gone["status"] = "dimission".into();
    let mut new = numbered(1);
    (new["mobile"], new["administrator"]) = (MOBILE.into(), true.into());
    product.imports("employees", &[gone]).await;
    let mut browser = Browser::new(&app);
    assert_eq!(browser.request_code(MOBILE, "").await.status, 200);
    assert_eq!(stage.address.messages(MOBILE).await, Vec::<String>::new());
    product.imports("employees", &[new]).await;
    stage.clock.advance(SignedDuration::from_secs(60));
    let page = browser.request_code(MOBILE, "").await;
    let code = stage.address.code(MOBILE).await;
    assert_eq!(browser.consent(&page, &code).await.called_back(CALLBACK).len(), 1);
}

#[tokio::test]
async fn an_invalid_mobile_number_is_reported() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    for mobile in ["", "1860283672", "28602836721", "186028367210", "one"] {
        says(&browser.request_code(mobile, "").await, "请输入正确的手机号");
    }
    let page = browser.request_code(&format!(" {MOBILE} "), "").await;
    assert_eq!((page.status, page.field("mobile").as_str()), (200, MOBILE));
    assert_eq!(json!(stage.address.messages(MOBILE).await.len()), 1);
}
