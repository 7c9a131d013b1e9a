//! Authentication: products, and the access key of each product for each company (docs/contract/hris.txt, 认证). Administrators manage them
//! through `ops-admin`; the API only reads them.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Service;
use super::keys::{
    ACCESS_KEY, ACCESS_KEYS, access_key_key, company_key, company_token_key, product_company_key, product_key,
    visitor_token_key,
};
use super::listing;
use super::organization::Company;
use super::products::{self, by_default};
use super::replay::{Once, Signer};
use super::signature::SignedCall;
use super::values::{Code, Uuid};
use crate::crypto::credentials::{NewSecret, Secrets, StoredSecret, hash};
use crate::crypto::random::random_secret;
use crate::error::{Error, Fault, Result};
use crate::runtime::caller;
use crate::storage::audit::{Act, Change, Object, Stored};
use crate::storage::listing::{Listed, PageOf};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::{number, read_text, text};
use crate::storage::table::{Condition, Item, Outcome, VERSION, Write};
use crate::values::{Moment, RecordId, Secret, Token};

/// The sealed attribute of the token with which the system calls a company's visitor service.
pub(super) const VISITOR_TOKEN_SEALED: Fields = Fields::of(&["token"]);

/// Why a call is not authenticated.
#[derive(Debug)]
pub enum AuthError {
    UnknownAccessKey,
    /// The tonce is invalid or too far from the server's time.
    Untimely,
    WrongSignature,
    Failed(Error),
}

impl From<Error> for AuthError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What a process caches about an access key.
pub struct CachedAccessKey {
    pub(super) access_key: RecordId,
    pub(super) product: Code,
    pub(super) company: Uuid,
    /// The active secrets in plain text.
    secrets: Vec<Secret<String>>,
    /// The hash of the company's current token, if it has one.
    token: Option<Secret<String>>,
}

impl CachedAccessKey {
    /// The signer of a call with this name, which is timely until then.
    pub(super) fn signer(&self, call: Secret<[u8; 32]>, until: Timestamp) -> Signer {
        let Self { access_key, product, company, .. } = self;
        Signer { company: company.clone(), product: product.clone(), access_key: access_key.clone(), call, until }
    }
}

/// An access key as administrators see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessKey {
    pub access_key: RecordId,
    pub product_id: Code,
    pub company_uuid: Uuid,
    pub created_at: Moment,
    #[serde(default = "by_default")]
    pub enabled: bool,
    /// Sealed, not hashed: verifying a signature needs the secret itself.
    pub secrets: Secrets,
    version: u64,
}

impl Service {
    /// Creates a product's one access key for a company. Returns it with its secret.
    pub async fn create_access_key(&self, act: &Act, product_id: &Code, company: &Uuid) -> Result<(AccessKey, NewSecret)> {
        self.keyring.record().await?;
        let (id, now) = self.stamp()?;
        let secret = NewSecret::make(id, now)?;
        let access_key = RecordId::parse(&format!("ak{id}")).map_err(Error::internal)?;
        let secrets = Secrets::of(self.seal_secret(&access_key, &secret)?);
        let key = AccessKey {
            access_key,
            product_id: product_id.clone(),
            company_uuid: company.clone(),
            created_at: now.into(),
            enabled: true,
            secrets,
            version: 1,
        };
        // This item has the key of the pair, so that a second access key conflicts with it.
        let mut pair = product_company_key(product_id, company).into_item();
        pair.insert(ACCESS_KEY.into(), text(key.access_key.as_str()));
        let table = &self.tables.hris;
        let item = to_item(&key)?;
        let writes = vec![
            Write::Check { table: table.clone(), key: product_key(product_id), condition: Condition::present() },
            Write::Check { table: table.clone(), key: company_key(company), condition: Condition::present() },
            Write::Put { table: table.clone(), item: pair, condition: Condition::absent() },
            Write::Put { table: table.clone(), item: item.clone(), condition: Condition::absent() },
        ];
        let change = Change::of(object(&key.access_key)).created(&item);
        match self.store.transact_by(act, &change, writes).await?.unless_stored(&item) {
            Outcome::Written => Ok((key, secret)),
            Outcome::Rejected(rejections) => match &rejections[..] {
                [product, ..] if product.failed => Err(Error::missing("product_id")),
                [_, company, ..] if company.failed => Err(Error::missing("company_uuid")),
                _ => Err(Error::conflict(Fault::new("company_uuid", "has an access key of this product"))),
            },
        }
    }

    /// The access key of a product for a company.
    pub async fn access_key(&self, product_id: &Code, company: &Uuid) -> Result<Option<AccessKey>> {
        let Some(pair) = self.store.get(&self.tables.hris, product_company_key(product_id, company)).await? else {
            return Ok(None);
        };
        let access_key = RecordId::parse(&read_text(&pair, ACCESS_KEY)?).map_err(Error::internal)?;
        let found = self.store.get(&self.tables.hris, access_key_key(&access_key)).await?;
        found.map(|item| serde_dynamo::from_item(item).map_err(Error::internal)).transpose()
    }

