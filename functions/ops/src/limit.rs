//! The page size of a list that a command returns.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use shared::values::input::Faults;
use shared::values::unquoted_integer;

/// From 1 to 100.
pub struct Limit(pub u32);

impl Default for Limit {
    fn default() -> Self {
        Self(100)
    }
}

impl Deserr<Faults> for Limit {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        match unquoted_integer(&value).and_then(|limit| u32::try_from(limit).ok()) {
            Some(limit @ 1..=100) => Ok(Self(limit)),
            _ => Err(Faults::one(at, "must be an integer from 1 to 100")),
        }
    }
}
