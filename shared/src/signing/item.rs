//! The stored form of an application: the résumé with its sealed fields, the signing, keys and version.

use super::keys::{application_key, applications, state_partition};
use super::resume::Resume;
use super::states::Application;
use super::values::Worker;
use crate::crypto::keyring::Keyring;
use crate::error::{Error, Result};
use crate::storage::sealed;
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{Item, Key, VERSION};

pub(super) fn write(keyring: &Keyring, worker: &Worker, application: &Application, version: u64) -> Result<Item> {
    let key = application_key(worker);
    let Application { resume, signing } = application;
    let mut item: Item = serde_dynamo::to_item(resume).map_err(Error::internal)?;
    item.extend(serde_dynamo::to_item::<_, Item>(signing).map_err(Error::internal)?);
    sealed::seal(keyring, &key, &Resume::SEALED, &mut item)?;
    item.extend(key.into_item());
    item.insert(VERSION.into(), number(version));
    item.insert("ix1".into(), text(state_partition(&worker.platform, u8::from(signing.state))));
    item.insert("ix2".into(), text(applications(&worker.platform)));
    item.insert("ixsk".into(), text(format!("{:016}", signing.em_id)));
    Ok(item)
}

pub(super) fn read(keyring: &Keyring, mut item: Item) -> Result<Application> {
    let key = Key::of(&item).ok_or_else(|| Error::internal("an application without a key"))?;
    sealed::open(keyring, &key, &Resume::SEALED, &mut item)?;
    Ok(Application {
        resume: serde_dynamo::from_item(item.clone()).map_err(Error::internal)?,
        signing: serde_dynamo::from_item(item).map_err(Error::internal)?,
    })
}
