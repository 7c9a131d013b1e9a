//! Moka, a recruitment service: a company binds itself to it by a code, and its candidates are pushed (document, 更新日志
//! 2016-12-29 and 2017-01-17, which name the calls only).

use jiff::{SignedDuration, Timestamp};

use super::organization::company_key;
use super::recruitment::Candidate;
use super::row;
use super::values::{Code, Uuid};
use super::{Caller, Service, missing};
use crate::crypto::credentials::hash;
use crate::crypto::random::random_token;
use crate::error::{Error, Result};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Key, Outcome, Write, expire};
use crate::values::{Moment, Text};

/// How long a code can be used.
const CODE_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long after that it is still known to have been one.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A code by which a company binds itself, at the one moment when it can be told.
pub struct BindCode {
    pub plain: String,
    pub valid_until: Moment,
}

/// Whether a company's code can still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    Valid,
    Expired,
}

impl Service {
    pub async fn create_bind_code(&self, company: &Uuid) -> Result<BindCode> {
        if self.company(company).await?.is_none() {
            return Err(missing("company_uuid"));
        }
        let plain = random_token()?;
        let valid_until = self.clock.now() + CODE_AGE;
        let mut item = code_key(&plain).into_item();
        item.insert("company".into(), text(company.as_str()));
        item.insert("valid_until".into(), number(valid_until.as_second()));
        expire(&mut item, valid_until + KEPT);
        // Refused it could only be by our own write, whose answer was lost: the code is 256 random bits.
        self.store.put(&self.tables.credentials, item, Condition::absent()).await?;
        Ok(BindCode { plain, valid_until: valid_until.into() })
    }

    /// DynamoDB: one read.
    pub async fn bind_code(&self, company: &Uuid, code: &str) -> Result<Validity> {
        let found = self.store.get(&self.tables.credentials, code_key(code)).await?.ok_or_else(|| missing("bind_code"))?;
        let (until, kept) = (read_integer::<i64>(&found, "valid_until")?, read_integer::<i64>(&found, "expires_at")?);
        let now: Timestamp = self.clock.now();
        if read_text(&found, "company")? != company.as_str() || kept <= now.as_second() {
            return Err(missing("bind_code"));
        }
        Ok(if now.as_second() < until { Validity::Valid } else { Validity::Expired })
    }

    /// Binds the company by a valid code. Done twice, it is done.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn bind_moka(&self, company: &Uuid, code: &str) -> Result<Validity> {
        let validity = self.bind_code(company, code).await?;
        if validity == Validity::Valid {
            let mut item = binding_key(company).into_item();
            item.insert("bound_at".into(), number(self.clock.now().as_millisecond()));
            let table = &self.tables.hris;
            let exists = Write::Check { table: table.clone(), key: company_key(company), condition: Condition::present() };
            if let Outcome::Rejected(_) = self.store.transact(vec![exists, Write::Set { table: table.clone(), item }]).await? {
                return Err(missing("company_uuid"));
            }
        }
        Ok(validity)
    }

    /// Done twice, it is done.
    ///
    /// DynamoDB: one transaction.
    pub async fn unbind_moka(&self, company: &Uuid) -> Result<()> {
        let remove = Write::Delete { table: self.tables.hris.clone(), key: binding_key(company), condition: None };
        self.store.transact(vec![remove]).await?;
        Ok(())
    }

    /// Stores a candidate that Moka pushes; `false` where the company is not bound to it. A replay of the call changes nothing.
    ///
    /// DynamoDB: one transaction.
    pub async fn push_candidate(&self, caller: &Caller, candidate: PushedCandidate) -> Result<bool> {
        let call = caller.call.ok_or_else(|| Error::internal("a candidate is pushed by a signed call"))?;
        let candidate = candidate.named(Uuid::of_digest(call));
        let table = &self.tables.hris;
        let bound = Write::Check { table: table.clone(), key: binding_key(&caller.company), condition: Condition::present() };
        let item = row::write(&self.keyring, &caller.company, &candidate, 1)?;
        let put = Write::Put { table: table.clone(), item, condition: Condition::absent() };
        match self.store.transact(vec![bound, put]).await? {
            Outcome::Written => Ok(true),
            Outcome::Rejected(rejections) => Ok(rejections.last().is_some_and(|candidate| candidate.failed)),
        }
    }
}

/// A candidate as Moka sends it: without a uuid of ours.
pub struct PushedCandidate {
    pub name: Text<1, 64>,
    pub email: Text<0, 255>,
    pub mobile: Option<crate::values::Mobile>,
    pub sex: Option<super::values::Sex>,
    pub marriage: Text<0, 64>,
    pub birthday: Option<crate::values::Date>,
    pub degree: Text<0, 64>,
    pub status: Text<0, 64>,
    pub source_name: Text<0, 128>,
    pub source_id: Option<Code>,
}

impl PushedCandidate {
    fn named(self, uuid: Uuid) -> Candidate {
        let Self { name, email, mobile, sex, marriage, birthday, degree, status, source_name, source_id } = self;
        Candidate { uuid, name, email, mobile, sex, marriage, birthday, degree, status, source_name, source_id }
    }
}

fn code_key(code: &str) -> Key {
    Key::new(format!("hris#bind_code#{}", hash(code)), "bind_code")
}

fn binding_key(company: &Uuid) -> Key {
    row::key(company, "company", "moka")
}
