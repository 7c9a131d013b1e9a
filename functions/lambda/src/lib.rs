//! What every function behind API Gateway runs in.

pub mod body;
mod examples;
pub mod family;
pub mod observe;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};

use axum::Router;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, Uri};
use lambda_http::request::RequestContext;
use lambda_http::{Error, Request, RequestExt as _, Service};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
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

/// Serves events until the process ends.
pub async fn run(router: Router) -> Result<(), Error> {
    lambda_http::run(service(router)).await
}

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
) -> impl Service<Request, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static {
    router.map_request(prepared)
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

/// The address that the caller reached us by, `https://api.example.com`: API Gateway passes only its own domain names on.
pub fn base_url(headers: &HeaderMap) -> Option<String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Some(format!("{}://{}", header("x-forwarded-proto").unwrap_or("https"), header("host")?))
}
