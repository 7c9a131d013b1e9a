//! Codes sent to phones (document, 1.2.4).

use jiff::SignedDuration;

use super::Service;
use super::values::PlatformCode;
use crate::crypto::credentials::is_same;
use crate::crypto::random::random;
use crate::error::{Error, Fault, Result};
use crate::storage::rate_limit::{Attempt, MESSAGES_FROM_AN_ADDRESS, MESSAGES_TO_A_PHONE};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Key, VERSION, Write, expire};
use crate::values::Mobile;

/// How long a code is valid, and how often it may be tried.
const AGE: SignedDuration = SignedDuration::from_mins(5);
const TRIES: u32 = 5;

impl Service {
    /// Sends a code to the phone for whoever solved the captcha. `address` is where the request comes from.
    ///
    /// DynamoDB: two reads, four writes.
    pub async fn send_code(
        &self,
        platform: &PlatformCode,
        captcha: Option<&str>,
        captcha_code: &str,
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
        let now = self.clock.now();
        let table = &self.tables.credentials;
        // The address first: one that sends too much uses up nobody's phone.
        MESSAGES_FROM_AN_ADDRESS.count(&self.counters(), &[address], Attempt::Succeeded).await?;
        MESSAGES_TO_A_PHONE.count(&self.counters(), &[phone.national()], Attempt::Succeeded).await?;
        let code = format!("{:06}", u32::from_be_bytes(random()?) % 1_000_000);
        let mut item = self.code_key(platform, phone)?.into_item();
        item.insert("code".into(), text(self.code_digest(phone, &code)?));
        item.insert("tries".into(), number(0));
        // Greater than any change of the code before: who tries that one meanwhile does not write it back.
        item.insert(VERSION.into(), number(now.as_millisecond()));
        expire(&mut item, now + AGE);
        self.store.transact(vec![Write::Set { table: table.clone(), item }]).await?;
        let message = format!("【工桥】验证码 {code}，{} 分钟内有效，请勿告诉他人。", AGE.as_mins());
        self.sms.send(phone, &message).await
    }

    /// Whether this is the code that was sent to the phone. A try is counted before the code is looked at, so that no crowd of
    /// tries guesses it.
    ///
    /// DynamoDB: one read, one write.
    pub(super) async fn is_sent_code(&self, platform: &PlatformCode, phone: &Mobile, code: &str) -> Result<bool> {
        let counted = self.store.change(&self.tables.credentials, self.code_key(platform, phone)?, |item| {
            let mut next = item.clone();
            next.insert("tries".into(), number(read_integer::<u32>(item, "tries")? + 1));
            Ok(next)
        });
        let Some(item) = counted.await? else { return Ok(false) };
        Ok(read_integer::<u32>(&item, "tries")? <= TRIES
            && read_integer::<i64>(&item, "expires_at")? > self.clock.now().as_second()
            && is_same(read_text(&item, "code")?, self.code_digest(phone, code.trim())?))
    }

    fn code_key(&self, platform: &PlatformCode, phone: &Mobile) -> Result<Key> {
        let index = self.keyring.blind_index(&[b"code of", platform.as_str().as_bytes(), phone.national().as_bytes()])?;
        Ok(Key::new(format!("signing#code#{}", hex::encode(&index)), "code"))
    }

    /// A keyed digest: six digits could be guessed from a plain one.
    fn code_digest(&self, phone: &Mobile, code: &str) -> Result<String> {
        Ok(hex::encode(&self.keyring.blind_index(&[b"code", phone.national().as_bytes(), code.as_bytes()])?))
    }
}
