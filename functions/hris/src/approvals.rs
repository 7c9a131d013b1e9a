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
use crate::edge::{Call, Failure, Nothing, Payload, Problem, Reply, Segment, Signed};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_approvals)).routes(routes!(get_approval))
}

#[derive(Deserr)]
#[deserr(error = Faults)]
struct ListPayload {
    start_date: Date,
    end_date: Date,
    #[deserr(default)]
    category: Option<ApprovalCategory>,
    #[deserr(default)]
    status: Option<ApprovalStatus>,
}

impl Payload for ListPayload {}

/// 审批。
#[derive(Serialize, ToSchema)]
struct ApprovalView {
    /// 审批单号
    #[schema(value_type = String, example = "20170712355448")]
    number_series: Code,
    /// 发起人
    #[schema(value_type = String)]
    creator: Text<0, 64>,
    /// 发起时间
    #[schema(example = "2017-07-12T17:29:30.000+08:00")]
    created_at: String,
    /// 审批状态: waiting, passed, denied
    status: &'static str,
    /// 状态名称: 审批中, 通过, 不通过
    status_name: &'static str,
    /// 最后审批时间
    #[schema(example = "2017-07-12T17:30:51.000+08:00")]
    updated_at: Option<String>,
    /// 审批类型
    category: &'static str,
    /// 审批流名称
    #[schema(value_type = String)]
    workflow_name: Text<0, 128>,
    /// 审批表单内容, 和审批类型有关
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
#[utoipa::path(get, path = "/api/v2/approvals", tag = "审批", params(Signed), responses(
    (status = 200, body = Vec<ApprovalView>), (status = "default", body = Problem)))]
async fn list_approvals(
    State(app): State<App>,
    Call { caller, payload }: Call<ListPayload>,
) -> Result<Reply<Vec<ApprovalView>>, Failure> {
    let ListPayload { start_date, end_date, category, status } = payload;
    let approvals = app.approvals(&caller.company, &start_date, &end_date, category, status).await?;
    Ok(Reply(approvals.into_iter().map(Into::into).collect()))
}

/// 按审批单号查询审批
#[utoipa::path(get, path = "/api/v2/approvals/{number_series}", tag = "审批",
    params(("number_series" = String, Path), Signed),
    responses((status = 200, body = ApprovalView), (status = "default", body = Problem)))]
async fn get_approval(
    State(app): State<App>,
    Segment(number_series): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<ApprovalView>, Failure> {
    Ok(Reply(app.one::<Approval>(&caller.company, &number_series, "number_series").await?.into()))
}
