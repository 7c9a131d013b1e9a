//! /employee (document 001, 3.2).

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::worker::{Platform, Worker, ok, rejection, resume, returned};
use crate::support::{Response, Stage, world};

async fn worker() -> Worker {
    Platform::create(world()).await.worker("a worker").await
}

/// The résumé with this field removed or replaced.
fn with(field: &str, value: Value) -> Value {
    let mut resume = resume();
    match value {
        Value::Null => drop(resume.as_object_mut().unwrap().remove(field)),
        value => resume[field] = value,
    }
    resume
}

/// The résumé as a form: arrays in brackets, or as JSON in a string.
fn as_form(resume: &Value, bracketed: bool) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut fields = Vec::new();
    for (name, value) in resume.as_object().unwrap() {
        match value.as_array().filter(|_| bracketed) {
            None => fields.push((name.clone(), text(value))),
            Some(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    let entry = entry.as_object().unwrap().iter();
                    fields.extend(entry.map(|(key, value)| (format!("{name}[{index}][{key}]"), text(value))));
                }
            }
        }
    }
    fields
}

/// The id of a stored résumé.
fn number_of(stored: &Response) -> Value {
    let em_id = &stored.body["data"]["em_id"];
    assert!(em_id.as_u64().is_some_and(|number| number > 0), "{stored:?}");
    em_id.clone()
}

#[tokio::test]
async fn the_same_resume_in_three_forms_is_the_same_record() {
    let platform = Platform::create(world()).await;
    let resume = resume();
    for (user, bracketed) in [("brackets", Some(true)), ("strings", Some(false)), ("json", None)] {
        let worker = platform.worker(user).await;
        let sent = match bracketed {
            None => worker.send_json(Method::POST, &resume).await,
            Some(bracketed) => {
                let fields = as_form(&resume, bracketed);
                let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                worker.send_form(Method::POST, &fields).await
            }
        };
        assert_eq!(sent, ok(Value::Null), "{user}");
        let stored = worker.get("/employee").await;
        assert_eq!(stored, ok(returned(&resume, &number_of(&stored))), "{user}");
    }
}

#[tokio::test]
async fn age_and_gender_are_derived_from_the_identity_number() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    // The clock stands at 18:30 of 15 January 2024 in Shanghai.
    for (number, (id_number, age, gender)) in
        [("110101199001151234", 34, 1), ("110101199001161244", 33, 2), ("110101200002291244", 23, 2)].into_iter().enumerate()
    {
        let worker = platform.worker(&format!("w{number}")).await;
        let mut resume = with("age", Value::Null);
        resume.as_object_mut().unwrap().remove("gender");
        resume["id_number"] = id_number.into();
        assert_eq!(worker.send_json(Method::POST, &resume).await, ok(Value::Null));
        let stored = worker.get("/employee").await.body["data"].clone();
        assert_eq!((&stored["age"], &stored["gender"]), (&json!(age), &json!(gender)), "{id_number}");
    }
}

#[tokio::test]
async fn a_missing_field_is_named_and_nothing_is_stored() {
    let worker = worker().await;
    for (field, label) in [
        ("real_name", "姓名"),
        ("phone", "手机号"),
        ("id_number", "身份证号"),
        ("marital_sts", "婚姻状况"),
        ("political_sts", "政治面貌"),
        ("acct_type", "户口类型"),
        ("company_id", "用人单位"),
        ("employee_edu", "教育经历"),
        ("ad_user_id", "处理人"),
    ] {
        let expected = rejection(400, &format!("请填写{label}"));
        for missing in [Value::Null, json!("")] {
            assert_eq!(worker.send_json(Method::POST, &with(field, missing)).await, expected, "{field}");
        }
    }
    assert_eq!(worker.send_json(Method::POST, &with("employee_edu", json!([]))).await, rejection(400, "请填写教育经历"));
    assert_eq!(worker.get("/employee").await, ok(Value::Null));
}

