//! All that the family knows of HTTP: who calls on the way in, the envelope on the way out.
//!
//! ```text
//! Authorization: Bearer <token>            with or without the scheme, even quoted; found here, verified in `shared`
//! user_id: 298                             may be missing; when there it must be the token's user
//! Idempotency-Key: <any>                   on what creates or spends
//! {"code":0,"message":"ok","data":..}      a success; {"code":0,"message":"","data":null} where there is nothing to tell
//! {"code":404,"message":"Not Found","data":"job not found"}
//! ```

mod answer;
mod body;
mod caller;

pub use answer::{Ack, Done, Failure, Problem, Reply, Success};
pub use body::{Json, Retryable};
pub use caller::{Caller, Host, Viewer};
