//! Credentials in headers: `Authorization`, and the cookies of a name.
//!
//! ```text
//! Authorization: Bearer <token>                      RFC 6750, 2.1
//! Authorization: Basic base64(<client>:<secret>)     RFC 6749, 2.3.1: both are encoded as in a form
//! ```
//!
//! The name of the scheme is case-insensitive (RFC 9110, 11.1).

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use deserr::Deserr;
use percent_encoding::percent_decode_str;
use shared::error::{Error, Fault, Result};
use shared::values::Secret;
use shared::values::input::{Faults, Json as Input, Synonyms};

/// Some clients leave out the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The longest value of a cookie.
const MAX_COOKIE: usize = 256;

/// The token of `Authorization: Bearer`.
pub fn bearer(headers: &HeaderMap) -> Option<Secret<&str>> {
    of_scheme(headers, "bearer").filter(|token| !token.expose().is_empty() && !token.expose().contains(' '))
}

/// The values of all cookies with this name: a browser may have several, for different paths.
pub fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = Secret<&'a str>> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter_map(move |(own, value)| (own == name && value.len() <= MAX_COOKIE).then_some(Secret::new(value)))
}

/// A request for tokens. Its client may use the names of OAuth 2.0 (RFC 6749) beside those of the API document.
pub trait TokenRequest: Deserr<Faults> {
    const SYNONYMS: Synonyms = &[];
    /// The fields of the client and its secret, if `Authorization: Basic` may carry them.
    const BASIC: Option<[&'static str; 2]> = None;
}

/// Parses such a request. A malformed header is an error of [`Kind::Unauthenticated`](shared::error::Kind::Unauthenticated).
pub fn read_token_request<T: TokenRequest>(headers: &HeaderMap, mut fields: Input) -> Result<T> {
    if let (Some(names), Some(encoded)) = (T::BASIC, of_scheme(headers, "basic")) {
        let pair = basic(encoded).ok_or_else(Error::unauthenticated)?;
        for (name, value) in names.into_iter().zip(pair) {
            if !fields.set_text(name, value.expose().clone()) {
                return Err(Error::invalid([Fault::new(name, "differs from Authorization")]));
            }
        }
    }
    fields.read_with(T::SYNONYMS)
}

/// The client and the secret of the header's value.
fn basic(encoded: Secret<&str>) -> Option<[Secret<String>; 2]> {
    let text = String::from_utf8(BASE64.decode(encoded.expose()).ok()?).ok()?;
    let (client, secret) = text.split_once(':')?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().filter(|text| !text.contains('\0')).map(Into::into);
    Some([decoded(client)?, decoded(secret)?].map(Secret::new))
}

fn of_scheme<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<Secret<&'a str>> {
    let (name, value) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| Secret::new(value.trim_start_matches(' ')))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn a_bearer_token_is_one_word() {
        for good in ["Bearer t.o-k", "bearer t.o-k", "BEARER   t.o-k"] {
            assert_eq!(bearer(&headers(good)).map(|token| *token.expose()), Some("t.o-k"), "{good}");
        }
        for bad in ["", "Bearer", "Bearer ", "Bearer a b", "Bearera", "Basic t.o-k", "t.o-k"] {
            assert!(bearer(&headers(bad)).is_none(), "{bad}");
        }
    }

    /// The first is the example of RFC 7617, 2.
    #[test]
    fn basic_credentials_are_decoded_twice() {
        let encode = |text: &str| STANDARD.encode(text);
        let cases = [
            ("QWxhZGRpbjpvcGVuIHNlc2FtZQ==".to_owned(), ["Aladdin", "open sesame"]),
            ("QWxhZGRpbjpvcGVuIHNlc2FtZQ".to_owned(), ["Aladdin", "open sesame"]),
            (encode("a%3Ab:c:d%25"), ["a:b", "c:d%"]),
            (encode("a:"), ["a", ""]),
        ];
        for (encoded, pair) in cases {
            assert_eq!(basic(Secret::new(&encoded)).unwrap().map(|part| part.expose().clone()), pair, "{encoded}");
        }
        for bad in [encode("no colon"), encode("a:%00"), encode("a:%ff"), "@".to_owned(), String::new()] {
            assert!(basic(Secret::new(&bad)).is_none(), "{bad}");
        }
    }
}
