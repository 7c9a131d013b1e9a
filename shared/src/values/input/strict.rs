//! Rejects what `serde_json` accepts but a client must not send: duplicate keys (it keeps the last one), NUL characters, and the keys that
//! it uses internally.

use std::collections::HashSet;

use deserr::ValuePointerRef;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{invalid, path};
use crate::error::Fault;

/// The prefix of the keys that `serde_json` uses internally. It would take a member with such a key for a number or for raw JSON.
const PRIVATE: &str = "$serde_json::private::";

/// Walks a document and returns its first fault.
pub fn check(bytes: &[u8]) -> Result<(), Fault> {
    let mut fault = None;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let strict = Strict { at: ValuePointerRef::Origin, fault: &mut fault };
    let checked = Any(strict).deserialize(&mut reader).and_then(|()| reader.end());
    match fault {
        Some(fault) => Err(fault),
        None => checked.map_err(|error| invalid(&error)),
    }
}

/// Deserializes a value of any type with this visitor.
struct Any<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Any<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_any(self.0)
    }
}

struct Strict<'a> {
    at: ValuePointerRef<'a>,
    fault: &'a mut Option<Fault>,
}

impl Strict<'_> {
    fn reject<E: serde::de::Error>(self, reason: &'static str) -> E {
        *self.fault = Some(Fault::new(path(self.at).replace('\0', ""), reason));
        E::custom(reason)
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
        if text.contains('\0') { Err(self.reject("must not contain NUL characters")) } else { Ok(()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        for index in 0.. {
            let element = Strict { at: self.at.push_index(index), fault: self.fault };
            if elements.next_element_seed(Any(element))?.is_none() {
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
                members.next_value_seed(Any(Literal(member)))?;
                continue;
            }
            if key.contains('\0') {
                return Err(member.reject("must not contain NUL characters"));
            }
            if seen.contains(&key) {
                return Err(member.reject("is given more than once"));
            }
            members.next_value_seed(Any(member))?;
            seen.insert(key);
        }
        Ok(())
    }
}

/// The value of an internal key. `serde_json` passes the literal of a number as an owned string, and never passes a string of the document
/// in this way.
struct Literal<'a>(Strict<'a>);

impl<'de> Visitor<'de> for Literal<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_string<E>(self, _: String) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        Err(self.0.reject("is not known"))
    }
}
