//! Jobs that a user has collected (docs/contract/jobboard.txt, 我收藏的, 收藏 and 取消收藏).

use axum::extract::State;
use jiff::Timestamp;
use lambda::family::also_at;
use serde::Serialize;
use shared::jobboard::job::Job;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Ack, Caller, Done, Failure, Json, ListFields, Success};
use crate::jobs::JobBody;
use crate::paging::{PageReply, PostingsBody, Rows};
use crate::reports;

pub fn router() -> OpenApiRouter<App> {
    let mut router = OpenApiRouter::default()
        .routes(routes!(list_collections))
        .routes(routes!(collect_job))
        .routes(also_at(routes!(collect_job), "/jobs/collect"))
        .routes(routes!(cancel_collection))
        .routes(routes!(reports::report_job));
    // The document's spelling and the correct one.
    for path in ["/jobs/cancnel_collect", "/job/cancel_collect", "/jobs/cancel_collect"] {
        router = router.routes(also_at(routes!(cancel_collection), path));
    }
    router
}

/// 收藏的招聘信息
#[derive(Serialize, ToSchema)]
struct CollectionView {
    /// 招聘信息的 id
    #[schema(example = 3)]
    job_id: u64,
    /// 岗位
    #[schema(min_length = 1, max_length = 64)]
    positions: String,
    /// 最低薪资, 元/月
    #[schema(minimum = 0, maximum = 10_000_000)]
    salary_min: i64,
    /// 最高薪资, 元/月, -1 为不限
    #[schema(minimum = -1, maximum = 10_000_000)]
    salary_max: i64,
    /// 一级地区名称
    #[schema(max_length = 64)]
    first_area_des: String,
    /// 二级地区名称
    #[schema(max_length = 64)]
    second_area_des: String,
    /// 三级地区名称
    #[schema(max_length = 64)]
    third_area_des: String,
    /// 工作地址
    #[schema(min_length = 1, max_length = 256)]
    address: String,
    /// 招聘信息的发布时间, 年-月-日 时:分:秒.毫秒, 北京时间
    create_at: String,
    /// 是否置顶: 1 是, 0 否
    #[schema(minimum = 0, maximum = 1)]
    is_top: u8,
    /// 最近一次刷新的时间, 年-月-日 时:分:秒.毫秒, 北京时间; 从未刷新则没有
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refresh_time: Option<String>,
}

impl CollectionView {
    fn of(job: &Job, now: Timestamp) -> Self {
        let content = &job.content;
        Self {
            job_id: job.id.as_u64(),
            positions: content.positions.as_str().to_owned(),
            salary_min: content.salary_min.get(),
            salary_max: content.salary_max.get(),
            first_area_des: content.first_area_des.as_str().to_owned(),
            second_area_des: content.second_area_des.as_str().to_owned(),
            third_area_des: content.third_area_des.as_str().to_owned(),
            address: content.address.as_str().to_owned(),
            create_at: job.created_at.to_plain(),
            is_top: job.is_top(now).into(),
            last_refresh_time: job.refreshed_at.map(shared::values::LocalTime::to_plain),
        }
    }
}

/// 我收藏的
///
/// 返回收藏且仍在招聘中的招聘信息, 按收藏的时间从新到旧; total 为这些招聘信息的总数。biz_type 为 2 或 3 时没有数据
#[utoipa::path(post, path = "/collect/my", tag = "求职", request_body = PostingsBody, responses(
    (status = 200, body = Success<Rows<CollectionView>>, headers(("X-Next-Cursor" = String, description = "下一页的 cursor, 与 next_cursor 相同; 没有下一页时没有")))))]
async fn list_collections(
    State(app): State<App>,
    Caller(user): Caller,
    ListFields(fields): ListFields<PostingsBody>,
) -> Result<PageReply<Rows<CollectionView>>, Failure> {
    let page = app.collected(user, fields.biz_type(), fields.page()?).await?;
    let now = app.now();
    Ok(PageReply(Rows::of(page, |job| CollectionView::of(&job, now))))
}

/// 收藏
///
/// 收藏一条招聘中的招聘信息, 不在招聘中的为 404; 已收藏的再次收藏也成功。每位用户最多收藏 500 条, 超过为 409
#[utoipa::path(post, path = "/job/collect", tag = "求职", request_body = JobBody, responses(
    (status = 200, body = Ack)))]
async fn collect_job(State(app): State<App>, Caller(user): Caller, Json(job): Json<JobBody>) -> Result<Done, Failure> {
    app.collect(user, job.job_id).await?;
    Ok(Done)
}

/// 取消收藏
///
/// 取消收藏一条招聘信息; 没有收藏过的也成功
#[utoipa::path(post, path = "/job/cancnel_collect", tag = "求职", request_body = JobBody, responses(
    (status = 200, body = Ack)))]
async fn cancel_collection(State(app): State<App>, Caller(user): Caller, Json(job): Json<JobBody>) -> Result<Done, Failure> {
    app.cancel_collection(user, job.job_id).await?;
    Ok(Done)
}
