//! One strongly consistent GetItem with the bare SDK, of the record that `channel-users` reads.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let [access_key, secret_key] = [variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?];
    let credentials = Credentials::new(access_key, secret_key, variable("AWS_SESSION_TOKEN").ok(), None, "environment");
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(variable("AWS_REGION")?))
        .credentials_provider(credentials);
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL_DYNAMODB").ok());
    let client = &Client::from_conf(config.build());
    let [table, pk, sk] = &[variable("FLOOR_TABLE")?, variable("FLOOR_PK")?, variable("FLOOR_SK")?];
    run(service_fn(|_: LambdaEvent<Value>| read(client, table, pk, sk))).await
}

#[expect(clippy::disallowed_methods, reason = "the floor has no environment of its own")]
fn variable(name: &str) -> Result<String, std::env::VarError> {
    std::env::var(name)
}

async fn read(client: &Client, table: &str, pk: &str, sk: &str) -> Result<Value, Error> {
    let call = client
        .get_item()
        .table_name(table)
        .key("pk", AttributeValue::S(pk.to_owned()))
        .key("sk", AttributeValue::S(sk.to_owned()))
        .consistent_read(true);
    let item = call.send().await?.item.unwrap_or_default();
    let name = item.get("name").and_then(|name| name.as_s().ok());
    Ok(json!({"statusCode": 200, "body": name}))
}
