//! /recruitments (docs/contract/hris.txt, 候选人, and the calls that 授权 names): only with the access token from an employee's consent.

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::hris::recruitment::{Candidate, MokaDetails, MokaOperator, Source, Vacancy};
use shared::hris::values::{Code, Sex, Uuid};
use shared::hris::{Caller, Credential};
use shared::values::input::Faults;
use shared::values::{Date, Int, Private, Text, Url, Verbatim};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Call, Failure, Nothing, Payload, Problem, Reply, Segment, Signed};
use crate::paging::{PageView, Pagination, all_or_page};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_candidates))
        .routes(routes!(get_candidate))
        .routes(routes!(list_sources))
        .routes(routes!(get_source))
        .routes(routes!(list_vacancies))
        .routes(routes!(get_vacancy))
}

#[derive(Deserr)]
#[deserr(error = Faults)]
struct ListPayload {
    #[deserr(default)]
    pagination: Option<Pagination>,
}

impl Payload for ListPayload {}

/// 候选人。
#[derive(Serialize, ToSchema)]
struct CandidateView {
    #[schema(value_type = String)]
    uuid: Uuid,
    /// 姓名
    #[schema(value_type = String)]
    name: Text<1, 64>,
    /// 电子邮箱
    #[schema(value_type = String)]
    email: Text<0, 255>,
    /// 手机号
    #[schema(value_type = String)]
    mobile: Private,
    /// 性别
    sex: &'static str,
    /// 婚姻状况
    #[schema(value_type = String)]
    marriage: Text<0, 64>,
    /// 生日
    #[schema(value_type = Option<String>)]
    birthday: Option<Date>,
    /// 学历
    #[schema(value_type = String)]
    degree: Text<0, 64>,
    /// 候选人状态
    #[schema(value_type = String)]
    status: Text<0, 64>,
    /// 招聘源
    #[schema(value_type = String)]
    source_name: Text<0, 128>,
    /// 招聘源 id
    #[schema(value_type = Option<String>)]
    source_id: Option<Code>,
    /// 仅 Moka 推送的候选人
    #[serde(skip_serializing_if = "Option::is_none")]
    moka: Option<MokaView>,
}

/// Moka 推送的其余内容, 字段名与推送时相同。
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MokaView {
    /// 候选人在 Moka 中的 id
    #[schema(value_type = String)]
    id: Text<1, 128>,
    /// 申请的职位名称
    #[schema(value_type = String)]
    job_title: Text<1, 128>,
    /// Moka 操作人
    operator: OperatorView,
    /// 出生年份
    #[serde(skip_serializing_if = "Option::is_none")]
    birth_year: Option<i64>,
    /// 教育经历
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    education_info: Option<serde_json::Value>,
    /// 工作经历
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    experience_info: Option<serde_json::Value>,
    /// 简历下载 URL
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    resume_url: Option<Url>,
    /// 面试反馈文件下载 URL
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    interview_feedback_url: Option<Url>,
    /// offer 附件下载
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    offer_attachment_urls: Option<serde_json::Value>,
    /// offer 信息
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    offer_info: Option<serde_json::Value>,
}

#[derive(Serialize, ToSchema)]
struct OperatorView {
    #[schema(value_type = String)]
    name: Text<1, 64>,
    #[schema(value_type = String)]
    email: Text<0, 255>,
    #[schema(value_type = String)]
    phone: Private,
}

impl From<MokaDetails> for MokaView {
    fn from(details: MokaDetails) -> Self {
        let value = |kept: Option<Verbatim>| kept.map(|kept| kept.to_value());
        let MokaOperator { name, email, phone } = details.operator;
        Self {
            id: details.id,
            job_title: details.job_title,
            operator: OperatorView { name, email, phone },
            birth_year: details.birth_year.map(Int::get),
            education_info: value(details.education_info),
            experience_info: value(details.experience_info),
            resume_url: details.resume_url,
            interview_feedback_url: details.interview_feedback_url,
            offer_attachment_urls: value(details.offer_attachment_urls),
            offer_info: value(details.offer_info),
        }
    }
}

impl From<Candidate> for CandidateView {
    fn from(candidate: Candidate) -> Self {
        Self {
            uuid: candidate.uuid,
            name: candidate.name,
            email: candidate.email,
            mobile: candidate.mobile.map(Private::from).unwrap_or_default(),
            sex: candidate.sex.map_or("", Sex::as_str),
            marriage: candidate.marriage,
            birthday: candidate.birthday,
            degree: candidate.degree,
            status: candidate.status,
            source_name: candidate.source_name,
            source_id: candidate.source_id,
            moka: candidate.moka.map(Into::into),
        }
    }
}

/// 全部候选人, 或一页。
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Candidates {
    All(Vec<CandidateView>),
    Page {
        #[serde(flatten)]
        page: PageView,
        candidates: Vec<CandidateView>,
    },
}

/// 招聘源。
#[derive(Serialize, ToSchema)]
struct SourceView {
    #[schema(value_type = String)]
    uuid: Code,
    /// 来源名
    #[schema(value_type = String)]
    name: Text<1, 128>,
}

