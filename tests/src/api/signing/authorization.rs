//! Every endpoint, called with and without a session, on each platform.

use lambda::family::Family as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::worker::{Platform, coded, ok, rejection, resume};
use crate::support::{Response, Stage, fetch, world};

/// The endpoints that need no session. This list may only shrink.
const OPEN: [&str; 3] = ["GET /captcha", "POST /verifycode", "POST /weixin/login"];

/// Method and an example path of every endpoint that needs a session.
fn guarded() -> Vec<(Method, String)> {
    let routes =
        signing::Signing::routes().into_iter().filter(|(method, path, _)| !OPEN.contains(&format!("{method} {path}").as_str()));
    let examples = routes
        .map(|(method, path, _)| (method.parse().unwrap(), path.replace("{dict_item}", "Nation").replace("{name}", "1.png")));
    examples.collect()
}

/// `/image` and `/verifycode` have an `error_code` in the envelope.
fn said(path: &str, response: Response) -> Response {
    if path.starts_with("/image") || path == "/verifycode" { coded(response) } else { response }
}

#[tokio::test]
async fn no_endpoint_opens_without_a_session_of_its_platform() {
    let (platform, elsewhere) = (Platform::create(world()).await, Platform::create(world()).await);
    let worker = platform.worker("caller").await;
    for (method, path) in guarded() {
        let anonymous = platform.request(method.clone(), &path);
        assert_eq!(fetch(anonymous).await, said(&path, rejection(401, "请先登录")), "{path}");
        for token in ["", "x", &"x".repeat(43), &"x".repeat(500)] {
            let forged = platform.request(method.clone(), &path).header("x-auth-token", token);
            assert_eq!(fetch(forged).await, said(&path, rejection(401, "请先登录")), "{path}");
        }
        let foreign = elsewhere.request(method.clone(), &path).header("x-auth-token", &worker.token);
        assert_eq!(fetch(foreign).await, said(&path, rejection(401, "请先登录")), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_or_disabled_platform_is_rejected_everywhere() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("caller").await;
    platform.command("set_platform", json!({"name": "停用", "status": 0})).await;
    stage.expire_caches();
    let rejected = rejection(403, "平台不存在或已停用");
    for (method, path, _) in signing::Signing::routes() {
        let path = path.replace("{dict_item}", "Nation").replace("{name}", "1.png");
        let method: Method = method.parse().unwrap();
        let disabled = worker.request(method.clone(), &path);
        assert_eq!(fetch(disabled).await, said(&path, rejected.clone()), "{path}");
        for code in ["nowhere", "a b", "平台"] {
            let url = format!("{}{path}", platform.address.base_url);
            let unknown = platform.http.request(method.clone(), url).header("x-platform-code", code.as_bytes());
            assert_eq!(fetch(unknown).await, said(&path, rejected.clone()), "{path} {code}");
        }
    }
}

#[tokio::test]
async fn the_default_platform_is_used_if_none_is_named() {
    let stage = Stage::open_with(&[("SIGNING_PLATFORM", "platform-of-choice")]).await;
    let http = local::http::client();
    let get = async || fetch(http.get(format!("{}/em_status", stage.address.base_url))).await;
    assert_eq!(get().await, rejection(403, "平台不存在或已停用"));
    let mut platform = Platform::create(&stage.address).await;
    platform.code = "platform-of-choice".into();
    platform.command("set_platform", json!({"name": "默认"})).await;
    stage.expire_caches();
    assert_eq!(get().await, rejection(401, "请先登录"));
}

#[tokio::test]
async fn a_wrong_method_returns_the_envelope() {
    let platform = Platform::create(world()).await;
    for path in ["/captcha", "/verifycode", "/weixin/login", "/em_status", "/employee", "/image", "/work_pos", "/dict/Nation"] {
        let expected = rejection(405, "不支持该请求方法");
        assert_eq!(fetch(platform.request(Method::DELETE, path)).await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_worker_sees_and_changes_only_their_own_records() {
    let platform = Platform::create(world()).await;
    let (one, other) = (platform.worker("one").await, platform.worker("other").await);
    assert_eq!(one.send_json(Method::POST, &resume()).await, ok(Value::Null));
    assert_eq!(other.get("/employee").await, ok(Value::Null));
    assert_eq!(other.send_json(Method::PUT, &resume()).await, rejection(404, "还没有提交过简历"));
    // The same WeChat user is another worker on another platform.
    let elsewhere = Platform::create(world()).await.worker("one").await;
    assert_eq!(elsewhere.get("/employee").await, ok(Value::Null));
}
