//! How the tokens of a channel end before they expire: their secret is retired, the channel is disabled, or an administrator revokes them.

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::partner::tokens;
use crate::support::{Address, Partner, Response, Stage, problem, success};

/// The tokens of one log-in.
struct Login {
    partner: Partner,
    access: String,
    refresh: String,
}

impl Login {
    /// With the channel's own secret, or with another one.
    async fn with(partner: &Partner, secret: &Value) -> Self {
        let secret = secret.as_str().expect("a secret").to_owned();
        let partner = Partner { secret, ..partner.clone() };
        let issued = partner.new_tokens().await;
        let text = |name: &str| issued[name].as_str().expect("a token").to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token"), partner }
    }

    async fn new(partner: &Partner) -> Self {
        Self::with(partner, &partner.secret.clone().into()).await
    }

    async fn list(&self) -> Response {
        self.partner.send(Method::GET, "/api/v1/tasks", Some(&self.access), None).await
    }

    async fn refreshed(&self, refresh_token: &str) -> Response {
        let body = json!({"refresh_token": refresh_token, "grant_type": "refresh_token"});
        self.partner.send(Method::POST, "/api/v1/auth/refresh", None, Some(body.to_string())).await
    }

    /// Uses both tokens. The access and the refresh token are then those that the refresh returned.
    async fn assert_alive(&mut self) {
        assert_eq!(self.list().await, nothing());
        (self.access, self.refresh) = tokens(&self.refreshed(&self.refresh).await);
        assert_eq!(self.list().await, nothing());
    }

    async fn assert_rejected(&self, rejected: &Response) {
        assert_eq!(self.list().await, *rejected);
        assert_eq!(self.refreshed(&self.refresh).await, *rejected);
    }
}

fn nothing() -> Response {
    success(json!({"list": [], "total": 0, "page": 1, "page_size": 20, "next_cursor": null}))
}

fn ended() -> Response {
    problem(401, 1003, &[])
}

/// The id of a channel's first secret.
async fn first_secret(partner: &Partner) -> Value {
    partner.administer("enable_channel").await["secrets"][0]["secret_id"].clone()
}

async fn retire(address: &Address, partner: &Partner, secret_id: &Value) {
    let command = json!({"command": "retire_channel_secret", "appkey": partner.appkey, "secret_id": secret_id});
    assert_eq!(address.command(&command).await["appkey"], partner.appkey);
}

#[tokio::test]
async fn a_retired_secret_ends_its_tokens_and_no_others() {
    let stage = Stage::open().await;
    let (partner, another) = (Partner::join(&stage.address).await, Partner::join(&stage.address).await);
    let (mut old, mut foreign) = (Login::new(&partner).await, Login::new(&another).await);
    old.assert_alive().await;
    let rotated = partner.administer("rotate_channel_secret").await;
    // The processes have cached the channel without the new secret.
    let mut new = Login::with(&partner, &rotated["secret"]).await;
    new.assert_alive().await;
    old.assert_alive().await;
    foreign.assert_alive().await;

    let used = old.refresh.clone();
    old.assert_alive().await;
    retire(&stage.address, &partner, &first_secret(&partner).await).await;
    stage.expire_caches();
    old.assert_rejected(&ended()).await;
    // Within 30 seconds a used token would return the newest one.
    assert_eq!(old.refreshed(&used).await, ended());
    for alive in [&mut new, &mut foreign] {
        alive.assert_alive().await;
    }
    stage.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(old.refreshed(&old.refresh).await, ended());
    (new.access, new.refresh) = tokens(&new.refreshed(&new.refresh).await);
    new.assert_alive().await;
}

#[tokio::test]
async fn a_channel_that_is_enabled_again_has_none_of_its_old_tokens() {
    let stage = Stage::open().await;
    let (partner, another) = (Partner::join(&stage.address).await, Partner::join(&stage.address).await);
    let (mut old, mut foreign) = (Login::new(&partner).await, Login::new(&another).await);
    old.assert_alive().await;
    partner.administer("disable_channel").await;
    stage.expire_caches();
    old.assert_rejected(&problem(403, 1004, &[])).await;
    foreign.assert_alive().await;

    partner.administer("enable_channel").await;
    stage.expire_caches();
    old.assert_rejected(&ended()).await;
    Login::new(&partner).await.assert_alive().await;
    old.assert_rejected(&ended()).await;
    foreign.assert_alive().await;

    // The same within the five seconds in which no process sees the channel disabled.
    let mut short = Login::new(&partner).await;
    short.assert_alive().await;
    partner.administer("disable_channel").await;
    partner.administer("enable_channel").await;
    stage.expire_caches();
    short.assert_rejected(&ended()).await;
}

