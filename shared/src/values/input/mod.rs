//! Strict parsing of requests, which reports every fault at once.
//!
//! [`Json::parse`] turns bytes into a value. `deserr` turns the value into a request type, and [`Faults`] collects the faults, each with
//! its JSON path. A number that is not an integer is passed on as its literal, because money must never go through a binary float.

mod empty;
mod strict;
mod synonyms;
mod unknown;

use std::ops::ControlFlow;

use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, Map, MergeWithError, Sequence, Value, ValueKind, ValuePointerRef,
};

pub use synonyms::Synonyms;

use crate::error::{Fault, Result};

/// The field name of a fault that concerns the whole body.
pub const WHOLE: &str = "$";

/// U+FEFF.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The reason of the fault of a member that the request type does not have.
const UNKNOWN: &str = "is not known";

/// The prefix of the literal of a non-integer number, which `deserr` receives as a string. No client can send such a string: NUL
/// characters are rejected.
const LITERAL: char = '\0';

/// A JSON value without duplicate keys and without NUL characters.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(serde_json::Value);

impl Json {
    /// A byte order mark before the JSON is ignored.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let bytes = without_mark(bytes);
        strict::check(bytes)?;
        serde_json::from_slice(bytes).map(Self).map_err(|error| invalid(&error))
    }

    /// Whether the text is white space, optionally behind a byte order mark.
    pub fn is_blank(bytes: &[u8]) -> bool {
        without_mark(bytes).iter().all(u8::is_ascii_whitespace)
    }

    /// The fields of a query string or a form: an object of strings. A field without a value counts as absent.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, Fault> {
        let mut object = serde_json::Map::new();
        for (key, value) in pairs {
            if key.contains('\0') || value.contains('\0') {
                return Err(Fault::new(key.replace('\0', ""), "must not contain NUL characters"));
            }
            if value.is_empty() {
                continue;
            }
            if object.contains_key(&key) {
                return Err(Fault::new(key, "is given more than once"));
            }
            object.insert(key, value.into());
        }
        Ok(Self(object.into()))
    }

    pub fn from_value(value: serde_json::Value) -> Self {
        Self(value)
    }

    /// The JSON of a value that `deserr` reads. [`Json::parse`] has bounded its depth.
    pub fn of<V: IntoValue>(value: Value<V>) -> Self {
        Self(to_json(value))
    }

    /// Removes members that are null, also in nested objects: null counts as absent. Arrays stay unchanged.
    pub fn without_nulls(mut self) -> Self {
        fn prune(value: &mut serde_json::Value) {
            if let Some(members) = value.as_object_mut() {
                members.retain(|_, member| !member.is_null());
                members.values_mut().for_each(prune);
            }
        }
        prune(&mut self.0);
        self
    }

    pub fn is_object(&self) -> bool {
        self.0.is_object()
    }

    /// The members of an object.
    pub fn members(&self) -> Option<&serde_json::Map<String, serde_json::Value>> {
        self.0.as_object()
    }

    /// A member of an object.
    pub fn get(&self, key: &str) -> Option<&serde_json::Value> {
        self.0.get(key)
    }

    /// Removes a member of an object. The others keep their order, because faults are reported in this order.
    pub fn remove(&mut self, key: &str) {
        if let Some(members) = self.0.as_object_mut() {
            members.shift_remove(key);
        }
    }

    /// Moves these members of an object to another one.
    pub fn split_off(&mut self, names: &[&str]) -> Self {
        let Some(members) = self.0.as_object_mut() else { return Self(serde_json::Value::Null) };
        let moved = names.iter().filter_map(|name| members.shift_remove_entry(*name)).collect();
        Self(serde_json::Value::Object(moved))
    }

    /// Sets a member of an object to this text; `false` if it has another value already. An empty one counts as absent.
    pub fn set_text(&mut self, key: &str, text: String) -> bool {
        let Some(members) = self.0.as_object_mut() else { return true };
        let text = serde_json::Value::from(text);
        let member = members.entry(key).or_insert_with(|| text.clone());
        if empty::is_empty(member) {
            member.clone_from(&text);
        }
        *member == text
    }

    pub fn into_inner(self) -> serde_json::Value {
        self.0
    }
}

impl Deserr<Faults> for Json {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, _: ValuePointerRef<'_>) -> Result<Self, Faults> {
        Ok(Self::of(value))
    }
}

