//! The rights that `template.yaml` grants to each function.

use std::fmt;

use serde_json::Value;

use crate::template::Template;

/// One action that a function may take on one resource, which may contain `*`. Resources have their local names: `channel`,
/// `channel/index/ix1`, `uploads/img/1.png`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub function: String,
    pub action: String,
    pub resource: String,
    /// The statement has `NotResource`: the grant is for every resource but this one.
    pub is_for_others: bool,
    /// One value of the statement's condition.
    pub condition: Option<Condition>,
}

/// A pattern (`StringLike`) that a property of the request must match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// `kms:ViaService` or `s3:prefix`.
    pub key: String,
    pub pattern: String,
}

/// A right that a call needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub action: String,
    pub resource: String,
    /// What the service says about the request: the name of a condition key, and its value.
    pub context: Option<(&'static str, String)>,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, action, resource, is_for_others, condition } = self;
        write!(f, "{function} {action} {}{resource}", if *is_for_others { "all but " } else { "" })?;
        match condition {
            Some(Condition { key, pattern }) => write!(f, " if {key} is like {pattern}"),
            None => Ok(()),
        }
    }
}

impl Grant {
    /// Whether it covers a right of its function.
    fn covers(&self, need: &Need) -> bool {
        let is_met = self.condition.as_ref().is_none_or(|Condition { key, pattern }| {
            need.context.as_ref().is_some_and(|(known, value)| known == key && is_like(pattern, value))
        });
        self.action == need.action && is_like(&self.resource, &need.resource) != self.is_for_others && is_met
    }
}

/// The policies of all functions: inline ones, and those that functions share.
pub struct Policies {
    /// All functions, with or without grants.
    functions: Vec<String>,
    pub grants: Vec<Grant>,
}

impl Policies {
    /// Fails for a statement of a kind that is not simulated here.
    pub fn of(template: &Template) -> Result<Self, String> {
        let mut grants = Vec::new();
        for (function, properties) in template.functions_with_properties() {
            let policies = elements(&properties["Policies"]).map(|policy| match policy["Ref"].as_str() {
                Some(shared) => &template.section("Resources")[shared]["Properties"]["PolicyDocument"],
                None => policy,
            });
            for statement in policies.flat_map(|policy| elements(&policy["Statement"])) {
                grants.extend(granted(&function, statement)?);
            }
        }
        Ok(Self { functions: template.functions(), grants })
    }

    /// Whether this is the name of a function.
    pub fn has_function(&self, name: &str) -> bool {
        self.functions.iter().any(|function| function == name)
    }

    /// The grant that allows it to a function.
    pub fn granting(&self, function: &str, need: &Need) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.function == function && grant.covers(need))
    }
}

/// The grants of a statement: one for each action, resource and value of its condition.
fn granted(function: &str, statement: &Value) -> Result<Vec<Grant>, String> {
    let unknown = || format!("{function} has a policy that is not simulated: {statement}");
    if statement["Effect"] != "Allow" {
        return Err(unknown());
    }
    let is_for_others = !statement["NotResource"].is_null();
    let resources = &statement[if is_for_others { "NotResource" } else { "Resource" }];
    let mut conditions = Vec::new();
    for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
        let Some(keys) = keys.as_object().filter(|keys| operator == "StringLike" && keys.len() == 1) else {
            return Err(unknown());
        };
        for (key, patterns) in keys {
            let patterns = elements(patterns).map(Template::text);
            conditions.extend(patterns.map(|pattern| Some(Condition { key: key.clone(), pattern })));
        }
    }
    if conditions.is_empty() {
        conditions.push(None);
    }
    let mut grants = Vec::new();
    for action in elements(&statement["Action"]).filter_map(Value::as_str) {
        for resource in elements(resources).map(Template::resource_name) {
            grants.extend(conditions.iter().map(|condition| Grant {
                function: function.to_owned(),
                action: action.to_owned(),
                resource: resource.clone(),
                is_for_others,
                condition: condition.clone(),
            }));
        }
    }
    Ok(grants)
}

/// Whether a text matches a pattern, in which `*` stands for any text.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(begin) else { return false };
    text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| is_like(rest, &text[at..]))
}

/// The elements of a list. A value that is not a list counts as its only element.
fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    let one = if value.is_array() || value.is_null() { None } else { Some(value) };
    value.as_array().into_iter().flatten().chain(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, is_match) in [
            ("channel", "channel", true),
            ("channel", "channels", false),
            ("uploads/img/*", "uploads/img/1.png", true),
            ("uploads/img/*", "uploads/img/", true),
            ("uploads/img/*", "uploads/imgs/1.png", false),
            ("arn:aws:sns:*:*:*", "arn:aws:sns:us-east-1:123456789012:topic", true),
            ("arn:aws:sns:*:*:*", "arn:aws:sns:us-east-1", false),
            ("arn:aws:sns:*:*:*", "+8613800138000", false),
            ("*", "", true),
        ] {
            assert_eq!(is_like(pattern, text), is_match, "{pattern} {text}");
        }
    }
}
