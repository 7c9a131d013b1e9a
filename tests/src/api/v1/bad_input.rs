//! Bodies that every endpoint rejects.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::resource::{ALL, APPLICATIONS, COMPANIES, PAYMENTS, Resource, TASKS, USERS, number, set};
use crate::support::{Partner, Response, fetch, problem, world};

/// An endpoint that accepts a body, with a body that it accepts.
struct Target {
    partner: Partner,
    method: Method,
    path: String,
    body: Value,
    /// The record that the body is about, if any: its path and the response to a read of it.
    record: Option<(String, Response)>,
}

impl Target {
    /// The POST of a record that does not exist, and the PUT of one that does.
    async fn of_record(resource: &Resource, empty: &Partner, full: &Partner) -> [Self; 2] {
        let path = resource.example_path();
        let absent = problem(404, 1001, &[(resource.id_field, "does not exist")]);
        let present = full.get(&path).await;
        assert_eq!(present.status, 200);
        let mut body = resource.example();
        for (path, field, value) in [
            (APPLICATIONS.path, "remark", json!("备注")),
            (PAYMENTS.path, "remark", json!("备注")),
            (PAYMENTS.path, "payment_basis.work_hours", json!(80)),
        ] {
            if path == resource.path {
                set(&mut body, field, value);
            }
        }
        [
            Self {
                partner: empty.clone(),
                method: Method::POST,
                path: resource.path.into(),
                body: body.clone(),
                record: Some((path.clone(), absent)),
            },
            Self { partner: full.clone(), method: Method::PUT, path: path.clone(), body, record: Some((path, present)) },
        ]
    }

    /// All endpoints that accept a body.
    async fn all() -> Vec<Self> {
        let empty = Partner::join(world()).await;
        let full = PAYMENTS.partner(world()).await;
        full.push_examples(&["payments"]).await;
        let mut targets = Vec::new();
        for resource in &ALL {
            targets.extend(Self::of_record(resource, &empty, &full).await);
        }
        let tokens = empty.new_tokens().await;
        let upload = json!({"purpose": "resume", "content_type": "application/pdf", "size": 3, "sha256": "0".repeat(64)});
        for (path, body) in [
            ("auth/token", json!({"appkey": empty.appkey, "secret": empty.secret, "grant_type": "client_credentials"})),
            ("auth/refresh", json!({"refresh_token": tokens["refresh_token"], "grant_type": "refresh_token"})),
            ("uploads", upload),
        ] {
            let path = format!("/api/v1/{path}");
            targets.push(Self { partner: empty.clone(), method: Method::POST, path, body, record: None });
        }
        targets
    }

    /// A body with this member. The body of a PUT holds no other members.
    fn body_with(&self, field: &str, value: Value) -> Value {
        let mut body = if self.method == Method::PUT { json!({}) } else { self.body.clone() };
        set(&mut body, field, value);
        body
    }

    fn takes_forms(&self) -> bool {
        self.path.starts_with("/api/v1/auth/")
    }

    async fn send(&self, media_type: Option<&str>, body: impl Into<Vec<u8>>) -> Response {
        let url = format!("{}{}", self.partner.base_url, self.path);
        let mut request =
            self.partner.http.request(self.method.clone(), url).bearer_auth(&self.partner.token).body(body.into());
        if let Some(media_type) = media_type {
            request = request.header("content-type", media_type);
        }
        fetch(request).await
    }

    /// The body is rejected, and the record stays as it was.
    async fn rejects(&self, media_type: &str, body: impl Into<Vec<u8>>, expected: &Response) {
        let body = body.into();
        let request = format!("{} {}: {}", self.method, self.path, String::from_utf8_lossy(&body[..body.len().min(200)]));
        assert_eq!(&self.send(Some(media_type), body).await, expected, "{request}");
        if let Some((path, before)) = &self.record {
            assert_eq!(&self.partner.get(path).await, before, "{request}");
        }
    }
}

const JSON: &str = "application/json";

