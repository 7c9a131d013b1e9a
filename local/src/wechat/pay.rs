//! WeChat Pay's API v3: the merchant signs every request, WeChat signs every response.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use shared::outbound::wechat::pay::nonce;
use shared::values::LocalTime;

use super::bills;
use super::merchant::{Merchant, Request, SimulatedFailure};
use super::orders::{Failure, text, unknown_order};
use super::refunds::Plan;

/// Status and body of a response.
type Outcome = Result<(u16, String), Failure>;

/// A router that serves the API of `api.mch.weixin.qq.com`.
pub fn router(merchant: Merchant) -> Router {
    Router::new()
        .route("/v3/pay/transactions/jsapi", post(place_order))
        .route("/v3/pay/transactions/out-trade-no/{number}", get(query))
        .route("/v3/pay/transactions/id/{transaction_id}", get(query_paid))
        .route("/v3/pay/transactions/out-trade-no/{number}/close", post(close))
        .route("/v3/refund/domestic/refunds", post(request_refund))
        .route("/v3/refund/domestic/refunds/{number}", get(query_refund))
        .route("/v3/bill/tradebill", get(announce_bill))
        .route("/v3/billdownload/file", get(download_bill))
        .route("/v3/certificates", get(certificates))
        .route("/simulate/orders", get(orders))
        .route("/simulate/pay_requests", get(requests))
        .route("/simulate/pay_state", post(report))
        .route("/simulate/pay_failure", post(fail_next))
        .route("/simulate/refund_result", post(plan_refunds))
        .route("/simulate/import", post(import))
        .with_state(merchant)
}

