//! The authenticator app of the demo members of staff.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use shared::runtime::clock::Clock;

use crate::demo::Staff;
use crate::gateway::failure;

/// How long a code is valid, in seconds.
const STEP: i64 = 30;

#[derive(Clone)]
struct Authenticator {
    staff: Vec<Staff>,
    clock: Arc<dyn Clock>,
}

pub fn router(staff: Vec<Staff>, clock: Arc<dyn Clock>) -> Router {
    Router::new().route("/_local/totp", get(list_codes)).with_state(Authenticator { staff, clock })
}

/// The codes by the roles of the members.
async fn list_codes(State(Authenticator { staff, clock }): State<Authenticator>) -> Response {
    let now = clock.now();
    let codes = staff.iter().map(|member| Ok((member.role.as_str(), member.code(now)?)));
    match codes.collect::<Result<HashMap<_, _>, String>>() {
        Ok(codes) => Json(json!({"seconds": STEP - now.as_second().rem_euclid(STEP), "codes": codes})).into_response(),
        Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    }
}
