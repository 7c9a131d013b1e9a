//! The stored form of records.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | see `keys.rs` |
//! | `ix1`, `ix2`, `ixsk` | the lists that contain an application, and its sort key in them |
//! | `version` | counts the changes of an application or a worker |
//! | `sealed`, `by_phone`, `by_id_number` | the personal fields of an application, a handler or a worker: see `shared/src/storage/sealed.rs` |
//! | `by_name` | for staff who look for an application: `key id . blind index` of the platform and the worker's name |
//! | all others | the content |

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::keys::{
    CLOSED_SWEEP, ENDED_SWEEP, application_key, company_partition, em_id_key, place, session_key, state_partition, worker_key,
};
use super::states::{Application, Signing, State};
use super::values::{PlatformCode, Worker};
use crate::crypto::keyring::Keyring;
use crate::error::{Error, Result};
use crate::storage::audit::changed;
use crate::storage::sealed::{self, BY_NAME, Fields};
use crate::storage::table::attribute::{number, read_integer, text};
use crate::storage::table::{Item, Key, VERSION, expire, mark, unmark};
use crate::values::Secret;
use crate::values::normal::shown;

/// The number of a worker and of their application.
pub(super) const EM_ID: &str = "em_id";

/// The content of an item without sealed fields.
pub(super) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T> {
    serde_dynamo::from_item(item).map_err(Error::internal)
}

/// The sealed attributes of an application: the whole résumé but the position and the ids of company and handler, where the worker was,
/// and the salary with the other terms.
pub(super) const APPLICATION_SEALED: Fields = Fields {
    names: &[
        "real_name",
        "phone",
        "id_number",
        "age",
        "gender",
        "nation",
        "marital_sts",
        "political_sts",
        "acct_type",
        "acct_prc_id",
        "acct_prc_name",
        "acct_city_id",
        "acct_city_name",
        "acct_coy_id",
        "acct_coy_name",
        "acct_addr",
        "province_id",
        "province_name",
        "city_id",
        "city_name",
        "county_id",
        "county_name",
        "addr",
        "em_contact_name",
        "em_contact_phone",
        "em_contact_relationship",
        "id_card_front",
        "id_card_back",
        "work_exp",
        "employee_edu",
        "origin",
        "terms",
    ],
    phone: Some("phone"),
    id_number: Some("id_number"),
};

/// The item of an application.
pub(super) fn application_item(keyring: &Keyring, worker: &Worker, application: &Application) -> Result<Item> {
    let key = application_key(worker);
    let mut item = content(application)?;
    sealed::seal(keyring, &key, &APPLICATION_SEALED, &mut item)?;
    item.extend(key.into_item());
    item.insert(VERSION.into(), number(application.version));
    place_in_lists(keyring, &worker.platform, application, &mut item)?;
    mark_ended(&mut item, &application.signing);
    Ok(item)
}

/// The item of the version after `before`. It notes what changes; if nothing does, only the version is another one. `by` is empty for the
/// worker.
pub(super) fn next_application_item(
    keyring: &Keyring,
    worker: &Worker,
    before: &Item,
    mut application: Application,
    by: Option<String>,
) -> Result<Item> {
    let mut opened = before.clone();
    sealed::open(keyring, &application_key(worker), &APPLICATION_SEALED, &mut opened)?;
    application.version = read_integer::<u64>(before, VERSION)? + 1;
    let fields = changed(&opened, &content(&application)?);
    if !fields.is_empty() {
        application.signing.changes.note(by, application.version, fields);
    }
    application_item(keyring, worker, &application)
}

/// The fields of the résumé and of the signing, in plain text.
fn content(Application { resume, signing, .. }: &Application) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(resume).map_err(Error::internal)?;
    item.extend(serde_dynamo::to_item::<_, Item>(signing).map_err(Error::internal)?);
    Ok(item)
}

/// Adds the attributes by which lists find the item of an application.
pub(super) fn place_in_lists(
    keyring: &Keyring,
    platform: &PlatformCode,
    Application { resume, signing, .. }: &Application,
    item: &mut Item,
) -> Result<()> {
    item.insert("ix1".into(), text(state_partition(platform, signing.state)));
    item.insert("ix2".into(), text(company_partition(platform, resume.company_id, signing.state)));
    item.insert("ixsk".into(), text(place(signing)));
    item.remove(BY_NAME);
    let name = resume.real_name.as_str();
    if !name.is_empty() {
        item.insert(BY_NAME.into(), text(name_code(keyring, keyring.keys().index(), platform, name)?));
    }
    Ok(())
}

