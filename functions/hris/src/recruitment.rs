//! /recruitments (docs/contract/hris.txt, 候选人, and the calls that 授权 names): only with the access token from an employee's consent.

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::hris::recruitment::{Candidate, Source, Vacancy};
use shared::hris::values::{Code, Sex, Uuid};
use shared::hris::{Caller, Credential};
use shared::values::input::Faults;
use shared::values::{Date, Private, Text};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Call, Failure, Nothing, Payload, Problem, Reply, Segment, Signed};
use crate::paging::{PageView, Pagination};

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
    pagination: Pagination,
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
        }
    }
}

/// 一页候选人。
#[derive(Serialize, ToSchema)]
struct Candidates {
    #[serde(flatten)]
    page: PageView,
    candidates: Vec<CandidateView>,
}

/// 招聘源。
#[derive(Serialize, ToSchema)]
struct SourceView {
    #[schema(value_type = String)]
    id: Code,
    #[schema(value_type = String)]
    name: Text<1, 128>,
}

impl From<Source> for SourceView {
    fn from(Source { id, name }: Source) -> Self {
        Self { id, name }
    }
}

/// 职位。
#[derive(Serialize, ToSchema)]
struct VacancyView {
    #[schema(value_type = String)]
    id: Code,
    #[schema(value_type = String)]
    name: Text<1, 128>,
    #[schema(value_type = Option<String>)]
    department_uuid: Option<Uuid>,
    #[schema(value_type = String)]
    status: Text<0, 64>,
    #[schema(value_type = String)]
    description: Text<0, 4000>,
}

impl From<Vacancy> for VacancyView {
    fn from(Vacancy { id, name, department_uuid, status, description }: Vacancy) -> Self {
        Self { id, name, department_uuid, status, description }
    }
}

/// The company whose employee consented. Signed calls are not permitted.
fn consenting_company(caller: &Caller) -> Result<&Uuid, Failure> {
    match caller.credential {
        Credential::Consented => Ok(&caller.company),
        Credential::Signed { .. } => Err(Failure::NotPermitted("recruitments are opened by an access_token")),
    }
}

/// 候选人列表
#[utoipa::path(get, path = "/api/v2/recruitments/candidates", tag = "招聘", params(Signed), responses(
    (status = 200, body = Candidates), (status = "default", body = Problem)))]
async fn list_candidates(
    State(app): State<App>,
    Call { caller, payload }: Call<ListPayload>,
) -> Result<Reply<Candidates>, Failure> {
    let page = app.candidates(consenting_company(&caller)?, payload.pagination.into()).await?;
    let (page, candidates) = PageView::of(page);
    Ok(Reply(Candidates { page, candidates: candidates.into_iter().map(Into::into).collect() }))
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
    Ok(Reply(app.all::<Vacancy>(consenting_company(&caller)?).await?.into_iter().map(Into::into).collect()))
}

/// 单个职位
#[utoipa::path(get, path = "/api/v2/recruitments/vacancy/{id}", tag = "招聘", params(("id" = String, Path), Signed),
    responses((status = 200, body = VacancyView), (status = "default", body = Problem)))]
async fn get_vacancy(
    State(app): State<App>,
    Segment(id): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<VacancyView>, Failure> {
    Ok(Reply(app.one::<Vacancy>(consenting_company(&caller)?, &id, "id").await?.into()))
}
