//! The text message to the contact of a webhook that is disabled.

use jiff::{SignedDuration, Timestamp};

use super::settings::Webhook;
use crate::error::{Kind, Result};
use crate::hris::Service;
use crate::hris::visits::sender;
use crate::outbound::sms::Message;
use crate::runtime::message_limits::{Cause, STOPS_TO_A_PHONE};
use crate::runtime::outbox::{Deliver as _, Outgoing};
use crate::storage::table::Write;

/// When it is too late to send it.
const VALID: SignedDuration = SignedDuration::from_hours(1);

impl Service {
    /// The write that has the message sent. `None` for a webhook without a contact, and above the limits of messages.
    ///
    /// DynamoDB: with a contact one read and five writes.
    pub(super) async fn message_of_stop(&self, webhook: &Webhook, now: Timestamp) -> Result<Option<Write>> {
        let Some(mobile) = &webhook.contact_mobile else { return Ok(None) };
        let company = self.company(&webhook.company_uuid).await?;
        let to_a_phone = (&STOPS_TO_A_PHONE, mobile);
        let counted = self.messages.count(&self.counters(), Cause::Product, &sender(&webhook.company_uuid), to_a_phone).await;
        match counted {
            Err(error) if matches!(error.kind(), Kind::TooManyRequests { .. }) => return Ok(None),
            counted => counted?,
        }
        let message = Message::WebhookDisabled {
            product: webhook.product_id.as_str().to_owned(),
            company: company.map(|company| company.name.as_str().to_owned()).unwrap_or_default(),
        };
        self.outbox().write(Outgoing { to: mobile, message, only_for: None, valid_until: now + VALID }).map(Some)
    }
}
