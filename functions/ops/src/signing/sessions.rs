//! The sessions of workers.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::Result;
use shared::signing::Service;
use shared::signing::values::PlatformCode;
use shared::storage::audit::Act;
use shared::values::input::Faults;

use super::applications::EmId;
use crate::command::{Command, run};
use shared::staff::roles::Role;

/// The commands of this file.
pub const COMMANDS: &[Command] =
    &[Command::changes("end_worker_sessions", "Ends all sessions of a worker, who may log in again", |admin, by, fields| {
        run(fields, |read| end_worker_sessions(&admin.signing, &by.act, read))
    })
    .by(&[Role::Admin])
    .fields("platform_code em_id", r#"{"platform_code": "gongqiao", "em_id": 376295991951886}"#)];

/// The worker who submitted an application.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct EndWorkerSessions {
    platform_code: PlatformCode,
    em_id: EmId,
}

/// All sessions of the worker end at once. The worker may log in again.
pub async fn end_worker_sessions(service: &Service, act: &Act, end: EndWorkerSessions) -> Result<Value> {
    let EndWorkerSessions { platform_code, em_id } = end;
    service.end_worker_sessions(act, &platform_code, em_id.get().unsigned_abs()).await?;
    Ok(json!({"platform_code": platform_code, "em_id": em_id}))
}
