//! Import: writes the records that have no write endpoint.
//!
//! Each row is stored by itself: an invalid row is reported and does not affect the others. A row that is stored already with the same
//! content changes nothing, so an interrupted import is simply repeated. A row with unknown references is stored, too, and the references
//! are reported: they can be circular (a department refers to its head, the head to the department), so no order of rows could avoid
//! unknown ones.
//!
//! A dry run goes the same way, with one difference: what its rows would store it only imagines, so that later rows see it.

use std::collections::{HashMap, HashSet};

use super::Service;
use super::changes::{self, Touched, What};
use super::entity::{Alias, Entity};
use super::item::{RECORD, from_item, to_copy, to_item};
use super::keys::company_key;
use super::organization::Company;
use super::values::{Status, Uuid};
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{self, Act, Object, Row, changed};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Conflicts, Item, Key, Outcome, VERSION, Write};
use crate::values::{check_segment, choices};

/// The most writes of one transaction, without its audit record and what products learn of.
const MAX_WRITES: usize = 98;
/// The most bytes that one transaction writes, unless one row needs more: DynamoDB allows 4 MB. Sealed, the fields of a row take up to 8/3
/// of their length.
const MAX_BYTES: usize = 1_500_000;

choices! {
    /// What a valid row did.
    Done { Created = "created", Updated = "updated", Unchanged = "unchanged", Deleted = "deleted" }
}

/// The outcome of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum RowResult {
    Valid {
        done: Done,
        /// The names of the fields that are another or new.
        fields: Vec<String>,
        /// The fields that refer to records that do not exist.
        missing: Vec<&'static str>,
    },
    /// Nothing is stored.
    Rejected(Vec<Fault>),
}

/// What a row asks for.
pub enum Instruction<T> {
    Store(T),
    TakeBack(TakenBack),
}

/// A record to remove.
pub struct TakenBack {
    pub key: Key,
    /// The record's id in audit records.
    pub recorded_id: String,
}

/// Whether rows are stored.
#[derive(Clone, Copy)]
pub enum Mode<'a> {
    Real(&'a Act),
    Dry,
}

/// An import of one kind of record into one company, a batch of rows at a time.
pub struct Import<'a, T> {
    service: &'a Service,
    mode: Mode<'a>,
    company: Uuid,
    /// References that exist.
    known: HashSet<Key>,
    /// What the rows of a dry run would have stored.
    imagined: HashMap<Key, Option<Item>>,
    kind: std::marker::PhantomData<T>,
}

/// A row with the keys under which it is to be stored.
struct Planned<T> {
    /// Its index among the rows.
    at: usize,
    instruction: Instruction<T>,
    key: Key,
    aliases: Vec<Alias>,
}

impl Service {
    /// Begins an import into an existing company.
    pub async fn import<'a, T: Entity>(&'a self, mode: Mode<'a>, company: Uuid) -> Result<Import<'a, T>> {
        match self.store.get(&self.tables.hris, company_key(&company)).await? {
            Some(_) => Ok(Import::new(self, mode, company)),
            None => Err(Error::missing("company_uuid")),
        }
    }

    /// Stores companies.
    pub async fn import_companies(&self, mode: Mode<'_>, rows: Vec<Company>) -> Result<Vec<RowResult>> {
        let mut results = Vec::with_capacity(rows.len());
        let mut imagined = HashMap::new();
        for row in rows {
            let mut import = Import::<Company>::new(self, mode, row.uuid.clone());
            import.imagined = imagined;
            results.extend(import.store(vec![Instruction::Store(row)]).await?);
            imagined = import.imagined;
        }
        Ok(results)
    }
}

impl<'a, T: Entity> Import<'a, T> {
    fn new(service: &'a Service, mode: Mode<'a>, company: Uuid) -> Self {
        Self { service, mode, company, known: HashSet::new(), imagined: HashMap::new(), kind: std::marker::PhantomData }
    }

