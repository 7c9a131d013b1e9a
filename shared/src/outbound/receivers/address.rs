//! The address of a receiver.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::public::is_public;
use crate::values::{Reason, text_value};

/// The most characters of an address.
const LONGEST: usize = 2048;
/// The first port that a receiver may have beside 443: the lower ones belong to other services.
const FIRST_PORT: u16 = 1024;

/// A URL that events are posted to, in its normal form: `https` with a host name or a public IP address, port 443 or from 1024, no user, no
/// fragment. `http://127.0.0.1` is valid as well, but a system on AWS does not send to it.
///
/// Its path has no `%`: a receiver that signs the decoded path would compute another signature.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

text_value!(Address);

/// Its path may hold a token of the receiver.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(..)")
    }
}

impl Address {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        const REASON: Reason =
            "must be an https URL of at most 2048 characters, without user and fragment, with port 443 or from 1024";
        if text.chars().count() > LONGEST {
            return Err(REASON);
        }
        let url = Url::parse(text).map_err(|_| REASON)?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        let port = url.port_or_known_default().unwrap_or_default();
        let is_open = port == 443 || port >= FIRST_PORT;
        let is_allowed = url.scheme() == "https" || (url.scheme() == "http" && loopback(&url).is_some());
        if has_user || url.fragment().is_some() || !is_allowed || !is_open || url.as_str().len() > LONGEST {
            return Err(REASON);
        }
        if url.path().contains('%') {
            return Err("must have a path of A-Z a-z 0-9 and signs that need no %");
        }
        match literal(&url) {
            Some(address) if loopback(&url) != Some(address) && !is_public(address) => Err("must be on the public internet"),
            _ => Ok(Self(url.into())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the receiver is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.url().is_some_and(|url| loopback(&url).is_some())
    }

    /// The scheme, host and port: a path may hold a token of the receiver.
    pub fn origin(&self) -> String {
        self.url().map_or_else(String::new, |url| url.origin().ascii_serialization())
    }

    /// The path, which signatures are over.
    pub fn path(&self) -> String {
        self.url().map_or_else(String::new, |url| url.path().to_owned())
    }

    pub(super) fn url(&self) -> Option<Url> {
        Url::parse(&self.0).ok()
    }
}

/// The IP address in place of a name.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// The address of this machine, if the URL is `http` with it.
fn loopback(url: &Url) -> Option<IpAddr> {
    literal(url).filter(|address| url.scheme() == "http" && *address == Ipv4Addr::LOCALHOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_on_the_public_internet() {
        for (text, normal) in [
            ("https://example.com", "https://example.com/"),
            ("HTTPS://Example.com:443/hook?x=1%20", "https://example.com/hook?x=1%20"),
            ("https://example.com:8443/a/b", "https://example.com:8443/a/b"),
            ("https://8.8.8.8/a", "https://8.8.8.8/a"),
            ("https://[2606:4700::1111]/a", "https://[2606:4700::1111]/a"),
            ("https://例子.中国/a", "https://xn--fsqu00a.xn--fiqs8s/a"),
            ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
        ] {
            assert_eq!(Address::parse(text).as_ref().map(Address::as_str), Ok(normal), "{text}");
        }
        let long = format!("https://example.com/{}", "a".repeat(2048));
        for text in [
            "",
            "example.com",
            "http://example.com",
            "ftp://example.com",
            "https://",
            "https://user@example.com",
            "https://user:pass@example.com",
            "https://example.com/#a",
            "https://example.com:22/",
            "https://example.com:80/",
            "http://127.0.0.1/",
            "http://127.0.0.2:8080/",
            "http://localhost:8080/",
            "https://example.com/a%20b",
            "https://example.com/a b",
            "https://example.com/路",
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://169.254.169.254/latest",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            &long,
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
