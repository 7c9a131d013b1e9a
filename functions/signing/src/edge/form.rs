//! Forms (docs/contract/signing.txt, 1.1.3).
//!
//! ```text
//! real_name=..                   a field
//! work_exp[3][company]=..        a field of an entry; indices may have gaps
//! work_exp[][company]=..         a field of the last entry, or of the next one if the last entry has this field already
//! ```
//!
//! Entries become members whose names are their indices. No array is allocated, so an index can be as large as the client likes.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use shared::error::Fault;
use shared::values::input::Json as Input;

/// The most brackets after a name, as in `work_exp[0][company]`.
const MAX_DEPTH: usize = 4;

const UNREADABLE: &str = "must be a name with indices and names in brackets";

/// Parses a form. An empty field does not count if the form has the same field with a value.
pub fn parse(body: &[u8]) -> Result<Input, Fault> {
    let mut form = Form::default();
    for pair in String::from_utf8_lossy(body).split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        form.add(&decode(name), decode(value))?;
    }
    // The rules of JSON, such as no NUL characters, apply to forms as well.
    Input::parse(Value::Object(form.fields).to_string().as_bytes())
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[derive(Default)]
struct Form {
    fields: Map<String, Value>,
    /// The last index that empty brackets got, by the path before them.
    last: HashMap<String, usize>,
}

impl Form {
    fn add(&mut self, name: &str, value: String) -> Result<(), Fault> {
        let segments = segments(name).ok_or_else(|| Fault::new(name.split('[').next().unwrap_or_default(), UNREADABLE))?;
        let (mut group, mut path) = (&mut self.fields, String::new());
        for (depth, segment) in segments.iter().enumerate() {
            let next = segments.get(depth + 1);
            let key = if depth > 0 && segment.is_empty() {
                let index = append(group, self.last.get(&path).copied(), next.copied());
                self.last.insert(path.clone(), index);
                index.to_string()
            } else {
                (*segment).to_owned()
            };
            path = if depth == 0 { key.clone() } else { format!("{path}[{key}]") };
            let member = group.entry(key).or_insert_with(|| Value::String(String::new()));
            if next.is_none() {
                return set(member, value).map_err(|reason| Fault::new(path, reason));
            }
            if member == "" {
                *member = Value::Object(Map::new());
            }
            let Value::Object(members) = member else { return Err(Fault::new(path, "is given more than once")) };
            group = members;
        }
        Ok(())
    }
}

/// Sets a field, which must have no other value. An empty value changes nothing.
fn set(field: &mut Value, value: String) -> Result<(), &'static str> {
    if value.is_empty() {
        return Ok(());
    }
    if field != "" {
        return Err("is given more than once");
    }
    *field = value.into();
    Ok(())
}

/// The index that empty brackets mean: that of the last entry if `field` can be added to it, else the next free one.
fn append(entries: &Map<String, Value>, last: Option<usize>, field: Option<&str>) -> usize {
    if let (Some(last), Some(field)) = (last, field)
        && !field.is_empty()
        && let Some(Value::Object(entry)) = entries.get(&last.to_string())
        && !entry.contains_key(field)
    {
        return last;
    }
    let first = last.map_or(0, |last| last + 1);
    (first..).find(|index| !entries.contains_key(&index.to_string())).unwrap_or(first)
}

