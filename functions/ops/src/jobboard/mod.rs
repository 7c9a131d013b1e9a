//! The commands that administer the job board (docs/design/jobboard.md): users and bans, jobs and their removal, orders, prices and vouchers.
//! The reads show sealed fields masked.

pub mod jobs;
pub mod orders;
pub mod users;
pub mod vouchers;

use deserr::Deserr;
use shared::storage::listing::{Order, PageOf};
use shared::values::input::Faults;
use shared::values::{Id, Text};

use crate::listing::{Direction, Limit, page_of};

/// What belongs to a user, page by page, the newest first unless `order` says otherwise.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct OfUser {
    user_id: Id,
    #[deserr(default)]
    limit: Limit,
    /// The `next_cursor` of the previous page.
    #[deserr(default)]
    cursor: Option<Text<1, 512>>,
    #[deserr(default)]
    order: Option<Direction>,
}

impl OfUser {
    fn page(&self) -> PageOf<'_> {
        page_of(&self.limit, self.cursor.as_ref(), self.order, Order::Descending)
    }
}
