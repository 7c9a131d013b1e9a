//! The secrets by which a caller proves itself. Two may be active at once: the old one works on while a new one is rolled out.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::crypto::random::random_token;
use crate::error::{Error, Fault, Result};
use crate::values::{Id, Moment, RecordId};

/// How many secrets may be active at once.
const MAX_SECRETS: usize = 2;

/// A secret at the one moment when it can be told.
pub struct NewSecret {
    pub secret_id: RecordId,
    pub plain: String,
    created_at: Moment,
}

impl NewSecret {
    /// 256 random bits.
    pub fn make(id: Id, now: Timestamp) -> Result<Self> {
        let secret_id = RecordId::parse(&id.to_string()).map_err(Error::internal)?;
        Ok(Self { secret_id, plain: random_token()?, created_at: now.into() })
    }

    /// For those who only compare: its hash.
    pub fn hashed(&self) -> Secret {
        self.kept_as(hash(&self.plain))
    }

    /// For those who must know it: sealed.
    pub fn kept_as(&self, kept: String) -> Secret {
        Secret { secret_id: self.secret_id.clone(), created_at: self.created_at, kept }
    }
}

/// One of a caller's secrets, without the secret itself.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Secret {
    pub secret_id: RecordId,
    pub created_at: Moment,
    /// Its hash, or the secret sealed.
    pub(crate) kept: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.secret_id)
    }
}

/// The active secrets of a caller, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    pub fn of(first: Secret) -> Self {
        Self(vec![first])
    }

    pub fn iter(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter()
    }

    /// Adds one; `owner` is the field that names whose secrets they are.
    pub fn add(&mut self, secret: Secret, owner: &'static str) -> Result<()> {
        if self.0.len() >= MAX_SECRETS {
            return Err(Error::conflict(Fault::new(owner, "has two active secrets: retire one first")));
        }
        self.0.push(secret);
        Ok(())
    }

    /// Ends one. The last one cannot be retired.
    pub fn retire(&mut self, secret_id: &RecordId) -> Result<()> {
        match (self.0.iter().any(|secret| secret.secret_id == *secret_id), self.0.len()) {
            (false, _) => Err(Error::not_found([Fault::new("secret_id", "does not exist")])),
            (true, 1) => Err(Error::conflict(Fault::new("secret_id", "is the last active secret"))),
            (true, _) => {
                self.0.retain(|secret| secret.secret_id != *secret_id);
                Ok(())
            }
        }
    }

    /// Whether the presented one is among them, of which the hashes are kept.
    pub fn accept(&self, presented: &str) -> bool {
        let presented = hash(presented);
        // Every hash is compared, so that the time does not tell which secret was close.
        self.iter().fold(false, |found, known| found | is_same(&presented, &known.kept))
    }
}

/// SHA-256 in base64url: enough for what holds 256 random bits.
pub fn hash(secret: &str) -> String {
    BASE64.encode(Sha256::digest(secret.as_bytes()))
}

/// Compares in constant time: the one place where what proves somebody is compared.
pub fn is_same(left: impl AsRef<[u8]>, right: impl AsRef<[u8]>) -> bool {
    verify_slices_are_equal(left.as_ref(), right.as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_in_no_debug_output() {
        let now: Timestamp = "2024-01-15T10:30:00Z".parse().unwrap();
        let told = NewSecret::make(Id::from_u64(7), now).unwrap();
        let sealed = "k1.sealed-secret";
        let mut secrets = Secrets::of(told.hashed());
        secrets.add(told.kept_as(sealed.into()), "appkey").unwrap();
        let shown = format!("{secrets:?} {secrets:#?} {:?}", secrets.iter().next());
        assert_eq!(format!("{:?}", told.hashed()), "Secret(7)");
        for hidden in [&told.plain, &hash(&told.plain), sealed] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }

    #[test]
    fn what_is_compared_is_the_same_as_a_whole() {
        assert!(is_same("abc", "abc") && is_same("", "") && is_same([1, 2], [1, 2]));
        for (left, right) in [("abc", "abd"), ("abc", "ab"), ("", "a"), ("abc", "ABC")] {
            assert!(!is_same(left, right), "{left} {right}");
        }
    }
}
