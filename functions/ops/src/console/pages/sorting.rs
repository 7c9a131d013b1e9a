//! The direction of a list. The heading of the column by which its command sorts leads to the other direction, which is in the address like a
//! filter.

use serde_json::{Map, Value};
use shared::storage::listing::Order;

use super::visit::Pairs;
use crate::commands;

/// The field of the commands and of the address.
pub const FIELD: &str = "order";

/// Where another page is.
pub enum Next {
    Address(String),
    Form(Vec<(String, String)>),
}

/// The heading of the column by which a list is sorted.
pub struct Sort {
    /// The value of `aria-sort`.
    pub state: &'static str,
    /// The first page in the other direction.
    pub other: Next,
}

fn word(order: Order) -> &'static str {
    match order {
        Order::Ascending => "ascending",
        Order::Descending => "descending",
    }
}

/// The direction that a command lists in by itself, if it has two.
fn usual(command: &str) -> Option<Order> {
    commands::named(command).ok()?.order
}

/// Adds the direction to the fields of a command that has two.
pub fn directed(command: &str, fields: &mut Map<String, Value>, entered: &Pairs) {
    let order = entered.get(FIELD);
    if usual(command).is_some() && !order.is_empty() {
        fields.insert(FIELD.into(), order.into());
    }
}

impl Sort {
    /// `next` makes the other page of the fields of a page.
    pub fn of(command: &str, entered: &Pairs, next: impl FnOnce(Vec<(String, String)>) -> Next) -> Option<Self> {
        let usual = usual(command)?;
        let order = if entered.get(FIELD) == word(usual.reversed()) { usual.reversed() } else { usual };
        let is_kept = |name: &str| ![FIELD, "cursor", "_token"].contains(&name);
        let mut pairs: Vec<_> = entered.0.iter().filter(|(name, value)| is_kept(name) && !value.is_empty()).cloned().collect();
        if order == usual {
            pairs.push((FIELD.into(), word(order.reversed()).into()));
        }
        Some(Self { state: word(order), other: next(pairs) })
    }
}
