//! Values as people read them: times in Shanghai, money with two decimals, states by colour and word.

use serde_json::Value;
use shared::error::Fault;

use super::super::texts::{find, known_field, text};
use super::define::{Tone, at, plain};
use super::input::sentence;
use super::visit::Pairs;
use super::words::{name, time};

/// A column or a fact: `name=label:set>page.key`.
#[derive(Clone, Copy, Debug)]
pub struct Spec<'a> {
    pub name: &'a str,
    label: Option<&'a str>,
    set: Option<&'a str>,
    link: Option<&'a str>,
}

/// A value on a page.
#[derive(Debug, Default)]
pub struct Cell {
    pub text: String,
    /// The class of its style.
    pub class: &'static str,
    /// The class of its tone, for a state.
    pub tone: Option<&'static str>,
    pub href: Option<String>,
    /// The addresses of pictures.
    pub pictures: Vec<String>,
}

/// The parts of a text such as `order_no status:order`.
pub fn specs(text: &str) -> impl Iterator<Item = Spec<'_>> {
    text.split_whitespace().map(|part| {
        let (part, link) = part.split_once('>').map_or((part, None), |(part, link)| (part, Some(link)));
        let (part, set) = part.split_once(':').map_or((part, None), |(part, set)| (part, Some(set)));
        let (name, label) = part.split_once('=').map_or((part, None), |(name, label)| (name, Some(label)));
        Spec { name, label, set, link }
    })
}

/// The states that are more than a word.
fn tone(set: &str, value: &str) -> Tone {
    match (set, value) {
        ("application", "1") | ("application", "2") | ("order", "pending") | ("verified", "0" | "1") => Tone::Waiting,
        ("application", "3") | ("verified", "2") | ("order", "paid" | "granted") | ("job", "1") => Tone::Good,
        ("application", "4") | ("verified", "3") | ("job", "3") => Tone::Bad,
        ("payment_status", "completed") | ("task_status", "open") | ("partner_status", "accepted") => Tone::Good,
        ("payment_status", "failed") | ("partner_status", "rejected") => Tone::Bad,
        ("payment_status" | "partner_status", "pending") | ("task_status", "suspended") => Tone::Waiting,
        ("outcome", "accepted" | "done") | ("enabled", "true") | ("complete", "true") => Tone::Good,
        ("outcome", "rejected") | ("enabled", "false") | ("banned", "true") => Tone::Bad,
        ("directory_status", "1") | ("employee_status", "regular" | "probation" | "internship") => Tone::Good,
        ("outcome", "to_review") | ("complete", "false") => Tone::Waiting,
        _ => Tone::Plain,
    }
}

/// The sets that are shown by colour, too.
const STATES: &[&str] = &[
    "application",
    "banned",
    "complete",
    "directory_status",
    "employee_status",
    "enabled",
    "job",
    "order",
    "outcome",
    "partner_status",
    "payment_status",
    "reconciliation",
    "refund",
    "task_status",
    "verified",
];

/// The fields that are true or false and have words of their own.
const FLAGS: &[&str] = &["enabled", "banned", "complete", "refund_due"];
const MONEY: &[&str] = &[
    "amount",
    "amount_paid",
    "amount_refunded",
    "amount_refundable",
    "paid_here",
    "paid_there",
    "refunded_here",
    "refunded_there",
    "price",
    "salary",
];
const NUMBERS: &[&str] = &["quantity", "balance", "change", "vouchers", "seconds", "rows", "bytes", "total", "employees"];

fn is_time(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.ends_with("_at") || last.ends_with("_time") || ["at", "from", "until", "top_start", "top_end"].contains(&last)
}

fn is_code(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let ends = ["_id", "_no", "_uuid", "_code", "_key"].iter().any(|end| last.ends_with(end));
    ends || ["uuid", "appkey", "object", "empno", "id", "version", "line"].contains(&last)
}

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Money,
    Time,
}

