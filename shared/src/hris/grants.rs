//! Grants: an employee has consented that an app reads the data of the company, and the app has the access token for it.
//!
//! A grant rests on its app, the app's product and the employee, and names the epoch of each. It ends for good as soon as one of them has
//! another epoch: the app or the product was disabled, or the employee lost the right to consent. An administrator or the app can end it
//! alone. An ended grant stays in the list until it would have expired.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::employees::Employee;
use super::item::from_item;
use super::keys::{app_key, employee_key, grant_key, grants_of, grants_partition, product_key};
use super::products::{epoch, equals_or_absent, in_epoch};
use super::scopes::Scopes;
use super::values::{Code, Uuid};
use super::{Caller, Credential, Service};
use crate::crypto::credentials::hash;
use crate::crypto::keyring::Keyring;
use crate::crypto::random::random;
use crate::error::{Error, Kind, Result};
use crate::runtime::caller;
use crate::storage::audit::{Act, Change, Object, Stored};
use crate::storage::listing::{Listed, PageOf};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Key, VERSION, Write, expire};
use crate::values::{Id, Moment, RecordId, Secret};

/// How long an access token is valid.
pub const ACCESS_TOKEN_AGE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How old the recorded last use of a grant may become before another use is recorded.
const USE_AGE: SignedDuration = SignedDuration::from_hours(24);

/// The hash of the access token; absent once the grant was revoked.
const HASH: &str = "hash";
const LAST_USED_AT: &str = "last_used_at";
const REVOKED_AT: &str = "revoked_at";

/// What a consent rests on, in a stored response code and in a stored grant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Basis {
    pub app_id: RecordId,
    pub product_id: Code,
    pub company: Uuid,
    pub employee: Uuid,
    pub(super) app_epoch: u64,
    pub(super) product_epoch: u64,
    pub(super) employee_epoch: u32,
    /// What the access token opens: those of the app at the time of the consent.
    pub scopes: Scopes,
}

/// A grant as administrators see it.
#[derive(Clone, Debug)]
pub struct Grant {
    pub grant_id: Id,
    pub basis: Basis,
    pub granted_at: Moment,
    pub expires_at: Moment,
    /// At most a day before the last use. `None` before the first use.
    pub last_used_at: Option<Moment>,
    pub revoked_at: Option<Moment>,
    /// Whether the access token is accepted.
    pub is_active: bool,
}

/// What a process caches about an access token.
pub struct Consent {
    company: Uuid,
    app_id: RecordId,
    grant_id: Id,
    scopes: Scopes,
    expires_at: i64,
}

impl Basis {
    /// `None` for an item that does not name its epochs.
    pub(super) fn stored(item: &Item) -> Option<Self> {
        serde_dynamo::from_item(item.clone()).ok()
    }

    pub(super) fn store(&self, item: &mut Item) -> Result<()> {
        let attributes: Item = serde_dynamo::to_item(self).map_err(Error::internal)?;
        item.extend(attributes);
        Ok(())
    }

    /// The ids of a grant on this basis, for its audit records.
    pub(super) fn object(&self, grant_id: Id) -> Object {
        grant_object(&self.company, &self.app_id, grant_id)
    }

    fn employee_key(&self) -> Key {
        employee_key(&self.company, self.employee.as_str())
    }

    /// The items that [`Basis::stands`] looks at.
    fn keys(&self) -> [Key; 3] {
        [self.employee_key(), app_key(&self.app_id), product_key(&self.product_id)]
    }

    fn stands(&self, found: &HashMap<Key, Item>, keyring: &Keyring) -> Result<bool> {
        let employee = found.get(&self.employee_key()).cloned();
        let employee: Option<Employee> = employee.map(|item| from_item(keyring, item)).transpose()?;
        let may_consent =
            employee.is_some_and(|employee| employee.may_consent() && employee.consent_epoch == self.employee_epoch);
        Ok(may_consent
            && epoch(found.get(&app_key(&self.app_id)))? == Some(self.app_epoch)
            && epoch(found.get(&product_key(&self.product_id)))? == Some(self.product_epoch))
    }

