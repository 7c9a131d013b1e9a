//! The caller of a request, for its log line.
//!
//! What accepts a credential names the caller here, once for each kind of credential. A handler cannot forget it, because it has no access
//! without an accepted credential.

use std::cell::RefCell;

use jiff::Timestamp;
use serde_json::Value;

use crate::storage::audit::{Act, Actor};
use crate::values::{Id, RecordId};

tokio::task_local! {
    static SCOPE: Scope;
}

/// A request, or the run of a sweep.
struct Scope {
    request_id: String,
    /// The method and the route, or the function of the sweep.
    action: String,
    caller: RefCell<Option<Caller>>,
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
    /// An employee who consents that an app reads the company's data.
    Employee { company: String, employee: String },
    /// A member of staff.
    Staff(Id),
    /// A notification of WeChat Pay.
    WechatPay,
    /// A scheduled function, by its name.
    Sweep(String),
}

impl Caller {
    /// The fields of the log line: `caller_kind` and `caller`, and what the id belongs to or the credential rests on.
    pub fn fields(&self) -> Vec<(&'static str, Value)> {
        let (kind, id, owner) = self.named();
        let grant = match self {
            Self::App { grant, .. } => grant.map(|grant| ("caller_grant", grant.to_string())),
            _ => None,
        };
        let fields = [("caller_kind", kind.to_owned()), ("caller", id)].into_iter().chain(owner).chain(grant);
        fields.map(|(name, text)| (name, text.into())).collect()
    }

    /// The caller in audit records. People have no name there.
    fn actor(&self) -> Actor {
        let (kind, id, owner) = self.named();
        let id = owner.map_or(id.clone(), |(_, owner)| format!("{owner}/{id}"));
        let name = match self {
            Self::WechatPay => "微信支付",
            Self::Sweep(function) => function,
            _ => "",
        };
        Actor::new(kind, id, name)
    }

    /// The kind and the id; and what the id belongs to, if it is unique only there, under its name in the log line.
    fn named(&self) -> (&'static str, String, Option<(&'static str, String)>) {
        match self {
            Self::Channel(appkey) => ("channel", appkey.to_string(), None),
            Self::AccessKey(access_key) => ("access_key", access_key.to_string(), None),
            Self::App { app_id, .. } => ("app", app_id.to_string(), None),
            Self::Worker { platform, em_id } => ("worker", em_id.to_string(), Some(("caller_platform", platform.clone()))),
            Self::User(user) => ("user", user.to_string(), None),
            Self::Employee { company, employee } => ("employee", employee.clone(), Some(("caller_company", company.clone()))),
            Self::Staff(id) => ("staff", id.to_string(), None),
            Self::WechatPay => ("wechat_pay", "merchant".to_owned(), None),
            Self::Sweep(function) => ("sweep", function.clone(), None),
        }
    }
}

/// Runs a request or a sweep, and returns its result and the caller whose credential it accepted. `action` is the method and the route, or
/// the name of the function.
pub async fn identified<T>(request_id: &str, action: &str, future: impl Future<Output = T>) -> (T, Option<Caller>) {
    let scope = Scope { request_id: request_id.to_owned(), action: action.to_owned(), caller: RefCell::default() };
    SCOPE.scope(scope, async { (future.await, SCOPE.with(|scope| scope.caller.take())) }).await
}

/// The act of this request or sweep, for its audit records. A request without an accepted credential is anonymous.
pub fn act(now: Timestamp) -> Act {
    let anonymous = || Actor::new("anonymous", "-", "");
    let of = |scope: &Scope| {
        let actor = scope.caller.borrow().as_ref().map_or_else(anonymous, Caller::actor);
        Act::new(actor, scope.action.as_str(), scope.request_id.as_str(), now)
    };
    SCOPE.try_with(of).unwrap_or_else(|_| Act::new(anonymous(), "-", "-", now))
}

/// An act in this request by an actor who has a name, under the name of a command.
pub fn act_of(actor: Actor, action: &str, now: Timestamp) -> Act {
    let id = SCOPE.try_with(|scope| scope.request_id.clone()).unwrap_or_else(|_| "-".to_owned());
    Act::new(actor, action, id, now)
}

/// Names the caller of this request: its credential is accepted.
pub fn accepted(caller: Caller) {
    // Fails outside of a request, where no line is written.
    let _ = SCOPE.try_with(|scope| scope.caller.replace(Some(caller)));
}
