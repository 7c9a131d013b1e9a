//! The keys of a family: one secret in Secrets Manager, from which a key for each purpose is derived.
//!
//! The secret is a JSON object `{"current":"k2","index":"k1","accept":["k1","k2"],"k1":"...","k2":"..."}`. It names what each key is for:
//!
//! | member | keys | what they do |
//! |---|---|---|
//! | `current` | one | makes tokens, digests and ciphertexts |
//! | `index` | one, by default the first by name | makes the blind indexes that look-ups use |
//! | `accept` | a list, by default all | prove tokens and digests; new records also get their blind indexes |
//!
//! Every other listed key only opens ciphertexts. The key id is stored next to each ciphertext and token.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
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

/// The keys of a family in a process, which change when the secret is read again.
pub struct Keyring(RwLock<Arc<Keys>>);

/// The content of the secret.
pub struct Keys {
    current: String,
    index: String,
    accept: Vec<String>,
    secrets: BTreeMap<String, Secret<String>>,
    /// Derived once: a list opens thousands of ciphertexts.
    sealing: BTreeMap<String, LessSafeKey>,
}

impl Keys {
    /// Parses the secret's JSON. An error never quotes it.
    pub fn parse(secret: Secret<&str>) -> Result<Self> {
        #[derive(Deserialize)]
        struct Stored {
            current: String,
            index: Option<String>,
            accept: Option<Vec<String>>,
            #[serde(flatten)]
            secrets: BTreeMap<String, Secret<String>>,
        }
        let stored: Stored = serde_json::from_str(secret.expose())
            .map_err(|_| Error::internal("the key secret is not a JSON object with current, index, accept and keys"))?;
        let Stored { current, index, accept, secrets } = stored;
        let is_id = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if secrets.iter().any(|(id, secret)| !is_id(id) || secret.expose().len() < MIN_SECRET) {
            return Err(Error::internal(
                "the key secret holds a key that is too short, or an id with other characters than a-z A-Z 0-9 _ -",
            ));
        }
        let first = secrets.keys().next().cloned().ok_or_else(|| Error::internal("the key secret lists no key"))?;
        let accept = accept.unwrap_or_else(|| secrets.keys().cloned().collect());
        let sealing = secrets.iter().map(|(id, secret)| Ok((id.clone(), sealing_key(secret)?))).collect::<Result<_>>()?;
        let keys = Self { current, index: index.unwrap_or(first), accept, secrets, sealing };
        if !keys.named().all(|id| keys.secrets.contains_key(id)) {
            return Err(Error::internal("the key secret lacks a key that current, index or accept names"));
        }
        if !keys.accept.contains(&keys.current) {
            return Err(Error::internal("accept does not list the current key"));
        }
        Ok(keys)
    }

    fn named(&self) -> impl Iterator<Item = &String> {
        self.accept.iter().chain([&self.current, &self.index])
    }

    /// The id of the key that creates new tokens, digests and ciphertexts.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// The id of the key whose blind indexes look-ups use.
    pub fn index(&self) -> &str {
        &self.index
    }

    /// The ids of the keys whose blind indexes records have: that of look-ups first.
    pub fn indexes(&self) -> Vec<&str> {
        let mut ids = vec![self.index.as_str()];
        for id in self.named() {
            if !ids.contains(&id.as_str()) {
                ids.push(id);
            }
        }
        ids
    }

    /// The ids of all listed keys.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.secrets.keys().map(String::as_str)
    }

    /// What each key is for, as text without keys. It changes with the configuration.
    pub fn configuration(&self) -> String {
        let mut accept = self.accept.clone();
        accept.sort();
        let listed: Vec<&str> = self.ids().collect();
        format!("current {} index {} accept {} listed {}", self.current, self.index, accept.join(","), listed.join(","))
    }

    fn derived(&self, id: &str, purpose: Purpose) -> Option<Secret<[u8; 32]>> {
        self.secrets.get(id).map(|secret| derive(secret, purpose))
    }

    fn macs<'a>(&self, ids: impl Iterator<Item = &'a str>, purpose: Purpose, parts: &[&[u8]]) -> Vec<Secret<[u8; 32]>> {
        ids.filter_map(|id| self.derived(id, purpose)).map(|key| mac(&key, parts)).collect()
    }
}

