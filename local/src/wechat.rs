//! WeChat on this machine: its own wire formats for code2session, stable_token and getuserphonenumber, and beside them
//!
//! ```text
//! GET /simulate/login_code?user=NAME    {"code":".."}  what wx.login would give this user; once
//! GET /simulate/phone_code?phone=N      {"code":".."}  what getPhoneNumber would give; once
//! GET /simulate/errcode?next=45011                     the next call is refused so
//! ```
//!
//! The code `test` is always accepted.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const TEST_CODE: &str = "test";
const TEST_PHONE: &str = "13800138000";
const TOKEN_AGE: u32 = 7200;

#[derive(Clone)]
struct Simulator {
    /// The mini program's `appid` and `secret`, as Secrets Manager has them.
    app: Arc<Value>,
    state: Arc<Mutex<Simulated>>,
}

#[derive(Default)]
struct Simulated {
    /// Codes that were handed out, with the user or the phone that they stand for.
    codes: HashMap<String, String>,
    used: HashSet<String>,
    token: u64,
    next_error: Option<i64>,
}

type Parameters = Query<HashMap<String, String>>;

/// A router that answers as `api.weixin.qq.com` does.
pub fn router(app: Value) -> Router {
    Router::new()
        .route("/sns/jscode2session", get(code_to_session))
        .route("/cgi-bin/stable_token", post(stable_token))
        .route("/wxa/business/getuserphonenumber", post(phone_number))
        .route("/simulate/login_code", get(login_code))
        .route("/simulate/phone_code", get(phone_code))
        .route("/simulate/errcode", get(fail_next))
        .with_state(Simulator { app: Arc::new(app), state: Arc::default() })
}

impl Simulator {
    fn state(&self) -> MutexGuard<'_, Simulated> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_out(&self, kind: &str, subject: &str) -> Json<Value> {
        let code = format!("{kind}-{}", shared::secrets::random_token().unwrap_or_default());
        self.state().codes.insert(code.clone(), subject.to_owned());
        Json(json!({"code": code}))
    }

    /// What a code stands for, once.
    fn redeem(&self, kind: &str, code: &str) -> Result<String, Json<Value>> {
        let mut state = self.state();
        if state.used.contains(code) {
            return Err(refusal(40163, "code been used"));
        }
        match state.codes.remove(code).filter(|_| code.starts_with(kind)) {
            Some(subject) => {
                state.used.insert(code.to_owned());
                Ok(subject)
            }
            None => Err(refusal(40029, "invalid code")),
        }
    }

    fn knows(&self, given: impl Fn(&str) -> Option<String>) -> Result<(), Json<Value>> {
        let is_right = |name: &str| given(name).as_deref() == self.app[name].as_str();
        match (is_right("appid"), is_right("secret")) {
            (false, _) => Err(refusal(40013, "invalid appid")),
            (true, false) => Err(refusal(40125, "invalid appsecret")),
            (true, true) => Ok(()),
        }
    }

    fn failure(&self) -> Result<(), Json<Value>> {
        match self.state().next_error.take() {
            Some(errcode) => Err(refusal(errcode, "simulated")),
            None => Ok(()),
        }
    }
}

fn refusal(errcode: i64, errmsg: &str) -> Json<Value> {
    Json(json!({"errcode": errcode, "errmsg": errmsg}))
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn code_to_session(State(simulator): State<Simulator>, Query(query): Parameters) -> Result<Json<Value>, Json<Value>> {
    simulator.failure()?;
    simulator.knows(|name| query.get(name).cloned())?;
    let user = match query.get("js_code").map(String::as_str).unwrap_or_default() {
        TEST_CODE => TEST_CODE.to_owned(),
        code => simulator.redeem("login", code)?,
    };
    let openid = format!("o{}", &digest(&user)[..27]);
    Ok(Json(
        json!({"openid": openid, "session_key": &digest(&openid)[..24], "unionid": format!("u{}", &digest(&openid)[..27])}),
    ))
}

async fn stable_token(State(simulator): State<Simulator>, Json(body): Json<Value>) -> Result<Json<Value>, Json<Value>> {
    simulator.knows(|name| body[name].as_str().map(str::to_owned))?;
    let mut state = simulator.state();
    if body["force_refresh"] == true || state.token == 0 {
        state.token += 1;
    }
    Ok(Json(json!({"access_token": format!("token-{}", state.token), "expires_in": TOKEN_AGE})))
}

async fn phone_number(
    State(simulator): State<Simulator>,
    Query(query): Parameters,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Json<Value>> {
    simulator.failure()?;
    let current = format!("token-{}", simulator.state().token);
    if query.get("access_token") != Some(&current) {
        return Err(refusal(40001, "invalid credential, access_token is invalid or not latest"));
    }
    let phone = match body["code"].as_str().unwrap_or_default() {
        TEST_CODE => TEST_PHONE.to_owned(),
        code => simulator.redeem("phone", code)?,
    };
    Ok(Json(json!({
        "errcode": 0, "errmsg": "ok",
        "phone_info": {
            "phoneNumber": phone, "purePhoneNumber": phone, "countryCode": "86",
            "watermark": {"timestamp": 0, "appid": simulator.app["appid"]},
        },
    })))
}

async fn login_code(State(simulator): State<Simulator>, Query(query): Parameters) -> Json<Value> {
    simulator.hand_out("login", query.get("user").map_or("somebody", String::as_str))
}

async fn phone_code(State(simulator): State<Simulator>, Query(query): Parameters) -> Json<Value> {
    simulator.hand_out("phone", query.get("phone").map_or(TEST_PHONE, String::as_str))
}

async fn fail_next(State(simulator): State<Simulator>, Query(query): Parameters) -> Json<Value> {
    let next = query.get("next").and_then(|errcode| errcode.parse().ok());
    simulator.state().next_error = next;
    Json(json!({"next": next}))
}
