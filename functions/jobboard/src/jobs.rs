//! Jobs, by those who post them (document, 我发布的 and 二、商家招聘模块). `/job/..` and `/jobs/..` are both served where the document
//! uses both.

use axum::extract::State;
use axum::http::header::ACCESS_CONTROL_EXPOSE_HEADERS;
use axum::response::{IntoResponse, Response};
use deserr::Deserr;
use jiff::Timestamp;
use lambda::family::also_at;
use serde::Serialize;
use shared::jobboard::contacts::Other;
use shared::jobboard::job::{Content, Job};
use shared::values::Id;
use shared::values::input::{Faults, Json as Input};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Ack, Caller, Done, Failure, Json, Problem, Reply, Retryable, Success};
use crate::listing::PostingsFields;
use crate::view::JobView;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_own_jobs))
        .routes(routes!(create_job))
        .routes(also_at(routes!(create_job), "/jobs/create"))
        .routes(routes!(update_job))
        .routes(routes!(close_job))
        .routes(also_at(routes!(close_job), "/jobs/close"))
        .routes(routes!(refresh_job))
}

/// Names a job.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
pub struct JobFields {
    /// 数字或字符串
    #[schema(value_type = u64, example = 1234)]
    pub job_id: Id,
}

/// A row of 我发布的: as a job, and as a contact whose other side is oneself.
#[derive(Serialize, ToSchema)]
struct OwnJobView {
    #[serde(flatten)]
    job: JobView,
    job_id: u64,
    purpose_user_id: u64,
    purpose_user_name: String,
    purpose_user_phone: String,
}

/// Rows under both names: the document prints `contacts` here and `list` elsewhere.
#[derive(Serialize, ToSchema)]
struct OwnJobs {
    contacts: Vec<OwnJobView>,
    list: Vec<OwnJobView>,
    total: u64,
}

/// 我发布的
#[utoipa::path(post, path = "/jobs/my", tag = "商家", request_body = PostingsFields, responses(
    (status = 200, body = Success<OwnJobs>), (status = "default", body = Problem)))]
async fn list_own_jobs(
    State(app): State<App>,
    Caller(user): Caller,
    Json(fields): Json<PostingsFields>,
) -> Result<Reply<OwnJobs>, Failure> {
    let (page, owner) = app.jobs_of(user, fields.biz_type(), fields.page()).await?;
    let now = app.now();
    let rows = || page.list.iter().map(|job| own_job(job, &owner, now)).collect();
    Ok(Reply(OwnJobs { contacts: rows(), list: rows(), total: page.total }))
}

fn own_job(job: &Job, owner: &Other, now: Timestamp) -> OwnJobView {
    OwnJobView {
        job: JobView::of(job, now, false),
        job_id: job.id.as_u64(),
        purpose_user_id: owner.id.as_u64(),
        purpose_user_name: owner.name.as_str().to_owned(),
        purpose_user_phone: owner.phone.as_ref().map_or_else(String::new, |phone| phone.as_str().to_owned()),
    }
}

/// 发布招聘信息: 新招聘信息的 id 在响应头 X-Resource-Id 中
#[utoipa::path(post, path = "/job/create", tag = "商家", request_body = ContentFields, responses(
    (status = 200, body = Ack, headers(("X-Resource-Id" = u64, description = "招聘信息的 id"))),
    (status = "default", body = Problem)))]
async fn create_job(State(app): State<App>, Caller(user): Caller, request: Retryable<Content>) -> Result<Response, Failure> {
    let once = request.once(&app, user, "create_job")?;
    let id = app.create_job(user, request.fields, once.as_ref()).await?;
    let headers = [("x-resource-id", id.to_string()), (ACCESS_CONTROL_EXPOSE_HEADERS.as_str(), "X-Resource-Id".into())];
    Ok((headers, Done).into_response())
}

/// 修改招聘信息
#[utoipa::path(post, path = "/jobs/update", tag = "商家", request_body = UpdateFields, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn update_job(State(app): State<App>, Caller(user): Caller, Json(mut changes): Json<Input>) -> Result<Done, Failure> {
    #[derive(Deserr)]
    #[deserr(error = Faults)]
    struct Named {
        id: Id,
    }
    let Named { id } = changes.clone().read()?;
    changes.remove("id");
    app.update_job(user, id, &changes).await?;
    Ok(Done)
}

/// 关闭招聘信息
#[utoipa::path(post, path = "/job/close", tag = "商家", request_body = JobFields, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn close_job(State(app): State<App>, Caller(user): Caller, Json(job): Json<JobFields>) -> Result<Done, Failure> {
    app.close_job(user, job.job_id).await?;
    Ok(Done)
}

/// 刷新招聘信息: 每天一次免费
#[utoipa::path(post, path = "/jobs/refresh", tag = "商家", request_body = JobFields, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn refresh_job(State(app): State<App>, Caller(user): Caller, Json(job): Json<JobFields>) -> Result<Done, Failure> {
    app.refresh_job(user, job.job_id).await?;
    Ok(Done)
}

/// What [`Content`] reads, as the OpenAPI document shows it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema is never made")]
struct ContentFields {
    #[schema(min_length = 1, max_length = 64, example = "服务员")]
    positions: String,
    #[schema(minimum = -180, maximum = 180, example = 116.397128)]
    longitude: f64,
    #[schema(minimum = -90, maximum = 90, example = 39.916527)]
    latitude: f64,
    #[schema(min_length = 1, max_length = 256)]
    address: String,
    /// 联系电话
    #[schema(example = "13812341234")]
    contact: String,
    /// 联系人, 默认为本人的姓名
    #[schema(max_length = 32)]
    user_name: Option<String>,
    #[schema(max_length = 5000)]
    description: Option<String>,
    /// 最多 4 张; 数组, 或以逗号分隔的字符串
    photo_urls: Option<Vec<String>>,
    first_area_id: Option<u32>,
    #[schema(max_length = 64)]
    first_area_des: Option<String>,
    second_area_id: Option<u32>,
    #[schema(max_length = 64)]
    second_area_des: Option<String>,
    third_area_id: Option<u32>,
    #[schema(max_length = 64)]
    third_area_des: Option<String>,
    four_area_id: Option<u32>,
    #[schema(max_length = 64)]
    four_area_des: Option<String>,
    /// 元/月
    #[schema(minimum = 0, maximum = 10_000_000, example = 8000)]
    salary_min: i64,
    /// 元/月, -1 为不限
    #[schema(minimum = -1, maximum = 10_000_000, example = 20000)]
    salary_max: i64,
    /// 基础保障
    basic_protection: Option<Vec<String>>,
    /// 薪酬福利
    salary_benefits: Option<Vec<String>>,
    /// 考勤休假
    attendance_leave: Option<Vec<String>>,
}

/// 只传需要修改的字段; photo_urls 传空字符串为清空。
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema is never made")]
struct UpdateFields {
    #[schema(example = 39)]
    id: u64,
    #[schema(min_length = 1, max_length = 64, example = "收银员")]
    positions: Option<String>,
    #[schema(minimum = -180, maximum = 180)]
    longitude: Option<f64>,
    #[schema(minimum = -90, maximum = 90)]
    latitude: Option<f64>,
    address: Option<String>,
    contact: Option<String>,
    user_name: Option<String>,
    description: Option<String>,
    photo_urls: Option<Vec<String>>,
    salary_min: Option<i64>,
    salary_max: Option<i64>,
}
