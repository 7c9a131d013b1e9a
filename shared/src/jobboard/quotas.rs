//! Quotas: how much a user may do in a day (docs/security.md, Quotas). A day begins at midnight in Shanghai.
//!
//! The transaction of a write counts it, so no concurrent request is missed. A rejected write is not counted.

use jiff::{SignedDuration, Timestamp};

use super::{Service, keys};
use crate::error::{Error, Fault};
use crate::storage::rate_limit::Window;
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Write};
use crate::values::Id;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const MEGABYTE: i64 = 1_000_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Posted jobs.
    Jobs,
    /// Free refreshes.
    Refreshes,
    /// Orders that are placed and not yet paid. A paid order counts no more.
    UnpaidOrders,
    /// Uploaded pictures, those of presigned forms included.
    Uploads,
    /// Their bytes, as announced.
    UploadBytes,
    Collections,
    Contacts,
    Reports,
}

impl Quota {
    const ALL: [Self; 8] = [
        Self::Jobs,
        Self::Refreshes,
        Self::UnpaidOrders,
        Self::Uploads,
        Self::UploadBytes,
        Self::Collections,
        Self::Contacts,
        Self::Reports,
    ];

    /// Its name in the setting, in the counter and in faults.
    const fn name(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Refreshes => "refreshes",
            Self::UnpaidOrders => "unpaid_orders",
            Self::Uploads => "uploads",
            Self::UploadBytes => "upload_megabytes",
            Self::Collections => "collections",
            Self::Contacts => "contacts",
            Self::Reports => "reports",
        }
    }

    /// How many are counted for one of the setting.
    const fn unit(self) -> i64 {
        match self {
            Self::UploadBytes => MEGABYTE,
            _ => 1,
        }
    }
}

/// The quotas of an installation.
pub struct Quotas([u32; Quota::ALL.len()]);

impl Quotas {
    /// Reads `jobs=30,refreshes=100,...`: each quota once.
    pub fn parse(text: &str) -> Option<Self> {
        let mut most = [None; Quota::ALL.len()];
        for part in text.split(',') {
            let (name, number) = part.split_once('=')?;
            let place = Quota::ALL.iter().position(|quota| quota.name() == name)?;
            let number = number.parse().ok().filter(|number| *number > 0);
            if most[place].replace(number?).is_some() {
                return None;
            }
        }
        let mut all = [0; Quota::ALL.len()];
        for (to, most) in all.iter_mut().zip(most) {
            *to = most?;
        }
        Some(Self(all))
    }

    fn most(&self, quota: Quota) -> i64 {
        i64::from(self.0[quota as usize])
    }

    /// How much of a quota may be used before a use of this amount.
    fn room(&self, (quota, amount): Use) -> i64 {
        self.most(quota) * quota.unit() - amount
    }
}

/// What a write uses of one quota.
pub(super) type Use = (Quota, i64);

impl Service {
    /// The part of a transaction that counts what it uses today, on the condition that all of it is left.
    pub(super) fn count_today(&self, user: Id, uses: &[Use], now: Timestamp) -> Write {
        let room = uses.iter().map(|used| Condition::absent_or(used.0.name(), "<=", number(self.settings.quotas.room(*used))));
        self.add_to_day(user, uses, now, room.reduce(Condition::and))
    }

    /// The part of a transaction that no longer counts what was used on the day of `then`.
    pub(super) fn uncount(&self, user: Id, uses: &[Use], then: Timestamp) -> Write {
        let back: Vec<Use> = uses.iter().map(|(quota, amount)| (*quota, -amount)).collect();
        self.add_to_day(user, &back, then, None)
    }

    fn add_to_day(&self, user: Id, uses: &[Use], at: Timestamp, condition: Option<Condition>) -> Write {
        let day = Window::at(at, DAY);
        Write::Add {
            table: self.tables.credentials.clone(),
            key: keys::used(user, day.number),
            amounts: uses.iter().map(|(quota, amount)| (quota.name(), *amount)).collect(),
            condition,
            // What was used before midnight may be uncounted after it.
            expires_at: Some(Timestamp::from_second(day.ends_at).unwrap_or(at) + DAY),
        }
    }

    /// The error of a write whose quota is used up. `stored` is the counter that rejected it.
    pub(super) fn used_up(&self, uses: &[Use], stored: Option<&Item>, now: Timestamp) -> Error {
        let wait = Window::at(now, DAY).ends_at - now.as_second();
        let full = uses.iter().find(|used| {
            let before: i64 = stored.and_then(|stored| read_integer(stored, used.0.name()).ok()).unwrap_or_default();
            before > self.settings.quotas.room(**used)
        });
        let fault = full.or(uses.first()).map(|(quota, _)| {
            let most = self.settings.quotas.most(*quota);
            let reason = match quota {
                Quota::UploadBytes => format!("at most {most} MB a day"),
                _ => format!("at most {most} a day"),
            };
            Fault::new(quota.name(), reason)
        });
        let error = Error::too_many_requests(wait);
        fault.into_iter().fold(error, Error::with_fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str =
        "jobs=30,refreshes=100,unpaid_orders=20,uploads=60,upload_megabytes=300,collections=200,contacts=100,reports=20";

    #[test]
    fn each_quota_is_set_once() {
        let quotas = Quotas::parse(ALL).unwrap();
        assert_eq!((quotas.most(Quota::Jobs), quotas.most(Quota::Contacts)), (30, 100));
        for wrong in ["", "jobs=30", &format!("{ALL},jobs=1"), &ALL.replace("jobs=30", "jobs=0"), &ALL.replace("jobs", "job")] {
            assert!(Quotas::parse(wrong).is_none(), "{wrong}");
        }
    }
}
