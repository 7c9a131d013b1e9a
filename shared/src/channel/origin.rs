//! The origin of a token: for which secret and in which epoch its channel received it. The token ends when the secret is retired, and when
//! the channel gets another epoch.

use aws_sdk_dynamodb::types::AttributeValue;

use super::keys::{self, ChannelId};
use crate::crypto::access_token::Holder;
use crate::crypto::credentials::MAX_SECRETS;
use crate::error::{Error, Result};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Write};
use crate::values::RecordId;

const SECRET_ID: &str = "secret_id";
const EPOCH: &str = "epoch";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) secret_id: RecordId,
    pub(super) epoch: u64,
}

impl Origin {
    /// The holder of an access token of this origin.
    pub(super) fn holder(&self, channel: &ChannelId) -> Holder {
        Holder { subject: channel.as_str().into(), epoch: self.epoch, secret_id: Some(self.secret_id.as_str().into()) }
    }

    /// `None` for an access token without an origin.
    pub(super) fn of_holder(holder: &Holder) -> Option<Self> {
        let secret_id = RecordId::parse(holder.secret_id.as_ref()?).ok()?;
        Some(Self { secret_id, epoch: holder.epoch })
    }

    /// Adds the origin to a stored family of refresh tokens.
    pub(super) fn store(&self, family: &mut Item) {
        family.insert(SECRET_ID.into(), text(self.secret_id.as_str()));
        family.insert(EPOCH.into(), number(self.epoch));
    }

    /// `None` for a family without an origin.
    pub(super) fn stored(family: &Item) -> Result<Option<Self>> {
        if !family.contains_key(SECRET_ID) {
            return Ok(None);
        }
        let secret_id = RecordId::parse(&read_text(family, SECRET_ID)?).map_err(Error::internal)?;
        Ok(Some(Self { secret_id, epoch: read_integer(family, EPOCH)? }))
    }

    /// A check for a transaction: the channel is enabled, and tokens of this origin have not ended.
    pub(super) fn check(&self, table: &str, channel: &ChannelId) -> Write {
        let epoch = number(self.epoch);
        let epoch = match self.epoch {
            // A channel that was stored before there were epochs has none.
            0 => Condition::absent_or(EPOCH, "=", epoch),
            _ => Condition::equals(EPOCH, epoch),
        };
        let secret = Condition::in_list("secrets", MAX_SECRETS, SECRET_ID, text(self.secret_id.as_str()));
        let condition = Condition::equals("enabled", AttributeValue::Bool(true)).and(epoch).and(secret);
        Write::Check { table: table.to_owned(), key: keys::channel(channel), condition }
    }

    /// Why a check failed: the stored channel is disabled, or it ended the tokens of this origin.
    pub(super) fn rejection(channel: Option<&Item>) -> Error {
        let is_enabled = channel.is_some_and(|channel| channel.get("enabled") == Some(&AttributeValue::Bool(true)));
        if is_enabled { Error::token_rejected() } else { Error::forbidden() }
    }
}
