//! Moka, a recruitment service: a company binds itself to it with a code, then Moka pushes candidates (docs/contract/hris.txt, 更新日志
//! 2016-12-29 and 2017-01-17, which only name the calls).

use jiff::{SignedDuration, Timestamp};

use super::entity::Entity as _;
use super::item::to_item;
use super::keys::{bind_code_key, company_key, moka_binding_key, record_key};
use super::recruitment::Candidate;
use super::values::Uuid;
use super::{Caller, Service};
use crate::crypto::random::random_secret;
use crate::error::{Error, Result};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Outcome, VERSION, Write, expire, retry_conflicts};
use crate::values::{Moment, Secret};

/// How long a code is valid.
const CODE_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long an expired code is kept, so that its use is reported as expired and not as unknown.
const EXPIRED_AGE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The identities of the last calls that pushed a candidate, separated by spaces.
const CALLS: &str = "calls";
const MAX_CALLS: usize = 10;

/// A new code with which a company binds itself. Its plain text exists only here: the table holds the hash.
pub struct BindCode {
    pub plain: Secret<String>,
    pub valid_until: Moment,
}

/// Whether a company's code is still valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    Valid,
    Expired,
}

impl Service {
    pub async fn create_bind_code(&self, company: &Uuid) -> Result<BindCode> {
        if self.company(company).await?.is_none() {
            return Err(Error::missing("company_uuid"));
        }
        let plain = random_secret()?;
        let valid_until = self.clock.now() + CODE_AGE;
        let mut item = bind_code_key(plain.as_deref()).into_item();
        item.insert("company".into(), text(company.as_str()));
        item.insert("valid_until".into(), number(valid_until.as_second()));
        expire(&mut item, valid_until + EXPIRED_AGE);
        // A conflict here can only be our own earlier write whose response was lost: the code is 256 random bits.
        self.store.put(&self.tables.credentials, item, Condition::absent()).await?;
        Ok(BindCode { plain, valid_until: valid_until.into() })
    }

    /// The validity of a code of this company.
    ///
    /// DynamoDB: one read.
    pub async fn check_bind_code(&self, company: &Uuid, code: Secret<&str>) -> Result<Validity> {
        let found =
            self.store.get(&self.tables.credentials, bind_code_key(code)).await?.ok_or_else(|| Error::missing("bind_code"))?;
        let (until, kept) = (read_integer::<i64>(&found, "valid_until")?, read_integer::<i64>(&found, "expires_at")?);
        let now: Timestamp = self.clock.now();
        if read_text(&found, "company")? != company.as_str() || kept <= now.as_second() {
            return Err(Error::missing("bind_code"));
        }
        Ok(if now.as_second() < until { Validity::Valid } else { Validity::Expired })
    }

    /// Binds the company if the code is valid. Idempotent.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn bind_moka(&self, company: &Uuid, code: Secret<&str>) -> Result<Validity> {
        let validity = self.check_bind_code(company, code).await?;
        if validity == Validity::Valid {
            let mut item = moka_binding_key(company).into_item();
            item.insert("bound_at".into(), number(self.clock.now().as_millisecond()));
            let table = &self.tables.hris;
            let exists = Write::Check { table: table.clone(), key: company_key(company), condition: Condition::present() };
            if let Outcome::Rejected(_) = self.store.transact(vec![exists, Write::Set { table: table.clone(), item }]).await? {
                return Err(Error::missing("company_uuid"));
            }
        }
        Ok(validity)
    }

    /// Idempotent.
    ///
    /// DynamoDB: one transaction.
    pub async fn unbind_moka(&self, company: &Uuid) -> Result<()> {
        let remove = Write::Delete { table: self.tables.hris.clone(), key: moka_binding_key(company), condition: None };
        self.store.transact(vec![remove]).await?;
        Ok(())
    }

    /// Stores a candidate that Moka pushes; `false` if the company is not bound to Moka. A later push with the same id replaces the
    /// candidate. A repeated call changes nothing, even after the company was unbound.
    ///
    /// DynamoDB: one read, one transaction. A repeated call: one read.
    pub async fn push_candidate(&self, caller: &Caller, candidate: &Candidate) -> Result<bool> {
        let table = &self.tables.hris;
        let (company, call) = (&caller.company, caller.idempotent_uuid()?);
        let bound = || Write::Check { table: table.clone(), key: moka_binding_key(company), condition: Condition::present() };
        retry_conflicts(|| async {
            let stored = self.store.get(table, record_key(company, Candidate::KIND, candidate.id())).await?;
            let calls = stored.as_ref().and_then(|item| item.get(CALLS)?.as_s().ok()).map_or("", String::as_str);
            if calls.split(' ').any(|known| known == call.as_str()) {
                return Ok(Some(true));
            }
            let (version, unchanged) = match &stored {
                None => (0, Condition::absent()),
                Some(item) => {
                    let version: u64 = read_integer(item, VERSION)?;
                    (version, Condition::equals(VERSION, number(version)))
                }
            };
            let calls: Vec<&str> = std::iter::once(call.as_str()).chain(calls.split(' ')).take(MAX_CALLS).collect();
            let mut item = to_item(&self.keyring, company, candidate, version + 1)?;
            item.insert(CALLS.into(), text(calls.join(" ").trim_end()));
            let put = Write::Put { table: table.clone(), item: item.clone(), condition: unchanged };
            Ok(match self.store.transact(vec![bound(), put]).await?.unless_stored(&item) {
                Outcome::Written => Some(true),
                Outcome::Rejected(rejections) if rejections.first().is_some_and(|bound| bound.failed) => Some(false),
                Outcome::Rejected(_) => None,
            })
        })
        .await
    }
}
