//! Converts an event of API Gateway to a request. Nothing that a client sends may make this fail.

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

/// The characters that a path must not contain unencoded (RFC 3986, 3.3).
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

/// The characters that a query must not contain unencoded (RFC 3986, 3.4). `%` is not among them, so encoded characters stay encoded.
const IMPOSSIBLE_IN_A_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

const X_FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The path exactly as the gateway passed it on, which decodes it twice. It is an extension of the request.
#[derive(Clone)]
pub struct RawPath(pub String);

/// The route by which the gateway invoked the function, `POST /api/v1/auth/token`. It is an extension of the request.
#[derive(Clone)]
pub struct RouteKey(String);

impl RouteKey {
    fn of(request: &Request) -> Option<Self> {
        match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.route_key.clone().map(Self),
            _ => None,
        }
    }

    /// The path with its parameters, `/api/v1/users/{channel_user_id}`.
    pub fn path(&self) -> &str {
        self.0.split_once(' ').map_or("", |(_, path)| path)
    }
}

/// The client's IP address that the gateway saw; headers are ignored, because a client can set them. For IPv6 it is the /64 network, because
/// one client usually has all its addresses. Empty without a gateway.
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

/// The service of a function, which serves the router.
pub fn service(
    router: Router,
) -> impl Service<LambdaEvent<LambdaRequest>, Response = impl Serialize, Error = Infallible, Future: Send> {
    Adapter::from(router.map_request(restore_path)).map_request(repair)
}

/// Repairs what makes `lambda_http` panic, which the client would receive as status 500: a query with invalid characters, a body that is
/// declared as Base64 but is not, a host or a path that cannot be part of a URI.
fn repair(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
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

/// Whether it is a name or IPv4 address, with or without a port.
fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    // A name of digits and dots must be an IPv4 address.
    let is_address = !name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') || name.parse::<IpAddr>().is_ok();
    !name.is_empty() && is_name && is_address && port.parse::<u16>().is_ok()
}

/// Restores the path of the request, and adds [`Address`], [`RawPath`] and [`RouteKey`]. API Gateway decodes the path and `lambda_http` parses
/// the result as a URL, in which `?` or `#` ends the path, `%` starts an escape, white space is lost, and dot segments are resolved. So
/// `/users/U1%23x` would read and change the user `U1`.
fn restore_path(mut request: Request) -> Request {
    let path = request.raw_http_path().to_owned();
    let mut whole: String = utf8_percent_encode(&path, IMPOSSIBLE_IN_A_PATH).collect();
    if let Some(query) = query(&request, &path) {
        whole = format!("{whole}?{query}");
    }
    if let Ok(uri) = whole.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    if let Some(route) = RouteKey::of(&request) {
        request.extensions_mut().insert(route);
    }
    let address = Address::of(&request);
    request.extensions_mut().insert(address);
    request.extensions_mut().insert(RawPath(path));
    request
}

/// The query as the client sent it. If the decoded path contains `?` or `#`, the URI has a wrong query, so it is built from the parameters.
fn query(request: &Request, path: &str) -> Option<String> {
    if !path.contains(['?', '#']) {
        return request.uri().query().map(str::to_owned);
    }
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let parameters = request.query_string_parameters();
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    (!pairs.is_empty()).then(|| pairs.join("&"))
}
