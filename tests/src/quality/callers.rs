//! The log line of a request names its caller by kind and id, and that of a command names the command (docs/operations.md, Logs).

use std::collections::BTreeSet;

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::insights;
use crate::support::board::Board;
use crate::support::consent::{Browser, CALLBACK};
use crate::support::product::{MOBILE, Product};
use crate::support::worker::{Platform, form, resume};
use crate::support::{Partner, Response, Stage, fetch};

/// The heading of the queries.
const LEAK: &str = "### A key leaked: what was read?";

fn lines(stage: &Stage) -> Vec<Value> {
    stage.take_lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The fields of the caller in the one line since the last call of this, after the status and the response's.
#[track_caller]
fn named(stage: &Stage, response: &Response) -> (u16, Value) {
    let lines = lines(stage);
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line["status"], response.status);
    let fields = line.as_object().unwrap().iter().filter(|(name, _)| name.starts_with("caller"));
    (response.status, fields.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn no_one(status: u16) -> (u16, Value) {
    (status, json!({}))
}

#[tokio::test]
async fn a_line_of_the_partner_api_names_the_channel() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let channel = |status: u16| (status, json!({"caller_kind": "channel", "caller": partner.appkey}));
    stage.take_lines();
    assert_eq!(named(&stage, &partner.get("/api/v1/tasks").await), channel(200));
    assert_eq!(named(&stage, &partner.get("/api/v1/users/U-1").await), channel(404));
    assert_eq!(named(&stage, &partner.post("/api/v1/users", &json!({})).await), channel(400));
    let sent = async |path: &str, token: Option<&str>, body: Option<Value>| {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        partner.send(method, path, token, body.map(|body| body.to_string())).await
    };
    let credentials = |secret: &str| json!({"appkey": partner.appkey, "secret": secret, "grant_type": "client_credentials"});
    let issued = sent("/api/v1/auth/token", None, Some(credentials(&partner.secret))).await;
    assert_eq!(named(&stage, &issued), channel(200));
    let refresh = json!({"grant_type": "refresh_token", "refresh_token": issued.body["data"]["refresh_token"]});
    // The second one repeats the first.
    for _ in 0..2 {
        assert_eq!(named(&stage, &sent("/api/v1/auth/refresh", None, Some(refresh.clone())).await), channel(200));
    }
    // Without a credential, and with those that are rejected.
    assert_eq!(named(&stage, &sent("/api/v1/tasks", None, None).await), no_one(401));
    assert_eq!(named(&stage, &sent("/api/v1/tasks", Some("forged"), None).await), no_one(401));
    assert_eq!(named(&stage, &sent("/api/v1/auth/token", None, Some(credentials("wrong"))).await), no_one(401));
    let unknown = json!({"grant_type": "refresh_token", "refresh_token": "unknown"});
    assert_eq!(named(&stage, &sent("/api/v1/auth/refresh", None, Some(unknown)).await), no_one(401));
    partner.administer("revoke_channel_tokens").await;
    stage.expire_caches();
    stage.take_lines();
    assert_eq!(named(&stage, &partner.get("/api/v1/tasks").await), no_one(401));
    partner.administer("disable_channel").await;
    stage.take_lines();
    let disabled = sent("/api/v1/auth/token", None, Some(credentials(&partner.secret))).await;
    assert_eq!(named(&stage, &disabled), no_one(403));
}

#[tokio::test]
async fn a_line_of_the_hr_api_names_the_access_key_or_the_app_with_its_grant() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let mut employee = Product::records().into_iter().find(|(kind, _)| *kind == "employees").unwrap().1;
    employee["administrator"] = true.into();
    product.imports("employees", &[employee]).await;
    let app = product.app_named("考勤助手", CALLBACK).await;
    let code = Browser::new(&app).response_code(MOBILE).await;
    let departments = "/api/v2/departments";
    let key = |status: u16| (status, json!({"caller_kind": "access_key", "caller": product.access_key}));
    stage.take_lines();
    // Twice: the second call finds the access key in the cache.
    for _ in 0..2 {
        assert_eq!(named(&stage, &product.get(departments, product.with_token(json!({}))).await), key(200));
    }
    assert_eq!(named(&stage, &product.get("/api/v2/employees/1", product.with_token(json!({}))).await), key(404));
    // The signature is accepted; the token of the company is not.
    let wrong = product.get("/api/v2/employees", json!({"token": "wrong"})).await;
    assert_eq!(named(&stage, &wrong), key(401));
    let forged = format!("{departments}?access_key={}&tonce={}&signature=forged", product.access_key, product.tonce());
    let get = async |path: &str| fetch(product.http.get(format!("{}{path}", stage.address.base_url))).await;
    assert_eq!(named(&stage, &get(&forged).await), no_one(401));
    assert_eq!(named(&stage, &get(departments).await), no_one(401));

    // The app proves itself, then its token does.
    let exchanged = app.token(&app.exchange(&code)).await;
    let proven = |status: u16| (status, json!({"caller_kind": "app", "caller": app.app_id}));
    assert_eq!(named(&stage, &exchanged), proven(200));
    assert_eq!(named(&stage, &app.token(&app.exchange("unknown")).await), proven(422));
    let mut guess = app.clone();
    guess.app_secret = "guessed".into();
    assert_eq!(named(&stage, &guess.token(&guess.exchange(&code)).await), no_one(401));
    let token = exchanged.body["access_token"].as_str().unwrap();
    let grants = product.command(json!({"command": "list_grants", "app_id": app.app_id})).await;
    let grant = grants["grants"][0]["grant_id"].as_str().unwrap_or_else(|| panic!("{grants}"));
    let consented = json!({"caller_kind": "app", "caller": app.app_id, "caller_grant": grant});
    stage.take_lines();
    for _ in 0..2 {
        let read = product.read(token, departments, json!({})).await;
        assert_eq!(named(&stage, &read), (200, consented.clone()));
    }
    assert_eq!(named(&stage, &product.read("forged", departments, json!({})).await), no_one(401));
    product.command(json!({"command": "revoke_grant", "app_id": app.app_id, "grant_id": grant})).await;
    stage.expire_caches();
    stage.take_lines();
    assert_eq!(named(&stage, &product.read(token, departments, json!({})).await), no_one(401));
}

