//! Every write of the HR API, sent again with the same signature: the first response, and no change.

use std::collections::BTreeSet;

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::product::{
    CANDIDATE, EMPLOYEE, EMPNO, MOBILE, Product, Signed, body, employee, items, moka_candidate, numbered, opened, rejection,
    returned,
};
use crate::support::wire::Failure;
use crate::support::{Response, Stage};

const SALARY: &str = "/api/v2/salary/subject_values";
const PUNCHES: &str = "/api/v2/attendance_punches";
const CANDIDATES: &str = "/api/v2/moka_candidates";
const UNBINDS: &str = "/api/v2/moka_unbinds";

/// A write of the API with its response, and what a replay would undo.
struct Case {
    route: &'static str,
    method: Method,
    path: String,
    payload: Value,
    response: Response,
    correction: Correction,
}

enum Correction {
    Call(Method, String, Value),
    /// The API cannot remove what the call stored. These items are removed directly.
    Removal(&'static str),
}

/// A company that is bound to Moka, and one case for each write.
struct Scene {
    stage: Stage,
    product: Product,
    cases: Vec<Case>,
}

async fn bind(product: &Product) -> String {
    let response = product.command(json!({"command": "create_bind_code", "company_uuid": product.company})).await;
    format!("/api/v2/moka_binds/{}", response["bind_code"].as_str().expect("a code"))
}

fn salary(value: i64) -> Value {
    json!({"empno": EMPNO, "subject_name": "绩效工资", "month": "2017-09", "value": value})
}

fn punch(empno: &str) -> Value {
    json!([{"empno": empno, "punched_at": "2017-02-03 08:00"}])
}

fn notify() -> String {
    format!("/api/v2/employees/{EMPLOYEE}/notify")
}

fn uploaded() -> Response {
    body(json!({"code": 0, "text": "ok"}))
}

fn moka_done() -> Response {
    body(json!({"error_code": 0, "error_message": "ok"}))
}

impl Scene {
    async fn set() -> Self {
        let stage = Stage::open().await;
        let product = Product::join_stage(&stage).await;
        product.add_records().await;
        let (first, second, third) = (bind(&product).await, bind(&product).await, bind(&product).await);
        assert_eq!(product.patch(&first, Value::Null).await, moka_done());
        let tokens = format!("/api/v2/company_tokens/{}", product.company);
        let mut changed = moka_candidate();
        changed["jobTitle"] = "架构师".into();
        let visitor_token = |token: &str| product.with_token(json!({"zhiren_visitor_token": token}));
        let company = json!({"uuid": product.company, "name": "彩程", "full_name": "成都彩程软件设计有限公司", "logo": ""});
        let visit = product.with_token(json!({"name": "曹操", "time": "15:00"}));
        let (post, patch) = (Method::POST, Method::PATCH);
        let case = |route, method: &Method, path: &str, payload, response, correction| Case {
            route,
            method: method.clone(),
            path: path.to_owned(),
            payload,
            response,
            correction,
        };
        let call = |method: &Method, path: &str, payload| Correction::Call(method.clone(), path.to_owned(), payload);
        let cases = vec![
            case(
                "POST /api/v2/attendance_punches",
                &post,
                PUNCHES,
                punch(EMPNO),
                body(json!([{"code": "0k", "empno": EMPNO}])),
                Correction::Removal("#punch#"),
            ),
            case("POST /api/v2/salary/subject_values", &post, SALARY, salary(1), uploaded(), call(&post, SALARY, salary(2))),
            case(
                "PATCH /api/v2/company_tokens/{guid}",
                &patch,
                &tokens,
                visitor_token("first"),
                body(company),
                call(&patch, &tokens, visitor_token("second")),
            ),
            case(
                "POST /api/v2/employees/{id}/notify",
                &post,
                &notify(),
                visit,
                body(returned(&employee())),
                Correction::Removal("#visit"),
            ),
            case(
                "POST /api/v2/moka_candidates",
                &post,
                CANDIDATES,
                moka_candidate(),
                moka_done(),
                call(&post, CANDIDATES, changed),
            ),
            case(
                "PATCH /api/v2/moka_binds/{bind_code}",
                &patch,
                &second,
                Value::Null,
                moka_done(),
                call(&post, UNBINDS, Value::Null),
            ),
            case("POST /api/v2/moka_unbinds", &post, UNBINDS, Value::Null, moka_done(), call(&patch, &third, Value::Null)),
        ];
        Self { stage, product, cases }
    }

    fn sign(&self, case: &Case) -> Signed {
        Signed::new(&self.product, case.method.clone(), &case.path, &case.payload)
    }

