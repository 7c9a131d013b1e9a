//! The rights that `template.yaml` grants to each function.

use std::fmt;

use serde_json::Value;

use crate::template::Template;

/// One action that a function may take on one resource, which may end in `*`. Resources have their local names: `channel`,
/// `channel/index/ix1`, `uploads/img/1.png`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub function: String,
    pub action: String,
    pub resource: String,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, action, resource } = self;
        write!(f, "{function} {action} {resource}")
    }
}

/// The policies of all functions: inline ones, and those that functions share.
pub struct Policies {
    /// All functions, with or without grants.
    functions: Vec<String>,
    pub grants: Vec<Grant>,
}

impl Policies {
    pub fn of(template: &Template) -> Self {
        let mut grants = Vec::new();
        for (function, properties) in template.functions_with_properties() {
            let policies = elements(&properties["Policies"]).map(|policy| match policy["Ref"].as_str() {
                Some(shared) => &template.section("Resources")[shared]["Properties"]["PolicyDocument"],
                None => policy,
            });
            let statements = policies.flat_map(|policy| elements(&policy["Statement"]));
            for statement in statements {
                for action in elements(&statement["Action"]).filter_map(Value::as_str) {
                    let resources = elements(&statement["Resource"]).map(Template::resource_name);
                    grants.extend(resources.map(|resource| Grant {
                        function: function.clone(),
                        action: action.to_owned(),
                        resource,
                    }));
                }
            }
        }
        Self { functions: template.functions(), grants }
    }

    /// Whether this is the name of a function.
    pub fn has_function(&self, name: &str) -> bool {
        self.functions.iter().any(|function| function == name)
    }

    /// The grant that allows a function this action on this resource.
    pub fn granting(&self, function: &str, action: &str, resource: &str) -> Option<&Grant> {
        self.grants.iter().find(|grant| {
            let matches = match grant.resource.strip_suffix('*') {
                Some(prefix) => resource.starts_with(prefix),
                None => resource == grant.resource,
            };
            grant.function == function && grant.action == action && matches
        })
    }
}

/// The elements of a list. A value that is not a list counts as its only element.
fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    let one = if value.is_array() || value.is_null() { None } else { Some(value) };
    value.as_array().into_iter().flatten().chain(one)
}
