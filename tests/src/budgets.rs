//! The DynamoDB calls of every endpoint of the partner API, counted at the wire, are those of `docs/budgets.md`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::resource::{ALL, Resource};
use crate::support::{Answer, Partner, Stage, problem, success};

const DOCUMENT: &str = include_str!("../../docs/budgets.md");

const HEADING: &str = "| endpoint of the partner API | DynamoDB calls |";

/// The table below this heading: what is called, and the calls of DynamoDB that it makes.
pub fn table(heading: &str) -> BTreeMap<String, String> {
    let rows = DOCUMENT.lines().skip_while(|line| *line != heading).skip(2);
    let mut table = BTreeMap::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [label, calls] = cells[..] else { panic!("{row} has not two cells") };
        assert!(table.insert(label.to_owned(), calls.to_owned()).is_none(), "{label} stands there twice");
    }
    table
}

/// Measures one request after another.
struct Meter {
    stage: Stage,
    partner: Partner,
    measured: BTreeMap<String, String>,
}

impl Meter {
    async fn start() -> Self {
        let stage = Stage::open().await;
        let partner = Partner::join(&stage.address).await;
        // From here on the channel's status is known: the clock stands still.
        let missing = problem(404, 1001, &[("channel_user_id", "does not exist")]);
        assert_eq!(partner.get("/api/v1/users/none").await, missing);
        Self { stage, partner, measured: BTreeMap::new() }
    }

    async fn measure(&mut self, label: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.stage.take_calls();
        let token = (!path.contains("/auth/")).then_some(self.partner.token.as_str());
        let answer = self.partner.send(method, path, token, body.map(Value::to_string)).await;
        let calls = self.stage.take_calls();
        let calls = if calls.is_empty() { "none".to_owned() } else { calls.join(" + ") };
        assert!(self.measured.insert(label.to_owned(), calls).is_none(), "{label} is measured twice");
        answer
    }

    /// Measures a request that succeeds; the data that it answers.
    async fn success(&mut self, label: &str, method: Method, path: &str, body: Option<&Value>) -> Value {
        let answer = self.measure(label, method, path, body).await;
        let data = answer.body["data"].clone();
        assert_eq!(answer, success(data.clone()), "{label}");
        data
    }

    async fn record(&mut self, kind: &Resource, example: &Value, other_references: Option<Value>) {
        let path = kind.path;
        let route = format!("{path}/{{{}}}", kind.id_field);
        let record = kind.there();
        let change = json!({kind.text_field: "改"});
        self.success(&format!("POST {path}"), Method::POST, path, Some(example)).await;
        self.success(&format!("POST {path}, sent again"), Method::POST, path, Some(example)).await;
        self.success(&format!("GET {route}"), Method::GET, &record, None).await;
        self.success(&format!("PUT {route}"), Method::PUT, &record, Some(&change)).await;
        self.success(&format!("PUT {route}, nothing new"), Method::PUT, &record, Some(&change)).await;
        if let Some(patch) = other_references {
            self.success(&format!("PUT {route}, other references"), Method::PUT, &record, Some(&patch)).await;
        }
    }

    /// Of a kind that has two records.
    async fn list(&mut self, kind: &Resource) {
        let path = kind.path;
        let first = self.success(&format!("GET {path}"), Method::GET, &format!("{path}?page_size=1"), None).await;
        let cursor = format!("{path}?page_size=1&cursor={}", first["next_cursor"].as_str().expect("a cursor"));
        let second = self.success(&format!("GET {path}, by cursor"), Method::GET, &cursor, None).await;
        for page in [first, second] {
            assert_eq!(page["list"].as_array().map(Vec::len), Some(1));
        }
        let nothing = format!("{path}?updated_after=2025-01-01T00:00:00Z");
        let none = self.success(&format!("GET {path}, nothing found"), Method::GET, &nothing, None).await;
        assert_eq!(none["total"], 0);
    }

    /// A second record, whose id is "2".
    async fn second(&self, kind: &Resource) {
        let mut second = kind.example();
        second[kind.id_field] = "2".into();
        let answer = self.partner.post(kind.path, &second).await;
        assert_eq!(answer, success(answer.body["data"].clone()));
    }
}

#[tokio::test]
async fn every_endpoint_makes_the_calls_that_its_budget_allows() {
    let mut meter = Meter::start().await;
    let credentials = json!({
        "appkey": meter.partner.appkey, "secret": meter.partner.secret, "grant_type": "client_credentials",
    });
    let token = "/api/v1/auth/token";
    let tokens = meter.success(&format!("POST {token}"), Method::POST, token, Some(&credentials)).await;
    let refresh = json!({"refresh_token": tokens["refresh_token"], "grant_type": "refresh_token"});
    let path = "/api/v1/auth/refresh";
    meter.success(&format!("POST {path}"), Method::POST, path, Some(&refresh)).await;
    meter.success(&format!("POST {path}, answer lost"), Method::POST, path, Some(&refresh)).await;

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

    let uploads = "/api/v1/uploads";
    let upload = json!({"purpose": "resume", "content_type": "application/pdf", "size": 8});
    meter.success(&format!("POST {uploads}"), Method::POST, uploads, Some(&upload)).await;
    let missing = meter.measure("GET /api/v1/uploads/{name}", Method::GET, "/api/v1/uploads/resume-1.pdf", None).await;
    assert_eq!(missing, problem(404, 1001, &[("name", "does not exist")]));

    assert_eq!(meter.measured, table(HEADING));
}

#[test]
fn every_endpoint_has_a_budget() {
    let routes: BTreeSet<String> = channel::routes().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let budgeted: BTreeSet<String> = table(HEADING)
        .keys()
        .map(|label| label.split_once(',').map_or(label.as_str(), |(route, _)| route).to_owned())
        .collect();
    assert_eq!(budgeted, routes);
    for route in routes {
        assert!(table(HEADING).contains_key(&route), "{route} has no budget for its plain course");
    }
}

#[tokio::test]
async fn the_status_of_a_channel_is_looked_up_once_in_five_seconds() {
    let meter = Meter::start().await;
    meter.partner.has(&["users"]).await;
    let mut lookups = Vec::new();
    for milliseconds in [0, 4999, 1, 0, 4999, 1] {
        meter.stage.clock.advance(SignedDuration::from_millis(milliseconds));
        meter.stage.take_calls();
        assert_eq!(meter.partner.get("/api/v1/users/U20240101001").await.status, 200);
        let calls = meter.stage.take_calls();
        assert!(calls.iter().all(|call| call == "GetItem"), "{calls:?}");
        lookups.push(calls.len() - 1);
    }
    assert_eq!(lookups, [0, 0, 1, 0, 0, 1]);
}

#[tokio::test]
async fn a_request_that_cannot_succeed_reads_nothing() {
    let meter = Meter::start().await;
    meter.stage.take_calls();
    let answer = meter.partner.post("/api/v1/users", &json!({})).await;
    assert_eq!((answer.status, &answer.body["code"]), (400, &json!(1001)));
    let answer = meter.partner.send(Method::GET, "/api/v1/tasks", Some("garbage"), None).await;
    assert_eq!(answer, problem(401, 1003, &[]));
    let answer = meter.partner.get("/api/v1/tasks?page_size=101").await;
    assert_eq!(answer, problem(400, 1001, &[("page_size", "must be from 1 to 100")]));
    assert_eq!(meter.stage.take_calls(), Vec::<String>::new());
}
