//! All that the family knows of HTTP: who calls and from where on the way in, the envelope on the way out.
//!
//! ```text
//! X-platform-code: gongqiao          which platform; without it, the default one
//! X-auth-token: <session_token>      found here, looked up in `shared`
//! {"status":0,"msg":"","data":..}    every answer; a failure has the HTTP status in it, and a message fit for a worker
//! ```

mod answer;
mod fields;
mod request;
mod words;

pub use answer::{Failure, Problem, Reply, Success, with_error_code};
pub use fields::Fields;
pub use request::{Caller, CaptchaId, Platform, Segment, origin};