    /// The same as checks for a transaction. The epoch of the employee changes with the right to consent.
    pub(super) fn checks(&self, table: &str) -> [Write; 3] {
        let [employee, app, product] = self.keys();
        let of_employee = Condition::present().and(equals_or_absent("consent_epoch", self.employee_epoch.into()));
        [(employee, of_employee), (app, in_epoch(self.app_epoch)), (product, in_epoch(self.product_epoch))]
            .map(|(key, condition)| Write::Check { table: table.to_owned(), key, condition })
    }
}

/// A new grant with its access token.
pub(super) struct NewGrant {
    pub(super) token: Secret<String>,
    pub(super) grant_id: Id,
    pub(super) item: Item,
}

impl NewGrant {
    pub(super) fn make(basis: &Basis, grant_id: Id, now: Timestamp) -> Result<Self> {
        let token = AccessToken {
            company: basis.company.clone(),
            app_id: basis.app_id.clone(),
            grant_id,
            secret: Secret::new(random()?),
        };
        let mut item = token.key().into_item();
        let token = token.to_text()?;
        basis.store(&mut item)?;
        item.insert("grant_id".into(), number(grant_id.as_u64()));
        item.insert(HASH.into(), text(hash(token.as_deref()).expose()));
        item.insert("granted_at".into(), text(Moment::from(now).to_string()));
        item.insert(VERSION.into(), number(1));
        expire(&mut item, now + ACCESS_TOKEN_AGE);
        Ok(Self { token, grant_id, item })
    }
}

impl Service {
    /// The caller, if the access token is valid and its grant has not ended. Records the use, at most once a day.
    ///
    /// DynamoDB: nothing within five seconds after the token was loaded; else two reads, the second one of three items, and one write a day.
    pub async fn authorize_token(&self, access_token: Secret<&str>) -> Result<Option<Caller>> {
        let now = self.clock.now();
        let hash = hash(access_token);
        let consent = match self.consents.get(hash.expose(), now) {
            Some(consent) => consent,
            None => {
                let Some(key) = AccessToken::parse(access_token).map(|token| token.key()) else { return Ok(None) };
                let Some(item) = self.store.get(&self.tables.credentials, key).await? else { return Ok(None) };
                if !has_hash(&item, &hash) {
                    return Ok(None);
                }
                let basis = Basis::stored(&item).ok_or_else(|| Error::internal("a stored grant lacks its basis"))?;
                let found = self.store.get_map(&self.tables.hris, basis.keys().into()).await?;
                if !basis.stands(&found, &self.keyring)? {
                    return Ok(None);
                }
                let Basis { company, app_id, scopes, .. } = basis;
                let grant_id = Id::from_u64(read_integer(&item, "grant_id")?);
                let consent = Consent { company, app_id, grant_id, scopes, expires_at: read_integer(&item, "expires_at")? };
                if consent.expires_at > now.as_second() {
                    self.record_use(item, now).await?;
                }
                let consent = Arc::new(consent);
                self.consents.put(hash.expose().clone(), Arc::clone(&consent), now);
                consent
            }
        };
        if consent.expires_at <= now.as_second() {
            return Ok(None);
        }
        let Consent { company, app_id, grant_id, .. } = &*consent;
        caller::accepted(caller::Caller::App { app_id: app_id.clone(), grant: Some(*grant_id) });
        Ok(Some(Caller { company: company.clone(), credential: Credential::Consented { scopes: consent.scopes } }))
    }

    async fn record_use(&self, mut grant: Item, now: Timestamp) -> Result<()> {
        let last = moment(&grant, LAST_USED_AT)?;
        if last.is_some_and(|last| now.as_second() - last.as_second() < USE_AGE.as_secs()) {
            return Ok(());
        }
        let version: u64 = read_integer(&grant, VERSION)?;
        grant.insert(LAST_USED_AT.into(), text(Moment::from(now).to_string()));
        grant.insert(VERSION.into(), number(version + 1));
        // If the condition fails, another process has recorded the use, or the grant has just ended: then it stays ended.
        if let Err(error) = self.store.put(&self.tables.credentials, grant, Condition::equals(VERSION, number(version))).await {
            tracing::warn!(%error, "the use of a grant could not be recorded: the next use is");
        }
        Ok(())
    }

