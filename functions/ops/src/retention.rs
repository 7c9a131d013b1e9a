//! The retention of personal data: what the scheduled clean-up erases when its period is over (docs/privacy.md, How the clean-up erases).
//! Each period is a setting of the installation, in days.
//!
//! Records are marked with the time from which the period counts, so a changed setting applies to all of them at once.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use shared::error::{Error, Result};
use shared::runtime::environment::Environment;
use shared::runtime::sweep::{Swept, Time};
use shared::{hris, jobboard, signing};

/// The longest period, in days: a hundred years.
const MAX_DAYS: u32 = 36_500;

/// How long data is kept after the event from which its period counts.
struct Periods {
    /// `RETAIN_VISITS_DAYS`
    visits: SignedDuration,
    /// `RETAIN_DISMISSED_DAYS`
    dismissed: SignedDuration,
    /// `RETAIN_PICTURES_DAYS`
    pictures: SignedDuration,
    /// `RETAIN_RESUMES_DAYS`
    resumes: SignedDuration,
    /// `RETAIN_CLOSED_DAYS`
    closed: SignedDuration,
}

impl Periods {
    fn read(environment: &Environment) -> Result<Self> {
        let days = |name: &str| -> Result<SignedDuration> {
            let days = environment.required(name)?.parse().ok().filter(|days: &u32| *days <= MAX_DAYS);
            let days = days.ok_or_else(|| Error::internal(format!("{name} must be a number of days, at most {MAX_DAYS}")))?;
            Ok(SignedDuration::from_hours(24 * i64::from(days)))
        };
        Ok(Self {
            visits: days("RETAIN_VISITS_DAYS")?,
            dismissed: days("RETAIN_DISMISSED_DAYS")?,
            pictures: days("RETAIN_PICTURES_DAYS")?,
            resumes: days("RETAIN_RESUMES_DAYS")?,
            closed: days("RETAIN_CLOSED_DAYS")?,
        })
    }
}

/// The sweeps that erase.
pub struct Retention {
    hris: hris::Service,
    signing: signing::Service,
    jobboard: Arc<jobboard::Service>,
    periods: Periods,
}

impl Retention {
    pub async fn connect(environment: &Environment, jobboard: Arc<jobboard::Service>) -> Result<Self> {
        let periods = Periods::read(environment)?;
        let (hris, signing) = tokio::try_join!(hris::Service::connect(environment), signing::Service::connect(environment))?;
        Ok(Self { hris, signing, jobboard, periods })
    }

    /// Erases what is past its time, and returns the result of each sweep by its name.
    pub async fn sweep(&self, now: Timestamp, time: &Time) -> [(&'static str, Swept); 6] {
        let Self { hris, signing, jobboard, periods } = self;
        tokio::join!(hris.keys().refresh(), signing.keys().refresh());
        [
            ("visits", hris.sweep_visits(time, now - periods.visits).await),
            ("dismissed", hris.sweep_dismissed(time, now - periods.dismissed).await),
            ("pictures", jobboard.sweep_pictures(time, now - periods.pictures).await),
            ("resumes", signing.sweep_resumes(time, now - periods.resumes).await),
            ("closed_users", jobboard.sweep_closed(time, now - periods.closed).await),
            ("closed_workers", signing.sweep_closed(time, now - periods.closed).await),
        ]
    }
}
