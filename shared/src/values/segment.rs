//! Ids that a URL carries as one segment of its path.

use super::Reason;
use super::normal::is_normal;

/// Whether a new id looks different from every other one, and whether a client that percent-encodes it once, as RFC 3986 says, reaches it at its path.
/// API Gateway decodes a path twice and ends it at a `?`; HTTP clients resolve `.` and `..`.
pub fn check_segment(id: &str) -> Result<(), Reason> {
    if id.contains(['%', '?', '/']) {
        return Err("must not contain % ? or /, because it is part of a URL path");
    }
    if matches!(id, "." | "..") {
        return Err("must not be . or .., because it is part of a URL path");
    }
    if is_normal(id) { Ok(()) } else { Err("must not contain invisible, full-width or decomposed characters") }
}
