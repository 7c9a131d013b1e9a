//! What a read of the HR API returns can be imported: every field is accepted under the name of the response, and nothing changes.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::consent::access_token;
use crate::support::product::{
    APPROVAL, CANDIDATE, DAY, DEPARTMENT, EMPLOYEE, EMPNO, MOBILE, Product, SUB_COMPANY, body, employee, without_import_id,
};

/// What a response says: a member that is null says nothing.
fn stated(response: &Value) -> Value {
    let mut row = response.clone();
    row.as_object_mut().expect("a record").retain(|_, value| !value.is_null());
    row
}

/// A company with records of every kind, all of whose fields have values, and a way to read them.
struct Records {
    product: Product,
    token: String,
}

impl Records {
    async fn of(stage: &Stage) -> Self {
        let product = Product::join_stage(stage).await;
        product.add_records().await;
        product
            .imports(
                "departments",
                &[json!({"uuid": DEPARTMENT, "name": "管理组", "superior_uuid": DEPARTMENT, "charger_uuid": EMPLOYEE})],
            )
            .await;
        let mut whole = employee();
        for (field, value) in [
            ("phone_number", "010-12345678"),
            ("bank_name", "招商银行"),
            ("bank_card", "6222020000000000000"),
            ("photo", "https://a.example/p.jpg"),
            ("probation_end_date", "2012-12-29"),
            ("avatar", "https://a.example/a.jpg"),
            ("leave_date", "2030-01-31"),
            ("category", "fulltime"),
            ("job_grade", "P7"),
            ("dingtalk_id", "ding-1"),
            ("wework_id", "wework-1"),
            ("leader_uuid", EMPLOYEE),
            ("virtual_leader_uuid", EMPLOYEE),
        ] {
            whole[field] = value.into();
        }
        product.imports("employees", &[whole]).await;
        let vacancy = json!({
            "uuid": "1", "job_title_name": "后端工程师", "department_uuid": DEPARTMENT, "department_name": "研发", "status": "open",
            "head_count": "3", "job_title_uuid": "t1", "description": "写代码",
        });
        product.imports("vacancies", &[vacancy]).await;
        let candidate = json!({
            "uuid": CANDIDATE, "name": "候选人", "email": "c@example.com", "mobile": "13800000001", "sex": "female",
            "marriage": "single", "birthday": "1990-01-02", "degree": "本科", "status": "hired", "source_name": "内部推荐",
            "source_id": "1",
        });
        product.imports("candidates", &[candidate]).await;
        let token = access_token(&product, MOBILE).await;
        Self { product, token }
    }

    /// Every kind of the imports: a record as it is read, and the members of the row that the path of the read has instead.
    async fn read(&self) -> Vec<(&'static str, Value, Value)> {
        let Self { product, token } = self;
        let get = async |path: &str, payload: Value| {
            let response = product.get(&format!("/api/v2/{path}"), product.with_token(payload)).await;
            assert_eq!(response.status, 200, "{path}: {response:?}");
            if response.body.is_array() { response.body[0].clone() } else { response.body }
        };
        let recruited = async |path: &str| product.read(token, &format!("/api/v2/recruitments/{path}"), json!({})).await.body;
        let shifts = json!({"start_date": DAY, "end_date": DAY, "empnoes": [EMPNO]});
        let leaves = json!({"start_date": DAY, "end_date": DAY, "category": "leave"});
        vec![
            ("sub_companies", get(&format!("sub_companies/{SUB_COMPANY}"), json!({})).await, json!({})),
            ("sub_companies", get("sub_companies", json!({})).await, json!({})),
            ("departments", get(&format!("departments/{DEPARTMENT}"), json!({})).await, json!({})),
            ("employees", get(&format!("employees/{EMPNO}"), json!({})).await, json!({"administrator": true})),
            ("employees", get("employees", json!({})).await, json!({"administrator": true})),
            ("arrangements", get("arrangement_employees", shifts).await, json!({})),
            ("timelines", get(&format!("employees/{EMPLOYEE}/timelines"), leaves).await, json!({"employee_uuid": EMPLOYEE})),
            ("approvals", get(&format!("approvals/{APPROVAL}"), json!({})).await, json!({})),
            ("sources", recruited("source/1").await, json!({})),
            ("vacancies", recruited("vacancy/1").await, json!({})),
            ("candidates", recruited(&format!("candidate/{CANDIDATE}")).await, json!({})),
        ]
    }
}

