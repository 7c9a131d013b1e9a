//! The job board's API, path by path.

mod notify;
mod once;
mod orders;
mod vouchers;
mod story;
