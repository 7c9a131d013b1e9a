//! Moka: a company binds itself with a code, then Moka pushes candidates (document 003, 更新日志). The authors of the document published
//! the payload of a push; it is the example here.

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::product::{Product, Signed, body, employee, items, moka_candidate, rejection};
use crate::support::{Response, Stage};

const CANDIDATES: &str = "/api/v2/moka_candidates";
const UNBINDS: &str = "/api/v2/moka_unbinds";

fn moka_done() -> Response {
    body(json!({"error_code": 0, "error_message": "ok"}))
}

async fn bind_code(product: &Product) -> String {
    let response = product.command(json!({"command": "create_bind_code", "company_uuid": product.company})).await;
    response["bind_code"].as_str().expect("a code").to_owned()
}

/// A company that is bound to Moka.
async fn bound(stage: &Stage) -> Product {
    let product = Product::join_stage(stage).await;
    product.imports("employees", &[employee()]).await;
    let bind = format!("/api/v2/moka_binds/{}", bind_code(&product).await);
    assert_eq!(product.patch(&bind, Value::Null).await, moka_done());
    product
}

/// The published example, with every optional field.
fn whole_candidate() -> Value {
    let mut whole = moka_candidate();
    let optional = json!({
        "gender": "男", "birthYear": 1990, "source": "拉勾网", "academicDegree": "本科", "married": "未婚",
        "educationInfo": [{
            "startDate": "2007-09", "endDate": "2011-09", "school": "北京大学", "speciality": "数学与应用数学",
            "academicDegree": "理学学士",
        }],
        "experienceInfo": [{"startDate": "2012-05", "endDate": "2014-05", "company": "腾讯广研", "title": "前端工程师"}],
        "resumeUrl": "http://url.com/file", "interviewFeedbackUrl": "http://url.com/file", "offerAttachmentUrls": "",
        "offerInfo": "",
    });
    whole.as_object_mut().expect("fields").extend(optional.as_object().expect("fields").clone());
    whole
}

/// The candidates of the company, as its app reads them, without their uuids.
async fn read(product: &Product) -> Vec<Value> {
    let token = product.access_token().await;
    let response = product.read(&token, "/api/v2/recruitments/candidates", json!({})).await;
    assert_eq!(response.status, 200, "{response:?}");
    let mut candidates = response.body.as_array().expect("an array").clone();
    for candidate in &mut candidates {
        let uuid = candidate.as_object_mut().expect("fields").remove("uuid");
        assert_eq!(uuid.and_then(|uuid| uuid.as_str().map(str::len)), Some(32));
    }
    candidates
}

/// What a candidate of these fields looks like to an app. The fields that other candidates do not have keep Moka's names.
fn shown(pushed: &Value) -> Value {
    let text = |name: &str| pushed.get(name).cloned().unwrap_or_else(|| "".into());
    let mut moka = pushed.clone();
    let fields = moka.as_object_mut().expect("fields");
    for elsewhere in ["name", "phone", "email", "gender", "source", "academicDegree", "married"] {
        fields.remove(elsewhere);
    }
    fields.retain(|_, value| *value != json!(""));
    let sex = match pushed["gender"].as_str() {
        Some("男") => "male",
        Some("女") => "female",
        _ => "",
    };
    json!({
        "name": pushed["name"], "email": pushed["email"], "mobile": pushed["phone"], "sex": sex, "marriage": text("married"),
        "birthday": null, "degree": text("academicDegree"), "status": "", "source_name": text("source"), "source_id": null,
        "moka": moka,
    })
}

#[tokio::test]
async fn the_published_candidate_is_stored_with_every_field_and_shown_to_apps() {
    let stage = Stage::open().await;
    let product = bound(&stage).await;
    let (mut woman, mut plain) = (whole_candidate(), moka_candidate());
    let more = [
        ("id", json!("second")),
        ("phone", json!("+1 415 555 0100")),
        ("gender", json!("女")),
        ("married", json!("离异")),
        ("offerAttachmentUrls", json!(["https://a/1.pdf"])),
        ("offerInfo", json!({"salary": 12000.50})),
    ];
    for (name, value) in more {
        woman[name] = value;
    }
    plain["id"] = "third".into();
    let pushes = [whole_candidate(), woman, plain];
    for push in &pushes {
        assert_eq!(product.post(CANDIDATES, push.clone()).await, moka_done(), "{push}");
    }
    let (mut found, mut expected) = (read(&product).await, pushes.iter().map(shown).collect::<Vec<_>>());
    found.sort_by_key(|candidate| candidate["moka"]["id"].to_string());
    expected.sort_by_key(|candidate| candidate["moka"]["id"].to_string());
    assert_eq!(found, expected);
}

