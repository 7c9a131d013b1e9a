//! Every endpoint of the HR API but those of OAuth, called with every kind of credential.

use std::collections::BTreeSet;

use lambda::family::Family as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::calls::{Call, OPEN, without_webhook};
use crate::support::product::{EMPNO, MOBILE, Product, body, employee, rejection};
use crate::support::{Response, Stage, documents};

fn missing(field: &str) -> Response {
    rejection(404, 1102, &format!("{field} does not exist"))
}

fn signed_only() -> Response {
    rejection(403, 3001, "access_token does not open this")
}

fn reads_only() -> Response {
    rejection(403, 3001, "access_token opens reads only")
}

#[test]
fn only_existing_endpoints_are_open() {
    let routes: Vec<String> = hris::Hris::routes().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert!(OPEN.len() <= 6, "the list of open endpoints may only shrink");
    for open in OPEN {
        assert!(routes.iter().any(|route| route == open), "{open} is no longer an endpoint");
    }
}

#[tokio::test]
async fn a_product_that_signs_opens_every_endpoint_but_recruitment() {
    let product = Product::with_records().await;
    let calls = Call::all(&product).await;
    assert_eq!(calls.len(), hris::Hris::routes().len() - OPEN.len());
    for call in calls {
        let expected = if call.needs_consent() {
            rejection(403, 3001, "recruitments are opened by an access_token")
        } else {
            call.expected(&product, &[employee()], true)
        };
        assert_eq!(call.signed(&product).await, expected, "{}", call.route);
    }
}

#[tokio::test]
async fn an_access_token_opens_every_read_and_no_write() {
    let product = Product::with_records().await;
    let access_token = product.access_token().await;
    let listed = product.get("/api/v2/employees", product.with_token(json!({}))).await;
    let consenting = listed.body[0].clone();
    assert_eq!(consenting["name"], "授权人");
    for call in Call::all(&product).await {
        let expected = match call.reads() {
            true if call.needs_signature() => signed_only(),
            true => call.expected(&product, &[consenting.clone(), employee()], false),
            false => reads_only(),
        };
        let response = call.with(&product, &[("access_token", &access_token)]).await;
        assert_eq!(response, expected, "{}", call.route);
    }
}

