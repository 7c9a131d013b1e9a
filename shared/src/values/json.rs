//! JSON that is stored as the client sent it.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use serde::{Deserialize, Serialize};

use super::Reason;
use crate::values::input::{Faults, Json};

/// The maximum length of the JSON text, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Any JSON value, stored as its JSON text. Numbers keep their digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verbatim(String);

impl Verbatim {
    /// `[]`.
    pub fn empty_list() -> Self {
        Self("[]".to_owned())
    }

    /// The value, for a response.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// The length of the JSON text, in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(value: &serde_json::Value) -> Result<Self, Reason> {
        let text = value.to_string();
        if text.len() <= MAX_BYTES { Ok(Self(text)) } else { Err("is longer than 64 KiB") }
    }
}

/// The value may contain personal data: `Debug` does not show it.
impl std::fmt::Debug for Verbatim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verbatim(..)")
    }
}

impl Deserr<Faults> for Verbatim {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        Self::of(&Json::of(value).into_inner()).map_err(|reason| Faults::one(at, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_of_a_number_is_kept() {
        let sent = r#"{"假期_11":null,"b":[1,-2,0.10,1e400,true,"x",{}]}"#;
        let kept: Verbatim = Json::parse(sent.as_bytes()).unwrap().read().unwrap();
        assert_eq!(kept.to_value(), serde_json::from_str::<serde_json::Value>(sent).unwrap());
        let long = format!("[{}1]", "1,".repeat(MAX_BYTES));
        assert!(Json::parse(long.as_bytes()).unwrap().read::<Verbatim>().is_err());
    }
}
