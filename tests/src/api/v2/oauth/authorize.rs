//! /oauth/authorize: the page on which an employee consents, and the redirect to the app.

use serde_json::json;

use crate::support::Stage;
use crate::support::consent::{App, Browser, CALLBACK, Page};
use crate::support::product::{MOBILE, Product, body, rejection};

const STOPPED: &str = "页面已失效，请从应用重新进入";
const UNKNOWN: &str = "应用不存在，或回调地址与登记的不一致";

async fn opened(stage: &Stage) -> (Product, App) {
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    let app = product.app().await;
    (product, app)
}

/// The page shows this error and no form.
fn is_stopped(page: &Page, message: &str) {
    assert_eq!((page.status, page.message().as_deref()), (400, Some(message)), "{page:?}");
    assert!(!page.html.contains("<form") && page.header("location").is_none());
    is_safe(page, "form-action 'self' ");
}

/// Returns the page's nonce.
fn is_safe(page: &Page, form_action: &str) -> String {
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let nonce = page.html.split("<style nonce=\"").nth(1).and_then(|text| text.split('"').next()).expect("a nonce");
    assert!(nonce.len() >= 22, "{nonce}");
    let policy =
        format!("default-src 'none'; style-src 'nonce-{nonce}'; {form_action}; frame-ancestors 'none'; base-uri 'none'");
    page.is_safe(&policy);
    nonce.to_owned()
}

#[tokio::test]
async fn the_page_is_plain_html_that_posts_to_itself_and_redirects_only_to_the_app() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let first = browser.open("s").await;
    assert_eq!((first.status, first.message()), (200, None));
    let form_action = "form-action 'self' https://app.example.com:8443";
    let nonce = is_safe(&first, form_action);
    assert!(first.html.contains("「考勤助手」") && first.html.contains("<strong>彩程</strong>"), "{}", first.html);

    let cookie = browser.cookie.clone().expect("a cookie");
    let attributes = first.header("set-cookie").and_then(|set| set.strip_prefix(cookie.as_str()));
    assert_eq!(attributes, Some("; Path=/api/v2/oauth; SameSite=Strict; Max-Age=3600; HttpOnly"));
    assert!(cookie.len() >= "consent=".len() + 43, "{cookie}");

    let again = browser.open("s").await;
    assert_ne!(is_safe(&again, form_action), nonce, "each page has its own nonce");
    assert_eq!(browser.cookie.as_deref(), Some(cookie.as_str()), "the browser keeps its cookie");
    let mut other = Browser::new(&app);
    other.open("s").await;
    assert_ne!(other.cookie.as_deref(), Some(cookie.as_str()));

    let code = browser.press(&first, "send", &[("mobile", MOBILE)]).await;
    assert_eq!((code.status, code.message()), (200, None));
    is_safe(&code, form_action);
}

#[tokio::test]
async fn an_employee_consents_and_the_app_reads_that_company() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let page = browser.request_code(MOBILE, "state-1").await;
    let code = stage.address.code(MOBILE).await;
    let message = format!("【工桥】验证码 {code}，用于授权「考勤助手」读取公司数据，5 分钟内有效。");
    assert_eq!(stage.address.messages(MOBILE).await, [message]);

    let back = browser.consent(&page, &code).await.called_back(CALLBACK);
    let names: Vec<&str> = back.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names, back[1].1.as_str()), (vec!["response_code", "state"], "state-1"));
    let exchanged = app.token(&app.exchange(&back[0].1)).await;
    let token = exchanged.body["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(exchanged, body(json!({"access_token": token, "expires_in": 7_776_000})));

    let signed = product.get("/api/v2/departments", serde_json::Value::Null).await;
    assert_eq!(signed.status, 200);
    assert_eq!(product.read(&token, "/api/v2/departments", json!({})).await, signed);
    let punches = Some(json!({"attendances": []}).to_string());
    let query = [("access_token", token.as_str())];
    let written = product.send(reqwest::Method::POST, "/api/v2/attendance_punches", &query, punches).await;
    assert_eq!(written, rejection(403, 3001, "access_token opens reads only"));
    let stored = json!([stage.items("credentials").await, stage.items("hris").await]).to_string();
    assert!(stored.contains(&app.app_id), "{stored}");
    // Six digits may be part of another number.
    for secret in [&token, &back[0].1, &format!("\"{code}\""), &app.app_secret] {
        assert!(!stored.contains(secret), "{secret} is stored in the clear: {stored}");
    }
}