    /// Whether a product reads the data of a company: its access key is enabled, and the product, too.
    ///
    /// DynamoDB: three reads.
    pub(super) async fn is_served(&self, product: &Code, company: &Uuid) -> Result<bool> {
        let key = self.access_key(product, company).await?;
        let product = self.store.get(&self.tables.hris, product_key(product)).await?;
        Ok(key.is_some_and(|key| key.enabled) && products::epoch(product.as_ref())?.is_some())
    }

    /// A page of the access keys by age: of all, or of those of a company.
    pub async fn list_access_keys(&self, company: Option<&Uuid>, page: &PageOf<'_>) -> Result<Listed<AccessKey>> {
        self.listed(ACCESS_KEYS, company, page).await
    }

    /// Adds a secret. The old one stays valid until it is retired.
    pub async fn rotate_access_key(&self, act: &Act, access_key: &RecordId) -> Result<NewSecret> {
        self.keyring.record().await?;
        let (id, now) = self.stamp()?;
        let secret = NewSecret::make(id, now)?;
        let sealed = self.seal_secret(access_key, &secret)?;
        self.change_access_key(act, access_key, |key| key.secrets.add(sealed.clone(), "access_key")).await?;
        Ok(secret)
    }

    /// Retires a secret. The last one cannot be retired: disable the access key instead.
    pub async fn retire_access_key(&self, act: &Act, access_key: &RecordId, secret_id: &RecordId) -> Result<AccessKey> {
        self.change_access_key(act, access_key, |key| key.secrets.retire(secret_id)).await
    }

    /// Calls that are signed with the secrets of the access key are rejected until it is enabled.
    pub async fn disable_access_key(&self, act: &Act, access_key: &RecordId) -> Result<AccessKey> {
        self.set_access_key(act, access_key, false).await
    }

    /// The secrets of the access key sign calls again.
    pub async fn enable_access_key(&self, act: &Act, access_key: &RecordId) -> Result<AccessKey> {
        self.set_access_key(act, access_key, true).await
    }

    async fn set_access_key(&self, act: &Act, access_key: &RecordId, enabled: bool) -> Result<AccessKey> {
        self.change_access_key(act, access_key, |key| {
            key.enabled = enabled;
            Ok(())
        })
        .await
    }

    /// Replaces the token of a company. The old one is invalid as soon as all processes have reloaded it: after five seconds.
    pub async fn rotate_company_token(&self, act: &Act, company: &Uuid) -> Result<Secret<String>> {
        let token = random_secret()?;
        let mut item = company_token_key(company).into_item();
        item.insert("hash".into(), text(hash(token.as_deref()).expose()));
        let table = &self.tables.hris;
        let exists = Write::Check { table: table.clone(), key: company_key(company), condition: Condition::present() };
        let change = Change::of(Object::new("hris", "company_token", &[company.as_str()])).fields(&["hash"]);
        match self.store.transact_by(act, &change, vec![exists, Write::Set { table: table.clone(), item }]).await? {
            Outcome::Written => Ok(token),
            Outcome::Rejected(_) => Err(Error::missing("company_uuid")),
        }
    }

