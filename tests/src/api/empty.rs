//! `""` in an optional field counts as absent, in all APIs (for the job board see `jobboard/empty.rs`). A text of nothing visible is the same. A field that may be an empty text has it
//! as its value; a required field keeps its own fault.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::consent::TOKEN;
use crate::support::partner::tokens;
use crate::support::product::{Product, body, numbered, returned};
use crate::support::resource::{ALL, APPLICATIONS, COMPANIES, PAYMENTS, Resource, TASKS, USERS, set};
use crate::support::worker::{Platform, REQUIRED, ok, rejection, resume};
use crate::support::{Partner, Stage, fetch, problem, success, world};

const EMPTY: [&str; 4] = ["", " ", "\u{3000}\t", "\u{200b}\u{feff}"];

/// Every optional field of the partner API's records.
const OPTIONAL: [(&Resource, &[&str]); 5] = [
    (
        &USERS,
        &[
            "live_certification",
            "live_certification.certification_method",
            "live_certification.face_score",
            "live_certification.liveness_score",
            "live_certification.photos",
        ],
    ),
    (
        &COMPANIES,
        &[
            "legal_person",
            "contact_person",
            "contact_phone",
            "business_license",
            "registered_address",
            "business_scope",
            "business_license.license_photo",
            "business_license.issue_date",
            "business_license.expiry_date",
            "business_license.registration_capital",
            "business_license.paid_in_capital",
        ],
    ),
    (
        &TASKS,
        &[
            "work_start_time",
            "work_end_time",
            "wage_description",
            "recruitment_description",
            "work_location",
            "job_requirements",
            "salary",
            "status",
            "salary.currency",
            "salary.settlement_type",
        ],
    ),
    (&APPLICATIONS, &["resume_url", "application_channel", "status", "remark"]),
    (
        &PAYMENTS,
        &[
            "channel_user_id",
            "currency",
            "payment_method",
            "payment_channel",
            "bank_name",
            "bank_account",
            "transaction_no",
            "status",
            "remark",
            "payment_basis.work_hours",
            "payment_basis.work_date_start",
            "payment_basis.work_date_end",
            "payment_basis.description",
            "payment_basis.supporting_docs",
        ],
    ),
];

/// What an absent field is stored as.
fn default(resource: &Resource, field: &str) -> Value {
    match (resource.name, field) {
        (_, "currency" | "salary.currency") => "CNY".into(),
        ("tasks", "status") => "open".into(),
        (_, "status") => "pending".into(),
        _ => Value::Null,
    }
}

#[tokio::test]
async fn empty_optional_fields_of_a_record_are_absent() {
    for (resource, fields) in OPTIONAL {
        let partner = resource.partner(world()).await;
        for field in fields {
            let mut expected = resource.with(field, default(resource, field));
            for (number, empty) in EMPTY.into_iter().enumerate() {
                expected[resource.id_field] = format!("{field}.{number}").into();
                let mut sent = expected.clone();
                set(&mut sent, field, empty.into());
                resource.stores_as(&partner, &sent.to_string(), &expected).await;
                // A repeated POST may spell an absent field in any way.
                let first = partner.post(resource.path, &expected).await;
                assert_eq!(first.status, 200, "{first:?}");
                assert_eq!(partner.post(resource.path, &sent).await, first, "{sent}");
            }
        }
    }
}

#[tokio::test]
async fn an_empty_optional_field_of_a_patch_is_removed() {
    let stage = Stage::open().await;
    for (resource, fields) in OPTIONAL {
        let partner = resource.partner(&stage.address).await;
        for field in fields.iter().filter(|field| !matches!(**field, "status")) {
            let mut content = resource.example();
            content[resource.id_field] = field.replace('.', "-").into();
            if resource.name == "payments" {
                // A completed payment can no longer change.
                content["status"] = "pending".into();
            }
            let mut expected = resource.stores(&partner, &content).await;
            let mut patch = json!({});
            match field.split_once('.') {
                Some((parent, member)) => patch[parent] = json!({member: ""}),
                None => patch[*field] = "".into(),
            }
            set(&mut expected, field, default(resource, field));
            let path = resource.path_of(&field.replace('.', "-"));
            assert_eq!(partner.put(&path, &patch).await, success(expected.clone()), "{patch}");
            assert_eq!(partner.get(&path).await, success(expected), "{patch}");
        }
    }
}

