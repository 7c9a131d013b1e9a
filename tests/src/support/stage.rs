//! A system of one test. Its clock stands still, and its calls to AWS are counted and can be made to fail.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use local::wire::Service;
use local::{Options, World};
use serde_json::{Value, json};
use shared::runtime::clock::{Clock as _, ManualClock, SystemClock};
use shared::runtime::environment::Environment;
use shared::runtime::metrics::Log;
use shared::storage::objects::{Content, Objects, Presigned};

use super::Address;
use super::receiver::Names;
use super::wire::{Fault, Faults};

pub struct Stage {
    pub address: Address,
    pub clock: Arc<ManualClock>,
    pub wire: Arc<Faults>,
    /// The names of receivers of events.
    pub names: Arc<Names>,
    lines: Arc<Mutex<Vec<String>>>,
    http: reqwest::Client,
    world: World,
}

impl Stage {
    /// Starts at 2024-01-15T10:30:00Z, the time of the document.
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    pub async fn open_with(variables: &[(&str, &str)]) -> Self {
        Self::start("2024-01-15T10:30:00Z".parse().unwrap(), variables).await
    }

    /// Starts at the machine's time: S3 accepts only what was signed within minutes of it.
    pub async fn open_now() -> Self {
        Self::open_now_with(&[]).await
    }

    pub async fn open_now_with(variables: &[(&str, &str)]) -> Self {
        Self::start(SystemClock.now(), variables).await
    }

    async fn start(time: Timestamp, variables: &[(&str, &str)]) -> Self {
        let clock = Arc::new(ManualClock::at(time));
        // Tests of the moderation turn it on: other tests count calls, and check no contents.
        let variables = [("MODERATION", "off")].iter().chain(variables);
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let taken = Arc::clone(&lines);
        let log = Log::to(move |line| taken.lock().unwrap().push(line.to_owned()));
        let wire = Arc::new(Faults::default());
        let names = Arc::new(Names::default());
        let options = Options {
            clock: clock.clone(),
            lookup: names.clone(),
            log,
            variables,
            wire: wire.clone(),
            sends_messages: false,
            ..Options::default()
        };
        let world = World::start(options).await.unwrap();
        Self { address: Address::of(&world), clock, wire, names, lines, http: local::http::client(), world }
    }

    /// Sends a request to the database directly. The call is not counted.
    pub async fn database(&self, operation: &str, request: &Value) -> Value {
        let call = self.http.post(&self.world.dynamodb_url).body(request.to_string());
        let call = call.header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        let credential = "AWS4-HMAC-SHA256 Credential=local/20240115/us-east-1/dynamodb/aws4_request";
        let call = call.header("authorization", format!("{credential}, SignedHeaders=host, Signature=0"));
        let call = call.header("x-amz-date", "20240115T103000Z").header("content-type", "application/x-amz-json-1.0");
        let response = super::fetch(call).await;
        assert_eq!(response.status, 200, "{response:?}");
        response.body
    }

    /// Reads or writes a secret, which a variable of the functions names: `CHANNEL_SECRET`.
    pub async fn secret(&self, variable: &str, new: Option<&Value>) -> Value {
        let variables = &self.world.variables;
        let operation = if new.is_some() { "PutSecretValue" } else { "GetSecretValue" };
        let mut request = json!({"SecretId": variables[variable]});
        if let Some(new) = new {
            request["SecretString"] = new.to_string().into();
        }
        let call = self.http.post(&variables["AWS_ENDPOINT_URL_SECRETS_MANAGER"]).body(request.to_string());
        let response = super::fetch(call.header("x-amz-target", format!("secretsmanager.{operation}"))).await;
        assert_eq!(response.status, 200, "{response:?}");
        response.body["SecretString"].as_str().map_or(Value::Null, |secret| serde_json::from_str(secret).unwrap())
    }

    /// Starts another process on the same data. An error is one line.
    pub async fn start_another(&self) -> Result<(), String> {
        let mut variables = self.world.variables.clone();
        variables.remove("AWS_ACCESS_KEY_ID");
        World::start(Options { clock: self.clock.clone(), variables, ..Options::default() }).await.map(drop)
    }

    /// Every item of a table as stored.
    pub async fn items(&self, table: &str) -> Vec<Value> {
        let scanned = self.database("Scan", &json!({"TableName": table})).await;
        assert_eq!(scanned.get("LastEvaluatedKey"), None, "more than one page");
        scanned["Items"].as_array().expect("items").clone()
    }

