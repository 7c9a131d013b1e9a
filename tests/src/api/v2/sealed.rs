//! The personal fields of the HR API are sealed in its table, also those of records that earlier versions stored.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::consent::access_token;
use crate::support::product::{
    APPROVAL, CANDIDATE, EMPLOYEE, EMPNO, Product, body, employee, items, keyring, moka_candidate, numbered, opened, place,
    rejection, returned,
};
use crate::support::resource::number;
use crate::support::{Response, Stage};

const EMPLOYEES: &str = "/api/v2/employees";
const SALARY: &str = "/api/v2/salary/subject_values";
const CANDIDATES: &str = "/api/v2/moka_candidates";
/// The phone of an employee and of a candidate.
const PHONE: &str = "18611112222";
const ID_NUMBER: &str = "510107198308217759";

/// What is stored nowhere in the clear.
const PLANTED: [&str; 26] = [
    PHONE,
    ID_NUMBER,
    "6217001234567890128",
    "植入的银行",
    "028-87654321",
    "planted@work.example",
    "planted@mail.example",
    "植入的住址一号",
    "植入的婚况",
    "1983-08-21",
    "cdn.example/planted-photo",
    "cdn.example/planted-avatar",
    "planted-dingtalk",
    "planted-wework",
    "876543219",
    "8765432.19",
    "植入的访客",
    "下周三下午三点",
    "植入的离职原因",
    "candidate@planted.example",
    "候选人的婚况",
    "1991-12-13",
    "13203031313",
    "operator@planted.example",
    "15828740000",
    "resume.example/planted",
];

/// The attributes that no record has beside its sealed ones.
const SEALED: [(&str, &[&str]); 7] = [
    ("employee", &EMPLOYEE_FIELDS),
    ("empno", &EMPLOYEE_FIELDS),
    ("mobile", &EMPLOYEE_FIELDS),
    ("approval", &["form_values"]),
    ("candidate", &["mobile", "email", "marriage", "birthday", "moka"]),
    ("salary", &["value"]),
    ("visit", &["visitor", "visit_time"]),
];

const EMPLOYEE_FIELDS: [&str; 14] = [
    "id_number",
    "bank_card",
    "bank_name",
    "mobile",
    "phone_number",
    "email",
    "exmail",
    "address",
    "marriage",
    "birthday",
    "photo",
    "avatar",
    "dingtalk_id",
    "wework_id",
];

fn planted_employee() -> Value {
    let mut row = employee();
    let fields = json!({
        "mobile": PHONE, "phone_number": "028-87654321", "id_number": ID_NUMBER, "bank_card": "6217001234567890128",
        "bank_name": "植入的银行", "email": "planted@work.example", "exmail": "planted@mail.example", "address": "植入的住址一号",
        "marriage": "植入的婚况", "birthday": "1983-08-21", "photo": "https://cdn.example/planted-photo",
        "avatar": "https://cdn.example/planted-avatar", "dingtalk_id": "planted-dingtalk", "wework_id": "planted-wework",
    });
    row.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
    row
}

fn planted_candidate() -> Value {
    json!({
        "uuid": CANDIDATE, "name": "候选人", "email": "candidate@planted.example", "mobile": PHONE, "marriage": "候选人的婚况",
        "birthday": "1991-12-13", "source_id": "1", "source_name": "内部推荐",
    })
}

fn planted_approval() -> Value {
    json!({
        "number_series": APPROVAL, "creator": "辛宪英", "created_at": "2017-07-12T17:29:30.000+08:00", "status": "denied",
        "category": "dimission", "workflow_name": "员工离职",
        "form_values": [{"section": "离职", "fields": [{"name": "原因", "value": "植入的离职原因"}]}],
    })
}

fn planted_push() -> Value {
    let mut push = moka_candidate();
    (push["phone"], push["resumeUrl"]) = ("13203031313".into(), "https://resume.example/planted".into());
    push["operator"] = json!({"name": "李四", "email": "operator@planted.example", "phone": "15828740000"});
    push
}

fn salary() -> Value {
    json!({"empno": EMPNO, "subject_name": "绩效工资", "month": "2017-09", "value": number("8765432.19")})
}

/// A company with a record of each kind, all with the planted values, and an app of it.
struct Scene {
    stage: Stage,
    product: Product,
    access_token: String,
}

