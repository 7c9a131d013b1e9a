//! /tasks (docs/contract/channel.txt, POST /tasks).

use axum::extract::State;
use deserr::Deserr;
use lambda::openapi::MergePatch;
use serde::Serialize;
use shared::channel::choices::{Currency, SalaryType, SettlementType, TaskStatus, TaskType};
use shared::channel::tasks::{Salary, Task};
use shared::channel::{Filter, Record};
use shared::values::input::Faults;
use shared::values::{Count, Moment, Money, RecordId, Text};
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
        TaskType = choices::TaskType, "任务类型: 短期工/short_term, 长期工/long_term, 兼职/part_time, 实习生/intern";
        TaskStatus = choices::TaskStatus, "任务状态: open 招募中, closed 已关闭, suspended 已暂停";
        SalaryType = choices::SalaryType, "薪资类型: hourly/时薪, daily/日薪, monthly/月薪, piece/计件/按件";
        SettlementType = choices::SettlementType, "结清类型: 日结 按日, 周结 按周, 月结 按月, 完工结 完工后一次结清";
    }
}

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_task, list_tasks)).routes(routes!(get_task, update_task))
}

/// 任务
#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct TaskBody {
    /// 渠道任务唯一标识, 由渠道指定, 创建后不可更改; 1 到 64 个字母、数字或 . _ -, 不能是 . 或 ..
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "T20240101001")]
    channel_task_id: RecordId,
    /// 关联企业标识: 已推送的企业的 channel_company_id
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "C20240101001")]
    channel_company_id: RecordId,
    /// 任务名称, 1 到 128 个字符
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "春节临时工招聘")]
    task_name: Text<1, 128>,
    /// 任务类型: 短期工/short_term, 长期工/long_term, 兼职/part_time, 实习生/intern; 按发送的写法保存和返回
    #[schema(value_type = lists::TaskType)]
    task_type: TaskType,
    /// 招募人数, 人, 1 到 1000000 的整数
    #[schema(value_type = u32, minimum = 1, maximum = 1_000_000, example = 100)]
    recruit_count: Count,
    /// 招募开始时间, ISO 8601 日期时间, 带时区; 返回时为 UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-20T00:00:00Z")]
    recruitment_start_time: Moment,
    /// 招募结束时间, ISO 8601 日期时间, 带时区; 不早于招募开始时间
    #[schema(value_type = String, format = DateTime, example = "2024-02-10T23:59:59Z")]
    recruitment_end_time: Moment,
    /// 工作开始时间, ISO 8601 日期时间, 带时区
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2024-02-01T08:00:00Z")]
    work_start_time: Option<Moment>,
    /// 工作结束时间, ISO 8601 日期时间, 带时区; 不早于工作开始时间
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2024-02-15T18:00:00Z")]
    work_end_time: Option<Moment>,
    /// 劳务费用发放说明, 最多 4000 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 4000, example = "按月结算,次月15日发放工资")]
    wage_description: Option<Text<1, 4000>>,
    /// 招募说明, 最多 4000 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 4000, example = "招聘春节期间临时工,负责流水线作业")]
    recruitment_description: Option<Text<1, 4000>>,
    /// 工作地点, 最多 255 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 255, example = "北京市朝阳区某某工厂")]
    work_location: Option<Text<1, 255>>,
    /// 岗位要求, 最多 4000 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 4000, example = "身体健康,能吃苦耐劳")]
    job_requirements: Option<Text<1, 4000>>,
    /// 薪资信息
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    salary: Option<SalaryBody>,
    /// 任务状态: open 招募中, closed 已关闭, suspended 已暂停 (默认: open)
    #[deserr(default = TaskStatus::Open)]
    #[schema(value_type = Option<lists::TaskStatus>)]
    status: TaskStatus,
}

/// 薪资信息
#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct SalaryBody {
    /// 薪资类型: hourly/时薪, daily/日薪, monthly/月薪, piece/计件/按件; 按发送的写法保存和返回
    #[schema(value_type = lists::SalaryType)]
    salary_type: SalaryType,
    /// 薪资金额, 币种由 currency 决定 (CNY 为元), 0 到 10^12, 最多两位小数
    #[serde(serialize_with = "Money::as_yuan")]
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000_000_000i64, example = 5000)]
    amount: Money,
    /// 货币类型, ISO 4217 的三位大写字母代码 (默认: CNY)
    #[deserr(default = Currency::default())]
    #[schema(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "CNY")]
    currency: Currency,
    /// 结清类型: 日结 按日, 周结 按周, 月结 按月, 完工结 完工后一次结清
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<lists::SettlementType>)]
    settlement_type: Option<SettlementType>,
}

/// 创建的任务
#[derive(Serialize, ToSchema)]
struct TaskCreated {
    /// 系统分配的任务编号, 最多 16 位数字
    #[schema(pattern = "^[0-9]{1,16}$", example = "30001")]
    task_id: String,
    /// 渠道任务唯一标识
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "T20240101001")]
    channel_task_id: RecordId,
    /// 系统保存该任务的时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    created_at: Moment,
}

