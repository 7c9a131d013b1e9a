//! SendSms of Tencent Cloud, 2021-01-11, with the signature TC3-HMAC-SHA256.
//!
//! Written from cloud.tencent.com: document/api/382/55981 (SendSms), 213/30654 (签名方法 v3), 382/52075 (错误码).

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::values::Mobile;

use super::{Failure, Simulator, hmac_sha256, read, request_id, sha256_hex};

const ALGORITHM: &str = "TC3-HMAC-SHA256";
/// How far the time of a request may be from the server's.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// Codes that all products have: they fail the whole request. The others are statuses of a phone.
const COMMON: [&str; 9] = [
    "AuthFailure",
    "InternalError",
    "InvalidAction",
    "InvalidParameter",
    "IpNotInWhitelist",
    "MissingParameter",
    "NoSuchVersion",
    "RequestLimitExceeded",
    "UnauthorizedOperation",
];

/// Code and message of a failure.
type Refusal = (&'static str, &'static str);

pub async fn answer(State(simulator): State<Simulator>, request: Request) -> Response {
    let (parts, body) = read(request).await;
    let failure = simulator.failure();
    if let Some(broken) = Failure::broken(failure.as_ref()).await {
        return broken;
    }
    if let Err((code, message)) = check(&simulator, &parts, &body) {
        return failed(code, message);
    }
    let call: Value = serde_json::from_slice(&body).unwrap_or_default();
    let phone = call["PhoneNumberSet"][0].as_str().unwrap_or_default();
    if let Some(code) = failure.as_ref().and_then(|failure| failure.code.as_deref()) {
        let message = failure.as_ref().map(|failure| &*failure.message).unwrap_or_default();
        let family = code.split('.').next().unwrap_or_default();
        return if COMMON.contains(&family) { failed(code, message) } else { status(phone, "", code, message) };
    }
    match send(&simulator, &call) {
        Ok(serial) => status(phone, &serial, "Ok", "send success"),
        Err((code, message)) => status(phone, "", code, message),
    }
}

/// A failure of the whole request.
fn failed(code: &str, message: &str) -> Response {
    Json(json!({"Response": {"Error": {"Code": code, "Message": message}, "RequestId": request_id()}})).into_response()
}

/// The status of the one phone.
fn status(phone: &str, serial: &str, code: &str, message: &str) -> Response {
    let is_sent = !serial.is_empty();
    let status = json!({
        "SerialNo": serial, "PhoneNumber": phone, "Fee": u8::from(is_sent), "SessionContext": "", "Code": code,
        "Message": message, "IsoCode": if is_sent { "CN" } else { "" },
    });
    Json(json!({"Response": {"SendStatusSet": [status], "RequestId": request_id()}})).into_response()
}

