//! `ops-admin`: each event is one command, `{"command":"create_channel","appkey":"channel_001"}`.
//!
//! A failed command fails the invocation, so that a pipeline stops. The error type of the invocation is the kind of the domain error, and its
//! message names each offending field.

use std::sync::Arc;

use deserr::Deserr;
use lambda_runtime::Diagnostic;
use serde_json::Value;
use shared::channel;
use shared::error::{Error, Fault, Result};
use shared::jobboard::job::State;
use shared::runtime::clock::Clock;
use shared::runtime::environment::Environment;
use shared::runtime::metrics::Log;
use shared::values::Text;
use shared::values::input::{Faults, Json};

use crate::{channels, diagnostic, hris, jobboard, reseal, signing};

/// The services that execute the commands.
pub struct Admin {
    pub channel: Arc<channel::Service>,
    pub hris: Arc<shared::hris::Service>,
    pub signing: Arc<shared::signing::Service>,
    pub jobboard: Arc<shared::jobboard::Service>,
    pub clock: Arc<dyn Clock>,
    pub log: Log,
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
        let result = match Json::parse(event) {
            Ok(event) => self.run(event).await,
            Err(fault) => Err(Error::invalid([fault])),
        };
        result.map_err(|error| diagnostic(&error))
    }

    fn families(&self) -> reseal::Families<'_> {
        let Self { channel, hris, signing, jobboard, clock, log } = self;
        reseal::Families { channel, hris, signing, jobboard, clock: &**clock, log }
    }

    /// A repeated command fails or changes nothing, with two exceptions: a command that returns a secret, token or code creates another one
    /// each time, and a command that ends tokens or sessions also ends those that were issued since.
    async fn run(&self, mut event: Json) -> Result<Value> {
        let Command { command } = event.clone().read()?;
        event.remove("command");
        match command.as_str() {
            "create_channel" => channels::create(&self.channel, event.read()?).await,
            "rotate_channel_secret" => channels::rotate_secret(&self.channel, event.read()?).await,
            "retire_channel_secret" => channels::retire_secret(&self.channel, event.read()?).await,
            "revoke_channel_tokens" => channels::revoke_tokens(&self.channel, event.read()?).await,
            "disable_channel" => channels::disable(&self.channel, event.read()?).await,
            "enable_channel" => channels::enable(&self.channel, event.read()?).await,
            "list_channels" => channels::list(&self.channel, event.read()?).await,
            "create_product" => hris::create_product(&self.hris, event.read()?).await,
            "create_access_key" => hris::create_access_key(&self.hris, event.read()?).await,
            "show_access_key" => hris::show_access_key(&self.hris, event.read()?).await,
            "rotate_access_key" => hris::rotate_access_key(&self.hris, event.read()?).await,
            "retire_access_key_secret" => hris::retire_access_key(&self.hris, event.read()?).await,
            "rotate_company_token" => hris::rotate_company_token(&self.hris, event.read()?).await,
            "create_oauth_app" => hris::create_oauth_app(&self.hris, event.read()?).await,
            "rotate_oauth_app" => hris::rotate_oauth_app(&self.hris, event.read()?).await,
            "retire_oauth_app_secret" => hris::retire_oauth_app_secret(&self.hris, event.read()?).await,
            "create_bind_code" => hris::create_bind_code(&self.hris, event.read()?).await,
            "import_hris" => hris::import(&self.hris, event.read()?).await,
            "set_platform" => signing::set_platform(&self.signing, event.read()?).await,
            "set_company" => signing::set_company(&self.signing, event.read()?).await,
            "set_handler" => signing::set_handler(&self.signing, event.read()?).await,
            "set_contract" => signing::set_contract(&self.signing, event.read()?).await,
            "set_positions" => signing::set_positions(&self.signing, event.read()?).await,
            "set_dictionary" => signing::set_dictionary(&self.signing, event.read()?).await,
            "list_applications" => signing::list_applications(&self.signing, event.read()?).await,
            "show_application" => signing::show_application(&self.signing, event.read()?).await,
            "approve_application" => signing::approve(&self.signing, event.read()?).await,
            "sign_application" => signing::sign(&self.signing, event.read()?).await,
            "reject_application" => signing::reject(&self.signing, event.read()?).await,
            "cancel_application" => signing::cancel(&self.signing, event.read()?).await,
            "end_worker_sessions" => signing::end_worker_sessions(&self.signing, event.read()?).await,
            "set_verify_status" => signing::set_verify_status(&self.signing, event.read()?).await,
            "set_price" => jobboard::set_price(&self.jobboard, event.read()?).await,
            "list_prices" => jobboard::list_prices(&self.jobboard, event.read()?).await,
            "adjust_vouchers" => jobboard::adjust_vouchers(&self.jobboard, event.read()?).await,
            "take_down_job" => jobboard::remove_job(&self.jobboard, event.read()?, State::TakenDown).await,
            "delete_job" => jobboard::remove_job(&self.jobboard, event.read()?, State::Deleted).await,
            "list_orders_to_review" => jobboard::list_orders_to_review(&self.jobboard, event.read()?).await,
            "end_user_sessions" => jobboard::end_user_sessions(&self.jobboard, event.read()?).await,
            "refund_note" => jobboard::refund_note(&self.jobboard, event.read()?).await,
            "reseal" => reseal::reseal(&self.families(), event.read()?).await,
            _ => Err(Error::invalid([Fault::new("command", "is not known")])),
        }
    }
}
