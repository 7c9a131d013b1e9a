//! The events of a webhook that are to be sent.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `hris#waiting#{company}#{webhook}`, `{hash of the object}#{event}`: the events of an object are in the order of their changes |
//! | `event`, `type`, `content` | its id and type, and [`Content`] as JSON |
//! | `made_at` | when it was distributed, in Unix milliseconds |
//! | `attempts`, `first_at`, `retry_at` | how often and since when it was tried, and when it is to be tried again, in Unix milliseconds |
//! | `expires_at` | for DynamoDB's TTL |

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::types::{Content, EventType};
use crate::error::{Error, Result};
use crate::storage::company_changes::KEPT;
use crate::storage::table::{Item, Key};

/// An event that is to be sent.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Waiting {
    #[serde(skip)]
    pub key: Option<Key>,
    pub event: String,
    #[serde(rename = "type")]
    pub event_type: EventType,
    #[serde(with = "content")]
    pub content: Content,
    pub made_at: i64,
    #[serde(default)]
    pub attempts: u32,
    #[serde(default)]
    pub first_at: i64,
    #[serde(default)]
    pub retry_at: i64,
    pub expires_at: i64,
}

impl Waiting {
    pub fn new(event: String, event_type: EventType, content: Content, now: Timestamp) -> Self {
        let expires_at = (now + KEPT).as_second();
        let made_at = now.as_millisecond();
        Self { key: None, event, event_type, content, made_at, attempts: 0, first_at: 0, retry_at: 0, expires_at }
    }

    /// The sort key of an event. `object` is what it is in order with.
    pub fn place(event: &str, object: &str) -> String {
        let digest = Sha256::digest(object);
        format!("{}#{event}", hex::encode(&digest[..16]))
    }

    /// The object of the event at this place, as its hash.
    pub fn object(key: &Key) -> &str {
        key.sk.split('#').next().unwrap_or_default()
    }

    pub fn of(item: Item) -> Result<Self> {
        let key = Key::of(&item);
        let waiting: Self = serde_dynamo::from_item(item).map_err(Error::internal)?;
        Ok(Self { key, ..waiting })
    }

    pub fn to_item(&self, key: &Key) -> Result<Item> {
        let mut item: Item = serde_dynamo::to_item(self).map_err(Error::internal)?;
        item.extend(key.clone().into_item());
        Ok(item)
    }
}

/// The content as JSON text.
pub(super) mod content {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Content;

    pub fn serialize<S: Serializer>(content: &Content, serializer: S) -> Result<S::Ok, S::Error> {
        let text = serde_json::to_string(content).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Content, D::Error> {
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map_err(serde::de::Error::custom)
    }
}
