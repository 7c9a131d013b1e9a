//! What a pass of `reseal` does with the records of the partner API. Requests find none of them by a blind index, only staff do.

use super::Service;
use super::companies::Company;
use super::payments::Payment;
use super::resource::Resource as _;
use super::users::User;
use crate::error::{Error, Result};
use crate::runtime::reseal::{Mover, Pass, Progress, Resealed, item_object};
use crate::storage::audit::Act;
use crate::storage::table::{Item, Key};

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
        let sealed = match key.sk.as_str() {
            User::KIND => User::SEALED,
            Company::KIND => Company::SEALED,
            Payment::KIND => Payment::SEALED,
            _ => return Ok(Resealed::Unchanged),
        };
        mover.fields(&key, &sealed, &item, item.clone()).await
    }
}
