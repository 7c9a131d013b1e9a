//! All that the family knows of HTTP: who calls and what is said on the way in, the documented bodies on the way out.
//!
//! ```text
//! ?access_key=..&tonce=..&signature=..&payload={"token":".."}   signed: see `shared::hris::signature`
//! x-zhiren-signature: ..                                        the signature may stand here instead
//! ?access_token=..                                              or an employee consented: reads only
//! {"code":1101,"text":".."}                                     every failure; successes are bare
//! ```

mod answer;
mod call;
mod fields;

pub use answer::{Failure, Problem, Reply};
pub use call::{Call, Nothing, Payload, Segment, Segments, Signed, TokenOnly};
pub use fields::Fields;
