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
use crate::edge::{Ack, Caller, Done, Failure, Json, Problem, Reply, Success};
use crate::jobs::JobBody;
use crate::paging::{PostingsBody, Rows};

pub fn router() -> OpenApiRouter<App> {
    let mut router = OpenApiRouter::default()
        .routes(routes!(list_collections))
        .routes(routes!(collect_job))
        .routes(also_at(routes!(collect_job), "/jobs/collect"))
        .routes(routes!(cancel_collection));
    // The document's spelling and the correct one.
    for path in ["/jobs/cancnel_collect", "/job/cancel_collect", "/jobs/cancel_collect"] {
        router = router.routes(also_at(routes!(cancel_collection), path));
    }
    router
}

#[derive(Serialize, ToSchema)]
struct CollectionView {
    #[schema(example = 3)]
    job_id: u64,
    positions: String,
    salary_min: i64,
    salary_max: i64,
    first_area_des: String,
    second_area_des: String,
    third_area_des: String,
    address: String,
    /// 招聘信息的发布时间
    create_at: String,
    is_top: u8,
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
#[utoipa::path(post, path = "/collect/my", tag = "求职", request_body = PostingsBody, responses(
    (status = 200, body = Success<Rows<CollectionView>>), (status = "default", body = Problem)))]
async fn list_collections(
    State(app): State<App>,
    Caller(user): Caller,
    Json(fields): Json<PostingsBody>,
) -> Result<Reply<Rows<CollectionView>>, Failure> {
    let page = app.collected(user, fields.biz_type(), fields.page()).await?;
    let now = app.now();
    Ok(Reply(Rows::of(page, |job| CollectionView::of(&job, now))))
}

/// 收藏
#[utoipa::path(post, path = "/job/collect", tag = "求职", request_body = JobBody, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn collect_job(State(app): State<App>, Caller(user): Caller, Json(job): Json<JobBody>) -> Result<Done, Failure> {
    app.collect(user, job.job_id).await?;
    Ok(Done)
}

/// 取消收藏
#[utoipa::path(post, path = "/job/cancnel_collect", tag = "求职", request_body = JobBody, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn cancel_collection(State(app): State<App>, Caller(user): Caller, Json(job): Json<JobBody>) -> Result<Done, Failure> {
    app.cancel_collection(user, job.job_id).await?;
    Ok(Done)
}
