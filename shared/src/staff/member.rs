//! A member of staff, and the stored form.
//!
//! | attribute | holds |
//! |---|---|
//! | `sealed` | name, phone and the secret of the second factor: see `shared/src/storage/sealed.rs` |
//! | `version` | counts the changes |
//! | all others | the fields of [`Member`] |

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::keys;
use super::roles::Role;
use super::second_factor::SecondFactor;
use crate::crypto::keyring::Keyring;
use crate::error::{Error, Result};
use crate::signing::values::{Number, PlatformCode};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::text;
use crate::storage::table::{Item, Key};
use crate::values::{Id, LocalTime, Mobile, Secret, Text, exposed};

/// The sealed attributes.
pub(super) const SEALED: Fields = Fields::of(&["name", "phone", "totp"]);

#[derive(Clone, Serialize, Deserialize)]
pub struct Member {
    pub id: Id,
    pub name: Text<1, 64>,
    pub phone: Mobile,
    /// At least one, each once.
    pub roles: Vec<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned: Option<Assigned>,
    pub enabled: bool,
    pub created_at: LocalTime,
    /// Until when the phone alone is enough to set up the second factor.
    pub(super) enroll_until: LocalTime,
    #[serde(flatten)]
    pub(super) second_factor: SecondFactor,
    /// The sign-in that has passed the text message and waits for the second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pending: Option<Pending>,
    /// Oldest first.
    #[serde(default)]
    pub sessions: Vec<Session>,
}

/// The part of the signing API that a reviewer is responsible for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    pub platform_code: PlatformCode,
    /// The handler that the member is: workers choose one in their application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler_id: Option<Number>,
    pub companies: Vec<Number>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    #[serde(serialize_with = "exposed")]
    pub hash: Secret<String>,
    pub until: LocalTime,
}

/// A session. Its token is known to the browser alone.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    #[serde(serialize_with = "exposed")]
    pub(super) hash: Secret<String>,
    pub created_at: LocalTime,
    /// Exact to a minute.
    pub used_at: LocalTime,
    /// When the member last proved the second factor in it.
    pub proved_at: LocalTime,
}

impl Member {
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the member has set up the second factor.
    pub fn is_enrolled(&self) -> bool {
        self.second_factor.is_enrolled()
    }

    /// Ends every session, and a sign-in that has begun.
    pub(super) fn end_sessions(&mut self) {
        self.sessions.clear();
        self.pending = None;
    }

    /// The item, without its version.
    pub(super) fn item(&self, keyring: &Keyring) -> Result<Item> {
        let key = keys::member(self.id);
        let mut item: Item = serde_dynamo::to_item(self).map_err(Error::internal)?;
        sealed::seal(keyring, &key, &SEALED, &mut item)?;
        item.extend(key.into_item());
        item.insert("ix1".into(), text(keys::MEMBERS));
        item.insert("ixsk".into(), text(self.id.sortable()));
        Ok(item)
    }

    pub(super) fn read(keyring: &Keyring, mut item: Item) -> Result<Self> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("a member of staff without a key"))?;
        sealed::open(keyring, &key, &SEALED, &mut item)?;
        serde_dynamo::from_item(item).map_err(Error::internal)
    }
}

impl Pending {
    pub fn is_of(&self, hash: &Secret<String>, now: Timestamp) -> bool {
        self.hash.is_same(hash) && Timestamp::from(self.until) > now
    }
}
