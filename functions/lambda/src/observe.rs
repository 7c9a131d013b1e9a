//! One log line for each request: its function, method and route, its caller, its status, the names of offending fields, its duration and its
//! DynamoDB calls. The line never contains the content of the request. The same line holds the metrics (Embedded Metric Format).

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::json;
use shared::crypto::random::random_text;
use shared::error::Error;
use shared::outbound::wechat::errors;
use shared::runtime::call_counter::counted;
use shared::runtime::caller::{Caller, identified};
use shared::runtime::environment::Environment;
use shared::runtime::metrics::{Log, Metric};
use shared::values::RequestId;
use tracing::Instrument as _;

/// The requests that exchange a secret or a code for a token or a session.
pub const SIGN_INS: [&str; 10] = [
    "POST /api/v1/auth/token",
    "POST /api/v2/oauth/token",
    "POST /weixin/login",
    "POST /wechat/user/login",
    "POST /console/api/sign-in",
    "POST /console/api/code",
    "POST /console/api/totp",
    "POST /console/sign-in",
    "POST /console/sign-in/code",
    "POST /console/sign-in/totp",
];
/// The notification of WeChat Pay.
pub const NOTIFICATION: &str = "POST /wechat/pay/notify";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    /// The offending fields of the request that this task serves.
    static FIELDS: RefCell<Vec<String>>;
}

/// Names the offending fields of an error in the line of the request.
pub(crate) fn note(error: &Error) {
    // Outside of a request there is no line.
    _ = FIELDS.try_with(|fields| fields.replace(error.fields()));
}

/// Observes the requests of one function.
#[derive(Clone)]
pub struct Observer(Arc<Inner>);

struct Inner {
    function: String,
    log: Log,
    clock: Arc<dyn shared::runtime::clock::Clock>,
    /// Whether the process has not received a request yet.
    is_cold: AtomicBool,
}

/// The family's own code of a response.
#[derive(Clone, Copy)]
pub struct Code(pub i64);

impl Observer {
    /// The observer of the function in this process.
    pub fn of(environment: &Environment) -> Self {
        let function = environment.function().to_owned();
        let (log, clock) = (environment.log.clone(), Arc::clone(&environment.clock));
        Self(Arc::new(Inner { function, log, clock, is_cold: AtomicBool::new(true) }))
    }

    pub(crate) async fn observe(self, request: Request, next: Next) -> Response {
        let id = request.headers().get(REQUEST_ID).and_then(accepted).unwrap_or_else(generated);
        let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
        let method = request.method().to_string();
        let is_cold = self.0.is_cold.swap(false, Ordering::Relaxed);
        let begun = Instant::now();
        let span = tracing::error_span!("request", id);
        let action = format!("{method} {route}");
        let run = FIELDS.scope(RefCell::default(), async { (next.run(request).await, FIELDS.with(RefCell::take)) });
        let calls = errors::counted(counted(run));
        let ((((mut response, fields), calls), wechat_errors), caller) = identified(&id, &action, calls).instrument(span).await;
        let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
        let status = response.status().as_u16();
        let code = response.extensions().get::<Code>().map(|code| code.0);
        let properties = [
            ("request_id", json!(id)),
            ("method", json!(method)),
            ("route", json!(route)),
            ("status", json!(status)),
            ("code", json!(code)),
            ("cold_start", json!(is_cold)),
        ];
        let fields = (!fields.is_empty()).then(|| ("fields", json!(fields)));
        let caller = caller.iter().flat_map(Caller::fields);
        let properties =
            properties.into_iter().chain(fields).chain(caller).map(|(name, value)| (name.to_owned(), value)).collect();
        let mut metrics = vec![
            Metric::milliseconds("ms", milliseconds),
            Metric::count("dynamodb_calls", calls.into()),
            Metric::count("server_errors", u64::from(status >= 500)),
        ];
        // What is rare is reported only when it happens: an alarm watches it.
        let is_rejected = response.status().is_client_error();
        metrics.extend((status >= 500).then(|| Metric::of_stack("failed_requests", 1)));
        metrics.extend((wechat_errors > 0).then(|| Metric::of_stack("wechat_errors", wechat_errors.into())));
        metrics.extend((is_rejected && SIGN_INS.contains(&&*action)).then(|| Metric::of_stack("rejected_sign_ins", 1)));
        let is_rejected = !response.status().is_success();
        metrics.extend((is_rejected && action == NOTIFICATION).then(|| Metric::of_stack("rejected_notifications", 1)));
        self.0.log.metrics(&self.0.function, self.0.clock.now(), properties, &metrics);
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

/// The request id of the client. `None` if it is too long or contains other characters.
fn accepted(value: &HeaderValue) -> Option<String> {
    RequestId::parse(value.to_str().ok()?).ok().map(|id| id.as_str().to_owned())
}

fn generated() -> String {
    random_text().unwrap_or_default()
}

/// The number after `"code":` or `"status":` at the beginning of a body. The envelopes of all families begin with one of these members.
pub fn code_in(body: &[u8]) -> Option<Code> {
    let text = std::str::from_utf8(body.get(..body.len().min(24))?).ok()?;
    let number = ["{\"code\":", "{\"status\":"].iter().find_map(|begin| text.strip_prefix(begin))?;
    let digits = number.split_once([',', '}'])?.0;
    digits.parse().ok().map(Code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_only_at_the_beginning_of_a_body() {
        for (body, code) in [
            (r#"{"code":1003,"message":"x"}"#, Some(1003)),
            (r#"{"code":0,"message":"success"}"#, Some(0)),
            (r#"{"status":-1,"error":{}}"#, Some(-1)),
            (r#"{"code":7}"#, Some(7)),
            (r#"[{"code":7}]"#, None),
            (r#"{"code":"7"}"#, None),
            ("", None),
            ("{\"code\":1234567890123456789012345678901234567890,", None),
        ] {
            assert_eq!(code_in(body.as_bytes()).map(|code| code.0), code, "{body}");
        }
    }
}
