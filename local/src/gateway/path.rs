//! The path of a request as an HTTP API reads it.
//!
//! API Gateway decodes the path twice. It routes by the first result, and the second one is `rawPath` and `pathParameters`. A `?` in the first
//! result ends the path. A percent sign that begins no escape is status 400, in the first result too.
//!
//! Sources: captures of live HTTP APIs in September 2026 (github.com/hotsock/voker, the test data of its package `vokerhttp`), which the
//! tests below repeat. For the routing: Stack Overflow, "How to encode parameters for AWS API Gateway (HTTP API)?", where `/a%2Fb/thing` does not
//! match `/{example}/thing`, and `/a%252Fb/thing` does. Neither source covers a `+` and bytes that are no UTF-8: here a `+` stays, and such
//! bytes become U+FFFD.

use percent_encoding::percent_decode_str;

pub struct Read {
    /// Selects the route.
    pub routed: String,
    /// `rawPath` of the event.
    pub raw_path: String,
}

/// `None` if API Gateway rejects the path.
pub fn read(path: &str) -> Option<Read> {
    let decoded_once = decode(path)?;
    let routed = decoded_once.split('?').next().unwrap_or_default().to_owned();
    let raw_path = decode(&routed)?;
    Some(Read { routed, raw_path })
}

/// Decodes once. `None` if a percent sign begins no escape.
pub fn decode(text: &str) -> Option<String> {
    let is_escape = |rest: &str| matches!(rest.as_bytes(), [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
    let mut rests = text.split('%').skip(1);
    rests.all(is_escape).then(|| percent_decode_str(text).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(sent: &str) -> Option<(String, String)> {
        read(sent).map(|path| (path.routed, path.raw_path))
    }

    /// The whole of the captures.
    #[test]
    fn paths_are_read_as_the_captures_show() {
        for (sent, raw_path) in [
            ("/capture/plain", Some("/capture/plain")),
            ("/capture/space%20value", Some("/capture/space value")),
            ("/capture/question%3Fvalue", Some("/capture/question")),
            ("/capture/percent%25done", None),
            ("/capture/hash%23value", Some("/capture/hash#value")),
            ("/capture/slash%2Fvalue", Some("/capture/slash/value")),
            ("/capture/unicode-%CE%BB-%E4%B8%96%E7%95%8C", Some("/capture/unicode-λ-世界")),
            ("/capture/literal%252Fvalue", Some("/capture/literal/value")),
            ("/capture/literal%253Fvalue", Some("/capture/literal?value")),
            ("/capture/literal%2525value", Some("/capture/literal%value")),
        ] {
            assert_eq!(read(sent).map(|path| path.raw_path).as_deref(), raw_path, "{sent}");
        }
    }

    #[test]
    fn the_route_is_that_of_the_path_decoded_once() {
        let both = |routed: &str, raw_path: &str| Some((routed.to_owned(), raw_path.to_owned()));
        assert_eq!(paths("/a%2Fb/thing"), both("/a/b/thing", "/a/b/thing"));
        assert_eq!(paths("/a%252Fb/thing"), both("/a%2Fb/thing", "/a/b/thing"));
        assert_eq!(paths("/tok%2565n"), both("/tok%65n", "/token"));
        // What follows the question mark is dropped before it is decoded again.
        assert_eq!(paths("/a%3F%25zz"), both("/a", "/a"));
    }

    #[test]
    fn a_percent_sign_without_two_hex_digits_is_rejected() {
        for sent in ["/%", "/a%", "/a%4", "/a%zz", "/a%4z", "/%%41", "/a%25", "/a%25zz", "/a%25%34", "/a%+1", "/a%4张"] {
            assert_eq!(paths(sent), None, "{sent}");
        }
        assert_eq!(paths("/%25%32%35"), Some(("/%25".into(), "/%".into())));
    }
}
