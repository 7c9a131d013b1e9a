//! Payloads that every endpoint of the HR API rejects: the fault is named, and nothing is stored.

use reqwest::Method;
use serde_json::{Value, json};

use super::fields::FIELDS;
use crate::support::calls::Call;
use crate::support::product::{EMPNO, Product, rejection};
use crate::support::{Response, Stage};

/// A company with records that is bound to Moka, on a stage, with a call of every signed endpoint.
async fn with_records() -> (Stage, Product, Vec<Call>) {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let mut calls = Call::all(&product).await;
    let bind = calls.iter().find(|call| call.route == "PATCH /api/v2/moka_binds/{bind_code}").unwrap();
    assert_eq!(bind.signed(&product).await.status, 200);
    calls.retain(|call| !call.needs_consent());
    (stage, product, calls)
}

/// Sends a signed text as the whole body.
async fn send(product: &Product, call: &Call, payload: &str) -> Response {
    let tonce = product.tonce();
    let signature = product.sign(call.method.as_str(), &call.path, &tonce, payload);
    let query = [("access_key", product.access_key.as_str()), ("tonce", &tonce), ("signature", &signature)];
    product.send(call.method.clone(), &call.path, &query, Some(payload.to_owned())).await
}

fn with(call: &Call, field: &str, value: Value) -> Value {
    let mut payload = call.payload.clone();
    payload[field] = value;
    payload
}

#[tokio::test]
async fn an_invalid_value_of_a_field_is_named() {
    let (stage, product, calls) = with_records().await;
    let before = stage.items("hris").await;
    for (route, field, kind, required) in FIELDS {
        let call = calls.iter().find(|call| call.route == route).expect(route);
        // In an optional field, an empty text counts as absent.
        let is_absent = |value: &Value| !required && value.as_str().is_some_and(|text| text.trim().is_empty());
        for (value, reason) in kind.rejected().into_iter().filter(|(value, _)| !is_absent(value)) {
            let response = call.signed_with(&product, with(call, field, value.clone())).await;
            assert_eq!(response, rejection(422, 2002, &format!("{field} {reason}")), "{route} with {value}");
        }
        if required {
            let missing = rejection(422, 2002, &format!("{field} is required"));
            assert_eq!(call.signed_with(&product, with(call, field, Value::Null)).await, missing, "{route}");
            let mut payload = call.payload.clone();
            payload.as_object_mut().unwrap().remove(field);
            assert_eq!(call.signed_with(&product, payload).await, missing, "{route}");
        }
    }
    assert_eq!(stage.items("hris").await, before);
}

#[tokio::test]
async fn all_faults_are_reported_at_once() {
    let product = Product::with_records().await;
    let calls = Call::all(&product).await;
    for (route, payload, text) in [
        ("POST /api/v2/employees/{id}/notify", json!({"name": 1}), "name must be a string; time is required"),
        (
            "POST /api/v2/salary/subject_values",
            json!({}),
            "empno is required; subject_name is required; month is required; value is required",
        ),
        (
            "GET /api/v2/employees/{id}/timelines",
            json!({"end_date": "x", "category": "x"}),
            "end_date must be a date, such as 2024-01-15; category must be one of: leave business_trip; start_date is required",
        ),
        ("GET /api/v2/arrangement_employees", json!({}), "empnoes is required; start_date is required; end_date is required"),
        ("GET /api/v2/approvals", json!({}), "start_date is required; end_date is required"),
        ("GET /api/v2/employees/{id}/attendance_checkings", json!({}), "start_date is required; end_date is required"),
        ("POST /api/v2/attendance_punches", json!({}), "attendances is required"),
        (
            "POST /api/v2/moka_candidates",
            json!({"operator": {}}),
            "operator.name is required; operator.email is required; operator.phone is required; id is required; name is required; \
             phone is required; email is required; jobTitle is required",
        ),
    ] {
        let call = calls.iter().find(|call| call.route == route).expect(route);
        let payload = if call.needs_token { product.with_token(payload) } else { payload };
        let response = call.signed_with(&product, payload.clone()).await;
        assert_eq!(response, rejection(422, 2002, text), "{route} with {payload}");
    }
}

