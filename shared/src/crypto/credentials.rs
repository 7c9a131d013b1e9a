//! The secrets of a caller. Two may be active at the same time: the old one stays valid during the rollout of a new one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::crypto::random::random_secret;
use crate::error::{Error, Fault, Result};
use crate::values::{Id, Moment, RecordId, Secret, exposed};

/// How many secrets of a caller may be active at the same time.
pub const MAX_SECRETS: usize = 2;

/// A new secret in plain text. It can be shown only now, because only its hash or ciphertext is stored.
pub struct NewSecret {
    pub secret_id: RecordId,
    pub plain: Secret<String>,
    created_at: Moment,
}

impl NewSecret {
    /// 256 random bits.
    pub fn make(id: Id, now: Timestamp) -> Result<Self> {
        Self::of(id, now, random_secret()?)
    }

    /// A secret of another form.
    pub fn of(id: Id, now: Timestamp, plain: Secret<String>) -> Result<Self> {
        let secret_id = RecordId::parse(&id.to_string()).map_err(Error::internal)?;
        Ok(Self { secret_id, plain, created_at: now.into() })
    }

    /// For a caller that presents the secret: stores its hash.
    pub fn hashed(&self) -> StoredSecret {
        self.stored(hash(self.plain.as_deref()))
    }

    /// For a caller that signs with the secret: stores its ciphertext.
    pub fn sealed(&self, ciphertext: String) -> StoredSecret {
        self.stored(Secret::new(ciphertext))
    }

    fn stored(&self, value: Secret<String>) -> StoredSecret {
        StoredSecret { secret_id: self.secret_id.clone(), created_at: self.created_at, value }
    }
}

/// One of a caller's secrets as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredSecret {
    pub secret_id: RecordId,
    pub created_at: Moment,
    /// The hash of the secret, or its ciphertext. The attribute is `kept`.
    #[serde(rename = "kept", serialize_with = "exposed")]
    pub(crate) value: Secret<String>,
}

/// The active secrets of a caller, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(Vec<StoredSecret>);

impl Secrets {
    pub fn of(first: StoredSecret) -> Self {
        Self(vec![first])
    }

    pub fn iter(&self) -> impl Iterator<Item = &StoredSecret> {
        self.0.iter()
    }

    /// Adds a secret. `owner` is the field that a fault names.
    pub fn add(&mut self, secret: StoredSecret, owner: &'static str) -> Result<()> {
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

    /// Removes the older of two secrets. `field` is that of the request.
    pub fn retire_oldest(&mut self, field: &'static str) -> Result<()> {
        match self.0.len() {
            MAX_SECRETS => {
                self.0.remove(0);
                Ok(())
            }
            _ => Err(Error::conflict(Fault::new(field, "has one active secret"))),
        }
    }

    /// Replaces the stored values for which `with` returns another one. Returns whether there was one.
    pub(crate) fn replace(&mut self, with: impl Fn(&Secret<String>) -> Result<Option<Secret<String>>>) -> Result<bool> {
        let mut is_changed = false;
        for secret in &mut self.0 {
            if let Some(value) = with(&secret.value)? {
                secret.value = value;
                is_changed = true;
            }
        }
        Ok(is_changed)
    }

    /// Whether the presented secret is active. For secrets that are stored as hashes.
    pub fn accept(&self, presented: Secret<&str>) -> bool {
        self.find(presented).is_some()
    }

    /// The id of the presented secret, if it is active. For secrets that are stored as hashes.
    pub fn find(&self, presented: Secret<&str>) -> Option<&RecordId> {
        let presented = hash(presented);
        // Compares every hash, so that the time does not reveal which one matches.
        self.iter().fold(None, |found, known| if presented.is_same(&known.value) { Some(&known.secret_id) } else { found })
    }
}

/// SHA-256 in base64url. A secret of 256 random bits needs no slower hash.
pub fn hash(secret: Secret<&str>) -> Secret<String> {
    secret.map(|secret| BASE64.encode(Sha256::digest(secret.as_bytes())))
}

#[cfg(test)]
mod tests {
    use static_assertions::assert_not_impl_any;

    use super::*;

    assert_not_impl_any!(NewSecret: PartialEq, std::fmt::Debug, Serialize);
    assert_not_impl_any!(StoredSecret: PartialEq);
    assert_not_impl_any!(Secrets: PartialEq);

    #[test]
    fn a_secret_is_in_no_debug_output() {
        let now: Timestamp = "2024-01-15T10:30:00Z".parse().unwrap();
        let new = NewSecret::make(Id::from_u64(7), now).unwrap();
        let sealed = "k1.sealed-secret";
        let mut secrets = Secrets::of(new.hashed());
        secrets.add(new.sealed(sealed.into()), "appkey").unwrap();
        let shown = format!("{secrets:?} {secrets:#?} {:?}", secrets.iter().next());
        assert!(shown.contains("value: Secret(..)"), "{shown}");
        for hidden in [new.plain.expose(), hash(new.plain.as_deref()).expose(), sealed] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
