//! Keys of the job board's table, the lists that contain its records, the numbers of their partitions, and the names of sweeps.
//!
//! ```text
//! pk                        sk              ix1             ix2            ixsk
//! user#{id}                 user            names, if in review            {id}
//! openid#{code}             user
//! job#{id}                  job             owner#{user}    open#{shard}   {id}
//! job#{id}, deleted         job                             deleted#{user} {id}
//! job#{id}, waiting         job             owner#{user}    waiting        {id}
//! collect#{user}            {job}           collect#{user}                 {time}
//! collect#{user}            count
//! contact#{user}#{job}      {id}#{owner}    out#{user}      in#{owner}     {id}
//! contacted#{user}          {job}
//! vouchers#{user}           {id}, balance
//! adjustment#{user}         {reference}
//! order#{id}                order           orders, review  orders#{user}  {id}
//! transaction#{id}          transaction
//! refund#{number}           refund          refunds                        {id}
//! prices                    prices
//! reconciliation#{day}      reconciliation  reconciliations                {day}
//! ordered#{user}            {goods}#{quantity}
//! uploads#{user}            {picture}
//! report#{job}              {user}          reports        reports#{user} {id}
//! milestones#{user}         {list}
//! feed#{shard}              {time}{job}
//! ```
//!
//! Sort keys contain ids with sixteen digits, so that they sort as numbers.

use std::num::NonZeroU64;

use jiff::{SignedDuration, Timestamp};

use crate::storage::audit::Object;
use crate::storage::table::Key;
use crate::values::{Date, Id, LocalTime};

/// The number of partitions of the open jobs. DynamoDB accepts about a thousand writes a second in each.
pub const OPEN_SHARDS: u64 = 8;
/// The number of partitions of the feed. DynamoDB accepts about 500 changes a second in each. Every view reads all of them.
pub const FEED_SHARDS: NonZeroU64 = NonZeroU64::MIN;

/// The sweep of pending orders, and of refunds that are not settled.
pub const ORDER_SWEEP: &str = "order";
/// The sweep of orders whose delivery WeChat must learn of.
pub const SHIPPING_SWEEP: &str = "shipping";
/// The sweep of jobs with a top.
pub const TOP_SWEEP: &str = "top";

/// The sweep of jobs that an administrator removed, and that have photos.
pub const PICTURE_SWEEP: &str = "picture";

/// The sweep of jobs whose content WeChat has not judged.
pub const MODERATION_SWEEP: &str = "moderation";

/// The sweep of uploaded pictures that may be unused.
pub const UNUSED_SWEEP: &str = "unused";

/// The sweep of accounts that their users closed.
pub const CLOSED_SWEEP: &str = "closed";

/// The partition of the orders that an administrator must look at.
pub const ORDERS_TO_REVIEW: &str = "review";
/// The partition of all other orders. DynamoDB accepts about a thousand writes a second in it; an order is written there once, and again when
/// its review begins or ends.
pub const OTHER_ORDERS: &str = "orders";

/// The sort keys before and behind those of all ids.
pub const FIRST: &str = "0000000000000000";
pub const LAST: &str = "9999999999999999";

/// Longer than any function runs, and than an index is behind its table.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// The lists of a user that have milestones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnList {
    Jobs,
    ContactsOut,
    ContactsIn,
    Vouchers,
}

pub fn all_milestones(user: Id) -> String {
    format!("milestones#{user}")
}

pub fn milestones(user: Id, list: OwnList) -> Key {
    let name = match list {
        OwnList::Jobs => "jobs",
        OwnList::ContactsOut => "out",
        OwnList::ContactsIn => "in",
        OwnList::Vouchers => "vouchers",
    };
    Key::new(all_milestones(user), name)
}

/// No record enters a list below this sort key any more.
pub fn settled(now: Timestamp) -> String {
    first_at(now - SETTLED_AFTER)
}

/// The sort key of the first id of this time. No id is older than the epoch of ids.
pub fn first_at(at: Timestamp) -> String {
    Id::of_parts(at, 0).unwrap_or(Id::from_u64(0)).sortable()
}

pub fn user(id: Id) -> Key {
    Key::new(format!("user#{id}"), "user")
}

/// The partition of the users whose name waits for a decision.
pub const NAMES_IN_REVIEW: &str = "names";

/// The user in audit records.
pub fn user_object(user: Id) -> Object {
    Object::new("jobboard", "user", &[&user.to_string()])
}

/// `code` is the blind index of an openid.
pub fn openid(code: &str) -> Key {
    Key::new(format!("openid#{code}"), "user")
}

pub fn job(id: Id) -> Key {
    Key::new(format!("job#{id}"), "job")
}

pub fn jobs_of(owner: Id) -> String {
    format!("owner#{owner}")
}

/// The jobs that an administrator deleted. They are in no other list.
pub fn deleted_jobs_of(owner: Id) -> String {
    format!("deleted#{owner}")
}

/// The partition of the jobs whose content waits for a verdict.
pub const WAITING_JOBS: &str = "waiting";

pub fn open_jobs(shard: u64) -> String {
    format!("open#{}", shard % OPEN_SHARDS)
}

pub fn collections(user: Id) -> String {
    format!("collect#{user}")
}

pub fn collection(user: Id, job: Id) -> Key {
    Key::new(collections(user), job.sortable())
}

/// Counts the jobs that the user has collected.
pub fn collection_count(user: Id) -> Key {
    Key::new(collections(user), "count")
}