impl Spec<'_> {
    /// The field whose name is that of the column.
    pub fn label(&self) -> &str {
        self.label.unwrap_or(self.name)
    }

    /// The class of the style of the column.
    pub fn class(&self) -> &'static str {
        if matches!(self.kind(), Kind::Number | Kind::Money) { "number" } else { "" }
    }

    /// What the cells of this column hold in a file.
    pub fn kind(&self) -> Kind {
        let last = self.name.rsplit('.').next().unwrap_or(self.name);
        match last {
            _ if self.set.is_some() || FLAGS.contains(&last) => Kind::Text,
            _ if MONEY.contains(&last) => Kind::Money,
            _ if NUMBERS.contains(&last) => Kind::Number,
            _ if is_time(last) => Kind::Time,
            _ => Kind::Text,
        }
    }

    /// The value of this member of a record in a file.
    pub fn exported(&self, record: &Value) -> Value {
        let value = at(record, self.name);
        match self.kind() {
            _ if value.is_null() => Value::Null,
            Kind::Money | Kind::Number => value.clone(),
            Kind::Text | Kind::Time => self.shown(value).text.into(),
        }
    }

    /// The cell of this member of a record.
    pub fn cell(&self, record: &Value) -> Cell {
        let value = at(record, self.name);
        let mut cell = self.shown(value);
        if cell.text.is_empty() && cell.pictures.is_empty() {
            return Cell { text: "—".into(), class: "none", ..Cell::default() };
        }
        cell.href = self.link.map(|link| {
            let (page, key) = link.split_once('.').unwrap_or((link, self.name));
            let mut query = vec![(key.to_owned(), plain(value))];
            // Records of a company or a channel need its name, too.
            query.extend(["company_uuid", "appkey"].iter().filter_map(|name| {
                let value = record[*name].as_str()?;
                (*name != key && *name != self.name).then(|| ((*name).to_owned(), value.to_owned()))
            }));
            format!("/console/{page}?{}", Pairs(query).encoded())
        });
        cell
    }

    fn shown(&self, value: &Value) -> Cell {
        let last = self.name.rsplit('.').next().unwrap_or(self.name);
        let plain = plain(value);
        if value.is_null() {
            return Cell::default();
        }
        if let Some(set) = self.set.or_else(|| FLAGS.iter().find(|flag| **flag == last).copied()) {
            return match value {
                Value::Array(values) => {
                    let names: Vec<String> = values.iter().map(|value| name(set, &super::define::plain(value))).collect();
                    Cell { text: names.join("、"), class: "word", ..Cell::default() }
                }
                _ if STATES.contains(&set) => {
                    Cell { text: name(set, &plain), class: "state", tone: Some(tone(set, &plain).class()), ..Cell::default() }
                }
                _ => Cell { text: name(set, &plain), class: "word", ..Cell::default() },
            };
        }
        match value {
            Value::Bool(flag) => Cell { text: text(if *flag { "ui.yes" } else { "ui.no" }).into_owned(), ..Cell::default() },
            Value::Array(values) if ["photo_urls", "picture"].contains(&last) => {
                let pictures = values.iter().filter_map(Value::as_str).filter_map(own_picture);
                Cell { pictures: pictures.collect(), ..Cell::default() }
            }
            Value::Array(values) => {
                let between = if values.iter().any(Value::is_object) { "；" } else { "、" };
                let entry = |value: &Value| if last == "fields" { known_field(&entry(value)) } else { entry(value) };
                let entries: Vec<String> = values.iter().map(entry).filter(|entry| !entry.is_empty()).collect();
                Cell { text: entries.join(between), class: "entry", ..Cell::default() }
            }
            // As the filters of the audit records name it.
            Value::Object(actor) if last == "actor" => {
                let part = |name: &str| actor.get(name).map(super::define::plain).unwrap_or_default();
                let text = format!("{} {}/{}", part("name"), part("kind"), part("id"));
                Cell { text: text.trim_start().trim_end_matches('/').to_owned(), class: "entry", ..Cell::default() }
            }
            Value::Object(_) => Cell { text: entry(value), class: "entry", ..Cell::default() },
            _ if last == "path" => Cell { pictures: own_picture(&plain).into_iter().collect(), ..Cell::default() },
            _ if MONEY.contains(&last) => Cell { text: money(&plain), class: "number", ..Cell::default() },
            _ if NUMBERS.contains(&last) => Cell { text: plain, class: "number", ..Cell::default() },
            _ if is_time(last) => Cell { text: time(&plain), class: "time", ..Cell::default() },
            _ if is_code(last) => Cell { text: plain, class: "code", ..Cell::default() },
            _ => Cell { text: plain, ..Cell::default() },
        }
    }
}

