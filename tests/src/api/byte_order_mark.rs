//! A byte order mark before JSON, as programs on Windows write it: in bodies, in payloads and in the rows of imports.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{self, Board, done};
use crate::support::product::{EMPNO, Product, body, moka_candidate, numbered, rejection, returned, without_import_id};
use crate::support::resource::{ALL, USERS};
use crate::support::worker::{self, Platform, resume, returned as resume_returned};
use crate::support::{Partner, Stage, problem, success, world};

fn marked(value: &Value) -> String {
    format!("\u{feff}{value}")
}

#[tokio::test]
async fn partners_may_send_it_with_every_body() {
    let partner = Partner::join(world()).await;
    for resource in &ALL {
        let whole = resource.stores_as(&partner, &marked(&resource.example()), &resource.example()).await;
        let path = resource.example_path();
        for patch in [marked(&resource.example()), "\u{feff}\r\n{}".to_owned()] {
            assert_eq!(partner.send(Method::PUT, &path, Some(&partner.token), Some(patch)).await, success(whole.clone()));
        }
    }
    let credentials = json!({"appkey": partner.appkey, "secret": partner.secret, "grant_type": "client_credentials"});
    let tokens = partner.send(Method::POST, "/api/v1/auth/token", None, Some(marked(&credentials))).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let empty = problem(400, 1001, &[("$", "must be a JSON object, but the body is empty")]);
    for blank in ["\u{feff}", "\u{feff} \r\n"] {
        assert_eq!(partner.post_text(USERS.path, blank).await, empty, "{blank:?}");
    }
    for wrong in [format!("\u{feff}{}", marked(&USERS.example())), format!("{}\u{feff}", USERS.example())] {
        let response = partner.post_text(USERS.path, &wrong).await;
        assert_eq!((response.status, &response.body["data"]["errors"][0]["field"]), (400, &json!("$")), "{wrong}");
    }
}

#[tokio::test]
async fn users_of_the_job_board_may_send_it() {
    let user = Board::of(world()).join().await;
    assert_eq!(user.post_text("/user/update/info", &marked(&json!({"name": "小周"}))).await, done());
    assert_eq!(user.info().await.body["data"]["name"], "小周");
    let created = user.request("/job/create").body(marked(&board::job())).send().await.unwrap();
    let id: u64 = created.headers()["x-resource-id"].to_str().unwrap().parse().unwrap();
    let shown = user.post("/jobs/info", &json!({"job_id": id})).await;
    assert_eq!(shown.status, 200);
    for text in [format!("\u{feff}{{\"job_id\": {id}}}"), format!("\u{feff}\n{{\"job_id\": \"{id}\",}}")] {
        assert_eq!(user.post_text("/jobs/info", &text).await, shown, "{text}");
    }
    let all = user.post_text("/jobs/my", "").await;
    assert_eq!(all.status, 200);
    assert_eq!(user.post_text("/jobs/my", "\u{feff}").await, all);
}

#[tokio::test]
async fn workers_may_send_it_and_so_may_a_field_with_json() {
    let platform = Platform::create(world()).await;
    let worker = platform.worker("marked").await;
    let send = async |method: Method, text: String| {
        let request = worker.request(method, "/employee").header("content-type", "application/json");
        crate::support::fetch(request.body(text)).await
    };
    assert_eq!(send(Method::POST, marked(&resume())).await, worker::ok(Value::Null));
    let read = worker.get("/employee").await.body["data"].clone();
    assert_eq!(read, resume_returned(&resume(), &read["em_id"]));
    let mut sent = resume();
    for field in ["work_exp", "employee_edu"] {
        sent[field] = marked(&sent[field]).into();
    }
    assert_eq!(send(Method::PUT, marked(&sent)).await, worker::ok(Value::Null));
    assert_eq!(worker.get("/employee").await.body["data"], read);
    assert_eq!(send(Method::PUT, "\u{feff}".into()).await, send(Method::PUT, String::new()).await);
}

