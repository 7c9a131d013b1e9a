//! 工作台: what waits for the member.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::super::App;
use super::super::answer::Failure;
use super::super::texts::text;
use super::filters;
use super::shell::{Shell, page};
use super::visit::Visit;

#[derive(Template)]
#[template(path = "console/home.html")]
struct HomePage {
    shell: Shell,
}

pub async fn show(State(_): State<App>, visit: Visit) -> Result<Response, Failure> {
    let shell = Shell::of(&visit, text("page.home"), "home");
    page(&visit, "", StatusCode::OK, &HomePage { shell })
}
