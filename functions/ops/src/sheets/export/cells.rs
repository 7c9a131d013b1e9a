//! The cells of exported rows: each value as its column says.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::csv;
use super::super::xlsx::book::{self, Style};

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Also digits that are no number: phones, identity numbers, ids.
    Text,
    Number,
    /// Yuan, as a number or a text of digits: written with two decimals.
    Money,
    /// `2026-11-30 08:00:00` in Shanghai.
    Time,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub title: String,
    pub format: Format,
}

/// A cell of an exported row.
pub enum Cell {
    Text(String),
    Number(String, Style),
    Time(String, DateTime),
}

/// A value that is not what its column holds becomes a text.
pub fn cell(format: Format, value: &Value) -> Cell {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    match format {
        Format::Text => Cell::Text(text),
        Format::Number if is_exact(&text) => Cell::Number(text, Style::Plain),
        Format::Money if is_exact(&text) => Cell::Number(with_two_decimals(&text), Style::Money),
        Format::Time => match text.replace(' ', "T").parse::<DateTime>() {
            // Excel has no earlier dates.
            Ok(time) if time.year() > 1900 => Cell::Time(text, time),
            _ => Cell::Text(text),
        },
        Format::Number | Format::Money => Cell::Text(text),
    }
}

/// Whether this is a number of which Excel keeps every digit.
fn is_exact(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole) && is_digits(decimals) && whole.len() + decimals.len() <= 15
}

fn with_two_decimals(digits: &str) -> String {
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    format!("{whole}.{decimals:0<2}")
}

impl Cell {
    pub fn in_book(&self) -> (book::Value<'_>, Style) {
        match self {
            Self::Text(text) => (book::Value::Text(text), Style::Text),
            Self::Number(digits, style) => (book::Value::Number(digits), *style),
            Self::Time(_, time) => (book::Value::Time(*time), Style::Time),
        }
    }

    pub fn in_csv(&self) -> csv::Value<'_> {
        match self {
            Self::Text(text) | Self::Time(text, _) => csv::Value::Text(text),
            Self::Number(digits, _) => csv::Value::Number(digits),
        }
    }
}

pub fn style(format: Format) -> Style {
    match format {
        Format::Text => Style::Text,
        Format::Number => Style::Plain,
        Format::Money => Style::Money,
        Format::Time => Style::Time,
    }
}

/// In characters.
pub fn width(format: Format) -> u32 {
    match format {
        Format::Text | Format::Time => 20,
        Format::Number | Format::Money => 14,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(format: Format, value: &Value) -> (String, String) {
        let cell = cell(format, value);
        let in_csv = match cell.in_csv() {
            csv::Value::Text(text) | csv::Value::Number(text) => text.to_owned(),
        };
        (in_csv, format!("{:?}", cell.in_book()))
    }

    #[test]
    fn a_value_is_written_as_its_column_says() {
        for (format, value, in_csv, in_book) in [
            (Format::Text, json!("13800138000"), "13800138000", "(Text(\"13800138000\"), Text)"),
            (Format::Text, json!(12), "12", "(Text(\"12\"), Text)"),
            (Format::Text, json!(null), "", "(Text(\"\"), Text)"),
            (Format::Number, json!(12), "12", "(Number(\"12\"), Plain)"),
            (Format::Number, json!(-0.5), "-0.5", "(Number(\"-0.5\"), Plain)"),
            (Format::Number, json!(1_234_567_890_123_456_u64), "1234567890123456", "(Text(\"1234567890123456\"), Text)"),
            (Format::Number, json!("=1+1"), "=1+1", "(Text(\"=1+1\"), Text)"),
            (Format::Money, json!(19.9), "19.90", "(Number(\"19.90\"), Money)"),
            (Format::Money, json!("-5"), "-5.00", "(Number(\"-5.00\"), Money)"),
            (Format::Money, json!("1.005"), "1.005", "(Number(\"1.005\"), Money)"),
            (Format::Time, json!("2026-11-30 08:00:00"), "2026-11-30 08:00:00", "(Time(2026-11-30T08:00:00), Time)"),
            (Format::Time, json!("1800-01-01 08:00:00"), "1800-01-01 08:00:00", "(Text(\"1800-01-01 08:00:00\"), Text)"),
            (Format::Time, json!("长期"), "长期", "(Text(\"长期\"), Text)"),
        ] {
            assert_eq!(written(format, &value), (in_csv.to_owned(), in_book.to_owned()), "{format:?} {value}");
        }
    }
}
