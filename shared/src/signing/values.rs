//! The values of this family.

use deserr::{Deserr, IntoValue, Map as _, Sequence as _, Value, ValuePointerRef};
use serde::{Deserialize, Serialize};

use crate::values::input::{Faults, Json, number_literal, text};
use crate::values::normal::is_blank;
use crate::values::{Int, Reason, text_value};

/// A platform's code: `[A-Za-z0-9_-]{1,32}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, PartialOrd, Ord)]
#[serde(transparent)]
pub struct PlatformCode(String);

impl PlatformCode {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be 1 to 32 of A-Z a-z 0-9 _ -")
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
text_value!(PlatformCode);

impl std::fmt::Display for PlatformCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A worker on a platform.
#[derive(Clone, Debug)]
pub struct Worker {
    pub platform: PlatformCode,
    /// A keyed digest of the openid: no record contains the openid itself.
    pub(super) id: String,
}

/// 0 disabled, 1 enabled.
pub type Enabled = Int<0, 1>;

/// The status of a record whose status the administrator leaves out.
pub fn enabled() -> Enabled {
    Int::new(1).unwrap_or_else(|| unreachable!("1 is within 0 to 1"))
}

/// The id of a company, a handler or a contract.
pub type Number = Int<1, 2_147_483_647>;

/// The id of a place.
pub type Place = Int<0, 2_147_483_647>;

/// `[{..}, ..]`: at most 20 free objects, each with at most 20 string or number fields, stored as the client sends them. The client may
/// also send a string that holds the JSON, or an object whose names are the indices, as a form does. Fields that are null, and entries
/// without any text or number, do not count.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Entries(String);

/// The most entries.
const MAX_ENTRIES: usize = 20;
/// The most fields of an entry.
const MAX_FIELDS: usize = 20;
/// The longest name of a field, in characters.
const MAX_NAME: usize = 64;
/// The longest value of a field, in characters.
const MAX_VALUE: usize = 1000;
/// The longest number, in characters.
const MAX_NUMBER: usize = 40;
/// The largest size of all entries, in bytes of JSON.
const MAX_BYTES: usize = 64 * 1024;

impl Entries {
    /// For a response.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(&self.0).unwrap_or_else(|_| serde_json::Value::Array(Vec::new()))
    }

    pub fn is_empty(&self) -> bool {
        matches!(self.0.as_str(), "" | "[]")
    }
}

const REASON: Reason = "must be an array of objects with text or number fields";

impl Deserr<Faults> for Entries {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        if let Some(json) = text(&value) {
            if is_blank(json) {
                return Ok(Self("[]".into()));
            }
            let parsed = Json::parse(json.as_bytes()).map_err(|_| Faults::one(at, REASON))?.into_value();
            return match parsed {
                Value::Sequence(_) | Value::Map(_) => Self::deserialize_from_value(parsed, at),
                _ => Err(Faults::one(at, REASON)),
            };
        }
        let mut entries = indexed(value).ok_or_else(|| Faults::one(at, REASON))?;
        if entries.len() > MAX_ENTRIES {
            return Err(Faults::one(at, "has too many entries"));
        }
        entries.sort_by_key(|(index, _)| *index);
        let mut kept = Vec::new();
        for (index, value) in entries {
            kept.extend(entry(value, at.push_index(index))?);
        }
        let kept = serde_json::Value::Array(kept).to_string();
        if kept.len() <= MAX_BYTES { Ok(Self(kept)) } else { Err(Faults::one(at, "is too long")) }
    }
}

/// The elements of an array, or of an object whose names are indices, each with its index.
fn indexed<V: IntoValue>(value: Value<V>) -> Option<Vec<(usize, Value<V>)>> {
    match value {
        Value::Sequence(elements) => Some(elements.into_iter().map(V::into_value).enumerate().collect()),
        Value::Map(members) => {
            members.into_iter().map(|(name, member)| Some((name.parse().ok()?, member.into_value()))).collect()
        }
        _ => None,
    }
}

/// An entry; `None` if it contains no text and no number.
fn entry<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Option<serde_json::Value>, Faults> {
    let fields = match value {
        Value::Map(fields) => fields,
        Value::Null => return Ok(None),
        value if text(&value).is_some_and(is_blank) => return Ok(None),
        _ => return Err(Faults::one(at, REASON)),
    };
    if fields.len() > MAX_FIELDS {
        return Err(Faults::one(at, "has too many fields"));
    }
    let mut kept = serde_json::Map::new();
    for (name, field) in fields.into_iter() {
        if name.chars().count() > MAX_NAME {
            return Err(Faults::one(at, "has a field whose name is too long"));
        }
        let at = at.push_key(&name);
        let field = match field.into_value() {
            Value::Null => continue,
            field => field,
        };
        let number = number_literal(&field)
            .filter(|literal| literal.len() <= MAX_NUMBER)
            .and_then(|literal| literal.parse().ok())
            .map(serde_json::Value::Number);
        match text(&field).map(serde_json::Value::from).or(number) {
            Some(serde_json::Value::String(text)) if text.chars().count() > MAX_VALUE => {
                return Err(Faults::one(at, "is too long"));
            }
            Some(value) => kept.insert(name, value),
            None => return Err(Faults::one(at, REASON)),
        };
    }
    let is_filled = kept.values().any(|value| !value.as_str().is_some_and(is_blank));
    Ok(is_filled.then_some(serde_json::Value::Object(kept)))
}
