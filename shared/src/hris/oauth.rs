//! OAuth (docs/contract/hris.txt, 授权): an employee consents that a product reads the company's data.
//!
//! A product's app belongs to one company. The app gets a response code from the consent of an employee ([`consent`](super::consent)) and
//! exchanges it once for an access token ([`grants`](super::grants)). The table holds only hashes of codes and tokens.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::Service;
use super::grants::{ACCESS_TOKEN_AGE, Basis, NewGrant};
use super::keys::{OAUTH_APPS, app_key, company_key, product_key, response_code_key};
use super::listing;
use super::products::{by_default, epoch};
use super::scopes::Scopes;
use super::values::{Code, Uuid};
use crate::crypto::credentials::{NewSecret, Secrets};
use crate::error::{Error, Fault, Kind, Result};
use crate::runtime::caller::{self, Caller};
use crate::storage::audit::{Act, Change, Object, Stored};
use crate::storage::listing::{Listed, PageOf};
use crate::storage::rate_limit::{Attempt, PROOFS};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Outcome, VERSION, Write, expire};
use crate::values::{Id, Moment, RecordId, Secret, Text, Url};

/// How long after the first use of a response code another use only is rejected.
const RETRY_WINDOW: SignedDuration = SignedDuration::from_secs(30);
/// The state of a response code: it may be used, or was used.
pub(super) const STATE: &str = "state";
pub(super) const FRESH: &str = "fresh";
const USED: &str = "used";
/// When the code was used, in Unix seconds.
const USED_AT: &str = "used_at";

/// A product's app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct App {
    pub app_id: RecordId,
    pub product_id: Code,
    pub company_uuid: Uuid,
    /// The consent page shows it.
    pub name: Text<1, 64>,
    pub callback_url: Url,
    /// What its access tokens open.
    #[serde(default = "Scopes::all")]
    pub scopes: Scopes,
    pub created_at: Moment,
    #[serde(default = "by_default")]
    pub enabled: bool,
    /// See [`products`](super::products).
    #[serde(default)]
    pub(super) epoch: u64,
    pub secrets: Secrets,
    version: u64,
}

/// What the consent page needs beside the app.
pub struct ConsentContext {
    /// The name of the company.
    pub company: String,
    pub(super) product_epoch: u64,
}

/// The request of an app to exchange a response code.
pub struct Exchange<'a> {
    pub app_id: &'a str,
    pub app_secret: Secret<&'a str>,
    pub callback_url: &'a str,
    pub response_code: Secret<&'a str>,
}

impl Service {
    /// Creates an app of a product for a company. Returns it with its secret.
    pub async fn create_oauth_app(
        &self,
        act: &Act,
        product_id: &Code,
        company: &Uuid,
        name: Text<1, 64>,
        callback_url: Url,
        scopes: Scopes,
    ) -> Result<(App, NewSecret)> {
        let (id, now) = self.stamp()?;
        let secret = NewSecret::make(id, now)?;
        let app = App {
            app_id: RecordId::parse(&format!("app{id}")).map_err(Error::internal)?,
            product_id: product_id.clone(),
            company_uuid: company.clone(),
            name,
            callback_url,
            scopes,
            created_at: now.into(),
            enabled: true,
            epoch: 0,
            secrets: Secrets::of(secret.hashed()),
            version: 1,
        };
        let table = &self.tables.hris;
        let item = to_item(&app)?;
        let writes = vec![
            Write::Check { table: table.clone(), key: product_key(product_id), condition: Condition::present() },
            Write::Check { table: table.clone(), key: company_key(company), condition: Condition::present() },
            Write::Put { table: table.clone(), item: item.clone(), condition: Condition::absent() },
        ];
        let change = Change::of(object(&app.app_id)).created(&item);
        match self.store.transact_by(act, &change, writes).await?.unless_stored(&item) {
            Outcome::Written => Ok((app, secret)),
            Outcome::Rejected(rejections) => match &rejections[..] {
                [product, ..] if product.failed => Err(Error::missing("product_id")),
                [_, company, ..] if company.failed => Err(Error::missing("company_uuid")),
                _ => Err(Error::internal("the id of a new app exists already")),
            },
        }
    }

    /// Adds a secret. The old one stays valid until it is retired.
    pub async fn rotate_oauth_app(&self, act: &Act, app_id: &RecordId) -> Result<NewSecret> {
        let (id, now) = self.stamp()?;
        let secret = NewSecret::make(id, now)?;
        self.change_app(act, app_id, |app| app.secrets.add(secret.hashed(), "app_id")).await?;
        Ok(secret)
    }

