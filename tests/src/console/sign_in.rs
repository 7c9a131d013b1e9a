//! The sign-in: a text message, then the second factor.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use crate::support::audit::records;
use crate::support::staff::{Browser, SESSION, SIGN_IN, Staff, failure};
use crate::support::{Response, Stage};

const WRONG_CODE: (&str, &str) = ("code", "is wrong or too old");
const WRONG_FACTOR: (&str, &str) = ("code", "is wrong or was used");

fn ok(body: Value) -> Response {
    Response { status: 200, body }
}

#[tokio::test]
async fn a_member_sets_up_the_second_factor_at_the_first_sign_in() {
    let stage = Stage::open().await;
    let staff = Staff::create(&stage.address, &["support"], json!({})).await;
    assert_eq!(staff.browser.get("me").await, failure(401, "Unauthenticated", &[]));
    stage.clock.advance(SignedDuration::from_secs(1));
    let code = staff.message().await;
    let messages = stage.address.messages(&staff.phone).await;
    assert_eq!(messages, [format!("【工桥】后台登录验证码 {code}，5 分钟内有效，请勿告诉他人。")]);
    let checked = staff.browser.post("code", &json!({"phone": staff.phone, "code": code})).await;
    let enrollment = &checked.body["enrollment"];
    let secret = enrollment["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 32, "160 bits in Base32");
    assert_eq!(
        enrollment["url"],
        format!("otpauth://totp/%E5%B7%A5%E6%A1%A5:%E5%BC%A0%E4%B8%89?secret={secret}&issuer=%E5%B7%A5%E6%A1%A5")
    );
    assert!(enrollment["qr"].as_str().unwrap().contains("<svg"));
    assert_eq!(checked, ok(json!({"next": "enroll", "enrollment": enrollment})));
    assert_eq!(staff.browser.get("me").await, failure(401, "Unauthenticated", &[]), "the second factor is missing");

    stage.clock.advance(SignedDuration::from_secs(1));
    let codes = staff.sign_in_after(&checked, stage.clock.now()).await;
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 19 && code.split('-').count() == 4), "{codes:?}");
    let me = staff.browser.get("me").await;
    let (at, later) = ("2024-01-15T10:30:00Z", "2024-01-15T10:30:02Z");
    assert_eq!(
        me.body["staff"],
        json!({
            "staff_id": staff.id, "name": "张三", "phone": format!("157****{}", &staff.phone[7..]), "roles": ["support"],
            "assigned": null, "enabled": true, "has_second_factor": true, "created_at": at,
            "sessions": [{"created_at": later, "used_at": later}],
        })
    );
    assert_eq!((me.status, &me.body["is_stepped_up"]), (200, &json!(true)));
    assert_eq!((staff.browser.cookie(SIGN_IN), staff.browser.cookie(SESSION).is_some()), (None, true));

    // The steps are recorded under the member, without a phone or a code.
    let of_member = records(&stage.address, json!({"object": format!("staff/member/{}", staff.id)})).await;
    let acts: Vec<(&str, &str)> = of_member
        .iter()
        .map(|record| (record["actor"]["kind"].as_str().unwrap(), record["action"].as_str().unwrap()))
        .collect();
    let expected = [("staff", "POST /console/api/totp"), ("staff", "POST /console/api/code"), ("ops-admin", "create_staff")];
    assert_eq!(acts, expected);

    // The next sign-in needs the app alone.
    stage.clock.advance(SignedDuration::from_mins(2));
    let code = staff.message().await;
    let checked = staff.browser.post("code", &json!({"phone": staff.phone, "code": code})).await;
    assert_eq!(checked, ok(json!({"next": "totp"})));
    assert_eq!(staff.prove(stage.clock.now()).await, ok(json!({"next": "signed_in", "recovery_codes_left": 10})));
}

