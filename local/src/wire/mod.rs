//! A layer in front of the local AWS services. It identifies the calling function by the access key that signed the call, forwards what the
//! function's policy in `template.yaml` grants, and rejects the rest as AWS would.
//!
//! A [`Wire`] sees each call of a function and decides what happens to it, so that tests count calls and inject faults.

mod batch;
mod call;
mod capacity;
mod failure;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

pub use call::{Call, Service};
use failure::access_denied;
pub use failure::{dynamodb_failure, failure};

use crate::policies::{Grant, Need, Policies};

/// Larger than any upload, in bytes.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// Observes each call that a function makes to AWS.
pub trait Wire: Send + Sync {
    /// Decides what happens to a call.
    fn decide(&self, _: &Call) -> Verdict {
        Verdict::Pass
    }

    /// A function used a right that its policy grants.
    fn used(&self, _: &Grant) {}

    /// Whether `consumed` shall be called.
    fn wants_capacity(&self) -> bool {
        false
    }

    /// What a call to DynamoDB consumed, in capacity units.
    fn consumed(&self, _: &Call, _: f64) {}
}

/// What happens to a call.
pub enum Verdict {
    /// The service executes it.
    Pass,
    /// It is not executed; the caller receives this response.
    Respond(Response),
    /// The service executes it; the caller receives this response instead of the service's own.
    ResponseLost(Response),
    /// The service may or may not execute it, and the caller receives no response for this time.
    Hang { executed: bool, time: Duration },
    /// The service reads one half of a batch and returns the rest as unprocessed.
    Half,
}

/// Lets every call pass.
pub struct Quiet;

impl Wire for Quiet {}

/// Enforces the policies in front of the services of one system.
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

    /// Whether Lambda may read the stream of this table for a function. Lambda decrypts the records with the rights of the function.
    pub fn allows_stream(&self, function: &str, table: &str) -> bool {
        self.allows(function, call::stream(table).as_slice())
    }

    /// Whether the function's policy grants all these rights. Reports each granted right to the [`Wire`].
    fn allows(&self, function: &str, needs: &[Need]) -> bool {
        needs.iter().all(|need| match self.policies.granting(function, need) {
            Some(grant) => {
                self.wire.used(grant);
                true
            }
            None => {
                tracing::error!(?need, "{function} may not do this: template.yaml has no such grant");
                false
            }
        })
    }
}

async fn pass(State((guard, service)): State<(Guard, Service)>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let call = Call::of(service, &parts, body.clone());
    let wants_capacity = service == Service::DynamoDb && guard.wire.wants_capacity();
    let request = Request::from_parts(parts, if wants_capacity { capacity::requested(&body) } else { Body::from(body) });
    // Other callers are operators or have no credentials. The service itself rejects the latter.
    let Some(call) = call.filter(|call| guard.policies.has_function(&call.function)) else {
        return next.run(request).await;
    };
    if !guard.allows(&call.function, &call.needs()) {
        return access_denied(service);
    }
    // A function starts at its first request, and which one that is is chance.
    if call.is_of_start() {
        return next.run(request).await;
    }
    let (instead, pause) = match guard.wire.decide(&call) {
        Verdict::Pass => (None, Duration::ZERO),
        Verdict::Respond(response) => return response,
        Verdict::ResponseLost(response) => (Some(response), Duration::ZERO),
        Verdict::Hang { executed: true, time } => (None, time),
        Verdict::Hang { executed: false, time } => {
            tokio::time::sleep(time).await;
            return StatusCode::GATEWAY_TIMEOUT.into_response();
        }
        Verdict::Half => return batch::half(request, &call.body, next).await,
    };
    let mut response = next.run(request).await;
    if wants_capacity {
        let units;
        (response, units) = capacity::consumed(response).await;
        guard.wire.consumed(&call, units);
    }
    tokio::time::sleep(pause).await;
    if let Some(object) = call.object().filter(|_| response.status() == StatusCode::NOT_FOUND) {
        // S3 reports a missing object only to callers that may list it.
        if !guard.allows(&call.function, call::list_of(object).as_slice()) {
            return access_denied(service);
        }
    }
    instead.unwrap_or(response)
}
