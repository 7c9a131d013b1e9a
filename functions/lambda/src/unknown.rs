//! Members of a request that its operation does not have: a response names them in `X-Unknown-Fields`, so that a misspelt field is seen.

use std::cell::RefCell;
use std::collections::BTreeSet;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

const HEADER: HeaderName = HeaderName::from_static("x-unknown-fields");
/// The most names in a response.
const MOST: usize = 20;
/// The longest name in a response.
const LONGEST: usize = 64;

tokio::task_local! {
    static NAMES: RefCell<Vec<String>>;
}

/// Notes the unknown members of the request that this task serves.
pub fn note(names: Vec<String>) {
    // Outside of a request no response names them.
    _ = NAMES.try_with(|noted| noted.borrow_mut().extend(names));
}

/// Names what was noted. `owned` are the members that only the server sets: a client may send back what it has read.
pub(crate) async fn named(owned: &[&str], request: Request, next: Next) -> Response {
    let serve = async {
        let response = next.run(request).await;
        (response, NAMES.with(RefCell::take))
    };
    let (mut response, names) = NAMES.scope(RefCell::default(), serve).await;
    let is_shown = |name: &&String| {
        let last = name.rsplit('.').next().unwrap_or_default();
        name.len() <= LONGEST && !owned.contains(&last) && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
    };
    let shown: Vec<&str> = BTreeSet::from_iter(&names).into_iter().filter(is_shown).take(MOST).map(String::as_str).collect();
    if let Some(value) =
        Some(shown.join(", ")).filter(|names| !names.is_empty()).and_then(|names| HeaderValue::try_from(names).ok())
    {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
