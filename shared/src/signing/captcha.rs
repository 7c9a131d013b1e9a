//! Captchas: a picture of four to six characters that the user types before the API sends a message (docs/contract/signing.txt, 1.2.3).

use jiff::SignedDuration;

use super::Service;
use super::keys::captcha_key;
use super::picture;
use crate::crypto::random::{random, random_secret};
use crate::error::Result;
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::{read_integer, read_text, text};
use crate::storage::table::{Condition, Outcome, Write, expire};
use crate::values::Secret;

/// How long a captcha is valid.
pub const AGE: SignedDuration = SignedDuration::from_mins(5);
/// The fewest characters that a picture shows.
const LEAST: usize = 4;
/// The most characters that a picture shows.
const MOST: usize = 6;
/// The sealed attribute.
const SEALED: Fields = Fields::of(&["answer"]);

pub struct Captcha {
    pub id: Secret<String>,
    /// PNG.
    pub picture: Vec<u8>,
}

impl Service {
    /// Creates a captcha.
    ///
    /// DynamoDB: one write.
    pub async fn new_captcha(&self) -> Result<Captcha> {
        let id = random_secret()?;
        let answer = Secret::new(new_answer()?);
        let key = captcha_key(id.as_deref());
        let mut item = key.clone().into_item();
        item.insert("answer".into(), text(answer.expose()));
        expire(&mut item, self.clock.now() + AGE);
        sealed::seal(&self.keyring, &key, &SEALED, &mut item)?;
        // A conflict here can only be our own earlier write whose response was lost: the id is 256 random bits.
        self.store.put(&self.tables.credentials, item, Condition::absent()).await.map(drop)?;
        Ok(Captcha { id, picture: picture::draw(answer.expose(), u64::from_be_bytes(random()?))? })
    }

    /// Whether the code is what the picture shows. A captcha is single use: the first attempt consumes it, right or wrong, even when
    /// attempts race.
    ///
    /// DynamoDB: one read, one write.
    pub(super) async fn solve_captcha(&self, id: Secret<&str>, code: Secret<&str>) -> Result<bool> {
        let table = &self.tables.credentials;
        let key = captcha_key(id);
        let Some(mut item) = self.store.get(table, key.clone()).await? else { return Ok(false) };
        let spend = Write::Delete { table: table.clone(), key: key.clone(), condition: Some(Condition::present()) };
        if let Outcome::Rejected(_) = self.store.transact(vec![spend]).await? {
            return Ok(false);
        }
        sealed::open(&self.keyring, &key, &SEALED, &mut item)?;
        let is_current = read_integer::<i64>(&item, "expires_at")? > self.clock.now().as_second();
        let answer = Secret::new(read_text(&item, "answer")?);
        Ok(is_current && answer.is_same(&code.map(|code| code.trim().to_ascii_uppercase())))
    }
}

/// A random text. Each length, and each text of a length, is equally likely.
fn new_answer() -> Result<String> {
    const LENGTHS: usize = MOST - LEAST + 1;
    // The remainder of a random byte is equally distributed only below a multiple of the divisor.
    const _: () = assert!(256 % picture::ALPHABET.len() == 0);
    let length = loop {
        let [byte] = random()?;
        let byte = usize::from(byte);
        if byte < 256 - 256 % LENGTHS {
            break LEAST + byte % LENGTHS;
        }
    };
    let alphabet = picture::ALPHABET.as_bytes();
    let letter = |byte: &u8| char::from(alphabet[usize::from(*byte) % alphabet.len()]);
    Ok(random::<MOST>()?[..length].iter().map(letter).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_four_to_six_characters_and_each_length_is_equally_likely() {
        let mut counts = [0; MOST + 1];
        for _ in 0..3000 {
            let answer = new_answer().unwrap();
            assert!(answer.chars().all(|character| picture::ALPHABET.contains(character)), "{answer}");
            counts[answer.len()] += 1;
        }
        // Each count is 1000 on average, with a standard deviation of 26.
        assert!(counts[LEAST..].iter().all(|count| (800..1200).contains(count)), "{counts:?}");
        assert_eq!(counts.iter().sum::<i32>(), counts[LEAST..].iter().sum::<i32>());
    }

    #[test]
    fn every_character_of_the_alphabet_occurs() {
        let answers: String = (0..500).map(|_| new_answer().unwrap()).collect();
        assert!(picture::ALPHABET.chars().all(|character| answers.contains(character)));
    }
}
