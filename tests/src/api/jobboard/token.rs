//! The token that identifies a user: how it is returned, and which tokens are invalid (jobboard.md, Conventions).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::board::{Board, ok, rejection, unique};
use crate::support::worker::Platform;
use crate::support::{Partner, Response, fetch, problem, world};

const REGISTER: &str = "/wechat/user/register";
const LOGIN: &str = "/wechat/user/login";

/// `/user/info` with these headers and no others.
async fn info(board: &Board, headers: &[(&str, &str)]) -> Response {
    let request = board.request(Method::GET, "/user/info");
    fetch(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

#[tokio::test]
async fn a_token_is_returned_in_two_headers_exposed_to_pages() {
    let board = Board::of(world());
    let name = format!("handed-out-{}", unique());
    let register =
        json!({"login_code": board.code("login", &name).await, "phone_code": board.code("phone", "13700000001").await});
    let log_in = json!({"login_code": board.code("login", &name).await});
    let mut first_id = None;
    for (path, body) in [(REGISTER, register), (LOGIN, log_in)] {
        let response = board.request(Method::POST, path).body(body.to_string()).send().await.unwrap();
        let headers = response.headers().clone();
        let text = |name: &str| headers[name].to_str().unwrap();
        let token = text("x-auth-token");
        assert_eq!(text("authorization"), format!("Bearer {token}"), "{path}");
        assert_eq!(text("access-control-expose-headers"), "Authorization, X-Auth-Token", "{path}");
        assert_eq!((text("content-type"), text("cache-control")), ("application/json", "no-store"), "{path}");
        let returned = Response::read(response).await;
        let id = returned.body["data"]["user_info"]["id"].as_u64().expect("an id");
        assert_eq!(returned, ok(json!({"user_info": {"id": id}})), "{path}");
        assert_eq!(*first_id.get_or_insert(id), id);
        let expected = json!({"user_id": id, "avatar": "", "name": "", "sex": 0, "phone": "13700000001"});
        assert_eq!(info(&board, &[("authorization", token)]).await, ok(expected), "{path}");
    }
}

#[tokio::test]
async fn a_rejected_login_returns_no_token() {
    let board = Board::of(world());
    let stranger = json!({"login_code": board.code("login", "unregistered").await}).to_string();
    for (path, body, status) in
        [(LOGIN, stranger.as_str(), 404), (LOGIN, r#"{"login_code":"made-up"}"#, 401), (REGISTER, "{}", 400)]
    {
        let response = board.request(Method::POST, path).body(body.to_owned()).send().await.unwrap();
        assert_eq!(response.status(), status, "{body}");
        for name in ["authorization", "x-auth-token"] {
            assert_eq!(response.headers().get(name), None, "{body}");
        }
    }
}

#[tokio::test]
async fn a_forged_token_or_one_of_another_api_is_rejected() {
    let board = Board::of(world());
    let (user, other) = (board.join().await, board.join().await);
    let (head, signature) = user.token.rsplit_once('.').unwrap();
    let (header, claims) = head.split_once('.').unwrap();
    let changed = |part: &str, member: &str, value: Value| {
        let mut part: Value = serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap();
        assert!(part.get(member).is_some_and(|member| *member != value), "{member} of {part}");
        part[member] = value;
        BASE64.encode(part.to_string())
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(b"another key, and not a short one").unwrap();
    mac.update(head.as_bytes());
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let of_a_channel = Partner::join(world()).await;
    for forged in [
        format!("{head}.{flipped}{}", &signature[1..]),
        format!("{head}.{}", BASE64.encode(mac.finalize().into_bytes())),
        format!("{}.{claims}.", changed(header, "alg", json!("none"))),
        format!("{}.{claims}.{signature}", changed(header, "kid", json!("other"))),
        format!("{header}.{}.{signature}", changed(claims, "sub", json!(other.id.to_string()))),
        format!("{header}.{}.{signature}", changed(claims, "exp", json!(i64::MAX))),
        head.to_owned(),
        user.token.replace('.', ""),
        user.id.to_string(),
        "x".repeat(500),
        of_a_channel.token.clone(),
        Platform::create(world()).await.worker("caller").await.token,
    ] {
        for forged in [&forged, &format!("Bearer {forged}"), &format!("\"{forged}\"")] {
            assert_eq!(info(&board, &[("authorization", forged)]).await, rejection(401, "login required"), "{forged}");
        }
    }
    // Nor does the partner API accept a user's token.
    let rejected = of_a_channel.send(Method::GET, "/api/v1/users/user_001", Some(&user.token), None).await;
    assert_eq!(rejected, problem(401, 1003, &[]));
}

#[tokio::test]
async fn public_endpoints_ignore_an_invalid_token() {
    let board = Board::of(world());
    let (owner, other) = (board.join().await, board.join().await);
    let (open, closed) = (owner.post_job(json!({})).await, owner.post_job(json!({})).await);
    owner.post("/job/close", &json!({"job_id": closed})).await;
    let mut shown = owner.job(open).await;
    assert_eq!(shown["contact"], "13812341234");
    shown["contact"] = "138****1234".into();
    let shown = ok(shown);
    let owners_id = owner.id.to_string();
    let foreign = [("authorization", owner.token.as_str()), ("user_id", &other.id.to_string())];
    for headers in [&[][..], &[("authorization", "x")], &[("user_id", owners_id.as_str())], &foreign] {
        let post = async |path: &str, body: Value| {
            let request = board.request(Method::POST, path).body(body.to_string());
            fetch(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
        };
        assert_eq!(post("/jobs/info", json!({"job_id": open})).await, shown, "{headers:?}");
        assert_eq!(post("/jobs/list", json!({})).await.status, 200, "{headers:?}");
        // It identifies no user: the owner's closed job is not shown.
        assert_eq!(post("/jobs/info", json!({"job_id": closed})).await, rejection(404, "job not found"), "{headers:?}");
    }
}
