//! Orders, their refunds and the price catalogue.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::jobboard::Service;
use shared::jobboard::orders::Order;
use shared::jobboard::prices::{Catalogue, Goods, Price};
use shared::jobboard::reads::NamedOrder;
use shared::jobboard::refunding::RefundFields;
use shared::jobboard::review::Review;
use shared::staff::roles::Role;
use shared::storage::audit::Act;
use shared::storage::listing;
use shared::storage::page::PageRequest;
use shared::values::input::Faults;
use shared::values::{Date, Id, Int, LocalTime, Money, Quotable, Text};

use super::OfUser;
use crate::command::{Command, run};
use crate::listing::{Direction, Limit, OnePage, in_order, page, page_of};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::changes("set_price", "Sets a price, or removes it without price", |admin, by, fields| {
        run(fields, |read| set_price(&admin.jobboard, &by.act, read))
    })
    .by(&[Role::Finance])
    .fields(
        "goods quantity price? from? until? per_user?",
        r#"{"goods": "voucher", "quantity": 10, "price": "18.00", "from": "2026-11-30 08:00:00", "until": "2026-12-07 00:00:00", "per_user": 2}"#,
    ),
    Command::reads("list_prices", "Lists the prices", |admin, _, fields| {
        run(fields, |read| list_prices(&admin.jobboard, read))
    })
    .by(&[Role::Support, Role::Finance, Role::Auditor]),
    Command::reads("list_user_orders", "Lists the orders of a user, the newest first", |admin, _, fields| {
        run(fields, |read| list_user_orders(&admin.jobboard, read))
    })
    .by(&[Role::Support, Role::Finance, Role::Auditor])
    .fields("user_id limit? order? cursor?", r#"{"user_id": 376295991951886, "limit": 20}"#)
    .sorted(listing::Order::Descending),
    Command::reads("list_orders", "Lists the orders of all users, or of one day, the newest first", |admin, _, fields| {
        run(fields, |read| list_orders(&admin.jobboard, read))
    })
    .by(&[Role::Support, Role::Finance, Role::Auditor])
    .fields("day? limit? order? cursor?", r#"{"day": "2026-11-29", "limit": 20}"#)
    .sorted(listing::Order::Descending),
    Command::reads(
        "show_order",
        "Shows an order with its time line, by its number, WeChat Pay's number of the payment, or its id",
        |admin, _, fields| run(fields, |read| show_order(&admin.jobboard, read)),
    )
    .by(&[Role::Support, Role::Finance, Role::Auditor])
    .fields("order_no? transaction_id? order_id?", r#"{"order_no": "CV202601101520151230001"}"#),
    Command::reads(
        "list_orders_to_review",
        "Lists the orders that a person must look at, the newest first",
        |admin, _, fields| run(fields, |read| list_orders_to_review(&admin.jobboard, read)),
    )
    .by(&[Role::Support, Role::Finance, Role::Auditor])
    .fields("page? page_size? order? cursor?", r#"{"page": 1}"#)
    .sorted(listing::Order::Descending),
    Command::reads("list_reconciliations", "Lists the results of reconciliations, the newest day first", |admin, _, fields| {
        run(fields, |read| list_reconciliations(&admin.jobboard, read))
    })
    .by(&[Role::Finance, Role::Auditor])
    .fields("limit? order? cursor?", r#"{"limit": 20}"#)
    .sorted(listing::Order::Descending),
    Command::reads(
        "show_reconciliation",
        "Shows how WeChat Pay's bill of a day differs from the orders and refunds",
        |admin, _, fields| run(fields, |read| show_reconciliation(&admin.jobboard, read)),
    )
    .by(&[Role::Finance, Role::Auditor])
    .fields("day", r#"{"day": "2026-11-29"}"#),
    Command::changes(
        "refund_order",
        "Refunds an order at WeChat Pay, all that is left or an amount, and takes back what is unspent",
        |admin, by, fields| run(fields, |read| refund_order(&admin.jobboard, &by.act, read)),
    )
    .by(&[Role::Finance])
    .after_step_up()
    .fields(
        "order_no amount? reason reference?",
        r#"{"order_no": "CV202601101520151230001", "amount": "3.99", "reason": "用户申请"}"#,
    ),
    Command::changes(
        "refund_note",
        "Records that the rest of an order went back outside of WeChat Pay",
        |admin, by, fields| run(fields, |read| refund_note(&admin.jobboard, &by.act, read)),
    )
    .by(&[Role::Finance])
    .after_step_up()
    .fields("order_no reason", r#"{"order_no": "CV202601101520151230001", "reason": "银行转账"}"#),
    Command::changes(
        "query_order",
        "Queries WeChat Pay about an order and its refunds, and applies what it reports",
        |admin, by, fields| run(fields, |read| query_order(&admin.jobboard, &by.act, read)),
    )
    .by(&[Role::Support, Role::Finance])
    .fields("order_no", r#"{"order_no": "CV202601101520151230001"}"#),
    Command::changes(
        "note_order",
        "Adds a note to the time line of an order, and ends its review if ends_review is true",
        |admin, by, fields| run(fields, |read| note_order(&admin.jobboard, &by.act, read)),
    )
    .by(&[Role::Support, Role::Finance])
    .fields("order_no note ends_review?", r#"{"order_no": "CV202601101520151230001", "note": "已电话联系用户"}"#),
];

/// Sets a price, or removes it if `price` is missing. Without `from`, `until` or `per_user` it has no such limit.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SetPrice {
    goods: Goods,
    /// Hours of a top, or vouchers.
    quantity: Int<1, 1_000_000>,
    #[deserr(default)]
    price: Option<Quotable<Money>>,
    #[deserr(default)]
    from: Option<LocalTime>,
    /// The first moment at which it is no longer sold.
    #[deserr(default)]
    until: Option<LocalTime>,
    #[deserr(default)]
    per_user: Option<Int<1, 1_000>>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ListPrices {}

/// One of the three.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ShowOrder {
    #[deserr(default)]
    order_no: Option<Text<1, 32>>,
    #[deserr(default)]
    transaction_id: Option<Text<1, 64>>,
    #[deserr(default)]
    order_id: Option<Id>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ListOrders {
    /// In Shanghai.
    #[deserr(default)]
    day: Option<Date>,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 512>>,
    #[deserr(default)]
    order: Option<Direction>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ListOrdersToReview {
    #[deserr(default)]
    page: Option<Int<1, 1_000_000>>,
    #[deserr(default)]
    page_size: Option<Int<1, 100>>,
    #[deserr(default)]
    cursor: Option<Text<1, 512>>,
    #[deserr(default)]
    order: Option<Direction>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct RefundNote {
    order_no: Text<1, 32>,
    reason: Text<1, 256>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ShowReconciliation {
    /// In Shanghai.
    day: Date,
}

/// All that is left without an amount. The same request again changes nothing, unless its `reference` differs.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct RefundOrder {
    order_no: Text<1, 32>,
    #[deserr(default)]
    amount: Option<Quotable<Money>>,
    reason: Text<1, 256>,
    #[deserr(default)]
    reference: Option<Text<1, 64>>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct QueryOrder {
    order_no: Text<1, 32>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct NoteOrder {
    order_no: Text<1, 32>,
    note: Text<1, 256>,
    #[deserr(default)]
    ends_review: bool,
}

pub async fn set_price(service: &Service, act: &Act, set: SetPrice) -> Result<Value> {
    let price = set.price.map(|Quotable(price)| price);
    if price.is_some_and(Money::is_zero) {
        return Err(Error::invalid([Fault::new("price", "must be at least 0.01")]));
    }
    let quantity = u32::try_from(set.quantity.get()).map_err(Error::internal)?;
    if set.goods == Goods::Refresh && quantity != 1 {
        return Err(Error::invalid([Fault::new("quantity", "must be 1: jobs are refreshed one at a time")]));
    }
    if price.is_none() && (set.from.is_some() || set.until.is_some() || set.per_user.is_some()) {
        return Err(Error::invalid([Fault::new("price", "is required with from, until or per_user")]));
    }
    if set.from.zip(set.until).is_some_and(|(from, until)| until <= from) {
        return Err(Error::invalid([Fault::new("until", "must be later than from")]));
    }
    let per_user = set.per_user.map(|most| u32::try_from(most.get())).transpose().map_err(Error::internal)?;
    let (goods, from, until) = (set.goods, set.from, set.until);
    let price = price.map(|price| Price { goods, quantity, price, from, until, per_user });
    service.set_price(act, goods, quantity, price).await.map(price_list)
}

pub async fn list_prices(service: &Service, ListPrices {}: ListPrices) -> Result<Value> {
    service.prices().await.map(price_list)
}

fn price_list(catalogue: Catalogue) -> Value {
    let price = |Price { goods, quantity, price, from, until, per_user }: Price| {
        let [from, until] = [from, until].map(|time| time.map(LocalTime::to_second));
        json!({
            "goods": goods.as_str(), "quantity": quantity, "price": price.to_string(), "from": from, "until": until,
            "per_user": per_user,
        })
    };
    json!({"prices": catalogue.prices.into_iter().map(price).collect::<Vec<_>>()})
}

pub async fn list_user_orders(service: &Service, list: OfUser) -> Result<Value> {
    Ok(page("orders", service.list_user_orders(list.user_id, &list.page()).await?, |order| json!(order)))
}

pub async fn list_orders(service: &Service, ListOrders { day, limit, cursor, order }: ListOrders) -> Result<Value> {
    let page_of = page_of(&limit, cursor.as_ref(), order, listing::Order::Descending);
    let orders = service.list_orders(day.as_ref(), &page_of).await?;
    Ok(page("orders", orders, |order| json!(order)))
}

pub async fn show_order(service: &Service, ShowOrder { order_no, transaction_id, order_id }: ShowOrder) -> Result<Value> {
    let named = match (order_no, transaction_id, order_id) {
        (Some(number), None, None) => NamedOrder::Number(number),
        (None, Some(id), None) => NamedOrder::Transaction(id),
        (None, None, Some(id)) => NamedOrder::Id(id),
        _ => {
            let reason = "or transaction_id or order_id is required, and only one of them";
            return Err(Error::invalid([Fault::new("order_no", reason)]));
        }
    };
    service.show_order(&named).await.map(|order| json!(order))
}

pub async fn list_orders_to_review(service: &Service, list: ListOrdersToReview) -> Result<Value> {
    let number = |number: i64| u32::try_from(number).unwrap_or(1);
    let request = PageRequest {
        page: list.page.map_or(1, |page| number(page.get())),
        size: list.page_size.map_or(20, |size| number(size.get())),
        cursor: list.cursor.map(|cursor| cursor.as_str().to_owned()),
    };
    let page = service.orders_to_review(request, in_order(list.order, listing::Order::Descending)).await?;
    let rows: Vec<Value> = page.list.iter().map(order_to_review).collect();
    Ok(
        json!({"list": rows, "total": page.total, "page": page.page, "page_size": page.page_size, "next_cursor": page.next_cursor}),
    )
}

fn order_to_review(order: &Order) -> Value {
    let mut view = summary(order);
    view["refund_due"] = order.is_refund_due().into();
    if let Some(Review { reason, reported, at }) = &order.review {
        view["reason"] = reason.as_str().into();
        view["reported"] = reported.as_str().into();
        view["at"] = at.to_second().into();
    }
    view
}

fn summary(order: &Order) -> Value {
    json!({
        "order_no": order.number(), "user_id": order.user, "status": order.state.as_str(), "amount": order.amount.to_string(),
        "amount_refunded": order.refunded().to_string(),
    })
}

pub async fn refund_order(service: &Service, act: &Act, refund: RefundOrder) -> Result<Value> {
    let RefundOrder { order_no, amount, reason, reference } = refund;
    let fields = RefundFields { amount: amount.map(|Quotable(amount)| amount), reason, reference };
    service.refund_order(act, order_no.as_str(), fields).await.map(|order| summary(&order))
}

pub async fn refund_note(service: &Service, act: &Act, RefundNote { order_no, reason }: RefundNote) -> Result<Value> {
    service.note_refund(act, order_no.as_str(), &reason).await.map(|order| summary(&order))
}

pub async fn query_order(service: &Service, act: &Act, QueryOrder { order_no }: QueryOrder) -> Result<Value> {
    service.query_order(act, order_no.as_str()).await.map(|order| summary(&order))
}

pub async fn note_order(service: &Service, act: &Act, NoteOrder { order_no, note, ends_review }: NoteOrder) -> Result<Value> {
    service.note_order(act, order_no.as_str(), &note, ends_review).await.map(|order| summary(&order))
}

pub async fn list_reconciliations(service: &Service, list: OnePage) -> Result<Value> {
    let results = service.list_reconciliations(&list.page(listing::Order::Descending)).await?;
    Ok(page("reconciliations", results, |result| json!(result)))
}

pub async fn show_reconciliation(service: &Service, ShowReconciliation { day }: ShowReconciliation) -> Result<Value> {
    let (result, differences) = service.show_reconciliation(&day).await?;
    let mut view = json!(result);
    view["differences"] = json!(differences);
    Ok(view)
}