    /// A page of the grants of an app, or of all apps of a company, by app and age. It may be short, because expired grants are left out.
    ///
    /// DynamoDB: one query, and one batch read; of an app, one read more.
    pub async fn list_grants(&self, of: &GrantsOf, page: &PageOf<'_>) -> Result<Listed<Grant>> {
        let (company, between) = match of {
            GrantsOf::Company(company) => (company.clone(), None),
            GrantsOf::App(app_id) => (self.show_oauth_app(app_id).await?.company_uuid, Some(grants_of(app_id))),
        };
        let partition = grants_partition(&company);
        let scope = format!("{partition}/{between:?}");
        let after = page.position(&self.keyring, &scope)?;
        let between = between.as_ref().map(|(low, high)| (low.as_str(), high.as_str()));
        let table = &self.tables.credentials;
        let read = self.store.partition_page(table, &partition, between, after.as_deref(), page.order, page.limit());
        let (items, last) = read.await?;
        let now = self.clock.now();
        let list = self.grants(items).await?.into_iter().filter(|grant| grant.expires_at.as_second() > now.as_second());
        page.listed(&self.keyring, &scope, list.collect(), last)
    }

    /// Ends a grant. Repeated, it returns the grant as it ended.
    pub async fn revoke_grant(&self, act: &Act, app_id: &RecordId, grant_id: Id) -> Result<Grant> {
        let company = self.show_oauth_app(app_id).await?.company_uuid;
        let ended = self.end_grant(act, &company, app_id, grant_id, None).await?;
        let grants = self.grants(ended.into_iter().collect()).await?;
        grants.into_iter().next().ok_or_else(|| Error::missing("grant_id"))
    }

    /// Ends the grant of an access token, if it is one of the app.
    ///
    /// DynamoDB: one read, one write. Nothing for another app's token.
    pub(super) async fn end_grant_of_token(&self, app_id: &RecordId, token: Secret<&str>) -> Result<()> {
        let Some(parsed) = AccessToken::parse(token).filter(|token| token.app_id == *app_id) else { return Ok(()) };
        let act = caller::act(self.clock.now());
        match self.end_grant(&act, &parsed.company, app_id, parsed.grant_id, Some(&hash(token))).await {
            Err(error) if error.kind() == Kind::TokenRejected => Ok(()),
            ended => ended.map(|_| ()),
        }
    }

    /// Ends a grant; `None` if it does not exist. With a hash, the token must have it.
    ///
    /// DynamoDB: one read, one write.
    pub(super) async fn end_grant(
        &self,
        act: &Act,
        company: &Uuid,
        app_id: &RecordId,
        grant_id: Id,
        token: Option<&Secret<String>>,
    ) -> Result<Option<Item>> {
        let now = Moment::from(self.clock.now());
        let (change, key) = (Change::of(grant_object(company, app_id, grant_id)), grant_key(company, app_id, grant_id));
        let ended = self.store.change_by(act, change, Stored::plain(&self.tables.credentials, key), |item| {
            if token.is_some_and(|token| !has_hash(item, token)) {
                return Err(Error::token_rejected());
            }
            let mut ended = item.clone();
            if ended.remove(HASH).is_some() {
                ended.insert(REVOKED_AT.into(), text(now.to_string()));
            }
            Ok(ended)
        });
        ended.await
    }

