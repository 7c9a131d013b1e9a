//! Which of several faults of a call is reported (document 003, 错误码; the design settles the order).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Response;
use crate::support::product::{EMPLOYEE, Product, body, employee, rejection, returned};

/// The faults of a call, in the order in which they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Defect {
    NoKey,
    NoSignature,
    NoTonce,
    UnknownKey,
    Untimely,
    WrongSignature,
    NoJson,
    WrongToken,
    NoName,
}

impl Defect {
    const ALL: [Self; 9] = [
        Self::NoKey,
        Self::NoSignature,
        Self::NoTonce,
        Self::UnknownKey,
        Self::Untimely,
        Self::WrongSignature,
        Self::NoJson,
        Self::WrongToken,
        Self::NoName,
    ];

    fn rejection(self) -> Response {
        match self {
            Self::NoKey => rejection(401, 1001, "access_key is missing"),
            Self::NoSignature => rejection(401, 1002, "signature is missing"),
            Self::NoTonce => rejection(401, 1003, "tonce is missing"),
            Self::UnknownKey => rejection(401, 1105, "access_key is invalid"),
            Self::Untimely => rejection(401, 1103, "tonce must be Unix seconds within 300 of the server's time"),
            Self::WrongSignature => rejection(401, 1101, "signature is invalid"),
            Self::NoJson => rejection(400, 2004, "payload is not valid JSON: EOF while parsing an object at line 1 column 1"),
            Self::WrongToken => rejection(401, 1104, "token is not that of the company"),
            Self::NoName => rejection(422, 2002, "name is required"),
        }
    }
}

/// Announces a visitor with a call that has these faults.
async fn announce(product: &Product, defects: &[Defect]) -> Response {
    let has = |defect| defects.contains(&defect);
    let path = format!("/api/v2/employees/{EMPLOYEE}/notify");
    let access_key = if has(Defect::UnknownKey) { "ak1" } else { &product.access_key };
    let tonce = if has(Defect::Untimely) { "1500000000".to_owned() } else { product.tonce() };
    let mut payload = json!({"token": product.token, "name": "访客", "time": "明天上午"});
    if has(Defect::WrongToken) {
        payload["token"] = "another".into();
    }
    if has(Defect::NoName) {
        payload["name"] = Value::Null;
    }
    let payload = if has(Defect::NoJson) { "{".to_owned() } else { payload.to_string() };
    let signed = if has(Defect::WrongSignature) { "" } else { &payload };
    let signature = product.sign("POST", &path, &tonce, signed);
    let fields = [
        (Defect::NoKey, "access_key", access_key),
        (Defect::NoSignature, "signature", &signature),
        (Defect::NoTonce, "tonce", &tonce),
    ];
    let sent: Vec<_> = fields.iter().filter(|(gone, ..)| !has(*gone)).map(|(_, name, value)| (*name, *value)).collect();
    product.send(Method::POST, &path, &sent, Some(payload)).await
}

#[tokio::test]
async fn of_several_faults_the_first_in_order_is_reported() {
    let product = Product::with_records().await;
    for first in Defect::ALL {
        assert_eq!(announce(&product, &[first]).await, first.rejection(), "{first:?}");
        for second in Defect::ALL.into_iter().filter(|second| *second > first) {
            assert_eq!(announce(&product, &[first, second]).await, first.rejection(), "{first:?} and {second:?}");
        }
    }
    assert_eq!(announce(&product, &Defect::ALL).await, Defect::NoKey.rejection());
    assert_eq!(announce(&product, &[]).await, body(returned(&employee())));
}
