//! The job board's API, path by path.

mod account;
mod authorization;
mod automatic_refunds;
mod close;
mod closing;
mod collections;
mod contacts;
mod empty;
mod image;
mod jobs;
mod logout;
mod notify;
mod once;
mod orders;
mod phone;
mod refund_order;
mod refunds;
mod review;
mod sealed;
mod search;
mod search_live;
mod search_model;
mod story;
mod token;
mod two_processes;
mod vouchers;
