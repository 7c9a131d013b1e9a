//! OAuth (docs/contract/hris.txt, 授权): an employee consents that a product reads the company's data.
//!
//! A product's app belongs to one company. The app gets a response code from the consent of an employee ([`consent`](super::consent)) and
//! exchanges it once for an access token. The table holds only hashes of codes and tokens.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::keys::{access_token_key, app_key, company_key, product_key, response_code_key};
use super::scopes::Scopes;
use super::values::{Code, Uuid};
use super::{Caller, Credential, Service};
use crate::crypto::credentials::{NewSecret, Secrets, hash};
use crate::crypto::random::random_secret;
use crate::error::{Error, Fault, Kind, Result};
use crate::storage::rate_limit::{Attempt, PROOFS};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Outcome, VERSION, Write, expire};
use crate::values::{Moment, RecordId, Secret, Text, Url};

/// How long an access token is valid.
pub const ACCESS_TOKEN_AGE: SignedDuration = SignedDuration::from_hours(90 * 24);

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
    pub secrets: Secrets,
    version: u64,
}

/// What a process caches about an access token.
pub struct Consent {
    company: Uuid,
    scopes: Scopes,
    expires_at: i64,
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
            secrets: Secrets::of(secret.hashed()),
            version: 1,
        };
        let table = &self.tables.hris;
        let item = to_item(&app)?;
        let outcome = self.store.transact(vec![
            Write::Check { table: table.clone(), key: product_key(product_id), condition: Condition::present() },
            Write::Check { table: table.clone(), key: company_key(company), condition: Condition::present() },
            Write::Put { table: table.clone(), item: item.clone(), condition: Condition::absent() },
        ]);
        match outcome.await?.unless_stored(&item) {
            Outcome::Written => Ok((app, secret)),
            Outcome::Rejected(rejections) => match &rejections[..] {
                [product, ..] if product.failed => Err(Error::missing("product_id")),
                [_, company, ..] if company.failed => Err(Error::missing("company_uuid")),
                _ => Err(Error::internal("the id of a new app exists already")),
            },
        }
    }

    /// Adds a secret. The old one stays valid until it is retired.
    pub async fn rotate_oauth_app(&self, app_id: &RecordId) -> Result<NewSecret> {
        let (id, now) = self.stamp()?;
        let secret = NewSecret::make(id, now)?;
        self.change_app(app_id, |app| app.secrets.add(secret.hashed(), "app_id")).await?;
        Ok(secret)
    }

    /// Retires a secret. The last one cannot be retired.
    pub async fn retire_oauth_app_secret(&self, app_id: &RecordId, secret_id: &RecordId) -> Result<App> {
        self.change_app(app_id, |app| app.secrets.retire(secret_id)).await
    }

    async fn change_app(&self, app_id: &RecordId, change: impl Fn(&mut App) -> Result<()>) -> Result<App> {
        let changed = self.store.change(&self.tables.hris, app_key(app_id), |item| {
            let mut app: App = serde_dynamo::from_item(item.clone()).map_err(Error::internal)?;
            change(&mut app)?;
            to_item(&app)
        });
        let item = changed.await?.ok_or_else(|| Error::missing("app_id"))?;
        serde_dynamo::from_item(item).map_err(Error::internal)
    }

    /// The app with this id, if its callback address is exactly this one.
    ///
    /// DynamoDB: one read.
    pub async fn oauth_app(&self, app_id: &str, callback_url: &str) -> Result<Option<App>> {
        Ok(self.app(app_id).await?.filter(|app| app.callback_url.as_str() == callback_url))
    }

    async fn app(&self, app_id: &str) -> Result<Option<App>> {
        let Ok(app_id) = RecordId::parse(app_id) else { return Ok(None) };
        let found = self.store.get(&self.tables.hris, app_key(&app_id)).await?;
        found.map(|item| serde_dynamo::from_item(item).map_err(Error::internal)).transpose()
    }

    /// Exchanges a response code for an access token; `None` if the app is unknown or its secret is wrong. `address` is the IP address of
    /// the app.
    ///
    /// DynamoDB: two reads, one write, one transaction. A rejected request: at most two reads, one write.
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

    /// The item of the response code; `None` if the app is unknown or its secret is wrong.
    async fn verify_exchange(&self, exchange: &Exchange<'_>) -> Result<Option<Item>> {
        let Some(app) = self.app(exchange.app_id).await? else { return Ok(None) };
        if !app.secrets.accept(exchange.app_secret) {
            return Ok(None);
        }
        if app.callback_url.as_str() != exchange.callback_url {
            return Err(Error::invalid([Fault::new("callback_url", "is not that of the app")]));
        }
        let now = self.clock.now();
        let key = response_code_key(exchange.response_code);
        let found = self.store.get(&self.tables.credentials, key).await?.ok_or_else(invalid_response_code)?;
        let is_valid = read_integer::<i64>(&found, "expires_at")? > now.as_second()
            && read_text(&found, "app_id")? == app.app_id.as_str()
            && read_text(&found, "callback_url")? == exchange.callback_url
            && read_text(&found, "state")? == "fresh";
        if is_valid { Ok(Some(found)) } else { Err(invalid_response_code()) }
    }

    /// Consumes a response code and stores an access token, in one transaction.
    async fn issue_access_token(&self, response_code: Item) -> Result<Secret<String>> {
        let now = self.clock.now();
        let table = &self.tables.credentials;
        let token = random_secret()?;
        let mut granted = access_token_key(token.as_deref()).into_item();
        for attribute in ["app_id", "company", "employee", "scopes"] {
            granted.extend(response_code.get(attribute).map(|value| (attribute.to_owned(), value.clone())));
        }
        expire(&mut granted, now + ACCESS_TOKEN_AGE);
        let mut used = response_code;
        used.insert("state".into(), text(hash(token.as_deref()).expose()));
        let outcome = self.store.transact(vec![
            Write::Put { table: table.clone(), item: used.clone(), condition: Condition::equals("state", text("fresh")) },
            Write::Put { table: table.clone(), item: granted, condition: Condition::absent() },
        ]);
        match outcome.await?.unless_stored(&used) {
            Outcome::Written => Ok(token),
            Outcome::Rejected(_) => Err(invalid_response_code()),
        }
    }

    /// The caller, if the access token is valid and the employee who consented still may.
    ///
    /// DynamoDB: nothing within five seconds after the token was loaded; else two reads.
    pub async fn authorize_token(&self, access_token: Secret<&str>) -> Result<Option<Caller>> {
        let now = self.clock.now();
        let hash = hash(access_token);
        let consent = match self.consents.get(hash.expose(), now) {
            Some(consent) => consent,
            None => {
                let Some(item) = self.store.get(&self.tables.credentials, access_token_key(access_token)).await? else {
                    return Ok(None);
                };
                let company = Uuid::parse(&read_text(&item, "company")?).map_err(Error::internal)?;
                // A consent ends with the employee's right to give it.
                let employee = self.stored_employee(&company, &read_text(&item, "employee")?).await?;
                if !employee.is_some_and(|employee| employee.may_consent()) {
                    return Ok(None);
                }
                let consent = Arc::new(Consent {
                    company,
                    scopes: Scopes::read_from(&item)?,
                    expires_at: read_integer(&item, "expires_at")?,
                });
                self.consents.put(hash.expose().clone(), Arc::clone(&consent), now);
                consent
            }
        };
        let is_valid = consent.expires_at > now.as_second();
        let credential = Credential::Consented { scopes: consent.scopes };
        Ok(is_valid.then(|| Caller { company: consent.company.clone(), credential }))
    }
}

fn invalid_response_code() -> Error {
    Error::invalid([Fault::new("response_code", "is not valid, or was used")])
}

fn to_item(app: &App) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(app).map_err(Error::internal)?;
    item.extend(app_key(&app.app_id).into_item());
    item.insert(VERSION.into(), number(app.version));
    Ok(item)
}
