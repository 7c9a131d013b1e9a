//! Metrics, as CloudWatch takes them out of the log (Embedded Metric Format): no call, no waiting.

use std::io::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};

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
}

/// Writes the metrics of a function: one line of the log.
pub fn emit(function: &str, now: Timestamp, metrics: &[Metric]) -> Result<()> {
    let line = line(function, now, metrics).to_string();
    writeln!(std::io::stdout(), "{line}").map_err(Error::internal)
}

fn line(function: &str, now: Timestamp, metrics: &[Metric]) -> Value {
    let names: Vec<Value> = metrics.iter().map(|metric| json!({"Name": metric.name, "Unit": metric.unit})).collect();
    let directive = json!({"Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": names});
    let mut line = Map::new();
    line.insert("_aws".into(), json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive]}));
    line.insert("function".into(), function.into());
    line.extend(metrics.iter().map(|metric| (metric.name.clone(), metric.value.into())));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of Amazon's specification (CloudWatch User Guide, Embedded metric format).
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
            "orders_done": 3.0
        });
        assert_eq!(line("ops-cleanup", now, &[Metric::count("orders_done", 3)]), expected);
    }
}
