//! Two channels of the partner API.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Demo, command, replace_secret, text};
use crate::functions::Functions;

const APPKEYS: [&str; 2] = ["channel_001", "channel_002"];

#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    pub appkey: String,
    pub secret: String,
}

pub async fn prepare(functions: &Functions, known: Option<&Demo>) -> Result<Vec<Credentials>, String> {
    let mut channel = Vec::new();
    for appkey in APPKEYS {
        let created = command(functions, &json!({"command": "create_channel", "appkey": appkey, "name": "demo"})).await;
        let kept = known.into_iter().flat_map(|demo| &demo.channel).find(|credentials| credentials.appkey == appkey);
        let secret = match (created, kept) {
            (Ok(created), _) => text(&created, "secret"),
            (Err(_), Some(kept)) => kept.secret.clone(),
            (Err(_), None) => text(&another_secret(functions, appkey).await?, "secret"),
        };
        channel.push(Credentials { appkey: appkey.to_owned(), secret });
    }
    Ok(channel)
}

async fn another_secret(functions: &Functions, appkey: &str) -> Result<Value, String> {
    let listed = command(functions, &json!({"command": "list_channels"})).await?;
    let shown = listed["channels"].as_array().into_iter().flatten().find(|channel| channel["appkey"] == appkey);
    let rotate = json!({"command": "rotate_channel_secret", "appkey": appkey});
    let retire = json!({"command": "retire_channel_secret", "appkey": appkey});
    replace_secret(functions, shown.unwrap_or(&Value::Null), &rotate, retire).await
}
