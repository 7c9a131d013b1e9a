//! OAuth (document, 授权): an employee consents, a product reads the company's data.
//!
//! A product's app belongs to one company. Who consents proves to be an employee of that company by a code sent to the phone;
//! the app gets a response code, which it exchanges, once, for an access token. What is stored of codes and tokens is their
//! hash.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::access::product_key;
use super::employees::Employee;
use super::organization::company_key;
use super::row::{self, Entity as _};
use super::values::{Code, Status, Uuid};
use super::{Caller, Service, missing};
use crate::crypto::credentials::{NewSecret, Secrets, hash, is_same};
use crate::crypto::random::{random, random_token};
use crate::error::{Error, Fault, Kind, Result};
use crate::storage::rate_limit::{Attempt, CODES, MESSAGES_FROM_AN_ADDRESS, MESSAGES_TO_A_PHONE, PROOFS};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Key, Outcome, VERSION, Write, expire};
use crate::values::{Mobile, Moment, RecordId, Text, Url};

/// How long a code sent to a phone is valid.
const SMS_CODE_AGE: SignedDuration = SignedDuration::from_mins(5);
/// How often a code may be tried.
const SMS_CODE_TRIES: u32 = 5;
/// How long a response code is valid.
const RESPONSE_CODE_AGE: SignedDuration = SignedDuration::from_mins(10);
/// How long an access token is valid.
pub const ACCESS_TOKEN_AGE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A product's app, as administrators see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct App {
    pub app_id: RecordId,
    pub product_id: Code,
    pub company_uuid: Uuid,
    /// What an employee reads who is asked to consent.
    pub name: Text<1, 64>,
    pub callback_url: Url,
    pub created_at: Moment,
    pub secrets: Secrets,
    version: u64,
}

/// What an access token stands for.
pub struct Consent {
    company: Uuid,
    expires_at: i64,
}

/// Why a code from a phone is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeRejection {
    Wrong,
    /// Too old, tried too often, or used: ask for another one.
    Spent,
}

/// An app as it presents itself to exchange a response code.
pub struct Exchange<'a> {
    pub app_id: &'a str,
    pub app_secret: &'a str,
    pub callback_url: &'a str,
    pub response_code: &'a str,
}

impl Service {
    /// Makes an app of a product for a company, and tells its secret.
    pub async fn create_oauth_app(
        &self,
        product_id: &Code,
        company: &Uuid,
        name: Text<1, 64>,
        callback_url: Url,
    ) -> Result<(App, NewSecret)> {
        let (id, now) = self.stamp()?;
        let told = NewSecret::make(id, now)?;
        let app = App {
            app_id: RecordId::parse(&format!("app{id}")).map_err(Error::internal)?,
            product_id: product_id.clone(),
            company_uuid: company.clone(),
            name,
            callback_url,
            created_at: now.into(),
            secrets: Secrets::of(told.hashed()),
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
            Outcome::Written => Ok((app, told)),
            Outcome::Rejected(rejections) => match &rejections[..] {
                [product, ..] if product.failed => Err(missing("product_id")),
                [_, company, ..] if company.failed => Err(missing("company_uuid")),
                _ => Err(Error::internal("an app's id was taken")),
            },
        }
    }

    /// Adds a secret; the old one keeps working until it is retired.
    pub async fn rotate_oauth_app(&self, app_id: &RecordId) -> Result<NewSecret> {
        let (id, now) = self.stamp()?;
        let told = NewSecret::make(id, now)?;
        self.change_app(app_id, |app| app.secrets.add(told.hashed(), "app_id")).await?;
        Ok(told)
    }

    /// Ends a secret. The last one cannot be retired.
    pub async fn retire_oauth_app_secret(&self, app_id: &RecordId, secret_id: &RecordId) -> Result<App> {
        self.change_app(app_id, |app| app.secrets.retire(secret_id)).await
    }

    async fn change_app(&self, app_id: &RecordId, change: impl Fn(&mut App) -> Result<()>) -> Result<App> {
        let changed = self.store.change(&self.tables.hris, app_key(app_id), |item| {
            let mut app: App = serde_dynamo::from_item(item.clone()).map_err(Error::internal)?;
            change(&mut app)?;
            to_item(&app)
        });
        let item = changed.await?.ok_or_else(|| missing("app_id"))?;
        serde_dynamo::from_item(item).map_err(Error::internal)
    }

    /// The app of this id, if this is its callback address, to the letter.
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

