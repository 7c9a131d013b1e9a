//! The commands that administer channels (channel.md).

use deserr::{Deserr, IntoValue, Value as Input, ValuePointerRef};
use serde_json::{Value, json};
use shared::channel::values::{RecordId, Text};
use shared::channel::{Channel, Service};
use shared::error::{Error, Result};
use shared::input::Faults;

/// How many channels are listed at once: from 1 to 100.
pub struct ChannelsLimit(u32);

impl Default for ChannelsLimit {
    fn default() -> Self {
        Self(100)
    }
}

impl Deserr<Faults> for ChannelsLimit {
    fn deserialize_from_value<V: IntoValue>(value: Input<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        match value {
            Input::Integer(limit @ 1..=100) => u32::try_from(limit).map(Self).map_err(|_| Faults::default()),
            _ => Err(Faults::one(at, "must be an integer from 1 to 100")),
        }
    }
}

pub async fn create(service: &Service, appkey: RecordId, name: Option<Text<0, 64>>) -> Result<Value> {
    let name = name.map_or_else(|| Text::parse("").map_err(Error::internal), Ok)?;
    let (channel, secret) = service.create_channel(appkey, name).await?;
    Ok(json!({"appkey": channel.appkey, "secret": secret.plain, "secret_id": secret.secret_id}))
}

pub async fn rotate_secret(service: &Service, appkey: &RecordId) -> Result<Value> {
    let secret = service.rotate_channel_secret(appkey).await?;
    Ok(json!({"appkey": appkey, "secret": secret.plain, "secret_id": secret.secret_id}))
}

pub async fn retire_secret(service: &Service, appkey: &RecordId, secret_id: &RecordId) -> Result<Value> {
    service.retire_channel_secret(appkey, secret_id).await.map(view)
}

pub async fn set_enabled(service: &Service, appkey: &RecordId, enabled: bool) -> Result<Value> {
    service.set_channel_enabled(appkey, enabled).await.map(view)
}

pub async fn list(service: &Service, ChannelsLimit(limit): ChannelsLimit, cursor: Option<&str>) -> Result<Value> {
    let page = service.list_channels(limit, cursor).await?;
    let channels: Vec<Value> = page.list.into_iter().map(view).collect();
    Ok(json!({"channels": channels, "next_cursor": page.next_cursor}))
}

/// A channel without anything secret.
fn view(channel: Channel) -> Value {
    let secrets: Vec<Value> =
        channel.secrets.iter().map(|secret| json!({"secret_id": secret.secret_id, "created_at": secret.created_at})).collect();
    json!({
        "appkey": channel.appkey,
        "name": channel.name,
        "enabled": channel.enabled,
        "created_at": channel.created_at,
        "secrets": secrets,
    })
}
