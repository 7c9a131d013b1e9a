//! Users: registration, log-in and their own data (docs/contract/jobboard.txt, 一、用户模块).
//!
//! A user is found by the blind index of the openid. Openid, phone and place are sealed. The openid is stored because WeChat Pay requires it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::images::Name;
use super::moderation::NameVerdict;
use super::sessions::{Login, Session};
use super::values::{Area, Latitude, Longitude, Note, Picture, Sex};
use super::{Service, item, keys, missing};
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::CodeError;
use crate::storage::rate_limit::{Attempt, CODES};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{Condition, Item, Key, Outcome, VERSION, Write, mark};
use crate::values::{Id, LocalTime, Mobile, Reason, Secret, Text, exposed};

/// Marks the items by which a log-in finds a user who has closed the account.
const CLOSED: &str = "closed";
/// Marks the items by which a log-in finds a user who is banned.
const BANNED: &str = "banned";
/// The sealed attributes.
pub(super) const SEALED: Fields = Fields { names: &["openid", "phone", "place"], phone: Some("phone"), id_number: None };

#[derive(Clone, Serialize, Deserialize)]
pub struct User {
    pub id: Id,
    /// Empty while the user is being erased.
    #[serde(serialize_with = "exposed")]
    pub openid: Secret<String>,
    pub phone: Mobile,
    #[serde(default)]
    pub name: Text<0, 32>,
    /// The name that takes its place if staff approve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_in_review: Option<Text<0, 32>>,
    #[serde(default)]
    pub avatar: Picture,
    #[serde(default)]
    pub sex: Sex,
    /// The user who invited this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inviter: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    pub created_at: LocalTime,
    /// The id of the log-out or command that last ended all tokens of the user; 0 before the first one.
    #[serde(default)]
    pub(super) epoch: u64,
    /// When the user closed the account; None if it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) closed_at: Option<LocalTime>,
    /// Why the user may not log in; None if the user is not banned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ban: Option<Note>,
}

impl User {
    /// Whether the user is being erased: no log-in finds the user by the openid any more.
    pub(super) fn is_detached(&self) -> bool {
        self.openid.expose().is_empty()
    }
}

/// The place of a user at the last log-in (docs/contract/jobboard.txt, 更新位置信息).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub first_area_id: Area,
    pub second_area_id: Area,
    pub third_area_id: Area,
    pub address: Text<0, 256>,
    pub longitude: Longitude,
    pub latitude: Latitude,
}

/// An update of a user (docs/contract/jobboard.txt, 更新个人信息). None leaves the field unchanged.
#[derive(Default)]
pub struct Changes {
    pub avatar: Option<Picture>,
    pub name: Option<Text<0, 32>>,
    pub sex: Option<Sex>,
    pub phone: Option<Mobile>,
}

/// What other users see of a user.
pub struct Profile {
    pub id: Id,
    pub name: Text<0, 32>,
    /// None if the user does not exist.
    pub phone: Option<Mobile>,
}

impl Service {
    /// Registers the user of these two codes of WeChat. A registered user is logged in, and their data does not change. `address` is the
    /// client's.
    ///
    /// DynamoDB: one write, one read, one transaction; one more read if an inviter is named, or if the user has closed the account.
    pub async fn register(
        &self,
        login_code: Secret<&str>,
        phone_code: Secret<&str>,
        inviter: Option<Id>,
        address: &str,
    ) -> Result<Login, CodeError> {
        CODES.count(&self.counters(), &["login", address], Attempt::Succeeded).await?;
        let session = self.wechat.code_to_session(login_code, self.clock.now()).await?;
        if let Some(user) = self.user_of(&session.openid).await? {
            return Ok(self.login(user)?);
        }
        let now = self.clock.now();
        let phone = self.phone_of(phone_code, now).await?;
        // An unknown inviter is ignored.
        let inviter = match inviter {
            Some(inviter) => self.store.get(&self.tables.jobboard, keys::user(inviter)).await?.map(|_| inviter),
            None => None,
        };
        let user = |id| User {
            id,
            openid: session.openid.clone(),
            phone: phone.clone(),
            name: Text::default(),
            name_in_review: None,
            avatar: Picture::default(),
            sex: Sex::default(),
            inviter,
            place: None,
            created_at: now.into(),
            epoch: 0,
            closed_at: None,
            ban: None,
        };
        let session = self.ids.claim(now, |id| self.store_user(user(id))).await?;
        Ok(self.login(session)?)
    }

