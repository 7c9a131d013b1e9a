//! Queries of an index, or of a partition of the table.

use std::pin::pin;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::Select;
use futures::{Stream, TryStreamExt as _, stream};

use super::attribute::text;
use super::condition::{Condition, merge};
use super::{Item, Key, Store, form};
use crate::error::{Error, Result};

/// The index of the changes of records: it shares the partitions of `ix1`, and its sort key begins with the time of the last change.
pub const CHANGED: &str = "changed";
/// In place of an index: the table itself.
pub const TABLE: &str = "pk";
/// The sort key of the other indexes that a [`Query`] reads.
const SORT: &str = "ixsk";
/// Less than every character of a sort key, and greater than every one.
const LEAST: char = '!';
const GREATEST: char = '~';

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Ascending,
    Descending,
}

impl Order {
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }

    fn is_forward(self) -> bool {
        self == Self::Ascending
    }
}

/// A range of sort keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Range {
    All,
    /// The keys after this one, in the order of the query.
    After(String),
    /// The keys between these two, inclusive.
    Between(String, String),
}

/// The entries of one partition of an index, in the order of their sort keys.
#[derive(Clone)]
pub struct Query {
    /// `ix1`, `ix2` or `ix3`, the name of the index and of its partition key; or [`CHANGED`], or [`TABLE`].
    pub index: &'static str,
    pub partition: String,
    pub range: Range,
    pub order: Order,
    /// Which entries to return. The filter runs after the read: rejected entries still consume capacity.
    pub filter: Option<Condition>,
}

impl Query {
    /// The attribute with the sort key.
    pub fn sort(&self) -> &'static str {
        match self.index {
            CHANGED => CHANGED,
            TABLE => "sk",
            _ => SORT,
        }
    }

    /// The name of the index.
    fn name(&self) -> Option<String> {
        (self.index != TABLE).then(|| self.index.to_owned())
    }

    /// The part of the query that follows this sort key, in this order.
    pub fn after(&self, position: String, order: Order) -> Self {
        let range = match (&self.range, order) {
            (Range::All | Range::After(_), _) => Range::After(position),
            (Range::Between(_, high), Order::Ascending) => Range::Between(format!("{position}{LEAST}"), high.clone()),
            (Range::Between(low, _), Order::Descending) => Range::Between(low.clone(), before(position)),
        };
        Self { range, order, ..self.clone() }
    }

    /// The condition for the keys of the index.
    fn key(&self) -> Condition {
        let (partition, sort) = (if self.index == CHANGED { "ix1" } else { self.index }, self.sort());
        let key = Condition::equals(partition, text(self.partition.as_str()));
        match &self.range {
            Range::All => key,
            Range::After(after) => {
                let beyond = if self.order == Order::Ascending { ">" } else { "<" };
                key.and(Condition::compares(sort, beyond, text(after.as_str())))
            }
            Range::Between(low, high) => key.and(Condition::between(sort, text(low.as_str()), text(high.as_str()))),
        }
    }
}

/// The greatest sort key that is less than this one.
fn before(mut position: String) -> String {
    let last = position.pop().and_then(|last| char::from_u32(u32::from(last) - 1));
    position.extend(last.into_iter().chain([GREATEST]));
    position
}

impl Store {
    /// One page of a query: the key and the sort key of each entry, and the position of the next page. Reads at most `limit` entries.
    pub async fn query(
        &self,
        table: &str,
        query: &Query,
        from: Option<Item>,
        limit: Option<i32>,
    ) -> Result<(Vec<Item>, Option<Item>)> {
        // DynamoDB rejects a range whose ends are in the wrong order.
        if matches!(&query.range, Range::Between(low, high) if low > high) {
            return Ok((Vec::new(), None));
        }
        let key = query.key();
        let mut names = key.names;
        let mut values = key.values;
        let filter = query.filter.clone().map(|filter| {
            merge(&mut names, filter.names);
            merge(&mut values, filter.values);
            filter.expression
        });
        let response = self
            .client
            .query()
            .table_name(table)
            .set_index_name(query.name())
            .key_condition_expression(key.expression)
            .set_filter_expression(filter)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .projection_expression(if query.index == TABLE { "pk, sk".into() } else { format!("pk, sk, {}", query.sort()) })
            .scan_index_forward(query.order.is_forward())
            .set_exclusive_start_key(from)
            .set_limit(limit)
            .send()
            .await
            .map_err(Error::caused_by)?;
        Ok((response.items.unwrap_or_default(), response.last_evaluated_key))
    }

    /// The whole entries of a query, page by page.
    pub fn entries(&self, table: &str, query: &Query) -> impl Stream<Item = Result<Vec<Item>>> + use<> {
        pages(self.call(table, query.key()).set_index_name(query.name()).scan_index_forward(query.order.is_forward()))
    }

