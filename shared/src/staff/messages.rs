//! The text messages of the sign-in: see [`Outbox`](crate::runtime::outbox::Outbox). `ops-outbox` sends them to members alone.

use jiff::Timestamp;

use super::Service;
use crate::error::Result;
use crate::outbound::sms::Message;
use crate::runtime::outbox::{Deliver, Outbox, Outgoing, Waiting};
use crate::storage::table::Write;
use crate::values::Mobile;

/// What [`Outgoing::only_for`] names: a phone of a member.
const MEMBERS: &str = "members";

impl Service {
    /// The write that stores a message for a phone, which is sent if the phone is that of a member.
    pub(super) fn sign_in_message(&self, to: &Mobile, message: Message, valid_until: Timestamp) -> Result<Write> {
        self.outbox().write(Outgoing { to, message, only_for: Some(MEMBERS), valid_until })
    }
}

impl Deliver for Service {
    fn outbox(&self) -> Outbox<'_> {
        let Self { store, keyring, tables, sms, clock, .. } = self;
        Outbox { family: "staff", store, table: &tables.credentials, keyring, sms, now: clock.now() }
    }

    async fn is_wanted(&self, message: &Waiting) -> Result<bool> {
        Ok(self.member_of(&message.to).await?.is_some_and(|member| member.enabled))
    }
}
