//! /applications (docs/contract/channel.txt, POST /applications).

use axum::extract::State;
use deserr::Deserr;
use lambda::openapi::MergePatch;
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
use crate::edge::{Caller, Failure, Id, Json, Patch, Reply, Success};
use crate::paging::{List, ListQuery, Paging};
use crate::records::{self, Body, mirrors};

/// The schemas of the closed lists.
pub mod lists {
    use shared::channel::choices;

    lambda::closed_lists! {
        ApplicationStatus = choices::ApplicationStatus,
            "投递状态: pending 待处理, accepted 已接受, rejected 已拒绝, cancelled 已取消";
    }
}

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(create_application, list_applications))
        .routes(routes!(get_application, update_application))
}

/// 投递
#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ApplicationBody {
    /// 渠道投递唯一标识, 由渠道指定, 创建后不可更改; 1 到 64 个字母、数字或 . _ -, 不能是 . 或 ..
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "A20240101001")]
    channel_application_id: RecordId,
    /// 用户标识: 已推送的用户的 channel_user_id
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "U20240101001")]
    channel_user_id: RecordId,
    /// 任务标识: 已推送的任务的 channel_task_id
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "T20240101001")]
    channel_task_id: RecordId,
    /// 投递时间, ISO 8601 日期时间, 带时区; 返回时为 UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-18T14:30:00Z")]
    applied_at: Moment,
    /// 简历URL, http 或 https, 最多 2048 个字符; 只保存, 不访问
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 2048, example = "https://cdn.example.com/resume.pdf")]
    resume_url: Option<Url>,
    /// 投递渠道来源, 自由文本, 最多 64 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64, example = "渠道A")]
    application_channel: Option<Text<1, 64>>,
    /// 投递状态: pending 待处理, accepted 已接受, rejected 已拒绝, cancelled 已取消 (默认: pending)
    #[deserr(default = ApplicationStatus::Pending)]
    #[schema(value_type = Option<lists::ApplicationStatus>)]
    status: ApplicationStatus,
    /// 备注, 最多 1000 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    remark: Option<Text<1, 1000>>,
}

/// 创建的投递
#[derive(Serialize, ToSchema)]
struct ApplicationCreated {
    /// 系统分配的投递编号, 最多 16 位数字
    #[schema(pattern = "^[0-9]{1,16}$", example = "40001")]
    application_id: String,
    /// 渠道投递唯一标识
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "A20240101001")]
    channel_application_id: RecordId,
    /// 系统保存该投递的时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-18T14:30:00Z")]
    created_at: Moment,
}

/// 投递, 包括系统分配的编号和时间
#[derive(Serialize, ToSchema)]
struct ApplicationView {
    /// 系统分配的投递编号, 最多 16 位数字
    #[schema(pattern = "^[0-9]{1,16}$", example = "40001")]
    application_id: String,
    #[serde(flatten)]
    body: ApplicationBody,
    /// 系统保存该投递的时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-18T14:30:00Z")]
    created_at: Moment,
    /// 最后更新时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-18T14:30:00Z")]
    updated_at: Moment,
}

/// 投递列表的筛选条件
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ApplicationQuery {
    /// 按用户筛选: 用户的 channel_user_id
    #[deserr(default)]
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    channel_user_id: Option<RecordId>,
    /// 按任务筛选: 任务的 channel_task_id
    #[deserr(default)]
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    channel_task_id: Option<RecordId>,
    /// 按状态筛选: pending 待处理, accepted 已接受, rejected 已拒绝, cancelled 已取消
    #[deserr(default)]
    #[param(value_type = Option<lists::ApplicationStatus>)]
    status: Option<ApplicationStatus>,
    /// 开始日期: 投递时间不早于它; 日期 YYYY-MM-DD (UTC, 含当日) 或带时区的 ISO 8601 日期时间
    #[deserr(default)]
    #[param(value_type = Option<String>, example = "2024-01-01")]
    start_date: Option<PeriodStart>,
    /// 结束日期: 投递时间不晚于它, 写法与开始日期相同, 含当日; 不早于开始日期
    #[deserr(default)]
    #[param(value_type = Option<String>, example = "2024-12-31")]
    end_date: Option<PeriodEnd>,
    /// 只返回此时刻及以后更新过的投递, 按更新的先后排列; 更新 15 秒后才列出。ISO 8601 日期时间, 带时区
    #[deserr(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    updated_after: Option<Moment>,
}

/// 创建投递
///
/// 推送一条投递。用户和任务须已推送, 否则返回 404; 任务已关闭时也可以投递。
/// 内容与第一次相同的重复请求得到第一次的应答, 内容不同的返回 409。
#[utoipa::path(post, path = "/api/v1/applications", tag = "投递", request_body = ApplicationBody, responses(
    (status = 200, body = Success<ApplicationCreated>)))]
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
///
/// 分页返回本渠道的投递, 最新创建的在前。各筛选条件须同时满足。
#[utoipa::path(get, path = "/api/v1/applications", tag = "投递", params(ApplicationQuery, Paging), responses(
    (status = 200, body = Success<List<ApplicationView>>)))]
async fn list_applications(
    State(app): State<App>,
    Caller(channel): Caller,
    query: ListQuery<ApplicationQuery>,
) -> Result<Reply<List<ApplicationView>>, Failure> {
    let page = app.list(&channel, &query.filter.filter()?, query.page).await?;
    Ok(Reply(List::of(page, ApplicationView::from)))
}

/// 查询投递
///
/// 返回完整的投递, 从未给出的可选字段省略。其他渠道的投递视为不存在, 返回 404。
#[utoipa::path(get, path = "/api/v1/applications/{channel_application_id}", tag = "投递",
    params(("channel_application_id" = String, Path, pattern = "^[A-Za-z0-9._-]{1,64}$",
        description = "渠道投递唯一标识, 即创建时的 channel_application_id")),
    responses((status = 200, body = Success<ApplicationView>)))]
async fn get_application(
    State(app): State<App>,
    Caller(channel): Caller,
    id: Id<Application>,
) -> Result<Reply<ApplicationView>, Failure> {
    Ok(Reply(records::find::<ApplicationBody>(&app, &channel, &id.0).await?.into()))
}

/// 更新投递
///
/// 更改投递的部分字段, 返回更改后的完整投递; 更改后的投递须整体有效。投递不存在时返回 404, 不会创建。
/// 状态可以从 pending 变为 accepted、rejected 或 cancelled, 从 accepted 变为 cancelled。
/// rejected 和 cancelled 是最终状态, 此后只能更改备注。其他变化返回 409。
#[utoipa::path(put, path = "/api/v1/applications/{channel_application_id}", tag = "投递",
    params(("channel_application_id" = String, Path, pattern = "^[A-Za-z0-9._-]{1,64}$",
        description = "渠道投递唯一标识, 即创建时的 channel_application_id; 请求体中可以省略, 给出时须与此相同")),
    request_body(content = MergePatch<ApplicationBody>, description = "JSON Merge Patch (RFC 7396): 没有的成员不变, null 或空字符串删除可选成员"),
    responses((status = 200, body = Success<ApplicationView>)))]
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
