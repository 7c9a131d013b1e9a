//! The text of a number: an integer without decimals, a date, a time, or all digits that Excel keeps.

use jiff::Span;
use jiff::civil::Date;

use super::super::CellReason;

/// What the format of a cell makes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Number,
    /// A date, a time of day, or both.
    Date,
    /// Hours beyond a day: `[h]:mm`.
    Elapsed,
}

/// How many digits of a number Excel keeps.
const DIGITS: usize = 15;
const DAY: f64 = 86_400.0;

impl Format {
    /// A format that is built in (ECMA-376, Part 1, 18.8.30). Chinese Excel has more of them for dates than the standard.
    pub fn of_id(id: &str) -> Self {
        match id.parse() {
            Ok(14..=22 | 27..=36 | 45 | 47 | 50..=58) => Self::Date,
            Ok(46) => Self::Elapsed,
            Ok(0_u32..) | Err(_) => Self::Number,
        }
    }

    /// A format as its author wrote it: `yyyy"年"m"月"d"日"`. Only the first section counts, which is that of positive numbers.
    pub fn of_code(code: &str) -> Self {
        let mut characters = code.chars();
        let mut is_date = false;
        while let Some(character) = characters.next() {
            match character.to_ascii_lowercase() {
                '"' => drop(characters.by_ref().find(|end| *end == '"')),
                // The next character is literal, or as wide as one.
                '\\' | '_' | '*' => drop(characters.next()),
                '[' => {
                    // A color, a condition or a locale, unless it is hours, minutes or seconds that do not end at a day.
                    let inner: String =
                        characters.by_ref().take_while(|end| *end != ']').collect::<String>().to_ascii_lowercase();
                    let is_unit = |unit: char| !inner.is_empty() && inner.chars().all(|character| character == unit);
                    if ['h', 'm', 's'].into_iter().any(is_unit) {
                        return Self::Elapsed;
                    }
                }
                ';' => break,
                'y' | 'm' | 'd' | 'h' | 's' => is_date = true,
                _ => {}
            }
        }
        if is_date { Self::Date } else { Self::Number }
    }
}

/// The text of a stored number. A text that is no number stays as it is.
pub fn text(stored: &str, format: Format, is_1904: bool) -> Result<String, CellReason> {
    let stored = stored.trim();
    let Some(number) = stored.parse::<f64>().ok().filter(|number| number.is_finite()) else { return Ok(stored.to_owned()) };
    let special = match format {
        Format::Number => None,
        Format::Date => date(number, is_1904),
        Format::Elapsed => elapsed(number),
    };
    special.map_or_else(|| plain(stored, number), Ok)
}

/// All digits, without an exponent.
fn plain(stored: &str, number: f64) -> Result<String, CellReason> {
    let digits = stored.strip_prefix('-').unwrap_or(stored);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = digits.trim_start_matches('0');
        // A program that keeps more digits than Excel writes them. Excel writes zeros.
        if digits.len() > DIGITS && digits[DIGITS..].bytes().all(|byte| byte == b'0') {
            return Err(CellReason::LostDigits);
        }
        return Ok(stored.to_owned());
    }
    if number.abs() >= 1e15 {
        return Err(CellReason::LostDigits);
    }
    // Excel shows 0.3, and stores 0.30000000000000004.
    let rounded: f64 = format!("{number:.*e}", DIGITS - 1).parse().unwrap_or(number);
    Ok(if rounded == 0.0 { "0".to_owned() } else { rounded.to_string() })
}

/// `2026-11-30`, `2026-11-30 08:00:00` or `08:00:00`. `None` outside of what Excel shows as a date.
fn date(number: f64, is_1904: bool) -> Option<String> {
    if !(0.0..2_958_466.0).contains(&number) {
        return None;
    }
    let (mut days, mut seconds) = (number.floor(), ((number - number.floor()) * DAY).round());
    if seconds >= DAY {
        (days, seconds) = (days + 1.0, 0.0);
    }
    // Excel has a 29 February in 1900, as Lotus 1-2-3 had: its days are one ahead after that, and this day itself does not exist.
    let first = match (is_1904, days) {
        (true, _) => Date::constant(1904, 1, 1),
        (false, 60.0) => return None,
        (false, ..60.0) => Date::constant(1899, 12, 31),
        (false, _) => Date::constant(1899, 12, 30),
    };
    let time = clock(seconds);
    if days == 0.0 && !is_1904 {
        return Some(time);
    }
    #[expect(clippy::cast_possible_truncation, reason = "below three million")]
    let date = first.checked_add(Span::new().try_days(days as i64).ok()?).ok()?;
    Some(if seconds == 0.0 { date.to_string() } else { format!("{date} {time}") })
}

