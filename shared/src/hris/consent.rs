//! The consent of an employee (docs/contract/hris.txt, 授权): the forms of the page, the code that the employee receives by text message,
//! and the response code for the app.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::SignedDuration;

use super::Service;
use super::grants::{ACCESS_TOKEN_AGE, Basis};
use super::keys::{attempt_key, response_code_key};
use super::oauth::{App, ConsentContext, FRESH, STATE};
use super::scopes::Scope;
use super::visits::sender;
use crate::crypto::random::random_secret;
use crate::error::{Error, Result};
use crate::outbound::sms::{Message, Purpose};
use crate::runtime::caller::{self, Caller};
use crate::runtime::message_limits::{Cause, TO_A_PHONE};
use crate::runtime::outbox::{Deliver as _, Outgoing};
use crate::storage::audit::{Change, Object};
use crate::storage::one_time_code::{self, Attempted, OneTimeCode};
use crate::storage::rate_limit::{Attempt, CODES};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Conflicts, Outcome, VERSION, Write, expire};
use crate::values::{LocalTime, Mobile, Secret};

/// How long a response code is valid.
const RESPONSE_CODE_AGE: SignedDuration = SignedDuration::from_mins(10);
/// How long a right code returns its response code again: a button may be pressed twice.
const REUSE_WINDOW: SignedDuration = SignedDuration::from_secs(30);
/// How long the message about a consent may be late.
const NEWS_AGE: SignedDuration = SignedDuration::from_hours(24);
/// The phone that the code was sent to, sealed.
const MOBILE: &str = "mobile";
const ATTEMPT_SEALED: Fields = Fields::of(&[MOBILE]);
/// When the code was used, in Unix seconds.
const USED_AT: &str = "used_at";

/// Why an employee could not consent.
#[derive(Debug)]
pub enum ConsentError {
    WrongCode,
    /// The code has expired, has no attempts left or was used: the user needs a new one.
    SpentCode,
    Failed(Error),
}

impl From<Error> for ConsentError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Service {
    /// Stores a code and its message, and returns the name of the attempt. After the response the message is sent, if the phone belongs to
    /// an employee of the app's company who may consent. It is looked up only then, so neither the response nor its time reveals whether it
    /// does. `address` is the IP address of the browser.
    ///
    /// DynamoDB: nine writes, one transaction.
    pub async fn send_consent_code(&self, app: &App, mobile: &Mobile, address: &str) -> Result<Secret<String>> {
        let sender = sender(&app.company_uuid);
        self.messages.count(&self.counters(), Cause::Address(address), &sender, (&TO_A_PHONE, mobile)).await?;
        let attempt = random_secret()?;
        let key = attempt_key(attempt.as_deref());
        let OneTimeCode { plain, mut item } =
            one_time_code::issue(&self.counters(), key.clone(), attempt.expose().as_bytes(), 1)?;
        item.insert("app_id".into(), text(app.app_id.as_str()));
        item.insert(MOBILE.into(), text(mobile.as_str()));
        sealed::seal(&self.keyring, &key, &ATTEMPT_SEALED, &mut item)?;
        let purpose = Purpose::Consent { app: app.name.as_str().to_owned() };
        let message = Message::Code { code: plain, minutes: one_time_code::AGE.as_mins(), purpose };
        let valid_until = self.clock.now() + one_time_code::AGE;
        let only_for = Some(app.company_uuid.as_str());
        let message = self.outbox().write(Outgoing { to: mobile, message, only_for, valid_until })?;
        let attempted = Write::Put { table: self.tables.credentials.clone(), item, condition: Condition::absent() };
        self.store.transact(vec![attempted, message]).await.map(drop)?;
        Ok(attempt)
    }

