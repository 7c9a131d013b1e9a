//! A request accepts every field that the response for the same thing shows, under the same name: the schemas of `openapi/` agree.

use std::collections::BTreeSet;

use channel::Channel;
use hris::Hris;
use jobboard::Jobboard;
use lambda::frame::Frame as _;
use serde_json::Value;
use signing::Signing;

use crate::support::repository;

/// Fields that only the server sets: a write ignores them. Each list may only shrink.
const OWNED: [(&str, &[&str]); 4] =
    [("channel", Channel::OWNED), ("signing", Signing::OWNED), ("jobboard", Jobboard::OWNED), ("hris", Hris::OWNED)];

/// Reads and writes of one thing that have different paths: the schemas.
const PAIRS: [(&str, &str, &str); 5] = [
    ("jobboard", "Job", "UpdateFields"),
    ("jobboard", "OwnJob", "UpdateFields"),
    ("jobboard", "Job", "ContentFields"),
    ("jobboard", "User", "UserFields"),
    ("hris", "Moka", "CandidatePayload"),
];

/// An OpenAPI document.
struct Document {
    family: &'static str,
    json: Value,
}

impl Document {
    fn of(family: &'static str) -> Self {
        Self { family, json: serde_json::from_str(&repository::read(&format!("openapi/{family}.json"))).unwrap() }
    }

    /// The schema that a reference leads to.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.resolved(self.json.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference}"))),
            None => schema,
        }
    }

    fn schema(&self, name: &str) -> &Value {
        &self.json["components"]["schemas"][name]
    }

    /// The names of the members, through references, parts and alternatives.
    fn members(&self, schema: &Value) -> BTreeSet<String> {
        let schema = self.resolved(schema);
        let own = schema["properties"].as_object().into_iter().flat_map(|members| members.keys().cloned());
        let parts = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|kind| schema[kind].as_array()).flatten();
        own.chain(parts.flat_map(|part| self.members(part))).collect()
    }

    /// The rows of a list, or the thing itself.
    fn data<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let schema = self.resolved(schema);
        match (&schema["properties"]["data"], &schema["properties"]["list"]["items"]) {
            (Value::Null, Value::Null) => schema,
            (Value::Null, rows) => self.resolved(rows),
            (data, _) => self.data(data),
        }
    }

    /// Every member of the read is one of the write, or the server's.
    fn compare(&self, read: &Value, write: &Value, what: &str) {
        let (_, owned) = OWNED.iter().find(|(family, _)| *family == self.family).unwrap();
        let (read, write) = (self.members(read), self.members(write));
        assert!(!read.is_empty() && !write.is_empty(), "{what}");
        let mut lost: Vec<&String> = read.difference(&write).filter(|name| !owned.contains(&name.as_str())).collect();
        // A new job gets its own id.
        lost.retain(|name| !(*name == "id" && what.ends_with("ContentFields")));
        assert!(lost.is_empty(), "{} {what}: a write does not accept {lost:?}", self.family);
    }
}

#[test]
fn every_field_of_a_response_is_one_of_the_request_that_writes_it() {
    let mut compared = 0;
    for family in OWNED.map(|(family, _)| family) {
        let document = Document::of(family);
        for (path, item) in document.json["paths"].as_object().unwrap() {
            let read = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
            for method in ["post", "put", "patch"] {
                let contents = item[method]["requestBody"]["content"].as_object();
                // The pages of the consent are no records.
                for content in contents.into_iter().flat_map(|contents| contents.values()).filter(|_| !read.is_null()) {
                    document.compare(document.data(read), &content["schema"], &format!("{method} {path}"));
                    compared += 1;
                }
            }
        }
        for (_, read, write) in PAIRS.into_iter().filter(|(of, ..)| *of == family) {
            document.compare(document.schema(read), document.schema(write), &format!("{read} {write}"));
            compared += 1;
        }
    }
    // Five kinds of a partner's records, of which three have lists; the résumé, which has two writes; and the webhook.
    assert_eq!(compared, 5 + 3 + 2 + 1 + PAIRS.len());
}
