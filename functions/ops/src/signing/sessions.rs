//! The sessions of workers.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::Result;
use shared::signing::Service;
use shared::signing::values::PlatformCode;
use shared::storage::audit::Act;
use shared::values::input::Faults;

use super::applications::EmId;

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
