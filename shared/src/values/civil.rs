//! The one parser of dates and one of times, in the spellings that clients use. The types beside it say what they demand of a time zone.
//!
//! | part | accepted |
//! |---|---|
//! | date | `2017-02-03`, `2017-2-3`, `2017/2/3`; the year has four digits |
//! | between date and time | `T` or spaces |
//! | time | `08:00`, `8:0:5`, `08:00:05.123` |
//! | time zone | `Z`, `UTC`, `+08:00`, `+0800`, `+08`, optionally behind a space |
//!
//! White space around a value is ignored.

use jiff::civil::{Date, DateTime};

/// The longest text that is read, in bytes.
const MAX_LENGTH: usize = 64;
const YEARS: std::ops::RangeInclusive<i16> = 1800..=9999;

/// A date from the year 1800 on, and nothing else.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    let mut scanner = Scanner::of(text)?;
    let date = scanner.date()?;
    scanner.0.is_empty().then_some(date)
}

/// A date with a time, and the offset from UTC in seconds if the text has one.
pub(super) fn parse_date_time(text: &str) -> Option<(DateTime, Option<i64>)> {
    let mut scanner = Scanner::of(text)?;
    let date = scanner.date()?;
    let is_separated = scanner.spaces() || scanner.one_of("Tt").is_some();
    let time = is_separated.then(|| scanner.time(date)).flatten()?;
    let offset = if scanner.0.is_empty() { None } else { Some(scanner.offset()?) };
    scanner.0.is_empty().then_some((time, offset))
}

/// The rest of the text.
struct Scanner<'a>(&'a str);

