//! Applications: what a worker submits to a company, and the progress of the signing (docs/contract/signing.txt, 2.2.2 签约信息).
//!
//! Only the worker's own moves have an endpoint; `ops-admin` makes all others. Each move is recorded.

use std::time::Duration;

use jiff::Timestamp;

use super::Service;
use super::changes::Changes;
use super::directory::{Company, Handler, Listed};
use super::item::{application_from_item, application_item, em_id_item, em_id_of, next_application_item};
use super::keys::{application_key, em_id_key, listed_key, worker_key};
use super::resume::Resume;
use super::states::{Application, Move, Origin, Signing, State, Submission, Verified, by_worker, resubmit};
use super::values::{Number, PlatformCode, Worker};
use crate::error::{Error, Fault, Result};
use crate::storage::audit::Object;
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Key, Outcome, VERSION, Write, retry_conflicts};
use crate::values::{Id, LocalTime, Secret, Text};

/// How long the link to a photo is valid that staff are shown.
pub const SHOWN_FOR: Duration = Duration::from_secs(60);

/// Which applications exist for a reader.
#[derive(Clone, Copy, Debug)]
pub enum Reach<'a> {
    Everything,
    /// Those of these companies.
    Companies(&'a [Number]),
}

impl Reach<'_> {
    pub fn covers(self, company: Number) -> bool {
        match self {
            Self::Everything => true,
            Self::Companies(companies) => companies.contains(&company),
        }
    }
}

/// An application with links to those photos that the worker uploaded.
pub struct Shown {
    pub application: Application,
    /// Whether the reader decides on it, and sees it whole.
    pub is_decided: bool,
    pub id_card_front: Option<String>,
    pub id_card_back: Option<String>,
}

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
        let hr_company = self.company_of(&worker.platform).await?;
        retry_conflicts(|| async {
            let keys = vec![worker_key(worker), application_key(worker), company_key.clone(), handler_key.clone()];
            let mut found = self.store.get_all(table, keys).await?.into_iter().peekable();
            let stored = found.next_if(|item| Key::of(item) == Some(worker_key(worker)));
            let current = found.next_if(|item| Key::of(item) == Some(application_key(worker)));
            let company = found.next_if(|item| Key::of(item).as_ref() == Some(&company_key));
            let company: Company = self.require_enabled(company, "company_id")?;
            self.require_enabled::<Handler>(found.next(), "ad_user_id")?;
            let company_name = &company.company_name;
            let (signing, moves) = match &current {
                None if submission == Submission::Changed => return Err(Error::missing("employee")),
                None => {
                    // A worker has no record if it was lost in a restore.
                    let em_id = stored.as_ref().map(em_id_of).transpose()?.flatten();
                    let em_id = em_id.map_or_else(|| self.ids.next(now).map(Id::as_u64), Ok)?;
                    (new_signing(em_id, company_name, origin.clone(), now)?, 0)
                }
                Some(item) => {
                    let before = application_from_item(&self.keyring, item.clone())?;
                    let moves = before.signing.moves.len();
                    (resubmit(before, &resume, company_name, origin.clone(), now, submission)?, moves)
                }
            };
            let em_id = signing.em_id;
            let notice = self.notice(hr_company.as_ref(), &worker.platform, &signing, moves)?;
            let application = Application { resume: resume.clone(), signing, version: 1 };
            let (item, condition) = match &current {
                None => (application_item(&self.keyring, worker, &application)?, Condition::absent()),
                Some(before) => {
                    let version: u64 = read_integer(before, VERSION)?;
                    let next = next_application_item(&self.keyring, worker, before, application, None)?;
                    (next, Condition::equals(VERSION, number(version)))
                }
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
            writes.extend(notice);
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

    /// The application with this number, as staff see it. An application that is not within reach does not exist; only one that the reader decides
    /// on has links to its photos.
    ///
    /// DynamoDB: two reads. S3: with links, one look-up for each photo of the worker's.
    pub async fn show_application(
        &self,
        platform: &PlatformCode,
        em_id: u64,
        reach: Reach<'_>,
        decides: Option<Reach<'_>>,
    ) -> Result<Shown> {
        let missing = || Error::missing("em_id");
        let worker = self.find_worker(platform, em_id).await?.ok_or_else(missing)?;
        let application = self.application(&worker).await?.filter(|found| reach.covers(found.resume.company_id));
        let application = application.ok_or_else(missing)?;
        let Resume { id_card_front, id_card_back, .. } = &application.resume;
        let is_decided = decides.is_some_and(|decides| decides.covers(application.resume.company_id));
        let (front, back) = if is_decided {
            tokio::try_join!(self.photo(&worker, id_card_front.as_str()), self.photo(&worker, id_card_back.as_str()))?
        } else {
            (None, None)
        };
        Ok(Shown { application, is_decided, id_card_front: front, id_card_back: back })
    }

    /// A link to a photo if its address leads to one of the worker's own images.
    async fn photo(&self, worker: &Worker, address: &str) -> Result<Option<String>> {
        match self.image_at(worker, address).await? {
            Some(key) => Ok(Some(self.objects.presign_get(&key, SHOWN_FOR).await?.url)),
            None => Ok(None),
        }
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
        changes: Changes::default(),
    })
}
