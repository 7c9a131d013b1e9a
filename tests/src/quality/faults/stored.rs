//! Everything that a stage has stored, to compare and to restore.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use serde_json::{Value, json};
use shared::storage::objects::Objects;

use super::mask;
use crate::support::Stage;

const TABLES: [&str; 6] = ["audit", "channel", "credentials", "hris", "jobboard", "signing"];
/// The most items of one BatchWriteItem.
const BATCH: usize = 25;

/// Every item by table and key, and every object of the uploads bucket.
#[derive(PartialEq)]
pub struct Stored {
    items: BTreeMap<(&'static str, String, String), Value>,
    objects: BTreeMap<String, Vec<u8>>,
}

impl Stored {
    /// Read directly.
    pub async fn of(stage: &Stage, bucket: &Objects) -> Self {
        let key = |item: &Value, name: &str| item[name]["S"].as_str().expect("a key").to_owned();
        let tables = TABLES.map(async |table| {
            let items = stage.items(table).await.into_iter();
            items.map(|item| ((table, key(&item, "pk"), key(&item, "sk")), item)).collect::<Vec<_>>()
        });
        let items = join_all(tables).await.into_iter().flatten().collect();
        let mut objects = BTreeMap::new();
        for key in bucket.list("").await.unwrap() {
            if let Some((bytes, _)) = bucket.read(&key, 0, 1 << 25).await.unwrap() {
                objects.insert(key, bytes);
            }
        }
        Self { items, objects }
    }

    /// Turns the current state of the stage into this one.
    pub async fn restore(&self, current: &Self, stage: &Stage, bucket: &Objects) {
        let keys: BTreeSet<_> = self.items.keys().chain(current.items.keys()).collect();
        let mut writes: Vec<(&str, Value)> = Vec::new();
        for key in keys.into_iter().filter(|key| self.items.get(*key) != current.items.get(*key)) {
            let (table, pk, sk) = key;
            writes.push((
                table,
                match self.items.get(key) {
                    Some(item) => json!({"PutRequest": {"Item": item}}),
                    None => json!({"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}}),
                },
            ));
        }
        for writes in writes.chunks(BATCH) {
            let mut tables: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
            for (table, write) in writes {
                tables.entry(table).or_default().push(write);
            }
            stage.database("BatchWriteItem", &json!({"RequestItems": tables})).await;
        }
        for key in current.objects.keys().filter(|key| !self.objects.contains_key(*key)) {
            bucket.delete(key).await.unwrap();
        }
        for (key, bytes) in self.objects.iter().filter(|(key, bytes)| current.objects.get(*key) != Some(*bytes)) {
            bucket.put(key, bytes.clone(), "application/octet-stream").await.unwrap();
        }
    }

    /// The number of audit records.
    pub fn records(&self) -> usize {
        self.items.keys().filter(|(table, ..)| *table == "audit").count()
    }

    /// A line for each item and object, without what differs between any two runs.
    pub fn lines(&self) -> Vec<String> {
        let items = self.items.iter().map(|((table, ..), item)| format!("{table} {}", mask::item(item)));
        let objects =
            self.objects.iter().map(|(key, bytes)| format!("uploads {} {}", mask::path(key), mask::length(key, bytes)));
        mask::lines(items.chain(objects))
    }
}
