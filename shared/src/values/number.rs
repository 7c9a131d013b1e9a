//! Money, scores, hours and counts. Decimals are parsed from the literal of the JSON number, never through a binary float.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::{Deserialize, Serialize, Serializer};

use super::Reason;
use crate::values::input::{Faults, number_literal, text};

/// The largest amount: 10^12 yuan.
const MAX_FEN: i64 = 100_000_000_000_000;
const TOO_MANY_DECIMALS: Reason = "must have at most 2 decimals";

/// A non-negative amount in fen. In requests and responses it is a JSON number of yuan with at most two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    fn from_decimal(yuan: Decimal) -> Result<Self, Reason> {
        let yuan = yuan.normalize();
        if yuan.scale() > 2 {
            return Err(TOO_MANY_DECIMALS);
        }
        match yuan.checked_mul(Decimal::ONE_HUNDRED).and_then(|fen| fen.to_i64()) {
            Some(fen) if (0..=MAX_FEN).contains(&fen) => Ok(Self(fen)),
            _ => Err("must be from 0 to 1000000000000"),
        }
    }

    pub fn from_fen(fen: i64) -> Self {
        Self(fen)
    }

    pub fn fen(self) -> i64 {
        self.0
    }

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// For `serialize_with`: a JSON number of yuan, the unit of the API documents.
    pub fn as_yuan<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(Decimal::new(self.0, 2), serializer)
    }

    /// For `serialize_with`: as [`Money::as_yuan`], or null.
    pub fn as_optional_yuan<S: Serializer>(amount: &Option<Self>, serializer: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => amount.as_yuan(serializer),
            None => serializer.serialize_none(),
        }
    }
}

/// In yuan, with two decimals.
impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Decimal::new(self.0, 2).fmt(f)
    }
}

/// An amount in fen that may be negative: the change of a salary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Adjustment(i64);

impl Adjustment {
    fn from_decimal(yuan: Decimal) -> Result<Self, Reason> {
        let Money(fen) = Money::from_decimal(yuan.abs()).map_err(|reason| match reason {
            TOO_MANY_DECIMALS => reason,
            _ => "must be from -1000000000000 to 1000000000000",
        })?;
        Ok(Self(if yuan.is_sign_negative() { -fen } else { fen }))
    }
}

/// A score from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score(Decimal);

impl Score {
    fn from_decimal(score: Decimal) -> Result<Self, Reason> {
        let within = score >= Decimal::ZERO && score <= Decimal::ONE_HUNDRED;
        if within { Ok(Self(score.normalize())) } else { Err("must be from 0 to 100") }
    }
}

/// A duration from 0 to 100,000. Its field defines the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(Decimal);

impl Span {
    fn from_decimal(hours: Decimal) -> Result<Self, Reason> {
        let within = hours >= Decimal::ZERO && hours <= Decimal::from(100_000);
        if within { Ok(Self(hours.normalize())) } else { Err("must be from 0 to 100000") }
    }
}

/// A number of people, from 1 to a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Count(u32);

impl Deserr<Faults> for Count {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        match value {
            Value::Integer(count @ 1..=1_000_000) => Ok(Self(count as u32)),
            Value::Integer(_) | Value::NegativeInteger(_) => Err(Faults::one(at, "must be from 1 to 1000000")),
            _ => Err(Faults::one(at, "must be an integer")),
        }
    }
}

/// An integer from `MIN` to `MAX`. It may be a string, because forms and queries have only strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Int<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Int<MIN, MAX> {
    pub fn new(number: i64) -> Option<Self> {
        (MIN..=MAX).contains(&number).then_some(Self(number))
    }

    pub fn get(self) -> i64 {
        self.0
    }
}

/// Zero.
impl<const MAX: i64> Default for Int<0, MAX> {
    fn default() -> Self {
        Self(0)
    }
}

impl<const MIN: i64, const MAX: i64> Deserr<Faults> for Int<MIN, MAX> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let number = integer(&value).or_else(|| text(&value)?.trim().parse().ok());
        number.and_then(Self::new).ok_or_else(|| Faults::one(at, format!("must be a whole number from {MIN} to {MAX}")))
    }
}

/// The integer in a JSON number, or in a string that contains nothing else.
pub fn integer<V: IntoValue>(value: &Value<V>) -> Option<i64> {
    match text(value) {
        Some(digits) => digits.parse().ok(),
        None => number_literal(value)?.parse().ok(),
    }
}

