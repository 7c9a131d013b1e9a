//! Users, and the ledger of their vouchers.

use serde::Serialize;

use super::{COUNTED, FIRST, LAST, Lists, ShownNote, shown};
use crate::error::{Error, Result};
use crate::jobboard::users::{User, openid_parts};
use crate::jobboard::vouchers::Entry;
use crate::jobboard::{Service, item, keys};
use crate::storage::listing::{Listed, PageOf};
use crate::storage::sealed::{BY_PHONE, codes};
use crate::storage::table::attribute::{read_integer, text};
use crate::storage::table::{Condition, Item, Key, Range};
use crate::values::mask::Sight;
use crate::values::{Id, Mobile, Secret, Text, mask};

/// The most users that a search returns.
const MOST_FOUND: usize = 100;

/// By what staff find a user.
pub enum NamedUser {
    Id(Id),
    Phone(Mobile),
    Openid(Secret<String>),
}

/// A user in a list.
#[derive(Debug, Serialize)]
pub struct UserSummary {
    pub user_id: Id,
    pub name: Text<0, 32>,
    /// Masked unless it is seen whole.
    pub phone: String,
    pub created_at: String,
    pub closed_at: Option<String>,
    pub banned: bool,
}

/// A user whose name waits for a decision.
#[derive(Debug, Serialize)]
pub struct WaitingName {
    pub user_id: Id,
    /// The one that waits.
    pub name: Text<0, 32>,
    /// The one that others see.
    pub current_name: Text<0, 32>,
}

/// A user with the number of what belongs to the user.
#[derive(Debug, Serialize)]
pub struct ShownUser {
    pub user_id: Id,
    pub name: Text<0, 32>,
    pub name_in_review: Option<Text<0, 32>>,
    pub avatar: String,
    /// 0 unknown, 1 male, 2 female.
    pub sex: i64,
    /// Masked.
    pub phone: String,
    /// Masked.
    pub openid: String,
    /// Masked; none before the first time that the user sent a place.
    pub address: Option<String>,
    pub inviter_id: Option<Id>,
    pub created_at: String,
    pub closed_at: Option<String>,
    pub ban: Option<ShownNote>,
    pub sessions: ShownSessions,
    /// The balance of vouchers.
    pub balance: i64,
    pub counts: Counts,
}

/// Since when tokens of a user are valid.
#[derive(Debug, Serialize)]
pub struct ShownSessions {
    /// Tokens carry it; those that carry another one have ended.
    pub epoch: u64,
    /// When all tokens before were ended; none if they never were.
    pub ended_at: Option<String>,
}

/// How many records a user has. 1,000 means at least so many, except for entries of the ledger and collected jobs.
#[derive(Debug, Serialize)]
pub struct Counts {
    pub jobs: i64,
    pub deleted_jobs: i64,
    pub orders: i64,
    pub contacts_out: i64,
    pub contacts_in: i64,
    pub collected_jobs: i64,
    pub voucher_entries: i64,
}

/// A page of a ledger.
pub struct VoucherPage {
    pub balance: i64,
    pub entries: Listed<Entry>,
}

impl UserSummary {
    fn of(user: &User, sight: Sight) -> Self {
        Self {
            user_id: user.id,
            name: user.name.clone(),
            phone: sight.phone(user.phone.as_str()),
            created_at: user.created_at.to_second(),
            closed_at: shown(user.closed_at),
            banned: user.ban.is_some(),
        }
    }
}

impl Service {
    /// The users with this id, phone or openid, at most 100. Users who are being erased have no openid any more.
    ///
    /// DynamoDB: one read by id. By phone one query for each listed key and 1 MB of its entries, which are the users and jobs with the phone,
    /// and one batch. By openid one read for each listed key, and one batch.
    pub async fn find_user(&self, named: &NamedUser, sight: Sight) -> Result<Vec<UserSummary>> {
        let table = &self.tables.jobboard;
        let keys: Vec<Key> = match named {
            NamedUser::Id(id) => vec![keys::user(*id)],
            NamedUser::Phone(phone) => {
                let mut found = Vec::new();
                for code in codes(&self.keyring, BY_PHONE, phone.as_str())? {
                    let entries = self.store.index_keys(table, BY_PHONE, Condition::equals(BY_PHONE, text(code))).await?;
                    found.extend(entries.into_iter().filter(|key| key.sk == "user"));
                }
                found
            }
            NamedUser::Openid(openid) => {
                let codes = self.keyring.blind_indexes(&openid_parts(openid));
                let openids = codes.iter().map(|code| keys::openid(&hex::encode(code.expose()))).collect();
                let found = self.store.get_all(table, openids).await?;
                let mut users = found.iter().map(|item| read_integer(item, "user")).collect::<Result<Vec<u64>>>()?;
                users.dedup();
                users.into_iter().map(|id| keys::user(Id::from_u64(id))).collect()
            }
        };
        let found = self.store.get_all(table, keys.into_iter().take(MOST_FOUND).collect()).await?;
        found.into_iter().map(|item| self.read_user(item).map(|user| UserSummary::of(&user, sight))).collect()
    }

