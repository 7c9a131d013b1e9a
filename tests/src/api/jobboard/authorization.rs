//! Which endpoints a user may call, and for which records.

use lambda::family::Family as _;
use reqwest::Method;
use serde_json::json;

use crate::support::board::{Board, ok, rejection};
use crate::support::{fetch, world};

/// The endpoints that are open to anyone. This list may only shrink.
const OPEN: [&str; 7] = [
    "POST /wechat/user/register",
    "POST /wechat/user/login",
    "POST /jobs/list",
    "POST /jobs/info",
    "POST /products/list",
    "POST /wechat/pay/notify",
    "GET /img/{name}",
];

#[tokio::test]
async fn no_endpoint_opens_without_a_token_of_the_named_user() {
    let board = Board::of(world());
    let (user, other) = (board.join().await, board.join().await);
    let rejected = rejection(401, "login required");
    let (claims, signature) = user.token.rsplit_once('.').unwrap();
    let forged = format!("{claims}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
    let mut guarded = 0;
    for (method, path, _) in jobboard::Jobboard::routes() {
        if OPEN.contains(&format!("{method} {path}").as_str()) {
            continue;
        }
        guarded += 1;
        let request = || board.request(method.parse::<Method>().unwrap(), &path).body("{}");
        assert_eq!(fetch(request()).await, rejected, "{path}");
        assert_eq!(fetch(request().header("user_id", user.id)).await, rejected, "{path}");
        assert_eq!(fetch(request().header("authorization", &forged)).await, rejected, "{path}");
        let with_token = || request().header("authorization", &user.token);
        // These end the token that the others need. `logout.rs` and `close.rs` test them.
        if ["/wechat/user/logout", "/user/close"].contains(&path.as_str()) {
            continue;
        }
        for named in [other.id.to_string(), "x".into(), String::new(), format!("0{}", user.id)] {
            assert_eq!(fetch(with_token().header("user_id", &named)).await, rejected, "{path} {named}");
        }
        assert_ne!(fetch(with_token()).await, rejected, "{path}");
        assert_ne!(fetch(with_token().header("user_id", user.id)).await, rejected, "{path}");
    }
    assert_eq!(guarded + OPEN.len(), jobboard::Jobboard::routes().len());
}

#[tokio::test]
async fn wrong_methods_and_unknown_paths_return_the_envelope() {
    let board = Board::of(world());
    for (_, path, _) in jobboard::Jobboard::routes().into_iter().filter(|(_, path, _)| !path.contains('{')) {
        let response = fetch(board.request(Method::DELETE, &path)).await;
        assert_eq!(response, rejection(405, "method is not allowed here"), "{path}");
    }
    for prefix in ["wechat", "user", "job", "jobs", "collect", "contact_history", "contact_voucher", "products", "order", "img"]
    {
        let response = fetch(board.request(Method::POST, &format!("/{prefix}/no/such"))).await;
        assert_eq!(response, rejection(404, "path not found"), "{prefix}");
    }
}

#[tokio::test]
async fn another_users_job_is_forbidden_and_an_unknown_job_is_not_found() {
    let board = Board::of(world());
    let (owner, other) = (board.join().await, board.join().await);
    let job = owner.post_job(json!({})).await;
    let before = owner.job(job).await;
    for (path, body) in [
        ("/jobs/update", json!({"positions": "x"})),
        ("/job/close", json!({})),
        ("/jobs/close", json!({})),
        ("/jobs/refresh", json!({})),
        ("/jobs/top", json!({"top_hour": 72, "price": 5})),
        ("/jobs/refresh/pay", json!({"price": 1.99})),
    ] {
        let key = if path == "/jobs/update" { "id" } else { "job_id" };
        let mut body = body;
        body[key] = job.into();
        assert_eq!(other.post(path, &body).await, rejection(403, "job_id: is somebody else's"), "{path}"); // words:ignore: a text of the API
        body[key] = 7.into();
        assert_eq!(owner.post(path, &body).await, rejection(404, "job not found"), "{path}");
    }
    assert_eq!(owner.job(job).await, before);
    // A closed job still belongs to its owner.
    owner.post("/job/close", &json!({"job_id": job})).await;
    assert_eq!(other.post("/job/close", &json!({"job_id": job})).await, rejection(403, "job_id: is somebody else's")); // words:ignore: a text of the API
}

#[tokio::test]
async fn a_user_sees_only_their_own_records() {
    let board = Board::of(world());
    let (owner, caller, other) = (board.join().await, board.join().await, board.join().await);
    let job = owner.post_job(json!({})).await;
    caller.adjust_vouchers(1).await;
    caller.call(job).await;
    caller.post("/job/collect", &json!({"job_id": job})).await;
    let nothing = ok(json!({"list": [], "total": 0, "next_cursor": null}));
    for path in ["/collect/my", "/contact_history/out", "/contact_history/in"] {
        assert_eq!(other.post(path, &json!({})).await, nothing, "{path}");
    }
    assert_eq!(
        other.post("/jobs/my", &json!({})).await,
        ok(json!({"contacts": [], "list": [], "total": 0, "next_cursor": null}))
    );
    assert_eq!(other.ledger().await, (0, vec![], 0));
}