#[tokio::test]
async fn a_value_longer_than_its_column_is_rejected_and_the_longest_is_stored() {
    let platform = Platform::create(world()).await;
    let widths = [
        ("real_name", 64, "姓名"),
        ("nation", 12, "民族"),
        ("acct_prc_name", 255, "户籍省份"),
        ("acct_city_name", 255, "户籍城市"),
        ("acct_coy_name", 255, "户籍区县"),
        ("acct_addr", 255, "户籍详细地址"),
        ("province_name", 255, "省份"),
        ("city_name", 255, "城市"),
        ("county_name", 255, "区县"),
        ("addr", 255, "详细地址"),
        ("em_contact_name", 64, "紧急联系人姓名"),
        ("em_contact_phone", 32, "紧急联系人电话"),
        ("em_contact_relationship", 32, "与紧急联系人的关系"),
        ("id_card_front", 256, "身份证正面照片"),
        ("id_card_back", 256, "身份证反面照片"),
        ("work_pos", 64, "岗位"),
    ];
    let worker = platform.worker("wide").await;
    let mut widest = resume();
    for (field, width, label) in widths {
        let sent = worker.send_json(Method::POST, &with(field, "宽".repeat(width + 1).into())).await;
        assert_eq!(sent, rejection(400, &format!("{label}太长")), "{field}");
        widest[field] = "宽".repeat(width).into();
    }
    assert_eq!(worker.get("/employee").await, ok(Value::Null));
    assert_eq!(worker.send_json(Method::POST, &widest).await, ok(Value::Null));
    let stored = worker.get("/employee").await;
    assert_eq!(stored, ok(returned(&widest, &number_of(&stored))));
}

#[tokio::test]
async fn each_invalid_value_is_rejected_with_a_clear_message() {
    let worker = worker().await;
    let many = |count: usize| Value::from(vec![json!({"a": "b"}); count]);
    let fields: serde_json::Map<String, Value> = (0..21).map(|number| (format!("f{number}"), json!(1))).collect();
    for (field, value, msg) in [
        ("marital_sts", json!(0), "婚姻状况不正确"),
        ("marital_sts", json!("4"), "婚姻状况不正确"),
        ("political_sts", json!(4), "政治面貌不正确"),
        ("acct_type", json!(2), "户口类型不正确"),
        ("gender", json!(3), "性别不正确"),
        ("age", json!(-1), "年龄不正确"),
        ("age", json!(1.5), "年龄不正确"),
        ("phone", json!("12345"), "手机号不正确"),
        ("id_number", json!("110101199013011234"), "身份证号不正确"),
        ("company_id", json!("x"), "用人单位不正确"),
        ("company_id", json!(99), "用人单位不存在"),
        ("ad_user_id", json!(99), "处理人不存在"),
        ("real_name", json!(["张三"]), "姓名不正确"),
        ("acct_prc_id", json!(1e40), "户籍省份不正确"),
        ("work_exp", json!("not json"), "工作经历不正确"),
        ("work_exp", json!({"a": 1}), "工作经历不正确"),
        ("work_exp", json!([{"a": {"b": 1}}]), "工作经历不正确"),
        ("work_exp", many(21), "工作经历太多"),
        ("work_exp", json!([fields]), "工作经历太多"),
        ("employee_edu", json!([{"school": "宽".repeat(1001)}]), "教育经历太长"),
        ("work_exp", Value::from(vec![json!({"a": "\u{1}".repeat(1000)}); 20]), "工作经历太长"),
    ] {
        assert_eq!(worker.send_json(Method::POST, &with(field, value.clone())).await, rejection(400, msg), "{field} {value}");
    }
    assert_eq!(worker.get("/employee").await, ok(Value::Null));
    assert_eq!(worker.send_json(Method::POST, &with("work_exp", many(20))).await, ok(Value::Null));
}

#[tokio::test]
async fn an_unreadable_body_is_reported() {
    let worker = worker().await;
    let send = async |content_type: &str, body: &str| {
        let request = worker.request(Method::POST, "/employee").header("content-type", content_type).body(body.to_owned());
        crate::support::fetch(request).await
    };
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    for body in ["[1]", "\"text\"", "1"] {
        assert_eq!(send("application/json", body).await, rejection(400, "请求内容应为表单或 JSON 对象"), "{body}");
    }
    for body in ["{", "{\"real_name\":\"\\ud800\"}", &deep] {
        assert_eq!(send("application/json", body).await, rejection(400, "请求内容不正确"));
    }
    assert_eq!(send("application/json", "{\"real_name\":\"a\",\"real_name\":\"b\"}").await, rejection(400, "姓名重复"));
    assert_eq!(send("application/json", "{\"real_name\":\"a\\u0000\"}").await, rejection(400, "姓名不正确"));
    let huge = format!("{{\"real_name\":\"{}\"}}", "a".repeat(300 * 1024));
    assert_eq!(send("application/json", &huge).await.status, 413);
    assert_eq!(worker.get("/employee").await, ok(Value::Null));
}

