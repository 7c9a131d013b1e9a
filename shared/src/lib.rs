//! The domain of Gongqiao: what the four API families do, without a word of how they are spoken to.
//!
//! Each family is one module with one `Service`; families never import each other. What several need stands beside them.

pub mod access_token;
pub mod cache;
pub mod calls;
pub mod channel;
pub mod clock;
pub mod environment;
pub mod error;
pub mod hex;
pub mod hris;
pub mod ids;
pub mod input;
pub mod jobboard;
pub mod keyring;
pub mod limits;
pub mod list;
pub mod log;
pub mod metrics;
pub mod objects;
pub mod page;
pub mod pictures;
pub mod sealed;
pub mod secrets;
pub mod signing;
pub mod sms;
pub mod store;
pub mod sweep;
pub mod values;
pub mod wechat;
