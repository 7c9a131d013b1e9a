//! The home page of the local stack: an overview for anyone who has just started it. The deployed API does not have it.
//!
//! ```text
//! GET  /                                            the page
//! GET  /_local/home.css  home.js  icon.svg          its files
//! GET  /_local/sms                                  the newest text messages, newest first
//! GET  /_local/totp                                 the codes of the demo members of staff, and how many seconds they are valid
//! GET  /_local/orders                               the newest orders at WeChat Pay, newest first
//! POST /_local/login_code    {"user":".."}          forwarded to the simulator of WeChat, see there
//! POST /_local/phone_code    {"phone":".."}
//! POST /_local/errcode       {"next":45011}         null cancels it
//! POST /_local/pay           {"out_trade_no":"..","notify":false}
//! POST /_local/notify_again  {"out_trade_no":".."}
//! POST /_local/subscribe                            makes the webhook of the demo product, for the receiver of the page
//! POST /_local/test_event                           sends it a test event
//! POST /_local/receiver                             takes events
//! GET  /_local/events                               the events that it got, newest first
//! ```

mod actions;
mod authenticator;
mod endpoints;
mod guard;
mod page;
mod receiver;

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use shared::runtime::clock::Clock;

use crate::World;
use crate::gateway::failure;

/// A router for the page and its actions. Without the simulator of WeChat (`is_simulated`) the page has no buttons.
pub fn router(world: &World, is_simulated: bool, clock: Arc<dyn Clock>) -> Result<Router, String> {
    let page = page::Content::of(world, is_simulated);
    let simulator = is_simulated.then(|| world.wechat_url.clone());
    let staff = world.demo.as_ref().map(|demo| demo.staff.clone()).unwrap_or_default();
    Ok(Router::new()
        .route("/", get(async move || page.response()).fallback(not_found))
        .route("/_local/home.css", get(async || text("text/css; charset=utf-8", include_str!("home.css"))))
        .route("/_local/home.js", get(async || text("text/javascript; charset=utf-8", include_str!("home.js"))))
        .route("/_local/icon.svg", get(async || text("image/svg+xml", include_str!("icon.svg"))))
        .merge(actions::router(&world.sms_outbox_url, simulator)?)
        .merge(authenticator::router(staff, Arc::clone(&clock)))
        .merge(match &world.demo {
            Some(demo) => receiver::router(&world.base_url, demo.hris.clone(), clock)?,
            None => Router::new(),
        })
        .layer(from_fn(guard::admit)))
}

/// What the gateway responds to other methods.
async fn not_found() -> Response {
    failure(StatusCode::NOT_FOUND, "Not Found")
}

fn text(media_type: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, media_type)], text)
}