#[tokio::test]
async fn the_state_is_returned_unchanged() {
    let stage = Stage::open().await;
    let (product, _) = opened(&stage).await;
    let long = "s".repeat(1024);
    let callbacks = [
        (CALLBACK, CALLBACK),
        ("https://app.example.com/back?from=知人&x=1", "https://app.example.com/back?from=%E7%9F%A5%E4%BA%BA&x=1"),
    ];
    for (callback, called) in callbacks {
        let app = product.app_named("考勤助手", callback).await;
        for state in ["中文&a=b=c", "a+b c%20d", " \"'<b>#?/\\ ", "&amp;", &long] {
            let mut browser = Browser::new(&app);
            let page = browser.open(state).await;
            assert_eq!(page.field("state"), state);
            let denied = browser.press(&page, "deny", &[]).await.called_back(called);
            let expected = [("error", "access_denied"), ("state", state)];
            assert_eq!(denied, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));

            let page = browser.request_code(MOBILE, state).await;
            assert_eq!(page.field("state"), state);
            let code = stage.address.code(MOBILE).await;
            let granted = browser.consent(&page, &code).await.called_back(called);
            assert_eq!((granted.len(), &granted[1]), (2, &("state".to_owned(), state.to_owned())));
            stage.clock.advance(jiff::SignedDuration::from_hours(24));
        }
    }
    let app = product.app().await;
    let mut browser = Browser::new(&app);
    let page = browser.open("").await;
    let denied = browser.press(&page, "deny", &[]).await.called_back(CALLBACK);
    assert_eq!(denied, [("error".to_owned(), "access_denied".to_owned())], "without a state none is returned");
    is_stopped(&browser.open(&"s".repeat(1025)).await, "链接不正确");
}

#[tokio::test]
async fn an_app_is_identified_by_its_id_and_its_exact_callback() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let page = browser.open("").await;
    let token = page.field("token");
    let wrong = [
        (app.app_id.as_str(), ""),
        (&app.app_id, "https://app.example.com:8443/callback/"),
        (&app.app_id, "https://app.example.com:8443/Callback"),
        (&app.app_id, "https://app.example.com:8443/callback?a=1"),
        (&app.app_id, "http://app.example.com:8443/callback"),
        (&app.app_id, "https://app.example.com/callback"),
        (&app.app_id, "https://evil.example.com"),
        ("app1", CALLBACK),
        ("", CALLBACK),
        ("<script>", CALLBACK),
    ];
    for (app_id, callback) in wrong {
        is_stopped(&browser.open_with(&[("app_id", app_id), ("callback_url", callback)]).await, UNKNOWN);
        if app_id.is_empty() || callback.is_empty() {
            continue;
        }
        for action in ["send", "consent", "deny"] {
            let fields = [("action", action), ("token", &token), ("app_id", app_id), ("callback_url", callback)];
            is_stopped(&browser.submit(&[&fields[..], &[("mobile", MOBILE)]].concat()).await, UNKNOWN);
        }
    }
    is_stopped(&browser.open_with(&[]).await, UNKNOWN);
    assert_eq!(stage.address.messages(MOBILE).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_form_from_another_site_or_app_is_rejected() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let page = browser.request_code(MOBILE, "").await;
    let code = stage.address.code(MOBILE).await;
    let sent = stage.address.messages(MOBILE).await.len();
    stage.clock.advance(jiff::SignedDuration::from_secs(61));

    let without_cookie = Browser::new(&app);
    let (mut invented, mut forged) = (Browser::new(&app), Browser::new(&app));
    invented.cookie = Some(format!("consent={}", "A".repeat(43)));
    forged.cookie = Some(format!("consent={}.{}", "A".repeat(43), "0".repeat(32)));
    let second = product.app().await;
    let mut same = Browser::new(&second);
    same.cookie = browser.cookie.clone();
    let foreign_token = same.open("").await.field("token");
    assert_eq!(same.cookie, browser.cookie);
    for action in ["send", "consent", "deny"] {
        let attempt = page.field("attempt");
        let fields = [
            ("action", action),
            ("app_id", app.app_id.as_str()),
            ("callback_url", CALLBACK),
            ("mobile", MOBILE),
            ("attempt", &attempt),
            ("code", &code),
        ];
        let own_token = page.field("token");
        for stranger in [&without_cookie, &invented, &forged] {
            is_stopped(&stranger.submit(&[&fields[..], &[("token", &own_token)]].concat()).await, STOPPED);
        }
        let (until, mac) = own_token.split_once('.').expect("two parts");
        let prolonged = format!("{}.{mac}", until.parse::<i64>().expect("a time") + 1);
        for token in ["x", "00000000000000000000000000000000", &foreign_token, &prolonged] {
            is_stopped(&browser.submit(&[&fields[..], &[("token", token)]].concat()).await, STOPPED);
        }
        let response = browser.submit(&fields).await;
        assert_eq!(response.status, 422);
        let errors = json!([{"field": "token", "reason_code": "required", "text": "必填"}]);
        assert_eq!(response.html, json!({"code": 2002, "text": "token is required", "errors": errors}).to_string());
    }
    assert_eq!(stage.address.messages(MOBILE).await.len(), sent);
    assert_eq!(browser.consent(&page, &code).await.called_back(CALLBACK).len(), 1, "the code was not consumed");
}

