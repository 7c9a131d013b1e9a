//! Moves of applications as events of the HR API: `sign_state_changed` (docs/design/webhooks.md).

use super::Service;
use super::states::{Move, Signing};
use super::values::PlatformCode;
use crate::error::Result;
use crate::storage::company_changes::SignMove;
use crate::storage::table::Write;
use crate::values::Uuid;

impl Service {
    /// The company whose products get the moves of a platform's applications, as it was at most five seconds ago.
    pub(super) async fn company_of(&self, platform: &PlatformCode) -> Result<Option<Uuid>> {
        Ok(self.find_platform(platform).await?.and_then(|platform| platform.company_uuid))
    }

    /// The write that reports the last move of an application to the company's products, for the transaction of the move. `None` without a
    /// company, and if the application has no more moves than `before`.
    pub(super) fn notice(
        &self,
        company: Option<&Uuid>,
        platform: &PlatformCode,
        Signing { em_id, moves, .. }: &Signing,
        before: usize,
    ) -> Result<Option<Write>> {
        let (Some(company), Some(Move { from, to, at, .. })) = (company, moves.get(before..).and_then(|new| new.last())) else {
            return Ok(None);
        };
        let moved = SignMove {
            platform_code: platform.as_str().to_owned(),
            em_id: *em_id,
            status: u8::from(*to),
            previous_status: from.map(u8::from),
            changed_at: *at,
        };
        let now = self.clock.now();
        moved.put(&self.tables.credentials, company, self.ids.next(now)?, now).map(Some)
    }
}
