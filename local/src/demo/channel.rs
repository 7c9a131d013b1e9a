//! Two channels of the partner API.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Demo, command, told};
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
            (Ok(answer), _) => told(&answer, "secret"),
            (Err(_), Some(kept)) => kept.secret.clone(),
            (Err(_), None) => told(&replace_secret(functions, appkey).await?, "secret"),
        };
        channel.push(Credentials { appkey: appkey.to_owned(), secret });
    }
    Ok(channel)
}

async fn replace_secret(functions: &Functions, appkey: &str) -> Result<Value, String> {
    let listed = command(functions, &json!({"command": "list_channels"})).await?;
    let channels = listed["channels"].as_array().into_iter().flatten();
    let secrets = channels.filter(|channel| channel["appkey"] == appkey).flat_map(|channel| channel["secrets"].as_array());
    let oldest = secrets.flatten().next().map(|secret| secret["secret_id"].clone());
    let rotate = json!({"command": "rotate_channel_secret", "appkey": appkey});
    match command(functions, &rotate).await {
        Ok(answer) => Ok(answer),
        Err(_) => {
            let retire = json!({"command": "retire_channel_secret", "appkey": appkey, "secret_id": oldest});
            command(functions, &retire).await?;
            command(functions, &rotate).await
        }
    }
}
