use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::partner::tokens;
use crate::support::resource::USERS;
use crate::support::{Partner, Response, Stage, document, fetch, problem, success, world};

const TOKEN: &str = "/api/v1/auth/token";
const REFRESH: &str = "/api/v1/auth/refresh";

async fn post(partner: &Partner, path: &str, body: &Value) -> Response {
    partner.send(Method::POST, path, None, Some(body.to_string())).await
}

async fn refresh(partner: &Partner, refresh_token: &str) -> Response {
    post(partner, REFRESH, &json!({"refresh_token": refresh_token, "grant_type": "refresh_token"})).await
}

async fn first_refresh_token(partner: &Partner) -> String {
    partner.new_tokens().await["refresh_token"].as_str().unwrap().to_owned()
}

fn rejected() -> Response {
    problem(401, 1003, &[])
}

#[tokio::test]
async fn the_documents_example_with_a_channels_own_credentials_returns_tokens() {
    let partner = Partner::join(world()).await;
    let example = document::example("appkey");
    let sent = example.replace("channel_001", &partner.appkey).replace("your_secret_key", &partner.secret);
    let (access_token, _) = tokens(&partner.send(Method::POST, TOKEN, None, Some(sent)).await);
    let listed = partner.send(Method::GET, "/api/v1/tasks", Some(&access_token), None).await;
    assert_eq!(listed, success(json!({"list": [], "total": 0, "page": 1, "page_size": 20, "next_cursor": null})));

    let rejected = partner.send(Method::POST, TOKEN, None, Some(example.to_owned())).await;
    assert_eq!(rejected, problem(401, 1002, &[]));
}

#[tokio::test]
async fn credentials_may_come_as_a_form() {
    let partner = Partner::join(world()).await;
    let form = async |path: &str, media_type: &str, body: String| {
        let request = partner.http.post(format!("{}{path}", partner.base_url)).header("content-type", media_type).body(body);
        fetch(request).await
    };
    let Partner { appkey, secret, .. } = &partner;
    let media_type = "application/x-www-form-urlencoded";
    let body = format!("appkey={appkey}&secret={secret}&grant_type=client%5Fcredentials");
    let (_, refresh_token) = tokens(&form(TOKEN, media_type, body).await);
    let body = format!("grant_type=refresh_token&refresh_token={refresh_token}");
    let (_, next) = tokens(&form(REFRESH, "application/x-www-form-urlencoded; charset=UTF-8", body).await);
    assert_ne!(next, refresh_token);

    let body = format!("appkey={appkey}&secret=wrong&grant_type=client_credentials");
    assert_eq!(form(TOKEN, media_type, body).await, problem(401, 1002, &[]));
    let required = ["appkey", "secret", "grant_type"].map(|field| (field, "is required"));
    assert_eq!(form(TOKEN, media_type, String::new()).await, problem(400, 1001, &required));
    let body = format!("appkey={appkey}&secret=&grant_type=client_credentials");
    assert_eq!(form(TOKEN, media_type, body).await, problem(400, 1001, &[("secret", "is required")]));
    let twice = format!("appkey={appkey}&appkey={appkey}&secret={secret}&grant_type=client_credentials");
    assert_eq!(form(TOKEN, media_type, twice).await, problem(400, 1001, &[("appkey", "is given more than once")]));
}

