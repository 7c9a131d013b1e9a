//! What staff decide about an application. Each decision is made on the version that was shown, and is recorded.

use super::Service;
use super::applications::{Reach, object};
use super::changes::{STATE, VERIFY_STATUS};
use super::directory::{Contract, Listed as _, Platform, Position};
use super::item::{APPLICATION_SEALED, application_from_item, next_application_item};
use super::keys::{application_key, listed_key, platform_key, positions_key};
use super::states::{Application, Decision, Terms, Verified, check_seen, last_verification};
use super::values::PlatformCode;
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{Act, Change, Stored};
use crate::values::Uuid;

/// An application as it was shown to who decides.
pub struct Seen<'a> {
    pub platform: &'a PlatformCode,
    pub em_id: u64,
    pub version: u64,
    /// Which applications exist for who decides.
    pub reach: Reach<'a>,
}

/// What a platform demands of an approval or a signature.
struct Demands {
    require_verified: bool,
    /// Empty if the platform has none: then any position will do.
    positions: Vec<Position>,
    contract: Option<Contract>,
    /// Whose products get the move.
    company: Option<Uuid>,
}

impl Service {
    /// Makes a move, if the state allows it and the platform's demands are met. The same decision by the same actor on the same version is a
    /// retry, and changes nothing.
    ///
    /// A conflict if another version is stored: it names what has changed since, and who has decided.
    ///
    /// DynamoDB: two reads, one transaction. Before these, one batch for an approval or a signature; for a rejection or a cancellation one read,
    /// unless the platform is cached.
    pub async fn decide(&self, act: &Act, seen: &Seen<'_>, decision: &Decision) -> Result<Application> {
        let demands = match decision {
            Decision::Approve(terms) => Some(self.demands(seen.platform, Some(terms)).await?),
            Decision::Sign => Some(self.demands(seen.platform, None).await?),
            Decision::Reject { .. } | Decision::Cancel => None,
        };
        let company = match &demands {
            Some(demands) => demands.company.clone(),
            None => self.company_of(seen.platform).await?,
        };
        let (now, by, actor) = (self.clock.now(), act.by()?, act.actor());
        let change = Change::of(object(seen.platform, seen.em_id));
        let change = match decision {
            Decision::Reject { reason } => change.because(reason.as_str()),
            Decision::Approve(_) | Decision::Sign | Decision::Cancel => change,
        };
        self.change_seen(act, change, seen, company.as_ref(), |application| {
            let Application { resume, signing, version } = application;
            if *version == seen.version + 1 && signing.changes.is_by(&actor, STATE, *version) && decision.is_made(signing, &by)
            {
                return Ok(());
            }
            check_seen(signing, *version, seen.version)?;
            decision.check(signing)?;
            if let Some(demands) = &demands {
                if let Decision::Approve(terms) = decision {
                    let contract = demands.contract.as_ref().ok_or_else(|| Error::missing("contract_id"))?;
                    if contract.company_id != resume.company_id {
                        return Err(Error::conflict(Fault::new("contract_id", "is of another company")));
                    }
                    demands.check_position(terms)?;
                }
                if demands.require_verified && signing.verify_status != Verified::Passed {
                    let reason =
                        format!("is {}: the platform demands a verified identity (2)", u8::from(signing.verify_status));
                    return Err(Error::conflict(Fault::new(VERIFY_STATUS, reason)));
                }
            }
            decision.apply(signing, now, &by)
        })
        .await
    }

    /// Changes the verification of the worker's identity, if its state allows it. A retry changes nothing, as above.
    ///
    /// DynamoDB: two reads, one transaction.
    pub async fn set_verified(&self, act: &Act, seen: &Seen<'_>, to: Verified) -> Result<Application> {
        let (now, by, actor) = (self.clock.now(), act.by()?, act.actor());
        self.change_seen(act, Change::of(object(seen.platform, seen.em_id)), seen, None, |application| {
            let Application { signing, version, .. } = application;
            let is_set = signing.verify_status == to;
            let is_own = is_set && signing.verifications.last().is_some_and(|last| last.by == by);
            if is_own && *version == seen.version + 1 && signing.changes.is_by(&actor, VERIFY_STATUS, *version) {
                return Ok(());
            }
            check_seen(signing, *version, seen.version)?;
            if is_set && !is_own && !signing.verifications.is_empty() {
                return Err(Error::conflict(Fault::new(VERIFY_STATUS, last_verification(signing))));
            }
            if !is_set && !signing.verify_status.may_become(to) {
                let reason = format!("cannot become {} from {}", u8::from(to), u8::from(signing.verify_status));
                return Err(Error::conflict(Fault::new(VERIFY_STATUS, reason)));
            }
            signing.verify(to, now, &by);
            Ok(())
        })
        .await
    }

    /// Changes the signing of an application that is within reach. The products of the company get a move.
    async fn change_seen(
        &self,
        act: &Act,
        recorded: Change,
        seen: &Seen<'_>,
        company: Option<&Uuid>,
        change: impl Fn(&mut Application) -> Result<()>,
    ) -> Result<Application> {
        self.keyring.record().await?;
        let missing = || Error::missing("em_id");
        let worker = self.find_worker(seen.platform, seen.em_id).await?.ok_or_else(missing)?;
        let key = application_key(&worker);
        let stored = Stored { table: &self.tables.signing, key, sealed: Some((&self.keyring, &APPLICATION_SEALED)) };
        let changed = self.store.change_with_by(act, recorded, stored, |item| {
            let mut application = application_from_item(&self.keyring, item.clone())?;
            if !seen.reach.covers(application.resume.company_id) {
                return Err(missing());
            }
            let moves = application.signing.moves.len();
            change(&mut application)?;
            let notice = self.notice(company, seen.platform, &application.signing, moves)?;
            let next = next_application_item(&self.keyring, &worker, item, application, Some(act.actor()))?;
            Ok((next, notice.into_iter().collect()))
        });
        application_from_item(&self.keyring, changed.await?.ok_or_else(missing)?)
    }

    async fn demands(&self, platform: &PlatformCode, terms: Option<&Terms>) -> Result<Demands> {
        let platform_key = platform_key(platform);
        let contract_key = terms.map(|terms| listed_key(platform, Contract::KIND, terms.contract_id));
        let positions_key = terms.map(|_| positions_key(platform));
        let keys = [Some(platform_key.clone()), contract_key.clone(), positions_key.clone()].into_iter().flatten().collect();
        let mut found = self.store.get_map(&self.tables.signing, keys).await?;
        let platform = found.remove(&platform_key).map(Platform::from_item).transpose()?;
        let contract = contract_key.and_then(|key| found.remove(&key)).map(|item| self.read_listed(item)).transpose()?;
        let positions = positions_key.and_then(|key| found.remove(&key)).map(Position::all_of).transpose()?;
        Ok(Demands {
            require_verified: platform.as_ref().is_none_or(|platform| platform.require_verified),
            company: platform.and_then(|platform| platform.company_uuid),
            positions: positions.unwrap_or_default(),
            contract: contract.filter(Contract::is_enabled),
        })
    }
}

impl Demands {
    fn check_position(&self, terms: &Terms) -> Result<()> {
        let is_offered = |position: &Position| position.is_enabled() && position.name == terms.work_pos;
        match self.positions.is_empty() || self.positions.iter().any(is_offered) {
            true => Ok(()),
            false => Err(Error::missing("work_pos")),
        }
    }
}
