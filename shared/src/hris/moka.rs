//! Moka, a recruitment service: a company binds itself to it with a code, then Moka pushes candidates (docs/contract/hris.txt, 更新日志
//! 2016-12-29 and 2017-01-17, which only name the calls).

use jiff::{SignedDuration, Timestamp};

use super::Service;
use super::entity::Entity as _;
use super::item::to_item;
use super::keys::{bind_code_key, company_key, moka_binding_key, record_key};
use super::recruitment::{Candidate, MokaDetails};
use super::replay::{Once, Signer};
use super::values::Uuid;
use crate::crypto::random::random_secret;
use crate::error::{Error, Result};
use crate::storage::audit::{Act, Change, Object};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, VERSION, Write, expire, retry_conflicts};
use crate::values::{Moment, Secret};

/// How long a code is valid.
const CODE_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long an expired code is kept, so that its use is reported as expired and not as unknown.
const EXPIRED_AGE: SignedDuration = SignedDuration::from_hours(90 * 24);

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
    pub async fn create_bind_code(&self, act: &Act, company: &Uuid) -> Result<BindCode> {
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
        let change = Change::of(Object::new("hris", "bind_code", &[company.as_str()])).created(&item);
        let put = Write::Put { table: self.tables.credentials.clone(), item, condition: Condition::absent() };
        self.store.transact_by(act, &change, vec![put]).await.map(drop)?;
        Ok(BindCode { plain, valid_until: valid_until.into() })
    }

    /// The validity of a code of this company.
    ///
    /// DynamoDB: one read.
    pub async fn check_bind_code(&self, company: &Uuid, code: Secret<&str>) -> Result<Validity> {
        let found = self.store.get(&self.tables.credentials, bind_code_key(code)).await?;
        validity(found.as_ref(), company, self.clock.now())
    }

    /// Binds the company if the code is valid.
    ///
    /// DynamoDB: one transaction.
    pub async fn bind_moka(&self, signer: &Signer, code: Secret<&str>) -> Result<Validity> {
        let (table, company, now) = (&self.tables.hris, &signer.company, self.clock.now());
        let of_company = Condition::equals("company", text(company.as_str()));
        let valid = of_company.and(Condition::compares("valid_until", ">", number(now.as_second())));
        let mut item = moka_binding_key(company).into_item();
        item.insert("bound_at".into(), number(now.as_millisecond()));
        let writes = vec![
            Write::Check { table: self.tables.credentials.clone(), key: bind_code_key(code), condition: valid },
            Write::Check { table: table.clone(), key: company_key(company), condition: Condition::present() },
            Write::Set { table: table.clone(), item },
        ];
        match self.write_once(signer, &(), writes).await? {
            Once::Written | Once::Before(()) => Ok(Validity::Valid),
            Once::Rejected(rejections) => match rejections.first() {
                Some(code) if code.failed => validity(code.stored.as_ref(), company, now),
                _ => Err(Error::missing("company_uuid")),
            },
        }
    }

    /// Idempotent.
    ///
    /// DynamoDB: one transaction.
    pub async fn unbind_moka(&self, signer: &Signer) -> Result<()> {
        let (table, key) = (self.tables.hris.clone(), moka_binding_key(&signer.company));
        match self.write_once(signer, &(), vec![Write::Delete { table, key, condition: None }]).await? {
            Once::Written | Once::Before(()) => Ok(()),
            Once::Rejected(_) => Err(Error::internal("DynamoDB rejected a removal without a condition")),
        }
    }

    /// Stores a candidate that Moka pushes; `false` if the company is not bound to Moka. A later push with the same id replaces the
    /// candidate.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn push_candidate(&self, signer: &Signer, candidate: &Candidate) -> Result<bool> {
        let (table, company) = (&self.tables.hris, &signer.company);
        let bound = || Write::Check { table: table.clone(), key: moka_binding_key(company), condition: Condition::present() };
        if let Some(fault) = candidate.moka.as_ref().and_then(MokaDetails::fault) {
            return Err(Error::invalid([fault]));
        }
        self.keyring.record().await?;
        retry_conflicts(|| async {
            let stored = self.store.get(table, record_key(company, Candidate::KIND, candidate.id())).await?;
            let (version, unchanged) = match &stored {
                None => (0, Condition::absent()),
                Some(item) => {
                    let version: u64 = read_integer(item, VERSION)?;
                    (version, Condition::equals(VERSION, number(version)))
                }
            };
            let item = to_item(&self.keyring, company, candidate, version + 1)?;
            let put = Write::Put { table: table.clone(), item, condition: unchanged };
            Ok(match self.write_once(signer, &(), vec![bound(), put]).await? {
                Once::Written | Once::Before(()) => Some(true),
                Once::Rejected(rejections) if rejections.first().is_some_and(|bound| bound.failed) => Some(false),
                Once::Rejected(_) => None,
            })
        })
        .await
    }
}

/// The validity of a stored code for this company.
fn validity(stored: Option<&Item>, company: &Uuid, now: Timestamp) -> Result<Validity> {
    let stored = stored.ok_or_else(|| Error::missing("bind_code"))?;
    let (until, kept) = (read_integer::<i64>(stored, "valid_until")?, read_integer::<i64>(stored, "expires_at")?);
    if read_text(stored, "company")? != company.as_str() || kept <= now.as_second() {
        return Err(Error::missing("bind_code"));
    }
    Ok(if now.as_second() < until { Validity::Valid } else { Validity::Expired })
}
