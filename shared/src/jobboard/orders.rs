//! Orders: what a user buys (document, 置顶, 付费刷新 and 充值; jobboard.md, Money). An order is stored before WeChat hears of it, so
//! that nothing can be paid that is not known here. What becomes of it then is in `payments.rs`.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::job::{Job, Note};
use super::jobs::{is_own, must_be_open};
use super::once::Once;
use super::prices::{Catalogue, Goods};
use super::sweeps::ORDER;
use super::{Service, missing, row};
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::pay::{Bill, PayParams, nonce};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Outcome, Rejection, VERSION, Write, mark};
use crate::values::Id;
use crate::values::{LocalTime, Money, choices};

/// How long an order can be paid.
const AGE: SignedDuration = SignedDuration::from_mins(30);

choices! {
    /// What became of an order.
    OrderState {
        Pending = "pending",
        /// And granted: the two are one transaction.
        Paid = "paid",
        Closed = "closed",
        Refunded = "refunded",
    }
}

/// What is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "goods", rename_all = "snake_case")]
pub enum Purchase {
    Top { job: Id, hours: u32 },
    Refresh { job: Id },
    Vouchers { count: u32 },
}

impl Purchase {
    fn priced_as(self) -> (Goods, u32) {
        match self {
            Self::Top { hours, .. } => (Goods::Top, hours),
            Self::Refresh { .. } => (Goods::Refresh, 1),
            Self::Vouchers { count } => (Goods::Voucher, count),
        }
    }

    pub(super) fn job(self) -> Option<Id> {
        match self {
            Self::Top { job, .. } | Self::Refresh { job } => Some(job),
            Self::Vouchers { .. } => None,
        }
    }

