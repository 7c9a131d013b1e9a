//! Clients of a running system, for the tests and the benchmarks. A call that fails ends them.
#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test or a benchmark ends when its client fails")]

mod address;
pub mod consent;
mod http;
pub mod page;
mod signature;

pub use address::Address;
pub use http::{Response, client, fetch, neighbours};
pub use signature::sign;
