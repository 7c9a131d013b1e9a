//! Products: the third-party services (docs/contract/hris.txt, 认证). A product has one access key for each company, and any number of apps.
//!
//! A product, and an app as well, has an epoch: the id of the command that last disabled it, 0 before the first one. A grant names the
//! epochs in which it was given, and ends when one of them changes. Unlike a counter, an epoch does not come back after a restore.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Service;
use super::keys::{PRODUCTS, product_key};
use super::values::Code;
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{Act, Change, Object, Stored};
use crate::storage::listing::{Listed, PageOf, listed_items};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Outcome, VERSION, Write};
use crate::values::Text;

pub(super) const ENABLED: &str = "enabled";
pub(super) const EPOCH: &str = "epoch";

/// A product as administrators see it.
pub struct Product {
    pub product_id: Code,
    pub name: String,
    pub enabled: bool,
}

impl Service {
    /// Creates a product. Idempotent for the same name.
    pub async fn create_product(&self, act: &Act, product_id: &Code, name: &Text<1, 64>) -> Result<()> {
        let mut item = product_key(product_id).into_item();
        item.insert("name".into(), text(name.as_str()));
        item.insert(VERSION.into(), number(1));
        enter(&mut item, product_id.as_str());
        let change = Change::of(object(product_id)).created(&item);
        let put = Write::Put { table: self.tables.hris.clone(), item, condition: Condition::absent() };
        match self.store.transact_by(act, &change, vec![put]).await? {
            Outcome::Written => Ok(()),
            Outcome::Rejected(rejections) => {
                let stored = rejections.into_iter().next().and_then(|rejection| rejection.stored);
                let is_same = stored.is_some_and(|stored| stored.get("name") == Some(&text(name.as_str())));
                if is_same { Ok(()) } else { Err(Error::conflict(Fault::new("product_id", "exists with another name"))) }
            }
        }
    }

    /// The access keys of the product are rejected until it is enabled. All grants of its apps end, and stay ended.
    pub async fn disable_product(&self, act: &Act, product_id: &Code) -> Result<Product> {
        let (id, _) = self.stamp()?;
        self.change_product(act, product_id, |item| {
            if is_enabled(item) {
                item.insert(ENABLED.into(), AttributeValue::Bool(false));
                item.insert(EPOCH.into(), number(id.as_u64()));
            }
        })
        .await
    }

    /// The access keys of the product are accepted again, and employees may consent to its apps again.
    pub async fn enable_product(&self, act: &Act, product_id: &Code) -> Result<Product> {
        self.change_product(act, product_id, |item| {
            item.insert(ENABLED.into(), AttributeValue::Bool(true));
        })
        .await
    }

    async fn change_product(&self, act: &Act, product_id: &Code, change: impl Fn(&mut Item)) -> Result<Product> {
        let object = Change::of(object(product_id));
        let changed = self.store.change_by(act, object, Stored::plain(&self.tables.hris, product_key(product_id)), |item| {
            let mut next = item.clone();
            change(&mut next);
            Ok(next)
        });
        to_product(&changed.await?.ok_or_else(|| Error::missing("product_id"))?)
    }

    /// A page of the products by id.
    ///
    /// DynamoDB: one query, one batch read.
    pub async fn list_products(&self, page: &PageOf<'_>) -> Result<Listed<Product>> {
        let Self { store, keyring, tables, .. } = self;
        let items = listed_items(store, keyring, &tables.hris, "ix1", PRODUCTS.into(), page).await?;
        items.try_map(|item| to_product(&item))
    }
}

/// Enters a product into the list of all.
pub(super) fn enter(item: &mut Item, product_id: &str) {
    item.insert("ix1".into(), text(PRODUCTS));
    item.insert("ixsk".into(), text(product_id));
}

fn to_product(item: &Item) -> Result<Product> {
    let key = read_text(item, "pk")?;
    let id = key.split_once('#').map_or("", |(_, id)| id);
    let product_id = Code::parse(id).map_err(Error::internal)?;
    Ok(Product { product_id, name: read_text(item, "name")?, enabled: is_enabled(item) })
}

fn object(product_id: &Code) -> Object {
    Object::new("hris", "product", &[product_id.as_str()])
}

/// What a record without the attribute is.
pub(super) fn by_default() -> bool {
    true
}

fn is_enabled(item: &Item) -> bool {
    item.get(ENABLED) != Some(&AttributeValue::Bool(false))
}

/// The current epoch of a stored product or app; `None` if it is disabled or does not exist.
pub(super) fn epoch(stored: Option<&Item>) -> Result<Option<u64>> {
    match stored {
        Some(item) if is_enabled(item) && item.contains_key(EPOCH) => read_integer(item, EPOCH).map(Some),
        Some(item) if is_enabled(item) => Ok(Some(0)),
        _ => Ok(None),
    }
}

/// The condition that a stored product or app is enabled and in this epoch.
pub(super) fn in_epoch(epoch: u64) -> Condition {
    let enabled = Condition::absent_or(ENABLED, "=", AttributeValue::Bool(true));
    Condition::present().and(enabled).and(equals_or_absent(EPOCH, epoch))
}

/// The number of the attribute is this one; an absent one counts as 0.
pub(super) fn equals_or_absent(attribute: &str, value: u64) -> Condition {
    match value {
        0 => Condition::absent_or(attribute, "=", number(0)),
        _ => Condition::equals(attribute, number(value)),
    }
}
