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
use crate::edge::{Call, Failure, Nothing, Payload, Problem, Reply, Segment, Signed, Write};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(create_moka_candidate))
        .routes(routes!(get_moka_bind, update_moka_bind))
        .routes(routes!(create_moka_unbind))
}

/// Moka's own kind of success.
#[derive(Serialize, ToSchema)]
struct MokaDone {
    error_code: u16,
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

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
struct OperatorFields {
    /// 姓名
    #[schema(value_type = String, max_length = 64)]
    name: Text<1, 64>,
    /// 邮箱
    #[schema(value_type = String, max_length = 255)]
    email: Text<0, 255>,
    /// 电话
    #[schema(value_type = String, max_length = 64)]
    phone: Private,
}

/// The fields that Moka publishes, under Moka's names.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, rename_all = camelCase)]
#[schema(rename_all = "camelCase")]
struct CandidatePayload {
    /// 候选人在 Moka 中的 id; 再次推送时更新该候选人
    #[schema(value_type = String, max_length = 128, example = "6XYfZGL4RWFfjSEpsEpdJ2eB")]
    id: Text<1, 128>,
    /// 姓名
    #[schema(value_type = String, max_length = 64)]
    name: Text<1, 64>,
    /// 电话
    #[schema(value_type = String, example = "13203030303")]
    phone: ContactPhone,
    /// 邮箱
    #[schema(value_type = String, max_length = 255)]
    email: Text<1, 255>,
    /// 申请的职位名称
    #[schema(value_type = String, max_length = 128)]
    job_title: Text<1, 128>,
    /// Moka 操作人
    operator: OperatorFields,
    /// 性别: 男, 女
    #[deserr(default)]
    #[schema(value_type = Option<String>, example = "男")]
    gender: Option<MokaGender>,
    /// 出生年份
    #[deserr(default)]
    #[schema(value_type = Option<i64>, example = 1990)]
    birth_year: Option<Int<1800, 9999>>,
    /// 渠道
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    source: Text<0, 128>,
    /// 学历
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    academic_degree: Text<0, 64>,
    /// 婚姻状况: 已婚, 未婚, 离异
    #[deserr(default)]
    #[schema(value_type = Option<String>, example = "未婚")]
    married: Option<MokaMarriage>,
    /// 教育经历
    #[deserr(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    education_info: Option<MokaEntries>,
    /// 工作经历
    #[deserr(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    experience_info: Option<MokaEntries>,
    /// 简历下载 URL
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    resume_url: Option<Url>,
    /// 面试反馈文件下载 URL
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    interview_feedback_url: Option<Url>,
    /// offer 附件下载
    #[deserr(default)]
    #[schema(value_type = Option<Object>)]
    offer_attachment_urls: Option<Details>,
    /// offer 信息
    #[deserr(default)]
    #[schema(value_type = Option<Object>)]
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
#[utoipa::path(post, path = "/api/v2/moka_candidates", tag = "Moka", params(Signed), request_body = CandidatePayload,
    responses((status = 200, body = MokaDone), (status = "default", body = Problem)))]
async fn create_moka_candidate(
    State(app): State<App>,
    Write { signer, payload }: Write<CandidatePayload>,
) -> Result<Reply<MokaDone>, Failure> {
    if app.push_candidate(&signer, &payload.into()).await? {
        Ok(Reply(MOKA_DONE))
    } else {
        Err(Failure::NotPermitted("the company is not bound to Moka"))
    }
}

/// 查询 bind_code 有效性
#[utoipa::path(get, path = "/api/v2/moka_binds/{bind_code}", tag = "Moka", params(("bind_code" = String, Path), Signed),
    responses((status = 200, body = MokaDone), (status = "default", body = Problem)))]
async fn get_moka_bind(
    State(app): State<App>,
    Segment(code): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<MokaDone>, Failure> {
    done_if_valid(app.check_bind_code(&caller.company, Secret::new(&code)).await?)
}

/// 绑定 Moka 公司
#[utoipa::path(patch, path = "/api/v2/moka_binds/{bind_code}", tag = "Moka", params(("bind_code" = String, Path), Signed),
    responses((status = 200, body = MokaDone), (status = "default", body = Problem)))]
async fn update_moka_bind(
    State(app): State<App>,
    Segment(code): Segment,
    Write { signer, .. }: Write<Nothing>,
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
#[utoipa::path(post, path = "/api/v2/moka_unbinds", tag = "Moka", params(Signed),
    responses((status = 200, body = MokaDone), (status = "default", body = Problem)))]
async fn create_moka_unbind(State(app): State<App>, Write { signer, .. }: Write<Nothing>) -> Result<Reply<MokaDone>, Failure> {
    app.unbind_moka(&signer).await?;
    Ok(Reply(MOKA_DONE))
}
