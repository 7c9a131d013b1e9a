//! Which of several defects of a call is told (document 003, 错误码; the order is settled in the design).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Answer;
use crate::support::product::{EMPLOYEE, Product, answered, body, employee, refusal};

/// What may be wrong with a call, in the order in which it is told.
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

    fn refusal(self) -> Answer {
        match self {
            Self::NoKey => refusal(401, 1001, "access_key is missing"),
            Self::NoSignature => refusal(401, 1002, "signature is missing"),
            Self::NoTonce => refusal(401, 1003, "tonce is missing"),
            Self::UnknownKey => refusal(401, 1105, "access_key is invalid"),
            Self::Untimely => refusal(401, 1103, "tonce must be Unix seconds within 300 of the server's time"),
            Self::WrongSignature => refusal(401, 1101, "signature is invalid"),
            Self::NoJson => refusal(400, 2004, "payload is not valid JSON: EOF while parsing an object at line 1 column 1"),
            Self::WrongToken => refusal(401, 1104, "token is not that of the company"),
            Self::NoName => refusal(422, 2002, "name is required"),
        }
    }
}

/// Announces a visitor with a call that has these defects.
async fn announce(product: &Product, defects: &[Defect]) -> Answer {
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
async fn of_several_defects_the_first_in_order_is_told() {
    let product = Product::furnished().await;
    for first in Defect::ALL {
        assert_eq!(announce(&product, &[first]).await, first.refusal(), "{first:?}");
        for second in Defect::ALL.into_iter().filter(|second| *second > first) {
            assert_eq!(announce(&product, &[first, second]).await, first.refusal(), "{first:?} and {second:?}");
        }
    }
    assert_eq!(announce(&product, &Defect::ALL).await, Defect::NoKey.refusal());
    assert_eq!(announce(&product, &[]).await, body(answered(&employee())));
}