    /// Consents with the code from the text message, and returns the response code for the app. The employee gets a message about it.
    /// `address` is the IP address of the browser.
    ///
    /// DynamoDB: one read, two writes; then one read and one transaction if the code is right.
    pub async fn consent(
        &self,
        app: &App,
        context: &ConsentContext,
        attempt: Secret<&str>,
        code: Secret<&str>,
        address: &str,
    ) -> Result<Secret<String>, ConsentError> {
        CODES.count(&self.counters(), &["consent", address], Attempt::Succeeded).await?;
        let now = self.clock.now();
        let table = &self.tables.credentials;
        let (mut item, is_right) =
            match one_time_code::attempt(&self.counters(), attempt_key(attempt), attempt.expose().as_bytes(), code).await? {
                Attempted::Right(item) => (item, true),
                Attempted::Wrong(item) => (item, false),
                Attempted::Spent => return Err(ConsentError::SpentCode),
            };
        // The item is stored again: it stays sealed.
        let mut opened = item.clone();
        sealed::open(&self.keyring, &attempt_key(attempt), &ATTEMPT_SEALED, &mut opened)?;
        // An attempt of an older version has no phone.
        if !opened.contains_key(MOBILE)
            || read_text(&item, "app_id")? != app.app_id.as_str()
            || (item.contains_key(USED_AT) && !is_right)
        {
            return Err(ConsentError::SpentCode);
        }
        if !is_right {
            return Err(ConsentError::WrongCode);
        }
        let mobile = Mobile::parse(&read_text(&opened, MOBILE)?).map_err(Error::internal)?;
        // The code of a phone that belongs to no employee was not sent: it was guessed.
        let found = self.employee_of_mobile(&app.company_uuid, &mobile).await?;
        let Some(employee) = found else { return Err(ConsentError::WrongCode) };
        // The employee may have lost the right since the code was sent.
        if !employee.may_consent() {
            return Err(ConsentError::SpentCode);
        }
        let basis = Basis {
            app_id: app.app_id.clone(),
            product_id: app.product_id.clone(),
            company: app.company_uuid.clone(),
            employee: employee.uuid,
            app_epoch: app.epoch,
            product_epoch: context.product_epoch,
            employee_epoch: employee.consent_epoch,
            scopes: app.scopes,
        };

        // Derived, so that a repeated call returns the same response code, although the table holds only its hash.
        let response_code =
            self.keyring.blind_index(&[b"response code", attempt.expose().as_bytes()])?.map(|code| BASE64.encode(code));
        let mut granted = response_code_key(response_code.as_deref()).into_item();
        basis.store(&mut granted)?;
        granted.insert("callback_url".into(), text(app.callback_url.as_str()));
        granted.insert(STATE.into(), text(FRESH));
        expire(&mut granted, now + RESPONSE_CODE_AGE);
        let news = self.consent_news(app, &context.company);
        caller::accepted(Caller::Employee { company: basis.company.to_string(), employee: basis.employee.to_string() });
        let act = caller::act(now);
        let object = Object::new("hris", "consent", &[app.company_uuid.as_str(), app.app_id.as_str(), basis.employee.as_str()]);
        let change = Change::of(object).created(&granted);
        let mut conflicts = Conflicts::default();
        loop {
            if item.contains_key(USED_AT) {
                let is_recent = now.as_second() - read_integer::<i64>(&item, USED_AT)? <= REUSE_WINDOW.as_secs();
                return if is_recent { Ok(response_code) } else { Err(ConsentError::SpentCode) };
            }
            let version: u64 = read_integer(&item, VERSION)?;
            let mut used = item;
            used.insert(USED_AT.into(), number(now.as_second()));
            used.insert(VERSION.into(), number(version + 1));
            let unchanged = Condition::equals(VERSION, number(version));
            let valid_until = now + NEWS_AGE;
            let writes = vec![
                Write::Put { table: table.clone(), item: used.clone(), condition: unchanged },
                Write::Put { table: table.clone(), item: granted.clone(), condition: Condition::absent() },
                self.outbox().write(Outgoing { to: &mobile, message: news.clone(), only_for: None, valid_until })?,
            ];
            match self.store.transact_by(&act, &change, writes).await?.unless_stored(&used) {
                Outcome::Written => return Ok(response_code),
                // A concurrent call made an attempt with the code, or used it.
                Outcome::Rejected(rejections) => {
                    let stored = rejections.into_iter().next().and_then(|rejection| rejection.stored);
                    item = stored.ok_or(ConsentError::SpentCode)?;
                    conflicts.pause().await?;
                }
            }
        }
    }

    /// The message after a consent.
    fn consent_news(&self, app: &App, company: &str) -> Message {
        // The app exchanges the response code within its age.
        let until = LocalTime::from(self.clock.now() + RESPONSE_CODE_AGE + ACCESS_TOKEN_AGE).date();
        Message::Consent {
            app: app.name.as_str().to_owned(),
            company: company.to_owned(),
            sensitive: app.scopes.contain(Scope::Sensitive),
            until: until.as_str().to_owned(),
        }
    }

    /// A new cookie of the consent page. No other site can send it, because it is `SameSite=Strict`.
    pub fn new_cookie(&self) -> Result<Secret<String>> {
        let name = random_secret()?;
        let code = self.page_code(&[b"cookie", name.expose().as_bytes()])?;
        Ok(name.map(|name| format!("{name}.{}", code.expose())))
    }

    /// Whether this page set the cookie.
    pub fn is_own_cookie(&self, cookie: Secret<&str>) -> Result<bool> {
        match cookie.expose().split_once('.') {
            Some((name, code)) => Ok(self.page_code(&[b"cookie", name.as_bytes()])?.is_same(&Secret::new(code))),
            None => Ok(false),
        }
    }

    /// The token in the forms of a page for this app. It is valid in every browser that has a cookie of the page: an employee may open the
    /// page several times.
    pub fn form_token(&self, app: &App) -> Result<Secret<String>> {
        self.page_token(&[b"form", app.app_id.as_str().as_bytes()])
    }

    /// Whether this page made the token for the app, and the token has not expired.
    pub fn is_form_token(&self, app: &App, token: Secret<&str>) -> Result<bool> {
        let end = self.page_token_end(&[b"form", app.app_id.as_str().as_bytes()], token)?;
        Ok(end.is_some())
    }
}
