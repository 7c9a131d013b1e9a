//! Captchas, codes by text message, login, the state of a worker's signing (docs/contract/signing.txt, 1.2.3, 1.2.4, 3.1), and the log-out and
//! the closing of the account, additions.

use axum::extract::{FromRequest as _, Request, State};
use axum::http::header;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use deserr::Deserr;
use lambda::Address;
use serde::Serialize;
use shared::signing::captcha;
use shared::signing::sessions::Login;
use shared::signing::verification::Solution;
use shared::values::input::Faults;
use shared::values::{Mobile, Secret, SecretText, exposed};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, CaptchaId, Coded, Failure, Fields, Platform, Reply, SessionToken, Success, Viewer, with_error_code};

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

/// 验证码图片
///
/// 返回 PNG 图片, 其中有 4 到 6 个字符, 不区分大小写。图片的 id 在 cookie captcha_id 与应答头 X-captcha-id 中, 发送短信时带上其一:
/// 同名的 cookie 或请求头。5 分钟内有效, 只能用一次, 填错也作废
#[utoipa::path(get, path = "/captcha", tag = "通用", security(()), responses(
    (status = 200, content_type = "image/png", description = "4 到 6 个字符的图片, 5 分钟内可用一次")))]
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
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = VerifycodeFields)]
struct VerifycodeBody {
    /// 图形验证码: 图片中的 4 到 6 个字符, 不区分大小写; 已登录且系统设置为免验证码时可以不传
    #[schema(value_type = String, min_length = 1, max_length = 16, required = false)]
    captcha_code: SecretText<1, 16>,
    /// 手机号: 大陆 11 位, 可带 +86; 其他国家和地区为 + 区号与号码, 如 +852 91234567
    #[schema(value_type = String)]
    phone: Mobile,
}

/// The fields of a request that needs no captcha.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct PhoneBody {
    phone: Mobile,
    #[deserr(default, rename = "captcha_code")]
    _captcha_code: Option<SecretText<1, 16>>,
}

/// 没有内容的对象
#[derive(Serialize, ToSchema)]
struct Nothing {}

/// 发送短信
///
/// 向手机号发送 6 位数字的验证码, 5 分钟内有效, 最多尝试 5 次; 再次发送后, 之前的作废。图形验证码的 id 取自请求头 X-captcha-id,
/// 没有时取自 cookie captcha_id。同一手机号每分钟 1 条、每天 10 条; 带有效的 X-auth-token 时, 同一用户每小时 10 条,
/// 否则同一 IP 地址每小时 20 条、同一网段每小时 60 条; 平台与系统另有每小时、每天的总数限制。超过为 429, 应答头 Retry-After 为等待的
/// 秒数。应答另有 error_code, 与 status 相同
#[utoipa::path(post, path = "/verifycode", tag = "通用", security((), ("session" = [])),
    request_body(content = VerifycodeBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Coded<Nothing>)))]
async fn create_verifycode(
    State(app): State<App>,
    Platform(platform): Platform,
    CaptchaId(captcha): CaptchaId,
    Address(address): Address,
    Viewer(worker): Viewer,
    request: Request,
) -> Result<Reply<Nothing>, Failure> {
    let (phone, code) = if app.needs_captcha(worker.as_ref()) {
        let Fields(VerifycodeBody { captcha_code, phone }) = Fields::from_request(request, &app).await?;
        (phone, Some(captcha_code))
    } else {
        let Fields(PhoneBody { phone, .. }) = Fields::from_request(request, &app).await?;
        (phone, None)
    };
    let captcha = captcha.as_ref().map(Secret::as_deref);
    let solution = code.as_ref().map(|code| Solution { captcha, code: code.as_deref() });
    app.send_code(&platform, worker.as_ref(), solution, &phone, &address).await?;
    Ok(Reply(Nothing {}))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = LoginFields)]
struct LoginBody {
    /// wx.login 取得的 code, 1 到 128 个字符
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    code: SecretText<1, 128>,
}

