//! Sheets of other programs, and what other programs read in the files that the system writes.

mod reading;
mod reasons;
mod written;

use std::collections::BTreeMap;

use ops::sheets::texts::Texts;

use crate::support::repository::read;

pub use written::compare;

/// The texts of sheets.
pub struct Catalogue(BTreeMap<String, String>);

impl Catalogue {
    pub fn open() -> Self {
        Self(serde_json::from_str(&read("functions/ops/texts/sheets.zh-CN.json")).unwrap())
    }
}

impl Texts for Catalogue {
    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}
