//! Finds the code and the Chinese text of a reason.

use super::codes::Code;
use super::table::TABLE;

/// A reason that the table has.
pub struct Explained<'a> {
    pub code: Code,
    text: &'static str,
    values: Vec<(&'static str, &'a str)>,
}

impl Explained<'_> {
    /// The text in Chinese. `shown` says how the value of a name is shown.
    pub fn text(&self, shown: impl Fn(&str, &str) -> String) -> String {
        let fill = |text: String, (name, value): &(&str, &str)| text.replace(&format!("{{{name}}}"), &shown(name, value));
        self.values.iter().fold(self.text.to_owned(), fill)
    }
}

/// Looks a reason up.
pub fn explained(said: &str) -> Option<Explained<'_>> {
    TABLE.iter().find_map(|(pattern, code, text)| Some(Explained { code: *code, text, values: matched(pattern, said)? }))
}

/// The values in place of the names of a pattern, if the text is one of it.
fn matched<'a>(pattern: &'static str, text: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let mut parts = pattern.split('{');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut values = Vec::new();
    for part in parts {
        let (name, after) = part.split_once('}')?;
        let end = if after.is_empty() { rest.len() } else { rest.find(after)? };
        values.push((name, &rest[..end]));
        rest = &rest[end + after.len()..];
    }
    rest.is_empty().then_some(values)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_text() {
        assert_eq!(matched("from {a} to {b}", "from 1 to 2 to 3"), Some(vec![("a", "1"), ("b", "2 to 3")]));
        assert_eq!(matched("{a} elements", "7 elements"), Some(vec![("a", "7")]));
        for other in ["from 1", "a from 1 to 2", ""] {
            assert_eq!(matched("from {a} to {b}", other), None, "{other}");
        }
        assert_eq!(matched("{a} elements", "7 elements more"), None);
    }

    #[test]
    fn every_pattern_is_the_first_that_matches_it_and_every_code_is_used() {
        let mut used = BTreeSet::from([Code::Invalid.as_str()]);
        for (pattern, code, text) in TABLE {
            let example = pattern.replace(['{', '}'], "");
            let found = explained(&example).unwrap();
            assert_eq!((found.code, found.text), (*code, *text), "{pattern}");
            used.insert(code.as_str());
        }
        assert_eq!(used, Code::ALL.iter().map(|code| code.as_str()).collect());
    }
}
