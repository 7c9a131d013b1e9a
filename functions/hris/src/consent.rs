//! The page on which an employee consents: plain HTML without scripts.
//!
//! ```text
//! GET  authorize?app_id&callback_url&state   requests a phone number
//! POST authorize  action=send                sends a code to it, requests the code
//! POST authorize  action=consent             303 to callback_url?response_code=..&state=..
//! POST authorize  action=deny                303 to callback_url?error=access_denied&state=..
//! ```
//!
//! Every form contains a token that this page signed, and the browser sends a cookie that this page set, which no other site can send.
//! A link with the names of OAuth 2.0 (RFC 6749, 4.1.1: `client_id`, `redirect_uri`, `response_type=code`) gets `code` instead of
//! `response_code`.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use deserr::Deserr;
use form_urlencoded::Serializer;
use lambda::Address;
use lambda::credentials::cookies;
use percent_encoding::{CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use shared::crypto::random::random_text;
use shared::error::{Error, Kind};
use shared::hris::consent::ConsentError;
use shared::hris::oauth::App as OauthApp;
use shared::hris::scopes::Scope;
use shared::values::input::Faults;
use shared::values::{Mobile, Secret, SecretText, Text};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Failure, Fields, Problem, html, set_cookie};

const COOKIE: &str = "consent";
/// The `response_type` of OAuth 2.0.
const STANDARD: &str = "code";
const UNKNOWN_APP: &str = "应用不存在，或回调地址与登记的不一致";

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(show_consent, submit_consent))
}

/// 打开授权页面的链接的参数
#[derive(Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ConsentQuery {
    /// 客户端访问识别码; 也可以用 OAuth 2.0 的名称 client_id
    #[serde(default, alias = "client_id")]
    app_id: String,
    /// 用户授权后的回调 URL, 与登记的完全相同; 也可以用 OAuth 2.0 的名称 redirect_uri
    #[serde(default, alias = "redirect_uri")]
    callback_url: String,
    /// OAuth 2.0 的客户端带上固定值 code: 回调参数名为 code, 而不是 response_code
    #[serde(default)]
    response_type: String,
    /// 跳转时原样带回, 最多 1024 个字节
    #[serde(default)]
    #[param(max_length = 1024)]
    state: String,
}

/// The longest state that the page returns to the app.
const MAX_STATE: usize = 1024;

/// 授权页面的表单
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = ConsentForm)]
struct ConsentBody {
    /// send 发送验证码, consent 同意, deny 拒绝
    #[schema(value_type = String, pattern = "^(send|consent|deny)$", example = "consent")]
    action: Text<1, 16>,
    /// 页面中的隐藏字段, 证明表单来自页面, 1 小时内有效
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    token: SecretText<1, 64>,
    /// 页面中的隐藏字段: 链接中的 app_id
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    app_id: Text<1, 64>,
    /// 页面中的隐藏字段: 链接中的 callback_url
    #[schema(value_type = String, min_length = 1, max_length = 2048)]
    callback_url: Text<1, 2048>,
    /// 页面中的隐藏字段: 链接中的 state
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 1024)]
    state: Text<0, MAX_STATE>,
    /// 页面中的隐藏字段: 链接中的 response_type
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 16)]
    response_type: Text<0, 16>,
    /// 员工的手机号, 最多 32 个字符, 发送验证码时必填
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    mobile: Text<0, 32>,
    /// 页面中的隐藏字段: 是哪一次发送的验证码, 同意时必填
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    attempt: SecretText<0, 64>,
    /// 短信验证码, 6 位数字, 同意时必填; 5 分钟内有效, 最多尝试 5 次
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 16)]
    code: SecretText<0, 16>,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Page<'a> {
    nonce: &'a str,
    /// The error of the last step.
    message: &'a str,
    step: Step<'a>,
}

enum Step<'a> {
    /// A page without a form.
    Stop,
    AskMobile(&'a FormFields<'a>),
    AskCode(&'a FormFields<'a>),
}

/// The content of the forms.
struct FormFields<'a> {
    app: &'a OauthApp,
    company: &'a str,
    state: &'a str,
    response_type: &'a str,
    token: Secret<String>,
    mobile: &'a str,
    attempt: Secret<&'a str>,
}

/// 授权页面
///
/// 应用在浏览器中打开这个页面。公司的人事管理员在页面上用手机号和短信验证码确认身份, 同意或拒绝应用读取公司的数据。
/// 同意后回到 callback_url, 带有 response_code 和 state; 拒绝后带有 error=access_denied 和 state。
#[utoipa::path(get, path = "/api/v2/oauth/authorize", tag = "授权", security(()), params(ConsentQuery),
    responses((status = 200, description = "授权页面", content_type = "text/html", body = String),
        (status = 400, description = "说明原因的页面: app_id 或 callback_url 不正确", content_type = "text/html", body = String)))]
async fn show_consent(
    State(app): State<App>,
    headers: HeaderMap,
    query: Result<Query<ConsentQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let is_valid =
        |query: &ConsentQuery| query.state.len() <= MAX_STATE && matches!(query.response_type.as_str(), "" | STANDARD);
    let Some(Query(query)) = query.ok().filter(|Query(query)| is_valid(query)) else {
        return stop("链接不正确");
    };
    let Some(oauth_app) = app.oauth_app(&query.app_id, &query.callback_url).await? else {
        return stop(UNKNOWN_APP);
    };
    let cookie = match own_cookie(&app, &headers)? {
        Some(cookie) => cookie.map(str::to_owned),
        None => app.new_cookie()?,
    };
    let Some(context) = app.consent_context(&oauth_app).await? else {
        return stop(UNKNOWN_APP);
    };
    let fields = FormFields {
        app: &oauth_app,
        company: &context.company,
        state: &query.state,
        response_type: &query.response_type,
        token: app.form_token(&oauth_app)?,
        mobile: "",
        attempt: Secret::new(""),
    };
    let mut response = page(StatusCode::OK, "", Step::AskMobile(&fields))?;
    let place = "Path=/api/v2/oauth; SameSite=Strict";
    set_cookie(&mut response, &headers, COOKIE, cookie.as_deref(), place)?;
    Ok(response)
}

