//! `ops-admin`: each event is one command, `{"command":"create_channel","appkey":"channel_001","by":"zhangsan"}`.
//!
//! A failed command fails the invocation, so that a pipeline stops. The error type of the invocation is the kind of the domain error, and its
//! message names each offending field.
//!
//! Each command writes one log line: the request id, its name, how it ended, its duration and its DynamoDB calls. The line contains nothing else
//! of the event.

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
use shared::storage::audit::{Act, Actor, AuditLog};
use shared::storage::objects::Objects;
use shared::values::Text;
use shared::values::input::{Faults, Json};

use crate::families::Families;
use crate::{audit, channels, diagnostic, hris, hris_credentials, jobboard, persons, reseal, signing};

/// The services that execute the commands.
pub struct Admin {
    pub channel: Arc<channel::Service>,
    pub hris: Arc<shared::hris::Service>,
    pub signing: Arc<shared::signing::Service>,
    pub jobboard: Arc<shared::jobboard::Service>,
    audit: AuditLog,
    /// The uploads bucket: pictures of persons, and exports.
    bucket: Objects,
    clock: Arc<dyn Clock>,
    log: Log,
}

/// The member that every event has. The other members belong to the command.
#[derive(Deserr)]
#[deserr(error = Faults)]
struct Command {
    command: Text<1, 64>,
}

/// The member that says who is responsible for a command. Audit records note it.
#[derive(Deserr)]
#[deserr(error = Faults)]
struct By {
    #[deserr(default)]
    by: Option<Text<1, 64>>,
}

