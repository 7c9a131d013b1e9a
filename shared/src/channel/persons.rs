//! The rights of a person in the records of the partner API: users, and the contacts of companies.
//!
//! | object | what it stands for |
//! |---|---|
//! | `channel/user/{channel}/{id}` | a user with applications and payments |
//! | `channel/company/{channel}/{id}` | the contact person of a company |

use std::sync::atomic::{AtomicBool, Ordering};

use super::Service;
use super::applications::Application;
use super::companies::Company;
use super::item::{from_item, to_item};
use super::keys::{self, ChannelId};
use super::payments::Payment;
use super::resource::{Record, Resource};
use super::users::User;
use crate::error::Result;
use crate::storage::audit::{Act, Object, Stored};
use crate::storage::person::{Erased, Exported, Kept, Wanted, erasure, ids, records_of, remove};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Key};
use crate::values::RecordId;

const PAYMENTS: Kept = Kept {
    what: "payments: amounts, times and transaction numbers, under the partner's id of the user",
    why: "会计档案管理办法 第十四条 (30 years), 税收征收管理法实施细则 第二十九条 (10 years)",
};

impl Service {
    /// The users and contacts with this phone or identity number.
    pub async fn find_person(&self, wanted: &Wanted) -> Result<Vec<Object>> {
        let found = records_of(&self.store, &self.keyring, &self.tables.channel, wanted).await?;
        let object = |key: Key| {
            let (channel, id) = key.pk.split_once('#')?;
            Some(Object::new("channel", &key.sk, &[channel, id]))
        };
        Ok(found.iter().filter_map(Key::of).filter_map(object).collect())
    }

    /// `None` if the object is not one of this family, or is gone.
    pub async fn export_person(&self, object: &Object) -> Result<Option<Exported>> {
        let mut exported = Exported::default();
        if let Some((channel, id)) = named(object, Company::KIND) {
            let Some(company) = self.find::<Company>(&channel, &id).await? else { return Ok(None) };
            exported.add(Company::KIND, &company.content)?;
            return Ok(Some(exported));
        }
        let Some((channel, id)) = named(object, User::KIND) else { return Ok(None) };
        let Some(user) = self.find::<User>(&channel, &id).await? else { return Ok(None) };
        exported.add(User::KIND, &user.content)?;
        for application in self.of_user::<Application>(&channel, &id).await? {
            exported.add(Application::KIND, &application.content)?;
        }
        for payment in self.of_user::<Payment>(&channel, &id).await? {
            exported.add(Payment::KIND, &payment.content)?;
        }
        Ok(Some(exported))
    }

    /// Removes a user and what applications and payments say of them, or the contact of a company. `None` as above.
    pub async fn erase_person(&self, act: &Act, object: &Object) -> Result<Option<Erased>> {
        let mut erased = Erased::default();
        if let Some((channel, id)) = named(object, Company::KIND) {
            let blank = |company: &mut Company| (company.contact_person, company.contact_phone) = (None, None);
            let is_blanked = self.blank(act, object, &channel, &id, blank).await?;
            erased.records += u64::from(is_blanked);
            return Ok(is_blanked.then_some(erased));
        }
        let Some((channel, id)) = named(object, User::KIND) else { return Ok(None) };
        for application in self.of_user::<Application>(&channel, &id).await? {
            let blank = |application: &mut Application| (application.resume_url, application.remark) = (None, None);
            let id = &application.content.channel_application_id;
            erased.records += u64::from(self.blank(act, object, &channel, id, blank).await?);
        }
        let payments = self.of_user::<Payment>(&channel, &id).await?;
        if !payments.is_empty() {
            erased.kept.push(PAYMENTS);
        }
        for payment in payments {
            let blank = |payment: &mut Payment| {
                (payment.bank_name, payment.bank_account, payment.remark) = (None, None, None);
                (payment.payment_basis.description, payment.payment_basis.supporting_docs) = (None, None);
            };
            let id = &payment.content.channel_payment_id;
            erased.records += u64::from(self.blank(act, object, &channel, id, blank).await?);
        }
        // Last, so that a repetition after a failure still finds the user.
        let key = keys::record(&channel, User::KIND, &id);
        if self.store.get(&self.tables.channel, key.clone()).await?.is_some() {
            erased.records += remove(&self.store, act, object, &self.tables.channel, vec![key]).await?;
        }
        Ok((erased.records > 0).then_some(erased))
    }

    /// The records of a kind that name the user as their first parent.
    async fn of_user<T: Resource>(&self, channel: &ChannelId, user: &RecordId) -> Result<Vec<Record<T>>> {
        let (table, partition) = (&self.tables.channel, keys::partition(channel, T::KIND, Some(user)));
        let keys = self.store.index_keys(table, "ix2", Condition::equals("ix2", text(partition))).await?;
        let items = self.store.get_all(table, keys).await?;
        items.into_iter().map(|item| from_item(&self.keyring, item)).collect()
    }

    /// Changes a record whatever its state. Returns whether it is different now.
    async fn blank<T: Resource>(
        &self,
        act: &Act,
        object: &Object,
        channel: &ChannelId,
        id: &RecordId,
        blank: impl Fn(&mut T),
    ) -> Result<bool> {
        self.keyring.record().await?;
        let key = keys::record(channel, T::KIND, id);
        let stored = Stored { table: &self.tables.channel, key, sealed: Some((&self.keyring, &T::SEALED)) };
        let (now, is_changed) = (self.clock.now(), AtomicBool::new(false));
        let changed = self.store.change_by(act, erasure(object), stored, |item| {
            let mut record: Record<T> = from_item(&self.keyring, item.clone())?;
            let before = record.content.clone();
            blank(&mut record.content);
            is_changed.store(record.content != before, Ordering::Relaxed);
            if record.content == before {
                return Ok(item.clone());
            }
            record.updated_at = now.max(record.updated_at);
            to_item(&self.keyring, channel, &record)
        });
        Ok(changed.await?.is_some() && is_changed.load(Ordering::Relaxed))
    }
}

/// The channel and the id of an object of this kind.
fn named(object: &Object, kind: &str) -> Option<(ChannelId, RecordId)> {
    match ids(object, "channel", kind)?[..] {
        [channel, id] => Some((RecordId::parse(channel).ok()?, RecordId::parse(id).ok()?)),
        _ => None,
    }
}
