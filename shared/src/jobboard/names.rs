//! Names of users that staff decide on: WeChat is not sure of them, or they could be taken for a bank or for this platform
//! (docs/design/jobboard.md, Moderation). Until then others see the name before.

use super::keys::user_object;
use super::users::User;
use super::{Service, keys, missing};
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{Act, Change};
use crate::values::{Id, Text};

/// What staff decide.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NameDecision {
    Approved,
    Rejected,
}

impl Service {
    /// Decides on the name of a user that waits. `name` is the one that the member of staff has seen: another one is a conflict. A repeated
    /// decision changes nothing.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn decide_name(&self, act: &Act, id: Id, name: &Text<1, 32>, decision: NameDecision) -> Result<User> {
        let waits = |user: &User| user.name_in_review.as_ref().is_some_and(|waiting| waiting.as_str() == name.as_str());
        let change = |user: &mut User| {
            let is_decided = waits(user);
            if is_decided {
                let waiting = user.name_in_review.take();
                user.name = waiting.filter(|_| decision == NameDecision::Approved).unwrap_or_else(|| user.name.clone());
            }
            is_decided
        };
        let user = self.change_account(id, Some((act, Change::of(user_object(id)))), change).await?;
        let user = user.filter(|user| !user.is_detached()).ok_or_else(|| missing("user"))?;
        match &user.name_in_review {
            Some(_) => Err(Error::conflict(Fault::new("name", "is not the one that waits"))),
            None => Ok(user),
        }
    }
}

impl User {
    /// The index partition that lists the user.
    pub(super) fn list(&self) -> Option<&'static str> {
        self.name_in_review.as_ref().map(|_| keys::NAMES_IN_REVIEW)
    }
}
