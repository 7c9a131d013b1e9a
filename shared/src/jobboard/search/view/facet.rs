//! Indexes for filters: each value once, with the rows that have it.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::Slot;
use super::bits::Rows;
use super::text::Texts;

/// Values and their codes. The codes of removed values are used again.
struct Dictionary<V: ?Sized> {
    codes: HashMap<Arc<V>, u32>,
    values: Vec<Option<Arc<V>>>,
    free: Vec<u32>,
}

impl<V: ?Sized> Default for Dictionary<V> {
    fn default() -> Self {
        Self { codes: HashMap::new(), values: Vec::new(), free: Vec::new() }
    }
}

impl<V: ?Sized + Eq + Hash> Dictionary<V> {
    /// `values` is ordered by code.
    fn of(values: Vec<Option<Arc<V>>>) -> Self {
        let coded = |(code, value): (usize, &Option<Arc<V>>)| Some((Arc::clone(value.as_ref()?), code as u32));
        let codes = values.iter().enumerate().filter_map(coded).collect();
        let free = (0..values.len()).filter(|code| values[*code].is_none()).map(|code| code as u32).collect();
        Self { codes, values, free }
    }

    /// The code of a value, and whether the value is new.
    fn code<T: ?Sized + Eq + Hash>(&mut self, value: &T) -> (u32, bool)
    where
        Arc<V>: Borrow<T> + for<'a> From<&'a T>,
    {
        if let Some(code) = self.codes.get(value) {
            return (*code, false);
        }
        let stored: Arc<V> = value.into();
        let code = self.free.pop().unwrap_or(self.values.len() as u32);
        if code as usize == self.values.len() {
            self.values.push(None);
        }
        self.values[code as usize] = Some(Arc::clone(&stored));
        self.codes.insert(stored, code);
        (code, true)
    }

    fn forget(&mut self, code: u32) {
        if let Some(value) = self.values[code as usize].take() {
            self.codes.remove(&value);
            self.free.push(code);
        }
    }

    fn has(&self, code: u32) -> bool {
        self.values.get(code as usize).is_some_and(Option::is_some)
    }
}

/// Texts and their rows.
#[derive(Default)]
pub(super) struct Facet {
    dictionary: Dictionary<str>,
    texts: Texts,
    rows: Vec<Rows>,
}

impl Facet {
    /// `values` is ordered by code. No row has a value yet.
    pub fn of(values: Vec<Option<Arc<str>>>) -> Self {
        let mut texts = Texts::default();
        let coded = (0..).zip(&values).filter_map(|(code, value)| Some((code, value.as_ref()?)));
        coded.for_each(|(code, value)| texts.push(code, value));
        Self { rows: values.iter().map(|_| Rows::default()).collect(), texts, dictionary: Dictionary::of(values) }
    }

    /// Adds a row with a value and returns the code. `all` is the number of slots.
    pub fn enter(&mut self, slot: Slot, value: &str, all: usize) -> u32 {
        let (code, is_new) = self.dictionary.code(value);
        if is_new {
            self.texts.push(code, value);
        }
        if code as usize == self.rows.len() {
            self.rows.push(Rows::default());
        }
        self.rows[code as usize].insert(slot, all);
        code
    }

    /// Adds a row with the value of a code. Returns false if the code is unknown.
    pub fn enter_coded(&mut self, slot: Slot, code: u32, all: usize) -> bool {
        let known = self.dictionary.has(code);
        if known {
            self.rows[code as usize].insert(slot, all);
        }
        known
    }

    pub fn leave(&mut self, slot: Slot, code: u32) {
        let rows = &mut self.rows[code as usize];
        rows.remove(slot);
        if rows.len() == 0 {
            self.dictionary.forget(code);
            self.texts.remove(code);
        }
    }

    /// The rows with this value.
    pub fn having(&self, value: &str) -> Option<&Rows> {
        self.dictionary.codes.get(value).map(|code| &self.rows[*code as usize])
    }

    /// The rows of each value that contains this text.
    pub fn containing(&self, part: &str) -> impl Iterator<Item = &Rows> {
        self.texts.containing(part).into_iter().map(|code| &self.rows[code as usize])
    }

    pub fn values(&self) -> &[Option<Arc<str>>] {
        &self.dictionary.values
    }
}

/// One kind of tags. A row has one set of tags; both tags and sets have codes.
#[derive(Default)]
pub(super) struct Tags {
    tags: Facet,
    sets: Dictionary<[u32]>,
    /// The number of rows of each set.
    uses: Vec<u32>,
}

impl Tags {
    /// `tags` and `sets` are ordered by code. No row has a set yet. None if a set contains an unknown code.
    pub fn of(tags: Vec<Option<Arc<str>>>, sets: Vec<Option<Arc<[u32]>>>) -> Option<Self> {
        let tags = Facet::of(tags);
        let known = sets.iter().flatten().all(|set| set.iter().all(|tag| tags.dictionary.has(*tag)));
        known.then(|| Self { tags, uses: vec![0; sets.len()], sets: Dictionary::of(sets) })
    }

    pub fn enter(&mut self, slot: Slot, tags: &[String], all: usize) -> u32 {
        let mut set: Vec<u32> = tags.iter().map(|tag| self.tags.enter(slot, tag, all)).collect();
        set.sort_unstable();
        set.dedup();
        let (code, _) = self.sets.code(set.as_slice());
        if code as usize == self.uses.len() {
            self.uses.push(0);
        }
        self.uses[code as usize] += 1;
        code
    }

    /// Adds a row with the set of a code. Returns false if a code is unknown.
    pub fn enter_coded(&mut self, slot: Slot, code: u32, all: usize) -> bool {
        let Some(set) = self.sets.values.get(code as usize).and_then(Option::as_ref) else { return false };
        self.uses[code as usize] += 1;
        set.iter().all(|tag| self.tags.enter_coded(slot, *tag, all))
    }

    pub fn leave(&mut self, slot: Slot, code: u32) {
        if let Some(set) = self.sets.values[code as usize].clone() {
            set.iter().for_each(|tag| self.tags.leave(slot, *tag));
        }
        self.uses[code as usize] -= 1;
        if self.uses[code as usize] == 0 {
            self.sets.forget(code);
        }
    }

    /// The rows with this tag.
    pub fn having(&self, tag: &str) -> Option<&Rows> {
        self.tags.having(tag)
    }

    pub fn values(&self) -> &[Option<Arc<str>>] {
        self.tags.values()
    }

    pub fn sets(&self) -> &[Option<Arc<[u32]>>] {
        &self.sets.values
    }
}