    /// Sends a code to the phone, if it is that of an employee of the app's company, and gives the name of the attempt. Nothing
    /// in the answer tells whether it is. `address` is where the request comes from.
    ///
    /// DynamoDB: two reads, three writes.
    pub async fn send_consent_code(&self, app: &App, mobile: &Mobile, address: &str) -> Result<String> {
        let now = self.clock.now();
        // The address first: one that sends too much uses up nobody's phone.
        MESSAGES_FROM_AN_ADDRESS.count(&self.counters(), &[address], Attempt::Succeeded).await?;
        MESSAGES_TO_A_PHONE.count(&self.counters(), &[mobile.national()], Attempt::Succeeded).await?;
        let found = self.employee_of_mobile(&app.company_uuid, mobile).await?;
        let employee = found.filter(|employee| employee.status != Status::Dimission);
        let attempt = random_token()?;
        let code = format!("{:06}", u32::from_be_bytes(random()?) % 1_000_000);
        let mut item = attempt_key(&attempt).into_item();
        item.insert("app_id".into(), text(app.app_id.as_str()));
        item.insert("code".into(), text(self.code_digest(&attempt, &code)?));
        item.insert("tries".into(), number(0));
        expire(&mut item, now + SMS_CODE_AGE);
        item.insert(VERSION.into(), number(1));
        if let Some(Employee { uuid, .. }) = &employee {
            item.insert("employee".into(), text(uuid.as_str()));
        }
        self.store.put(&self.tables.credentials, item, Condition::absent()).await?;
        if employee.is_some() {
            let minutes = SMS_CODE_AGE.as_mins();
            let message =
                format!("【工桥】验证码 {code}，用于授权「{}」读取公司数据，{minutes} 分钟内有效。", app.name.as_str());
            self.sms.send(mobile, &message).await?;
        }
        Ok(attempt)
    }

    /// Consents by the code that was sent, and gives the response code for the app. A try is counted before the code is looked
    /// at, so that no crowd of tries guesses it. `address` is where the request comes from.
    ///
    /// DynamoDB: one read, two writes; then one transaction if the code is right, else one write.
    pub async fn consent(&self, app: &App, attempt: &str, code: &str, address: &str) -> Result<Result<String, CodeRejection>> {
        let is_wrong = |outcome: &Result<Result<String, CodeRejection>>| matches!(outcome, Ok(Err(_)));
        CODES.attempt(&self.counters(), &["consent", address], self.consent_by(app, attempt, code), is_wrong).await
    }

    async fn consent_by(&self, app: &App, attempt: &str, code: &str) -> Result<Result<String, CodeRejection>> {
        let now = self.clock.now();
        let table = &self.tables.credentials;
        let counted = self.store.change(table, attempt_key(attempt), |item| {
            let mut next = item.clone();
            next.insert("tries".into(), number(read_integer::<u32>(item, "tries")? + 1));
            Ok(next)
        });
        let Some(item) = counted.await? else { return Ok(Err(CodeRejection::Spent)) };
        let is_current = read_integer::<u32>(&item, "tries")? <= SMS_CODE_TRIES
            && read_integer::<i64>(&item, "expires_at")? > now.as_second()
            && read_text(&item, "app_id")? == app.app_id.as_str()
            && !item.contains_key("used");
        if !is_current {
            return Ok(Err(CodeRejection::Spent));
        }
        let is_right = is_same(read_text(&item, "code")?, self.code_digest(attempt, code)?);
        let Some(employee) = item.get("employee").filter(|_| is_right) else { return Ok(Err(CodeRejection::Wrong)) };

        let response_code = random_token()?;
        let mut granted = response_code_key(&response_code).into_item();
        granted.insert("app_id".into(), text(app.app_id.as_str()));
        granted.insert("callback_url".into(), text(app.callback_url.as_str()));
        granted.insert("company".into(), text(app.company_uuid.as_str()));
        granted.insert("employee".into(), employee.clone());
        granted.insert("state".into(), text("fresh"));
        expire(&mut granted, now + RESPONSE_CODE_AGE);
        let unchanged = Condition::equals(VERSION, number(read_integer::<u64>(&item, VERSION)?));
        let mut used = item;
        used.insert("used".into(), text(hash(&response_code)));
        used.insert(VERSION.into(), number(read_integer::<u64>(&used, VERSION)? + 1));
        let outcome = self.store.transact(vec![
            Write::Put { table: table.clone(), item: used.clone(), condition: unchanged },
            Write::Put { table: table.clone(), item: granted, condition: Condition::absent() },
        ]);
        match outcome.await?.unless_stored(&used) {
            Outcome::Written => Ok(Ok(response_code)),
            Outcome::Rejected(_) => Ok(Err(CodeRejection::Spent)),
        }
    }

