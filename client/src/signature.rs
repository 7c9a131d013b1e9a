//! The signature of a call of the HR API (docs/contract/hris.txt, 签名).

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// `HMAC-SHA256(secret_key, METHOD + path + access_key + tonce + payload)`, in hex.
pub fn sign(secret_key: &str, [method, path, access_key, tonce, payload]: [&str; 5]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret_key.as_bytes()).unwrap();
    mac.update([method, path, access_key, tonce, payload].concat().as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