#[tokio::test]
async fn credentials_may_come_as_http_basic_or_under_the_names_of_oauth() {
    let partner = Partner::join(world()).await;
    let Partner { appkey, secret, .. } = &partner;
    let basic = |client: &str, secret: &str| format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")));
    let send = async |media_type: &str, header: Option<&str>, body: &str| {
        let request = partner.http.post(format!("{}{TOKEN}", partner.base_url)).header("content-type", media_type);
        let request = request.body(body.to_owned());
        fetch(header.into_iter().fold(request, |request, header| request.header("authorization", header))).await
    };
    const FORM: &str = "application/x-www-form-urlencoded";
    const GRANT: &str = "grant_type=client_credentials";
    let own = basic(appkey, secret);
    tokens(&send(FORM, Some(&own), GRANT).await);
    tokens(&send(FORM, Some(&own.replace("Basic", "BASIC")), GRANT).await);
    tokens(&send("application/json", Some(&own), r#"{"grant_type":"client_credentials"}"#).await);
    tokens(&send(FORM, Some(&own), &format!("{GRANT}&appkey={appkey}&secret={secret}")).await);
    tokens(&send(FORM, None, &format!("{GRANT}&client_id={appkey}&client_secret={secret}")).await);
    tokens(
        &send(
            "application/json",
            None,
            &json!({"grant_type": "client_credentials", "client_id": appkey, "client_secret": secret}).to_string(),
        )
        .await,
    );

    let rejected = problem(401, 1002, &[]);
    for header in [&basic(appkey, "x"), &basic("x", secret), "Basic @", "Basic bm8gY29sb24=", &basic("%ff", secret)] {
        assert_eq!(send(FORM, Some(header), GRANT).await, rejected, "{header}");
    }
    let required = ["appkey", "secret"].map(|field| (field, "is required"));
    for header in ["Basic", &format!("Bearer {}", partner.token)] {
        assert_eq!(send(FORM, Some(header), GRANT).await, problem(400, 1001, &required), "{header}");
    }
    let differs = problem(400, 1001, &[("appkey", "differs from Authorization")]);
    assert_eq!(send(FORM, Some(&own), &format!("{GRANT}&appkey=x&secret={secret}")).await, differs);
    let differs = problem(400, 1001, &[("client_secret", "differs from secret")]);
    assert_eq!(send(FORM, Some(&own), &format!("{GRANT}&client_secret=x")).await, differs);
    let grant_type = problem(400, 1001, &[("grant_type", "is required")]);
    assert_eq!(send("application/json", Some(&own), "{}").await, grant_type);
}

#[tokio::test]
async fn another_grant_type_is_rejected() {
    let partner = Partner::join(world()).await;
    let refresh_token = first_refresh_token(&partner).await;
    for grant_type in ["refresh_token", "password", "Client_Credentials", "client_credentials "] {
        let body = json!({"appkey": partner.appkey, "secret": partner.secret, "grant_type": grant_type});
        let rejected = problem(400, 1001, &[("grant_type", "must be client_credentials")]);
        assert_eq!(post(&partner, TOKEN, &body).await, rejected, "{grant_type}");
    }
    for grant_type in ["client_credentials", "REFRESH_TOKEN", "refresh-token"] {
        let body = json!({"refresh_token": refresh_token, "grant_type": grant_type});
        let rejected = problem(400, 1001, &[("grant_type", "must be refresh_token")]);
        assert_eq!(post(&partner, REFRESH, &body).await, rejected, "{grant_type}");
    }
    tokens(&refresh(&partner, &refresh_token).await);
}

#[tokio::test]
async fn missing_fields_are_named() {
    let partner = Partner::join(world()).await;
    let whole = json!({"appkey": partner.appkey, "secret": partner.secret, "grant_type": "client_credentials"});
    let refreshing = json!({"refresh_token": first_refresh_token(&partner).await, "grant_type": "refresh_token"});
    for (path, whole) in [(TOKEN, &whole), (REFRESH, &refreshing)] {
        for field in whole.as_object().unwrap().keys() {
            let (mut without, mut null, mut empty) = (whole.clone(), whole.clone(), whole.clone());
            without.as_object_mut().unwrap().remove(field);
            null[field] = Value::Null;
            empty[field] = " ".into();
            assert_eq!(post(&partner, path, &without).await, problem(400, 1001, &[(field, "is required")]));
            assert_eq!(post(&partner, path, &null).await.status, 400);
            assert_eq!(post(&partner, path, &empty).await, problem(400, 1001, &[(field, "must not be empty")]));
        }
    }
    let all = ["appkey", "secret", "grant_type"].map(|field| (field, "is required"));
    assert_eq!(post(&partner, TOKEN, &json!({})).await, problem(400, 1001, &all));
    let all = ["refresh_token", "grant_type"].map(|field| (field, "is required"));
    assert_eq!(post(&partner, REFRESH, &json!({})).await, problem(400, 1001, &all));
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_appkey_look_the_same() {
    let (partner, other) = (Partner::join(world()).await, Partner::join(world()).await);
    let (appkey, secret) = (partner.appkey.as_str(), partner.secret.as_str());
    let close = format!("{}A", &secret[..secret.len() - 1]);
    let close = if close == secret { format!("{}B", &secret[..secret.len() - 1]) } else { close };
    let upper = appkey.to_uppercase();
    for (appkey, secret) in [
        (appkey, "wrong"),
        (appkey, close.as_str()),
        (appkey, &other.secret),
        (appkey, &format!("{secret} ")),
        ("unknown", secret),
        ("no body", secret),
        ("渠道", secret),
        (&format!("{appkey}#"), secret),
        (&upper, secret),
        (&"x".repeat(255), secret),
    ] {
        let body = json!({"appkey": appkey, "secret": secret, "grant_type": "client_credentials"});
        assert_eq!(post(&partner, TOKEN, &body).await, problem(401, 1002, &[]), "{appkey}");
    }
}

#[tokio::test]
async fn a_refresh_returns_tokens_that_work() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let first = partner.new_tokens().await;
    stage.clock.advance(SignedDuration::from_secs(7200));
    assert_eq!(partner.send(Method::GET, "/api/v1/tasks", first["access_token"].as_str(), None).await, rejected());
    let (access_token, refresh_token) = tokens(&refresh(&partner, first["refresh_token"].as_str().unwrap()).await);
    assert_ne!(first["access_token"], access_token.as_str());
    assert_ne!(first["refresh_token"], refresh_token.as_str());
    assert_eq!(partner.send(Method::GET, "/api/v1/tasks", Some(&access_token), None).await.status, 200);
    let (_, next) = tokens(&refresh(&partner, &refresh_token).await);
    assert_ne!(next, refresh_token);
}

#[tokio::test]
async fn a_refresh_token_used_again_within_30_seconds_returns_the_same_successor() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let mut token = first_refresh_token(&partner).await;
    for _ in 0..2 {
        let (_, successor) = tokens(&refresh(&partner, &token).await);
        for seconds in [0, 1, 29] {
            stage.clock.advance(SignedDuration::from_secs(seconds));
            let (access_token, again) = tokens(&refresh(&partner, &token).await);
            assert_eq!(again, successor);
            assert_eq!(partner.send(Method::GET, "/api/v1/tasks", Some(&access_token), None).await.status, 200);
        }
        token = successor;
    }
}

#[tokio::test]
async fn every_token_used_within_30_seconds_returns_the_newest_one() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let mut chain = vec![first_refresh_token(&partner).await];
    for _ in 0..4 {
        let (_, next) = tokens(&refresh(&partner, &chain[chain.len() - 1]).await);
        chain.push(next);
        stage.clock.advance(SignedDuration::from_secs(5));
        let newest = chain[chain.len() - 1].clone();
        for used in &chain[..chain.len() - 1] {
            assert_eq!(tokens(&refresh(&partner, used).await).1, newest);
        }
    }
    // The first token was used twenty seconds ago, the second one fifteen.
    stage.clock.advance(SignedDuration::from_secs(10));
    let newest = chain[4].clone();
    assert_eq!(tokens(&refresh(&partner, &chain[0]).await).1, newest, "a repeated use does not prolong the time");
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(tokens(&refresh(&partner, &chain[1]).await).1, newest);
    let (_, last) = tokens(&refresh(&partner, &newest).await);
    assert_eq!(refresh(&partner, &chain[0]).await, rejected(), "a later reuse is a theft");
    for token in chain.iter().chain([&last]) {
        assert_eq!(refresh(&partner, token).await, rejected());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_share_a_token_and_refresh_concurrently_keep_their_family() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let first = first_refresh_token(&partner).await;
    // Each process refreshes what it got three times, at its own pace.
    let process = async || {
        let mut token = first.clone();
        for _ in 0..3 {
            (_, token) = tokens(&refresh(&partner, &token).await);
        }
        token
    };
    let newest = join_all((0..6).map(|_| process())).await;
    stage.clock.advance(SignedDuration::from_secs(29));
    let mut survivors: Vec<String> = Vec::new();
    for token in newest {
        survivors.push(tokens(&refresh(&partner, &token).await).1);
    }
    assert_eq!(refresh(&partner, survivors.last().expect("a token")).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_used_again_later_ends_its_family() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let (used, unrelated) = (first_refresh_token(&partner).await, first_refresh_token(&partner).await);
    let (_, newest) = tokens(&refresh(&partner, &used).await);
    stage.clock.advance(SignedDuration::from_secs(31));
    assert_eq!(refresh(&partner, &used).await, rejected());
    assert_eq!(refresh(&partner, &newest).await, rejected());
    assert_eq!(refresh(&partner, &used).await, rejected());
    tokens(&refresh(&partner, &unrelated).await);
}

#[tokio::test]
async fn the_first_token_of_a_long_chain_ends_it() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let first = first_refresh_token(&partner).await;
    let mut newest = first.clone();
    for _ in 0..3 {
        stage.clock.advance(SignedDuration::from_secs(3600));
        (_, newest) = tokens(&refresh(&partner, &newest).await);
    }
    assert_eq!(refresh(&partner, &first).await, rejected());
    assert_eq!(refresh(&partner, &newest).await, rejected());
}

#[tokio::test]
async fn an_unused_refresh_token_lives_for_30_days() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let (used, unused) = (first_refresh_token(&partner).await, first_refresh_token(&partner).await);
    stage.clock.advance(SignedDuration::from_secs(30 * 24 * 3600 - 1));
    let (_, successor) = tokens(&refresh(&partner, &used).await);
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(refresh(&partner, &unused).await, rejected());
    stage.clock.advance(SignedDuration::from_secs(30 * 24 * 3600 - 2));
    tokens(&refresh(&partner, &successor).await);
}

