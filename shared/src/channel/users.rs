//! Users: the workers that a channel pushes (docs/contract/channel.txt, POST /users).

use serde::{Deserialize, Serialize};

use super::Settings;
use super::resource::Resource;
use crate::error::Fault;
use crate::storage::sealed::Fields;
use crate::values::{IdCard, Mobile, Moment, RecordId, Score, Text, Urls};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub channel_user_id: RecordId,
    pub name: Text<1, 64>,
    pub id_card: IdCard,
    pub phone: Mobile,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_certification: Option<LiveCertification>,
}

/// 活体认证记录.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveCertification {
    pub certified: bool,
    pub certification_time: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certification_method: Option<Text<1, 64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub face_score: Option<Score>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liveness_score: Option<Score>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photos: Option<Urls>,
}

impl Resource for User {
    const KIND: &'static str = "user";
    const ID_FIELD: &'static str = "channel_user_id";
    const SEALED: Fields =
        Fields { names: &["id_card", "phone", "live_certification"], phone: Some("phone"), id_number: Some("id_card") };

    fn id(&self) -> &RecordId {
        &self.channel_user_id
    }

    fn normal(&self) -> Self {
        Self { id_card: self.id_card.normal(), phone: self.phone.normal(), ..self.clone() }
    }

    fn faults(&self, settings: Settings) -> Vec<Fault> {
        if settings.strict_checksums && !self.id_card.checksum_holds() {
            return vec![Fault::new("id_card", "has a wrong check character")];
        }
        Vec::new()
    }
}
