//! The caller of a request, for its log line.
//!
//! What accepts a credential names the caller here, once for each kind of credential. A handler cannot forget it, because it has no access
//! without an accepted credential.

use std::cell::RefCell;

use serde_json::Value;

use crate::values::{Id, RecordId};

tokio::task_local! {
    static CALLER: RefCell<Option<Caller>>;
}

/// Whose credential a request bears. It holds ids that the system or an administrator gave, never a name, phone or number of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A channel, by its appkey.
    Channel(RecordId),
    /// An access key of the HR API.
    AccessKey(RecordId),
    /// An app of the HR API; with the grant, if the credential is an access token.
    App { app_id: RecordId, grant: Option<Id> },
    /// A worker of the signing API. `em_id` is also the number of the worker's application, once there is one.
    Worker { platform: String, em_id: u64 },
    /// A user of the job board.
    User(Id),
}

impl Caller {
    /// The fields of the log line: `caller_kind` and `caller`, and what the id belongs to or the credential rests on.
    pub fn fields(&self) -> Vec<(&'static str, Value)> {
        let (kind, id, more) = match self {
            Self::Channel(appkey) => ("channel", appkey.to_string(), None),
            Self::AccessKey(access_key) => ("access_key", access_key.to_string(), None),
            Self::App { app_id, grant } => ("app", app_id.to_string(), grant.map(|grant| ("caller_grant", grant.to_string()))),
            Self::Worker { platform, em_id } => ("worker", em_id.to_string(), Some(("caller_platform", platform.clone()))),
            Self::User(user) => ("user", user.to_string(), None),
        };
        let fields = [("caller_kind", kind.to_owned()), ("caller", id)].into_iter().chain(more);
        fields.map(|(name, text)| (name, text.into())).collect()
    }
}

/// Runs a future and returns its result and the caller whose credential it accepted.
pub async fn identified<T>(future: impl Future<Output = T>) -> (T, Option<Caller>) {
    CALLER.scope(RefCell::default(), async { (future.await, CALLER.with(RefCell::take)) }).await
}

/// Names the caller of this request: its credential is accepted.
pub fn accepted(caller: Caller) {
    // Fails outside of a request, where no line is written.
    let _ = CALLER.try_with(|slot| slot.replace(Some(caller)));
}
