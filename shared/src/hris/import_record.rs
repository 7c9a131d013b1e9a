//! The records of imports: who imported what, when, and what became of the rows.
//!
//! An import of several slices is one record. Each slice adds its rows to it, in a transaction of its own after those of the rows: only then the
//! results of all rows are known, and a slice whose rows change nothing has no other transaction. A record says where its next slice
//! begins, so that a repeated slice adds nothing. Like audit records, the records are kept for three years.
//!
//! A slice that fails in the middle adds nothing: its rows are in the audit records, and its repetition reports them as unchanged.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Service;
use super::import::{Done, RowResult};
use super::import_lines::{Kind, Lines, Position, Slice};
use super::keys::{IMPORTS, import_key, import_partition, partition, refused_key};
use super::values::Uuid;
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{self, Act, Change, Object};
use crate::storage::listing::{Listed, PageOf};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{Condition, Item, Key, VERSION, Write};
use crate::values::{Id, Moment, Text};

/// The most rejected rows that a record keeps, and the most bytes of those of one slice: DynamoDB stores items of at most 400 KB.
const MAX_REFUSED: usize = 1000;
const MAX_REFUSED_BYTES: usize = 256 * 1024;
/// The most faults of a rejected row, and the most characters of the name of a field, which may be the client's own.
const MAX_FAULTS: usize = 10;
const MAX_FIELD: usize = 64;
/// The bytes of a fault beside its texts.
const FAULT_BYTES: usize = 64;
/// Ids are below it. The list of imports begins with the newest.
const LAST_ID: u64 = 1 << 53;

/// An import, without its rejected rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportRecord {
    pub import_id: Id,
    /// Who began it.
    pub by: Text<1, 64>,
    pub kind: Kind,
    /// Companies themselves are imported into none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_uuid: Option<Uuid>,
    /// The key of the object with the rows; none if the command had them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The size of all rows.
    pub bytes: u64,
    pub counts: Counts,
    pub started_at: Moment,
    pub updated_at: Moment,
    /// Where the next slice begins; none if the import is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Position>,
    /// How many rejected rows are kept with their faults.
    kept: usize,
    expires_at: i64,
    version: u64,
}

/// How many rows had which result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub deleted: u64,
    pub refused: u64,
}

/// A rejected row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefusedRow {
    pub line: u64,
    pub errors: Vec<RowFault>,
}

/// What is wrong with a row: never the value itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowFault {
    pub field: String,
    pub reason: String,
}

impl Counts {
    pub fn rows(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.deleted + self.refused
    }

    fn add(&mut self, result: &RowResult) {
        *match result {
            RowResult::Valid { done: Done::Created, .. } => &mut self.created,
            RowResult::Valid { done: Done::Updated, .. } => &mut self.updated,
            RowResult::Valid { done: Done::Unchanged, .. } => &mut self.unchanged,
            RowResult::Valid { done: Done::Deleted, .. } => &mut self.deleted,
            RowResult::Rejected(_) => &mut self.refused,
        } += 1;
    }
}

impl ImportRecord {
    fn begin(import_id: Id, by: Text<1, 64>, slice: &Slice<'_>, bytes: u64) -> Self {
        let Slice { kind, company, lines, from, .. } = slice;
        let started_at = import_id.made_at();
        Self {
            import_id,
            by,
            kind: *kind,
            company_uuid: company.clone(),
            object: object(lines),
            bytes,
            counts: Counts::default(),
            started_at: started_at.into(),
            updated_at: started_at.into(),
            next: Some(*from),
            kept: 0,
            expires_at: (started_at + audit::KEPT).as_second(),
            version: 0,
        }
    }

    /// The end of the rows is imported.
    pub fn is_complete(&self) -> bool {
        self.next.is_none()
    }

    /// Whether the slice was added before.
    fn has(&self, slice: &Slice<'_>) -> bool {
        self.next.is_none_or(|next| slice.from.offset < next.offset)
    }

    fn to_item(&self) -> Result<Item> {
        let mut item: Item = serde_dynamo::to_item(self).map_err(Error::internal)?;
        item.extend(import_key(self.import_id).into_item());
        item.insert("ix1".into(), text(IMPORTS));
        if let Some(company) = &self.company_uuid {
            item.insert("ix2".into(), text(partition(company, IMPORTS)));
        }
        item.insert("ixsk".into(), text(Id::from_u64(LAST_ID.saturating_sub(self.import_id.as_u64())).sortable()));
        Ok(item)
    }

    fn is_kept(&self, now: Timestamp) -> bool {
        self.expires_at > now.as_second()
    }
}

impl Service {
    /// A page of the imports by age, of all companies or into one.
    ///
    /// DynamoDB: one query, one batch read.
    pub async fn list_imports(&self, company: Option<&Uuid>, page: &PageOf<'_>) -> Result<Listed<ImportRecord>> {
        // The sort key counts down.
        let page = PageOf { order: page.order.reversed(), ..*page };
        let mut listed = self.listed::<ImportRecord>(IMPORTS, company, &page).await?;
        let now = self.clock.now();
        listed.list.retain(|import| import.is_kept(now));
        Ok(listed)
    }