impl Keyring {
    pub fn new(keys: Keys) -> Self {
        Self(RwLock::new(Arc::new(keys)))
    }

    /// Parses the secret's JSON. An error never quotes it.
    pub fn parse(secret: Secret<&str>) -> Result<Self> {
        Keys::parse(secret).map(Self::new)
    }

    /// The keys at this moment.
    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn replace(&self, keys: Keys) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// The current key's id and the key that is derived from it for this purpose.
    pub fn current(&self, purpose: Purpose) -> Result<(String, Secret<[u8; 32]>)> {
        let keys = self.keys();
        let key = keys.derived(&keys.current, purpose).ok_or_else(|| Error::internal("no current key"))?;
        Ok((keys.current.clone(), key))
    }

    /// The derived key that proves a token of this key id. `None` if the secret does not accept the id.
    pub fn accepted(&self, id: &str, purpose: Purpose) -> Option<Secret<[u8; 32]>> {
        let keys = self.keys();
        keys.accept.iter().any(|accepted| accepted == id).then(|| keys.derived(id, purpose))?
    }

    /// HMAC-SHA256 with the current key.
    pub fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> Result<Secret<[u8; 32]>> {
        self.current(purpose).map(|(_, key)| mac(&key, parts))
    }

    /// HMAC-SHA256 with each accepted key. One of them equals the result of [`Keyring::mac`] before a rotation.
    pub fn macs(&self, purpose: Purpose, parts: &[&[u8]]) -> Vec<Secret<[u8; 32]>> {
        let keys = self.keys();
        keys.macs(keys.accept.iter().map(String::as_str), purpose, parts)
    }

    /// A blind index, for look-ups by a value that a DynamoDB key must not contain: HMAC-SHA256 with the index key.
    pub fn blind_index(&self, parts: &[&[u8]]) -> Result<Secret<[u8; 32]>> {
        self.blind_index_by(self.keys().index(), parts)
    }

    /// The blind index with this listed key.
    pub fn blind_index_by(&self, id: &str, parts: &[&[u8]]) -> Result<Secret<[u8; 32]>> {
        let key = self.keys().derived(id, Purpose::BlindIndex).ok_or_else(|| Error::internal("no index key"))?;
        Ok(mac(&key, parts))
    }

    /// The blind indexes under which a record is stored: that of look-ups first. There is one, except during a change of the index key.
    pub fn blind_indexes(&self, parts: &[&[u8]]) -> Vec<Secret<[u8; 32]>> {
        let keys = self.keys();
        keys.macs(keys.indexes().into_iter(), Purpose::BlindIndex, parts)
    }

    /// The blind indexes of listed keys under which no record is stored any more.
    pub fn former_indexes(&self, parts: &[&[u8]]) -> Vec<Secret<[u8; 32]>> {
        let keys = self.keys();
        let indexes = keys.indexes();
        keys.macs(keys.ids().filter(|id| !indexes.contains(id)), Purpose::BlindIndex, parts)
    }

