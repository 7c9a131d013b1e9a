//! When a certificate ends: the member `notAfter` of X.509 (RFC 5280, 4.1), in DER.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use pki_types::CertificateDer;
use pki_types::pem::PemObject as _;

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`: the version, which certificates of version 1 lack.
const VERSION: u8 = 0xa0;

/// When the certificate in this PEM ends. `None` for any other text.
pub fn expiry(pem: &str) -> Option<Timestamp> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let mut signed = Reader(Reader(certificate.as_ref()).take(SEQUENCE)?);
    let mut fields = Reader(signed.take(SEQUENCE)?);
    let (tag, _) = fields.next()?;
    if tag == VERSION {
        // The serial number.
        fields.next()?;
    }
    let _algorithm = fields.take(SEQUENCE)?;
    let _issuer = fields.take(SEQUENCE)?;
    let mut validity = Reader(fields.take(SEQUENCE)?);
    let _not_before = validity.next()?;
    let (tag, not_after) = validity.next()?;
    time(tag, std::str::from_utf8(not_after).ok()?)
}

/// A time of RFC 5280: `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` after it.
fn time(tag: u8, text: &str) -> Option<Timestamp> {
    let text = match tag {
        UTC_TIME => format!("{}{text}", if text < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

/// Reads elements of DER, each a tag, a length and that many bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The tag and the content of the next element.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, length], mut rest) = self.0.split_first_chunk::<2>()?;
        let mut length = usize::from(length);
        if length >= 0x80 {
            // So many bytes follow, which are the length. Two are enough for a certificate.
            let (bytes, behind) = rest.split_at_checked(length - 0x80).filter(|(bytes, _)| bytes.len() <= 2)?;
            length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            rest = behind;
        }
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next element, which has this tag.
    fn take(&mut self, expected: u8) -> Option<&'a [u8]> {
        self.next().filter(|(tag, _)| *tag == expected).map(|(_, content)| content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `openssl ca -enddate`, whose `x509 -enddate` shows the same ends.
    #[test]
    fn the_end_is_that_which_openssl_shows() {
        let until_2031 = "-----BEGIN CERTIFICATE-----
MIIBDjCBtAIBATAKBggqhkjOPQQDAjATMREwDwYDVQQDDAhtZXJjaGFudDAeFw0y
NjExMzAwMDAwMDBaFw0zMTEyMzEyMzU5NTlaMBMxETAPBgNVBAMMCG1lcmNoYW50
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVJOeo606bQPj/EWGQqKKTaficPF+
y9wHf9yHyH5ehUnjC6ejqtfX8HKa+j4eSuUIPv60Hp7qZEzOh0ToVPDOjjAKBggq
hkjOPQQDAgNJADBGAiEAreasgEZOeDE8YuQYcxN5jIWmZZ2eDpR2QKwsRowZ2AsC
IQCeJLgIC5vDr2u13lFzbnYAEbB85eJL3HXW2IbsbtyYhw==
-----END CERTIFICATE-----";
        let until_2060 = "-----BEGIN CERTIFICATE-----
MIIBDjCBtgIBAjAKBggqhkjOPQQDAjATMREwDwYDVQQDDAhtZXJjaGFudDAgFw0y
NjExMzAwMDAwMDBaGA8yMDYwMDEwMTAwMDAwMFowEzERMA8GA1UEAwwIbWVyY2hh
bnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARUk56jrTptA+P8RYZCoopNp+Jw
8X7L3Ad/3IfIfl6FSeMLp6Oq19fwcpr6Ph5K5Qg+/rQenupkTM6HROhU8M6OMAoG
CCqGSM49BAMCA0cAMEQCIE7Dm4+0tjYI+h1zYGXq8JNiyYidQMZOVnuFMnEtKHN/
AiBVNL7Au4K94hNyaCidWenh7wK0hWtesw4seAv+4WkTbA==
-----END CERTIFICATE-----";
        for (pem, end) in [(until_2031, "2031-12-31T23:59:59Z"), (until_2060, "2060-01-01T00:00:00Z")] {
            assert_eq!(expiry(pem).unwrap().to_string(), end);
        }
        let key = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----";
        for other in ["", "text", key, &until_2031.replace("MIIBDjCB", "MIIBDjCC")] {
            assert_eq!(expiry(other), None, "{other}");
        }
    }
}