/// The text behind the byte order mark that Windows programs write before UTF-8.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(bytes)
}

fn to_json<V: IntoValue>(value: Value<V>) -> serde_json::Value {
    if let Some(text) = text(&value) {
        return text.into();
    }
    if let Some(number) = number_literal(&value) {
        return number.parse().map_or(serde_json::Value::Null, serde_json::Value::Number);
    }
    match value {
        Value::Boolean(flag) => flag.into(),
        Value::Sequence(elements) => elements.into_iter().map(|element| to_json(element.into_value())).collect(),
        Value::Map(members) => {
            let members = members.into_iter().map(|(name, member)| (name, to_json(member.into_value())));
            serde_json::Value::Object(members.collect())
        }
        _ => serde_json::Value::Null,
    }
}

impl IntoValue for Json {
    type Sequence = Elements;
    type Map = Members;

    fn kind(&self) -> ValueKind {
        use serde_json::Value as V;
        match &self.0 {
            V::Null => ValueKind::Null,
            V::Bool(_) => ValueKind::Boolean,
            V::Number(number) if number.is_u64() => ValueKind::Integer,
            V::Number(number) if number.is_i64() => ValueKind::NegativeInteger,
            V::Number(_) => ValueKind::Float,
            V::String(_) => ValueKind::String,
            V::Array(_) => ValueKind::Sequence,
            V::Object(_) => ValueKind::Map,
        }
    }

    fn into_value(self) -> Value<Self> {
        use serde_json::Value as V;
        match self.0 {
            V::Null => Value::Null,
            V::Bool(flag) => Value::Boolean(flag),
            V::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(integer), _) => Value::Integer(integer),
                (None, Some(integer)) => Value::NegativeInteger(integer),
                (None, None) => Value::String(format!("{LITERAL}{number}")),
            },
            V::String(text) => Value::String(text),
            V::Array(elements) => Value::Sequence(Elements(elements)),
            V::Object(members) => Value::Map(Members(members)),
        }
    }
}

pub struct Elements(Vec<serde_json::Value>);

impl Sequence for Elements {
    type Value = Json;
    type Iter = std::iter::Map<std::vec::IntoIter<serde_json::Value>, fn(serde_json::Value) -> Json>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn into_iter(self) -> Self::Iter {
        IntoIterator::into_iter(self.0).map(Json)
    }
}

pub struct Members(serde_json::Map<String, serde_json::Value>);

impl Map for Members {
    type Value = Json;
    type Iter = std::iter::Map<serde_json::map::IntoIter, fn((String, serde_json::Value)) -> (String, Json)>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn remove(&mut self, key: &str) -> Option<Json> {
        self.0.remove(key).map(Json)
    }

    fn into_iter(self) -> Self::Iter {
        IntoIterator::into_iter(self.0).map(|(key, value)| (key, Json(value)))
    }
}

fn invalid(error: &serde_json::Error) -> Fault {
    Fault::new(WHOLE, format!("is not valid JSON: {error}"))
}

/// The literal of any number.
pub fn number_literal<V: IntoValue>(value: &Value<V>) -> Option<String> {
    match value {
        Value::Integer(integer) => Some(integer.to_string()),
        Value::NegativeInteger(integer) => Some(integer.to_string()),
        Value::String(text) => text.strip_prefix(LITERAL).map(str::to_owned),
        _ => None,
    }
}

/// The text of a string. `None` for the literal of a number.
pub fn text<V: IntoValue>(value: &Value<V>) -> Option<&str> {
    match value {
        Value::String(text) if !text.starts_with(LITERAL) => Some(text),
        _ => None,
    }
}

/// All faults of a value.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    pub fn one(location: ValuePointerRef<'_>, reason: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self(vec![Fault::new(path(location), reason)])
    }
}

impl MergeWithError<Faults> for Faults {
    fn merge(this: Option<Self>, other: Self, _at: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut all = this.unwrap_or_default();
        all.0.extend(other.0);
        ControlFlow::Continue(all)
    }
}

