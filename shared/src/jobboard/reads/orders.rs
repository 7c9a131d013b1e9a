//! Orders.

use futures::future::try_join_all;
use serde::Serialize;

use super::{COUNTED, Lists, shown};
use crate::error::{Error, Result};
use crate::jobboard::orders::{Order, OrderState, Purchase};
use crate::jobboard::refund::{Origin, Refund, RefundState};
use crate::jobboard::shipping::{Shipping, ShippingState};
use crate::jobboard::timeline::{Entry, Event, Outcome};
use crate::jobboard::{Service, item, keys};
use crate::storage::listing::{Listed, PageOf};
use crate::storage::table::Range;
use crate::storage::table::attribute::read_integer;
use crate::values::{Date, Id, LocalTime, Money, Text};

/// The count of the orders of a day stops here.
const COUNTED_OF_DAY: i32 = 5000;

/// By what staff find an order.
pub enum NamedOrder {
    Id(Id),
    /// The number that the user sees.
    Number(Text<1, 32>),
    /// The number that WeChat Pay gave a payment of it.
    Transaction(Text<1, 64>),
}

/// An order, as staff see it.
#[derive(Debug, Serialize)]
pub struct ShownOrder {
    pub order_id: Id,
    pub order_no: String,
    pub user_id: Id,
    /// `top`, `refresh` or `voucher`.
    pub goods: &'static str,
    /// Hours of a top, or vouchers.
    pub quantity: u32,
    pub job_id: Option<Id>,
    /// In yuan.
    pub amount: String,
    /// In yuan.
    pub amount_paid: String,
    /// In yuan.
    pub amount_refunded: String,
    pub status: &'static str,
    pub refund_due: bool,
    pub created_at: String,
    pub paid_at: Option<String>,
    pub transaction_id: Option<String>,
    pub review: Option<ShownReview>,
}

/// All of an order.
#[derive(Debug, Serialize)]
pub struct WholeOrder {
    #[serde(flatten)]
    pub order: ShownOrder,
    /// In yuan: how much can go back while the user has these vouchers.
    pub amount_refundable: String,
    /// None before the grant. Orders of earlier versions have none.
    pub shipping: Option<ShownShipping>,
    /// Oldest first.
    pub refunds: Vec<ShownRefund>,
    /// Oldest entry first. Orders of earlier versions have only the entries since.
    pub timeline: Vec<ShownEvent>,
}

/// Whether WeChat knows of the delivery, as staff see it.
#[derive(Debug, Serialize)]
pub struct ShownShipping {
    pub status: ShippingState,
    /// How many reports WeChat did not accept.
    pub attempts: u32,
    /// When it is reported.
    pub report_at: Option<String>,
    /// WeChat's code of the last failure.
    pub errcode: Option<i64>,
}

impl From<&Shipping> for ShownShipping {
    fn from(shipping: &Shipping) -> Self {
        let Shipping { state, attempts, report_at, errcode, .. } = shipping;
        Self { status: *state, attempts: *attempts, report_at: shown(*report_at), errcode: *errcode }
    }
}

/// A refund, as staff see it.
#[derive(Debug, Serialize)]
pub struct ShownRefund {
    pub refund_no: Option<String>,
    /// In yuan.
    pub amount: String,
    pub status: RefundState,
    pub origin: Origin,
    pub reason: Text<1, 256>,
    pub by: Option<Text<1, 64>>,
    pub at: String,
    pub settled_at: Option<String>,
    /// What it took back.
    pub vouchers: u32,
    /// Of a top.
    pub seconds: i64,
    /// The payment, if it is not the one that the order was settled with.
    pub second_payment: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct ShownReview {
    pub reason: &'static str,
    pub reported: String,
    pub at: String,
}

/// An entry of a time line.
#[derive(Debug, Serialize)]
pub struct ShownEvent {
    pub at: String,
    pub event: Event,
    pub reported: Option<String>,
    pub outcome: Option<Outcome>,
    pub reason: Option<String>,
    pub transaction_id: Option<String>,
    pub refund_no: Option<String>,
    pub by: Option<Text<1, 64>>,
    pub note: Option<Text<1, 256>>,
}

impl From<Entry> for ShownEvent {
    fn from(entry: Entry) -> Self {
        Self {
            at: entry.at.to_second(),
            event: entry.event,
            reported: entry.reported,
            outcome: entry.outcome,
            reason: entry.reason,
            transaction_id: entry.transaction_id,
            refund_no: entry.refund_no,
            by: entry.by,
            note: entry.note,
        }
    }
}

impl From<Refund> for ShownRefund {
    fn from(refund: Refund) -> Self {
        let Refund { number, amount, state, origin, reason, by, second_payment, taken, at, settled_at, .. } = refund;
        Self {
            refund_no: number,
            amount: amount.to_string(),
            status: state,
            origin,
            reason,
            by,
            at: at.to_second(),
            settled_at: shown(settled_at),
            vouchers: taken.vouchers,
            seconds: taken.seconds,
            second_payment,
        }
    }
}

/// The refunds of an order. An earlier version only noted that an order was refunded.
fn refunds(order: &Order) -> Vec<ShownRefund> {
    let noted = order.note.as_ref().filter(|_| order.refunds.is_empty()).map(|note| ShownRefund {
        refund_no: None,
        amount: order.refunded().to_string(),
        status: RefundState::Succeeded,
        origin: Origin::Elsewhere,
        reason: note.reason.clone(),
        by: Some(note.by.clone()),
        at: note.at.to_second(),
        settled_at: Some(note.at.to_second()),
        vouchers: 0,
        seconds: 0,
        second_payment: None,
    });
    order.refunds.iter().cloned().map(ShownRefund::from).chain(noted).collect()
}

impl From<&Order> for ShownOrder {
    fn from(order: &Order) -> Self {
        let (goods, quantity) = order.purchase.priced_as();
        Self {
            order_id: order.id,
            order_no: order.number(),
            user_id: order.user,
            goods: goods.as_str(),
            quantity,
            job_id: order.purchase.job(),
            amount: order.amount.to_string(),
            amount_paid: order.paid().to_string(),
            amount_refunded: order.refunded().to_string(),
            status: order.state.as_str(),
            refund_due: order.is_refund_due(),
            created_at: order.created_at.to_second(),
            paid_at: shown(order.paid_at),
            transaction_id: order.transaction_id.clone(),
            review: order.review.as_ref().map(|review| ShownReview {
                reason: review.reason.as_str(),
                reported: review.reported.clone(),
                at: review.at.to_second(),
            }),
        }
    }
}

impl Service {
    /// The orders of a user, by age.
    ///
    /// DynamoDB: one query, one batch.
    pub async fn list_user_orders(&self, user: Id, page: &PageOf<'_>) -> Result<Listed<ShownOrder>> {
        self.orders_in(Lists::of(vec![("ix2", keys::orders_of(user))]), page).await
    }