    /// A page of the apps by age: of all, or of those of a company.
    pub async fn list_oauth_apps(&self, company: Option<&Uuid>, page: &PageOf<'_>) -> Result<Listed<App>> {
        self.listed(OAUTH_APPS, company, page).await
    }

    pub async fn show_oauth_app(&self, app_id: &RecordId) -> Result<App> {
        self.app(app_id.as_str()).await?.ok_or_else(|| Error::missing("app_id"))
    }

    /// All grants of the app end, and stay ended. The app gets no new ones until it is enabled.
    pub async fn disable_oauth_app(&self, act: &Act, app_id: &RecordId) -> Result<App> {
        let (id, _) = self.stamp()?;
        self.change_app(act, app_id, |app| {
            if app.enabled {
                app.enabled = false;
                app.epoch = id.as_u64();
            }
            Ok(())
        })
        .await
    }

    /// Employees may consent to the app again.
    pub async fn enable_oauth_app(&self, act: &Act, app_id: &RecordId) -> Result<App> {
        self.change_app(act, app_id, |app| {
            app.enabled = true;
            Ok(())
        })
        .await
    }

    /// Retires a secret. The last one cannot be retired: disable the app instead.
    pub async fn retire_oauth_app_secret(&self, act: &Act, app_id: &RecordId, secret_id: &RecordId) -> Result<App> {
        self.change_app(act, app_id, |app| app.secrets.retire(secret_id)).await
    }

    async fn change_app(&self, act: &Act, app_id: &RecordId, change: impl Fn(&mut App) -> Result<()>) -> Result<App> {
        let object = Change::of(object(app_id));
        let changed = self.store.change_by(act, object, Stored::plain(&self.tables.hris, app_key(app_id)), |item| {
            let mut app: App = serde_dynamo::from_item(item.clone()).map_err(Error::internal)?;
            change(&mut app)?;
            to_item(&app)
        });
        let item = changed.await?.ok_or_else(|| Error::missing("app_id"))?;
        serde_dynamo::from_item(item).map_err(Error::internal)
    }

    /// The app with this id, if it is enabled and its callback address is exactly this one.
    ///
    /// DynamoDB: one read.
    pub async fn oauth_app(&self, app_id: &str, callback_url: &str) -> Result<Option<App>> {
        Ok(self.app(app_id).await?.filter(|app| app.enabled && app.callback_url.as_str() == callback_url))
    }

    /// What the consent page of the app needs; `None` while the app's product is disabled.
    ///
    /// DynamoDB: one batch read.
    pub async fn consent_context(&self, app: &App) -> Result<Option<ConsentContext>> {
        let (company, product) = (company_key(&app.company_uuid), product_key(&app.product_id));
        let found = self.store.get_map(&self.tables.hris, vec![company.clone(), product.clone()]).await?;
        let Some(product_epoch) = epoch(found.get(&product))? else { return Ok(None) };
        let company = found.get(&company).map_or(Ok(String::new()), |company| read_text(company, "name"))?;
        Ok(Some(ConsentContext { company, product_epoch }))
    }

    /// The app with this id, if it is enabled and this is one of its secrets.
    async fn authentic_app(&self, app_id: &str, app_secret: Secret<&str>) -> Result<Option<App>> {
        let app = self.app(app_id).await?.filter(|app| app.enabled && app.secrets.accept(app_secret));
        if let Some(App { app_id, .. }) = &app {
            caller::accepted(Caller::App { app_id: app_id.clone(), grant: None });
        }
        Ok(app)
    }

    async fn app(&self, app_id: &str) -> Result<Option<App>> {
        let Ok(app_id) = RecordId::parse(app_id) else { return Ok(None) };
        let found = self.store.get(&self.tables.hris, app_key(&app_id)).await?;
        found.map(|item| serde_dynamo::from_item(item).map_err(Error::internal)).transpose()
    }

    /// Exchanges a response code for an access token; `None` if the app is unknown or disabled, or its secret is wrong. `address` is the IP
    /// address of the app.
    ///
    /// DynamoDB: two reads, one write, one transaction. A rejected request: at most two reads, one write; one read and one write more if
    /// it ends a grant.
    pub async fn exchange(&self, exchange: &Exchange<'_>, address: &str) -> Result<Option<Secret<String>>> {
        let grant = self.verify_exchange(exchange).await;
        let ended = match &grant {
            Ok(Some(_)) => Attempt::Succeeded,
            Ok(None) => Attempt::Failed,
            Err(error) if error.kind() == Kind::Invalid => Attempt::Failed,
            Err(_) => Attempt::Succeeded,
        };
        PROOFS.count(&self.counters(), &["exchange", exchange.app_id, address], ended).await?;
        match grant? {
            Some(grant) => self.issue_access_token(grant).await.map(Some),
            None => Ok(None),
        }
    }

