//! What products and staff ask of a webhook: a test event, a replay, to stop and to go on.

use super::settings::{State, Webhook, object};
use crate::error::{Error, Result};
use crate::hris::Service;
use crate::hris::changes::Change;
use crate::hris::keys::webhook_key;
use crate::hris::replay::{Once, Signer};
use crate::hris::values::{Code, Uuid};
use crate::storage::audit::{self, Act};
use crate::storage::table::Write;
use crate::values::Moment;

impl Service {
    /// Sends a test event to the webhook of the signer's product.
    pub async fn test_webhook(&self, signer: &Signer) -> Result<()> {
        self.webhook(&signer.company, &signer.product).await?;
        self.notice_once(signer, &Change::Tested { product: signer.product.clone() }).await
    }

    /// Sends an event again, with the id that it has.
    pub async fn replay_event(&self, signer: &Signer, event: &str) -> Result<()> {
        let change = self.replay_of(&signer.company, &signer.product, event).await?;
        self.notice_once(signer, &change).await
    }

    /// Sends all events since this time again.
    pub async fn replay_events(&self, signer: &Signer, since: Moment) -> Result<()> {
        let change = self.replay_since(&signer.company, &signer.product, since).await?;
        self.notice_once(signer, &change).await
    }

    /// Stores a change that a product asks for.
    ///
    /// DynamoDB: one transaction.
    async fn notice_once(&self, signer: &Signer, change: &Change) -> Result<()> {
        let notice = self.notice(&signer.company, change)?;
        match self.write_once(signer, &(), vec![notice]).await? {
            Once::Written | Once::Before(()) => Ok(()),
            Once::Rejected(_) => Err(Error::internal("the id of a change exists already")),
        }
    }

    /// Stops or resumes a webhook, by staff or because its receiver fails. What waits for one that is resumed is sent. `message` is for
    /// the contact.
    ///
    /// DynamoDB: one read, and if the state changes a transaction.
    pub(super) async fn set_webhook_state(
        &self,
        act: &Act,
        company: &Uuid,
        product: &Code,
        state: State,
        message: Option<Write>,
    ) -> Result<Webhook> {
        let stored = self.webhook(company, product).await?;
        if stored.state == state {
            return Ok(stored);
        }
        let (table, now) = (&self.tables.hris, self.clock.now());
        let changed = self.store.change_with(table, webhook_key(company, product), |item| {
            let mut webhook = self.read_webhook(item.clone())?;
            webhook.stopped_at = (state != State::Active).then(|| now.into());
            webhook.state = state;
            let recorded = audit::Change::of(object(company, product)).fields(&["state"]);
            let mut writes = vec![self.store.recording(act, &recorded)?];
            writes.extend(message.clone());
            if state == State::Active {
                writes.push(self.notice(company, &Change::Resumed { product: product.clone() })?);
            }
            Ok((self.webhook_item(&webhook)?, writes))
        });
        self.read_webhook(changed.await?.ok_or_else(|| Error::missing("webhook"))?)
    }

    /// Stops a webhook until staff resume it.
    pub async fn suspend_webhook(&self, act: &Act, company: &Uuid, product: &Code) -> Result<Webhook> {
        self.set_webhook_state(act, company, product, State::Suspended, None).await
    }

    /// Makes a webhook active.
    pub async fn resume_webhook(&self, act: &Act, company: &Uuid, product: &Code) -> Result<Webhook> {
        self.set_webhook_state(act, company, product, State::Active, None).await
    }

    /// Sends a test event, recorded.
    pub async fn send_test_event(&self, act: &Act, company: &Uuid, product: &Code) -> Result<()> {
        self.webhook(company, product).await?;
        let change = Change::Tested { product: product.clone() };
        self.notice_by(act, company, product, &change, "tested").await
    }

    /// Sends an event again, recorded.
    pub async fn replay_event_by(&self, act: &Act, company: &Uuid, product: &Code, event: &str) -> Result<()> {
        let change = self.replay_of(company, product, event).await?;
        self.notice_by(act, company, product, &change, "replayed").await
    }

    /// Sends all events since this time again, recorded.
    pub async fn replay_events_by(&self, act: &Act, company: &Uuid, product: &Code, since: Moment) -> Result<()> {
        let change = self.replay_since(company, product, since).await?;
        self.notice_by(act, company, product, &change, "replayed").await
    }

    async fn notice_by(&self, act: &Act, company: &Uuid, product: &Code, change: &Change, field: &'static str) -> Result<()> {
        let recorded = audit::Change::of(object(company, product)).fields(&[field]);
        let notice = self.notice(company, change)?;
        self.store.transact_by(act, &recorded, vec![notice]).await.map(drop)
    }
}