    /// Changes what the call stored, and what its response shows.
    async fn correct(&self, case: &Case) {
        match &case.correction {
            Correction::Call(method, path, payload) => {
                let response = self.product.call(method.clone(), path, payload.clone()).await;
                assert_eq!(response.status, 200, "{}: {response:?}", case.route);
            }
            Correction::Removal(part) => {
                let stored = items(&self.stage, part).await;
                assert_eq!(stored.len(), 1, "{}: {stored:?}", case.route);
                let key = json!({"pk": stored[0]["pk"], "sk": stored[0]["sk"]});
                self.stage.database("DeleteItem", &json!({"TableName": "hris", "Key": key})).await;
            }
        }
        let mut renamed = employee();
        renamed["name"] = "改名".into();
        self.product.imports("employees", &[renamed]).await;
        let row = json!({"uuid": self.product.company, "name": "改名"}).to_string();
        self.product.command(json!({"command": "import_hris", "kind": "companies", "rows": row})).await;
    }

    /// What is stored, sorted, and the messages of the employee.
    async fn state(&self) -> (Vec<Value>, Vec<String>) {
        let mut stored = self.stage.items("hris").await;
        stored.sort_by_key(|item| (item["pk"].to_string(), item["sk"].to_string()));
        (stored, self.stage.address.messages(MOBILE).await)
    }