impl<'a> Scanner<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let text = text.trim();
        (text.len() <= MAX_LENGTH).then_some(Self(text))
    }

    fn date(&mut self) -> Option<Date> {
        let year: i16 = self.digits(4, 4)?.parse().ok()?;
        let separator = self.one_of("-/")?;
        let month = self.number(1)?;
        let again = self.one_of("-/")?;
        let day = self.number(1)?;
        let date = Date::new(year, month, day).ok()?;
        (separator == again && YEARS.contains(&year)).then_some(date)
    }

    fn time(&mut self, date: Date) -> Option<DateTime> {
        let hour = self.number(1)?;
        self.one_of(":")?;
        let minute = self.number(1)?;
        let (mut second, mut nanosecond) = (0, 0);
        if self.one_of(":").is_some() {
            second = self.number(1)?;
            if self.one_of(".").is_some() {
                let fraction = self.digits(1, MAX_LENGTH)?;
                nanosecond = format!("{fraction:0<9}")[..9].parse().ok()?;
            }
        }
        // A leap second is the second before it.
        let second = if second == 60 { 59 } else { second };
        DateTime::new(date.year(), date.month(), date.day(), hour, minute, second, nanosecond).ok()
    }

    fn offset(&mut self) -> Option<i64> {
        self.spaces();
        if self.one_of("Zz").is_some() {
            return Some(0);
        }
        if let Some(rest) = self.0.strip_prefix("UTC") {
            self.0 = rest;
            return Some(0);
        }
        let sign = if self.one_of("+-")? == '+' { 1 } else { -1 };
        let hours = self.number(2)?;
        let minutes = if self.0.is_empty() {
            0
        } else {
            self.one_of(":");
            self.number(2)?
        };
        (hours < 24 && minutes < 60).then_some(sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60))
    }

    /// A number of at least this many digits and at most two.
    fn number(&mut self, least: usize) -> Option<i8> {
        self.digits(least, 2)?.parse().ok()
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<&'a str> {
        let length = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        (length >= least).then_some(digits)
    }

    fn one_of(&mut self, characters: &str) -> Option<char> {
        let first = self.0.chars().next().filter(|first| characters.contains(*first))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    /// Whether there is a space. Skips all that follow.
    fn spaces(&mut self) -> bool {
        let rest = self.0.trim_start_matches(' ');
        let skipped = rest.len() < self.0.len();
        self.0 = rest;
        skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_the_spellings_of_clients() {
        for text in ["2017-02-03", "2017-2-3", "2017-02-3", "2017/2/3", "2017/02/03", " 2017-02-03\n", "\u{3000}2017-2-3\u{a0}"]
        {
            assert_eq!(parse_date(text), Some(Date::constant(2017, 2, 3)), "{text}");
        }
        for bad in [
            "",
            "2017",
            "2017-02",
            "17-2-3",
            "02017-2-3",
            "2017-002-03",
            "2017-2-003",
            "2017-13-1",
            "2017-0-3",
            "2017-2-0",
            "2017-2-30",
            "2017-2/3",
            "2017/2-3",
            "2017.2.3",
            "20170203",
            "2017-2-3 8:0",
            "2017-2-3T",
            "2017-2-3-",
            "-2017-2-3",
            "1799-12-31",
            "2017--3",
            "２017-2-3",
            "2017-2-٣",
            "2017年2月3日",
            "2017- 2-3",
        ] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_read_in_the_spellings_of_clients() {
        let at = |hour, minute, second, nanosecond| DateTime::constant(2017, 2, 3, hour, minute, second, nanosecond);
        let cases = [
            ("2017-2-3 8:0:5", at(8, 0, 5, 0), None),
            ("2017/2/3 8:00", at(8, 0, 0, 0), None),
            ("2017-02-03  08:00:05.1234567", at(8, 0, 5, 123_456_700), None),
            ("2017-02-03t23:59:60z", at(23, 59, 59, 0), Some(0)),
            ("2017-02-03T08:00Z", at(8, 0, 0, 0), Some(0)),
            ("2017-02-03T08:00:00.000+0800", at(8, 0, 0, 0), Some(28_800)),
            ("2017-02-03 08:00:00 +0800", at(8, 0, 0, 0), Some(28_800)),
            ("2017-02-03 08:00:00 UTC", at(8, 0, 0, 0), Some(0)),
            ("2017-2-3 8:0:5-09:30", at(8, 0, 5, 0), Some(-34_200)),
            ("2017-02-03T08:00:00+08", at(8, 0, 0, 0), Some(28_800)),
        ];
        for (text, time, offset) in cases {
            assert_eq!(parse_date_time(text), Some((time, offset)), "{text}");
        }
        for bad in [
            "",
            "2017-2-3",
            "2017-2-3 ",
            "2017-2-3T",
            "8:00",
            "2017-2-3 8",
            "2017-2-3 8:",
            "2017-2-3 24:00",
            "2017-2-3 24:00:00",
            "2017-2-3 8:60",
            "2017-2-3 8:0:61",
            "2017-2-3 8:0:",
            "2017-2-3 8:0.5",
            "2017-2-3 8:0:5.",
            "2017-2-30 8:0",
            "2017-13-3 8:0",
            "2017-2-38:00",
            "2017-2-3T 8:00",
            "2017-2-3 8:00 PM",
            "2017-2-3 8:00+8:00",
            "2017-2-3 8:00+24:00",
            "2017-2-3 8:00+08:60",
            "2017-2-3 8:00+08:0",
            "2017-2-3 8:00+080",
            "2017-2-3 8:00Z+08:00",
            "2017-02-03T08:00:00+08:00[Asia/Shanghai]",
            "1486080000",
            "2017-2-3 008:00",
            "2017-2-3 8:00:00,5",
        ] {
            assert_eq!(parse_date_time(bad), None, "{bad}");
        }
        assert_eq!(parse_date_time(&format!("2017-2-3 8:0:5.{}", "1".repeat(MAX_LENGTH))), None, "it is bounded");
    }

    proptest::proptest! {
        #[test]
        fn no_text_causes_a_panic(text in ".{0,80}", shaped in "[0-9]{1,5}[-/.][0-9]{0,3}[-/.][0-9]{0,3}[ T]{0,2}[0-9]{0,3}:?[0-9]{0,3}:?[0-9.]{0,12}[Z+ -]{0,2}[0-9:]{0,6}") {
            for text in [text, shaped] {
                let (date, time) = (parse_date(&text), parse_date_time(&text));
                proptest::prop_assert!(date.is_none() || time.is_none());
            }
        }
    }
}
