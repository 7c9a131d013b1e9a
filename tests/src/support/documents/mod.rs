//! The documents, copied from the contract.

pub mod channel;
pub mod hris;
pub mod jobboard;
pub mod signing;
