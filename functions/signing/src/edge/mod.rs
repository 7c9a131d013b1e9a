//! All that the family knows of HTTP: extractors for requests, the envelope for responses.
//!
//! ```text
//! X-platform-code: gongqiao          the platform; if absent, the default one
//! X-auth-token: <session_token>      found here, looked up in `shared`
//! {"status":0,"msg":"","data":..}    every response; a failure carries the HTTP status and a message that a worker can read
//! ```

mod answer;
mod auth;
mod body;
mod words;

pub use answer::{Failure, Problem, Reply, Success, with_error_code};
pub use auth::{Caller, CaptchaId, Platform, origin};
pub use body::{Fields, Segment};
