//! Every endpoint but those that issue tokens, called with every kind of credential.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use lambda::family::Family as _;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::resource::ALL;
use crate::support::{Address, Partner, Response, Stage, fetch, problem, success, world};

/// The endpoints that need no bearer token. This list may only shrink.
const OPEN: [&str; 2] = ["POST /api/v1/auth/token", "POST /api/v1/auth/refresh"];

/// An endpoint that needs a bearer token, with a request that it accepts.
struct Endpoint {
    method: Method,
    path: String,
    body: Option<Value>,
}

fn guarded() -> Vec<Endpoint> {
    let routes =
        channel::Channel::routes().into_iter().filter(|(method, path, _)| !OPEN.contains(&format!("{method} {path}").as_str()));
    routes.map(|(method, path, _)| Endpoint::of(method, &path)).collect()
}

impl Endpoint {
    fn of(method: &str, route: &str) -> Self {
        let kind = ALL.iter().find(|kind| route.starts_with(kind.path));
        let path = match kind {
            Some(kind) if route.ends_with('}') => kind.example_path(),
            _ => route.replace("{name}", "resume-1234567890.pdf"),
        };
        assert!(!path.contains('{'), "{path} needs an example");
        let body = match (method, kind) {
            ("GET", _) => None,
            ("POST", Some(kind)) => Some(kind.example()),
            ("PUT", Some(kind)) => Some(json!({kind.text_field: "改"})),
            ("POST", None) => Some(json!({"purpose": "resume", "content_type": "application/pdf", "size": 8})),
            _ => panic!("{method} {route} needs an example"),
        };
        Self { method: method.parse().unwrap(), path, body }
    }

    async fn call(&self, partner: &Partner, authorization: Option<&str>) -> Response {
        self.call_with(partner, authorization, self.body.as_ref().map(Value::to_string)).await
    }

    async fn call_with(&self, partner: &Partner, authorization: Option<&str>, body: Option<String>) -> Response {
        let mut request = partner.http.request(self.method.clone(), format!("{}{}", partner.base_url, self.path));
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        fetch(request).await
    }
}

/// A partner that has all records of the document's examples.
async fn established(address: &Address) -> Partner {
    established_with_records(address).await.0
}

/// The same, with the records as a read must return them.
async fn established_with_records(address: &Address) -> (Partner, Vec<Value>) {
    let partner = Partner::join(address).await;
    let records = partner.push_examples(&["users", "companies", "tasks", "applications", "payments"]).await;
    (partner, records)
}

fn bearer(partner: &Partner) -> String {
    format!("Bearer {}", partner.token)
}

fn none_found() -> Response {
    success(json!({"list": [], "total": 0, "page": 1, "page_size": 20, "next_cursor": null}))
}

#[test]
fn only_existing_endpoints_are_open() {
    assert!(OPEN.len() <= 2, "the list of open endpoints may only shrink");
    let routes: Vec<String> = channel::Channel::routes().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    for open in OPEN {
        assert!(routes.iter().any(|route| route == open), "{open} is no longer an endpoint");
    }
    assert_eq!(guarded().len(), routes.len() - OPEN.len());
}

#[tokio::test]
async fn a_channels_own_token_opens_every_endpoint() {
    let partner = established(world()).await;
    for endpoint in guarded().iter().filter(|endpoint| !endpoint.path.contains("/uploads/")) {
        let response = endpoint.call(&partner, Some(&bearer(&partner))).await;
        let data = response.body["data"].clone();
        assert!(data.as_object().is_some_and(|data| !data.is_empty()), "{} {}", endpoint.method, endpoint.path);
        assert_eq!(response, success(data), "{} {}", endpoint.method, endpoint.path);
    }
}

#[tokio::test]
async fn no_endpoint_accepts_a_missing_malformed_or_forged_credential() {
    let partner = established(world()).await;
    let (head, signature) = partner.token.rsplit_once('.').unwrap();
    let (header, claims) = head.split_once('.').unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"another key, and not a short one").unwrap();
    mac.update(head.as_bytes());
    let other_key = format!("{head}.{}", BASE64.encode(mac.finalize().into_bytes()));
    let flipped = format!("{head}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
    let mut header: Value = serde_json::from_slice(&BASE64.decode(header).unwrap()).unwrap();
    header["alg"] = "none".into();
    let none = format!("{}.{claims}.", BASE64.encode(header.to_string()));
    let mut others: Value = serde_json::from_slice(&BASE64.decode(claims).unwrap()).unwrap();
    others["sub"] = "channel_001".into();
    let other_claims = partner.token.replace(claims, &BASE64.encode(others.to_string()));
    let refresh_token = partner.new_tokens().await["refresh_token"].as_str().unwrap().to_owned();

    let cases: [(Option<String>, u16); 15] = [
        (None, 1002),
        (Some(String::new()), 1002),
        (Some("Basic x".into()), 1002),
        (Some(format!("Basic {}", partner.token)), 1002),
        (Some(partner.token.clone()), 1002),
        (Some("Bearer".into()), 1002),
        (Some("Bearer ".into()), 1002),
        (Some("Bearer a b".into()), 1002),
        (Some(format!("Bearer {} ,", partner.token)), 1002),
        (Some("Bearer garbage".into()), 1003),
        (Some(format!("Bearer {other_key}")), 1003),
        (Some(format!("Bearer {flipped}")), 1003),
        (Some(format!("Bearer {none}")), 1003),
        (Some(format!("Bearer {other_claims}")), 1003),
        (Some(format!("Bearer {refresh_token}")), 1003),
    ];
    for endpoint in guarded() {
        for (authorization, code) in &cases {
            let response = endpoint.call(&partner, authorization.as_deref()).await;
            assert_eq!(response, problem(401, *code, &[]), "{} {} with {authorization:?}", endpoint.method, endpoint.path);
        }
    }
}

