//! The price catalogue, which administrators edit through `ops-admin`. A new system has the prices of the document.
//!
//! A price may be sold in a period only, and only so many times to each user. The transaction that stores an order of such a price counts it,
//! so that concurrent orders cannot exceed the limit.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Service, item, keys};
use crate::error::{Error, Result};
use crate::storage::audit::{Act, Change, Object};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Outcome, VERSION, Write, retry_conflicts};
use crate::values::{Id, LocalTime, Money, choices};

/// The number of orders, in the item that counts those of a user and a product.
const ORDERED: &str = "ordered";

choices! {
    /// What users can buy.
    Goods {
        /// The quantity is in hours.
        Top = "top",
        /// The quantity is 1.
        Refresh = "refresh",
        /// Contact vouchers.
        Voucher = "voucher",
    }
}

/// One line of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    pub goods: Goods,
    pub quantity: u32,
    /// In fen.
    pub price: Money,
    /// It is sold from this time on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LocalTime>,
    /// It is no longer sold from this time on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LocalTime>,
    /// How many orders of each user are accepted, those that were closed unpaid not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_user: Option<u32>,
}

impl Price {
    fn is_sold(&self, now: Timestamp) -> bool {
        let now = LocalTime::from(now);
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    pub prices: Vec<Price>,
}

/// The prices of the document: 72 hours for 5.00, a refresh for 1.99, a voucher for 3.99.
impl Default for Catalogue {
    fn default() -> Self {
        let price = |goods, quantity, fen| {
            let price = Money::from_fen(fen);
            Price { goods, quantity, price, from: None, until: None, per_user: None }
        };
        Self { prices: vec![price(Goods::Top, 72, 500), price(Goods::Refresh, 1, 199), price(Goods::Voucher, 1, 399)] }
    }
}

impl Catalogue {
    pub(super) fn read(item: Option<Item>) -> Result<Self> {
        item.map_or_else(|| Ok(Self::default()), item::read)
    }

    /// What is sold now, by goods and quantity.
    pub fn sold(mut self, now: Timestamp) -> Vec<Price> {
        self.prices.retain(|price| price.is_sold(now));
        self.sort();
        self.prices
    }

    /// None if it is not sold now.
    pub(super) fn price(&self, goods: Goods, quantity: u32, now: Timestamp) -> Option<Price> {
        let is_wanted = |price: &&Price| price.goods == goods && price.quantity == quantity && price.is_sold(now);
        self.prices.iter().find(is_wanted).copied()
    }

    fn set(&mut self, goods: Goods, quantity: u32, price: Option<Price>) {
        self.prices.retain(|known| (known.goods, known.quantity) != (goods, quantity));
        self.prices.extend(price);
        self.sort();
    }

    fn sort(&mut self) {
        self.prices.sort_by_key(|price| (price.goods.as_str(), price.quantity));
    }
}

impl Service {
    /// DynamoDB: one read.
    pub async fn prices(&self) -> Result<Catalogue> {
        Catalogue::read(self.store.get(&self.tables.jobboard, keys::prices()).await?)
    }

    /// Sets a price, or removes it without a `price`.
    pub async fn set_price(&self, act: &Act, goods: Goods, quantity: u32, price: Option<Price>) -> Result<Catalogue> {
        retry_conflicts(|| async {
            let stored = self.store.get(&self.tables.jobboard, keys::prices()).await?;
            let version: u64 = stored.as_ref().map_or(Ok(0), |item| read_integer(item, VERSION))?;
            let mut catalogue = Catalogue::read(stored.clone())?;
            catalogue.set(goods, quantity, price);
            let mut item: Item = serde_dynamo::to_item(&catalogue).map_err(Error::internal)?;
            item.extend(keys::prices().into_item());
            item.insert(VERSION.into(), number(version + 1));
            let unchanged = Condition::absent_or(VERSION, "=", number(version));
            let object = Object::new("jobboard", "price", &[goods.as_str(), &quantity.to_string()]);
            let change = Change::of(object).changed(&stored.unwrap_or_default(), &item);
            if change.fields.is_empty() {
                return Ok(Some(catalogue));
            }
            let put = Write::Put { table: self.tables.jobboard.clone(), item, condition: unchanged };
            match self.store.transact_by(act, &change, vec![put]).await? {
                Outcome::Written => Ok(Some(catalogue)),
                // The conflict may be with our own earlier write. To set the price again is harmless.
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }
    /// The part of a transaction that counts an order of the user, on the condition that the limit is not reached. `None` without a limit.
    pub(super) fn count_order(&self, user: Id, price: &Price) -> Option<Write> {
        let room = Condition::absent_or(ORDERED, "<", number(price.per_user?));
        let key = keys::ordered(user, price.goods.as_str(), price.quantity);
        let (table, amounts) = (self.tables.jobboard.clone(), vec![(ORDERED, 1)]);
        Some(Write::Add { table, key, amounts, condition: Some(room), expires_at: None })
    }

    /// The part of a transaction that no longer counts an order. `None` if the counter was removed with its user.
    ///
    /// DynamoDB: one read.
    pub(super) async fn uncount_order(&self, user: Id, (goods, quantity): (Goods, u32)) -> Result<Option<Write>> {
        let (table, key) = (self.tables.jobboard.clone(), keys::ordered(user, goods.as_str(), quantity));
        let counted = self.store.get(&table, key.clone()).await?;
        let condition = Some(Condition::present());
        Ok(counted.map(|_| Write::Add { table, key, amounts: vec![(ORDERED, -1)], condition, expires_at: None }))
    }
}
