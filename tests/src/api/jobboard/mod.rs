//! The job board's API, path by path.

mod account;
mod authorization;
mod collections;
mod contacts;
mod jobs;
mod notify;
mod once;
mod orders;
mod story;
mod vouchers;
