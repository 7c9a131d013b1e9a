//! /uploads, an addition to the document: see docs/design/channel.md, Uploads.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use deserr::Deserr;
use serde::Serialize;
use shared::channel::uploads::{FileType, Purpose, Sha256, Size, UploadName};
use shared::error::{Error, Fault};
use shared::storage::objects::PRESIGNED_FOR;
use shared::values::input::Faults;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, Failure, Json, Problem, Reply, Success, path_segment};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_upload)).routes(routes!(get_upload))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = UploadRequest)]
struct UploadBody {
    /// 用途: resume, license, certification, supporting_doc
    #[schema(value_type = String, example = "resume")]
    purpose: Purpose,
    /// pdf, doc, docx, jpg, png 或 webp 的媒体类型
    #[schema(value_type = String, example = "application/pdf")]
    content_type: FileType,
    /// 文件大小 (字节), 最多 20 MB
    #[schema(value_type = u32, minimum = 1, maximum = 20_971_520, example = 102_400)]
    size: Size,
    /// 文件的 SHA-256 (十六进制); 给出时上传内容必须与之相符
    #[deserr(default)]
    #[schema(value_type = Option<String>, pattern = "^[0-9a-fA-F]{64}$")]
    sha256: Option<Sha256>,
}

#[derive(Serialize, ToSchema)]
struct UploadView {
    /// 用 PUT 上传文件的地址
    upload_url: String,
    /// 上传时必须原样携带的请求头
    headers: BTreeMap<String, String>,
    /// 存入 resume_url、license_photo、photos、supporting_docs 的长期地址
    url: String,
    /// upload_url 的有效期 (秒)
    #[schema(example = 900)]
    expires_in: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Download)]
struct DownloadView {
    /// 15 分钟内有效的下载地址
    url: String,
}

/// 申请上传
#[utoipa::path(post, path = "/api/v1/uploads", tag = "上传", request_body = UploadBody, responses(
    (status = 200, body = Success<UploadView>), (status = "default", body = Problem)))]
async fn create_upload(
    State(app): State<App>,
    Caller(channel): Caller,
    Host(base_url): Host,
    Json(body): Json<UploadBody>,
) -> Result<Reply<UploadView>, Failure> {
    let UploadBody { purpose, content_type, size, sha256 } = body;
    let (name, presigned) = app.begin_upload(&channel, purpose, content_type, size, sha256).await?;
    Ok(Reply(UploadView {
        upload_url: presigned.url,
        headers: presigned.headers.into_iter().collect(),
        url: format!("{base_url}/api/v1/uploads/{name}"),
        expires_in: PRESIGNED_FOR.as_secs(),
    }))
}

/// 下载上传的文件
#[utoipa::path(get, path = "/api/v1/uploads/{name}", tag = "上传", params(("name" = String, Path)), responses(
    (status = 302, body = Success<DownloadView>), (status = "default", body = Problem)))]
async fn get_upload(State(app): State<App>, Caller(channel): Caller, Name(name): Name) -> Result<Response, Failure> {
    let found = app.find_upload(&channel, &name).await?;
    let presigned = found.ok_or_else(|| Error::missing("name"))?;
    let location = [(header::LOCATION, presigned.url.clone())];
    Ok((StatusCode::FOUND, location, Reply(DownloadView { url: presigned.url })).into_response())
}

/// The name of an upload, from the path.
struct Name(UploadName);

impl FromRequestParts<App> for Name {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match UploadName::parse(&path_segment(parts, app).await?) {
            Ok(name) => Ok(Self(name)),
            Err(reason) => Err(Error::not_found([Fault::new("name", reason)]).into()),
        }
    }
}

/// The base URL of the request.
struct Host(String);

impl FromRequestParts<App> for Host {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let base_url = lambda::base_url(&parts.headers);
        Ok(Self(base_url.ok_or_else(|| Error::invalid([Fault::new("Host", "is required")]))?))
    }
}
