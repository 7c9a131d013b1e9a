//! The message push (消息推送): WeChat sends events to the installation. It is configured with the format JSON and the safe mode (安全模式),
//! so each message is encrypted with AES-256-CBC, and its signature is the SHA-1 over the sorted token, time, nonce and ciphertext.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::content::Suggestion;
use super::{App, WeChat};
use crate::error::{Error, Fault, Result};
use crate::values::Secret;

/// The bytes before the message: 16 random ones and its length.
const HEAD: usize = 20;
/// The padding fills a block of so many bytes.
const BLOCK: usize = 32;
/// The event that reports the result of a check of a picture.
const MEDIA_CHECK: &str = "wxa_media_check";

/// The key has 43 characters: the last one holds two bits that are not used, and the padding is left out.
const KEY_BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireNone).with_decode_allow_trailing_bits(true),
);

/// What WeChat signs, from the query of its request.
pub struct Signed<'a> {
    /// `signature`, or `msg_signature` of an encrypted message.
    pub signature: &'a str,
    pub timestamp: &'a str,
    pub nonce: &'a str,
}

/// The result of a check of a picture.
#[derive(Debug, PartialEq, Eq)]
pub struct PictureChecked {
    pub trace_id: String,
    pub suggestion: Suggestion,
}

struct Push<'a> {
    appid: &'a str,
    token: &'a Secret<String>,
    key: &'a Secret<String>,
}

impl App {
    /// None if the installation receives no messages.
    fn push(&self) -> Option<Push<'_>> {
        let Self { appid, message_token, message_key, .. } = self;
        Some(Push { appid, token: message_token.as_ref()?, key: message_key.as_ref()? })
    }
}

impl Push<'_> {
    fn is_genuine(&self, signed: &Signed<'_>, ciphertext: &str) -> bool {
        let mut parts = [self.token.expose().as_str(), signed.timestamp, signed.nonce, ciphertext];
        parts.sort_unstable();
        let expected = hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, parts.concat().as_bytes()));
        verify_slices_are_equal(expected.as_bytes(), signed.signature.as_bytes()).is_ok()
    }

    /// Opens a ciphertext. None if it is not one of this key and this mini program.
    fn open(&self, ciphertext: &str) -> Option<String> {
        let key = KEY_BASE64.decode(self.key.expose()).ok().filter(|key| key.len() == 32)?;
        let mut bytes = STANDARD.decode(ciphertext).ok()?;
        let iv: [u8; 16] = key[..16].try_into().ok()?;
        let cipher = DecryptingKey::cbc(UnboundCipherKey::new(&AES_256, &key).ok()?).ok()?;
        let plain = cipher.decrypt(&mut bytes, DecryptionContext::Iv128(FixedLength::from(iv))).ok()?;
        let padding = usize::from(*plain.last()?);
        let plain = plain.get(..plain.len().checked_sub(padding)?).filter(|_| (1..=BLOCK).contains(&padding))?;
        let length = u32::from_be_bytes(plain.get(16..HEAD)?.try_into().ok()?);
        let end = HEAD.checked_add(usize::try_from(length).ok()?)?;
        let message = plain.get(HEAD..end)?;
        (plain.get(end..)? == self.appid.as_bytes()).then(|| String::from_utf8(message.to_vec()).ok())?
    }
}

impl WeChat {
    /// Whether WeChat can push messages to the installation.
    pub async fn receives_messages(&self, now: Timestamp) -> Result<bool> {
        Ok(self.app.get(now).await?.push().is_some())
    }

    /// Verifies the request by which WeChat checks the address of the push. The caller answers with its `echostr`.
    pub async fn verify_address(&self, signed: &Signed<'_>, now: Timestamp) -> Result<()> {
        let app = self.app.get(now).await?;
        match app.push() {
            Some(push) if push.is_genuine(signed, "") => Ok(()),
            _ => Err(Error::unauthenticated()),
        }
    }

    /// Verifies and opens a message. None if it is genuine but reports no check of a picture.
    pub async fn message(&self, signed: &Signed<'_>, body: &str, now: Timestamp) -> Result<Option<PictureChecked>> {
        #[derive(Deserialize)]
        struct Envelope {
            #[serde(rename = "Encrypt")]
            ciphertext: String,
        }
        let envelope: Result<Envelope, _> = serde_json::from_str(body);
        let Envelope { ciphertext } = envelope.map_err(|_| Error::invalid([Fault::new("Encrypt", "is required")]))?;
        let app = self.app.get(now).await?;
        let push = app.push().filter(|push| push.is_genuine(signed, &ciphertext)).ok_or_else(Error::unauthenticated)?;
        let opened = push.open(&ciphertext).and_then(|message| serde_json::from_str(&message).ok());
        let message: Value = opened.ok_or_else(|| Error::invalid([Fault::new("Encrypt", "does not open")]))?;
        Ok(picture_checked(&message))
    }
}