#[tokio::test]
async fn an_access_token_lives_for_two_hours() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    partner.push_examples(&["users"]).await;
    stage.clock.advance(SignedDuration::from_secs(7199));
    assert_eq!(partner.get(&USERS.example_path()).await.status, 200);
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(partner.get(&USERS.example_path()).await, rejected());
    assert_eq!(partner.post(USERS.path, &json!({})).await, rejected());
}

#[tokio::test]
async fn a_text_that_is_no_refresh_token_is_rejected() {
    let partner = Partner::join(world()).await;
    let genuine = first_refresh_token(&partner).await;
    let changed = |at: usize| {
        let other = if genuine.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &genuine[..at], &genuine[at + 1..])
    };
    let (family, cut) = (changed(0), &genuine[..genuine.len() - 4]);
    let longer = format!("{genuine}AAAA");
    for token in ["x", "refresh_token_string", "刷新", &partner.token, &family, cut, &longer, &"A".repeat(512)] {
        assert_eq!(refresh(&partner, token).await, rejected(), "{token}");
    }
    let too_long = "A".repeat(513);
    assert_eq!(refresh(&partner, &too_long).await, problem(400, 1001, &[("refresh_token", "is too long")]));
    tokens(&refresh(&partner, &genuine).await);
    let forged = changed(40);
    assert_eq!(refresh(&partner, &forged).await, rejected());
}

