//! `ops-admin`: each event is one command, `{"command":"create_channel","appkey":"channel_001"}`.
//!
//! A failed command fails the invocation, so that a pipeline stops. The error type of the invocation is the kind of the domain error, and its
//! message names each offending field.
//!
//! Each command writes one log line: its name, how it ended, its duration and its DynamoDB calls. The line contains nothing else of the event.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use deserr::Deserr;
use lambda_runtime::Diagnostic;
use serde_json::{Map, Value};
use shared::channel;
use shared::error::{Error, Fault, Result};
use shared::jobboard::job::State;
use shared::runtime::call_counter::counted;
use shared::runtime::clock::Clock;
use shared::runtime::environment::Environment;
use shared::runtime::metrics::{Log, Metric};
use shared::values::Text;
use shared::values::input::{Faults, Json};

use crate::reseal::Families;
use crate::{channels, diagnostic, hris, hris_credentials, jobboard, reseal, signing};

/// The services that execute the commands.
pub struct Admin {
    pub channel: Arc<channel::Service>,
    pub hris: Arc<shared::hris::Service>,
    pub signing: Arc<shared::signing::Service>,
    pub jobboard: Arc<shared::jobboard::Service>,
    clock: Arc<dyn Clock>,
    log: Log,
}

/// The member that every event has. The other members belong to the command.
#[derive(Deserr)]
#[deserr(error = Faults)]
struct Command {
    command: Text<1, 64>,
}

impl Admin {
    pub async fn connect(environment: &Environment) -> Result<Self> {
        let (channel, hris, signing, jobboard) = tokio::try_join!(
            channel::Service::connect(environment),
            shared::hris::Service::connect(environment),
            shared::signing::Service::connect(environment),
            shared::jobboard::Service::connect(environment)
        )?;
        for keys in [channel.keys(), hris.keys(), signing.keys(), jobboard.keys()] {
            keys.record().await?;
        }
        Ok(Self {
            channel: Arc::new(channel),
            hris: Arc::new(hris),
            signing: Arc::new(signing),
            jobboard: Arc::new(jobboard),
            clock: Arc::clone(&environment.clock),
            log: environment.log.clone(),
        })
    }

    /// Executes the command in an event.
    pub async fn handle(&self, event: &[u8]) -> Result<Value, Diagnostic> {
        for keys in [self.channel.keys(), self.hris.keys(), self.signing.keys(), self.jobboard.keys()] {
            keys.refresh().await;
        }
        let begun = Instant::now();
        let mut name = None;
        let (result, calls) = counted(self.run(event, &mut name)).await;
        let result = result.map_err(|error| diagnostic(&error));
        let outcome = result.as_ref().err().map_or("done", |diagnostic| diagnostic.error_type.as_str());
        let command = name.as_deref().unwrap_or("-");
        let properties =
            Map::from_iter([("command", command), ("outcome", outcome)].map(|(name, text)| (name.to_owned(), text.into())));
        let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
        let metrics = [Metric::milliseconds("ms", milliseconds), Metric::count("dynamodb_calls", calls.into())];
        self.log.metrics("ops-admin", self.clock.now(), properties, &metrics);
        result
    }

