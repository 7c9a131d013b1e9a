//! Staff: the people who run the system, how they sign in, and what each may do (docs/design/staff.md).

pub mod failures;
mod keys;
pub mod logged;
mod member;
mod members;
mod messages;
mod persons;
mod requests;
mod reseal;
pub mod roles;
mod second_factor;
mod sessions;
mod sign_in;

use std::sync::Arc;

pub use member::{Assigned, Member, Session};
pub use members::Changes;
pub use second_factor::Enrollment;
pub use sessions::SignedIn;
pub use sign_in::{Next, Proved};

use crate::error::Result;
use crate::outbound::logs::Logs;
use crate::runtime::caller;
use crate::runtime::clock::Clock;
use crate::runtime::environment::Environment;
use crate::runtime::family_keys::FamilyKeys;
use crate::runtime::ids::Ids;
use crate::runtime::message_limits::MessageLimits;
use crate::runtime::text_messages::TextMessages;
use crate::storage::rate_limit::Counters;
use crate::storage::table::Store;

pub struct Service {
    store: Store,
    tables: Tables,
    sms: TextMessages,
    logs: Logs,
    /// `STACK`: the name of the deployed stack, with which the names of its log groups begin.
    stack: String,
    keyring: FamilyKeys,
    clock: Arc<dyn Clock>,
    ids: Ids,
    messages: MessageLimits,
}

struct Tables {
    /// `STAFF_TABLE`: members.
    staff: String,
    /// `CREDENTIALS_TABLE`: codes that were sent, messages that wait, counters.
    credentials: String,
}

impl Service {
    /// Reads the variables above and the id of a secret `STAFF_SECRET`. Fetches the keys and opens the connection to DynamoDB, so that the
    /// first request does not wait for them.
    pub async fn connect(environment: &Environment) -> Result<Self> {
        let tables = Tables {
            staff: environment.required("STAFF_TABLE")?.to_owned(),
            credentials: environment.required("CREDENTIALS_TABLE")?.to_owned(),
        };
        let (store, keyring) = environment.open(&tables.staff, environment.required("STAFF_SECRET")?).await?;
        let (sms, logs, clock) = (environment.text_messages()?, environment.logs(), Arc::clone(&environment.clock));
        let stack = environment.stack()?.to_owned();
        let messages = MessageLimits::of(environment)?;
        Ok(Self { store, tables, sms, logs, stack, keyring, clock, ids: Ids::default(), messages })
    }

    /// The keys of the family, for a process to keep up with their secret.
    pub fn keys(&self) -> &FamilyKeys {
        &self.keyring
    }

    fn counters(&self) -> Counters<'_> {
        let Self { store, keyring, tables, .. } = self;
        let now = self.clock.now();
        Counters { family: "staff", store, table: &tables.credentials, keyring, now, act: caller::act }
    }
}