/// `30:15:00`.
fn elapsed(number: f64) -> Option<String> {
    (0.0..1e6).contains(&number).then(|| clock((number * DAY).round()))
}

fn clock(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a million days")]
    let seconds = seconds as u64;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_has_the_digits_that_excel_shows() {
        for (stored, shown) in [
            ("12", "12"),
            ("12.0", "12"),
            ("-3", "-3"),
            ("0.5", "0.5"),
            ("1E3", "1000"),
            ("1.23E-3", "0.00123"),
            ("0.30000000000000004", "0.3"),
            ("19.950000000000003", "19.95"),
            ("-0.0", "0"),
            ("13800138000", "13800138000"),
            ("1.3800138E10", "13800138000"),
            ("999999999999999", "999999999999999"),
            ("110101199003070018", "110101199003070018"),
            (" 7 ", "7"),
            ("x", "x"),
            ("1e400", "1e400"),
        ] {
            assert_eq!(text(stored, Format::Number, false), Ok(shown.to_owned()), "{stored}");
        }
        for lost in ["110101199003070000", "1.1010119900307E+17", "1E+15", "-1E+300"] {
            assert_eq!(text(lost, Format::Number, false), Err(CellReason::LostDigits), "{lost}");
        }
    }

    #[test]
    fn a_date_is_that_of_excel() {
        for (stored, is_1904, shown) in [
            ("46356", false, "2026-11-30"),
            ("46356.333333333336", false, "2026-11-30 08:00:00"),
            ("46355.999999999", false, "2026-11-30"),
            ("0.375", false, "09:00:00"),
            ("0", false, "00:00:00"),
            ("1", false, "1900-01-01"),
            ("59", false, "1900-02-28"),
            ("60", false, "60"),
            ("61", false, "1900-03-01"),
            ("2958465", false, "9999-12-31"),
            ("2958466", false, "2958466"),
            ("-1", false, "-1"),
            ("44894", true, "2026-11-30"),
            ("0", true, "1904-01-01"),
        ] {
            assert_eq!(text(stored, Format::Date, is_1904), Ok(shown.to_owned()), "{stored}");
        }
        assert_eq!(text("1.25", Format::Elapsed, false), Ok("30:00:00".to_owned()));
        assert_eq!(text("-1.25", Format::Elapsed, false), Ok("-1.25".to_owned()));
    }

    #[test]
    fn formats_of_dates_are_recognized() {
        for code in [
            "yyyy-mm-dd",
            "m/d/yy h:mm",
            "yyyy\"年\"m\"月\"d\"日\"",
            "[$-804]yyyy\"年\"m\"月\";@",
            "h:mm AM/PM",
            "[DBNum1][$-804]上午/下午h\"时\"mm\"分\";@",
            "DD\\.MM\\.YYYY",
            "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy",
        ] {
            assert_eq!(Format::of_code(code), Format::Date, "{code}");
        }
        for code in [
            "General",
            "0.00",
            "#,##0.00;[Red]-#,##0.00",
            "0.00E+00",
            "@",
            "\"y\"0",
            "0\\d",
            "_d0",
            "[$¥-804]#,##0.00",
            "G/通用格式",
            "[Red]0;yyyy",
            "0%",
            "000000",
        ] {
            assert_eq!(Format::of_code(code), Format::Number, "{code}");
        }
        for code in ["[h]:mm:ss", "[mm]:ss", "[SS].00", "[>=1][h]"] {
            assert_eq!(Format::of_code(code), Format::Elapsed, "{code}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(stored in ".{0,20}", number: f64, is_1904: bool) {
            for format in [Format::Number, Format::Date, Format::Elapsed] {
                let _ = (text(&stored, format, is_1904), text(&number.to_string(), format, is_1904));
            }
        }

        #[test]
        fn a_number_of_few_digits_keeps_its_value(units in -999_999_999_999_i64..=999_999_999_999, places in 0..6_usize) {
            let exact = if places == 0 { units.to_string() } else {
                let digits = format!("{:0width$}", units.abs(), width = places + 1);
                let (whole, decimals) = digits.split_at(digits.len() - places);
                format!("{}{whole}.{decimals}", if units < 0 { "-" } else { "" })
            };
            let number: f64 = exact.parse().unwrap();
            let shown = text(&format!("{number:e}"), Format::Number, false).unwrap();
            prop_assert_eq!(shown.parse::<f64>().unwrap(), number);
            prop_assert!(!shown.contains('e'), "{}", shown);
        }
    }
}
