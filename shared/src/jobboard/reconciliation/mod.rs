//! The reconciliation of a day: every line of WeChat Pay's bill is compared with the orders and refunds, and the ledgers of vouchers with the
//! balances (docs/design/jobboard.md, Reconciliation). The result is stored. A day can be reconciled again; the last result counts.

mod books;
mod compare;

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::orders::Order as Bought;
use super::{Service, item, keys};
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::pay::bill::Line;
use crate::runtime::metrics::Metric;
use crate::storage::table::attribute::{read_integer, text};
use crate::storage::table::{Condition, Item, Write};
use crate::values::{Date, Id, LocalTime, choices};
use compare::{Bounds, compare};

/// How many differences are stored. All are counted.
const MOST: usize = 200;
/// How long before its payment an order may have been placed, with a reserve: WeChat Pay accepts a payment for half an hour.
const PAID_WITHIN: SignedDuration = SignedDuration::from_hours(2);
/// WeChat Pay has a bill for three months.
const OLDEST: SignedDuration = SignedDuration::from_hours(90 * 24);

choices! {
    /// How the books differ.
    DifferenceKind {
        /// WeChat Pay's bill lacks it.
        OnlyHere = "only_here",
        /// The system lacks it.
        OnlyThere = "only_there",
        AmountsDiffer = "amounts_differ",
        /// It was paid, and neither granted nor refunded.
        NotGranted = "not_granted",
        /// The balance of a user is not the sum of the ledger.
        Ledger = "ledger",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    pub kind: DifferenceKind,
    /// Of a ledger.
    #[serde(default)]
    pub user: Option<Id>,
    #[serde(default)]
    pub order_no: Option<String>,
    #[serde(default)]
    pub transaction_id: Option<String>,
    #[serde(default)]
    pub refund_no: Option<String>,
    /// In fen. Of a ledger: the balance, in vouchers.
    #[serde(default)]
    pub here: Option<i64>,
    /// In fen. Of a ledger: the sum of the entries, in vouchers.
    #[serde(default)]
    pub there: Option<i64>,
}

/// Numbers and sums on both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    pub here: u64,
    /// In fen.
    pub amount_here: i64,
    pub there: u64,
    /// In fen.
    pub amount_there: i64,
}

impl Sums {
    fn here(&mut self, amount: i64) {
        self.here += 1;
        self.amount_here += amount;
    }

    fn there(&mut self, amount: i64) {
        self.there += 1;
        self.amount_there += amount;
    }
}

/// The result of a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reconciliation {
    pub day: Date,
    pub at: LocalTime,
    /// The SHA-1 of the bill. None if nothing was paid or refunded.
    pub bill: Option<String>,
    pub payments: Sums,
    pub refunds: Sums,
    /// The users with a ledger, and the vouchers that they have.
    pub ledgers: u64,
    pub vouchers: i64,
    /// How many differences there are.
    pub total: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

impl Service {
    /// Reconciles a day in Shanghai; without one, yesterday.
    ///
    /// DynamoDB: the queries of the day's orders and refunds, a batch for every hundred orders, a scan of the table, one write.
    pub async fn reconcile(&self, day: Option<Date>) -> Result<Reconciliation> {
        let now = self.clock.now();
        let yesterday = LocalTime::from(now - SignedDuration::from_hours(24)).date();
        let day = day.unwrap_or_else(|| yesterday.clone());
        let oldest = LocalTime::from(now - OLDEST).date();
        if day.as_str() > yesterday.as_str() || day.as_str() < oldest.as_str() {
            let reason = format!("must be from {} to {}", oldest.as_str(), yesterday.as_str());
            return Err(Error::invalid([Fault::new("day", reason)]));
        }
        self.report_certificates(now).await?;
        let bill = self.pay.trade_bill(&day, now).await?;
        let lines: &[Line] = bill.as_ref().map_or(&[], |bill| &bill.lines);
        let (first, last) = LocalTime::day_bounds(&day, &day);
        let orders = self.orders_of_day(lines, Bounds { first, last }).await?;
        let compared = compare(lines, &orders, Bounds { first, last });
        let books = self.check_ledgers().await?;
        let mut differences = compared.differences;
        differences.extend(books.differences);
        let total = differences.len() as u64;
        differences.truncate(MOST);
        let result = Reconciliation {
            day,
            at: now.into(),
            bill: bill.map(|bill| bill.hash),
            payments: compared.payments,
            refunds: compared.refunds,
            ledgers: books.users,
            vouchers: books.vouchers,
            total,
            differences,
        };
        let mut item: Item = serde_dynamo::to_item(&result).map_err(Error::internal)?;
        item.extend(keys::reconciliation(&result.day).into_item());
        item.insert("ix1".into(), text(keys::RECONCILIATIONS));
        item.insert("ixsk".into(), text(format!("{:0>16}", result.day.as_str().replace('-', ""))));
        // A conflict is impossible: the write has no condition.
        self.store.transact(vec![Write::Set { table: self.tables.jobboard.clone(), item }]).await.map(drop)?;
        self.log.metrics(
            &self.function,
            now,
            serde_json::Map::new(),
            &[Metric::count("reconciliation_differences", result.total)],
        );
        Ok(result)
    }

    /// Reports the days until the first certificate of WeChat Pay ends: an alarm watches them.
    async fn report_certificates(&self, now: Timestamp) -> Result<()> {
        if let Some(expiry) = self.pay.certificate_expiry(now).await? {
            let days = Metric::of_stack("certificate_days_left", expiry.duration_since(now).as_hours() / 24);
            self.log.metrics(&self.function, now, serde_json::Map::new(), &[days]);
        }
        Ok(())
    }

    /// The orders that the lines name, and those that were paid or refunded on the day.
    async fn orders_of_day(&self, lines: &[Line], day: Bounds) -> Result<HashMap<Id, Bought>> {
        let mut ids: HashSet<Id> = lines.iter().filter_map(|line| Bought::id_in(&line.order_no)).collect();
        let placed = keys::ids_between(day.first.later(-PAID_WITHIN), day.last);
        let within = |partition: &str, (low, high): (String, String)| {
            Condition::equals("ix1", text(partition)).and(Condition::between("ixsk", text(low), text(high)))
        };
        let table = &self.tables.jobboard;
        for partition in [keys::OTHER_ORDERS, keys::ORDERS_TO_REVIEW] {
            let found = self.store.index_keys(table, "ix1", within(partition, placed.clone())).await?;
            ids.extend(found.iter().filter_map(|key| super::sweeps::id_in(key).ok()));
        }
        let refunded = within(keys::REFUNDS, keys::ids_between(day.first, day.last));
        for found in self.store.get_all(table, self.store.index_keys(table, "ix1", refunded).await?).await? {
            ids.insert(Id::from_u64(read_integer(&found, "order")?));
        }
        let found = self.store.get_all(table, ids.into_iter().map(keys::order).collect()).await?;
        found.into_iter().map(|found| item::read::<Bought>(found).map(|order| (order.id, order))).collect()
    }
}
