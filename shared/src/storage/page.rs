//! Pages of a list: by number, or by a cursor. The cost of a page by cursor does not grow with its depth.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use crate::crypto::keyring::{Keyring, Purpose};
use crate::error::{Error, Fault, Result};
use crate::values::Secret;

/// A request for a page, as the client sent it.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// The first page is 1.
    pub page: u32,
    pub size: u32,
    /// Replaces `page`.
    pub cursor: Option<String>,
}

impl PageRequest {
    /// The first page.
    pub fn first(size: u32) -> Self {
        Self { page: 1, size, cursor: None }
    }

    /// The page in the list of this scope. A fault of `cursor_field` if the cursor is invalid or belongs to another list.
    pub fn window(self, keyring: &Keyring, scope: &str, cursor_field: &'static str) -> Result<Window> {
        let Self { page, size, cursor } = self;
        match cursor {
            None => Ok(Window::Numbered { page, size }),
            Some(sealed) => match Cursor::open(&sealed, keyring, scope) {
                Some(cursor) => Ok(Window::After { cursor, size }),
                None => Err(foreign(cursor_field)),
            },
        }
    }

    /// The page of a list that is always empty. Such a list has no cursors.
    pub fn nothing<T>(&self, cursor_field: &'static str) -> Result<Page<T>> {
        match self.cursor {
            None => Ok(self.of(Vec::new())),
            Some(_) => Err(foreign(cursor_field)),
        }
    }

    /// The page of a list that was read completely.
    pub fn of<T>(&self, all: Vec<T>) -> Page<T> {
        let total = all.len() as u64;
        let skip = (self.page.max(1) - 1) as usize * self.size as usize;
        let list = all.into_iter().skip(skip).take(self.size as usize).collect();
        Page { list, total, page: self.page, page_size: self.size, next_cursor: None }
    }
}

fn foreign(cursor_field: &'static str) -> Error {
    Error::invalid([Fault::new(cursor_field, "is not a cursor of this list and filter")])
}

/// The requested page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Window {
    /// The first page is 1.
    Numbered { page: u32, size: u32 },
    /// The page after a cursor.
    After { cursor: Cursor, size: u32 },
}

/// One page of a list.
pub struct Page<T> {
    pub list: Vec<T>,
    /// The number of all entries. On a page by cursor, their number when the first page was read.
    pub total: u64,
    pub page: u32,
    pub page_size: u32,
    /// The cursor of the next page. `None` on the last page.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    pub fn try_map<U>(self, map: impl FnMut(T) -> Result<U>) -> Result<Page<U>> {
        let Self { list, total, page, page_size, next_cursor } = self;
        Ok(Page { list: list.into_iter().map(map).collect::<Result<_>>()?, total, page, page_size, next_cursor })
    }
}

/// The position of a client in a list. The sealed form carries an authentication code over the cursor and its list: a changed cursor, or
/// one of another tenant, list or filter, does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The sort key of the last entry that was returned or filtered out.
    pub position: String,
    /// The number of entries when the first page was read. The cost of counting them again would grow with the list.
    pub total: u64,
    /// The number of the next page.
    pub page: u32,
}

/// The length of the authentication code of a cursor, in bytes.
const CODE: usize = 16;

impl Cursor {
    /// The form that the client receives. `scope` names the list: tenant, resource, filter.
    pub fn seal(&self, keyring: &Keyring, scope: &str) -> Result<String> {
        let mut bytes = self.total.to_be_bytes().to_vec();
        bytes.extend(self.page.to_be_bytes());
        bytes.extend(self.position.as_bytes());
        let code = keyring.mac(Purpose::Cursor, &[scope.as_bytes(), &bytes])?;
        bytes.extend(&code.expose()[..CODE]);
        Ok(BASE64.encode(bytes))
    }

    pub fn open(sealed: &str, keyring: &Keyring, scope: &str) -> Option<Self> {
        let bytes = BASE64.decode(sealed).ok()?;
        let (bytes, code) = bytes.split_last_chunk::<CODE>()?;
        let ours = keyring.macs(Purpose::Cursor, &[scope.as_bytes(), bytes]);
        let code = Secret::new(code);
        if !ours.iter().any(|mac| Secret::new(&mac.expose()[..CODE]).is_same(&code)) {
            return None;
        }
        let (total, rest) = bytes.split_first_chunk::<8>()?;
        let (page, position) = rest.split_first_chunk::<4>()?;
        Some(Self {
            position: String::from_utf8(position.to_vec()).ok()?,
            total: u64::from_be_bytes(*total),
            page: u32::from_be_bytes(*page),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keyring() -> Keyring {
        Keyring::parse(Secret::new(r#"{"current":"k1","k1":"0123456789abcdef0123456789abcdef"}"#)).unwrap()
    }

    proptest! {
        #[test]
        fn a_cursor_opens_only_in_its_list(position in "[0-9]{1,20}", total: u64, page: u32, scope in ".{0,20}", other in ".{0,20}") {
            let cursor = Cursor { position, total, page };
            let sealed = cursor.seal(&keyring(), &scope).unwrap();
            prop_assert_eq!(Cursor::open(&sealed, &keyring(), &scope), Some(cursor));
            prop_assert_eq!(Cursor::open(&sealed, &keyring(), &other).is_some(), scope == other);
        }

        #[test]
        fn a_changed_cursor_does_not_open(position in "[0-9]{1,40}", total: u64, page: u32, at: prop::sample::Index, to in any::<char>()) {
            let sealed = Cursor { position, total, page }.seal(&keyring(), "list").unwrap();
            let mut changed = sealed.clone();
            let at = at.index(sealed.len());
            changed.replace_range(at..=at, &to.to_string());
            prop_assume!(changed != sealed);
            prop_assert_eq!(Cursor::open(&changed, &keyring(), "list"), None);
        }

        #[test]
        fn a_truncated_or_extended_cursor_does_not_open(position in "[0-9]{1,40}", total: u64, page: u32, at: prop::sample::Index, more in "[A-Za-z0-9_=-]{1,8}") {
            let sealed = Cursor { position, total, page }.seal(&keyring(), "list").unwrap();
            let at = at.index(sealed.len());
            for damaged in [sealed[..at].to_owned(), sealed[at + 1..].to_owned(), format!("{sealed}{more}"), format!("{more}{sealed}")] {
                prop_assert_eq!(Cursor::open(&damaged, &keyring(), "list"), None);
            }
        }

        #[test]
        fn opening_a_cursor_never_panics(text in ".{0,80}") {
            prop_assert_eq!(Cursor::open(&text, &keyring(), "list"), None);
        }
    }
}
