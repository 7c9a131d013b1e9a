//! The keys of the family's items and objects. Every key of a platform's data begins with the platform.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | a platform | `platform#{code}` | `platform` |
//! | a company, a handler, a contract | `{platform}#{kind}` | its id, in ten digits |
//! | the positions of a platform | `{platform}#directory` | `positions` |
//! | a dictionary | `{platform}#dictionary` | its name |
//! | a worker and their application | `{platform}#worker#{worker}` | `worker`, `application` |
//! | an alias of a worker, by another index of the openid | `{platform}#worker#{index}` | `worker` |
//! | a worker by their number, which is also that of their application | `{platform}#em_id` | `em_id` |
//!
//! Platforms are in the list `platforms` (`ix1`), applications in one of their platform and state (`ix1`) and one of their company and state
//! (`ix2`). In the credentials table `pk` begins with `signing#`. It holds the hash of a token or of a captcha's id, or the blind index of a phone
//! number, never the value itself.

use aws_sdk_dynamodb::types::AttributeValue;

use super::states::{Signing, State};
use super::values::{Number, PlatformCode, Worker};
use crate::crypto::credentials::hash;
use crate::crypto::keyring::Keyring;
use crate::error::Result;
use crate::storage::audit::Object;
use crate::storage::table::Key;
use crate::storage::table::attribute::text;
use crate::values::{Mobile, Secret};

/// The sweep of applications that ended.
pub(super) const ENDED_SWEEP: &str = "ended";
/// The sweep of accounts that their workers closed.
pub(super) const CLOSED_SWEEP: &str = "closed";

pub(super) fn platform_key(platform: &PlatformCode) -> Key {
    Key::new(format!("platform#{platform}"), "platform")
}

/// The list of all platforms, and the place of one in it.
pub(super) fn in_platforms(code: &str) -> [(String, AttributeValue); 2] {
    [("ix1".to_owned(), text(PLATFORMS)), ("ixsk".to_owned(), text(code))]
}

pub(super) const PLATFORMS: &str = "platforms";

pub(super) fn listed_partition(platform: &PlatformCode, kind: &str) -> String {
    format!("{platform}#{kind}")
}

/// Ten digits: as text they sort as the numbers do.
pub(super) fn listed_key(platform: &PlatformCode, kind: &str, id: Number) -> Key {
    Key::new(listed_partition(platform, kind), format!("{:010}", id.get()))
}

pub(super) fn positions_key(platform: &PlatformCode) -> Key {
    Key::new(format!("{platform}#directory"), "positions")
}

pub(super) fn dictionary_partition(platform: &PlatformCode) -> String {
    format!("{platform}#dictionary")
}

pub(super) fn dictionary_key(platform: &PlatformCode, name: &str) -> Key {
    Key::new(dictionary_partition(platform), name)
}

pub(super) fn worker_key(worker: &Worker) -> Key {
    Key::new(worker_partition(worker), "worker")
}

/// The attribute of an alias: the id of the worker that a log-in by this id is of.
pub(super) const ALIAS_OF: &str = "alias_of";

pub(super) fn application_key(worker: &Worker) -> Key {
    Key::new(worker_partition(worker), "application")
}

/// The worker in audit records.
pub(super) fn worker_object(platform: &PlatformCode, em_id: u64) -> Object {
    Object::new("signing", "worker", &[platform.as_str(), &em_id.to_string()])
}

fn worker_partition(worker: &Worker) -> String {
    format!("{}#worker#{}", worker.platform, worker.id)
}

pub(super) fn em_id_key(platform: &PlatformCode, em_id: u64) -> Key {
    Key::new(format!("{platform}#em_id"), em_id.to_string())
}

/// The index partition (`ix2`) of a company's applications in one state.
pub(super) fn company_partition(platform: &PlatformCode, company: Number, state: State) -> String {
    format!("{platform}#company#{}#application#{}", company.get(), u8::from(state))
}

/// The place of an application in lists: the time of the submission in Unix seconds, then its number. Digits only, so that as text they sort
/// as the numbers do.
pub(super) fn place(signing: &Signing) -> String {
    format!("{}#{:016}", place_from(signing.apply_time.as_second()), signing.em_id)
}

/// Before the places of all applications that were submitted at this time or later, and behind those of all others.
pub(super) fn place_from(second: i64) -> String {
    // No application is older than the epoch, and a minus would sort wrongly.
    format!("{:012}", second.max(0))
}

/// The index partition (`ix1`) of a platform's applications in one state.
pub(super) fn state_partition(platform: &PlatformCode, state: State) -> String {
    format!("{platform}#application#{}", u8::from(state))
}

/// `token_hash` is the hash of the session's token.
pub(super) fn session_key(token_hash: &Secret<String>) -> Key {
    Key::new(format!("signing#session#{}", token_hash.expose()), "session")
}

pub(super) fn captcha_key(id: Secret<&str>) -> Key {
    Key::new(format!("signing#captcha#{}", hash(id).expose()), "captcha")
}

/// One code per platform and phone: a new code replaces the old one.
pub(super) fn code_key(keyring: &Keyring, platform: &PlatformCode, phone: &Mobile) -> Result<Key> {
    let index = keyring.blind_index(&[b"code of", platform.as_str().as_bytes(), phone.index().as_bytes()])?;
    Ok(Key::new(format!("signing#code#{}", hex::encode(index.expose())), "code"))
}

/// The object of a worker's image in the private bucket.
pub(super) fn image_key(worker: &Worker, name: &str) -> String {
    image_prefix(worker) + name
}

/// The beginning of the keys of a worker's images.
pub(super) fn image_prefix(worker: &Worker) -> String {
    format!("signing/{}/{}/", worker.platform, worker.id)
}
