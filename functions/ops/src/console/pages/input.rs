//! The inputs of forms and filters: which one a field has, and how its text becomes the member of a command.

use serde_json::{Map, Number, Value, json};
use shared::error::Fault;

use super::super::App;
use super::super::answer::Failure;
use super::super::reasons::reason;
use super::super::texts::{self, choices, find};
use super::define::plain;
use super::visit::{Pairs, Visit};

/// How a field is entered.
#[derive(Clone, Copy)]
pub enum Input {
    Text,
    /// A text that a person types in several lines.
    Long,
    /// An integer.
    Number,
    Day,
    Time,
    Money,
    Phone,
    Flag,
    /// A value of a set.
    Choice(&'static str),
    /// A value of a set of integers.
    NumberChoice(&'static str),
    /// Several values of a set.
    Many(&'static str),
    /// A record that another command lists.
    Record(&'static Source),
    /// Several integers or words, separated by commas or spaces.
    Several,
    /// Several texts, each on its line.
    Lines,
    /// Several names, each on its line; each is a record of its own.
    Names,
    /// `key value` on each line.
    Entries,
}

/// Records to choose from.
pub struct Source {
    command: &'static str,
    rows: &'static str,
    value: &'static str,
    label: &'static str,
    /// The fields of the command, which other fields of the form give.
    given: &'static [&'static str],
    is_number: bool,
}

const PLATFORMS: Source = Source {
    command: "list_platforms",
    rows: "platforms",
    value: "platform_code",
    label: "name",
    given: &[],
    is_number: false,
};
const COMPANIES: Source =
    Source { command: "list_hris_companies", rows: "companies", value: "uuid", label: "name", given: &[], is_number: false };
const SIGNING_COMPANIES: Source = Source {
    command: "list_companies",
    rows: "companies",
    value: "company_id",
    label: "company_name",
    given: &["platform_code"],
    is_number: true,
};
const CHANNELS: Source =
    Source { command: "list_channels", rows: "channels", value: "appkey", label: "name", given: &[], is_number: false };
const CONTRACTS: Source = Source {
    command: "list_contracts",
    rows: "contracts",
    value: "contract_id",
    label: "contract_name",
    given: &["platform_code"],
    is_number: true,
};
const POSITIONS: Source = Source {
    command: "list_positions",
    rows: "positions",
    value: "name",
    label: "name",
    given: &["platform_code"],
    is_number: false,
};
const PRODUCTS: Source =
    Source { command: "list_products", rows: "products", value: "product_id", label: "name", given: &[], is_number: false };

/// The input of a field of a command. A set after `:` makes it a choice.
fn input(command: &str, field: &str, set: Option<&'static str>) -> Input {
    if let Some(set) = set {
        let is_number = choices(set).iter().all(|(value, _)| value.bytes().all(|byte| byte.is_ascii_digit()));
        return if is_number { Input::NumberChoice(set) } else { Input::Choice(set) };
    }
    match (command, field) {
        ("list_records" | "show_record", "appkey") => Input::Record(&CHANNELS),
        ("create_channel", _) | (_, "objects" | "object") => Input::text_or_lines(field),
        ("create_product", "product_id") => Input::Text,
        ("create_access_key" | "create_oauth_app", "product_id") => Input::Record(&PRODUCTS),
        ("set_platform" | "create_staff" | "set_staff", "platform_code") => Input::Text,
        (_, "platform_code") => Input::Record(&PLATFORMS),
        ("create_bind_code", "company_uuid") | (_, "company_uuid") => Input::Record(&COMPANIES),
        ("list_applications", "company_id") => Input::Record(&SIGNING_COMPANIES),
        ("approve_application", "contract_id") => Input::Record(&CONTRACTS),
        ("approve_application", "work_pos") => Input::Record(&POSITIONS),
        (_, "companies" | "scopes") => Input::Several,
        (_, "roles") => Input::Many("role"),
        (_, "event_types") => Input::Many("event_type"),
        (_, "positions") => Input::Names,
        (_, "entries") => Input::Entries,
        (_, "verify_status") => Input::NumberChoice("verified"),
        (_, "goods") => Input::Choice("goods"),
        (_, "order") => Input::Choice("sorting"),
        (_, "batches" | "drop_old_secret" | "dry_run" | "restore_jobs" | "require_verified" | "rotate") => Input::Flag,
        (_, "company.status" | "handler.status" | "contract.status") | ("set_platform", "status") => {
            Input::NumberChoice("directory_status")
        }
        ("set_price", "from" | "until") | (_, "since") => Input::Time,
        (_, "day" | "from" | "to" | "start_date" | "end_date" | "entry_date") => Input::Day,
        (_, "price" | "salary") => Input::Money,
        (_, "phone" | "mobile") => Input::Phone,
        (_, "reason") => Input::Long,
        (_, "quantity" | "per_user" | "change" | "version" | "limit" | "page" | "page_size") => Input::Number,
        (
            _,
            "company.company_id" | "contract.contract_id" | "contract.company_id" | "contract.sign_year" | "handler.handler_id",
        ) => Input::Number,
        (
            _,
            "em_id" | "user_id" | "job_id" | "order_id" | "owner_id" | "area_id" | "staff_id" | "company_id" | "handler_id"
            | "contract_id",
        ) => Input::Number,
        _ => Input::Text,
    }
}

/// The fields of the commands whose body has members within members.
const NESTED: &[(&str, &str)] = &[
    ("set_company", "platform_code company.company_id company.company_name company.status?"),
    (
        "set_handler",
        "platform_code handler.handler_id handler.username handler.name? handler.phone? handler.email? handler.status?",
    ),
    (
        "set_contract",
        "platform_code contract.contract_id contract.contract_name contract.contract_body contract.company_id contract.sign_year contract.file_url contract.status?",
    ),
];

/// A field of a form: its name, input, and whether a value is required.
pub struct Field {
    pub name: &'static str,
    pub input: Input,
    pub is_required: bool,
}

/// The fields of a form for a command.
pub fn fields_of(command: &'static crate::command::Command) -> Vec<Field> {
    let nested = NESTED.iter().find(|(name, _)| *name == command.name).map(|(_, fields)| *fields);
    parse(command.name, nested.unwrap_or(command.fields))
}

/// The fields of a text such as `platform_code! status:application name?`.
pub fn parse(command: &str, fields: &'static str) -> Vec<Field> {
    let field = |part: &'static str| {
        let is_required = !part.ends_with('?');
        let part = part.trim_end_matches(['?', '!']);
        let (name, set) = part.split_once(':').map_or((part, None), |(name, set)| (name, Some(set)));
        Field { name, input: input(command, name, set), is_required }
    };
    fields.split_whitespace().map(field).collect()
}

/// An input on a page.
#[derive(Debug)]
pub struct Control {
    pub name: &'static str,
    pub label: String,
    /// `text`, `long`, `number`, `date`, `tel`, `flag`, `select` or `checks`.
    pub kind: &'static str,
    pub value: String,
    pub options: Vec<Choice>,
    pub is_required: bool,
    pub help: Option<&'static str>,
    pub fault: Option<String>,
    /// What is often entered.
    pub suggestions: Vec<&'static str>,
}

#[derive(Debug)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub is_chosen: bool,
}

impl Input {
    fn text_or_lines(field: &str) -> Self {
        if field == "objects" { Self::Lines } else { Self::Text }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Text | Self::Time | Self::Money | Self::Several => "text",
            Self::Number => "number",
            Self::Long | Self::Lines | Self::Names | Self::Entries => "long",
            Self::Day => "date",
            Self::Phone => "tel",
            Self::Flag => "flag",
            Self::Choice(_) | Self::NumberChoice(_) | Self::Record(_) => "select",
            Self::Many(_) => "checks",
        }
    }

