//! The values that the partner document's fields hold. Each is checked once, when it is read; a stored value is trusted.

mod choices;
mod identity;
mod number;
mod text;
mod time;

pub use choices::{
    ApplicationStatus, BasisType, Currency, PaymentMethod, PaymentStatus, PaymentType, SalaryType, SettlementType, TaskStatus,
    TaskType,
};
pub use identity::{BankAccount, ContactPhone, CreditCode, IdCard, Mobile};
pub use number::{Count, Hours, Money, Score};
pub use text::{RecordId, Text, Url, Urls};
pub use time::{Date, Expiry, Moment, PeriodEnd, PeriodStart};

/// Why a value is refused; never quotes the value.
pub type Reason = &'static str;

/// Lets a type that is made from a string (`fn parse(&str) -> Result<Self, Reason>`) be read from input.
macro_rules! text_value {
    ($name:ident $(<$(const $parameter:ident: $of:ty),+>)?) => {
        impl$(<$(const $parameter: $of),+>)? deserr::Deserr<$crate::input::Faults> for $name$(<$($parameter),+>)? {
            fn deserialize_from_value<V: deserr::IntoValue>(
                value: deserr::Value<V>,
                location: deserr::ValuePointerRef<'_>,
            ) -> Result<Self, $crate::input::Faults> {
                let Some(text) = $crate::input::text(&value) else {
                    return Err($crate::input::Faults::one(location, "must be a string"));
                };
                Self::parse(text).map_err(|reason| $crate::input::Faults::one(location, reason))
            }
        }
    };
}
pub(crate) use text_value;
