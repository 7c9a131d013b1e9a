//! Departments in the order of their tree.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

/// The records, each behind the one above it, with its depth. A record below an unknown one, or in a circle, is at the top.
pub fn ordered(records: &[Value]) -> Vec<(&Value, usize)> {
    let id = |record: &Value| record["uuid"].as_str().unwrap_or_default().to_owned();
    let known: HashSet<String> = records.iter().map(id).collect();
    let mut below: HashMap<&str, Vec<&Value>> = HashMap::new();
    let mut top = Vec::new();
    for record in records {
        match record["superior_uuid"].as_str().filter(|above| known.contains(*above)) {
            Some(above) => below.entry(above).or_default().push(record),
            None => top.push(record),
        }
    }
    let (mut ordered, mut seen) = (Vec::new(), HashSet::new());
    let mut waiting: Vec<(&Value, usize)> = top.into_iter().rev().map(|record| (record, 0)).collect();
    let mut rest = records.iter();
    loop {
        // A circle is not reached from the top.
        let next = waiting.pop().or_else(|| rest.find(|record| !seen.contains(&id(record))).map(|record| (record, 0)));
        let Some((record, depth)) = next else { return ordered };
        if !seen.insert(id(record)) {
            continue;
        }
        ordered.push((record, depth));
        let children = record["uuid"].as_str().and_then(|id| below.get(id));
        waiting.extend(children.into_iter().flatten().rev().map(|child| (*child, depth + 1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn departments_follow_the_one_above() {
        let department = |uuid: &str, above: Option<&str>| json!({"uuid": uuid, "superior_uuid": above});
        let all = [
            department("c", Some("b")),
            department("a", None),
            department("b", Some("a")),
            department("d", Some("gone")),
            department("x", Some("y")),
            department("y", Some("x")),
        ];
        let order: Vec<_> =
            ordered(&all).into_iter().map(|(record, depth)| (record["uuid"].as_str().unwrap(), depth)).collect();
        assert_eq!(order, [("a", 0), ("b", 1), ("c", 2), ("d", 0), ("x", 0), ("y", 1)]);
    }
}
