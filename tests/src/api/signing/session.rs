//! /weixin/login, and the sessions that it opens (document 001, 3.1).

use jiff::SignedDuration;
use serde_json::json;

use crate::support::worker::{Platform, ok, rejection};
use crate::support::{Stage, fetch, world};

#[tokio::test]
async fn a_login_code_is_single_use_and_the_code_test_always_works() {
    let platform = Platform::create(world()).await;
    let code = platform.login_code("once").await;
    let expired = rejection(401, "登录已失效，请重试");
    assert_eq!(platform.log_in(&code).await.status, 200);
    assert_eq!(platform.log_in(&code).await, expired);
    assert_eq!(platform.log_in("made-up").await, expired);
    assert_eq!(platform.log_in("").await, rejection(400, "请填写登录凭证"));
    for _ in 0..2 {
        assert_eq!(platform.log_in("test").await.status, 200);
    }
}

#[tokio::test]
async fn an_error_of_wechat_is_translated_for_the_worker() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    for (errcode, expected) in [
        (40029, rejection(401, "登录已失效，请重试")),
        (40163, rejection(401, "登录已失效，请重试")),
        (40226, rejection(403, "该微信账号暂时无法登录")),
        (45011, rejection(429, "微信繁忙，请稍后再试")),
        (-1, rejection(429, "微信繁忙，请稍后再试")),
        (40013, rejection(500, "系统繁忙，请稍后再试")),
    ] {
        let url = format!("{}/simulate/errcode?next={errcode}", stage.address.wechat_url);
        fetch(platform.http.get(url)).await;
        assert_eq!(platform.log_in("test").await, expected, "{errcode}");
    }
    assert_eq!(platform.log_in("test").await.status, 200);
}

#[tokio::test]
async fn an_unreachable_wechat_is_a_server_error() {
    let stage = Stage::open_with(&[("WECHAT_URL", "http://127.0.0.1:9")]).await;
    let platform = Platform::create(&stage.address).await;
    assert_eq!(platform.log_in("test").await, rejection(500, "系统繁忙，请稍后再试"));
}

#[tokio::test]
async fn a_worker_has_five_sessions_and_a_sixth_ends_the_oldest() {
    let platform = Platform::create(world()).await;
    let mut sessions = Vec::new();
    for _ in 0..6 {
        sessions.push(platform.worker("many").await);
    }
    assert_eq!(sessions[0].get("/employee").await, rejection(401, "请先登录"));
    for session in &sessions[1..] {
        assert_eq!(session.get("/employee").await, ok(json!(null)));
    }
}

#[tokio::test]
async fn a_session_ends_after_a_week_without_use_and_after_thirty_days_at_the_latest() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let (idle, used) = (platform.worker("idle").await, platform.worker("used").await);
    let ended = rejection(401, "请先登录");
    for day in 1..=29 {
        stage.clock.advance(SignedDuration::from_hours(24));
        assert_eq!(used.get("/employee").await, ok(json!(null)), "day {day}");
    }
    assert_eq!(idle.get("/employee").await, ended);
    stage.clock.advance(SignedDuration::from_secs(24 * 3600 - 1));
    assert_eq!(used.get("/employee").await, ok(json!(null)));
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(used.get("/employee").await, ended);

    let week = platform.worker("week").await;
    stage.clock.advance(SignedDuration::from_secs(7 * 24 * 3600));
    assert_eq!(week.get("/employee").await, ended);
}
