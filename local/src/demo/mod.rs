//! Credentials and data to try the system with, made through `ops-admin` as an operator would make them.

mod channel;
mod hris;
mod jobboard;
mod signing;

use std::path::Path;

use ops::admin::Admin;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::runtime::clock::Clock;

use crate::World;
use crate::functions::Functions;

pub use channel::Credentials;
pub use hris::{Hris, OauthApp};
pub use jobboard::Jobboard;
pub use signing::Signing;

/// What `demo.json` holds beside the addresses.
#[derive(Clone, Serialize, Deserialize)]
pub struct Demo {
    /// Two channels that know nothing of each other.
    pub channel: Vec<Credentials>,
    pub hris: Hris,
    /// Another company.
    pub hris_other: Hris,
    pub signing: Signing,
    /// None where a real WeChat stands behind: it knows no demo users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobboard: Option<Jobboard>,
}

impl Demo {
    /// Makes what is not there yet. What was told once and is there already stands in the folder's `demo.json`, or is told
    /// anew. `is_simulated` is WeChat.
    pub(crate) async fn prepare(
        functions: &Functions,
        operator: &Admin,
        clock: &dyn Clock,
        platform: &str,
        is_simulated: bool,
        file: Option<&Path>,
    ) -> Result<Self, String> {
        let stored = file.and_then(|file| std::fs::read(file).ok());
        let known: Option<Self> = stored.and_then(|stored| serde_json::from_slice(&stored).ok());
        let (hris, hris_other) = hris::prepare(functions, &operator.hris, clock, known.as_ref()).await?;
        let channel = channel::prepare(functions, known.as_ref()).await?;
        let signing = signing::prepare(functions, platform).await?;
        let jobboard = if is_simulated { Some(jobboard::prepare(functions, &operator.jobboard).await?) } else { None };
        Ok(Self { channel, hris, hris_other, signing, jobboard })
    }

    pub(crate) fn write(&self, world: &World, file: &Path) -> Result<(), String> {
        let mut contents = serde_json::to_value(self).map_err(|error| error.to_string())?;
        contents["base_url"] = world.base_url.clone().into();
        contents["dynamodb_url"] = world.dynamodb_url.clone().into();
        contents["s3_url"] = world.s3_url.clone().into();
        contents["wechat_url"] = world.wechat_url.clone().into();
        contents["sms_outbox_url"] = world.sms_outbox_url.clone().into();
        std::fs::write(file, format!("{contents:#}\n")).map_err(|error| format!("{}: {error}", file.display()))
    }
}

/// What a command of `ops-admin` answers.
async fn command(functions: &Functions, command: &Value) -> Result<Value, String> {
    match functions.invoke("ops-admin", command.to_string().as_bytes()).await {
        Some(Ok(answer)) => serde_json::from_slice(&answer).map_err(|error| error.to_string()),
        Some(Err(diagnostic)) => Err(format!("{}: {}", command["command"], diagnostic.error_message)),
        None => Err("there is no ops-admin".into()),
    }
}

/// Another secret in the place of the oldest one that `shown` lists. `rotate` and `retire` are the commands that do so.
async fn replace_secret(functions: &Functions, shown: &Value, rotate: &Value, mut retire: Value) -> Result<Value, String> {
    if let Ok(answer) = command(functions, rotate).await {
        return Ok(answer);
    }
    retire["secret_id"] = shown["secrets"][0]["secret_id"].clone();
    command(functions, &retire).await?;
    command(functions, rotate).await
}

/// A member of an answer.
fn told(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_default().to_owned()
}