#[tokio::test]
async fn an_empty_required_field_of_a_record_keeps_its_fault() {
    let partner = Partner::join(world()).await;
    for (resource, field, reason) in [
        (&USERS, "name", "must not be empty"),
        (&USERS, "id_card", "must be an 18-character identity number with a real date of birth"),
        (&USERS, "live_certification.certified", "must be a boolean"),
        (&TASKS, "recruit_count", "must be an integer"),
        (&COMPANIES, "business_license.license_number", "must not be empty"),
        (&PAYMENTS, "payment_basis", "must be an object"),
    ] {
        resource.rejects_each(&partner, field, reason, EMPTY).await;
    }
    let body =
        json!({"channel_company_id": "", "company_name": "", "social_credit_code": 7, "contact_phone": "", "legal_person": 7});
    let faults = [
        ("channel_company_id", "must be 1 to 64 of A-Z a-z 0-9 . _ -"),
        ("company_name", "must not be empty"),
        ("social_credit_code", "must be a string"),
        ("legal_person", "must be a string"),
    ];
    assert_eq!(partner.post(COMPANIES.path, &body).await, problem(400, 1001, &faults));
}

#[tokio::test]
async fn empty_parameters_and_credentials_of_partners_are_absent() {
    let partner = Partner::join(world()).await;
    let none = success(json!({"list": [], "total": 0, "page": 1, "page_size": 20, "next_cursor": null}));
    for resource in ALL.iter().filter(|resource| resource.is_listed()) {
        for empty in ["", "%20", "%E2%80%8B"] {
            let mut names = vec!["page", "page_size", "cursor", "status", "updated_after"];
            names.extend(match resource.name {
                "tasks" => &["channel_company_id"][..],
                "applications" => &["channel_user_id", "channel_task_id", "start_date", "end_date"],
                _ => &["channel_user_id", "channel_application_id", "payment_type", "start_date", "end_date"],
            });
            let query: Vec<String> = names.into_iter().map(|name| format!("{name}={empty}")).collect();
            assert_eq!(partner.get(&format!("{}?{}", resource.path, query.join("&"))).await, none, "{query:?}");
        }
    }
    let upload = json!({"purpose": "resume", "content_type": "application/pdf", "size": 8, "sha256": ""});
    assert_eq!(partner.post("/api/v1/uploads", &upload).await.status, 200);

    let Partner { appkey, secret, .. } = &partner;
    let grant = "client_credentials";
    let basic = format!("Basic {}", STANDARD.encode(format!("{appkey}:{secret}")));
    for (header, body) in [
        (None, json!({"appkey": appkey, "secret": secret, "grant_type": grant, "client_id": "", "client_secret": " "})),
        (None, json!({"appkey": "", "secret": "", "grant_type": grant, "client_id": appkey, "client_secret": secret})),
        (Some(&basic), json!({"appkey": "", "secret": "\u{200b}", "grant_type": grant, "client_id": ""})),
    ] {
        let request = partner.http.post(format!("{}/api/v1/auth/token", partner.base_url)).body(body.to_string());
        tokens(&fetch(header.into_iter().fold(request, |request, header| request.header("authorization", header))).await);
    }
}