/// Implements `Deserr` for a type that is parsed from the literal of a JSON number.
macro_rules! decimal_value {
    ($name:ident) => {
        impl Deserr<Faults> for $name {
            fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
                let literal = number_literal(&value).ok_or_else(|| Faults::one(at, "must be a number"))?;
                let number = decimal(&literal).ok_or_else(|| Faults::one(at, "has too many digits"))?;
                Self::from_decimal(number).map_err(|reason| Faults::one(at, reason))
            }
        }
    };
}
decimal_value!(Money);
decimal_value!(Adjustment);
decimal_value!(Score);
decimal_value!(Span);

/// Implements serde for a decimal, which is stored as a string of digits, and `as_number`, which serializes it as a JSON number.
macro_rules! stored_decimal {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let digits = String::deserialize(deserializer)?;
                Decimal::from_str_exact(&digits).map(Self).map_err(serde::de::Error::custom)
            }
        }

        impl $name {
            /// For `serialize_with`: a JSON number, or null.
            pub fn as_number<S: Serializer>(value: &Option<Self>, serializer: S) -> Result<S::Ok, S::Error> {
                match value {
                    Some(Self(value)) => number(*value, serializer),
                    None => serializer.serialize_none(),
                }
            }
        }
    };
}
stored_decimal!(Score);
stored_decimal!(Span);

/// The exact value of a JSON number. `None` if it has more digits than `Decimal` can hold.
fn decimal(literal: &str) -> Option<Decimal> {
    let exact = if literal.contains(['e', 'E']) { Decimal::from_scientific(literal) } else { Decimal::from_str_exact(literal) };
    exact.ok()
}

/// Serializes the exact digits, without trailing zeros.
fn number<S: Serializer>(value: Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    let literal: serde_json::Number = value.normalize().to_string().parse().map_err(serde::ser::Error::custom)?;
    literal.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::values::input::Json;

    fn fen(literal: &str) -> Option<i64> {
        Json::parse(literal.as_bytes()).ok()?.read::<Money>().ok().map(|Money(fen)| fen)
    }

    #[test]
    fn money_is_exact_to_the_fen() {
        assert_eq!(fen("5000"), Some(500_000));
        assert_eq!(fen("0.29"), Some(29));
        assert_eq!(fen("19.990"), Some(1999));
        assert_eq!(fen("5e3"), Some(500_000));
        assert_eq!(fen("999999999999.99"), Some(99_999_999_999_999));
        for bad in ["-0.01", "0.001", "5000.000000000000000001", "1e400", "1000000000000.01", "\"5\"", "null", "[5]"] {
            assert_eq!(fen(bad), None, "{bad}");
        }
    }

    /// A second implementation, which moves the decimal point of the literal and does no decimal arithmetic.
    fn fen_by_hand(literal: &str) -> Option<i64> {
        let (digits, exponent) = literal.split_once('e').unwrap_or((literal, "0"));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let is_negative = whole.starts_with('-');
        let mut figures = format!("{}{decimals}", whole.trim_start_matches('-'));
        let mut places = decimals.len() as i64 - exponent.parse::<i64>().unwrap() - 2;
        while places < 0 {
            figures.push('0');
            places += 1;
        }
        while places > 0 {
            if !figures.is_empty() && figures.pop() != Some('0') {
                return None;
            }
            places -= 1;
        }
        let fen = if figures.is_empty() { 0 } else { figures.parse::<i128>().unwrap() };
        (fen <= 100_000_000_000_000 && (fen == 0 || !is_negative)).then_some(fen as i64)
    }

    proptest! {
        #[test]
        fn every_literal_parses_as_in_the_second_implementation(literal in "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,6}|\\.[0-9]{2}0{0,4})?(e-?[0-9])?") {
            prop_assert_eq!(fen(&literal), fen_by_hand(&literal), "{}", literal);
        }

        #[test]
        fn a_serialized_amount_parses_to_the_same_amount(amount in 0..=MAX_FEN) {
            let mut written = Vec::new();
            Money(amount).as_yuan(&mut serde_json::Serializer::new(&mut written)).unwrap();
            prop_assert_eq!(fen(std::str::from_utf8(&written).unwrap()), Some(amount));
        }
    }

    #[test]
    fn money_serializes_as_a_number_of_yuan() {
        let written = |fen| {
            let mut out = Vec::new();
            Money(fen).as_yuan(&mut serde_json::Serializer::new(&mut out)).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!([written(500_000), written(1999), written(1), written(10)], ["5000", "19.99", "0.01", "0.1"]);
    }
}
