//! Content checks (内容安全) of what users publish, in version 2: `POST /wxa/msg_sec_check` for texts, which answers at once, and
//! `POST /wxa/media_check_async` for pictures, whose result WeChat pushes within 30 minutes ([`super::messages`]).

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{WeChat, errors, read};
use crate::error::Result;
use crate::values::Secret;

/// A user waits for the check, so it must be short.
const TIMEOUT: Duration = Duration::from_secs(2);
const VERSION: u8 = 2;
/// `media_type`: a picture.
const PICTURE: u8 = 2;
/// The longest text of one call, in characters.
const LONGEST: usize = 2500;
/// How many characters two parts of a long text share, so that no word is cut in both.
const SHARED: usize = 50;
/// How many parts of a text are checked concurrently.
const AT_ONCE: usize = 4;
/// `errcode`: the content is risky. The first version of the operation returns it.
const RISKY: i64 = 87_014;
/// `errcode`: the user has not used the mini program within two hours.
const NOT_SEEN: i64 = 61_010;

/// Where the content appears (`scene`).
#[derive(Clone, Copy)]
pub enum Scene {
    Profile = 1,
    Forum = 3,
}

/// What WeChat suggests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suggestion {
    Pass,
    /// A person must decide.
    Review,
    Risky,
}

impl Suggestion {
    /// Reads the `result`. An unknown word is for a person.
    pub(super) fn of(result: &Value) -> Self {
        match result["suggest"].as_str() {
            Some("pass") => Self::Pass,
            Some("risky") => Self::Risky,
            _ => Self::Review,
        }
    }
}

/// Why WeChat did not judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unjudged {
    /// It does not answer, or not now.
    Unavailable,
    /// It only judges for users who have used the mini program within two hours.
    NotSeen,
}

/// Texts of one user.
pub struct Texts<'a> {
    pub scene: Scene,
    pub content: &'a str,
    /// Empty without one.
    pub title: &'a str,
    /// Empty without one.
    pub nickname: &'a str,
}

impl WeChat {
    /// Checks texts. `content` must not be empty; a long one is checked in parts.
    pub async fn check_texts(
        &self,
        openid: &Secret<String>,
        texts: &Texts<'_>,
        now: Timestamp,
    ) -> Result<Suggestion, Unjudged> {
        let calls: Vec<_> = parts_of(texts.content).into_iter().map(|part| self.check_text(openid, texts, part, now)).collect();
        let suggestions: Vec<Suggestion> = stream::iter(calls).buffered(AT_ONCE).try_collect().await?;
        Ok(suggestions.into_iter().max().unwrap_or(Suggestion::Review))
    }

    async fn check_text(
        &self,
        openid: &Secret<String>,
        Texts { scene, title, nickname, .. }: &Texts<'_>,
        content: String,
        now: Timestamp,
    ) -> Result<Suggestion, Unjudged> {
        let mut body = json!({"version": VERSION, "openid": openid.expose(), "scene": *scene as u8, "content": content});
        for (name, text) in [("title", title), ("nickname", nickname)] {
            if !text.is_empty() {
                body[name] = (*text).into();
            }
        }
        match self.judged("/wxa/msg_sec_check", &body, now).await? {
            (RISKY, _) => Ok(Suggestion::Risky),
            (_, answer) => Ok(Suggestion::of(&answer["result"])),
        }
    }

    /// Submits the picture at an address that WeChat can read. Returns the `trace_id` that the result will name.
    pub async fn check_picture(
        &self,
        openid: &Secret<String>,
        scene: Scene,
        url: &str,
        now: Timestamp,
    ) -> Result<String, Unjudged> {
        #[derive(Deserialize)]
        struct Answer {
            trace_id: String,
        }
        let body = json!({
            "version": VERSION, "openid": openid.expose(), "scene": scene as u8, "media_type": PICTURE, "media_url": url,
        });
        let (_, answer) = self.judged("/wxa/media_check_async", &body, now).await?;
        read(answer).map(|Answer { trace_id }| trace_id).map_err(|_| Unjudged::Unavailable)
    }

    /// The `errcode`, 0 or [`RISKY`], and the response.
    async fn judged(&self, path: &str, body: &Value, now: Timestamp) -> Result<(i64, Value), Unjudged> {
        match self.call_within(Some(TIMEOUT), path, body, now).await {
            Ok((errcode @ (0 | RISKY), answer)) => Ok((errcode, answer)),
            Ok((NOT_SEEN, _)) => Err(Unjudged::NotSeen),
            Ok((errcode, _)) => {
                errors::count();
                tracing::warn!(errcode, path, "WeChat does not check a content");
                Err(Unjudged::Unavailable)
            }
            Err(error) => {
                tracing::warn!(?error, path, "WeChat does not check a content");
                Err(Unjudged::Unavailable)
            }
        }
    }
}

/// The parts of a text that one call each can check.
fn parts_of(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut parts = Vec::new();
    let mut start = 0;
    loop {
        let end = characters.len().min(start + LONGEST);
        parts.push(characters[start..end].iter().collect());
        if end == characters.len() {
            return parts;
        }
        start = end - SHARED;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_short_word_is_whole_in_a_part(length in 1..9000usize, at in 0..9000usize, word in 1..=SHARED) {
            let text: String = (0..length).map(|at| char::from_u32(0x4e00 + at as u32).unwrap()).collect();
            let parts = parts_of(&text);
            let at = at % length;
            let word: String = text.chars().skip(at).take(word).collect();
            prop_assert!(parts.iter().any(|part| part.contains(&word)));
            prop_assert!(parts.iter().all(|part| part.chars().count() <= LONGEST));
        }
    }

    /// A text as long as one call takes is one call.
    #[test]
    fn a_text_is_not_cut_without_need() {
        assert_eq!(parts_of(&"字".repeat(LONGEST)).len(), 1);
        assert_eq!(parts_of(&"字".repeat(LONGEST + 1)).len(), 2);
        assert_eq!(parts_of("").len(), 1);
    }
}
