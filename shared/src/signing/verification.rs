//! Codes by text message (docs/contract/signing.txt, 1.2.4).

use super::Service;
use super::keys::code_key;
use super::values::{PlatformCode, Worker};
use crate::error::{Error, Fault, Result};
use crate::outbound::sms::{Message, Purpose};
use crate::runtime::message_limits::{Cause, TO_A_PHONE};
use crate::storage::one_time_code::{self, Attempted, OneTimeCode};
use crate::storage::table::Write;
use crate::values::{Mobile, Secret};

/// What the client read in the picture of a captcha.
pub struct Solution<'a> {
    /// The id of the captcha.
    pub captcha: Option<Secret<&'a str>>,
    pub code: Secret<&'a str>,
}

impl Service {
    /// Whether a client must solve a captcha before a message. In a session the installation may demand none.
    pub fn needs_captcha(&self, worker: Option<&Worker>) -> bool {
        worker.is_none() || self.settings.session_needs_captcha
    }

    /// Sends a code to the phone of a client who solved the captcha, if one is needed. `address` is the IP address of the client.
    ///
    /// DynamoDB: one read, eight writes in a session, eleven without one.
    pub async fn send_code(
        &self,
        platform: &PlatformCode,
        worker: Option<&Worker>,
        solution: Option<Solution<'_>>,
        phone: &Mobile,
        address: &str,
    ) -> Result<()> {
        if self.needs_captcha(worker) {
            let solved = match solution {
                Some(Solution { captcha: Some(id), code }) => self.solve_captcha(id, code).await?,
                _ => false,
            };
            if !solved {
                return Err(Error::invalid([Fault::new("captcha_code", "is wrong or used")]));
            }
        }
        let user = worker.map(|worker| format!("{}#{}", worker.platform, worker.id));
        let cause = user.as_deref().map_or(Cause::Address(address), Cause::User);
        let sender = format!("signing#{platform}");
        self.messages.count(&self.counters(), cause, &sender, (&TO_A_PHONE, phone)).await?;
        // Each attempt raises a version by one, so this one, in milliseconds, is greater than any version of an older code.
        let version = self.clock.now().as_millisecond();
        let key = code_key(&self.keyring, platform, phone)?;
        let OneTimeCode { plain, item } = one_time_code::issue(&self.counters(), key, phone.index().as_bytes(), version)?;
        self.store.transact(vec![Write::Set { table: self.tables.credentials.clone(), item }]).await.map(drop)?;
        let message = Message::Code { code: plain, minutes: one_time_code::AGE.as_mins(), purpose: Purpose::Worker };
        self.sms.send(phone, &message, self.clock.now()).await
    }

    /// Whether this is the last code that was sent to the phone, and still valid.
    ///
    /// DynamoDB: one read, one write.
    pub(super) async fn is_sent_code(&self, platform: &PlatformCode, phone: &Mobile, code: Secret<&str>) -> Result<bool> {
        let key = code_key(&self.keyring, platform, phone)?;
        let attempted = one_time_code::attempt(&self.counters(), key, phone.index().as_bytes(), code.map(str::trim)).await?;
        Ok(matches!(attempted, Attempted::Right(_)))
    }
}
