//! How a new version of a function comes to serve requests.

use std::collections::BTreeSet;

use local::template::Template;
use serde_json::{Value, json};

use crate::support::world;

fn functions() -> impl Iterator<Item = (&'static str, &'static Value)> {
    Template::read().unwrap().resources("AWS::Serverless::Function").map(|(id, function)| (id, &function["Properties"]))
}

/// A function behind the gateway has an alias, so that its requests can be shifted; what takes events changes all at once.
#[test]
fn requests_shift_step_by_step_and_events_at_once() {
    let template = Template::read().unwrap();
    let preference = &template.section("Globals")["Function"]["DeploymentPreference"];
    assert_eq!(
        *preference,
        json!({
            "Enabled": {"Ref": "GradualRollOut"}, "Type": {"Ref": "RollOut"}, "Hooks": {"PreTraffic": {"Ref": "SmokeTest"}},
            "Alarms": [{"Ref": "RollOutAlarm"}],
        })
    );
    for (id, function) in functions() {
        let serves =
            function["Events"].as_object().is_some_and(|events| events.values().any(|event| event["Type"] == "HttpApi"));
        let own =
            [&function["AutoPublishAlias"], &function["AutoPublishAliasAllProperties"], &function["DeploymentPreference"]];
        match serves {
            true => assert_eq!(own, [&json!("live"), &json!(true), &Value::Null], "{id}"),
            false => assert_eq!(own, [&Value::Null, &Value::Null, &json!({"Enabled": false})], "{id}"),
        }
    }
}

/// CloudFormation waits for the alarm before it shifts an alias, and for the aliases before it changes the gateway.
#[test]
fn the_alarm_of_a_roll_out_waits_for_no_other_resource() {
    let alarm = &Template::read().unwrap().section("Resources")["RollOutAlarm"]["Properties"];
    assert_eq!(alarm["Dimensions"], json!([{"Name": "stack", "Value": {"Ref": "AWS::StackName"}}]));
    assert_eq!((&alarm["MetricName"], &alarm["Metrics"]), (&json!("failed_requests"), &Value::Null));
}

#[tokio::test]
async fn every_function_behind_the_gateway_answers_the_smoke_test() {
    let template = Template::read().unwrap();
    let hook = &template.section("Resources")["SmokeTest"]["Properties"]["Environment"]["Variables"];
    let event: Value = serde_json::from_str(hook["EVENT"].as_str().unwrap()).unwrap();
    let functions: BTreeSet<String> = template.routes().into_iter().map(|route| route.function).collect();
    assert_eq!(functions.len(), 29);
    for function in functions {
        let answer = world().invoke(&function, &event).await.body;
        assert_eq!(answer["statusCode"], 404, "{function}: {answer}");
    }
}
