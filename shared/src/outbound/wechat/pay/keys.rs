//! The cryptography of WeChat Pay API v3: RSA-SHA256 signatures over lines of text, each followed by a line feed, and AES-256-GCM for the
//! resource of a notification.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pki_types::pem::PemObject as _;
use pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};

use crate::error::{Error, Result};
use crate::values::Secret;

/// A private key, and the serial number by which the other side knows its public key.
pub struct SigningKey {
    pub serial: String,
    key: RsaKeyPair,
}

impl SigningKey {
    /// Parses a PEM of PKCS #8 or PKCS #1. An error never quotes it.
    pub fn parse(serial: &str, pem: Secret<&str>) -> Result<Self> {
        let unreadable = || Error::internal("a private key is not an RSA key in PEM");
        let key = match PrivateKeyDer::from_pem_slice(pem.expose().as_bytes()).map_err(|_| unreadable())? {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(unreadable()),
        };
        Ok(Self { serial: serial.to_owned(), key: key.map_err(|_| unreadable())? })
    }

    /// The signature over these lines, in base64.
    pub fn sign(&self, lines: &[&str]) -> Result<Secret<String>> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message(lines).as_bytes(), &mut signature)
            .map_err(|_| Error::internal("signing failed"))?;
        Ok(Secret::new(BASE64.encode(signature)))
    }
}

/// The public keys of the other side by serial number: `PUB_KEY_ID_..` for a public key, hex digits for a certificate.
pub struct VerifyingKeys(BTreeMap<String, Vec<u8>>);

impl VerifyingKeys {
    /// Parses PEMs, each a public key or a certificate.
    pub fn parse(pems: &BTreeMap<String, String>) -> Result<Self> {
        let keys = pems.iter().map(|(serial, pem)| Ok((serial.to_ascii_uppercase(), public_key(pem)?)));
        keys.collect::<Result<_>>().map(Self)
    }

    /// Whether the signature over these lines is valid for the key of this serial number.
    pub fn verify(&self, serial: &str, lines: &[&str], signature: Secret<&str>) -> bool {
        let key = self.0.get(&serial.to_ascii_uppercase());
        let (Some(key), Ok(signature)) = (key, BASE64.decode(signature.expose())) else { return false };
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(message(lines).as_bytes(), &signature).is_ok()
    }

    /// The serial number of the key that the other side should sign its responses with. A public key comes before a certificate.
    pub fn preferred(&self) -> Option<&str> {
        self.0.keys().max_by_key(|serial| serial.starts_with("PUB_KEY_ID_")).map(String::as_str)
    }
}

fn public_key(pem: &str) -> Result<Vec<u8>> {
    let unreadable = || Error::internal("a key of WeChat Pay is neither a public key nor a certificate in PEM");
    if let Ok(key) = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()) {
        return Ok(key.as_ref().to_vec());
    }
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| unreadable())?;
    let certificate = webpki::EndEntityCert::try_from(&certificate).map_err(|_| unreadable())?;
    Ok(certificate.subject_public_key_info().as_ref().to_vec())
}

fn message(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

/// The merchant's APIv3 key, which encrypts notifications.
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    /// Parses a key of 32 bytes. An error never quotes it.
    pub fn parse(key: Secret<&str>) -> Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key.expose().as_bytes());
        key.map(|key| Self(LessSafeKey::new(key))).map_err(|_| Error::internal("an APIv3 key does not have 32 bytes"))
    }

    /// The ciphertext with its tag, in base64. `nonce` has twelve characters.
    pub fn seal(&self, nonce: &str, associated_data: &str, plain: &str) -> Result<String> {
        let failed = |_| Error::internal("sealing failed");
        let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).map_err(failed)?;
        let mut sealed = plain.as_bytes().to_vec();
        self.0.seal_in_place_append_tag(nonce, Aad::from(associated_data), &mut sealed).map_err(failed)?;
        Ok(BASE64.encode(sealed))
    }

    /// The plain text. `None` if any of the three values was changed.
    pub fn open(&self, nonce: &str, associated_data: &str, sealed: &str) -> Option<String> {
        let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).ok()?;
        let mut sealed = BASE64.decode(sealed).ok()?;
        let plain = self.0.open_in_place(nonce, Aad::from(associated_data), &mut sealed).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }
}
