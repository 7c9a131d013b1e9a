//! From an event of API Gateway to a request, whatever a caller has put into it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Uri, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Adapter, LambdaEvent, Request, RequestExt as _, Service};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use tower::ServiceExt as _;

/// What may not stand in a path as it is (RFC 3986, 3.3).
pub const IMPOSSIBLE_IN_A_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What may not stand in a query as it is (RFC 3986, 3.4); what stands there encoded stays so.
const IMPOSSIBLE_IN_A_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

const X_FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The path exactly as the gateway handed it over: a request extension.
#[derive(Clone)]
pub struct RawPath(pub String);

/// Where a request comes from, as the gateway saw it: no header, which anybody may send, is asked. Of an IPv6 address it is the network
/// of 64 bits, all of which one caller has. Empty where no gateway was there.
#[derive(Clone)]
pub struct Address(pub String);

impl Address {
    fn of(request: &Request) -> Self {
        let source = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
            _ => None,
        };
        let source = source.unwrap_or_default();
        Self(match source.parse() {
            Ok(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string(),
            _ => source.chars().take(64).collect(),
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_else(|| Self(String::new())))
    }
}

/// The router as a function's service.
pub fn service(
    router: Router,
) -> impl Service<LambdaEvent<LambdaRequest>, Response = impl Serialize, Error = Infallible, Future: Send> {
    Adapter::from(router.map_request(prepared)).map_request(readable)
}

/// Mends what `lambda_http` would end the invocation at with a panic, and the caller would see as a failure of ours: a query that is none
/// as it was sent, a body that only claims to be Base64, a host or a path of which no address can be made.
fn readable(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    let LambdaRequest::ApiGatewayV2(request) = &mut event.payload else { return event };
    if let Some(query) = &mut request.raw_query_string {
        *query = utf8_percent_encode(query, IMPOSSIBLE_IN_A_QUERY).collect();
    }
    request.is_base64_encoded &= request.body.as_ref().is_none_or(|body| BASE64_STANDARD.decode(body).is_ok());
    if !request.raw_path.as_ref().is_some_and(|path| path.starts_with('/')) {
        request.raw_path.get_or_insert_default().insert(0, '/');
    }
    let host = request.headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    if !host.is_none_or(is_host) {
        request.headers.remove(header::HOST);
    }
    if !request.request_context.domain_name.as_deref().is_none_or(is_host) {
        request.request_context.domain_name = None;
    }
    if !request.headers.get(X_FORWARDED_PROTO).is_none_or(|scheme| matches!(scheme.as_bytes(), b"http" | b"https")) {
        request.headers.remove(X_FORWARDED_PROTO);
    }
    event
}

/// A name with or without a port.
fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    // What looks like an address must be one.
    let is_address = !name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') || name.parse::<IpAddr>().is_ok();
    !name.is_empty() && is_name && is_address && port.parse::<u16>().is_ok()
}

/// Tells where the request comes from, and puts a path back together that was cut. API Gateway decodes the path and `lambda_http` makes a
/// URI of it, in which a `?` or a `#` ends the path, a `%` begins an escape and white space is lost: `/users/U1%3Fx` would read, and
/// change, the user `U1`.
fn prepared(mut request: Request) -> Request {
    let path = request.raw_http_path().to_owned();
    if path.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '%' | '?' | '#' | '\\')) {
        let mut whole: String = utf8_percent_encode(&path, IMPOSSIBLE_IN_A_PATH).collect();
        if let Some(query) = query(&request, &path) {
            whole = format!("{whole}?{query}");
        }
        if let Ok(uri) = whole.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    let address = Address::of(&request);
    request.extensions_mut().insert(address);
    request.extensions_mut().insert(RawPath(path));
    request
}

/// The query as it was sent; written anew where the path ran into it.
fn query(request: &Request, path: &str) -> Option<String> {
    if !path.contains(['?', '#']) {
        return request.uri().query().map(str::to_owned);
    }
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let parameters = request.query_string_parameters();
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    (!pairs.is_empty()).then(|| pairs.join("&"))
}
