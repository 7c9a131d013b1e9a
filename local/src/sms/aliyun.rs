//! SendSms of Aliyun, 2017-05-25, with the signature ACS3-HMAC-SHA256.
//!
//! Written from help.aliyun.com: SendSms, V3版本请求体&签名机制, 国内消息API错误码, 公共错误码.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};
use shared::values::Mobile;

use super::{Failure, Simulator, hmac_sha256, read, request_id, sha256_hex};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";
/// How far the time of a request may be from the server's.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// All but the unreserved characters of RFC 3986.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const LONGEST: usize = 35;

/// An answer that is no success: status, code, message.
struct Refusal(u16, &'static str, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        let body = json!({"RequestId": request_id(), "HostId": "dysmsapi.aliyuncs.com", "Code": code, "Message": message});
        (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
    }
}

pub async fn answer(State(simulator): State<Simulator>, request: Request) -> Response {
    let (parts, body) = read(request).await;
    let failure = simulator.failure();
    if let Some(broken) = Failure::broken(failure.as_ref()).await {
        return broken;
    }
    let query = match check(&simulator, &parts, &body) {
        Ok(query) => query,
        Err(refusal) => return refusal.into_response(),
    };
    if let Some(code) = failure.as_ref().and_then(|failure| failure.code.clone()) {
        let message = failure.map(|failure| failure.message).unwrap_or_default();
        return Json(json!({"Message": message, "RequestId": request_id(), "Code": code})).into_response();
    }
    match send(&simulator, &query) {
        Ok(biz_id) => Json(json!({"Message": "OK", "RequestId": request_id(), "Code": "OK", "BizId": biz_id})).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn header<'a>(parts: &'a Parts, name: &str) -> &'a str {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Checks the signature of a request. Returns its parameters.
fn check(simulator: &Simulator, parts: &Parts, body: &Bytes) -> Result<BTreeMap<String, String>, Refusal> {
    let incomplete = || Refusal(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.");
    if header(parts, "x-acs-action") != "SendSms" {
        return Err(Refusal(404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."));
    }
    if header(parts, "x-acs-version") != "2017-05-25" {
        return Err(Refusal(400, "InvalidVersion", "Specified parameter Version is not valid."));
    }
    let authorization = header(parts, "authorization").strip_prefix(ALGORITHM).ok_or_else(incomplete)?.trim();
    let members: BTreeMap<&str, &str> = authorization.split(',').filter_map(|member| member.split_once('=')).collect();
    let member = |name: &str| members.get(name).copied().ok_or_else(incomplete);
    let account = &simulator.account;
    if member("Credential")? != account.key_id {
        return Err(Refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."));
    }
    let time: Timestamp = header(parts, "x-acs-date")
        .parse()
        .map_err(|_| Refusal(400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."))?;
    if simulator.clock.now().duration_since(time).abs() > WINDOW {
        return Err(Refusal(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."));
    }
    // Every public header takes part.
    let signed = member("SignedHeaders")?;
    let is_signed = |name: &str| signed.split(';').any(|own| own == name);
    let is_public = |name: &str| name == "host" || name == "content-type" || name.starts_with("x-acs-");
    if !is_signed("host") || parts.headers.keys().any(|name| is_public(name.as_str()) && !is_signed(name.as_str())) {
        return Err(incomplete());
    }
    let hash = sha256_hex(body);
    if header(parts, "x-acs-content-sha256") != hash {
        return Err(incomplete());
    }
    let pairs = parts.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let query: BTreeMap<String, String> = pairs.map(|(name, value)| (decoded(name), decoded(value))).collect();
    let encoded = |text: &str| utf8_percent_encode(text, &RESERVED).to_string();
    let canonical_query: Vec<String> =
        query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    let canonical_headers: String = signed.split(';').map(|name| format!("{name}:{}\n", header(parts, name).trim())).collect();
    let canonical =
        [parts.method.as_str(), parts.uri.path(), &canonical_query.join("&"), &canonical_headers, signed, &hash].join("\n");
    let text = format!("{ALGORITHM}\n{}", sha256_hex(canonical.as_bytes()));
    if member("Signature")? != hex::encode(hmac_sha256(account.key.as_bytes(), &text)) {
        return Err(Refusal(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation."));
    }
    let nonce = header(parts, "x-acs-signature-nonce").to_owned();
    let mut state = simulator.state();
    if nonce.is_empty() || state.nonces.contains(&nonce) {
        return Err(Refusal(400, "SignatureNonceUsed", "Specified signature nonce was used already."));
    }
    state.nonces.push(nonce);
    drop(state);
    Ok(query)
}

/// Sends a message. Returns its `BizId`. A rejection has status 200, as those of the product have.
fn send(simulator: &Simulator, query: &BTreeMap<String, String>) -> Result<String, Refusal> {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    // 11 digits, or a country code and a number.
    let digits = text("PhoneNumbers").trim_start_matches('+');
    let phone = Mobile::parse(digits).or_else(|_| Mobile::parse(&format!("+{digits}")));
    let phone = phone.map_err(|_| Refusal(200, "isv.MOBILE_NUMBER_ILLEGAL", "invalid mobile number"))?;
    let account = &simulator.account;
    let unknown = Refusal(200, "isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板");
    let template = account.template(text("TemplateCode")).ok_or(unknown)?;
    match (template.is_abroad, phone.is_abroad()) {
        (true, false) => return Err(Refusal(200, "isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "不支持国内号码")),
        (false, true) => return Err(Refusal(200, "isv.MOBILE_NUMBER_ILLEGAL", "invalid mobile number")),
        _ => {}
    }
    if !template.is_abroad && text("SignName") != account.sign_name {
        return Err(Refusal(200, "isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名"));
    }
    let parameters: Value = serde_json::from_str(text("TemplateParam")).unwrap_or_default();
    let given = parameters.as_object().filter(|given| given.values().all(Value::is_string));
    let given = given.ok_or(Refusal(200, "isv.INVALID_JSON_PARAM", "参数格式错误，请修改为字符串值"))?;
    let mut values = Vec::new();
    for name in template.names() {
        let missing = Refusal(200, "isv.TEMPLATE_MISSING_PARAMETERS", "模板变量中存在未赋值变量");
        let value = given.get(name).and_then(Value::as_str).ok_or(missing)?;
        if template.is_code && !((4..=6).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
            return Err(Refusal(200, "isv.TEMPLATE_PARAMS_ILLEGAL", "模板变量不符合规范"));
        }
        if !(1..=LONGEST).contains(&value.chars().count()) {
            return Err(Refusal(200, "isv.PARAM_LENGTH_LIMIT", "参数超过长度限制"));
        }
        if value.contains("://") {
            return Err(Refusal(200, "isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL"));
        }
        values.push((name, value.to_owned()));
    }
    simulator.accept(&phone, text("SignName"), text("TemplateCode"), parameters.clone(), &template.render(&values));
    Ok(format!("9006197469364{:05}^0", simulator.state().accepted.len()))
}
