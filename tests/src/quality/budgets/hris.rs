//! The budget of every endpoint of the HR API.

use jiff::SignedDuration;
use lambda::family::Family as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::meter::{Meter, budgeted, endpoints, over_time};
use crate::support::consent::{AUTHORIZE, Browser, CALLBACK, REVOKE, TOKEN, access_token};
use crate::support::product::{
    APPROVAL, CANDIDATE, DAY, DEPARTMENT, EMPLOYEE, EMPNO, MOBILE, Product, SUB_COMPANY, body, moka_candidate, rejection,
};
use crate::support::{Stage, webhook_page};

const HEADING: &str = "| endpoint of the HR API | DynamoDB calls | capacity units |";

impl Meter<Product> {
    async fn start() -> Self {
        let stage = Stage::open().await;
        let product = Product::join_stage(&stage).await;
        product.add_records().await;
        // From here on each function has cached the key and the company's token: the clock stands still.
        let reads =
            ["departments/x", "employees/x", "employees/x/timelines", "approvals/x", "recruitments/sources", "moka_binds/x"];
        for path in reads {
            let response = product.get(&format!("/api/v2/{path}"), Value::Null).await;
            assert!(response.status >= 400, "{path}: {response:?}");
        }
        assert_eq!(product.post("/api/v2/salary/subject_values", json!({})).await.status, 422);
        Self::new(stage, product)
    }

    async fn success(&mut self, label: &str, method: Method, path: &str, payload: Value) -> Value {
        let product = self.caller.clone();
        let response = match method {
            Method::GET => self.measure(label, product.get(path, payload)).await,
            method => self.measure(label, product.call(method, path, payload)).await,
        };
        assert_eq!(response.status, 200, "{label}: {response:?}");
        response.body
    }

    async fn get(&mut self, route: &str, path: &str, payload: Value) -> Value {
        self.success(&format!("GET /api/v2{route}"), Method::GET, &format!("/api/v2{path}"), payload).await
    }
}

async fn organization(meter: &mut Meter<Product>) {
    let token = meter.caller.with_token(json!({}));
    meter.get("/sub_companies", "/sub_companies", Value::Null).await;
    let path = format!("/sub_companies/{SUB_COMPANY}");
    meter.get("/sub_companies/{sub_company_uuid}", &path, Value::Null).await;
    let employees = "/sub_companies/{sub_company_uuid}/employees";
    meter.get(employees, &format!("{path}/employees"), Value::Null).await;
    meter.get(&format!("{employees}/{{uuid}}"), &format!("{path}/employees/{EMPLOYEE}"), Value::Null).await;
    meter.get("/departments", "/departments", Value::Null).await;
    meter.get("/departments/{uuid}", &format!("/departments/{DEPARTMENT}"), Value::Null).await;
    let path = format!("/departments/{DEPARTMENT}/employees");
    meter.get("/departments/{uuid}/employees", &path, Value::Null).await;
    let page = json!({"pagination": {"page": 1}});
    meter.get("/departments/{uuid}/employees, a page", &path, page).await;

    meter.get("/employees", "/employees", token.clone()).await;
    let page = json!({"pagination": {"page": 1, "page_size": 1}});
    let first = meter.get("/employees, a page", "/employees", meter.caller.with_token(page)).await;
    let next = json!({"pagination": {"cursor": first["nextCursor"], "page_size": 1}});
    let second = meter.get("/employees, by cursor", "/employees", meter.caller.with_token(next)).await;
    assert_eq!((first["totalCount"].as_u64(), second["employees"].as_array().map(Vec::len)), (Some(2), Some(1)));
    let none = json!({"status": "internship", "pagination": {"page": 1}});
    let none = meter.get("/employees, nothing found", "/employees", meter.caller.with_token(none)).await;
    assert_eq!(none["totalCount"], 0);
    for (label, id) in [("", EMPLOYEE), (", by number", EMPNO), (", by phone", MOBILE)] {
        meter.get(&format!("/employees/{{id}}{label}"), &format!("/employees/{id}"), token.clone()).await;
    }
}