    /// The records of signed calls.
    async fn records(&self) -> Vec<Value> {
        let mut records = self.stage.items("credentials").await;
        records.retain(|item| item["pk"]["S"].as_str().is_some_and(|key| key.starts_with("hris#call#")));
        records
    }
}

#[tokio::test]
async fn the_cases_are_all_signed_writes_of_the_openapi_document() {
    let document = <hris::Hris as lambda::family::Family>::openapi().unwrap();
    let mut writes = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let security = operation.get("security").unwrap_or(&document["security"]);
            // `webhooks::settings` repeats those of webhooks, whose responses are random.
            if method != "get" && !path.starts_with("/api/v2/webhooks") && security[0].get("signature").is_some() {
                writes.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let scene = Scene::set().await;
    assert_eq!(scene.cases.iter().map(|case| case.route.to_owned()).collect::<BTreeSet<_>>(), writes);
}

#[tokio::test]
async fn a_replayed_write_gets_the_first_response_and_changes_nothing() {
    let scene = Scene::set().await;
    let (other, _world) = scene.stage.another_process().await;
    for case in &scene.cases {
        let call = scene.sign(case);
        assert_eq!(call.send().await, case.response, "{}", case.route);
        let first = scene.state().await;
        scene.correct(case).await;
        let corrected = scene.state().await;
        assert_ne!(corrected, first, "{}", case.route);
        scene.stage.expire_caches();
        let replays = [
            call.send().await,
            call.in_upper_case().send().await,
            call.send_as_form().await,
            call.to(&other).send().await,
            call.send().await,
        ];
        assert_eq!(replays, [(); 5].map(|()| case.response.clone()), "{}", case.route);
        assert_eq!(scene.state().await, corrected, "{}", case.route);
        // The names that the responses of the other cases show.
        scene.product.imports("employees", &[employee()]).await;
        let row = json!({"uuid": scene.product.company, "name": "彩程", "full_name": "成都彩程软件设计有限公司"}).to_string();
        scene.product.command(json!({"command": "import_hris", "kind": "companies", "rows": row})).await;
    }
    let records = json!(scene.records().await).to_string();
    for personal in ["320581199406301913", MOBILE, "一般职员"] {
        assert!(!records.contains(personal), "{personal} is stored in the clear");
    }
}

#[tokio::test]
async fn a_record_is_kept_until_the_tonce_expires_and_the_sweep_removes_it() {
    let scene = Scene::set().await;
    let clock = &scene.stage.clock;
    for case in &scene.cases {
        // The longest that a tonce is timely: it is 300 seconds ahead.
        let now = scene.stage.clock_seconds();
        let tonce = format!("{}.9", now + 299);
        let call = Signed::at(&tonce, &scene.product, case.method.clone(), &case.path, &case.payload);
        assert_eq!(call.send().await, case.response, "{}", case.route);
        let state = scene.state().await;
        clock.advance(SignedDuration::from_secs(599));
        sweep(&scene.stage).await;
        assert_eq!(call.send().await, case.response, "{}", case.route);
        assert_eq!(scene.state().await, state, "{}", case.route);
        clock.advance(SignedDuration::from_secs(1));
        let untimely = rejection(401, 1103, "tonce must be Unix seconds within 300 of the server's time");
        assert_eq!(call.send().await, untimely, "{}", case.route);
        clock.advance(SignedDuration::from_secs(58));
        sweep(&scene.stage).await;
        assert_eq!(scene.records().await.len(), 1, "{}: a call that began in time may still run", case.route);
        clock.advance(SignedDuration::from_secs(1));
        sweep(&scene.stage).await;
        assert_eq!(scene.records().await, Vec::<Value>::new(), "{}", case.route);
    }
}

async fn sweep(stage: &Stage) {
    let swept = stage.address.invoke("ops-cleanup", &json!({})).await;
    assert_eq!(swept.status, 200, "{swept:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_replays_have_one_effect_and_one_response() {
    let scene = Scene::set().await;
    let before = scene.records().await.len();
    for (at, case) in scene.cases.iter().enumerate() {
        let call = scene.sign(case);
        let responses = join_all((0..32).map(|_| call.send())).await;
        assert_eq!(responses, vec![case.response.clone(); 32], "{}", case.route);
        assert_eq!(scene.records().await.len(), before + at + 1, "{}", case.route);
    }
    assert_eq!(scene.stage.address.messages(MOBILE).await.len(), 1);
    let pushed: Vec<Value> =
        items(&scene.stage, "#candidate").await.into_iter().filter(|item| item["sk"]["S"] != CANDIDATE).collect();
    assert_eq!(pushed.iter().map(|item| &item["version"]).collect::<Vec<_>>(), [&json!({"N": "1"})]);
}

#[tokio::test]
async fn a_rejected_write_is_not_remembered_and_counts_once_it_succeeds() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let sign = |path: &str, payload: Value| Signed::new(&product, Method::POST, path, &payload);
    let visit = product.with_token(json!({"name": "曹操", "time": "15:00"}));
    let unknown = json!([{"code": "error", "empno": EMPNO, "error_message": "employee not found"}]);
    let cases = [
        (sign(SALARY, salary(1)), rejection(404, 1102, "empno does not exist"), uploaded(), "#salary#"),
        (sign(PUNCHES, punch(EMPNO)), body(unknown), body(json!([{"code": "0k", "empno": EMPNO}])), "#punch#"),
        (sign(&notify(), visit), rejection(404, 1102, "uuid does not exist"), body(returned(&employee())), "#visit"),
        (
            sign(CANDIDATES, moka_candidate()),
            rejection(403, 3001, "the company is not bound to Moka"),
            moka_done(),
            "#candidate",
        ),
    ];
    for (call, rejected, _, part) in &cases {
        for _ in 0..2 {
            assert_eq!(call.send().await, *rejected, "{part}");
        }
        assert_eq!(items(&stage, part).await, Vec::<Value>::new());
    }
    product.imports("employees", &[employee()]).await;
    assert_eq!(product.patch(&bind(&product).await, Value::Null).await, moka_done());
    for (call, _, done, part) in &cases {
        for _ in 0..2 {
            assert_eq!(call.send().await, *done, "{part}");
        }
        assert_eq!(items(&stage, part).await.len(), 1, "{part}");
    }
    assert_eq!(stage.address.messages(MOBILE).await.len(), 1);
}

/// The stored value of the subject.
async fn stored(stage: &Stage) -> Value {
    opened(stage, &items(stage, "#salary#").await[0]).await["value"]["N"].clone()
}

#[tokio::test]
async fn a_fraction_of_the_tonce_distinguishes_equal_writes_of_one_second() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let second = product.tonce();
    let at = |tonce: String, value| Signed::at(&tonce, &product, Method::POST, SALARY, &salary(value));
    let calls = [(at(second.clone(), 1), "100"), (at(second.clone(), 2), "200"), (at(format!("{second}.001"), 1), "100")];
    for (call, value) in &calls {
        assert_eq!(call.send().await, uploaded());
        assert_eq!(stored(&stage).await, *value);
    }
    for (call, _) in &calls {
        assert_eq!(call.send().await, uploaded());
        assert_eq!(stored(&stage).await, "100", "a replay");
    }
    let visit = product.with_token(json!({"name": "曹操", "time": "15:00"}));
    for tonce in [second.clone(), format!("{second}.0"), second] {
        let call = Signed::at(&tonce, &product, Method::POST, &notify(), &visit);
        assert_eq!(call.send().await, body(returned(&employee())));
    }
    assert_eq!(stage.address.messages(MOBILE).await.len(), 2);
}

#[tokio::test]
async fn an_equal_write_with_another_access_key_is_no_replay() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    product.command(json!({"command": "create_product", "product_id": "second", "name": "第二"})).await;
    let key = json!({"command": "create_access_key", "product_id": "second", "company_uuid": product.company});
    let key = product.command(key).await;
    let mut other = product.clone();
    other.access_key = key["access_key"].as_str().expect("a key").to_owned();
    other.secret_key = key["secret_key"].as_str().expect("a secret").to_owned();
    for (caller, value, fen) in [(&product, 1, "100"), (&product, 2, "200"), (&other, 1, "100"), (&product, 1, "100")] {
        assert_eq!(Signed::new(caller, Method::POST, SALARY, &salary(value)).send().await, uploaded());
        assert_eq!(stored(&stage).await, fen);
    }
    assert_eq!(product.post(SALARY, salary(2)).await, uploaded());
    assert_eq!(stored(&stage).await, "100", "a replay");
}

