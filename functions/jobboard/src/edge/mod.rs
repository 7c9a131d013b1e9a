//! The HTTP side of the family: extractors for requests, envelopes for responses.
//!
//! ```text
//! Authorization: Bearer <token>            the scheme and quotes are optional; `shared` verifies the token
//! user_id: 298                             optional; must be the token's user
//! Idempotency-Key: <any>                   optional, on operations that create or spend
//! {"code":0,"message":"ok","data":..}      a success; {"code":0,"message":"","data":null} without data
//! {"code":404,"message":"Not Found","data":"job not found"}
//! ```

mod answer;
mod auth;
mod body;
mod codes;
mod words;

pub use answer::{Ack, Done, Failure, Problem, Reply, Success};
pub use auth::{Caller, Host, LoggedIn, Viewer};
pub use body::{IdempotencyKey, Json, ListFields, Retryable};
pub use codes::{ERROR_CODES, error_body};