#[tokio::test]
async fn a_period_that_is_inverted_or_too_long_is_rejected() {
    let product = Product::with_records().await;
    let calls = Call::all(&product).await;
    for (route, most, last, behind) in [
        ("GET /api/v2/approvals", 366, "2016-12-31", "2017-01-01"),
        ("GET /api/v2/employees/{id}/timelines", 366, "2016-12-31", "2017-01-01"),
        ("GET /api/v2/employees/{id}/attendance_checkings", 366, "2016-12-31", "2017-01-01"),
        ("GET /api/v2/arrangement_employees", 92, "2016-04-01", "2016-04-02"),
    ] {
        let call = calls.iter().find(|call| call.route == route).expect(route);
        let list = async |start: &str, end: &str| {
            let mut payload = with(call, "start_date", start.into());
            payload["end_date"] = end.into();
            call.signed_with(&product, payload).await
        };
        let too_long = rejection(422, 2002, &format!("end_date must be within {most} days of start_date"));
        let inverted = rejection(422, 2002, "end_date must not be before start_date");
        assert_eq!(list("2016-01-01", last).await.body, json!([]), "{route}");
        assert_eq!(list("2016-01-01", behind).await, too_long, "{route}");
        assert_eq!(list("1900-01-01", "9999-12-31").await, too_long, "{route}");
        assert_eq!(list("2016-01-02", "2016-01-01").await, inverted, "{route}");
        assert_eq!(list("9999-12-31", "1900-01-01").await, inverted, "{route}");
    }
}

#[tokio::test]
async fn a_list_that_is_too_long_or_no_list_is_rejected() {
    let (stage, product, calls) = with_records().await;
    let before = stage.items("hris").await;
    let punch = json!({"empno": EMPNO, "punched_at": "2017-02-03 08:00"});
    let (punches, arrangements) = ("POST /api/v2/attendance_punches", "GET /api/v2/arrangement_employees");
    let most = "must not have more than 1000 elements";
    let mut cases = vec![
        (punches, json!({"attendances": vec![punch.clone(); 1001]}), format!("attendances {most}")),
        (punches, json!(vec![punch.clone(); 1001]), format!("payload {most}")),
        (punches, json!({"attendances": vec![Value::Null; 1001]}), format!("attendances {most}")),
    ];
    for wrong in [json!(1), json!("[]"), json!(true), json!({}), punch] {
        cases.push((punches, json!({"attendances": wrong}), "attendances must be an array".into()));
    }
    let of_employees = |empnoes: Value| json!({"empnoes": empnoes, "start_date": "2017-02-03", "end_date": "2017-02-03"});
    let hundred_and_one: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    cases.push((arrangements, of_employees(json!(hundred_and_one)), "empnoes must not have more than 100 elements".into()));
    for wrong in [json!(1), json!("1"), json!(true), json!({})] {
        cases.push((arrangements, of_employees(wrong), "empnoes must be an array".into()));
    }
    for wrong in [json!(1), json!(null), json!(true), json!({}), json!(["1"])] {
        cases.push((arrangements, of_employees(json!(["1", wrong])), "empnoes[1] must be a string".into()));
    }
    let code = "must be 1 to 64 characters without control characters or /";
    for wrong in ["", " ", "a/b", &"x".repeat(65)] {
        cases.push((arrangements, of_employees(json!(["1", wrong])), format!("empnoes[1] {code}")));
    }
    for (route, payload, text) in cases {
        let call = calls.iter().find(|call| call.route == route).expect(route);
        // As a body: some payloads are longer than a request line may be.
        let response = send(&product, call, &payload.to_string()).await;
        assert_eq!(response, rejection(422, 2002, &text), "{route}");
    }
    assert_eq!(stage.items("hris").await, before);
}

#[tokio::test]
async fn a_payload_that_is_not_json_is_rejected() {
    let (stage, product, calls) = with_records().await;
    let before = stage.items("hris").await;
    let deep = [
        "[".repeat(10_000),
        "{\"a\":".repeat(10_000),
        format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("{{\"name\":{}1{}}}", "{\"a\":".repeat(10_000), "}".repeat(10_000)),
    ];
    let broken = [
        "not json",
        "{",
        "}",
        "{}{}",
        "{} x",
        "{\"name\":}",
        "{\"name\":\"张三\",}",
        "{'name':'x'}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":\"a\u{1}\"}",
        "{\"value\":NaN}",
        "{\"value\":01}",
        "{\"value\":1.}",
        "\u{feff}\u{feff}{}",
        "name=x",
        "<xml/>",
        "\0",
        "{\"name\":\"\u{0}\"}",
    ];
    for payload in broken.into_iter().chain(deep.iter().map(String::as_str)) {
        let error = serde_json::from_str::<Value>(payload).unwrap_err();
        let rejected = rejection(400, 2004, &format!("payload is not valid JSON: {error}"));
        for call in &calls {
            let request = format!("{}: {}", call.route, &payload.chars().take(50).collect::<String>());
            assert_eq!(send(&product, call, payload).await, rejected, "{request}");
        }
    }
    assert_eq!(stage.items("hris").await, before);
}