    /// The last items of a partition of the table, in descending order, strongly consistent: at most `most`.
    pub async fn last(&self, table: &str, partition: String, most: usize) -> Result<Vec<Item>> {
        let key = Condition::equals("pk", text(partition));
        let (mut items, mut from) = (Vec::new(), None);
        loop {
            let left = i32::try_from(most - items.len()).unwrap_or(i32::MAX);
            let call =
                self.client.query().table_name(table).consistent_read(true).scan_index_forward(false).set_limit(Some(left));
            let response = call
                .key_condition_expression(key.expression.clone())
                .set_expression_attribute_names(key.names.clone())
                .set_expression_attribute_values(key.values.clone())
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(Error::caused_by)?;
            items.extend(response.items.unwrap_or_default());
            match response.last_evaluated_key {
                Some(next) if items.len() < most => from = Some(next),
                _ => {
                    form::check(table, &items)?;
                    return Ok(items);
                }
            }
        }
    }

    /// All items of a partition of the table in the order of their sort keys, strongly consistent.
    pub async fn partition(&self, table: &str, partition: String) -> Result<Vec<Item>> {
        Ok(self.partition_within(table, partition, None, usize::MAX).await?.unwrap_or_default())
    }

    /// [`partition`](Self::partition), or the items with sort keys `between` the two, inclusive. `None` if there are more than `most`.
    pub async fn partition_within(
        &self,
        table: &str,
        partition: String,
        between: Option<(&str, &str)>,
        most: usize,
    ) -> Result<Option<Vec<Item>>> {
        let mut key = Condition::equals("pk", text(partition));
        if let Some((low, high)) = between {
            key = key.and(Condition::between("sk", text(low), text(high)));
        }
        let limit = i32::try_from(most).ok().and_then(|most| most.checked_add(1));
        let mut pages = pin!(pages(self.call(table, key).consistent_read(true).set_limit(limit)));
        let mut items = Vec::new();
        while let Some(page) = pages.try_next().await? {
            items.extend(page);
            if items.len() > most {
                return Ok(None);
            }
        }
        Ok(Some(items))
    }

    /// One page of a partition of the table in this order of the sort keys, strongly consistent: at most `limit` items behind the sort key
    /// `after`, all or those with sort keys `between` the two, inclusive. With the sort key of the last item, if more may follow.
    pub async fn partition_page(
        &self,
        table: &str,
        partition: &str,
        between: Option<(&str, &str)>,
        after: Option<&str>,
        order: Order,
        limit: i32,
    ) -> Result<(Vec<Item>, Option<String>)> {
        let mut key = Condition::equals("pk", text(partition));
        if let Some((low, high)) = between {
            key = key.and(Condition::between("sk", text(low), text(high)));
        }
        let call = self.call(table, key).consistent_read(true).scan_index_forward(order.is_forward()).limit(limit);
        let from = after.map(|after| Key::new(partition, after).into_item());
        let response = call.set_exclusive_start_key(from).send().await.map_err(Error::caused_by)?;
        let last = response.last_evaluated_key.as_ref().and_then(Key::of).map(|key| key.sk);
        let items = response.items.unwrap_or_default();
        form::check(table, &items)?;
        Ok((items, last))
    }

    /// The number of entries of an index partition within a range; the count stops at `most`, or at 1 MB of entries.
    pub async fn index_count(
        &self,
        table: &str,
        index: &'static str,
        partition: String,
        range: Range,
        most: i32,
    ) -> Result<i64> {
        let query = Query { index, partition, range, order: Order::Ascending, filter: None };
        let call = self.call(table, query.key()).index_name(index);
        let response = call.select(Select::Count).limit(most).send().await.map_err(Error::caused_by)?;
        Ok(i64::from(response.count))
    }

    /// The items of a partition of the table with sort keys from this one on, strongly consistent, page by page.
    pub fn partition_pages(
        &self,
        table: &str,
        partition: String,
        from: String,
    ) -> impl Stream<Item = Result<Vec<Item>>> + use<> {
        let key = Condition::equals("pk", text(partition)).and(Condition::compares("sk", ">=", text(from)));
        pages(self.call(table, key).consistent_read(true))
    }

    /// Some attributes of the entries of an index, page by page.
    pub fn index_pages(
        &self,
        table: &str,
        index: &str,
        key: Condition,
        attributes: &str,
    ) -> impl Stream<Item = Result<Vec<Item>>> + use<> {
        pages(self.call(table, key).index_name(index).projection_expression(attributes))
    }

    /// The keys of all entries of an index partition.
    pub async fn index_keys(&self, table: &str, index: &str, key: Condition) -> Result<Vec<Key>> {
        let mut pages = pin!(self.index_pages(table, index, key, "pk, sk"));
        let mut keys = Vec::new();
        while let Some(page) = pages.try_next().await? {
            keys.extend(page.iter().filter_map(Key::of));
        }
        Ok(keys)
    }

    fn call(&self, table: &str, key: Condition) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(table)
            .key_condition_expression(key.expression)
            .set_expression_attribute_names(key.names)
            .set_expression_attribute_values(key.values)
    }
}

/// All pages of a query.
fn pages(call: QueryFluentBuilder) -> impl Stream<Item = Result<Vec<Item>>> {
    stream::try_unfold(Some(None), move |from: Option<Option<Item>>| {
        let call = call.clone();
        async move {
            let Some(from) = from else { return Ok(None) };
            let table = call.get_table_name().clone().unwrap_or_default();
            let response = call.set_exclusive_start_key(from).send().await.map_err(Error::caused_by)?;
            let items = response.items.unwrap_or_default();
            form::check(&table, &items)?;
            Ok(Some((items, response.last_evaluated_key.map(Some))))
        }
    })
}
