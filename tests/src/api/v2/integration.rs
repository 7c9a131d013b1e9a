//! Company tokens and visits (document 003, 更新公司令牌, 提醒员工接见访客).

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::product::{EMPLOYEE, MOBILE, Product, Signed, body, employee, items, opened, rejection, returned};

#[tokio::test]
async fn a_visitor_token_is_sealed_and_the_company_is_returned() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let path = format!("/api/v2/company_tokens/{}", product.company);
    let company = json!({"uuid": product.company, "name": "彩程", "full_name": "成都彩程软件设计有限公司", "logo": ""});
    for token in ["visitor-token-1", "visitor-token-2"] {
        let payload = product.with_token(json!({"zhiren_visitor_token": token}));
        assert_eq!(product.patch(&path, payload).await, body(company.clone()), "{token}");
        let items = stage.items("hris").await;
        assert!(!json!(items).to_string().contains("visitor-token"), "it is stored in the clear");
        let kept = items.iter().filter(|item| item["sk"]["S"] == "visitor_token");
        let kept: Vec<&Value> = kept.map(|item| &item["sealed"]["S"]).collect();
        assert!(kept.len() == 1 && kept[0].as_str().is_some_and(|sealed| sealed.len() > token.len()), "{kept:?}");
    }
}

#[tokio::test]
async fn a_visitor_token_requires_the_companys_own_token() {
    let (product, other) = (Product::with_records().await, Product::join().await);
    let path = format!("/api/v2/company_tokens/{}", product.company);
    let faults = [
        (json!({"zhiren_visitor_token": "v"}), rejection(422, 2002, "token is required")),
        (json!({"zhiren_visitor_token": "v", "token": "x"}), rejection(401, 1104, "token is not that of the company")),
        (json!({"zhiren_visitor_token": "v", "token": other.token}), rejection(401, 1104, "token is not that of the company")),
        (product.with_token(json!({})), rejection(422, 2002, "zhiren_visitor_token is required")),
        (
            product.with_token(json!({"zhiren_visitor_token": "v".repeat(2049)})),
            rejection(422, 2002, "zhiren_visitor_token must be 1 to 2048 characters"),
        ),
    ];
    for (payload, response) in faults {
        assert_eq!(product.patch(&path, payload.clone()).await, response, "{payload}");
    }
    let payload = product.with_token(json!({"zhiren_visitor_token": "v"}));
    for foreign in [other.company.as_str(), "x", EMPLOYEE] {
        let response = product.patch(&format!("/api/v2/company_tokens/{foreign}"), payload.clone()).await;
        assert_eq!(response, rejection(404, 1102, "guid does not exist"), "{foreign}");
    }
}

fn notify(employee: &str) -> String {
    format!("/api/v2/employees/{employee}/notify")
}

fn visit(product: &Product) -> Value {
    product.with_token(json!({"name": "曹操", "time": "2017-02-03 15:00"}))
}

#[tokio::test]
async fn an_announced_visit_is_stored_and_sent_once_however_often_the_call_is_replayed() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let call = Signed::new(&product, Method::POST, &notify(EMPLOYEE), &visit(&product));
    let message = "【工桥】访客 曹操 将于 2017-02-03 15:00 到访，请您接见。";
    for seconds in [0, 0, 14, 1, 60, 200] {
        stage.clock.advance(SignedDuration::from_secs(seconds));
        assert_eq!(call.send().await, body(returned(&employee())));
        assert_eq!(stage.address.messages(MOBILE).await, [message]);
    }
    let visits = items(&stage, "#visit").await;
    assert_eq!(visits.len(), 1, "{visits:?}");
    assert_eq!(visits[0]["employee_uuid"], json!({"S": EMPLOYEE}));
    let visitor = json!({"visitor": {"S": "曹操"}, "visit_time": {"S": "2017-02-03 15:00"}});
    assert_eq!(opened(&stage, &visits[0]).await, visitor);
    // A signature of another second is another visit.
    assert_eq!(product.post(&notify(EMPLOYEE), visit(&product)).await, body(returned(&employee())));
    assert_eq!(stage.address.messages(MOBILE).await, [message, message]);
    assert_eq!(items(&stage, "#visit").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_concurrent_replays_of_a_call_send_one_message() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let call = Signed::new(&product, Method::POST, &notify(EMPLOYEE), &visit(&product));
    for response in join_all((0..32).map(|_| call.send())).await {
        assert_eq!(response, body(returned(&employee())));
    }
    assert_eq!(stage.address.messages(MOBILE).await.len(), 1);
    assert_eq!(items(&stage, "#visit").await.len(), 1);
}

#[tokio::test]
async fn a_visit_to_an_unknown_employee_or_without_name_and_time_is_rejected() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let cases = [
        (EMPLOYEE, json!({"name": "曹操", "time": "15:00"}), rejection(422, 2002, "token is required")),
        (
            EMPLOYEE,
            json!({"name": "曹操", "time": "15:00", "token": "x"}),
            rejection(401, 1104, "token is not that of the company"),
        ),
        (EMPLOYEE, product.with_token(json!({})), rejection(422, 2002, "name is required; time is required")),
        (
            EMPLOYEE,
            product.with_token(json!({"name": "曹".repeat(65), "time": ""})),
            rejection(422, 2002, "name is too long; time must not be empty"),
        ),
        ("00000000000000000000000000000000", visit(&product), rejection(404, 1102, "uuid does not exist")),
    ];
    for (employee, payload, response) in cases {
        assert_eq!(product.post(&notify(employee), payload.clone()).await, response, "{payload}");
    }
    assert_eq!(stage.address.messages(MOBILE).await, Vec::<String>::new());
    assert_eq!(items(&stage, "#visit").await, Vec::<Value>::new());
}
