//! Integrations of other services: company tokens and visits (docs/contract/hris.txt, 更新公司令牌, 提醒员工接见访客), and Moka.

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::error::Error;
use shared::hris::organization::Company;
use shared::hris::values::Uuid;
use shared::hris::visits::Visit;
use shared::values::input::Faults;
use shared::values::{Text, Token};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Failure, Payload, Problem, Reply, Segment, Signed, Write};
use crate::employees::EmployeeView;
use crate::moka;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(update_company_token)).routes(routes!(notify_employee)).merge(moka::router())
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
    Write { signer, payload }: Write<VisitorTokenPayload>,
) -> Result<Reply<CompanyView>, Failure> {
    // Only the signer's own company exists for the signer.
    if Uuid::parse(&guid).as_ref() != Ok(&signer.company) {
        return Err(Error::missing("guid").into());
    }
    Ok(Reply(app.update_visitor_token(&signer, &payload.zhiren_visitor_token).await?.into()))
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
    Write { signer, payload: VisitPayload { name, time } }: Write<VisitPayload>,
) -> Result<Reply<EmployeeView>, Failure> {
    let employee = app.announce_visit(&signer, &guid, &Visit { name, time }).await?;
    Ok(Reply(EmployeeView::of(&signer.into(), employee)))
}
