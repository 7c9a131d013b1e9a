//! What the pages of the family give to browsers and accept again: a time with an authentication code over it and a purpose. Nothing is
//! stored.

use jiff::{SignedDuration, Timestamp};

use super::Service;
use super::values::Uuid;
use crate::error::Result;
use crate::values::Secret;

/// How long a token is valid, and with it a form.
pub const PAGE_AGE: SignedDuration = SignedDuration::from_hours(1);

impl Service {
    /// A token for this purpose.
    pub(super) fn page_token(&self, purpose: &[&[u8]]) -> Result<Secret<String>> {
        let until = (self.clock.now() + PAGE_AGE).as_second().to_string();
        let code = self.page_code(&[purpose, &[until.as_bytes()]].concat())?;
        Ok(code.map(|code| format!("{until}.{code}")))
    }

    /// When the token expires. `None` if it was not made for this purpose, or has expired.
    pub(super) fn page_token_end(&self, purpose: &[&[u8]], token: Secret<&str>) -> Result<Option<Timestamp>> {
        let Some((until, code)) = token.expose().split_once('.') else { return Ok(None) };
        let expected = self.page_code(&[purpose, &[until.as_bytes()]].concat())?;
        let end = until.parse().ok().and_then(|until| Timestamp::from_second(until).ok());
        Ok(end.filter(|end| expected.is_same(&Secret::new(code)) && self.clock.now() < *end))
    }

    /// An authentication code over these parts.
    pub(super) fn page_code(&self, parts: &[&[u8]]) -> Result<Secret<String>> {
        Ok(Secret::new(Uuid::of_digest(self.keyring.blind_index(parts)?.expose()).to_string()))
    }
}