#[tokio::test]
async fn revoked_tokens_end_and_new_ones_are_accepted_at_once() {
    let stage = Stage::open().await;
    let (partner, another) = (Partner::join(&stage.address).await, Partner::join(&stage.address).await);
    let rotated = partner.administer("rotate_channel_secret").await;
    let (mut one, mut other) = (Login::new(&partner).await, Login::with(&partner, &rotated["secret"]).await);
    let mut foreign = Login::new(&another).await;
    for alive in [&mut one, &mut other, &mut foreign] {
        alive.assert_alive().await;
    }
    let shown = partner.administer("enable_channel").await;
    assert_eq!(partner.administer("revoke_channel_tokens").await, shown);
    // The processes have cached the channel as it was. Both secrets stay valid.
    let (mut next, mut next_other) = (Login::new(&partner).await, Login::with(&partner, &rotated["secret"]).await);
    next.assert_alive().await;
    next_other.assert_alive().await;
    stage.expire_caches();
    for revoked in [&one, &other] {
        revoked.assert_rejected(&ended()).await;
    }
    for alive in [&mut next, &mut next_other, &mut foreign] {
        alive.assert_alive().await;
    }

    // A second time: the first tokens do not come back.
    partner.administer("revoke_channel_tokens").await;
    stage.expire_caches();
    for revoked in [&one, &other, &next, &next_other] {
        revoked.assert_rejected(&ended()).await;
    }
    foreign.assert_alive().await;
}

#[tokio::test]
async fn an_ended_token_is_rejected_within_five_seconds() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let login = Login::new(&partner).await;
    assert_eq!(login.list().await, nothing());
    partner.administer("revoke_channel_tokens").await;
    stage.clock.advance(SignedDuration::from_millis(4999));
    assert_eq!(login.list().await, nothing());
    // A refresh reads the channel in its own transaction.
    assert_eq!(login.refreshed(&login.refresh).await, ended());
    stage.clock.advance(SignedDuration::from_millis(1));
    assert_eq!(login.list().await, ended());
}

/// Refreshes a token and its successors until one is rejected. Returns the last pair of tokens.
async fn refresh_on(mut login: Login) -> Login {
    for _ in 0..300 {
        let response = login.refreshed(&login.refresh).await;
        if response.status != 200 {
            assert_eq!(response, ended());
            return login;
        }
        (login.access, login.refresh) = tokens(&response);
    }
    panic!("the family was not ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refresh_that_races_with_a_retirement_leaves_no_living_family() {
    let stage = Stage::open().await;
    for round in 0..3 {
        let partner = Partner::join(&stage.address).await;
        let rotated = partner.administer("rotate_channel_secret").await;
        let secret_id = first_secret(&partner).await;
        let families = [Login::new(&partner).await, Login::new(&partner).await, Login::new(&partner).await];
        let mut new = Login::with(&partner, &rotated["secret"]).await;
        let refreshing = join_all(families.into_iter().map(refresh_on));
        let retiring = async {
            // Other logins delay the retirement, and race with it.
            let issued = join_all((0..round).map(|_| Login::new(&partner))).await;
            retire(&stage.address, &partner, &secret_id).await;
            issued
        };
        let (refreshed, issued) = tokio::join!(refreshing, retiring);
        stage.expire_caches();
        for login in refreshed.iter().chain(&issued) {
            login.assert_rejected(&ended()).await;
        }
        new.assert_alive().await;
    }
}

/// Changes an item directly, as if an earlier version had stored it.
async fn without(stage: &Stage, table: &str, mut item: Value, attributes: &[&str]) {
    for attribute in attributes {
        assert!(item.as_object_mut().unwrap().shift_remove(*attribute).is_some(), "{attribute} of {item}");
    }
    stage.database("PutItem", &json!({"TableName": table, "Item": item})).await;
}

#[tokio::test]
async fn a_family_that_was_stored_without_its_secret_has_ended() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let login = Login::new(&partner).await;
    for family in stage.items("credentials").await.into_iter().filter(|item| item.get("current").is_some()) {
        without(&stage, "credentials", family, &["secret_id", "epoch"]).await;
    }
    assert_eq!(login.refreshed(&login.refresh).await, ended());
    Login::new(&partner).await.assert_alive().await;
}

#[tokio::test]
async fn a_channel_that_was_stored_without_an_epoch_works() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let items = stage.items("channel").await;
    let channel = items.into_iter().find(|item| item.get("epoch").is_some()).expect("the channel");
    without(&stage, "channel", channel, &["epoch"]).await;
    let mut login = Login::new(&partner).await;
    login.assert_alive().await;
    partner.administer("revoke_channel_tokens").await;
    stage.expire_caches();
    login.assert_rejected(&ended()).await;
    Login::new(&partner).await.assert_alive().await;
}