/// A picture that the job board shows. No other site is asked for one.
fn own_picture(url: &str) -> Option<String> {
    let name = url.rsplit_once("/img/").map(|(_, name)| name)?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)).then(|| format!("/img/{name}"))
}

/// An element of a list, a fault as a sentence, or another object as its named members.
pub fn entry(value: &Value) -> String {
    if let Some(fault) = fault(value) {
        return sentence(&fault);
    }
    match value {
        Value::Array(values) => values.last().map(plain).unwrap_or_default(),
        Value::Object(members) => {
            let known = members.iter().filter(|(_, value)| !value.is_null());
            let named = |name: &str| find(&format!("field.{name}")).unwrap_or(name).to_owned();
            let pairs = known.map(|(name, value)| format!("{} {}", named(name), entry(value)));
            pairs.collect::<Vec<_>>().join("，")
        }
        Value::String(text) if text.contains('T') && text.len() >= 19 => time(text),
        other => plain(other),
    }
}

/// A field and what is wrong with it.
fn fault(value: &Value) -> Option<Fault> {
    let members = value.as_object().filter(|members| members.len() == 2)?;
    let text = |name: &str| members.get(name)?.as_str().map(str::to_owned);
    Some(Fault::new(text("field")?, text("reason")?))
}

/// `1234.5` as `¥1,234.50`.
fn money(amount: &str) -> String {
    let (sign, amount) = amount.strip_prefix('-').map_or(("", amount), |amount| ("-", amount));
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}¥{grouped}.{part:0<2}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(spec: &str, record: &Value) -> Vec<(String, Option<String>)> {
        specs(spec).map(|spec| spec.cell(record)).map(|cell| (cell.text, cell.href)).collect()
    }

    #[test]
    fn values_are_shown_for_people() {
        let record = json!({
            "amount": "1234567.5", "created_at": "2026-11-30T00:00:00Z", "paid_at": "2026-11-30 08:00:00", "status": "paid", "enabled": false, "job_id": 7,
            "roles": ["hr", "admin"], "reason": null,
        });
        let cells = shown("amount created_at paid_at status:order enabled job_id>job roles:role reason", &record);
        let texts: Vec<&str> = cells.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "¥1,234,567.50",
                "2026-11-30 08:00:00",
                "2026-11-30 08:00:00",
                "已支付",
                "已停用",
                "7",
                "人事专员、平台管理员",
                "—"
            ]
        );
        assert_eq!(cells[5].1.as_deref(), Some("/console/job?job_id=7"));
        assert_eq!(money("-5"), "-¥5.00");
    }

    #[test]
    fn a_fault_is_a_sentence_and_another_object_has_named_members() {
        for (value, expected) in [
            (json!({"field": "mobile", "reason": "must be a mobile number"}), "手机号：请填写正确的手机号"),
            (json!({"field": "mobile", "reason": "虚假招聘", "by": "x"}), "字段 mobile，原因 虚假招聘，操作人 x"),
        ] {
            assert_eq!(entry(&value), expected);
        }
    }

    #[test]
    fn only_our_own_pictures_are_shown() {
        let record =
            json!({"photo_urls": ["https://x.example/img/1_a.jpg", "https://x.example/p.jpg", "https://x.example/img/..%2f"]});
        let cell = specs("photo_urls").next().unwrap().cell(&record);
        assert_eq!(cell.pictures, ["/img/1_a.jpg"]);
    }
}
