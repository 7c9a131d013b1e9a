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
use crate::edge::{Caller, Coded, Failure, Reply, Segment, with_error_code};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_image)).routes(routes!(get_image)).layer(from_fn(with_error_code))
}

/// 图片
#[derive(Serialize, ToSchema)]
struct ImageView {
    /// 文件的访问 URL: 上传时为长期地址, 查看时为 15 分钟内有效的临时地址
    url: String,
}

/// 上传图片
///
/// 每次上传一张, 格式以内容为准, 不看文件名; 图片须完整, 宽高不超过 65535 像素, 总计不超过 2 亿像素。保存时去掉位置、时间等
/// 元数据。返回长期有效的地址, 只有上传者能查看。应答另有 error_code, 与 status 相同
#[utoipa::path(post, path = "/image", tag = "通用",
    request_body(content = body::FileForm, content_type = "multipart/form-data",
        description = "file: jpg, png, webp 或 bmp 图片, 4.5 MB 以内"),
    responses((status = 200, body = Coded<ImageView>)))]
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

/// 查看自己上传的图片
///
/// 302 到临时地址 (应答头 Location, 与 data.url 相同), 15 分钟内有效; 图片不存在或不是自己上传的为 404。
/// 应答另有 error_code, 与 status 相同
#[utoipa::path(get, path = "/image/{name}", tag = "通用",
    params(("name" = String, Path, description = "图片名, 即上传图片返回的 url 的最后一段: 数字与 .jpg, .png, .webp 或 .bmp")),
    responses((status = 302, body = Coded<ImageView>)))]
async fn get_image(State(app): State<App>, Caller(worker): Caller, Segment(name): Segment) -> Result<Response, Failure> {
    let presigned = app.image(&worker, &name).await?;
    let location = [(header::LOCATION, presigned.url.clone())];
    Ok((StatusCode::FOUND, location, Reply(ImageView { url: presigned.url })).into_response())
}
