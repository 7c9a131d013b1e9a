//! docs/privacy.md names every field about a person, and says the truth about where it is and whether it is sealed.
//!
//! A system with every kind of record is read as stored. Each attribute of a kind with personal fields must have a row, and each row a
//! field. A kind without personal fields must be listed as such, so that a new kind of record is noticed, too.

pub mod filled;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::crypto::keyring::Keyring;
use shared::storage::sealed::{SEALED, place};
use shared::storage::table::Key;
use shared::values::Secret;

use crate::support::Stage;
use crate::support::repository::read;

const PAGE: &str = "docs/privacy.md";
const TABLES: [&str; 6] = ["channel", "hris", "signing", "jobboard", "staff", "credentials"];
/// The attributes of any record that hold no content: keys, lists, sweeps, look-ups, versions. The page describes them in one section.
const BOOKKEEPING: [&str; 16] = [
    "pk",
    "sk",
    "ix1",
    "ix2",
    "ix3",
    "ixsk",
    "by_phone",
    "by_id_number",
    "by_name",
    "due",
    "due_at",
    "expires_at",
    "record",
    "version",
    "write",
    SEALED,
];

/// A kind of record, such as `hris/employee`, and the path of a field within the record, such as `place.address`.
type Field = (String, String);

/// What is stored: for each kind of record its fields, and whether each is sealed.
#[derive(Default)]
struct Stored {
    kinds: BTreeSet<String>,
    fields: BTreeMap<Field, BTreeSet<bool>>,
}

impl Stored {
    async fn of(stage: &Stage) -> Self {
        let mut keyrings = BTreeMap::new();
        for family in ["channel", "hris", "signing", "jobboard", "staff"] {
            let secret = stage.secret(&format!("{}_SECRET", family.to_uppercase()), None).await.to_string();
            keyrings.insert(family, Keyring::parse(Secret::new(secret.as_str())).unwrap());
        }
        let mut stored = Self::default();
        for table in TABLES {
            for item in stage.items(table).await {
                let family = if table == "credentials" { family_of(&item) } else { table };
                stored.add(&format!("{table}/{}", kind(table, &item)), &item, &keyrings[family]);
            }
        }
        stored
    }

    fn add(&mut self, kind: &str, item: &Value, keyring: &Keyring) {
        self.kinds.insert(kind.to_owned());
        let own = own_key(item);
        for (name, value) in item.as_object().unwrap() {
            if name == SEALED {
                let sealed = keyring.open(&place(&own, SEALED), value["S"].as_str().unwrap()).unwrap();
                let sealed: Value = serde_json::from_str(&sealed).unwrap();
                self.add_value(kind, "", &sealed, true);
            } else if !BOOKKEEPING.contains(&name.as_str()) {
                // The outbox, and earlier versions, seal a field alone.
                let is_sealed = value["S"].as_str().is_some_and(|text| keyring.try_open(&place(&own, name), text).is_some());
                self.add_value(kind, name, value, is_sealed);
            }
        }
    }

    /// Adds a typed value of DynamoDB: a map and a list of maps field by field.
    fn add_value(&mut self, kind: &str, path: &str, value: &Value, is_sealed: bool) {
        let elements = value["L"].as_array().into_iter().flatten();
        let maps: Vec<&Value> = elements.chain([value]).filter_map(|value| value.get("M")).collect();
        for (name, member) in maps.iter().filter_map(|map| map.as_object()).flatten() {
            // What the owner of a job writes is one map.
            let is_top = path.is_empty() || (kind, path) == ("jobboard/job", "content");
            let path = if is_top { name.clone() } else { format!("{path}.{name}") };
            self.add_value(kind, &path, member, is_sealed);
        }
        if maps.is_empty() {
            self.fields.entry((kind.to_owned(), path.to_owned())).or_default().insert(is_sealed);
        }
    }
}

fn key_of(item: &Value) -> (&str, &str) {
    (item["pk"]["S"].as_str().unwrap(), item["sk"]["S"].as_str().unwrap())
}

/// The key that sealed fields are bound to: that of the record, also in a copy.
fn own_key(item: &Value) -> Key {
    let (pk, sk) = key_of(item);
    match pk.split_once('#') {
        Some((company, "empno" | "mobile")) => Key::new(format!("{company}#employee"), item["record"]["S"].as_str().unwrap()),
        _ => Key::new(pk, sk),
    }
}

/// The family of an item of the credentials table.
fn family_of(item: &Value) -> &'static str {
    let (pk, _) = key_of(item);
    let family = ["hris", "signing", "jobboard", "staff"].into_iter().find(|family| pk.starts_with(&format!("{family}#")));
    family.unwrap_or("channel")
}

