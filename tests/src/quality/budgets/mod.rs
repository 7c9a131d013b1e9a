//! The DynamoDB calls of every endpoint, counted on the wire and compared with `docs/budgets.md`.

mod channel;
mod commands;
mod events;
mod hris;
mod jobboard;
mod large;
pub mod meter;
mod signing;
mod staff;
