//! The partner API, and the commands that administer channels.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Request, Scene, Write, matrix, once, write};
use crate::support::resource::{ALL, APPLICATIONS, COMPANIES, PAYMENTS, Resource, TASKS};
use crate::support::{Partner, Response, Stage};

/// A partner with one record of each kind.
pub struct Channels {
    stage: Stage,
    partner: Partner,
    refresh_token: Value,
    /// The first secret of a channel that has two.
    secret_id: Value,
}

impl Channels {
    async fn command(&self, event: Value) -> Response {
        self.stage.address.operate(&event).await
    }
}

fn kind(path: &str) -> &'static Resource {
    ALL.iter().find(|kind| path.strip_prefix(kind.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))).unwrap()
}

impl Scene for Channels {
    const WRITES: &'static [Write] = &[
        write("POST /api/v1/auth/token", ""),
        write("POST /api/v1/auth/refresh", ""),
        write("POST /api/v1/users", ""),
        write("PUT /api/v1/users/{channel_user_id}", ""),
        write("POST /api/v1/companies", ""),
        write("PUT /api/v1/companies/{channel_company_id}", ""),
        write("POST /api/v1/tasks", ""),
        write("PUT /api/v1/tasks/{channel_task_id}", ""),
        write("PUT /api/v1/tasks/{channel_task_id}", "other references"),
        write("POST /api/v1/applications", ""),
        write("PUT /api/v1/applications/{channel_application_id}", ""),
        write("PUT /api/v1/applications/{channel_application_id}", "other references"),
        write("POST /api/v1/payments", ""),
        write("PUT /api/v1/payments/{channel_payment_id}", ""),
        write("PUT /api/v1/payments/{channel_payment_id}", "other references"),
        // A secret is returned once. A client that missed it rotates the secret.
        once("ops-admin create_channel", "", "appkey: exists already"),
        once("ops-admin rotate_channel_secret", "", "appkey: has two active secrets"),
        once("ops-admin retire_channel_secret", "", "secret_id: does not exist"),
        write("ops-admin disable_channel", ""),
        write("ops-admin enable_channel", ""),
        write("ops-admin revoke_channel_tokens", ""),
    ];

    const OUR_FAULT: &'static [&'static str] = &[r#"{"code":5001,"message":"服务器内部错误","data":{}}"#];

    async fn set() -> Self {
        let stage = Stage::open().await;
        let partner = Partner::join(&stage.address).await;
        partner.push_examples(&ALL.each_ref().map(|kind| kind.name)).await;
        for (kind, id) in [(&COMPANIES, "C2"), (&TASKS, "T2"), (&APPLICATIONS, "A2")] {
            assert_eq!(partner.post(kind.path, &kind.with(kind.id_field, id)).await.status, 200);
        }
        // The example's payment is completed and final.
        let mut open = PAYMENTS.with("channel_payment_id", "open");
        open["status"] = "pending".into();
        assert_eq!(partner.post(PAYMENTS.path, &open).await.status, 200);
        let refresh_token = partner.new_tokens().await["refresh_token"].clone();
        let scene = Self { stage, partner, refresh_token, secret_id: Value::Null };
        let two = scene.command(json!({"command": "create_channel", "appkey": "two"})).await;
        scene.command(json!({"command": "rotate_channel_secret", "appkey": "two"})).await;
        scene.command(json!({"command": "create_channel", "appkey": "off"})).await;
        scene.command(json!({"command": "disable_channel", "appkey": "off"})).await;
        Self { secret_id: two.body["secret_id"].clone(), ..scene }
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    async fn send(&self, Write { route, case, .. }: &Write, _: &Request) -> Response {
        let (method, path) = route.split_once(' ').unwrap();
        match (method, path) {
            ("ops-admin", command) => {
                let event = match command {
                    "create_channel" => json!({"appkey": "new", "name": "新"}),
                    "retire_channel_secret" => json!({"appkey": "two", "secret_id": self.secret_id}),
                    "enable_channel" => json!({"appkey": "off"}),
                    _ => json!({"appkey": self.partner.appkey}),
                };
                let mut event = event;
                event["command"] = command.into();
                self.command(event).await
            }
            (_, "/api/v1/auth/token") => {
                let Partner { appkey, secret, .. } = &self.partner;
                let body = json!({"appkey": appkey, "secret": secret, "grant_type": "client_credentials"});
                self.partner.send(Method::POST, path, None, Some(body.to_string())).await
            }
            (_, "/api/v1/auth/refresh") => {
                let body = json!({"refresh_token": self.refresh_token, "grant_type": "refresh_token"});
                self.partner.send(Method::POST, path, None, Some(body.to_string())).await
            }
            ("POST", path) => {
                let kind = kind(path);
                self.partner.post(path, &kind.with(kind.id_field, "new")).await
            }
            (_, path) => {
                let kind = kind(path);
                let change = match (kind.name, *case) {
                    ("tasks", "other references") => json!({"channel_company_id": "C2"}),
                    ("applications", "other references") => json!({"channel_task_id": "T2"}),
                    ("payments", "other references") => json!({"channel_application_id": "A2"}),
                    _ => json!({(kind.text_field): "改"}),
                };
                let there = match (kind.name, *case) {
                    ("payments", "other references") => format!("{}/open", kind.path),
                    _ => kind.example_path(),
                };
                self.partner.put(&there, &change).await
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_write_of_the_partner_api() {
    matrix::<Channels>("Partner API", 16).await;
}
