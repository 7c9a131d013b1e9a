//! Concatenated texts. One scan finds all texts that contain a given part.

use memchr::memmem::Finder;

/// The code of a removed text.
const GONE: u32 = u32::MAX;
/// The number of removed texts, in addition to half of all, before the rest is compacted.
const MAX_GONE: usize = 64;

#[derive(Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// The start and the code of each text.
    begins: Vec<(usize, u32)>,
    gone: usize,
}

impl Texts {
    pub fn push(&mut self, code: u32, text: &str) {
        self.begins.push((self.bytes.len(), code));
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Removes a text.
    pub fn remove(&mut self, code: u32) {
        let Some(at) = self.begins.iter().position(|(_, other)| *other == code) else { return };
        self.begins[at].1 = GONE;
        self.gone += 1;
        if self.gone > MAX_GONE + self.begins.len() / 2 {
            let old = std::mem::take(self);
            for at in 0..old.begins.len() {
                let (begin, code) = old.begins[at];
                if code != GONE {
                    self.begins.push((self.bytes.len(), code));
                    self.bytes.extend_from_slice(&old.bytes[begin..old.end(at)]);
                }
            }
        }
    }

    /// The codes of the texts that contain `part`.
    pub fn containing(&self, part: &str) -> Vec<u32> {
        let finder = Finder::new(part);
        let (mut codes, mut from, mut at) = (Vec::new(), 0, 0);
        while let Some(found) = finder.find(&self.bytes[from..]) {
            let found = from + found;
            at += self.begins[at..].partition_point(|(begin, _)| *begin <= found).saturating_sub(1);
            let (end, code) = (self.end(at), self.begins.get(at).map_or(GONE, |(_, code)| *code));
            if found + part.len() > end {
                // The match extends into the next text.
                from = found + 1;
                continue;
            }
            if code != GONE {
                codes.push(code);
            }
            if at + 1 >= self.begins.len() {
                break;
            }
            (from, at) = (end, at + 1);
        }
        codes
    }

    fn end(&self, at: usize) -> usize {
        self.begins.get(at + 1).map_or(self.bytes.len(), |(begin, _)| *begin)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_texts_that_contain_a_part_are_found(
            texts in proptest::collection::vec("[ab厨师]{1,4}", 0..300),
            removed in proptest::collection::vec(any::<u16>(), 0..250),
            part in "[ab厨师]{0,3}",
        ) {
            let mut all = Texts::default();
            (0..).zip(&texts).for_each(|(code, text)| all.push(code, text));
            let mut left: Vec<Option<&String>> = texts.iter().map(Some).collect();
            for at in removed {
                if !left.is_empty() {
                    let at = usize::from(at) % left.len();
                    all.remove(at as u32);
                    left[at] = None;
                }
            }
            let with_it = left.iter().enumerate().filter(|(_, text)| text.is_some_and(|text| text.contains(&part)));
            let expected: Vec<u32> = with_it.map(|(code, _)| code as u32).collect();
            prop_assert_eq!(all.containing(&part), expected);
        }
    }
}
