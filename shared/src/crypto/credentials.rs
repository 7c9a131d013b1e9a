//! The secrets of a caller. Two may be active at the same time: the old one stays valid during the rollout of a new one.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::crypto::random::random_token;
use crate::error::{Error, Fault, Result};
use crate::values::{Id, Moment, RecordId};

/// How many secrets of a caller may be active at the same time.
const MAX_SECRETS: usize = 2;

/// A new secret in plain text. It can be shown only now, because only its hash or ciphertext is stored.
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

    /// For a caller that presents the secret: stores its hash.
    pub fn hashed(&self) -> Secret {
        self.kept_as(hash(&self.plain))
    }

    /// For a caller that signs with the secret: stores it sealed, as `kept`.
    pub fn kept_as(&self, kept: String) -> Secret {
        Secret { secret_id: self.secret_id.clone(), created_at: self.created_at, kept }
    }
}

/// One of a caller's secrets as it is stored.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Secret {
    pub secret_id: RecordId,
    pub created_at: Moment,
    /// The hash of the secret, or its ciphertext.
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

    /// Adds a secret. `owner` is the field that a fault names.
    pub fn add(&mut self, secret: Secret, owner: &'static str) -> Result<()> {
        if self.0.len() >= MAX_SECRETS {
            return Err(Error::conflict(Fault::new(owner, "has two active secrets: retire one first")));
        }
        self.0.push(secret);
        Ok(())
    }

    /// Removes a secret. The last one cannot be removed.
    pub fn retire(&mut self, secret_id: &RecordId) -> Result<()> {
        match (self.0.iter().any(|secret| secret.secret_id == *secret_id), self.0.len()) {
            (false, _) => Err(Error::missing("secret_id")),
            (true, 1) => Err(Error::conflict(Fault::new("secret_id", "is the last active secret"))),
            (true, _) => {
                self.0.retain(|secret| secret.secret_id != *secret_id);
                Ok(())
            }
        }
    }

    /// Whether the presented secret is active. For secrets that are stored as hashes.
    pub fn accept(&self, presented: &str) -> bool {
        let presented = hash(presented);
        // Compares every hash, so that the time does not reveal which one matches.
        self.iter().fold(false, |found, known| found | is_same(&presented, &known.kept))
    }
}

/// SHA-256 in base64url. A secret of 256 random bits needs no slower hash.
pub fn hash(secret: &str) -> String {
    BASE64.encode(Sha256::digest(secret.as_bytes()))
}

/// Compares in constant time. Only this function compares values that authenticate a caller.
pub fn is_same(left: impl AsRef<[u8]>, right: impl AsRef<[u8]>) -> bool {
    verify_slices_are_equal(left.as_ref(), right.as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_in_no_debug_output() {
        let now: Timestamp = "2024-01-15T10:30:00Z".parse().unwrap();
        let new = NewSecret::make(Id::from_u64(7), now).unwrap();
        let sealed = "k1.sealed-secret";
        let mut secrets = Secrets::of(new.hashed());
        secrets.add(new.kept_as(sealed.into()), "appkey").unwrap();
        let shown = format!("{secrets:?} {secrets:#?} {:?}", secrets.iter().next());
        assert_eq!(format!("{:?}", new.hashed()), "Secret(7)");
        for hidden in [&new.plain, &hash(&new.plain), sealed] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }

    #[test]
    fn only_whole_equal_values_are_the_same() {
        assert!(is_same("abc", "abc") && is_same("", "") && is_same([1, 2], [1, 2]));
        for (left, right) in [("abc", "abd"), ("abc", "ab"), ("", "a"), ("abc", "ABC")] {
            assert!(!is_same(left, right), "{left} {right}");
        }
    }
}
