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
use crate::edge::{Call, Failure, Nothing, Payload, Reply, Segment, Signed};
use crate::paging::{Fields, PageView, Pagination, all_or_page};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_candidates))
        .routes(routes!(get_candidate))
        .routes(routes!(list_sources))
        .routes(routes!(get_source))
        .routes(routes!(list_vacancies))
        .routes(routes!(get_vacancy))
}

/// 候选人列表的条件
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ListPayload {
    /// 分页获取候选人, 省略时返回全部; 对象, 或内容为该对象的 JSON 字符串
    #[deserr(default)]
    #[schema(value_type = Option<Fields>, inline)]
    pagination: Option<Pagination>,
}

impl Payload for ListPayload {
    const IS_FILTER: bool = true;
}

/// 候选人
#[derive(Serialize, ToSchema)]
struct CandidateView {
    /// 候选人唯一标识符, 32 位小写十六进制
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$")]
    uuid: Uuid,
    /// 姓名
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    name: Text<1, 64>,
    /// 电子邮箱
    #[schema(value_type = String, max_length = 255)]
    email: Text<0, 255>,
    /// 手机号, 没有填写时为空字符串
    #[schema(value_type = String, max_length = 64)]
    mobile: Private,
    /// 性别: male 男, female 女; 没有填写时为空字符串
    #[schema(pattern = "^(male|female)?$", example = "male")]
    sex: &'static str,
    /// 婚姻状况, 自由文本; 授权范围不含 sensitive 时为空字符串
    #[schema(value_type = String, max_length = 64)]
    marriage: Text<0, 64>,
    /// 生日, YYYY-MM-DD; 没有填写时为 null
    #[schema(value_type = Option<String>, format = Date)]
    birthday: Option<Date>,
    /// 学历, 自由文本
    #[schema(value_type = String, max_length = 64)]
    degree: Text<0, 64>,
    /// 候选人状态, 自由文本
    #[schema(value_type = String, max_length = 64)]
    status: Text<0, 64>,
    /// 招聘源的名称
    #[schema(value_type = String, max_length = 128)]
    source_name: Text<0, 128>,
    /// 招聘源 id; 没有时为 null
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    source_id: Option<Code>,
    /// Moka 推送的其余内容; 不是 Moka 推送的候选人没有
    #[serde(skip_serializing_if = "Option::is_none")]
    moka: Option<MokaView>,
}

/// Moka 推送的其余内容, 字段名与推送时相同
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MokaView {
    /// 候选人在 Moka 中的 id
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    id: Text<1, 128>,
    /// 申请的职位名称
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    job_title: Text<1, 128>,
    /// Moka 操作人
    operator: OperatorView,
    /// 出生年份, 1800 到 9999
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1800, maximum = 9999)]
    birth_year: Option<i64>,
    /// 教育经历, 与推送时相同: 数组, 每项是一个对象, 或者只是一个对象
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    education_info: Option<serde_json::Value>,
    /// 工作经历, 与推送时相同: 数组, 每项是一个对象, 或者只是一个对象
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    experience_info: Option<serde_json::Value>,
    /// 简历下载 URL; 授权范围不含 sensitive 时省略
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    resume_url: Option<Url>,
    /// 面试反馈文件下载 URL; 授权范围不含 sensitive 时省略
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    interview_feedback_url: Option<Url>,
    /// offer 附件下载, 与推送时相同; 授权范围不含 sensitive 时省略
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    offer_attachment_urls: Option<serde_json::Value>,
    /// offer 信息, 与推送时相同; 授权范围不含 sensitive 时省略
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    offer_info: Option<serde_json::Value>,
}

/// Moka 操作人
#[derive(Serialize, ToSchema)]
struct OperatorView {
    /// 姓名
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    name: Text<1, 64>,
    /// 邮箱
    #[schema(value_type = String, max_length = 255)]
    email: Text<0, 255>,
    /// 电话
    #[schema(value_type = String, max_length = 64)]
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

impl CandidateView {
    /// What this caller may see of the candidate.
    fn of(caller: &Caller, candidate: Candidate) -> Self {
        let candidate = if caller.sees_sensitive() { candidate } else { candidate.without_sensitive() };
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

/// 全部候选人, 或一页候选人
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Candidates {
    /// 全部获取时
    All(Vec<CandidateView>),
    /// 分页获取时
    Page {
        #[serde(flatten)]
        page: PageView,
        /// 本页的候选人
        #[schema(max_items = 100)]
        candidates: Vec<CandidateView>,
    },
}

/// 招聘源
#[derive(Serialize, ToSchema)]
struct SourceView {
    /// 招聘源 id, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    uuid: Code,
    /// 来源名
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    name: Text<1, 128>,
}

impl From<Source> for SourceView {
    fn from(Source { id, name }: Source) -> Self {
        Self { uuid: id, name }
    }
}

/// 职位
#[derive(Serialize, ToSchema)]
struct VacancyView {
    /// 职位的标识, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    uuid: Code,
    /// 招聘人数, 人, 0 到 1000000 的整数, 以字符串表示; 没有填写时为空字符串
    #[schema(pattern = "^([0-9]{1,7})?$", example = "3")]
    head_count: String,
    /// 状态, 自由文本
    #[schema(value_type = String, max_length = 64)]
    status: Text<0, 64>,
    /// 部门 id, 即部门的 uuid; 没有时为 null
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{32}$")]
    department_uuid: Option<Uuid>,
    /// 部门名; 没有填写时为该部门当前的名称
    #[schema(value_type = String, max_length = 128)]
    department_name: Text<0, 128>,
    /// 职位 id; 没有时为 null
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    job_title_uuid: Option<Code>,
    /// 职位名
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    job_title_name: Text<1, 128>,
    /// 职位描述, 没有时省略
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 4000)]
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
        Credential::Consented { .. } => Ok(&caller.company),
        Credential::Signed => Err(Failure::NotPermitted("recruitments are opened by an access_token")),
    }
}