/// 授权页面的表单
///
/// 由授权页面提交, 须带有打开页面时得到的 Cookie; 应用不调用。
/// 同一手机号每分钟最多一条、每天最多 10 条短信, 同一 IP 地址每小时最多 20 条; 超出后返回 429, 等待 Retry-After 秒后再试。
#[utoipa::path(post, path = "/api/v2/oauth/authorize", tag = "授权", security(()),
    request_body(content = ConsentBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "下一步的页面", content_type = "text/html", body = String),
        (status = 303, description = "回到 callback_url"),
        (status = "4XX", description = "说明原因的页面; 表单不完整时为 JSON",
            content((String = "text/html"), (Problem = "application/json")))))]
async fn submit_consent(
    State(app): State<App>,
    Address(address): Address,
    headers: HeaderMap,
    Fields(form): Fields<ConsentBody>,
) -> Result<Response, Failure> {
    let Some(oauth_app) = app.oauth_app(form.app_id.as_str(), form.callback_url.as_str()).await? else {
        return stop(UNKNOWN_APP);
    };
    if own_cookie(&app, &headers)?.is_none() || !app.is_form_token(&oauth_app, form.token.as_deref())? {
        return stop("页面已失效，请从应用重新进入");
    }
    let Some(context) = app.consent_context(&oauth_app).await? else {
        return stop(UNKNOWN_APP);
    };
    let state = form.state.as_str();
    let mut fields = FormFields {
        app: &oauth_app,
        company: &context.company,
        state,
        response_type: form.response_type.as_str(),
        token: app.form_token(&oauth_app)?,
        mobile: form.mobile.as_str().trim(),
        attempt: form.attempt.as_deref(),
    };
    match form.action.as_str() {
        "send" => {
            let Ok(mobile) = Mobile::parse(fields.mobile) else {
                return page(StatusCode::UNPROCESSABLE_ENTITY, "请输入正确的手机号", Step::AskMobile(&fields));
            };
            match app.send_consent_code(&oauth_app, &mobile, &address).await {
                Ok(attempt) => {
                    fields.attempt = attempt.as_deref();
                    page(StatusCode::OK, "", Step::AskCode(&fields))
                }
                Err(error) => too_often(error, "发送太频繁，请稍后再试", Step::AskMobile(&fields)),
            }
        }
        "consent" => {
            match app.consent(&oauth_app, &context, fields.attempt, form.code.as_deref().map(str::trim), &address).await {
                Ok(response_code) => {
                    let name = if fields.response_type == STANDARD { "code" } else { "response_code" };
                    redirect(&oauth_app, &[(name, response_code.expose()), ("state", state)])
                }
                Err(ConsentError::WrongCode) => page(StatusCode::UNPROCESSABLE_ENTITY, "验证码不正确", Step::AskCode(&fields)),
                Err(ConsentError::SpentCode) => {
                    page(StatusCode::UNPROCESSABLE_ENTITY, "验证码已失效，请重新获取", Step::AskMobile(&fields))
                }
                Err(ConsentError::Failed(error)) => too_often(error, "尝试太频繁，请稍后再试", Step::AskCode(&fields)),
            }
        }
        "deny" => redirect(&oauth_app, &[("error", "access_denied"), ("state", state)]),
        _ => stop("页面已失效，请从应用重新进入"),
    }
}

impl FormFields<'_> {
    fn reads(&self, scope: Scope) -> bool {
        self.app.scopes.contain(scope)
    }
}

/// The browser's cookie of this page.
fn own_cookie<'a>(app: &App, headers: &'a HeaderMap) -> Result<Option<Secret<&'a str>>, Error> {
    for value in cookies(headers, COOKIE) {
        if app.is_own_cookie(value)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Redirects to the app. An empty state is omitted.
fn redirect(oauth_app: &OauthApp, parameters: &[(&str, &str)]) -> Result<Response, Failure> {
    // A header contains only ASCII.
    let callback = utf8_percent_encode(oauth_app.callback_url.as_str(), CONTROLS).to_string();
    let mut query = Serializer::new(String::new());
    query.extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
    let separator = if callback.contains('?') { '&' } else { '?' };
    let location = format!("{callback}{separator}{}", query.finish());
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

/// The page with a message if the error is a rate limit. Any other error is returned as it is.
fn too_often(error: Error, message: &str, step: Step<'_>) -> Result<Response, Failure> {
    let Kind::TooManyRequests { retry_after } = error.kind() else { return Err(error.into()) };
    let mut response = page(StatusCode::TOO_MANY_REQUESTS, message, step)?;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
    Ok(response)
}

fn stop(message: &str) -> Result<Response, Failure> {
    page(StatusCode::BAD_REQUEST, message, Step::Stop)
}

fn page(status: StatusCode, message: &str, step: Step<'_>) -> Result<Response, Failure> {
    let nonce = random_text()?;
    // Browsers check the redirect after a form against form-action, too.
    let callback = match &step {
        Step::Stop => "",
        Step::AskMobile(fields) | Step::AskCode(fields) => fields.app.callback_url.origin(),
    };
    let policy = format!("style-src 'nonce-{nonce}'; form-action 'self' {callback}");
    html(status, &policy, &Page { nonce: &nonce, message, step })
}