fn picture_checked(message: &Value) -> Option<PictureChecked> {
    if message["Event"] != MEDIA_CHECK {
        return None;
    }
    // WeChat could not read the picture if there is an error.
    let is_checked = message["errcode"].as_i64().unwrap_or_default() == 0;
    let suggestion = if is_checked { Suggestion::of(&message["result"]) } else { Suggestion::Review };
    Some(PictureChecked { trace_id: message["trace_id"].as_str()?.to_owned(), suggestion })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The sample of WeChat's own code for the message push, WXBizMsgCrypt.
    const CIPHERTEXT: &str = "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE=";
    const SIGNED: Signed<'_> =
        Signed { signature: "5d197aaffba7e9b25a30732f161a50dee96bd5fa", timestamp: "1409735669", nonce: "1320562132" };

    fn app(appid: &str, token: &str, key: &str) -> App {
        let secret = json!({"appid": appid, "secret": "s", "message_token": token, "message_key": key}).to_string();
        App::parse(Secret::new(&secret)).unwrap()
    }

    const APPID: &str = "wx2c2769f8efd9abc2";
    const TOKEN: &str = "spamtest";
    const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

    #[test]
    fn the_sample_of_wechat_is_genuine_and_opens() {
        let app = app(APPID, TOKEN, KEY);
        let push = app.push().unwrap();
        assert!(push.is_genuine(&SIGNED, CIPHERTEXT));
        let message = push.open(CIPHERTEXT).unwrap();
        assert!(message.starts_with("<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName>"), "{message}");
        assert!(message.contains("<Content><![CDATA[abcdteT]]></Content>"), "{message}");
    }

    #[test]
    fn another_token_key_or_mini_program_opens_nothing() {
        let other_token = app(APPID, "spamtesT", KEY);
        assert!(!other_token.push().unwrap().is_genuine(&SIGNED, CIPHERTEXT));
        let other_key = app(APPID, TOKEN, &KEY.replace('a', "b"));
        assert_eq!(other_key.push().unwrap().open(CIPHERTEXT), None);
        let other_app = app("wx2c2769f8efd9abc3", TOKEN, KEY);
        assert_eq!(other_app.push().unwrap().open(CIPHERTEXT), None);
        let good = app(APPID, TOKEN, KEY);
        let short = Signed { signature: "5d197aaf", ..SIGNED };
        assert!(!good.push().unwrap().is_genuine(&short, CIPHERTEXT));
        for wrong in ["", "AAAA", &CIPHERTEXT[..64], "不是"] {
            assert_eq!(good.push().unwrap().open(wrong), None, "{wrong}");
        }
    }

    /// The event of WeChat's documentation of mediaCheckAsync.
    #[test]
    fn the_event_of_the_documentation_is_read() {
        let event = json!({
            "ToUserName": "gh_9df7d78a1234", "FromUserName": "o4_t144jTUSEoxydysUA2E234_tc", "CreateTime": 1_626_959_646,
            "MsgType": "event", "Event": "wxa_media_check", "appid": "wx8f16a5e77871234",
            "trace_id": "60f96f1d-3845297a-1976a3ae", "version": 2,
            "detail": [{"strategy": "content_model", "errcode": 0, "suggest": "pass", "label": 100, "prob": 90}],
            "errcode": 0, "errmsg": "ok", "result": {"suggest": "pass", "label": 100},
        });
        let read = |suggestion| Some(PictureChecked { trace_id: "60f96f1d-3845297a-1976a3ae".into(), suggestion });
        assert_eq!(picture_checked(&event), read(Suggestion::Pass));
        for (member, value, suggestion) in [
            ("result", json!({"suggest": "risky", "label": 20002}), Suggestion::Risky),
            ("result", json!({"suggest": "review", "label": 21000}), Suggestion::Review),
            ("result", json!({"suggest": "another word"}), Suggestion::Review),
            ("errcode", json!(-1008), Suggestion::Review),
        ] {
            let mut event = event.clone();
            event[member] = value;
            assert_eq!(picture_checked(&event), read(suggestion), "{event}");
        }
        assert_eq!(picture_checked(&json!({"MsgType": "event", "Event": "user_enter_tempsession"})), None);
    }
}
