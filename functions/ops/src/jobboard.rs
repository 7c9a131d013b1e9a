//! Commands for administrators of the job board (docs/design/jobboard.md): prices, vouchers, removal of jobs, refunds, sessions.

use crate::command::{Command, run};
use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::jobboard::Service;
use shared::jobboard::job::State;
use shared::jobboard::orders::Order;
use shared::jobboard::prices::{Catalogue, Goods, Price};
use shared::jobboard::review::Review;
use shared::jobboard::vouchers::VoucherError;
use shared::staff::roles::Role;
use shared::storage::audit::Act;
use shared::storage::page::PageRequest;
use shared::values::input::Faults;
use shared::values::{Id, Int, Money, Quotable, Text};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::changes("set_price", "Sets a price, or removes it without price", |admin, by, fields| {
        run(fields, |read| set_price(&admin.jobboard, &by.act, read))
    })
    .by(&[Role::Finance])
    .fields("goods quantity price?", r#"{"goods": "voucher", "quantity": 10, "price": "18.00"}"#),
    Command::reads("list_prices", "Lists the prices", |admin, _, fields| {
        run(fields, |read| list_prices(&admin.jobboard, read))
    })
    .by(&[Role::Support, Role::Finance, Role::Auditor]),
    Command::changes("adjust_vouchers", "Adds or removes vouchers of a user, once for each reference", |admin, by, fields| {
        run(fields, |read| adjust_vouchers(&admin.jobboard, &by.act, read))
    })
    .by(&[Role::Support])
    .fields(
        "user_id change reference reason",
        r#"{"user_id": 376295991951886, "change": 2, "reference": "case-1", "reason": "补偿"}"#,
    ),
    Command::changes("take_down_job", "Takes a job down, with a reason that its owner sees", |admin, by, fields| {
        run(fields, |read| remove_job(&admin.jobboard, &by.act, read, State::TakenDown))
    })
    .by(&[Role::Moderator])
    .fields("job_id reason", r#"{"job_id": 376295991951886, "reason": "虚假招聘"}"#),
    Command::changes("delete_job", "Deletes a job", |admin, by, fields| {
        run(fields, |read| remove_job(&admin.jobboard, &by.act, read, State::Deleted))
    })
    .by(&[Role::Moderator])
    .fields("job_id reason", r#"{"job_id": 376295991951886, "reason": "虚假招聘"}"#),
    Command::reads(
        "list_orders_to_review",
        "Lists the orders that a person must look at, the newest first",
        |admin, _, fields| run(fields, |read| list_orders_to_review(&admin.jobboard, read)),
    )
    .by(&[Role::Support, Role::Finance, Role::Auditor])
    .fields("page? page_size? cursor?", r#"{"page": 1}"#),
    Command::changes("end_user_sessions", "Ends all tokens of a user, who may log in again", |admin, by, fields| {
        run(fields, |read| end_user_sessions(&admin.jobboard, &by.act, read))
    })
    .by(&[Role::Support, Role::Moderator])
    .fields("user_id", r#"{"user_id": 376295991951886}"#),
    Command::changes("refund_note", "Records that an order was refunded", |admin, by, fields| {
        run(fields, |read| refund_note(&admin.jobboard, &by.act, read))
    })
    .by(&[Role::Finance])
    .after_step_up()
    .fields("order_no reason", r#"{"order_no": "CV202601101520151230001", "reason": "用户申请"}"#),
];

/// Sets a price, or removes it if `price` is missing.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SetPrice {
    goods: Goods,
    /// Hours of a top, or vouchers.
    quantity: Int<1, 1_000_000>,
    #[deserr(default)]
    price: Option<Quotable<Money>>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ListPrices {}

/// An adjustment is made once per `reference`.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct AdjustVouchers {
    user_id: Id,
    change: Int<-100_000, 100_000>,
    reference: Text<1, 64>,
    reason: Text<1, 256>,
}

/// A job to take down or to delete.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct RemoveJob {
    job_id: Id,
    reason: Text<1, 256>,
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
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct RefundNote {
    order_no: Text<1, 32>,
    reason: Text<1, 256>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct EndUserSessions {
    user_id: Id,
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
    service.set_price(act, set.goods, quantity, price).await.map(price_list)
}

pub async fn list_prices(service: &Service, ListPrices {}: ListPrices) -> Result<Value> {
    service.prices().await.map(price_list)
}

fn price_list(catalogue: Catalogue) -> Value {
    let price = |Price { goods, quantity, price }: Price| json!({"goods": goods.as_str(), "quantity": quantity, "price": price.to_string()});
    json!({"prices": catalogue.prices.into_iter().map(price).collect::<Vec<_>>()})
}

pub async fn adjust_vouchers(service: &Service, act: &Act, adjust: AdjustVouchers) -> Result<Value> {
    let AdjustVouchers { user_id, change, reference, reason } = adjust;
    if change.get() == 0 {
        return Err(Error::invalid([Fault::new("change", "must not be 0")]));
    }
    let adjusted = service.adjust_vouchers(act, user_id, change.get(), &reference, &reason).await;
    adjusted.map_err(|error| match error {
        VoucherError::NotEnough => Error::conflict(Fault::new("change", "takes more vouchers than there are")),
        VoucherError::Failed(error) => error,
    })?;
    let balance = service.ledger(user_id, 1, 1).await?.balance;
    Ok(json!({"user_id": user_id, "balance": balance}))
}

/// `state` is [`State::TakenDown`] or [`State::Deleted`].
pub async fn remove_job(service: &Service, act: &Act, RemoveJob { job_id, reason }: RemoveJob, state: State) -> Result<Value> {
    service.remove_job(act, job_id, state, &reason).await?;
    Ok(json!({"job_id": job_id, "status": u8::from(state)}))
}

pub async fn list_orders_to_review(service: &Service, list: ListOrdersToReview) -> Result<Value> {
    let number = |number: i64| u32::try_from(number).unwrap_or(1);
    let request = PageRequest {
        page: list.page.map_or(1, |page| number(page.get())),
        size: list.page_size.map_or(20, |size| number(size.get())),
        cursor: list.cursor.map(|cursor| cursor.as_str().to_owned()),
    };
    let page = service.orders_to_review(request).await?;
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
    json!({"order_no": order.number(), "user_id": order.user, "status": order.state.as_str(), "amount": order.amount.to_string()})
}

pub async fn refund_note(service: &Service, act: &Act, RefundNote { order_no, reason }: RefundNote) -> Result<Value> {
    service.note_refund(act, order_no.as_str(), &reason).await.map(|order| summary(&order))
}

/// All tokens of the user end. The user may log in again.
pub async fn end_user_sessions(service: &Service, act: &Act, EndUserSessions { user_id }: EndUserSessions) -> Result<Value> {
    service.end_user_sessions(act, user_id).await?;
    Ok(json!({"user_id": user_id}))
}
