//! The signature of a call (docs/contract/hris.txt, 认证): `HMAC-SHA256(secret_key, METHOD + path + access_key + tonce + payload)`, in hex.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use sha2::{Digest as _, Sha256};

use crate::values::Secret;

/// How many seconds a tonce may differ from the server's time, inclusive.
const WINDOW: i64 = 300;

/// A call with its signature. API Gateway may have decoded what the client signed, so path and payload can have several forms. One of each
/// must match.
pub struct SignedCall<'a> {
    /// In upper case.
    pub method: &'a str,
    pub paths: &'a [String],
    pub access_key: &'a str,
    /// As sent.
    pub tonce: &'a str,
    /// As sent: percent-decoded once and never re-serialized.
    pub payloads: &'a [String],
    /// Hex digits.
    pub signature: Secret<&'a str>,
}

impl SignedCall<'_> {
    /// The index of the payload that was signed with one of these secrets, if any.
    pub fn signed_payload(&self, secrets: &[Secret<String>]) -> Option<usize> {
        let presented = self.presented()?;
        let mut found = None;
        for (at, payload) in self.payloads.iter().enumerate() {
            for path in self.paths {
                let parts = [self.method, path, self.access_key, self.tonce, payload];
                let twice = parts.map(encoded_twice);
                let twice = twice.each_ref().map(String::as_str);
                for secret in secrets {
                    for text in [&parts, &twice] {
                        if sign(secret.as_deref(), text).is_same(&presented) {
                            found = found.or(Some(at));
                        }
                    }
                }
            }
        }
        found
    }

    /// The signature as bytes. Its digits may be in either case.
    pub fn presented(&self) -> Option<Secret<[u8; 32]>> {
        let mut presented = [0; 32];
        hex::decode_to_slice(self.signature.expose(), &mut presented).ok()?;
        Some(Secret::new(presented))
    }

    /// A hash of the access key and the signature, however the signature was written: the name of the call. It is 256 bits of an HMAC, so
    /// the signature cannot be guessed from it.
    pub fn name(&self) -> Option<Secret<[u8; 32]>> {
        let hash = |signature: [u8; 32]| Sha256::new().chain_update(self.access_key).chain_update(signature).finalize().into();
        Some(self.presented()?.map(hash))
    }

    /// Whether the tonce is close enough to the server's time.
    pub fn is_timely(&self, now: Timestamp) -> bool {
        self.seconds().is_some_and(|tonce| (tonce - Decimal::from(now.as_second())).abs() <= Decimal::from(WINDOW))
    }

    /// The last second in which the call is timely.
    pub fn timely_until(&self) -> Option<Timestamp> {
        let second = self.seconds()?.floor().to_i64()?;
        Timestamp::from_second(second.checked_add(WINDOW)?).ok()
    }

    /// The tonce: Unix seconds, optionally with a fraction.
    fn seconds(&self) -> Option<Decimal> {
        let plain = self.tonce.len() <= 30 && self.tonce.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        plain.then(|| Decimal::from_str_exact(self.tonce).ok()).flatten()
    }
}

