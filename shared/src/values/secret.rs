//! Secrets: what authenticates a client or an employee, and the keys of the system.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq as _;

use super::normal::is_blank;
use super::{Reason, Text, text_value};

/// A secret, a token, a code, a key, or the hash, MAC or signature that one is compared with: `Secret<String>`, `Secret<&str>` of a header,
/// `Secret<[u8; 32]>`.
///
/// It has no `==`, no `Display` and no `Serialize`, and `Debug` shows nothing. [`Secret::is_same`] compares, [`Secret::expose`] reads.
///
/// The crate `secrecy` has such a type, but it boxes every value: a request would allocate for its token and for each MAC that it is compared
/// with. It erases the memory of a dropped secret. This type does not, because the buffers of hyper, serde and the SDK keep copies anyway.
#[derive(Clone, Copy)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for a key, a header, a ciphertext or a response. Never for a log line or a comparison.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// A secret that is made from this one.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Secret<U> {
        Secret(change(self.0))
    }
}

impl<T: std::ops::Deref> Secret<T> {
    /// `Secret<&str>` of a `Secret<String>`.
    pub fn as_deref(&self) -> Secret<&T::Target> {
        Secret(&self.0)
    }
}

impl<T: AsRef<[u8]>> Secret<T> {
    /// Compares in a time that depends on the lengths only. The duration of `==` reveals how much of a guess is right.
    pub fn is_same<U: AsRef<[u8]>>(&self, other: &Secret<U>) -> bool {
        self.0.as_ref().ct_eq(other.0.as_ref()).into()
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// For `#[serde(serialize_with = "exposed")]`: a field that is stored, or that the response returns to the owner of the secret.
pub fn exposed<T: Serialize, S: Serializer>(secret: &Secret<T>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.0.serialize(serializer)
}

/// A secret of `MIN` to `MAX` characters that a client sends, checked like [`Text`].
#[derive(Clone, Debug)]
pub struct SecretText<const MIN: usize, const MAX: usize>(Secret<String>);

impl<const MIN: usize, const MAX: usize> SecretText<MIN, MAX> {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        Text::<MIN, MAX>::check(text).map(|text| Self(Secret(text.to_owned())))
    }

    pub fn as_deref(&self) -> Secret<&str> {
        self.0.as_deref()
    }
}
text_value!(SecretText<const MIN: usize, const MAX: usize>);

impl<const MAX: usize> Default for SecretText<0, MAX> {
    fn default() -> Self {
        Self(Secret(String::new()))
    }
}

/// A token of another service: printable, 1 to 2,048 characters.
#[derive(Clone, Debug)]
pub struct Token(Secret<String>);

impl Token {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let printable = text.chars().all(|c| !c.is_control());
        if printable && !is_blank(text) && text.chars().count() <= 2048 {
            Ok(Self(Secret(text.to_owned())))
        } else {
            Err("must be 1 to 2048 characters")
        }
    }

    pub fn as_deref(&self) -> Secret<&str> {
        self.0.as_deref()
    }
}
text_value!(Token);

#[cfg(test)]
mod tests {
    use std::borrow::Borrow;
    use std::fmt::Display;
    use std::hash::Hash;
    use std::ops::Deref;

    use static_assertions::assert_not_impl_any;

    use super::*;

    // A secret is not compared with `==`, looked up in a map, printed, written to JSON, or read by accident.
    assert_not_impl_any!(Secret<String>: PartialEq, PartialEq<str>, PartialEq<String>, PartialOrd, Hash, Display, Serialize);
    assert_not_impl_any!(Secret<String>: Deref, AsRef<str>, AsRef<[u8]>, Borrow<str>, Into<String>, ToString);
    assert_not_impl_any!(Secret<&str>: PartialEq, PartialEq<str>, PartialOrd, Hash, Display, Serialize, Deref, AsRef<str>);
    assert_not_impl_any!(Secret<[u8; 32]>: PartialEq, PartialEq<[u8; 32]>, PartialOrd, Hash, Serialize, Deref, AsRef<[u8]>);
    assert_not_impl_any!(SecretText<1, 64>: PartialEq, PartialEq<str>, PartialOrd, Hash, Display, Serialize, Deref, AsRef<str>);
    assert_not_impl_any!(Token: PartialEq, PartialEq<str>, PartialOrd, Hash, Display, Serialize, Deref, AsRef<str>);

    #[test]
    fn debug_output_shows_no_secret() {
        let text = Secret::new("hush".to_owned());
        let shown = format!(
            "{text:?} {:#?} {:?} {:?} {:?}",
            text.as_deref(),
            Secret::new(*b"hush"),
            SecretText::<1, 8>::parse("hush"),
            Token::parse("hush")
        );
        assert_eq!(shown, "Secret(..) Secret(..) Secret(..) Ok(SecretText(Secret(..))) Ok(Token(Secret(..)))");
    }

    #[test]
    fn only_whole_equal_secrets_are_the_same() {
        for same in ["abc", ""] {
            assert!(Secret::new(same).is_same(&Secret::new(same.to_owned())));
        }
        assert!(Secret::new([1, 2]).is_same(&Secret::new([1, 2].as_slice())));
        for (left, right) in [("abc", "abd"), ("abc", "xbc"), ("abc", "ab"), ("", "a"), ("abc", "ABC")] {
            assert!(!Secret::new(left).is_same(&Secret::new(right)), "{left} {right}");
        }
    }
}