/// Two hundred punches of two hundred employees: five transactions. And all employees but the last.
async fn many(stage: &Stage) -> (Product, Signed, Vec<Value>) {
    let product = Product::join_stage(stage).await;
    let employees: Vec<Value> = (0..200).map(numbered).collect();
    product.imports("employees", &employees[..199]).await;
    let punches: Vec<Value> =
        employees.iter().map(|employee| json!({"empno": employee["empno"], "punched_at": "2017-02-03 08:00"})).collect();
    let call = Signed::new(&product, Method::POST, PUNCHES, &json!(punches));
    (product, call, employees)
}

fn results(employees: &[Value]) -> Vec<Value> {
    employees.iter().map(|employee| json!({"code": "0k", "empno": employee["empno"]})).collect()
}

#[tokio::test]
async fn punches_of_several_transactions_are_remembered_when_all_are_stored() {
    let stage = Stage::open().await;
    let (product, call, employees) = many(&stage).await;
    let done = body(json!(results(&employees)));
    let mut partial = results(&employees);
    partial[199] = json!({"code": "error", "empno": employees[199]["empno"], "error_message": "employee not found"});
    let partial = body(json!(partial));
    let remove_first = async || {
        let mut stored = items(&stage, "#punch#").await;
        stored.sort_by_key(|item| item["pk"].to_string());
        let key = json!({"pk": stored[0]["pk"], "sk": stored[0]["sk"]});
        stage.database("DeleteItem", &json!({"TableName": "hris", "Key": key})).await;
    };
    assert_eq!(call.send().await, partial);
    remove_first().await;
    assert_eq!(call.send().await, partial);
    assert_eq!(items(&stage, "#punch#").await.len(), 199, "what succeeded in part is sent again");
    product.imports("employees", &employees[199..]).await;
    remove_first().await;
    stage.take_calls();
    assert_eq!(call.send().await, done);
    assert_eq!(stage.take_calls(), ["TransactWriteItems"; 5]);
    assert_eq!(items(&stage, "#punch#").await.len(), 200);
    remove_first().await;
    stage.take_calls();
    assert_eq!(call.send().await, done);
    assert_eq!(stage.take_calls(), ["TransactWriteItems"], "the first transaction finds the record");
    assert_eq!(items(&stage, "#punch#").await.len(), 199, "a replay");
}

#[tokio::test]
async fn punches_that_were_interrupted_between_transactions_are_completed_by_the_same_call() {
    let stage = Stage::open().await;
    let (product, call, employees) = many(&stage).await;
    product.imports("employees", &employees[199..]).await;
    for passing in [1, 4] {
        stage.wire.fail_call("TransactWriteItems", passing, Failure::Rejected);
        assert_eq!(call.send().await, rejection(500, 9001, "internal error"));
        assert_eq!(stage.clear_faults(), 0);
        assert_eq!(items(&stage, "#punch#").await.len(), passing * 49, "{passing}");
    }
    assert_eq!(call.send().await, body(json!(results(&employees))));
    assert_eq!(items(&stage, "#punch#").await.len(), 200);
}

#[tokio::test]
async fn a_row_that_is_invalid_keeps_the_call_from_being_remembered() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let rows = json!([{"empno": EMPNO, "punched_at": "2017-02-03 08:00"}, {"empno": EMPNO, "punched_at": "morgens"}]);
    let call = Signed::new(&product, Method::POST, PUNCHES, &rows);
    let response = call.send().await;
    assert_eq!((&response.body[0]["code"], &response.body[1]["code"]), (&json!("0k"), &json!("error")));
    let key = &items(&stage, "#punch#").await[0];
    let key = json!({"pk": key["pk"], "sk": key["sk"]});
    stage.database("DeleteItem", &json!({"TableName": "hris", "Key": key})).await;
    assert_eq!(call.send().await, response);
    assert_eq!(items(&stage, "#punch#").await.len(), 1);
}
