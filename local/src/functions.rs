//! The Lambda functions, run in this process: an event goes in, an answer comes out, as in their own binaries.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use jiff::Timestamp;
use lambda::family;
use lambda::observe::Observer;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service as _};
use lambda_runtime::Diagnostic;
use ops::admin::Admin;
use ops::cleanup::Cleanup;
use ops::snapshots::Snapshots;
use ops::uploads::Uploads;
use shared::environment::Environment;
use shared::error::Result;

/// Every function by its name. The functions of a family share one service, and so do those that administer it.
#[derive(Clone)]
pub struct Functions {
    all: Arc<HashMap<&'static str, Function>>,
    pub hris: Arc<shared::hris::Service>,
    pub jobboard: Arc<shared::jobboard::Service>,
}

enum Function {
    /// Behind the gateway: takes API Gateway events of format 2.0.
    Http(Router),
    Admin(Admin),
    Cleanup(Cleanup),
    Snapshots(Snapshots),
    Uploads(Uploads),
}

impl Functions {
    pub async fn connect(environment: &Environment) -> Result<Self> {
        let admin = Admin::connect(environment).await?;
        let mut functions = HashMap::new();
        let watch = |name: &str| Observer::of(name, environment);
        for (name, routes) in channel::FUNCTIONS {
            functions.insert(
                name,
                Function::Http(family::router::<channel::Channel>(routes(), Arc::clone(&admin.channel), watch(name))),
            );
        }
        for (name, routes) in hris::FUNCTIONS {
            functions.insert(name, Function::Http(hris::router(routes(), Arc::clone(&admin.hris), watch(name))));
        }
        for (name, routes) in signing::FUNCTIONS {
            functions.insert(
                name,
                Function::Http(family::router::<signing::Signing>(routes(), Arc::clone(&admin.signing), watch(name))),
            );
        }
        for (name, routes) in jobboard::FUNCTIONS {
            functions.insert(
                name,
                Function::Http(family::router::<jobboard::Jobboard>(routes(), Arc::clone(&admin.jobboard), watch(name))),
            );
        }
        functions.insert("jobboard-search-snapshot", Function::Snapshots(Snapshots::of(Arc::clone(&admin.jobboard))));
        let cleanup = Cleanup::of(environment, Arc::clone(&admin.jobboard))?;
        functions.insert("ops-cleanup", Function::Cleanup(cleanup));
        functions.insert("ops-uploads", Function::Uploads(Uploads::of(Arc::clone(&admin.jobboard))));
        let hris = Arc::clone(&admin.hris);
        let jobboard = Arc::clone(&admin.jobboard);
        functions.insert("ops-admin", Function::Admin(admin));
        Ok(Self { all: Arc::new(functions), hris, jobboard })
    }

    pub fn names(&self) -> Vec<&'static str> {
        self.all.keys().copied().collect()
    }

    /// Runs a function; `None` where there is none of this name.
    pub async fn invoke(&self, name: &str, event: &[u8]) -> Option<Result<Vec<u8>, Diagnostic>> {
        Some(match self.all.get(name)? {
            Function::Http(router) => handle(router.clone(), event).await,
            Function::Admin(admin) => admin.handle(event).await.and_then(|answer| json(&answer)),
            Function::Cleanup(cleanup) => json(&cleanup.handle(Timestamp::MAX).await),
            Function::Snapshots(snapshots) => snapshots.handle().await.and_then(|answer| json(&answer)),
            Function::Uploads(uploads) => uploads.handle(event).await.and_then(|answer| json(&answer)),
        })
    }
}

/// Exactly what `lambda::run` does with an event.
async fn handle(router: Router, event: &[u8]) -> Result<Vec<u8>, Diagnostic> {
    let request: LambdaRequest = serde_json::from_slice(event).map_err(|error| diagnostic("InvalidEvent", &error))?;
    let answer = Adapter::from(lambda::service(router)).call(LambdaEvent::new(request, Context::default()));
    match answer.await {
        Ok(response) => json(&response),
        Err(never) => match never {},
    }
}

fn json(answer: &impl serde::Serialize) -> Result<Vec<u8>, Diagnostic> {
    serde_json::to_vec(answer).map_err(|error| diagnostic("InvalidAnswer", &error))
}

fn diagnostic(error_type: &str, error: &dyn std::error::Error) -> Diagnostic {
    Diagnostic { error_type: error_type.into(), error_message: error.to_string() }
}
