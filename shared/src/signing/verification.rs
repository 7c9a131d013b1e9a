//! Codes by text message (docs/contract/signing.txt, 1.2.4).

use super::Service;
use super::keys::code_key;
use super::values::PlatformCode;
use crate::error::{Error, Fault, Result};
use crate::storage::one_time_code::{self, Attempted, OneTimeCode};
use crate::storage::rate_limit::{Attempt, MESSAGES_FROM_AN_ADDRESS, MESSAGES_TO_A_PHONE};
use crate::storage::table::Write;
use crate::values::{Mobile, Secret};

impl Service {
    /// Sends a code to the phone of a user who solved the captcha. `address` is the IP address of the client.
    ///
    /// DynamoDB: one read, four writes.
    pub async fn send_code(
        &self,
        platform: &PlatformCode,
        captcha: Option<Secret<&str>>,
        captcha_code: Secret<&str>,
        phone: &Mobile,
        address: &str,
    ) -> Result<()> {
        let solved = match captcha {
            Some(id) => self.solve_captcha(id, captcha_code).await?,
            None => false,
        };
        if !solved {
            return Err(Error::invalid([Fault::new("captcha_code", "is wrong or used")]));
        }
        // The address is counted first: an address over its limit does not consume the phone's.
        MESSAGES_FROM_AN_ADDRESS.count(&self.counters(), &[address], Attempt::Succeeded).await?;
        MESSAGES_TO_A_PHONE.count(&self.counters(), &[phone.index()], Attempt::Succeeded).await?;
        // Each attempt raises a version by one, so this one, in milliseconds, is greater than any version of an older code.
        let version = self.clock.now().as_millisecond();
        let key = code_key(&self.keyring, platform, phone)?;
        let OneTimeCode { plain, item } = one_time_code::issue(&self.counters(), key, phone.index().as_bytes(), version)?;
        self.store.transact(vec![Write::Set { table: self.tables.credentials.clone(), item }]).await.map(drop)?;
        let (plain, minutes) = (plain.expose(), one_time_code::AGE.as_mins());
        let message = format!("【工桥】验证码 {plain}，{minutes} 分钟内有效，请勿告诉他人。");
        self.sms.send(phone, &message).await
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
