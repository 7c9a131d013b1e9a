//! Everything that is HTTP: authentication and payloads of requests, documented bodies of responses.
//!
//! ```text
//! ?access_key=..&tonce=..&signature=..&payload={"token":".."}   signed: see `shared::hris::signature`, and `replay` for writes
//! x-zhiren-signature: ..                                        or the signature is in this header
//! ?access_token=..                                              or an employee consented: reads only
//! Authorization: Bearer ..                                      likewise
//! {"code":1101,"text":".."}                                     every failure; successes are bare
//! ```

mod answer;
mod auth;
mod body;
mod codes;
mod page;
mod scopes;

pub use answer::{Failure, Problem, Reply};
pub use auth::{Call, Signed, SignedOnly};
pub use body::{Fields, Nothing, Payload, TokenFields, TokenOnly, WithToken};
pub use codes::{ERROR_CODES, error_body};
pub use lambda::path::Segment;
pub use page::{html, set_cookie};