#[tokio::test]
async fn no_endpoint_accepts_an_expired_token() {
    let stage = Stage::open().await;
    let (partner, records) = established_with_records(&stage.address).await;
    stage.clock.advance(SignedDuration::from_secs(7199));
    assert_eq!(partner.get("/api/v1/users/U20240101001").await, success(records[0].clone()));
    stage.clock.advance(SignedDuration::from_secs(1));
    for endpoint in guarded() {
        let response = endpoint.call(&partner, Some(&bearer(&partner))).await;
        assert_eq!(response, problem(401, 1003, &[]), "{} {}", endpoint.method, endpoint.path);
    }
}

#[tokio::test]
async fn credentials_are_checked_before_anything_else_in_a_request() {
    let stage = Stage::open().await;
    let (stranger, disabled) = (established(&stage.address).await, established(&stage.address).await);
    disabled.administer("disable_channel").await;
    stage.expire_caches();
    for mut endpoint in guarded() {
        for path in [endpoint.path.clone(), format!("{}?page=none&page_size=0", endpoint.path)] {
            endpoint.path = path;
            for body in ["{}", "garbage", ""] {
                let rejected = endpoint.call_with(&stranger, None, Some(body.into())).await;
                assert_eq!(rejected, problem(401, 1002, &[]), "{} {} {body}", endpoint.method, endpoint.path);
                let rejected = endpoint.call_with(&disabled, Some(&bearer(&disabled)), Some(body.into())).await;
                assert_eq!(rejected, problem(403, 1004, &[]), "{} {} {body}", endpoint.method, endpoint.path);
            }
        }
    }
    let no_id = "/api/v1/users/%E5%BC%A0";
    assert_eq!(stranger.send(Method::GET, no_id, None, None).await, problem(401, 1002, &[]));
    assert_eq!(disabled.get(no_id).await, problem(403, 1004, &[]));
}

#[tokio::test]
async fn another_channel_finds_nothing_and_changes_nothing() {
    let ((owner, records), other) = (established_with_records(world()).await, Partner::join(world()).await);
    for kind in &ALL {
        let missing = problem(404, 1001, &[(kind.id_field, "does not exist")]);
        assert_eq!(other.get(&kind.example_path()).await, missing);
        assert_eq!(other.put(&kind.example_path(), &json!({kind.text_field: "改"})).await, missing);
        if kind.is_listed() {
            assert_eq!(other.get(kind.path).await, none_found(), "{}", kind.name);
        }
    }
    for filtered in [
        "/api/v1/tasks?channel_company_id=C20240101001",
        "/api/v1/applications?channel_user_id=U20240101001",
        "/api/v1/applications?channel_task_id=T20240101001",
        "/api/v1/payments?channel_user_id=U20240101001",
        "/api/v1/payments?channel_application_id=A20240101001",
    ] {
        assert_eq!(owner.get(filtered).await.body["data"]["total"], 1, "{filtered}");
        assert_eq!(other.get(filtered).await, none_found(), "{filtered}");
    }
    let references: [(&str, &[(&str, &str)]); 3] = [
        ("tasks", &[("channel_company_id", "does not exist")]),
        ("applications", &[("channel_user_id", "does not exist"), ("channel_task_id", "does not exist")]),
        ("payments", &[("channel_application_id", "does not exist")]),
    ];
    for (name, missing) in references {
        let kind = ALL.iter().find(|kind| kind.name == name).unwrap();
        assert_eq!(other.post(kind.path, &kind.example()).await, problem(404, 1001, missing), "{name}");
    }

    // The same ids with other contents are separate records of the other channel.
    for kind in &ALL {
        let mut own = kind.example();
        own[kind.text_field] = "别的渠道".into();
        kind.stores(&other, &own).await;
    }
    for (kind, record) in ALL.iter().zip(records) {
        assert_eq!(owner.get(&kind.example_path()).await, success(record));
    }
}

