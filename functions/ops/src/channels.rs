//! The commands that administer channels (docs/design/channel.md).

use deserr::Deserr;
use serde_json::{Value, json};
use shared::channel::{Channel, Service};
use shared::crypto::credentials::NewSecret;
use shared::error::Result;
use shared::storage::audit::Act;
use shared::values::input::Faults;
use shared::values::{RecordId, Text};

use crate::listing::{Limit, page};

/// Creates a channel. Its secret is returned only here.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Create {
    appkey: RecordId,
    #[deserr(default)]
    name: Text<0, 64>,
}

/// The channel of a command that enables it, disables it, rotates its secret, or ends its tokens.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Named {
    appkey: RecordId,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct RetireSecret {
    appkey: RecordId,
    secret_id: RecordId,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct List {
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 512>>,
}

pub async fn create(service: &Service, act: &Act, Create { appkey, name }: Create) -> Result<Value> {
    let (channel, secret) = service.create_channel(act, appkey, name).await?;
    Ok(new_secret(&channel.appkey, &secret))
}

/// The old secret stays valid until it is retired.
pub async fn rotate_secret(service: &Service, act: &Act, Named { appkey }: Named) -> Result<Value> {
    let secret = service.rotate_channel_secret(act, &appkey).await?;
    Ok(new_secret(&appkey, &secret))
}

/// The tokens that the secret got end with it.
pub async fn retire_secret(service: &Service, act: &Act, RetireSecret { appkey, secret_id }: RetireSecret) -> Result<Value> {
    service.retire_channel_secret(act, &appkey, &secret_id).await.map(view)
}

/// All tokens of the channel end, and it gets no new ones until it is enabled.
pub async fn disable(service: &Service, act: &Act, Named { appkey }: Named) -> Result<Value> {
    service.disable_channel(act, &appkey).await.map(view)
}

pub async fn enable(service: &Service, act: &Act, Named { appkey }: Named) -> Result<Value> {
    service.enable_channel(act, &appkey).await.map(view)
}

/// All tokens of the channel end. It gets new ones for its secrets.
pub async fn revoke_tokens(service: &Service, act: &Act, Named { appkey }: Named) -> Result<Value> {
    service.revoke_channel_tokens(act, &appkey).await.map(view)
}

pub async fn list(service: &Service, List { limit: Limit(limit), cursor }: List) -> Result<Value> {
    let listed = service.list_channels(limit, cursor.as_ref().map(Text::as_str)).await?;
    Ok(page("channels", listed, view))
}

/// The only response that contains a secret.
fn new_secret(appkey: &RecordId, secret: &NewSecret) -> Value {
    json!({"appkey": appkey, "secret": secret.plain.expose(), "secret_id": secret.secret_id})
}

/// A channel without its secrets.
fn view(channel: Channel) -> Value {
    json!({
        "appkey": channel.appkey,
        "name": channel.name,
        "enabled": channel.enabled,
        "created_at": channel.created_at,
        "secrets": crate::secrets(&channel.secrets),
    })
}
