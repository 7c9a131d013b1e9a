//! The budget of every endpoint of the partner API.

use jiff::SignedDuration;
use lambda::family::Family as _;
use reqwest::Method;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use super::meter::{Meter, budgeted, endpoints, over_time};
use crate::support::resource::{ALL, Resource};
use crate::support::{Partner, Response, Stage, data, problem};

const HEADING: &str = "| endpoint of the partner API | DynamoDB calls | capacity units |";

impl Meter<Partner> {
    async fn start() -> Self {
        let stage = Stage::open().await;
        let partner = Partner::join(&stage.address).await;
        // From here on each function has cached the channel's status: the clock stands still.
        for record in ["users/1", "companies/1", "tasks/1", "applications/1", "payments/1", "uploads/resume-1.pdf"] {
            assert_eq!(partner.get(&format!("/api/v1/{record}")).await.status, 404, "{record}");
        }
        Self::new(stage, partner)
    }

    async fn send(&mut self, label: &str, method: Method, path: &str, body: Option<&Value>) -> Response {
        let partner = self.caller.clone();
        let token = (!path.contains("/auth/")).then_some(partner.token.as_str());
        self.measure(label, partner.send(method, path, token, body.map(Value::to_string))).await
    }

    /// Measures a request that succeeds. Returns its data.
    async fn success(&mut self, label: &str, method: Method, path: &str, body: Option<&Value>) -> Value {
        let response = self.send(label, method, path, body).await;
        data(&response)
    }

    async fn record(&mut self, kind: &Resource, example: &Value, other_references: Option<Value>) {
        let path = kind.path;
        let route = format!("{path}/{{{}}}", kind.id_field);
        let record = kind.example_path();
        let change = json!({kind.text_field: "改"});
        self.success(&format!("POST {path}"), Method::POST, path, Some(example)).await;
        self.success(&format!("POST {path}, sent again"), Method::POST, path, Some(example)).await;
        self.success(&format!("GET {route}"), Method::GET, &record, None).await;
        // A change has a later time than the record, which moves its entry in the order of changes.
        self.stage.clock.advance(SignedDuration::from_millis(100));
        self.success(&format!("PUT {route}"), Method::PUT, &record, Some(&change)).await;
        self.success(&format!("PUT {route}, no change"), Method::PUT, &record, Some(&change)).await;
        if let Some(patch) = other_references {
            self.stage.clock.advance(SignedDuration::from_millis(100));
            self.success(&format!("PUT {route}, other references"), Method::PUT, &record, Some(&patch)).await;
        }
    }

    /// Measures the list of a kind with two records.
    async fn list(&mut self, kind: &Resource) {
        let path = kind.path;
        let first = self.success(&format!("GET {path}"), Method::GET, &format!("{path}?page_size=1"), None).await;
        let cursor = format!("{path}?page_size=1&cursor={}", first["next_cursor"].as_str().expect("a cursor"));
        let second = self.success(&format!("GET {path}, by cursor"), Method::GET, &cursor, None).await;
        for page in [first, second] {
            assert_eq!(page["list"].as_array().map(Vec::len), Some(1));
        }
        let unused = match kind.name {
            "tasks" => "suspended",
            "applications" => "rejected",
            _ => "failed",
        };
        let nothing = format!("{path}?status={unused}");
        let none = self.success(&format!("GET {path}, nothing found"), Method::GET, &nothing, None).await;
        assert_eq!(none["total"], 0);
    }

    /// Measures the list of what has changed, when one of the two records has.
    async fn changes(&mut self, kind: &Resource) {
        let (path, record) = (kind.path, kind.example_path());
        self.stage.clock.advance(SignedDuration::from_secs(60));
        let since = self.stage.clock.now();
        assert_eq!(self.caller.put(&record, &json!({kind.text_field: "变"})).await.status, 200);
        self.stage.clock.advance(SignedDuration::from_secs(15));
        // Looks up the status of the channel.
        assert_eq!(self.caller.get(&record).await.status, 200);
        let list = format!("{path}?updated_after={since:.0}");
        let changed = self.success(&format!("GET {path}, changed since"), Method::GET, &list, None).await;
        assert_eq!(changed["total"], 1);
    }

    /// Creates a second record with the id "2".
    async fn second(&self, kind: &Resource) {
        let mut second = kind.example();
        second[kind.id_field] = "2".into();
        kind.create(&self.caller, &second).await;
    }
}

