//! Credentials and data to try the system with, created through `ops-admin` as an operator would create them.

mod channel;
mod hris;
mod jobboard;
pub mod large;
mod signing;
mod staff;

use std::path::Path;

use ops::admin::Admin;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::runtime::clock::Clock;

use crate::World;
use crate::functions::Functions;
use crate::sns::Outbox;

pub use channel::Credentials;
pub use hris::{Hris, OauthApp};
pub use jobboard::Jobboard;
pub use signing::Signing;
pub use staff::Staff;

/// The contents of `demo.json`, apart from the addresses.
#[derive(Clone, Serialize, Deserialize)]
pub struct Demo {
    /// Two channels, which do not see each other's data.
    pub channel: Vec<Credentials>,
    pub hris: Hris,
    /// Another company.
    pub hris_other: Hris,
    pub signing: Signing,
    /// `None` if a real WeChat is in use: it does not know the demo users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobboard: Option<Jobboard>,
    /// One member of each role. None if the text messages do not arrive at this system.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub staff: Vec<Staff>,
}

impl Demo {
    /// Creates what does not exist yet. `ops-admin` returns a secret only once: those of earlier runs are read from `demo.json`, and
    /// replaced if the file is missing. `is_simulated` refers to WeChat. `outbox` is where the text messages arrive, unless that is outside.
    pub(crate) async fn prepare(
        functions: &Functions,
        operator: &Admin,
        clock: &dyn Clock,
        platform: &str,
        is_simulated: bool,
        outbox: Option<&Outbox>,
        file: Option<&Path>,
    ) -> Result<Self, String> {
        let stored = file.and_then(|file| std::fs::read(file).ok());
        let known: Option<Self> = stored.and_then(|stored| serde_json::from_slice(&stored).ok());
        let known = known.as_ref();
        let signing = signing::prepare(functions, platform).await?;
        let jobboard = async {
            match is_simulated {
                true => jobboard::prepare(functions, &operator.jobboard).await.map(Some),
                false => Ok(None),
            }
        };
        let staff = async {
            let Some(outbox) = outbox else { return Ok(Vec::new()) };
            let (service, signing) = (&operator.staff, &signing);
            staff::Preparation { functions, service, clock, outbox, signing, known }.run().await
        };
        let ((hris, hris_other), channel, jobboard, staff) = tokio::try_join!(
            Box::pin(hris::prepare(functions, &operator.hris, clock, known)),
            channel::prepare(functions, known),
            Box::pin(jobboard),
            Box::pin(staff)
        )?;
        Ok(Self { channel, hris, hris_other, signing, jobboard, staff })
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

/// Runs a command of `ops-admin` and returns its result.
async fn command(functions: &Functions, command: &Value) -> Result<Value, String> {
    let mut command = command.clone();
    command["by"] = "demo".into();
    match functions.invoke("ops-admin", command.to_string().as_bytes()).await {
        Some(Ok(result)) => serde_json::from_slice(&result).map_err(|error| error.to_string()),
        Some(Err(diagnostic)) => Err(format!("{}: {}", command["command"], diagnostic.error_message)),
        None => Err("ops-admin is missing".into()),
    }
}

/// Adds a secret. If the maximum is reached, retires the oldest secret of `shown` first. `rotate` and `retire` are the commands.
async fn replace_secret(functions: &Functions, shown: &Value, rotate: &Value, mut retire: Value) -> Result<Value, String> {
    if let Ok(rotated) = command(functions, rotate).await {
        return Ok(rotated);
    }
    retire["secret_id"] = shown["secrets"][0]["secret_id"].clone();
    command(functions, &retire).await?;
    command(functions, rotate).await
}

/// A text member of a result; empty if it is missing.
fn text(result: &Value, name: &str) -> String {
    result[name].as_str().unwrap_or_default().to_owned()
}
