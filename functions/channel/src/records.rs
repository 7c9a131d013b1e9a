//! What the handlers of users, companies, tasks, applications and payments have in common: the same wire type is the body of a request
//! and a part of the response.

use deserr::Deserr;
use lambda::body;
use serde::Serialize;
use shared::channel::{ChannelId, Record, Resource};
use shared::error::{Error, Fault, Result};
use shared::values::RecordId;
use shared::values::input::{Faults, Json as Input};

use crate::App;
use crate::edge::Patch;

/// Converts between a wire type and the domain type with the same fields. `some` (optional) and `one` (required) name the fields whose
/// types need a conversion too.
macro_rules! mirrors {
    ($wire:ident = $domain:ident { $($field:ident),+ } $(some { $($some:ident),+ })? $(one { $($one:ident),+ })?) => {
        crate::records::mirrors!(@ $wire => $domain { $($field),+ } { $($($some),+)? } { $($($one),+)? });
        crate::records::mirrors!(@ $domain => $wire { $($field),+ } { $($($some),+)? } { $($($one),+)? });
    };
    (@ $from:ident => $into:ident { $($field:ident),+ } { $($some:ident),* } { $($one:ident),* }) => {
        impl From<$from> for $into {
            fn from(from: $from) -> Self {
                Self {
                    $($field: from.$field,)+
                    $($some: from.$some.map(Into::into),)*
                    $($one: from.$one.into(),)*
                }
            }
        }
    };
}
pub(crate) use mirrors;

/// The wire type of a record's content.
pub trait Body: Deserr<Faults> + Serialize + From<Self::Content> + Into<Self::Content> {
    type Content: Resource + Clone;
}

pub async fn create<B: Body>(app: &App, channel: &ChannelId, body: B) -> Result<Record<B::Content>> {
    app.create(channel, body.into()).await
}

pub async fn find<B: Body>(app: &App, channel: &ChannelId, id: &RecordId) -> Result<Record<B::Content>> {
    app.find(channel, id).await?.ok_or_else(|| Error::missing(B::Content::ID_FIELD))
}

/// Merges the patch into the record's wire form and reads the result like the body of a POST, so that the changed record is valid as a
/// whole. The id cannot change.
pub async fn amend<B: Body>(app: &App, channel: &ChannelId, id: &RecordId, patch: &Patch) -> Result<Record<B::Content>> {
    let Patch(patch) = patch;
    let field = B::Content::ID_FIELD;
    if patch.get(field).is_some_and(|given| given.as_str() != Some(id.as_str())) {
        return Err(Error::invalid([Fault::new(field, "is not the id in the path")]));
    }
    app.amend(channel, id, |current: &B::Content| {
        let mut merged = serde_json::to_value(B::from(current.clone())).map_err(Error::internal)?;
        json_patch::merge(&mut merged, patch);
        body::known::<B>(Input::from_value(merged)).map(Into::into)
    })
    .await
}
