//! The states of a signing and the moves between them (docs/contract/signing.txt, 2.2.2 签约信息).
//!
//! ```text
//! 1 签约申请 -> 2 待签约 -> 3 已签约
//! 1, 2 -> 4 已驳回 (with a reason) -> 1 when the worker submits again
//! 1, 2 -> 5 已取消 -> 1 when the worker submits again
//! ```

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::changes::{Changes, STATE, VERIFY_STATUS};
use super::resume::Resume;
use super::values::Number;
use crate::error::{Error, Fault, Result};
use crate::values::normal::is_same_text;
use crate::values::{Date, Moment, Money, Text, numbered};

numbered! {
    /// 签约状态.
    State {
        Applied = 1,
        Approved = 2,
        Signed = 3,
        Rejected = 4,
        Cancelled = 5,
    }
}

/// What the headers of a request say about its origin.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_key: Option<Text<1, 255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Text<1, 64>>,
    /// Longitude and latitude, in degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<(f64, f64)>,
}

/// The signing of a résumé.
#[derive(Clone, Serialize, Deserialize)]
pub struct Signing {
    pub em_id: u64,
    pub state: State,
    /// Why the company rejected it; empty otherwise.
    pub reason: Text<0, 256>,
    pub company_name: Text<1, 64>,
    pub apply_time: Moment,
    pub verify_status: Verified,
    pub origin: Origin,
    /// None until the company approves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    pub moves: Vec<Move>,
    pub verifications: Vec<Verification>,
    /// When the clean-up erased the résumé.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    pub changes: Changes,
}

numbered! {
    /// 实名认证状态.
    Verified {
        Waiting = 0,
        Underway = 1,
        Passed = 2,
        Failed = 3,
    }
}

impl Verified {
    /// Passed is final: only a changed identity sets the verification back to waiting.
    pub(super) fn may_become(self, next: Self) -> bool {
        match self {
            Self::Waiting => next != Self::Waiting,
            Self::Underway => matches!(next, Self::Passed | Self::Failed),
            Self::Failed => matches!(next, Self::Underway | Self::Passed),
            Self::Passed => false,
        }
    }
}

/// What a company and a worker agree on.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    pub contract_id: Number,
    pub entry_date: Date,
    /// Per month.
    pub salary: Money,
    /// May differ from the position in the résumé.
    pub work_pos: Text<1, 64>,
}

/// One change of the verification.
#[derive(Clone, Serialize, Deserialize)]
pub struct Verification {
    pub from: Verified,
    pub to: Verified,
    pub at: Moment,
    /// An administrator, or `worker`.
    pub by: Text<1, 64>,
}

impl Signing {
    /// Changes the verification and records the change.
    pub(super) fn verify(&mut self, to: Verified, now: Timestamp, by: &Text<1, 64>) {
        if self.verify_status != to {
            self.verifications.push(Verification { from: self.verify_status, to, at: now.into(), by: by.clone() });
            self.verify_status = to;
        }
    }
}

/// One change of state.
#[derive(Clone, Serialize, Deserialize)]
pub struct Move {
    pub from: Option<State>,
    pub to: State,
    pub at: Moment,
    /// An administrator, or `worker`.
    pub by: Text<1, 64>,
}

pub struct Application {
    pub resume: Resume,
    pub signing: Signing,
    /// Counts the changes of both.
    pub version: u64,
}

/// A move of an application by an administrator.
pub enum Decision {
    /// 1 -> 2.
    Approve(Terms),
    /// 2 -> 3.
    Sign,
    /// 1, 2 -> 4.
    Reject { reason: Text<1, 256> },
    /// 1, 2 -> 5.
    Cancel,
}

/// How a worker submits a résumé.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Submission {
    /// POST: the worker has no application, or the last one was rejected or cancelled.
    New,
    /// PUT: the application exists and may still change.
    Changed,
}

impl Decision {
    /// The states from which it leads, and the one to which.
    fn way(&self) -> (&'static [State], State) {
        match self {
            Self::Approve(_) => (&[State::Applied], State::Approved),
            Self::Sign => (&[State::Approved], State::Signed),
            Self::Reject { .. } => (&[State::Applied, State::Approved], State::Rejected),
            Self::Cancel => (&[State::Applied, State::Approved], State::Cancelled),
        }
    }