#[tokio::test]
async fn a_code_of_a_message_is_right_once_and_for_five_minutes() {
    let stage = Stage::open().await;
    let staff = Staff::signed_in(&stage.address, &["support"], json!({}), stage.clock.now()).await;
    let browser = Browser::at(&stage.address);
    let check = async |code: &str| browser.post("code", &json!({"phone": staff.phone, "code": code})).await;
    let wrong = failure(400, "Invalid", &[WRONG_CODE]);
    stage.clock.advance(SignedDuration::from_mins(1));
    let code = staff.message().await;
    let other = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(check(other).await, wrong);
    assert_eq!(check(&code).await, ok(json!({"next": "totp"})));
    assert_eq!(check(&code).await, wrong, "used");
    stage.clock.advance(SignedDuration::from_mins(1));
    let code = staff.message().await;
    stage.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(check(&code).await, wrong, "too old");
    let code = staff.message().await;
    for _ in 0..5 {
        assert_eq!(check(other).await, wrong);
    }
    assert_eq!(check(&code).await, wrong, "five attempts are used up");
}

#[tokio::test]
async fn a_stranger_cannot_learn_whether_a_phone_is_that_of_a_member() {
    let stage = Stage::open().await;
    let staff = Staff::create(&stage.address, &["support"], json!({})).await;
    let disabled = Staff::create(&stage.address, &["support"], json!({})).await;
    stage.address.command(&json!({"command": "disable_staff", "staff_id": disabled.id, "by": "tester"})).await;
    let browser = Browser::at(&stage.address);
    browser.post("sign-in", &json!({"phone": "13900000000"})).await;
    let mut calls = Vec::new();
    for phone in [&staff.phone, &disabled.phone, "13800000000"] {
        stage.take_calls();
        assert_eq!(browser.post("sign-in", &json!({"phone": phone})).await, ok(json!({"next": "code"})));
        calls.push(stage.take_calls());
        let wrong = browser.post("code", &json!({"phone": phone, "code": "123"})).await;
        assert_eq!(wrong, failure(400, "Invalid", &[WRONG_CODE]));
    }
    assert_eq!((&calls[0], &calls[0]), (&calls[1], &calls[2]));
    let sent = [&staff.phone, &disabled.phone, "13800000000"].map(|phone| stage.address.messages(phone));
    let sent = futures::future::join_all(sent).await;
    assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 0]);
}

#[tokio::test]
async fn a_code_of_the_app_and_a_recovery_code_are_accepted_once() {
    let stage = Stage::open().await;
    let staff = Staff::create(&stage.address, &["support"], json!({})).await;
    let recovery = staff.sign_in(stage.clock.now()).await;
    let step_up = async |code: &str| staff.browser.post("totp", &json!({"code": code})).await;
    let wrong = failure(400, "Invalid", &[WRONG_FACTOR]);
    let proved = |left: u32| ok(json!({"next": "signed_in", "recovery_codes_left": left}));
    stage.clock.advance(SignedDuration::from_mins(1));
    let code = staff.totp(stage.clock.now());
    assert_eq!(step_up(&code).await, proved(10));
    assert_eq!(step_up(&code).await, wrong, "RFC 6238, 5.2");
    stage.clock.advance(SignedDuration::from_mins(2));
    let late = staff.totp(stage.clock.now());
    stage.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(step_up(&late).await, wrong, "two steps late");
    stage.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(step_up(&recovery[3].to_uppercase().replace('-', " ")).await, proved(9));
    assert_eq!(step_up(&recovery[3]).await, wrong);
    assert_eq!(step_up(&recovery[9]).await, proved(8));
}

#[tokio::test]
async fn five_wrong_second_factors_close_the_sign_in_for_ten_minutes() {
    let stage = Stage::open().await;
    let staff = Staff::signed_in(&stage.address, &["support"], json!({}), stage.clock.now()).await;
    stage.clock.advance(SignedDuration::from_mins(10));
    let wrong = async || staff.browser.post("totp", &json!({"code": "none"})).await;
    for _ in 0..5 {
        assert_eq!(wrong().await, failure(400, "Invalid", &[WRONG_FACTOR]));
    }
    assert_eq!(wrong().await, failure(429, "TooManyRequests", &[]));
    assert_eq!(staff.prove(stage.clock.now()).await, failure(429, "TooManyRequests", &[]), "a right one as well");
    let burst = records(&stage.address, json!({"day": "2024-01-15"})).await;
    assert!(burst.iter().any(|record| record["outcome"] == "rejected" && record["reason"] == "too many attempts"));
    stage.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(staff.prove(stage.clock.now()).await, ok(json!({"next": "signed_in", "recovery_codes_left": 10})));
}

