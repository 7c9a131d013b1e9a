//! /salary (docs/contract/hris.txt, 薪酬科目上传).

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::hris::salary::SubjectValue;
use shared::hris::values::{Code, Month};
use shared::values::input::Faults;
use shared::values::{Adjustment, Quotable, Text};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Failure, Payload, Problem, Reply, Signed, Write};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(store_subject_value))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
struct SubjectValuePayload {
    /// 员工工号
    #[schema(value_type = String, example = "001")]
    empno: Code,
    /// 薪酬科目名称
    #[schema(value_type = String, example = "绩效工资")]
    subject_name: Text<1, 64>,
    /// 计薪月份
    #[schema(value_type = String, example = "2017-09")]
    month: Month,
    /// 金额, 精确到小数点后两位
    #[schema(value_type = f64, example = 1024.12)]
    value: Quotable<Adjustment>,
}

impl Payload for SubjectValuePayload {}

/// 返回码, 0 表示成功。
#[derive(Serialize, ToSchema)]
struct Done {
    code: u16,
    #[schema(example = "ok")]
    text: &'static str,
}

/// 薪酬科目上传: 同一员工薪酬如果上传多次(相同月份), 则以最后一次数据为准
#[utoipa::path(post, path = "/api/v2/salary/subject_values", tag = "薪酬", params(Signed), request_body = SubjectValuePayload,
    responses((status = 200, body = Done), (status = "default", body = Problem)))]
async fn store_subject_value(
    State(app): State<App>,
    Write { signer, payload }: Write<SubjectValuePayload>,
) -> Result<Reply<Done>, Failure> {
    let SubjectValuePayload { empno, subject_name, month, value: Quotable(value) } = payload;
    app.store_subject_value(&signer, &SubjectValue { empno, subject_name, month, value }).await?;
    Ok(Reply(Done { code: 0, text: "ok" }))
}
