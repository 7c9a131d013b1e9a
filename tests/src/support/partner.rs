//! A channel that calls the partner API.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use super::{Address, Answer, document, success};

/// A kind of record that partners push. The document's example of it begins with its id.
pub struct Kind {
    pub name: &'static str,
    pub id_field: &'static str,
    pub server_id: &'static str,
    /// The kinds whose examples its own refers to, directly or not, in the order in which they can be pushed.
    pub needs: &'static [&'static str],
    /// A field that takes any text and may change at any time.
    pub text_field: &'static str,
}

#[rustfmt::skip]
pub const KINDS: [Kind; 5] = [
    Kind { name: "users", id_field: "channel_user_id", server_id: "user_id", needs: &[], text_field: "name" },
    Kind { name: "companies", id_field: "channel_company_id", server_id: "company_id", needs: &[], text_field: "company_name" },
    Kind { name: "tasks", id_field: "channel_task_id", server_id: "task_id", needs: &["companies"], text_field: "task_name" },
    Kind { name: "applications", id_field: "channel_application_id", server_id: "application_id", needs: &["users", "companies", "tasks"], text_field: "remark" },
    Kind { name: "payments", id_field: "channel_payment_id", server_id: "payment_id", needs: &["users", "companies", "tasks", "applications"], text_field: "remark" },
];

impl Kind {
    pub fn path(&self) -> String {
        format!("/api/v1/{}", self.name)
    }

    pub fn example(&self) -> Value {
        document::parsed(self.id_field)
    }

    pub fn example_path(&self) -> String {
        format!("/api/v1/{}/{}", self.name, self.example()[self.id_field].as_str().expect("an id"))
    }

    pub fn is_listed(&self) -> bool {
        !matches!(self.name, "users" | "companies")
    }
}

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
        let http = reqwest::Client::new();
        let created = invoke(&http, address, &json!({"command": "create_channel", "appkey": appkey})).await;
        let secret = created["secret"].as_str().expect("a secret").to_owned();
        let mut partner = Self { base_url: address.base_url.clone(), appkey, secret, token: String::new(), http };
        partner.token = partner.new_tokens().await["access_token"].as_str().expect("a token").to_owned();
        partner
    }

    /// A new pair of tokens.
    pub async fn new_tokens(&self) -> Value {
        let credentials = json!({"appkey": self.appkey, "secret": self.secret, "grant_type": "client_credentials"});
        let answer = self.send(Method::POST, "/api/v1/auth/token", None, Some(credentials.to_string())).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["data"].clone()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Some(&self.token), None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, &body.to_string()).await
    }

    /// Sends the text as it is, as JSON.
    pub async fn post_text(&self, path: &str, body: &str) -> Answer {
        self.send(Method::POST, path, Some(&self.token), Some(body.to_owned())).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(&self.token), Some(body.to_string())).await
    }

    pub async fn send(&self, method: Method, path: &str, token: Option<&str>, json: Option<String>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base_url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(json) = json {
            request = request.header("content-type", "application/json").body(json);
        }
        answer(request).await
    }

    /// What an administrator's command about this channel answers: `disable_channel`, `enable_channel`, ...
    pub async fn administer(&self, command: &str) -> Value {
        let address = Address { base_url: self.base_url.clone(), dynamodb_url: String::new() };
        invoke(&self.http, &address, &json!({"command": command, "appkey": self.appkey})).await
    }

    /// Pushes the document's examples that the named one needs: `users`, `companies`, `tasks`, `applications`.
    pub async fn has(&self, resources: &[&str]) {
        for resource in resources {
            let kind = KINDS.iter().find(|kind| kind.name == *resource).expect("a kind of the document");
            let answer = self.post_text(&kind.path(), document::example(kind.id_field)).await;
            assert_eq!(answer, success(answer.body["data"].clone()));
        }
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    Answer { status, body: serde_json::from_str(&text).unwrap_or_default() }
}

/// Runs a command of `ops-admin`.
pub async fn invoke(http: &reqwest::Client, address: &Address, command: &Value) -> Value {
    let url = format!("{}/2015-03-31/functions/ops-admin/invocations", address.base_url);
    answer(http.post(url).body(command.to_string())).await.body
}