#[tokio::test]
async fn every_endpoint_checks_the_token_first() {
    let partner = Partner::join(world()).await;
    let added = ["POST /uploads", "GET /uploads/:name"].map(str::to_owned);
    let endpoints = document::endpoints().into_iter().chain(added).filter(|endpoint| !endpoint.contains(" /auth/"));
    let mut requests = 0;
    for endpoint in endpoints {
        let (method, path) = endpoint.split_once(' ').unwrap();
        let path = format!("{}/api/v1{}", partner.base_url, path.replace(':', ""));
        let method: Method = method.parse().unwrap();
        for (header, code) in [
            (None, 1002),
            (Some(String::new()), 1002),
            (Some("Bearer".to_owned()), 1002),
            (Some("Bearer ".to_owned()), 1002),
            (Some(partner.token.clone()), 1002),
            (Some(format!("Basic {}", partner.token)), 1002),
            (Some(format!("Token {}", partner.token)), 1002),
            (Some(format!("Bearer {} x", partner.token)), 1002),
            (Some(format!("Bearer{}", partner.token)), 1002),
            (Some("Bearer x".to_owned()), 1003),
            (Some(format!("Bearer {}x", partner.token)), 1003),
            (Some(format!("Bearer x{}", partner.token)), 1003),
            (Some("Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...".to_owned()), 1003),
        ] {
            let mut request = partner.http.request(method.clone(), &path);
            if method != Method::GET {
                request = request.header("content-type", "application/json").body("{");
            }
            if let Some(header) = &header {
                request = request.header("authorization", header);
            }
            assert_eq!(fetch(request).await, problem(401, code, &[]), "{endpoint} {header:?}");
            requests += 1;
        }
    }
    assert_eq!(requests, 20 * 13);
}

#[tokio::test]
async fn the_schemes_name_may_be_written_in_any_case() {
    let partner = Partner::join(world()).await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let request = partner.http.get(format!("{}/api/v1/tasks", partner.base_url));
        let listed = fetch(request.header("authorization", format!("{scheme} {}", partner.token))).await;
        assert_eq!(listed.status, 200, "{scheme}: {listed:?}");
    }
}
