//! Functions without a route: invoked directly, by an operator, a pipeline or a schedule.

pub mod admin;
mod channels;

/// Every function of the family. The name is that of the binary, of the resource in `template.yaml` and of the event files.
pub const FUNCTIONS: [&str; 1] = ["ops-admin"];