#[tokio::test]
async fn a_call_with_an_access_token_needs_no_company_token_but_rejects_a_wrong_one() {
    let product = Product::with_records().await;
    let access_token = product.access_token().await;
    let path = "/api/v2/employees/NORMAL-1";
    let get = async |payload: &str| {
        product.send(Method::GET, path, &[("access_token", &access_token), ("payload", payload)], None).await
    };
    let found = body(crate::support::product::returned(&employee()));
    assert_eq!(get("").await, found);
    assert_eq!(get("{}").await, found);
    assert_eq!(get(&product.with_token(json!({})).to_string()).await, found);
    assert_eq!(get(r#"{"token":"another"}"#).await, rejection(401, 1104, "token is not that of the company"));
}

#[tokio::test]
async fn no_endpoint_accepts_a_missing_unknown_or_forged_credential() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let other = Product::join_stage(&stage).await;
    let calls = Call::all(&product).await;
    let (hris, credentials) = (stage.items("hris").await, stage.items("credentials").await);
    let (no_key, no_signature, no_tonce) = (
        rejection(401, 1001, "access_key is missing"),
        rejection(401, 1002, "signature is missing"),
        rejection(401, 1003, "tonce is missing"),
    );
    let unknown = rejection(401, 1105, "access_key is invalid");
    let invalid = rejection(401, 1101, "signature is invalid");
    for call in &calls {
        let payload = if call.payload.is_null() { String::new() } else { call.payload.to_string() };
        let (key, tonce) = (product.access_key.as_str(), product.tonce());
        let sign = |by: &Product| by.sign(call.method.as_str(), &call.path, &tonce, &payload);
        let mut forger = other.clone();
        forger.access_key = product.access_key.clone();
        let (signature, of_other, forged) = (sign(&product), sign(&other), sign(&forger));
        let old = product.sign(call.method.as_str(), &call.path, "1500000000", &payload);
        let untimely = rejection(401, 1103, "tonce must be Unix seconds within 300 of the server's time");
        let cases: [(&[(&str, &str)], &Response); 12] = [
            (&[], &no_key),
            (&[("access_key", ""), ("signature", &signature), ("tonce", &tonce)], &no_key),
            (&[("signature", &signature), ("tonce", &tonce)], &no_key),
            (&[("access_key", key)], &no_signature),
            (&[("access_key", key), ("tonce", &tonce)], &no_signature),
            (&[("access_key", key), ("signature", &signature)], &no_tonce),
            (&[("access_key", "ak1"), ("signature", &signature), ("tonce", &tonce)], &unknown),
            (&[("access_key", "张/?"), ("signature", &signature), ("tonce", &tonce)], &unknown),
            (&[("access_key", key), ("signature", &old), ("tonce", "1500000000")], &untimely),
            (&[("access_key", key), ("signature", &of_other), ("tonce", &tonce)], &invalid),
            (&[("access_key", key), ("signature", &forged), ("tonce", &tonce)], &invalid),
            (&[("access_key", &other.access_key), ("signature", &signature), ("tonce", &tonce)], &invalid),
        ];
        for (credentials, expected) in cases {
            assert_eq!(&call.with(&product, credentials).await, expected, "{} with {credentials:?}", call.route);
        }
        let token = if call.reads() { rejection(401, 1105, "access_token is invalid") } else { reads_only() };
        for unknown in ["x", "张", &product.token, &product.secret_key] {
            assert_eq!(call.with(&product, &[("access_token", unknown)]).await, token, "{}", call.route);
        }
        assert_eq!(call.with(&product, &[("access_token", "")]).await, no_key, "{}", call.route);
    }
    assert_eq!((stage.items("hris").await, stage.items("credentials").await), (hris, credentials));
}

/// The response to another company's product that requests records of this company.
fn response_to_another_product(call: &Call) -> Response {
    let (_, path) = call.route.split_once(" /api/v2/").unwrap();
    match path {
        "sub_companies" | "departments" | "employees" | "approvals" | "arrangement_employees" => body(json!([])),
        "sub_companies/{sub_company_uuid}" | "sub_companies/{sub_company_uuid}/employees" => missing("sub_company_uuid"),
        "employees/{id}" => missing("id"),
        "approvals/{number_series}" => missing("number_series"),
        "attendance_punches" => body(json!([{"code": "error", "empno": EMPNO, "error_message": "employee not found"}])),
        "salary/subject_values" => missing("empno"),
        "company_tokens/{guid}" => missing("guid"),
        "moka_binds/{bind_code}" => missing("bind_code"),
        "moka_candidates" => rejection(403, 3001, "the company is not bound to Moka"),
        "moka_unbinds" => body(json!({"error_code": 0, "error_message": "ok"})),
        "recruitments/candidates" | "recruitments/sources" | "recruitments/vacancies" => body(json!([])),
        other if other.starts_with("recruitments/") => missing("id"),
        _ if call.needs_signature() => without_webhook(&call.route),
        _ => missing("uuid"),
    }
}

#[tokio::test]
async fn another_companys_product_finds_nothing_and_changes_nothing() {
    let stage = Stage::open().await;
    let (owner, other) = (Product::join_stage(&stage).await, Product::join_stage(&stage).await);
    owner.add_records().await;
    let calls = Call::all(&owner).await;
    let bind = calls.iter().find(|call| call.route == "PATCH /api/v2/moka_binds/{bind_code}").unwrap();
    assert_eq!(bind.signed(&owner).await, bind.expected(&owner, &[], false));
    let (hris, credentials) = (stage.items("hris").await, stage.items("credentials").await);
    for call in calls.iter().filter(|call| !call.needs_consent()) {
        let mut payload = call.payload.clone();
        if call.needs_token {
            payload["token"] = other.token.clone().into();
        }
        let response = call.signed_with(&other, payload).await;
        assert_eq!(response, response_to_another_product(call), "{}", call.route);
    }
    let token = other.with_token(json!({}));
    for id in [EMPNO, MOBILE] {
        assert_eq!(other.get(&format!("/api/v2/employees/{id}"), token.clone()).await, missing("id"), "{id}");
    }
    // The other company ended its own binding to Moka, which the record of that call says.
    let mut left = stage.items("credentials").await;
    left.retain(|item| !item["pk"]["S"].as_str().is_some_and(|key| key.starts_with(&format!("hris#call#{}", other.company))));
    assert_eq!((stage.items("hris").await, left), (hris, credentials));
}

#[tokio::test]
async fn another_companys_access_token_finds_nothing() {
    let (owner, other) = (Product::with_records().await, Product::join().await);
    let access_token = other.access_token().await;
    let own = other.get("/api/v2/employees", other.with_token(json!({}))).await;
    for mut call in Call::all(&owner).await.into_iter().filter(Call::reads) {
        if call.needs_token {
            call.payload = Value::Null;
        }
        let expected = match call.path.as_str() {
            "/api/v2/employees" => &own,
            _ if call.needs_signature() => &signed_only(),
            _ => &response_to_another_product(&call),
        };
        assert_eq!(&call.with(&other, &[("access_token", &access_token)]).await, expected, "{}", call.route);
    }
}

#[tokio::test]
async fn another_companys_token_is_rejected_everywhere_the_document_lists_one() {
    let (product, other) = (Product::with_records().await, Product::with_records().await);
    let calls: Vec<Call> = Call::all(&product).await.into_iter().filter(|call| call.needs_token).collect();
    let routes: BTreeSet<&str> = calls.iter().map(|call| call.route.as_str()).collect();
    let listed = documents::hris::bearing_token();
    assert_eq!(routes, listed.iter().map(String::as_str).collect());
    assert_eq!(routes.len(), 5);
    let wrong = rejection(401, 1104, "token is not that of the company");
    for call in &calls {
        for token in [&other.token, &product.token[1..], &product.token.to_uppercase(), &product.secret_key, "", " "] {
            let mut payload = call.payload.clone();
            payload["token"] = token.into();
            assert_eq!(call.signed_with(&product, payload).await, wrong, "{} with {token:?}", call.route);
        }
        let mut payload = call.payload.clone();
        payload["token"] = Value::Null;
        assert_eq!(call.signed_with(&product, payload).await, rejection(422, 2002, "token is required"), "{}", call.route);
        for token in [json!(1), json!(true), json!([product.token]), json!({})] {
            let mut payload = call.payload.clone();
            payload["token"] = token;
            let response = call.signed_with(&product, payload).await;
            assert_eq!(response, rejection(422, 2002, "token must be a string"), "{}", call.route);
        }
    }
}

#[tokio::test]
async fn a_rotated_token_replaces_the_one_before() {
    let product = Product::with_records().await;
    let rotate = json!({"command": "rotate_company_token", "company_uuid": product.company});
    let token = product.command(rotate).await["token"].clone();
    for call in Call::all(&product).await.iter().filter(|call| call.needs_token) {
        let wrong = rejection(401, 1104, "token is not that of the company");
        assert_eq!(call.signed(&product).await, wrong, "{}", call.route);
        let mut payload = call.payload.clone();
        payload["token"] = token.clone();
        let response = call.signed_with(&product, payload).await;
        assert_eq!(response, call.expected(&product, &[employee()], false), "{}", call.route);
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_reported_without_credentials() {
    let product = Product::with_records().await;
    let (no_path, no_method) =
        (rejection(404, 1102, "path does not exist"), rejection(405, 2002, "method is not allowed here"));
    let withdrawn = documents::hris::WITHDRAWN.map(|route| route.strip_prefix("GET ").unwrap().replace(['{', '}'], ""));
    let unknown = ["/api/v2", "/api/v2/", "/api/v2/unknown", "/api/v2/employees/", "/api/v2/employees/1/2", "/api/v2/oauth"];
    for path in unknown.into_iter().chain(withdrawn.iter().map(String::as_str)) {
        assert_eq!(product.send(Method::GET, path, &[], None).await, no_path, "{path}");
        assert_eq!(product.get(path, product.with_token(json!({}))).await, no_path, "{path}");
        assert_eq!(product.post(path, product.with_token(json!({}))).await, no_path, "{path}");
    }
    let served: BTreeSet<String> = hris::Hris::routes().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    for call in Call::all(&product).await {
        let (_, path) = call.route.split_once(' ').unwrap();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if !served.contains(&format!("{method} {path}")) {
                let response = product.call(method.parse().unwrap(), &call.path, call.payload.clone()).await;
                assert_eq!(response, no_method, "{method} {path}");
                assert_eq!(product.send(method.parse().unwrap(), &call.path, &[], None).await, no_method, "{method} {path}");
            }
        }
    }
}