#[tokio::test]
async fn empty_optional_fields_of_payloads_are_absent() {
    let product = Product::join().await;
    product.imports("employees", &[numbered(1)]).await;
    let all = body(json!([returned(&numbered(1))]));
    let names = ["status", "join_date_start", "join_date_end", "leave_date_start", "leave_date_end", "name", "pagination"];
    for empty in EMPTY {
        let payload: serde_json::Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), empty.into())).collect();
        assert_eq!(product.get("/api/v2/employees", product.with_token(payload.into())).await, all, "{empty:?}");
        let period = json!({"start_date": "2017-07-01", "end_date": "2017-07-31", "category": empty, "status": empty});
        assert_eq!(product.get("/api/v2/approvals", period).await, body(json!([])), "{empty:?}");
        let page = json!({
            "currentPage": 1, "pageSize": 20, "totalPages": 1, "totalCount": 1, "nextCursor": null,
            "employees": [returned(&numbered(1))],
        });
        let pagination = json!({"page": 1, "page_size": empty, "cursor": empty});
        for pagination in [pagination.clone(), pagination.to_string().into()] {
            let payload = product.with_token(json!({"pagination": pagination}));
            assert_eq!(product.get("/api/v2/employees", payload).await, body(page.clone()), "{pagination}");
        }
        let payload = product.with_token(json!({"pagination": json!({"page": empty}).to_string()}));
        let rejected = crate::support::product::rejection(422, 2002, "pagination.page is required");
        assert_eq!(product.get("/api/v2/employees", payload).await, rejected, "{empty:?}");
    }
    let access_token = product.access_token().await;
    let found = product.read(&access_token, "/api/v2/employees", json!({"token": "", "name": "员工1"})).await;
    assert_eq!(found, all);

    let app = product.app().await;
    let mut exchange = app.exchange("wrong");
    for (name, value) in [("grant_type", ""), ("client_id", ""), ("code", " ")] {
        exchange[name] = value.into();
    }
    let request = product.http.post(format!("{}{TOKEN}", product.address.base_url)).body(exchange.to_string());
    let used = crate::support::product::rejection(422, 2002, "response_code is not valid, or was used");
    assert_eq!(fetch(request).await, used);
}

#[tokio::test]
async fn empty_optional_fields_of_imported_rows_are_absent() {
    let product = Product::join().await;
    for (number, empty) in (1..).zip(EMPTY) {
        let plain = numbered(number);
        let mut row = plain.clone();
        for (name, value) in returned(&plain).as_object().unwrap() {
            if plain.get(name).is_none() && (value == "" || value.is_null() || name == "phone_number") {
                row[name] = empty.into();
            }
        }
        product.imports("employees", &[row]).await;
        let path = format!("/api/v2/employees/{}", plain["empno"].as_str().unwrap());
        let mut found = product.get(&path, product.with_token(json!({}))).await;
        assert_eq!(found.status, 200, "{found:?}");
        for text in found.body.as_object_mut().unwrap().values_mut().filter(|value| **value == empty) {
            // A text may be white space.
            *text = "".into();
        }
        assert_eq!(found, body(returned(&plain)), "{empty:?}");
    }
    let unknown = product.import("sources", &[json!({"id": "1", "name": "内部推荐", "nmae": ""})]).await;
    assert_eq!(unknown["results"][0]["errors"], json!([{"field": "nmae", "reason": "is not known"}]), "{unknown}");
}

#[tokio::test]
async fn empty_optional_fields_of_a_resume_are_absent() {
    let platform = Platform::create(world()).await;
    let optional: Vec<String> =
        resume().as_object().unwrap().keys().filter(|name| !REQUIRED.contains(&name.as_str())).cloned().collect();
    let mut without = resume();
    without.as_object_mut().unwrap().retain(|name, _| !optional.contains(name));
    let plain = platform.worker("plain").await;
    assert_eq!(plain.send_json(Method::POST, &without).await, ok(Value::Null));
    let mut expected = plain.get("/employee").await.body["data"].clone();
    let numbers =
        ["age", "gender", "acct_prc_id", "acct_city_id", "acct_coy_id", "province_id", "city_id", "county_id", "work_exp"];
    for (number, empty) in EMPTY.into_iter().enumerate() {
        let mut sent = without.clone();
        sent["verify_code"] = empty.into();
        for name in optional.iter().filter(|name| empty.is_empty() || numbers.contains(&name.as_str())) {
            sent[name] = empty.into();
        }
        for kind in ["json", "form"] {
            let worker = platform.worker(&format!("{kind}{number}")).await;
            let response = if kind == "json" {
                worker.send_json(Method::POST, &sent).await
            } else {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let fields: Vec<(&str, String)> =
                    sent.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), text(value))).collect();
                let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                worker.send_form(Method::POST, &fields).await
            };
            assert_eq!(response, ok(Value::Null), "{kind} {empty:?}");
            let stored = worker.get("/employee").await.body["data"].clone();
            expected["em_id"] = stored["em_id"].clone();
            assert_eq!(stored, expected, "{kind} {empty:?}");
        }
    }
    let mut sent = resume();
    (sent["real_name"], sent["age"], sent["company_id"]) = (" ".into(), "".into(), " ".into());
    assert_eq!(plain.send_json(Method::PUT, &sent).await, rejection(400, "请填写姓名；用人单位不正确"));
}