/// 候选人列表
///
/// 返回公司的候选人, 按 uuid 排序。有 pagination 时返回一页, 没有时返回全部, 最多 10000 名, 更多或内容太大时返回 422。
/// 只能用 access_token 调用。
#[utoipa::path(get, path = "/api/v2/recruitments/candidates", tag = "招聘",
    security(("access_token" = []), ("bearer" = [])), params(Signed<ListPayload>), responses(
    (status = 200, body = Candidates)))]
async fn list_candidates(
    State(app): State<App>,
    Call { caller, payload }: Call<ListPayload>,
) -> Result<Reply<Candidates>, Failure> {
    let company = consenting_company(&caller)?;
    let page = async |request| app.candidates(company, request).await;
    let (page, candidates) = all_or_page(payload.pagination, app.all_candidates(company), page).await?;
    let candidates = candidates.into_iter().map(|candidate| CandidateView::of(&caller, candidate)).collect();
    Ok(Reply(match page {
        None => Candidates::All(candidates),
        Some(page) => Candidates::Page { page, candidates },
    }))
}

/// 单个候选人
///
/// 返回一个候选人, 不存在时返回 404。只能用 access_token 调用。
#[utoipa::path(get, path = "/api/v2/recruitments/candidate/{id}", tag = "招聘",
    security(("access_token" = []), ("bearer" = [])),
    params(("id" = String, Path, description = "候选人的 uuid, 32 位十六进制, 不区分大小写")),
    responses((status = 200, body = CandidateView)))]
async fn get_candidate(
    State(app): State<App>,
    Segment(id): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<CandidateView>, Failure> {
    let candidate = app.one::<Candidate>(consenting_company(&caller)?, &id.to_ascii_lowercase(), "id").await?;
    Ok(Reply(CandidateView::of(&caller, candidate)))
}

/// 招聘源列表
///
/// 返回公司的全部招聘源, 按 id 排序。只能用 access_token 调用。
#[utoipa::path(get, path = "/api/v2/recruitments/sources", tag = "招聘", security(("access_token" = []), ("bearer" = [])), responses(
    (status = 200, body = Vec<SourceView>)))]
async fn list_sources(State(app): State<App>, Call { caller, .. }: Call<Nothing>) -> Result<Reply<Vec<SourceView>>, Failure> {
    Ok(Reply(app.all::<Source>(consenting_company(&caller)?).await?.into_iter().map(Into::into).collect()))
}

/// 单个招聘源
///
/// 返回一个招聘源, 不存在时返回 404。只能用 access_token 调用。
#[utoipa::path(get, path = "/api/v2/recruitments/source/{id}", tag = "招聘",
    security(("access_token" = []), ("bearer" = [])),
    params(("id" = String, Path, description = "招聘源 id, 即招聘源的 uuid 字段")),
    responses((status = 200, body = SourceView)))]
async fn get_source(
    State(app): State<App>,
    Segment(id): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<SourceView>, Failure> {
    Ok(Reply(app.one::<Source>(consenting_company(&caller)?, &id, "id").await?.into()))
}

/// 职位列表
///
/// 返回公司的全部职位, 按标识排序。只能用 access_token 调用。
#[utoipa::path(get, path = "/api/v2/recruitments/vacancies", tag = "招聘", security(("access_token" = []), ("bearer" = [])), responses(
    (status = 200, body = Vec<VacancyView>)))]
async fn list_vacancies(
    State(app): State<App>,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<Vec<VacancyView>>, Failure> {
    Ok(Reply(app.vacancies(consenting_company(&caller)?).await?.into_iter().map(Into::into).collect()))
}

/// 单个职位
///
/// 返回一个职位, 不存在时返回 404。只能用 access_token 调用。
#[utoipa::path(get, path = "/api/v2/recruitments/vacancy/{id}", tag = "招聘",
    security(("access_token" = []), ("bearer" = [])),
    params(("id" = String, Path, description = "职位的标识, 即职位的 uuid 字段")),
    responses((status = 200, body = VacancyView)))]
async fn get_vacancy(
    State(app): State<App>,
    Segment(id): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<VacancyView>, Failure> {
    Ok(Reply(app.vacancy(consenting_company(&caller)?, &id).await?.into()))
}
