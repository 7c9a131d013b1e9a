//! The results of reconciliations.

use serde::Serialize;

use super::Lists;
use crate::error::{Error, Result};
use crate::jobboard::reconciliation::{Difference, DifferenceKind, Reconciliation};
use crate::jobboard::{Service, item, keys};
use crate::storage::listing::{Listed, PageOf};
use crate::values::{Date, Id, Money};

/// The result of a day, as staff see it. Amounts are in yuan.
#[derive(Debug, Serialize)]
pub struct ShownReconciliation {
    pub day: Date,
    pub at: String,
    /// `equal` or `different`.
    pub status: &'static str,
    /// How many differences there are. At most 200 of them are stored.
    pub difference_count: u64,
    /// The SHA-1 of the bill.
    pub bill: Option<String>,
    pub payments_here: u64,
    pub payments_there: u64,
    pub paid_here: String,
    pub paid_there: String,
    pub refunds_here: u64,
    pub refunds_there: u64,
    pub refunded_here: String,
    pub refunded_there: String,
    /// Users with a ledger, and the vouchers that they have.
    pub ledgers: u64,
    pub vouchers: i64,
}

#[derive(Debug, Serialize)]
pub struct ShownDifference {
    pub kind: DifferenceKind,
    pub user_id: Option<Id>,
    pub order_no: Option<String>,
    pub transaction_id: Option<String>,
    pub refund_no: Option<String>,
    pub here: Option<String>,
    pub there: Option<String>,
}

fn yuan(fen: i64) -> String {
    Money::from_fen(fen).to_string()
}

impl From<&Reconciliation> for ShownReconciliation {
    fn from(result: &Reconciliation) -> Self {
        let Reconciliation { day, at, bill, payments, refunds, ledgers, vouchers, total, .. } = result;
        Self {
            day: day.clone(),
            at: at.to_second(),
            status: if *total == 0 { "equal" } else { "different" },
            difference_count: *total,
            bill: bill.clone(),
            payments_here: payments.here,
            payments_there: payments.there,
            paid_here: yuan(payments.amount_here),
            paid_there: yuan(payments.amount_there),
            refunds_here: refunds.here,
            refunds_there: refunds.there,
            refunded_here: yuan(refunds.amount_here),
            refunded_there: yuan(refunds.amount_there),
            ledgers: *ledgers,
            vouchers: *vouchers,
        }
    }
}

impl From<Difference> for ShownDifference {
    fn from(difference: Difference) -> Self {
        let Difference { kind, user, order_no, transaction_id, refund_no, here, there } = difference;
        let shown = |number: i64| if kind == DifferenceKind::Ledger { number.to_string() } else { yuan(number) };
        Self { kind, user_id: user, order_no, transaction_id, refund_no, here: here.map(shown), there: there.map(shown) }
    }
}

impl Service {
    /// The result of a day, with its differences.
    ///
    /// DynamoDB: one read.
    pub async fn show_reconciliation(&self, day: &Date) -> Result<(ShownReconciliation, Vec<ShownDifference>)> {
        let found = self.store.get(&self.tables.jobboard, keys::reconciliation(day)).await?;
        let result: Reconciliation = item::read(found.ok_or_else(|| Error::missing("day"))?)?;
        Ok((ShownReconciliation::from(&result), result.differences.into_iter().map(ShownDifference::from).collect()))
    }

    /// The results of all days, by day.
    ///
    /// DynamoDB: one query, one batch.
    pub async fn list_reconciliations(&self, page: &PageOf<'_>) -> Result<Listed<ShownReconciliation>> {
        let lists = Lists::of(vec![("ix1", keys::RECONCILIATIONS.to_owned())]);
        let Listed { list, next_cursor } = self.page(lists, page).await?;
        let found = self.store.get_all(&self.tables.jobboard, list.into_iter().map(|entry| entry.key).collect()).await?;
        Listed { list: found, next_cursor }.try_map(|found| item::read(found).map(|result| ShownReconciliation::from(&result)))
    }
}