#[tokio::test]
async fn a_list_does_not_accept_another_channels_cursor() {
    let (owner, other) = (established(world()).await, established(world()).await);
    let mut second = ALL[2].example();
    second["channel_task_id"] = "T2".into();
    owner.post("/api/v1/tasks", &second).await;
    let first = owner.get("/api/v1/tasks?page_size=1").await;
    let cursor = first.body["data"]["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/tasks?page_size=1&cursor={cursor}");
    assert_eq!(owner.get(&path).await.status, 200);
    assert_eq!(other.get(&path).await, problem(400, 1001, &[("cursor", "is not a cursor of this list and filter")]));
}

#[tokio::test]
async fn another_channels_upload_does_not_exist() {
    let (mut owner, mut other) = (Partner::join(world()).await, Partner::join(world()).await);
    owner.http = local::http::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    other.http = owner.http.clone();
    let request = json!({"purpose": "resume", "content_type": "application/pdf", "size": 8});
    let upload = owner.post("/api/v1/uploads", &request).await.body["data"].clone();
    let mut put = owner.http.put(upload["upload_url"].as_str().unwrap()).body("%PDF-1.7");
    for (name, value) in upload["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length") {
        put = put.header(name, value.as_str().unwrap());
    }
    assert_eq!(fetch(put).await.status, 200);
    let path = upload["url"].as_str().unwrap().strip_prefix(&owner.base_url).unwrap();
    let found = owner.get(path).await;
    assert_eq!(found, Response { status: 302, ..success(json!({"url": found.body["data"]["url"]})) });
    assert_eq!(other.get(path).await, problem(404, 1001, &[("name", "does not exist")]));
}

#[tokio::test]
async fn a_disabled_channel_is_rejected_until_it_is_enabled() {
    let stage = Stage::open().await;
    let (partner, records) = established_with_records(&stage.address).await;
    let tokens = partner.new_tokens().await;
    let token = json!({"appkey": partner.appkey, "secret": partner.secret, "grant_type": "client_credentials"});
    let mut wrong = token.clone();
    wrong["secret"] = "wrong".into();
    let refresh = json!({"refresh_token": tokens["refresh_token"], "grant_type": "refresh_token"});
    let open = async |path: &str, body: &Value| partner.send(Method::POST, path, None, Some(body.to_string())).await;
    assert_eq!(partner.get("/api/v1/users/U20240101001").await.status, 200);

    assert_eq!(partner.administer("disable_channel").await["enabled"], false);
    stage.expire_caches();
    for endpoint in guarded() {
        let response = endpoint.call(&partner, Some(&bearer(&partner))).await;
        assert_eq!(response, problem(403, 1004, &[]), "{} {}", endpoint.method, endpoint.path);
    }
    assert_eq!(open("/api/v1/auth/token", &token).await, problem(403, 1004, &[]));
    assert_eq!(open("/api/v1/auth/token", &wrong).await, problem(401, 1002, &[]));
    assert_eq!(open("/api/v1/auth/refresh", &refresh).await, problem(403, 1004, &[]));

    assert_eq!(partner.administer("enable_channel").await["enabled"], true);
    stage.expire_caches();
    let found = success(records[0].clone());
    // Its tokens ended when it was disabled.
    assert_eq!(partner.get("/api/v1/users/U20240101001").await, problem(401, 1003, &[]));
    assert_eq!(open("/api/v1/auth/refresh", &refresh).await, problem(401, 1003, &[]));
    let response = open("/api/v1/auth/token", &token).await;
    let access = response.body["data"]["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(partner.send(Method::GET, "/api/v1/users/U20240101001", Some(&access), None).await, found);
}

#[tokio::test]
async fn a_channel_that_another_process_disabled_is_rejected_within_five_seconds() {
    let stage = Stage::open().await;
    let partner = established(&stage.address).await;
    let found = partner.get("/api/v1/users/U20240101001").await;
    assert_eq!(found.status, 200);
    let update = json!({
        "TableName": "channel",
        "Key": {"pk": {"S": partner.appkey}, "sk": {"S": "channel"}},
        "UpdateExpression": "SET #enabled = :no",
        "ConditionExpression": "#enabled = :yes",
        "ExpressionAttributeNames": {"#enabled": "enabled"},
        "ExpressionAttributeValues": {":no": {"BOOL": false}, ":yes": {"BOOL": true}},
    });
    stage.database("UpdateItem", &update).await;

    stage.clock.advance(SignedDuration::from_millis(4999));
    assert_eq!(partner.get("/api/v1/users/U20240101001").await, found);
    stage.clock.advance(SignedDuration::from_millis(1));
    assert_eq!(partner.get("/api/v1/users/U20240101001").await, problem(403, 1004, &[]));
}
