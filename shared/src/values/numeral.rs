//! The exact value of a number, however it is written: `10`, `10.0`, `1e1`. It never becomes a binary float, and an exponent allocates
//! nothing, whatever its size.

use deserr::{IntoValue, Value};
use rust_decimal::Decimal;

use crate::values::input::{number_literal, text};

/// The most digits before the decimal point of a number that is compared with a range.
const MAX_WHOLE: i64 = 28;
/// A difference below 10^-6 comes from binary floats: `3.99 * 5` is 19.950000000000003 in JavaScript.
const RESIDUE: i64 = 6;

/// `digits` times ten to the power of `exponent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numeral {
    is_negative: bool,
    /// Without zeros at either end, so zero has none.
    digits: String,
    exponent: i64,
}

/// Why a number cannot be rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    TooManyDigits,
    TooManyDecimals,
}

impl Numeral {
    /// A JSON number.
    pub fn of<V: IntoValue>(value: &Value<V>) -> Option<Self> {
        Self::parse(&number_literal(value)?)
    }

    /// A JSON number, or a string with a number and nothing else.
    pub fn of_quotable<V: IntoValue>(value: &Value<V>) -> Option<Self> {
        match text(value) {
            Some(text) => Self::parse(text.trim()),
            None => Self::of(value),
        }
    }

    /// As JSON writes numbers. A `+` and zeros may precede.
    fn parse(literal: &str) -> Option<Self> {
        let unsigned = literal.strip_prefix(['+', '-']).unwrap_or(literal);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, decimals) = match mantissa.split_once('.') {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (mantissa, None),
        };
        if !is_number(whole) || decimals.is_some_and(|decimals| !is_number(decimals)) {
            return None;
        }
        let decimals = decimals.unwrap_or_default();
        let written = format!("{whole}{decimals}");
        let digits = written.trim_start_matches('0').trim_end_matches('0');
        if digits.is_empty() {
            return Some(Self { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let zeros = length(&written) - length(written.trim_end_matches('0'));
        Some(Self {
            is_negative: literal.starts_with('-'),
            digits: digits.to_owned(),
            exponent: exponent.saturating_sub(length(decimals)).saturating_add(zeros),
        })
    }

    /// The digits before the decimal point; negative if zeros follow the point.
    fn whole_digits(&self) -> i64 {
        self.exponent.saturating_add(length(&self.digits))
    }

    /// How many units of ten to the power of `-places` it is, cut off, and the digits that are cut off. `None` if it is too large.
    fn split(&self, places: u32) -> Option<(i128, Rest<'_>)> {
        let whole = self.whole_digits();
        if whole > MAX_WHOLE {
            return None;
        }
        let kept = whole + i64::from(places);
        let at = usize::try_from(kept).unwrap_or(0).min(self.digits.len());
        let (units, rest) = self.digits.split_at(at);
        let missing = u32::try_from(kept.saturating_sub(length(units))).unwrap_or(0);
        let units =
            if units.is_empty() { 0 } else { units.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(missing)?)? };
        Some((units, Rest { zeros: kept.saturating_neg().max(0), digits: rest }))
    }

    fn signed(&self, units: i128) -> i128 {
        if self.is_negative { -units } else { units }
    }

    /// The integer that it is, if it is one of at most 28 digits.
    pub fn to_integer(&self) -> Option<i128> {
        let (units, rest) = self.split(0)?;
        rest.digits.is_empty().then(|| self.signed(units))
    }

    /// In units of ten to the power of `-places`, of which there are at most five. Rounds if that changes the number by less than a
    /// millionth.
    pub fn rounded(&self, places: u32) -> Result<i128, Unfit> {
        let (units, rest) = self.split(places).ok_or(Unfit::TooManyDigits)?;
        let insignificant = RESIDUE - i64::from(places);
        if rest.is_below(insignificant) {
            Ok(self.signed(units))
        } else if rest.is_nearly_one(insignificant) {
            Ok(self.signed(units + 1))
        } else {
            Err(Unfit::TooManyDecimals)
        }
    }

    /// All its digits. `None` if they are more than `Decimal` can hold.
    pub fn to_decimal(&self) -> Option<Decimal> {
        let scale = u32::try_from(self.exponent.min(0).unsigned_abs()).ok().filter(|scale| *scale <= Decimal::MAX_SCALE)?;
        let (units, _) = self.split(scale)?;
        Decimal::try_from_i128_with_scale(self.signed(units), scale).ok()
    }

    /// The nearest binary float; infinite if it is too large for one.
    pub fn to_f64(&self) -> f64 {
        let sign = if self.is_negative { "-" } else { "" };
        let digits = if self.digits.is_empty() { "0" } else { &self.digits };
        format!("{sign}{digits}e{}", self.exponent).parse().unwrap_or(f64::INFINITY)
    }
}

/// Decimals that are cut off: zeros, then digits of which the last one is not zero.
struct Rest<'a> {
    zeros: i64,
    digits: &'a str,
}

