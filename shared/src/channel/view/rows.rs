//! The records of one list in memory: what selects and orders them, 48 bytes each, and their ids.

use std::hash::{BuildHasher as _, RandomState};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::channel::Filter;
use crate::error::{Error, Result};
use crate::storage::table::attribute::read_text;
use crate::storage::table::{CHANGED, Item};
use crate::values::{Id, Moment, RecordId};

/// The attributes that name a parent. A record has at most two parents.
const PARENTS: [&str; 4] = ["channel_user_id", "channel_company_id", "channel_task_id", "channel_application_id"];
/// The attributes with few values.
const CODED: [&str; 2] = ["status", "payment_type"];
/// The number of records that are merged together while a list is loaded.
const BATCH: usize = 100_000;
/// `occurred_at` of a record without it.
const NEVER: i64 = i64::MIN;

/// The records of one kind of one channel, oldest first.
#[derive(Default)]
pub struct Rows {
    rows: Vec<Row>,
    /// The ids, one after the other: ids do not change, and records are not removed.
    ids: String,
    /// The values of [`CODED`]; the code of a value is its place.
    values: Vec<String>,
    /// Parents are compared by a keyed hash of 64 bits: two in 2^64 pairs are equal by chance.
    hasher: RandomState,
    /// Records that are not yet merged.
    new: Vec<Entry>,
}

struct Row {
    server_id: u64,
    /// Unix milliseconds.
    changed_at: i64,
    /// Unix seconds.
    occurred_at: i64,
    parents: [u64; 2],
    id_at: u32,
    id_length: u8,
    coded: [u8; 2],
}

/// An entry of the index `changed`.
struct Entry {
    id: String,
    row: Row,
}

impl Entry {
    fn key(&self) -> (u64, &str) {
        (self.row.server_id, &self.id)
    }
}

/// The records of one page, and the number of all that match.
pub struct Found {
    pub records: Vec<(Id, RecordId)>,
    pub total: u64,
}

impl Rows {
    /// In bytes.
    pub fn memory(&self) -> usize {
        self.rows.capacity() * size_of::<Row>() + self.ids.capacity()
    }

    /// Takes entries, which [`merge`](Self::merge) adds. Entries may be repeated; an older one of a record is ignored.
    pub fn take(&mut self, items: &[Item]) -> Result<()> {
        for item in items {
            let entry = self.read(item)?;
            match self.rows.binary_search_by(|row| self.key(row).cmp(&entry.key())) {
                Ok(at) => {
                    let known = &mut self.rows[at];
                    if entry.row.changed_at >= known.changed_at {
                        *known = Row { id_at: known.id_at, id_length: known.id_length, ..entry.row };
                    }
                }
                Err(_) => self.new.push(entry),
            }
        }
        if self.new.len() >= BATCH { self.merge() } else { Ok(()) }
    }

    /// Adds the records that were taken.
    pub fn merge(&mut self) -> Result<()> {
        let mut new = std::mem::take(&mut self.new);
        // Of two entries of a record the newer one comes first, and the other is removed.
        new.sort_by(|one, other| one.key().cmp(&other.key()).then(other.row.changed_at.cmp(&one.row.changed_at)));
        new.dedup_by(|one, other| one.key() == other.key());
        let Some(first) = new.first() else { return Ok(()) };
        // New records are newer than the others but for the differences between clocks: only the end has to be sorted.
        let from = self.rows.partition_point(|row| self.key(row) < first.key());
        // If the memory is full, it grows by a sixteenth: doubling it would waste too much.
        if self.rows.capacity() < self.rows.len() + new.len() {
            self.rows.reserve_exact(new.len() + self.rows.len() / 16);
        }
        let length: usize = new.iter().map(|entry| entry.id.len()).sum();
        if self.ids.capacity() < self.ids.len() + length {
            self.ids.reserve_exact(length + self.ids.len() / 16);
        }
        for Entry { id, row } in new {
            let id_at = u32::try_from(self.ids.len()).map_err(Error::internal)?;
            let id_length = u8::try_from(id.len()).map_err(Error::internal)?;
            self.ids.push_str(&id);
            self.rows.push(Row { id_at, id_length, ..row });
        }
        let ids = &self.ids;
        self.rows[from..].sort_by(|one, other| key(ids, one).cmp(&key(ids, other)));
        Ok(())
    }

    /// The records that satisfy the filter, newest first.
    pub fn page(&self, filter: &Filter, skip: u64, take: u32) -> Result<Found> {
        let (skip, take) = (usize::try_from(skip).unwrap_or(usize::MAX), take as usize);
        let mut found: Vec<&Row> = Vec::with_capacity(take);
        let total = if filter.is_everything() {
            found.extend(self.rows.iter().rev().skip(skip).take(take));
            self.rows.len()
        } else {
            let wanted = self.wanted(filter);
            let mut total = 0;
            for row in self.rows.iter().rev().filter(|row| wanted.as_ref().is_some_and(|wanted| wanted.has(row))) {
                if total >= skip && found.len() < take {
                    found.push(row);
                }
                total += 1;
            }
            total
        };
        let record = |row: &Row| Ok((Id::from_u64(row.server_id), RecordId::parse(self.key(row).1).map_err(Error::internal)?));
        Ok(Found { records: found.into_iter().map(record).collect::<Result<_>>()?, total: total as u64 })
    }

    fn key(&self, row: &Row) -> (u64, &str) {
        key(&self.ids, row)
    }

