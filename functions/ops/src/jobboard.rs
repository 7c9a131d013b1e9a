//! Commands for administrators of the job board (docs/design/jobboard.md): prices, vouchers, removal of jobs, refunds.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::jobboard::Service;
use shared::jobboard::job::State;
use shared::jobboard::prices::{Catalogue, Goods, Price};
use shared::jobboard::vouchers::VoucherError;
use shared::values::input::Faults;
use shared::values::{Id, Int, Money, Text};

/// Sets a price, or removes it if `price` is missing.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SetPrice {
    goods: Goods,
    /// Hours of a top, or vouchers.
    quantity: Int<1, 1_000_000>,
    #[deserr(default)]
    price: Option<Money>,
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
    by: Text<1, 64>,
}

/// A job to take down or to delete.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct RemoveJob {
    job_id: Id,
    reason: Text<1, 256>,
    by: Text<1, 64>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct RefundNote {
    order_no: Text<1, 32>,
    reason: Text<1, 256>,
    by: Text<1, 64>,
}

pub async fn set_price(service: &Service, set: SetPrice) -> Result<Value> {
    if set.price.is_some_and(Money::is_zero) {
        return Err(Error::invalid([Fault::new("price", "must be at least 0.01")]));
    }
    let quantity = u32::try_from(set.quantity.get()).map_err(Error::internal)?;
    if set.goods == Goods::Refresh && quantity != 1 {
        return Err(Error::invalid([Fault::new("quantity", "must be 1: jobs are refreshed one at a time")]));
    }
    service.set_price(set.goods, quantity, set.price).await.map(price_list)
}

pub async fn list_prices(service: &Service, ListPrices {}: ListPrices) -> Result<Value> {
    service.prices().await.map(price_list)
}

fn price_list(catalogue: Catalogue) -> Value {
    let price = |Price { goods, quantity, price }: Price| json!({"goods": goods.as_str(), "quantity": quantity, "price": price.to_string()});
    json!({"prices": catalogue.prices.into_iter().map(price).collect::<Vec<_>>()})
}

pub async fn adjust_vouchers(service: &Service, adjust: AdjustVouchers) -> Result<Value> {
    let AdjustVouchers { user_id, change, reference, reason, by } = adjust;
    if change.get() == 0 {
        return Err(Error::invalid([Fault::new("change", "must not be 0")]));
    }
    let adjusted = service.adjust_vouchers(user_id, change.get(), &reference, &reason, &by).await;
    adjusted.map_err(|error| match error {
        VoucherError::NotEnough => Error::conflict(Fault::new("change", "takes more vouchers than there are")),
        VoucherError::Failed(error) => error,
    })?;
    let balance = service.ledger(user_id, 1, 1).await?.balance;
    Ok(json!({"user_id": user_id, "balance": balance}))
}

/// `state` is [`State::TakenDown`] or [`State::Deleted`].
pub async fn remove_job(service: &Service, RemoveJob { job_id, reason, by }: RemoveJob, state: State) -> Result<Value> {
    service.remove_job(job_id, state, &reason, &by).await?;
    Ok(json!({"job_id": job_id, "status": u8::from(state)}))
}

pub async fn refund_note(service: &Service, RefundNote { order_no, reason, by }: RefundNote) -> Result<Value> {
    let order = service.note_refund(order_no.as_str(), &reason, &by).await?;
    Ok(
        json!({"order_no": order.number(), "user_id": order.user, "status": order.state.as_str(), "amount": order.amount.to_string()}),
    )
}
