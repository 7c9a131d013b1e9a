//! Randomness, keys, and the credentials by which callers prove who they are.

pub mod access_token;
pub mod credentials;
pub mod keyring;
pub mod random;
