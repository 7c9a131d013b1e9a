//! What a pass of `reseal` does with the records of the signing API: applications, handlers, and workers, which a log-in finds by the
//! openid. It also marks the applications that ended before the clean-up erased them, and
//! places applications and platforms in the lists by which staff find them, as earlier versions did not.

use super::Service;
use super::directory::{Handler, Listed as _};
use super::item::{APPLICATION_SEALED, WORKER_SEALED, application_from_item, mark_ended, place_in_lists};
use super::keys::{ALIAS_OF, in_platforms, worker_key};
use super::values::{PlatformCode, Worker};
use crate::error::{Error, Result};
use crate::runtime::reseal::{Mover, Pass, Progress, Resealed, item_object};
use crate::storage::audit::Act;
use crate::storage::sealed::Fields;
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Key, VERSION, Write};
use crate::values::Secret;

impl Service {
    /// A pass of at most `limit` items over the family's table: see [`Pass`].
    pub async fn reseal(&self, act: &Act, limit: u64, cursor: Option<&str>) -> Result<Progress> {
        let Self { keyring: keys, store, clock, .. } = self;
        let table = &self.tables.signing;
        let pass =
            Pass { mover: Mover { object: |own| item_object("signing", own), act, keys, store, table }, clock, limit, cursor };
        pass.run(|item| self.reseal_item(&pass.mover, item)).await
    }

    async fn reseal_item(&self, mover: &Mover<'_>, item: Item) -> Result<Resealed> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("a record without a key"))?;
        if let ("platform", Some(code)) = (key.sk.as_str(), key.pk.strip_prefix("platform#")) {
            let mut next = item.clone();
            next.extend(in_platforms(code));
            return mover.fields(&key, &Fields::NONE, &item, next).await;
        }
        // A platform's code has no `#`: see `keys.rs`.
        let Some((platform, kind)) = key.pk.split_once('#') else { return Ok(Resealed::Unchanged) };
        match (kind.strip_prefix("worker#"), key.sk.as_str()) {
            (Some(_), "application") => {
                let application = application_from_item(&self.keyring, item.clone())?;
                let mut next = item.clone();
                let platform = PlatformCode::parse(platform).map_err(Error::internal)?;
                place_in_lists(&self.keyring, &platform, &application, &mut next)?;
                mark_ended(&mut next, &application.signing);
                mover.fields(&key, &APPLICATION_SEALED, &item, next).await
            }
            (Some(_), _) if item.contains_key(ALIAS_OF) => Ok(Resealed::Unchanged),
            (Some(worker), _) => self.reseal_worker(mover, &key, platform, worker, item).await,
            (None, _) if kind == Handler::KIND => mover.fields(&key, &Handler::SEALED, &item, item.clone()).await,
            (None, _) => Ok(Resealed::Unchanged),
        }
    }

    async fn reseal_worker(&self, mover: &Mover<'_>, key: &Key, platform: &str, id: &str, item: Item) -> Result<Resealed> {
        let resealed = mover.fields(key, &WORKER_SEALED, &item, item.clone()).await?;
        if resealed == Resealed::Conflict {
            return Ok(resealed);
        }
        let worker = Worker { platform: PlatformCode::parse(platform).map_err(Error::internal)?, id: id.to_owned() };
        let Some(openid) = self.openid_of(&item)? else {
            // A worker who has not logged in since openids are stored. The id is the index by the key that made it.
            return Ok(if self.keyring.keys().indexes().len() == 1 { Resealed::Unchanged } else { Resealed::Unlinked });
        };
        self.link(mover, &worker, &openid, &item, resealed).await
    }

    /// Writes the aliases of a worker under each index that is used, and removes the others.
    async fn link(
        &self,
        mover: &Mover<'_>,
        worker: &Worker,
        openid: &Secret<String>,
        item: &Item,
        resealed: Resealed,
    ) -> Result<Resealed> {
        let table = &self.tables.signing;
        let used = self.aliases(worker, openid);
        let former = self.former_aliases(worker, openid);
        let all = used.iter().filter_map(Key::of).chain(former.iter().cloned()).collect();
        let stored = self.store.get_map(table, all).await?;
        let missing = used.into_iter().filter(|alias| Key::of(alias).and_then(|key| stored.get(&key)) != Some(alias));
        let mut writes: Vec<Write> =
            missing.map(|item| Write::Put { table: table.clone(), item, condition: Condition::absent() }).collect();
        let outdated = former.into_iter().filter(|key| stored.get(key).is_some_and(|item| item.contains_key(ALIAS_OF)));
        writes.extend(outdated.map(|key| Write::Delete { table: table.clone(), key, condition: None }));
        if writes.is_empty() {
            return Ok(resealed);
        }
        let condition = Condition::equals(VERSION, number(read_integer::<u64>(item, VERSION)?));
        writes.push(Write::Check { table: table.clone(), key: worker_key(worker), condition });
        mover.transact(&worker_key(worker), writes).await
    }
}
