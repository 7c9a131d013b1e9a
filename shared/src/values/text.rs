//! Free text, record ids and URLs.

use deserr::Sequence as _;
use serde::{Deserialize, Serialize};

use super::normal::{is_blank, is_invisible};
use super::{Reason, text_value};
use crate::values::input::Faults;

/// Free text of `MIN` to `MAX` characters. If `MIN` is above zero, at least one character is visible. A text of nothing but invisible
/// characters is empty. `Debug` does not show it, because much of it is about people.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        Self::check(text).map(|text| Self(text.to_owned()))
    }

    /// The text to keep, if it is valid.
    pub(super) fn check(text: &str) -> Result<&str, Reason> {
        if MIN > 0 && is_blank(text) {
            return Err("must not be empty");
        }
        let text = if text.chars().all(is_invisible) { "" } else { text };
        match text.chars().count() {
            length if length < MIN => Err("is too short"),
            length if length > MAX => Err("is too long"),
            _ => Ok(text),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
text_value!(Text<const MIN: usize, const MAX: usize>);

impl<const MIN: usize, const MAX: usize> std::fmt::Debug for Text<MIN, MAX> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Text(..)")
    }
}

impl<const MAX: usize> Default for Text<0, MAX> {
    fn default() -> Self {
        Self(String::new())
    }
}

impl<const MAX: usize> From<Text<1, MAX>> for Text<0, MAX> {
    fn from(Text(text): Text<1, MAX>) -> Self {
        Self(text)
    }
}

/// A partner's own id of a record, or a channel's appkey: `[A-Za-z0-9._-]{1,64}`. Keys and URL paths contain it, so `.` and `..` are
/// invalid: HTTP clients resolve such a path segment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(String);

impl RecordId {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if (1..=64).contains(&text.len()) && text.chars().all(allowed) && !matches!(text, "." | "..") {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be 1 to 64 of A-Z a-z 0-9 . _ -")
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
text_value!(RecordId);

impl std::fmt::Display for RecordId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An absolute http(s) URL of at most 2,048 characters. It is stored and returned, never fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Url(String);

impl Url {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        const REASON: Reason = "must be an http or https URL of at most 2048 characters";
        let (scheme, rest) = text.split_once("://").ok_or(REASON)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\\'));
        let of_a_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        let named = host.starts_with(|c: char| c.is_alphanumeric() || c == '[') && host.chars().all(of_a_name);
        if web && clean && named && text.chars().count() <= 2048 { Ok(Self(text.to_owned())) } else { Err(REASON) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scheme, host and port: `https://example.com:8443` for `https://example.com:8443/path?query`.
    pub fn origin(&self) -> &str {
        let start = self.0.find("://").map_or(0, |at| at + 3);
        let end = self.0[start..].find(['/', '?', '#']).map_or(self.0.len(), |at| start + at);
        &self.0[..end]
    }
}
text_value!(Url);

/// At most 20 URLs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Urls(Vec<Url>);

impl deserr::Deserr<Faults> for Urls {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        at: deserr::ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        match value {
            deserr::Value::Sequence(urls) if urls.len() > 20 => Err(Faults::one(at, "must not have more than 20 elements")),
            value => Vec::deserialize_from_value(value, at).map(Self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_characters_not_bytes() {
        assert!(Text::<1, 2>::parse("张三").is_ok());
        assert_eq!(Text::<1, 2>::parse("张三丰"), Err("is too long"));
        assert_eq!(Text::<1, 2>::parse("　 "), Err("must not be empty"));
        assert_eq!(Text::<1, 2>::parse("\u{200b}\u{feff} "), Err("must not be empty"));
        assert_eq!(Text::<0, 2>::parse("\u{200b}\u{feff}\u{2060}"), Ok(Text::default()));
        assert!(Text::<0, 2>::parse("").is_ok());
    }

    #[test]
    fn debug_output_shows_no_text() {
        assert_eq!(format!("{:?}", Text::<1, 64>::parse("张三")), "Ok(Text(..))");
    }

    #[test]
    fn urls_are_absolute_http_urls() {
        assert!(Url::parse("https://cdn.example.com/face/photo1.jpg").is_ok());
        for bad in [
            "",
            "cdn.example.com/a",
            "ftp://a/b",
            "javascript:alert(1)",
            "http://",
            "http:///a",
            "http://a b/",
            "https://u:p@a/",
            "https://a;b/",
            "https://a,b/",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }
}
