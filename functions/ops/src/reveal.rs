//! The command `reveal`: shows the whole value of one sealed field, which every read masks. The audit record comes first.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::staff::roles::Role;
use shared::storage::audit::{Change, Object};
use shared::values::input::Faults;
use shared::values::{Text, choices};