    /// The item of the response code; `None` if the app is unknown or disabled, or its secret is wrong.
    async fn verify_exchange(&self, exchange: &Exchange<'_>) -> Result<Option<Item>> {
        let Some(app) = self.authentic_app(exchange.app_id, exchange.app_secret).await? else { return Ok(None) };
        if app.callback_url.as_str() != exchange.callback_url {
            return Err(Error::invalid([Fault::new("callback_url", "is not that of the app")]));
        }
        let now = self.clock.now();
        let key = response_code_key(exchange.response_code);
        let found = self.store.get(&self.tables.credentials, key).await?.ok_or_else(invalid_response_code)?;
        let is_valid = read_integer::<i64>(&found, "expires_at")? > now.as_second()
            && read_text(&found, "app_id")? == app.app_id.as_str()
            && read_text(&found, "callback_url")? == exchange.callback_url;
        match read_text(&found, STATE)?.as_str() {
            FRESH if is_valid => return Ok(Some(found)),
            USED if is_valid => self.end_grant_of_code(&found).await?,
            _ => {}
        }
        Err(invalid_response_code())
    }

    /// Consumes a response code and stores a grant with its access token, in one transaction. What the consent rests on must still hold.
    async fn issue_access_token(&self, response_code: Item) -> Result<Secret<String>> {
        let (id, now) = self.stamp()?;
        let table = &self.tables.credentials;
        let basis = Basis::stored(&response_code).ok_or_else(invalid_response_code)?;
        let NewGrant { token, grant_id, item: granted } = NewGrant::make(&basis, id, now)?;
        let mut used = response_code;
        used.insert(STATE.into(), text(USED));
        used.insert("grant_id".into(), number(grant_id.as_u64()));
        used.insert(USED_AT.into(), number(now.as_second()));
        // As long as the grant, so that a later use of the code ends it.
        expire(&mut used, now + ACCESS_TOKEN_AGE);
        let mut writes = Vec::from(basis.checks(&self.tables.hris));
        writes.push(Write::Put { table: table.clone(), item: used.clone(), condition: Condition::equals(STATE, text(FRESH)) });
        let change = Change::of(basis.object(grant_id)).created(&granted);
        writes.push(Write::Put { table: table.clone(), item: granted, condition: Condition::absent() });
        match self.store.transact_by(&caller::act(now), &change, writes).await?.unless_stored(&used) {
            Outcome::Written => Ok(token),
            Outcome::Rejected(_) => Err(invalid_response_code()),
        }
    }

    /// Ends the grant of a response code that was used before (RFC 6749, 4.1.2). Not within 30 seconds after the first use: then the app
    /// repeats a request whose response it has not received.
    async fn end_grant_of_code(&self, response_code: &Item) -> Result<()> {
        let Some(Basis { company, app_id, .. }) = Basis::stored(response_code) else { return Ok(()) };
        if self.clock.now().as_second() - read_integer::<i64>(response_code, USED_AT)? > RETRY_WINDOW.as_secs() {
            let grant_id = Id::from_u64(read_integer(response_code, "grant_id")?);
            self.end_grant(&caller::act(self.clock.now()), &company, &app_id, grant_id, None).await?;
        }
        Ok(())
    }

    /// Ends the grant of an access token of the app (RFC 7009). An unknown token, or one of another app, changes nothing. Returns whether
    /// the app is known, enabled and has this secret. `address` is the IP address of the app.
    ///
    /// DynamoDB: two reads, two writes.
    pub async fn revoke_access_token(
        &self,
        app_id: &str,
        app_secret: Secret<&str>,
        token: Secret<&str>,
        address: &str,
    ) -> Result<bool> {
        let app = self.authentic_app(app_id, app_secret).await?;
        let ended = if app.is_some() { Attempt::Succeeded } else { Attempt::Failed };
        PROOFS.count(&self.counters(), &["exchange", app_id, address], ended).await?;
        let Some(app) = app else { return Ok(false) };
        self.end_grant_of_token(&app.app_id, token).await?;
        Ok(true)
    }
}

fn invalid_response_code() -> Error {
    Error::invalid([Fault::new("response_code", "is not valid, or was used")])
}

fn object(app_id: &RecordId) -> Object {
    Object::new("hris", "oauth_app", &[app_id.as_str()])
}

fn to_item(app: &App) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(app).map_err(Error::internal)?;
    item.extend(app_key(&app.app_id).into_item());
    listing::enter(&mut item, OAUTH_APPS, &app.company_uuid, app.created_at, &app.app_id);
    item.insert(VERSION.into(), number(app.version));
    Ok(item)
}
