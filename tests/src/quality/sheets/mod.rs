//! Sheets of other programs, and what other programs read in the files that the system writes.

mod reading;
mod reasons;
mod written;

pub use written::compare;
