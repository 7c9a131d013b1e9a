//! The text messages that are sent after the response: see [`Outbox`]. `ops-outbox` sends them.

use super::Service;
use super::values::Uuid;
use crate::error::{Error, Result};
use crate::runtime::outbox::{Deliver, Outbox, Waiting};

impl Deliver for Service {
    fn outbox(&self) -> Outbox<'_> {
        let Self { store, keyring, tables, sms, clock, .. } = self;
        Outbox { family: "hris", store, table: &tables.credentials, keyring, sms, now: clock.now() }
    }

    /// A message for one company goes only to an employee who may consent there.
    async fn is_wanted(&self, message: &Waiting) -> Result<bool> {
        let Some(company) = &message.only_for else { return Ok(true) };
        let company = Uuid::parse(company).map_err(Error::internal)?;
        Ok(self.employee_of_mobile(&company, &message.to).await?.is_some_and(|employee| employee.may_consent()))
    }
}