impl Rest<'_> {
    /// Less than ten to the power of `-places`.
    fn is_below(&self, places: i64) -> bool {
        let zeros = self.digits.bytes().take_while(|digit| *digit == b'0').count();
        self.digits.is_empty() || self.zeros.saturating_add(i64::try_from(zeros).unwrap_or(i64::MAX)) >= places
    }

    /// Less than one by less than ten to the power of `-places`.
    fn is_nearly_one(&self, places: i64) -> bool {
        let nines = self.digits.bytes().take_while(|digit| *digit == b'9').count();
        let is_enough = i64::try_from(nines).is_ok_and(|nines| nines >= places);
        self.zeros == 0 && is_enough && length(self.digits) > places
    }
}

/// An exponent that is too large for `i64` becomes the largest one: it decides nothing more.
fn parse_exponent(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let exponent = is_number(unsigned).then(|| unsigned.parse().unwrap_or(i64::MAX))?;
    Some(if text.starts_with('-') { -exponent } else { exponent })
}

fn is_number(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn length(digits: &str) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(literal: &str) -> Numeral {
        Numeral::parse(literal).unwrap_or_else(|| panic!("{literal}"))
    }

    #[test]
    fn an_integer_may_have_zeros_behind_the_point_or_an_exponent() {
        for (literal, integer) in [
            ("10", 10),
            ("10.0", 10),
            ("1e1", 10),
            ("1E+1", 10),
            ("100e-1", 10),
            ("1.0e1", 10),
            ("0.001e4", 10),
            ("+10", 10),
            ("007", 7),
            ("-10.00", -10),
            ("-0", 0),
            ("0e400", 0),
            ("0.000e-99999999999999999999", 0),
            ("9223372036854775807", i64::MAX.into()),
            ("-9223372036854775808.0", i64::MIN.into()),
            ("18446744073709551616", 18_446_744_073_709_551_616),
        ] {
            assert_eq!(read(literal).to_integer(), Some(integer), "{literal}");
        }
        for literal in ["10.5", "1e-1", "1e400", "1e99999999999999999999", "1e28", "1e-99999999999999999999", "9.9999999"] {
            assert_eq!(read(literal).to_integer(), None, "{literal}");
        }
    }

    #[test]
    fn what_is_no_number_is_rejected() {
        for text in [
            "", " ", "-", "+", ".", ".5", "5.", "1.2.3", "1e", "1e+", "e1", "1e1.0", "--1", "+-1", "0x1f", "1_000", "1,000",
            "1 000", "Infinity", "NaN", "null", "１０", "10元", "¥10", "1e1e1", " 1", "1\0",
        ] {
            assert_eq!(Numeral::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_difference_below_a_millionth_is_rounded_and_no_greater_one() {
        for (literal, cents) in [
            ("19.950000000000003", 1995),
            ("5.970000000000001", 597),
            ("19.949999999999999289457264239899814128875732421875", 1995),
            ("19.95", 1995),
            ("19.9500009", 1995),
            ("19.9499991", 1995),
            ("0.99999999", 100),
            ("5.551115123125783e-17", 0),
            ("-5.551115123125783e-17", 0),
            ("-0.30000000000000004", -30),
            ("1e-400", 0),
            ("1e-99999999999999999999", 0),
        ] {
            assert_eq!(read(literal).rounded(2), Ok(cents), "{literal}");
        }
        for literal in ["0.001", "1.005", "19.950001", "19.949999", "19.9500011", "1e-6", "-0.000001", "0.009999"] {
            assert_eq!(read(literal).rounded(2), Err(Unfit::TooManyDecimals), "{literal}");
        }
        for literal in ["1e28", "1e400", "-1e99999999999999999999"] {
            assert_eq!(read(literal).rounded(2), Err(Unfit::TooManyDigits), "{literal}");
        }
        assert_eq!(read("8000.0000000000009").rounded(0), Ok(8000));
        assert_eq!(read("7999.9999999999991").rounded(0), Ok(8000));
        assert_eq!(read("7999.999999").rounded(0), Err(Unfit::TooManyDecimals));
    }

    #[test]
    fn no_exponent_takes_long() {
        let zeros = "0".repeat(1_000_000);
        for literal in [format!("1{zeros}e-1000000"), format!("0.{zeros}1e1000001"), format!("1e0{zeros}")] {
            assert_eq!(read(&literal).to_integer(), Some(1), "{} characters", literal.len());
            assert_eq!(read(&literal).rounded(2), Ok(100));
            assert_eq!(read(&literal).to_decimal(), Some(Decimal::ONE));
        }
        assert_eq!(read("1e99999999999999999999").to_f64(), f64::INFINITY);
        assert_eq!(read("-1e-99999999999999999999").to_f64(), 0.0);
        assert_eq!(read("1e99999999999999999999").to_decimal(), None);
    }

    proptest! {
        /// `f64` is a second implementation of the parser, and the arithmetic of JavaScript.
        #[test]
        fn a_product_of_binary_floats_is_rounded_to_the_cent(cents in 0..10_000_000_i64, times in 1..1000_i64) {
            #[expect(clippy::cast_precision_loss, reason = "the numbers are below 2^53")]
            let product = (cents as f64 / 100.0) * times as f64;
            for literal in [product.to_string(), format!("{product:e}"), format!("{product:.60}")] {
                prop_assert_eq!(read(&literal).rounded(2), Ok(i128::from(cents * times)), "{}", literal);
                prop_assert_eq!(read(&literal).to_f64(), product, "{}", literal);
            }
        }

        #[test]
        fn moving_the_point_and_adding_zeros_changes_nothing(
            digits in "[0-9]{1,12}", at: prop::sample::Index, zeros in 0..40_usize, move_by in -26..=26_i64,
        ) {
            let at = at.index(digits.len());
            let (whole, decimals) = digits.split_at(at);
            let shift = i64::try_from(decimals.len()).unwrap();
            let (leading, trailing) = ("0".repeat(zeros + 1), "0".repeat(zeros));
            let pointed = format!("{leading}{whole}.{decimals}{trailing}e{}", shift + move_by);
            let plain = read(&format!("{digits}e{move_by}"));
            prop_assert_eq!(read(&pointed), plain.clone());
            let exact = digits.parse::<i128>().unwrap();
            let scale = 10_i128.pow(u32::try_from(move_by.unsigned_abs()).unwrap());
            let expected = if move_by >= 0 { Some(exact * scale) } else { (exact % scale == 0).then_some(exact / scale) };
            let expected = expected.filter(|integer| *integer < 10_i128.pow(28));
            prop_assert_eq!(plain.to_integer(), expected);
        }

        #[test]
        fn an_integer_is_read_like_rust_reads_it(number: i64) {
            prop_assert_eq!(read(&number.to_string()).to_integer(), Some(number.into()));
            prop_assert_eq!(read(&format!("{number}.000")).to_integer(), Some(number.into()));
            prop_assert_eq!(read(&format!("{number}e0")).to_integer(), Some(number.into()));
        }

        #[test]
        fn a_decimal_keeps_all_its_digits(units in -10_i128.pow(27)..10_i128.pow(27), scale in 0..=28_u32) {
            let decimal = Decimal::from_i128_with_scale(units, scale);
            prop_assert_eq!(read(&decimal.to_string()).to_decimal(), Some(decimal));
        }

        #[test]
        fn no_text_causes_a_panic(text in ".{0,20}", shaped in "[+-]?[0-9]{0,40}\\.?[0-9]{0,40}[eE]?[+-]?[0-9]{0,25}") {
            for numeral in [text, shaped].iter().filter_map(|text| Numeral::parse(text)) {
                let _ = (numeral.to_integer(), numeral.rounded(0), numeral.rounded(2), numeral.to_decimal(), numeral.to_f64());
            }
        }
    }
}
