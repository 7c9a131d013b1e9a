//! Members that a request type does not have.

use std::collections::HashSet;

use deserr::{Deserr, ValuePointerRef};
use serde_json::Value;

use super::{Faults, Json, UNKNOWN, path};
use crate::error::Result;

impl Json {
    /// Parses the value as a request type, without the members that the type does not have. Their paths come with it.
    pub fn read_known<T: Deserr<Faults>>(self) -> Result<(T, Vec<String>)> {
        let mut known = self.clone();
        let error = match self.read() {
            Ok(value) => return Ok((value, Vec::new())),
            Err(error) => error,
        };
        let unknown: Vec<String> =
            error.faults().iter().filter(|fault| fault.reason == UNKNOWN).map(|fault| fault.field.clone()).collect();
        if unknown.is_empty() {
            return Err(error);
        }
        remove(&mut known.0, ValuePointerRef::Origin, &unknown.iter().map(String::as_str).collect());
        Ok((known.read()?, unknown))
    }
}

/// Removes the members at these paths.
fn remove(value: &mut Value, at: ValuePointerRef<'_>, paths: &HashSet<&str>) {
    match value {
        Value::Object(members) => members.retain(|name, member| {
            let at = at.push_key(name);
            let is_kept = !paths.contains(path(at).as_str());
            if is_kept {
                remove(member, at, paths);
            }
            is_kept
        }),
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                remove(element, at.push_index(index), paths);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Text;

    #[derive(Debug, Default, PartialEq, Deserr)]
    #[deserr(error = Faults, deny_unknown_fields)]
    struct Row {
        #[deserr(default)]
        name: Text<0, 8>,
        #[deserr(default)]
        rows: Vec<Row>,
    }

    fn read(json: &str) -> Result<(Row, Vec<String>), Vec<String>> {
        let read = Json::parse(json.as_bytes()).unwrap().read_known();
        read.map_err(|error| error.faults().iter().map(|fault| fault.field.clone()).collect())
    }

    #[test]
    fn unknown_members_are_named_at_any_depth() {
        let row = |name: &str, rows| Row { name: Text::parse(name).unwrap(), rows };
        for (json, value, unknown) in [
            (r#"{"name":"a"}"#, row("a", vec![]), vec![]),
            (r#"{"nmae":"b","name":"a"}"#, row("a", vec![]), vec!["nmae"]),
            (
                r#"{"rows":[{"x":{"name":1}},{"name":"b","y.z":null}]}"#,
                row("", vec![row("", vec![]), row("b", vec![])]),
                vec!["rows[0].x", "rows[1].y.z"],
            ),
        ] {
            assert_eq!(read(json), Ok((value, unknown.into_iter().map(str::to_owned).collect())), "{json}");
        }
    }

    #[test]
    fn other_faults_are_those_of_what_is_known() {
        assert_eq!(
            read(r#"{"nmae":"b","name":7,"rows":[{"x":1,"name":[]}]}"#),
            Err(vec!["name".into(), "rows[0].name".into()])
        );
    }
}
