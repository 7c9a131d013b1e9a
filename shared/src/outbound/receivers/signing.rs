//! The signatures of a call to a receiver: that of the live system, and those of Standard Webhooks 1.0.0 (docs/design/webhooks.md).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::crypto::random::random;
use crate::error::{Error, Result};
use crate::values::Secret;

/// The beginning of a secret.
const PREFIX: &str = "whsec_";

/// A new secret of 256 random bits: `whsec_` and their base64.
pub fn new_secret() -> Result<Secret<String>> {
    Ok(Secret::new(format!("{PREFIX}{}", BASE64.encode(random::<32>()?))))
}

/// `X-Zhiren-Signature`: hex HMAC-SHA256 over method, path and body, one after the other. The key is the text of the secret.
pub fn zhiren_signature(secret: Secret<&str>, method: &str, path: &str, body: &str) -> Result<String> {
    hmac(secret.expose().as_bytes(), [method, path, body]).map(hex::encode)
}

/// `webhook-signature`: for each secret `v1,` and the base64 HMAC-SHA256 over `{id}.{timestamp}.{body}`. The key is the decoded base64
/// behind `whsec_`.
pub fn standard_signature(secrets: &[Secret<String>], id: &str, timestamp: i64, body: &str) -> Result<String> {
    let timestamp = timestamp.to_string();
    let sign = |secret: &Secret<String>| {
        let key = secret.expose().strip_prefix(PREFIX).and_then(|key| BASE64.decode(key).ok());
        let key = key.ok_or_else(|| Error::internal("a secret of a webhook is invalid"))?;
        Ok(format!("v1,{}", BASE64.encode(hmac(&key, [id, ".", &timestamp, ".", body])?)))
    };
    Ok(secrets.iter().map(sign).collect::<Result<Vec<_>>>()?.join(" "))
}

fn hmac<const N: usize>(key: &[u8], parts: [&str; N]) -> Result<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(Error::caused_by)?;
    for part in parts {
        mac.update(part.as_bytes());
    }
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that the packages of Standard Webhooks publish in their tests.
    #[test]
    fn the_signature_is_that_of_the_published_vector() {
        let secrets = [Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())];
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signature = standard_signature(&secrets, id, 1_614_265_330, r#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_has_a_signature_and_a_new_one_has_256_bits() {
        let secrets = [new_secret().unwrap(), new_secret().unwrap()];
        for secret in &secrets {
            let key = secret.expose().strip_prefix("whsec_").map(|key| BASE64.decode(key).unwrap().len());
            assert_eq!(key, Some(32));
        }
        let both = standard_signature(&secrets, "id", 7, "{}").unwrap();
        let each: Vec<String> =
            secrets.iter().map(|secret| standard_signature(std::slice::from_ref(secret), "id", 7, "{}").unwrap()).collect();
        assert_eq!(both, each.join(" "));
        assert_ne!(each[0], each[1]);
    }

    /// The expected value is that of `hmac.new(b"whsec_c2VjcmV0", b"POST/hook{}", "sha256").hexdigest()` in Python.
    #[test]
    fn the_signature_of_the_live_system_is_over_method_path_and_body() {
        let signature = zhiren_signature(Secret::new("whsec_c2VjcmV0"), "POST", "/hook", "{}").unwrap();
        assert_eq!(signature, "6625c55060d24aacdf58c204313a1c9ba7fc5cfa7265307452fa6e1a5f387e51");
    }
}
