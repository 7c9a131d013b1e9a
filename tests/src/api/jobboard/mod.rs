//! The job board's API, path by path.

mod account;
mod authorization;
mod collections;
mod contacts;
mod image;
mod jobs;
mod notify;
mod once;
mod orders;
mod search;
mod story;
mod vouchers;
