//! The partner document: its examples, byte for byte as printed, and its endpoints.

use serde_json::Value;

/// The document, which has no headings and no breaks between methods, tables and JSON.
const TEXT: &str = include_str!("../../../../docs/contract/channel.txt");

/// The printed request that begins with this member, verbatim.
pub fn example(first_member: &str) -> &'static str {
    let begin = TEXT.find(&format!("{{\n\"{first_member}\"")).expect("an example that begins so");
    let mut values = serde_json::Deserializer::from_str(&TEXT[begin..]).into_iter::<Value>();
    values.next().expect("a JSON value").expect("valid JSON");
    &TEXT[begin..begin + values.byte_offset()]
}

/// The same, parsed.
pub fn parsed(first_member: &str) -> Value {
    serde_json::from_str(example(first_member)).unwrap()
}

/// Every documented endpoint, `METHOD /path`, in the document's order.
pub fn endpoints() -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in TEXT.match_indices(['G', 'P']) {
        let rest = &TEXT[at..];
        let method = ["GET /", "POST /", "PUT /"].into_iter().find(|method| rest.starts_with(method));
        if method.is_some() {
            let end =
                rest[5..].find(|c: char| !(c.is_ascii_lowercase() || matches!(c, '/' | ':' | '_'))).unwrap_or(rest.len() - 5);
            found.push(rest[..5 + end].to_owned());
        }
    }
    found
}
