//! The samples with which the document shows how to sign (document 003, signature 的算法).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::product::{EMPLOYEE, EMPNO, Product, body, employee, rejection, returned};

/// The document's JavaScript sample: `utf8.encode` turns the bytes into characters, and `update` encodes these once more.
#[tokio::test]
async fn chinese_text_may_be_encoded_twice_as_in_the_documents_sample() {
    let product = Product::with_records().await;
    let twice = |text: &str| text.bytes().map(char::from).collect::<String>();
    let found = body(json!([returned(&employee())]));
    let sent = async |method: Method, path: &str, payload: &Value, signed: &str| {
        let (tonce, payload) = (product.tonce(), payload.to_string());
        let signature = product.sign(method.as_str(), path, &tonce, signed);
        let query = [("access_key", product.access_key.as_str()), ("tonce", &tonce), ("signature", &signature)];
        if method == Method::GET {
            product.send(method, path, &[&query[..], &[("payload", &payload)]].concat(), None).await
        } else {
            product.send(method, path, &query, Some(payload)).await
        }
    };
    for name in ["一般职员", "一般", "职"] {
        let payload = product.with_token(json!({"name": name}));
        for signed in [payload.to_string(), twice(&payload.to_string())] {
            assert_eq!(sent(Method::GET, "/api/v2/employees", &payload, &signed).await, found, "{name}");
        }
        let thrice = twice(&twice(&payload.to_string()));
        assert_eq!(
            sent(Method::GET, "/api/v2/employees", &payload, &thrice).await,
            rejection(401, 1101, "signature is invalid")
        );
        let other = product.with_token(json!({"name": "曹操"})).to_string();
        assert_eq!(
            sent(Method::GET, "/api/v2/employees", &payload, &twice(&other)).await,
            rejection(401, 1101, "signature is invalid")
        );
    }
    let salary = json!({"empno": EMPNO, "subject_name": "绩效工资", "month": "2017-09", "value": 1});
    let stored = sent(Method::POST, "/api/v2/salary/subject_values", &salary, &twice(&salary.to_string())).await;
    assert_eq!(stored, body(json!({"code": 0, "text": "ok"})));
    let visit = product.with_token(json!({"name": "曹操", "time": "下午三点"}));
    let path = format!("/api/v2/employees/{EMPLOYEE}/notify");
    assert_eq!(sent(Method::POST, &path, &visit, &twice(&visit.to_string())).await, body(returned(&employee())));
}
