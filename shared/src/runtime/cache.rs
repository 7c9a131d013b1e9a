//! A short-lived cache in the memory of the process.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How long an entry is valid.
pub const AGE: SignedDuration = SignedDuration::from_secs(5);
/// The maximum number of entries. A full cache is cleared.
const ENTRIES: usize = 10_000;

pub struct Cache<K, V>(Mutex<HashMap<K, (V, Timestamp)>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// The value of the key, if it was put less than [`AGE`] ago.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q, now: Timestamp) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, seen) = entries.get(key)?;
        (now.duration_since(*seen) < AGE).then(|| value.clone())
    }

    pub fn put(&self, key: K, value: V, now: Timestamp) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES {
            entries.clear();
        }
        entries.insert(key, (value, now));
    }
}