/// A library that writes the mark does so behind the client's back: the client signed the text without it.
#[tokio::test]
async fn products_may_send_it_and_sign_the_payload_with_or_without_it() {
    let product = Product::with_records().await;
    let path = format!("/api/v2/employees/{EMPNO}");
    let found = product.get(&path, product.with_token(json!({}))).await;
    assert_eq!(found.status, 200);
    let plain = product.with_token(json!({"name": "一般 职员"})).to_string();
    let marked = format!("\u{feff}{plain}");
    let call = async |method: Method, path: &str, signed: &str, query_payload: Option<&str>, text: Option<String>| {
        let tonce = product.tonce();
        let signature = product.sign(method.as_str(), path, &tonce, signed);
        let mut query = vec![("access_key", &*product.access_key), ("tonce", &*tonce), ("signature", &*signature)];
        query.extend(query_payload.map(|payload| ("payload", payload)));
        product.send(method, path, &query, text).await
    };
    for signed in [&plain, &marked] {
        assert_eq!(call(Method::GET, &path, signed, Some(&marked), None).await, found, "in the query");
    }
    let wrong = rejection(401, 1101, "signature is wrong");
    let other = format!("{plain} ");
    assert_eq!(call(Method::GET, &path, &other, Some(&marked), None).await.status, wrong.status);
    let punches = json!([{"empno": EMPNO, "punched_at": "2017-02-03 08:00"}]).to_string();
    let stored = body(json!([{"code": "0k", "empno": EMPNO}]));
    for signed in [punches.clone(), format!("\u{feff}{punches}")] {
        let sent = Some(format!("\u{feff}{punches}"));
        assert_eq!(call(Method::POST, "/api/v2/attendance_punches", &signed, None, sent).await, stored, "as the body");
    }
    // No payload but the mark, and a page in a text.
    let departments = product.get("/api/v2/departments", Value::Null).await;
    assert_eq!(departments.status, 200);
    for signed in ["", "\u{feff}"] {
        assert_eq!(call(Method::GET, "/api/v2/departments", signed, Some("\u{feff}"), None).await, departments);
    }
    let page = product.get("/api/v2/employees", product.with_token(json!({"pagination": {"page": 1}}))).await;
    let nested = product.with_token(json!({"pagination": "\u{feff}{\"page\":1}"}));
    assert_eq!(product.get("/api/v2/employees", nested).await, page);
    let pushed = product.post("/api/v2/moka_candidates", moka_candidate()).await;
    let candidate = format!("\u{feff}{}", moka_candidate());
    assert_eq!(call(Method::POST, "/api/v2/moka_candidates", &candidate, None, Some(candidate.clone())).await, pushed);
}

#[tokio::test]
async fn the_rows_of_an_import_may_begin_with_it() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let rows = [numbered(1), numbered(2)];
    let results = |statuses: [&str; 2], lines: [u32; 2]| {
        let results: Vec<Value> =
            statuses.into_iter().zip(lines).map(|(status, line)| json!({"line": line, "status": status})).collect();
        json!({"results": results, "next": null})
    };
    let import = async |more: Value| {
        let mut command = json!({"command": "import_hris", "kind": "employees", "company_uuid": product.company});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        without_import_id(product.command(command).await)
    };
    let lines = format!("\u{feff}{}\r\n{}", rows[0], rows[1]);
    assert_eq!(import(json!({"rows": lines})).await, results(["created", "created"], [1, 2]));
    stage.upload("imports/marked.jsonl", &lines).await;
    assert_eq!(import(json!({"object": "imports/marked.jsonl"})).await, results(["unchanged", "unchanged"], [1, 2]));
    // Files that were joined, and a mark on a line of its own.
    let joined = format!("\u{feff}\r\n\u{feff}{}\n\u{feff}{}\n\u{feff}", rows[0], rows[1]);
    assert_eq!(import(json!({"rows": joined})).await, results(["unchanged", "unchanged"], [2, 3]));
    for row in rows {
        let path = format!("/api/v2/employees/{}", row["empno"].as_str().unwrap());
        assert_eq!(product.get(&path, product.with_token(json!({}))).await, body(returned(&row)));
    }
}