    /// The orders of all users, or those of one day in Shanghai, by age.
    ///
    /// DynamoDB: two queries, one batch.
    pub async fn list_orders(&self, day: Option<&Date>, page: &PageOf<'_>) -> Result<Listed<ShownOrder>> {
        self.orders_in(all_orders(day), page).await
    }

    /// How many orders users placed on a day in Shanghai. 5,000 means at least so many.
    ///
    /// DynamoDB: two queries, which count at most 5,000 entries each.
    pub async fn count_orders(&self, day: &Date) -> Result<i64> {
        let Lists { partitions, low, high } = all_orders(Some(day));
        let count = |(index, partition)| {
            let range = Range::Between(low.clone(), high.clone());
            self.store.index_count(&self.tables.jobboard, index, partition, range, COUNTED_OF_DAY)
        };
        let counts = try_join_all(partitions.into_iter().map(count)).await?;
        Ok(counts.iter().sum::<i64>().min(COUNTED_OF_DAY.into()))
    }

    /// How many orders a person must look at. 1,000 means at least so many.
    ///
    /// DynamoDB: one query.
    pub async fn count_orders_to_review(&self) -> Result<i64> {
        let partition = keys::ORDERS_TO_REVIEW.to_owned();
        self.store.index_count(&self.tables.jobboard, "ix1", partition, Range::All, COUNTED).await
    }

    async fn orders_in(&self, lists: Lists, page: &PageOf<'_>) -> Result<Listed<ShownOrder>> {
        let Listed { list, next_cursor } = self.page(lists, page).await?;
        let found = self.store.get_all(&self.tables.jobboard, list.into_iter().map(|entry| entry.key).collect()).await?;
        Listed { list: found, next_cursor }.try_map(|item| item::read::<Order>(item).map(|order| ShownOrder::from(&order)))
    }

    /// An order with its refunds and its time line.
    ///
    /// DynamoDB: one read; one more before it by the number of a payment, and one more after it for an order of vouchers.
    pub async fn show_order(&self, named: &NamedOrder) -> Result<WholeOrder> {
        let found = match named {
            NamedOrder::Id(id) => self.stored_order(*id).await?.map(|stored| stored.record),
            NamedOrder::Number(number) => self.order_by_number(number.as_str()).await?,
            NamedOrder::Transaction(id) => match self.store.get(&self.tables.jobboard, keys::transaction(id.as_str())).await? {
                Some(leads) => {
                    self.stored_order(Id::from_u64(read_integer(&leads, "order")?)).await?.map(|stored| stored.record)
                }
                None => None,
            },
        };
        let order = found.ok_or_else(|| Error::missing(named.field()))?;
        let refundable = match order.purchase {
            _ if !matches!(order.state, OrderState::Paid | OrderState::PartlyRefunded) => Money::from_fen(0),
            Purchase::Vouchers { .. } => order.refundable_with(self.balance(order.user).await?),
            Purchase::Top { .. } | Purchase::Refresh { .. } => order.refundable(),
        };
        Ok(WholeOrder {
            order: ShownOrder::from(&order),
            amount_refundable: refundable.to_string(),
            shipping: order.shipping.as_ref().map(ShownShipping::from),
            refunds: refunds(&order),
            timeline: order.timeline.into_iter().map(ShownEvent::from).collect(),
        })
    }
}

/// The orders of all users, or those of one day in Shanghai.
fn all_orders(day: Option<&Date>) -> Lists {
    let mut lists = Lists::of(vec![("ix1", keys::OTHER_ORDERS.to_owned()), ("ix1", keys::ORDERS_TO_REVIEW.to_owned())]);
    if let Some(day) = day {
        let (first, last) = LocalTime::day_bounds(day, day);
        (lists.low, lists.high) = keys::ids_between(first, last);
    }
    lists
}

impl NamedOrder {
    /// The field of a command.
    fn field(&self) -> &'static str {
        match self {
            Self::Id(_) => "order_id",
            Self::Number(_) => "order_no",
            Self::Transaction(_) => "transaction_id",
        }
    }
}