/// `work_exp[0][company]` as `work_exp`, `0`, `company`.
fn segments(name: &str) -> Option<Vec<&str>> {
    let Some((first, brackets)) = name.split_once('[') else { return Some(vec![name]) };
    let segments: Vec<&str> = std::iter::once(first).chain(brackets.strip_suffix(']')?.split("][")).collect();
    let is_plain = |segment: &&str| !segment.contains(['[', ']']);
    (segments.len() <= MAX_DEPTH + 1 && segments.iter().all(is_plain)).then_some(segments)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(form: &str) -> Result<Value, (String, String)> {
        parse(form.as_bytes()).map(Input::into_inner).map_err(|fault| (fault.field, fault.reason.into_owned()))
    }

    #[test]
    fn entries_are_kept_under_their_indices() {
        for (form, fields) in [
            ("", json!({})),
            ("&a=1&&b=x+y%2B", json!({"a": "1", "b": "x y+"})),
            ("a", json!({"a": ""})),
            ("a[1][x]=p&a[999999999][x]=q", json!({"a": {"1": {"x": "p"}, "999999999": {"x": "q"}}})),
            ("a%5B18446744073709551616%5D%5Bx%5D=p", json!({"a": {"18446744073709551616": {"x": "p"}}})),
            ("a[][x]=p&a[][y]=q&a[][x]=r", json!({"a": {"0": {"x": "p", "y": "q"}, "1": {"x": "r"}}})),
            ("a[][x]=&a[][x]=r", json!({"a": {"0": {"x": ""}, "1": {"x": "r"}}})),
            ("a[]=p&a[]=q&a[][x]=r", json!({"a": {"0": "p", "1": "q", "2": {"x": "r"}}})),
            ("a[1][x]=p&a[][x]=q&a[][x]=r", json!({"a": {"1": {"x": "p"}, "0": {"x": "q"}, "2": {"x": "r"}}})),
            ("a[]=&b[]", json!({"a": {"0": ""}, "b": {"0": ""}})),
            ("a=&a[0][x]=p&a=&a[0]=", json!({"a": {"0": {"x": "p"}}})),
            ("a=&a=1&a=", json!({"a": "1"})),
        ] {
            assert_eq!(read(form), Ok(fields), "{form}");
        }
    }

    #[test]
    fn a_fault_names_its_field() {
        let twice = "is given more than once";
        for (form, field, reason) in [
            ("a=1&a=2", "a", twice),
            ("a=1&a[0]=2", "a", twice),
            ("a[0][x]=1&a[0]=2", "a[0]", twice),
            ("a[7]=1&a[7][x]=2", "a[7]", twice),
            ("a[0][x]=1&a[0][x]=2", "a[0][x]", twice),
            ("a[0=1", "a", UNREADABLE),
            ("a[0]x=1", "a", UNREADABLE),
            ("a[[0]]=1", "a", UNREADABLE),
            ("a[1][2][3][4][5]=1", "a", UNREADABLE),
            ("a[0][x]=%00", "a.0.x", "must not contain NUL characters"),
        ] {
            assert_eq!(read(form), Err((field.to_owned(), reason.to_owned())), "{form}");
        }
    }

    /// A form in the notation of the document (docs/contract/signing.txt, 1.1.3), each name and value percent-encoded.
    fn write(value: &Value, name: &str, pairs: &mut form_urlencoded::Serializer<'_, String>) {
        let inner = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}[{key}]") };
        match value {
            Value::Object(members) => members.iter().for_each(|(key, member)| write(member, &inner(key), pairs)),
            value => _ = pairs.append_pair(name, value.as_str().unwrap()),
        }
    }

    fn entries() -> impl Strategy<Value = Value> {
        let entry = prop::collection::btree_map("[a-z_]{1,8}", "[^\0]{0,12}", 1..4);
        prop::collection::btree_map("[0-9]{1,9}", entry, 1..30).prop_map(|entries| json!(entries))
    }

    proptest! {
        #[test]
        fn a_parsed_form_equals_what_was_written(
            texts in prop::collection::btree_map("[a-z]{1,8}", "[^\0]{0,12}", 0..6),
            arrays in prop::collection::btree_map("[a-z]{1,4}_(exp|edu)", entries(), 0..3),
        ) {
            let mut fields = json!(texts);
            fields.as_object_mut().unwrap().extend(arrays);
            let mut pairs = form_urlencoded::Serializer::new(String::new());
            write(&fields, "", &mut pairs);
            prop_assert_eq!(read(&pairs.finish()), Ok(fields));
        }

        #[test]
        fn no_body_makes_the_parser_panic(bytes: Vec<u8>, text in "([a-z]{0,3}(\\[[a-z0-9]{0,3}\\]?){0,6}=?[^&]{0,3}&?){0,8}") {
            let _ = (parse(&bytes), parse(text.as_bytes()));
        }
    }
}