    /// Stores a new user. Returns its session, or that of the user that a concurrent registration of the same openid has stored; None if
    /// another user has its id.
    async fn store_user(&self, user: User) -> Result<Option<Session>> {
        self.keyring.record().await?;
        let table = &self.tables.jobboard;
        let items = self.openid_items(&user).into_iter().chain([self.user_item(&user)?]);
        let writes = items.map(|item| Write::Put { table: table.clone(), item, condition: Condition::absent() }).collect();
        match self.store.transact(writes).await? {
            Outcome::Written => Ok(Some(Session { user: user.id, epoch: user.epoch })),
            // The stored user may be our own earlier write, whose response was lost (the SDK retried it).
            Outcome::Rejected(rejections) => {
                let openids = rejections.len().saturating_sub(1);
                let known = rejections.into_iter().take(openids).find_map(|rejection| rejection.stored);
                match known {
                    Some(known) => self.session_of(&known).await,
                    None => Ok(None),
                }
            }
        }
    }

    /// Logs in the user of this code; `None` if the user has not registered. `address` is the client's.
    ///
    /// DynamoDB: one write, one read; one more read and a transaction if the user has closed the account.
    pub async fn log_in(&self, login_code: Secret<&str>, address: &str) -> Result<Option<Login>, CodeError> {
        CODES.count(&self.counters(), &["login", address], Attempt::Succeeded).await?;
        let session = self.wechat.code_to_session(login_code, self.clock.now()).await?;
        let user = self.user_of(&session.openid).await?;
        Ok(user.map(|user| self.login(user)).transpose()?)
    }

    /// DynamoDB: one read.
    pub async fn user(&self, id: Id) -> Result<User> {
        let found = self.store.get(&self.tables.jobboard, keys::user(id)).await?;
        self.read_user(found.ok_or_else(|| missing("user"))?)
    }

    /// DynamoDB: one read, one write.
    pub async fn update_place(&self, id: Id, place: &Place) -> Result<()> {
        self.change_user(id, |user| user.place = Some(place.clone())).await
    }

    /// The phone that WeChat returns for a code of `getPhoneNumber`.
    async fn phone_of(&self, code: Secret<&str>, now: Timestamp) -> Result<Mobile, CodeError> {
        let invalid = |reason: Reason| CodeError::Failed(Error::invalid([Fault::new("phone_code", reason)]));
        match self.wechat.phone_number(code, now).await {
            Ok(phone) => Mobile::parse(&phone).map_err(invalid),
            Err(CodeError::Wrong) => Err(invalid("is wrong or used")),
            Err(error) => Err(error),
        }
    }

    /// Changes a user. The phone is that of WeChat's code; another one is ignored unless the installation lets users change it freely. With
    /// moderation a name that staff must decide on waits, and a risky one is an error. `address` is the client's.
    ///
    /// DynamoDB: one read, one write; one more write with a code; one more of both with a name and moderation.
    pub async fn update_user(
        &self,
        id: Id,
        mut changes: Changes,
        phone_code: Option<Secret<&str>>,
        address: &str,
    ) -> Result<(), CodeError> {
        changes.phone = match phone_code {
            Some(code) => {
                CODES.count(&self.counters(), &["phone", address], Attempt::Succeeded).await?;
                Some(self.phone_of(code, self.clock.now()).await?)
            }
            None => changes.phone.filter(|_| self.settings.free_phone_change),
        };
        let verdict = match &changes.name {
            Some(name) if self.settings.moderation.is_some() => self.judge_name(&self.user(id).await?, name).await?,
            _ => NameVerdict::Accepted,
        };
        let change = self.change_user(id, |user| {
            let Changes { avatar, name, sex, phone } = &changes;
            user.avatar = avatar.clone().unwrap_or_else(|| user.avatar.clone());
            if let Some(name) = name {
                (user.name, user.name_in_review) = match verdict {
                    NameVerdict::Accepted => (name.clone(), None),
                    NameVerdict::Review => (user.name.clone(), Some(name.clone())),
                };
            }
            user.sex = sex.unwrap_or(user.sex);
            user.phone = phone.clone().unwrap_or_else(|| user.phone.clone());
        });
        Ok(change.await?)
    }

