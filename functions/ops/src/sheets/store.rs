//! What imports and exports keep between requests: objects in the uploads bucket, which belong to one member of staff for a day.

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::crypto::random::random_text;
use shared::error::{Error, Result};
use shared::staff::Member;
use shared::storage::objects::Objects;
use shared::values::{Id, LocalTime};

use crate::admin::Admin;

/// The largest object, in bytes.
const MAX_OBJECT: u64 = 64 * 1024 * 1024;
/// How long the objects are there. The bucket removes them at the end of a day later.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
const JSON: &str = "application/json";

/// The state of an import or export, with its owner and the time when it began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owned<T> {
    owner: Id,
    created_at: LocalTime,
    pub state: T,
}

/// The objects of one import or export.
pub struct Folder<'a> {
    objects: &'a Objects,
    prefix: &'static str,
    id: String,
}

impl<'a> Folder<'a> {
    /// A new one below this prefix, which ends with a slash.
    pub fn create(app: &'a Admin, prefix: &'static str) -> Result<Self> {
        Ok(Self { objects: &app.bucket, prefix, id: random_text()? })
    }

    /// One that exists, if the id can be one.
    pub fn of(app: &'a Admin, prefix: &'static str, id: &str) -> Option<Self> {
        let is_id = id.len() == 43 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        is_id.then(|| Self { objects: &app.bucket, prefix, id: id.to_owned() })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn key(&self, name: &str) -> String {
        format!("{}{}/{name}", self.prefix, self.id)
    }

    /// The state that the member stored; `None` if it is missing, if it is another member's, or if its time is over.
    pub async fn state<T: DeserializeOwned>(&self, member: &Member, now: Timestamp) -> Result<Option<Owned<T>>> {
        let owned: Option<Owned<T>> = self.read("state").await?;
        Ok(owned.filter(|owned| owned.owner == member.id && now.duration_since(owned.created_at.into()) < KEPT))
    }

    pub async fn put_state<T: Serialize>(&self, owned: &Owned<T>) -> Result<()> {
        self.put("state", owned).await
    }

    /// `None` if there is no such object.
    pub async fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let bytes = self.bytes(name).await?;
        bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose().map_err(Error::internal)
    }

    /// The object, which must exist.
    pub async fn existing<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        self.read(name).await?.ok_or_else(|| Error::internal(format!("{} does not exist", self.key(name))))
    }

    pub async fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.objects.read(&self.key(name), 0, MAX_OBJECT).await?.map(|(bytes, _)| bytes))
    }

    pub async fn put<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        self.put_bytes(name, serde_json::to_vec(value).map_err(Error::internal)?, JSON).await
    }

    pub async fn put_bytes(&self, name: &str, bytes: Vec<u8>, content_type: &str) -> Result<()> {
        self.objects.put(&self.key(name), bytes, content_type).await
    }

    /// An address from which a browser downloads the object under this name for fifteen minutes.
    pub async fn download(&self, name: &str, shown: &str) -> Result<String> {
        Ok(self.objects.presign_download(&self.key(name), shown).await?.url)
    }
}

impl<T> Owned<T> {
    pub fn new(member: &Member, now: Timestamp, state: T) -> Self {
        Self { owner: member.id, created_at: now.into(), state }
    }
}