async fn attendance(meter: &mut Meter<Product>) {
    let path = "/api/v2/attendance_punches";
    let punches = json!([{"empno": EMPNO, "punched_at": "2017-02-03 08:00"}]);
    for label in ["", ", sent again"] {
        meter.success(&format!("POST {path}{label}"), Method::POST, path, punches.clone()).await;
    }
    let unknown = json!([{"empno": "x", "punched_at": "2017-02-03 08:00"}, {"empno": EMPNO, "punched_at": "2017-02-03 09:00"}]);
    meter.success(&format!("POST {path}, with an unknown number"), Method::POST, path, unknown).await;
    let token = meter.caller.with_token(json!({}));
    let below = |what: &str| (format!("/employees/{{id}}/{what}"), format!("/employees/{EMPLOYEE}/{what}"));
    let (route, path) = below("check_attendance");
    meter.get(&route, &path, token).await;
    let (route, path) = below("timelines");
    meter.get(&route, &path, json!({"start_date": DAY, "end_date": DAY, "category": "leave"})).await;
    let (route, path) = below("attendance_checkings");
    meter.get(&route, &path, json!({"start_date": DAY, "end_date": DAY})).await;
    let period = |empnoes: &[&str]| json!({"empnoes": empnoes, "start_date": DAY, "end_date": DAY});
    meter.get("/arrangement_employees", "/arrangement_employees", period(&[EMPNO])).await;
    meter.get("/arrangement_employees, of two", "/arrangement_employees", period(&[EMPNO, "x"])).await;

    let salary = "/api/v2/salary/subject_values";
    let value = json!({"empno": EMPNO, "subject_name": "绩效工资", "month": "2017-09", "value": 1});
    for label in ["", ", sent again"] {
        meter.success(&format!("POST {salary}{label}"), Method::POST, salary, value.clone()).await;
    }
    let period = json!({"start_date": "2017-07-01", "end_date": "2017-07-31"});
    meter.get("/approvals", "/approvals", period).await;
    meter.get("/approvals/{number_series}", &format!("/approvals/{APPROVAL}"), Value::Null).await;
}

async fn integration(meter: &mut Meter<Product>) {
    let product = meter.caller.clone();
    let path = format!("/api/v2/company_tokens/{}", product.company);
    let visitor = product.with_token(json!({"zhiren_visitor_token": "v"}));
    for label in ["", ", sent again"] {
        meter.success(&format!("PATCH /api/v2/company_tokens/{{guid}}{label}"), Method::PATCH, &path, visitor.clone()).await;
    }
    let path = format!("/api/v2/employees/{EMPLOYEE}/notify");
    let visit = product.with_token(json!({"name": "曹操", "time": "15:00"}));
    for label in ["", ", sent again"] {
        meter.success(&format!("POST /api/v2/employees/{{id}}/notify{label}"), Method::POST, &path, visit.clone()).await;
    }
    let code = product.command(json!({"command": "create_bind_code", "company_uuid": product.company})).await;
    let path = format!("/moka_binds/{}", code["bind_code"].as_str().expect("a code"));
    meter.get("/moka_binds/{bind_code}", &path, Value::Null).await;
    for label in ["", ", sent again"] {
        let label = format!("PATCH /api/v2/moka_binds/{{bind_code}}{label}");
        meter.success(&label, Method::PATCH, &format!("/api/v2{path}"), Value::Null).await;
    }
    let path = "/api/v2/moka_candidates";
    for label in ["", ", sent again"] {
        meter.success(&format!("POST {path}{label}"), Method::POST, path, moka_candidate()).await;
    }
    let path = "/api/v2/moka_unbinds";
    for label in ["", ", sent again"] {
        meter.success(&format!("POST {path}{label}"), Method::POST, path, Value::Null).await;
    }
}

