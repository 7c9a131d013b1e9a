//! Empty texts: in an optional field, a text of nothing visible counts as absent.
//!
//! The type of a field decides. A text that the type accepts is its value, such as an empty description. A text that the type rejects is
//! removed, and the request is read once more: a field that may be absent is absent, and a required one keeps its fault.

use std::collections::HashSet;

use deserr::{Deserr, IntoValue as _, ValuePointerRef};
use serde_json::Value;

use super::{Faults, Json, UNKNOWN, path};
use crate::error::{Error, Fault, Result};
use crate::values::normal::is_blank;

impl Json {
    /// Parses the value as a request type.
    pub fn read<T: Deserr<Faults>>(self) -> Result<T> {
        self.read_at(ValuePointerRef::Origin).map_err(|Faults(faults)| Error::invalid(faults))
    }

    /// Parses a value that another one contains at this location.
    pub fn read_at<T: Deserr<Faults>>(self, at: ValuePointerRef<'_>) -> Result<T, Faults> {
        let sent = contains_empty(&self.0).then(|| self.clone());
        let Faults(faults) = match T::deserialize_from_value(self.into_value(), at) {
            Ok(value) => return Ok(value),
            Err(faults) => faults,
        };
        let Some(mut sent) = sent else { return Err(Faults(faults)) };
        let mut removed = HashSet::new();
        let known = faults.iter().filter(|fault| fault.reason != UNKNOWN).map(|fault| fault.field.as_str()).collect();
        remove_empty(&mut sent.0, at, &known, &mut removed);
        if removed.is_empty() {
            return Err(Faults(faults));
        }
        T::deserialize_from_value(sent.into_value(), at).map_err(|Faults(left)| remaining(faults, left, &removed))
    }
}

/// Whether the value is a text of nothing visible.
pub(super) fn is_empty(value: &Value) -> bool {
    value.as_str().is_some_and(is_blank)
}

/// Whether an object in this value has an empty member.
fn contains_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.values().any(|member| is_empty(member) || contains_empty(member)),
        Value::Array(elements) => elements.iter().any(contains_empty),
        _ => false,
    }
}

/// Removes the empty members at the rejected paths, and collects these paths.
fn remove_empty(value: &mut Value, at: ValuePointerRef<'_>, rejected: &HashSet<&str>, removed: &mut HashSet<String>) {
    match value {
        Value::Object(members) => members.retain(|name, member| {
            let at = at.push_key(name);
            if !is_empty(member) {
                remove_empty(member, at, rejected, removed);
                return true;
            }
            let path = path(at);
            !rejected.contains(path.as_str()) || !removed.insert(path)
        }),
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                remove_empty(element, at.push_index(index), rejected, removed);
            }
        }
        _ => {}
    }
}

/// The faults of what the client sent, without those that the removal cured, and with those that appeared only then.
fn remaining(sent: Vec<Fault>, left: Vec<Fault>, removed: &HashSet<String>) -> Faults {
    let is_among = |faults: &[Fault], fault: &Fault| faults.iter().any(|other| other.field == fault.field);
    let new: Vec<Fault> = left.iter().filter(|fault| !is_among(&sent, fault)).cloned().collect();
    let kept = sent.into_iter().filter(|fault| !removed.contains(&fault.field) || is_among(&left, fault));
    Faults(kept.chain(new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{Int, Text, Url};

    #[derive(Debug, Default, PartialEq, Deserr)]
    #[deserr(error = Faults)]
    struct Inner {
        #[deserr(default)]
        url: Option<Url>,
        #[deserr(default)]
        remark: Text<0, 8>,
    }

    #[derive(Debug, PartialEq, Deserr)]
    #[deserr(error = Faults, deny_unknown_fields)]
    struct Outer {
        name: Text<1, 8>,
        #[deserr(default)]
        count: Option<Int<1, 9>>,
        #[deserr(default)]
        inner: Inner,
        #[deserr(default)]
        rows: Vec<Inner>,
        #[deserr(default)]
        note: Option<Text<0, 8>>,
    }

    fn read(json: &str) -> Result<Outer, Vec<(String, String)>> {
        let faults =
            |error: Error| error.faults().iter().map(|fault| (fault.field.clone(), fault.reason.to_string())).collect();
        Json::parse(json.as_bytes()).unwrap().read::<Outer>().map_err(faults)
    }

    #[test]
    fn an_empty_optional_field_is_absent_at_any_depth() {
        for empty in ["", " ", "\u{3000}", "\u{200b}"] {
            let json = format!(
                r#"{{"name":"x","count":"{empty}","inner":{{"url":"{empty}","remark":"y"}},"rows":[{{"url":"{empty}"}},{{}}]}}"#
            );
            let inner = Inner { url: None, remark: Text::parse("y").unwrap() };
            let rows = vec![Inner::default(), Inner::default()];
            let outer = Outer { name: Text::parse("x").unwrap(), count: None, inner, rows, note: None };
            assert_eq!(read(&json), Ok(outer), "{json}");
        }
        assert_eq!(read(r#"{"name":"x","inner":"","rows":""}"#), read(r#"{"name":"x"}"#));
    }

    #[test]
    fn a_field_that_accepts_an_empty_text_has_it_as_its_value() {
        assert_eq!(read(r#"{"name":"x","note":"","count":""}"#).unwrap().note, Some(Text::default()));
    }

    #[test]
    fn faults_are_those_of_what_was_sent() {
        let fault = |field: &str, reason: &str| (field.to_owned(), reason.to_owned());
        let cases = [
            (r#"{"name":"","count":"","note":7}"#, vec![fault("name", "must not be empty"), fault("note", "must be a string")]),
            (r#"{"count":""}"#, vec![fault("name", "is required")]),
            (r#"{"name":"x","nmae":"","count":""}"#, vec![fault("nmae", "is not known")]),
            (
                r#"{"name":"x","rows":[{"url":""},{"url":"y"},""]}"#,
                vec![
                    fault("rows[1].url", "must be an http or https URL of at most 2048 characters"),
                    fault("rows[2]", "must be an object"),
                ],
            ),
        ];
        for (json, faults) in cases {
            assert_eq!(read(json), Err(faults), "{json}");
        }
    }
}
