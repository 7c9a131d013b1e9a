//! Payments to users, with their basis (docs/contract/channel.txt, POST /payments).

use serde::{Deserialize, Serialize};

use super::Settings;
use super::choices::{BasisType, Currency, PaymentMethod, PaymentStatus, PaymentType};
use super::reference::Reference;
use super::resource::{Listing, Resource};
use crate::error::Fault;
use crate::storage::sealed::Fields;
use crate::values::{BankAccount, Date, Moment, Money, RecordId, Span, Text, Urls};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    pub channel_payment_id: RecordId,
    pub payment_type: PaymentType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_user_id: Option<RecordId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_application_id: Option<RecordId>,
    pub amount: Money,
    pub currency: Currency,
    pub payment_time: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<PaymentMethod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_channel: Option<Text<1, 64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_name: Option<Text<1, 128>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_account: Option<BankAccount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_no: Option<Text<1, 128>>,
    pub payment_basis: PaymentBasis,
    pub status: PaymentStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<Text<1, 1000>>,
}

/// 付款依据.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentBasis {
    pub basis_type: BasisType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_hours: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_date_start: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_date_end: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<1, 1000>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supporting_docs: Option<Urls>,
}

impl Resource for Payment {
    const KIND: &'static str = "payment";
    const ID_FIELD: &'static str = "channel_payment_id";
    const SEALED: Fields = Fields::of(&["bank_account"]);

    fn id(&self) -> &RecordId {
        &self.channel_payment_id
    }

    fn faults(&self, _settings: Settings) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.payment_type == PaymentType::User && self.channel_user_id.is_none() {
            faults.push(Fault::new("channel_user_id", "is required with payment_type user"));
        }
        if self.payment_type == PaymentType::Application && self.channel_application_id.is_none() {
            faults.push(Fault::new("channel_application_id", "is required with payment_type application"));
        }
        if self.amount.is_zero() {
            faults.push(Fault::new("amount", "must be more than 0"));
        }
        if let (Some(start), Some(end)) = (&self.payment_basis.work_date_start, &self.payment_basis.work_date_end)
            && end < start
        {
            faults.push(Fault::new("payment_basis.work_date_end", "must not be before work_date_start"));
        }
        faults
    }

    /// pending -> completed, failed; failed -> pending. completed is final: only remark and transaction_no may still change.
    fn may_become(&self, next: &Self) -> Result<(), Fault> {
        use PaymentStatus::{Completed, Failed, Pending};
        match (self.status, next.status) {
            (Pending, _) | (Failed, Failed | Pending) => Ok(()),
            (Completed, Completed) => {
                let (remark, transaction_no) = (self.remark.clone(), self.transaction_no.clone());
                if (Self { remark, transaction_no, ..next.clone() }) == *self {
                    Ok(())
                } else {
                    Err(Fault::new("status", "is final: only remark and transaction_no may still change"))
                }
            }
            (Failed | Completed, _) => Err(Fault::new("status", "cannot change in this way")),
        }
    }

    fn references(&self) -> Vec<Reference<'_>> {
        let user = self.channel_user_id.as_ref();
        let application = self.channel_application_id.as_ref().map(|id| Reference {
            field: "channel_application_id",
            kind: "application",
            id,
            having: user
                .filter(|_| self.payment_type == PaymentType::Application)
                .map(|user| ("channel_user_id", user, "channel_user_id")),
        });
        // The user of an application exists: the application's own write checked it.
        let is_checked = application.as_ref().is_some_and(|application| application.having.is_some());
        let user =
            user.filter(|_| !is_checked).map(|id| Reference { field: "channel_user_id", kind: "user", id, having: None });
        user.into_iter().chain(application).collect()
    }

    fn listing(&self) -> Listing<'_> {
        let parents = [self.channel_user_id.as_ref(), self.channel_application_id.as_ref()];
        Listing { parents, occurred_at: Some(self.payment_time) }
    }
}
