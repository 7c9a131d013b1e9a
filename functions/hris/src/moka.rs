//! /moka_candidates, /moka_binds, /moka_unbinds: the recruitment service Moka (docs/contract/hris.txt, 更新日志).

use axum::extract::State;
use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use serde::Serialize;
use shared::hris::moka::Validity;
use shared::hris::recruitment::{Candidate, MokaDetails, MokaOperator};
use shared::hris::values::{MokaEntries, MokaGender, MokaMarriage};
use shared::values::input::{Faults, text};
use shared::values::normal::is_blank;
use shared::values::{ContactPhone, Int, Private, Secret, Text, Url, Verbatim};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Call, Failure, Nothing, Payload, Reply, Segment, SignedOnly};

/// The schemas of the closed lists.
pub mod lists {
    use shared::hris::values;

    lambda::closed_lists! {
        MokaGender = values::MokaGender, "性别: 男, 女";
        MokaMarriage = values::MokaMarriage, "婚姻状况: 已婚, 未婚, 离异";
    }
}

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(create_moka_candidate))
        .routes(routes!(get_moka_bind, update_moka_bind))
        .routes(routes!(create_moka_unbind))
}

/// Moka 接口的成功应答
#[derive(Serialize, ToSchema)]
struct MokaDone {
    /// 固定为 0
    #[schema(example = 0)]
    error_code: u16,
    /// 固定为 ok
    #[schema(example = "ok")]
    error_message: &'static str,
}

const MOKA_DONE: MokaDone = MokaDone { error_code: 0, error_message: "ok" };

/// Any JSON but an empty text, which Moka sends for what it does not have.
struct Details(Verbatim);

impl Deserr<Faults> for Details {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        match text(&value) {
            Some(text) if is_blank(text) => Err(Faults::one(at, "must not be empty")),
            _ => Verbatim::deserialize_from_value(value, at).map(Self),
        }
    }
}

/// Moka 操作人
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct OperatorFields {
    /// 姓名, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    name: Text<1, 64>,
    /// 邮箱, 最多 255 个字符
    #[schema(value_type = String, max_length = 255)]
    email: Text<0, 255>,
    /// 电话, 最多 64 个字符
    #[schema(value_type = String, max_length = 64)]
    phone: Private,
}

/// Moka 推送的候选人, 字段名与 Moka 公布的相同
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields, rename_all = camelCase)]
#[schema(rename_all = "camelCase")]
struct CandidatePayload {
    /// 候选人在 Moka 中的 id, 1 到 128 个字符; 再次推送时替换该候选人
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "6XYfZGL4RWFfjSEpsEpdJ2eB")]
    id: Text<1, 128>,
    /// 姓名, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    name: Text<1, 64>,
    /// 电话, 手机或座机, 7 到 15 位数字, 可以带 + - ( ) 和空格, 最多 25 个字符
    #[schema(value_type = String, min_length = 7, max_length = 25, example = "13203030303")]
    phone: ContactPhone,
    /// 邮箱, 1 到 255 个字符
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    email: Text<1, 255>,
    /// 申请的职位名称, 1 到 128 个字符
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    job_title: Text<1, 128>,
    /// Moka 操作人
    operator: OperatorFields,
    /// 性别: 男, 女
    #[deserr(default)]
    #[schema(value_type = Option<lists::MokaGender>)]
    gender: Option<MokaGender>,
    /// 出生年份, 1800 到 9999
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = 1800, maximum = 9999, example = 1990)]
    birth_year: Option<Int<1800, 9999>>,
    /// 渠道, 最多 128 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 128)]
    source: Text<0, 128>,
    /// 学历, 最多 64 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    academic_degree: Text<0, 64>,
    /// 婚姻状况: 已婚, 未婚, 离异
    #[deserr(default)]
    #[schema(value_type = Option<lists::MokaMarriage>)]
    married: Option<MokaMarriage>,
    /// 教育经历, 每项是一个对象, 最多 64 KiB; 也可以只是一个对象
    #[deserr(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    education_info: Option<MokaEntries>,
    /// 工作经历, 每项是一个对象, 最多 64 KiB; 也可以只是一个对象
    #[deserr(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    experience_info: Option<MokaEntries>,
    /// 简历下载 URL, http 或 https, 最多 2048 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    resume_url: Option<Url>,
    /// 面试反馈文件下载 URL, http 或 https, 最多 2048 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    interview_feedback_url: Option<Url>,
    /// offer 附件下载, 任意 JSON, 最多 64 KiB
    #[deserr(default)]
    #[schema(value_type = Option<Value>)]
    offer_attachment_urls: Option<Details>,
    /// offer 信息, 任意 JSON, 最多 64 KiB
    #[deserr(default)]
    #[schema(value_type = Option<Value>)]
    offer_info: Option<Details>,
}

