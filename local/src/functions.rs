//! The Lambda functions, in this process. They take the same events and return the same results as their own binaries.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use channel::Channel;
use hris::Hris;
use hris::events::{self, Events};
use jiff::Timestamp;
use jobboard::Jobboard;
use lambda::family::Family;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent, Service as _};
use lambda_runtime::Diagnostic;
use ops::function::Function;
use shared::crypto::random::random_text;
use shared::error::Result;
use shared::outbound::receivers::Lookup;
use shared::runtime::clock::Clock;
use shared::runtime::environment::Environment;
use shared::runtime::metrics::Log;
use signing::Signing;
use tokio::sync::OnceCell;

/// Every function by its name. Each starts at its first invocation, with its own environment and connections, as on Lambda, where it is a
/// process of its own.
#[derive(Clone)]
pub struct Functions(Arc<Inner>);

/// A function that has started.
enum Started {
    Events(Box<Events>),
    Other(Box<Function>),
}

struct Inner {
    all: HashMap<&'static str, OnceCell<Started>>,
    variables: HashMap<String, String>,
    have_own_credentials: bool,
    clock: Arc<dyn Clock>,
    lookup: Arc<dyn Lookup>,
    log: Log,
}

impl Functions {
    /// `have_own_credentials`: each function signs with its name as access key, instead of the key among the variables.
    pub fn new(
        variables: HashMap<String, String>,
        have_own_credentials: bool,
        clock: Arc<dyn Clock>,
        lookup: Arc<dyn Lookup>,
        log: Log,
    ) -> Self {
        let families = [names::<Channel>(), names::<Hris>(), names::<Signing>(), names::<Jobboard>()];
        let all = families
            .into_iter()
            .flatten()
            .chain(ops::FUNCTIONS)
            .chain([events::NAME])
            .map(|name| (name, OnceCell::new()))
            .collect();
        Self(Arc::new(Inner { all, variables, have_own_credentials, clock, lookup, log }))
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
            Ok(function) => handle(function, event).await,
            Err(error) => {
                tracing::error!(%error, "{name} does not start");
                Err(diagnostic("InitError", &error))
            }
        })
    }
}

impl Inner {
    async fn start(&self, name: &str) -> Result<Started> {
        let mut variables = self.variables.clone();
        variables.insert("_HANDLER".into(), name.to_owned());
        if self.have_own_credentials {
            variables.insert("AWS_ACCESS_KEY_ID".into(), name.to_owned());
        }
        let mut environment = Environment::new(variables, Arc::clone(&self.clock));
        environment.log = self.log.of_stack(environment.stack()?);
        environment.lookup = Arc::clone(&self.lookup);
        let environment = &environment;
        if name == events::NAME {
            return Box::pin(Events::connect(environment)).await.map(|events| Started::Events(Box::new(events)));
        }
        let families = [
            http::<Channel>(environment),
            http::<Hris>(environment),
            http::<Signing>(environment),
            http::<Jobboard>(environment),
        ];
        match families.into_iter().flatten().next() {
            Some(function) => function.await,
            None => Function::start(environment).await,
        }
        .map(|function| Started::Other(Box::new(function)))
    }
}

async fn handle(function: &Started, event: &[u8]) -> Result<Vec<u8>, Diagnostic> {
    match function {
        Started::Events(events) => {
            let request_id = request_id();
            // Boxed, as the other functions do within: its future would be most of the size of each caller's.
            let handled = Box::pin(events.handle(event, Timestamp::MAX, &request_id)).await;
            handled.and_then(|result| json(&result))
        }
        Started::Other(function) => match &**function {
            Function::Http(router) => serve(router.clone(), event).await,
            function => function.handle(event, Timestamp::MAX, &request_id()).await.and_then(|result| json(&result)),
        },
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

/// Starts the function of this environment, if it is one of the family's.
fn http<F: Family>(environment: &Environment) -> Option<Starting<'_>> {
    let connecting = F::connect(environment, false)?;
    Some(Box::pin(async { connecting.await.map(Function::Http) }))
}

/// What `lambda::run` does with an event.
async fn serve(router: Router, event: &[u8]) -> Result<Vec<u8>, Diagnostic> {
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