    fn families(&self) -> Families<'_> {
        let Self { channel, hris, signing, jobboard, .. } = self;
        Families { channel, hris, signing, jobboard }
    }

    /// Executes the command in an event, and sets `name` if there is such a command: any other text could be personal data.
    ///
    /// A repeated command fails or changes nothing, with two exceptions: a command that returns a secret, token or code creates another one
    /// each time, and a command that ends tokens or sessions also ends those that were issued since.
    async fn run(&self, event: &[u8], name: &mut Option<String>) -> Result<Value> {
        let mut event = Json::parse(event).map_err(|fault| Error::invalid([fault]))?;
        let Command { command } = event.clone().read()?;
        event.remove("command");
        *name = Some(command.as_str().to_owned());
        let action = match command.as_str() {
            "create_channel" => act(event, |read| channels::create(&self.channel, read)),
            "rotate_channel_secret" => act(event, |read| channels::rotate_secret(&self.channel, read)),
            "retire_channel_secret" => act(event, |read| channels::retire_secret(&self.channel, read)),
            "revoke_channel_tokens" => act(event, |read| channels::revoke_tokens(&self.channel, read)),
            "disable_channel" => act(event, |read| channels::disable(&self.channel, read)),
            "enable_channel" => act(event, |read| channels::enable(&self.channel, read)),
            "list_channels" => act(event, |read| channels::list(&self.channel, read)),
            "create_product" => act(event, |read| hris::create_product(&self.hris, read)),
            "disable_product" => act(event, |read| hris_credentials::disable_product(&self.hris, read)),
            "enable_product" => act(event, |read| hris_credentials::enable_product(&self.hris, read)),
            "create_access_key" => act(event, |read| hris::create_access_key(&self.hris, read)),
            "show_access_key" => act(event, |read| hris::show_access_key(&self.hris, read)),
            "list_access_keys" => act(event, |read| hris_credentials::list_access_keys(&self.hris, read)),
            "disable_access_key" => act(event, |read| hris_credentials::disable_access_key(&self.hris, read)),
            "enable_access_key" => act(event, |read| hris_credentials::enable_access_key(&self.hris, read)),
            "rotate_access_key" => act(event, |read| hris::rotate_access_key(&self.hris, read)),
            "retire_access_key_secret" => act(event, |read| hris::retire_access_key(&self.hris, read)),
            "rotate_company_token" => act(event, |read| hris::rotate_company_token(&self.hris, read)),
            "create_oauth_app" => act(event, |read| hris::create_oauth_app(&self.hris, read)),
            "rotate_oauth_app" => act(event, |read| hris::rotate_oauth_app(&self.hris, read)),
            "retire_oauth_app_secret" => act(event, |read| hris::retire_oauth_app_secret(&self.hris, read)),
            "list_oauth_apps" => act(event, |read| hris_credentials::list_oauth_apps(&self.hris, read)),
            "show_oauth_app" => act(event, |read| hris_credentials::show_oauth_app(&self.hris, read)),
            "disable_oauth_app" => act(event, |read| hris_credentials::disable_oauth_app(&self.hris, read)),
            "enable_oauth_app" => act(event, |read| hris_credentials::enable_oauth_app(&self.hris, read)),
            "list_grants" => act(event, |read| hris_credentials::list_grants(&self.hris, read)),
            "revoke_grant" => act(event, |read| hris_credentials::revoke_grant(&self.hris, read)),
            "create_bind_code" => act(event, |read| hris::create_bind_code(&self.hris, read)),
            "import_hris" => act(event, |read| hris::import(&self.hris, read)),
            "set_platform" => act(event, |read| signing::set_platform(&self.signing, read)),
            "set_company" => act(event, |read| signing::set_company(&self.signing, read)),
            "set_handler" => act(event, |read| signing::set_handler(&self.signing, read)),
            "set_contract" => act(event, |read| signing::set_contract(&self.signing, read)),
            "set_positions" => act(event, |read| signing::set_positions(&self.signing, read)),
            "set_dictionary" => act(event, |read| signing::set_dictionary(&self.signing, read)),
            "list_applications" => act(event, |read| signing::list_applications(&self.signing, read)),
            "show_application" => act(event, |read| signing::show_application(&self.signing, read)),
            "approve_application" => act(event, |read| signing::approve(&self.signing, read)),
            "sign_application" => act(event, |read| signing::sign(&self.signing, read)),
            "reject_application" => act(event, |read| signing::reject(&self.signing, read)),
            "cancel_application" => act(event, |read| signing::cancel(&self.signing, read)),
            "end_worker_sessions" => act(event, |read| signing::end_worker_sessions(&self.signing, read)),
            "set_verify_status" => act(event, |read| signing::set_verify_status(&self.signing, read)),
            "set_price" => act(event, |read| jobboard::set_price(&self.jobboard, read)),
            "list_prices" => act(event, |read| jobboard::list_prices(&self.jobboard, read)),
            "adjust_vouchers" => act(event, |read| jobboard::adjust_vouchers(&self.jobboard, read)),
            "take_down_job" => act(event, |read| jobboard::remove_job(&self.jobboard, read, State::TakenDown)),
            "delete_job" => act(event, |read| jobboard::remove_job(&self.jobboard, read, State::Deleted)),
            "list_orders_to_review" => act(event, |read| jobboard::list_orders_to_review(&self.jobboard, read)),
            "end_user_sessions" => act(event, |read| jobboard::end_user_sessions(&self.jobboard, read)),
            "refund_note" => act(event, |read| jobboard::refund_note(&self.jobboard, read)),
            "reseal" => act(event, |read| reseal::reseal(self.families(), &self.log, self.clock.now(), read)),
            _ => {
                *name = None;
                Err(Error::invalid([Fault::new("command", "is not known")]))
            }
        };
        action?.await
    }
}

type Action<'a> = Pin<Box<dyn Future<Output = Result<Value>> + Send + 'a>>;

/// The execution of a command. Boxed for each command alone: the frame of a function that holds the futures of all commands is as large as
/// their sum in a build without optimization, which is half the stack of a thread.
fn act<'a, A, F>(event: Json, command: impl FnOnce(A) -> F) -> Result<Action<'a>>
where
    A: Deserr<Faults>,
    F: Future<Output = Result<Value>> + Send + 'a,
{
    let read = event.read()?;
    Ok(Box::pin(command(read)))
}
