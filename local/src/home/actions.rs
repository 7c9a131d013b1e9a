//! The page's buttons and lists: they reach the outbox of text messages and the simulator of WeChat through the page's own origin.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use reqwest::RequestBuilder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::gateway::failure;

/// How many text messages the page shows.
const SHOWN: usize = 50;
/// As long as the gateway waits: the simulator notifies the system of a payment before it responds.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone)]
struct Outbox {
    http: reqwest::Client,
    url: String,
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

/// The options of the simulator that forge notifications are missing here: only tests use them.
#[derive(Deserialize, Serialize)]
struct Payment {
    out_trade_no: String,
    #[serde(default = "yes")]
    notify: bool,
}

fn yes() -> bool {
    true
}

/// A router for the outbox, and for the simulator unless a real WeChat is in use.
pub fn router(outbox: &str, simulator: Option<String>) -> Result<Router, String> {
    // These addresses are on this machine: a proxy from the environment must not receive the calls.
    let http = crate::http::builder().no_proxy().timeout(TIMEOUT).build().map_err(|error| error.to_string())?;
    let messages = Router::new()
        .route("/_local/sms", get(list_messages))
        .with_state(Outbox { http: http.clone(), url: outbox.to_owned() });
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

async fn list_messages(State(outbox): State<Outbox>) -> Response {
    let messages = async { outbox.http.get(&outbox.url).send().await?.error_for_status()?.json::<Vec<Value>>().await };
    match messages.await {
        Ok(messages) => Json(messages.into_iter().rev().take(SHOWN).collect::<Vec<_>>()).into_response(),
        Err(_) => failure(StatusCode::BAD_GATEWAY, "there is no outbox: SNS is another one"),
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
    forward(simulator.get("orders", &())).await
}

async fn login_code(State(simulator): State<Simulator>, Json(user): Json<User>) -> Response {
    forward(simulator.get("login_code", &user)).await
}

async fn phone_code(State(simulator): State<Simulator>, Json(phone): Json<Phone>) -> Response {
    forward(simulator.get("phone_code", &phone)).await
}

async fn fail_next(State(simulator): State<Simulator>, Json(errcode): Json<Errcode>) -> Response {
    forward(simulator.get("errcode", &errcode)).await
}

async fn pay(State(simulator): State<Simulator>, Json(payment): Json<Payment>) -> Response {
    forward(simulator.post("pay", &payment)).await
}

async fn notify_again(State(simulator): State<Simulator>, Json(payment): Json<Payment>) -> Response {
    forward(simulator.post("notify_again", &payment)).await
}

/// The simulator's response, unchanged.
async fn forward(request: RequestBuilder) -> Response {
    let response = async {
        let response = request.send().await?;
        Ok::<_, reqwest::Error>((response.status(), response.bytes().await?))
    };
    match response.await {
        Ok((status, body)) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => failure(StatusCode::BAD_GATEWAY, &format!("WeChat's simulator: {error}")),
    }
}