fn header<'a>(parts: &'a Parts, name: &str) -> &'a str {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Checks the signature of a request.
fn check(simulator: &Simulator, parts: &Parts, body: &Bytes) -> Result<(), Refusal> {
    let malformed = ("AuthFailure.InvalidAuthorization", "The authorization header is invalid.");
    if header(parts, "x-tc-action") != "SendSms" {
        return Err(("InvalidAction", "The request action is invalid or not found."));
    }
    if header(parts, "x-tc-version") != "2021-01-11" {
        return Err(("NoSuchVersion", "The request version is invalid."));
    }
    if header(parts, "x-tc-region").is_empty() {
        return Err(("MissingParameter", "The request is missing a required parameter `Region`."));
    }
    let members = header(parts, "authorization").strip_prefix(ALGORITHM).ok_or(malformed)?.trim().split(", ");
    let members: BTreeMap<&str, &str> = members.filter_map(|member| member.split_once('=')).collect();
    let member = |name: &str| members.get(name).copied().ok_or(malformed);
    let (key_id, scope) = member("Credential")?.split_once('/').ok_or(malformed)?;
    let account = &simulator.account;
    if key_id != account.key_id {
        return Err((
            "AuthFailure.SecretIdNotFound",
            "The SecretId is not found, please ensure that your SecretId is correct.",
        ));
    }
    let seconds = header(parts, "x-tc-timestamp");
    let time = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or(malformed)?;
    if simulator.clock.now().duration_since(time).abs() > WINDOW {
        return Err(("AuthFailure.SignatureExpire", "Signature expired."));
    }
    let date = time.to_string().split('T').next().unwrap_or_default().to_owned();
    if scope != format!("{date}/sms/tc3_request") {
        return Err(malformed);
    }
    let signed = member("SignedHeaders")?;
    if !["content-type", "host"].iter().all(|name| signed.split(';').any(|own| own == *name)) {
        return Err(malformed);
    }
    // Names and values in lower case, without surrounding spaces.
    let headers: String =
        signed.split(';').map(|name| format!("{name}:{}\n", header(parts, name).trim().to_lowercase())).collect();
    let query = parts.uri.query().unwrap_or_default();
    let canonical = [parts.method.as_str(), "/", query, &headers, signed, &sha256_hex(body)].join("\n");
    let text = [ALGORITHM, seconds, scope, &sha256_hex(canonical.as_bytes())].join("\n");
    let key = format!("TC3{}", account.key).into_bytes();
    let key = [&*date, "sms", "tc3_request"].iter().fold(key, |key, part| hmac_sha256(&key, part));
    if member("Signature")? != hex::encode(hmac_sha256(&key, &text)) {
        let message = "The provided credentials could not be validated. Please check your signature is correct.";
        return Err(("AuthFailure.SignatureFailure", message));
    }
    Ok(())
}

/// Sends a message. Returns its `SerialNo`.
fn send(simulator: &Simulator, call: &Value) -> Result<String, Refusal> {
    let text = |name: &str| call[name].as_str().unwrap_or_default();
    let account = &simulator.account;
    if text("SmsSdkAppId") != account.sdk_app_id {
        return Err(("InvalidParameterValue.SdkAppIdNotExist", "The SdkAppId does not exist."));
    }
    let phones = call["PhoneNumberSet"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [Value::String(phone)] = phones else { return Err(("MissingParameter.EmptyPhoneNumberSet", "no phone")) };
    let phone = Mobile::parse(phone).ok().filter(|_| phone.starts_with('+'));
    let phone = phone.ok_or(("InvalidParameterValue.IncorrectPhoneNumber", "phone number format error"))?;
    let unknown = ("FailedOperation.TemplateUnapprovedOrNotExist", "template is not approved or does not exist");
    let template = account.template(text("TemplateId")).ok_or(unknown)?;
    match (template.is_abroad, phone.is_abroad()) {
        (true, false) => return Err(("UnsupportedOperation.GlobalTemplateToChineseMainlandPhone", "global template")),
        (false, true) => return Err(("UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone", "mainland template")),
        _ => {}
    }
    if !template.is_abroad && text("SignName") != account.sign_name {
        return Err(("FailedOperation.SignatureIncorrectOrUnapproved", "signature is incorrect or unapproved"));
    }
    let names = template.names();
    let values: Option<Vec<String>> = call["TemplateParamSet"]
        .as_array()
        .and_then(|values| values.iter().map(|value| value.as_str().map(str::to_owned)).collect());
    let values = values.filter(|values| values.len() == names.len()).ok_or((
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
        "request content does not match the template content",
    ))?;
    if template.is_code && values.iter().any(|value| value.len() > 6 || !value.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(("InvalidParameterValue.TemplateParameterFormatError", "the template parameter is no number"));
    }
    if values.iter().any(|value| value.contains("://")) {
        return Err(("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", "a URL is not allowed"));
    }
    let named: Vec<(&str, String)> = names.into_iter().zip(values).collect();
    let parameters = call["TemplateParamSet"].clone();
    simulator.accept(&phone, text("SignName"), text("TemplateId"), parameters, &template.render(&named));
    Ok(format!("5000:10457106691570536578494{:05}", simulator.state().accepted.len()))
}
