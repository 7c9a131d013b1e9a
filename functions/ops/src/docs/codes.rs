//! The codes of an API, as its OpenAPI document lists them.

use serde::Deserialize;

/// A status and code that an API returns.
#[derive(Deserialize)]
pub struct Failure {
    pub status: u16,
    pub code: u16,
    pub meaning: String,
}

/// A code that says what is wrong with a field.
#[derive(Deserialize)]
pub struct Reason {
    #[serde(rename = "reason_code")]
    pub code: String,
    pub meaning: String,
}
