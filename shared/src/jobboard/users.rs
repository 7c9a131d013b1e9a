//! Users: how they come in with WeChat, and what they tell of themselves (document, 一、用户模块).
//!
//! A user is found by the blind index of the openid. Openid and phone are sealed; the openid is kept because WeChat Pay asks for
//! it.

use deserr::Deserr;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::values::{Area, Latitude, Longitude, Picture, Sex};
use super::{Service, row};
use crate::crypto::access_token::AccessTokens;
use crate::error::{Error, Fault, Kind, Result};
use crate::outbound::wechat::Rejection;
use crate::storage::rate_limit::CODES;
use crate::storage::sealed;
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Outcome, VERSION, Write};
use crate::values::Id;
use crate::values::input::Faults;
use crate::values::{LocalTime, Mobile, Text};

/// Seven days (jobboard.md, Conventions).
const TOKENS: AccessTokens = AccessTokens { audience: "jobboard", age: SignedDuration::from_hours(7 * 24) };

/// What is stored sealed.
const SEALED: [&str; 2] = ["openid", "phone"];

#[derive(Clone, Serialize, Deserialize)]
pub struct User {
    pub id: Id,
    pub openid: String,
    pub phone: Mobile,
    #[serde(default)]
    pub name: Text<0, 32>,
    #[serde(default)]
    pub avatar: Picture,
    #[serde(default)]
    pub sex: Sex,
    /// Who invited this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inviter: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    pub created_at: LocalTime,
}

/// Where a user was at the last login (document, 更新位置信息).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Deserr)]
#[deserr(error = Faults)]
pub struct Place {
    #[deserr(default)]
    pub first_area_id: Area,
    #[deserr(default)]
    pub second_area_id: Area,
    #[deserr(default)]
    pub third_area_id: Area,
    #[deserr(default)]
    pub address: Text<0, 256>,
    pub longitude: Longitude,
    pub latitude: Latitude,
}

/// What a user changes; what is left out stays (document, 更新个人信息).
#[derive(Deserr)]
#[deserr(error = Faults)]
pub struct Changes {
    #[deserr(default)]
    pub avatar: Option<Picture>,
    #[deserr(default)]
    pub name: Option<Text<0, 32>>,
    #[deserr(default)]
    pub sex: Option<Sex>,
    #[deserr(default)]
    pub phone: Option<Mobile>,
}

/// Who is in, with a token for the requests that follow.
pub struct Login {
    pub user: Id,
    pub token: String,
}

impl Service {
    /// Makes a user of whoever these codes of WeChat stand for. A known one comes in as by [`Service::log_in`], and nothing
    /// changes. `address` is where the request comes from.
    ///
    /// DynamoDB: one write, one read, one transaction; one read more where an inviter is named; of a wrong code, one write more.
    pub async fn register(
        &self,
        login_code: &str,
        phone_code: &str,
        inviter: Option<Id>,
        address: &str,
    ) -> Result<Result<Login, Rejection>> {
        let is_wrong = |outcome: &Result<Result<Login, Rejection>>| match outcome {
            Ok(outcome) => matches!(outcome, Err(Rejection::Code)),
            Err(error) => error.kind() == Kind::Invalid,
        };
        let register = self.register_by(login_code, phone_code, inviter);
        CODES.attempt(&self.counters(), &["login", address], register, is_wrong).await
    }

    async fn register_by(&self, login_code: &str, phone_code: &str, inviter: Option<Id>) -> Result<Result<Login, Rejection>> {
        let session = match self.wechat.code_to_session(login_code).await? {
            Ok(session) => session,
            Err(rejection) => return Ok(Err(rejection)),
        };
        if let Some(user) = self.user_of(&session.openid).await? {
            return self.login(user).map(Ok);
        }
        let now = self.clock.now();
        let phone = match self.wechat.phone_number(phone_code, now).await? {
            Ok(phone) => Mobile::parse(&phone).map_err(|reason| Error::invalid([Fault::new("phone_code", reason)]))?,
            Err(Rejection::Code) => return Err(Error::invalid([Fault::new("phone_code", "is wrong or used")])),
            Err(rejection) => return Ok(Err(rejection)),
        };
        // Unknown ones are passed over.
        let inviter = match inviter {
            Some(inviter) => self.store.get(&self.tables.jobboard, row::user(inviter)).await?.map(|_| inviter),
            None => None,
        };
        let user = |id| User {
            id,
            openid: session.openid.clone(),
            phone: phone.clone(),
            name: Text::default(),
            avatar: Picture::default(),
            sex: Sex::default(),
            inviter,
            place: None,
            created_at: now.into(),
        };
        let user = self.ids.claim(now, |id| self.store_user(user(id))).await?;
        self.login(user).map(Ok)
    }

