//! Who may call: products, and the access key that each has for each company (document, 认证). Administered through
//! `ops-admin`; the API only looks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::organization::{Company, company_key};
use super::signature::SignedCall;
use super::values::{Code, Uuid};
use super::{Caller, Service, missing, row};
use crate::crypto::credentials::{NewSecret, Secret, Secrets, hash, is_same};
use crate::crypto::keyring::Purpose;
use crate::crypto::random::random_token;
use crate::error::{Error, Fault, Result};
use crate::storage::table::attribute::{number, read_text, text};
use crate::storage::table::{Condition, Item, Key, Outcome, VERSION, Write};
use crate::values::{Moment, RecordId, Text, Token};

const PRODUCT: &str = "product";
const ACCESS_KEY: &str = "access_key";

/// Why a call is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    UnknownAccessKey,
    Untimely,
    WrongSignature,
}

/// What a process knows of an access key.
pub struct Product {
    company: Uuid,
    /// The active secrets, opened.
    secrets: Vec<String>,
    /// The hash of the company's current token, if it has one.
    token: Option<String>,
}

/// An access key as administrators see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessKey {
    pub access_key: RecordId,
    pub product_id: Code,
    pub company_uuid: Uuid,
    pub created_at: Moment,
    /// Sealed: to verify a signature the secret itself is needed.
    pub secrets: Secrets,
    version: u64,
}

impl Service {
    /// Makes a product known under its id; again with the same name changes nothing.
    pub async fn create_product(&self, product_id: &Code, name: &Text<1, 64>) -> Result<()> {
        let mut item = product_key(product_id).into_item();
        item.insert("name".into(), text(name.as_str()));
        match self.store.put(&self.tables.hris, item.clone(), Condition::absent()).await?.unless_stored(&item) {
            Outcome::Written => Ok(()),
            Outcome::Rejected(_) => Err(Error::conflict(Fault::new("product_id", "exists with another name"))),
        }
    }

    /// Gives a product its one access key for a company, and tells the secret.
    pub async fn create_access_key(&self, product_id: &Code, company: &Uuid) -> Result<(AccessKey, NewSecret)> {
        let (id, now) = self.stamp()?;
        let told = NewSecret::make(id, now)?;
        let access_key = RecordId::parse(&format!("ak{id}")).map_err(Error::internal)?;
        let secrets = Secrets::of(self.sealed_secret(&access_key, &told)?);
        let key = AccessKey {
            access_key,
            product_id: product_id.clone(),
            company_uuid: company.clone(),
            created_at: now.into(),
            secrets,
            version: 1,
        };
        // The pair has one access key: this item is in the way of a second one.
        let mut pair = pair_key(product_id, company).into_item();
        pair.insert(ACCESS_KEY.into(), text(key.access_key.as_str()));
        let table = &self.tables.hris;
        let item = to_item(&key)?;
        let outcome = self.store.transact(vec![
            Write::Check { table: table.clone(), key: product_key(product_id), condition: Condition::present() },
            Write::Check { table: table.clone(), key: company_key(company), condition: Condition::present() },
            Write::Put { table: table.clone(), item: pair, condition: Condition::absent() },
            Write::Put { table: table.clone(), item: item.clone(), condition: Condition::absent() },
        ]);
        match outcome.await?.unless_stored(&item) {
            Outcome::Written => Ok((key, told)),
            Outcome::Rejected(rejections) => match &rejections[..] {
                [product, ..] if product.failed => Err(missing("product_id")),
                [_, company, ..] if company.failed => Err(missing("company_uuid")),
                _ => Err(Error::conflict(Fault::new("company_uuid", "has an access key of this product"))),
            },
        }
    }

    /// The access key of a product for a company.
    pub async fn access_key(&self, product_id: &Code, company: &Uuid) -> Result<Option<AccessKey>> {
        let Some(pair) = self.store.get(&self.tables.hris, pair_key(product_id, company)).await? else { return Ok(None) };
        let access_key = RecordId::parse(&read_text(&pair, ACCESS_KEY)?).map_err(Error::internal)?;
        let found = self.store.get(&self.tables.hris, access_key_key(&access_key)).await?;
        found.map(|item| serde_dynamo::from_item(item).map_err(Error::internal)).transpose()
    }

    /// Adds a secret; the old one keeps working until it is retired.
    pub async fn rotate_access_key(&self, access_key: &RecordId) -> Result<NewSecret> {
        let (id, now) = self.stamp()?;
        let told = NewSecret::make(id, now)?;
        let sealed = self.sealed_secret(access_key, &told)?;
        self.change_access_key(access_key, |key| key.secrets.add(sealed.clone(), "access_key")).await?;
        Ok(told)
    }

    /// Ends a secret. The last one cannot be retired.
    pub async fn retire_access_key(&self, access_key: &RecordId, secret_id: &RecordId) -> Result<AccessKey> {
        self.change_access_key(access_key, |key| key.secrets.retire(secret_id)).await
    }

    /// Gives a company another token; the one before is worth nothing once every process has looked again.
    pub async fn rotate_company_token(&self, company: &Uuid) -> Result<String> {
        let token = random_token()?;
        let mut item = token_key(company).into_item();
        item.insert("hash".into(), text(hash(&token)));
        let table = &self.tables.hris;
        let exists = Write::Check { table: table.clone(), key: company_key(company), condition: Condition::present() };
        match self.store.transact(vec![exists, Write::Set { table: table.clone(), item }]).await? {
            Outcome::Written => Ok(token),
            Outcome::Rejected(_) => Err(missing("company_uuid")),
        }
    }

