//! Applications: what a worker handed in to a company, and how its signing goes on (document, 2.2.2 签约信息).
//!
//! Only the worker's own moves have an endpoint; all others are made through `ops-admin`. Each move is recorded.

use jiff::Timestamp;

use super::directory::{Company, Contract, Handler, Listed, listed_key};
use super::resume::Resume;
use super::sessions::Worker;
use super::states::{Application, Decision, Move, Origin, Signing, State, Submission, Verified, again, worker_name};
use super::values::{Number, PlatformCode};
use super::{Service, missing};
use crate::error::{Error, Fault, Result};
use crate::storage::list::List;
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Key, Order, Outcome, Query, Range, VERSION, Write, retry_conflicts};
use crate::values::{LocalTime, Text};

impl Service {
    /// Hands in a résumé: a new application, or the one of before in state 1 again.
    ///
    /// DynamoDB: one batch, one transaction; with a code from a phone, one read and one write more.
    pub async fn submit(
        &self,
        worker: &Worker,
        resume: Resume,
        verify_code: Option<&str>,
        origin: Origin,
        submission: Submission,
    ) -> Result<()> {
        let now = self.clock.now();
        let resume = resume.completed(&LocalTime::from(now).date(), self.settings.strict_checksums)?;
        match verify_code {
            Some(code) if !self.is_sent_code(&worker.platform, &resume.phone, code).await? => {
                return Err(Error::invalid([Fault::new("verify_code", "is wrong or too old")]));
            }
            None if self.settings.require_sms => return Err(Error::invalid([Fault::new("verify_code", "is required")])),
            _ => {}
        }
        let table = &self.tables.signing;
        let company_key = listed_key::<Company>(&worker.platform, resume.company_id);
        let handler_key = listed_key::<Handler>(&worker.platform, resume.ad_user_id);
        retry_conflicts(|| async {
            let keys = vec![application_key(worker), company_key.clone(), handler_key.clone()];
            let mut found = self.store.get_all(table, keys).await?.into_iter().peekable();
            let current = found.next_if(|item| Key::of(item) == Some(application_key(worker)));
            let company = found.next_if(|item| Key::of(item).as_ref() == Some(&company_key));
            let company: Company = enabled(company, "company_id")?;
            enabled::<Handler>(found.next(), "ad_user_id")?;
            let signing = match &current {
                None if submission == Submission::Changed => return Err(missing("employee")),
                None => self.first(&company, origin.clone(), now)?,
                Some(item) => again(read(&self.keyring, item.clone())?, &resume, &company, origin.clone(), now, submission)?,
            };
            let version: u64 = current.as_ref().map_or(Ok(0), |item| read_integer(item, VERSION))?;
            let item = self.write(worker, &Application { resume: resume.clone(), signing }, version + 1)?;
            let condition = match &current {
                None => Condition::absent(),
                Some(_) => Condition::equals(VERSION, number(version)),
            };
            let is_enabled = || Condition::equals("status", number(1));
            let mut writes = vec![
                Write::Check { table: table.clone(), key: company_key.clone(), condition: is_enabled() },
                Write::Check { table: table.clone(), key: handler_key.clone(), condition: is_enabled() },
            ];
            if current.is_none() {
                // By which it is found, and which no other application has.
                let mut em_id = em_id_key(&worker.platform, read_integer(&item, "em_id")?).into_item();
                em_id.insert("worker".into(), text(worker.id.as_str()));
                writes.push(Write::Put { table: table.clone(), item: em_id, condition: Condition::absent() });
            }
            writes.push(Write::Put { table: table.clone(), item: item.clone(), condition });
            match self.store.transact(writes).await?.unless_stored(&item) {
                Outcome::Written => Ok(Some(())),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    fn first(&self, company: &Company, origin: Origin, now: Timestamp) -> Result<Signing> {
        Ok(Signing {
            em_id: self.ids.next(now)?.as_u64(),
            state: State::Applied,
            reason: Text::default(),
            company_name: company.company_name.clone(),
            apply_time: now.into(),
            verify_status: Verified::Waiting,
            origin,
            terms: None,
            moves: vec![Move { from: None, to: State::Applied, at: now.into(), by: worker_name()? }],
            verifications: Vec::new(),
        })
    }

    /// The worker's application, if there is one.
    ///
    /// DynamoDB: one read.
    pub async fn application(&self, worker: &Worker) -> Result<Option<Application>> {
        let found = self.store.get(&self.tables.signing, application_key(worker)).await?;
        found.map(|item| read(&self.keyring, item)).transpose()
    }

    /// The applications of a platform, or those in one state, newest first.
    pub async fn applications(
        &self,
        platform: &PlatformCode,
        state: Option<State>,
        page: PageRequest,
    ) -> Result<Page<Application>> {
        let (index, partition) = match state {
            Some(state) => ("ix1", state_partition(platform, state)),
            None => ("ix2", format!("{platform}#application")),
        };
        let list = List {
            store: &self.store,
            keyring: &self.keyring,
            table: &self.tables.signing,
            scope: format!("{platform}/applications/{state:?}"),
            query: Query { index, partition, range: Range::All, order: Order::Descending, filter: None },
        };
        list.page(page, "cursor").await?.try_map(|item| read(&self.keyring, item))
    }

    pub async fn find_application(&self, platform: &PlatformCode, em_id: u64) -> Result<Option<Application>> {
        let Some(key) = self.key_of(platform, em_id).await? else { return Ok(None) };
        let found = self.store.get(&self.tables.signing, key).await?;
        found.map(|item| read(&self.keyring, item)).transpose()
    }

    /// Moves an application on, as far as its state allows.
    pub async fn decide(
        &self,
        platform: &PlatformCode,
        em_id: u64,
        decision: &Decision,
        by: &Text<1, 64>,
    ) -> Result<Application> {
        let contract: Option<Contract> = match decision {
            Decision::Approve(terms) => self.listed(platform, terms.contract_id).await?.filter(Contract::is_enabled),
            _ => None,
        };
        let now = self.clock.now();
        self.change(platform, em_id, |signing, company| {
            if matches!(decision, Decision::Approve(_)) {
                let contract = contract.as_ref().ok_or_else(|| missing("contract_id"))?;
                if contract.company_id != company {
                    return Err(Error::conflict(Fault::new("contract_id", "is of another company")));
                }
            }
            decision.apply(signing, now, by)
        })
        .await
    }

    /// Moves the verification of an identity on, as far as it may.
    pub async fn set_verified(
        &self,
        platform: &PlatformCode,
        em_id: u64,
        to: Verified,
        by: &Text<1, 64>,
    ) -> Result<Application> {
        let now = self.clock.now();
        self.change(platform, em_id, |signing, _| {
            if signing.verify_status != to && !signing.verify_status.may_become(to) {
                let reason = format!("cannot become {} from {}", u8::from(to), u8::from(signing.verify_status));
                return Err(Error::conflict(Fault::new("verify_status", reason)));
            }
            signing.verify(to, now, by);
            Ok(())
        })
        .await
    }

    /// `change` is told the company that the résumé names.
    async fn change(
        &self,
        platform: &PlatformCode,
        em_id: u64,
        change: impl Fn(&mut Signing, Number) -> Result<()>,
    ) -> Result<Application> {
        let key = self.key_of(platform, em_id).await?.ok_or_else(|| missing("em_id"))?;
        let changed = self.store.change(&self.tables.signing, key.clone(), |item| {
            let mut signing: Signing = serde_dynamo::from_item(item.clone()).map_err(Error::internal)?;
            let company =
                Number::new(read_integer(item, "company_id")?).ok_or_else(|| Error::internal("a company without id"))?;
            change(&mut signing, company)?;
            // The résumé and the keys stay as they are, sealed.
            let mut next = item.clone();
            next.extend(serde_dynamo::to_item::<_, Item>(&signing).map_err(Error::internal)?);
            next.insert("ix1".into(), text(state_partition(platform, signing.state)));
            Ok(next)
        });
        read(&self.keyring, changed.await?.ok_or_else(|| missing("em_id"))?)
    }

    async fn key_of(&self, platform: &PlatformCode, em_id: u64) -> Result<Option<Key>> {
        let Some(item) = self.store.get(&self.tables.signing, em_id_key(platform, em_id)).await? else { return Ok(None) };
        let worker = Worker { platform: platform.clone(), id: read_text(&item, "worker")? };
        Ok(Some(application_key(&worker)))
    }

    fn write(&self, worker: &Worker, application: &Application, version: u64) -> Result<Item> {
        let key = application_key(worker);
        let Application { resume, signing } = application;
        let mut item: Item = serde_dynamo::to_item(resume).map_err(Error::internal)?;
        item.extend(serde_dynamo::to_item::<_, Item>(signing).map_err(Error::internal)?);
        crate::storage::sealed::seal(&self.keyring, &key, &Resume::SEALED, &mut item)?;
        item.extend(key.into_item());
        item.insert(VERSION.into(), number(version));
        item.insert("ix1".into(), text(state_partition(&worker.platform, signing.state)));
        item.insert("ix2".into(), text(format!("{}#application", worker.platform)));
        item.insert("ixsk".into(), text(format!("{:016}", signing.em_id)));
        Ok(item)
    }
}

/// What stands under a key, if it is enabled.
fn enabled<T: Listed>(item: Option<Item>, field: &'static str) -> Result<T> {
    let listed: Option<T> = item.map(|item| serde_dynamo::from_item(item).map_err(Error::internal)).transpose()?;
    listed.filter(Listed::is_enabled).ok_or_else(|| Error::invalid([Fault::new(field, "does not exist")]))
}

fn read(keyring: &crate::crypto::keyring::Keyring, mut item: Item) -> Result<Application> {
    let key = Key::of(&item).ok_or_else(|| Error::internal("an application without a key"))?;
    crate::storage::sealed::open(keyring, &key, &Resume::SEALED, &mut item)?;
    Ok(Application {
        resume: serde_dynamo::from_item(item.clone()).map_err(Error::internal)?,
        signing: serde_dynamo::from_item(item).map_err(Error::internal)?,
    })
}

pub(super) fn application_key(worker: &Worker) -> Key {
    Key::new(format!("{}#worker#{}", worker.platform, worker.id), "application")
}

fn em_id_key(platform: &PlatformCode, em_id: u64) -> Key {
    Key::new(format!("{platform}#em_id"), em_id.to_string())
}

fn state_partition(platform: &PlatformCode, state: State) -> String {
    format!("{platform}#application#{}", u8::from(state))
}
