//! Scopes: an app may be registered for a part of the data. The token opens this part, and shows the sensitive fields only with their scope.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::calls::Call;
use crate::support::consent::{App, Browser};
use crate::support::product::{EMPNO, MOBILE, Product, body, employee, moka_candidate, rejection, returned};

const OPEN: [&str; 4] = ["employees", "attendance", "approvals", "recruitment"];

/// The scopes that each read needs (docs/design/hris.md).
const NEEDED: [(&str, &[&str]); 22] = [
    ("sub_companies", &["employees"]),
    ("sub_companies/{sub_company_uuid}", &["employees"]),
    ("sub_companies/{sub_company_uuid}/employees", &["employees"]),
    ("sub_companies/{sub_company_uuid}/employees/{uuid}", &["employees"]),
    ("departments", &["employees"]),
    ("departments/{uuid}", &["employees"]),
    ("departments/{uuid}/employees", &["employees"]),
    ("employees", &["employees"]),
    ("employees/{id}", &["employees"]),
    ("employees/{id}/check_attendance", &["employees", "attendance"]),
    ("employees/{id}/attendance_checkings", &["attendance"]),
    ("employees/{id}/timelines", &["attendance"]),
    ("arrangement_employees", &["attendance"]),
    ("approvals", &["approvals"]),
    ("approvals/{number_series}", &["approvals"]),
    ("recruitments/candidates", &["recruitment"]),
    ("recruitments/candidate/{id}", &["recruitment"]),
    ("recruitments/sources", &["recruitment"]),
    ("recruitments/source/{id}", &["recruitment"]),
    ("recruitments/vacancies", &["recruitment"]),
    ("recruitments/vacancy/{id}", &["recruitment"]),
    ("moka_binds/{bind_code}", &["recruitment"]),
];

/// A token of a new app of these scopes.
async fn token(stage: &Stage, product: &Product, scopes: &[&str]) -> String {
    let app = product.app_of(scopes).await;
    token_of(stage, &app).await
}

async fn token_of(stage: &Stage, app: &App) -> String {
    stage.clock.advance(SignedDuration::from_secs(60));
    let code = Browser::new(app).response_code(MOBILE).await;
    let response = app.token(&app.exchange(&code)).await;
    response.body["access_token"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned()
}

#[tokio::test]
async fn every_read_is_open_to_its_scopes_alone() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let mut tokens = Vec::new();
    for scopes in [&OPEN[..1], &OPEN[1..2], &OPEN[2..3], &OPEN[3..], &OPEN[..2], &OPEN[..]] {
        let scopes = [scopes, &["sensitive"]].concat();
        tokens.push((token(&stage, &product, &scopes).await, scopes));
    }
    let calls = Call::all(&product).await;
    let reads: Vec<&Call> = calls.iter().filter(|call| call.reads() && !call.needs_signature()).collect();
    assert_eq!(reads.len(), NEEDED.len());
    for call in reads {
        let path = call.route.strip_prefix("GET /api/v2/").expect("a read");
        let (_, needed) = NEEDED.iter().find(|(read, _)| *read == path).unwrap_or_else(|| panic!("{path}"));
        for (token, scopes) in &tokens {
            let missing = needed.iter().find(|scope| !scopes.contains(*scope));
            let expected = match missing {
                None => call.expected(&product, &[employee()], false),
                Some(scope) => rejection(403, 3001, &format!("access_token has no scope {scope}")),
            };
            assert_eq!(call.with(&product, &[("access_token", token)]).await, expected, "{path} with {scopes:?}");
        }
    }
    for call in calls.iter().filter(|call| !call.reads()) {
        let expected = rejection(403, 3001, "access_token opens reads only");
        assert_eq!(call.with(&product, &[("access_token", &tokens[5].0)]).await, expected, "{}", call.route);
    }
}

