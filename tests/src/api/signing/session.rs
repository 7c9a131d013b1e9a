//! /weixin/login and the sessions that come of it (document 001, 3.1).

use jiff::SignedDuration;
use serde_json::json;

use crate::support::worker::{Platform, ok, refusal};
use crate::support::{Stage, answer, world};

#[tokio::test]
async fn a_login_code_is_good_once_and_the_test_code_always() {
    let platform = Platform::found(world()).await;
    let code = platform.login_code("once").await;
    let expired = refusal(401, "登录已失效，请重试");
    assert_eq!(platform.log_in(&code).await.status, 200);
    assert_eq!(platform.log_in(&code).await, expired);
    assert_eq!(platform.log_in("made-up").await, expired);
    assert_eq!(platform.log_in("").await, refusal(400, "请填写登录凭证"));
    for _ in 0..2 {
        assert_eq!(platform.log_in("test").await.status, 200);
    }
}

#[tokio::test]
async fn what_wechat_refuses_is_said_in_words_for_a_worker() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
    for (errcode, expected) in [
        (40029, refusal(401, "登录已失效，请重试")),
        (40163, refusal(401, "登录已失效，请重试")),
        (40226, refusal(403, "该微信账号暂时无法登录")),
        (45011, refusal(429, "微信繁忙，请稍后再试")),
        (-1, refusal(429, "微信繁忙，请稍后再试")),
        (40013, refusal(500, "系统繁忙，请稍后再试")),
    ] {
        let url = format!("{}/simulate/errcode?next={errcode}", stage.address.wechat_url);
        answer(platform.http.get(url)).await;
        assert_eq!(platform.log_in("test").await, expected, "{errcode}");
    }
    assert_eq!(platform.log_in("test").await.status, 200);
}

#[tokio::test]
async fn a_wechat_that_is_not_there_is_our_fault() {
    let stage = Stage::open_with(&[("WECHAT_URL", "http://127.0.0.1:9")]).await;
    let platform = Platform::found(&stage.address).await;
    assert_eq!(platform.log_in("test").await, refusal(500, "系统繁忙，请稍后再试"));
}

#[tokio::test]
async fn a_worker_has_five_sessions_and_the_oldest_goes() {
    let platform = Platform::found(world()).await;
    let mut sessions = Vec::new();
    for _ in 0..6 {
        sessions.push(platform.worker("many").await);
    }
    assert_eq!(sessions[0].get("/employee").await, refusal(401, "请先登录"));
    for session in &sessions[1..] {
        assert_eq!(session.get("/employee").await, ok(json!(null)));
    }
}

#[tokio::test]
async fn a_session_ends_after_a_week_without_use_and_after_thirty_days_at_the_latest() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
    let (idle, used) = (platform.worker("idle").await, platform.worker("used").await);
    let ended = refusal(401, "请先登录");
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
