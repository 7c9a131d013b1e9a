//! What is stored of persons: where planted values must not occur, and the forms in which earlier versions stored them.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use local::template::Template;
use serde_json::{Value, json};
use shared::crypto::keyring::Keyring;
use shared::storage::sealed::{self, Fields, SEALED};
use shared::storage::table::attribute::{from_typed_json, read_text, text, to_typed_json};
use shared::storage::table::{Item, Key};
use shared::values::Secret;

use super::product::place;
use super::{Stage, fetch};

/// The variables that name the secrets of the families.
const FAMILIES: [&str; 5] = ["CHANNEL_SECRET", "HRIS_SECRET", "SIGNING_SECRET", "JOBBOARD_SECRET", "STAFF_SECRET"];

/// Shorter values could occur by chance.
const SHORTEST: usize = 7;

/// The texts in which a reader of stored data would recognise a value: itself, without signs, in JSON's escapes, in hex, and in both
/// alphabets of base64 at each of the three offsets within a larger text.
fn spellings(value: &str) -> BTreeSet<String> {
    assert!(value.len() >= SHORTEST, "{value} is too short");
    let bare: String = value.chars().filter(|character| !matches!(character, ' ' | '-' | '+' | '.')).collect();
    let bare = if bare.len() < SHORTEST { value.to_owned() } else { bare };
    let escaped = |character: char| match character {
        ascii if ascii.is_ascii() => ascii.to_string(),
        other => other.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut spellings = BTreeSet::from([value.to_owned(), bare, value.chars().map(escaped).collect(), hex.to_uppercase(), hex]);
    for offset in 0..3 {
        let bytes = [&[0; 2][..offset], value.as_bytes()].concat();
        // The characters that the neighbours of the value do not change.
        let whole = (offset * 8).div_ceil(6)..bytes.len() * 8 / 6;
        for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            spellings.insert(alphabet.encode(&bytes)[whole.clone()].to_owned());
        }
    }
    spellings
}

/// Fails if stored bytes contain one of the values.
#[track_caller]
pub fn assert_absent(stored: &[u8], values: &[&str]) {
    let stored = String::from_utf8_lossy(stored);
    for value in values {
        for spelling in spellings(value) {
            assert!(!stored.contains(&spelling), "{value} is stored as {spelling}");
        }
    }
}

/// Fails unless stored bytes contain each of the values: the scan would find a value that stays.
#[track_caller]
pub fn assert_present(stored: &[u8], values: &[&str]) {
    let stored = String::from_utf8_lossy(stored);
    let is_missing = |value: &&&str| !spellings(value).iter().any(|spelling| stored.contains(spelling));
    let missing: Vec<_> = values.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "{missing:?} are not stored");
}

/// All that is stored: the items of every table and index, what they have sealed in plain text, and the keys and the content of all
/// objects. The content of a search snapshot is compressed.
pub async fn stored(stage: &Stage) -> Vec<u8> {
    // A read of the text messages delivers what the streams hold: the copies of the audit records.
    fetch(local::http::client().get(&stage.address.sms_outbox_url)).await;
    let mut families = Vec::new();
    for variable in FAMILIES {
        families.push(Keys::of(stage, variable).await);
    }
    let mut stored = Vec::new();
    for table in Template::read().unwrap().tables() {
        let (name, indexes) = (&table.create["TableName"], table.create["GlobalSecondaryIndexes"].as_array());
        for item in stage.items(name.as_str().unwrap()).await {
            stored.extend(item.to_string().into_bytes());
            stored.extend(unsealed(&families, &item).into_bytes());
        }
        for index in indexes.into_iter().flatten() {
            let scan = json!({"TableName": name, "IndexName": index["IndexName"]});
            let scanned = stage.database("Scan", &scan).await;
            assert_eq!(scanned.get("LastEvaluatedKey"), None, "more than one page");
            stored.extend(scanned["Items"].to_string().into_bytes());
        }
    }
    for bucket in ["UPLOADS_BUCKET", "AUDIT_BUCKET"] {
        let bucket = stage.bucket(bucket);
        let keys = bucket.list("").await.unwrap();
        assert!(keys.len() < 1000, "more than one page");
        for key in keys {
            stored.extend(key.as_bytes());
            let (content, size) = bucket.read(&key, 0, 1 << 25).await.unwrap().expect("an object");
            assert_eq!(content.len() as u64, size, "{key}");
            stored.extend(content);
        }
    }
    stored
}

/// The openid of the one person whose record is wanted. The simulator of WeChat chooses it.
pub async fn openid(stage: &Stage, variable: &str, table: &str, is_wanted: impl Fn(&Value) -> bool) -> String {
    let items: Vec<Value> = stage.items(table).await.into_iter().filter(is_wanted).collect();
    let [item] = &items[..] else { panic!("one person: {items:?}") };
    Keys::of(stage, variable).await.opened(item)["openid"]["S"].as_str().expect("an openid").to_owned()
}

/// The sealed attributes of an item in plain text.
fn unsealed(families: &[Keys], item: &Value) -> String {
    let texts = item.as_object().unwrap().iter().filter_map(|(name, value)| Some((name, value["S"].as_str()?)));
    let open = |(name, text): (&String, &str)| {
        let plain = opened(families, item, name, text);
        assert!(plain.is_some() || name != SEALED, "no key opens {item}");
        plain
    };
    texts.filter_map(open).collect()
}

