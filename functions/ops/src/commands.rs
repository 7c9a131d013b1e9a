//! All commands. The modules of the families list theirs next to their code.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::staff::roles::Role;
use shared::values::Text;
use shared::values::input::Faults;

use crate::command::{Command, run};
use crate::{
    audit, channel_records, channels, hris, hris_credentials, hris_imports, hris_records, hris_webhooks, jobboard, persons,
    requests, reseal, reveal, reveal_list, signing, staff, workload,
};

/// Every command.
pub fn all() -> impl Iterator<Item = &'static Command> {
    let lists = [
        HELP,
        channels::COMMANDS,
        channel_records::COMMANDS,
        hris::COMMANDS,
        hris_credentials::COMMANDS,
        hris_imports::COMMANDS,
        hris_records::COMMANDS,
        hris_webhooks::COMMANDS,
        signing::applications::COMMANDS,
        signing::directory::COMMANDS,
        signing::lists::COMMANDS,
        signing::sessions::COMMANDS,
        jobboard::users::COMMANDS,
        jobboard::jobs::COMMANDS,
        jobboard::orders::COMMANDS,
        jobboard::vouchers::COMMANDS,
        persons::COMMANDS,
        reveal::COMMANDS,
        reveal_list::COMMANDS,
        staff::COMMANDS,
        audit::COMMANDS,
        requests::COMMANDS,
        workload::COMMANDS,
        reseal::COMMANDS,
    ];
    lists.into_iter().flatten()
}

/// The command of this name. The fault suggests the nearest one.
pub fn named(name: &str) -> Result<&'static Command> {
    all().find(|command| command.name == name).ok_or_else(|| {
        let distance = |command: &&Command| strsim::osa_distance(command.name, name);
        let nearest = all().min_by_key(distance).map_or("help", |nearest| nearest.name);
        Error::invalid([Fault::new("command", format!("is not known; the nearest is {nearest}"))])
    })
}

const HELP: &[Command] = &[Command::reads("help", "Lists the commands, or shows one", |_, _, fields| run(fields, help))
    .by(Role::ALL)
    .fields("name?", r#"{"name":"create_channel"}"#)];

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Help {
    #[deserr(default)]
    name: Option<Text<1, 64>>,
}

async fn help(Help { name }: Help) -> Result<Value> {
    match name {
        Some(name) => named(name.as_str())?.help(),
        None => Ok(json!({"commands": all().map(Command::help).collect::<Result<Vec<_>>>()?})),
    }
}
