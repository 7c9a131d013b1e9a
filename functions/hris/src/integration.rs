//! Integrations of other services: company tokens, visits, Moka (docs/contract/hris.txt, 更新公司令牌, 提醒员工接见访客, 更新日志).

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::hris::missing;
use shared::hris::moka::Validity;
use shared::hris::organization::Company;
use shared::hris::recruitment::Candidate;
use shared::hris::values::{Code, Sex, Uuid};
use shared::hris::visits::Visit;
use shared::values::input::Faults;
use shared::values::{Date, Mobile, Secret, Text, Token};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Call, Failure, Nothing, Payload, Problem, Reply, Segment, Signed};
use crate::employees::EmployeeView;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(update_company_token))
        .routes(routes!(notify_employee))
        .routes(routes!(create_moka_candidate))
        .routes(routes!(get_moka_bind, update_moka_bind))
        .routes(routes!(create_moka_unbind))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
struct VisitorTokenPayload {
    /// fangke 提供给 zhiren 的令牌
    #[schema(value_type = String, max_length = 2048)]
    zhiren_visitor_token: Token,
}

impl Payload for VisitorTokenPayload {
    const BEARS_TOKEN: bool = true;
}

/// 公司。
#[derive(Serialize, ToSchema)]
struct CompanyView {
    #[schema(value_type = String)]
    uuid: Uuid,
    /// 公司简称
    #[schema(value_type = String)]
    name: Text<1, 128>,
    /// 公司全称
    #[schema(value_type = String)]
    full_name: Text<0, 128>,
    #[schema(value_type = String)]
    logo: Text<0, 2048>,
}

impl From<Company> for CompanyView {
    fn from(Company { uuid, name, full_name, logo }: Company) -> Self {
        Self { uuid, name, full_name, logo }
    }
}

/// 更新公司令牌
#[utoipa::path(patch, path = "/api/v2/company_tokens/{guid}", tag = "公司", params(("guid" = String, Path), Signed),
    request_body = VisitorTokenPayload,
    responses((status = 200, body = CompanyView), (status = "default", body = Problem)))]
async fn update_company_token(
    State(app): State<App>,
    Segment(guid): Segment,
    Call { caller, payload }: Call<VisitorTokenPayload>,
) -> Result<Reply<CompanyView>, Failure> {
    // Only the caller's own company exists for the caller.
    if Uuid::parse(&guid).as_ref() != Ok(&caller.company) {
        return Err(missing("guid").into());
    }
    Ok(Reply(app.update_visitor_token(&caller.company, &payload.zhiren_visitor_token).await?.into()))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
struct VisitPayload {
    /// 访客姓名
    #[schema(value_type = String, max_length = 64)]
    name: Text<1, 64>,
    /// 到访时间
    #[schema(value_type = String, max_length = 64)]
    time: Text<1, 64>,
}

impl Payload for VisitPayload {
    const BEARS_TOKEN: bool = true;
}

/// 提醒员工接见访客
#[utoipa::path(post, path = "/api/v2/employees/{id}/notify", tag = "员工", params(("id" = String, Path), Signed),
    request_body = VisitPayload,
    responses((status = 200, body = EmployeeView), (status = "default", body = Problem)))]
async fn notify_employee(
    State(app): State<App>,
    Segment(guid): Segment,
    Call { caller, payload: VisitPayload { name, time } }: Call<VisitPayload>,
) -> Result<Reply<EmployeeView>, Failure> {
    Ok(Reply(app.announce_visit(&caller, &guid, &Visit { name, time }).await?.into()))
}

/// Moka's own kind of success.
#[derive(Serialize, ToSchema)]
struct MokaDone {
    error_code: u16,
    #[schema(example = "ok")]
    error_message: &'static str,
}

const MOKA_DONE: MokaDone = MokaDone { error_code: 0, error_message: "ok" };

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
struct CandidatePayload {
    /// 姓名
    #[schema(value_type = String)]
    name: Text<1, 64>,
    /// 电子邮箱
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    email: Text<0, 255>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    mobile: Option<Mobile>,
    #[deserr(default)]
    #[schema(value_type = Option<String>, example = "female")]
    sex: Option<Sex>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    marriage: Text<0, 64>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    birthday: Option<Date>,
    /// 学历
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    degree: Text<0, 64>,
    /// 候选人状态
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    status: Text<0, 64>,
    /// 招聘源
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    source_name: Text<0, 128>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    source_id: Option<Code>,
}

impl Payload for CandidatePayload {}

impl CandidatePayload {
    fn into_candidate(self, uuid: Uuid) -> Candidate {
        let Self { name, email, mobile, sex, marriage, birthday, degree, status, source_name, source_id } = self;
        Candidate { uuid, name, email, mobile, sex, marriage, birthday, degree, status, source_name, source_id }
    }
}

/// 推送 Moka 候选人
#[utoipa::path(post, path = "/api/v2/moka_candidates", tag = "Moka", params(Signed), request_body = CandidatePayload,
    responses((status = 200, body = MokaDone), (status = "default", body = Problem)))]
async fn create_moka_candidate(
    State(app): State<App>,
    Call { caller, payload }: Call<CandidatePayload>,
) -> Result<Reply<MokaDone>, Failure> {
    let candidate = payload.into_candidate(caller.idempotent_uuid()?);
    if app.push_candidate(&caller.company, &candidate).await? {
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
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<MokaDone>, Failure> {
    done_if_valid(app.bind_moka(&caller.company, Secret::new(&code)).await?)
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
async fn create_moka_unbind(State(app): State<App>, Call { caller, .. }: Call<Nothing>) -> Result<Reply<MokaDone>, Failure> {
    app.unbind_moka(&caller.company).await?;
    Ok(Reply(MOKA_DONE))
}