/// Each text or number that is stored sealed, with the name of its field.
pub async fn sealed_values(stage: &Stage) -> BTreeSet<(String, String)> {
    let mut families = Vec::new();
    for variable in FAMILIES {
        families.push(Keys::of(stage, variable).await);
    }
    let mut values = BTreeSet::new();
    for table in Template::read().unwrap().tables() {
        for item in stage.items(table.create["TableName"].as_str().unwrap()).await {
            let plain = item[SEALED]["S"].as_str().map(|text| opened(&families, &item, SEALED, text).expect("a key"));
            let plain: Value = plain.map_or(Value::Null, |plain| serde_json::from_str(&plain).unwrap());
            for (field, value) in plain["M"].as_object().into_iter().flatten() {
                leaves(value, &mut |leaf| {
                    values.insert((field.clone(), leaf.to_owned()));
                });
            }
        }
    }
    values
}

/// The texts and numbers of a typed value of DynamoDB.
fn leaves(value: &Value, found: &mut impl FnMut(&str)) {
    value["S"].as_str().or(value["N"].as_str()).into_iter().for_each(&mut *found);
    let members = value["M"].as_object().into_iter().flatten().map(|(_, value)| value);
    members.chain(value["L"].as_array().into_iter().flatten()).for_each(|value| leaves(value, found));
}

fn opened(families: &[Keys], item: &Value, name: &str, text: &str) -> Option<String> {
    families.iter().find_map(|Keys(keyring)| keyring.try_open(&place(item, name), text))
}

/// Fails if an item of the family or of the credentials contains one of the values. Returns the items of the family.
pub async fn assert_not_stored(stage: &Stage, table: &str, values: &[&str]) -> Vec<Value> {
    let (items, credentials) = (stage.items(table).await, stage.items("credentials").await);
    assert_absent(json!([items, credentials]).to_string().as_bytes(), values);
    items
}

/// Fails unless these fields of the item are sealed, and it has the attributes by which staff find the person.
#[track_caller]
pub fn assert_sealed(item: &Value, fields: &[&str], found_by: &[&str]) {
    for field in fields {
        assert_eq!(item.get(*field), None, "{item}");
    }
    for attribute in ["sealed"].iter().chain(found_by) {
        assert!(item[*attribute]["S"].as_str().is_some_and(|sealed| sealed.starts_with("k1.")), "{attribute}: {item}");
    }
}

/// The keys of a family.
pub struct Keys(Keyring);

impl Keys {
    /// `variable` names the secret: `CHANNEL_SECRET`.
    pub async fn of(stage: &Stage, variable: &str) -> Self {
        let secret = stage.secret(variable, None).await.to_string();
        Self(Keyring::parse(Secret::new(&secret)).unwrap())
    }

    /// The item with its sealed fields in plain.
    pub fn opened(&self, item: &Value) -> Value {
        to_json(&self.open(item).1)
    }

    /// The item as earlier versions stored it: these fields are sealed alone, all others are plain, and staff do not find it.
    pub fn earlier(&self, item: &Value, alone: &[&str]) -> Value {
        let (key, mut item) = self.open(item);
        item.retain(|name, _| !name.starts_with("by_"));
        for field in alone {
            let sealed = self.0.seal(&sealed::place(&key, field), &read_text(&item, field).unwrap()).unwrap();
            item.insert((*field).to_owned(), text(sealed));
        }
        to_json(&item)
    }

    fn open(&self, item: &Value) -> (Key, Item) {
        let attributes = item.as_object().unwrap().iter();
        let mut item: Item = attributes.map(|(name, value)| (name.clone(), from_typed_json(value.clone()).unwrap())).collect();
        let key = Key::new(read_text(&item, "pk").unwrap(), read_text(&item, "sk").unwrap());
        sealed::open(&self.0, &key, &Fields::NONE, &mut item).unwrap();
        (key, item)
    }
}

fn to_json(item: &Item) -> Value {
    item.iter().map(|(name, value)| (name.clone(), to_typed_json(value).unwrap())).collect()
}

/// A whole pass of `reseal`, in parts. Returns how many records it changed.
pub async fn reseal(stage: &Stage, family: &str) -> u64 {
    let mut command = json!({"command": "reseal", "family": family, "limit": 1});
    let mut changed = 0;
    loop {
        let response = stage.address.command(&command).await;
        if response["errorType"] == "Conflict" {
            // Processes may still use an older configuration.
            stage.clock.advance(SignedDuration::from_mins(10));
            continue;
        }
        assert_eq!(response["failed"], 0, "{response}");
        changed += response["changed"].as_u64().expect("a number");
        if response["next"].is_null() {
            assert_eq!(response["complete"], true, "{response}");
            return changed;
        }
        command["cursor"] = response["next"].clone();
    }
}

#[test]
fn a_value_is_recognised_in_every_spelling() {
    let stored = |text: &str| std::panic::catch_unwind(|| assert_absent(text.as_bytes(), &["+86 139-0013-9000"])).is_err();
    assert!(!stored("{\"phone\":\"+86 139-0013-9001\"}"));
    for spelling in ["phone=+86 139-0013-9000", "8613900139000", "2b3836203133392d303031332d39303030"] {
        assert!(stored(spelling), "{spelling}");
    }
    for before in ["", "a", "ab", "abc", "é"] {
        assert!(stored(&STANDARD_NO_PAD.encode(format!("{before}+86 139-0013-9000{before}"))), "{before}");
    }
    let stored = |text: &str| std::panic::catch_unwind(|| assert_absent(text.as_bytes(), &["某某中学"])).is_err();
    assert!(stored(r"\u67d0\u67d0\u4e2d\u5b66") && stored(&URL_SAFE_NO_PAD.encode("在某某中学")) && !stored("某某小学"));
}
