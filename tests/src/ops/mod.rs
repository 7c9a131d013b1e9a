//! Administration (`ops-admin`) and scheduled work, by family.

mod admin;
mod cleanup;
mod hris;
mod hris_credentials;
mod hris_import;
mod jobboard;
mod keys;
pub mod rotation;
mod signing;
