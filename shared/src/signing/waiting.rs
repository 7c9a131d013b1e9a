//! How many applications wait for the reviewers of a company.

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::Service;
use super::directory::{Company, Listed as _};
use super::keys::{company_partition, listed_key};
use super::states::State;
use super::values::{Number, PlatformCode};
use crate::error::Result;
use crate::storage::table::Range;
use crate::values::Text;

/// Counts stop here: a reviewer with so many applications needs no exact number.
const COUNTED: i32 = 100;
/// How many companies are counted concurrently.
const AT_ONCE: usize = 4;

/// The applications of a company that wait for a decision. 100 means at least so many.
pub struct Waiting {
    pub company_id: Number,
    /// None if the platform has no such company.
    pub company_name: Option<Text<1, 64>>,
    /// In state 1.
    pub applied: i64,
    /// In state 2.
    pub approved: i64,
}

impl Service {
    /// The applications of these companies that wait for a decision.
    ///
    /// DynamoDB: one batch read; two queries for each company, which count at most 100 entries each.
    pub async fn waiting_applications(&self, platform: &PlatformCode, companies: &[Number]) -> Result<Vec<Waiting>> {
        let key = |company: Number| listed_key(platform, Company::KIND, company);
        let found = self.store.get_map(&self.tables.signing, companies.iter().copied().map(key).collect()).await?;
        let count = |company, state| {
            let partition = company_partition(platform, company, state);
            self.store.index_count(&self.tables.signing, "ix2", partition, Range::All, COUNTED)
        };
        let waiting = |company: Number| {
            let (item, applied, approved) =
                (found.get(&key(company)).cloned(), count(company, State::Applied), count(company, State::Approved));
            async move {
                let company_name =
                    item.map(|item| self.read_listed::<Company>(item)).transpose()?.map(|stored| stored.company_name);
                let (applied, approved) = tokio::try_join!(applied, approved)?;
                Ok(Waiting { company_id: company, company_name, applied, approved })
            }
        };
        let counts: Vec<_> = companies.iter().copied().map(waiting).collect();
        stream::iter(counts).buffered(AT_ONCE).try_collect().await
    }
}
