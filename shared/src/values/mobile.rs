//! Mobile numbers, of the mainland of China and of everywhere else.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::normal::plain;
use super::{Reason, text_value};

/// A mobile number: `1[3-9]` and nine digits with an optional prefix +86, or a number of another country or region with its code, such as
/// +852 91234567. It is returned as the client sent it, without invisible characters and without separators between digits;
/// [`Mobile::e164`] is the same for every spelling.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Mobile {
    text: String,
    e164: String,
}

text_value!(Mobile);

impl Mobile {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let text = plain(text);
        let compact = text.replace([' ', '-'], "");
        let (code, number) = match compact.strip_prefix('+') {
            Some(rest) => country_code(rest).and_then(|code| rest.split_at_checked(code.len())).unwrap_or_default(),
            None => (MAINLAND, compact.as_str()),
        };
        let is_mobile = match code {
            "" => false,
            MAINLAND => number.len() == 11 && number.starts_with('1') && matches!(number.as_bytes()[1], b'3'..=b'9'),
            // E.164: at most 15 digits with the code. `functions/channel/src/users.rs` documents the same rule as a pattern.
            _ => (4..=12).contains(&number.len()) && !number.starts_with('0'),
        };
        if is_mobile && number.bytes().all(|byte| byte.is_ascii_digit()) {
            // One separator behind the country code stays; those between the digits do not.
            let is_kept =
                text.len() - compact.len() == 1 && text.starts_with('+') && text[1 + code.len()..].starts_with([' ', '-']);
            let e164 = format!("+{code}{number}");
            Ok(Self { text: if is_kept { text } else { compact }, e164 })
        } else {
            Err("must be a mobile number")
        }
    }

    /// Without a separator, and without +86.
    pub fn normal(&self) -> Self {
        Self { text: self.index().to_owned(), e164: self.e164.clone() }
    }

    /// The number as the client sent it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `+8613800138000`: plus, country code, number.
    pub fn e164(&self) -> &str {
        &self.e164
    }

    /// Whether it is a number outside of the mainland of China.
    pub fn is_abroad(&self) -> bool {
        self.index().starts_with('+')
    }

    /// The name of the number in keys and counters: [`Mobile::e164`], but without +86, as the keys of earlier versions are.
    pub fn index(&self) -> &str {
        self.e164.strip_prefix("+86").unwrap_or(&self.e164)
    }
}

impl TryFrom<String> for Mobile {
    type Error = Reason;

    fn try_from(text: String) -> Result<Self, Reason> {
        Self::parse(&text)
    }
}

impl From<Mobile> for String {
    fn from(mobile: Mobile) -> Self {
        mobile.text
    }
}

/// Shows no digit.
impl fmt::Debug for Mobile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mobile(..)")
    }
}

const MAINLAND: &str = "86";

/// The geographic country codes of ITU-T E.164 (list of assigned codes). No code is the beginning of another one. Satellite and other
/// global services are missing: a message to them costs a multiple.
const COUNTRY_CODES: &str = "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 \
    81 82 84 86 90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 \
    240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 \
    299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 500 501 \
    502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 \
    687 688 689 690 691 692 850 852 853 855 856 880 886 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 992 993 994 \
    995 996 998";

/// The country code with which these digits begin.
fn country_code(digits: &str) -> Option<&'static str> {
    COUNTRY_CODES.split(' ').find(|code| digits.starts_with(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_number_has_one_form() {
        for text in ["13800138000", "+8613800138000", "+86 13800138000", "+86-13800138000"] {
            let mobile = Mobile::parse(text).expect(text);
            assert_eq!((mobile.as_str(), mobile.e164(), mobile.index()), (text, "+8613800138000", "13800138000"));
            assert!(!mobile.is_abroad());
        }
        for (text, e164) in [
            ("+852 91234567", "+85291234567"),
            ("+853-66123456", "+85366123456"),
            ("+886912345678", "+886912345678"),
            ("+4915112345678", "+4915112345678"),
            ("+1 4155552671", "+14155552671"),
        ] {
            let mobile = Mobile::parse(text).expect(text);
            assert_eq!((mobile.as_str(), mobile.e164(), mobile.index()), (text, e164, e164));
            assert!(mobile.is_abroad());
        }
    }

    #[test]
    fn other_texts_are_no_mobile_numbers() {
        for bad in [
            "12800138000",
            "1380013800",
            "138001380000",
            "8613800138000",
            "010-12345678",
            "1380013800一",
            "+861380013800",
            "+86 1012345678",
            "+8513800138000",
            "+",
            "+86",
            "+852",
            "+852 9",
            "+85291234567890123",
            "+88161234567",
            "+4915112345678x",
            "+49015112345678",
            "4915112345678",
            "",
        ] {
            assert!(Mobile::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_stored_number_reads_as_it_was_written() {
        for text in ["\"+86 13800138000\"", "\"13800138000\"", "\"+85291234567\""] {
            let mobile: Mobile = serde_json::from_str(text).expect(text);
            assert_eq!(serde_json::to_string(&mobile).expect(text), text);
        }
    }

    #[test]
    fn no_country_code_is_the_beginning_of_another_one() {
        let codes: Vec<&str> = COUNTRY_CODES.split(' ').collect();
        for code in &codes {
            assert_eq!(codes.iter().filter(|other| code.starts_with(**other)).count(), 1, "{code}");
        }
    }

    #[test]
    fn debug_output_shows_no_digit() {
        assert_eq!(format!("{:?}", Mobile::parse("+85291234567")), "Ok(Mobile(..))");
    }
}
