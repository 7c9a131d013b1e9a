//! Images (docs/contract/jobboard.txt, 图片上传). Presigned uploads and `GET /img/{name}` are additions (docs/design/jobboard.md, Images).

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use deserr::Deserr;
use lambda::body::{self, File};
use serde::Serialize;
use shared::jobboard::images::{MAX_BYTES, Name};
use shared::jobboard::missing;
use shared::values::Int;
use shared::values::image::Format;
use shared::values::input::Faults;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, Failure, Host, Json, Reply, Success};

/// Clients may cache the redirect for less time than the temporary address is valid.
const KEEP: &str = "public, max-age=600";

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(upload_image)).routes(routes!(presign_image)).routes(routes!(get_image))
}

/// 图片
#[derive(Serialize, ToSchema)]
struct ImageView {
    /// 图片的地址: 上传时为长期地址, 查看时为 15 分钟内有效的临时地址
    #[schema(example = "https://api.example.com/img/298_1768292213248008000.png")]
    url: String,
}

/// 图片上传
///
/// 头像、广告图等, 每一张图片都应该先单独上传, 然后填返回的地址。格式以内容为准, 不看文件名; 图片须完整, 宽高不超过
/// 65535 像素, 总计不超过 2 亿像素。保存时去掉位置、时间等元数据。超过 4.5 MB 为 413, 改用 /img/upload/presign
#[utoipa::path(post, path = "/img/upload", tag = "通用",
    request_body(content = body::FileForm, content_type = "multipart/form-data",
        description = "file: jpg, jpeg, png, bmp 或 webp, 4.5 MB 以内; 更大的见 /img/upload/presign"),
    responses((status = 200, body = Success<ImageView>)))]
async fn upload_image(
    State(app): State<App>,
    Caller(user): Caller,
    Host(base_url): Host,
    File(bytes, ..): File<Failure, MAX_BYTES>,
) -> Result<Reply<ImageView>, Failure> {
    let name = app.store_image(user, &bytes).await?;
    Ok(Reply(ImageView { url: url(&base_url, &name) }))
}

fn url(base_url: &str, name: &Name) -> String {
    format!("{base_url}/img/{name}")
}

/// The media type of an image.
struct PictureType(Format);

impl Deserr<Faults> for PictureType {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        at: deserr::ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let format = shared::values::input::text(&value).and_then(Format::of_media_type);
        format.map(Self).ok_or_else(|| Faults::one(at, "must be image/jpeg, image/png, image/webp or image/bmp"))
    }
}

/// 要上传的大图
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = PresignFields)]
struct PresignBody {
    /// 文件的类型: image/jpeg, image/png, image/webp 或 image/bmp
    #[schema(value_type = String, pattern = "^image/(jpeg|png|webp|bmp)$", example = "image/jpeg")]
    content_type: PictureType,
    /// 文件的大小, 字节, 最多 20 MB; 上传的文件须正好这么大
    #[schema(value_type = u32, minimum = 1, maximum = 20_971_520)]
    size: Int<1, 20_971_520>,
}

/// 大图的上传表单
#[derive(Serialize, ToSchema)]
struct PresignedView {
    /// 以 multipart/form-data POST 到此地址, 15 分钟内有效
    upload_url: String,
    /// 原样放在 file 之前的字段
    fields: BTreeMap<&'static str, String>,
    /// 检查通过后图片的地址
    url: String,
}

/// 申请上传大图
///
/// 返回可用 wx.uploadFile 提交的表单, 图片由此直接上传到存储, 最大 20 MB。上传后检查内容, 要求与图片上传相同: 检查之前查看图片
/// 为 404, 通过后为 302, 没有通过的在一周内为 400 并说明原因
#[utoipa::path(post, path = "/img/upload/presign", tag = "通用", request_body = PresignBody, responses(
    (status = 200, body = Success<PresignedView>)))]
async fn presign_image(
    State(app): State<App>,
    Caller(user): Caller,
    Host(base_url): Host,
    Json(fields): Json<PresignBody>,
) -> Result<Reply<PresignedView>, Failure> {
    let PictureType(format) = fields.content_type;
    let (name, form) = app.begin_upload(user, format, u32::try_from(fields.size.get()).unwrap_or(0)).await?;
    Ok(Reply(PresignedView { upload_url: form.url, fields: form.fields.into_iter().collect(), url: url(&base_url, &name) }))
}

/// 查看图片
///
/// 302 到临时地址 (应答头 Location, 与 data.url 相同), 15 分钟内有效; 应答可以缓存 10 分钟。无需登录。没有这张图片为 404,
/// 直接上传而没有通过检查的为 400
#[utoipa::path(get, path = "/img/{name}", tag = "通用", security(()),
    params(("name" = String, Path, description = "图片名, 即图片地址的最后一段, 如 298_1768292213248008000.png")),
    responses((status = 302, body = Success<ImageView>)))]
async fn get_image(State(app): State<App>, name: Option<Path<String>>) -> Result<Response, Failure> {
    let name = name.and_then(|Path(name)| Name::parse(&name).ok()).ok_or_else(|| missing("image"))?;
    let presigned = app.image(&name).await?.ok_or_else(|| missing("image"))?;
    let mut response = (StatusCode::FOUND, [(header::LOCATION, presigned.url.clone())]).into_response();
    *response.body_mut() = Reply(ImageView { url: presigned.url }).into_response().into_body();
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static(KEEP));
    Ok(response)
}
