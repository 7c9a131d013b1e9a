//! The one error of the domain.
//!
//! Which constructor to use where:
//! - the caller sent something wrong: [`Error::invalid`], one [`Fault`] per offending field;
//! - what it names is not there, or belongs to another tenant: [`Error::not_found`];
//! - it contradicts what is stored: [`Error::conflict`];
//! - who it is: [`Error::unauthenticated`] (credentials), [`Error::token_rejected`] (token), [`Error::forbidden`];
//! - it asks too often: [`Error::too_many_requests`];
//! - anything that is our fault: [`Error::internal`], with the cause as its private context.
//!
//! The faults are for the caller, the context is for the log: an answer is made from the former alone.

use std::borrow::Cow;
use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Correct the named fields.
    Invalid,
    /// Name something that exists.
    NotFound,
    /// Look at what is stored, then decide.
    Conflict,
    /// Present (other) credentials.
    Unauthenticated,
    /// Get a new token.
    TokenRejected,
    /// Ask an administrator.
    Forbidden,
    /// Try again after so many seconds.
    TooManyRequests { retry_after: i64 },
    /// Try again later: the fault is ours.
    Internal,
}

/// One offending field: its JSON path and what is wrong with it, never its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub field: String,
    pub reason: Cow<'static, str>,
}

impl Fault {
    pub fn new(field: impl Into<String>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

#[derive(Debug)]
pub struct Error {
    kind: Kind,
    faults: Vec<Fault>,
    context: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub fn invalid(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self::new(Kind::Invalid, faults)
    }

    pub fn not_found(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self::new(Kind::NotFound, faults)
    }

    pub fn conflict(fault: Fault) -> Self {
        Self::new(Kind::Conflict, [fault])
    }

    pub fn unauthenticated() -> Self {
        Self::new(Kind::Unauthenticated, [])
    }

    pub fn token_rejected() -> Self {
        Self::new(Kind::TokenRejected, [])
    }

    pub fn forbidden() -> Self {
        Self::new(Kind::Forbidden, [])
    }

    /// `retry_after` in seconds.
    pub fn too_many_requests(retry_after: i64) -> Self {
        Self::new(Kind::TooManyRequests { retry_after }, [])
    }

    pub fn internal(context: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { context: Some(context.into()), ..Self::new(Kind::Internal, []) }
    }

    /// Our fault, with what another system says of it: the error and its causes in their own words. Their `Debug` would show what was
    /// answered, down to items and secrets.
    pub fn caused_by(error: impl std::error::Error) -> Self {
        let mut words = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            words = format!("{words}: {error}");
            cause = error.source();
        }
        Self::internal(words)
    }

    /// With a reason that may be told.
    pub fn because(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    fn new(kind: Kind, faults: impl IntoIterator<Item = Fault>) -> Self {
        Self { kind, faults: faults.into_iter().collect(), context: None }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What may be told to the caller.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

/// For the log: it includes the private context.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)?;
        for Fault { field, reason } in &self.faults {
            write!(f, "; {field}: {reason}")?;
        }
        match &self.context {
            Some(context) => write!(f, "; {context}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
