//! Access tokens: JWTs (HS256), verified without a read from DynamoDB.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::crypto::keyring::{Keyring, Purpose};
use crate::error::{Error, Result};
use crate::values::Secret;

const ISSUER: &str = "gongqiao";
/// How far the clocks of two processes may differ. A token of a later time is rejected: its age would begin in the future.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// The access tokens of one family.
pub struct AccessTokens {
    /// The name of the family. Tokens of other families are rejected.
    pub audience: &'static str,
    /// How long a token is valid.
    pub age: SignedDuration,
}

/// The holder of a token, and what ends the token before it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub subject: String,
    /// The epoch of the subject when the token was issued. It changes when all tokens of the subject end, and is 0 before the first time.
    pub epoch: u64,
    /// The id of the secret for which the token was issued, if the subject has secrets.
    pub secret_id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    #[serde(default)]
    epoch: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_id: Option<String>,
    /// Issued tokens have no `nbf`. It is enforced if a token has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
}

impl AccessTokens {
    pub fn sign(&self, keyring: &Keyring, holder: Holder, now: Timestamp) -> Result<Secret<String>> {
        let (key_id, key) = keyring.current(Purpose::AccessToken)?;
        let header = Header { kid: Some(key_id), ..Header::new(Algorithm::HS256) };
        let claims = Claims {
            iss: ISSUER.into(),
            aud: self.audience.into(),
            sub: holder.subject,
            iat: now.as_second(),
            exp: (now + self.age).as_second(),
            epoch: holder.epoch,
            secret_id: holder.secret_id,
            nbf: None,
        };
        let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(key.expose()));
        token.map(Secret::new).map_err(Error::internal)
    }

    /// The key id that the header of a token names.
    pub fn key_id(token: Secret<&str>) -> Option<String> {
        jsonwebtoken::decode_header(*token.expose()).ok()?.kid
    }

    /// The holder of a genuine token that has not expired. A token ends at its age, even if it names a later end: someone who had the key
    /// cannot have made one for years. Only HS256 is accepted, whatever algorithm the header names. The caller checks
    /// that the token has not been ended.
    pub fn verify(&self, keyring: &Keyring, token: Secret<&str>, now: Timestamp) -> Option<Holder> {
        let key = keyring.accepted(&Self::key_id(token)?, Purpose::AccessToken)?;
        let token = *token.expose();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[self.audience]);
        // Checked below against `now`; the library reads the machine's clock.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_secret(key.expose()), &validation).ok()?.claims;
        let now = now.as_second();
        let has_begun = claims.nbf.is_none_or(|begins| begins <= now);
        let age = now.saturating_sub(claims.iat);
        let is_of_age = (-CLOCK_SKEW.as_secs()..self.age.as_secs()).contains(&age);
        let Claims { sub: subject, epoch, secret_id, .. } = claims;
        (has_begun && is_of_age && now < claims.exp).then_some(Holder { subject, epoch, secret_id })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use proptest::prelude::*;

    use super::*;

    const TOKENS: AccessTokens = AccessTokens { audience: "channel", age: SignedDuration::from_hours(2) };

    fn holder(subject: &str) -> Holder {
        Holder { subject: subject.into(), epoch: 0, secret_id: None }
    }

    fn keyring() -> Keyring {
        Keyring::parse(Secret::new(r#"{"current":"k1","k1":"0123456789abcdef0123456789abcdef"}"#)).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_access_token_expires_at_its_age() {
        let issued = Holder { epoch: 374_476_905_805_473, secret_id: Some("7".into()), ..holder("channel_001") };
        let token = TOKENS.sign(&keyring(), issued.clone(), at("2024-01-15T10:00:00Z")).unwrap();
        assert_eq!(TOKENS.verify(&keyring(), token.as_deref(), at("2024-01-15T11:59:59Z")), Some(issued));
        assert_eq!(TOKENS.verify(&keyring(), token.as_deref(), at("2024-01-15T12:00:00Z")), None);
    }

    #[test]
    fn other_keys_algorithms_and_audiences_are_rejected() {
        let now = at("2024-01-15T10:00:00Z");
        let key = *keyring().accepted("k1", Purpose::AccessToken).unwrap().expose();
        let claims = |aud: &str| serde_json::json!({"iss": ISSUER, "aud": aud, "sub": "channel_001", "iat": now.as_second(), "exp": i64::MAX});
        let forge = |kid: Option<&str>, algorithm, key: &[u8], aud| {
            let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
            jsonwebtoken::encode(&header, &claims(aud), &EncodingKey::from_secret(key)).unwrap()
        };
        let good = forge(Some("k1"), Algorithm::HS256, &key, TOKENS.audience);
        assert_eq!(TOKENS.verify(&keyring(), Secret::new(&good), now), Some(holder("channel_001")));
        let unsigned = {
            let body = good.split('.').nth(1).unwrap();
            format!("{}.{body}.", BASE64.encode(r#"{"alg":"none","kid":"k1"}"#))
        };
        for bad in [
            forge(None, Algorithm::HS256, &key, TOKENS.audience),
            forge(Some("k2"), Algorithm::HS256, &key, TOKENS.audience),
            forge(Some("current"), Algorithm::HS256, &key, TOKENS.audience),
            forge(Some("k1"), Algorithm::HS384, &key, TOKENS.audience),
            forge(Some("k1"), Algorithm::HS256, b"another key", TOKENS.audience),
            forge(Some("k1"), Algorithm::HS256, &key, "hris"),
            unsigned,
            good.replace('.', ""),
        ] {
            assert_eq!(TOKENS.verify(&keyring(), Secret::new(&bad), now), None, "{bad}");
        }
    }

    #[test]
    fn a_token_ends_at_its_age_whatever_end_it_names() {
        let now = at("2024-01-15T10:00:00Z");
        let (_, key) = keyring().current(Purpose::AccessToken).unwrap();
        let verified = |iat: i64| {
            let claims = serde_json::json!({"iss": ISSUER, "aud": TOKENS.audience, "sub": "a", "iat": iat, "exp": i64::MAX});
            let header = Header { kid: Some("k1".into()), ..Header::new(Algorithm::HS256) };
            let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(key.expose())).unwrap();
            TOKENS.verify(&keyring(), Secret::new(&token), now).is_some()
        };
        let now = now.as_second();
        assert_eq!([now, now + 60, now - 7199].map(verified), [true; 3]);
        assert_eq!([now + 61, now - 7200, 0, i64::MIN, i64::MAX].map(verified), [false; 5]);
    }

    proptest! {
        #[test]
        fn a_changed_token_is_rejected(subject in ".{0,40}", at: prop::sample::Index, to in any::<char>()) {
            let now = Timestamp::UNIX_EPOCH;
            let token = TOKENS.sign(&keyring(), holder(&subject), now).unwrap();
            prop_assert_eq!(TOKENS.verify(&keyring(), token.as_deref(), now), Some(holder(&subject)));
            let token = token.expose();
            let mut changed = token.clone();
            let at = at.index(token.len());
            changed.replace_range(at..=at, &to.to_string());
            prop_assert_eq!(TOKENS.verify(&keyring(), Secret::new(&changed), now).is_some(), changed == *token);
        }

        #[test]
        fn verification_never_panics(header in ".{0,60}", claims in ".{0,60}", rest in ".{0,60}") {
            let token = format!("{}.{}.{rest}", BASE64.encode(header), BASE64.encode(claims));
            prop_assert_eq!(TOKENS.verify(&keyring(), Secret::new(&token), Timestamp::UNIX_EPOCH), None);
            prop_assert_eq!(TOKENS.verify(&keyring(), Secret::new(&rest), Timestamp::UNIX_EPOCH), None);
        }
    }
}