/// 任务, 包括系统分配的编号和时间
#[derive(Serialize, ToSchema)]
struct TaskView {
    /// 系统分配的任务编号, 最多 16 位数字
    #[schema(pattern = "^[0-9]{1,16}$", example = "30001")]
    task_id: String,
    #[serde(flatten)]
    body: TaskBody,
    /// 系统保存该任务的时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    created_at: Moment,
    /// 最后更新时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    updated_at: Moment,
}

/// 任务列表的筛选条件
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TaskQuery {
    /// 按企业筛选: 企业的 channel_company_id
    #[deserr(default)]
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    channel_company_id: Option<RecordId>,
    /// 按状态筛选: open 招募中, closed 已关闭, suspended 已暂停
    #[deserr(default)]
    #[param(value_type = Option<lists::TaskStatus>)]
    status: Option<TaskStatus>,
    /// 只返回此时刻及以后更新过的任务, 按更新的先后排列; 更新 15 秒后才列出。ISO 8601 日期时间, 带时区
    #[deserr(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    updated_after: Option<Moment>,
}

/// 创建任务
///
/// 推送一个任务。关联的企业须已推送, 否则返回 404。
/// 内容与第一次相同的重复请求得到第一次的应答, 内容不同的返回 409。
#[utoipa::path(post, path = "/api/v1/tasks", tag = "任务", request_body = TaskBody, responses(
    (status = 200, body = Success<TaskCreated>)))]
async fn create_task(
    State(app): State<App>,
    Caller(channel): Caller,
    Json(body): Json<TaskBody>,
) -> Result<Reply<TaskCreated>, Failure> {
    let record = records::create(&app, &channel, body).await?;
    Ok(Reply(TaskCreated {
        task_id: record.server_id.to_string(),
        created_at: record.created_at(),
        channel_task_id: record.content.channel_task_id,
    }))
}

/// 任务列表
///
/// 分页返回本渠道的任务, 最新创建的在前。各筛选条件须同时满足。
#[utoipa::path(get, path = "/api/v1/tasks", tag = "任务", params(TaskQuery, Paging), responses(
    (status = 200, body = Success<List<TaskView>>)))]
async fn list_tasks(
    State(app): State<App>,
    Caller(channel): Caller,
    query: ListQuery<TaskQuery>,
) -> Result<Reply<List<TaskView>>, Failure> {
    let page = app.list(&channel, &query.filter.filter(), query.page).await?;
    Ok(Reply(List::of(page, TaskView::from)))
}

/// 查询任务
///
/// 返回完整的任务, 从未给出的可选字段省略。其他渠道的任务视为不存在, 返回 404。
#[utoipa::path(get, path = "/api/v1/tasks/{channel_task_id}", tag = "任务",
    params(("channel_task_id" = String, Path, pattern = "^[A-Za-z0-9._-]{1,64}$",
        description = "渠道任务唯一标识, 即创建时的 channel_task_id")),
    responses((status = 200, body = Success<TaskView>)))]
async fn get_task(State(app): State<App>, Caller(channel): Caller, id: Id<Task>) -> Result<Reply<TaskView>, Failure> {
    Ok(Reply(records::find::<TaskBody>(&app, &channel, &id.0).await?.into()))
}

/// 更新任务
///
/// 更改任务的部分字段, 返回更改后的完整任务; 更改后的任务须整体有效。任务不存在时返回 404, 不会创建。
#[utoipa::path(put, path = "/api/v1/tasks/{channel_task_id}", tag = "任务",
    params(("channel_task_id" = String, Path, pattern = "^[A-Za-z0-9._-]{1,64}$",
        description = "渠道任务唯一标识, 即创建时的 channel_task_id; 请求体中可以省略, 给出时须与此相同")),
    request_body(content = MergePatch<TaskBody>, description = "JSON Merge Patch (RFC 7396): 没有的成员不变, null 或空字符串删除可选成员"),
    responses((status = 200, body = Success<TaskView>)))]
async fn update_task(
    State(app): State<App>,
    Caller(channel): Caller,
    id: Id<Task>,
    patch: Patch,
) -> Result<Reply<TaskView>, Failure> {
    Ok(Reply(records::amend::<TaskBody>(&app, &channel, &id.0, &patch).await?.into()))
}

impl TaskQuery {
    fn filter(self) -> Filter {
        Filter {
            parents: [self.channel_company_id.map(|id| ("channel_company_id", id)), None],
            equal: self.status.map(|status| ("status", status.as_str())).into_iter().collect(),
            updated_from: self.updated_after,
            ..Filter::default()
        }
    }
}

impl From<Record<Task>> for TaskView {
    fn from(record: Record<Task>) -> Self {
        Self {
            task_id: record.server_id.to_string(),
            created_at: record.created_at(),
            updated_at: record.updated_at(),
            body: record.content.into(),
        }
    }
}

impl Body for TaskBody {
    type Content = Task;
}

mirrors!(TaskBody = Task {
    channel_task_id, channel_company_id, task_name, task_type, recruit_count, recruitment_start_time, recruitment_end_time,
    work_start_time, work_end_time, wage_description, recruitment_description, work_location, job_requirements, status
} some { salary });

mirrors!(SalaryBody = Salary { salary_type, amount, currency, settlement_type });
