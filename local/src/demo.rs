//! Credentials to try the system with: two channels that know nothing of each other.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::World;
use crate::functions::Functions;

const APPKEYS: [&str; 2] = ["channel_001", "channel_002"];

#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    pub appkey: String,
    pub secret: String,
}

impl Credentials {
    fn told(appkey: &str, answer: &Value) -> Self {
        Self { appkey: appkey.to_owned(), secret: answer["secret"].as_str().unwrap_or_default().to_owned() }
    }
}

/// What `demo.json` holds beside the addresses.
#[derive(Clone, Serialize, Deserialize)]
pub struct Demo {
    pub channel: Vec<Credentials>,
}

impl Demo {
    /// Makes the channels through `ops-admin`. Those that are there already have the secrets that the folder's `demo.json`
    /// tells, or get new ones.
    pub(crate) async fn prepare(functions: &Functions, file: Option<&Path>) -> Result<Self, String> {
        let stored = file.and_then(|file| std::fs::read(file).ok());
        let known: Option<Self> = stored.and_then(|stored| serde_json::from_slice(&stored).ok());
        let mut channel = Vec::new();
        for appkey in APPKEYS {
            let created = command(functions, &json!({"command": "create_channel", "appkey": appkey, "name": "demo"})).await;
            let kept = known.iter().flat_map(|demo| &demo.channel).find(|credentials| credentials.appkey == appkey);
            channel.push(match (created, kept) {
                (Ok(answer), _) => Credentials::told(appkey, &answer),
                (Err(_), Some(kept)) => kept.clone(),
                (Err(_), None) => Credentials::told(appkey, &replace_secret(functions, appkey).await?),
            });
        }
        Ok(Self { channel })
    }

    pub(crate) fn write(&self, world: &World, file: &Path) -> Result<(), String> {
        let mut contents = serde_json::to_value(self).map_err(|error| error.to_string())?;
        contents["base_url"] = world.base_url.clone().into();
        contents["dynamodb_url"] = world.dynamodb_url.clone().into();
        contents["s3_url"] = world.s3_url.clone().into();
        std::fs::write(file, format!("{contents:#}\n")).map_err(|error| format!("{}: {error}", file.display()))
    }
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

async fn command(functions: &Functions, command: &Value) -> Result<Value, String> {
    match functions.invoke("ops-admin", command.to_string().as_bytes()).await {
        Some(Ok(answer)) => serde_json::from_slice(&answer).map_err(|error| error.to_string()),
        Some(Err(diagnostic)) => Err(format!("{}: {}", command["command"], diagnostic.error_message)),
        None => Err("there is no ops-admin".into()),
    }
}
