//! What `serde_json` lets pass and nobody may send: duplicate keys (it would keep the last), NUL characters, and its own keys.

use std::collections::HashSet;

use deserr::ValuePointerRef;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{invalid, path};
use crate::error::Fault;

/// The keys by which `serde_json` talks to itself: one sent by a caller would be taken for a number, or for JSON inside JSON.
const PRIVATE: &str = "$serde_json::private::";

/// Walks a document, and tells the first fault with its path.
pub fn check(bytes: &[u8]) -> Result<(), Fault> {
    let mut fault = None;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let strict = Strict { at: ValuePointerRef::Origin, fault: &mut fault };
    let checked = strict.deserialize(&mut reader).and_then(|()| reader.end());
    match fault {
        Some(fault) => Err(fault),
        None => checked.map_err(|error| invalid(&error)),
    }
}

struct Strict<'a> {
    at: ValuePointerRef<'a>,
    fault: &'a mut Option<Fault>,
}

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(self, reason: &'static str) -> E {
        *self.fault = Some(Fault::new(path(self.at).replace('\0', ""), reason));
        E::custom(reason)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') { Err(self.refuse("must not contain NUL characters")) } else { Ok(()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        for index in 0.. {
            let element = Strict { at: self.at.push_index(index), fault: self.fault };
            if elements.next_element_seed(element)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = members.next_key::<String>()? {
            let member = Strict { at: self.at.push_key(&key), fault: self.fault };
            if key.starts_with(PRIVATE) {
                members.next_value_seed(Literal(member))?;
                continue;
            }
            if key.contains('\0') {
                return Err(member.refuse("must not contain NUL characters"));
            }
            if seen.contains(&key) {
                return Err(member.refuse("is given more than once"));
            }
            members.next_value_seed(member)?;
            seen.insert(key);
        }
        Ok(())
    }
}

/// What stands under a private key: `serde_json` itself hands the literal of a number over as an owned string, and nothing
/// that a caller sent comes so.
struct Literal<'a>(Strict<'a>);

impl<'de> DeserializeSeed<'de> for Literal<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Literal<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_string<E>(self, _: String) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        Err(self.0.refuse("is not known"))
    }
}
