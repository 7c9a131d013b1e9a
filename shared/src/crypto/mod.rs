//! Random bytes, keys, and the credentials of callers.

pub mod access_token;
pub mod credentials;
pub mod keyring;
pub mod random;
