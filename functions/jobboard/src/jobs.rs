//! Jobs, for the users who post them (docs/contract/jobboard.txt, 我发布的 and 二、商家招聘模块). If the document uses both `/job/..` and
//! `/jobs/..`, both are served.

use axum::extract::State;
use axum::http::header::ACCESS_CONTROL_EXPOSE_HEADERS;
use axum::response::{IntoResponse, Response};
use deserr::Deserr;
use jiff::Timestamp;
use lambda::family::also_at;
use serde::Serialize;
use shared::jobboard::job::Job;
use shared::jobboard::users::Profile;
use shared::values::input::Faults;
use shared::values::{Id, Private};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::content::{ContentBody, UpdateBody};
use crate::edge::{Ack, Caller, Done, Failure, Json, Problem, Reply, Retryable, Success};
use crate::paging::PostingsBody;
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
#[schema(as = JobFields)]
pub struct JobBody {
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
    #[schema(value_type = String)]
    purpose_user_phone: Private,
}

/// Rows under both names: the document prints `contacts` here and `list` elsewhere.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnJobs)]
struct OwnJobsView {
    contacts: Vec<OwnJobView>,
    list: Vec<OwnJobView>,
    total: u64,
}

/// 我发布的
#[utoipa::path(post, path = "/jobs/my", tag = "商家", request_body = PostingsBody, responses(
    (status = 200, body = Success<OwnJobsView>), (status = "default", body = Problem)))]
async fn list_own_jobs(
    State(app): State<App>,
    Caller(user): Caller,
    Json(fields): Json<PostingsBody>,
) -> Result<Reply<OwnJobsView>, Failure> {
    let (page, owner) = app.jobs_of(user, fields.biz_type(), fields.page()).await?;
    let now = app.now();
    let rows = || page.list.iter().map(|job| own_job(job, &owner, now)).collect();
    Ok(Reply(OwnJobsView { contacts: rows(), list: rows(), total: page.total }))
}

fn own_job(job: &Job, owner: &Profile, now: Timestamp) -> OwnJobView {
    OwnJobView {
        job: JobView::of(job, now, false),
        job_id: job.id.as_u64(),
        purpose_user_id: owner.id.as_u64(),
        purpose_user_name: owner.name.as_str().to_owned(),
        purpose_user_phone: owner.phone.clone().map(Private::from).unwrap_or_default(),
    }
}

/// 发布招聘信息: 新招聘信息的 id 在响应头 X-Resource-Id 中
#[utoipa::path(post, path = "/job/create", tag = "商家", request_body = ContentBody, responses(
    (status = 200, body = Ack, headers(("X-Resource-Id" = u64, description = "招聘信息的 id"))),
    (status = "default", body = Problem)))]
async fn create_job(
    State(app): State<App>,
    Caller(user): Caller,
    request: Retryable<ContentBody>,
) -> Result<Response, Failure> {
    let idempotency = request.idempotency(&app, user, "create_job")?;
    let id = app.create_job(user, request.fields.into(), idempotency.as_ref()).await?;
    let headers = [("x-resource-id", id.to_string()), (ACCESS_CONTROL_EXPOSE_HEADERS.as_str(), "X-Resource-Id".into())];
    Ok((headers, Done).into_response())
}

/// 修改招聘信息
#[utoipa::path(post, path = "/jobs/update", tag = "商家", request_body = UpdateBody, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn update_job(State(app): State<App>, Caller(user): Caller, Json(fields): Json<UpdateBody>) -> Result<Done, Failure> {
    app.update_job(user, fields.id, |content| fields.apply(content)).await?;
    Ok(Done)
}

/// 关闭招聘信息
#[utoipa::path(post, path = "/job/close", tag = "商家", request_body = JobBody, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn close_job(State(app): State<App>, Caller(user): Caller, Json(job): Json<JobBody>) -> Result<Done, Failure> {
    app.close_job(user, job.job_id).await?;
    Ok(Done)
}

/// 刷新招聘信息: 每天一次免费
#[utoipa::path(post, path = "/jobs/refresh", tag = "商家", request_body = JobBody, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn refresh_job(State(app): State<App>, Caller(user): Caller, Json(job): Json<JobBody>) -> Result<Done, Failure> {
    app.refresh_job(user, job.job_id).await?;
    Ok(Done)
}