#[tokio::test]
async fn a_record_of_the_hr_api_is_imported_under_the_names_of_the_response() {
    let stage = Stage::open().await;
    let records = Records::of(&stage).await;
    let before = records.read().await;
    let copy = Product::join_stage(&stage).await;
    for (kind, record, more) in &before {
        let mut row = stated(record);
        assert_eq!(row, *record, "{kind}: every field has a value");
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let unchanged = json!({"results": [{"line": 1, "status": "unchanged"}], "next": null});
        assert_eq!(records.product.import(kind, &[row.clone()]).await, unchanged, "{kind}");
        if *kind == "sub_companies" {
            let other = json!({"line": 1, "status": "refused", "errors": [{"field": "company_uuid", "reason": "is not the company of the import"}]});
            assert_eq!(copy.import(kind, &[row.clone()]).await, json!({"results": [other], "next": null}));
            row["company_uuid"] = copy.company.clone().into();
        }
        copy.imports(kind, &[row]).await;
    }
    assert_eq!(records.read().await, before);
    // Every field is taken: the records of the other company are the same.
    // A phone is sent one code a minute.
    stage.clock.advance(SignedDuration::from_secs(90));
    let copied = Records { token: access_token(&copy, MOBILE).await, product: copy.clone() };
    for ((kind, record, _), (_, mut copied, _)) in before.into_iter().zip(copied.read().await) {
        if kind == "sub_companies" {
            assert_eq!(copied["company_uuid"], copy.company);
            copied["company_uuid"] = record["company_uuid"].clone();
        }
        assert_eq!(copied, record, "{kind}");
    }
    // The company itself, as 更新公司令牌 returns it.
    let product = &records.product;
    let token = product.with_token(json!({"zhiren_visitor_token": "t"}));
    let company = product.patch(&format!("/api/v2/company_tokens/{}", product.company), token).await.body;
    let rows = json!({"command": "import_hris", "kind": "companies", "rows": stated(&company).to_string()});
    assert_eq!(
        without_import_id(product.command(rows).await),
        json!({"results": [{"line": 1, "status": "unchanged"}], "next": null})
    );
}

/// Records without some fields: the response shows what follows from others, or leaves something out.
#[tokio::test]
async fn an_import_of_a_response_keeps_what_the_response_derives_or_leaves_out() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let mut row = employee();
    row.as_object_mut().unwrap().remove("phone_number");
    row["virtual_leader_uuid"] = EMPLOYEE.into();
    product.imports("employees", &[row.clone()]).await;
    let token = access_token(&product, MOBILE).await;
    let unchanged = json!({"results": [{"line": 1, "status": "unchanged"}], "next": null});
    let path = format!("/api/v2/employees/{EMPNO}");
    let read = product.get(&path, product.with_token(json!({}))).await;
    assert_eq!(read.body["phone_number"], MOBILE);
    assert_eq!(product.import("employees", &[stated(&read.body)]).await, unchanged);
    let below = format!("/api/v2/sub_companies/{SUB_COMPANY}/employees");
    assert_eq!(product.get(&below, Value::Null).await, body(json!([read.body])));
    // The phone still follows the mobile, and who changes the sub-company leaves the old one.
    let mut moved = stated(&read.body);
    moved.as_object_mut().unwrap().remove("phone_number");
    (moved["mobile"], moved["sub_company"]) = ("13900000001".into(), "彩程上海分公司".into());
    product.imports("employees", &[moved]).await;
    assert_eq!(product.get(&path, product.with_token(json!({}))).await.body["phone_number"], "13900000001");
    assert_eq!(product.get(&below, Value::Null).await, body(json!([])));

    // The name of the department of a vacancy is the department's, and stays so.
    let vacancy = async || product.read(&token, "/api/v2/recruitments/vacancy/1", json!({})).await.body;
    let shown = vacancy().await;
    assert_eq!(shown["department_name"], "管理组");
    assert_eq!(product.import("vacancies", &[stated(&shown)]).await, unchanged);
    product.imports("departments", &[json!({"name": "运营组", "uuid": DEPARTMENT})]).await;
    assert_eq!(vacancy().await["department_name"], "运营组");
}

