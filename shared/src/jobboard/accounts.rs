//! Accounts that their users close (`POST /user/close`, an addition).
//!
//! A closed account keeps its data. A log-in opens it again, until the clean-up erases it (`retention.rs`). The item by which a log-in finds the
//! user says whether the account is closed, so other log-ins need not read the user.

use super::sessions::Session;
use super::users::{User, banned};
use super::{Service, keys, missing};
use crate::error::Result;
use crate::runtime::caller::{self, Caller};
use crate::storage::audit::{Act, Change};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Key, Outcome, VERSION, Write, retry_conflicts};
use crate::values::{Id, Secret};

impl Service {
    /// Closes the account of the session's user: closes the open jobs and ends all tokens. A session that has ended closes nothing: the user
    /// has logged in again since.
    ///
    /// DynamoDB: two reads, one query, one transaction; one batch for each hundred jobs; one read and one transaction for each open job.
    pub async fn close_account(&self, session: Session) -> Result<()> {
        let (id, now) = (session.user, self.clock.now());
        if self.user(id).await?.epoch != session.epoch {
            return Ok(());
        }
        // Before the tokens end, so that the client can repeat what was interrupted.
        self.close_jobs(id).await?;
        let next = self.ids.next(now)?.as_u64();
        let act = caller::act(now);
        let recorded = Some((&act, Change::of(keys::user_object(id))));
        let changed = self.change_account(id, recorded, |user| {
            let is_current = user.epoch == session.epoch;
            if is_current {
                user.epoch = next;
                user.closed_at = Some(now.into());
            }
            is_current
        });
        let user = changed.await?.ok_or_else(|| missing("user"))?;
        self.epochs.put(id, user.epoch, now);
        Ok(())
    }

    /// Opens the closed account of a user who logs in. `None` if the clean-up has erased it. An error if the user was banned meanwhile.
    ///
    /// DynamoDB: one read, one transaction.
    pub(super) async fn open_account(&self, id: Id) -> Result<Option<Session>> {
        caller::accepted(Caller::User(id));
        let act = caller::act(self.clock.now());
        let open = |user: &mut User| !user.is_detached() && user.ban.is_none() && user.closed_at.take().is_some();
        let user = self.change_account(id, Some((&act, Change::of(keys::user_object(id)))), open).await?;
        if user.as_ref().is_some_and(|user| user.ban.is_some()) {
            return Err(banned());
        }
        Ok(user.filter(|user| !user.is_detached()).map(|user| Session { user: id, epoch: user.epoch }))
    }

    /// Ends the log-ins and tokens of a user who is to be erased, and records `change`. A later log-in with the same openid is a new user.
    /// Returns false if the user does not exist, or `is_wanted` rejects the stored record.
    ///
    /// DynamoDB: one read, one batch, one transaction.
    pub(super) async fn detach(&self, act: &Act, change: &Change, id: Id, is_wanted: impl Fn(&Item) -> bool) -> Result<bool> {
        let (table, now) = (&self.tables.jobboard, self.clock.now());
        let epoch = self.ids.next(now)?.as_u64();
        self.keyring.record().await?;
        retry_conflicts(|| async {
            let found = self.store.get(table, keys::user(id)).await?;
            let Some(found) = found.filter(&is_wanted) else { return Ok(Some(false)) };
            let version: u64 = read_integer(&found, VERSION)?;
            let mut user = self.read_user(found)?;
            if user.is_detached() {
                return Ok(Some(true));
            }
            let used = self.openid_items(&user);
            let openids = used.iter().filter_map(Key::of).chain(self.former_openid_keys(&user)).collect();
            let mut openids = self.store.get_map(table, openids).await?;
            // After a restore they may lead to a later user.
            openids.retain(|_, item| Session::of_openid(item).is_ok_and(|session| session.user == id));
            let delete = |key| Write::Delete { table: table.clone(), key, condition: None };
            let mut writes: Vec<Write> = openids.into_keys().map(delete).collect();
            (user.openid, user.epoch) = (Secret::new(String::new()), epoch);
            let mut item = self.user_item(&user)?;
            item.insert(VERSION.into(), number(version + 1));
            writes.push(Write::Put { table: table.clone(), item, condition: Condition::equals(VERSION, number(version)) });
            match self.store.transact_by(act, change, writes).await? {
                Outcome::Written => {
                    self.epochs.put(id, epoch, now);
                    Ok(Some(true))
                }
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// Changes a user and the items by which a log-in finds the user, and returns the user; `None` if the user does not exist. `recorded`
    /// is the act of a change that is recorded, and what the record says beside the fields. `change` returns whether it changes the user, and runs again after a conflict.
    ///
    /// DynamoDB: one read, one transaction.
    pub(super) async fn change_account(
        &self,
        id: Id,
        recorded: Option<(&Act, Change)>,
        change: impl Fn(&mut User) -> bool,
    ) -> Result<Option<User>> {
        let table = &self.tables.jobboard;
        retry_conflicts(|| async {
            let Some(found) = self.store.get(table, keys::user(id)).await? else { return Ok(Some(None)) };
            let version: u64 = read_integer(&found, VERSION)?;
            let mut user = self.read_user(found.clone())?;
            if !change(&mut user) {
                return Ok(Some(Some(user)));
            }
            let mut item = self.user_item(&user)?;
            item.insert(VERSION.into(), number(version + 1));
            self.keyring.record().await?;
            let openids = self.openid_items(&user).into_iter().map(|item| Write::Set { table: table.clone(), item });
            let record =
                recorded.as_ref().map(|(act, recorded)| self.store.recording(act, &recorded.clone().changed(&found, &item)));
            let put = Write::Put { table: table.clone(), item, condition: Condition::equals(VERSION, number(version)) };
            let writes = std::iter::once(put).chain(openids).chain(record.transpose()?).collect();
            match self.store.transact(writes).await? {
                Outcome::Written => Ok(Some(Some(user))),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }
}