    /// The member of the command; `None` if nothing was entered. What is no number stays a text, which the command rejects.
    fn member(self, entered: &[&str]) -> Option<Value> {
        let first = entered.iter().map(|text| text.trim()).find(|text| !text.is_empty());
        let lines = || first.unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
        Some(match self {
            Self::Flag => json!(first.is_some()),
            Self::Many(_) => json!(entered),
            Self::Number | Self::NumberChoice(_) => number(first?),
            Self::Record(source) if source.is_number => number(first?),
            Self::Several => {
                let parts = first?.split([',', '，', ' ', '、', '\n', '\r']).filter(|part| !part.is_empty());
                parts.map(number).collect()
            }
            Self::Lines => json!(lines().collect::<Vec<_>>()),
            Self::Names => lines().map(|name| json!({"name": name})).collect(),
            Self::Entries => {
                let entry = |line: &str| {
                    let (key, value) = line.split_once([' ', '\t', '=']).unwrap_or((line, ""));
                    json!({"dict_key": key, "dict_value": value.trim()})
                };
                lines().map(entry).collect()
            }
            Self::Text
            | Self::Long
            | Self::Day
            | Self::Time
            | Self::Money
            | Self::Phone
            | Self::Choice(_)
            | Self::Record(_) => json!(first?),
        })
    }
}

/// An integer as JSON.
fn number(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(number) => Value::Number(Number::from(number)),
        Err(_) => json!(text),
    }
}

/// The members of a command that a form has entered. Flags are absent unless they are set.
pub fn members(fields: &[Field], entered: &Pairs) -> Map<String, Value> {
    let mut members = Map::new();
    for Field { name, input, .. } in fields {
        let texts: Vec<&str> = entered.all(name).collect();
        let Some(value) = input.member(&texts) else { continue };
        if matches!(input, Input::Flag) && value == json!(false) {
            continue;
        }
        match name.split_once('.') {
            None => drop(members.insert((*name).to_owned(), value)),
            Some((outer, inner)) => {
                let outer = members.entry(outer).or_insert_with(|| json!({}));
                outer[inner] = value;
            }
        }
    }
    members
}

