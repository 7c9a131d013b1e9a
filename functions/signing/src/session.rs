//! Captchas, codes by text message, login, the state of a worker's signing (docs/contract/signing.txt, 1.2.3, 1.2.4, 3.1), and the log-out and
//! the closing of the account, additions.

use axum::extract::State;
use axum::http::header;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use deserr::Deserr;
use lambda::Address;
use serde::Serialize;
use shared::signing::captcha;
use shared::signing::sessions::Login;
use shared::values::input::Faults;
use shared::values::{Mobile, Secret, SecretText, exposed};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, CaptchaId, Failure, Fields, Platform, Problem, Reply, SessionToken, Success, with_error_code};

pub fn router() -> OpenApiRouter<App> {
    let coded = OpenApiRouter::default().routes(routes!(create_verifycode)).layer(from_fn(with_error_code));
    OpenApiRouter::default()
        .merge(coded)
        .routes(routes!(get_captcha))
        .routes(routes!(log_in))
        .routes(routes!(log_out))
        .routes(routes!(close_account))
        .routes(routes!(get_em_status))
}

/// 验证码图片: PNG; 其 id 在 cookie 与响应头 X-captcha-id 中
#[utoipa::path(get, path = "/captcha", tag = "通用", security(()), responses(
    (status = 200, content_type = "image/png", description = "4 个字符的图片, 5 分钟内可用一次"),
    (status = "default", body = Problem)))]
async fn get_captcha(State(app): State<App>, _: Platform) -> Result<Response, Failure> {
    let captcha = app.new_captcha().await?;
    let cookie = format!("captcha_id={}; Path=/; HttpOnly; Max-Age={}", captcha.id.expose(), captcha::AGE.as_secs());
    let headers = [
        (header::CONTENT_TYPE, "image/png".to_owned()),
        (header::SET_COOKIE, cookie),
        (header::HeaderName::from_static("x-captcha-id"), captcha.id.expose().clone()),
    ];
    Ok((headers, captcha.picture).into_response())
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = VerifycodeFields)]
struct VerifycodeBody {
    /// 图形验证码
    #[schema(value_type = String)]
    captcha_code: SecretText<1, 16>,
    /// 手机号
    #[schema(value_type = String)]
    phone: Mobile,
}

/// Nothing to tell: `{}`.
#[derive(Serialize, ToSchema)]
struct Nothing {}

/// 发送短信
#[utoipa::path(post, path = "/verifycode", tag = "通用", security(()),
    request_body(content = VerifycodeBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Success<Nothing>), (status = "default", body = Problem)))]
async fn create_verifycode(
    State(app): State<App>,
    Platform(platform): Platform,
    CaptchaId(captcha): CaptchaId,
    Address(address): Address,
    Fields(body): Fields<VerifycodeBody>,
) -> Result<Reply<Nothing>, Failure> {
    app.send_code(&platform, captcha.as_ref().map(Secret::as_deref), body.captcha_code.as_deref(), &body.phone, &address)
        .await?;
    Ok(Reply(Nothing {}))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = LoginFields)]
struct LoginBody {
    /// wx.login 取得的 code
    #[schema(value_type = String)]
    code: SecretText<1, 128>,
}

#[derive(Serialize, ToSchema)]
struct LoginView {
    /// 会话 token 信息
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    session_token: Secret<String>,
    /// 为 0 表示未提交过简历信息
    em_id: u64,
}

/// 登录
#[utoipa::path(post, path = "/weixin/login", tag = "登录", security(()),
    request_body(content = LoginBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Success<LoginView>), (status = "default", body = Problem)))]
async fn log_in(
    State(app): State<App>,
    Platform(platform): Platform,
    Address(address): Address,
    Fields(body): Fields<LoginBody>,
) -> Result<Reply<LoginView>, Failure> {
    let Login { session_token, em_id } = app.log_in(&platform, body.code.as_deref(), &address).await?;
    Ok(Reply(LoginView { session_token, em_id }))
}

/// 退出登录: 本次会话立即失效, 其他会话不变
#[utoipa::path(post, path = "/weixin/logout", tag = "登录",
    responses((status = 200, body = Success<Nothing>), (status = "default", body = Problem)))]
async fn log_out(
    State(app): State<App>,
    Caller(worker): Caller,
    SessionToken(token): SessionToken,
) -> Result<Reply<Nothing>, Failure> {
    app.log_out(&worker, token.as_deref()).await?;
    Ok(Reply(Nothing {}))
}

/// 注销账号: 该用户的所有会话立即失效; 30 天内登录即恢复账号, 之后清除
#[utoipa::path(post, path = "/weixin/close", tag = "登录",
    responses((status = 200, body = Success<Nothing>), (status = "default", body = Problem)))]
async fn close_account(
    State(app): State<App>,
    Caller(worker): Caller,
    SessionToken(token): SessionToken,
) -> Result<Reply<Nothing>, Failure> {
    app.close_account(&worker, token.as_deref()).await?;
    Ok(Reply(Nothing {}))
}

/// Zeros and empty strings before there is a résumé.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = EmStatus)]
struct EmStatusView {
    /// 驳回原因
    reason: String,
    /// 申请的公司名称
    company_name: String,
    /// 1 签约申请, 2 待签约, 3 已签约, 4 已驳回, 5 已取消
    status: u8,
    /// 0 待实名, 1 实名中, 2 实名成功, 3 实名失败
    verify_status: u8,
}

/// 首页状态
#[utoipa::path(get, path = "/em_status", tag = "登录",
    responses((status = 200, body = Success<EmStatusView>), (status = "default", body = Problem)))]
async fn get_em_status(State(app): State<App>, Caller(worker): Caller) -> Result<Reply<EmStatusView>, Failure> {
    let signing = app.application(&worker).await?.map(|application| application.signing);
    Ok(Reply(signing.map_or_else(EmStatusView::default, |signing| EmStatusView {
        reason: signing.reason.as_str().to_owned(),
        company_name: signing.company_name.as_str().to_owned(),
        status: signing.state.into(),
        verify_status: signing.verify_status.into(),
    })))
}
