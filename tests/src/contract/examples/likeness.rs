//! How an answer may differ from the one that a document shows: in what is new each time, and nowhere else.

use serde_json::Value;

/// Members whose values are new each time: ids, numbers of orders, tokens, addresses with names or signatures in them.
const NEW_EACH_TIME: [&str; 21] = [
    "access_token",
    "application_id",
    "company_id",
    "em_id",
    "fields",
    "id",
    "job_id",
    "nextCursor",
    "nonceStr",
    "order_id",
    "order_no",
    "package",
    "paySign",
    "payment_id",
    "purpose_user_id",
    "refresh_token",
    "session_token",
    "task_id",
    "upload_url",
    "url",
    "user_id",
];

/// Shorter texts stand for something only as a whole.
const PART: usize = 12;

/// What stands in the document, and what stands there this time.
#[derive(Default)]
pub struct Known(Vec<(Value, Value)>);

impl Known {
    /// From now on one stands for the other. A second meaning is a difference.
    pub fn learn(&mut self, shown: &Value, told: &Value) -> Option<String> {
        match self.0.iter().find(|(known, _)| known == shown) {
            Some((_, meant)) => (meant != told).then(|| format!("{shown} is {told}, and was {meant}")),
            None => {
                self.0.push((shown.clone(), told.clone()));
                // Longer texts first: one may be a part of another.
                self.0.sort_by_key(|(known, _)| std::cmp::Reverse(known.as_str().map_or(0, str::len)));
                // An address ends with a name, which may be asked for alone.
                let name = |value: &Value| {
                    value.as_str()?.split_once("://")?.1.split('?').next()?.rsplit_once('/').map(|(_, name)| name.to_owned())
                };
                let (shown, told) = (name(shown)?, name(told)?);
                if shown.is_empty() { None } else { self.learn(&shown.into(), &told.into()) }
            }
        }
    }

    /// A shown value as it is this time.
    pub fn real(&self, shown: &Value) -> Value {
        match shown {
            Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), self.real(member))).collect(),
            Value::Array(elements) => elements.iter().map(|element| self.real(element)).collect(),
            Value::String(text) => {
                let whole = |known: &Value| known == shown || known.as_u64().is_some_and(|number| text.parse() == Ok(number));
                if let Some((_, told)) = self.0.iter().find(|(known, _)| whole(known)) {
                    return if told.is_string() { told.clone() } else { told.to_string().into() };
                }
                let parts = self.0.iter().filter_map(|(known, told)| known.as_str().zip(told.as_str()));
                parts
                    .filter(|(known, _)| known.len() >= PART)
                    .fold(text.clone(), |text, (known, told)| text.replace(known, told))
                    .into()
            }
            _ => self.0.iter().find(|(known, _)| known == shown).map_or_else(|| shown.clone(), |(_, told)| told.clone()),
        }
    }

    /// What an answer has otherwise than it is shown; what is new in it is learnt.
    pub fn differences(&mut self, shown: &Value, told: &Value) -> Vec<String> {
        let mut differences = Vec::new();
        self.compare("", shown, told, false, &mut differences);
        differences
    }

    fn compare(&mut self, at: &str, shown: &Value, told: &Value, is_new: bool, differences: &mut Vec<String>) {
        match (shown, told) {
            (Value::Object(shown), Value::Object(told)) => {
                let names = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<Vec<_>>();
                if names(shown) != names(told) {
                    differences.push(format!("{at} has {:?}, not {:?}", names(told), names(shown)));
                    return;
                }
                for (name, member) in shown {
                    let is_new = is_new || NEW_EACH_TIME.contains(&name.as_str());
                    self.compare(&format!("{at}.{name}"), member, &told[name], is_new, differences);
                }
            }
            // A list shows its first rows.
            (Value::Array(shown), Value::Array(told)) => {
                if told.len() < shown.len() || shown.is_empty() && !told.is_empty() {
                    differences.push(format!("{at} has {} rows, not {}", told.len(), shown.len()));
                }
                for (number, (shown, told)) in shown.iter().zip(told).enumerate() {
                    self.compare(&format!("{at}[{number}]"), shown, told, is_new, differences);
                }
            }
            _ if self.real(shown) == *told => {}
            (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_)) if is_new => {
                differences.extend(self.learn(shown, told).map(|difference| format!("{at}: {difference}")));
            }
            _ => differences.push(format!("{at} is {told}, not {shown}")),
        }
    }
}
