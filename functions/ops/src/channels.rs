//! The commands that administer channels (docs/design/channel.md).

use deserr::Deserr;
use serde_json::{Value, json};
use shared::channel::{Channel, Service};
use shared::crypto::credentials::NewSecret;
use shared::error::Result;
use shared::storage::audit::Act;
use shared::storage::listing::Order;
use shared::values::input::Faults;
use shared::values::{RecordId, Text};

use crate::command::{Command, run};
use crate::listing::{OnePage, page};
use shared::staff::roles::Role;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::changes("create_channel", "Creates a channel; its secret is returned only here", |admin, by, fields| {
        run(fields, |read| create(&admin.channel, &by.act, read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("appkey name?", r#"{"appkey": "channel_001", "name": "零工平台"}"#),
    Command::changes(
        "rotate_channel_secret",
        "Adds a secret; the old one stays valid until it is retired",
        |admin, by, fields| run(fields, |read| rotate_secret(&admin.channel, &by.act, read)),
    )
    .by(&[Role::Admin])
    .after_step_up()
    .fields("appkey", r#"{"appkey": "channel_001"}"#),
    Command::changes("retire_channel_secret", "Ends a secret and the tokens that it got", |admin, by, fields| {
        run(fields, |read| retire_secret(&admin.channel, &by.act, read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("appkey secret_id", r#"{"appkey": "channel_001", "secret_id": "s1"}"#),
    Command::changes(
        "revoke_channel_tokens",
        "Ends all tokens of a channel; it gets new ones for its secrets",
        |admin, by, fields| run(fields, |read| revoke_tokens(&admin.channel, &by.act, read)),
    )
    .by(&[Role::Admin])
    .after_step_up()
    .fields("appkey", r#"{"appkey": "channel_001"}"#),
    Command::changes(
        "disable_channel",
        "Ends all tokens of a channel, which gets no new ones until it is enabled",
        |admin, by, fields| run(fields, |read| disable(&admin.channel, &by.act, read)),
    )
    .by(&[Role::Admin])
    .after_step_up()
    .fields("appkey", r#"{"appkey": "channel_001"}"#),
    Command::changes("enable_channel", "Lets a channel get tokens again", |admin, by, fields| {
        run(fields, |read| enable(&admin.channel, &by.act, read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("appkey", r#"{"appkey": "channel_001"}"#),
    Command::reads("list_channels", "Lists the channels", |admin, _, fields| run(fields, |read| list(&admin.channel, read)))
        .by(&[Role::Admin, Role::Auditor])
        .fields("limit? order? cursor?", r#"{"limit": 100}"#)
        .sorted(Order::Ascending),
];

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

pub async fn list(service: &Service, list: OnePage) -> Result<Value> {
    let listed = service.list_channels(&list.page(Order::Ascending)).await?;
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
