//! Requests as API Gateway events of payload format 2.0, and the results of functions as HTTP responses.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::path::{self, Read};
use super::route::Found;

/// The event of a request, serialised.
pub fn of_request(
    parts: &Parts,
    body: &[u8],
    path: &Read,
    found: &Found,
    host: &str,
    peer: SocketAddr,
    now: Timestamp,
) -> Vec<u8> {
    let path = &path.raw_path;
    let query = parts.uri.query().unwrap_or_default();
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let (body, is_base64) = match std::str::from_utf8(body) {
        Ok("") => (Value::Null, false),
        Ok(text) if is_text(parts) => (text.into(), false),
        _ => (BASE64.encode(body).into(), true),
    };
    let parameters: Map<String, Value> =
        found.parameters.iter().map(|(name, value)| (name.clone(), path::decode(value).into())).collect();
    let event = json!({
        "version": "2.0",
        "routeKey": found.key,
        "rawPath": path,
        "rawQueryString": query,
        "cookies": cookies(parts),
        "headers": headers(parts, peer),
        "queryStringParameters": query_parameters(query),
        "pathParameters": parameters,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "local",
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": peer.ip().to_string(),
                "userAgent": user_agent,
            },
            "requestId": format!("{:x}", now.as_nanosecond()),
            "routeKey": found.key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "body": body,
        "isBase64Encoded": is_base64,
    });
    event.to_string().into_bytes()
}

/// The HTTP response for a function's result. `None` if the result is not in payload format 2.0.
pub fn to_response(result: &[u8]) -> Option<Response> {
    let result: Value = serde_json::from_slice(result).ok()?;
    let status = u16::try_from(result["statusCode"].as_u64()?).ok()?;
    let body = match (result["body"].as_str(), result["isBase64Encoded"].as_bool()) {
        (None, _) => Vec::new(),
        (Some(text), Some(true)) => BASE64.decode(text).ok()?,
        (Some(text), _) => text.as_bytes().to_vec(),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    for (name, value) in result["headers"].as_object().into_iter().flatten() {
        response.headers_mut().append(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value.as_str()?).ok()?);
    }
    for cookie in result["cookies"].as_array().into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, HeaderValue::try_from(cookie.as_str()?).ok()?);
    }
    Some(response)
}

/// Whether API Gateway forwards a body of this media type as text. It encodes all others in base64.
fn is_text(parts: &Parts) -> bool {
    let media_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/plain");
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.starts_with("text/")
        || media_type.ends_with("json")
        || media_type.ends_with("xml")
        || media_type.ends_with("javascript")
}

/// Names in lower case, repeated headers joined by commas, without cookies, with the headers that the gateway adds.
fn headers(parts: &Parts, peer: SocketAddr) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in parts.headers.keys().filter(|name| *name != header::COOKIE) {
        let values: Vec<_> =
            parts.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        headers.insert(name.as_str().to_owned(), values.join(",").into());
    }
    headers.insert("x-forwarded-for".into(), peer.ip().to_string().into());
    headers.insert("x-forwarded-proto".into(), "http".into());
    headers
}

fn cookies(parts: &Parts) -> Vec<String> {
    let cookies = parts.headers.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    cookies.flat_map(|cookie| cookie.split("; ")).map(str::to_owned).collect()
}

/// Repeated parameters joined by commas.
fn query_parameters(query: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match parameters.get_mut(&*name) {
            Some(Value::String(values)) => {
                values.push(',');
                values.push_str(&value);
            }
            _ => {
                parameters.insert(name.into_owned(), value.into());
            }
        }
    }
    parameters
}
