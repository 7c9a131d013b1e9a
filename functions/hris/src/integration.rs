//! Integrations of other services: company tokens and visits (docs/contract/hris.txt, 更新公司令牌, 提醒员工接见访客), Moka, and
//! webhooks.

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
use crate::edge::{Failure, Payload, Reply, Segment, SignedOnly, WithToken};
use crate::employees::EmployeeView;
use crate::{moka, webhook_page, webhooks};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(update_company_token))
        .routes(routes!(notify_employee))
        .merge(moka::router())
        .merge(webhooks::router())
        .merge(webhook_page::router())
}

/// 公司的新令牌
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct VisitorTokenPayload {
    /// fangke 提供给 zhiren 的令牌, 1 到 2048 个字符; 加密保存, 不会返回
    #[schema(value_type = String, min_length = 1, max_length = 2048)]
    zhiren_visitor_token: Token,
}

impl Payload for VisitorTokenPayload {
    const BEARS_TOKEN: bool = true;
}

/// 公司
#[derive(Serialize, ToSchema)]
struct CompanyView {
    /// 公司唯一标识符, 32 位小写十六进制
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$")]
    uuid: Uuid,
    /// 公司简称
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    name: Text<1, 128>,
    /// 公司全称
    #[schema(value_type = String, max_length = 128)]
    full_name: Text<0, 128>,
    /// 公司 logo
    #[schema(value_type = String, max_length = 2048)]
    logo: Text<0, 2048>,
}

impl From<Company> for CompanyView {
    fn from(Company { uuid, name, full_name, logo }: Company) -> Self {
        Self { uuid, name, full_name, logo }
    }
}

/// 更新公司令牌
///
/// 保存 zhiren_visitor_token, 替换以前的, 并返回公司。payload 中的 token 须是公司当前的令牌, 它本身不变。
#[utoipa::path(patch, path = "/api/v2/company_tokens/{guid}", tag = "公司",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    params(("guid" = String, Path, description = "公司的 uuid, 32 位十六进制, 不区分大小写; 须是签名所属的公司, 否则返回 404")),
    request_body = WithToken<VisitorTokenPayload>,
    responses((status = 200, body = CompanyView)))]
async fn update_company_token(
    State(app): State<App>,
    Segment(guid): Segment,
    SignedOnly { signer, payload }: SignedOnly<VisitorTokenPayload>,
) -> Result<Reply<CompanyView>, Failure> {
    // Only the signer's own company exists for the signer.
    if Uuid::parse(&guid).as_ref() != Ok(&signer.company) {
        return Err(Error::missing("guid").into());
    }
    Ok(Reply(app.update_visitor_token(&signer, &payload.zhiren_visitor_token).await?.into()))
}

/// 来访
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct VisitPayload {
    /// 访客姓名, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    name: Text<1, 64>,
    /// 到访时间, 自由文本, 1 到 64 个字符; 原样写入短信
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    time: Text<1, 64>,
}

impl Payload for VisitPayload {
    const BEARS_TOKEN: bool = true;
}

/// 提醒员工接见访客
///
/// 登记来访, 员工有手机号时向其发送短信, 并返回员工。用同一签名重发的请求得到第一次的应答, 不再发送短信。
/// 同一手机号每小时最多 30 次, 超出后返回 429, 等待 Retry-After 秒后再试。
#[utoipa::path(post, path = "/api/v2/employees/{id}/notify", tag = "员工",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    params(("id" = String, Path, description = "员工的 uuid, 32 位十六进制, 不区分大小写; 不能用工号或手机号")),
    request_body = WithToken<VisitPayload>,
    responses((status = 200, body = EmployeeView)))]
async fn notify_employee(
    State(app): State<App>,
    Segment(guid): Segment,
    SignedOnly { signer, payload: VisitPayload { name, time } }: SignedOnly<VisitPayload>,
) -> Result<Reply<EmployeeView>, Failure> {
    let employee = app.announce_visit(&signer, &guid, &Visit { name, time }).await?;
    Ok(Reply(EmployeeView::of(&signer.into(), employee)))
}