#[derive(Serialize, ToSchema)]
struct LoginView {
    /// 会话 token 信息, 以后放在请求头 X-auth-token 中
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    session_token: Secret<String>,
    /// 签约人 id; 为 0 表示未提交过简历信息, 大于 0 时由 /em_status 得知处于哪个状态
    em_id: u64,
}

/// 登录
///
/// 用 wx.login 的 code 换取会话, 首次登录即创建用户; 注销账号后 30 天内登录即恢复账号。会话 7 天不用即失效, 最长 30 天;
/// 每位用户最多 5 个会话, 超过时最早的失效。code 无效或已用过为 401; 同一 IP 地址每分钟超过 1,800 次后为 429,
/// 应答头 Retry-After 为等待的秒数
#[utoipa::path(post, path = "/weixin/login", tag = "登录", security(()),
    request_body(content = LoginBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Success<LoginView>)))]
async fn log_in(
    State(app): State<App>,
    Platform(platform): Platform,
    Address(address): Address,
    Fields(body): Fields<LoginBody>,
) -> Result<Reply<LoginView>, Failure> {
    let Login { session_token, em_id } = app.log_in(&platform, body.code.as_deref(), &address).await?;
    Ok(Reply(LoginView { session_token, em_id }))
}

/// 退出登录
///
/// 本次会话立即失效, 其他会话不变; 再次调用为 401
#[utoipa::path(post, path = "/weixin/logout", tag = "登录",
    responses((status = 200, body = Success<Nothing>)))]
async fn log_out(
    State(app): State<App>,
    Caller(worker): Caller,
    SessionToken(token): SessionToken,
) -> Result<Reply<Nothing>, Failure> {
    app.log_out(&worker, token.as_deref()).await?;
    Ok(Reply(Nothing {}))
}

/// 注销账号
///
/// 该用户的所有会话立即失效; 30 天内登录即恢复账号, 之后清除账号、简历与照片。再次调用为 401
#[utoipa::path(post, path = "/weixin/close", tag = "登录",
    responses((status = 200, body = Success<Nothing>)))]
async fn close_account(
    State(app): State<App>,
    Caller(worker): Caller,
    SessionToken(token): SessionToken,
) -> Result<Reply<Nothing>, Failure> {
    app.close_account(&worker, token.as_deref()).await?;
    Ok(Reply(Nothing {}))
}

lambda::closed_lists! {
    VerifyStatus = shared::signing::states::Verified,
        "实名认证状态: 0 待实名, 1 实名中, 2 实名成功, 3 实名失败";
}

/// 首页状态; 未提交过简历时数字为 0, 文字为空
#[derive(Default, Serialize, ToSchema)]
#[schema(as = EmStatus)]
struct EmStatusView {
    /// 驳回原因; status 为 4 时才有, 否则为空
    #[schema(max_length = 256)]
    reason: String,
    /// 申请的公司名称
    #[schema(max_length = 64)]
    company_name: String,
    /// 签约状态: 0 未提交过简历, 1 签约申请, 2 待签约, 3 已签约, 4 已驳回, 5 已取消
    #[schema(minimum = 0, maximum = 5)]
    status: u8,
    /// 实名认证状态: 0 待实名, 1 实名中, 2 实名成功, 3 实名失败
    #[schema(value_type = VerifyStatus)]
    verify_status: u8,
}

/// 首页状态
///
/// 返回签约状态与实名认证状态; 未提交过简历时 status 与 verify_status 为 0, 文字为空
#[utoipa::path(get, path = "/em_status", tag = "登录",
    responses((status = 200, body = Success<EmStatusView>)))]
async fn get_em_status(State(app): State<App>, Caller(worker): Caller) -> Result<Reply<EmStatusView>, Failure> {
    let signing = app.application(&worker).await?.map(|application| application.signing);
    Ok(Reply(signing.map_or_else(EmStatusView::default, |signing| EmStatusView {
        reason: signing.reason.as_str().to_owned(),
        company_name: signing.company_name.as_str().to_owned(),
        status: signing.state.into(),
        verify_status: signing.verify_status.into(),
    })))
}
