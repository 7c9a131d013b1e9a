//! Applications: what a worker submits to a company, and the progress of the signing (docs/contract/signing.txt, 2.2.2 签约信息).
//!
//! Only the worker's own moves have an endpoint; `ops-admin` makes all others. Each move is recorded.

use jiff::Timestamp;

use super::Service;
use super::directory::{Company, Contract, Handler, Listed};
use super::item::{APPLICATION_SEALED, application_from_item, application_item, em_id_item, em_id_of};
use super::keys::{application_key, applications_partition, em_id_key, listed_key, state_partition, worker_key};
use super::resume::Resume;
use super::states::{Application, Decision, Move, Origin, Signing, State, Submission, Verified, by_worker, resubmit};
use super::values::{Number, PlatformCode, Worker};
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{Act, Change, Object, Stored};
use crate::storage::list::List;
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Key, Order, Outcome, Query, Range, VERSION, Write, retry_conflicts};
use crate::values::{Id, LocalTime, Secret, Text};

impl Service {
    /// Submits a résumé. Creates the worker's application, or returns the existing one to state 1.
    ///
    /// DynamoDB: one batch, one transaction; with a code from a text message, one read and one write more.
    pub async fn submit(
        &self,
        worker: &Worker,
        resume: Resume,
        verify_code: Option<Secret<&str>>,
        origin: Origin,
        submission: Submission,
    ) -> Result<()> {
        let now = self.clock.now();
        let resume = resume.completed(&LocalTime::from(now).date(), self.settings.strict_checksums)?;
        match (verify_code, &resume.phone) {
            (Some(code), Some(phone)) if !self.is_sent_code(&worker.platform, phone, code).await? => {
                return Err(Error::invalid([Fault::new("verify_code", "is wrong or too old")]));
            }
            (None, _) if self.settings.require_sms => return Err(Error::invalid([Fault::new("verify_code", "is required")])),
            _ => {}
        }
        self.keyring.record().await?;
        let table = &self.tables.signing;
        let company_key = listed_key(&worker.platform, Company::KIND, resume.company_id);
        let handler_key = listed_key(&worker.platform, Handler::KIND, resume.ad_user_id);
        retry_conflicts(|| async {
            let keys = vec![worker_key(worker), application_key(worker), company_key.clone(), handler_key.clone()];
            let mut found = self.store.get_all(table, keys).await?.into_iter().peekable();
            let stored = found.next_if(|item| Key::of(item) == Some(worker_key(worker)));
            let current = found.next_if(|item| Key::of(item) == Some(application_key(worker)));
            let company = found.next_if(|item| Key::of(item).as_ref() == Some(&company_key));
            let company: Company = self.require_enabled(company, "company_id")?;
            self.require_enabled::<Handler>(found.next(), "ad_user_id")?;
            let company_name = &company.company_name;
            let signing = match &current {
                None if submission == Submission::Changed => return Err(Error::missing("employee")),
                None => {
                    // A worker has no record if it was lost in a restore.
                    let em_id = stored.as_ref().map(em_id_of).transpose()?.flatten();
                    let em_id = em_id.map_or_else(|| self.ids.next(now).map(Id::as_u64), Ok)?;
                    new_signing(em_id, company_name, origin.clone(), now)?
                }
                Some(item) => {
                    let before = application_from_item(&self.keyring, item.clone())?;
                    resubmit(before, &resume, company_name, origin.clone(), now, submission)?
                }
            };
            let version: u64 = current.as_ref().map_or(Ok(0), |item| read_integer(item, VERSION))?;
            let em_id = signing.em_id;
            let application = Application { resume: resume.clone(), signing };
            let mut item = application_item(&self.keyring, worker, &application)?;
            item.insert(VERSION.into(), number(version + 1));
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
                // The first log-in has stored this item, unless the number is new. The condition keeps the number unique.
                let by_em_id = em_id_item(worker, em_id);
                let own = Condition::absent_or("worker", "=", text(worker.id.as_str()));
                writes.push(Write::Put { table: table.clone(), item: by_em_id, condition: own });
            }
            writes.push(Write::Put { table: table.clone(), item: item.clone(), condition });
            match self.store.transact(writes).await?.unless_stored(&item) {
                Outcome::Written => Ok(Some(())),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// The worker's application, if it exists.
    ///
    /// DynamoDB: one read.
    pub async fn application(&self, worker: &Worker) -> Result<Option<Application>> {
        let found = self.store.get(&self.tables.signing, application_key(worker)).await?;
        found.map(|item| application_from_item(&self.keyring, item)).transpose()
    }

    /// The applications of a platform, or only those in one state, newest first.
    pub async fn applications(
        &self,
        platform: &PlatformCode,
        state: Option<State>,
        page: PageRequest,
    ) -> Result<Page<Application>> {
        let (index, partition) = match state {
            Some(state) => ("ix1", state_partition(platform, state)),
            None => ("ix2", applications_partition(platform)),
        };
        let list = List {
            store: &self.store,
            keyring: &self.keyring,
            table: &self.tables.signing,
            scope: format!("{platform}/applications/{state:?}"),
            query: Query { index, partition, range: Range::All, order: Order::Descending, filter: None },
        };
        list.page(page, "cursor").await?.try_map(|item| application_from_item(&self.keyring, item))
    }

    /// The application with this number.
    ///
    /// DynamoDB: two reads.
    pub async fn find_application(&self, platform: &PlatformCode, em_id: u64) -> Result<Option<Application>> {
        match self.find_worker(platform, em_id).await? {
            Some(worker) => self.application(&worker).await,
            None => Ok(None),
        }
    }

    /// Makes an administrator's move, if the state allows it.
    pub async fn decide(&self, act: &Act, platform: &PlatformCode, em_id: u64, decision: &Decision) -> Result<Application> {
        let contract: Option<Contract> = match decision {
            Decision::Approve(terms) => self.find_listed(platform, terms.contract_id).await?.filter(Contract::is_enabled),
            _ => None,
        };
        let (now, by) = (self.clock.now(), act.by()?);
        let change = Change::of(object(platform, em_id));
        let change = match decision {
            Decision::Reject { reason } => change.because(reason.as_str()),
            Decision::Approve(_) | Decision::Sign | Decision::Cancel => change,
        };
        self.change_signing(act, change, platform, em_id, |signing, company| {
            if matches!(decision, Decision::Approve(_)) {
                let contract = contract.as_ref().ok_or_else(|| Error::missing("contract_id"))?;
                if contract.company_id != company {
                    return Err(Error::conflict(Fault::new("contract_id", "is of another company")));
                }
            }
            decision.apply(signing, now, &by)
        })
        .await
    }

    /// Changes the verification of the worker's identity, if its state allows it.
    pub async fn set_verified(&self, act: &Act, platform: &PlatformCode, em_id: u64, to: Verified) -> Result<Application> {
        let (now, by) = (self.clock.now(), act.by()?);
        self.change_signing(act, Change::of(object(platform, em_id)), platform, em_id, |signing, _| {
            if signing.verify_status != to && !signing.verify_status.may_become(to) {
                let reason = format!("cannot become {} from {}", u8::from(to), u8::from(signing.verify_status));
                return Err(Error::conflict(Fault::new("verify_status", reason)));
            }
            signing.verify(to, now, &by);
            Ok(())
        })
        .await
    }

    /// Changes the signing of an application. `change` also receives the id of the company that the résumé names.
    async fn change_signing(
        &self,
        act: &Act,
        recorded: Change,
        platform: &PlatformCode,
        em_id: u64,
        change: impl Fn(&mut Signing, Number) -> Result<()>,
    ) -> Result<Application> {
        self.keyring.record().await?;
        let worker = self.find_worker(platform, em_id).await?.ok_or_else(|| Error::missing("em_id"))?;
        let key = application_key(&worker);
        let stored = Stored { table: &self.tables.signing, key, sealed: Some((&self.keyring, &APPLICATION_SEALED)) };
        let changed = self.store.change_by(act, recorded, stored, |item| {
            let mut application = application_from_item(&self.keyring, item.clone())?;
            change(&mut application.signing, application.resume.company_id)?;
            application_item(&self.keyring, &worker, &application)
        });
        application_from_item(&self.keyring, changed.await?.ok_or_else(|| Error::missing("em_id"))?)
    }

    /// The worker with this number.
    pub(super) async fn find_worker(&self, platform: &PlatformCode, em_id: u64) -> Result<Option<Worker>> {
        let found = self.store.get(&self.tables.signing, em_id_key(platform, em_id)).await?;
        found.map(|item| Ok(Worker { platform: platform.clone(), id: read_text(&item, "worker")? })).transpose()
    }

    /// The company or handler that a résumé names. A fault of `field` if it does not exist or is disabled.
    fn require_enabled<T: Listed>(&self, item: Option<Item>, field: &'static str) -> Result<T> {
        let listed: Option<T> = item.map(|item| self.read_listed(item)).transpose()?;
        listed.filter(Listed::is_enabled).ok_or_else(|| Error::invalid([Fault::new(field, "does not exist")]))
    }
}

/// The application with this number, in audit records.
pub(super) fn object(platform: &PlatformCode, em_id: u64) -> Object {
    Object::new("signing", "application", &[platform.as_str(), &em_id.to_string()])
}

fn new_signing(em_id: u64, company_name: &Text<1, 64>, origin: Origin, now: Timestamp) -> Result<Signing> {
    Ok(Signing {
        em_id,
        state: State::Applied,
        reason: Text::default(),
        company_name: company_name.clone(),
        apply_time: now.into(),
        verify_status: Verified::Waiting,
        origin,
        terms: None,
        moves: vec![Move { from: None, to: State::Applied, at: now.into(), by: by_worker()? }],
        verifications: Vec::new(),
        erased_at: None,
    })
}
