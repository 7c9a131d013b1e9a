//! Captchas: an image of four characters, to be typed before a message is sent (docs/contract/signing.txt, 1.2.3).

use jiff::SignedDuration;

use super::keys::captcha_key;
use super::{Service, picture};
use crate::crypto::credentials::is_same;
use crate::crypto::random::{random, random_token};
use crate::error::Result;
use crate::storage::sealed;
use crate::storage::table::attribute::{read_integer, read_text, text};
use crate::storage::table::{Condition, Outcome, Write, expire};

/// How long a captcha can be solved.
pub const AGE: SignedDuration = SignedDuration::from_mins(5);
const LENGTH: usize = 4;

pub struct Captcha {
    pub id: String,
    /// PNG.
    pub picture: Vec<u8>,
}

impl Service {
    /// DynamoDB: one write.
    pub async fn new_captcha(&self) -> Result<Captcha> {
        let id = random_token()?;
        let alphabet = picture::ALPHABET.as_bytes();
        let answer: String =
            random::<LENGTH>()?.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect();
        let key = captcha_key(&id);
        let mut item = key.clone().into_item();
        item.insert("answer".into(), text(answer.as_str()));
        expire(&mut item, self.clock.now() + AGE);
        sealed::seal(&self.keyring, &key, &["answer"], &mut item)?;
        // A conflict here can only be our own earlier write whose response was lost: the id is 256 random bits.
        self.store.put(&self.tables.credentials, item, Condition::absent()).await?;
        Ok(Captcha { id, picture: picture::draw(&answer, u64::from_be_bytes(random()?))? })
    }

    /// Whether the code is the text of the image. Single use: the first attempt consumes the captcha, even when attempts race.
    ///
    /// DynamoDB: one read, one write.
    pub(super) async fn solve_captcha(&self, id: &str, code: &str) -> Result<bool> {
        let table = &self.tables.credentials;
        let key = captcha_key(id);
        let Some(mut item) = self.store.get(table, key.clone()).await? else { return Ok(false) };
        let consume = Write::Delete { table: table.clone(), key: key.clone(), condition: Some(Condition::present()) };
        if let Outcome::Rejected(_) = self.store.transact(vec![consume]).await? {
            return Ok(false);
        }
        sealed::open(&self.keyring, &key, &["answer"], &mut item)?;
        let in_time = read_integer::<i64>(&item, "expires_at")? > self.clock.now().as_second();
        Ok(in_time && is_same(read_text(&item, "answer")?, code.trim().to_ascii_uppercase()))
    }
}