    /// The grants of these items, each with its state.
    async fn grants(&self, items: Vec<Item>) -> Result<Vec<Grant>> {
        let stored = |item| {
            let basis = Basis::stored(&item).ok_or_else(|| Error::internal("a stored grant lacks its basis"))?;
            Ok((item, basis))
        };
        let stored: Vec<(Item, Basis)> = items.into_iter().map(stored).collect::<Result<_>>()?;
        let keys: Vec<Key> = stored.iter().flat_map(|(_, basis)| basis.keys()).collect();
        let found = if keys.is_empty() { HashMap::new() } else { self.store.get_map(&self.tables.hris, keys).await? };
        let now = self.clock.now().as_second();
        let view = |(item, basis): (Item, Basis)| {
            let expires_at: i64 = read_integer(&item, "expires_at")?;
            let (granted_at, revoked_at) = (moment(&item, "granted_at")?, moment(&item, REVOKED_AT)?);
            Ok(Grant {
                grant_id: Id::from_u64(read_integer(&item, "grant_id")?),
                granted_at: granted_at.ok_or_else(|| Error::internal("a stored grant lacks granted_at"))?,
                expires_at: Timestamp::from_second(expires_at).map_err(Error::internal)?.into(),
                last_used_at: moment(&item, LAST_USED_AT)?,
                revoked_at,
                is_active: revoked_at.is_none() && expires_at > now && basis.stands(&found, &self.keyring)?,
                basis,
            })
        };
        stored.into_iter().map(view).collect()
    }
}

/// Whose grants are listed.
pub enum GrantsOf {
    App(RecordId),
    Company(Uuid),
}

fn grant_object(company: &Uuid, app_id: &RecordId, grant_id: Id) -> Object {
    Object::new("hris", "grant", &[company.as_str(), app_id.as_str(), &grant_id.to_string()])
}

fn has_hash(grant: &Item, hash: &Secret<String>) -> bool {
    let stored = grant.get(HASH).and_then(|hash| hash.as_s().ok()).map(Secret::new);
    stored.is_some_and(|stored| stored.is_same(hash))
}

fn moment(item: &Item, attribute: &str) -> Result<Option<Moment>> {
    if !item.contains_key(attribute) {
        return Ok(None);
    }
    Moment::parse(&read_text(item, attribute)?).map(Some).map_err(Error::internal)
}

/// An access token: it names its grant, so that the table needs no other item to find it.
struct AccessToken {
    company: Uuid,
    app_id: RecordId,
    grant_id: Id,
    secret: Secret<[u8; 32]>,
}

impl AccessToken {
    fn parse(presented: Secret<&str>) -> Option<Self> {
        let bytes = BASE64.decode(presented.expose()).ok()?;
        let (company, rest) = bytes.split_first_chunk::<16>()?;
        let (grant_id, rest) = rest.split_first_chunk()?;
        let (secret, app_id) = rest.split_first_chunk()?;
        Some(Self {
            company: Uuid::parse(&hex::encode(company)).ok()?,
            app_id: RecordId::parse(std::str::from_utf8(app_id).ok()?).ok()?,
            grant_id: Id::from_u64(u64::from_be_bytes(*grant_id)),
            secret: Secret::new(*secret),
        })
    }

    fn key(&self) -> Key {
        grant_key(&self.company, &self.app_id, self.grant_id)
    }

    fn to_text(&self) -> Result<Secret<String>> {
        let company = hex::decode(self.company.as_str()).map_err(Error::internal)?;
        let grant_id = self.grant_id.as_u64().to_be_bytes();
        Ok(self
            .secret
            .map(|secret| BASE64.encode([&company[..], &grant_id, &secret, self.app_id.as_str().as_bytes()].concat())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_access_token_reads_back(company in "[0-9a-f]{32}", app in "app[0-9]{1,16}", id: u64, secret: [u8; 32]) {
            let token = AccessToken {
                company: Uuid::parse(&company).unwrap(),
                app_id: RecordId::parse(&app).unwrap(),
                grant_id: Id::from_u64(id),
                secret: Secret::new(secret),
            };
            let text = token.to_text().unwrap();
            let read = AccessToken::parse(text.as_deref()).unwrap();
            prop_assert_eq!(read.key(), token.key());
            let again = read.to_text().unwrap();
            prop_assert_eq!(again.expose(), text.expose());
        }

        #[test]
        fn other_text_is_no_access_token(text in any::<String>(), bytes in proptest::collection::vec(any::<u8>(), 0..57)) {
            prop_assert!(AccessToken::parse(Secret::new(&text)).is_none());
            prop_assert!(AccessToken::parse(Secret::new(&BASE64.encode(bytes))).is_none());
        }
    }
}