/// Verifies the request, acts on it and signs the response.
fn respond(merchant: &Merchant, request: &Request, act: impl FnOnce() -> Outcome) -> Response {
    merchant.record(request);
    let failure = |code: &str, message: &str| json!({"code": code, "message": message}).to_string();
    let (status, body) = match (merchant.simulated_failure(request), merchant.verify(request)) {
        (Some((status, code)), _) => (status, failure(&code, "simulated")),
        (None, Err((status, code, message))) => (status, failure(code, &message)),
        (None, Ok(())) => act().unwrap_or_else(|(status, code, message)| (status, failure(code, &message))),
    };
    // A merchant that knows the key by its id requests it. All other merchants have the certificate.
    let by_id = request.header("wechatpay-serial") == merchant.public_key.serial;
    let key = if by_id { &merchant.public_key } else { &merchant.certificate_key };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let Ok(signature) = merchant.signature(key, &body, merchant.clock.now()) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = (status, body).into_response();
    for (name, value) in signature.into_iter().chain([("Content-Type", "application/json".to_owned())]) {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn json_body(request: &Request) -> Result<Value, Failure> {
    serde_json::from_str(&request.body).map_err(|_| (400, "PARAM_ERROR", "请求体不是 JSON".into()))
}

fn unknown_merchant() -> Failure {
    (400, "MCH_NOT_EXISTS", "商户号不存在".into())
}

/// Checks that the query names the merchant.
fn check_merchant(merchant: &Merchant, request: &Request) -> Result<(), Failure> {
    let names_it = query_member(request, "mchid").as_ref() == Some(&merchant.mchid);
    if names_it { Ok(()) } else { Err(unknown_merchant()) }
}

async fn place_order(State(merchant): State<Merchant>, request: Request) -> Response {
    respond(&merchant, &request, || {
        let body = json_body(&request)?;
        check_order(&merchant, &body)?;
        let prepay_id = merchant.state().orders.place(&body, merchant.clock.now())?;
        Ok((200, json!({"prepay_id": prepay_id}).to_string()))
    })
}

fn check_order(merchant: &Merchant, body: &Value) -> Result<(), Failure> {
    let number = text(body, "out_trade_no");
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '|' | '*');
    let notify_url = text(body, "notify_url");
    let is_http = notify_url.starts_with("http://") || notify_url.starts_with("https://");
    let (expires, currency) = (&body["time_expire"], &body["amount"]["currency"]);
    let faults = [
        ("description", !(1..=127).contains(&text(body, "description").chars().count())),
        ("out_trade_no", !(6..=32).contains(&number.len()) || !number.chars().all(is_allowed)),
        ("time_expire", !expires.is_null() && LocalTime::parse(expires.as_str().unwrap_or_default()).is_err()),
        ("notify_url", !is_http || notify_url.contains('?') || notify_url.len() > 255),
        ("amount.total", body["amount"]["total"].as_i64().is_none_or(|total| total < 1)),
        ("amount.currency", !currency.is_null() && currency != "CNY"),
        ("payer.openid", text(&body["payer"], "openid").is_empty()),
    ];
    if let Some((field, _)) = faults.iter().find(|(_, is_wrong)| *is_wrong) {
        return Err((400, "PARAM_ERROR", format!("参数错误: {field}")));
    }
    match (text(body, "mchid") == merchant.mchid, text(body, "appid") == merchant.appid) {
        (true, true) => Ok(()),
        (true, false) => Err((400, "APPID_MCHID_NOT_MATCH", "appid 和 mchid 不匹配".into())),
        (false, _) => Err(unknown_merchant()),
    }
}

async fn query(State(merchant): State<Merchant>, Path(number): Path<String>, request: Request) -> Response {
    respond(&merchant, &request, || {
        check_merchant(&merchant, &request)?;
        Ok((200, merchant.state().orders.find(&number).ok_or_else(unknown_order)?.transaction().to_string()))
    })
}

async fn query_paid(State(merchant): State<Merchant>, Path(transaction_id): Path<String>, request: Request) -> Response {
    respond(&merchant, &request, || {
        check_merchant(&merchant, &request)?;
        Ok((200, merchant.state().orders.find_paid(&transaction_id).ok_or_else(unknown_order)?.transaction().to_string()))
    })
}

async fn close(State(merchant): State<Merchant>, Path(number): Path<String>, request: Request) -> Response {
    respond(&merchant, &request, || {
        if text(&json_body(&request)?, "mchid") != merchant.mchid {
            return Err(unknown_merchant());
        }
        merchant.state().orders.close(&number)?;
        Ok((204, String::new()))
    })
}

async fn request_refund(State(merchant): State<Merchant>, request: Request) -> Response {
    respond(&merchant, &request, || {
        let body = json_body(&request)?;
        check_refund(&body)?;
        let now = merchant.clock.now().into();
        Ok((200, merchant.state().orders.request_refund(&body, now)?.to_string()))
    })
}

fn check_refund(body: &Value) -> Result<(), Failure> {
    let number = text(body, "out_refund_no");
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '|' | '*' | '@');
    let names_one = body["transaction_id"].is_string() != body["out_trade_no"].is_string();
    let (notify_url, amount) = (text(body, "notify_url"), &body["amount"]);
    let faults = [
        ("transaction_id", !names_one),
        ("out_refund_no", !(1..=64).contains(&number.len()) || !number.chars().all(is_allowed)),
        ("reason", text(body, "reason").len() > 80),
        ("notify_url", notify_url.contains('?') || notify_url.len() > 256),
        ("amount.refund", amount["refund"].as_i64().is_none_or(|refund| refund < 1)),
        ("amount.total", amount["total"].as_i64().is_none_or(|total| total < 1)),
        ("amount.currency", amount["currency"] != "CNY"),
    ];
    match faults.iter().find(|(_, is_wrong)| *is_wrong) {
        Some((field, _)) => Err((400, "PARAM_ERROR", format!("参数错误: {field}"))),
        None => Ok(()),
    }
}

async fn query_refund(State(merchant): State<Merchant>, Path(number): Path<String>, request: Request) -> Response {
    respond(&merchant, &request, || {
        let now = merchant.clock.now().into();
        Ok((200, merchant.state().orders.find_refund(&number, now)?.to_string()))
    })
}