    /// Stores the token with which the system calls the visitor service of a company.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn update_visitor_token(&self, signer: &Signer, token: &Token) -> Result<Company> {
        let company = self.company(&signer.company).await?.ok_or_else(|| Error::missing("guid"))?;
        self.keyring.record().await?;
        let key = visitor_token_key(&signer.company);
        let mut item = key.clone().into_item();
        item.insert("token".into(), text(*token.as_deref().expose()));
        sealed::seal(&self.keyring, &key, &VISITOR_TOKEN_SEALED, &mut item)?;
        let change = Change::of(Object::new("hris", "visitor_token", &[signer.company.as_str()])).fields(&["token"]);
        let recorded = self.store.recording(&caller::act(self.clock.now()), &change)?;
        let stored = Write::Set { table: self.tables.hris.clone(), item };
        match self.write_once(signer, &company, vec![stored, recorded]).await? {
            Once::Written => Ok(company),
            Once::Before(company) => Ok(company),
            Once::Rejected(_) => Err(Error::internal("DynamoDB rejected a token without a condition")),
        }
    }

    /// Verifies that the call is signed with a secret of the access key. Returns the signer and the index of the signed payload. A disabled
    /// access key, and one of a disabled product, is unknown.
    ///
    /// DynamoDB: nothing within five seconds after the access key was loaded; else two reads, the second one of two items.
    pub async fn authorize(&self, call: &SignedCall<'_>) -> Result<(Signer, usize), AuthError> {
        let access_key = self.cached_access_key(call.access_key).await?.ok_or(AuthError::UnknownAccessKey)?;
        if !call.is_timely(self.clock.now()) {
            return Err(AuthError::Untimely);
        }
        let payload = call.signed_payload(&access_key.secrets).ok_or(AuthError::WrongSignature)?;
        let (name, until) = call.name().zip(call.timely_until()).ok_or(AuthError::WrongSignature)?;
        let signer = access_key.signer(name, until);
        caller::accepted(caller::Caller::AccessKey(access_key.access_key.clone()));
        Ok((signer, payload))
    }

    /// Whether this is the company's current token.
    ///
    /// DynamoDB: nothing if [`Service::authorize`] has just loaded the access key; one read without an access key.
    pub async fn is_company_token(&self, company: &Uuid, access_key: Option<&str>, token: Secret<&str>) -> Result<bool> {
        let known = match access_key {
            Some(access_key) => self.cached_access_key(access_key).await?.and_then(|cached| cached.token.clone()),
            None => self.company_token(company).await?,
        };
        Ok(known.is_some_and(|known| known.is_same(&hash(token))))
    }

    /// An access key that is accepted.
    pub(super) async fn cached_access_key(&self, access_key: &str) -> Result<Option<Arc<CachedAccessKey>>> {
        let now = self.clock.now();
        if let Some(cached) = self.access_keys.get(access_key, now) {
            return Ok(Some(cached));
        }
        let Ok(id) = RecordId::parse(access_key) else { return Ok(None) };
        let Some(item) = self.store.get(&self.tables.hris, access_key_key(&id)).await? else { return Ok(None) };
        let key: AccessKey = serde_dynamo::from_item(item).map_err(Error::internal)?;
        let (product, token) = (product_key(&key.product_id), company_token_key(&key.company_uuid));
        let found = self.store.get_map(&self.tables.hris, vec![product.clone(), token.clone()]).await?;
        if !key.enabled || products::epoch(found.get(&product))?.is_none() {
            return Ok(None);
        }
        let token = found.get(&token).map(|item| read_text(item, "hash").map(Secret::new)).transpose()?;
        let place = sealed_at(&key.access_key);
        let secrets = key.secrets.iter().map(|secret| self.keyring.open(&place, secret.value.expose()).map(Secret::new));
        let secrets = secrets.collect::<Result<_>>()?;
        let AccessKey { access_key: id, product_id: product, company_uuid: company, .. } = key;
        let cached = Arc::new(CachedAccessKey { access_key: id, product, company, secrets, token });
        self.access_keys.put(access_key.to_owned(), Arc::clone(&cached), now);
        Ok(Some(cached))
    }

    async fn company_token(&self, company: &Uuid) -> Result<Option<Secret<String>>> {
        let found = self.store.get(&self.tables.hris, company_token_key(company)).await?;
        found.map(|item| read_text(&item, "hash").map(Secret::new)).transpose()
    }

    fn seal_secret(&self, access_key: &RecordId, secret: &NewSecret) -> Result<StoredSecret> {
        Ok(secret.sealed(self.keyring.seal(&sealed_at(access_key), secret.plain.expose())?))
    }

    /// Seals secrets that are bound to this place with the current key. Returns whether one had another key.
    pub(super) fn reseal_secrets(&self, secrets: &mut Secrets, place: &str) -> Result<bool> {
        secrets.replace(|sealed| match self.keyring.is_outdated(sealed.expose()) {
            true => {
                self.keyring.seal(place, &self.keyring.open(place, sealed.expose())?).map(|sealed| Some(Secret::new(sealed)))
            }
            false => Ok(None),
        })
    }

    async fn change_access_key(
        &self,
        act: &Act,
        access_key: &RecordId,
        change: impl Fn(&mut AccessKey) -> Result<()>,
    ) -> Result<AccessKey> {
        let object = Change::of(object(access_key));
        let changed = self.store.change_by(act, object, Stored::plain(&self.tables.hris, access_key_key(access_key)), |item| {
            let mut key: AccessKey = serde_dynamo::from_item(item.clone()).map_err(Error::internal)?;
            change(&mut key)?;
            to_item(&key)
        });
        let item = changed.await?.ok_or_else(|| Error::missing("access_key"))?;
        serde_dynamo::from_item(item).map_err(Error::internal)
    }
}

fn object(access_key: &RecordId) -> Object {
    Object::new("hris", ACCESS_KEY, &[access_key.as_str()])
}

/// The place that a sealed secret is bound to: it cannot be opened for another access key.
pub(super) fn sealed_at(access_key: &RecordId) -> String {
    format!("{ACCESS_KEY}/{access_key}/secret")
}

fn to_item(key: &AccessKey) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(key).map_err(Error::internal)?;
    item.extend(access_key_key(&key.access_key).into_item());
    listing::enter(&mut item, ACCESS_KEYS, &key.company_uuid, key.created_at, &key.access_key);
    item.insert(VERSION.into(), number(key.version));
    Ok(item)
}
