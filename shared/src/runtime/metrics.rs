//! Metrics in the Embedded Metric Format. CloudWatch extracts them from the log, so a function makes no call for them.

use std::io::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

const NAMESPACE: &str = "Gongqiao";

pub struct Metric {
    name: String,
    unit: &'static str,
    value: f64,
}

impl Metric {
    pub fn count(name: impl Into<String>, value: u64) -> Self {
        Self { name: name.into(), unit: "Count", value: value as f64 }
    }

    pub fn milliseconds(name: impl Into<String>, value: f64) -> Self {
        Self { name: name.into(), unit: "Milliseconds", value }
    }
}

/// The destination of the lines.
#[derive(Clone)]
pub enum Log {
    Silent,
    /// Lambda forwards it to the log group of the function.
    Stdout,
    To(Arc<dyn Fn(&str) + Send + Sync>),
}

impl Log {
    /// Writes one line with the metrics of a function and further properties.
    pub fn metrics(&self, function: &str, now: Timestamp, properties: Map<String, Value>, metrics: &[Metric]) {
        if !matches!(self, Self::Silent) {
            self.write(&line(function, now, properties, metrics).to_string());
        }
    }

    pub fn write(&self, line: &str) {
        match self {
            Self::Silent => {}
            // A request must not fail because its line cannot be written.
            Self::Stdout => drop(writeln!(std::io::stdout(), "{line}")),
            Self::To(take) => take(line),
        }
    }
}

fn line(function: &str, now: Timestamp, properties: Map<String, Value>, metrics: &[Metric]) -> Value {
    let names: Vec<Value> = metrics.iter().map(|metric| json!({"Name": metric.name, "Unit": metric.unit})).collect();
    let directive = json!({"Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": names});
    let mut line = Map::new();
    line.insert("_aws".into(), json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive]}));
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
                "CloudWatchMetrics": [{
                    "Namespace": "Gongqiao",
                    "Dimensions": [["function"]],
                    "Metrics": [{"Name": "orders_done", "Unit": "Count"}]
                }]
            },
            "function": "ops-cleanup",
            "is_cut_short": false,
            "orders_done": 3.0
        });
        let properties = Map::from_iter([("is_cut_short".to_owned(), false.into())]);
        assert_eq!(line("ops-cleanup", now, properties, &[Metric::count("orders_done", 3)]), expected);
    }
}
