//! What the signatures of both providers have in common: SHA-256 in hex, and HMAC-SHA256.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::values::Secret;

/// The SHA-256 digest, in lower case hex.
pub fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

pub fn hmac_sha256(key: Secret<&[u8]>, text: &str) -> Secret<[u8; 32]> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose()) else { unreachable!("HMAC takes a key of any length") };
    mac.update(text.as_bytes());
    Secret::new(mac.finalize().into_bytes().into())
}

/// The part of an address that the header `Host` holds.
pub fn host(base_url: &str) -> &str {
    base_url.split_once("://").map_or(base_url, |(_, host)| host)
}
