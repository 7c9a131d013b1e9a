//! The console of staff (docs/design/staff.md).

mod failures;
mod pages;
mod requests;
mod reveal;
mod reveal_list;
mod reviewers;
mod roles;
mod sessions;
pub mod sheets;
mod sign_in;
mod staff;
mod workload;
