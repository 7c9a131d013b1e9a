//! What measurements, tests and fuzzers are made with.

pub mod callers;
pub mod jobs;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;
