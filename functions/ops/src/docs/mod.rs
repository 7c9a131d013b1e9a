//! `ops-docs`: pages for those who integrate, in Chinese, and the OpenAPI documents, to be read and to be tried out. Nothing on a
//! page comes from another address, and nothing is stored or read for it.
//!
//! ```text
//! GET /docs                        the four APIs
//! GET /docs/{family}               one of them: step by step, then every failure
//! GET /docs/openapi/{family}.json  its document, as it is committed
//! GET /docs/ui/{family}            Swagger UI on that document
//! GET /docs/style.css              the look of all pages of the system
//! ```

mod answer;
pub mod apis;
mod failures;
mod pages;
mod ui;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;
use lambda::family::{self, Family};
use lambda::observe::Observer;
use shared::error::Error;
use shared::runtime::environment::Environment;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

use answer::Failure;

struct Docs;

impl Family for Docs {
    type App = ();
    type Failure = Failure;

    const PREFIX: &'static str = "ops-docs";
    /// Nothing is sent here.
    const MAX_BODY: usize = 0;

    fn unknown_path() -> Failure {
        Failure::UnknownPath
    }

    fn wrong_method() -> Failure {
        Failure::WrongMethod
    }

    fn answer_too_large() -> Failure {
        Error::internal("an answer too large to be carried").into()
    }
}

/// The function as it runs.
pub fn connect(environment: &Environment) -> Router {
    let routes = OpenApiRouter::default()
        .route("/docs", get(pages::show_overview))
        .route("/docs/{name}", get(pages::show))
        .route("/docs/openapi/{file}", get(ui::get_document))
        .route("/docs/ui", get(ui::choose))
        .route("/docs/ui/{name}", get(ui::show))
        .layer(from_fn(answer::unless_known))
        .layer(CompressionLayer::new().gzip(true));
    family::router::<Docs>(routes, Observer::of(environment)).with_state(())
}