#[tokio::test]
async fn empty_and_null_optional_fields_count_as_absent() {
    let stage = Stage::open().await;
    let product = bound(&stage).await;
    let optional = [
        "gender",
        "birthYear",
        "source",
        "academicDegree",
        "married",
        "educationInfo",
        "experienceInfo",
        "resumeUrl",
        "interviewFeedbackUrl",
        "offerAttachmentUrls",
        "offerInfo",
    ];
    for absent in [json!(""), Value::Null] {
        let mut push = moka_candidate();
        for name in optional {
            push[name] = absent.clone();
        }
        assert_eq!(product.post(CANDIDATES, push).await, moka_done(), "{absent}");
        assert_eq!(read(&product).await, [shown(&moka_candidate())], "{absent}");
    }
}

#[tokio::test]
async fn null_in_the_lists_of_a_candidate_does_not_count() {
    let stage = Stage::open().await;
    let product = bound(&stage).await;
    let school = json!({"school": "北京大学", "endDate": null});
    let (mut push, mut kept) = (moka_candidate(), moka_candidate());
    (push["educationInfo"], push["experienceInfo"]) = (json!([null, school, null]), json!([null]));
    (kept["educationInfo"], kept["experienceInfo"]) = (json!([school]), json!([]));
    assert_eq!(product.post(CANDIDATES, push).await, moka_done());
    assert_eq!(read(&product).await, [shown(&kept)]);
    for wrong in [json!([null, "x"]), json!([[null]]), json!("x")] {
        let mut push = moka_candidate();
        push["experienceInfo"] = wrong;
        let rejected = rejection(422, 2002, "experienceInfo must be an array of objects");
        assert_eq!(product.post(CANDIDATES, push).await, rejected);
    }
}

#[tokio::test]
async fn a_candidate_is_identified_by_mokas_id() {
    let stage = Stage::open().await;
    let (product, other) = (bound(&stage).await, bound(&stage).await);
    let mut changed = moka_candidate();
    changed["jobTitle"] = "架构师".into();
    for push in [moka_candidate(), changed.clone()] {
        assert_eq!(product.post(CANDIDATES, push.clone()).await, moka_done());
        assert_eq!(read(&product).await, [shown(&push)]);
    }
    let mut namesake = changed.clone();
    namesake["id"] = "another id".into();
    assert_eq!(product.post(CANDIDATES, namesake.clone()).await, moka_done());
    assert_eq!(read(&product).await.len(), 2);
    assert_eq!(other.post(CANDIDATES, changed.clone()).await, moka_done());
    assert_eq!(read(&other).await, [shown(&changed)], "ids of two companies do not meet");
}