    /// Keeps the token that a company's visitor service is called with.
    ///
    /// DynamoDB: one read, one write.
    pub async fn update_visitor_token(&self, uuid: &Uuid, token: &Token) -> Result<Company> {
        let company = self.company(uuid).await?.ok_or_else(|| missing("guid"))?;
        let key = row::key(uuid, "company", "visitor_token");
        let mut item = key.clone().into_item();
        item.insert("token".into(), text(token.as_str()));
        crate::storage::sealed::seal(&self.keyring, &key, &["token"], &mut item)?;
        self.store.transact(vec![Write::Set { table: self.tables.hris.clone(), item }]).await?;
        Ok(company)
    }

    /// Lets in who signed the call with a secret of the access key, and tells which of the payloads was signed.
    ///
    /// DynamoDB: nothing within five seconds of the last look at the access key; else two reads.
    pub async fn authorize(&self, call: &SignedCall<'_>) -> Result<Result<(Caller, usize), Rejection>> {
        let Some(product) = self.product(call.access_key).await? else { return Ok(Err(Rejection::UnknownAccessKey)) };
        if !call.is_timely(self.clock.now()) {
            return Ok(Err(Rejection::Untimely));
        }
        let Some(payload) = call.signed_payload(&product.secrets) else { return Ok(Err(Rejection::WrongSignature)) };
        let signature = call.signature.to_ascii_lowercase();
        let identity = self.keyring.mac(Purpose::ContentDigest, &[call.access_key.as_bytes(), signature.as_bytes()])?;
        Ok(Ok((Caller { company: product.company.clone(), call: Some(identity) }, payload)))
    }

    /// Whether this is the company's current token.
    ///
    /// DynamoDB: what [`Service::authorize`] read, where it is given the access key; else one read.
    pub async fn is_company_token(&self, company: &Uuid, access_key: Option<&str>, token: &str) -> Result<bool> {
        let known = match access_key {
            Some(access_key) => self.product(access_key).await?.and_then(|product| product.token.clone()),
            None => self.company_token(company).await?,
        };
        Ok(known.is_some_and(|known| is_same(known, hash(token))))
    }

    async fn product(&self, access_key: &str) -> Result<Option<Arc<Product>>> {
        let now = self.clock.now();
        if let Some(product) = self.products.get(access_key, now) {
            return Ok(Some(product));
        }
        let Ok(id) = RecordId::parse(access_key) else { return Ok(None) };
        let Some(item) = self.store.get(&self.tables.hris, access_key_key(&id)).await? else { return Ok(None) };
        let key: AccessKey = serde_dynamo::from_item(item).map_err(Error::internal)?;
        let place = secret_place(&key.access_key);
        let secrets = key.secrets.iter().map(|secret| self.keyring.open(&place, &secret.kept)).collect::<Result<_>>()?;
        let token = self.company_token(&key.company_uuid).await?;
        let product = Arc::new(Product { company: key.company_uuid, secrets, token });
        self.products.put(access_key.to_owned(), Arc::clone(&product), now);
        Ok(Some(product))
    }

    async fn company_token(&self, company: &Uuid) -> Result<Option<String>> {
        let found = self.store.get(&self.tables.hris, token_key(company)).await?;
        found.map(|item| read_text(&item, "hash")).transpose()
    }

    fn sealed_secret(&self, access_key: &RecordId, secret: &NewSecret) -> Result<Secret> {
        Ok(secret.kept_as(self.keyring.seal(&secret_place(access_key), &secret.plain)?))
    }

    async fn change_access_key(
        &self,
        access_key: &RecordId,
        change: impl Fn(&mut AccessKey) -> Result<()>,
    ) -> Result<AccessKey> {
        let changed = self.store.change(&self.tables.hris, access_key_key(access_key), |item| {
            let mut key: AccessKey = serde_dynamo::from_item(item.clone()).map_err(Error::internal)?;
            change(&mut key)?;
            to_item(&key)
        });
        let item = changed.await?.ok_or_else(|| missing("access_key"))?;
        serde_dynamo::from_item(item).map_err(Error::internal)
    }
}

pub(super) fn product_key(product_id: &Code) -> Key {
    Key::new(format!("{PRODUCT}#{product_id}"), PRODUCT)
}

fn pair_key(product_id: &Code, company: &Uuid) -> Key {
    Key::new(format!("{PRODUCT}#{product_id}"), format!("company#{company}"))
}

fn access_key_key(access_key: &RecordId) -> Key {
    Key::new(format!("{ACCESS_KEY}#{access_key}"), ACCESS_KEY)
}

/// Apart from the company itself, which an import writes.
fn token_key(company: &Uuid) -> Key {
    row::key(company, "company", "token")
}

fn secret_place(access_key: &RecordId) -> String {
    format!("{ACCESS_KEY}/{access_key}/secret")
}

fn to_item(key: &AccessKey) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(key).map_err(Error::internal)?;
    item.extend(access_key_key(&key.access_key).into_item());
    item.insert(VERSION.into(), number(key.version));
    Ok(item)
}
