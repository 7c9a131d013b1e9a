//! The id of a request.

use super::{Reason, text_value};

/// The maximum length of a request id.
const MAX: usize = 64;

/// An id that the client sent as `X-Request-Id`, that the system generated, or that Lambda gave to an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.=".contains(&byte));
        if is_plain && (1..=MAX).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be 1 to 64 of the characters A-Z a-z 0-9 - _ . =")
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
text_value!(RequestId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_short_and_plain() {
        for (text, is_accepted) in
            [("JKJaXmPLvHcESHA=", true), ("a.b-c_1", true), ("", false), ("a b", false), ("{", false), ("é", false)]
        {
            assert_eq!(RequestId::parse(text).is_ok(), is_accepted, "{text}");
        }
        assert!(RequestId::parse(&"x".repeat(64)).is_ok() && RequestId::parse(&"x".repeat(65)).is_err());
    }
}
