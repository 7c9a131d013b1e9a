//! A pass over all items of a table.

use super::{Item, Key, Store, form};
use crate::error::{Error, Result};

impl Store {
    /// The items after this key, strongly consistent, at most `most`, and the key of the last one if there may be more.
    pub async fn scan(&self, table: &str, after: Option<Key>, most: i32) -> Result<(Vec<Item>, Option<Key>)> {
        let call = self.client.scan().table_name(table).consistent_read(true).limit(most);
        let call = call.set_exclusive_start_key(after.map(Key::into_item));
        let response = call.send().await.map_err(Error::caused_by)?;
        let next = response.last_evaluated_key.as_ref().and_then(Key::of);
        let items = response.items.unwrap_or_default();
        form::check(table, &items)?;
        Ok((items, next))
    }
}
