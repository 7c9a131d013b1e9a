//! JSON under another media type, or under none. That of a form is the default of `curl -d`, of Java's `HttpURLConnection` and of axios with
//! a string. The body decides how it is read, in all APIs.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::board::{self, Board, done};
use crate::support::consent::{App, TOKEN};
use crate::support::partner::tokens;
use crate::support::product::{EMPNO, Product, body, employee, returned};
use crate::support::resource::USERS;
use crate::support::worker::{self, Platform, ok, resume};
use crate::support::{Partner, Response, data, fetch, world};

const MEDIA_TYPES: [Option<&str>; 10] = [
    None,
    Some(""),
    Some("application/json"),
    Some("application/x-www-form-urlencoded"),
    Some("application/x-www-form-urlencoded; charset=UTF-8"),
    Some("Application/X-WWW-Form-Urlencoded"),
    Some("text/plain"),
    Some("text/plain;charset=UTF-8"),
    Some("application/octet-stream"),
    Some("multipart/form-data; boundary=x"),
];

async fn send(request: RequestBuilder, media_type: Option<&str>, body: impl ToString) -> Response {
    let request = media_type.into_iter().fold(request, |request, media_type| request.header("content-type", media_type));
    fetch(request.body(body.to_string())).await
}

#[tokio::test]
async fn partners_may_send_json_under_any_media_type() {
    let partner = Partner::join(world()).await;
    let request = |method, path: &str| partner.http.request(method, format!("{}{path}", partner.base_url));
    let client = |method, path: &str| request(method, path).bearer_auth(&partner.token);
    for (number, media_type) in MEDIA_TYPES.into_iter().enumerate() {
        let credentials = json!({"appkey": partner.appkey, "secret": partner.secret, "grant_type": "client_credentials"});
        let response = send(request(Method::POST, "/api/v1/auth/token"), media_type, &credentials).await;
        let (_, refresh_token) = tokens(&response);
        let credentials = json!({"refresh_token": refresh_token, "grant_type": "refresh_token", "client_id": null});
        let pretty = format!("\r\n  {credentials:#}");
        tokens(&send(request(Method::POST, "/api/v1/auth/refresh"), media_type, pretty).await);

        let mut user = USERS.with("name", "a&b=c+d%41");
        user["channel_user_id"] = format!("typed.{number}").into();
        let created = send(client(Method::POST, USERS.path), media_type, &user).await;
        let mut whole = USERS.whole(&created, &user);
        let path = USERS.path_of(&format!("typed.{number}"));
        let changed = send(client(Method::PUT, &path), media_type, r#"{"name": "a=b&c"}"#).await;
        whole["name"] = "a=b&c".into();
        whole["updated_at"] = data(&changed)["updated_at"].clone();
        assert_eq!(changed, crate::support::success(whole), "{media_type:?}");
    }
}

#[tokio::test]
async fn products_may_send_the_payload_under_any_media_type() {
    let product = Product::with_records().await;
    let app = product.app().await;
    let access_token = product.access_token().await;
    let signed = |method: &str, path: &str, payload: &str| {
        let tonce = product.tonce();
        let signature = product.sign(method, path, &tonce, payload);
        let query = [("access_key", product.access_key.as_str()), ("tonce", &tonce), ("signature", &signature)];
        product.http.request(method.parse().unwrap(), format!("{}{path}", product.address.base_url)).query(&query)
    };
    for media_type in MEDIA_TYPES {
        let payload =
            json!({"empno": EMPNO, "subject_name": "绩效&payload=%41+1", "month": "2017-09", "value": 1024}).to_string();
        let path = "/api/v2/salary/subject_values";
        let stored = send(signed("POST", path, &payload), media_type, &payload).await;
        assert_eq!(stored, body(json!({"code": 0, "text": "ok"})), "{media_type:?}");

        let payload = format!("\n [{}]", json!({"empno": EMPNO, "punched_at": "2017-02-03 08:00"}));
        let stored = send(signed("POST", "/api/v2/attendance_punches", &payload), media_type, &payload).await;
        assert_eq!(stored, body(json!([{"code": "0k", "empno": EMPNO}])), "{media_type:?}");

        let payload = product.with_token(json!({"name": "一般职员"})).to_string();
        let found = send(signed("GET", "/api/v2/employees", &payload), media_type, &payload).await;
        assert_eq!(found, body(json!([returned(&employee())])), "{media_type:?}");
        let url = format!("{}/api/v2/employees", product.address.base_url);
        let request = product.http.get(url).query(&[("access_token", &access_token)]);
        let found = send(request, media_type, r#"{"name":"一般职员"}"#).await;
        assert_eq!(found, body(json!([returned(&employee())])), "{media_type:?}");

        let App { app_id, app_secret, callback_url, .. } = &app;
        let exchange =
            json!({"client_id": app_id, "app_secret": app_secret, "callback_url": callback_url, "response_code": "wrong"});
        let response = send(product.http.post(format!("{}{TOKEN}", product.address.base_url)), media_type, exchange).await;
        let used = crate::support::product::rejection(422, 2002, "response_code is not valid, or was used");
        assert_eq!(response, used, "{media_type:?}");
    }
}

#[tokio::test]
async fn workers_may_send_json_under_any_media_type() {
    let platform = Platform::create(world()).await;
    for (number, media_type) in MEDIA_TYPES.into_iter().enumerate() {
        let code = platform.login_code(&format!("typed{number}")).await;
        let response = send(platform.request(Method::POST, "/weixin/login"), media_type, json!({"code": code})).await;
        let token = response.body["data"]["session_token"].as_str().unwrap_or_else(|| panic!("{media_type:?} {response:?}"));
        assert_eq!(response, ok(json!({"session_token": token, "em_id": 0})));
        let worker = worker::Worker { platform: platform.clone(), token: token.to_owned() };
        for method in [Method::POST, Method::PUT] {
            let sent = send(worker.request(method, "/employee"), media_type, resume()).await;
            assert_eq!(sent, ok(Value::Null), "{media_type:?}");
        }
        let stored = worker.get("/employee").await;
        assert_eq!(stored, ok(worker::returned(&resume(), &stored.body["data"]["em_id"])), "{media_type:?}");
    }
}

#[tokio::test]
async fn users_of_the_job_board_may_send_json_under_any_media_type() {
    let user = Board::of(world()).join().await;
    for (number, media_type) in MEDIA_TYPES.into_iter().enumerate() {
        let name = format!("a&b={number}");
        assert_eq!(send(user.request("/user/update/info"), media_type, json!({"name": name})).await, done());
        assert_eq!(user.info().await.body["data"]["name"], name.as_str(), "{media_type:?}");
        let created = send(user.request("/job/create"), media_type, board::job()).await;
        assert_eq!(created, done(), "{media_type:?}");
    }
}