#[tokio::test]
async fn a_duplicate_member_or_one_with_a_nul_is_rejected() {
    let (stage, product, calls) = with_records().await;
    let before = stage.items("hris").await;
    let (twice, nul) = ("is given more than once", "must not contain NUL characters");
    let token = json!(product.token);
    for (payload, field, reason) in [
        (format!("{{\"token\":{token},\"token\":{token}}}"), "token", twice),
        ("{\"name\":null,\"name\":\"a\"}".into(), "name", twice),
        ("{\"n\":1,\"\\u006e\":2}".into(), "n", twice),
        ("{\"attendances\":[{\"empno\":\"1\",\"empno\":\"1\"}]}".into(), "attendances[0].empno", twice),
        ("{\"pagination\":{\"page\":1,\"page\":1}}".into(), "pagination.page", twice),
        ("{\"name\":\"a\\u0000b\"}".into(), "name", nul),
        ("{\"unheard_of\":[\"\\u0000\"]}".into(), "unheard_of[0]", nul),
        ("{\"a\\u0000\":1}".into(), "a", nul),
        ("{\"$serde_json::private::Number\":\"1\"}".into(), "$serde_json::private::Number", "is not known"),
    ] {
        for call in &calls {
            let response = send(&product, call, &payload).await;
            assert_eq!(response, rejection(400, 2004, &format!("{field} {reason}")), "{}: {payload}", call.route);
        }
    }
    assert_eq!(stage.items("hris").await, before);
}

#[tokio::test]
async fn a_payload_that_is_no_object_is_rejected() {
    let (stage, product, calls) = with_records().await;
    let before = stage.items("hris").await;
    for payload in ["[1]", "[[]]", "\"{}\"", "\"x\"", "1", "-1.5", "1e400", "18446744073709551616", "true", "null"] {
        for call in &calls {
            let response = send(&product, call, payload).await;
            let expected = match call.route.as_str() {
                "POST /api/v2/attendance_punches" if payload.starts_with('[') => Response {
                    status: 200,
                    body: json!([{"code": "error", "empno": null, "error_message": "must be an object"}]),
                },
                _ => rejection(422, 2002, "payload must be an object"),
            };
            assert_eq!(response, expected, "{}: {payload}", call.route);
        }
    }
    assert_eq!(stage.items("hris").await, before);
}

#[tokio::test]
async fn a_body_has_at_most_a_mebibyte() {
    const MEBIBYTE: usize = 1024 * 1024;
    let product = Product::with_records().await;
    let too_large = rejection(413, 2002, "body is larger than 1 MiB");
    for call in Call::all(&product).await.iter().filter(|call| !call.needs_consent()) {
        let payload = if call.payload.is_null() { "{}".to_owned() } else { call.payload.to_string() };
        let padded = |length: usize| format!("{payload}{}", " ".repeat(length - payload.len()));
        for length in [MEBIBYTE + 1, 4 * MEBIBYTE] {
            assert_eq!(send(&product, call, &padded(length)).await, too_large, "{} {length}", call.route);
        }
    }
    let salary = Call::all(&product).await.into_iter().find(|call| call.path == "/api/v2/salary/subject_values").unwrap();
    let payload = salary.payload.to_string();
    let exactly = format!("{payload}{}", " ".repeat(MEBIBYTE - payload.len()));
    assert_eq!(send(&product, &salary, &exactly).await, Response { status: 200, body: json!({"code": 0, "text": "ok"}) });
    let token = product.send(Method::POST, "/api/v2/oauth/token", &[], Some(" ".repeat(MEBIBYTE + 1))).await;
    assert_eq!(token, too_large);
}

#[tokio::test]
async fn an_incomplete_exchange_is_rejected() {
    let product = Product::join().await;
    let exchange = async |body: &str| product.send(Method::POST, "/api/v2/oauth/token", &[], Some(body.to_owned())).await;
    let all = "app_id is required; app_secret is required; callback_url is required; response_code is required";
    assert_eq!(exchange("{}").await, rejection(422, 2002, all));
    assert_eq!(exchange("[]").await, rejection(422, 2002, "payload must be an object"));
    let error = serde_json::from_str::<Value>("{").unwrap_err();
    assert_eq!(exchange("{").await, rejection(400, 2004, &format!("payload is not valid JSON: {error}")));
    let whole = json!({"app_id": "app1", "app_secret": "x", "callback_url": "https://a/", "response_code": "x"});
    assert_eq!(exchange(&whole.to_string()).await, rejection(401, 1105, "app_id or app_secret is invalid"));
    for (field, longest) in [("app_id", 64), ("app_secret", 255), ("callback_url", 2048), ("response_code", 255)] {
        for (value, reason) in [
            (json!(1), "must be a string"),
            (json!({}), "must be a string"),
            (json!(""), "must not be empty"),
            (json!("x".repeat(longest + 1)), "is too long"),
        ] {
            let mut body = whole.clone();
            body[field] = value;
            assert_eq!(exchange(&body.to_string()).await, rejection(422, 2002, &format!("{field} {reason}")), "{body}");
        }
    }
}