#[tokio::test]
async fn a_resume_is_submitted_once_and_changed_only_while_allowed() {
    let platform = Platform::create(world()).await;
    let worker = platform.worker("once").await;
    assert_eq!(worker.send_json(Method::PUT, &resume()).await, rejection(404, "还没有提交过简历"));
    assert_eq!(worker.send_json(Method::POST, &resume()).await, ok(Value::Null));
    let exists = rejection(409, "简历已提交，请勿重复提交");
    assert_eq!(worker.send_json(Method::POST, &resume()).await, exists);
    let changed = with("real_name", json!("张三丰"));
    assert_eq!(worker.send_json(Method::PUT, &changed).await, ok(Value::Null));
    let stored = worker.get("/employee").await;
    let em_id = stored.body["data"]["em_id"].clone();
    assert_eq!(stored, ok(returned(&changed, &em_id)));

    platform.decide("cancel_application", &em_id, json!({})).await;
    assert_eq!(worker.get("/em_status").await.body["data"]["status"], 5);
    assert_eq!(worker.send_json(Method::POST, &resume()).await, ok(Value::Null));
    assert_eq!(worker.get("/em_status").await.body["data"]["status"], 1);
    assert_eq!(worker.get("/employee").await, ok(returned(&resume(), &em_id)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_concurrent_resumes_is_accepted() {
    let worker = worker().await;
    let sent = (0..32).map(|_| {
        let worker = worker.clone();
        tokio::spawn(async move { worker.send_json(Method::POST, &resume()).await })
    });
    let responses: Vec<_> = join_all(sent).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(responses.iter().filter(|response| **response == ok(Value::Null)).count(), 1);
    let exists = rejection(409, "简历已提交，请勿重复提交");
    assert_eq!(responses.iter().filter(|response| **response == exists).count(), 31, "{responses:?}");
}

#[tokio::test]
async fn the_code_from_the_phone_must_match_when_it_is_sent() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("code").await;
    let phone = "13700000002";
    let (captcha, shown) = platform.captcha().await;
    platform.verifycode(&captcha, &shown, phone).await;
    let code = platform.address.code(phone).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let mut resume = with("phone", json!(phone));
    resume["verify_code"] = wrong.into();
    let rejected = rejection(400, "短信验证码不正确或已失效");
    for _ in 0..5 {
        assert_eq!(worker.send_json(Method::POST, &resume).await, rejected);
    }
    // A code allows five attempts.
    resume["verify_code"] = code.into();
    assert_eq!(worker.send_json(Method::POST, &resume).await, rejected);
    assert_eq!(worker.get("/employee").await, ok(Value::Null));
}

#[tokio::test]
async fn an_installation_can_require_the_code_and_valid_checksums() {
    let stage = Stage::open_with(&[("REQUIRE_SMS", "true"), ("STRICT_CHECKSUMS", "true")]).await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("strict").await;
    assert_eq!(worker.send_json(Method::POST, &resume()).await, rejection(400, "身份证号校验位不正确"));
    // The example of GB 11643.
    let right = with("id_number", json!("11010519491231002X"));
    assert_eq!(worker.send_json(Method::POST, &right).await, rejection(400, "请填写短信验证码"));
}

#[tokio::test]
async fn a_wrong_content_type_is_ignored() {
    let platform = Platform::create(world()).await;
    for (number, location) in ["104-1e-200", "x", "", "-", "200-100", "104.06", &"1".repeat(500)].into_iter().enumerate() {
        let worker = platform.worker(&format!("place{number}")).await;
        let request = worker.request(Method::POST, "/employee").header("x-location", location).header("x-city", "%FF%FE");
        let request = request.header("content-type", "application/json").body(resume().to_string());
        assert_eq!(crate::support::fetch(request).await, ok(Value::Null), "{location}");
        let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
        let shown = platform.command("show_application", json!({"em_id": em_id})).await;
        assert_eq!(shown["location"], Value::Null, "{location}");
    }
}