async fn webhooks(meter: &mut Meter<Product>) {
    let path = "/api/v2/webhooks";
    let settings = json!({"address": "http://127.0.0.1:9000/", "event_types": ["webhook_open"]});
    for label in [", a new one", ", sent again"] {
        meter.success(&format!("PUT {path}{label}"), Method::PUT, path, settings.clone()).await;
    }
    meter.stage.clock.advance(SignedDuration::from_secs(1));
    meter.success(&format!("PUT {path}"), Method::PUT, path, settings).await;
    meter.get("/webhooks", "/webhooks", Value::Null).await;
    meter.success(&format!("POST {path}/tests"), Method::POST, &format!("{path}/tests"), Value::Null).await;
    meter.stage.address.settle_events().await;
    let events = meter.get("/webhooks/events", "/webhooks/events", Value::Null).await;
    let event = format!("/webhooks/events/{}", events["events"][0]["event_id"].as_str().expect("an event"));
    meter.get("/webhooks/events/{event_id}", &event, Value::Null).await;
    let replay = format!("/api/v2{event}/replay");
    meter.success(&format!("POST {path}/events/{{event_id}}/replay"), Method::POST, &replay, Value::Null).await;
    let since = json!({"since": "2024-01-15T10:00:00Z"});
    meter.success(&format!("POST {path}/replays"), Method::POST, &format!("{path}/replays"), since).await;
    webhook_page(meter, event["/webhooks/events/".len()..].to_owned()).await;
    meter.success(&format!("DELETE {path}"), Method::DELETE, path, Value::Null).await;
}

async fn webhook_page(meter: &mut Meter<Product>, event: String) {
    let mut browser = webhook_page::Browser::new(&meter.stage.address.base_url);
    let link = webhook_page::link(&meter.caller);
    meter.measure(&format!("GET {}, a signed link", webhook_page::PATH), browser.open(&link)).await;
    let label = format!("GET {}", webhook_page::PATH);
    let page = meter.measure(&label, browser.get(&[])).await;
    meter.measure(&format!("{label}, an event"), browser.get(&[("event_id", &event)])).await;
    let form = [("action", "test"), ("token", &page.field("token"))];
    for case in ["", ", sent again"] {
        let done = meter.measure(&format!("POST {}{case}", webhook_page::PATH), browser.submit(&form)).await;
        assert_eq!(done.status, 303, "{done:?}");
    }
}

async fn consent(meter: &mut Meter<Product>) {
    let app = meter.caller.app().await;
    let mut browser = Browser::new(&app);
    let page = meter.measure(&format!("GET {AUTHORIZE}"), browser.open("")).await;
    let asking = meter.measure(&format!("POST {AUTHORIZE}"), browser.press(&page, "send", &[("mobile", MOBILE)])).await;
    assert_eq!(asking.status, 200);
    let again = browser.press(&page, "send", &[("mobile", MOBILE)]);
    let again = meter.measure(&format!("POST {AUTHORIZE}, rate limited"), again).await;
    assert_eq!(again.status, 429);
    let code = meter.stage.address.code(MOBILE).await;
    let granted = meter.measure(&format!("POST {AUTHORIZE}, consent"), browser.consent(&asking, &code)).await;
    let code = granted.called_back(CALLBACK).remove(0).1;
    let denied = meter.measure(&format!("POST {AUTHORIZE}, deny"), browser.press(&page, "deny", &[])).await;
    assert_eq!(denied.status, 303);
    let exchanged = meter.measure(&format!("POST {TOKEN}"), app.token(&app.exchange(&code))).await;
    assert_eq!(exchanged.status, 200);
    let again = meter.measure(&format!("POST {TOKEN}, used again"), app.token(&app.exchange(&code))).await;
    assert_eq!(again.status, 422);
    let token = exchanged.body["access_token"].as_str().expect("a token");
    let revoked = meter.measure(&format!("POST {REVOKE}"), app.revoke(token)).await;
    assert_eq!(revoked, body(json!({})));
    let foreign = meter.caller.app().await;
    let foreign = meter.measure(&format!("POST {REVOKE}, of another app"), foreign.revoke(token)).await;
    assert_eq!(foreign, body(json!({})));
}

