//! The process that serves requests or runs a sweep: its environment and clock, its log and metrics, and its caches.

pub mod cache;
pub mod call_counter;
pub mod clock;
pub mod environment;
pub mod ids;
pub mod log;
pub mod metrics;
pub mod outbox;
pub mod sweep;
