//! Webhooks: a product learns of changes to a company's data by signed calls to an address of its own (docs/design/webhooks.md).
//!
//! 1. The transaction of a change stores a [`Change`](super::changes::Change).
//! 2. The stream of the table invokes `hris-events`, which makes the events of each webhook of the company out of it ([`distribution`]),
//!    and sends a message with the webhook to a queue.
//! 3. The message invokes `hris-events`, which sends the events of this webhook that are overdue ([`delivery`]).
//!
//! A schedule does every minute what the stream or the queue missed.

mod attempts;
mod backoff;
mod contact;
mod content;
mod delivery;
mod distribution;
mod events;
mod lease;
mod page;
mod requests;
mod settings;
mod sweep;
mod types;
mod waiting;

pub use attempts::Attempt;
pub use content::Shapes;
pub use delivery::{Courier, Delivered};
pub use events::{Event, EventState};
pub use page::Viewer;
pub use settings::{Put, Settings, State, Webhook};
pub(super) use settings::{SEALED, secrets_place};
pub use sweep::Target;
pub use types::{EventType, EventTypes};
