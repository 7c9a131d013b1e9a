//! A response may differ from the documented one only in values that are new in each run.

use serde_json::Value;

/// Members whose values are new in each run: ids, numbers of orders, tokens, addresses that contain names or signatures.
const NEW_EACH_TIME: [&str; 25] = [
    "access_token",
    "application_id",
    "company_id",
    "em_id",
    "event_id",
    "fields",
    "id",
    "job_id",
    "milliseconds",
    "nextCursor",
    "nonceStr",
    "order_id",
    "order_no",
    "package",
    "paySign",
    "payment_id",
    "purpose_user_id",
    "refresh_token",
    "secret",
    "secret_id",
    "session_token",
    "task_id",
    "upload_url",
    "url",
    "user_id",
];

/// A shorter text is replaced only as a whole.
const PART: usize = 12;

/// Values of the document, each with its value in this run.
#[derive(Default)]
pub struct Known(Vec<(Value, Value)>);

impl Known {
    /// Maps a documented value to its value in this run. A second value is a difference.
    pub fn learn(&mut self, shown: &Value, returned: &Value) -> Option<String> {
        match self.0.iter().find(|(known, _)| known == shown) {
            Some((_, meant)) => (meant != returned).then(|| format!("{shown} is {returned}, and was {meant}")),
            None => {
                self.0.push((shown.clone(), returned.clone()));
                // Longer texts first: one may be a part of another.
                self.0.sort_by_key(|(known, _)| std::cmp::Reverse(known.as_str().map_or(0, str::len)));
                // An address ends with a name, which another request may use alone.
                let name = |value: &Value| {
                    value.as_str()?.split_once("://")?.1.split('?').next()?.rsplit_once('/').map(|(_, name)| name.to_owned())
                };
                let (shown, returned) = (name(shown)?, name(returned)?);
                if shown.is_empty() { None } else { self.learn(&shown.into(), &returned.into()) }
            }
        }
    }

    /// A documented value with everything replaced that is new in this run.
    pub fn real(&self, shown: &Value) -> Value {
        match shown {
            Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), self.real(member))).collect(),
            Value::Array(elements) => elements.iter().map(|element| self.real(element)).collect(),
            Value::String(text) => {
                let whole = |known: &Value| known == shown || known.as_u64().is_some_and(|number| text.parse() == Ok(number));
                if let Some((_, returned)) = self.0.iter().find(|(known, _)| whole(known)) {
                    return if returned.is_string() { returned.clone() } else { returned.to_string().into() };
                }
                let parts = self.0.iter().filter_map(|(known, returned)| known.as_str().zip(returned.as_str()));
                parts
                    .filter(|(known, _)| known.len() >= PART)
                    .fold(text.clone(), |text, (known, returned)| text.replace(known, returned))
                    .into()
            }
            _ => {
                self.0.iter().find(|(known, _)| known == shown).map_or_else(|| shown.clone(), |(_, returned)| returned.clone())
            }
        }
    }

    /// The differences between a documented response and the real one. New values are learnt.
    pub fn differences(&mut self, shown: &Value, returned: &Value) -> Vec<String> {
        let mut differences = Vec::new();
        self.compare("", shown, returned, false, &mut differences);
        differences
    }

    fn compare(&mut self, at: &str, shown: &Value, returned: &Value, is_new: bool, differences: &mut Vec<String>) {
        match (shown, returned) {
            (Value::Object(shown), Value::Object(returned)) => {
                let names = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<Vec<_>>();
                if names(shown) != names(returned) {
                    differences.push(format!("{at} has {:?}, not {:?}", names(returned), names(shown)));
                    return;
                }
                for (name, member) in shown {
                    let is_new = is_new || NEW_EACH_TIME.contains(&name.as_str());
                    self.compare(&format!("{at}.{name}"), member, &returned[name], is_new, differences);
                }
            }
            // A document shows the first rows of a list.
            (Value::Array(shown), Value::Array(returned)) => {
                if returned.len() < shown.len() || shown.is_empty() && !returned.is_empty() {
                    differences.push(format!("{at} has {} rows, not {}", returned.len(), shown.len()));
                }
                for (number, (shown, returned)) in shown.iter().zip(returned).enumerate() {
                    self.compare(&format!("{at}[{number}]"), shown, returned, is_new, differences);
                }
            }
            _ if self.real(shown) == *returned => {}
            (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_)) if is_new => {
                differences.extend(self.learn(shown, returned).map(|difference| format!("{at}: {difference}")));
            }
            _ => differences.push(format!("{at} is {returned}, not {shown}")),
        }
    }
}
