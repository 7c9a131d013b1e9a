//! A channel that calls the partner API.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use super::resource::ALL;
use super::{Address, Response, document, fetch, success};

#[derive(Clone)]
pub struct Partner {
    pub base_url: String,
    pub appkey: String,
    pub secret: String,
    pub token: String,
    pub http: reqwest::Client,
}

impl Partner {
    /// A new channel with a valid token.
    pub async fn join(address: &Address) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let appkey = format!("partner-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let http = local::http::client();
        let created = address.command(&json!({"command": "create_channel", "appkey": appkey})).await;
        let secret = created["secret"].as_str().expect("a secret").to_owned();
        let mut partner = Self { base_url: address.base_url.clone(), appkey, secret, token: String::new(), http };
        partner.token = partner.new_tokens().await["access_token"].as_str().expect("a token").to_owned();
        partner
    }

    /// A new pair of tokens.
    pub async fn new_tokens(&self) -> Value {
        let credentials = json!({"appkey": self.appkey, "secret": self.secret, "grant_type": "client_credentials"});
        let response = self.send(Method::POST, "/api/v1/auth/token", None, Some(credentials.to_string())).await;
        tokens(&response);
        response.body["data"].clone()
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, Some(&self.token), None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.post_text(path, &body.to_string()).await
    }

    /// Sends the text as it is, as JSON.
    pub async fn post_text(&self, path: &str, body: &str) -> Response {
        self.send(Method::POST, path, Some(&self.token), Some(body.to_owned())).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Response {
        self.send(Method::PUT, path, Some(&self.token), Some(body.to_string())).await
    }

    pub async fn send(&self, method: Method, path: &str, token: Option<&str>, json: Option<String>) -> Response {
        let mut request = self.http.request(method, format!("{}{path}", self.base_url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(json) = json {
            request = request.header("content-type", "application/json").body(json);
        }
        fetch(request).await
    }

    /// The output of an administrator's command about this channel: `disable_channel`, `enable_channel`, ...
    pub async fn administer(&self, command: &str) -> Value {
        let address = Address { base_url: self.base_url.clone(), ..Address::default() };
        address.command(&json!({"command": command, "appkey": self.appkey})).await
    }

    /// Pushes the document's examples of these kinds: `users`, `companies`, `tasks`, `applications`, `payments`.
    /// Returns the whole records as a read must return them.
    pub async fn push_examples(&self, resources: &[&str]) -> Vec<Value> {
        let mut records = Vec::new();
        for resource in resources {
            let kind = ALL.iter().find(|kind| kind.name == *resource).expect("a kind of the document");
            let created = self.post_text(kind.path, document::example(kind.id_field)).await;
            records.push(kind.whole(&created, &kind.example()));
        }
        records
    }
}

/// The access and the refresh token of a response, which is as documented.
#[track_caller]
pub fn tokens(response: &Response) -> (String, String) {
    let token = |field: &str| response.body["data"][field].as_str().unwrap_or_default().to_owned();
    let (access_token, refresh_token) = (token("access_token"), token("refresh_token"));
    assert_eq!(access_token.split('.').filter(|part| !part.is_empty()).count(), 3, "{response:?}");
    assert!(refresh_token.len() >= 43, "{response:?}");
    let data =
        json!({"access_token": access_token, "token_type": "Bearer", "expires_in": 7200, "refresh_token": refresh_token});
    assert_eq!(*response, success(data));
    (access_token, refresh_token)
}