    /// The users whose names wait for a decision, by the age of the user.
    ///
    /// DynamoDB: one query, one batch.
    pub async fn list_names(&self, page: &PageOf<'_>) -> Result<Listed<WaitingName>> {
        let lists = Lists::of(vec![("ix1", keys::NAMES_IN_REVIEW.to_owned())]);
        let Listed { list, next_cursor } = self.page(lists, page).await?;
        let found = self.store.get_all(&self.tables.jobboard, list.into_iter().map(|entry| entry.key).collect()).await?;
        let users = found.into_iter().map(|item| self.read_user(item));
        let waiting = |User { id, name, name_in_review, .. }: User| {
            Some(WaitingName { user_id: id, name: name_in_review?, current_name: name })
        };
        let list = users.filter_map(|user| user.map(waiting).transpose());
        Ok(Listed { list: list.collect::<Result<_>>()?, next_cursor })
    }

    /// A user.
    ///
    /// DynamoDB: one batch, five queries, which count at most 1,000 entries each.
    pub async fn show_user(&self, id: Id) -> Result<ShownUser> {
        let table = &self.tables.jobboard;
        let count = |index, partition| self.store.index_count(table, index, partition, Range::All, COUNTED);
        let wanted = vec![keys::user(id), keys::balance(id), keys::collection_count(id)];
        let (mut found, jobs, deleted_jobs, orders, contacts_out, contacts_in) = tokio::try_join!(
            self.store.get_map(table, wanted),
            count("ix1", keys::jobs_of(id)),
            count("ix2", keys::deleted_jobs_of(id)),
            count("ix2", keys::orders_of(id)),
            count("ix1", keys::contacts_by(id)),
            count("ix2", keys::contacts_with(id)),
        )?;
        let user = self.read_user(found.remove(&keys::user(id)).ok_or_else(|| Error::missing("user_id"))?)?;
        let number = |key: Key, attribute: &str| found.get(&key).map_or(Ok(0), |item: &Item| read_integer(item, attribute));
        let counts = Counts {
            jobs,
            deleted_jobs,
            orders,
            contacts_out,
            contacts_in,
            collected_jobs: number(keys::collection_count(id), "collected")?,
            voucher_entries: number(keys::balance(id), "entries")?,
        };
        let ended_at = (user.epoch != 0).then(|| Id::from_u64(user.epoch).made_at().into());
        Ok(ShownUser {
            user_id: id,
            name: user.name,
            name_in_review: user.name_in_review,
            avatar: user.avatar.as_str().to_owned(),
            sex: user.sex.get(),
            phone: mask::phone(user.phone.as_str()),
            openid: mask::text(user.openid.expose()),
            address: user.place.map(|place| mask::text(place.address.as_str())),
            inviter_id: user.inviter,
            created_at: user.created_at.to_second(),
            closed_at: shown(user.closed_at),
            ban: user.ban.as_ref().map(ShownNote::from),
            sessions: ShownSessions { epoch: user.epoch, ended_at: shown(ended_at) },
            balance: number(keys::balance(id), "balance")?,
            counts,
        })
    }

    /// The ledger of a user's vouchers, by age.
    ///
    /// DynamoDB: one read, one query.
    pub async fn list_vouchers(&self, user: Id, page: &PageOf<'_>) -> Result<VoucherPage> {
        let (table, partition) = (&self.tables.jobboard, keys::vouchers(user));
        let after = page.position(&self.keyring, &partition)?;
        // The balance is in the partition, too, and is no entry.
        let between = Some((FIRST, LAST));
        let (balance, (entries, last)) = tokio::try_join!(
            self.store.get(table, keys::balance(user)),
            self.store.partition_page(table, &partition, between, after.as_deref(), page.order, page.limit()),
        )?;
        let entries = page.listed(&self.keyring, &partition, entries, last)?.try_map(item::read)?;
        Ok(VoucherPage { balance: balance.map_or(Ok(0), |balance| read_integer(&balance, "balance"))?, entries })
    }
}
