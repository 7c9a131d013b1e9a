//! Import: how the records come in that have no endpoint to write them.
//!
//! A row is stored by itself: a bad one is named and never spoils the rest. A row that is there already with the same content
//! changes nothing, so that an import that broke off is simply sent again. References are looked up and reported, and the row
//! is stored all the same: companies refer to themselves in circles (a department to its head, the head to the department),
//! and in no order of rows could every reference be there before it is named.

use std::collections::{HashMap, HashSet};

use super::Service;
use super::organization::{Company, company_key};
use super::row::{self, Alias, Entity, RECORD};
use super::values::{Status, Uuid};
use crate::error::{Error, Fault, Result};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Conflicts, Item, Key, Outcome, VERSION, Write};

/// The most writes of one transaction.
const MAX_WRITES: usize = 100;

/// What became of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum RowResult {
    /// With the fields that refer to what is not there.
    Created(Vec<&'static str>),
    Updated(Vec<&'static str>),
    Unchanged(Vec<&'static str>),
    /// Nothing of it is stored.
    Rejected(Vec<Fault>),
}

/// An import of one kind of record into one company, a batch of rows at a time.
pub struct Import<'a, T> {
    service: &'a Service,
    company: Uuid,
    /// References that were found.
    known: HashSet<Key>,
    kind: std::marker::PhantomData<T>,
}

/// A row with what it asks to be stored under.
struct Planned<T> {
    /// Its place among the rows.
    at: usize,
    content: T,
    key: Key,
    aliases: Vec<Alias>,
}

impl Service {
    /// Begins an import into a company that exists.
    pub async fn import<T: Entity>(&self, company: Uuid) -> Result<Import<'_, T>> {
        match self.store.get(&self.tables.hris, company_key(&company)).await? {
            Some(_) => Ok(Import::new(self, company)),
            None => Err(super::missing("company_uuid")),
        }
    }

    /// Stores companies themselves.
    pub async fn import_companies(&self, rows: Vec<Company>) -> Result<Vec<RowResult>> {
        let mut results = Vec::with_capacity(rows.len());
        for row in rows {
            let mut import = Import::<Company>::new(self, row.uuid.clone());
            results.extend(import.store(vec![row]).await?);
        }
        Ok(results)
    }
}

impl<'a, T: Entity> Import<'a, T> {
    fn new(service: &'a Service, company: Uuid) -> Self {
        Self { service, company, known: HashSet::new(), kind: std::marker::PhantomData }
    }

    /// Stores rows; one result each, in order.
    ///
    /// DynamoDB, for each hundred writes (a row is one, an employee up to three): one batch that reads what is there and one
    /// transaction, if anything changes; and a batch for references that were not met before.
    pub async fn store(&mut self, rows: Vec<T>) -> Result<Vec<RowResult>> {
        let mut results: Vec<Option<RowResult>> = vec![None; rows.len()];
        let (mut chunk, mut keys, mut writes) = (Vec::new(), HashSet::new(), 0);
        for (at, content) in rows.into_iter().enumerate() {
            let faults = content.faults();
            if !faults.is_empty() {
                results[at] = Some(RowResult::Rejected(faults));
                continue;
            }
            let planned = self.plan(at, content)?;
            // Beside writing its copies, one that is no longer asked for is removed.
            let most = 1 + if planned.aliases.is_empty() { 0 } else { planned.aliases.len() + 1 };
            if writes + most > MAX_WRITES || planned.keys().any(|key| keys.contains(key)) {
                self.store_chunk(std::mem::take(&mut chunk), &mut results).await?;
                keys.clear();
                writes = 0;
            }
            writes += most;
            keys.extend(planned.keys().cloned());
            chunk.push(planned);
        }
        self.store_chunk(chunk, &mut results).await?;
        results.into_iter().map(|result| result.ok_or_else(|| Error::internal("a row without a result"))).collect()
    }

    fn plan(&self, at: usize, content: T) -> Result<Planned<T>> {
        let key = Key::new(content.partition(&self.company), content.id());
        let aliases = content.aliases(&self.company, &self.service.keyring)?;
        Ok(Planned { at, content, key, aliases })
    }

