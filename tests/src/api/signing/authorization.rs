//! Who may call, on which platform.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::worker::{Platform, coded, ok, refusal, resume};
use crate::support::{Answer, Stage, answer, world};

/// The endpoints that need no session. This list may only shrink.
const OPEN: [&str; 3] = ["GET /captcha", "POST /verifycode", "POST /weixin/login"];

/// Method and an example path of every endpoint that needs a session.
fn guarded() -> Vec<(Method, String)> {
    let routes = signing::routes().into_iter().filter(|(method, path, _)| !OPEN.contains(&format!("{method} {path}").as_str()));
    let examples = routes
        .map(|(method, path, _)| (method.parse().unwrap(), path.replace("{dict_item}", "Nation").replace("{name}", "1.png")));
    examples.collect()
}

/// `/image` and `/verifycode` say it with `error_code`.
fn said(path: &str, answer: Answer) -> Answer {
    if path.starts_with("/image") || path == "/verifycode" { coded(answer) } else { answer }
}

#[tokio::test]
async fn no_endpoint_answers_without_a_session_of_its_platform() {
    let (platform, elsewhere) = (Platform::found(world()).await, Platform::found(world()).await);
    let worker = platform.worker("caller").await;
    for (method, path) in guarded() {
        let nobody = platform.request(method.clone(), &path);
        assert_eq!(answer(nobody).await, said(&path, refusal(401, "请先登录")), "{path}");
        for token in ["", "x", &"x".repeat(43), &"x".repeat(500)] {
            let forged = platform.request(method.clone(), &path).header("x-auth-token", token);
            assert_eq!(answer(forged).await, said(&path, refusal(401, "请先登录")), "{path}");
        }
        let foreign = elsewhere.request(method.clone(), &path).header("x-auth-token", &worker.token);
        assert_eq!(answer(foreign).await, said(&path, refusal(401, "请先登录")), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_or_disabled_platform_is_refused_everywhere() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
    let worker = platform.worker("caller").await;
    platform.command("set_platform", json!({"name": "停用", "status": 0})).await;
    stage.look_again();
    let refused = refusal(403, "平台不存在或已停用");
    for (method, path, _) in signing::routes() {
        let path = path.replace("{dict_item}", "Nation").replace("{name}", "1.png");
        let method: Method = method.parse().unwrap();
        let disabled = worker.request(method.clone(), &path);
        assert_eq!(answer(disabled).await, said(&path, refused.clone()), "{path}");
        for code in ["nowhere", "a b", "平台"] {
            let url = format!("{}{path}", platform.address.base_url);
            let unknown = platform.http.request(method.clone(), url).header("x-platform-code", code.as_bytes());
            assert_eq!(answer(unknown).await, said(&path, refused.clone()), "{path} {code}");
        }
    }
}

#[tokio::test]
async fn without_a_platform_the_default_one_is_meant() {
    let stage = Stage::open_with(&[("SIGNING_PLATFORM", "platform-of-choice")]).await;
    let http = reqwest::Client::new();
    let get = async || answer(http.get(format!("{}/em_status", stage.address.base_url))).await;
    assert_eq!(get().await, refusal(403, "平台不存在或已停用"));
    let mut platform = Platform::found(&stage.address).await;
    platform.code = "platform-of-choice".into();
    platform.command("set_platform", json!({"name": "默认"})).await;
    stage.look_again();
    assert_eq!(get().await, refusal(401, "请先登录"));
}

#[tokio::test]
async fn a_wrong_method_is_said_in_the_envelope() {
    let platform = Platform::found(world()).await;
    for path in ["/captcha", "/verifycode", "/weixin/login", "/em_status", "/employee", "/image", "/work_pos", "/dict/Nation"] {
        let expected = refusal(405, "不支持该请求方法");
        assert_eq!(answer(platform.request(Method::DELETE, path)).await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_worker_sees_and_changes_nothing_but_his_own() {
    let platform = Platform::found(world()).await;
    let (one, other) = (platform.worker("one").await, platform.worker("other").await);
    assert_eq!(one.send_json(Method::POST, &resume()).await, ok(Value::Null));
    assert_eq!(other.get("/employee").await, ok(Value::Null));
    assert_eq!(other.send_json(Method::PUT, &resume()).await, refusal(404, "还没有提交过简历"));
    // The same user of WeChat is another worker on another platform.
    let elsewhere = Platform::found(world()).await.worker("one").await;
    assert_eq!(elsewhere.get("/employee").await, ok(Value::Null));
}
