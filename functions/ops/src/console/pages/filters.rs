//! The filter of the templates: `"ui.search"|t` is the text of this key.

use std::fmt::Display;

use super::super::texts::text;

pub fn t(key: impl Display, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(text(&key.to_string()).into_owned())
}
