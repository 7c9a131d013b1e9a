//! Keys and index partitions. Each begins with the channel, so that a read of another channel's record cannot be expressed.
//!
//! | item | `pk` | `sk` | `ix1`, `ix2`, `ix3` | `ixsk` | `changed` |
//! |---|---|---|---|---|---|
//! | a channel | the appkey | `channel` | `channels` | the server id | |
//! | a record | `{channel}#{partner's id}` | its kind | [`partition`] | the server id, then the partner's | [`changed`] |
//! | a family of refresh tokens, in the credentials table | `refresh#{channel}#{family}` | `refresh` | | | |

use jiff::{SignedDuration, Timestamp};

use crate::storage::table::Key;
use crate::values::{Id, RecordId};

/// The appkey identifies the channel.
pub type ChannelId = RecordId;

/// The index partition of all channels.
pub const CHANNELS: &str = "channels";

pub fn channel(appkey: &ChannelId) -> Key {
    Key::new(appkey.as_str(), "channel")
}

pub fn record(channel: &ChannelId, kind: &str, id: &RecordId) -> Key {
    Key::new(format!("{channel}#{id}"), kind)
}

/// The index partition of a channel's records of a kind, or of those of one parent.
pub fn partition(channel: &ChannelId, kind: &str, parent: Option<&RecordId>) -> String {
    match parent {
        None => format!("{channel}#{kind}"),
        Some(parent) => format!("{channel}#{kind}#{parent}"),
    }
}

/// The sort key of a record in its index partitions. The partner's id makes it unique: two processes may generate the same server id
/// within a millisecond.
pub fn position(server_id: Id, id: &RecordId) -> String {
    format!("{}#{id}", server_id.sortable())
}

/// How much later than its time a change may appear in the index `changed`: the time limit of a write, the difference of two clocks, and
/// the delay of the index.
pub const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(15);

/// The sort key of a record in the order of changes: the time of its last change, then its position.
pub fn changed(updated_at: Timestamp, position: &str) -> String {
    format!("{}#{position}", sortable(updated_at.as_millisecond()))
}

/// The sort keys of the records that changed in this period, both ends included, in Unix milliseconds.
pub fn changed_within(from: i64, to: i64) -> (String, String) {
    (sortable(from), format!("{}~", sortable(to)))
}

fn sortable(milliseconds: i64) -> String {
    format!("{:015}", milliseconds.max(0))
}

/// `family` is encoded in base64url.
pub fn refresh_tokens(channel: &ChannelId, family: &str) -> Key {
    Key::new(format!("refresh#{channel}#{family}"), "refresh")
}

/// The key of an upload in S3.
pub fn upload(channel: &ChannelId, name: &str) -> String {
    format!("channel/{channel}/{name}")
}
