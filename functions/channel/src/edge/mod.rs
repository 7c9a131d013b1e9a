//! All that the family knows of HTTP: extractors for requests, the envelope for responses.
//!
//! ```text
//! Authorization: Bearer <access token>      found here, verified in `shared`
//! {"code":0,"message":"success","data":{}}  every response, see `Reply` and `Failure`
//! ```

mod answer;
mod auth;
mod body;

pub use answer::{Failure, Problem, Reply, Success};
pub use auth::Caller;
pub use body::{Id, Json, JsonOrForm, Patch, path_segment, query};
