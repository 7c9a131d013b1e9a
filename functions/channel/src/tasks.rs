//! /tasks (docs/contract/channel.txt, POST /tasks).

use axum::extract::State;
use deserr::Deserr;
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
use crate::edge::{Caller, Failure, Id, Json, Patch, Problem, Reply, Success};
use crate::paging::{List, ListQuery, Paging};
use crate::records::{self, Body, mirrors};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_task, list_tasks)).routes(routes!(get_task, update_task))
}

#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults)]
struct TaskBody {
    /// 渠道任务唯一标识
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "T20240101001")]
    channel_task_id: RecordId,
    /// 关联企业标识
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "C20240101001")]
    channel_company_id: RecordId,
    /// 任务名称
    #[schema(value_type = String, max_length = 128, example = "春节临时工招聘")]
    task_name: Text<1, 128>,
    /// 任务类型: 短期工/short_term, 长期工/long_term, 兼职/part_time, 实习生/intern
    #[schema(value_type = String, example = "短期工")]
    task_type: TaskType,
    /// 招募人数
    #[schema(value_type = u32, minimum = 1, maximum = 1_000_000, example = 100)]
    recruit_count: Count,
    /// 招募开始时间
    #[schema(value_type = String, format = DateTime, example = "2024-01-20T00:00:00Z")]
    recruitment_start_time: Moment,
    /// 招募结束时间
    #[schema(value_type = String, format = DateTime, example = "2024-02-10T23:59:59Z")]
    recruitment_end_time: Moment,
    /// 工作开始时间
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2024-02-01T08:00:00Z")]
    work_start_time: Option<Moment>,
    /// 工作结束时间
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2024-02-15T18:00:00Z")]
    work_end_time: Option<Moment>,
    /// 劳务费用发放说明
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 4000, example = "按月结算,次月15日发放工资")]
    wage_description: Option<Text<1, 4000>>,
    /// 招募说明
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 4000, example = "招聘春节期间临时工,负责流水线作业")]
    recruitment_description: Option<Text<1, 4000>>,
    /// 工作地点
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 255, example = "北京市朝阳区某某工厂")]
    work_location: Option<Text<1, 255>>,
    /// 岗位要求
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 4000, example = "身体健康,能吃苦耐劳")]
    job_requirements: Option<Text<1, 4000>>,
    /// 薪资信息
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    salary: Option<SalaryBody>,
    /// 任务状态 (open/closed/suspended, 默认: open)
    #[deserr(default = TaskStatus::Open)]
    #[schema(value_type = Option<String>, example = "open")]
    status: TaskStatus,
}

#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults)]
struct SalaryBody {
    /// 薪资类型: hourly/时薪, daily/日薪, monthly/月薪, piece/计件/按件
    #[schema(value_type = String, example = "月薪")]
    salary_type: SalaryType,
    /// 薪资金额
    #[serde(serialize_with = "Money::as_yuan")]
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000_000_000i64, example = 5000)]
    amount: Money,
    /// 货币类型 (默认: CNY)
    #[deserr(default = Currency::default())]
    #[schema(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "CNY")]
    currency: Currency,
    /// 结清类型 (日结/周结/月结/完工结)
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "月结")]
    settlement_type: Option<SettlementType>,
}

#[derive(Serialize, ToSchema)]
struct TaskCreated {
    #[schema(example = "30001")]
    task_id: String,
    #[schema(value_type = String, example = "T20240101001")]
    channel_task_id: RecordId,
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    created_at: Moment,
}

#[derive(Serialize, ToSchema)]
struct TaskView {
    #[schema(example = "30001")]
    task_id: String,
    #[serde(flatten)]
    body: TaskBody,
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    created_at: Moment,
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    updated_at: Moment,
}

#[derive(Deserr, IntoParams)]
#[deserr(error = Faults)]
#[into_params(parameter_in = Query)]
struct TaskQuery {
    /// 按企业筛选
    #[deserr(default)]
    #[param(value_type = Option<String>)]
    channel_company_id: Option<RecordId>,
    /// 按状态筛选
    #[deserr(default)]
    #[param(value_type = Option<String>)]
    status: Option<TaskStatus>,
    /// 此时刻及以后更新过的
    #[deserr(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    updated_after: Option<Moment>,
}

/// 创建任务
#[utoipa::path(post, path = "/api/v1/tasks", tag = "任务", request_body = TaskBody, responses(
    (status = 200, body = Success<TaskCreated>), (status = "default", body = Problem)))]
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
#[utoipa::path(get, path = "/api/v1/tasks", tag = "任务", params(TaskQuery, Paging), responses(
    (status = 200, body = Success<List<TaskView>>), (status = "default", body = Problem)))]
async fn list_tasks(
    State(app): State<App>,
    Caller(channel): Caller,
    query: ListQuery<TaskQuery>,
) -> Result<Reply<List<TaskView>>, Failure> {
    let page = app.list(&channel, &query.filter.filter(), query.page).await?;
    Ok(Reply(List::of(page, TaskView::from)))
}

/// 查询任务
#[utoipa::path(get, path = "/api/v1/tasks/{channel_task_id}", tag = "任务", params(("channel_task_id" = String, Path)),
    responses((status = 200, body = Success<TaskView>), (status = "default", body = Problem)))]
async fn get_task(State(app): State<App>, Caller(channel): Caller, id: Id<Task>) -> Result<Reply<TaskView>, Failure> {
    Ok(Reply(records::find::<TaskBody>(&app, &channel, &id.0).await?.into()))
}

/// 更新任务
#[utoipa::path(put, path = "/api/v1/tasks/{channel_task_id}", tag = "任务", params(("channel_task_id" = String, Path)),
    request_body(content = TaskBody, description = "JSON Merge Patch (RFC 7396)"),
    responses((status = 200, body = Success<TaskView>), (status = "default", body = Problem)))]
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
