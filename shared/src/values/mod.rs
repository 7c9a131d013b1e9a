//! The types of the fields in the API documents. Each value is validated once, when a request is parsed; a stored value is trusted.

mod civil;
mod id;
mod identity;
pub mod image;
pub mod input;
mod json;
mod local_time;
pub mod mask;
mod mobile;
pub mod normal;
mod number;
mod numeral;
mod request_id;
mod secret;
mod segment;
mod text;
mod time;
mod uuid;

pub use id::Id;
pub use identity::{BankAccount, ContactPhone, CreditCode, IdCard, Private};
pub use json::Verbatim;
pub use local_time::LocalTime;
pub use mobile::Mobile;
pub use number::{Adjustment, Count, Int, Money, Quotable, Score, Span, integer, unquoted_integer};
pub use numeral::Numeral;
pub use request_id::RequestId;
pub use secret::{Secret, SecretText, Token, exposed};
pub use segment::check_segment;
pub use text::{RecordId, Text, Url, Urls};
pub use time::{Date, Expiry, Moment, PeriodEnd, PeriodStart};
pub use uuid::Uuid;

use crate::error::Code;

/// Why a value is rejected. It never quotes the value.
pub type Reason = &'static str;

/// Implements `Deserr` for a type with `fn parse(&str) -> Result<Self, Reason>`.
macro_rules! text_value {
    ($name:ident $(<$(const $parameter:ident: $of:ty),+>)?) => {
        impl$(<$(const $parameter: $of),+>)? deserr::Deserr<$crate::values::input::Faults> for $name$(<$($parameter),+>)? {
            fn deserialize_from_value<V: deserr::IntoValue>(
                value: deserr::Value<V>,
                location: deserr::ValuePointerRef<'_>,
            ) -> Result<Self, $crate::values::input::Faults> {
                let Some(text) = $crate::values::input::text(&value) else {
                    return Err($crate::values::input::Faults::one(location, "must be a string"));
                };
                Self::parse(text).map_err(|reason| $crate::values::input::Faults::one(location, reason))
            }
        }
    };
}
pub(crate) use text_value;

/// A type with a closed list of values in an API document.
pub trait Closed {
    type Value: Copy + 'static;

    /// Every value, in the order of the variants.
    const VALUES: &'static [Self::Value];
}

impl Closed for Code {
    type Value = &'static str;

    const VALUES: &'static [&'static str] = Self::CODES;
}

/// Declares an enum whose variants are strings of an API document.
macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+
        }

        impl $crate::values::Closed for $name {
            type Value = &'static str;

            const VALUES: &'static [&'static str] = &[$($text),+];
        }

        impl $name {
            pub fn parse(text: &str) -> Result<Self, $crate::values::Reason> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(concat!("must be one of:" $(, " ", $text)+)),
                }
            }

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }

        $crate::values::text_value!($name);
    };
}
pub(crate) use choices;

/// Declares an enum whose variants are numbers of an API document. It is stored as this number.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(into = "u8", try_from = "u8")]
        pub enum $name {
            $($(#[$variant_doc])* $variant = $number),+
        }

        impl $crate::values::Closed for $name {
            type Value = u8;

            const VALUES: &'static [u8] = &[$($number),+];
        }

        impl From<$name> for u8 {
            fn from(value: $name) -> Self {
                value as Self
            }
        }

        impl TryFrom<u8> for $name {
            type Error = $crate::values::Reason;

            fn try_from(number: u8) -> Result<Self, $crate::values::Reason> {
                match number {
                    $($number => Ok(Self::$variant),)+
                    _ => Err(concat!("must be one of:" $(, " ", $number)+)),
                }
            }
        }
    };
}
pub(crate) use numbered;
