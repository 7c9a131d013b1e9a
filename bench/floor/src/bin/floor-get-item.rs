//! One strongly consistent GetItem with the bare SDK, of the record that `channel-users` reads.

use aws_config::BehaviorVersion;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(EnvironmentVariableRegionProvider::new())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .load()
        .await;
    let client = &Client::new(&config);
    #[expect(clippy::disallowed_methods, reason = "the floor has no environment of its own")]
    let [table, pk, sk] = &[std::env::var("FLOOR_TABLE")?, std::env::var("FLOOR_PK")?, std::env::var("FLOOR_SK")?];
    run(service_fn(|_: LambdaEvent<Value>| read(client, table, pk, sk))).await
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
