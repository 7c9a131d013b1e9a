//! The second factor: time-based one-time passwords (RFC 6238) of an authenticator app, and recovery codes for a lost phone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Totp};

use crate::crypto::credentials::hash;
use crate::crypto::random::random;
use crate::error::{Error, Result};
use crate::values::{LocalTime, Secret, exposed};

/// RFC 4226, 4 (R6): 160 bits.
pub(super) const SECRET: usize = 20;
/// The length of a time step, in seconds.
const STEP: i64 = 30;
const RECOVERY_CODES: usize = 10;
/// The letters and digits of a recovery code: without those that look alike. There are 32, so that a byte chooses one evenly.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";
/// The name of the system in the authenticator app.
const ISSUER: &str = "工桥";

/// What is stored of the second factor of a member.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct SecondFactor {
    /// The secret in Base32. It is stored when the set-up begins.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "exposed_if_any")]
    totp: Option<Secret<String>>,
    /// When the first code proved that the app has the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enrolled_at: Option<LocalTime>,
    /// When the step of the last accepted code began. RFC 6238, 5.2: a code is accepted once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_step_at: Option<LocalTime>,
    /// The hashes of the recovery codes that are not used yet.
    #[serde(default)]
    recovery: Vec<RecoveryCode>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct RecoveryCode(#[serde(serialize_with = "exposed")] Secret<String>);

fn exposed_if_any<S: serde::Serializer>(secret: &Option<Secret<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => exposed(secret, serializer),
        None => serializer.serialize_none(),
    }
}

/// What an authenticator app needs.
pub struct Enrollment {
    /// In Base32, for an app that cannot scan.
    pub secret: Secret<String>,
    /// `otpauth://totp/..`, which the QR code contains.
    pub url: Secret<String>,
}

impl SecondFactor {
    pub fn is_enrolled(&self) -> bool {
        self.enrolled_at.is_some()
    }

    /// Begins the set-up with this random secret.
    pub fn begin(&mut self, secret: [u8; SECRET]) {
        self.totp = Some(Secret::new(totp_rs::Secret::from(secret).to_base32()));
    }

    /// What the app needs while the set-up is not ended. `account` names the member in the app.
    pub fn enrollment(&self, account: &str) -> Result<Enrollment> {
        let secret = self.totp.clone().ok_or_else(|| Error::internal("a member without a secret"))?;
        let url = totp(&secret, account)?.to_url().map_err(|_| Error::internal("a second factor has no URL"))?;
        Ok(Enrollment { secret, url: Secret::new(url) })
    }

    /// Accepts a code of the app that is at most one step of 30 seconds away, and no code twice.
    pub fn accept(&mut self, code: Secret<&str>, now: Timestamp) -> Result<bool> {
        let Some(secret) = &self.totp else { return Ok(false) };
        let step = totp(secret, "-")?.check(code.expose(), now.as_second().unsigned_abs());
        let Some(step) = step.and_then(|step| i64::try_from(step).ok()) else { return Ok(false) };
        let begun = Timestamp::from_second(step * STEP).map_err(Error::internal)?;
        let is_new = self.last_step_at.is_none_or(|last| Timestamp::from(last) < begun);
        if is_new {
            self.last_step_at = Some(begun.into());
        }
        Ok(is_new)
    }

    /// Accepts a recovery code, once.
    pub fn recover(&mut self, code: Secret<&str>) -> bool {
        let presented = hash_of(code);
        let stored = self.recovery.len();
        self.recovery.retain(|RecoveryCode(known)| !presented.is_same(known));
        self.recovery.len() < stored
    }

    /// Ends the set-up. The member keeps the recovery codes; their hashes are stored.
    pub fn enroll(&mut self, recovery_codes: &[Secret<String>], now: Timestamp) {
        self.enrolled_at = Some(now.into());
        self.recovery = recovery_codes.iter().map(|code| RecoveryCode(hash_of(code.as_deref()))).collect();
    }

    pub fn recovery_codes_left(&self) -> usize {
        self.recovery.len()
    }
}

fn totp(secret: &Secret<String>, account: &str) -> Result<Totp> {
    let secret =
        totp_rs::Secret::try_from_base32(secret.expose()).map_err(|_| Error::internal("a stored secret is no Base32"))?;
    let builder = Builder::new().with_secret(secret).with_issuer(Some(ISSUER)).with_account_name(account);
    builder.build().map_err(|_| Error::internal("a second factor cannot be built"))
}

/// New recovery codes, `abcd-efgh-jkmn-pqrs`: 80 random bits each.
pub(super) fn recovery_codes() -> Result<Vec<Secret<String>>> {
    let code = || {
        let letters: Vec<char> = random::<16>()?.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        Ok(Secret::new(groups.join("-")))
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// The hash of a recovery code, in any spelling.
fn hash_of(code: Secret<&str>) -> Secret<String> {
    hash(Secret::new(code.expose().replace([' ', '-'], "").to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// The vectors of RFC 6238, appendix B, for SHA-1. They have eight digits; a code is the last six.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let mut factor = SecondFactor::default();
            factor.begin(*b"12345678901234567890");
            assert!(factor.accept(Secret::new(code), at(second)).unwrap(), "{code}");
            assert!(!factor.accept(Secret::new(code), at(second)).unwrap(), "{code} again");
            let mut late = SecondFactor { last_step_at: None, ..factor.clone() };
            assert!(late.accept(Secret::new(code), at(second + 30)).unwrap(), "{code}, one step late");
            let mut later = SecondFactor { last_step_at: None, ..factor };
            assert!(!later.accept(Secret::new(code), at(second + 60)).unwrap(), "{code}, two steps late");
        }
    }

    #[test]
    fn a_recovery_code_is_accepted_once_in_any_spelling() {
        let codes = recovery_codes().unwrap();
        let mut factor = SecondFactor::default();
        factor.enroll(&codes, at(0));
        assert!(!factor.recover(Secret::new("aaaa-aaaa-aaaa-aaaa")));
        let spelled = codes[0].expose().replace('-', "").to_uppercase();
        assert!(factor.recover(Secret::new(&spelled)) && !factor.recover(codes[0].as_deref()));
        assert_eq!(factor.recovery_codes_left(), RECOVERY_CODES - 1);
    }
}
