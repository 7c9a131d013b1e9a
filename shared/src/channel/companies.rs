//! Companies: the employers that offer tasks (docs/contract/channel.txt, POST /companies).

use serde::{Deserialize, Serialize};

use super::Settings;
use super::resource::Resource;
use crate::error::Fault;
use crate::storage::sealed::Fields;
use crate::values::{ContactPhone, CreditCode, Date, Expiry, Money, RecordId, Text, Url};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Company {
    pub channel_company_id: RecordId,
    pub company_name: Text<1, 255>,
    pub social_credit_code: CreditCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_person: Option<Text<1, 64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_person: Option<Text<1, 64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_phone: Option<ContactPhone>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_license: Option<BusinessLicense>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered_address: Option<Text<1, 255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_scope: Option<Text<1, 4000>>,
}

/// 营业执照信息.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BusinessLicense {
    pub license_number: Text<1, 64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license_photo: Option<Url>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry_date: Option<Expiry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_capital: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_in_capital: Option<Money>,
}

impl Resource for Company {
    const KIND: &'static str = "company";
    const ID_FIELD: &'static str = "channel_company_id";
    /// The phone is that of `contact_person`.
    const SEALED: Fields = Fields { names: &["contact_phone"], phone: Some("contact_phone"), id_number: None };

    fn id(&self) -> &RecordId {
        &self.channel_company_id
    }

    fn faults(&self, settings: Settings) -> Vec<Fault> {
        let mut faults = Vec::new();
        if settings.strict_checksums && !self.social_credit_code.checksum_holds() {
            faults.push(Fault::new("social_credit_code", "has a wrong check character"));
        }
        if let Some(BusinessLicense { issue_date: Some(issued), expiry_date: Some(expires), .. }) = &self.business_license
            && expires.is_before(issued)
        {
            faults.push(Fault::new("business_license.expiry_date", "must not be before issue_date"));
        }
        faults
    }
}
