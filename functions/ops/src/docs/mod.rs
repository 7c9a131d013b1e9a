//! `ops-docs`: pages in Chinese for developers of clients, and the OpenAPI documents with Swagger UI. The pages load nothing from another
//! origin, and the function reads and stores no data.
//!
//! ```text
//! GET /docs                        the four APIs, and a search over their operations
//! GET /docs/{family}               an API: its operations, a walkthrough, every failure
//! GET /docs/{family}/{operation}   an operation: fields, examples, failures
//! GET /docs/environments           the local sandbox and production
//! GET /docs/policy                 contact, compatibility and deprecation
//! GET /docs/changelog              the changes of the APIs
//! GET /docs/{page}.md              each of these pages in Markdown
//! GET /docs/llms.txt               a list of the pages in Markdown
//! GET /docs/openapi/{family}.json  the OpenAPI document, as committed
//! GET /docs/ui/{family}            Swagger UI for this document
//! GET /docs/style.css              the style sheet of all pages
//! GET /health                      for monitors: the gateway and the functions run
//! ```

mod answer;
pub mod apis;
pub mod codes;
pub mod document;
mod examples;
mod markdown;
mod operation;
mod pages;
pub mod schema;
mod texts;
mod ui;

use axum::Router;
use axum::http::header;
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::get;
use lambda::frame::{self, Frame};
use lambda::observe::Observer;
use shared::runtime::environment::Environment;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

use answer::Failure;

struct Docs;

impl Frame for Docs {
    type App = ();
    type Failure = Failure;

    const NAME: &'static str = "ops";
    /// No request has a body.
    const MAX_BODY: usize = 0;
}

/// What a monitor outside of the stack asks for. It reads no table: the alarms watch these, and anyone may send this request.
async fn health() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#)
}

/// The router of the function.
pub fn connect(environment: &Environment) -> Router {
    let routes = OpenApiRouter::default()
        .route("/docs", get(pages::show_overview))
        .route("/docs/{name}", get(pages::show))
        .route("/docs/{name}/{operation}", get(operation::show))
        .route("/docs/openapi/{file}", get(ui::get_document))
        .route("/docs/ui", get(ui::choose))
        .route("/docs/ui/{name}", get(ui::show))
        .layer(from_fn(answer::unless_known))
        .layer(CompressionLayer::new().gzip(true))
        .route("/health", get(health));
    frame::router::<Docs>(routes, Observer::of(environment)).with_state(())
}
