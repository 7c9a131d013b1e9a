//! Civil times of Shanghai, which is eight hours ahead of UTC.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

use super::civil::parse_date_time;
use super::{Date, Reason, text_value};

/// An instant, to the millisecond. Requests have it with a time zone, or without one (`2017-02-03 08:00`), which means the time in Shanghai.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalTime(i64);

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
const AHEAD: SignedDuration = SignedDuration::from_hours(8);
const LOCAL_TIME: Reason = "must be a time, such as 2017-02-03 08:00 or 2017-02-03T08:00:00+08:00";

impl LocalTime {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        Self::read(text).ok_or(LOCAL_TIME)
    }

    /// To the millisecond: a finer fraction is cut off.
    fn read(text: &str) -> Option<Self> {
        let (civil, offset) = parse_date_time(text)?;
        let fraction = civil.subsec_nanosecond() / 1_000_000 * 1_000_000;
        Self::at(civil.with().subsec_nanosecond(fraction).build().ok()?, offset.map_or(AHEAD, SignedDuration::from_secs))
    }

    /// The instant of a civil time that is so far ahead of UTC.
    fn at(civil: DateTime, ahead: SignedDuration) -> Option<Self> {
        let since = civil.checked_sub(ahead).ok()?.duration_since(EPOCH);
        let time = i64::try_from(since.as_millis()).ok().map(Self)?;
        (time.to_civil().year() >= 1800).then_some(time)
    }

    fn to_civil(self) -> DateTime {
        let since = SignedDuration::from_millis(self.0).saturating_add(AHEAD);
        EPOCH.saturating_add(since)
    }

    pub fn as_millisecond(self) -> i64 {
        self.0
    }

    /// The calendar day in Shanghai.
    pub fn date(self) -> Date {
        Date::of(self.to_civil().date())
    }

    pub fn later(self, by: SignedDuration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// `2026-01-16 14:36:01.882`.
    pub fn to_plain(self) -> String {
        format!("{}.{:03}", self.to_civil().strftime("%Y-%m-%d %H:%M:%S"), self.0.rem_euclid(1000))
    }

    /// `20260116143601882`.
    pub fn to_digits(self) -> String {
        format!("{}{:03}", self.to_civil().strftime("%Y%m%d%H%M%S"), self.0.rem_euclid(1000))
    }

    /// Parses the result of [`LocalTime::to_digits`].
    pub fn parse_digits(digits: &str) -> Option<Self> {
        let (day, time) = digits.split_at_checked(8).filter(|_| digits.len() == 17)?;
        let part = |text: &str, at: std::ops::Range<usize>| text.get(at).map(str::to_owned);
        let day = [part(day, 0..4)?, part(day, 4..6)?, part(day, 6..8)?].join("-");
        let time_of_day = [part(time, 0..2)?, part(time, 2..4)?, part(time, 4..6)?].join(":");
        Self::read(&format!("{day} {time_of_day}.{}", part(time, 6..9)?))
    }

    /// `2017-02-03T08:00:00+08:00`.
    pub fn to_second(self) -> String {
        format!("{}+08:00", self.to_civil().strftime("%Y-%m-%dT%H:%M:%S"))
    }

    /// `2017-07-12T17:29:30.000+08:00`.
    pub fn to_precise(self) -> String {
        format!("{}.{:03}+08:00", self.to_civil().strftime("%Y-%m-%dT%H:%M:%S"), self.0.rem_euclid(1000))
    }

    /// For `serialize_with`.
    pub fn as_second<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_second())
    }

    /// For `serialize_with`.
    pub fn as_precise<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_precise())
    }

    /// The first millisecond of the day `first`, and the last millisecond of the day `last`.
    pub fn day_bounds(first: &Date, last: &Date) -> (Self, Self) {
        let bound =
            |date: &Date, time: &str| format!("{}T{time}", date.as_str()).parse().ok().and_then(|time| Self::at(time, AHEAD));
        (bound(first, "00:00:00").unwrap_or(Self(i64::MIN)), bound(last, "23:59:59.999").unwrap_or(Self(i64::MAX)))
    }
}
text_value!(LocalTime);

impl From<LocalTime> for Timestamp {
    fn from(time: LocalTime) -> Self {
        Self::from_millisecond(time.0).unwrap_or(Self::MAX)
    }
}

impl From<Timestamp> for LocalTime {
    fn from(instant: Timestamp) -> Self {
        Self(instant.as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_an_offset_is_in_shanghai() {
        for text in ["2017-02-03 08:00", "2017-02-03T08:00:00", "2017-02-03T00:00:00Z", "2017-02-03T08:00:00.000+08:00"] {
            assert_eq!(LocalTime::parse(text).unwrap().to_second(), "2017-02-03T08:00:00+08:00", "{text}");
        }
        assert_eq!(LocalTime::parse("2017-07-12T17:29:30.5+08:00").unwrap().to_precise(), "2017-07-12T17:29:30.500+08:00");
        assert_eq!(LocalTime::parse("2017-02-02T16:00:00Z").unwrap().date(), Date::parse("2017-02-03").unwrap());
        assert_eq!(LocalTime::parse("2017-2-3 8:0:5").unwrap().to_precise(), "2017-02-03T08:00:05.000+08:00");
        assert_eq!(LocalTime::parse("1969/12/31 23:59:59.9999Z").unwrap().to_precise(), "1970-01-01T07:59:59.999+08:00");
        for bad in
            ["", "2017-02-03", "2017-02-30 08:00", "2017-02-03 24:01", "08:00", "2017-02-03 08:00:", "1800-01-01 00:00+08:01"]
        {
            assert!(LocalTime::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_digits_of_a_time_parse_to_the_same_time() {
        let time = LocalTime::parse("2026-01-16 14:36:01.882").unwrap();
        assert_eq!((time.to_plain(), time.to_digits()), ("2026-01-16 14:36:01.882".into(), "20260116143601882".into()));
        assert_eq!(LocalTime::parse_digits("20260116143601882"), Some(time));
        for bad in ["", "2026011614360188", "20260230143601882", "2026011614360188x", "２026011614360188"] {
            assert_eq!(LocalTime::parse_digits(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_bounds_of_a_day_are_its_first_and_last_millisecond() {
        let day = Date::parse("2017-02-03").unwrap();
        let (first, last) = LocalTime::day_bounds(&day, &day);
        assert_eq!(first.to_precise(), "2017-02-03T00:00:00.000+08:00");
        assert_eq!(last.to_precise(), "2017-02-03T23:59:59.999+08:00");
    }

    proptest::proptest! {
        #[test]
        fn the_printed_form_of_every_accepted_time_is_accepted(
            text in "(18|19|20)[0-9]{2}[-/][01]?[0-9][-/][0-3]?[0-9][T ][0-2]?[0-9]:[0-5]?[0-9](:[0-5]?[0-9](\\.[0-9]{1,5})?)?(Z|[+-][0-2][0-9]:?[0-5][0-9])?",
        ) {
            if let Ok(time) = LocalTime::parse(&text) {
                proptest::prop_assert_eq!(LocalTime::parse(&time.to_precise()), Ok(time));
            }
        }
    }
}