#[tokio::test]
async fn every_endpoint_makes_the_calls_that_its_budget_allows() {
    let mut meter = Meter::start().await;
    let credentials = json!({
        "appkey": meter.caller.appkey, "secret": meter.caller.secret, "grant_type": "client_credentials",
    });
    let token = "/api/v1/auth/token";
    let tokens = meter.success(&format!("POST {token}"), Method::POST, token, Some(&credentials)).await;
    let wrong = json!({"appkey": meter.caller.appkey, "secret": "wrong", "grant_type": "client_credentials"});
    let rejected = meter.send(&format!("POST {token}, with a wrong secret"), Method::POST, token, Some(&wrong)).await;
    assert_eq!(rejected, problem(401, 1002, &[]));
    let refresh = json!({"refresh_token": tokens["refresh_token"], "grant_type": "refresh_token"});
    let path = "/api/v1/auth/refresh";
    meter.success(&format!("POST {path}"), Method::POST, path, Some(&refresh)).await;
    meter.success(&format!("POST {path}, response lost"), Method::POST, path, Some(&refresh)).await;
    let unknown = tokens["refresh_token"].as_str().expect("a token");
    let unknown = format!("{}{}", if unknown.starts_with('A') { 'B' } else { 'A' }, &unknown[1..]);
    let unknown = json!({"refresh_token": unknown, "grant_type": "refresh_token"});
    let rejected = meter.send(&format!("POST {path}, with a wrong token"), Method::POST, path, Some(&unknown)).await;
    assert_eq!(rejected, problem(401, 1003, &[]));

    for kind in &ALL {
        let mut example = kind.example();
        if kind.name == "payments" {
            example["status"] = "pending".into();
        }
        let other_references = match kind.name {
            "tasks" => Some(json!({"channel_company_id": "2"})),
            "applications" => Some(json!({"channel_task_id": "2"})),
            "payments" => Some(json!({"channel_application_id": "2"})),
            _ => None,
        };
        meter.record(kind, &example, other_references).await;
        meter.second(kind).await;
        if kind.is_listed() {
            meter.list(kind).await;
        }
    }
    for kind in ALL.iter().filter(|kind| kind.is_listed()) {
        meter.changes(kind).await;
    }

    let uploads = "/api/v1/uploads";
    // Looks up the status of the channel.
    assert_eq!(meter.caller.get("/api/v1/uploads/resume-1.pdf").await.status, 404);
    let upload = json!({"purpose": "resume", "content_type": "application/pdf", "size": 8});
    meter.success(&format!("POST {uploads}"), Method::POST, uploads, Some(&upload)).await;
    let missing = meter.send("GET /api/v1/uploads/{name}", Method::GET, "/api/v1/uploads/resume-1.pdf", None).await;
    assert_eq!(missing, problem(404, 1001, &[("name", "does not exist")]));

    meter.assert_is(HEADING);
}

#[test]
fn every_endpoint_has_a_budget() {
    assert_eq!(budgeted(HEADING), endpoints(&channel::Channel::routes()));
}

#[tokio::test]
async fn the_status_of_a_channel_is_looked_up_once_in_five_seconds() {
    let meter = Meter::start().await;
    meter.caller.push_examples(&["users"]).await;
    let calls = over_time(&meter.stage, async || meter.caller.get("/api/v1/users/U20240101001").await).await;
    let (looked_up, known) = ("GetItem + GetItem", "GetItem");
    assert_eq!(calls, [looked_up, known, known, looked_up, known, known, looked_up]);
}

#[tokio::test]
async fn a_request_that_cannot_succeed_reads_nothing() {
    let meter = Meter::start().await;
    meter.stage.take_calls();
    let response = meter.caller.post("/api/v1/users", &json!({})).await;
    assert_eq!((response.status, &response.body["code"]), (400, &json!(1001)));
    let response = meter.caller.send(Method::GET, "/api/v1/tasks", Some("garbage"), None).await;
    assert_eq!(response, problem(401, 1003, &[]));
    let response = meter.caller.get("/api/v1/tasks?page_size=101").await;
    assert_eq!(response, problem(400, 1001, &[("page_size", "must be from 1 to 100")]));
    assert_eq!(meter.stage.take_calls(), Vec::<String>::new());
}
