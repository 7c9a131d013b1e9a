//! Money, scores, hours and counts. Decimals are parsed from the literal of the JSON number, never through a binary float.
//!
//! An integer may be `10.0` or `1e1`. An amount has at most two decimals, after the residue of a client's binary floats is rounded.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};

use super::Reason;
use super::numeral::{Numeral, Unfit};
use crate::values::input::Faults;

/// The largest amount: 10^12 yuan.
const MAX_FEN: i64 = 100_000_000_000_000;
const TOO_MANY_DECIMALS: Reason = "must have at most 2 decimals";
const TOO_MANY_DIGITS: Reason = "has too many digits";

/// A value that is a number in requests.
pub trait FromNumeral: Sized {
    fn from_numeral(number: &Numeral) -> Result<Self, Reason>;
}

/// The fen of an amount in yuan, if their absolute value is at most [`MAX_FEN`].
fn fen(yuan: &Numeral) -> Result<Option<i64>, Reason> {
    let fen = yuan.rounded(2).map_err(|unfit| match unfit {
        Unfit::TooManyDigits => TOO_MANY_DIGITS,
        Unfit::TooManyDecimals => TOO_MANY_DECIMALS,
    })?;
    Ok(i64::try_from(fen).ok().filter(|fen| fen.unsigned_abs() <= MAX_FEN.unsigned_abs()))
}

/// A non-negative amount in fen. In requests and responses it is a JSON number of yuan with at most two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
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

impl FromNumeral for Money {
    fn from_numeral(number: &Numeral) -> Result<Self, Reason> {
        fen(number)?.filter(|fen| *fen >= 0).map(Self).ok_or("must be from 0 to 1000000000000")
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
    /// For `serialize_with`, as [`Money::as_yuan`].
    pub fn as_yuan<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(Decimal::new(self.0, 2), serializer)
    }
}

impl FromNumeral for Adjustment {
    fn from_numeral(number: &Numeral) -> Result<Self, Reason> {
        fen(number)?.map(Self).ok_or("must be from -1000000000000 to 1000000000000")
    }
}

/// A score from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score(Decimal);

impl FromNumeral for Score {
    fn from_numeral(number: &Numeral) -> Result<Self, Reason> {
        let score = number.to_decimal().ok_or(TOO_MANY_DIGITS)?;
        let within = score >= Decimal::ZERO && score <= Decimal::ONE_HUNDRED;
        if within { Ok(Self(score.normalize())) } else { Err("must be from 0 to 100") }
    }
}

/// A duration from 0 to 100,000. Its field defines the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(Decimal);

impl FromNumeral for Span {
    fn from_numeral(number: &Numeral) -> Result<Self, Reason> {
        let hours = number.to_decimal().ok_or(TOO_MANY_DIGITS)?;
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
        let count = unquoted_integer(&value).ok_or_else(|| Faults::one(at, "must be an integer"))?;
        match u32::try_from(count) {
            Ok(count @ 1..=1_000_000) => Ok(Self(count)),
            _ => Err(Faults::one(at, "must be from 1 to 1000000")),
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
        integer(&value)
            .and_then(Self::new)
            .ok_or_else(|| Faults::one(at, format!("must be a whole number from {MIN} to {MAX}")))
    }
}

/// The integer in a JSON number, or in a string that contains nothing else.
pub fn integer<V: IntoValue>(value: &Value<V>) -> Option<i64> {
    i64::try_from(Numeral::of_quotable(value)?.to_integer()?).ok()
}

/// The integer in a JSON number, up to the largest that JSON parsers have.
pub fn unquoted_integer<V: IntoValue>(value: &Value<V>) -> Option<i128> {
    Numeral::of(value)?.to_integer().filter(|integer| *integer <= u64::MAX.into())
}

/// A number that may be a string, in the APIs in which integers may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotable<T>(pub T);

impl<T: FromNumeral> Deserr<Faults> for Quotable<T> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        read_number(Numeral::of_quotable(&value), at).map(Self)
    }
}

fn read_number<T: FromNumeral>(number: Option<Numeral>, at: ValuePointerRef<'_>) -> Result<T, Faults> {
    let number = number.ok_or_else(|| Faults::one(at, "must be a number"))?;
    T::from_numeral(&number).map_err(|reason| Faults::one(at, reason))
}

/// Implements `Deserr` for a type that is a JSON number, never a string.
macro_rules! unquoted {
    ($($name:ident),+) => {
        $(impl Deserr<Faults> for $name {
            fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
                read_number(Numeral::of(&value), at)
            }
        })+
    };
}
unquoted!(Money, Score, Span);

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
        assert_eq!(fen("0e400"), Some(0));
        assert_eq!(fen("5000.000000000000000001"), Some(500_000));
        assert_eq!(fen("999999999999.9999999"), Some(MAX_FEN));
        for bad in ["-0.01", "0.001", "5000.000001", "1e400", "1000000000000.01", "\"5\"", "null", "[5]"] {
            assert_eq!(fen(bad), None, "{bad}");
        }
    }

    /// A second implementation, which calculates with integers. A residue is less than a ten-thousandth of a fen.
    fn fen_by_hand(literal: &str) -> Option<i64> {
        let (digits, exponent) = literal.split_once('e').unwrap_or((literal, "0"));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let is_negative = whole.starts_with('-');
        let figures: i128 = format!("{}{decimals}", whole.trim_start_matches('-')).parse().unwrap();
        let places = i32::try_from(decimals.len()).unwrap() - exponent.parse::<i32>().unwrap() - 2;
        let scale = 10_i128.pow(places.unsigned_abs());
        let fen = match places {
            ..=0 => figures * scale,
            _ if figures % scale * 10_000 < scale => figures / scale,
            _ if (scale - figures % scale) * 10_000 < scale => figures / scale + 1,
            _ => return None,
        };
        (fen <= 100_000_000_000_000 && (fen == 0 || !is_negative)).then_some(fen as i64)
    }

    proptest! {
        #[test]
        fn every_literal_parses_as_in_the_second_implementation(literal in "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,6}|\\.[0-9]{2}(0{0,8}|9{0,8})[0-9]{0,2})?(e-?[0-9])?") {
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
