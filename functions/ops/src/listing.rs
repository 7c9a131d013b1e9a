//! The lists that commands return, page by page, in either direction of the key by which they are sorted.

use deserr::{Deserr, IntoValue, Value as Input, ValuePointerRef};
use serde_json::{Value, json};
use shared::storage::listing::{Listed, Order, PageOf};
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

/// The direction in which a list is read. Each list has a usual one: [`Command::order`](crate::command::Command::order).
#[derive(Clone, Copy, Deserr)]
#[deserr(error = Faults, rename_all = lowercase)]
pub enum Direction {
    Ascending,
    Descending,
}

/// The page that the fields of a list ask for.
pub fn page_of<'a, const MAX: usize>(
    Limit(size): &Limit,
    cursor: Option<&'a Text<1, MAX>>,
    order: Option<Direction>,
    usual: Order,
) -> PageOf<'a> {
    PageOf { size: *size, cursor: cursor.map(Text::as_str), order: in_order(order, usual) }
}

pub fn in_order(order: Option<Direction>, usual: Order) -> Order {
    match order {
        Some(Direction::Ascending) => Order::Ascending,
        Some(Direction::Descending) => Order::Descending,
        None => usual,
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
    #[deserr(default)]
    pub order: Option<Direction>,
}

impl OnePage {
    pub fn page(&self, usual: Order) -> PageOf<'_> {
        page_of(&self.limit, self.cursor.as_ref(), self.order, usual)
    }
}

/// A page under the name of its list.
pub fn page<T>(name: &str, Listed { list, next_cursor }: Listed<T>, view: impl Fn(T) -> Value) -> Value {
    let list: Vec<Value> = list.into_iter().map(view).collect();
    json!({name: list, "next_cursor": next_cursor})
}
