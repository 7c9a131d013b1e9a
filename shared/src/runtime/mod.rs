//! The process that serves requests or runs a sweep: its environment and clock, its log and metrics, the callers of requests, and its caches.

pub mod cache;
pub mod call_counter;
pub mod caller;
pub mod clock;
pub mod environment;
pub mod family_keys;
pub mod ids;
pub mod log;
pub mod message_limits;
pub mod metrics;
pub mod outbox;
pub mod reseal;
pub mod sweep;
pub mod text_messages;
