//! Single values as people read them.

use jiff::Timestamp;
use shared::values::LocalTime;

use super::super::texts::find;

/// The name of a value of a set. The commands are a set, too.
pub fn name(set: &str, value: &str) -> String {
    let key = if set == "command" { format!("command.{value}") } else { format!("value.{set}.{value}") };
    find(&key).unwrap_or(value).to_owned()
}

/// A time in Shanghai, to the second. Times without an offset are in Shanghai already.
pub fn time(text: &str) -> String {
    let shown = match text.parse::<Timestamp>() {
        Ok(time) => LocalTime::from(time).to_second(),
        Err(_) => text.to_owned(),
    };
    shown.replacen('T', " ", 1).chars().take(19).collect()
}
