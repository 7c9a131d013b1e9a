//! S3 on this machine: files below a folder, one subfolder a bucket; signatures are checked.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;

/// A router that speaks S3 for the buckets below this folder.
pub fn router(folder: &Path, buckets: &[String], access_key: &str, secret_key: &str) -> Result<Router, String> {
    for bucket in buckets {
        std::fs::create_dir_all(folder.join(bucket)).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let files = FileSystem::new(folder).map_err(|error| format!("{}: {error:?}", folder.display()))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(access_key, secret_key));
    let service = service.build();
    Ok(Router::new().fallback(async move |request| answer(service.clone(), request).await))
}

async fn answer(mut service: S3Service, request: Request) -> Response {
    match tower::Service::call(&mut service, request).await {
        Ok(response) => response.map(axum::body::Body::new),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}