/// The text that the document's JavaScript sample signs: `utf8.encode` turns each byte into a character, and `update` encodes these
/// characters once more. Another payload has the same bytes only if it looks like the result of this, which the secret's owner never sends.
fn encoded_twice(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// The signature of these parts of a call, in their order.
pub fn sign(secret: Secret<&str>, parts: &[&str]) -> Secret<[u8; 32]> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        unreachable!("HMAC takes a key of any length")
    };
    for part in parts {
        mac.update(part.as_bytes());
    }
    Secret::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The vectors of docs/design/hris.md, which another implementation generated.
    const WITH_PAYLOAD: (&str, &str, &str) =
        ("/api/v2/employees", r#"{"token":"c1"}"#, "9649dbf0caf21d9ba7ef9334083dea17ddc32cdd924defd05a4237651fa2b8c6");
    const WITHOUT: (&str, &str, &str) =
        ("/api/v2/departments", "", "95ca67dc1d54f27a9f95fc32cc7ddc45054e8cb06e776bfe9447a4194e291624");

    fn verifies(
        method: &str,
        path: &str,
        access_key: &str,
        tonce: &str,
        payload: &str,
        signature: &str,
        secrets: &[&str],
    ) -> bool {
        let call = SignedCall {
            method,
            paths: &[path.to_owned()],
            access_key,
            tonce,
            payloads: &[payload.to_owned()],
            signature: Secret::new(signature),
        };
        let secrets: Vec<_> = secrets.iter().map(|&secret| Secret::new(secret.to_owned())).collect();
        call.signed_payload(&secrets).is_some()
    }

    #[test]
    fn the_vectors_of_the_design_verify_with_either_secret() {
        for (path, payload, signature) in [WITH_PAYLOAD, WITHOUT] {
            for secrets in [&["SK_TEST"][..], &["SK_OLD", "SK_TEST"]] {
                assert!(verifies("GET", path, "AK_TEST", "1500000000", payload, signature, secrets));
                assert!(verifies("GET", path, "AK_TEST", "1500000000", payload, &signature.to_uppercase(), secrets));
            }
            assert!(!verifies("GET", path, "AK_TEST", "1500000000", payload, signature, &["SK_OLD"]));
            assert!(!verifies("GET", path, "AK_TEST", "1500000000", payload, &signature[1..], &["SK_TEST"]));
        }
    }

    /// Both vectors were generated with Python: `hmac.new(b'SK_TEST', text.encode(), 'sha256')`, for the second one with
    /// `text.encode().decode('latin1').encode()`.
    #[test]
    fn chinese_text_verifies_encoded_once_and_as_the_sample_encodes_it() {
        let payload = r#"{"token":"c1","name":"张三"}"#;
        let once = "aaeb7874aefb1d12dee8e86caf504b2e56451aec502332c5e32354787ff346c3";
        let twice = "07d7feb6954063994cfa5cd91914a4dfca74f8adee89c05a4275dcedf4335c2b";
        for signature in [once, twice] {
            let verifies = |payload| {
                verifies("GET", "/api/v2/employees", "AK_TEST", "1500000000", payload, signature, &["SK_OLD", "SK_TEST"])
            };
            assert!(verifies(payload), "{signature}");
            for other in [r#"{"token":"c1","name":"张四"}"#, r#"{"token":"c1","name":"??"}"#, ""] {
                assert!(!verifies(other), "{signature} {other}");
            }
        }
    }

    #[test]
    fn the_index_of_the_signed_payload_is_returned() {
        let (path, payload, signature) = WITH_PAYLOAD;
        let call = SignedCall {
            method: "GET",
            paths: &["/else".into(), path.into()],
            access_key: "AK_TEST",
            tonce: "1500000000",
            payloads: &["other".into(), payload.into()],
            signature: Secret::new(signature),
        };
        assert_eq!(call.signed_payload(&[Secret::new("SK_TEST".into())]), Some(1));
    }

    fn is_timely(tonce: &str, now: Timestamp) -> bool {
        SignedCall { method: "GET", paths: &[], access_key: "", tonce, payloads: &[], signature: Secret::new("") }
            .is_timely(now)
    }

    #[test]
    fn a_tonce_is_accepted_within_five_minutes() {
        let now: Timestamp = "2017-07-14T02:40:00.9Z".parse().unwrap();
        let timely = |tonce| is_timely(tonce, now);
        for good in ["1500000000", "1500000000.123", "1499999700", "1500000300", "1500000299.999999"] {
            assert!(timely(good), "{good}");
        }
        for bad in
            ["", "now", "1499999699", "1499999699.9", "1500000301", "1500000300.1", "-1500000000", "1.5e9", " 1500000000"]
        {
            assert!(!timely(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_byte_invalidates_the_signature(part in 0..4_usize, at: prop::sample::Index, to in "[ -~]") {
            let (path, payload, signature) = WITH_PAYLOAD;
            let mut parts = ["GET".to_owned(), path.into(), "1500000000".into(), payload.into()];
            let at = at.index(parts[part].len());
            let before = parts[part].clone();
            parts[part].replace_range(at..=at, &to);
            prop_assume!(parts[part] != before);
            let [method, path, tonce, payload] = &parts;
            prop_assert!(!verifies(method, path, "AK_TEST", tonce, payload, signature, &["SK_TEST"]));
        }

        #[test]
        fn no_signature_or_tonce_causes_a_panic(signature in ".{0,80}", tonce in ".{0,40}") {
            prop_assert!(!verifies("GET", "/", "AK_TEST", &tonce, "", &signature, &["SK_TEST"]));
            // A non-numeric tonce is invalid.
            prop_assert!(!is_timely(&tonce, Timestamp::UNIX_EPOCH) || tonce.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
        }

        #[test]
        fn generated_tonces_are_accepted_within_five_minutes(now in 1_000_000_i64..4_000_000_000, away in -310_000_i64..=310_000) {
            let milliseconds = now * 1000 + away;
            let tonce = format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000);
            prop_assert_eq!(is_timely(&tonce, Timestamp::from_second(now).unwrap()), (-300_000..=300_000).contains(&away));
        }
    }
}