#[tokio::test]
async fn a_line_of_the_signing_api_names_the_worker_by_number_and_platform() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let code = platform.login_code("named-worker").await;
    stage.take_lines();
    let response = platform.log_in(&code).await;
    let (status, first) = named(&stage, &response);
    let em_id: u64 = first["caller"].as_str().unwrap_or_else(|| panic!("{first}")).parse().unwrap();
    let expected =
        |number: u64| json!({"caller_kind": "worker", "caller": number.to_string(), "caller_platform": platform.code});
    assert_eq!((status, &first, &response.body["data"]["em_id"]), (200, &expected(em_id), &json!(0)));
    let worker = platform.worker("named-worker").await;
    let other = platform.worker("other-worker").await;
    stage.take_lines();
    assert_eq!(named(&stage, &worker.get("/em_status").await), (200, expected(em_id)));
    let (_, stranger) = named(&stage, &other.get("/em_status").await);
    assert!(stranger["caller"].is_string() && stranger["caller"] != first["caller"], "{stranger}");
    // The application has the number of the worker, by which administrators find both.
    assert_eq!(named(&stage, &worker.send_json(Method::POST, &resume()).await), (200, expected(em_id)));
    assert_eq!(worker.get("/employee").await.body["data"]["em_id"], em_id);
    stage.take_lines();
    let again = platform.log_in(&platform.login_code("named-worker").await).await;
    assert_eq!((named(&stage, &again), &again.body["data"]["em_id"]), ((200, expected(em_id)), &json!(em_id)));

    let forged = platform.request(Method::GET, "/em_status").header("x-auth-token", "forged");
    assert_eq!(named(&stage, &fetch(forged).await), no_one(401));
    assert_eq!(named(&stage, &fetch(platform.request(Method::GET, "/em_status")).await), no_one(401));
    assert_eq!(named(&stage, &platform.log_in("wrong-code").await), no_one(401));
    assert_eq!(named(&stage, &fetch(form(platform.request(Method::POST, "/weixin/login"), &[])).await), no_one(400));
    // The number of a worker without a résumé ends their sessions.
    let number: u64 = stranger["caller"].as_str().unwrap().parse().unwrap();
    platform.command("end_worker_sessions", json!({"em_id": number})).await;
    stage.take_lines();
    assert_eq!(named(&stage, &other.get("/em_status").await), no_one(401));
    assert_eq!(named(&stage, &worker.get("/em_status").await), (200, expected(em_id)));
}

