//! Everything that a stage has stored, to compare and to restore.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use serde_json::{Map, Value, json};
use shared::storage::objects::Objects;

use super::mask;
use crate::support::Stage;
use crate::support::wire::Place;

const AUDIT: &str = "audit";
const TABLES: [&str; 7] = [AUDIT, "channel", "credentials", "hris", "jobboard", "signing", "staff"];
const UPLOADS: &str = "uploads";
/// The most keys of one BatchGetItem.
const KEYS: usize = 100;
/// The most items of one BatchWriteItem.
const BATCH: usize = 25;

#[derive(Clone, PartialEq)]
enum Content {
    Item(Value),
    Object(Vec<u8>),
}

/// Items of the tables and objects of the uploads bucket.
#[derive(Clone, PartialEq)]
pub struct Stored(BTreeMap<Place, Content>);

impl Stored {
    /// Everything, read directly.
    pub async fn of(stage: &Stage, bucket: &Objects) -> Self {
        let tables = TABLES.map(async |table| stage.items(table).await.into_iter().map(move |item| of_item(table, item)));
        let mut stored: BTreeMap<_, _> = join_all(tables).await.into_iter().flatten().collect();
        let objects = bucket.list("").await.unwrap().into_iter().map(|key| Place::Object { bucket: UPLOADS.into(), key });
        stored.extend(objects_at(bucket, objects).await);
        Self(stored)
    }

    /// What is at these places, read directly.
    pub async fn at(places: &BTreeSet<Place>, stage: &Stage, bucket: &Objects) -> Self {
        let mut stored = BTreeMap::new();
        let keys: Vec<_> = places.iter().filter_map(|place| key(place).map(|(table, key)| (table, json!(key)))).collect();
        for keys in keys.chunks(KEYS) {
            let mut wanted: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
            for (table, key) in keys {
                wanted.entry(table).or_default().push(key);
            }
            let wanted: Map<_, _> = wanted.into_iter().map(|(table, keys)| (table.into(), json!({"Keys": keys}))).collect();
            let read = stage.database("BatchGetItem", &json!({"RequestItems": wanted})).await;
            assert!(read["UnprocessedKeys"].as_object().is_none_or(Map::is_empty), "{read}");
            for (table, items) in read["Responses"].as_object().expect("the items by table") {
                stored.extend(items.as_array().expect("items").iter().map(|item| of_item(table, item.clone())));
            }
        }
        let objects = places.iter().filter(|place| matches!(place, Place::Object { bucket, .. } if bucket == UPLOADS));
        stored.extend(objects_at(bucket, objects.cloned()).await);
        Self(stored)
    }

    /// The same, but with the content of another one at these places.
    pub fn with(&self, other: &Self, places: &BTreeSet<Place>) -> Self {
        let mut stored = self.clone();
        stored.0.retain(|place, _| !places.contains(place));
        stored.0.extend(other.0.iter().map(|(place, content)| (place.clone(), content.clone())));
        stored
    }

    /// What is at these places.
    pub fn among(&self, places: &BTreeSet<Place>) -> Self {
        let stored = places.iter().filter_map(|place| self.0.get_key_value(place));
        Self(stored.map(|(place, content)| (place.clone(), content.clone())).collect())
    }

    /// Stores at these places what is here, or nothing.
    pub async fn restore(&self, places: &BTreeSet<Place>, stage: &Stage, bucket: &Objects) {
        let writes: Vec<(&str, Value)> = places
            .iter()
            .filter_map(|place| {
                let (table, key) = key(place)?;
                let write = match self.0.get(place) {
                    Some(Content::Item(item)) => json!({"PutRequest": {"Item": item}}),
                    _ => json!({"DeleteRequest": {"Key": key}}),
                };
                Some((table, write))
            })
            .collect();
        for writes in writes.chunks(BATCH) {
            let mut tables: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
            for (table, write) in writes {
                tables.entry(table).or_default().push(write);
            }
            stage.database("BatchWriteItem", &json!({"RequestItems": tables})).await;
        }
        for place in places {
            let Place::Object { bucket: of, key } = place else { continue };
            if of != UPLOADS {
                continue;
            }
            match self.0.get(place) {
                Some(Content::Object(bytes)) => bucket.put(key, bytes.clone(), "application/octet-stream").await.unwrap(),
                _ => bucket.delete(key).await.unwrap(),
            }
        }
    }

    /// How many audit records were added since `before`, and how many of those at that time were replaced or removed.
    pub fn records_since(&self, before: &Self) -> (usize, usize) {
        let is_record = |place: &&Place| matches!(place, Place::Item { table, .. } if table == AUDIT);
        let added = self.0.keys().filter(is_record).filter(|place| !before.0.contains_key(*place)).count();
        let earlier = before.0.keys().filter(is_record);
        (added, earlier.filter(|place| before.0.get(*place) != self.0.get(*place)).count())
    }

    /// Whether anything else than audit records differs.
    pub fn is_another(&self, other: &Self) -> bool {
        let is_record = |place: &Place| matches!(place, Place::Item { table, .. } if table == AUDIT);
        let mut places = self.0.keys().chain(other.0.keys()).filter(|place| !is_record(place));
        places.any(|place| self.0.get(place) != other.0.get(place))
    }

    /// A line for each item and object, without what differs between any two runs.
    pub fn lines(&self) -> Lines {
        Lines(self.0.iter().map(|(place, content)| (place.clone(), line(place, content))).collect())
    }
}

/// A line for each place.
pub struct Lines(BTreeMap<Place, String>);

impl Lines {
    /// All lines, with those of `stored` instead at these places.
    pub fn with(&self, stored: &Stored, places: &BTreeSet<Place>) -> Vec<String> {
        let others = self.0.iter().filter(|(place, _)| !places.contains(place)).map(|(_, line)| line.clone());
        mask::lines(others.chain(stored.lines().0.into_values()))
    }
}

fn line(place: &Place, content: &Content) -> String {
    match (place, content) {
        (Place::Item { table, .. }, Content::Item(item)) => format!("{table} {}", mask::item(item)),
        (Place::Object { key, .. }, Content::Object(bytes)) => {
            format!("{UPLOADS} {} {}", mask::path(key), mask::length(key, bytes))
        }
        _ => panic!("{place:?} has the content of another kind"),
    }
}

fn of_item(table: &str, item: Value) -> (Place, Content) {
    (Place::of(table, &item), Content::Item(item))
}

/// The table and the key of an item.
fn key(place: &Place) -> Option<(&str, Value)> {
    match place {
        Place::Item { table, pk, sk } => Some((table, json!({"pk": {"S": pk}, "sk": {"S": sk}}))),
        Place::Object { .. } => None,
    }
}

async fn objects_at(bucket: &Objects, places: impl Iterator<Item = Place>) -> Vec<(Place, Content)> {
    let mut objects = Vec::new();
    for place in places {
        let Place::Object { key, .. } = &place else { continue };
        if let Some((bytes, _)) = bucket.read(key, 0, 1 << 25).await.unwrap() {
            objects.push((place, Content::Object(bytes)));
        }
    }
    objects
}
