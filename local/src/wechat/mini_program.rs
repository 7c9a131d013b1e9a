//! The server API of mini programs: code2session, stable_token and getuserphonenumber in WeChat's wire formats.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::runtime::clock::Clock;

use super::access_tokens::{AccessTokens, Issued, QuotaReached};
use super::merchant::Merchant;
use super::pictures::Pending;
use super::shipments::Shipments;

/// A code that is always valid, for the same user and the same phone.
const TEST_CODE: &str = "test";
const TEST_PHONE: &str = "13800138000";
/// The country code of a phone without one.
const MAINLAND: &str = "86";
/// The prefix of the demo data's codes, which are always valid as well.
const DEMO: &str = "demo-";

#[derive(Clone)]
pub struct Simulator {
    /// `appid` and `secret` of the mini programs, as in Secrets Manager. That of the signing API is the first.
    pub apps: Arc<Vec<Value>>,
    state: Arc<Mutex<Simulated>>,
    /// Whose payments the mini program of the job board takes.
    pub merchant: Merchant,
    /// Where the job board takes messages.
    pub push_url: String,
    /// Whether results of pictures are pushed by themselves.
    pub pushes: bool,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
pub struct Simulated {
    /// Issued codes, each with its user or phone. A phone of another country has its code before it: `49 15112345678`.
    codes: HashMap<String, String>,
    used: HashSet<String>,
    /// The access tokens of each mini program, by appid.
    tokens: BTreeMap<String, AccessTokens>,
    /// A code, and the end of the path whose next call fails with it.
    next_error: Option<(i64, String)>,
    pub shipments: Shipments,
    pub pending_pictures: Vec<Pending>,
}

pub type Parameters = Query<HashMap<String, String>>;

impl Simulator {
    /// `apps` are the secrets of the mini programs. `push_url` takes the messages of that of the job board; `pushes` sends them by themselves.
    pub fn new(apps: Vec<Value>, merchant: Merchant, clock: Arc<dyn Clock>, push_url: String, pushes: bool) -> Self {
        Self { apps: Arc::new(apps), state: Arc::default(), merchant, push_url, pushes, clock }
    }
}

/// A router that serves the API of `api.weixin.qq.com`, with more of it.
pub fn router(simulator: Simulator, more: Router<Simulator>) -> Router {
    Router::new()
        .route("/sns/jscode2session", get(code_to_session))
        .route("/cgi-bin/stable_token", post(stable_token))
        .route("/wxa/business/getuserphonenumber", post(phone_number))
        .route("/simulate/login_code", get(login_code))
        .route("/simulate/phone_code", get(phone_code))
        .route("/simulate/errcode", get(fail_next))
        .route("/simulate/reject_token", get(reject_tokens))
        .route("/simulate/token_requests", get(token_requests))
        .merge(more)
        .with_state(simulator)
}

impl Simulator {
    pub fn state(&self) -> MutexGuard<'_, Simulated> {
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

    /// The appid of the mini program that has the access token of a call.
    pub fn app_of_token(&self, Query(query): &Parameters) -> Result<String, Json<Value>> {
        let token = query.get("access_token").map(String::as_str).unwrap_or_default();
        let now = self.clock.now();
        let appid = token.strip_prefix("token-").and_then(|token| token.rsplit_once('-')).and_then(|(appid, number)| {
            let state = self.state();
            state.tokens.get(appid)?.is_valid(number.parse().ok()?, now).then(|| appid.to_owned())
        });
        appid.ok_or_else(|| failure(40001, "invalid credential, access_token is invalid or not latest"))
    }

    /// The error that `/simulate/errcode` set for the next call.
    pub fn simulated_failure(&self, path: &str) -> Result<(), Json<Value>> {
        match self.state().next_error.take_if(|(_, of)| path.ends_with(&**of)) {
            Some((errcode, _)) => Err(failure(errcode, "simulated")),
            None => Ok(()),
        }
    }
}

pub fn failure(errcode: i64, errmsg: &str) -> Json<Value> {
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
    simulator.simulated_failure("jscode2session")?;
    let appid = simulator.app(|name| query.get(name).cloned())?;
    let user = simulator.redeem("login", query.get("js_code").map(String::as_str).unwrap_or_default())?;
    let openid = simulator.openid(&appid, &user);
    Ok(Json(json!({"openid": openid, "session_key": &digest(&openid)[..24], "unionid": format!("u{}", &digest(&user)[..27])})))
}

async fn stable_token(State(simulator): State<Simulator>, Json(body): Json<Value>) -> Result<Json<Value>, Json<Value>> {
    let appid = simulator.app(|name| body[name].as_str().map(str::to_owned))?;
    let now = simulator.clock.now();
    let mut state = simulator.state();
    let tokens = state.tokens.entry(appid.clone()).or_default();
    let Issued { number, expires_in } = if body["force_refresh"] == true {
        tokens.force(now).map_err(|QuotaReached| failure(45009, "reach max api daily quota limit"))?
    } else {
        tokens.current(now)
    };
    Ok(Json(json!({"access_token": format!("token-{appid}-{number}"), "expires_in": expires_in})))
}

async fn phone_number(
    State(simulator): State<Simulator>,
    query: Parameters,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Json<Value>> {
    simulator.simulated_failure("getuserphonenumber")?;
    let appid = simulator.app_of_token(&query)?;
    let phone = simulator.redeem("phone", body["code"].as_str().unwrap_or_default())?;
    let (country, pure) = phone.split_once(' ').unwrap_or((MAINLAND, &phone));
    let whole = if country == MAINLAND { pure.to_owned() } else { format!("+{country}{pure}") };
    Ok(Json(json!({
        "errcode": 0, "errmsg": "ok",
        "phone_info": {
            "phoneNumber": whole, "purePhoneNumber": pure, "countryCode": country,
            "watermark": {"timestamp": 0, "appid": appid},
        },
    })))
}

async fn login_code(State(simulator): State<Simulator>, Query(query): Parameters) -> Json<Value> {
    simulator.issue("login", query.get("user").map_or("user", String::as_str))
}

async fn phone_code(State(simulator): State<Simulator>, Query(query): Parameters) -> Json<Value> {
    let phone = query.get("phone").map_or(TEST_PHONE, String::as_str);
    match query.get("country") {
        Some(country) => simulator.issue("phone", &format!("{country} {phone}")),
        None => simulator.issue("phone", phone),
    }
}

async fn fail_next(State(simulator): State<Simulator>, Query(query): Parameters) -> Json<Value> {
    let next: Option<i64> = query.get("next").and_then(|errcode| errcode.parse().ok());
    simulator.state().next_error = next.zip(Some(query.get("path").cloned().unwrap_or_default()));
    Json(json!({"next": next}))
}

/// Rejects the current access token of each mini program, which stays the current one: only a forced request replaces it.
async fn reject_tokens(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.state().tokens.values_mut().for_each(AccessTokens::reject);
    token_requests(State(simulator)).await
}

async fn token_requests(State(simulator): State<Simulator>) -> Json<Value> {
    let state = simulator.state();
    let sum = |count: fn(&AccessTokens) -> u64| state.tokens.values().map(count).sum::<u64>();
    Json(json!({"unforced": sum(|tokens| tokens.unforced), "forced": sum(|tokens| tokens.forced)}))
}
