//! The price catalogue, which administrators edit through `ops-admin`. A new system has the prices of the document.

use serde::{Deserialize, Serialize};

use super::{Service, item, keys};
use crate::error::{Error, Result};
use crate::storage::audit::{Act, Change, Object};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Outcome, VERSION, Write, retry_conflicts};
use crate::values::{Money, choices};

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
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    pub prices: Vec<Price>,
}

/// The prices of the document: 72 hours for 5.00, a refresh for 1.99, a voucher for 3.99.
impl Default for Catalogue {
    fn default() -> Self {
        let price = |goods, quantity, fen| Price { goods, quantity, price: Money::from_fen(fen) };
        Self { prices: vec![price(Goods::Top, 72, 500), price(Goods::Refresh, 1, 199), price(Goods::Voucher, 1, 399)] }
    }
}

impl Catalogue {
    pub(super) fn read(item: Option<Item>) -> Result<Self> {
        item.map_or_else(|| Ok(Self::default()), item::read)
    }

    /// None if the catalogue does not contain it.
    pub fn price(&self, goods: Goods, quantity: u32) -> Option<Money> {
        self.prices.iter().find(|price| price.goods == goods && price.quantity == quantity).map(|price| price.price)
    }

    fn set(&mut self, goods: Goods, quantity: u32, price: Option<Money>) {
        self.prices.retain(|known| (known.goods, known.quantity) != (goods, quantity));
        self.prices.extend(price.map(|price| Price { goods, quantity, price }));
        self.prices.sort_by_key(|price| (price.goods.as_str(), price.quantity));
    }
}

impl Service {
    /// DynamoDB: one read.
    pub async fn prices(&self) -> Result<Catalogue> {
        Catalogue::read(self.store.get(&self.tables.jobboard, keys::prices()).await?)
    }

    /// Sets a price, or removes it without a `price`.
    pub async fn set_price(&self, act: &Act, goods: Goods, quantity: u32, price: Option<Money>) -> Result<Catalogue> {
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
}
