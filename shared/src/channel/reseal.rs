//! What a pass of `reseal` does with the records of the partner API. Requests find none of them by a blind index, only staff do. It also
//! enters users and companies into their lists, and all records into the order of changes, as earlier versions did not.

use super::Service;
use super::applications::Application;
use super::companies::Company;
use super::item::{from_item, index};
use super::payments::Payment;
use super::resource::{Record, Resource};
use super::tasks::Task;
use super::users::User;
use crate::error::{Error, Result};
use crate::runtime::reseal::{Mover, Pass, Progress, Resealed, item_object};
use crate::storage::audit::Act;
use crate::storage::table::{Item, Key};
use crate::values::RecordId;

impl Service {
    /// A pass of at most `limit` items over the family's table: see [`Pass`].
    pub async fn reseal(&self, act: &Act, limit: u64, cursor: Option<&str>) -> Result<Progress> {
        let Self { keyring: keys, store, clock, .. } = self;
        let table = &self.tables.channel;
        let pass =
            Pass { mover: Mover { object: |own| item_object("channel", own), act, keys, store, table }, clock, limit, cursor };
        pass.run(|item| self.reseal_item(&pass.mover, item)).await
    }

    async fn reseal_item(&self, mover: &Mover<'_>, item: Item) -> Result<Resealed> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("a record without a key"))?;
        match key.sk.as_str() {
            User::KIND => self.reseal_record::<User>(mover, &key, item).await,
            Company::KIND => self.reseal_record::<Company>(mover, &key, item).await,
            Task::KIND => self.reseal_record::<Task>(mover, &key, item).await,
            Application::KIND => self.reseal_record::<Application>(mover, &key, item).await,
            Payment::KIND => self.reseal_record::<Payment>(mover, &key, item).await,
            _ => Ok(Resealed::Unchanged),
        }
    }

    async fn reseal_record<T: Resource>(&self, mover: &Mover<'_>, key: &Key, item: Item) -> Result<Resealed> {
        let record: Record<T> = from_item(&self.keyring, item.clone())?;
        let channel = key.pk.split('#').next().unwrap_or_default();
        let mut next = item.clone();
        next.extend(index(&RecordId::parse(channel).map_err(Error::internal)?, &record));
        mover.fields(key, &T::SEALED, &item, next).await
    }
}
