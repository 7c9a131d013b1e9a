//! Pages as data. A page shows the result of a command, so that it knows no rule of its own: the command says who may see and do what.
//!
//! Columns and facts are a text, `order_no amount status:order user_id>user`: each names a member of the result (`review.reason` for a nested one),
//! then the field with its name after `=` (`name=real_name` for persons), the set of its values after `:`, and the page that it links to after `>`
//! (`owner_id>user.user_id` if the page names the key differently).

use serde_json::Value;

/// An entry of the navigation, with its tabs.
pub struct Section {
    /// Its text is `section.{name}`.
    pub name: &'static str,
    /// The names of its pages.
    pub pages: &'static [&'static str],
}

/// A page with the records that a command lists.
pub struct List {
    /// The page is `/console/{name}`, and its title `page.{name}`.
    pub name: &'static str,
    pub command: &'static str,
    /// The member of the result with the records.
    pub rows: &'static str,
    /// The fields that are in the address, separated by spaces, as `name:set`. One that ends with `!` always has a value.
    pub filters: &'static str,
    /// Another command that finds records by a field that is personal, which therefore is not in the address.
    pub find: Option<Find>,
    /// Whether nothing is listed without a filter.
    pub needs_filter: bool,
    pub columns: &'static str,
    /// The column with the key by which the command sorts, if it lists in both directions.
    pub sorted_by: &'static str,
    /// Whether the records are departments, each of which is shown below its superior one.
    pub is_tree: bool,
    /// The page of a row, with the members that are its key, as `member>key` if the page names it differently.
    pub opens: Option<(&'static str, &'static [&'static str])>,
    /// Commands that create something.
    pub actions: &'static [Action],
    /// Commands for a single row, if it has no page of its own.
    pub row_actions: &'static [Action],
    /// Commands for several rows at the same time.
    pub batch: &'static [Action],
}

/// Finds records of a list.
pub struct Find {
    pub command: &'static str,
    /// Exactly one of them is given.
    pub fields: &'static str,
}

/// A page about one record.
pub struct Detail {
    /// The page is `/console/{name}`.
    pub name: &'static str,
    pub command: &'static str,
    /// The fields of the command, which are in the address.
    pub keys: &'static [&'static str],
    /// The members that name the record, in this order.
    pub title: &'static [&'static str],
    /// The list that it belongs to.
    pub list: &'static str,
    pub facts: &'static [Facts],
    pub tables: &'static [Table],
    /// Lists of what belongs to the record: the page of the list, and which of its filters are which members.
    pub related: &'static [(&'static str, &'static [(&'static str, &'static str)])],
    pub actions: &'static [Action],
    /// Family and kind of `reveal`, its id as members, and the facts that it reveals.
    pub reveals: Option<Reveals>,
}

/// A group of facts.
pub struct Facts {
    /// Its text is `group.{name}`.
    pub name: &'static str,
    /// Columns; `*` or `record.*` for every member of the record or of a member.
    pub fields: &'static str,
}

/// A list within the result of a command.
pub struct Table {
    /// Its text is `group.{name}`, and its member the same.
    pub name: &'static str,
    pub columns: &'static str,
}

pub struct Reveals {
    pub family: &'static str,
    pub kind: &'static str,
    pub id: &'static [&'static str],
    pub fields: &'static [&'static str],
}

impl Reveals {
    /// The id of `reveal`.
    pub fn id(&self, record: &Value) -> String {
        self.id.iter().map(|member| plain(at(record, member))).collect::<Vec<_>>().join("/")
    }

    /// The name of the record in audit records.
    pub fn object(&self, record: &Value) -> String {
        format!("{}/{}/{}", self.family, self.kind, self.id(record))
    }
}

/// A command that a page offers.
pub struct Action {
    pub command: &'static str,
    /// Fields of the command that are members of the record, or of the query with a `?` in front. `_object` is the record itself, as audit
    /// records name it.
    pub given: &'static [(&'static str, &'static str)],
    pub when: fn(&Value) -> bool,
    pub tone: Tone,
}

/// What a state or an action means, beside its word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Good,
    Waiting,
    Bad,
}

impl Tone {
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Waiting => "waiting",
            Self::Bad => "bad",
        }
    }
}

impl List {
    pub const fn new(name: &'static str, command: &'static str, rows: &'static str, columns: &'static str) -> Self {
        Self {
            name,
            command,
            rows,
            columns,
            sorted_by: "",
            filters: "",
            find: None,
            needs_filter: false,
            is_tree: false,
            opens: None,
            actions: &[],
            row_actions: &[],
            batch: &[],
        }
    }
}

impl Detail {
    pub const fn new(name: &'static str, command: &'static str, list: &'static str) -> Self {
        Self { name, command, list, keys: &[], title: &[], facts: &[], tables: &[], related: &[], actions: &[], reveals: None }
    }
}

impl Action {
    pub const fn new(command: &'static str, given: &'static [(&'static str, &'static str)]) -> Self {
        Self { command, given, when: |_| true, tone: Tone::Plain }
    }

    pub const fn when(self, when: fn(&Value) -> bool) -> Self {
        Self { when, ..self }
    }

    pub const fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// The member at a path such as `review.reason`.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').filter(|part| !part.is_empty()).fold(value, |value, part| &value[part])
}

/// A member as it is in an address or a form.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
