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
use crate::edge::{Ack, Caller, Done, Failure, IdempotencyKey, Json, ListFields, Retryable, Success};
use crate::paging::{PageReply, Paged, PostingsBody};
use crate::view::JobView;
use crate::{messages, schemas};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_own_jobs))
        .routes(routes!(create_job))
        .routes(also_at(routes!(create_job), "/jobs/create"))
        .routes(routes!(update_job))
        .routes(routes!(close_job))
        .routes(also_at(routes!(close_job), "/jobs/close"))
        .routes(routes!(refresh_job))
        .merge(messages::router())
}

/// 一条招聘信息
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = JobFields)]
pub struct JobBody {
    /// 招聘信息的 id; 数字或字符串
    #[schema(value_type = schemas::JobId)]
    pub job_id: Id,
}

/// 自己发布的招聘信息
#[derive(Serialize, ToSchema)]
struct OwnJobView {
    #[serde(flatten)]
    job: JobView,
    /// 招聘信息的 id, 与 id 相同
    job_id: u64,
    /// 发布者 (本人) 的用户 id
    purpose_user_id: u64,
    /// 发布者 (本人) 的姓名
    #[schema(max_length = 32)]
    purpose_user_name: String,
    /// 发布者 (本人) 的手机号
    #[schema(value_type = String)]
    purpose_user_phone: Private,
    /// 下架的原因; 没有下架则没有
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 256)]
    removed_reason: Option<String>,
}

// The document prints `contacts` here and `list` elsewhere.
/// 一页自己发布的招聘信息; contacts 与 list 内容相同
#[derive(Serialize, ToSchema)]
#[schema(as = OwnJobs)]
struct OwnJobsView {
    /// 本页的招聘信息
    contacts: Vec<OwnJobView>,
    /// 与 contacts 相同
    list: Vec<OwnJobView>,
    /// 总数; 用 cursor 翻页时为开始翻页时的总数
    total: u64,
    /// 下一页的 cursor, 没有下一页时为 null
    next_cursor: Option<String>,
}

impl Paged for OwnJobsView {
    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

/// 我发布的
///
/// 返回自己发布的招聘信息, 包括已关闭、已下架与审核中的, 按发布的时间从新到旧; 联系电话完整。biz_type 为 2 或 3 时没有数据
#[utoipa::path(post, path = "/jobs/my", tag = "商家", request_body = PostingsBody, responses(
    (status = 200, body = Success<OwnJobsView>, headers(("X-Next-Cursor" = String, description = "下一页的 cursor, 与 next_cursor 相同; 没有下一页时没有")))))]
async fn list_own_jobs(
    State(app): State<App>,
    Caller(user): Caller,
    ListFields(fields): ListFields<PostingsBody>,
) -> Result<PageReply<OwnJobsView>, Failure> {
    let (page, owner) = app.jobs_of(user, fields.biz_type(), fields.page()?).await?;
    let now = app.now();
    let rows = || page.list.iter().map(|job| own_job(job, &owner, now)).collect();
    let (contacts, list) = (rows(), rows());
    Ok(PageReply(OwnJobsView { contacts, list, total: page.total, next_cursor: page.next_cursor }))
}

fn own_job(job: &Job, owner: &Profile, now: Timestamp) -> OwnJobView {
    OwnJobView {
        job: JobView::of(job, now, false),
        job_id: job.id.as_u64(),
        purpose_user_id: owner.id.as_u64(),
        purpose_user_name: owner.name.as_str().to_owned(),
        purpose_user_phone: owner.phone.clone().map(Private::from).unwrap_or_default(),
        removed_reason: job.note.as_ref().map(|note| note.reason.as_str().to_owned()),
    }
}

/// 发布招聘信息
///
/// 发布后即为招聘中; data 为 null, 新招聘信息的 id 在应答头 X-Resource-Id 中。系统开启内容审核时, 文字未通过微信内容安全检测的为 400,
/// 需要人工审核的先不公开, 状态为 5; 照片在发布后检测, 未通过的下架。带请求头 Idempotency-Key (最多 255 个字符) 时,
/// 同一请求在 24 小时内重复只发布一条, 应答相同; 该 key 已用于其他请求为 409
#[utoipa::path(post, path = "/job/create", tag = "商家", params(IdempotencyKey),
    request_body = ContentBody, responses(
    (status = 200, body = Ack, headers(("X-Resource-Id" = u64, description = "招聘信息的 id")))))]
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
///
/// 只修改传入的字段, 没有传或为 null 的不变。只有发布者可以修改, 否则为 403; 已关闭的也可以修改, 已下架的为 400。系统开启内容审核时,
/// 修改后的内容同样检测
#[utoipa::path(post, path = "/jobs/update", tag = "商家", request_body = UpdateBody, responses(
    (status = 200, body = Ack)))]
async fn update_job(State(app): State<App>, Caller(user): Caller, Json(fields): Json<UpdateBody>) -> Result<Done, Failure> {
    app.update_job(user, fields.id, |content| fields.apply(content)).await?;
    Ok(Done)
}

/// 关闭招聘信息
///
/// 关闭后不再出现在列表中, 也不能重新打开; 已关闭的再次关闭也成功。只有发布者可以关闭, 否则为 403; 已下架的为 400
#[utoipa::path(post, path = "/job/close", tag = "商家", request_body = JobBody, responses(
    (status = 200, body = Ack)))]
async fn close_job(State(app): State<App>, Caller(user): Caller, Json(job): Json<JobBody>) -> Result<Done, Failure> {
    app.close_job(user, job.job_id).await?;
    Ok(Done)
}

/// 刷新招聘信息
///
/// 每条招聘信息每天 (24 小时, 系统可另行设置) 可免费刷新一次, 推荐列表按刷新的时间排序; 之后再次刷新为 429, 应答头 Retry-After
/// 为等待的秒数, 或改用 /jobs/refresh/pay。只有发布者可以刷新, 否则为 403; 不在招聘中的为 400
#[utoipa::path(post, path = "/jobs/refresh", tag = "商家", request_body = JobBody, responses(
    (status = 200, body = Ack)))]
async fn refresh_job(State(app): State<App>, Caller(user): Caller, Json(job): Json<JobBody>) -> Result<Done, Failure> {
    app.refresh_job(user, job.job_id).await?;
    Ok(Done)
}
