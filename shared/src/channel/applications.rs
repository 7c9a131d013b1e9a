//! Applications: users apply for tasks (docs/contract/channel.txt, POST /applications). A closed task accepts applications too, because
//! partners report facts after the event.

use serde::{Deserialize, Serialize};

use super::Settings;
use super::choices::ApplicationStatus;
use super::reference::Reference;
use super::resource::{Listing, Resource};
use crate::error::Fault;
use crate::values::{Moment, RecordId, Text, Url};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Application {
    pub channel_application_id: RecordId,
    pub channel_user_id: RecordId,
    pub channel_task_id: RecordId,
    pub applied_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_url: Option<Url>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_channel: Option<Text<1, 64>>,
    pub status: ApplicationStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<Text<1, 1000>>,
}

impl Resource for Application {
    const KIND: &'static str = "application";
    const ID_FIELD: &'static str = "channel_application_id";

    fn id(&self) -> &RecordId {
        &self.channel_application_id
    }

    fn faults(&self, _settings: Settings) -> Vec<Fault> {
        Vec::new()
    }

    /// pending -> accepted, rejected, cancelled; accepted -> cancelled. rejected and cancelled are final: only remark may still change.
    fn may_become(&self, next: &Self) -> Result<(), Fault> {
        use ApplicationStatus::{Accepted, Cancelled, Pending, Rejected};
        match (self.status, next.status) {
            (Pending, _) | (Accepted, Accepted | Cancelled) => Ok(()),
            (Rejected | Cancelled, status) if status == self.status => {
                let expected = Self { remark: self.remark.clone(), ..next.clone() };
                if expected == *self { Ok(()) } else { Err(Fault::new("status", "is final: only remark may still change")) }
            }
            (Accepted | Rejected | Cancelled, _) => Err(Fault::new("status", "cannot change in this way")),
        }
    }

    fn references(&self) -> Vec<Reference<'_>> {
        vec![
            Reference { field: "channel_user_id", kind: "user", id: &self.channel_user_id, having: None },
            Reference { field: "channel_task_id", kind: "task", id: &self.channel_task_id, having: None },
        ]
    }

    fn listing(&self) -> Listing<'_> {
        let parents = [Some(&self.channel_user_id), Some(&self.channel_task_id)];
        Listing { parents, occurred_at: Some(self.applied_at) }
    }
}