    async fn store_chunk(&mut self, chunk: Vec<Planned<T>>, results: &mut [Option<RowResult>]) -> Result<()> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.meet_references(&chunk).await?;
        let (mut rest, mut conflicts) = (&chunk[..], Conflicts::default());
        while !rest.is_empty() {
            match self.try_rows(rest, results).await? {
                Some(done) => (rest, conflicts) = (&rest[done..], Conflicts::default()),
                None => conflicts.pause().await?,
            }
        }
        Ok(())
    }

    /// Stores the rows as far as they may be, up to one that must see what became of those before it: how many, or `None` where
    /// others changed something meanwhile.
    async fn try_rows(&mut self, rows: &[Planned<T>], results: &mut [Option<RowResult>]) -> Result<Option<usize>> {
        let mut stored = self.read(rows.iter().flat_map(Planned::keys).cloned().collect()).await?;
        let mut left = Vec::new();
        for row in rows {
            if let Some(item) = stored.get(&row.key) {
                let current: T = row::read(&self.service.keyring, item.clone())?;
                left.extend(current.aliases(&self.company, &self.service.keyring)?.into_iter().map(|alias| alias.key));
            }
        }
        left.retain(|key| !stored.contains_key(key));
        stored.extend(self.read(left).await?);

        let (mut changes, mut written) = (Vec::new(), HashSet::new());
        for row in rows {
            let change = self.change(row, &stored)?;
            let writes = change.as_ref().map_or(&[][..], Change::writes);
            let touched: Vec<Key> = writes.iter().filter_map(Write::key).collect();
            if row.keys().chain(&touched).any(|key| written.contains(key)) {
                break;
            }
            written.extend(touched);
            if change.is_err() && !stored.contains_key(&row.key) {
                self.known.remove(&row.key);
            }
            changes.push(change);
        }
        let (done, mut writes) = (changes.len(), Vec::new());
        for (row, change) in rows.iter().zip(changes) {
            let missing = self.missing(&row.content);
            results[row.at] = Some(match change {
                Err(fault) => RowResult::Rejected(vec![fault]),
                Ok(Change::None) => RowResult::Unchanged(missing),
                Ok(Change::Created(new)) => {
                    writes.extend(new);
                    RowResult::Created(missing)
                }
                Ok(Change::Updated(new)) => {
                    writes.extend(new);
                    RowResult::Updated(missing)
                }
            });
        }
        if writes.is_empty() {
            return Ok(Some(done));
        }
        match self.service.store.transact(writes).await? {
            Outcome::Written => Ok(Some(done)),
            Outcome::Rejected(_) => Ok(None),
        }
    }

    /// What must be written for a row beside what is stored.
    fn change(&self, row: &Planned<T>, stored: &HashMap<Key, Item>) -> Result<Result<Change, Fault>> {
        let table = &self.service.tables.hris;
        let keyring = &self.service.keyring;
        let own = row.content.id();
        let current = stored.get(&row.key);
        let before: Option<T> = current.map(|item| row::read(keyring, item.clone())).transpose()?;
        if let Some(Err(fault)) = before.as_ref().map(|before| before.may_become(&row.content)) {
            return Ok(Err(fault));
        }
        let version = 1 + current.map_or(Ok(0), |item| read_integer::<u64>(item, VERSION))?;
        let mut writes = Vec::new();
        let mut kept = vec![&row.key];
        let mut complete = true;
        for alias in &row.aliases {
            let holder = stored.get(&alias.key);
            let is_own = holder.map_or(Ok(true), |item| read_text(item, RECORD).map(|record| record == own))?;
            let is_yielded = !is_own && holder.is_some_and(has_left);
            if !is_own && alias.yields {
                continue;
            }
            if !is_own && !is_yielded {
                return Ok(Err(Fault::new(alias.field, "belongs to another record")));
            }
            complete &= is_own && holder.is_some();
            kept.push(&alias.key);
            let item = row::copy(keyring, &self.company, &row.content, version, &alias.key)?;
            writes.push(Write::Put { table: table.clone(), item, condition: unchanged(holder)? });
        }
        if complete && before.as_ref() == Some(&row.content) {
            return Ok(Ok(Change::None));
        }
        let item = row::write(keyring, &self.company, &row.content, version)?;
        writes.push(Write::Put { table: table.clone(), item, condition: unchanged(current)? });
        for alias in before.as_ref().map_or(Ok(Vec::new()), |before| before.aliases(&self.company, keyring))? {
            let holder = stored.get(&alias.key);
            if !kept.contains(&&alias.key) && holder.map(|item| read_text(item, RECORD)).transpose()?.as_deref() == Some(&own) {
                writes.push(Write::Delete { table: table.clone(), key: alias.key, condition: Some(unchanged(holder)?) });
            }
        }
        Ok(Ok(if before.is_some() { Change::Updated(writes) } else { Change::Created(writes) }))
    }

    /// Looks for the references of these rows that were not met before.
    async fn meet_references(&mut self, chunk: &[Planned<T>]) -> Result<()> {
        self.known.extend(chunk.iter().flat_map(Planned::keys).cloned());
        let named = chunk.iter().flat_map(|row| row.content.references(&self.company)).map(|(_, key)| key);
        let unknown: HashSet<Key> = named.filter(|key| !self.known.contains(key)).collect();
        let found = self.read(unknown.into_iter().collect()).await?;
        self.known.extend(found.into_keys());
        Ok(())
    }

    fn missing(&self, content: &T) -> Vec<&'static str> {
        let references = content.references(&self.company).into_iter();
        references.filter(|(_, key)| !self.known.contains(key)).map(|(field, _)| field).collect()
    }

    async fn read(&self, mut keys: Vec<Key>) -> Result<HashMap<Key, Item>> {
        let mut seen = HashSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        let items = self.service.store.get_all(&self.service.tables.hris, keys).await?;
        Ok(items.into_iter().filter_map(|item| Some((Key::of(&item)?, item))).collect())
    }
}

/// What a row asks for.
enum Change {
    None,
    Created(Vec<Write>),
    Updated(Vec<Write>),
}

impl Change {
    fn writes(&self) -> &[Write] {
        match self {
            Self::None => &[],
            Self::Created(writes) | Self::Updated(writes) => writes,
        }
    }
}

impl<T> Planned<T> {
    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.key).chain(self.aliases.iter().map(|alias| &alias.key))
    }
}

/// What stands under a key is still what was read.
fn unchanged(stored: Option<&Item>) -> Result<Condition> {
    match stored {
        None => Ok(Condition::absent()),
        Some(item) => Ok(Condition::equals(VERSION, number(read_integer::<u64>(item, VERSION)?))
            .and(Condition::equals(RECORD, text(read_text(item, RECORD)?)))),
    }
}

/// Whether a copy belongs to somebody who left: its key may pass to somebody else.
fn has_left(item: &Item) -> bool {
    item.get("status").and_then(|status| status.as_s().ok()).is_some_and(|status| status == Status::Dimission.as_str())
}
