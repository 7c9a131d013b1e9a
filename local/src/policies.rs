//! What each function may do, as `template.yaml` grants it.

use std::fmt;

use serde_json::Value;

use crate::template::Template;

/// One action of a function on one resource, which may end in `*`. A resource is called by its name on this machine: `channel`,
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

/// The inline policies of all functions.
pub struct Policies {
    /// Those that are granted nothing, too.
    functions: Vec<String>,
    pub grants: Vec<Grant>,
}

impl Policies {
    pub fn of(template: &Template) -> Self {
        let mut grants = Vec::new();
        for (function, properties) in template.functions_with_properties() {
            let statements = elements(&properties["Policies"]).flat_map(|policy| elements(&policy["Statement"]));
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

    /// Whether this is a function, which may do no more than it is granted.
    pub fn binds(&self, name: &str) -> bool {
        self.functions.iter().any(|function| function == name)
    }

    /// What allows a function this action on this resource.
    pub fn granting(&self, function: &str, action: &str, resource: &str) -> Option<&Grant> {
        self.grants.iter().find(|grant| {
            let is_meant = match grant.resource.strip_suffix('*') {
                Some(beginning) => resource.starts_with(beginning),
                None => resource == grant.resource,
            };
            grant.function == function && grant.action == action && is_meant
        })
    }
}

/// The elements of a list, or the one thing that stands in its place.
fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    let one = if value.is_array() || value.is_null() { None } else { Some(value) };
    value.as_array().into_iter().flatten().chain(one)
}