    /// The item of a table with this key.
    pub async fn item(&self, table: &str, pk: &str, sk: &str) -> Value {
        let read = json!({"TableName": table, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}, "ConsistentRead": true});
        self.database("GetItem", &read).await["Item"].clone()
    }

    /// Stores items as they are.
    pub async fn put_all(&self, table: &str, items: Vec<Value>) {
        for chunk in items.chunks(25) {
            let puts: Vec<Value> = chunk.iter().map(|item| json!({"PutRequest": {"Item": item}})).collect();
            self.database("BatchWriteItem", &json!({"RequestItems": {table: puts}})).await;
        }
    }

    /// Fills the counters of the rate limit of this name, but for one attempt.
    pub async fn use_up(&self, limit: &str, most: u32) {
        let table = &self.address.variables["CREDENTIALS_TABLE"];
        let mut counters = self.items(table).await;
        counters.retain(|item| item["pk"]["S"].as_str().is_some_and(|pk| pk.contains(&format!("#{limit}#"))));
        assert!(!counters.is_empty(), "{limit}");
        for counter in &mut counters {
            counter["counted"]["N"] = (most - 1).to_string().into();
        }
        self.put_all(table, counters).await;
    }

    /// The uploads bucket, accessed directly.
    pub async fn objects(&self) -> Objects {
        self.bucket("UPLOADS_BUCKET")
    }

    /// A bucket that a variable of the functions names, accessed directly.
    pub fn bucket(&self, variable: &str) -> Objects {
        let environment = self.environment();
        environment.objects(environment.required(variable).unwrap())
    }

    /// The environment of a process that uses the domain directly.
    pub fn environment(&self) -> Environment {
        Environment::new(self.world.variables.clone(), self.clock.clone())
    }

    /// The environment of a function, with its own rights.
    pub fn environment_of(&self, function: &str) -> Environment {
        let mut variables = self.world.variables.clone();
        variables.insert("AWS_ACCESS_KEY_ID".into(), function.to_owned());
        Environment::new(variables, self.clock.clone())
    }

    /// A second process on the same data, with the same clock and the same WeChat. It runs until it is dropped.
    pub async fn another_process(&self) -> (Address, World) {
        let mut variables = self.world.variables.clone();
        // Its functions have their own credentials.
        variables.remove("AWS_ACCESS_KEY_ID");
        let options = Options { clock: self.clock.clone(), variables, sends_messages: false, ..Options::default() };
        let world = World::start(options).await.unwrap();
        (Address { wechat_url: self.address.wechat_url.clone(), ..Address::of(&world) }, world)
    }

    /// Puts an object into the uploads bucket directly.
    pub async fn upload(&self, key: &str, text: &str) {
        let objects = self.objects().await;
        let content = Content { content_type: "application/x-ndjson", size: text.len() as u32, sha256: None };
        let Presigned { url, headers } = objects.presign_put(key, &content).await.unwrap();
        let mut request = self.http.put(url).body(text.to_owned());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        assert_eq!(super::fetch(request).await.status, 200);
    }

    /// Lets every process read credentials and status again: cached look-ups expire.
    pub fn expire_caches(&self) {
        self.clock.advance(shared::runtime::cache::AGE);
    }

    /// Lets the search of every process see the latest changes of jobs.
    pub fn refresh_searches(&self) {
        self.clock.advance(SignedDuration::from_millis(250));
    }

    pub fn clock_seconds(&self) -> i64 {
        self.clock.now().as_second()
    }

    pub fn clock_nanoseconds(&self) -> i128 {
        self.clock.now().as_nanosecond()
    }

    /// The operations of DynamoDB since the last call of this, in order.
    pub fn take_calls(&self) -> Vec<String> {
        let seen = self.wire.take_seen().into_iter();
        seen.filter(|call| call.service == Service::DynamoDb).map(|call| call.operation).collect()
    }

    /// The log lines of requests and sweeps since the last call of this.
    pub fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }

    /// The next calls fail with these faults, one each, in order.
    pub fn inject(&self, faults: &[Fault]) {
        self.wire.inject(None, faults);
    }

    /// The next calls of one operation fail; others pass.
    pub fn inject_into(&self, operation: &'static str, faults: &[Fault]) {
        self.wire.inject(Some(operation), faults);
    }

    /// Ends all faults. Returns how many of them hit no call.
    pub fn clear_faults(&self) -> usize {
        self.wire.clear_faults()
    }
}
