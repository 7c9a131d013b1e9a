//! The keys of the merchant and of WeChat Pay: real keys, generated at most once per process.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize, SerialNumber, date_time_ymd};
use serde_json::{Value, json};

/// The simulator's own secret: the private keys of WeChat Pay.
pub const PLATFORM: &str = "wechat-platform";
const MERCHANT: &str = "wechat-pay-secret";
const MCHID: &str = "1900000109";

/// Fills in the secrets that the template leaves to the operator.
pub fn fill(secrets: &mut BTreeMap<String, String>) -> Result<(), String> {
    for name in ["wechat-secret", "jobboard-wechat-secret"] {
        let mut app = read(secrets, name);
        if app["appid"] == "to-be-filled-in" {
            app["appid"] = format!("wx{}", serial(8)?.to_ascii_lowercase()).into();
        }
        if name == "jobboard-wechat-secret" && app["message_key"].is_null() {
            // 43 characters of Base64: a key of 32 bytes without its padding.
            app["message_token"] = serial(16)?.into();
            app["message_key"] = STANDARD_NO_PAD.encode(random_bytes()?).into();
            secrets.insert(name.to_owned(), app.to_string());
        }
    }
    let mut merchant = read(secrets, MERCHANT);
    if merchant["private_key"] == "" || !secrets.contains_key(PLATFORM) {
        let keys = KEYS.as_ref().map_err(Clone::clone)?;
        for (name, value) in keys["merchant"].as_object().into_iter().flatten() {
            merchant[name] = value.clone();
        }
        merchant["appid"] = read(secrets, "jobboard-wechat-secret")["appid"].clone();
        let generated: String = merchant["apiv3_key"].as_str().unwrap_or_default().chars().take(32).collect();
        merchant["apiv3_key"] = generated.into();
        secrets.insert(MERCHANT.to_owned(), merchant.to_string());
        secrets.insert(PLATFORM.to_owned(), keys["platform"].to_string());
    }
    Ok(())
}

fn read(secrets: &BTreeMap<String, String>, name: &str) -> Value {
    secrets.get(name).and_then(|secret| serde_json::from_str(secret).ok()).unwrap_or_default()
}

static KEYS: LazyLock<Result<Value, String>> = LazyLock::new(|| generate().map_err(|error| format!("no keys: {error}")));

/// Three key pairs: the merchant's, WeChat's with an id, and WeChat's with a certificate.
fn generate() -> Result<Value, Box<dyn std::error::Error>> {
    let pair = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048);
    let (merchant, by_id, by_certificate) = (pair()?, pair()?, pair()?);
    let (key_id, certificate_serial) = (format!("PUB_KEY_ID_01{}", serial(15)?), serial(20)?);
    let mut certificate = CertificateParams::new(Vec::new())?;
    let number: Vec<u8> = (0..certificate_serial.len())
        .step_by(2)
        .filter_map(|at| u8::from_str_radix(certificate_serial.get(at..at + 2)?, 16).ok())
        .collect();
    certificate.serial_number = Some(SerialNumber::from(number));
    // Valid at any time of a world's clock. `/v3/certificates` returns the same dates.
    (certificate.not_before, certificate.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(2120, 1, 1));
    let of_merchant = certificate.self_signed(&merchant)?.pem();
    let certificate = certificate.self_signed(&by_certificate)?.pem();
    Ok(json!({
        "merchant": {
            "mchid": MCHID, "serial_no": serial(20)?, "private_key": merchant.serialize_pem(), "certificate": of_merchant,
            "platform_keys": {key_id.as_str(): by_id.public_key_pem(), certificate_serial.as_str(): certificate},
        },
        "platform": {
            "public_key_id": key_id, "public_key_private": by_id.serialize_pem(),
            "certificate_serial": certificate_serial, "certificate_private": by_certificate.serialize_pem(),
            "certificate": certificate, "merchant_public_key": merchant.public_key_pem(),
        },
    }))
}

fn random_bytes() -> Result<[u8; 32], String> {
    shared::crypto::random::random().map_err(|error| error.to_string())
}

/// A serial number of so many bytes, in hex. It has no leading zero and is not negative.
fn serial(bytes: usize) -> Result<String, String> {
    let mut random = random_bytes()?[..bytes].to_vec();
    random[0] = (random[0] & 0x3f) | 0x40;
    Ok(hex::encode(&random).to_ascii_uppercase())
}