impl DeserializeError for Faults {
    fn error<V: IntoValue>(this: Option<Self>, kind: ErrorKind<'_, V>, at: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let fault = match kind {
            ErrorKind::IncorrectValueKind { accepted, .. } => Self::one(at, must_be(accepted)),
            ErrorKind::MissingField { field } => Self::one(at.push_key(field), "is required"),
            ErrorKind::UnknownKey { key, .. } => Self::one(at.push_key(key), UNKNOWN),
            ErrorKind::UnknownValue { accepted, .. } => Self::one(at, format!("must be one of: {}", accepted.join(", "))),
            ErrorKind::BadSequenceLen { expected, .. } => Self::one(at, format!("must have {expected} elements")),
            ErrorKind::Unexpected { msg } => Self::one(at, msg),
        };
        Self::merge(this, fault, at)
    }
}

fn must_be(accepted: &[ValueKind]) -> &'static str {
    match accepted.first() {
        Some(ValueKind::Boolean) => "must be a boolean",
        Some(ValueKind::Integer | ValueKind::NegativeInteger) => "must be an integer",
        Some(ValueKind::Float) => "must be a number",
        Some(ValueKind::String) => "must be a string",
        Some(ValueKind::Sequence) => "must be an array",
        Some(ValueKind::Map) => "must be an object",
        Some(ValueKind::Null) | None => "must be null",
    }
}

/// `live_certification.photos[0]`, or `$` for the whole value.
fn path(location: ValuePointerRef<'_>) -> String {
    match location {
        ValuePointerRef::Origin => WHOLE.to_owned(),
        ValuePointerRef::Key { key, prev } => join(&path(*prev), key),
        ValuePointerRef::Index { index, prev } => format!("{}[{index}]", path(*prev)),
    }
}

fn join(parent: &str, key: &str) -> String {
    if parent == WHOLE || parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (String, String) {
        let fault = Json::parse(text.as_bytes()).unwrap_err();
        (fault.field, fault.reason.into_owned())
    }

    #[test]
    fn duplicate_keys_and_nul_characters_are_named_with_their_path() {
        assert_eq!(fault(r#"{"a":1,"b":{"c":1,"c":2}}"#), ("b.c".into(), "is given more than once".into()));
        assert_eq!(fault(r#"{"a":["x","\u0000"]}"#), ("a[1]".into(), "must not contain NUL characters".into()));
        assert_eq!(fault("{\"\\u0000number\":\"1\"}"), ("number".into(), "must not contain NUL characters".into()));
    }

    #[test]
    fn one_byte_order_mark_before_the_json_is_ignored() {
        for (text, value) in
            [("\u{feff}{\"a\":1}", "{\"a\":1}"), ("\u{feff} [1]", "[1]"), ("\u{feff}\"\u{feff}\"", "\"\u{feff}\"")]
        {
            assert_eq!(Json::parse(text.as_bytes()), Json::parse(value.as_bytes()), "{text}");
            assert!(Json::parse(value.as_bytes()).is_ok());
        }
        for text in ["\u{feff}\u{feff}1", "1\u{feff}", " \u{feff}1", "\u{feff}"] {
            assert_eq!(fault(text).0, WHOLE, "{text}");
        }
        for (bytes, is_blank) in
            [("", true), (" \r\n", true), ("\u{feff}", true), ("\u{feff}\n", true), ("\u{feff}x", false), ("0", false)]
        {
            assert_eq!(Json::is_blank(bytes.as_bytes()), is_blank, "{bytes:?}");
        }
        assert!(Json::parse(&[0xef, 0xbb, b'1']).is_err());
    }

    #[test]
    fn numbers_keep_their_literal() {
        for literal in ["5000.000000000000000001", "1e400", "0.1", "-3", "18446744073709551616"] {
            let value = Json::parse(literal.as_bytes()).unwrap().into_value();
            assert_eq!(number_literal(&value).unwrap().to_lowercase().replace('+', ""), literal);
        }
    }

    #[test]
    fn keys_that_serde_json_uses_internally_are_rejected() {
        for key in ["$serde_json::private::Number", "$serde_json::private::RawValue", "\\u0024serde_json::private::RawValue"] {
            for value in ["\"77\"", "\"[1]\"", "7", "{}", "[]", "null"] {
                for text in [format!("{{\"{key}\":{value}}}"), format!("{{\"a\":{{\"{key}\":{value}}},\"b\":1.5}}")] {
                    assert!(Json::parse(text.as_bytes()).is_err(), "{text}");
                }
            }
        }
    }

    #[test]
    fn deep_nesting_and_lone_surrogates_are_rejected() {
        assert_eq!(fault(&"[".repeat(10_000)).0, WHOLE);
        assert_eq!(fault(r#"{"a":"\ud800"}"#).0, WHOLE);
    }
}