    /// Begins the order's number.
    fn prefix(self) -> &'static str {
        match self {
            Self::Top { .. } => "TOP",
            Self::Refresh { .. } => "REF",
            Self::Vouchers { .. } => "CV",
        }
    }

    /// What WeChat shows who pays.
    fn description(self) -> String {
        match self {
            Self::Top { hours, .. } => format!("置顶招聘信息 {hours} 小时"),
            Self::Refresh { .. } => "刷新招聘信息".into(),
            Self::Vouchers { count } => format!("联系券 {count} 张"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub id: Id,
    pub user: Id,
    pub purchase: Purchase,
    /// In fen.
    pub amount: Money,
    pub state: OrderState,
    pub created_at: LocalTime,
    /// Of what `wx.requestPayment` is given: the same however often it is told.
    pub(super) nonce: String,
    /// None until WeChat has heard of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) prepay_id: Option<String>,
    /// WeChat's number of the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) transaction_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) paid_at: Option<LocalTime>,
    /// Why it was refunded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<Note>,
}

impl Order {
    /// `TOP20260110152015123` and four digits: what is behind the prefix is the id, read as a time.
    pub fn number(&self) -> String {
        let (made_at, sequence) = self.id.parts();
        format!("{}{}{sequence:04}", self.purchase.prefix(), LocalTime::from(made_at).to_digits())
    }

    /// The id in a number.
    pub fn id_in(number: &str) -> Option<Id> {
        let digits = ["TOP", "REF", "CV"].into_iter().find_map(|prefix| number.strip_prefix(prefix))?;
        let (time, sequence) = digits.split_at_checked(17).filter(|(_, sequence)| sequence.len() == 4)?;
        let sequence = sequence.bytes().all(|byte| byte.is_ascii_digit()).then(|| sequence.parse().ok())??;
        Id::of_parts(LocalTime::parse_digits(time)?.into(), sequence)
    }

    pub(super) fn expires_at(&self) -> Timestamp {
        self.created_at.later(AGE).into()
    }

    pub(super) fn read(item: Item) -> Result<Self> {
        serde_dynamo::from_item(item).map_err(Error::internal)
    }

    fn item(&self, version: u64) -> Result<Item> {
        let mut item: Item = serde_dynamo::to_item(self).map_err(Error::internal)?;
        item.extend(row::order(self.id).into_item());
        item.insert(VERSION.into(), number(version));
        if self.state == OrderState::Pending {
            mark(&mut item, ORDER, self.expires_at());
        }
        Ok(item)
    }
}

/// An order as it was read, with the version that a change of it must still meet.
pub(super) struct StoredOrder {
    pub order: Order,
    version: u64,
}

impl StoredOrder {
    pub fn read(item: Item) -> Result<Self> {
        Ok(Self { version: read_integer(&item, VERSION)?, order: Order::read(item)? })
    }

    /// Writes the order in the place of what was read.
    pub fn put(&self, table: &str) -> Result<Write> {
        let condition = Condition::equals(VERSION, number(self.version));
        Ok(Write::Put { table: table.to_owned(), item: self.order.item(self.version + 1)?, condition })
    }
}

/// An order, placed by this request or by the same one before.
enum Placed {
    Now(Order),
    Before(Id),
}

/// That is not sold, or not for this price.
#[derive(Debug, PartialEq, Eq)]
pub struct WrongPrice;

impl Service {
    /// Orders something and gives what `wx.requestPayment` needs. `notify_url` is where WeChat tells that it was paid.
    ///
    /// DynamoDB: one batch, one transaction, one write; one read before them for a request that counts once.
    pub async fn place_order(
        &self,
        user: Id,
        purchase: Purchase,
        price: Money,
        notify_url: &str,
        once: Option<&Once>,
    ) -> Result<Result<(Order, PayParams), WrongPrice>> {
        if let Some(made) = self.made_before(once).await? {
            return self.placed_before(made, notify_url).await.map(Ok);
        }
        let table = &self.tables.jobboard;
        let keys = [row::prices(), row::user(user)].into_iter().chain(purchase.job().map(row::job)).collect();
        let mut found = self.store.get_map(table, keys).await?;
        let buyer = self.read_user(found.remove(&row::user(user)).ok_or_else(|| missing("user"))?)?;
        if let Some(id) = purchase.job() {
            let job = Job::read(found.remove(&row::job(id)).ok_or_else(|| missing("job"))?)?;
            is_own(&job, user)?;
            must_be_open(&job)?;
        }
        let (goods, quantity) = purchase.priced_as();
        if Catalogue::read(found.remove(&row::prices()))?.price(goods, quantity) != Some(price) {
            return Ok(Err(WrongPrice));
        }
        let now = self.clock.now();
        let nonce = nonce()?;
        let order = |id| Order {
            id,
            user,
            purchase,
            amount: price,
            state: OrderState::Pending,
            created_at: now.into(),
            nonce: nonce.clone(),
            prepay_id: None,
            transaction_id: None,
            paid_at: None,
            note: None,
        };
        match self.ids.claim(now, |id| self.store_order(order(id), once)).await? {
            Placed::Now(order) => self.announced(StoredOrder { order, version: 1 }, &buyer.openid, notify_url).await,
            Placed::Before(made) => self.placed_before(made, notify_url).await,
        }
        .map(Ok)
    }

    /// Stores a new order; `None` where another one has its id.
    async fn store_order(&self, order: Order, once: Option<&Once>) -> Result<Option<Placed>> {
        let item = order.item(1)?;
        let put = Write::Put { table: self.tables.jobboard.clone(), item: item.clone(), condition: Condition::absent() };
        let writes = [put].into_iter().chain(once.map(|once| self.remember(once, order.id))).collect();
        let outcome = self.store.transact(writes).await?.unless_stored(&item);
        let Outcome::Rejected(rejections) = outcome else { return Ok(Some(Placed::Now(order))) };
        match (rejections.as_slice(), once) {
            ([_, Rejection { failed: true, stored: Some(stored) }], Some(once)) => {
                once.made(stored).map(Placed::Before).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// An order that the same request placed before, perhaps without coming to its end.
    async fn placed_before(&self, id: Id, notify_url: &str) -> Result<(Order, PayParams)> {
        let stored = self.stored_order(id).await?.ok_or_else(|| Error::internal("a remembered order is missing"))?;
        let openid = self.user(stored.order.user).await?.openid;
        self.announced(stored, &openid, notify_url).await
    }

    /// An order that WeChat has heard of, with what `wx.requestPayment` is given.
    async fn announced(&self, mut stored: StoredOrder, openid: &str, notify_url: &str) -> Result<(Order, PayParams)> {
        let now = self.clock.now();
        let prepay_id = match &stored.order.prepay_id {
            Some(prepay_id) => prepay_id.clone(),
            // Nor would WeChat hear of one whose time is up, before it is closed.
            None if stored.order.state != OrderState::Pending || stored.order.expires_at() <= now => {
                return Err(Error::conflict(Fault::new("Idempotency-Key", "is that of an order which was never announced")));
            }
            None => {
                let bill = Bill {
                    order_no: &stored.order.number(),
                    description: &stored.order.purchase.description(),
                    amount: stored.order.amount.fen(),
                    openid,
                    notify_url,
                    expires_at: stored.order.expires_at(),
                };
                let prepay_id = self.pay.prepay(&bill, now).await?;
                stored.order.prepay_id = Some(prepay_id.clone());
                // Refused where the same request, sent twice at once, was faster: WeChat tells both the same.
                self.store.transact(vec![stored.put(&self.tables.jobboard)?]).await?;
                prepay_id
            }
        };
        let time = stored.order.created_at.as_millisecond() / 1000;
        let pay_params = self.pay.pay_params(&prepay_id, time, &stored.order.nonce).await?;
        Ok((stored.order, pay_params))
    }

    pub(super) async fn stored_order(&self, id: Id) -> Result<Option<StoredOrder>> {
        self.store.get(&self.tables.jobboard, row::order(id)).await?.map(StoredOrder::read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_number_holds_the_id(since_2024_ms in 0_u64..2_000_000_000_000, sequence in 0_u64..4096, goods in 0..3) {
            let id = Id::from_u64((since_2024_ms << 12) | sequence);
            let purchase = match goods {
                0 => Purchase::Top { job: id, hours: 72 },
                1 => Purchase::Refresh { job: id },
                _ => Purchase::Vouchers { count: 1 },
            };
            let order = Order {
                id, user: id, purchase, amount: Money::from_fen(500), state: OrderState::Pending,
                created_at: id.made_at().into(), nonce: String::new(), prepay_id: None, transaction_id: None, paid_at: None,
                note: None,
            };
            let number = order.number();
            proptest::prop_assert!(number.len() <= 32);
            proptest::prop_assert_eq!(Order::id_in(&number), Some(id));
        }

        #[test]
        fn no_text_is_taken_for_a_number_by_chance(text in "(TOP|REF|CV)?[0-9x]{0,24}") {
            if let Some(id) = Order::id_in(&text) {
                proptest::prop_assert!(id.as_u64() >> 12 < 1 << 50);
            }
        }
    }
}
