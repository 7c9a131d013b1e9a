//! The HTTP side of the family: extractors for requests, envelopes for responses.
//!
//! ```text
//! X-platform-code: gongqiao          the platform; without it, the default one
//! X-auth-token: <session_token>      the extractor finds the token; `shared` looks up its session
//! {"status":0,"msg":"","data":..}    every response; a failure contains the HTTP status and a message for the worker
//! ```

mod answer;
mod auth;
mod body;
mod codes;
mod form;
mod words;

pub use answer::{Coded, Failure, Problem, Reply, Success, with_error_code};
pub use auth::{Caller, CaptchaId, Platform, RequestOrigin, SessionToken, Viewer};
pub use body::Fields;
pub use codes::{ERROR_CODES, error_body};
pub use lambda::path::Segment;
