//! /approvals (docs/contract/hris.txt, 审批对象).

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::hris::approvals::Approval;
use shared::hris::values::{ApprovalCategory, ApprovalStatus, Code};
use shared::values::input::Faults;
use shared::values::{Date, LocalTime, Text};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Call, Failure, Nothing, Payload, Reply, Segment, Signed};

/// The schemas of the closed lists.
pub mod lists {
    use shared::hris::values;

    lambda::closed_lists! {
        ApprovalCategory = values::ApprovalCategory,
            "审批类型: leave 请假, adjustment 员工调整, contract 合同签署, dimission 员工离职, enrollment 员工转正, \
            payroll_submit 工资表审批, recruit 重新入职, salary_change 薪资调整, attendance_recheck 补签, overtime 加班, \
            business_trip 公出, sub_company_transfer 分公司调动, onboarding 员工入职, business_travel 出差, \
            intern_regularization 实习生转全职, breastfeeding_leave 哺乳假申请, duty 值班申请, arrangement 调班申请, \
            custom 自定义审批";
        ApprovalStatus = values::ApprovalStatus, "审批状态: waiting 审批中, passed 通过, denied 拒绝";
    }
}

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_approvals)).routes(routes!(get_approval))
}

/// 审批列表的条件
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ListPayload {
    /// 发起审批开始日期, YYYY-MM-DD, 含当日
    #[schema(value_type = String, format = Date, example = "2018-02-01")]
    start_date: Date,
    /// 发起审批截止日期, YYYY-MM-DD, 含当日; 不早于开始日期, 含首尾最多 366 天
    #[schema(value_type = String, format = Date, example = "2018-03-01")]
    end_date: Date,
    /// 审批类型, 省略时为所有类型; 各类型的名称见 ApprovalCategory
    #[deserr(default)]
    #[schema(value_type = Option<lists::ApprovalCategory>)]
    category: Option<ApprovalCategory>,
    /// 审批状态, 省略时为所有状态: waiting 审批中, passed 通过, denied 拒绝
    #[deserr(default)]
    #[schema(value_type = Option<lists::ApprovalStatus>)]
    status: Option<ApprovalStatus>,
}

impl Payload for ListPayload {
    const IS_FILTER: bool = true;
}

/// 审批
#[derive(Serialize, ToSchema)]
pub struct ApprovalView {
    /// 审批单号, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "20170712355448")]
    number_series: Code,
    /// 发起人
    #[schema(value_type = String, max_length = 64)]
    creator: Text<0, 64>,
    /// 发起时间, 北京时间, 精确到毫秒
    #[schema(format = DateTime, example = "2017-07-12T17:29:30.000+08:00")]
    created_at: String,
    /// 审批状态: waiting 审批中, passed 通过, denied 拒绝
    #[schema(value_type = lists::ApprovalStatus)]
    status: &'static str,
    /// 状态名称: 审批中, 通过, 不通过
    status_name: &'static str,
    /// 最后审批时间, 北京时间, 精确到毫秒; 没有时为 null
    #[schema(format = DateTime, example = "2017-07-12T17:30:51.000+08:00")]
    updated_at: Option<String>,
    /// 审批类型; 各类型的名称见 ApprovalCategory
    #[schema(value_type = lists::ApprovalCategory)]
    category: &'static str,
    /// 审批流名称
    #[schema(value_type = String, max_length = 128)]
    workflow_name: Text<0, 128>,
    /// 审批表单内容, 和审批类型有关: 数组, 每项是表单的一部分
    #[schema(value_type = Vec<Object>)]
    form_values: serde_json::Value,
}

impl From<Approval> for ApprovalView {
    fn from(approval: Approval) -> Self {
        Self {
            number_series: approval.number_series,
            creator: approval.creator,
            created_at: approval.created_at.to_precise(),
            status: approval.status.as_str(),
            status_name: approval.status.name(),
            updated_at: approval.updated_at.map(LocalTime::to_precise),
            category: approval.category.as_str(),
            workflow_name: approval.workflow_name,
            form_values: approval.form_values.to_value(),
        }
    }
}

/// 获取审批列表
///
/// 返回在一段时间内发起的审批, 最早发起的在前, 可以按类型和状态筛选。日期按北京时间计算。
/// 超过 5000 条或内容太大时返回 422, 请缩短时间范围。
#[utoipa::path(get, path = "/api/v2/approvals", tag = "审批", params(Signed<ListPayload>), responses(
    (status = 200, body = Vec<ApprovalView>)))]
async fn list_approvals(
    State(app): State<App>,
    Call { caller, payload }: Call<ListPayload>,
) -> Result<Reply<Vec<ApprovalView>>, Failure> {
    let ListPayload { start_date, end_date, category, status } = payload;
    let approvals = app.approvals(&caller.company, &start_date, &end_date, category, status).await?;
    Ok(Reply(approvals.into_iter().map(Into::into).collect()))
}

/// 按审批单号查询审批
///
/// 返回一条审批。本公司没有这个审批单号时返回 404。
#[utoipa::path(get, path = "/api/v2/approvals/{number_series}", tag = "审批",
    params(("number_series" = String, Path, description = "审批单号")),
    responses((status = 200, body = ApprovalView)))]
async fn get_approval(
    State(app): State<App>,
    Segment(number_series): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<ApprovalView>, Failure> {
    Ok(Reply(app.one::<Approval>(&caller.company, &number_series, "number_series").await?.into()))
}
