//! The HTTP side of the family: extractors for requests, envelopes for responses.
//!
//! ```text
//! Authorization: Bearer <access token>      `shared` verifies the token
//! {"code":0,"message":"success","data":{}}  every response, see `Reply` and `Failure`
//! ```

mod answer;
mod auth;
mod body;
mod codes;

pub use answer::{Failure, Problem, Reply, Success};
pub use auth::Caller;
pub use body::{Id, Json, JsonOrForm, Patch, path_segment, query};
pub use codes::{ERROR_CODES, error_body};
