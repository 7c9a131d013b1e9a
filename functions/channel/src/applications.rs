//! /applications (docs/contract/channel.txt, POST /applications).

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::channel::applications::Application;
use shared::channel::choices::ApplicationStatus;
use shared::channel::{Filter, Record, period};
use shared::error::Error;
use shared::values::input::Faults;
use shared::values::{Moment, PeriodEnd, PeriodStart, RecordId, Text, Url};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, Failure, Id, Json, Patch, Problem, Reply, Success};
use crate::paging::{List, ListQuery, Paging};
use crate::records::{self, Body, mirrors};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(create_application, list_applications))
        .routes(routes!(get_application, update_application))
}

#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults)]
struct ApplicationBody {
    /// 渠道投递唯一标识
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "A20240101001")]
    channel_application_id: RecordId,
    /// 用户标识
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "U20240101001")]
    channel_user_id: RecordId,
    /// 任务标识
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "T20240101001")]
    channel_task_id: RecordId,
    /// 投递时间
    #[schema(value_type = String, format = DateTime, example = "2024-01-18T14:30:00Z")]
    applied_at: Moment,
    /// 简历URL
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 2048, example = "https://cdn.example.com/resume.pdf")]
    resume_url: Option<Url>,
    /// 投递渠道来源
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64, example = "渠道A")]
    application_channel: Option<Text<1, 64>>,
    /// 投递状态 (pending/accepted/rejected/cancelled, 默认: pending)
    #[deserr(default = ApplicationStatus::Pending)]
    #[schema(value_type = Option<String>, example = "pending")]
    status: ApplicationStatus,
    /// 备注
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    remark: Option<Text<1, 1000>>,
}

#[derive(Serialize, ToSchema)]
struct ApplicationCreated {
    #[schema(example = "40001")]
    application_id: String,
    #[schema(value_type = String, example = "A20240101001")]
    channel_application_id: RecordId,
    #[schema(value_type = String, format = DateTime, example = "2024-01-18T14:30:00Z")]
    created_at: Moment,
}

#[derive(Serialize, ToSchema)]
struct ApplicationView {
    #[schema(example = "40001")]
    application_id: String,
    #[serde(flatten)]
    body: ApplicationBody,
    #[schema(value_type = String, format = DateTime, example = "2024-01-18T14:30:00Z")]
    created_at: Moment,
    #[schema(value_type = String, format = DateTime, example = "2024-01-18T14:30:00Z")]
    updated_at: Moment,
}

#[derive(Deserr, IntoParams)]
#[deserr(error = Faults)]
#[into_params(parameter_in = Query)]
struct ApplicationQuery {
    /// 按用户筛选
    #[deserr(default)]
    #[param(value_type = Option<String>)]
    channel_user_id: Option<RecordId>,
    /// 按任务筛选
    #[deserr(default)]
    #[param(value_type = Option<String>)]
    channel_task_id: Option<RecordId>,
    /// 按状态筛选
    #[deserr(default)]
    #[param(value_type = Option<String>)]
    status: Option<ApplicationStatus>,
    /// 开始日期: 投递的日期或时刻, 含当日
    #[deserr(default)]
    #[param(value_type = Option<String>, example = "2024-01-01")]
    start_date: Option<PeriodStart>,
    /// 结束日期, 含当日
    #[deserr(default)]
    #[param(value_type = Option<String>, example = "2024-12-31")]
    end_date: Option<PeriodEnd>,
    /// 此时刻及以后更新过的
    #[deserr(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    updated_after: Option<Moment>,
}

/// 创建投递
#[utoipa::path(post, path = "/api/v1/applications", tag = "投递", request_body = ApplicationBody, responses(
    (status = 200, body = Success<ApplicationCreated>), (status = "default", body = Problem)))]
async fn create_application(
    State(app): State<App>,
    Caller(channel): Caller,
    Json(body): Json<ApplicationBody>,
) -> Result<Reply<ApplicationCreated>, Failure> {
    let record = records::create(&app, &channel, body).await?;
    Ok(Reply(ApplicationCreated {
        application_id: record.server_id.to_string(),
        created_at: record.created_at(),
        channel_application_id: record.content.channel_application_id,
    }))
}

/// 投递列表
#[utoipa::path(get, path = "/api/v1/applications", tag = "投递", params(ApplicationQuery, Paging), responses(
    (status = 200, body = Success<List<ApplicationView>>), (status = "default", body = Problem)))]
async fn list_applications(
    State(app): State<App>,
    Caller(channel): Caller,
    query: ListQuery<ApplicationQuery>,
) -> Result<Reply<List<ApplicationView>>, Failure> {
    let page = app.list(&channel, &query.filter.filter()?, query.page).await?;
    Ok(Reply(List::of(page, ApplicationView::from)))
}

/// 查询投递
#[utoipa::path(get, path = "/api/v1/applications/{channel_application_id}", tag = "投递", params(("channel_application_id" = String, Path)),
    responses((status = 200, body = Success<ApplicationView>), (status = "default", body = Problem)))]
async fn get_application(
    State(app): State<App>,
    Caller(channel): Caller,
    id: Id<Application>,
) -> Result<Reply<ApplicationView>, Failure> {
    Ok(Reply(records::find::<ApplicationBody>(&app, &channel, &id.0).await?.into()))
}

/// 更新投递
#[utoipa::path(put, path = "/api/v1/applications/{channel_application_id}", tag = "投递", params(("channel_application_id" = String, Path)),
    request_body(content = ApplicationBody, description = "JSON Merge Patch (RFC 7396)"),
    responses((status = 200, body = Success<ApplicationView>), (status = "default", body = Problem)))]
async fn update_application(
    State(app): State<App>,
    Caller(channel): Caller,
    id: Id<Application>,
    patch: Patch,
) -> Result<Reply<ApplicationView>, Failure> {
    Ok(Reply(records::amend::<ApplicationBody>(&app, &channel, &id.0, &patch).await?.into()))
}

impl ApplicationQuery {
    fn filter(self) -> Result<Filter, Error> {
        let (occurred_from, occurred_to) = period(self.start_date, self.end_date)?;
        Ok(Filter {
            parents: [
                self.channel_user_id.map(|id| ("channel_user_id", id)),
                self.channel_task_id.map(|id| ("channel_task_id", id)),
            ],
            equal: self.status.map(|status| ("status", status.as_str())).into_iter().collect(),
            occurred_from,
            occurred_to,
            updated_from: self.updated_after,
        })
    }
}

impl From<Record<Application>> for ApplicationView {
    fn from(record: Record<Application>) -> Self {
        Self {
            application_id: record.server_id.to_string(),
            created_at: record.created_at(),
            updated_at: record.updated_at(),
            body: record.content.into(),
        }
    }
}

impl Body for ApplicationBody {
    type Content = Application;
}

mirrors!(
    ApplicationBody = Application {
        channel_application_id,
        channel_user_id,
        channel_task_id,
        applied_at,
        resume_url,
        application_channel,
        status,
        remark
    }
);
