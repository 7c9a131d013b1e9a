//! Orders: what a user buys (docs/contract/jobboard.txt, 置顶招聘信息, 付费刷新招聘信息 and 充值; docs/design/jobboard.md, Money). An order is
//! stored before WeChat Pay learns of it, so that no unknown order can be paid. `settlement.rs` grants and closes orders.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::idempotency::Idempotency;
use super::item::{self, Record, Versioned};
use super::job::Job;
use super::prices::{Catalogue, Goods, Price};
use super::quotas::{Quota, Use};
use super::refund::Refund;
use super::review::Review;
use super::shipping::Shipping;
use super::timeline::{self, Entry, Event};
use super::values::Note;
use super::{Service, keys, missing};
use crate::crypto::keyring::Keyring;
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::pay::{Bill, PayParams, nonce};
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{self, Condition, Item, Outcome, Rejection, VERSION, Write, mark};
use crate::values::{Id, LocalTime, Money, Secret, choices};

/// How long an order can be paid after its creation.
const AGE: SignedDuration = SignedDuration::from_mins(30);
/// What an order uses until it is paid.
pub(super) const UNPAID: &[Use] = &[(Quota::UnpaidOrders, 1)];

choices! {
    /// The state of an order.
    OrderState {
        Pending = "pending",
        /// Paid and granted: one transaction does both.
        Paid = "paid",
        /// A refund is not settled.
        Refunding = "refunding",
        Refunded = "refunded",
        PartlyRefunded = "partly_refunded",
        Closed = "closed",
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
    pub(super) fn priced_as(self) -> (Goods, u32) {
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

    /// The field of a request that says which product it is.
    fn field(self) -> &'static str {
        match self {
            Self::Top { .. } => "top_hour",
            Self::Refresh { .. } => "job_id",
            Self::Vouchers { .. } => "contact_voucher_num",
        }
    }

    /// The prefix of the order's number.
    fn prefix(self) -> &'static str {
        match self {
            Self::Top { .. } => "TOP",
            Self::Refresh { .. } => "REF",
            Self::Vouchers { .. } => "CV",
        }
    }

    /// The text that WeChat and WeChat Pay show to the user.
    pub(super) fn description(self) -> String {
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
    /// Whether it is counted, because each user may buy this so many times.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_counted: bool,
    /// For `wx.requestPayment`. It is stored, so that a retry returns the same parameters.
    pub(super) nonce: String,
    /// None until WeChat Pay has learned of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) prepay_id: Option<String>,
    /// WeChat Pay's id of the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<LocalTime>,
    /// Where WeChat Pay sends the notifications of its refunds as well. Orders of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) notify_url: Option<String>,
    /// Why an administrator recorded it as refunded, in an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// Whether WeChat knows of the delivery. None before the grant; orders of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Shipping>,
    /// Why an administrator must look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// Oldest first. Orders of earlier versions have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<Entry>,
}

impl Order {
    /// `TOP20260110152015123` and four digits. They encode the id: its time, then its sequence.
    pub fn number(&self) -> String {
        let (made_at, sequence) = self.id.parts();
        format!("{}{}{sequence:04}", self.purchase.prefix(), LocalTime::from(made_at).to_digits())
    }

    /// The id that a number encodes.
    pub fn id_in(number: &str) -> Option<Id> {
        let digits = ["TOP", "REF", "CV"].into_iter().find_map(|prefix| number.strip_prefix(prefix))?;
        let (time, sequence) = digits.split_at_checked(17).filter(|(_, sequence)| sequence.len() == 4)?;
        let sequence = sequence.bytes().all(|byte| byte.is_ascii_digit()).then(|| sequence.parse().ok())??;
        Id::of_parts(LocalTime::parse_digits(time)?.into(), sequence)
    }

    /// The item by which an order is found by WeChat Pay's id of a payment.
    pub(super) fn transaction_item(&self, transaction_id: &str) -> Item {
        let mut item = keys::transaction(transaction_id).into_item();
        item.insert("order".into(), number(self.id));
        item
    }

    pub(super) fn expires_at(&self) -> Timestamp {
        self.created_at.later(AGE).into()
    }

    /// The sweep that is the next to act on it, and when.
    fn due(&self) -> Option<(&'static str, Timestamp)> {
        if self.state == OrderState::Pending {
            return Some((keys::ORDER_SWEEP, self.expires_at()));
        }
        let refunds = self.query_refunds_at().map(|at| (keys::ORDER_SWEEP, at.into()));
        let shipping = self.report_shipping_at().map(|at| (keys::SHIPPING_SWEEP, at.into()));
        refunds.into_iter().chain(shipping).min_by_key(|(_, at)| *at)
    }
}

impl Record for Order {
    fn item(&self, _keyring: &Keyring, version: u64) -> Result<Item> {
        let mut item: Item = serde_dynamo::to_item(self).map_err(Error::internal)?;
        item.extend(keys::order(self.id).into_item());
        item.insert(VERSION.into(), number(version));
        if let Some((sweep, at)) = self.due() {
            mark(&mut item, sweep, at);
        }
        item.extend(self.lists());
        Ok(item)
    }
}

impl Order {
    /// The lists that contain the order, and its place in them.
    pub(super) fn lists(&self) -> Item {
        let all = if self.review.is_some() { keys::ORDERS_TO_REVIEW } else { keys::OTHER_ORDERS };
        let lists = [("ix1", all.to_owned()), ("ix2", keys::orders_of(self.user)), ("ixsk", self.id.sortable())];
        lists.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
    }
}

/// The result of storing an order.
enum Placed {
    New(Box<Order>),
    /// The same request stored this order before.
    Earlier(Id),
}

/// Why an order was not placed.
#[derive(Debug)]
pub enum OrderError {
    /// The catalogue does not contain the goods at this price, or does not sell them now.
    WrongPrice,
    Failed(Error),
}

impl From<Error> for OrderError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Service {
    /// Places an order and returns the parameters of `wx.requestPayment`. WeChat Pay sends its notification to `notify_url`.
    ///
    /// DynamoDB: one batch, one transaction, one write; one read before them if the request has an idempotency key.
    pub async fn place_order(
        &self,
        user: Id,
        purchase: Purchase,
        price: Money,
        notify_url: &str,
        idempotency: Option<&Idempotency>,
    ) -> Result<(Order, PayParams), OrderError> {
        if let Some(earlier) = self.earlier_result(idempotency).await? {
            return Ok(self.resubmit(earlier, notify_url).await?);
        }
        let wanted = [keys::prices(), keys::user(user)].into_iter().chain(purchase.job().map(keys::job)).collect();
        let mut found = self.store.get_map(&self.tables.jobboard, wanted).await?;
        let buyer = self.read_user(found.remove(&keys::user(user)).ok_or_else(|| missing("user"))?)?;
        if let Some(id) = purchase.job() {
            let job = Job::among(&self.keyring, &found, id)?.ok_or_else(|| missing("job"))?;
            job.check_owner(user)?;
            job.check_open()?;
        }
        let ((goods, quantity), now) = (purchase.priced_as(), self.clock.now());
        let sold = Catalogue::read(found.remove(&keys::prices()))?.price(goods, quantity, now);
        let sold = sold.filter(|sold| sold.price == price).ok_or(OrderError::WrongPrice)?;
        let nonce = nonce()?;
        let order = |id| Order {
            id,
            user,
            purchase,
            amount: price,
            state: OrderState::Pending,
            created_at: now.into(),
            is_counted: sold.per_user.is_some(),
            nonce: nonce.clone(),
            prepay_id: None,
            transaction_id: None,
            paid_at: None,
            notify_url: Some(notify_url.to_owned()),
            note: None,
            refunds: Vec::new(),
            shipping: None,
            review: None,
            timeline: vec![Entry::new(Event::Created, now.into())],
        };
        let placed = match self.ids.claim(now, |id| self.store_order(order(id), &sold, idempotency)).await? {
            Placed::New(order) => self.prepay(Versioned { record: *order, version: 1 }, &buyer.openid, notify_url).await?,
            Placed::Earlier(id) => self.resubmit(id, notify_url).await?,
        };
        Ok(placed)
    }

    /// Stores a new order. Returns None if another order has its id.
    async fn store_order(&self, order: Order, sold: &Price, idempotency: Option<&Idempotency>) -> Result<Option<Placed>> {
        let item = order.item(&self.keyring, 1)?;
        let put = Write::Put { table: self.tables.jobboard.clone(), item: item.clone(), condition: Condition::absent() };
        let count = self.count_order(order.user, sold);
        let result = idempotency.map(|idempotency| self.store_result(idempotency, order.id));
        let now = order.created_at.into();
        let quota = self.count_today(order.user, UNPAID, now);
        let outcome = self.store.transact([put, quota].into_iter().chain(result).chain(count).collect()).await?;
        let Outcome::Rejected(rejections) = outcome.unless_stored(&item) else {
            return Ok(Some(Placed::New(Box::new(order))));
        };
        match (rejections.as_slice(), idempotency, sold.per_user) {
            ([_, _, Rejection { failed: true, stored: Some(stored) }, ..], Some(idempotency), _) => {
                idempotency.result_in(stored).map(Placed::Earlier).map(Some)
            }
            ([Rejection { failed: true, .. }, ..], ..) => Ok(None),
            ([_, Rejection { failed: true, stored }, ..], ..) => Err(self.used_up(UNPAID, stored.as_ref(), now)),
            ([.., Rejection { failed: true, .. }], _, Some(most)) => {
                Err(Error::invalid([Fault::new(order.purchase.field(), format!("at most {most} for each user"))]))
            }
            _ => Ok(None),
        }
    }

    /// Continues with an order that the same request stored before. WeChat Pay may not have learned of it.
    async fn resubmit(&self, id: Id, notify_url: &str) -> Result<(Order, PayParams)> {
        let stored = self.stored_order(id).await?.ok_or_else(|| Error::internal("a remembered order is missing"))?;
        let openid = self.user(stored.record.user).await?.openid;
        self.prepay(stored, &openid, notify_url).await
    }

    /// Prepays the order at WeChat Pay unless that was done before, and signs the parameters of `wx.requestPayment`.
    async fn prepay(
        &self,
        mut stored: Versioned<Order>,
        openid: &Secret<String>,
        notify_url: &str,
    ) -> Result<(Order, PayParams)> {
        let now = self.clock.now();
        let prepay_id = match &stored.record.prepay_id {
            Some(prepay_id) => prepay_id.clone(),
            // WeChat Pay must not learn of an expired order either, even before it is closed.
            None if stored.record.state != OrderState::Pending || stored.record.expires_at() <= now => {
                return Err(Error::conflict(Fault::new("Idempotency-Key", "is that of an order which was never announced")));
            }
            None => {
                let bill = Bill {
                    order_no: &stored.record.number(),
                    description: &stored.record.purchase.description(),
                    amount: stored.record.amount.fen(),
                    openid,
                    notify_url,
                    expires_at: stored.record.expires_at(),
                };
                let prepay_id = self.pay.prepay(&bill, now).await?;
                stored.record.prepay_id = Some(prepay_id.clone());
                timeline::add(&mut stored.record.timeline, Entry::new(Event::Prepaid, now.into()));
                // A rejection is harmless: a concurrent copy of the request has stored the same `prepay_id`.
                let item = stored.next_item(&self.keyring)?;
                self.store.transact(vec![stored.replace_by(&self.tables.jobboard, item)]).await.map(drop)?;
                prepay_id
            }
        };
        let time = stored.record.created_at.as_millisecond() / 1000;
        let pay_params = self.pay.pay_params(&prepay_id, time, &stored.record.nonce, now).await?;
        Ok((stored.record, pay_params))
    }

    /// The orders that an administrator must look at, by age.
    pub async fn orders_to_review(&self, page: PageRequest, order: table::Order) -> Result<Page<Order>> {
        let mut list = self.list("ix1", keys::ORDERS_TO_REVIEW.into());
        list.query.order = order;
        // A cursor belongs to its direction.
        list.scope = format!("{} {order:?}", list.scope);
        list.page(page, "cursor").await?.try_map(item::read)
    }

    pub(super) async fn stored_order(&self, id: Id) -> Result<Option<Versioned<Order>>> {
        let found = self.store.get(&self.tables.jobboard, keys::order(id)).await?;
        found.map(|item| Versioned::read(&self.keyring, item)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_number_encodes_the_id(since_2024_ms in 0_u64..2_000_000_000_000, sequence in 0_u64..4096, goods in 0..3) {
            let id = Id::from_u64((since_2024_ms << 12) | sequence);
            let purchase = match goods {
                0 => Purchase::Top { job: id, hours: 72 },
                1 => Purchase::Refresh { job: id },
                _ => Purchase::Vouchers { count: 1 },
            };
            let order = Order {
                id, user: id, purchase, amount: Money::from_fen(500), state: OrderState::Pending,
                created_at: id.made_at().into(), is_counted: false, nonce: String::new(), prepay_id: None, transaction_id: None, paid_at: None,
                notify_url: None, note: None, refunds: Vec::new(), shipping: None, review: None, timeline: Vec::new(),
            };
            let number = order.number();
            proptest::prop_assert!(number.len() <= 32);
            proptest::prop_assert_eq!(Order::id_in(&number), Some(id));
        }

        #[test]
        fn arbitrary_text_yields_no_impossible_id(text in "(TOP|REF|CV)?[0-9x]{0,24}") {
            if let Some(id) = Order::id_in(&text) {
                proptest::prop_assert!(id.as_u64() >> 12 < 1 << 50);
            }
        }
    }
}