    /// The access token for a response code; `None` where the app does not prove itself. `address` is where the request comes from.
    ///
    /// DynamoDB: two reads, one write, one transaction; of what is refused, at most two reads, one write.
    pub async fn exchange(&self, exchange: &Exchange<'_>, address: &str) -> Result<Option<String>> {
        let granted = self.granted(exchange).await;
        let went = match &granted {
            Ok(Some(_)) => Attempt::Succeeded,
            Ok(None) => Attempt::Failed,
            Err(error) if error.kind() == Kind::Invalid => Attempt::Failed,
            Err(_) => Attempt::Succeeded,
        };
        PROOFS.count(&self.counters(), &["exchange", exchange.app_id, address], went).await?;
        match granted? {
            Some(granted) => self.spend(granted).await.map(Some),
            None => Ok(None),
        }
    }

    /// What the response code stands for; `None` where the app does not prove itself.
    async fn granted(&self, exchange: &Exchange<'_>) -> Result<Option<Item>> {
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

    /// The access token for what a response code stands for, once.
    async fn spend(&self, found: Item) -> Result<String> {
        let now = self.clock.now();
        let table = &self.tables.credentials;
        let token = random_token()?;
        let mut granted = access_token_key(&token).into_item();
        for attribute in ["app_id", "company", "employee"] {
            granted.extend(found.get(attribute).map(|value| (attribute.to_owned(), value.clone())));
        }
        expire(&mut granted, now + ACCESS_TOKEN_AGE);
        let mut used = found;
        used.insert("state".into(), text(hash(&token)));
        let outcome = self.store.transact(vec![
            Write::Put { table: table.clone(), item: used.clone(), condition: Condition::equals("state", text("fresh")) },
            Write::Put { table: table.clone(), item: granted, condition: Condition::absent() },
        ]);
        match outcome.await?.unless_stored(&used) {
            Outcome::Written => Ok(token),
            Outcome::Rejected(_) => Err(invalid_response_code()),
        }
    }

    /// Whose data an access token opens, if it is valid and who consented is still there.
    ///
    /// DynamoDB: nothing within five seconds of the last look at the token; else two reads.
    pub async fn authorize_token(&self, access_token: &str) -> Result<Option<Caller>> {
        let now = self.clock.now();
        let hash = hash(access_token);
        let consent = match self.consents.get(&hash, now) {
            Some(consent) => consent,
            None => {
                let Some(item) = self.store.get(&self.tables.credentials, access_token_key(access_token)).await? else {
                    return Ok(None);
                };
                let company = Uuid::parse(&read_text(&item, "company")?).map_err(Error::internal)?;
                // A consent ends with the employment.
                let employee = row::key(&company, Employee::KIND, read_text(&item, "employee")?);
                let employee: Option<Employee> = match self.store.get(&self.tables.hris, employee).await? {
                    Some(item) => Some(row::read(&self.keyring, item)?),
                    None => None,
                };
                if employee.is_none_or(|employee| employee.status == Status::Dimission) {
                    return Ok(None);
                }
                let consent = Arc::new(Consent { company, expires_at: read_integer(&item, "expires_at")? });
                self.consents.put(hash, Arc::clone(&consent), now);
                consent
            }
        };
        let is_valid = consent.expires_at > now.as_second();
        Ok(is_valid.then(|| Caller { company: consent.company.clone(), call: None }))
    }

    /// What a form of the consent page must bring back, so that no other site can send it: it is made for one browser and app.
    pub fn form_token(&self, browser: &str, app_id: &str) -> Result<String> {
        Ok(Uuid::of_digest(self.keyring.blind_index(&[b"form", browser.as_bytes(), app_id.as_bytes()])?).to_string())
    }

    /// A keyed digest: six digits could be guessed from a plain one.
    fn code_digest(&self, attempt: &str, code: &str) -> Result<String> {
        let mac = self.keyring.blind_index(&[b"code", attempt.as_bytes(), code.as_bytes()])?;
        Ok(Uuid::of_digest(mac).to_string())
    }
}

fn invalid_response_code() -> Error {
    Error::invalid([Fault::new("response_code", "is not valid, or was used")])
}

fn app_key(app_id: &RecordId) -> Key {
    Key::new(format!("oauth_app#{app_id}"), "oauth_app")
}

fn attempt_key(attempt: &str) -> Key {
    Key::new(format!("hris#consent#{}", hash(attempt)), "consent")
}

fn response_code_key(code: &str) -> Key {
    Key::new(format!("hris#response_code#{}", hash(code)), "response_code")
}

fn access_token_key(token: &str) -> Key {
    Key::new(format!("hris#access_token#{}", hash(token)), "access_token")
}

fn to_item(app: &App) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(app).map_err(Error::internal)?;
    item.extend(app_key(&app.app_id).into_item());
    item.insert(VERSION.into(), number(app.version));
    Ok(item)
}