    /// Encrypts with AES-256-GCM and returns `key id . base64url(nonce, ciphertext, tag)`. `place` is the associated data: a ciphertext that
    /// was moved to another record or field does not open.
    pub fn seal(&self, place: &str, plain: &str) -> Result<String> {
        let keys = self.keys();
        let key = keys.sealing.get(&keys.current).ok_or_else(|| Error::internal("no current key"))?;
        let nonce: [u8; NONCE] = random()?;
        let mut sealed = plain.as_bytes().to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut sealed)
            .map_err(|_| Error::internal("sealing failed"))?;
        Ok(format!("{}.{}", keys.current, BASE64.encode([&nonce[..], &sealed].concat())))
    }

    /// Decrypts the result of [`Keyring::seal`] for the same place.
    pub fn open(&self, place: &str, sealed: &str) -> Result<String> {
        self.try_open(place, sealed).ok_or_else(|| Error::internal(format!("{place} does not open")))
    }

    /// Decrypts the result of [`Keyring::seal`] for the same place; `None` if it is not one.
    pub fn try_open(&self, place: &str, sealed: &str) -> Option<String> {
        let (id, sealed) = sealed.split_once('.')?;
        let keys = self.keys();
        let key = keys.sealing.get(id)?;
        let mut sealed = BASE64.decode(sealed).ok()?;
        let (nonce, text) = sealed.split_at_mut_checked(NONCE)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = key.open_in_place(nonce, Aad::from(place), text).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }

    /// Whether the result of [`Keyring::seal`] was made by another key than the current one.
    pub fn is_outdated(&self, sealed: &str) -> bool {
        sealed.split_once('.').is_none_or(|(id, _)| id != self.keys().current)
    }
}

fn derive(secret: &Secret<String>, purpose: Purpose) -> Secret<[u8; 32]> {
    mac(secret, &[purpose.label()])
}

fn sealing_key(secret: &Secret<String>) -> Result<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, derive(secret, Purpose::Sealing).expose());
    key.map(LessSafeKey::new).map_err(|_| Error::internal("a sealing key has a wrong length"))
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
    fn each_key_does_what_the_secret_names_it_for() {
        let keys = r#""k1":"0123456789abcdef0123456789abcdef","k2":"fedcba9876543210fedcba9876543210""#;
        let ring = |named: &str| Keyring::parse(Secret::new(&format!("{{{named},{keys}}}"))).unwrap();
        let old = ring(r#""current":"k1","accept":["k1"]"#);
        let new = ring(r#""current":"k2","index":"k1","accept":["k2"]"#);
        let moved = ring(r#""current":"k2","index":"k2","accept":["k2"]"#);
        let index = |ring: &Keyring| ring.blind_index(&[b"x"]).unwrap();
        assert!(index(&old).is_same(&index(&new)) && !index(&old).is_same(&index(&moved)));
        assert_eq!([&old, &new, &moved].map(|ring| ring.blind_indexes(&[b"x"]).len()), [1, 2, 1]);
        assert!(moved.former_indexes(&[b"x"])[0].is_same(&index(&old)));
        let digest = old.mac(Purpose::Cursor, &[b"x"]).unwrap();
        assert!(!new.macs(Purpose::Cursor, &[b"x"]).iter().any(|mac| mac.is_same(&digest)));
        assert!(new.accepted("k1", Purpose::AccessToken).is_none() && new.accepted("k2", Purpose::AccessToken).is_some());
        let sealed = old.seal("a", "b").unwrap();
        assert_eq!((new.open("a", &sealed).unwrap(), new.is_outdated(&sealed)), ("b".to_owned(), true));
    }

    #[test]
    fn bad_secrets_are_rejected_and_not_quoted() {
        let key = "hush5678901234567890123456789012";
        let with = |named: &str| format!(r#"{{{named},"k1":"{key}"}}"#);
        let unlisted = [
            r#""current":"k2""#,
            r#""current":"k1","index":"k2""#,
            r#""current":"k1","accept":["k2","k1"]"#,
            r#""current":"k1","accept":[]"#,
        ];
        let short = ["", "[]", r#"{"k1":"hush"}"#, r#"{"current":"k1"}"#, r#"{"current":"k1","k1":"hush"}"#];
        for secret in short.map(str::to_owned).into_iter().chain(unlisted.map(with)) {
            let secret = secret.as_str();
            let error = Keyring::parse(Secret::new(secret)).err().unwrap().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
