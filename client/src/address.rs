//! Where a running system is reached, and calls that need no client.

use std::collections::HashMap;

use local::World;
use serde_json::Value;

use crate::http::{Response, fetch};

/// The addresses of a running system.
#[derive(Clone, Default)]
pub struct Address {
    pub base_url: String,
    pub dynamodb_url: String,
    pub sms_outbox_url: String,
    pub events_url: String,
    pub wechat_url: String,
    /// The environment variables of the system's functions.
    pub variables: HashMap<String, String>,
}

impl Address {
    pub fn of(world: &World) -> Self {
        Self {
            base_url: world.base_url.clone(),
            dynamodb_url: world.dynamodb_url.clone(),
            sms_outbox_url: world.sms_outbox_url.clone(),
            events_url: world.events_url.clone(),
            wechat_url: world.wechat_url.clone(),
            variables: world.variables.clone(),
        }
    }

    /// Invokes a function; the response is its output, or its error.
    pub async fn invoke(&self, function: &str, event: &Value) -> Response {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.base_url);
        fetch(local::http::client().post(url).body(event.to_string())).await
    }

    /// Invokes `ops-admin` with a command, `by` zhangsan if the command has no other `by`. The response is its output, or its error.
    pub async fn operate(&self, command: &Value) -> Response {
        let mut command = command.clone();
        if let Some(members) = command.as_object_mut() {
            members.entry("by").or_insert_with(|| "zhangsan".into());
        }
        self.invoke("ops-admin", &command).await
    }

    /// The output of a command of `ops-admin`.
    pub async fn command(&self, command: &Value) -> Value {
        self.operate(command).await.body
    }

    /// Sends the events that are overdue, until none is left.
    pub async fn settle_events(&self) {
        let settled = local::http::client().get(format!("{}/settle", self.events_url)).send().await;
        assert_eq!(settled.map(|settled| settled.status().as_u16()).ok(), Some(204));
    }

    /// The text messages that were sent to a phone, oldest first. A phone outside the mainland has its country code.
    pub async fn messages(&self, mobile: &str) -> Vec<String> {
        let outbox = fetch(local::http::client().get(&self.sms_outbox_url)).await.body;
        let messages = outbox.as_array().expect("the outbox").iter();
        let messages = messages.filter(|message| message["phone"] == mobile || message["phone"] == format!("+86{mobile}"));
        messages.map(|message| message["message"].as_str().expect("a text").to_owned()).collect()
    }

    /// The code that was last sent to a phone.
    pub async fn code(&self, mobile: &str) -> String {
        let mut messages = self.messages(mobile).await.into_iter();
        let message = messages.rfind(|message| message.contains("验证码")).expect("a message with a code");
        let digits: String = message.chars().filter(char::is_ascii_digit).take(6).collect();
        assert_eq!(digits.len(), 6, "{message}");
        digits
    }
}
