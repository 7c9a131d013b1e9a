//! Metrics in the Embedded Metric Format. CloudWatch extracts them from the log, so a function makes no call for them.
//!
//! Each metric has the name of the stack, so that two stacks in one account do not mix.

use std::io::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

const NAMESPACE: &str = "Gongqiao";

pub struct Metric {
    name: String,
    unit: &'static str,
    value: f64,
    /// Whether all functions of the stack share the metric.
    is_of_stack: bool,
}

impl Metric {
    pub fn count(name: impl Into<String>, value: u64) -> Self {
        Self { name: name.into(), unit: "Count", value: value as f64, is_of_stack: false }
    }

    pub fn milliseconds(name: impl Into<String>, value: f64) -> Self {
        Self { name: name.into(), unit: "Milliseconds", value, is_of_stack: false }
    }

    /// A number that counts for the whole stack, whichever function reports it.
    pub fn of_stack(name: impl Into<String>, value: i64) -> Self {
        Self { name: name.into(), unit: "Count", value: value as f64, is_of_stack: true }
    }
}

/// The log of a function.
#[derive(Clone)]
pub struct Log {
    stack: Arc<str>,
    destination: Destination,
}

#[derive(Clone)]
enum Destination {
    Nowhere,
    /// Lambda forwards it to the log group of the function.
    Stdout,
    To(Arc<dyn Fn(&str) + Send + Sync>),
}

impl Log {
    /// A log that keeps nothing.
    pub fn silent() -> Self {
        Self { stack: "".into(), destination: Destination::Nowhere }
    }

    pub fn stdout() -> Self {
        Self { stack: "".into(), destination: Destination::Stdout }
    }

    pub fn to(take: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { stack: "".into(), destination: Destination::To(Arc::new(take)) }
    }

    /// The same log for the functions of this stack.
    #[must_use]
    pub fn of_stack(&self, stack: &str) -> Self {
        Self { stack: stack.into(), destination: self.destination.clone() }
    }

    /// Writes one line with the metrics of a function and further properties.
    pub fn metrics(&self, function: &str, now: Timestamp, properties: Map<String, Value>, metrics: &[Metric]) {
        if !matches!(self.destination, Destination::Nowhere) {
            self.write(&line(&self.stack, function, now, properties, metrics).to_string());
        }
    }

    pub fn write(&self, line: &str) {
        match &self.destination {
            Destination::Nowhere => {}
            // A request must not fail because its line cannot be written.
            Destination::Stdout => drop(writeln!(std::io::stdout(), "{line}")),
            Destination::To(take) => take(line),
        }
    }
}

fn line(stack: &str, function: &str, now: Timestamp, properties: Map<String, Value>, metrics: &[Metric]) -> Value {
    let directive = |is_of_stack: bool, dimensions: Value| {
        let names = metrics.iter().filter(|metric| metric.is_of_stack == is_of_stack);
        let names: Vec<Value> = names.map(|metric| json!({"Name": metric.name, "Unit": metric.unit})).collect();
        (!names.is_empty()).then(|| json!({"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": names}))
    };
    let directives: Vec<Value> =
        [directive(false, json!(["stack", "function"])), directive(true, json!(["stack"]))].into_iter().flatten().collect();
    let mut line = Map::new();
    line.insert("_aws".into(), json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": directives}));
    line.insert("stack".into(), stack.into());
    line.insert("function".into(), function.into());
    line.extend(properties);
    line.extend(metrics.iter().map(|metric| (metric.name.clone(), metric.value.into())));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form in the specification (CloudWatch User Guide, Embedded metric format).
    #[test]
    fn a_line_is_in_the_embedded_metric_format() {
        let now = Timestamp::from_millisecond(1_574_109_732_004).unwrap();
        let expected = json!({
            "_aws": {
                "Timestamp": 1_574_109_732_004_i64,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "Gongqiao",
                        "Dimensions": [["stack", "function"]],
                        "Metrics": [{"Name": "orders_done", "Unit": "Count"}]
                    },
                    {"Namespace": "Gongqiao", "Dimensions": [["stack"]], "Metrics": [{"Name": "wechat_errors", "Unit": "Count"}]}
                ]
            },
            "stack": "staging",
            "function": "ops-cleanup",
            "is_cut_short": false,
            "orders_done": 3.0,
            "wechat_errors": 1.0
        });
        let properties = Map::from_iter([("is_cut_short".to_owned(), false.into())]);
        let metrics = [Metric::count("orders_done", 3), Metric::of_stack("wechat_errors", 1)];
        assert_eq!(line("staging", "ops-cleanup", now, properties, &metrics), expected);
    }
}