impl Payload for CandidatePayload {}

impl From<CandidatePayload> for Candidate {
    fn from(payload: CandidatePayload) -> Self {
        let OperatorFields { name, email, phone } = payload.operator;
        let details = MokaDetails {
            job_title: payload.job_title,
            operator: MokaOperator { name, email, phone },
            birth_year: payload.birth_year,
            education_info: payload.education_info.map(|MokaEntries(entries)| entries),
            experience_info: payload.experience_info.map(|MokaEntries(entries)| entries),
            resume_url: payload.resume_url,
            interview_feedback_url: payload.interview_feedback_url,
            offer_attachment_urls: payload.offer_attachment_urls.map(|Details(details)| details),
            offer_info: payload.offer_info.map(|Details(details)| details),
            id: payload.id,
        };
        let marriage = payload.married.map_or("", MokaMarriage::as_str);
        Self {
            uuid: details.candidate_uuid(),
            name: payload.name,
            email: payload.email.into(),
            mobile: Some(payload.phone),
            sex: payload.gender.map(Into::into),
            marriage: Text::parse(marriage).unwrap_or_default(),
            birthday: None,
            degree: payload.academic_degree,
            status: Text::default(),
            source_name: payload.source,
            source_id: None,
            moka: Some(details),
        }
    }
}

/// 推送 Moka 候选人
///
/// 保存候选人; 公司中已有同一 id 的候选人时替换。公司没有绑定 Moka 时返回 403。
/// educationInfo、experienceInfo、offerAttachmentUrls 和 offerInfo 合计最多 128 KiB, 超出时返回 422。
#[utoipa::path(post, path = "/api/v2/moka_candidates", tag = "Moka",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    request_body = CandidatePayload,
    responses((status = 200, body = MokaDone)))]
async fn create_moka_candidate(
    State(app): State<App>,
    SignedOnly { signer, payload }: SignedOnly<CandidatePayload>,
) -> Result<Reply<MokaDone>, Failure> {
    if app.push_candidate(&signer, &payload.into()).await? {
        Ok(Reply(MOKA_DONE))
    } else {
        Err(Failure::NotPermitted("the company is not bound to Moka"))
    }
}

/// 查询 bind_code 有效性
///
/// 只查询, 不绑定。bind_code 7 天内有效; 过期时返回 403 和错误代码 3002, 不存在或不属于本公司时返回 404。
#[utoipa::path(get, path = "/api/v2/moka_binds/{bind_code}", tag = "Moka",
    params(("bind_code" = String, Path, description = "公司的 bind_code")),
    responses((status = 200, body = MokaDone)))]
async fn get_moka_bind(
    State(app): State<App>,
    Segment(code): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<MokaDone>, Failure> {
    done_if_valid(app.check_bind_code(&caller.company, Secret::new(&code)).await?)
}

/// 绑定 Moka 公司
///
/// 用有效的 bind_code 把公司与 Moka 绑定, 重复绑定同样成功。bind_code 过期时返回 403 和错误代码 3002。
#[utoipa::path(patch, path = "/api/v2/moka_binds/{bind_code}", tag = "Moka",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    params(("bind_code" = String, Path, description = "公司的 bind_code")),
    responses((status = 200, body = MokaDone)))]
async fn update_moka_bind(
    State(app): State<App>,
    Segment(code): Segment,
    SignedOnly { signer, .. }: SignedOnly<Nothing>,
) -> Result<Reply<MokaDone>, Failure> {
    done_if_valid(app.bind_moka(&signer, Secret::new(&code)).await?)
}

fn done_if_valid(validity: Validity) -> Result<Reply<MokaDone>, Failure> {
    match validity {
        Validity::Valid => Ok(Reply(MOKA_DONE)),
        Validity::Expired => Err(Failure::BindCodeExpired),
    }
}

/// 解绑 Moka 公司
///
/// 解除公司与 Moka 的绑定, 此后不能推送候选人。没有绑定时同样成功。
#[utoipa::path(post, path = "/api/v2/moka_unbinds", tag = "Moka",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    responses((status = 200, body = MokaDone)))]
async fn create_moka_unbind(
    State(app): State<App>,
    SignedOnly { signer, .. }: SignedOnly<Nothing>,
) -> Result<Reply<MokaDone>, Failure> {
    app.unbind_moka(&signer).await?;
    Ok(Reply(MOKA_DONE))
}