    async fn change_user(&self, id: Id, change: impl Fn(&mut User)) -> Result<()> {
        self.keyring.record().await?;
        let own_avatar = |user: &User| Name::in_address(user.avatar.as_str()).filter(|name| name.is_of(id));
        let changed = self.store.change_with(&self.tables.jobboard, keys::user(id), |item| {
            let mut user = self.read_user(item.clone())?;
            let before = own_avatar(&user);
            change(&mut user);
            // The clean-up removes the picture that the profile no longer shows.
            let dropped = before.filter(|name| own_avatar(&user).as_ref() != Some(name));
            let unused = dropped.map(|name| self.mark_unused(&name, self.clock.now()));
            Ok((self.user_item(&user)?, unused.into_iter().collect()))
        });
        changed.await?.map(drop).ok_or_else(|| missing("user"))
    }

    async fn user_of(&self, openid: &Secret<String>) -> Result<Option<Session>> {
        let found = self.store.get(&self.tables.jobboard, keys::openid(&self.openid_code(openid)?)).await?;
        match found {
            Some(found) => self.session_of(&found).await,
            None => Ok(None),
        }
    }

    /// The session of the user that an openid leads to. Opens the account if the user has closed it; `None` if it is erased meanwhile. An
    /// error if the user is banned.
    async fn session_of(&self, openid: &Item) -> Result<Option<Session>> {
        if openid.contains_key(BANNED) {
            return Err(banned());
        }
        let session = Session::of_openid(openid)?;
        match openid.contains_key(CLOSED) {
            true => self.open_account(session.user).await,
            false => Ok(Some(session)),
        }
    }

    /// The items by which a log-in finds the user: one for each index of openids that is used; none for a user who is being erased.
    pub(super) fn openid_items(&self, user: &User) -> Vec<Item> {
        if user.is_detached() {
            return Vec::new();
        }
        let codes = self.keyring.blind_indexes(&openid_parts(&user.openid));
        let items = codes.iter().map(|code| {
            let mut item = keys::openid(&hex::encode(code.expose())).into_item();
            item.insert("user".into(), number(user.id));
            item.insert("epoch".into(), number(user.epoch));
            if user.closed_at.is_some() {
                item.insert(CLOSED.into(), AttributeValue::Bool(true));
            }
            if user.ban.is_some() {
                item.insert(BANNED.into(), AttributeValue::Bool(true));
            }
            item
        });
        items.collect()
    }

    /// The keys by which a log-in found the user when indexes were used that are not any more.
    pub(super) fn former_openid_keys(&self, user: &User) -> Vec<Key> {
        let codes = self.keyring.former_indexes(&openid_parts(&user.openid));
        codes.iter().map(|code| keys::openid(&hex::encode(code.expose()))).collect()
    }

    fn openid_code(&self, openid: &Secret<String>) -> Result<String> {
        Ok(hex::encode(self.keyring.blind_index(&openid_parts(openid))?.expose()))
    }

    pub(super) fn user_item(&self, user: &User) -> Result<Item> {
        let key = keys::user(user.id);
        let mut item: Item = serde_dynamo::to_item(user).map_err(Error::internal)?;
        sealed::seal(&self.keyring, &key, &SEALED, &mut item)?;
        item.extend(key.into_item());
        item.insert(VERSION.into(), number(1));
        if let Some(list) = user.list() {
            item.extend(
                [("ix1", list.to_owned()), ("ixsk", user.id.sortable())].map(|(name, value)| (name.to_owned(), text(value))),
            );
        }
        if let Some(closed_at) = user.closed_at {
            mark(&mut item, keys::CLOSED_SWEEP, closed_at.into());
        }
        Ok(item)
    }

    pub(super) fn read_user(&self, mut item: Item) -> Result<User> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("a user without a key"))?;
        sealed::open(&self.keyring, &key, &SEALED, &mut item)?;
        item::read(item)
    }

    /// The profile of the user among items that were read together.
    pub(super) fn profile_among(&self, items: &HashMap<Key, Item>, id: Id) -> Result<Profile> {
        match items.get(&keys::user(id)) {
            Some(item) => {
                let user = self.read_user(item.clone())?;
                Ok(Profile { id, name: user.name, phone: Some(user.phone) })
            }
            None => Ok(Profile { id, name: Text::default(), phone: None }),
        }
    }
}

/// The answer to the log-in of a banned user.
pub(super) fn banned() -> Error {
    Error::forbidden().with_fault(Fault::new("login_code", "is of a banned user"))
}

/// What the blind index of an openid is of.
pub(super) fn openid_parts(openid: &Secret<String>) -> [&[u8]; 2] {
    [b"openid", openid.expose().as_bytes()]
}
