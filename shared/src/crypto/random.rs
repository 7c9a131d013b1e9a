//! Random bytes from the operating system.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use crate::error::{Error, Result};
use crate::values::Secret;

pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::internal("no randomness"))?;
    Ok(bytes)
}

/// 256 random bits in base64url, for a secret.
pub fn random_secret() -> Result<Secret<String>> {
    random_text().map(Secret::new)
}

/// 256 random bits in base64url, for a name that is no secret.
pub fn random_text() -> Result<String> {
    Ok(BASE64.encode(random::<32>()?))
}