/// The values of [`BY_NAME`] that applications of workers with this name may have: one for each listed key.
pub(super) fn name_codes(keyring: &Keyring, platform: &PlatformCode, name: &str) -> Result<Vec<String>> {
    keyring.keys().ids().map(|id| name_code(keyring, id, platform, name)).collect()
}

/// Names that look the same are the same. The platform is a part of the index, so that it does not show that a worker applied on two.
fn name_code(keyring: &Keyring, id: &str, platform: &PlatformCode, name: &str) -> Result<String> {
    let index = keyring.blind_index_by(id, &[BY_NAME.as_bytes(), platform.as_str().as_bytes(), shown(name).as_bytes()])?;
    Ok(format!("{id}.{}", hex::encode(index.expose())))
}

/// Marks the item of an application that has ended for the sweep.
pub(super) fn mark_ended(item: &mut Item, signing: &Signing) {
    let has_ended = matches!(signing.state, State::Rejected | State::Cancelled) && signing.erased_at.is_none();
    let last = signing.moves.last().filter(|_| has_ended);
    if let Some(ended_at) = last.and_then(|last| Timestamp::from_second(last.at.as_second()).ok()) {
        mark(item, ENDED_SWEEP, ended_at);
    }
}

pub(super) fn application_from_item(keyring: &Keyring, mut item: Item) -> Result<Application> {
    let key = Key::of(&item).ok_or_else(|| Error::internal("an application without a key"))?;
    sealed::open(keyring, &key, &APPLICATION_SEALED, &mut item)?;
    let version = read_integer(&item, VERSION)?;
    Ok(Application { resume: from_item(item.clone())?, signing: from_item(item)?, version })
}

/// The sealed openid of a worker, from which the aliases by other indexes are made.
pub(super) const OPENID: &str = "openid";
/// The sealed attributes of a worker.
pub(super) const WORKER_SEALED: Fields = Fields::of(&[OPENID]);

/// When a worker closed the account, in Unix milliseconds. An open account has none.
const CLOSED_AT: &str = "closed_at";

/// Closes the account in the item of a worker, and marks it for the sweep.
pub(super) fn close_account(worker: &mut Item, now: Timestamp) {
    worker.insert(CLOSED_AT.into(), number(now.as_millisecond()));
    mark(worker, CLOSED_SWEEP, now);
}

/// Opens the account in the item of a worker. Returns whether it was closed.
pub(super) fn open_account(worker: &mut Item) -> bool {
    let was_closed = worker.remove(CLOSED_AT).is_some();
    if was_closed {
        unmark(worker);
    }
    was_closed
}

/// A worker who has never logged in before.
pub(super) fn new_worker_item(worker: &Worker, now: Timestamp) -> Item {
    let mut item = worker_key(worker).into_item();
    item.insert("created_at".into(), number(now.as_millisecond()));
    item
}

/// The number in the record of a worker or in a session. `None` if it was stored before workers had numbers.
pub(super) fn em_id_of(item: &Item) -> Result<Option<u64>> {
    item.contains_key(EM_ID).then(|| read_integer(item, EM_ID)).transpose()
}

/// The item by which `ops-admin` finds a worker.
pub(super) fn em_id_item(worker: &Worker, em_id: u64) -> Item {
    let mut item = em_id_key(&worker.platform, em_id).into_item();
    item.insert("worker".into(), text(worker.id.as_str()));
    item
}

pub(super) fn session_item(
    token_hash: &Secret<String>,
    worker: &Worker,
    em_id: u64,
    created_at: Timestamp,
    expires_at: Timestamp,
) -> Item {
    let mut item = session_key(token_hash).into_item();
    item.insert("platform".into(), text(worker.platform.as_str()));
    item.insert("worker".into(), text(worker.id.as_str()));
    item.insert(EM_ID.into(), number(em_id));
    item.insert("created_at".into(), number(created_at.as_second()));
    expire(&mut item, expires_at);
    item
}
