//! What a pass of `reseal` does with the records of staff: members, and the records that lead from their phones to them.

use super::Service;
use super::member::{Member, SEALED};
use crate::error::{Error, Result};
use crate::runtime::reseal::{Mover, Pass, Progress, Resealed, item_object};
use crate::storage::audit::Act;
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Key, VERSION, Write};

impl Service {
    /// A pass of at most `limit` items over the family's table: see [`Pass`].
    pub async fn reseal(&self, act: &Act, limit: u64, cursor: Option<&str>) -> Result<Progress> {
        let Self { keyring: keys, store, clock, .. } = self;
        let table = &self.tables.staff;
        let pass =
            Pass { mover: Mover { object: |own| item_object("staff", own), act, keys, store, table }, clock, limit, cursor };
        pass.run(|item| self.reseal_item(&pass.mover, item)).await
    }

    async fn reseal_item(&self, mover: &Mover<'_>, item: Item) -> Result<Resealed> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("a record without a key"))?;
        if !key.pk.starts_with("member#") {
            return Ok(Resealed::Unchanged);
        }
        let resealed = mover.fields(&key, &SEALED, &item, item.clone()).await?;
        if resealed == Resealed::Conflict {
            return Ok(resealed);
        }
        let version = read_integer(&item, VERSION)?;
        self.link(mover, &key, &Member::read(&self.keyring, item)?, version, resealed).await
    }

    /// Writes the records that lead to the member under each index that is used, and removes the others.
    async fn link(&self, mover: &Mover<'_>, key: &Key, member: &Member, version: u64, resealed: Resealed) -> Result<Resealed> {
        let table = &self.tables.staff;
        let used = self.phone_items(member);
        let former = self.former_phone_keys(member);
        let all = used.iter().filter_map(Key::of).chain(former.iter().cloned()).collect();
        let stored = self.store.get_map(table, all).await?;
        let missing = used.into_iter().filter(|item| Key::of(item).is_some_and(|key| !stored.contains_key(&key)));
        let mut writes: Vec<Write> =
            missing.map(|item| Write::Put { table: table.clone(), item, condition: Condition::absent() }).collect();
        let outdated = former.into_iter().filter(|key| stored.contains_key(key));
        writes.extend(outdated.map(|key| Write::Delete { table: table.clone(), key, condition: None }));
        if writes.is_empty() {
            return Ok(resealed);
        }
        // A member whose phone changes meanwhile is looked at again.
        writes.push(Write::Check {
            table: table.clone(),
            key: key.clone(),
            condition: Condition::equals(VERSION, number(version)),
        });
        mover.transact(key, writes).await
    }
}
