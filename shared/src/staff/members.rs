//! Members of staff: created, changed, disabled and listed by administrators.
//!
//! Every change that narrows what a member may do ends the member's sessions.

use jiff::SignedDuration;

use super::member::{Assigned, Member, SEALED};
use super::roles::Role;
use super::second_factor::SecondFactor;
use super::{Service, keys};
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{Act, Change};
use crate::storage::listing::{Listed, PageOf, listed_items};
use crate::storage::sealed;
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Key, Outcome, VERSION, Write, retry_conflicts};
use crate::values::{Id, Mobile, Text};

/// How long a member may take to set up a second factor. Later, the phone may belong to someone else.
const ENROLL_WITHIN: SignedDuration = SignedDuration::from_hours(72);

/// A change of a member; `None` leaves the field as it is.
#[derive(Clone, Default)]
pub struct Changes {
    pub name: Option<Text<1, 64>>,
    pub phone: Option<Mobile>,
    pub roles: Option<Vec<Role>>,
    pub assigned: Option<Assigned>,
}

/// An item of the credentials table that a change of a member uses up.
#[derive(Clone, Copy)]
pub(super) struct Spent<'a> {
    pub key: &'a Key,
    /// The error if the item is gone.
    pub gone: fn() -> Error,
}

impl Service {
    /// Creates a member. A phone belongs to one member.
    ///
    /// DynamoDB: one transaction.
    pub async fn create_member(
        &self,
        act: &Act,
        name: &Text<1, 64>,
        phone: &Mobile,
        roles: &[Role],
        assigned: Option<&Assigned>,
    ) -> Result<Member> {
        self.keyring.record().await?;
        let now = self.clock.now();
        let roles = distinct(roles);
        check_assigned(&roles, assigned)?;
        let member = |id| Member {
            id,
            name: name.clone(),
            phone: phone.clone(),
            roles: roles.clone(),
            assigned: assigned.cloned(),
            enabled: true,
            created_at: now.into(),
            enroll_until: (now + ENROLL_WITHIN).into(),
            second_factor: SecondFactor::default(),
            pending: None,
            sessions: Vec::new(),
        };
        self.ids.claim(now, |id| self.store_member(act, member(id))).await
    }

    /// `None` if another member has the id.
    async fn store_member(&self, act: &Act, member: Member) -> Result<Option<Member>> {
        let table = &self.tables.staff;
        let mut item = member.item(&self.keyring)?;
        item.insert(VERSION.into(), number(1));
        let mut plain = item.clone();
        sealed::open(&self.keyring, &keys::member(member.id), &SEALED, &mut plain)?;
        let change = Change::of(keys::object(member.id)).created(&plain);
        let puts = self.phone_items(&member).into_iter().chain([item.clone()]);
        let writes = puts.map(|item| Write::Put { table: table.clone(), item, condition: Condition::absent() }).collect();
        match self.store.transact_by(act, &change, writes).await?.unless_stored(&item) {
            Outcome::Written => Ok(Some(member)),
            Outcome::Rejected(rejections) => {
                // The last two are the member and the audit record.
                let phones = rejections.len().saturating_sub(2);
                if rejections.iter().take(phones).any(|rejection| rejection.failed) { Err(taken()) } else { Ok(None) }
            }
        }
    }

