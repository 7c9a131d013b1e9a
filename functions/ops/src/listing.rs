//! The lists that commands return, page by page.

use deserr::{Deserr, IntoValue, Value as Input, ValuePointerRef};
use serde_json::{Value, json};
use shared::storage::listing::Listed;
use shared::values::input::Faults;
use shared::values::{Text, unquoted_integer};

/// The page size: from 1 to 100.
pub struct Limit(pub u32);

impl Default for Limit {
    fn default() -> Self {
        Self(100)
    }
}

impl Deserr<Faults> for Limit {
    fn deserialize_from_value<V: IntoValue>(value: Input<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        match unquoted_integer(&value).and_then(|limit| u32::try_from(limit).ok()) {
            Some(limit @ 1..=100) => Ok(Self(limit)),
            _ => Err(Faults::one(at, "must be an integer from 1 to 100")),
        }
    }
}

/// The fields of a list that has no conditions.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct OnePage {
    #[deserr(default)]
    pub limit: Limit,
    /// The `next_cursor` of the previous page.
    #[deserr(default)]
    pub cursor: Option<Text<1, 512>>,
}

/// A page under the name of its list.
pub fn page<T>(name: &str, Listed { list, next_cursor }: Listed<T>, view: impl Fn(T) -> Value) -> Value {
    let list: Vec<Value> = list.into_iter().map(view).collect();
    json!({name: list, "next_cursor": next_cursor})
}