/// Commands with these beginnings change nothing and need no `by`.
const READS: [&str; 4] = ["audit", "find_", "list_", "show_"];

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
            audit: environment.audit_log(),
            bucket: environment.objects(environment.required("UPLOADS_BUCKET")?),
            clock: Arc::clone(&environment.clock),
            log: environment.log.clone(),
        })
    }

    /// Executes the command in an event.
    pub async fn handle(&self, event: &[u8], request_id: &str) -> Result<Value, Diagnostic> {
        for keys in [self.channel.keys(), self.hris.keys(), self.signing.keys(), self.jobboard.keys()] {
            keys.refresh().await;
        }
        let begun = Instant::now();
        let mut name = None;
        let (result, calls) = counted(self.run(event, request_id, &mut name)).await;
        let result = result.map_err(|error| diagnostic(&error));
        let outcome = result.as_ref().err().map_or("done", |diagnostic| diagnostic.error_type.as_str());
        let command = name.as_deref().unwrap_or("-");
        let properties = [("request_id", request_id), ("command", command), ("outcome", outcome)];
        let properties = Map::from_iter(properties.map(|(name, text)| (name.to_owned(), text.into())));
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
    async fn run(&self, event: &[u8], request_id: &str, name: &mut Option<String>) -> Result<Value> {
        let mut event = Json::parse(event).map_err(|fault| Error::invalid([fault]))?;
        let Command { command } = event.clone().read()?;
        event.remove("command");
        *name = Some(command.as_str().to_owned());
        let by = read_by(&mut event, command.as_str());
        let act = Act::new(Actor::ops_admin(), command.as_str(), request_id, self.clock.now());
        let act = match &by {
            Ok(Some(by)) => act.noted(by.clone()),
            Ok(None) | Err(_) => act,
        };
        let action = self.action(command.as_str(), event, &act);
        if matches!(&action, Err(Unread::Unknown)) {
            *name = None;
        }
        match (action, by) {
            (Ok(action), Ok(_)) => action.await,
            (Ok(_), Err(by)) => Err(by),
            (Err(Unread::Unknown), _) => Err(Error::invalid([Fault::new("command", "is not known")])),
            (Err(Unread::Faulty(error)), Ok(_)) => Err(error),
            (Err(Unread::Faulty(error)), Err(by)) => Err(Error::invalid(error.faults().iter().chain(by.faults()).cloned())),
        }
    }

    /// The execution of a command.
    fn action<'a>(&'a self, command: &str, event: Json, act: &'a Act) -> Result<Action<'a>, Unread> {
        match command {
            "create_channel" => run(event, |read| channels::create(&self.channel, act, read)),
            "rotate_channel_secret" => run(event, |read| channels::rotate_secret(&self.channel, act, read)),
            "retire_channel_secret" => run(event, |read| channels::retire_secret(&self.channel, act, read)),
            "revoke_channel_tokens" => run(event, |read| channels::revoke_tokens(&self.channel, act, read)),
            "disable_channel" => run(event, |read| channels::disable(&self.channel, act, read)),
            "enable_channel" => run(event, |read| channels::enable(&self.channel, act, read)),
            "list_channels" => run(event, |read| channels::list(&self.channel, read)),
            "create_product" => run(event, |read| hris::create_product(&self.hris, act, read)),
            "disable_product" => run(event, |read| hris_credentials::disable_product(&self.hris, act, read)),
            "enable_product" => run(event, |read| hris_credentials::enable_product(&self.hris, act, read)),
            "create_access_key" => run(event, |read| hris::create_access_key(&self.hris, act, read)),
            "show_access_key" => run(event, |read| hris::show_access_key(&self.hris, read)),
            "list_access_keys" => run(event, |read| hris_credentials::list_access_keys(&self.hris, read)),
            "disable_access_key" => run(event, |read| hris_credentials::disable_access_key(&self.hris, act, read)),
            "enable_access_key" => run(event, |read| hris_credentials::enable_access_key(&self.hris, act, read)),
            "rotate_access_key" => run(event, |read| hris::rotate_access_key(&self.hris, act, read)),
            "retire_access_key_secret" => run(event, |read| hris::retire_access_key(&self.hris, act, read)),
            "rotate_company_token" => run(event, |read| hris::rotate_company_token(&self.hris, act, read)),
            "create_oauth_app" => run(event, |read| hris::create_oauth_app(&self.hris, act, read)),
            "rotate_oauth_app" => run(event, |read| hris::rotate_oauth_app(&self.hris, act, read)),
            "retire_oauth_app_secret" => run(event, |read| hris::retire_oauth_app_secret(&self.hris, act, read)),
            "list_oauth_apps" => run(event, |read| hris_credentials::list_oauth_apps(&self.hris, read)),
            "show_oauth_app" => run(event, |read| hris_credentials::show_oauth_app(&self.hris, read)),
            "disable_oauth_app" => run(event, |read| hris_credentials::disable_oauth_app(&self.hris, act, read)),
            "enable_oauth_app" => run(event, |read| hris_credentials::enable_oauth_app(&self.hris, act, read)),
            "list_grants" => run(event, |read| hris_credentials::list_grants(&self.hris, read)),
            "revoke_grant" => run(event, |read| hris_credentials::revoke_grant(&self.hris, act, read)),
            "create_bind_code" => run(event, |read| hris::create_bind_code(&self.hris, act, read)),
            "import_hris" => run(event, |read| hris::import(&self.hris, act, read)),
            "set_platform" => run(event, |read| signing::set_platform(&self.signing, act, read)),
            "set_company" => run(event, |read| signing::set_company(&self.signing, act, read)),
            "set_handler" => run(event, |read| signing::set_handler(&self.signing, act, read)),
            "set_contract" => run(event, |read| signing::set_contract(&self.signing, act, read)),
            "set_positions" => run(event, |read| signing::set_positions(&self.signing, act, read)),
            "set_dictionary" => run(event, |read| signing::set_dictionary(&self.signing, act, read)),
            "list_applications" => run(event, |read| signing::list_applications(&self.signing, &self.audit, act, read)),
            "show_application" => run(event, |read| signing::show_application(&self.signing, &self.audit, act, read)),
            "approve_application" => run(event, |read| signing::approve(&self.signing, act, read)),
            "sign_application" => run(event, |read| signing::sign(&self.signing, act, read)),
            "reject_application" => run(event, |read| signing::reject(&self.signing, act, read)),
            "cancel_application" => run(event, |read| signing::cancel(&self.signing, act, read)),
            "end_worker_sessions" => run(event, |read| signing::end_worker_sessions(&self.signing, act, read)),
            "set_verify_status" => run(event, |read| signing::set_verify_status(&self.signing, act, read)),
            "find_person" => run(event, |read| persons::find(self.families(), read)),
            "export_person" => run(event, |read| persons::export(self.families(), &self.audit, &self.bucket, act, read)),
            "erase_person" => run(event, |read| persons::erase(self.families(), &self.audit, act, read)),
            "replay_erasures" => run(event, |read| persons::replay(self.families(), &self.audit, act, read)),
            "audit" => run(event, |read| audit::list(&self.audit, read)),
            "set_price" => run(event, |read| jobboard::set_price(&self.jobboard, act, read)),
            "list_prices" => run(event, |read| jobboard::list_prices(&self.jobboard, read)),
            "adjust_vouchers" => run(event, |read| jobboard::adjust_vouchers(&self.jobboard, act, read)),
            "take_down_job" => run(event, |read| jobboard::remove_job(&self.jobboard, act, read, State::TakenDown)),
            "delete_job" => run(event, |read| jobboard::remove_job(&self.jobboard, act, read, State::Deleted)),
            "list_orders_to_review" => run(event, |read| jobboard::list_orders_to_review(&self.jobboard, read)),
            "end_user_sessions" => run(event, |read| jobboard::end_user_sessions(&self.jobboard, act, read)),
            "refund_note" => run(event, |read| jobboard::refund_note(&self.jobboard, act, read)),
            "reseal" => run(event, |read| reseal::reseal(self.families(), act, &self.log, self.clock.now(), read)),
            _ => Err(Unread::Unknown),
        }
    }
}

/// Why an event has no action.
enum Unread {
    Unknown,
    Faulty(Error),
}

/// Takes `by` out of an event. A command that changes something must have it.
fn read_by(event: &mut Json, command: &str) -> Result<Option<Text<1, 64>>> {
    let read = event.clone().read();
    event.remove("by");
    let By { by } = read?;
    if by.is_none() && !READS.iter().any(|read| command.starts_with(read)) {
        return Err(Error::invalid([Fault::new("by", "is required")]));
    }
    Ok(by)
}

type Action<'a> = Pin<Box<dyn Future<Output = Result<Value>> + Send + 'a>>;

/// The execution of a command. Boxed for each command alone: the frame of a function that holds the futures of all commands is as large as
/// their sum in a build without optimization, which is half the stack of a thread.
fn run<'a, A, F>(event: Json, command: impl FnOnce(A) -> F) -> Result<Action<'a>, Unread>
where
    A: Deserr<Faults>,
    F: Future<Output = Result<Value>> + Send + 'a,
{
    let read = event.read().map_err(Unread::Faulty)?;
    Ok(Box::pin(command(read)))
}
