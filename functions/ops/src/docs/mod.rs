//! `ops-docs`: pages in Chinese for developers of clients, and the OpenAPI documents with Swagger UI. The pages load nothing from another
//! origin, and the function reads and stores no data.
//!
//! ```text
//! GET /docs                        the four APIs
//! GET /docs/{family}               an API: a walkthrough, then every failure
//! GET /docs/openapi/{family}.json  the OpenAPI document, as committed
//! GET /docs/ui/{family}            Swagger UI for this document
//! GET /docs/style.css              the style sheet of all pages
//! ```

mod answer;
pub mod apis;
mod pages;
mod ui;

use axum::Router;
use axum::middleware::from_fn;
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

/// The router of the function.
pub fn connect(environment: &Environment) -> Router {
    let routes = OpenApiRouter::default()
        .route("/docs", get(pages::show_overview))
        .route("/docs/{name}", get(pages::show))
        .route("/docs/openapi/{file}", get(ui::get_document))
        .route("/docs/ui", get(ui::choose))
        .route("/docs/ui/{name}", get(ui::show))
        .layer(from_fn(answer::unless_known))
        .layer(CompressionLayer::new().gzip(true));
    frame::router::<Docs>(routes, Observer::of(environment)).with_state(())
}
