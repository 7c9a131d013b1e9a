//! A worker applies, from the first picture to the signature.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::picture::picture;
use crate::support::worker::{COMPANY, CONTRACT, HANDLER, ID_NUMBER, Platform, coded, ok, rejection};

fn status(state: u8, reason: &str, company: &str) -> Value {
    json!({"reason": reason, "company_name": company, "status": state, "verify_status": 0})
}

#[tokio::test]
async fn a_worker_applies_is_rejected_applies_again_and_signs() {
    // A stage of its own: an address may send twenty messages an hour.
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let phone = "13700000001";
    let (captcha, shown) = platform.captcha().await;
    assert_eq!(platform.verifycode(&captcha, &shown, phone).await, coded(ok(json!({}))));
    let code = platform.address.code(phone).await;

    let login = platform.log_in(&platform.login_code("story").await).await;
    let session_token = login.body["data"]["session_token"].as_str().expect("a token").to_owned();
    assert_eq!(login, ok(json!({"session_token": session_token, "em_id": 0})));
    let worker = platform.worker("story").await;
    assert_eq!(worker.get("/em_status").await, ok(status(0, "", "")));
    assert_eq!(worker.get("/employee").await, ok(Value::Null));

    let image = worker.upload("front.png", &picture(image::ImageFormat::Png)).await;
    let url = image.body["data"]["url"].as_str().expect("a url").to_owned();
    assert_eq!(image, coded(ok(json!({"url": url}))));

    let (company, handler) = (COMPANY.to_string(), HANDLER.to_string());
    let fields = [
        ("real_name", "张三"),
        ("phone", phone),
        ("id_number", ID_NUMBER),
        ("marital_sts", "1"),
        ("political_sts", "3"),
        ("acct_type", "0"),
        ("id_card_front", &url),
        ("company_id", &company),
        ("ad_user_id", &handler),
        ("work_pos", "A岗位"),
        ("employee_edu[0][school]", "第一中学"),
        ("employee_edu[0][degree]", "junior"),
        ("work_exp[0][company]", "甲公司"),
        ("work_exp[1][company]", "乙公司"),
        ("verify_code", &code),
    ];
    assert_eq!(worker.send_form(Method::POST, &fields).await, ok(Value::Null));
    assert_eq!(worker.get("/em_status").await, ok(status(1, "", "彩程")));

    let stored = worker.get("/employee").await.body["data"].clone();
    assert_eq!(stored["work_exp"], json!([{"company": "甲公司"}, {"company": "乙公司"}]));
    assert_eq!(stored["employee_edu"], json!([{"school": "第一中学", "degree": "junior"}]));
    let em_id = &stored["em_id"];
    platform.decide("reject_application", em_id, json!({"reason": "照片不清楚"})).await;
    assert_eq!(worker.get("/em_status").await, ok(status(4, "照片不清楚", "彩程")));
    let without_code = &fields[..fields.len() - 1];
    assert_eq!(worker.send_form(Method::PUT, without_code).await, ok(Value::Null));
    assert_eq!(worker.get("/em_status").await, ok(status(1, "", "彩程")));

    let terms = json!({"contract_id": CONTRACT, "entry_date": "2024/2/1", "salary": 6000.5, "work_pos": "A岗位"});
    platform.decide("approve_application", em_id, terms).await;
    assert_eq!(worker.get("/em_status").await, ok(status(2, "", "彩程")));
    let closed = rejection(409, "待签约和已签约时不能修改简历");
    assert_eq!(worker.send_form(Method::PUT, without_code).await, closed);
    platform.decide("sign_application", em_id, json!({})).await;
    assert_eq!(worker.get("/em_status").await, ok(status(3, "", "彩程")));
    assert_eq!(worker.send_form(Method::PUT, without_code).await, closed);

    let shown = platform.command("show_application", json!({"em_id": em_id})).await;
    let moves: Vec<Value> =
        shown["moves"].as_array().expect("moves").iter().map(|m| json!([m["from"], m["to"], m["by"]])).collect();
    let expected = json!([[null, 1, "worker"], [1, 4, "zhangsan"], [4, 1, "worker"], [1, 2, "zhangsan"], [2, 3, "zhangsan"],]);
    assert_eq!(Value::from(moves), expected);
    let terms = json!({"contract_id": CONTRACT, "entry_date": "2024-02-01", "salary": "6000.50", "work_pos": "A岗位"});
    assert_eq!(shown["terms"], terms);
    let again = platform.log_in(&platform.login_code("story").await).await;
    assert_eq!(again.body["data"]["em_id"], *em_id);
}
