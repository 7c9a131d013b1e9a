//! Reports on jobs, an addition to the document (docs/design/jobboard.md, Jobs).

use axum::extract::State;
use deserr::Deserr;
use shared::jobboard::reports;
use shared::values::Id;
use shared::values::input::Faults;
use utoipa::ToSchema;

use crate::App;
use crate::edge::{Ack, Caller, Done, Failure, Json};
use crate::schemas;

lambda::closed_lists! {
    ReportReason = reports::ReportReason,
        "举报的原因: fake 虚假招聘, fee 收取费用, contact 联系方式不符或无法接通, illegal 违法违规, other 其他";
}

/// 要举报的招聘信息
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = ReportFields)]
pub struct ReportBody {
    /// 招聘信息的 id; 数字或字符串
    #[schema(value_type = schemas::JobId)]
    job_id: Id,
    /// 举报的原因: fake 虚假招聘, fee 收取费用, contact 联系方式不符或无法接通, illegal 违法违规, other 其他
    #[schema(value_type = ReportReason)]
    reason: reports::ReportReason,
}

/// 举报
///
/// 举报一条招聘中的招聘信息, 由工作人员处理; 不在招聘中的为 404, 自己发布的为 400。再次举报同一条也成功, 以第一次为准
#[utoipa::path(post, path = "/job/report", tag = "求职", request_body = ReportBody, responses(
    (status = 200, body = Ack)))]
pub async fn report_job(State(app): State<App>, Caller(user): Caller, Json(report): Json<ReportBody>) -> Result<Done, Failure> {
    app.report_job(user, report.job_id, report.reason).await?;
    Ok(Done)
}
