//! What a pass of `reseal` does with the records of the job board: jobs, and users, which a log-in finds by the openid. It also adds the lists
//! by which a person's jobs and orders are found and the mark of a removed job with pictures, which earlier versions did not store.

use super::item::Record as _;
use super::job::{self, Job};
use super::orders::Order;
use super::{Service, keys, users};
use crate::error::{Error, Result};
use crate::runtime::reseal::{Mover, Pass, Progress, Resealed, item_object};
use crate::storage::audit::Act;
use crate::storage::sealed::Fields;
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Key, VERSION, Write};

impl Service {
    /// A pass of at most `limit` items over the family's table: see [`Pass`].
    pub async fn reseal(&self, act: &Act, limit: u64, cursor: Option<&str>) -> Result<Progress> {
        let Self { keyring: keys, store, clock, .. } = self;
        let table = &self.tables.jobboard;
        let pass =
            Pass { mover: Mover { object: |own| item_object("jobboard", own), act, keys, store, table }, clock, limit, cursor };
        pass.run(|item| self.reseal_item(&pass.mover, item)).await
    }

    async fn reseal_item(&self, mover: &Mover<'_>, item: Item) -> Result<Resealed> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("a record without a key"))?;
        match (key.pk.split_once('#'), key.sk.as_str()) {
            (Some(("user", _)), "user") => self.reseal_user(mover, &key, item).await,
            (Some(("job", _)), "job") => self.reseal_job(mover, &key, item).await,
            (Some(("order", _)), "order") => self.list_order(mover, &key, item).await,
            _ => Ok(Resealed::Unchanged),
        }
    }

    async fn reseal_job(&self, mover: &Mover<'_>, key: &Key, item: Item) -> Result<Resealed> {
        let mut next = item.clone();
        job::separate_contact(&mut next);
        let job = Job::read(&self.keyring, item.clone())?;
        next.extend(job.lists());
        job.mark(&mut next);
        mover.fields(key, &job::SEALED, &item, next).await
    }

    /// Puts an order into its lists, and writes the item by which it is found by the payment.
    async fn list_order(&self, mover: &Mover<'_>, key: &Key, item: Item) -> Result<Resealed> {
        let table = &self.tables.jobboard;
        let order = Order::read(&self.keyring, item.clone())?;
        let mut next = item.clone();
        next.extend(order.lists());
        let resealed = mover.fields(key, &Fields::NONE, &item, next).await?;
        let Some(found_by) = order.transaction_id.as_deref().map(|id| order.transaction_item(id)) else { return Ok(resealed) };
        let by = Key::of(&found_by).ok_or_else(|| Error::internal("an item without a key"))?;
        if resealed == Resealed::Conflict || self.store.get(table, by).await?.as_ref() == Some(&found_by) {
            return Ok(resealed);
        }
        mover.transact(key, vec![Write::Set { table: table.clone(), item: found_by }]).await
    }

    /// Seals the fields of a user, and writes the items by which a log-in finds the user.
    async fn reseal_user(&self, mover: &Mover<'_>, key: &Key, item: Item) -> Result<Resealed> {
        let table = &self.tables.jobboard;
        let resealed = mover.fields(key, &users::SEALED, &item, item.clone()).await?;
        if resealed == Resealed::Conflict {
            return Ok(resealed);
        }
        let version: u64 = read_integer(&item, VERSION)?;
        let user = self.read_user(item.clone())?;
        let wanted = self.openid_items(&user);
        let former = self.former_openid_keys(&user);
        let all = wanted.iter().filter_map(Key::of).chain(former.iter().cloned()).collect();
        let stored = self.store.get_map(table, all).await?;
        let mut writes = Vec::new();
        for item in wanted {
            if Key::of(&item).and_then(|key| stored.get(&key)) != Some(&item) {
                writes.push(Write::Set { table: table.clone(), item });
            }
        }
        let outdated = former.into_iter().filter(|key| stored.contains_key(key));
        writes.extend(outdated.map(|key| Write::Delete { table: table.clone(), key, condition: None }));
        if writes.is_empty() {
            return Ok(resealed);
        }
        // Whatever changes these items also changes the user.
        let condition = Condition::equals(VERSION, number(version));
        writes.push(Write::Check { table: table.clone(), key: keys::user(user.id), condition });
        mover.transact(key, writes).await
    }
}