impl From<Source> for SourceView {
    fn from(Source { id, name }: Source) -> Self {
        Self { uuid: id, name }
    }
}

/// 职位。
#[derive(Serialize, ToSchema)]
struct VacancyView {
    #[schema(value_type = String)]
    uuid: Code,
    /// 招聘人数
    #[schema(example = "3")]
    head_count: String,
    /// 状态
    #[schema(value_type = String)]
    status: Text<0, 64>,
    /// 部门 id
    #[schema(value_type = Option<String>)]
    department_uuid: Option<Uuid>,
    /// 部门名
    #[schema(value_type = String)]
    department_name: Text<0, 128>,
    /// 职位 id
    #[schema(value_type = Option<String>)]
    job_title_uuid: Option<Code>,
    /// 职位名
    #[schema(value_type = String)]
    job_title_name: Text<1, 128>,
    /// 职位描述, 没有时省略
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    description: Option<Text<0, 4000>>,
}

impl From<Vacancy> for VacancyView {
    fn from(vacancy: Vacancy) -> Self {
        Self {
            uuid: vacancy.id,
            head_count: vacancy.head_count.map_or(String::new(), |count| count.get().to_string()),
            status: vacancy.status,
            department_uuid: vacancy.department_uuid,
            department_name: vacancy.department_name,
            job_title_uuid: vacancy.job_title_uuid,
            job_title_name: vacancy.name,
            description: Some(vacancy.description).filter(|description| !description.as_str().is_empty()),
        }
    }
}

/// The company whose employee consented. Signed calls are not permitted.
fn consenting_company(caller: &Caller) -> Result<&Uuid, Failure> {
    match caller.credential {
        Credential::Consented => Ok(&caller.company),
        Credential::Signed => Err(Failure::NotPermitted("recruitments are opened by an access_token")),
    }
}

/// 候选人列表
#[utoipa::path(get, path = "/api/v2/recruitments/candidates", tag = "招聘", params(Signed), responses(
    (status = 200, body = Candidates), (status = "default", body = Problem)))]
async fn list_candidates(
    State(app): State<App>,
    Call { caller, payload }: Call<ListPayload>,
) -> Result<Reply<Candidates>, Failure> {
    let company = consenting_company(&caller)?;
    let page = async |request| app.candidates(company, request).await;
    let (page, candidates) = all_or_page(payload.pagination, app.all_candidates(company), page).await?;
    let candidates = candidates.into_iter().map(Into::into).collect();
    Ok(Reply(match page {
        None => Candidates::All(candidates),
        Some(page) => Candidates::Page { page, candidates },
    }))
}

/// 单个候选人
#[utoipa::path(get, path = "/api/v2/recruitments/candidate/{id}", tag = "招聘", params(("id" = String, Path), Signed),
    responses((status = 200, body = CandidateView), (status = "default", body = Problem)))]
async fn get_candidate(
    State(app): State<App>,
    Segment(id): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<CandidateView>, Failure> {
    Ok(Reply(app.one::<Candidate>(consenting_company(&caller)?, &id.to_ascii_lowercase(), "id").await?.into()))
}

/// 招聘源列表
#[utoipa::path(get, path = "/api/v2/recruitments/sources", tag = "招聘", params(Signed), responses(
    (status = 200, body = Vec<SourceView>), (status = "default", body = Problem)))]
async fn list_sources(State(app): State<App>, Call { caller, .. }: Call<Nothing>) -> Result<Reply<Vec<SourceView>>, Failure> {
    Ok(Reply(app.all::<Source>(consenting_company(&caller)?).await?.into_iter().map(Into::into).collect()))
}

/// 单个招聘源
#[utoipa::path(get, path = "/api/v2/recruitments/source/{id}", tag = "招聘", params(("id" = String, Path), Signed),
    responses((status = 200, body = SourceView), (status = "default", body = Problem)))]
async fn get_source(
    State(app): State<App>,
    Segment(id): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<SourceView>, Failure> {
    Ok(Reply(app.one::<Source>(consenting_company(&caller)?, &id, "id").await?.into()))
}

/// 职位列表
#[utoipa::path(get, path = "/api/v2/recruitments/vacancies", tag = "招聘", params(Signed), responses(
    (status = 200, body = Vec<VacancyView>), (status = "default", body = Problem)))]
async fn list_vacancies(
    State(app): State<App>,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<Vec<VacancyView>>, Failure> {
    Ok(Reply(app.vacancies(consenting_company(&caller)?).await?.into_iter().map(Into::into).collect()))
}

/// 单个职位
#[utoipa::path(get, path = "/api/v2/recruitments/vacancy/{id}", tag = "招聘", params(("id" = String, Path), Signed),
    responses((status = 200, body = VacancyView), (status = "default", body = Problem)))]
async fn get_vacancy(
    State(app): State<App>,
    Segment(id): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<VacancyView>, Failure> {
    Ok(Reply(app.vacancy(consenting_company(&caller)?, &id).await?.into()))
}