/// The kind of an item, by its key: see the files `keys.rs` of the families.
fn kind(table: &str, item: &Value) -> String {
    let (pk, sk) = key_of(item);
    let parts: Vec<&str> = pk.split('#').collect();
    let kind = match (table, parts.as_slice(), sk) {
        (_, ["keys"], _) => "keys",
        (_, _, "count") if table == "credentials" => "count",
        ("channel", _, kind) => kind,
        ("hris", ["product", _], company) if company.starts_with("company#") => "product_company",
        ("hris", [_, "company"], token @ ("token" | "visitor_token" | "moka")) => token,
        ("hris", [kind @ ("product" | "access_key" | "oauth_app" | "import"), _] | [_, kind, ..], _) => kind,
        ("signing", ["platform", _], _) => "platform",
        ("signing", [_, "worker", _], kind) => kind,
        ("signing", [_, "directory"], kind) => kind,
        ("signing", [_, kind], _) => kind,
        ("jobboard", ["collect", _], "count") => "collect_count",
        ("jobboard", ["vouchers", _], "balance") => "balance",
        ("jobboard" | "staff", [kind, ..], _) => kind,
        ("credentials", ["refresh", ..], _) => "refresh",
        ("credentials", [family, kind, ..], _) => return format!("{family}_{kind}"),
        _ => panic!("{item} is of no kind that keys.rs describes"),
    };
    kind.to_owned()
}

/// What the page says.
#[derive(Default)]
struct Page {
    /// The fields of its rows, and whether each is said to be sealed.
    fields: BTreeMap<Field, bool>,
    /// The kinds that have a row.
    described: BTreeSet<String>,
    /// The kinds that are listed as kinds without personal fields.
    listed: BTreeSet<String>,
}

const NO_PERSONAL_FIELDS: &str = "## Records without personal fields";

impl Page {
    fn read() -> Self {
        let (text, mut page) = (read(PAGE), Self::default());
        for row in text.lines().filter(|line| line.starts_with('|')) {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [fields, kinds, sealed, ..] = cells[..] else { continue };
            for kind in quoted(kinds).filter(|kind| TABLES.iter().any(|table| kind.starts_with(&format!("{table}/")))) {
                assert_eq!(cells.len(), 7, "{row}");
                assert!(cells.iter().all(|cell| !cell.is_empty()), "{row} has an empty cell");
                page.described.insert(kind.to_owned());
                for field in quoted(fields) {
                    assert!(matches!(sealed, "yes" | "no"), "{row}: sealed is yes or no");
                    let again = page.fields.insert((kind.to_owned(), field.to_owned()), sealed == "yes");
                    assert_eq!(again, None, "{kind} {field} has two rows");
                }
            }
        }
        let (_, listed) = text.split_once(NO_PERSONAL_FIELDS).expect("the list of kinds without personal fields");
        let listed = listed.split("\n## ").next().unwrap_or_default();
        for kind in listed.lines().flat_map(quoted).filter(|kind| kind.contains('/')) {
            assert!(!page.described.contains(kind), "{kind} is listed and has rows");
            assert!(page.listed.insert(kind.to_owned()), "{kind} is listed twice");
        }
        page
    }
}

/// The texts between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[tokio::test]
async fn the_privacy_page_has_a_row_for_every_stored_field_about_a_person() {
    let (stored, page) = (Stored::of(&filled::filled().await).await, Page::read());
    let mut faults: Vec<String> = Vec::new();
    let kinds: BTreeSet<String> = page.described.union(&page.listed).cloned().collect();
    for kind in stored.kinds.difference(&kinds) {
        faults.push(format!("{kind} has no row and is not listed as a kind without personal fields"));
    }
    for kind in kinds.difference(&stored.kinds) {
        faults.push(format!("{kind} is described, and no such record is stored"));
    }
    for ((kind, field), is_sealed) in &stored.fields {
        match page.fields.get(&(kind.clone(), field.clone())) {
            None if page.listed.contains(kind) => {}
            None => faults.push(format!("{kind} {field} has no row")),
            Some(said) if is_sealed.iter().all(|sealed| sealed == said) => {}
            Some(said) => faults.push(format!("{kind} {field}: the row says sealed = {said}, but stored are {is_sealed:?}")),
        }
    }
    for (kind, field) in page.fields.keys().filter(|field| !stored.fields.contains_key(*field)) {
        faults.push(format!("{kind} {field} has a row, and no record has the field"));
    }
    assert!(faults.is_empty(), "{PAGE}:\n{}", faults.join("\n"));
}
