//! Administration (`ops-admin`) and scheduled work, by family.

pub mod admin;
mod audit;
mod audit_copies;
mod channel_records;
mod cleanup;
mod erasure;
pub mod everywhere;
mod hris;
mod hris_credentials;
mod hris_import;
mod hris_import_records;
mod hris_organization;
mod hris_records;
mod jobboard;
mod keys;
mod outbox;
pub mod persons;
mod retention;
pub mod rotation;
mod sign_ins;
pub mod signing;
mod signing_decisions;
mod signing_reads;
mod sorting;
pub mod text_messages;
mod upgrade;
