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
use crate::edge::{Failure, Payload, Reply, SignedOnly};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(store_subject_value))
}

/// 一项薪酬
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct SubjectValuePayload {
    /// 员工工号, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "001")]
    empno: Code,
    /// 薪酬科目名称, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "绩效工资")]
    subject_name: Text<1, 64>,
    /// 计薪月份, 格式: yyyy-mm
    #[schema(value_type = String, example = "2017-09")]
    month: Month,
    /// 金额, 元, 精确到小数点后两位, -10^12 到 10^12; 可以是数字或内容为数字的字符串
    #[schema(value_type = f64, minimum = -1_000_000_000_000i64, maximum = 1_000_000_000_000i64, example = 1024.12)]
    value: Quotable<Adjustment>,
}

impl Payload for SubjectValuePayload {}

/// 一项薪酬, 如事件 salary_uploaded 所示
#[derive(Serialize)]
pub struct SalaryView {
    empno: Code,
    subject_name: Text<1, 64>,
    month: Month,
    #[serde(serialize_with = "Adjustment::as_yuan")]
    value: Adjustment,
}

impl From<&SubjectValue> for SalaryView {
    fn from(value: &SubjectValue) -> Self {
        let SubjectValue { empno, subject_name, month, value } = value.clone();
        Self { empno, subject_name, month, value }
    }
}

/// 返回码, 0 表示成功
#[derive(Serialize, ToSchema)]
struct Done {
    /// 固定为 0
    #[schema(example = 0)]
    code: u16,
    /// 固定为 ok
    #[schema(example = "ok")]
    text: &'static str,
}

/// 薪酬科目上传
///
/// 保存员工一个月份的一项薪酬。同一员工、科目和月份上传多次时, 以最后一次数据为准。工号不存在时返回 404。
/// 用同一签名重发的请求不再写入。
#[utoipa::path(post, path = "/api/v2/salary/subject_values", tag = "薪酬",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    request_body = SubjectValuePayload,
    responses((status = 200, body = Done)))]
async fn store_subject_value(
    State(app): State<App>,
    SignedOnly { signer, payload }: SignedOnly<SubjectValuePayload>,
) -> Result<Reply<Done>, Failure> {
    let SubjectValuePayload { empno, subject_name, month, value: Quotable(value) } = payload;
    app.store_subject_value(&signer, &SubjectValue { empno, subject_name, month, value }).await?;
    Ok(Reply(Done { code: 0, text: "ok" }))
}