    /// Stores a new user, and gives the id of that or of the same person's who came in at the same time; `None` where somebody else has
    /// its id.
    async fn store_user(&self, user: User) -> Result<Option<Id>> {
        let table = &self.tables.jobboard;
        let mut found_by = row::openid(&self.openid_code(&user.openid)?).into_item();
        found_by.insert("user".into(), number(user.id));
        let writes = vec![
            Write::Put { table: table.clone(), item: found_by, condition: Condition::absent() },
            Write::Put { table: table.clone(), item: self.user_item(&user)?, condition: Condition::absent() },
        ];
        match self.store.transact(writes).await? {
            Outcome::Written => Ok(Some(user.id)),
            // Where the person is known, it may be by this transaction, whose answer was lost on the way.
            Outcome::Rejected(rejections) => {
                let known = rejections.into_iter().next().and_then(|rejection| rejection.stored);
                known.map(|known| read_integer(&known, "user").map(Id::from_u64)).transpose()
            }
        }
    }

    /// Lets a known user in; `None` where the code stands for nobody who has registered. `address` is where the request comes from.
    ///
    /// DynamoDB: one write, one read; of a wrong code, two writes.
    pub async fn log_in(&self, login_code: &str, address: &str) -> Result<Result<Option<Login>, Rejection>> {
        let is_wrong = |outcome: &Result<Result<Option<Login>, Rejection>>| matches!(outcome, Ok(Err(Rejection::Code)));
        CODES.attempt(&self.counters(), &["login", address], self.log_in_by(login_code), is_wrong).await
    }

    async fn log_in_by(&self, login_code: &str) -> Result<Result<Option<Login>, Rejection>> {
        let session = match self.wechat.code_to_session(login_code).await? {
            Ok(session) => session,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let user = self.user_of(&session.openid).await?;
        user.map(|user| self.login(user)).transpose().map(Ok)
    }

    /// Whom a token speaks for.
    pub fn authorize(&self, token: &str) -> Result<Id> {
        let subject = TOKENS.verify(&self.keyring, token, self.clock.now());
        let user = subject.and_then(|subject| subject.parse().ok()).map(Id::from_u64);
        user.ok_or_else(Error::token_rejected)
    }

    /// DynamoDB: one read.
    pub async fn user(&self, id: Id) -> Result<User> {
        let found = self.store.get(&self.tables.jobboard, row::user(id)).await?;
        self.read_user(found.ok_or_else(|| super::missing("user"))?)
    }

    /// DynamoDB: one read, one write.
    pub async fn update_place(&self, id: Id, place: &Place) -> Result<()> {
        self.change_user(id, |user| user.place = Some(place.clone())).await
    }

    /// DynamoDB: one read, one write.
    pub async fn update_user(&self, id: Id, changes: &Changes) -> Result<()> {
        self.change_user(id, |user| {
            let Changes { avatar, name, sex, phone } = changes;
            user.avatar = avatar.clone().unwrap_or_else(|| user.avatar.clone());
            user.name = name.clone().unwrap_or_else(|| user.name.clone());
            user.sex = sex.unwrap_or(user.sex);
            user.phone = phone.clone().unwrap_or_else(|| user.phone.clone());
        })
        .await
    }

    async fn change_user(&self, id: Id, change: impl Fn(&mut User)) -> Result<()> {
        let changed = self.store.change(&self.tables.jobboard, row::user(id), |item| {
            let mut user = self.read_user(item.clone())?;
            change(&mut user);
            self.user_item(&user)
        });
        changed.await?.map(drop).ok_or_else(|| super::missing("user"))
    }

    fn login(&self, user: Id) -> Result<Login> {
        Ok(Login { user, token: TOKENS.sign(&self.keyring, &user.to_string(), self.clock.now())? })
    }

    async fn user_of(&self, openid: &str) -> Result<Option<Id>> {
        let found = self.store.get(&self.tables.jobboard, row::openid(&self.openid_code(openid)?)).await?;
        found.map(|item| read_integer(&item, "user").map(Id::from_u64)).transpose()
    }

    fn openid_code(&self, openid: &str) -> Result<String> {
        Ok(hex::encode(&self.keyring.blind_index(&[b"openid", openid.as_bytes()])?))
    }

    fn user_item(&self, user: &User) -> Result<Item> {
        let key = row::user(user.id);
        let mut item: Item = serde_dynamo::to_item(user).map_err(Error::internal)?;
        sealed::seal(&self.keyring, &key, &SEALED, &mut item)?;
        item.extend(key.into_item());
        item.insert(VERSION.into(), number(1));
        Ok(item)
    }

    pub(super) fn read_user(&self, mut item: Item) -> Result<User> {
        let key = crate::storage::table::Key::of(&item).ok_or_else(|| Error::internal("a user without a key"))?;
        sealed::open(&self.keyring, &key, &SEALED, &mut item)?;
        serde_dynamo::from_item(item).map_err(Error::internal)
    }
}