#[tokio::test]
async fn concurrent_guesses_of_the_second_factor_are_limited_too() {
    let stage = Stage::open().await;
    let staff = Staff::signed_in(&stage.address, &["support"], json!({}), stage.clock.now()).await;
    stage.clock.advance(SignedDuration::from_mins(10));
    let guess = json!({"code": "none"});
    let guesses = futures::future::join_all((0..40).map(|_| staff.browser.post("totp", &guess))).await;
    let compared = guesses.iter().filter(|guess| guess.status == 400).count();
    assert!(compared <= 5 && guesses.iter().all(|guess| [400, 429].contains(&guess.status)), "{compared}");
}

#[tokio::test]
async fn a_second_factor_that_is_not_set_up_in_time_must_be_reset() {
    let stage = Stage::open().await;
    let staff = Staff::create(&stage.address, &["support"], json!({})).await;
    stage.clock.advance(SignedDuration::from_hours(72));
    let check = async || {
        let code = staff.message().await;
        staff.browser.post("code", &json!({"phone": staff.phone, "code": code})).await
    };
    let late = ("second_factor", "was not set up in time: an administrator resets it");
    assert_eq!(check().await, failure(409, "Conflict", &[late]));
    stage.address.command(&json!({"command": "reset_second_factor", "staff_id": staff.id, "by": "tester"})).await;
    stage.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(check().await.body["next"], "enroll");
}

#[tokio::test]
async fn requests_of_another_site_are_rejected() {
    let stage = Stage::open().await;
    let staff = Staff::signed_in(&stage.address, &["admin"], json!({}), stage.clock.now()).await;
    let foreign = failure(415, "Foreign", &[]);
    let body = r#"{"limit":1}"#;
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let request = staff.browser.request(Method::POST, "commands/list_staff").header("content-type", media_type);
        assert_eq!(staff.browser.send(request.body(body)).await, foreign, "{media_type}");
    }
    for (site, is_own) in [("cross-site", false), ("same-site", false), ("none", false), ("same-origin", true)] {
        let request = staff.browser.request(Method::POST, "commands/list_staff").header("content-type", "application/json");
        let response = staff.browser.send(request.header("sec-fetch-site", site).body(body)).await;
        assert_eq!((response.status == 200, response == foreign), (is_own, !is_own), "{site}");
    }
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let stage = Stage::open().await;
    let browser = Browser::at(&stage.address);
    for (path, body, fault) in [
        ("sign-in", json!({}), ("phone", "is required")),
        ("sign-in", json!({"phone": "1"}), ("phone", "must be a mobile number")),
        ("sign-in", json!({"phone": "13800138000", "x": 1}), ("x", "is not known")),
        ("code", json!({"phone": "13800138000"}), ("code", "is required")),
        ("code", json!({"phone": "13800138000", "code": "1".repeat(17)}), ("code", "is too long")),
        ("totp", json!({}), ("code", "is required")),
    ] {
        assert_eq!(browser.post(path, &body).await, failure(400, "Invalid", &[fault]), "{path} {body}");
    }
    assert_eq!(browser.post("totp", &json!({"code": "123456"})).await, failure(401, "Unauthenticated", &[]));
    browser.set_cookie(SIGN_IN, "1.x");
    assert_eq!(browser.post("totp", &json!({"code": "123456"})).await, failure(401, "Unauthenticated", &[]));
    for token in ["1.x", "x", ".", "99999999999999999999.x", &"1".repeat(200)] {
        let browser = Browser::at(&stage.address);
        browser.set_cookie(SESSION, token);
        assert_eq!(browser.get("me").await, failure(401, "Unauthenticated", &[]), "{token}");
    }
    assert_eq!(browser.get("nothing").await, failure(404, "NotFound", &[]));
    assert_eq!(browser.get("sign-in").await, failure(405, "WrongMethod", &[]));
}