#[tokio::test]
async fn a_repeated_push_does_not_undo_a_later_one() {
    let stage = Stage::open().await;
    let product = bound(&stage).await;
    let mut changed = moka_candidate();
    changed["source"] = "内推".into();
    let [first, second] = [&moka_candidate(), &changed].map(|push| Signed::new(&product, Method::POST, CANDIDATES, push));
    for call in [&first, &second, &first, &second, &first] {
        assert_eq!(call.send().await, moka_done());
    }
    assert_eq!(read(&product).await, [shown(&changed)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_pushes_of_an_id_store_one_whole_candidate() {
    let stage = Stage::open().await;
    let product = bound(&stage).await;
    let push = |number: usize| {
        let mut push = moka_candidate();
        (push["name"], push["jobTitle"]) = (format!("张{number}").into(), format!("职位{number}").into());
        push
    };
    let pushes: Vec<Value> = (0..12).map(push).collect();
    for response in join_all(pushes.iter().map(|push| product.post(CANDIDATES, push.clone()))).await {
        assert_eq!(response, moka_done());
    }
    let [found] = &read(&product).await[..] else { panic!("more than one candidate") };
    assert!(pushes.iter().any(|push| shown(push) == *found), "{found}");
    assert_eq!(items(&stage, "#candidate").await[0]["version"], json!({"N": "12"}), "each push was applied once");
}

#[tokio::test]
async fn candidates_can_be_pushed_while_the_company_is_bound() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let unbound = rejection(403, 3001, "the company is not bound to Moka");
    assert_eq!(product.post(CANDIDATES, moka_candidate()).await, unbound);
    let bind = format!("/api/v2/moka_binds/{}", bind_code(&product).await);
    assert_eq!(product.get(&bind, Value::Null).await, moka_done());
    assert_eq!(product.post(CANDIDATES, moka_candidate()).await, unbound, "requesting a code does not bind the company");
    for _ in 0..2 {
        assert_eq!(product.patch(&bind, Value::Null).await, moka_done());
    }
    let call = Signed::new(&product, Method::POST, CANDIDATES, &whole_candidate());
    for _ in 0..3 {
        assert_eq!(call.send().await, moka_done());
    }
    let stored = items(&stage, "#candidate").await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_eq!((&stored[0]["name"], &stored[0]["degree"]), (&json!({"S": "张三"}), &json!({"S": "本科"})));
    for response in join_all((0..8).map(|_| call.send())).await {
        assert_eq!(response, moka_done());
    }
    assert_eq!(items(&stage, "#candidate").await.len(), 1);
    for _ in 0..2 {
        assert_eq!(product.post(UNBINDS, Value::Null).await, moka_done());
    }
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(product.post(CANDIDATES, whole_candidate()).await, unbound);
    assert_eq!(call.send().await, moka_done(), "a replay returns the first response");
    assert_eq!(items(&stage, "#candidate").await.len(), 1);
}

#[tokio::test]
async fn a_pushed_candidate_needs_the_required_fields_and_valid_ones() {
    let stage = Stage::open().await;
    let product = bound(&stage).await;
    let with = |name: &str, value: Value| {
        let mut push = moka_candidate();
        push[name] = value;
        push
    };
    for name in ["id", "name", "phone", "email", "jobTitle", "operator"] {
        let response = product.post(CANDIDATES, with(name, Value::Null)).await;
        assert_eq!(response, rejection(422, 2002, &format!("{name} is required")));
    }
    for name in ["name", "email", "phone"] {
        let mut push = moka_candidate();
        push["operator"][name] = Value::Null;
        assert_eq!(product.post(CANDIDATES, push).await, rejection(422, 2002, &format!("operator.{name} is required")));
    }
    let url = "must be an http or https URL of at most 2048 characters";
    let cases = [
        (with("gender", json!("male")), "gender must be one of: 男 女".to_owned()),
        (with("married", json!("已")), "married must be one of: 已婚 未婚 离异".to_owned()),
        (with("phone", json!("无")), "phone must be a phone number".to_owned()),
        (with("birthYear", json!("九零")), "birthYear must be a whole number from 1800 to 9999".to_owned()),
        (with("educationInfo", json!("北京大学")), "educationInfo must be an array of objects".to_owned()),
        (with("experienceInfo", json!([1])), "experienceInfo must be an array of objects".to_owned()),
        (with("resumeUrl", json!("javascript:alert(1)")), format!("resumeUrl {url}")),
        (with("interviewFeedbackUrl", json!("file")), format!("interviewFeedbackUrl {url}")),
        (with("offerInfo", json!("x".repeat(65 * 1024))), "offerInfo is longer than 64 KiB".to_owned()),
    ];
    for (push, text) in cases {
        assert_eq!(product.post(CANDIDATES, push).await, rejection(422, 2002, &text));
    }
    assert_eq!(items(&stage, "#candidate").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_bind_code_expires_after_seven_days() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let path = format!("/api/v2/moka_binds/{}", bind_code(&product).await);
    stage.clock.advance(SignedDuration::from_secs(7 * 24 * 3600 - 1));
    assert_eq!(product.get(&path, Value::Null).await, moka_done());
    stage.clock.advance(SignedDuration::from_secs(1));
    let expired = rejection(403, 3002, "bind_code has expired");
    assert_eq!(product.get(&path, Value::Null).await, expired);
    assert_eq!(product.patch(&path, Value::Null).await, expired);
    let unbound = rejection(403, 3001, "the company is not bound to Moka");
    assert_eq!(product.post(CANDIDATES, moka_candidate()).await, unbound);
}

#[tokio::test]
async fn another_companys_bind_code_does_not_exist() {
    let (product, other) = (Product::join().await, Product::join().await);
    let missing = rejection(404, 1102, "bind_code does not exist");
    for code in [bind_code(&other).await, "unknown".to_owned()] {
        let path = format!("/api/v2/moka_binds/{code}");
        assert_eq!(product.get(&path, Value::Null).await, missing);
        assert_eq!(product.patch(&path, Value::Null).await, missing);
    }
}
