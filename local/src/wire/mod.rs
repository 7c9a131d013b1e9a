//! What stands before the embedded services of AWS: it knows a calling function by the key that the call is signed with, lets pass what the
//! function's policy in `template.yaml` grants, and refuses the rest as AWS would.
//!
//! A [`Wire`] sees each call of a function, and decides what becomes of it: so that tests count calls and inject faults.

mod batch;
mod call;
mod units;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use serde_json::json;

pub use call::{Call, Service};
use call::{LIST_BUCKET, Need};

use crate::policies::{Grant, Policies};

/// Above what any upload may be, in bytes.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// Hears of each call that a function makes.
pub trait Wire: Send + Sync {
    /// What becomes of a call.
    fn meet(&self, _: &Call) -> Verdict {
        Verdict::Pass
    }

    /// A function did what it is granted.
    fn used(&self, _: &Grant) {}

    /// Whether it wants to hear what calls of DynamoDB consume.
    fn weighs(&self) -> bool {
        false
    }

    /// What a call of DynamoDB consumed, in capacity units.
    fn consumed(&self, _: &Call, _: f64) {}
}

/// What becomes of a call.
pub enum Verdict {
    Pass,
    /// It is not carried out, and this is answered.
    Answer(Response),
    /// It is carried out, and this is answered instead.
    AnswerLost(Response),
    /// It is carried out, or it is not, and nothing is answered for so long.
    Hang {
        carried_out: bool,
        time: Duration,
    },
    /// Of a batch of reads one half is done, and the rest left over.
    Half,
}

/// Nobody listens.
pub struct Quiet;

impl Wire for Quiet {}

/// Guards the services of one system.
#[derive(Clone)]
pub struct Guard {
    pub policies: Arc<Policies>,
    pub wire: Arc<dyn Wire>,
}

impl Guard {
    /// The router of a service behind this guard.
    pub fn before(&self, service: Service, router: Router) -> Router {
        let guard = self.clone();
        router.layer(middleware::from_fn_with_state((guard, service), pass))
    }

    /// Whether a function may do all that is needed. What it uses is told.
    fn allows(&self, function: &str, needs: &[Need]) -> bool {
        needs.iter().all(|Need { action, resource }| match self.policies.granting(function, action, resource) {
            Some(grant) => {
                self.wire.used(grant);
                true
            }
            None => {
                tracing::error!("{function} may not {action} {resource}: template.yaml has no such grant");
                false
            }
        })
    }
}

async fn pass(State((guard, service)): State<(Guard, Service)>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let call = Call::of(service, &parts, body.clone());
    let weighs = service == Service::DynamoDb && guard.wire.weighs();
    let request = Request::from_parts(parts, if weighs { units::asking(&body) } else { Body::from(body) });
    // Whoever is no function is an operator, or holds nothing at all: the service itself will say.
    let Some(call) = call.filter(|call| guard.policies.binds(&call.function)) else {
        return next.run(request).await;
    };
    if call.is_warm_up() {
        return next.run(request).await;
    }
    if !guard.allows(&call.function, &call.needs()) {
        return denied(service);
    }
    let (instead, pause) = match guard.wire.meet(&call) {
        Verdict::Pass => (None, Duration::ZERO),
        Verdict::Answer(answer) => return answer,
        Verdict::AnswerLost(answer) => (Some(answer), Duration::ZERO),
        Verdict::Hang { carried_out: true, time } => (None, time),
        Verdict::Hang { carried_out: false, time } => {
            tokio::time::sleep(time).await;
            return StatusCode::GATEWAY_TIMEOUT.into_response();
        }
        Verdict::Half => return batch::half(request, &call.body, next).await,
    };
    let mut answer = next.run(request).await;
    if weighs {
        let (told, units) = units::told(answer).await;
        guard.wire.consumed(&call, units);
        answer = told;
    }
    tokio::time::sleep(pause).await;
    if let Some(bucket) = call.bucket().filter(|_| answer.status() == StatusCode::NOT_FOUND) {
        // Who may not list a bucket is not told what is missing in it.
        let list = [Need { action: LIST_BUCKET.into(), resource: bucket.into() }];
        if !guard.allows(&call.function, &list) {
            return denied(service);
        }
    }
    instead.unwrap_or(answer)
}

/// The service's own answer to whoever lacks a right.
fn denied(service: Service) -> Response {
    match service {
        Service::DynamoDb | Service::SecretsManager => {
            let body = json!({"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "not authorized"});
            (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body.to_string()).into_response()
        }
        Service::S3 => {
            let body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
            (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
        }
        Service::Sns => {
            let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code>\
                        <Message>not authorized</Message></Error></ErrorResponse>";
            (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
        }
    }
}
