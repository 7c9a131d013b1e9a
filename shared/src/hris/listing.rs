//! The lists of access keys and of apps, which administrators read: of all companies, or of one.

use serde::de::DeserializeOwned;

use super::Service;
use super::keys::partition;
use super::values::Uuid;
use crate::error::Result;
use crate::storage::listing::{self, Listed, PageOf};
use crate::storage::table::Item;
use crate::storage::table::attribute::text;
use crate::values::{Moment, RecordId};

/// Enters an item into the list of all companies and into that of its company.
pub(super) fn enter(item: &mut Item, list: &str, company: &Uuid, created_at: Moment, id: &RecordId) {
    item.insert("ix1".into(), text(list));
    item.insert("ix2".into(), text(partition(company, list)));
    item.insert("ixsk".into(), text(format!("{created_at}#{id}")));
}

impl Service {
    /// A page of a list.
    ///
    /// DynamoDB: one query, one batch read.
    pub(super) async fn listed<T: DeserializeOwned>(
        &self,
        list: &str,
        company: Option<&Uuid>,
        page: &PageOf<'_>,
    ) -> Result<Listed<T>> {
        let (index, partition) = match company {
            None => ("ix1", list.to_owned()),
            Some(company) => ("ix2", partition(company, list)),
        };
        listing::listed(&self.store, &self.keyring, &self.tables.hris, index, partition, page).await
    }
}
