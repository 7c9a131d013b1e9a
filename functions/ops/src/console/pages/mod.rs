//! The pages of the console (docs/design/console.md). They are rendered here, work without script, and are drawn from the results of commands: what a
//! member may see and do is decided by the command alone.
//!
//! ```text
//! GET  /console                       what waits for the member
//! GET  /console/{page}                a list or a record; POST looks for records by a personal field
//! POST /console/form/{command}        the form of a command; GET the form without known fields
//! POST /console/do/{command}          executes it
//! GET  /console/import                the wizard that imports files
//! POST /console/export                the list of a page as a file
//! GET  /console/sign-in               the sign-in: phone, code of the text message, second factor
//! GET  /console/assets/{version}/{name}
//! ```

mod action;
mod assets;
mod cell;
mod define;
mod detail;
mod exports;
mod failure;
mod filters;
mod home;
mod imports;
mod input;
mod list;
mod sections;
mod shell;
mod sign_in;
mod sorting;
mod tree;
mod undo;
mod visit;
mod words;

use axum::extract::{Path, State};
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use utoipa_axum::router::OpenApiRouter;

use super::App;
use super::answer::Failure;
pub use failure::shown;
use sections::{detail, list as listed};
pub use shell::navigation;
use visit::{Form, Visit};
pub use words::{name, time};

/// The pages without a list, and the command that each of them needs.
const PAGES: &[(&str, &str)] = &[("home", "show_workload")];

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .route("/console", get(home::show))
        .route("/console/sign-in", get(sign_in::show).post(sign_in::send_code))
        .route("/console/sign-in/code", get(begin).post(sign_in::check_code))
        .route("/console/sign-in/totp", get(begin).post(sign_in::prove))
        .route("/console/sign-out", post(sign_in::sign_out))
        .route("/console/assets/{version}/{name}", get(assets::show))
        .route("/console/form/{command}", get(action::open).post(action::open_with))
        .route("/console/do/{command}", post(action::execute))
        .route("/console/import", get(imports::begin).post(imports::upload))
        .route("/console/import-template/{kind}", get(imports::show_template))
        .route("/console/import-errors", get(imports::show_errors))
        .route("/console/importing", get(imports::show))
        .route("/console/importing/{step}", post(imports::step))
        .route("/console/export", post(exports::step))
        .route("/console/{page}", get(show).post(find))
}

/// A step of the sign-in that is opened by its address begins the sign-in.
async fn begin() -> Redirect {
    Redirect::to("/console/sign-in")
}

async fn show(State(app): State<App>, Path(name): Path<String>, visit: Visit) -> Result<Response, Failure> {
    if let Some(list) = listed(&name) {
        return list::show(&app, &visit, list, None).await;
    }
    let detail = detail(&name).ok_or(Failure::UnknownPath)?;
    detail::show(&app, &visit, detail).await
}

async fn find(State(app): State<App>, Path(name): Path<String>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let list = listed(&name).filter(|list| list.find.is_some()).ok_or(Failure::WrongMethod)?;
    list::show(&app, &visit, list, Some(form)).await
}