    /// A conflict if the state does not allow it. It names who made the last move.
    pub(super) fn check(&self, signing: &Signing) -> Result<()> {
        let (from, to) = self.way();
        if from.contains(&signing.state) {
            return Ok(());
        }
        let (to, from) = (u8::from(to), u8::from(signing.state));
        Err(Error::conflict(Fault::new("status", format!("cannot become {to} from {from}: it {}", last_move(signing)))))
    }

    /// Whether the last move is this one, by the same person.
    pub(super) fn is_made(&self, signing: &Signing, by: &Text<1, 64>) -> bool {
        let is_same = match self {
            Self::Approve(terms) => signing.terms.as_ref() == Some(terms),
            Self::Reject { reason } => signing.reason.as_str() == reason.as_str(),
            Self::Sign | Self::Cancel => true,
        };
        is_same && signing.moves.last().is_some_and(|last| last.to == self.way().1 && last.by == *by)
    }

    /// Moves the signing and records the move, if the state allows it.
    pub(super) fn apply(&self, signing: &mut Signing, now: Timestamp, by: &Text<1, 64>) -> Result<()> {
        self.check(signing)?;
        let (_, to) = self.way();
        match self {
            Self::Approve(terms) => signing.terms = Some(terms.clone()),
            Self::Reject { reason } => signing.reason = Text::parse(reason.as_str()).map_err(Error::internal)?,
            Self::Sign | Self::Cancel => {}
        }
        signing.moves.push(Move { from: Some(signing.state), to, at: now.into(), by: by.clone() });
        signing.state = to;
        Ok(())
    }
}

/// The signing of an application that the worker submits again. A changed identity must be verified again. Terms agreed before a rejection
/// or a cancellation no longer hold.
pub(super) fn resubmit(
    Application { resume: before, mut signing, .. }: Application,
    resume: &Resume,
    company_name: &Text<1, 64>,
    origin: Origin,
    now: Timestamp,
    submission: Submission,
) -> Result<Signing> {
    let closed = match submission {
        Submission::New => matches!(signing.state, State::Applied | State::Approved | State::Signed),
        Submission::Changed => matches!(signing.state, State::Approved | State::Signed),
    };
    if closed {
        let reason = if submission == Submission::New { "exists already" } else { "can no longer be changed" };
        return Err(Error::conflict(Fault::new("employee", reason)));
    }
    if signing.state != State::Applied {
        signing.moves.push(Move { from: Some(signing.state), to: State::Applied, at: now.into(), by: by_worker()? });
        signing.state = State::Applied;
        signing.apply_time = now.into();
        signing.terms = None;
    }
    if before.id_number != resume.id_number || !is_same_text(before.real_name.as_str(), resume.real_name.as_str()) {
        signing.verify(Verified::Waiting, now, &by_worker()?);
    }
    signing.erased_at = None;
    signing.reason = Text::default();
    signing.company_name = company_name.clone();
    signing.origin = origin;
    Ok(signing)
}

/// The author of a worker's own moves.
pub(super) fn by_worker() -> Result<Text<1, 64>> {
    Text::parse("worker").map_err(Error::internal)
}

/// A conflict unless the stored version is the one that was seen. It names what has changed since, and who has decided.
pub(super) fn check_seen(signing: &Signing, stored: u64, seen: u64) -> Result<()> {
    if stored == seen {
        return Ok(());
    }
    let since = signing.changes.since(seen);
    let reason = if since.is_empty() {
        format!("is {stored} now, and no field has changed since")
    } else {
        format!("is {stored} now; changed since: {}", since.join(", "))
    };
    let mut conflict = Error::conflict(Fault::new("version", reason));
    let is_later = |field: &str| signing.changes.changed_in(field).is_some_and(|version| version > seen);
    if is_later(STATE) {
        conflict = conflict.with_fault(Fault::new("status", last_move(signing)));
    }
    if is_later(VERIFY_STATUS) {
        conflict = conflict.with_fault(Fault::new(VERIFY_STATUS, last_verification(signing)));
    }
    Err(conflict)
}

/// `became 2 at 2024-01-15T10:30:00Z by zhangsan`
pub(super) fn last_move(signing: &Signing) -> String {
    signing
        .moves
        .last()
        .map_or_else(String::new, |last| format!("became {} at {} by {}", u8::from(last.to), last.at, last.by.as_str()))
}

pub(super) fn last_verification(signing: &Signing) -> String {
    let last = signing.verifications.last();
    last.map_or_else(String::new, |last| format!("became {} at {} by {}", u8::from(last.to), last.at, last.by.as_str()))
}
