//! The four API documents of `docs/contract/`, parsed.

pub mod channel;
pub mod hris;
pub mod jobboard;
pub mod signing;