    /// Changes a member, and ends all sessions unless only the name changes.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn change_member(&self, act: &Act, id: Id, changes: &Changes) -> Result<Member> {
        self.update_member(act, id, |member| {
            let Changes { name, phone, roles, assigned } = changes;
            member.name = name.clone().unwrap_or_else(|| member.name.clone());
            let (phone, roles) = (phone.as_ref(), roles.as_deref().map(distinct));
            let before = (member.phone.clone(), member.roles.clone(), member.assigned.clone());
            member.phone = phone.unwrap_or(&member.phone).clone();
            member.roles = roles.unwrap_or_else(|| member.roles.clone());
            let former = member.assigned.take().filter(|_| member.has(Role::Reviewer));
            member.assigned = assigned.clone().or(former);
            if before != (member.phone.clone(), member.roles.clone(), member.assigned.clone()) {
                member.end_sessions();
            }
            check_assigned(&member.roles, member.assigned.as_ref())
        })
        .await
    }

    /// Lets a member sign in again, or ends all sessions and lets the member not sign in.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn enable_member(&self, act: &Act, id: Id, enabled: bool) -> Result<Member> {
        self.update_member(act, id, |member| {
            member.enabled = enabled;
            if !enabled {
                member.end_sessions();
            }
            Ok(())
        })
        .await
    }

    /// Forgets the second factor of a member, who sets up another one at the next sign-in. Ends all sessions.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn reset_second_factor(&self, act: &Act, id: Id) -> Result<Member> {
        let now = self.clock.now();
        self.update_member(act, id, |member| {
            member.second_factor = SecondFactor::default();
            member.enroll_until = (now + ENROLL_WITHIN).into();
            member.end_sessions();
            Ok(())
        })
        .await
    }

    /// Ends all sessions of a member, who may sign in again.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn end_member_sessions(&self, act: &Act, id: Id) -> Result<Member> {
        self.update_member(act, id, |member| {
            member.end_sessions();
            Ok(())
        })
        .await
    }

    /// DynamoDB: one read.
    pub async fn member(&self, id: Id) -> Result<Member> {
        self.find_member(id).await?.ok_or_else(|| Error::missing("staff_id"))
    }

    /// A page of the members by age.
    ///
    /// DynamoDB: one query, one batch read.
    pub async fn members(&self, page: &PageOf<'_>) -> Result<Listed<Member>> {
        let Self { store, keyring, tables, .. } = self;
        let listed = listed_items(store, keyring, &tables.staff, "ix1", keys::MEMBERS.to_owned(), page).await?;
        listed.try_map(|item| Member::read(keyring, item))
    }

    pub(super) async fn find_member(&self, id: Id) -> Result<Option<Member>> {
        let found = self.store.get(&self.tables.staff, keys::member(id)).await?;
        found.map(|item| Member::read(&self.keyring, item)).transpose()
    }

    /// The member with this phone.
    ///
    /// DynamoDB: two reads.
    pub async fn member_of(&self, phone: &Mobile) -> Result<Option<Member>> {
        let index = self.keyring.blind_index(&keys::phone_parts(phone))?;
        let found = self.store.get(&self.tables.staff, keys::phone(index.expose())).await?;
        match found.map(|item| read_integer(&item, "member")).transpose()? {
            Some(id) => self.find_member(Id::from_u64(id)).await,
            None => Ok(None),
        }
    }

    /// Changes a member, whose phone may change with it.
    pub(super) async fn update_member(&self, act: &Act, id: Id, change: impl Fn(&mut Member) -> Result<()>) -> Result<Member> {
        self.update_along(act, id, change, None).await
    }

    /// Changes a member, and removes an item of the credentials table in the same transaction.
    pub(super) async fn update_along(
        &self,
        act: &Act,
        id: Id,
        change: impl Fn(&mut Member) -> Result<()>,
        spent: Option<Spent<'_>>,
    ) -> Result<Member> {
        self.keyring.record().await?;
        let (table, key) = (&self.tables.staff, keys::member(id));
        retry_conflicts(|| async {
            let stored = self.store.get(table, key.clone()).await?.ok_or_else(|| Error::missing("staff_id"))?;
            let version: u64 = read_integer(&stored, VERSION)?;
            let before = Member::read(&self.keyring, stored.clone())?;
            let mut member = before.clone();
            change(&mut member)?;
            let mut item = member.item(&self.keyring)?;
            item.insert(VERSION.into(), number(version + 1));
            let recorded = Change::of(keys::object(id)).changed(&self.opened(&key, &stored)?, &self.opened(&key, &item)?);
            if recorded.fields.is_empty() {
                return Ok(Some(member));
            }
            let condition = Condition::equals(VERSION, number(version)).and(sealed::unchanged(&stored));
            let mut writes = vec![Write::Put { table: table.clone(), item: item.clone(), condition }];
            if before.phone.index() != member.phone.index() {
                let added = self.phone_items(&member).into_iter();
                writes.extend(added.map(|item| Write::Put { table: table.clone(), item, condition: Condition::absent() }));
                let removed = self.phone_items(&before).into_iter().filter_map(|item| Key::of(&item));
                writes.extend(removed.map(|key| Write::Delete { table: table.clone(), key, condition: None }));
            }
            let gone = match spent {
                Some(Spent { key, gone }) => {
                    let (table, key) = (self.tables.credentials.clone(), key.clone());
                    writes.push(Write::Delete { table, key, condition: Some(Condition::present()) });
                    gone
                }
                None => taken,
            };
            match self.store.transact_by(act, &recorded, writes).await?.unless_stored(&item) {
                Outcome::Written => Ok(Some(member)),
                Outcome::Rejected(rejections) if rejections.iter().skip(1).any(|rejection| rejection.failed) => Err(gone()),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    fn opened(&self, key: &Key, item: &Item) -> Result<Item> {
        let mut item = item.clone();
        sealed::open(&self.keyring, key, &SEALED, &mut item)?;
        Ok(item)
    }

    /// The items that lead from the phone to the member: one for each index of phones that is used.
    pub(super) fn phone_items(&self, member: &Member) -> Vec<Item> {
        let indexes = self.keyring.blind_indexes(&keys::phone_parts(&member.phone));
        let items = indexes.iter().map(|index| {
            let mut item = keys::phone(index.expose()).into_item();
            item.insert("member".into(), number(member.id));
            item
        });
        items.collect()
    }

    /// The keys of such items by indexes that are not used any more.
    pub(super) fn former_phone_keys(&self, member: &Member) -> Vec<Key> {
        let former = self.keyring.former_indexes(&keys::phone_parts(&member.phone));
        former.iter().map(|index| keys::phone(index.expose())).collect()
    }
}

fn taken() -> Error {
    Error::conflict(Fault::new("phone", "belongs to another member of staff"))
}

/// The roles, each once, in the order of [`Role::ALL`].
fn distinct(roles: &[Role]) -> Vec<Role> {
    Role::ALL.iter().copied().filter(|role| roles.contains(role)).collect()
}

/// Only a reviewer is assigned to companies, and to at least one.
fn check_assigned(roles: &[Role], assigned: Option<&Assigned>) -> Result<()> {
    let is_reviewer = roles.contains(&Role::Reviewer);
    let fault = match assigned {
        _ if roles.is_empty() => Fault::new("roles", "must not be empty"),
        None if is_reviewer => Fault::new("companies", "is required for a reviewer"),
        Some(_) if !is_reviewer => Fault::new("companies", "is for reviewers only"),
        Some(assigned) if assigned.companies.is_empty() => Fault::new("companies", "must not be empty"),
        Some(_) | None => return Ok(()),
    };
    Err(Error::invalid([fault]))
}