    fn read(&mut self, item: &Item) -> Result<Entry> {
        let changed = read_text(item, CHANGED)?;
        let mut parts = changed.splitn(3, '#');
        let (Some(changed_at), Some(server_id), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::internal("an entry of the order of changes without its parts"));
        };
        let mut parents = [0; 2];
        let named = PARENTS.iter().filter_map(|name| Some((*name, text_of(item, name)?)));
        parents.iter_mut().zip(named).for_each(|(parent, (name, id))| *parent = self.hash(name, id));
        let occurred_at = match item.get("occurred_at") {
            Some(AttributeValue::N(second)) => second.parse().map_err(Error::internal)?,
            _ => NEVER,
        };
        let row = Row {
            server_id: server_id.parse().map_err(Error::internal)?,
            changed_at: changed_at.parse().map_err(Error::internal)?,
            occurred_at,
            parents,
            id_at: 0,
            id_length: 0,
            coded: CODED.map(|name| text_of(item, name).map_or(0, |value| self.code(name, value))),
        };
        Ok(Entry { id: id.to_owned(), row })
    }

    fn hash(&self, name: &str, id: &str) -> u64 {
        self.hasher.hash_one((name, id))
    }

    /// The code of a value; 0 is that of none. The attributes have a dozen values together.
    fn code(&mut self, name: &str, value: &str) -> u8 {
        let known = self.known(name, value);
        known.unwrap_or_else(|| {
            self.values.push(format!("{name}={value}"));
            u8::try_from(self.values.len()).unwrap_or(u8::MAX)
        })
    }

    fn known(&self, name: &str, value: &str) -> Option<u8> {
        let is_it = |known: &String| known.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) == Some(value);
        self.values.iter().position(is_it).map(|at| u8::try_from(at + 1).unwrap_or(u8::MAX))
    }

    /// `None` if no record can match.
    fn wanted(&self, filter: &Filter) -> Option<Wanted> {
        let mut coded = [None; CODED.len()];
        for (name, value) in &filter.equal {
            let at = CODED.iter().position(|coded| coded == name)?;
            coded[at] = Some(self.known(name, value)?);
        }
        let parents = filter.parents.each_ref().map(|parent| parent.as_ref().map(|(name, id)| self.hash(name, id.as_str())));
        let bounded = filter.occurred_from.is_some() || filter.occurred_to.is_some();
        let from = filter.occurred_from.map_or(NEVER + i64::from(bounded), Moment::as_second);
        Some(Wanted { coded, parents, from, to: filter.occurred_to.map_or(i64::MAX, Moment::as_second) })
    }
}

/// A filter in the form of the rows.
struct Wanted {
    coded: [Option<u8>; CODED.len()],
    parents: [Option<u64>; 2],
    from: i64,
    to: i64,
}

impl Wanted {
    fn has(&self, row: &Row) -> bool {
        self.coded.iter().zip(row.coded).all(|(wanted, code)| wanted.is_none_or(|wanted| wanted == code))
            && self.parents.iter().flatten().all(|parent| row.parents.contains(parent))
            && self.from <= row.occurred_at
            && row.occurred_at <= self.to
    }
}

/// The place of a record in the list.
fn key<'a>(ids: &'a str, row: &Row) -> (u64, &'a str) {
    (row.server_id, &ids[row.id_at as usize..][..usize::from(row.id_length)])
}

fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::table::attribute::{number, text};

    fn entry(changed_at: u64, number_of: u64, status: &str) -> Item {
        let id = format!("APPLICATION-{number_of:012}");
        let attributes = [
            (CHANGED, text(format!("{changed_at:015}#{:016}#{id}", number_of << 12))),
            ("status", text(status)),
            ("channel_user_id", text(format!("USER-{}", number_of % 70))),
            ("occurred_at", number(number_of)),
        ];
        attributes.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn open() -> Filter {
        Filter { equal: vec![("status", "open")], ..Filter::default() }
    }

    #[test]
    fn a_hundred_thousand_records_take_eight_megabytes() {
        let mut rows = Rows::default();
        // Not in the order of their ids, as most have changed since they were created.
        let all: Vec<u64> = (0..100_000).map(|number| number * 7919 % 100_000).collect();
        for (time, page) in (0..).zip(all.chunks(4000)) {
            let page: Vec<Item> = page.iter().map(|number| entry(time, *number, "open")).collect();
            rows.take(&page).unwrap();
        }
        rows.merge().unwrap();
        let page = rows.page(&Filter::default(), 99_999, 2).unwrap();
        assert_eq!((page.total, page.records.len()), (100_000, 1));
        assert_eq!(page.records[0].1.as_str(), "APPLICATION-000000000000");
        let memory = rows.memory();
        assert!((7_000_000..8_000_000).contains(&memory), "{memory}");
    }

    #[test]
    fn the_newest_entry_of_a_record_counts_in_any_order() {
        for times in [[1, 2, 3], [3, 1, 2], [2, 3, 1], [3, 2, 1]] {
            for merges in [false, true] {
                let mut rows = Rows::default();
                for time in times {
                    rows.take(&[entry(time, 5, if time == 3 { "open" } else { "closed" })]).unwrap();
                    if merges {
                        rows.merge().unwrap();
                    }
                }
                rows.merge().unwrap();
                let totals = [Filter::default(), open()].map(|filter| rows.page(&filter, 0, 10).unwrap().total);
                assert_eq!(totals, [1, 1], "{times:?} {merges}");
            }
        }
    }
}