#[tokio::test]
async fn sensitive_fields_are_empty_without_their_scope_and_signed_calls_show_them() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let mut whole = employee();
    (whole["bank_name"], whole["bank_card"]) = ("招商银行".into(), "6222020000000000000".into());
    product.imports("employees", &[whole.clone()]).await;
    let code = product.command(json!({"command": "create_bind_code", "company_uuid": product.company})).await;
    let bind = format!("/api/v2/moka_binds/{}", code["bind_code"].as_str().expect("a code"));
    assert_eq!(product.patch(&bind, Value::Null).await.status, 200);
    let mut pushed = moka_candidate();
    (pushed["married"], pushed["offerInfo"], pushed["resumeUrl"]) =
        ("已婚".into(), json!({"salary": 1}), "https://a.example/r.pdf".into());
    assert_eq!(product.post("/api/v2/moka_candidates", pushed).await.status, 200);

    let mut reduced = returned(&whole);
    for field in ["id_number", "bank_name", "bank_card", "address", "marriage"] {
        assert_ne!(reduced[field], "", "{field}");
        reduced[field] = "".into();
    }
    let (all, less) =
        (token(&stage, &product, &[&OPEN[..], &["sensitive"]].concat()).await, token(&stage, &product, &OPEN).await);
    let paths = [
        (format!("employees/{EMPNO}"), ""),
        ("employees".into(), "/0"),
        (format!("departments/{}/employees", whole["department_uuid"].as_str().expect("a uuid")), "/0"),
        (format!("sub_companies/{}/employees", whole["sub_company_uuid"].as_str().expect("a uuid")), "/0"),
    ];
    for (path, place) in paths {
        let path = format!("/api/v2/{path}");
        let shown = async |token: &str| product.read(token, &path, json!({})).await.body.pointer(place).cloned();
        assert_eq!(shown(&less).await, Some(reduced.clone()), "{path}");
        assert_eq!(shown(&all).await, Some(returned(&whole)), "{path}");
        let signed = product.get(&path, product.with_token(json!({}))).await;
        assert_eq!(signed.body.pointer(place), Some(&returned(&whole)), "{path}");
    }
    let path = format!("/api/v2/employees/{}/check_attendance", whole["uuid"].as_str().expect("a uuid"));
    let attended = product.read(&less, &path, json!({})).await;
    let mut expected = reduced;
    expected["attended"] = false.into();
    assert_eq!(attended, body(expected));

    let candidates = async |token: &str| product.read(token, "/api/v2/recruitments/candidates", json!({})).await.body;
    let (mut whole, reduced) = (candidates(&all).await, candidates(&less).await);
    let moka = whole.as_array_mut().expect("candidates").iter_mut().find(|candidate| candidate["moka"].is_object());
    let moka = moka.expect("the pushed one");
    assert_eq!((&moka["marriage"], &moka["moka"]["offerInfo"]), (&json!("已婚"), &json!({"salary": 1})));
    moka["marriage"] = "".into();
    for field in ["offerInfo", "resumeUrl"] {
        assert!(moka["moka"].as_object_mut().expect("details").remove(field).is_some(), "{field}");
    }
    assert_eq!(reduced, whole);
}

#[tokio::test]
async fn an_app_that_was_stored_without_scopes_opens_everything() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let app = product.app().await;
    let items = stage.items("hris").await;
    let mut item = items.into_iter().find(|item| item["sk"]["S"] == "oauth_app").expect("the app");
    assert!(item.as_object_mut().expect("an item").remove("scopes").is_some());
    stage.database("PutItem", &json!({"TableName": "hris", "Item": item})).await;
    let token = token_of(&stage, &app).await;
    let read = product.read(&token, &format!("/api/v2/employees/{EMPNO}"), json!({})).await;
    assert_eq!(read, body(returned(&employee())));
    assert_eq!(
        product.read(&token, "/api/v2/approvals", json!({"start_date": "2017-07-01", "end_date": "2017-08-01"})).await.status,
        200
    );
}

#[tokio::test]
async fn the_page_names_the_data_of_the_scopes_the_sensitive_fields_the_time_and_the_withdrawal() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let parts =
        ["员工资料、部门与分公司", "考勤：打卡、排班、请假与公出", "审批，包括表单中填写的内容", "招聘：候选人、招聘源与职位"];
    let sensitive = "身份证号、银行卡号与开户行、家庭住址、婚姻状况、候选人的简历与录用条件。";
    for (shown, scope) in OPEN.iter().enumerate() {
        for is_sensitive in [true, false] {
            let mut scopes = vec![*scope];
            scopes.extend(is_sensitive.then_some("sensitive"));
            let page = Browser::new(&product.app_of(&scopes).await).open("").await;
            for (number, part) in parts.iter().enumerate() {
                assert_eq!(page.html.contains(part), number == shown, "{scopes:?}: {part}");
            }
            assert_eq!(page.html.contains(sensitive), is_sensitive);
            assert_eq!(page.html.contains("不包括身份证号、银行卡号等敏感信息。"), !is_sensitive);
            for text in ["授权 90 天内有效。", "要提前撤回，请联系工桥客服停用该应用", "不能修改"]
            {
                assert!(page.html.contains(text), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn an_app_is_registered_for_known_scopes() {
    let product = Product::join().await;
    let mut command = json!({
        "command": "create_oauth_app", "product_id": product.product_id, "company_uuid": product.company, "name": "部分",
        "callback_url": "https://app.example.com/callback",
    });
    let known = "must be one of: employees attendance approvals recruitment sensitive";
    for (scopes, fault) in [
        (json!(["salary"]), format!("scopes[0]: {known}")),
        (json!([]), "scopes: must have another one than sensitive".into()),
        (json!(["sensitive"]), "scopes: must have another one than sensitive".into()),
        (json!("employees"), "scopes: must be an array".into()),
    ] {
        command["scopes"] = scopes;
        crate::ops::admin::fails(&product.address, &command, "Invalid", &fault).await;
    }
}
