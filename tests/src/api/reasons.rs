//! Each wrong field of a failure has a code from the closed list of the OpenAPI documents. All other tests compare failures without the
//! codes, in the words of the API documents; `fetch` checks the codes that they get.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::board::Board;
use crate::support::product::Product;
use crate::support::repository::read;
use crate::support::worker::Platform;
use crate::support::{Partner, client, world};

/// The whole failure.
async fn failure(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn a_partner_reads_a_code_beside_each_reason() {
    let partner = Partner::join(world()).await;
    let token = partner.new_tokens().await["access_token"].as_str().unwrap().to_owned();
    let request = client().post(format!("{}/api/v1/users", world().base_url)).bearer_auth(token);
    let body = json!({"channel_user_id": "a/b", "id_card": "1", "phone": "12", "live_certification": {"photos": "x"}});
    let fault = |field: &str, reason: &str, code: &str| json!({"field": field, "reason": reason, "reason_code": code});
    let errors = [
        fault("channel_user_id", "must be 1 to 64 of A-Z a-z 0-9 . _ -", "wrong_characters"),
        fault("name", "is required", "required"),
        fault("id_card", "must be an 18-character identity number with a real date of birth", "not_an_id_number"),
        fault("phone", "must be a mobile number", "not_a_mobile_number"),
        fault("live_certification.certified", "is required", "required"),
        fault("live_certification.certification_time", "is required", "required"),
        fault("live_certification.photos", "must be an array", "not_an_array"),
    ];
    let (status, mut returned) = failure(request.json(&body)).await;
    let sorted = |faults: &mut Value| {
        faults.as_array_mut().unwrap().sort_by_key(|fault| fault["field"].to_string());
    };
    let mut expected = json!({"code": 1001, "message": "参数错误", "data": {"errors": errors}});
    sorted(&mut expected["data"]["errors"]);
    sorted(&mut returned["data"]["errors"]);
    assert_eq!((status, returned), (400, expected));
}

#[tokio::test]
async fn a_product_reads_the_codes_in_a_list_of_their_own() {
    let product = Product::join().await;
    let payload = product.with_token(json!({"status": "gone", "join_date_start": "2017-13-01"}));
    let returned = failure(product.signed(Method::GET, "/api/v2/employees", payload)).await;
    let states = "waiting probation regular internship dimission joined all";
    let expected = json!({
        "code": 2002,
        "text": format!("status must be one of: {states}; join_date_start must be a date, such as 2024-01-15"),
        "errors": [
            {"field": "status", "reason_code": "unknown_value", "text": format!("应为其中之一：{states}")},
            {"field": "join_date_start", "reason_code": "not_a_date", "text": "请填写日期，例如 2026-11-30"},
        ],
    });
    assert_eq!(returned, (422, expected));
    let unknown = failure(product.signed(Method::GET, "/api/v2/departments/00000000000000000000000000000000", json!({}))).await;
    let errors = json!([{"field": "uuid", "reason_code": "not_found", "text": "不存在"}]);
    assert_eq!(unknown, (404, json!({"code": 1102, "text": "uuid does not exist", "errors": errors})));
}

#[tokio::test]
async fn a_worker_reads_the_text_of_each_field() {
    let worker = Platform::create(world()).await.worker("reasons").await;
    let (status, returned) =
        failure(worker.request(Method::POST, "/employee").json(&json!({"real_name": "", "age": 300}))).await;
    assert_eq!((status, &returned["status"], &returned["data"]), (400, &json!(400), &Value::Null));
    let errors = returned["errors"].as_array().unwrap();
    let texts: Vec<&str> = errors.iter().map(|fault| fault["text"].as_str().unwrap()).collect();
    assert_eq!(returned["msg"], texts.join("；"));
    let of = |field: &str| errors.iter().find(|fault| fault["field"] == field).unwrap();
    assert_eq!(of("real_name"), &json!({"field": "real_name", "reason_code": "required", "text": "请填写姓名"}));
    assert_eq!(of("age"), &json!({"field": "age", "reason_code": "out_of_range", "text": "年龄不正确"}));
}

#[tokio::test]
async fn a_mini_program_shows_the_chinese_text_of_each_field() {
    let user = Board::of(world()).join().await;
    let request = user.request("/jobs/info").json(&json!({"job_id": 7}));
    let errors = json!([{"field": "job", "reason_code": "not_found", "text": "职位：不存在"}]);
    let expected = json!({"code": 404, "message": "Not Found", "data": "job not found", "errors": errors});
    assert_eq!(failure(request).await, (404, expected));
    let request = user.request("/contact_history/out").json(&json!({"page_size": 500, "page_num": "x"}));
    let (status, returned) = failure(request).await;
    let errors = json!([
        {"field": "page_size", "reason_code": "out_of_range", "text": "分页：必须是 1 至 50 之间的整数"},
        {"field": "page_num", "reason_code": "out_of_range", "text": "分页：必须是 1 至 1000000 之间的整数"},
    ]);
    assert_eq!((status, &returned["errors"]), (400, &errors), "{returned}");
}

#[test]
fn the_documents_list_every_code_with_its_meaning() {
    let lists = ["channel", "hris", "signing", "jobboard"].map(|family| {
        let document: Value = serde_json::from_str(&read(&format!("openapi/{family}.json"))).unwrap();
        let listed = document["x-reason-codes"].as_array().unwrap().clone();
        let schema = &document["components"]["schemas"]["ReasonCode"]["enum"];
        let codes: Vec<&Value> = listed.iter().map(|row| &row["reason_code"]).collect();
        assert_eq!(codes, schema.as_array().unwrap().iter().collect::<Vec<_>>(), "{family}");
        assert!(listed.iter().all(|row| row["meaning"].as_str().is_some_and(|meaning| !meaning.is_ascii())), "{family}");
        listed
    });
    assert!(lists.windows(2).all(|pair| pair[0] == pair[1]));
    let codes: std::collections::BTreeSet<String> = lists[0].iter().map(|row| row["reason_code"].to_string()).collect();
    assert_eq!(codes.len(), lists[0].len());
}
