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
use crate::edge::{Caller, Failure, Json, Reply, Success, path_segment};

/// The schemas of the closed lists.
pub mod lists {
    use shared::channel::uploads;

    lambda::closed_lists! {
        UploadPurpose = uploads::Purpose,
            "用途: resume 简历, license 营业执照, certification 活体认证照片, supporting_doc 证明材料";
    }
}

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_upload)).routes(routes!(get_upload))
}

/// 要上传的文件
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = UploadRequest)]
struct UploadBody {
    /// 用途: resume 简历, license 营业执照, certification 活体认证照片, supporting_doc 证明材料
    #[schema(value_type = lists::UploadPurpose)]
    purpose: Purpose,
    /// pdf, doc, docx, jpg, png 或 webp 的媒体类型, 不区分大小写: application/pdf, application/msword,
    /// application/vnd.openxmlformats-officedocument.wordprocessingml.document, image/jpeg, image/png, image/webp
    #[schema(value_type = String, example = "application/pdf")]
    content_type: FileType,
    /// 文件大小, 字节, 1 到 20971520 (20 MB); 上传内容必须与之相符
    #[schema(value_type = u32, minimum = 1, maximum = 20_971_520, example = 102_400)]
    size: Size,
    /// 文件的 SHA-256, 64 位十六进制, 不区分大小写; 给出时上传内容必须与之相符
    #[deserr(default)]
    #[schema(value_type = Option<String>, pattern = "^[0-9a-fA-F]{64}$")]
    sha256: Option<Sha256>,
}

/// 上传的地址
#[derive(Serialize, ToSchema)]
struct UploadView {
    /// 用 PUT 上传文件的地址
    upload_url: String,
    /// 上传时必须原样携带的请求头
    headers: BTreeMap<String, String>,
    /// 存入 resume_url、license_photo、photos、supporting_docs 的长期地址
    url: String,
    /// upload_url 的有效期, 秒
    #[schema(example = 900)]
    expires_in: u64,
}

/// 下载的地址
#[derive(Serialize, ToSchema)]
#[schema(as = Download)]
struct DownloadView {
    /// 15 分钟内有效的下载地址, 与响应头 Location 相同
    url: String,
}

/// 申请上传
///
/// 返回上传的地址。用 PUT 把文件发送到 upload_url, 原样携带 headers 中的请求头; upload_url 15 分钟内有效。
/// 上传后把 url 填入 resume_url、license_photo、photos 或 supporting_docs。每次申请得到新的地址。
#[utoipa::path(post, path = "/api/v1/uploads", tag = "上传", request_body = UploadBody, responses(
    (status = 200, body = Success<UploadView>)))]
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
///
/// 转到一个 15 分钟内有效的下载地址。只有上传该文件的渠道可以下载; 尚未上传的文件和其他渠道的文件返回 404。
#[utoipa::path(get, path = "/api/v1/uploads/{name}", tag = "上传",
    params(("name" = String, Path,
        pattern = "^(resume|license|certification|supporting_doc)-[0-9]{1,24}\\.(pdf|doc|docx|jpg|png|webp)$",
        description = "文件名, 即申请上传时返回的 url 的最后一段")), responses(
    (status = 302, body = Success<DownloadView>)))]
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