async fn recruitment(meter: &mut Meter<Product>) {
    meter.stage.clock.advance(SignedDuration::from_secs(60));
    let product = meter.caller.clone();
    let token = access_token(&product, MOBILE).await;
    // From here on the token is cached.
    assert_eq!(product.read(&token, "/api/v2/recruitments/sources", json!({})).await.status, 200);
    let candidate = format!("candidate/{CANDIDATE}");
    let reads = [
        ("candidates", "candidates"),
        ("candidate/{id}", &candidate),
        ("sources", "sources"),
        ("source/{id}", "source/1"),
        ("vacancies", "vacancies"),
        ("vacancy/{id}", "vacancy/1"),
    ];
    for (route, path) in reads {
        let path = format!("/api/v2/recruitments/{path}");
        let read = product.read(&token, &path, json!({}));
        let response = meter.measure(&format!("GET /api/v2/recruitments/{route}"), read).await;
        assert_eq!(response.status, 200, "{route}");
    }
}

#[tokio::test]
async fn every_endpoint_makes_the_calls_that_its_budget_allows() {
    let mut meter = Meter::start().await;
    meter
        .caller
        .imports(
            "employees",
            &[crate::support::product::numbered(1)].map(|mut row| {
                row["status"] = "waiting".into();
                row
            }),
        )
        .await;
    organization(&mut meter).await;
    attendance(&mut meter).await;
    integration(&mut meter).await;
    webhooks(&mut meter).await;
    consent(&mut meter).await;
    recruitment(&mut meter).await;
    meter.assert_is(HEADING);
}

#[test]
fn every_endpoint_has_a_budget() {
    assert_eq!(budgeted(HEADING), endpoints(&hris::Hris::routes()));
}

#[tokio::test]
async fn a_key_with_its_companys_token_is_looked_up_once_in_five_seconds_and_so_is_an_access_token() {
    let Meter { stage, caller: product, .. } = Meter::start().await;
    let (looked_up, known) = ("GetItem + BatchGetItem + Query", "Query");
    let expected = [looked_up, known, known, looked_up, known, known, looked_up];
    let signed = over_time(&stage, async || product.get("/api/v2/departments", Value::Null).await).await;
    assert_eq!(signed, expected);
    let token = access_token(&product, MOBILE).await;
    let opened = over_time(&stage, async || product.read(&token, "/api/v2/departments", json!({})).await).await;
    // The first use within a day is recorded.
    assert_eq!(opened[0], "GetItem + BatchGetItem + PutItem + Query");
    assert_eq!(opened[1..], expected[1..]);
    stage.clock.advance(SignedDuration::from_hours(24));
    let next_day = over_time(&stage, async || product.read(&token, "/api/v2/departments", json!({})).await).await;
    assert_eq!(next_day, opened);
}

#[tokio::test]
async fn a_call_that_cannot_succeed_reads_nothing() {
    let Meter { stage, caller: product, .. } = Meter::start().await;
    stage.take_calls();
    let punches = product.post("/api/v2/attendance_punches", json!({})).await;
    assert_eq!(punches, rejection(422, 2002, "attendances is required"));
    let mut stranger = product.clone();
    stranger.secret_key = "wrong".into();
    let response = stranger.get("/api/v2/departments", Value::Null).await;
    assert_eq!(response, rejection(401, 1101, "signature is invalid"));
    let unsigned = product.send(Method::GET, "/api/v2/departments", &[("access_key", "x")], None).await;
    assert_eq!(unsigned, rejection(401, 1002, "signature is missing"));
    assert_eq!(product.post("/api/v2/attendance_punches", json!([])).await, body(json!([])));
    assert_eq!(stage.take_calls(), Vec::<String>::new());
}
