//! Payments by a user at WeChat Pay, refunds in the merchant console, and WeChat's notifications to the merchant.
//!
//! The requests take `out_trade_no`, and options with which tests forge notifications:
//!
//! ```text
//! "notify": false              pays without a notification
//! "deliver": false             returns {"headers":{..},"body":".."} instead of delivering the notification
//! "transaction": {..}          replaces members of the transaction
//! "event_type": ".."           replaces the type of the event
//! "age_seconds": 301           the age of the signature
//! "serial": "certificate"      signs with the certificate's key
//! "signtest": true             a probe with a wrong signature, which WeChat sends now and then
//! ```
//!
//! A payment also takes `"late": true`, which pays an order that was closed meanwhile, and `"again": true`, which pays a paid one once more.
//! A refund also takes its `status`, `SUCCESS` by default, and `refund`, a part of the amount in fen. `notify_refund` takes `out_refund_no`,
//! and a `status` in which the refund is settled first.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use shared::outbound::wechat::pay::nonce;
use shared::values::LocalTime;

use super::merchant::Merchant;
use super::orders::{Failure, Order, text, unknown_order};

/// What a notification is about, and its address.
struct Subject {
    /// `transaction` or `refund`.
    kind: &'static str,
    resource: Value,
    event_type: String,
    url: String,
}

/// A signed notification.
struct Notification {
    url: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// A router for the actions of a user.
pub fn router(merchant: Merchant) -> Router {
    Router::new()
        .route("/simulate/pay", post(pay))
        .route("/simulate/notify_again", post(notify_again))
        .route("/simulate/refund", post(refund))
        .route("/simulate/notify_refund", post(notify_refund))
        .with_state(merchant)
}

async fn pay(State(merchant): State<Merchant>, Json(options): Json<Value>) -> Response {
    let (now, number) = (merchant.clock.now(), text(&options, "out_trade_no"));
    let paid = {
        let orders = &mut merchant.state().orders;
        match options["again"] == true {
            true => orders.pay_again(&number, now).map(|(order, id)| {
                let mut subject = payment(order);
                subject.resource["transaction_id"] = id.into();
                subject.resource["trade_state"] = "SUCCESS".into();
                subject
            }),
            false => orders.pay(&number, options["late"] == true, now).map(payment),
        }
    };
    notify(&merchant, paid, &options).await
}

/// Only a successful refund changes the order.
async fn refund(State(merchant): State<Merchant>, Json(options): Json<Value>) -> Response {
    let (number, status) = (text(&options, "out_trade_no"), options["status"].as_str().unwrap_or("SUCCESS"));
    let refunded = {
        let (orders, now) = (&mut merchant.state().orders, merchant.clock.now().into());
        orders.refund_in_console(&number, status, options["refund"].as_i64(), now).map(|(order, notice)| Subject {
            kind: "refund",
            resource: notice,
            event_type: format!("REFUND.{status}"),
            url: text(&order.request, "notify_url"),
        })
    };
    notify(&merchant, refunded, &options).await
}

/// The notification of a refund that the merchant requested.
async fn notify_refund(State(merchant): State<Merchant>, Json(options): Json<Value>) -> Response {
    let (number, now) = (text(&options, "out_refund_no"), merchant.clock.now().into());
    let found = {
        let orders = &mut merchant.state().orders;
        let settled = options["status"].as_str().map_or(Ok(()), |status| orders.settle_refund(&number, status, now));
        settled.and_then(|()| orders.refund(&number).ok_or_else(unknown_order)).map(|(order, refund)| Subject {
            kind: "refund",
            resource: order.refund_notice(refund, now),
            event_type: format!("REFUND.{}", refund.status(now)),
            url: refund.notify_url.clone(),
        })
    };
    notify(&merchant, found, &options).await
}

async fn notify_again(State(merchant): State<Merchant>, Json(options): Json<Value>) -> Response {
    let found = merchant.state().orders.find(&text(&options, "out_trade_no")).map(payment).ok_or_else(unknown_order);
    notify(&merchant, found, &options).await
}

fn payment(order: &Order) -> Subject {
    let url = text(&order.request, "notify_url");
    Subject { kind: "transaction", resource: order.transaction(), event_type: "TRANSACTION.SUCCESS".into(), url }
}

fn error_response((status, code, message): Failure) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(json!({"code": code, "message": message}))).into_response()
}

async fn notify(merchant: &Merchant, subject: Result<Subject, Failure>, options: &Value) -> Response {
    let subject = match subject {
        Ok(_) if options["notify"] == false => return Json(json!({"notified_status": 0})).into_response(),
        Ok(subject) => subject,
        Err(failure) => return error_response(failure),
    };
    let notification = match sign(merchant, subject, options) {
        Ok(notification) => notification,
        Err(error) => return (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
    };
    if options["deliver"] == false {
        let headers: Map<String, Value> =
            notification.headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        return Json(json!({"headers": headers, "body": notification.body})).into_response();
    }
    let mut request = merchant.http.post(&notification.url).header("content-type", "application/json").body(notification.body);
    for (name, value) in notification.headers {
        request = request.header(name, value);
    }
    let status = request.send().await.map_or(0, |response| response.status().as_u16());
    Json(json!({"notified_status": status})).into_response()
}

/// What a notification says of its event, in the words of WeChat Pay's documentation.
fn summary(event_type: &str) -> &'static str {
    match event_type {
        "REFUND.SUCCESS" => "退款成功",
        "REFUND.ABNORMAL" => "退款异常",
        "REFUND.CLOSED" => "退款关闭",
        _ => "支付成功",
    }
}

fn sign(merchant: &Merchant, subject: Subject, options: &Value) -> Result<Notification, String> {
    let Subject { kind, mut resource, event_type, url } = subject;
    merge(&mut resource, &options["transaction"]);
    let new_nonce = || nonce().map_err(|error| error.to_string());
    let nonce = new_nonce()?[..12].to_owned();
    let sealed = merchant.sealing.seal(&nonce, kind, &resource.to_string()).map_err(|error| error.to_string())?;
    let age = SignedDuration::from_secs(options["age_seconds"].as_i64().unwrap_or(0));
    let time = merchant.clock.now() - age;
    let body = json!({
        "id": new_nonce()?, "create_time": LocalTime::from(time).to_second(), "resource_type": "encrypt-resource",
        "event_type": options["event_type"].as_str().unwrap_or(&event_type), "summary": summary(&event_type),
        "resource": {
            "original_type": kind, "algorithm": "AEAD_AES_256_GCM", "ciphertext": sealed,
            "associated_data": kind, "nonce": nonce,
        },
    });
    let body = body.to_string();
    let key = if options["serial"] == "certificate" { &merchant.certificate_key } else { &merchant.public_key };
    let mut headers = merchant.signature(key, &body, time)?;
    if options["signtest"] == true {
        for (_, signature) in headers.iter_mut().filter(|(name, _)| *name == "Wechatpay-Signature") {
            *signature = format!("WECHATPAY/SIGNTEST/{signature}");
        }
    }
    Ok(Notification { url, headers, body })
}

/// Replaces the members of an object by those of another, recursively.
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
