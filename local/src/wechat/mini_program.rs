//! The server API of mini programs: code2session, stable_token and getuserphonenumber in WeChat's wire formats.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A code that is always valid, for the same user and the same phone.
const TEST_CODE: &str = "test";
const TEST_PHONE: &str = "13800138000";
/// The prefix of the demo data's codes, which are always valid as well.
const DEMO: &str = "demo-";
const TOKEN_AGE: u32 = 7200;

#[derive(Clone)]
struct Simulator {
    /// `appid` and `secret` of the mini programs, as in Secrets Manager. That of the signing API is the first.
    apps: Arc<Vec<Value>>,
    state: Arc<Mutex<Simulated>>,
}

#[derive(Default)]
struct Simulated {
    /// Issued codes, each with its user or phone.
    codes: HashMap<String, String>,
    used: HashSet<String>,
    /// How often each mini program has renewed its access token.
    tokens: HashMap<String, u64>,
    next_error: Option<i64>,
}

type Parameters = Query<HashMap<String, String>>;

/// A router that serves the API of `api.weixin.qq.com` for these mini programs.
pub fn router(apps: Vec<Value>) -> Router {
    Router::new()
        .route("/sns/jscode2session", get(code_to_session))
        .route("/cgi-bin/stable_token", post(stable_token))
        .route("/wxa/business/getuserphonenumber", post(phone_number))
        .route("/simulate/login_code", get(login_code))
        .route("/simulate/phone_code", get(phone_code))
        .route("/simulate/errcode", get(fail_next))
        .with_state(Simulator { apps: Arc::new(apps), state: Arc::default() })
}

impl Simulator {
    fn state(&self) -> MutexGuard<'_, Simulated> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn issue(&self, kind: &str, subject: &str) -> Json<Value> {
        let code = format!("{kind}-{}", shared::crypto::random::random_text().unwrap_or_default());
        self.state().codes.insert(code.clone(), subject.to_owned());
        Json(json!({"code": code}))
    }

    /// The user or phone of a code. A code is valid once; those of the tests and the demo data always.
    fn redeem(&self, kind: &str, code: &str) -> Result<String, Json<Value>> {
        if code == TEST_CODE || code.starts_with(DEMO) {
            return Ok(if kind == "phone" { phone_of(code).to_owned() } else { code.to_owned() });
        }
        let mut state = self.state();
        if state.used.contains(code) {
            return Err(failure(40163, "code been used"));
        }
        match state.codes.remove(code).filter(|_| code.starts_with(kind)) {
            Some(subject) => {
                state.used.insert(code.to_owned());
                Ok(subject)
            }
            None => Err(failure(40029, "invalid code")),
        }
    }

    /// The appid of the mini program that sent its secret.
    fn app(&self, parameter: impl Fn(&str) -> Option<String>) -> Result<String, Json<Value>> {
        let appid = parameter("appid").unwrap_or_default();
        match self.apps.iter().find(|app| app["appid"].as_str() == Some(&appid)) {
            None => Err(failure(40013, "invalid appid")),
            Some(app) if app["secret"].as_str() != parameter("secret").as_deref() => Err(failure(40125, "invalid appsecret")),
            Some(_) => Ok(appid),
        }
    }

    /// A user has another openid in each mini program.
    fn openid(&self, appid: &str, user: &str) -> String {
        // Existing data folders hold openids of the signing API's mini program that do not depend on the appid.
        let is_first = self.apps.first().is_some_and(|app| app["appid"] == appid);
        let subject = if is_first { user.to_owned() } else { format!("{appid}/{user}") };
        format!("o{}", &digest(&subject)[..27])
    }

    /// The error that `/simulate/errcode` set for the next call.
    fn simulated_failure(&self) -> Result<(), Json<Value>> {
        match self.state().next_error.take() {
            Some(errcode) => Err(failure(errcode, "simulated")),
            None => Ok(()),
        }
    }
}

fn failure(errcode: i64, errmsg: &str) -> Json<Value> {
    Json(json!({"errcode": errcode, "errmsg": errmsg}))
}

fn phone_of(code: &str) -> &'static str {
    match code {
        "demo-user" => "13800000001",
        "demo-merchant" => "13800000002",
        TEST_CODE => TEST_PHONE,
        _ => "13800000003",
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn code_to_session(State(simulator): State<Simulator>, Query(query): Parameters) -> Result<Json<Value>, Json<Value>> {
    simulator.simulated_failure()?;
    let appid = simulator.app(|name| query.get(name).cloned())?;
    let user = simulator.redeem("login", query.get("js_code").map(String::as_str).unwrap_or_default())?;
    let openid = simulator.openid(&appid, &user);
    Ok(Json(json!({"openid": openid, "session_key": &digest(&openid)[..24], "unionid": format!("u{}", &digest(&user)[..27])})))
}

async fn stable_token(State(simulator): State<Simulator>, Json(body): Json<Value>) -> Result<Json<Value>, Json<Value>> {
    let appid = simulator.app(|name| body[name].as_str().map(str::to_owned))?;
    let mut state = simulator.state();
    let renewed = state.tokens.entry(appid.clone()).or_default();
    if body["force_refresh"] == true || *renewed == 0 {
        *renewed += 1;
    }
    Ok(Json(json!({"access_token": format!("token-{appid}-{renewed}"), "expires_in": TOKEN_AGE})))
}

async fn phone_number(
    State(simulator): State<Simulator>,
    Query(query): Parameters,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Json<Value>> {
    simulator.simulated_failure()?;
    let token = query.get("access_token").map(String::as_str).unwrap_or_default();
    let appid = simulator
        .state()
        .tokens
        .iter()
        .find_map(|(appid, renewed)| (token == format!("token-{appid}-{renewed}")).then(|| appid.clone()));
    let Some(appid) = appid else {
        return Err(failure(40001, "invalid credential, access_token is invalid or not latest"));
    };
    let phone = simulator.redeem("phone", body["code"].as_str().unwrap_or_default())?;
    Ok(Json(json!({
        "errcode": 0, "errmsg": "ok",
        "phone_info": {
            "phoneNumber": phone, "purePhoneNumber": phone, "countryCode": "86",
            "watermark": {"timestamp": 0, "appid": appid},
        },
    })))
}

async fn login_code(State(simulator): State<Simulator>, Query(query): Parameters) -> Json<Value> {
    simulator.issue("login", query.get("user").map_or("user", String::as_str))
}

async fn phone_code(State(simulator): State<Simulator>, Query(query): Parameters) -> Json<Value> {
    simulator.issue("phone", query.get("phone").map_or(TEST_PHONE, String::as_str))
}

async fn fail_next(State(simulator): State<Simulator>, Query(query): Parameters) -> Json<Value> {
    let next = query.get("next").and_then(|errcode| errcode.parse().ok());
    simulator.state().next_error = next;
    Json(json!({"next": next}))
}
