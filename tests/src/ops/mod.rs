//! Administration (`ops-admin`) and scheduled work, by family.

mod admin;
mod cleanup;
mod hris;
mod hris_import;
mod jobboard;
mod keys;
mod signing;
