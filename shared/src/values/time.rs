//! Instants and dates. Requests have instants with a time zone, in RFC 3339 or a spelling close to it; responses have
//! `YYYY-MM-DDTHH:MM:SSZ` (docs/contract/channel.txt, ISO 8601). Dates have no time zone.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::civil::{parse_date, parse_date_time};
use super::{Reason, text_value};

/// An instant in UTC, to the second, from the year 1800 to 9999. It is a civil time, because `Timestamp` ends before the last second of
/// 9999, which partners send for "no end".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(DateTime);

const UNIX_EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl Moment {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        const REASON: Reason = "must be an RFC 3339 time, such as 2024-01-15T10:30:00Z";
        Self::read(text).ok_or(REASON)
    }

    /// To the second: a fraction is cut off.
    fn read(text: &str) -> Option<Self> {
        let (civil, offset) = parse_date_time(text)?;
        let whole = civil.with().subsec_nanosecond(0).build().ok()?;
        let utc = whole.checked_sub(SignedDuration::from_secs(offset?)).ok()?;
        (1800..=9999).contains(&utc.year()).then_some(Self(utc))
    }

    /// In Unix seconds.
    pub fn as_second(self) -> i64 {
        self.0.duration_since(UNIX_EPOCH).as_secs()
    }
}
text_value!(Moment);

impl From<Timestamp> for Moment {
    fn from(instant: Timestamp) -> Self {
        let second = SignedDuration::from_secs(instant.as_millisecond().div_euclid(1000));
        Self(UNIX_EPOCH.saturating_add(second))
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}Z", self.0)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A calendar date from the year 1800 on. It is stored and returned as `YYYY-MM-DD`, so that texts sort like dates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Date(String);

impl Date {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        parse_date(text).map(Self::of).ok_or("must be a date, such as 2024-01-15")
    }

    pub fn of(date: jiff::civil::Date) -> Self {
        Self(date.to_string())
    }

    /// The whole years from this date to `other`; negative if `other` is earlier.
    pub fn years_until(&self, other: &Self) -> i64 {
        let years = |date: &Self| date.0[..4].parse::<i64>().unwrap_or_default();
        years(other) - years(self) - i64::from(other.0[5..] < self.0[5..])
    }

    /// `YYYY-MM-DD`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
text_value!(Date);

/// A date, or 长期: valid without end. Every date sorts before 长期.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Expiry(String);

impl Expiry {
    pub const NEVER: &str = "长期";

    pub fn parse(text: &str) -> Result<Self, Reason> {
        match Date::parse(text) {
            Ok(Date(date)) => Ok(Self(date)),
            Err(_) if text.trim() == Self::NEVER => Ok(Self(Self::NEVER.to_owned())),
            Err(_) => Err("must be a date, such as 2024-01-15, or 长期"),
        }
    }

    /// Whether it is earlier than this date.
    pub fn is_before(&self, date: &Date) -> bool {
        self.0 < date.0
    }
}
text_value!(Expiry);

const PERIOD: Reason = "must be a date or an RFC 3339 time";

/// The first instant of a period (`start_date`). A date means its first second, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeriodStart(pub Moment);

impl PeriodStart {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let first = parse_date(text).map(|date| Moment(date.at(0, 0, 0, 0)));
        first.or_else(|| Moment::read(text)).map(Self).ok_or(PERIOD)
    }
}
text_value!(PeriodStart);

/// The last instant of a period (`end_date`), inclusive. A date means its last second, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeriodEnd(pub Moment);

impl PeriodEnd {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let last = parse_date(text).map(|date| Moment(date.at(23, 59, 59, 0)));
        last.or_else(|| Moment::read(text)).map(Self).ok_or(PERIOD)
    }
}
text_value!(PeriodEnd);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_parse_as_rfc_3339_and_print_as_utc_seconds() {
        let printed = |text| Moment::parse(text).map(|moment| moment.to_string());
        assert_eq!(printed("2024-01-15T10:30:00Z").unwrap(), "2024-01-15T10:30:00Z");
        assert_eq!(printed("2024-01-15T18:30:00.987+08:00").unwrap(), "2024-01-15T10:30:00Z");
        assert_eq!(printed("2024-01-15T10:30Z").unwrap(), "2024-01-15T10:30:00Z");
        assert_eq!(printed("2024/1/15 18:30:0+0800").unwrap(), "2024-01-15T10:30:00Z");
        for bad in [
            "",
            "2024-01-15",
            "2024-01-15T10:30",
            "2024-01-15T10:30:00",
            "2024-02-30T00:00:00Z",
            "2024-01-15T25:00:00Z",
            "2024-01-15T10:30:00+08:00[Asia/Shanghai]",
            "1705314600",
        ] {
            assert!(printed(bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_printed_form_of_every_accepted_time_is_accepted(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][0-2][0-9]:[0-5][0-9])",
        ) {
            if let Ok(moment) = Moment::parse(&text) {
                proptest::prop_assert_eq!(Moment::parse(&moment.to_string()), Ok(moment));
            }
        }
    }

    #[test]
    fn a_date_is_kept_in_one_form() {
        for text in ["2024-01-05", "2024-1-5", "2024/1/05", " 2024/01/05 "] {
            assert_eq!(Date::parse(text).unwrap().as_str(), "2024-01-05", "{text}");
        }
    }

    #[test]
    fn periods_include_both_ends() {
        assert_eq!(PeriodStart::parse("2024-01-15").unwrap().0.to_string(), "2024-01-15T00:00:00Z");
        assert_eq!(PeriodEnd::parse("2024-01-15").unwrap().0.to_string(), "2024-01-15T23:59:59Z");
        assert_eq!(PeriodEnd::parse("2024/1/5").unwrap().0.to_string(), "2024-01-05T23:59:59Z");
        assert_eq!(PeriodEnd::parse("2024-01-15T10:00:00Z").unwrap().0.to_string(), "2024-01-15T10:00:00Z");
    }

    #[test]
    fn an_expiry_is_a_real_date_or_without_end() {
        assert!(Expiry::parse("长期").is_ok() && Expiry::parse("2050-12-31").is_ok());
        assert_eq!(Expiry::parse("2024/1/5"), Expiry::parse("2024-01-05"));
        for bad in ["2024-02-30", "2024-1-32", "24-01-05", "20240105", "-024-01-01", "永久"] {
            assert!(Expiry::parse(bad).is_err(), "{bad}");
        }
        assert!(!Expiry::parse("长期").unwrap().is_before(&Date::parse("2020-01-01").unwrap()));
    }
}