/// A member of the query.
fn query_member(request: &Request, wanted: &str) -> Option<String> {
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

async fn announce_bill(State(merchant): State<Merchant>, request: Request) -> Response {
    respond(&merchant, &request, || {
        let day = query_member(&request, "bill_date").unwrap_or_default();
        if query_member(&request, "tar_type").as_deref() != Some("GZIP") {
            return Err((400, "PARAM_ERROR", "参数错误: tar_type".into()));
        }
        let base_url = format!("http://{}", request.header("host"));
        let now = merchant.clock.now();
        Ok((200, bills::announce(&merchant.state().orders, &day, &base_url, now)?.to_string()))
    })
}

/// The response has no signature: its hash was announced.
async fn download_bill(State(merchant): State<Merchant>, request: Request) -> Response {
    merchant.record(&request);
    if let Err((_, code, message)) = merchant.verify(&request) {
        return (StatusCode::UNAUTHORIZED, axum::Json(json!({"code": code, "message": message}))).into_response();
    }
    let token = query_member(&request, "token").unwrap_or_default();
    match bills::download(&merchant.state().orders, &token) {
        Some(file) => file.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// WeChat's certificate, encrypted for the merchant.
async fn certificates(State(merchant): State<Merchant>, request: Request) -> Response {
    respond(&merchant, &request, || {
        let nonce = nonce().map(|nonce| nonce[..12].to_owned());
        let sealed = nonce.and_then(|nonce| Ok((merchant.sealing.seal(&nonce, "certificate", &merchant.certificate)?, nonce)));
        let (ciphertext, nonce) = sealed.map_err(|error| (500, "SYSTEM_ERROR", error.to_string()))?;
        let certificate = json!({
            "serial_no": merchant.certificate_key.serial, "effective_time": "2000-01-01T08:00:00+08:00",
            "expire_time": "2120-01-01T08:00:00+08:00",
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": "certificate", "ciphertext": ciphertext,
            },
        });
        Ok((200, json!({"data": [certificate]}).to_string()))
    })
}

async fn orders(State(merchant): State<Merchant>) -> axum::Json<Vec<Value>> {
    axum::Json(merchant.state().orders.latest())
}

async fn requests(State(merchant): State<Merchant>) -> axum::Json<Value> {
    axum::Json(merchant.requests())
}

async fn import(State(merchant): State<Merchant>, axum::Json(orders): axum::Json<Vec<Value>>) -> axum::Json<Value> {
    let now = merchant.clock.now();
    merchant.state().orders.import(orders, now);
    axum::Json(json!({}))
}

async fn plan_refunds(State(merchant): State<Merchant>, axum::Json(options): axum::Json<Value>) -> Response {
    let status = options["status"].as_str().unwrap_or("SUCCESS").to_owned();
    let after_seconds = options["after_seconds"].as_i64().unwrap_or(0);
    let planned = merchant.state().orders.plan_refunds(&text(&options, "out_trade_no"), Plan { status, after_seconds });
    reported(planned)
}

async fn report(State(merchant): State<Merchant>, axum::Json(options): axum::Json<Value>) -> Response {
    let number = text(&options, "out_trade_no");
    let result = {
        let orders = &mut merchant.state().orders;
        match &options["total"] {
            Value::Null => orders.report(&number, &text(&options, "trade_state")),
            total => orders.report_paid(&number, total),
        }
    };
    reported(result)
}

/// The response to a test that sets what WeChat Pay reports.
fn reported(result: Result<(), Failure>) -> Response {
    match result {
        Ok(()) => axum::Json(json!({})).into_response(),
        Err((_, code, message)) => {
            (StatusCode::NOT_FOUND, axum::Json(json!({"code": code, "message": message}))).into_response()
        }
    }
}

async fn fail_next(State(merchant): State<Merchant>, axum::Json(options): axum::Json<Value>) -> axum::Json<Value> {
    let status = options["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(500);
    let [code, path, reports] = ["code", "path", "reports"].map(|name| text(&options, name));
    let times = options["times"].as_u64().unwrap_or(1);
    merchant.fail_next(SimulatedFailure { times, status, code, path, reports });
    axum::Json(json!({}))
}
