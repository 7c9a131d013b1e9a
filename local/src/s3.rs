//! S3 on this machine: files below a folder, one subfolder a bucket; signatures are checked.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use sha2::{Digest as _, Sha256};

use crate::arrivals::Arrivals;

/// The largest body whose digest is checked: above what any upload may be.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A router that speaks S3 for the buckets below this folder, with those who hold one of these access keys.
pub fn router(
    folder: &Path,
    buckets: &[String],
    access_keys: &[&str],
    secret_key: &str,
    arrivals: Arrivals,
) -> Result<Router, String> {
    for bucket in buckets {
        std::fs::create_dir_all(folder.join(bucket)).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let files = FileSystem::new(folder).map_err(|error| format!("{}: {error:?}", folder.display()))?;
    let mut service = S3ServiceBuilder::new(files);
    let mut auth = SimpleAuth::new();
    for access_key in access_keys {
        auth.register((*access_key).to_owned(), secret_key.into());
    }
    service.set_auth(auth);
    let service = service.build();
    Ok(Router::new().fallback(async move |request| answer(service.clone(), request, &arrivals).await))
}

async fn answer(mut service: S3Service, request: Request, arrivals: &Arrivals) -> Response {
    let is_form = request.method() == Method::POST;
    let request = match with_its_digest(request).await {
        Ok(request) => request,
        Err(response) => return response,
    };
    match tower::Service::call(&mut service, request).await {
        Ok(response) => {
            if is_form && response.status().is_success() {
                arrivals.tell().await;
            }
            response.map(axum::body::Body::new)
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}

/// Refuses a body that is not of the SHA-256 it is sent with. The file system would notice only once it has stored it.
async fn with_its_digest(request: Request) -> Result<Request, Response> {
    let Some(digest) = request.headers().get("x-amz-checksum-sha256").cloned() else { return Ok(request) };
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
    if digest.as_bytes() == BASE64.encode(Sha256::digest(&body)).as_bytes() {
        Ok(Request::from_parts(parts, body.into()))
    } else {
        let error = "<Error><Code>BadDigest</Code><Message>The SHA256 you specified did not match</Message></Error>";
        Err((StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/xml")], error).into_response())
    }
}
