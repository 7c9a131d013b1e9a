//! The domain of Gongqiao: what the four API families do. It knows neither HTTP nor Lambda.
//!
//! The modules are layers. A file imports from its own folder and from the layers above it in this list, and the families never
//! import each other; `tests/src/quality/imports.rs` holds both rules.
//!
//! ```text
//! error                                the one error type
//! values                               checked values, and how requests are read
//! crypto                               randomness, keys, callers' credentials
//! storage    outbound                  DynamoDB and S3; Secrets Manager, WeChat and text messages
//! runtime                              environment, clock, log, metrics, sweeps
//! channel    signing  jobboard  hris   the families, each with one `Service`
//! ```

pub mod error;

pub mod values;

pub mod crypto;

pub mod outbound;
pub mod storage;

pub mod runtime;

pub mod channel;
pub mod hris;
pub mod jobboard;
pub mod signing;
pub mod staff;
