//! `ops-console`: staff sign in and execute the commands that their roles allow (docs/design/staff.md).
//!
//! ```text
//! POST /console/api/sign-in              {phone}          sends a code to a member's phone
//! POST /console/api/code                 {phone, code}    checks it; the second factor comes next
//! POST /console/api/totp                 {code}           opens a session, or proves the second factor again in one
//! POST /console/api/sign-out
//! GET  /console/api/me                                    the member, and the commands that the roles allow
//! POST /console/api/commands/{command}   its fields       executes a command as the member
//! ```
//!
//! The pages are in `pages`.
//!
//! A request to the API that changes something is JSON and comes from the same origin: a form of another site can send neither the media type nor the
//! cookie, which is `SameSite=Strict`.

mod answer;
mod auth;
mod commands;
mod gate;
mod pages;
pub mod reasons;
mod sign_in;
pub mod texts;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use lambda::frame::{self, Frame};
use lambda::observe::Observer;
use shared::error::Result;
use shared::runtime::environment::Environment;
use utoipa_axum::router::OpenApiRouter;

use crate::admin::Admin;
use answer::Failure;
pub use pages::navigation;

type App = Arc<Admin>;

struct Console;

impl Frame for Console {
    type App = App;
    type Failure = Failure;

    const NAME: &'static str = "ops";
    /// As large as an import can be.
    const MAX_BODY: usize = 6 * 1024 * 1024;
    const OWN_ROUTES: &'static [&'static str] = &LIMITED;
}

/// Every route.
pub const ROUTES: [&str; 6] = [
    "POST /console/api/sign-in",
    "POST /console/api/code",
    "POST /console/api/totp",
    "POST /console/api/sign-out",
    "GET /console/api/me",
    "POST /console/api/commands/{command}",
];

/// The routes that have a route of their own at the gateway, with a rate limit.
const LIMITED: [&str; 6] =
    [ROUTES[0], ROUTES[1], ROUTES[2], "POST /console/sign-in", "POST /console/sign-in/code", "POST /console/sign-in/totp"];

/// The router of the function.
pub async fn connect(environment: &Environment) -> Result<Router> {
    let app = Arc::new(Admin::connect(environment).await?);
    let routes = OpenApiRouter::default()
        .route("/console/api/sign-in", post(sign_in::send_code))
        .route("/console/api/code", post(sign_in::check_code))
        .route("/console/api/totp", post(sign_in::prove))
        .route("/console/api/sign-out", post(sign_in::sign_out))
        .route("/console/api/me", get(commands::me))
        .route("/console/api/commands/{command}", post(commands::execute))
        .merge(pages::routes());
    let router = frame::router::<Console>(routes, Observer::of(environment)).with_state(Arc::clone(&app));
    Ok(router.layer(middleware::from_fn(pages::shown)).layer(middleware::from_fn_with_state(app, refreshed)))
}

/// Comes before each request: the secrets may be read again.
async fn refreshed(State(app): State<App>, request: Request, next: Next) -> Response {
    app.refresh().await;
    next.run(request).await
}