/// A `SameSite=Strict` cookie is not sent when an app links to the page, so each opened page sets another cookie.
#[tokio::test]
async fn every_page_that_was_opened_within_an_hour_leads_on() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let mut other = crate::support::product::numbered(1);
    other["administrator"] = true.into();
    product.imports("employees", std::slice::from_ref(&other)).await;
    let mut browser = Browser::new(&app);
    let first = browser.open("1").await;
    browser.cookie = None;
    let second = browser.open("2").await;
    for (page, mobile, state) in [(&first, MOBILE, "1"), (&second, other["mobile"].as_str().expect("a phone"), "2")] {
        let asking = browser.press(page, "send", &[("mobile", mobile)]).await;
        assert_eq!((asking.status, asking.message()), (200, None));
        let code = stage.address.code(mobile).await;
        let back = browser.consent(&asking, &code).await.called_back(CALLBACK);
        assert_eq!((back.len(), back[1].1.as_str()), (2, state));
    }
    stage.clock.advance(jiff::SignedDuration::from_secs(3599));
    for page in [&first, &second] {
        assert_eq!(browser.press(page, "deny", &[]).await.called_back(CALLBACK).len(), 2);
    }
    stage.clock.advance(jiff::SignedDuration::from_secs(1));
    for page in [&first, &second] {
        is_stopped(&browser.press(page, "deny", &[]).await, STOPPED);
    }
}

#[tokio::test]
async fn a_link_with_the_names_of_oauth_gets_a_code() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let link = [("client_id", app.app_id.as_str()), ("redirect_uri", CALLBACK), ("state", "s"), ("response_type", "code")];
    let page = browser.open_with(&link).await;
    assert_eq!((page.status, page.field("response_type").as_str()), (200, "code"));
    let standard = ("response_type", "code");
    let asking = browser.press(&page, "send", &[("mobile", MOBILE), standard]).await;
    assert_eq!(asking.field("response_type"), "code");
    let (attempt, code) = (asking.field("attempt"), stage.address.code(MOBILE).await);
    let consent = [("mobile", MOBILE), ("attempt", &attempt), ("code", &code), standard];
    let back = browser.press(&asking, "consent", &consent).await.called_back(CALLBACK);
    assert_eq!(back.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["code", "state"]);
    assert_eq!(app.token(&app.exchange(&back[0].1)).await.status, 200);
    let implicit = [("client_id", app.app_id.as_str()), ("redirect_uri", CALLBACK), ("response_type", "token")];
    is_stopped(&browser.open_with(&implicit).await, "链接不正确");
}

#[tokio::test]
async fn names_in_the_page_are_escaped() {
    let stage = Stage::open().await;
    let (product, _) = opened(&stage).await;
    let row = json!({"uuid": product.company, "name": "<img src=x onerror=1>&co"}).to_string();
    product.command(json!({"command": "import_hris", "kind": "companies", "rows": row})).await;
    let app = product.app_named("<script>alert(1)</script>\"'&amp;", CALLBACK).await;
    let mut browser = Browser::new(&app);
    for page in [browser.open("<b>\"x").await, browser.request_code(MOBILE, "<b>\"x").await] {
        assert_eq!(page.status, 200);
        assert!(page.html.contains("alert(1)") && page.html.contains("onerror=1"), "the page shows the names");
        for raw in ["<script", "<img", "<b>", "\"'&amp;<", ">&co"] {
            assert!(!page.html.contains(raw), "{raw}");
        }
        assert_eq!(page.field("state"), "<b>\"x");
    }
    let page = browser.open("").await;
    let wrong = browser.press(&page, "send", &[("mobile", "\"><script>alert(2)</script>")]).await;
    assert_eq!((wrong.status, wrong.message().as_deref()), (422, Some("请输入正确的手机号")));
    assert!(!wrong.html.contains("<script"));
}

#[tokio::test]
async fn an_unknown_action_is_rejected() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let mut browser = Browser::new(&app);
    let page = browser.open("").await;
    is_stopped(&browser.press(&page, "grant", &[]).await, STOPPED);
}
