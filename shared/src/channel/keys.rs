//! Keys of the family's table. The channel is part of every key.
//!
//! ```text
//! pk                        sk         ix1                ix2, ix3                    ixsk
//! {appkey}                  channel    channels                                       {id of the first secret}
//! {channel}#{partner's id}  {kind}     {channel}#{kind}   {channel}#{kind}#{parent}   {server id}#{partner's id}
//! ```

use crate::storage::table::Key;
use crate::values::RecordId;

/// A channel is identified by its appkey.
pub type ChannelId = RecordId;

/// The index partition that lists all channels.
pub(super) const ALL_CHANNELS: &str = "channels";

pub(super) fn channel_key(appkey: &ChannelId) -> Key {
    Key::new(appkey.as_str(), "channel")
}

pub(super) fn record_key(channel: &ChannelId, kind: &str, id: &RecordId) -> Key {
    Key::new(format!("{channel}#{id}"), kind)
}

/// The partition of an index: a channel's records of a kind, or those of one parent.
pub(super) fn partition(channel: &ChannelId, kind: &str, parent: Option<&RecordId>) -> String {
    match parent {
        None => format!("{channel}#{kind}"),
        Some(parent) => format!("{channel}#{kind}#{parent}"),
    }
}