#[tokio::test]
async fn a_candidate_of_moka_is_imported_with_what_moka_pushed() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.imports("employees", &[employee()]).await;
    let token = access_token(&product, MOBILE).await;
    let code = product.command(json!({"command": "create_bind_code", "company_uuid": product.company})).await;
    let bind = format!("/api/v2/moka_binds/{}", code["bind_code"].as_str().unwrap());
    assert_eq!(product.patch(&bind, Value::Null).await.status, 200);
    for (count, phone) in ["13203030303", "132 0303 0303", "010-12345678"].into_iter().enumerate() {
        let pushed = json!({
            "id": format!("6XYf-{count}"), "name": "张三", "phone": phone, "email": "a@b.com", "jobTitle": "前端工程师",
            "operator": {"name": "李四", "email": "lisi@a.com", "phone": "15828748567"}, "gender": "男", "birthYear": 1990,
            "source": "拉勾", "academicDegree": "本科", "married": "未婚", "educationInfo": [{"school": "第一中学"}],
            "experienceInfo": [{"company": "甲公司"}], "resumeUrl": "https://a.example/r.pdf",
            "interviewFeedbackUrl": "https://a.example/f.pdf", "offerAttachmentUrls": {"a": ["https://a.example/o.pdf"]},
            "offerInfo": {"salary": 1.50},
        });
        assert_eq!(product.post("/api/v2/moka_candidates", pushed.clone()).await.status, 200);
        let list = product.read(&token, "/api/v2/recruitments/candidates", json!({})).await.body;
        let shown = list.as_array().unwrap().iter().find(|candidate| candidate["moka"]["id"] == pushed["id"]).unwrap().clone();
        let unchanged = json!({"results": [{"line": 1, "status": "unchanged"}], "next": null});
        assert_eq!(product.import("candidates", &[stated(&shown)]).await, unchanged, "{phone}");
        let path = format!("/api/v2/recruitments/candidate/{}", shown["uuid"].as_str().unwrap());
        assert_eq!(product.read(&token, &path, json!({})).await, body(shown.clone()));
        // Every field is taken.
        let copy = Product::join_stage(&stage).await;
        copy.imports("candidates", &[stated(&shown)]).await;
        let copied = copy.read(&copy.access_token().await, &path, json!({})).await;
        assert_eq!(copied, body(shown.clone()));
        // An id that belongs to another candidate would split this one in two at the next push.
        let mut other = stated(&shown);
        other["uuid"] = CANDIDATE.into();
        let refused = json!({"line": 1, "status": "refused", "errors": [{"field": "moka.id", "reason": "is the id of another candidate"}]});
        assert_eq!(product.import("candidates", &[other.clone()]).await, json!({"results": [refused], "next": null}));
        // Without Moka, a candidate has a mobile number as before.
        other.as_object_mut().unwrap().remove("moka");
        let result = product.import("candidates", &[other]).await["results"][0].clone();
        if phone.starts_with('0') {
            assert_eq!(result["errors"], json!([{"field": "mobile", "reason": "must be a mobile number"}]));
        } else {
            assert_ne!(result["status"], "refused", "{result}");
        }
    }
}