/// A contact. Its key holds all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactKey {
    pub id: Id,
    pub caller: Id,
    pub job: Id,
    pub owner: Id,
}

impl ContactKey {
    pub fn key(&self) -> Key {
        let Self { id, caller, job, owner } = self;
        Key::new(format!("contact#{caller}#{job}"), format!("{}#{owner}", id.sortable()))
    }

    pub fn parse(key: &Key) -> Option<Self> {
        let id = |text: &str| text.parse().ok().map(Id::from_u64);
        let (caller, job) = key.pk.strip_prefix("contact#")?.split_once('#')?;
        let (contact, owner) = key.sk.split_once('#')?;
        Some(Self { id: id(contact)?, caller: id(caller)?, job: id(job)?, owner: id(owner)? })
    }
}

pub fn contacts_by(caller: Id) -> String {
    format!("out#{caller}")
}

pub fn contacts_with(owner: Id) -> String {
    format!("in#{owner}")
}

/// Exists once the user has spent a voucher on the job.
pub fn contacted(caller: Id, job: Id) -> Key {
    Key::new(format!("contacted#{caller}"), job.sortable())
}

/// The partitions of all ledgers begin with this.
pub const VOUCHERS: &str = "vouchers#";
/// The sort key of a balance. It sorts after that of every entry.
pub const BALANCE: &str = "balance";

pub fn vouchers(user: Id) -> String {
    format!("{VOUCHERS}{user}")
}

pub fn balance(user: Id) -> Key {
    Key::new(vouchers(user), BALANCE)
}

pub fn entry(user: Id, id: Id) -> Key {
    Key::new(vouchers(user), id.sortable())
}

pub fn adjustment(user: Id, reference: &str) -> Key {
    Key::new(format!("adjustment#{user}"), reference)
}

/// In the table of credentials: leads to the job of the picture that WeChat checks under this name.
pub fn trace(trace_id: &str) -> Key {
    Key::new(format!("jobboard#trace#{trace_id}"), "trace")
}

/// In the table of credentials: how many vouchers support has adjusted for a user on this day.
pub fn adjusted(user: Id, day: &str) -> Key {
    Key::new(format!("jobboard#adjusted#{user}"), day)
}

/// In the table of credentials: what the user has used of the quotas of a day.
pub fn used(user: Id, day: i64) -> Key {
    Key::new(format!("jobboard#used#{user}"), day.to_string())
}

pub fn order(id: Id) -> Key {
    Key::new(format!("order#{id}"), "order")
}

/// The index partition of the orders of a user.
pub fn orders_of(user: Id) -> String {
    format!("orders#{user}")
}

/// Leads to the order that WeChat Pay's payment is of.
pub fn transaction(id: &str) -> Key {
    Key::new(format!("transaction#{id}"), "transaction")
}

/// The partition of the refunds of all orders.
pub const REFUNDS: &str = "refunds";

/// The sort keys of the first and of the last id of a period. No id is older than the epoch of ids.
pub fn ids_between(first: LocalTime, last: LocalTime) -> (String, String) {
    let bound = |at: LocalTime, sequence| Id::of_parts(at.into(), sequence).unwrap_or(Id::from_u64(0)).sortable();
    (bound(first, 0), bound(last, Id::LAST_SEQUENCE))
}

/// Leads to the order of a refund. `number` is its `out_refund_no`.
pub fn refund(number: &str) -> Key {
    Key::new(format!("refund#{number}"), "refund")
}

pub fn prices() -> Key {
    Key::new("prices", "prices")
}

/// The partition of the results of all days.
pub const RECONCILIATIONS: &str = "reconciliations";

/// The result of a day's reconciliation.
pub fn reconciliation(day: &Date) -> Key {
    Key::new(format!("reconciliation#{}", day.as_str()), "reconciliation")
}

pub fn all_ordered(user: Id) -> String {
    format!("ordered#{user}")
}

/// Counts the orders of a user of goods that are sold to each user so many times.
pub fn ordered(user: Id, goods: &str, quantity: u32) -> Key {
    Key::new(all_ordered(user), format!("{goods}#{quantity}"))
}

/// The partition of all reports that are not closed.
pub const REPORTS: &str = "reports";

pub fn reports_on(job: Id) -> String {
    format!("report#{job}")
}

/// The index partition of the reports of a user.
pub fn reports_by(user: Id) -> String {
    format!("reports#{user}")
}

pub fn report(job: Id, user: Id) -> Key {
    Key::new(reports_on(job), user.sortable())
}

pub fn uploads(user: &str) -> String {
    format!("uploads#{user}")
}

/// A picture that may be unused.
pub fn upload(user: &str, picture: &str) -> Key {
    Key::new(uploads(user), picture)
}

/// A change of a job.
pub fn feed(job: Id, at: Timestamp) -> Key {
    Key::new(feed_shard(job.as_u64()), format!("{}{}", feed_time(at), job.sortable()))
}

pub fn feed_shard(shard: u64) -> String {
    format!("feed#{}", shard % FEED_SHARDS)
}

/// The prefix of the sort keys of changes at this time.
pub fn feed_time(at: Timestamp) -> String {
    format!("{:016}", at.as_millisecond().max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_contact_holds_caller_job_and_owner() {
        let contact = ContactKey { id: Id::from_u64(4), caller: Id::from_u64(1), job: Id::from_u64(2), owner: Id::from_u64(3) };
        assert_eq!(ContactKey::parse(&contact.key()), Some(contact));
        assert_eq!(ContactKey::parse(&job(contact.job)), None);
    }
}
