//! Keys of the family's tables. The platform is part of every key, except of sessions and captchas, whose random tokens belong to one.
//!
//! ```text
//! table        pk                        sk             ix1                            ix2                     ixsk
//! signing      platform#{platform}       platform
//!              {platform}#{kind}         {id}
//!              {platform}#directory      positions
//!              {platform}#dictionary     {name}
//!              {platform}#worker#{id}    worker
//!              {platform}#worker#{id}    application    {platform}#application#{state} {platform}#application  {em_id}
//!              {platform}#em_id          {em_id}
//! credentials  signing#session#{hash}    session
//!              signing#captcha#{hash}    captcha
//!              signing#code#{digest}     code
//! ```

use super::values::{Number, PlatformCode, Worker};
use crate::crypto::credentials::hash;
use crate::storage::table::Key;

pub(super) fn platform_key(platform: &PlatformCode) -> Key {
    Key::new(format!("platform#{platform}"), "platform")
}

pub(super) fn listed_key(platform: &PlatformCode, kind: &str, id: Number) -> Key {
    // Ten digits: as text they sort like the numbers.
    Key::new(listed(platform, kind), format!("{:010}", id.get()))
}

pub(super) fn dictionary_key(platform: &PlatformCode, name: &str) -> Key {
    Key::new(format!("{platform}#dictionary"), name)
}

/// The partition of a platform's companies, handlers or contracts.
pub(super) fn listed(platform: &PlatformCode, kind: &str) -> String {
    format!("{platform}#{kind}")
}

pub(super) fn positions_key(platform: &PlatformCode) -> Key {
    Key::new(format!("{platform}#directory"), "positions")
}

pub(super) fn worker_key(worker: &Worker) -> Key {
    Key::new(format!("{}#worker#{}", worker.platform, worker.id), "worker")
}

pub(super) fn application_key(worker: &Worker) -> Key {
    Key::new(format!("{}#worker#{}", worker.platform, worker.id), "application")
}

pub(super) fn em_id_key(platform: &PlatformCode, em_id: u64) -> Key {
    Key::new(format!("{platform}#em_id"), em_id.to_string())
}

pub(super) fn state_partition(platform: &PlatformCode, state: u8) -> String {
    format!("{platform}#application#{}", state)
}

/// The index partition of all applications of a platform.
pub(super) fn applications(platform: &PlatformCode) -> String {
    format!("{platform}#application")
}

pub(super) fn session_key(hash: &str) -> Key {
    Key::new(format!("signing#session#{hash}"), "session")
}

pub(super) fn captcha_key(id: &str) -> Key {
    Key::new(format!("signing#captcha#{}", hash(id)), "captcha")
}