#[tokio::test]
async fn a_line_of_the_job_board_names_the_user_by_number() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.register("named-user", "13900000001").await;
    let other = board.join().await;
    let expected = |status: u16| (status, json!({"caller_kind": "user", "caller": user.id.to_string()}));
    let code = board.code("login", "named-user").await;
    let list = json!({});
    stage.take_lines();
    assert_eq!(named(&stage, &user.info().await), expected(200));
    assert_eq!(named(&stage, &user.post("/jobs/list", &list).await), expected(200));
    assert_eq!(named(&stage, &user.post("/job/close", &json!({"job_id": 7})).await), expected(404));
    assert_eq!(named(&stage, &board.post("/wechat/user/login", &json!({"login_code": code})).await), expected(200));
    // Public reads without a token and with one that is not accepted, and what needs a token.
    assert_eq!(named(&stage, &board.post("/jobs/list", &list).await), no_one(200));
    let forged = |path: &str| board.request(Method::POST, path).header("authorization", "forged").body("{}");
    assert_eq!(named(&stage, &fetch(forged("/jobs/list")).await), no_one(200));
    assert_eq!(named(&stage, &fetch(forged("/jobs/my")).await), no_one(401));
    let as_other = |path: &str| {
        board.request(Method::POST, path).header("authorization", &user.token).header("user_id", other.id).body("{}")
    };
    assert_eq!(named(&stage, &fetch(as_other("/jobs/list")).await), no_one(200));
    assert_eq!(named(&stage, &fetch(as_other("/jobs/my")).await), no_one(401));
    let wrong = json!({"login_code": "wrong-code"});
    assert_eq!(named(&stage, &board.post("/wechat/user/login", &wrong).await), no_one(401));
    assert_eq!(user.post("/wechat/user/logout", &list).await.status, 200);
    stage.expire_caches();
    stage.take_lines();
    assert_eq!(named(&stage, &user.post("/jobs/my", &list).await), no_one(401));
}