impl Scene {
    async fn set() -> Self {
        let stage = Stage::open().await;
        let product = Product::join_stage(&stage).await;
        product.add_records().await;
        for (kind, row) in Self::rows() {
            product.imports(kind, &[row]).await;
        }
        let moka_done = body(json!({"error_code": 0, "error_message": "ok"}));
        let code = product.command(json!({"command": "create_bind_code", "company_uuid": product.company})).await;
        let bind = format!("/api/v2/moka_binds/{}", code["bind_code"].as_str().expect("a code"));
        assert_eq!(product.patch(&bind, Value::Null).await, moka_done);
        assert_eq!(product.post(CANDIDATES, planted_push()).await, moka_done);
        assert_eq!(product.post(SALARY, salary()).await, body(json!({"code": 0, "text": "ok"})));
        let visit = product.with_token(json!({"name": "植入的访客", "time": "下周三下午三点"}));
        let visited = product.post(&format!("{EMPLOYEES}/{EMPLOYEE}/notify"), visit).await;
        assert_eq!(visited, body(returned(&planted_employee())));
        stage.clock.advance(SignedDuration::from_secs(60));
        let access_token = access_token(&product, PHONE).await;
        Self { stage, product, access_token }
    }

    /// The rows whose records replace those of [`Product::records`].
    fn rows() -> [(&'static str, Value); 3] {
        [("employees", planted_employee()), ("candidates", planted_candidate()), ("approvals", planted_approval())]
    }

    /// What the API returns about the records.
    async fn responses(&self) -> Vec<Response> {
        let Self { product, access_token, .. } = self;
        let period = json!({"start_date": "2017-07-01", "end_date": "2017-08-01"});
        let by_phone = format!("{EMPLOYEES}/{PHONE}");
        vec![
            product.get(&by_phone, product.with_token(json!({}))).await,
            product.get(&format!("{EMPLOYEES}/{EMPNO}"), product.with_token(json!({}))).await,
            product.get(EMPLOYEES, product.with_token(json!({}))).await,
            product.read(access_token, &by_phone, json!({})).await,
            product.read(access_token, "/api/v2/approvals", period).await,
            product.read(access_token, "/api/v2/recruitments/candidates", json!({})).await,
        ]
    }

    /// The items of the table and of its indexes, as text.
    async fn scan(&self) -> String {
        let mut text = json!(self.stage.items("hris").await).to_string();
        for index in ["ix1", "ix2", "ix3", "by_phone", "by_id_number"] {
            let scanned = self.stage.database("Scan", &json!({"TableName": "hris", "IndexName": index})).await;
            assert_eq!(scanned.get("LastEvaluatedKey"), None, "more than one page");
            text.push_str(&scanned["Items"].to_string());
        }
        text
    }

    /// No planted value is in the table, and no attribute that is to be sealed.
    async fn check_sealed(&self) {
        let scan = self.scan().await;
        for shown in ["一般职员", "候选人", "辛宪英", "绩效工资"] {
            assert!(scan.contains(shown), "{shown} is not sealed, so it shows that the table was read");
        }
        for value in PLANTED {
            for spelling in spellings(value) {
                assert!(!scan.contains(&spelling), "{value} is stored in the clear: {spelling}");
            }
        }
        for item in self.stage.items("hris").await {
            if let Some((kind, names)) = sealed(&item) {
                assert!(item.get("sealed").is_some(), "{kind}: {item}");
                assert_eq!(names.iter().find(|name| item.get(**name).is_some()), None, "{kind}: {item}");
            }
        }
    }

    /// What the records without an endpoint have sealed.
    async fn unreadable(&self) -> [Value; 2] {
        let one = async |part: &str| opened(&self.stage, &items(&self.stage, part).await[0]).await;
        [one("#salary#").await, one("#visit").await]
    }
}

/// The kind of an item, and the attributes of which none is stored beside the sealed ones.
fn sealed(item: &Value) -> Option<(&'static str, &'static [&'static str])> {
    let kind = item["pk"]["S"].as_str().expect("a key").split('#').nth(1)?;
    SEALED.into_iter().find(|(sealed, _)| *sealed == kind)
}

/// The ways in which a text could be stored: as it is, in hexadecimal digits, percent-encoded, in base64 at any offset.
fn spellings(text: &str) -> Vec<String> {
    let mut spellings: Vec<String> = [text.to_owned(), text.to_uppercase()].into();
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    spellings.extend([digits.to_uppercase(), digits]);
    spellings.push(form_urlencoded::byte_serialize(text.as_bytes()).collect());
    for engine in [STANDARD, URL_SAFE] {
        for offset in 0..3 {
            // The first and the last characters also depend on the neighbours of the text.
            let bytes = [&[0; 3][..offset], text.as_bytes()].concat();
            let whole = engine.encode(&bytes[..bytes.len() / 3 * 3]);
            spellings.push(whole[(offset * 8).div_ceil(6)..].to_owned());
        }
    }
    spellings
}

#[test]
fn a_text_is_found_in_base64_at_any_offset() {
    for engine in [STANDARD, URL_SAFE] {
        for before in ["", "x", "xy", "xyz"] {
            let stored = engine.encode(format!("{before}植入的住址一号?"));
            assert!(spellings("植入的住址一号").iter().any(|spelling| stored.contains(spelling)), "{before}: {stored}");
        }
    }
}

#[tokio::test]
async fn no_personal_field_is_stored_in_the_clear() {
    let scene = Scene::set().await;
    scene.check_sealed().await;
    assert_eq!(
        scene.unreadable().await,
        [json!({"value": {"N": "876543219"}}), json!({"visitor": {"S": "植入的访客"}, "visit_time": {"S": "下周三下午三点"}}),]
    );
    let responses = scene.responses().await;
    assert_eq!((&responses[0], &responses[1]), (&body(returned(&planted_employee())), &body(returned(&planted_employee()))));
    assert_eq!(responses[4].body[0]["form_values"], planted_approval()["form_values"]);

    // Staff find the records of a person, each once, by the same value.
    let stored = scene.stage.items("hris").await;
    let having = |attribute: &str| -> Vec<&Value> { stored.iter().filter(|item| item.get(attribute).is_some()).collect() };
    assert_eq!(having("by_id_number").iter().map(|item| &item["sk"]["S"]).collect::<Vec<_>>(), [EMPLOYEE]);
    let mut of_phone = having("by_phone");
    let phone = having("by_id_number")[0]["by_phone"].clone();
    of_phone.retain(|item| item["by_phone"] == phone);
    let mut found: Vec<&str> = of_phone.iter().map(|item| item["sk"]["S"].as_str().expect("a key")).collect();
    found.sort_unstable();
    assert_eq!(found, [EMPLOYEE, CANDIDATE]);
    assert_eq!(having("by_phone").len(), 3, "with the candidate that Moka pushed");
}

/// Puts the item back as an earlier version stored it: the first fields sealed alone, the others plain.
async fn as_earlier(stage: &Stage, item: &Value, alone: &[&str]) {
    let (ring, mut earlier) = (keyring(stage).await, item.clone());
    let attributes = earlier.as_object_mut().expect("an item");
    attributes.retain(|name, _| !["sealed", "by_phone", "by_id_number"].contains(&name.as_str()));
    attributes.extend(opened(stage, item).await.as_object().expect("fields").clone());
    for field in alone {
        if let Some(plain) = attributes.get(*field).and_then(|value| value["S"].as_str()) {
            let sealed = ring.seal(&place(item, field), plain).unwrap();
            attributes.insert((*field).to_owned(), json!({"S": sealed}));
        }
    }
    stage.database("PutItem", &json!({"TableName": "hris", "Item": earlier})).await;
}

#[tokio::test]
async fn records_of_earlier_versions_are_read_and_reseal_seals_them() {
    let scene = Scene::set().await;
    let Scene { stage, product, .. } = &scene;
    let others: Vec<Value> = (1..=100).map(numbered).collect();
    product.imports("employees", &others).await;
    let (responses, unreadable) = (scene.responses().await, scene.unreadable().await);
    for response in &responses {
        assert_eq!(response.status, 200, "{response:?}");
    }
    let mut number = 0;
    for item in stage.items("hris").await {
        let Some((kind, _)) = sealed(&item) else { continue };
        number += 1;
        // Only employees had fields that were sealed alone.
        let alone: &[&str] = match kind {
            "employee" | "empno" | "mobile" if number % 2 == 0 => &["id_number", "bank_card"],
            _ => &[],
        };
        as_earlier(stage, &item, alone).await;
    }
    assert!(scene.scan().await.contains("植入的离职原因"), "it is stored in the clear now");
    assert_eq!(scene.responses().await, responses);
    // The content is the same, however it is stored.
    for (kind, row) in Scene::rows() {
        assert_eq!(product.import(kind, &[row]).await["results"][0]["status"], "unchanged", "{kind}");
    }

    let mut command = json!({"command": "reseal", "family": "hris", "limit": 1});
    assert_eq!(product.command(command.clone()).await["errorType"], "Conflict", "the configuration is too new");
    stage.clock.advance(SignedDuration::from_mins(10));
    let (mut calls, mut changed) = (0, 0);
    loop {
        let response = product.command(command.clone()).await;
        assert_eq!(response["failed"], 0, "{response}");
        (calls, changed) = (calls + 1, changed + response["changed"].as_u64().expect("a number"));
        assert_eq!(scene.responses().await, responses, "after call {calls}");
        assert_eq!(response["complete"], response["next"].is_null(), "{response}");
        if response["next"].is_null() {
            break;
        }
        command["cursor"] = response["next"].clone();
    }
    assert_eq!((calls > 2, changed), (true, number), "a call looks at a hundred items");
    scene.check_sealed().await;
    assert_eq!(scene.unreadable().await, unreadable);
    let again = product.command(json!({"command": "reseal", "family": "hris"})).await;
    assert_eq!((&again["changed"], &again["complete"]), (&json!(0), &json!(true)), "{again}");
}

#[tokio::test]
async fn a_changed_record_of_an_earlier_version_is_sealed() {
    let scene = Scene::set().await;
    let Scene { stage, product, .. } = &scene;
    for item in stage.items("hris").await {
        if sealed(&item).is_some() {
            as_earlier(stage, &item, &["id_number"]).await;
        }
    }
    let (mut employee, mut candidate, mut approval) = (planted_employee(), planted_candidate(), planted_approval());
    (employee["nickname"], candidate["status"], approval["status"]) = ("改名".into(), "初筛".into(), "passed".into());
    for (kind, row) in [("employees", employee), ("candidates", candidate), ("approvals", approval)] {
        assert_eq!(product.import(kind, &[row]).await["results"][0]["status"], "updated", "{kind}");
    }
    let mut push = planted_push();
    push["academicDegree"] = "本科".into();
    assert_eq!(product.post(CANDIDATES, push).await.status, 200);
    assert_eq!(product.post(SALARY, salary()).await.status, 200);
    for visit in items(stage, "#visit").await {
        let key = json!({"pk": visit["pk"], "sk": visit["sk"]});
        stage.database("DeleteItem", &json!({"TableName": "hris", "Key": key})).await;
    }
    scene.check_sealed().await;
}

/// In sealed form a quotation mark takes more than two bytes: the most that a record can hold still fits into an item.
#[tokio::test]
async fn details_of_128_kib_are_stored_and_longer_ones_rejected() {
    let scene = Scene::set().await;
    let mut push = planted_push();
    push["id"] = "quotes".into();
    // 64 KiB of JSON text each.
    let quotes = json!("\"".repeat(32 * 1024 - 1));
    (push["offerInfo"], push["offerAttachmentUrls"]) = (quotes.clone(), quotes.clone());
    assert_eq!(scene.product.post(CANDIDATES, push.clone()).await.status, 200);
    let responses = scene.responses().await;
    let found = responses[5].body.as_array().expect("candidates").iter().find(|found| found["moka"]["id"] == "quotes");
    assert_eq!(found.map(|found| &found["moka"]["offerInfo"]), Some(&quotes));

    let mut row = found.expect("the candidate").clone();
    push["educationInfo"] = json!([{}]);
    let reason = "is longer than 128 KiB together with the other details";
    assert_eq!(scene.product.post(CANDIDATES, push).await, rejection(422, 2002, &format!("offerInfo {reason}")));
    row["moka"]["educationInfo"] = json!([{}]);
    let errors = json!([{"field": "moka.offerInfo", "reason": reason}]);
    let rejected = json!({"results": [{"line": 1, "status": "refused", "errors": errors}], "next": null});
    assert_eq!(scene.product.import("candidates", &[row]).await, rejected);
}

/// DynamoDB accepts 4 MB in a transaction, and 2 MiB of rows can become more.
#[tokio::test]
async fn rows_that_are_large_once_sealed_are_stored_in_several_transactions() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let rows: Vec<Value> = (0..28)
        .map(|number| {
            let mut row = planted_approval();
            row["number_series"] = format!("A{number}").into();
            row["form_values"] = json!([{"a": "\"".repeat(32_700)}]);
            row
        })
        .collect();
    product.imports("approvals", &rows[..1]).await;
    stage.take_calls();
    product.imports("approvals", &rows).await;
    let calls = stage.take_calls();
    // The last one records the import.
    assert_eq!(calls.iter().filter(|call| *call == "TransactWriteItems").count(), 5, "{calls:?}");
    let again = product.import("approvals", &rows).await;
    let unchanged: Vec<Value> = (1..=28).map(|line| json!({"line": line, "status": "unchanged"})).collect();
    assert_eq!(again, json!({"results": unchanged, "next": null}));
    let last = product.get("/api/v2/approvals/A27", Value::Null).await;
    assert_eq!(last.body["form_values"], rows[27]["form_values"]);
}
