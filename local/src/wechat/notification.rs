//! What a user does at WeChat Pay, and what WeChat tells the merchant of it.
//!
//! Beside `out_trade_no` both requests take what tests forge notifications with:
//!
//! ```text
//! "notify": false              pays without telling
//! "deliver": false             {"headers":{..},"body":".."} instead of delivering it
//! "transaction": {..}          members in the place of the transaction's own
//! "event_type": ".."           another event
//! "age_seconds": 301           signed so long ago
//! "serial": "certificate"      signed with the certificate's key
//! "signtest": true             a probe with no true signature
//! ```

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use shared::outbound::wechat::pay::nonce;
use shared::values::LocalTime;

use super::orders::{Order, Refusal, text, unknown};
use super::pay::Pay;

const ASSOCIATED_DATA: &str = "transaction";

/// A notification, ready to be sent.
struct Letter {
    to: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

pub async fn pay(State(pay): State<Pay>, Json(wanted): Json<Value>) -> Response {
    let now = pay.clock.now();
    let paid = match pay.state().orders.pay(&text(&wanted, "out_trade_no"), now) {
        Ok(order) => Ok((order.transaction(), text(&order.announced, "notify_url"))),
        Err(refusal) => Err(refusal),
    };
    match paid {
        Ok(_) if wanted["notify"] == false => Json(json!({"notified_status": 0})).into_response(),
        Ok((transaction, to)) => notify(&pay, transaction, to, &wanted).await,
        Err(refusal) => refused(refusal),
    }
}

pub async fn notify_again(State(pay): State<Pay>, Json(wanted): Json<Value>) -> Response {
    let told = |order: &Order| (order.transaction(), text(&order.announced, "notify_url"));
    let found = pay.state().orders.find(&text(&wanted, "out_trade_no")).map(told);
    match found {
        Some((transaction, to)) => notify(&pay, transaction, to, &wanted).await,
        None => refused(unknown()),
    }
}

fn refused((status, code, message): Refusal) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(json!({"code": code, "message": message}))).into_response()
}

async fn notify(pay: &Pay, transaction: Value, to: String, wanted: &Value) -> Response {
    let letter = match write(pay, transaction, to, wanted) {
        Ok(letter) => letter,
        Err(error) => return (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
    };
    if wanted["deliver"] == false {
        let headers: Map<String, Value> =
            letter.headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        return Json(json!({"headers": headers, "body": letter.body})).into_response();
    }
    let mut request = pay.http.post(&letter.to).header("content-type", "application/json").body(letter.body);
    for (name, value) in letter.headers {
        request = request.header(name, value);
    }
    let status = request.send().await.map_or(0, |response| response.status().as_u16());
    Json(json!({"notified_status": status})).into_response()
}

fn write(pay: &Pay, mut transaction: Value, to: String, wanted: &Value) -> Result<Letter, String> {
    merge(&mut transaction, &wanted["transaction"]);
    let fresh = || nonce().map_err(|error| error.to_string());
    let nonce = fresh()?[..12].to_owned();
    let sealed = pay.sealing.seal(&nonce, ASSOCIATED_DATA, &transaction.to_string()).map_err(|error| error.to_string())?;
    let age = SignedDuration::from_secs(wanted["age_seconds"].as_i64().unwrap_or(0));
    let time = pay.clock.now() - age;
    let body = json!({
        "id": fresh()?, "create_time": LocalTime::from(time).to_second(), "resource_type": "encrypt-resource",
        "event_type": wanted["event_type"].as_str().unwrap_or("TRANSACTION.SUCCESS"), "summary": "支付成功",
        "resource": {
            "original_type": "transaction", "algorithm": "AEAD_AES_256_GCM", "ciphertext": sealed,
            "associated_data": ASSOCIATED_DATA, "nonce": nonce,
        },
    });
    let body = body.to_string();
    let mut headers = pay.proof(pay.key(wanted["serial"] != "certificate"), &body, time)?;
    if wanted["signtest"] == true {
        for (_, signature) in headers.iter_mut().filter(|(name, _)| *name == "Wechatpay-Signature") {
            *signature = format!("WECHATPAY/SIGNTEST/{signature}");
        }
    }
    Ok(Letter { to, headers, body })
}

/// Lays objects over each other, member by member.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, member) in from {
                merge(into.entry(name).or_insert(Value::Null), member);
            }
        }
        (_, Value::Null) => {}
        (into, from) => *into = from.clone(),
    }
}