    /// Stores rows. Returns one result for each, in order.
    ///
    /// DynamoDB, for each hundred writes (one for a row, up to three for an employee): one batch that reads the stored records, one
    /// transaction if anything changes, and one batch for references that were not looked up before.
    pub async fn store(&mut self, rows: Vec<Instruction<T>>) -> Result<Vec<RowResult>> {
        let mut results: Vec<Option<RowResult>> = vec![None; rows.len()];
        let (mut chunk, mut keys, mut writes) = (Vec::new(), HashSet::new(), 0);
        for (at, instruction) in rows.into_iter().enumerate() {
            let faults = instruction.content().map(Entity::faults).unwrap_or_default();
            if !faults.is_empty() {
                results[at] = Some(RowResult::Rejected(faults));
                continue;
            }
            let planned = self.plan(at, instruction)?;
            // The record, its copies, and the removal of outdated copies: one for each index of phones.
            let outdated = self.service.keyring.keys().indexes().len();
            let most = 1 + if planned.aliases.is_empty() { 0 } else { planned.aliases.len() + outdated };
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

    fn plan(&self, at: usize, instruction: Instruction<T>) -> Result<Planned<T>> {
        let (key, aliases) = match &instruction {
            Instruction::Store(content) => {
                let key = Key::new(content.partition(&self.company), content.id());
                (key, content.aliases(&self.company, &self.service.keyring)?)
            }
            Instruction::TakeBack(TakenBack { key, .. }) => (key.clone(), Vec::new()),
        };
        Ok(Planned { at, instruction, key, aliases })
    }

    async fn store_chunk(&mut self, chunk: Vec<Planned<T>>, results: &mut [Option<RowResult>]) -> Result<()> {
        if chunk.is_empty() {
            return Ok(());
        }
        if matches!(self.mode, Mode::Real(_)) {
            self.service.keyring.record().await?;
        }
        self.look_up_references(&chunk).await?;
        let (mut rest, mut conflicts) = (&chunk[..], Conflicts::default());
        while !rest.is_empty() {
            match self.store_rows(rest, results).await? {
                Some(done) => (rest, conflicts) = (&rest[done..], Conflicts::default()),
                None => conflicts.pause().await?,
            }
        }
        Ok(())
    }

    /// Stores the first rows in one transaction, up to a row that conflicts with an earlier row of the transaction or makes it too large.
    /// Returns how many, or `None` after a version conflict.
    async fn store_rows(&mut self, rows: &[Planned<T>], results: &mut [Option<RowResult>]) -> Result<Option<usize>> {
        let mut stored = self.read(rows.iter().flat_map(Planned::keys).cloned().collect()).await?;
        let mut old_aliases = Vec::new();
        for row in rows {
            if let Some(item) = stored.get(&row.key) {
                let current: T = from_item(&self.service.keyring, item.clone())?;
                old_aliases.extend(current.aliases(&self.company, &self.service.keyring)?.into_iter().map(|alias| alias.key));
            }
        }
        old_aliases.retain(|key| !stored.contains_key(key));
        stored.extend(self.read(old_aliases).await?);

        let (mut changes, mut written, mut bytes) = (Vec::new(), HashSet::new(), 0);
        for row in rows {
            let change = self.plan_change(row, &stored)?;
            let touched: Vec<Key> = change.writes().iter().filter_map(Write::key).collect();
            bytes += change.writes().iter().map(Write::size).sum::<usize>();
            let is_too_large = bytes > MAX_BYTES && !written.is_empty();
            if is_too_large || row.keys().chain(&touched).any(|key| written.contains(key)) {
                break;
            }
            written.extend(touched);
            if matches!(change, Change::Rejected(_)) && !stored.contains_key(&row.key) {
                self.known.remove(&row.key);
            }
            changes.push(change);
        }
        let (done, mut writes, mut touched) = (changes.len(), Vec::new(), Vec::new());
        let mut recorded = audit::Change::of(Object::new("hris", T::KIND, &[self.company.as_str()]));
        for (row, change) in rows.iter().zip(changes) {
            let missing = row.instruction.content().map(|content| self.missing(content)).unwrap_or_default();
            results[row.at] = Some(match change {
                Change::Rejected(fault) => RowResult::Rejected(vec![fault]),
                Change::None => RowResult::Valid { done: Done::Unchanged, fields: Vec::new(), missing },
                Change::Made(done, new, changed, what) => {
                    writes.extend(new);
                    touched.push(Touched { id: row.key.sk.clone(), what });
                    let fields = changed.fields.clone();
                    recorded.row(changed);
                    RowResult::Valid { done, fields, missing }
                }
            });
        }
        if writes.is_empty() {
            return Ok(Some(done));
        }
        let act = match self.mode {
            Mode::Real(act) => act,
            Mode::Dry => {
                let stored = writes.iter().filter_map(|write| Some((write.key()?, write.item().cloned())));
                self.imagined.extend(stored);
                return Ok(Some(done));
            }
        };
        if let Some(subject) = T::SUBJECT {
            writes.push(self.service.notice(&self.company, &changes::Change::Records { subject, records: touched })?);
        }
        match self.service.store.transact_by(act, &recorded, writes).await? {
            Outcome::Written => Ok(Some(done)),
            Outcome::Rejected(_) => Ok(None),
        }
    }

    /// The change that a row makes to the stored records.
    fn plan_change(&self, row: &Planned<T>, stored: &HashMap<Key, Item>) -> Result<Change> {
        let table = &self.service.tables.hris;
        let keyring = &self.service.keyring;
        let current = stored.get(&row.key);
        let wanted = match (&row.instruction, current) {
            (Instruction::Store(content), _) => content,
            (Instruction::TakeBack(_), None) => return Ok(Change::None),
            (Instruction::TakeBack(TakenBack { key, recorded_id }), Some(item)) => {
                let condition = Some(unchanged(current)?);
                let delete = Write::Delete { table: table.clone(), key: key.clone(), condition };
                let before = Some(read_integer(item, VERSION)?);
                let row = Row { id: recorded_id.clone(), fields: vec!["deleted".into()], before, after: None };
                return Ok(Change::Made(Done::Deleted, vec![delete], row, What::Deleted));
            }
        };
        let own = wanted.id();
        let before: Option<T> = current.map(|item| from_item(keyring, item.clone())).transpose()?;
        let mut content = wanted.clone();
        if let Some(before) = &before {
            content.complete(before);
            if let Err(fault) = before.check_change(&content) {
                return Ok(Change::Rejected(fault));
            }
        }
        content.imported(self.service.clock.now());
        // A record that is stored already stays reachable and can be updated.
        if let (None, Some((field, code))) = (&before, wanted.chosen_id())
            && let Err(reason) = check_segment(code.as_str())
        {
            return Ok(Change::Rejected(Fault::new(field, reason)));
        }
        let version = 1 + current.map_or(Ok(0), |item| read_integer::<u64>(item, VERSION))?;
        let mut writes = Vec::new();
        let mut kept = vec![&row.key];
        let mut complete = true;
        for alias in &row.aliases {
            let holder = stored.get(&alias.key);
            let is_own = holder.map_or(Ok(true), |item| read_text(item, RECORD).map(|record| record == own))?;
            let is_released = !is_own && holder.is_some_and(has_left);
            if !is_own && alias.yields {
                continue;
            }
            if !is_own && !is_released {
                return Ok(Change::Rejected(Fault::new(alias.field, "belongs to another record")));
            }
            complete &= is_own && holder.is_some();
            kept.push(&alias.key);
            let item = to_copy(keyring, &self.company, &content, version, &alias.key)?;
            writes.push(Write::Put { table: table.clone(), item, condition: unchanged(holder)? });
        }
        if complete && before.as_ref() == Some(&content) {
            return Ok(Change::None);
        }
        let item = to_item(keyring, &self.company, &content, version)?;
        writes.push(Write::Put { table: table.clone(), item, condition: unchanged(current)? });
        for alias in before.as_ref().map_or(Ok(Vec::new()), |before| before.aliases(&self.company, keyring))? {
            let holder = stored.get(&alias.key);
            if !kept.contains(&&alias.key) && holder.map(|item| read_text(item, RECORD)).transpose()?.as_deref() == Some(&own) {
                writes.push(Write::Delete { table: table.clone(), key: alias.key, condition: Some(unchanged(holder)?) });
            }
        }
        let plain = |content: &T| serde_dynamo::to_item::<_, Item>(content).map_err(Error::internal);
        let fields = changed(&before.as_ref().map_or(Ok(Item::new()), plain)?, &plain(&content)?);
        let row = Row { id: content.recorded_id(), fields, before: before.as_ref().map(|_| version - 1), after: Some(version) };
        let done = if before.is_some() { Done::Updated } else { Done::Created };
        Ok(Change::Made(done, writes, row, content.happened(before.as_ref())))
    }

    /// Looks up the references of these rows that are not known yet.
    async fn look_up_references(&mut self, chunk: &[Planned<T>]) -> Result<()> {
        self.known.extend(chunk.iter().flat_map(Planned::keys).cloned());
        let contents = chunk.iter().filter_map(|row| row.instruction.content());
        let named = contents.flat_map(|content| content.references(&self.company)).map(|(_, key)| key);
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
        let imagined: HashMap<Key, Option<Item>> = keys
            .iter()
            .filter_map(|key| self.imagined.get_key_value(key))
            .map(|(key, item)| (key.clone(), item.clone()))
            .collect();
        keys.retain(|key| !imagined.contains_key(key));
        let mut items = self.service.store.get_map(&self.service.tables.hris, keys).await?;
        items.extend(imagined.into_iter().filter_map(|(key, item)| Some((key, item?))));
        Ok(items)
    }
}

/// What a row changes.
enum Change {
    None,
    Rejected(Fault),
    Made(Done, Vec<Write>, Row, What),
}

impl Change {
    fn writes(&self) -> &[Write] {
        match self {
            Self::None | Self::Rejected(_) => &[],
            Self::Made(_, writes, ..) => writes,
        }
    }
}

impl<T> Instruction<T> {
    pub(super) fn into_content(self) -> Option<T> {
        match self {
            Self::Store(content) => Some(content),
            Self::TakeBack(_) => None,
        }
    }

    fn content(&self) -> Option<&T> {
        match self {
            Self::Store(content) => Some(content),
            Self::TakeBack(_) => None,
        }
    }
}

impl<T> Planned<T> {
    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.key).chain(self.aliases.iter().map(|alias| &alias.key))
    }
}

/// The item under a key is still the one that was read.
pub(super) fn unchanged(stored: Option<&Item>) -> Result<Condition> {
    match stored {
        None => Ok(Condition::absent()),
        Some(item) => Ok(Condition::equals(VERSION, number(read_integer::<u64>(item, VERSION)?))
            .and(Condition::equals(RECORD, text(read_text(item, RECORD)?)))),
    }
}

/// Whether a copy belongs to an employee who left: another employee may take over its key.
fn has_left(item: &Item) -> bool {
    item.get("status").and_then(|status| status.as_s().ok()).is_some_and(|status| status == Status::Dimission.as_str())
}
