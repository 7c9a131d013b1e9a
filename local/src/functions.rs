//! The Lambda functions, in this process. They take the same events and return the same results as their own binaries.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use channel::Channel;
use hris::Hris;
use jiff::Timestamp;
use jobboard::Jobboard;
use lambda::family::Family;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent, Service as _};
use lambda_runtime::Diagnostic;
use ops::admin::Admin;
use ops::audit_copy::Copies;
use ops::cleanup::Cleanup;
use ops::outbox::Outbox;
use ops::reconcile::Reconcile;
use ops::snapshots::Snapshots;
use ops::uploads::Uploads;
use shared::crypto::random::random_text;
use shared::error::{Error, Result};
use shared::runtime::clock::Clock;
use shared::runtime::environment::Environment;
use shared::runtime::metrics::Log;
use signing::Signing;
use tokio::sync::OnceCell;

/// Every function by its name. Each starts at its first invocation, with its own environment and connections, as on Lambda, where it is a
/// process of its own.
#[derive(Clone)]
pub struct Functions(Arc<Inner>);

struct Inner {
    all: HashMap<&'static str, OnceCell<Function>>,
    variables: HashMap<String, String>,
    have_own_credentials: bool,
    clock: Arc<dyn Clock>,
    log: Log,
}

enum Function {
    /// Behind the gateway: takes API Gateway events of payload format 2.0.
    Http(Router),
    Admin(Admin),
    Audit(Copies),
    Cleanup(Box<Cleanup>),
    Outbox(Box<Outbox>),
    Reconcile(Reconcile),
    Snapshots(Snapshots),
    Uploads(Uploads),
}

impl Functions {
    /// `have_own_credentials`: each function signs with its name as access key, instead of the key among the variables.
    pub fn new(variables: HashMap<String, String>, have_own_credentials: bool, clock: Arc<dyn Clock>, log: Log) -> Self {
        let families = [names::<Channel>(), names::<Hris>(), names::<Signing>(), names::<Jobboard>()];
        let all = families.into_iter().flatten().chain(ops::FUNCTIONS).map(|name| (name, OnceCell::new())).collect();
        Self(Arc::new(Inner { all, variables, have_own_credentials, clock, log }))
    }

    pub fn names(&self) -> Vec<&'static str> {
        self.0.all.keys().copied().collect()
    }

    /// Runs a function. `None` if no function has this name.
    pub async fn invoke(&self, name: &str, event: &[u8]) -> Option<Result<Vec<u8>, Diagnostic>> {
        let (name, function) = self.0.all.get_key_value(name)?;
        // Boxed: its connections would be most of the size of each caller's future.
        let started = function.get_or_try_init(|| Box::pin(self.0.start(name))).await;
        Some(match started {
            Ok(function) => function.handle(event).await,
            Err(error) => {
                tracing::error!(%error, "{name} does not start");
                Err(diagnostic("InitError", &error))
            }
        })
    }
}

impl Inner {
    async fn start(&self, name: &str) -> Result<Function> {
        let mut variables = self.variables.clone();
        variables.insert("AWS_LAMBDA_FUNCTION_NAME".into(), name.to_owned());
        if self.have_own_credentials {
            variables.insert("AWS_ACCESS_KEY_ID".into(), name.to_owned());
        }
        let mut environment = Environment::new(variables, Arc::clone(&self.clock));
        environment.log = self.log.of_stack(environment.stack()?);
        let environment = &environment;
        let families = [
            http::<Channel>(name, environment),
            http::<Hris>(name, environment),
            http::<Signing>(name, environment),
            http::<Jobboard>(name, environment),
        ];
        if let Some(function) = families.into_iter().flatten().next() {
            return function.await;
        }
        match name {
            "jobboard-search-snapshot" => Snapshots::connect(environment).await.map(Function::Snapshots),
            "jobboard-reconcile" => Reconcile::connect(environment).await.map(Function::Reconcile),
            "ops-admin" => Admin::connect(environment).await.map(Function::Admin),
            "ops-audit" => Copies::connect(environment).map(Function::Audit),
            "ops-cleanup" => Cleanup::connect(environment).await.map(|cleanup| Function::Cleanup(Box::new(cleanup))),
            "ops-outbox" => Outbox::connect(environment).await.map(|outbox| Function::Outbox(Box::new(outbox))),
            "ops-console" => ops::console::connect(environment).await.map(Function::Http),
            "ops-docs" => Ok(Function::Http(ops::docs::connect(environment))),
            "ops-uploads" => Uploads::connect(environment).await.map(Function::Uploads),
            _ => Err(Error::internal("the local stack does not know this function")),
        }
    }
}

impl Function {
    async fn handle(&self, event: &[u8]) -> Result<Vec<u8>, Diagnostic> {
        match self {
            Self::Http(router) => handle(router.clone(), event).await,
            Self::Admin(admin) => Box::pin(admin.handle(event, &request_id())).await.and_then(|result| json(&result)),
            Self::Audit(copies) => copies.handle(event).await.and_then(|result| json(&result)),
            Self::Cleanup(cleanup) => json(&Box::pin(cleanup.handle(Timestamp::MAX, &request_id())).await),
            Self::Outbox(outbox) => outbox.handle(event, Timestamp::MAX).await.and_then(|result| json(&result)),
            Self::Reconcile(reconcile) => Box::pin(reconcile.handle(event)).await.and_then(|result| json(&result)),
            Self::Snapshots(snapshots) => snapshots.handle().await.and_then(|result| json(&result)),
            Self::Uploads(uploads) => uploads.handle(event).await.and_then(|result| json(&result)),
        }
    }
}

/// As Lambda gives one to each invocation.
fn request_id() -> String {
    random_text().unwrap_or_default()
}

fn names<F: Family>() -> Vec<&'static str> {
    F::FUNCTIONS.iter().map(|(name, _)| *name).collect()
}

type Starting<'a> = Pin<Box<dyn Future<Output = Result<Function>> + Send + 'a>>;

/// Starts the function of this name, if it is one of the family's.
fn http<'a, F: Family>(name: &str, environment: &'a Environment) -> Option<Starting<'a>> {
    let (_, routes) = F::FUNCTIONS.iter().find(|(own, _)| *own == name)?;
    Some(Box::pin(async { F::connect(*routes, environment).await.map(Function::Http) }))
}

/// What `lambda::run` does with an event.
async fn handle(router: Router, event: &[u8]) -> Result<Vec<u8>, Diagnostic> {
    let request: LambdaRequest = serde_json::from_slice(event).map_err(|error| diagnostic("InvalidEvent", &error))?;
    let response = lambda::service(router).call(LambdaEvent::new(request, Context::default()));
    match response.await {
        Ok(response) => json(&response),
        Err(never) => match never {},
    }
}

fn json(result: &impl serde::Serialize) -> Result<Vec<u8>, Diagnostic> {
    serde_json::to_vec(result).map_err(|error| diagnostic("InvalidAnswer", &error))
}

fn diagnostic(error_type: &str, error: &dyn std::error::Error) -> Diagnostic {
    Diagnostic { error_type: error_type.into(), error_message: error.to_string() }
}