#[tokio::test]
async fn a_body_that_is_not_an_object_is_rejected() {
    let empty = "must be a JSON object, but the body is empty";
    for target in Target::all().await {
        for body in ["", " ", "\r\n\t"] {
            target.rejects(JSON, body, &problem(400, 1001, &[("$", empty)])).await;
        }
        for body in ["[]", "[{}]", "\"x\"", "1", "-1", "true", "null"] {
            target.rejects(JSON, body, &problem(400, 1001, &[("$", "must be an object")])).await;
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_rejected() {
    let nested = [
        "[".repeat(10_000),
        "{\"a\":".repeat(10_000),
        format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("{{\"remark\":{}1{}}}", "{\"a\":".repeat(10_000), "}".repeat(10_000)),
    ];
    let broken = [
        "not json",
        "{",
        "{}{}",
        "{} x",
        "{\"name\":}",
        "{\"name\":\"张三\",}",
        "{'name':'x'}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":\"\\udc00\\ud800\"}",
        "{\"\\ud800\":1}",
        "{\"name\":\"a\u{1}\"}",
        "{\"amount\":NaN}",
        "{\"amount\":01}",
        "\u{feff}\u{feff}{}",
        "name=x",
        "<xml/>",
    ];
    let broken: Vec<Vec<u8>> = broken.into_iter().map(str::to_owned).chain(nested).map(String::into_bytes).collect();
    let broken = broken.into_iter().chain([b"{\"name\":\"\xff\"}".to_vec(), b"\xff\xfe{\0}\0".to_vec()]);
    let targets = Target::all().await;
    for body in broken {
        let error = serde_json::from_slice::<Value>(&body).unwrap_err();
        let rejected = problem(400, 1001, &[("$", &format!("is not valid JSON: {error}"))]);
        for target in &targets {
            target.rejects(JSON, body.as_slice(), &rejected).await;
        }
    }
}

#[tokio::test]
async fn a_duplicate_member_or_one_with_a_nul_is_rejected() {
    let (twice, nul) = ("is given more than once", "must not contain NUL characters");
    let targets = Target::all().await;
    for (body, field, reason) in [
        ("{\"name\":\"a\",\"name\":\"a\"}", "name", twice),
        ("{\"status\":null,\"status\":\"open\"}", "status", twice),
        ("{\"n\":1,\"\\u006e\":2}", "n", twice),
        ("{\"payment_basis\":{\"basis_type\":\"工时\",\"basis_type\":\"月薪\"}}", "payment_basis.basis_type", twice),
        ("{\"a\":{\"b\":[1,{\"c\":1,\"c\":1}]}}", "a.b[1].c", twice),
        ("{\"name\":\"a\\u0000b\"}", "name", nul),
        ("{\"live_certification\":{\"photos\":[\"https://a/\\u0000\"]}}", "live_certification.photos[0]", nul),
        ("{\"unheard_of\":\"\\u0000\"}", "unheard_of", nul),
        ("{\"a\\u0000\":1}", "a", nul),
        ("{\"amount\":{\"\\u0000number\":\"1\"}}", "amount.number", nul),
    ] {
        for target in &targets {
            target.rejects(JSON, body, &problem(400, 1001, &[(field, reason)])).await;
        }
    }
}

#[tokio::test]
async fn a_body_of_another_media_type_that_is_not_json_either_is_rejected() {
    let rejected = problem(400, 1001, &[("Content-Type", "must be application/json")]);
    for target in Target::all().await {
        for other in ["text/plain", "application/octet-stream", "multipart/form-data; boundary=x", "text/xml", "json", ""] {
            for body in ["name=x", "<name>x</name>", "--x\r\n", "\"{}\"", ""] {
                target.rejects(other, body, &rejected).await;
            }
        }
        if !target.takes_forms() {
            target.rejects("application/x-www-form-urlencoded", "name=x", &rejected).await;
        }
    }
}

#[tokio::test]
async fn several_content_types_announce_json() {
    let partner = Partner::join(world()).await;
    let first = partner.post(USERS.path, &USERS.example()).await;
    let [target, _] = Target::of_record(&USERS, &partner, &partner).await;
    for media_type in
        [None, Some(JSON), Some("application/json; charset=utf-8"), Some("Application/JSON"), Some("application/x+json")]
    {
        assert_eq!(target.send(media_type, target.body.to_string()).await, first, "{media_type:?}");
    }
}

#[tokio::test]
async fn a_member_of_the_wrong_type_is_named() {
    for target in Target::all().await {
        for (field, sample) in members("", &target.body) {
            let id =
                target.method == Method::PUT && target.path.ends_with(&format!("/{}", sample.as_str().unwrap_or_default()));
            let reason = match &sample {
                _ if id => "is not the id in the path",
                Value::Number(_) if matches!(field.as_str(), "recruit_count" | "size") => "must be an integer",
                Value::Number(_) => "must be a number",
                Value::String(_) => "must be a string",
                Value::Bool(_) => "must be a boolean",
                Value::Array(_) => "must be an array",
                Value::Object(_) => "must be an object",
                Value::Null => unreachable!("no example has a null"),
            };
            let wrong = [json!(1), json!("x"), json!(true), json!([]), json!({})];
            let kind = std::mem::discriminant::<Value>;
            let wrong = wrong.into_iter().filter(|wrong| kind(wrong) != kind(&sample));
            let fraction = Some(number("1.5")).filter(|_| !matches!(reason, "must be a number" | "must be an object"));
            for wrong in wrong.chain(fraction) {
                let body = target.body_with(&field, wrong);
                target.rejects(JSON, body.to_string(), &problem(400, 1001, &[(&field, reason)])).await;
            }
        }
    }
}

#[tokio::test]
async fn a_fraction_instead_of_an_object_is_named() {
    for target in Target::all().await {
        for (field, _) in members("", &target.body).into_iter().filter(|(_, sample)| sample.is_object()) {
            let body = target.body_with(&field, number("1.5")).to_string();
            target.rejects(JSON, body, &problem(400, 1001, &[(&field, "must be an object")])).await;
        }
    }
}

#[tokio::test]
async fn a_fraction_as_the_whole_body_is_named() {
    for target in Target::all().await {
        for body in ["1.5", "-0.1", "1e400", "18446744073709551616"] {
            target.rejects(JSON, body, &problem(400, 1001, &[("$", "must be an object")])).await;
        }
    }
}

#[tokio::test]
async fn an_element_of_the_wrong_type_is_named() {
    for target in Target::all().await {
        for (field, _) in members("", &target.body).into_iter().filter(|(_, sample)| sample.is_array()) {
            for wrong in [json!(1), number("1.5"), json!(true), json!([]), json!({}), json!(null)] {
                let body = target.body_with(&field, json!(["https://a/", wrong]));
                let fault = (format!("{field}[1]"), "must be a string");
                target.rejects(JSON, body.to_string(), &problem(400, 1001, &[(&fault.0, fault.1)])).await;
            }
        }
    }
}

/// Every member of a body by its path, nested ones included.
fn members(parent: &str, body: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        let path = if parent.is_empty() { name.clone() } else { format!("{parent}.{name}") };
        found.extend(members(&path, value));
        found.push((path, value.clone()));
    }
    found
}

#[tokio::test]
async fn texts_are_as_long_as_their_fields_allow() {
    let partner = PAYMENTS.partner(world()).await;
    let empty = Partner::join(world()).await;
    for (resource, field, longest) in [
        (&USERS, "name", 64),
        (&USERS, "live_certification.certification_method", 64),
        (&COMPANIES, "company_name", 255),
        (&COMPANIES, "legal_person", 64),
        (&COMPANIES, "contact_person", 64),
        (&COMPANIES, "registered_address", 255),
        (&COMPANIES, "business_scope", 4000),
        (&COMPANIES, "business_license.license_number", 64),
        (&TASKS, "task_name", 128),
        (&TASKS, "wage_description", 4000),
        (&TASKS, "recruitment_description", 4000),
        (&TASKS, "work_location", 255),
        (&TASKS, "job_requirements", 4000),
        (&APPLICATIONS, "application_channel", 64),
        (&APPLICATIONS, "remark", 1000),
        (&PAYMENTS, "payment_channel", 64),
        (&PAYMENTS, "bank_name", 128),
        (&PAYMENTS, "transaction_no", 128),
        (&PAYMENTS, "remark", 1000),
        (&PAYMENTS, "payment_basis.description", 1000),
        (&PAYMENTS, "bank_account", 64),
    ] {
        resource.accepts(&partner, field, ["张", "x", "𠮷"].map(|character| character.repeat(longest))).await;
        let reason = if field == "bank_account" { "must be 1 to 64 characters" } else { "is too long" };
        resource.rejects_each(&empty, field, reason, ["张", "x", "𠮷"].map(|character| character.repeat(longest + 1))).await;
        let patch = json!({"remark": "", field: "张".repeat(longest + 1)});
        if !field.contains('.') {
            let response = partner.put(&resource.path_of(&format!("{field}.0")), &patch).await;
            assert_eq!(response, problem(400, 1001, &[(field, reason)]), "{field}");
        }
    }
}

#[tokio::test]
async fn a_body_has_at_most_a_mebibyte() {
    const MEBIBYTE: usize = 1024 * 1024;
    let too_large = problem(413, 1001, &[("$", "is larger than 1 MiB")]);
    for target in Target::all().await {
        let body = target.body.to_string();
        let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
        target.rejects(JSON, padded(MEBIBYTE + 1), &too_large).await;
        target.rejects(JSON, padded(4 * MEBIBYTE), &too_large).await;
    }
    let partner = Partner::join(world()).await;
    let exactly = USERS.example().to_string();
    let spaces = " ".repeat(MEBIBYTE - exactly.len());
    USERS.stores_as(&partner, &format!("{exactly}{spaces}"), &USERS.example()).await;
}

#[tokio::test]
async fn the_gateway_rejects_a_body_that_is_too_large() {
    let too_large = Response { status: 413, body: json!({"message": "Request Entity Too Large"}) };
    let body = vec![b' '; 10 * 1024 * 1024 + 1];
    for target in Target::all().await {
        target.rejects(JSON, body.as_slice(), &too_large).await;
    }
}

#[tokio::test]
async fn every_fault_of_a_body_is_named_at_once() {
    let partner = Partner::join(world()).await;
    let body = json!({"channel_user_id": "a b", "id_card": 1, "live_certification": {"face_score": "x", "photos": [1, "https://a/", ""]}});
    let mut response = partner.post(USERS.path, &body).await;
    if let Some(errors) = response.body["data"]["errors"].as_array_mut() {
        errors.sort_by_key(|error| error["field"].to_string());
    }
    let faults = [
        ("channel_user_id", "must be 1 to 64 of A-Z a-z 0-9 . _ -"),
        ("id_card", "must be a string"),
        ("live_certification.certification_time", "is required"),
        ("live_certification.certified", "is required"),
        ("live_certification.face_score", "must be a number"),
        ("live_certification.photos[0]", "must be a string"),
        ("live_certification.photos[2]", "must be an http or https URL of at most 2048 characters"),
        ("name", "is required"),
        ("phone", "is required"),
    ];
    assert_eq!(response, problem(400, 1001, &faults));
}

#[tokio::test]
async fn a_body_cannot_use_the_parsers_internal_keys() {
    let partner = Partner::join(world()).await;
    let mut nested = "[[[[[[]]]]]]".to_owned();
    for _ in 0..10 {
        nested = json!({"$serde_json::private::RawValue": nested}).to_string();
    }
    let bodies = [
        format!(r#"{{"x":{nested}}}"#),
        json!({"$serde_json::private::RawValue": USERS.example().to_string()}).to_string(),
        USERS.with("name", json!({"$serde_json::private::RawValue": "\"a\\u0000b\""})).to_string(),
        USERS.with("live_certification.face_score", json!({"$serde_json::private::Number": "77"})).to_string(),
    ];
    for body in bodies {
        let response = partner.post_text(USERS.path, &body).await;
        assert_eq!((response.status, &response.body["code"]), (400, &json!(1001)), "{body}");
        USERS.absent(&partner, "U20240101001").await;
    }
}

#[tokio::test]
async fn a_list_that_is_too_long_is_one_fault() {
    let partner = Partner::join(world()).await;
    let photos = vec![1; 300_000];
    let faults = [("live_certification.photos", "must not have more than 20 elements")];
    USERS.rejects(&partner, &USERS.with("live_certification.photos", photos), &faults).await;
}