#[tokio::test]
async fn a_command_is_one_line_with_its_name_and_how_it_ended() {
    let stage = Stage::open().await;
    stage.take_lines();
    let invoke = async |event: &str| {
        let url = format!("{}/2015-03-31/functions/ops-admin/invocations", stage.address.base_url);
        fetch(reqwest::Client::new().post(url).body(event.to_owned())).await;
        let lines = lines(&stage);
        let [line] = &lines[..] else { panic!("{lines:?}") };
        let mut line = line.clone();
        let members = line.as_object_mut().unwrap();
        assert!(members.remove("request_id").is_some_and(|id| id.as_str().is_some_and(|id| id.len() > 20)), "{members:?}");
        assert!(members.remove("ms").is_some_and(|ms| ms.as_f64() > Some(0.0)), "{members:?}");
        let metrics = &members.remove("_aws").unwrap()["CloudWatchMetrics"][0]["Metrics"];
        assert_eq!(metrics, &json!([{"Name": "ms", "Unit": "Milliseconds"}, {"Name": "dynamodb_calls", "Unit": "Count"}]));
        line
    };
    let line = |command: &str, outcome: &str, calls: f64| json!({"stack": "local", "function": "ops-admin", "command": command, "outcome": outcome, "dynamodb_calls": calls});
    let create = r#"{"command":"create_channel","appkey":"named","by":"zhangsan"}"#;
    assert_eq!(invoke(create).await, line("create_channel", "done", 1.0));
    let wrong = |mut line: Value, fields: &[&str]| {
        line["fields"] = json!(fields);
        line
    };
    assert_eq!(invoke(create).await, wrong(line("create_channel", "Conflict", 1.0), &["appkey"]));
    let disable = r#"{"command":"disable_channel","appkey":"unknown","by":"zhangsan"}"#;
    assert_eq!(invoke(disable).await, wrong(line("disable_channel", "NotFound", 1.0), &["appkey"]));
    assert_eq!(
        invoke(r#"{"command":"create_channel"}"#).await,
        wrong(line("create_channel", "Invalid", 0.0), &["appkey", "by"])
    );
    // Text that is no command may be anything, and is not logged.
    for (event, field) in [
        (r#"{"command":"13800138000"}"#, "command"),
        (r#"{"command":{"name":"13800138000"}}"#, "command"),
        ("13800138000", "$"),
        ("{", "$"),
    ] {
        assert_eq!(invoke(event).await, wrong(line("-", "Invalid", 0.0), &[field]), "{event}");
    }
}

#[tokio::test]
async fn the_documented_queries_tell_what_a_leaked_key_read() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let (bystander, user) = (Product::join_stage(&stage).await, Board::of(&stage.address).join().await);
    stage.take_lines();
    let begun = stage.clock_seconds() * 1000;
    let read = async |product: &Product, path: &str| product.get(path, product.with_token(json!({}))).await.status;
    assert_eq!(read(&product, "/api/v2/employees").await, 200);
    assert_eq!(read(&bystander, "/api/v2/employees").await, 200);
    assert_eq!(read(&product, "/api/v2/employees/NORMAL-1").await, 200);
    assert_eq!(user.info().await.status, 200);
    stage.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(read(&product, "/api/v2/employees").await, 200);
    assert_eq!(read(&product, "/api/v2/employees/unknown").await, 404);
    let lines = lines(&stage);
    assert_eq!(lines.len(), 6);

    let queries = insights::documented(LEAK, &[("KIND", "access_key"), ("ID", &product.access_key)]);
    let [by_endpoint, by_hour, each] = &queries[..] else { panic!("{queries:?}") };
    let (first, last) = (begun, begun + 3_600_000);
    let row = |route: &str, status: u16, requests: u64, first: i64, last: i64| {
        json!({
            "function": "hris-employees", "method": "GET", "route": route, "status": status, "requests": requests,
            "first": first, "last": last,
        })
    };
    let (all, one) = ("/api/v2/employees", "/api/v2/employees/{id}");
    let texts = |rows: Vec<Value>| rows.iter().map(Value::to_string).collect::<BTreeSet<_>>();
    let expected = vec![row(all, 200, 2, first, last), row(one, 200, 1, first, first), row(one, 404, 1, last, last)];
    assert_eq!(texts(insights::run(by_endpoint, &lines)), texts(expected));
    let bin = |start: i64, route: &str| json!({"bin(1h)": start, "route": route, "requests": 1});
    let hour = begun / 3_600_000 * 3_600_000;
    let expected = vec![bin(hour, all), bin(hour, one), bin(hour + 3_600_000, all)];
    assert_eq!(texts(insights::run(by_hour, &lines)), texts(expected));
    let rows = insights::run(each, &lines);
    let shown: Vec<Value> = rows.iter().map(|row| json!([row["@timestamp"], row["route"], row["status"]])).collect();
    let expected = [(first, all, 200), (first, one, 200), (last, all, 200), (last, one, 404)];
    assert_eq!(shown, expected.map(|(at, route, status)| json!([at, route, status])));
    assert!(rows.iter().all(|row| row["request_id"].is_string()), "{rows:?}");
    // Another caller's id selects nothing of the key's.
    let queries = insights::documented(LEAK, &[("KIND", "user"), ("ID", &user.id.to_string())]);
    let rows = insights::run(&queries[2], &lines);
    assert_eq!(rows.iter().map(|row| &row["route"]).collect::<Vec<_>>(), ["/user/info"]);
}

#[tokio::test]
async fn a_worker_that_was_stored_without_a_number_has_that_of_the_application_after_the_next_log_in() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("early-worker").await;
    assert_eq!(worker.send_json(Method::POST, &resume()).await.status, 200);
    let em_id = worker.get("/employee").await.body["data"]["em_id"].as_u64().expect("a number");
    for (table, kind) in [("signing", "worker"), ("credentials", "session")] {
        for mut item in stage.items(table).await.into_iter().filter(|item| item["sk"]["S"] == kind) {
            assert!(item.as_object_mut().unwrap().remove("em_id").is_some(), "{item}");
            stage.database("PutItem", &json!({"TableName": table, "Item": item})).await;
        }
    }
    stage.take_lines();
    assert_eq!(named(&stage, &worker.get("/em_status").await), no_one(401));
    let expected = json!({"caller_kind": "worker", "caller": em_id.to_string(), "caller_platform": platform.code});
    for _ in 0..2 {
        let code = platform.login_code("early-worker").await;
        stage.take_lines();
        assert_eq!(named(&stage, &platform.log_in(&code).await), (200, expected.clone()));
    }

    // A restore has lost a worker who has a session: the résumé is accepted, and the next log-in knows its number.
    let worker = platform.worker("lost-worker").await;
    for item in stage.items("signing").await {
        if item["sk"]["S"] == "worker" || item["pk"]["S"] == format!("{}#em_id", platform.code) {
            let key = json!({"pk": item["pk"], "sk": item["sk"]});
            stage.database("DeleteItem", &json!({"TableName": "signing", "Key": key})).await;
        }
    }
    assert_eq!(worker.send_json(Method::POST, &resume()).await.status, 200);
    let number = worker.get("/employee").await.body["data"]["em_id"].as_u64().expect("a number");
    let code = platform.login_code("lost-worker").await;
    stage.take_lines();
    assert_eq!(named(&stage, &platform.log_in(&code).await).1["caller"], number.to_string());
    platform.command("end_worker_sessions", json!({"em_id": number})).await;
}
