//! What the page's buttons and lists call: the outbox of text messages and the simulator of WeChat, from the page's own origin.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use reqwest::RequestBuilder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::gateway::refusal;

/// How many text messages are shown.
const SHOWN: usize = 50;
/// As long as the gateway waits: a payment is told to the system before it is answered.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone)]
struct Desk {
    http: reqwest::Client,
    outbox: String,
}

#[derive(Clone)]
struct Simulator {
    http: reqwest::Client,
    url: String,
}

#[derive(Deserialize, Serialize)]
struct User {
    user: String,
}

#[derive(Deserialize, Serialize)]
struct Phone {
    phone: String,
}

#[derive(Deserialize, Serialize)]
struct Errcode {
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// Nothing else of what tests forge notifications with.
#[derive(Deserialize, Serialize)]
struct Payment {
    out_trade_no: String,
    #[serde(default = "told")]
    notify: bool,
}

fn told() -> bool {
    true
}

/// A router for the outbox, and for the simulator where there is one.
pub fn router(outbox: &str, simulator: Option<String>) -> Result<Router, String> {
    // Whatever this machine's variables say of proxies: these addresses are its own.
    let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(|error| error.to_string())?;
    let messages = Router::new()
        .route("/_local/sms", get(list_messages))
        .with_state(Desk { http: http.clone(), outbox: outbox.to_owned() });
    let Some(url) = simulator else { return Ok(messages) };
    let simulated = Router::new()
        .route("/_local/orders", get(list_orders))
        .route("/_local/login_code", post(login_code))
        .route("/_local/phone_code", post(phone_code))
        .route("/_local/errcode", post(fail_next))
        .route("/_local/pay", post(pay))
        .route("/_local/notify_again", post(notify_again))
        .with_state(Simulator { http, url });
    Ok(messages.merge(simulated))
}

async fn list_messages(State(desk): State<Desk>) -> Response {
    let answer = async { desk.http.get(&desk.outbox).send().await?.error_for_status()?.json::<Vec<Value>>().await };
    match answer.await {
        Ok(messages) => Json(messages.into_iter().rev().take(SHOWN).collect::<Vec<_>>()).into_response(),
        Err(_) => refusal(StatusCode::BAD_GATEWAY, "there is no outbox: SNS is another one"),
    }
}

impl Simulator {
    fn get(&self, what: &str, query: &impl Serialize) -> RequestBuilder {
        self.http.get(format!("{}/simulate/{what}", self.url)).query(query)
    }

    fn post(&self, what: &str, body: &impl Serialize) -> RequestBuilder {
        self.http.post(format!("{}/simulate/{what}", self.url)).json(body)
    }
}

async fn list_orders(State(simulator): State<Simulator>) -> Response {
    pass_on(simulator.get("orders", &())).await
}

async fn login_code(State(simulator): State<Simulator>, Json(user): Json<User>) -> Response {
    pass_on(simulator.get("login_code", &user)).await
}

async fn phone_code(State(simulator): State<Simulator>, Json(phone): Json<Phone>) -> Response {
    pass_on(simulator.get("phone_code", &phone)).await
}

async fn fail_next(State(simulator): State<Simulator>, Json(errcode): Json<Errcode>) -> Response {
    pass_on(simulator.get("errcode", &errcode)).await
}

async fn pay(State(simulator): State<Simulator>, Json(payment): Json<Payment>) -> Response {
    pass_on(simulator.post("pay", &payment)).await
}

async fn notify_again(State(simulator): State<Simulator>, Json(payment): Json<Payment>) -> Response {
    pass_on(simulator.post("notify_again", &payment)).await
}

/// The simulator's answer, as it is.
async fn pass_on(request: RequestBuilder) -> Response {
    let answer = async {
        let response = request.send().await?;
        Ok::<_, reqwest::Error>((response.status(), response.bytes().await?))
    };
    match answer.await {
        Ok((status, body)) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => refusal(StatusCode::BAD_GATEWAY, &format!("WeChat's simulator: {error}")),
    }
}
