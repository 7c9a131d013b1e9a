//! The keys of a family: one secret in Secrets Manager, from which a key for each purpose is derived.
//!
//! The secret is a JSON object `{"current":"k2","k1":"...","k2":"..."}`. The current key creates new tokens, digests and ciphertexts. Those
//! of another key stay valid while the secret lists that key, so keys rotate without a migration. The key id is stored next to everything
//! that the key created.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::crypto::random::random;
use crate::error::{Error, Result};
use crate::values::Secret;

/// The minimum length of a key, in bytes.
const MIN_SECRET: usize = 32;
const NONCE: usize = 12;

/// The purpose of a derived key. Two purposes never share a key.
#[derive(Clone, Copy)]
pub enum Purpose {
    AccessToken,
    RefreshToken,
    Cursor,
    ContentDigest,
    BlindIndex,
    Sealing,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::AccessToken => b"gongqiao access token",
            Self::RefreshToken => b"gongqiao refresh token",
            Self::Cursor => b"gongqiao cursor",
            Self::ContentDigest => b"gongqiao content digest",
            Self::BlindIndex => b"gongqiao blind index",
            Self::Sealing => b"gongqiao sealing",
        }
    }
}

pub struct Keyring {
    current: String,
    secrets: BTreeMap<String, Secret<String>>,
}

impl Keyring {
    /// Parses the secret's JSON. An error never quotes it.
    pub fn parse(secret: Secret<&str>) -> Result<Self> {
        let mut entries: BTreeMap<String, Secret<String>> = serde_json::from_str(secret.expose())
            .map_err(|_| Error::internal("the key secret is not a JSON object of strings"))?;
        let current = entries.remove("current").ok_or_else(|| Error::internal("the key secret names no current key"))?;
        let current = current.expose().clone();
        if !entries.contains_key(&current) {
            return Err(Error::internal("the key secret lacks its current key"));
        }
        if entries.iter().any(|(id, secret)| id.contains('.') || secret.expose().len() < MIN_SECRET) {
            return Err(Error::internal("the key secret holds a key that is too short, or an id with a dot"));
        }
        Ok(Self { current, secrets: entries })
    }

    /// The id of the key that creates new tokens, digests and ciphertexts.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// The derived key for this purpose. `None` if the secret does not list the id.
    pub fn key(&self, id: &str, purpose: Purpose) -> Option<Secret<[u8; 32]>> {
        self.secrets.get(id).map(|secret| mac(secret, &[purpose.label()]))
    }

    /// HMAC-SHA256 with the current key.
    pub fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> Result<Secret<[u8; 32]>> {
        let key = self.key(&self.current, purpose).ok_or_else(|| Error::internal("no current key"))?;
        Ok(mac(&key, parts))
    }

    /// HMAC-SHA256 with each listed key. One of them equals the result of [`Keyring::mac`] before a rotation.
    pub fn macs(&self, purpose: Purpose, parts: &[&[u8]]) -> Vec<Secret<[u8; 32]>> {
        self.secrets.values().map(|secret| mac(&mac(secret, &[purpose.label()]), parts)).collect()
    }

    /// A blind index: HMAC-SHA256 with the first of the listed keys, for look-ups by a value that a DynamoDB key must not contain. A record
    /// is found only with the key that stored it, so this key must stay listed while such records exist.
    pub fn blind_index(&self, parts: &[&[u8]]) -> Result<Secret<[u8; 32]>> {
        let first = self.secrets.values().next().ok_or_else(|| Error::internal("no key"))?;
        Ok(mac(&mac(first, &[Purpose::BlindIndex.label()]), parts))
    }

    /// Encrypts with AES-256-GCM and returns `key id . base64url(nonce, ciphertext, tag)`. `place` is the associated data: a ciphertext that
    /// was moved to another record or field does not open.
    pub fn seal(&self, place: &str, plain: &str) -> Result<String> {
        let key = self.sealing_key(&self.current).ok_or_else(|| Error::internal("no current key"))?;
        let nonce: [u8; NONCE] = random()?;
        let mut sealed = plain.as_bytes().to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut sealed)
            .map_err(|_| Error::internal("sealing failed"))?;
        Ok(format!("{}.{}", self.current, BASE64.encode([&nonce[..], &sealed].concat())))
    }

    /// Decrypts the result of [`Keyring::seal`] for the same place.
    pub fn open(&self, place: &str, sealed: &str) -> Result<String> {
        self.try_open(place, sealed).ok_or_else(|| Error::internal(format!("{place} does not open")))
    }

    fn try_open(&self, place: &str, sealed: &str) -> Option<String> {
        let (id, sealed) = sealed.split_once('.')?;
        let key = self.sealing_key(id)?;
        let mut sealed = BASE64.decode(sealed).ok()?;
        let (nonce, text) = sealed.split_at_mut_checked(NONCE)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = key.open_in_place(nonce, Aad::from(place), text).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }

    fn sealing_key(&self, id: &str) -> Option<LessSafeKey> {
        let key = self.key(id, Purpose::Sealing)?;
        UnboundKey::new(&AES_256_GCM, key.expose()).ok().map(LessSafeKey::new)
    }
}

/// HMAC-SHA256 over the parts, each prefixed with its length, so that two different lists of parts are never the same message.
fn mac(key: &Secret<impl AsRef<[u8]>>, parts: &[&[u8]]) -> Secret<[u8; 32]> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose().as_ref()) else {
        unreachable!("HMAC takes a key of any length")
    };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    Secret::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"current":"k1","k1":"0123456789abcdef0123456789abcdef"}"#;
    const NEW: &str = r#"{"current":"k2","k1":"0123456789abcdef0123456789abcdef","k2":"fedcba9876543210fedcba9876543210"}"#;

    #[test]
    fn a_ciphertext_of_an_older_key_opens_only_in_its_place() {
        let sealed = Keyring::parse(Secret::new(OLD)).unwrap().seal("a", "110101199001011234").unwrap();
        let ring = Keyring::parse(Secret::new(NEW)).unwrap();
        assert_eq!(ring.open("a", &sealed).unwrap(), "110101199001011234");
        assert!(ring.open("b", &sealed).is_err());
        assert!(!sealed.contains("1990"));
    }

    #[test]
    fn digests_survive_a_rotation_and_purposes_do_not_share_keys() {
        let digest = Keyring::parse(Secret::new(OLD)).unwrap().mac(Purpose::Cursor, &[b"x"]).unwrap();
        let ring = Keyring::parse(Secret::new(NEW)).unwrap();
        let is_among = |macs: Vec<Secret<[u8; 32]>>| macs.iter().any(|mac| mac.is_same(&digest));
        assert!(is_among(ring.macs(Purpose::Cursor, &[b"x"])));
        assert!(!is_among(ring.macs(Purpose::Cursor, &[b"y"])));
        assert!(!is_among(ring.macs(Purpose::ContentDigest, &[b"x"])));
    }

    #[test]
    fn bad_secrets_are_rejected_and_not_quoted() {
        for secret in ["", "[]", r#"{"k1":"hush"}"#, r#"{"current":"k1"}"#, r#"{"current":"k1","k1":"hush"}"#] {
            let error = Keyring::parse(Secret::new(secret)).err().unwrap().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