/// The input of a field with what was entered. The choices of records come from another command.
pub async fn control(app: &App, visit: &Visit, field: &Field, entered: &Pairs, faults: &[Fault]) -> Result<Control, Failure> {
    let value = entered.get(field.name).to_owned();
    let is_chosen = |choice: &str| entered.all(field.name).any(|entered| entered == choice);
    let known = |set: &'static str| {
        let choice = |(value, label): (&str, &str)| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            is_chosen: is_chosen(value),
        };
        choices(set).into_iter().map(choice).collect()
    };
    let options = match field.input {
        Input::Choice(set) | Input::NumberChoice(set) | Input::Many(set) => known(set),
        Input::Record(source) => {
            let records = records(app, visit, source, entered).await?;
            records.into_iter().map(|(value, label)| Choice { is_chosen: is_chosen(&value), value, label }).collect()
        }
        _ => Vec::new(),
    };
    let own = |fault: &&Fault| fault.field == field.name || fault.field.starts_with(&format!("{}[", field.name));
    let last = field.name.rsplit('.').next().unwrap_or(field.name);
    Ok(Control {
        name: field.name,
        label: texts::field(field.name).into_owned(),
        kind: field.input.kind(),
        value,
        options,
        is_required: field.is_required,
        help: find(&format!("help.{last}")),
        fault: faults.iter().find(own).map(|fault| reason(&fault.field, &fault.reason)),
        suggestions: Vec::new(),
    })
}

/// The records that a member may choose from: the first hundred.
async fn records(app: &App, visit: &Visit, source: &Source, entered: &Pairs) -> Result<Vec<(String, String)>, Failure> {
    if !visit.may(source.command) {
        return Ok(Vec::new());
    }
    let mut given = Map::new();
    for name in source.given {
        let value = entered.get(name);
        if value.is_empty() {
            return Ok(Vec::new());
        }
        given.insert((*name).to_owned(), value.into());
    }
    let result = visit.execute(app, source.command, Value::Object(given)).await?;
    let rows = result[source.rows].as_array();
    let record = |row: &Value| {
        let (value, label) = (plain(&row[source.value]), plain(&row[source.label]));
        let label = if label == value { value.clone() } else { format!("{label}（{value}）") };
        (value, label)
    };
    Ok(rows.into_iter().flatten().map(record).collect())
}

/// Enters the first choice of each field that must have a value.
pub async fn required(app: &App, visit: &Visit, fields: &[Field], entered: &mut Pairs) -> Result<(), Failure> {
    for field in fields.iter().filter(|field| field.is_required) {
        enter_first(app, visit, field, entered).await?;
    }
    Ok(())
}

/// Enters the first choice of each empty field that a command demands. Returns whether there was one.
pub async fn demanded(
    app: &App,
    visit: &Visit,
    fields: &[Field],
    entered: &mut Pairs,
    faults: &[Fault],
) -> Result<bool, Failure> {
    let mut is_entered = false;
    for field in fields.iter().filter(|field| faults.iter().any(|fault| fault.field == field.name)) {
        is_entered |= enter_first(app, visit, field, entered).await?;
    }
    Ok(is_entered)
}

async fn enter_first(app: &App, visit: &Visit, field: &Field, entered: &mut Pairs) -> Result<bool, Failure> {
    if !entered.get(field.name).is_empty() {
        return Ok(false);
    }
    let first = match field.input {
        Input::Record(source) => records(app, visit, source, entered).await?.into_iter().next().map(|(value, _)| value),
        Input::Choice(set) => choices(set).first().map(|(value, _)| (*value).to_owned()),
        _ => None,
    };
    let Some(first) = first else { return Ok(false) };
    entered.0.retain(|(name, _)| name != field.name);
    entered.0.push((field.name.to_owned(), first));
    Ok(true)
}

/// The faults of a rejected command that belong to no input, as sentences.
pub fn other_faults(faults: &[Fault], controls: &[&Control]) -> Vec<String> {
    let is_shown = |fault: &&Fault| controls.iter().any(|control| fault.field.split('[').next() == Some(control.name));
    faults.iter().filter(|fault| !is_shown(fault)).map(sentence).collect()
}

/// A fault as a sentence.
pub fn sentence(Fault { field, reason }: &Fault) -> String {
    let last = field.rsplit('.').next().unwrap_or(field);
    let name = find(&format!("field.{last}")).unwrap_or(field);
    let text = self::reason(field, reason);
    if field == "$" { text } else { format!("{name}：{text}") }
}