    /// An import, and the first 1,000 of its rejected rows.
    ///
    /// DynamoDB: one query for each 1 MB of rejected rows.
    pub async fn show_import(&self, import: Id) -> Result<(ImportRecord, Vec<RefusedRow>)> {
        let (mut record, mut refused) = (None, Vec::new());
        // Each slice with rejected rows keeps at least one of them.
        let items = self.store.partition_within(&self.tables.hris, import_partition(import), None, MAX_REFUSED + 1).await?;
        for mut item in items.unwrap_or_default() {
            if Key::of(&item) == Some(import_key(import)) {
                record = Some(serde_dynamo::from_item::<_, ImportRecord>(item).map_err(Error::internal)?);
            } else if let Some(rows) = item.remove("rows") {
                refused.extend(serde_dynamo::from_attribute_value::<_, Vec<RefusedRow>>(rows).map_err(Error::internal)?);
            }
        }
        let record = record.filter(|record| record.is_kept(self.clock.now())).ok_or_else(|| Error::missing("import_id"))?;
        Ok((record, refused))
    }

    /// The record of the import that a slice continues, or a new one.
    ///
    /// DynamoDB: one read; nothing for a new one.
    pub(super) async fn import_of(&self, act: &Act, id: Option<Id>, slice: &Slice<'_>, bytes: u64) -> Result<ImportRecord> {
        let Some(id) = id else {
            let (id, _) = self.stamp()?;
            return Ok(ImportRecord::begin(id, act.by()?, slice, bytes));
        };
        let stored = self.store.get(&self.tables.hris, import_key(id)).await?;
        let record: ImportRecord = match stored.map(serde_dynamo::from_item).transpose().map_err(Error::internal)? {
            Some(record) => record,
            None => return Err(Error::missing("from.import_id")),
        };
        let same = (record.kind, &record.company_uuid, &record.object, record.bytes);
        if same != (slice.kind, &slice.company, &object(&slice.lines), bytes) {
            return Err(Error::conflict(Fault::new("from.import_id", "is the id of an import of other rows")));
        }
        if record.next.is_some_and(|next| slice.from.offset >= next.offset && slice.from != next) {
            return Err(Error::conflict(Fault::new("from", "is not where the import continues")));
        }
        Ok(record)
    }

    /// Adds the results of a slice to the record of its import, unless they were added before.
    ///
    /// DynamoDB: one transaction.
    pub(super) async fn record_slice(
        &self,
        act: &Act,
        before: &ImportRecord,
        slice: &Slice<'_>,
        results: &[(u64, RowResult)],
        next: Option<Position>,
    ) -> Result<()> {
        if before.has(slice) {
            return Ok(());
        }
        let table = &self.tables.hris;
        let refused = refused_rows(results, MAX_REFUSED.saturating_sub(before.kept));
        let mut after = before.clone();
        results.iter().for_each(|(_, result)| after.counts.add(result));
        (after.next, after.kept, after.version) = (next, before.kept + refused.len(), before.version + 1);
        after.updated_at = self.clock.now().into();
        let item = after.to_item()?;
        let change = Change::of(Object::new("hris", "import", &[&before.import_id.to_string()]));
        let (change, condition) = match before.version {
            0 => (change.created(&item), Condition::absent()),
            version => (change.changed(&before.to_item()?, &item), Condition::equals(VERSION, number(version))),
        };
        let mut writes = vec![Write::Put { table: table.clone(), item, condition }];
        if !refused.is_empty() {
            let mut item = refused_key(before.import_id, slice.from.offset).into_item();
            item.insert("rows".into(), serde_dynamo::to_attribute_value(&refused).map_err(Error::internal)?);
            item.insert("expires_at".into(), number(after.expires_at));
            writes.push(Write::Set { table: table.clone(), item });
        }
        // If the condition fails, another invocation added the same slice meanwhile: no other one follows this version.
        self.store.transact_by(act, &change, writes).await.map(drop)
    }
}

/// The first rejected rows, at most `most`.
fn refused_rows(results: &[(u64, RowResult)], most: usize) -> Vec<RefusedRow> {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    for (line, result) in results {
        let RowResult::Rejected(faults) = result else { continue };
        let named =
            |fault: &Fault| RowFault { field: fault.field.chars().take(MAX_FIELD).collect(), reason: fault.reason.to_string() };
        let errors: Vec<RowFault> = faults.iter().take(MAX_FAULTS).map(named).collect();
        bytes += errors.iter().map(|fault| fault.field.len() + fault.reason.len() + FAULT_BYTES).sum::<usize>();
        if rows.len() == most || bytes > MAX_REFUSED_BYTES {
            break;
        }
        rows.push(RefusedRow { line: *line, errors });
    }
    rows
}

fn object(lines: &Lines<'_>) -> Option<String> {
    match lines {
        Lines::Object(key) => Some((*key).to_owned()),
        Lines::Inline(_) => None,
    }
}
