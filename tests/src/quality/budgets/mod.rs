//! The DynamoDB calls of every endpoint, counted at the wire, against `docs/budgets.md`.

mod channel;
mod hris;
mod jobboard;
pub mod meter;
mod signing;
