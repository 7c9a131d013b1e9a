//! S3 on this machine: files below a folder, one subfolder per bucket. It checks signatures and checksums.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use sha2::{Digest as _, Sha256};

use crate::s3_events::S3Events;
use crate::s3_versions::Versioned;
use crate::template::Template;
use crate::wire::{Service, failure};

/// The largest body whose digest is checked, in bytes: larger than any upload.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A router that serves S3's API for the buckets of the template, which are below this folder, to clients with one of these access keys.
pub fn router(
    folder: &Path,
    template: &Template,
    access_keys: &[&str],
    secret_key: &str,
    events: S3Events,
) -> Result<Router, String> {
    for bucket in template.names("AWS::S3::Bucket") {
        std::fs::create_dir_all(folder.join(bucket)).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let files = FileSystem::new(folder).map_err(|error| format!("{}: {error:?}", folder.display()))?;
    let mut service = S3ServiceBuilder::new(Versioned::new(files));
    let mut auth = SimpleAuth::new();
    for access_key in access_keys {
        auth.register((*access_key).to_owned(), secret_key.into());
    }
    service.set_auth(auth);
    let service = service.build();
    let locking: Arc<[String]> = template.locking_buckets().into();
    Ok(Router::new().fallback(async move |request| respond(service.clone(), request, &locking, &events).await))
}

async fn respond(mut service: S3Service, request: Request, locking: &[String], events: &S3Events) -> Response {
    if lacks_checksum(&request, locking) {
        let message =
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters";
        return failure(Service::S3, StatusCode::BAD_REQUEST, "InvalidRequest", message);
    }
    let is_form = request.method() == Method::POST;
    let request = match with_matching_digest(request).await {
        Ok(request) => request,
        Err(response) => return response,
    };
    match tower::Service::call(&mut service, request).await {
        Ok(response) => {
            if is_form && response.status().is_success() {
                events.deliver().await;
            }
            response.map(axum::body::Body::new)
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}

/// Whether this is a PUT without a checksum to a bucket that locks its objects.
fn lacks_checksum(request: &Request, locking: &[String]) -> bool {
    let bucket = request.uri().path().trim_start_matches('/').split('/').next().unwrap_or_default();
    let is_checksum = |name: &HeaderName| *name == "content-md5" || name.as_str().starts_with("x-amz-checksum-");
    request.method() == Method::PUT && locking.iter().any(|name| name == bucket) && !request.headers().keys().any(is_checksum)
}

/// Rejects a body that does not match the SHA-256 in its header. s3s-fs would check it only after it has stored the body.
async fn with_matching_digest(request: Request) -> Result<Request, Response> {
    let Some(digest) = request.headers().get("x-amz-checksum-sha256").cloned() else { return Ok(request) };
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
    if digest.as_bytes() == BASE64.encode(Sha256::digest(&body)).as_bytes() {
        Ok(Request::from_parts(parts, body.into()))
    } else {
        Err(failure(Service::S3, StatusCode::BAD_REQUEST, "BadDigest", "The SHA256 you specified did not match"))
    }
}
