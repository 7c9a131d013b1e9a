//! Administration (`ops-admin`) and scheduled work, by family.

pub mod admin;
mod cleanup;
mod hris;
mod hris_import;
mod jobboard;
mod outbox;
mod signing;
