//! /image: photos of identity cards (docs/contract/signing.txt, 1.2.2).

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use lambda::body::{self, File};
use serde::Serialize;
use shared::signing::images::MAX_BYTES;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, Failure, Problem, Reply, Segment, Success, with_error_code};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_image)).routes(routes!(get_image)).layer(from_fn(with_error_code))
}

#[derive(Serialize, ToSchema)]
struct ImageView {
    /// 文件的访问 URL
    url: String,
}

/// 上传图片
#[utoipa::path(post, path = "/image", tag = "通用",
    request_body(content = body::FileForm, content_type = "multipart/form-data",
        description = "file: jpg, png, webp 或 bmp 图片, 4.5 MB 以内"),
    responses((status = 200, body = Success<ImageView>), (status = "default", body = Problem)))]
async fn create_image(
    State(app): State<App>,
    Caller(worker): Caller,
    headers: HeaderMap,
    File(bytes, ..): File<Failure, MAX_BYTES>,
) -> Result<Reply<ImageView>, Failure> {
    let base_url = lambda::base_url(&headers).ok_or(Failure::Unreadable("请求缺少 Host"))?;
    let name = app.store_image(&worker, &bytes).await?;
    Ok(Reply(ImageView { url: format!("{base_url}/image/{name}") }))
}

/// 查看自己上传的图片: 302 到临时地址
#[utoipa::path(get, path = "/image/{name}", tag = "通用", params(("name" = String, Path)),
    responses((status = 302, body = Success<ImageView>), (status = "default", body = Problem)))]
async fn get_image(State(app): State<App>, Caller(worker): Caller, Segment(name): Segment) -> Result<Response, Failure> {
    let presigned = app.image(&worker, &name).await?;
    let location = [(header::LOCATION, presigned.url.clone())];
    Ok((StatusCode::FOUND, location, Reply(ImageView { url: presigned.url })).into_response())
}
