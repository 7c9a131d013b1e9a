//! The error type of the domain.
//!
//! Which constructor to use where:
//! - a field of the request is invalid: [`Error::invalid`], one [`Fault`] per offending field;
//! - a record that the request names does not exist, or belongs to another tenant: [`Error::not_found`];
//! - the request conflicts with stored data: [`Error::conflict`];
//! - authentication or authorization fails: [`Error::unauthenticated`] (credentials), [`Error::token_rejected`] (token),
//!   [`Error::forbidden`];
//! - the caller exceeds a rate limit: [`Error::too_many_requests`];
//! - the server or a service that it calls fails: [`Error::internal`], with the cause as its private context.
//!
//! The faults are for the caller, the context is for the log: a response contains the faults only.

mod codes;
pub mod reasons;
mod table;

use std::borrow::Cow;
use std::fmt;

pub use codes::Code;
use reasons::explained;

/// The most fields of an error in the log, and the longest path.
const MOST_FIELDS: usize = 20;
const LONGEST_FIELD: usize = 64;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an error. Each variant says what the caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Correct the named fields.
    Invalid,
    /// Name a record that exists.
    NotFound,
    /// Read the stored record, then decide.
    Conflict,
    /// Send credentials, or other ones.
    Unauthenticated,
    /// Get a new token.
    TokenRejected,
    /// Ask an administrator.
    Forbidden,
    /// Retry after this number of seconds.
    TooManyRequests { retry_after: i64 },
    /// Retry later: the server failed.
    Internal,
}

/// One offending field: its JSON path and the reason. It never contains the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub field: String,
    pub reason: Cow<'static, str>,
}

impl Fault {
    pub fn new(field: impl Into<String>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    /// The code of the reason.
    pub fn code(&self) -> Code {
        explained(&self.reason).map_or(Code::Invalid, |explained| explained.code)
    }

    /// The reason in Chinese.
    pub fn text(&self) -> String {
        explained(&self.reason)
            .map_or_else(|| Code::Invalid.meaning().to_owned(), |explained| explained.text(|_, value| value.to_owned()))
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

    /// The record does not exist, or the caller must not learn of it. `field` names its id.
    pub fn missing(field: &'static str) -> Self {
        Self::not_found([Fault::new(field, "does not exist")])
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

    /// An internal error whose context is the `Display` text of `error` and its causes. The `Debug` text of an SDK error would log the
    /// response, which holds items and secrets.
    pub fn caused_by(error: impl std::error::Error) -> Self {
        let mut context = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            context = format!("{context}: {error}");
            cause = error.source();
        }
        Self::internal(context)
    }

    /// Adds a fault, which the caller sees.
    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    fn new(kind: Kind, faults: impl IntoIterator<Item = Fault>) -> Self {
        Self { kind, faults: faults.into_iter().collect(), context: None }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The part of the error that the caller may see.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The offending fields, for the log. An unknown field is left out: the caller chose its name, which may be personal data.
    pub fn fields(&self) -> Vec<String> {
        let is_ours =
            |fault: &&Fault| fault.code() != Code::UnknownField && fault.field.len() <= LONGEST_FIELD && fault.field.is_ascii();
        self.faults.iter().filter(is_ours).take(MOST_FIELDS).map(|fault| fault.field.clone()).collect()
    }
}

/// For the log only: the text includes the private context.
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
