//! The attempts to send an event, as they are kept with it.

use serde::{Deserialize, Serialize};

use crate::outbound::receivers::{Answer, Answered, NoAnswer};
use crate::values::Moment;

/// How many attempts of an event are kept: then the oldest goes. Three days have fifteen.
const KEPT: usize = 30;

/// An attempt to send an event.
#[derive(Clone, Serialize, Deserialize)]
pub struct Attempt {
    pub at: Moment,
    pub milliseconds: u64,
    /// The status of the response; none if there was no response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was no response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<NoAnswer>,
    /// The first 1 KB of the response. It may name persons.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

impl Attempt {
    pub(super) fn of(answer: &Answer, at: Moment) -> Self {
        let (status, failure, body) = match &answer.result {
            Ok(Answered { status, body, .. }) => (Some(*status), None, body.clone()),
            Err(failure) => (None, Some(*failure), String::new()),
        };
        Self { at, milliseconds: answer.milliseconds, status, failure, body }
    }
}

/// Adds an attempt.
pub(super) fn add(attempts: &mut Vec<Attempt>, attempt: Attempt) {
    if attempts.len() >= KEPT {
        attempts.remove(0);
    }
    attempts.push(attempt);
}
