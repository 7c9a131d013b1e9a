//! The page of a webhook, for the people of its product: plain HTML without scripts (docs/design/webhooks.md).
//!
//! ```text
//! GET  /docs/webhooks?access_key&tonce&signature  a signed link: 303 to the page, with a cookie; `&event_id` to that event
//! GET  /docs/webhooks                             the settings, and the events, newest first
//! GET  /docs/webhooks?event_id                    an event with its attempts
//! POST /docs/webhooks  action=test                sends a test event
//! POST /docs/webhooks  action=replay, event_id    sends an event again
//! POST /docs/webhooks  action=replays, since      sends all events since a time again
//! ```
//!
//! The cookie is `SameSite=Lax`: a link from another site opens the page. Its forms contain a token, which no other site knows.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest as _, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use deserr::Deserr;
use jiff::Timestamp;
use lambda::credentials::cookies;
use serde::Deserialize;
use shared::error::{Error, Kind};
use shared::hris::webhooks::{self, Attempt, Event, EventState, Viewer, Webhook};
use shared::outbound::receivers::NoAnswer;
use shared::storage::listing::{Order, PageOf};
use shared::values::input::Faults;
use shared::values::{LocalTime, Moment, Secret, SecretText, Text};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Failure, Fields, Nothing, Problem, SignedOnly, html, set_cookie};
use crate::webhooks::DEFAULT_SIZE;

const PATH: &str = "/docs/webhooks";
const COOKIE: &str = "webhooks";
const ENDED: &str = "链接不正确或已失效，请从您的产品重新打开";
const NO_EVENT: &str = "没有这个事件，它可能已超过 30 天";

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(show_webhook_page, submit_webhook_page))
}

/// 打开事件推送页面的参数
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// 访问识别码, 只在签名的链接中
    #[serde(default)]
    access_key: String,
    /// 秒级 Unix 时间, 只在签名的链接中
    #[expect(dead_code, reason = "the signed call reads it")]
    tonce: Option<String>,
    /// HMAC-SHA256(secret_key, "GET/docs/webhooks" + access_key + tonce), 只在签名的链接中
    #[expect(dead_code, reason = "the signed call reads it")]
    signature: Option<String>,
    /// 事件的标识: 显示它的推送经过
    #[param(max_length = 64)]
    event_id: Option<String>,
    /// 上一页的位置, 由页面给出
    #[param(max_length = 512)]
    cursor: Option<String>,
    /// 刚刚完成的操作, 由页面给出
    #[serde(default)]
    #[param(max_length = 16)]
    done: String,
}

/// 事件推送页面的表单
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = WebhookForm)]
struct PageForm {
    /// test 推送测试事件, replay 重新推送一个事件, replays 重新推送一段时间的事件
    #[schema(value_type = String, pattern = "^(test|replay|replays)$", example = "test")]
    action: Text<1, 16>,
    /// 页面中的隐藏字段, 证明表单来自页面, 1 小时内有效
    #[schema(value_type = String, min_length = 1, max_length = 256)]
    token: SecretText<1, 256>,
    /// 页面中的隐藏字段: 事件的标识, 重新推送一个事件时必填
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    event_id: Text<0, 64>,
    /// 北京时间, 在最近 30 天内, 重新推送一段时间的事件时必填
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 32, example = "2024-01-15T18:30")]
    since: Text<0, 32>,
}

#[derive(Template)]
#[template(path = "webhooks.html")]
struct Page<'a> {
    message: &'a str,
    /// Whether the message is the reason of a failure.
    has_failed: bool,
    content: Content<'a>,
}

impl Page<'_> {
    /// Whether a session is open.
    fn is_open(&self) -> bool {
        !matches!(self.content, Content::Stop)
    }
}

enum Content<'a> {
    /// A page without a webhook.
    Stop,
    Events {
        webhook: &'a Webhook,
        events: &'a [Event],
        next: Option<String>,
        token: Secret<String>,
    },
    Event {
        event: &'a Event,
        token: Secret<String>,
    },
}

/// 事件推送页面
///
/// 产品的人员在浏览器中查看事件推送的设置、最近 30 天的事件与每次推送的经过, 重新推送事件, 推送测试事件。产品为登录的人员生成签名的链接,
/// 5 分钟内可以打开, 打开后 1 小时内有效; 访问识别码停用后失效。
#[utoipa::path(get, path = "/docs/webhooks", tag = "事件", security(()), params(PageQuery),
    responses((status = 200, description = "页面", content_type = "text/html", body = String),
        (status = 303, description = "签名的链接: 到页面"),
        (status = 403, description = "没有打开链接, 或链接已失效", content_type = "text/html", body = String),
        (status = "4XX", description = "说明原因的页面", content_type = "text/html", body = String)))]
async fn show_webhook_page(
    State(app): State<App>,
    query: Result<Query<PageQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, Failure> {
    let Ok(Query(query)) = query else { return stop(StatusCode::BAD_REQUEST, ENDED) };
    if !query.access_key.is_empty() {
        return open_link(&app, request, query.event_id.as_deref()).await;
    }
    let Some(viewer) = viewer(&app, request.headers()).await? else { return stop(StatusCode::FORBIDDEN, ENDED) };
    let message = match query.done.as_str() {
        "test" => "测试事件已经提交，稍后推送",
        "replay" => "事件已经提交，稍后再次推送",
        "replays" => "这段时间的事件已经提交，稍后再次推送",
        _ => "",
    };
    let shown = match &query.event_id {
        Some(id) => show_event(&app, &viewer, id, message).await,
        None => show_events(&app, &viewer, StatusCode::OK, message, query.cursor.as_deref()).await,
    };
    shown.or_else(explained)
}

/// 事件推送页面的表单
///
/// 由事件推送页面提交, 须带有打开链接时得到的 Cookie; 产品不调用。
#[utoipa::path(post, path = "/docs/webhooks", tag = "事件", security(()),
    request_body(content = PageForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "回到页面"),
        (status = 403, description = "没有打开链接, 或链接已失效", content_type = "text/html", body = String),
        (status = "4XX", description = "说明原因的页面; 表单不完整时为 JSON",
            content((String = "text/html"), (Problem = "application/json")))))]
async fn submit_webhook_page(
    State(app): State<App>,
    headers: HeaderMap,
    Fields(form): Fields<PageForm>,
) -> Result<Response, Failure> {
    let Some(viewer) = viewer(&app, &headers).await? else { return stop(StatusCode::FORBIDDEN, ENDED) };
    let PageForm { action, token, event_id, since } = form;
    let (action, event_id, since) = (action.as_str(), event_id.as_str(), since.as_str());
    let Some(signer) = app.page_signer(&viewer, token.as_deref(), &[action, event_id, since])? else {
        return stop(StatusCode::FORBIDDEN, ENDED);
    };
    let (done, location) = match action {
        "test" => (app.test_webhook(&signer).await, format!("{PATH}?done=test")),
        "replay" if !is_word(event_id) => return stop(StatusCode::NOT_FOUND, NO_EVENT),
        "replay" => (app.replay_event(&signer, event_id).await, format!("{PATH}?done=replay&event_id={event_id}")),
        "replays" => {
            let since = LocalTime::parse(since).map(|since| Moment::from(Timestamp::from(since)));
            let Ok(since) = since else { return wrong_time(&app, &viewer).await };
            (app.replay_events(&signer, since).await, format!("{PATH}?done=replays"))
        }
        _ => return stop(StatusCode::BAD_REQUEST, ENDED),
    };
    match done {
        Ok(()) => Ok(see_other(location)),
        Err(error) if error.kind() == Kind::Invalid => wrong_time(&app, &viewer).await,
        Err(error) => explained(error.into()),
    }
}

/// Opens a session for the browser with a signed link, and shows this event or all.
async fn open_link(app: &App, request: Request, event: Option<&str>) -> Result<Response, Failure> {
    let headers = request.headers().clone();
    let signer = match SignedOnly::<Nothing>::from_request(request, app).await {
        Ok(SignedOnly { signer, .. }) => signer,
        Err(failure) => {
            let response = failure.into_response();
            let status = response.status();
            return if status.is_client_error() { stop(status, ENDED) } else { Ok(response) };
        }
    };
    let session = app.new_page_session(&signer)?;
    let query = event.filter(|id| is_word(id)).map(|id| format!("?event_id={id}")).unwrap_or_default();
    let mut response = see_other(format!("{PATH}{query}"));
    set_cookie(&mut response, &headers, COOKIE, session.as_deref(), "Path=/docs/webhooks; SameSite=Lax")?;
    Ok(response)
}

async fn viewer(app: &App, headers: &HeaderMap) -> Result<Option<Viewer>, Failure> {
    match cookies(headers, COOKIE).next() {
        Some(session) => Ok(app.page_viewer(session).await?),
        None => Ok(None),
    }
}

async fn show_events(
    app: &App,
    viewer: &Viewer,
    status: StatusCode,
    message: &str,
    cursor: Option<&str>,
) -> Result<Response, Failure> {
    let (company, product) = (viewer.company(), viewer.product());
    let page = PageOf { size: DEFAULT_SIZE, cursor, order: Order::Descending };
    let webhook = app.webhook(company, product).await?;
    let listed = app.list_events(company, product, &page).await?;
    let token = app.new_page_form(viewer)?;
    let content = Content::Events { webhook: &webhook, events: &listed.list, next: listed.next_cursor, token };
    show(status, &Page { message, has_failed: status != StatusCode::OK, content })
}

async fn show_event(app: &App, viewer: &Viewer, id: &str, message: &str) -> Result<Response, Failure> {
    let event = app.event(viewer.company(), viewer.product(), id).await?;
    let content = Content::Event { event: &event, token: app.new_page_form(viewer)? };
    show(StatusCode::OK, &Page { message, has_failed: false, content })
}

async fn wrong_time(app: &App, viewer: &Viewer) -> Result<Response, Failure> {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    show_events(app, viewer, status, "请输入最近 30 天内的时间", None).await.or_else(explained)
}

/// The page that says what is missing.
fn explained(failure: Failure) -> Result<Response, Failure> {
    let Failure::Domain(error) = &failure else { return Err(failure) };
    match error.kind() {
        Kind::NotFound => stop(StatusCode::NOT_FOUND, missing(error)),
        Kind::Invalid => stop(StatusCode::BAD_REQUEST, ENDED),
        _ => Err(failure),
    }
}

fn missing(error: &Error) -> &'static str {
    match error.faults() {
        [fault] if fault.field == "event_id" => NO_EVENT,
        _ => "没有事件推送，请先通过接口设置",
    }
}

fn see_other(location: String) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// Whether a text can be an id: it contains nothing that an address would have to encode.
fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn stop(status: StatusCode, message: &str) -> Result<Response, Failure> {
    show(status, &Page { message, has_failed: true, content: Content::Stop })
}

/// The style sheet is that of the documentation.
fn show(status: StatusCode, page: &Page<'_>) -> Result<Response, Failure> {
    html(status, "style-src 'self'; img-src 'self'; form-action 'self'", page)
}

/// In the time of Shanghai.
fn time(moment: &Moment) -> String {
    let time = LocalTime::from(Timestamp::from_second(moment.as_second()).unwrap_or_default()).to_plain();
    time.split('.').next().unwrap_or_default().to_owned()
}

fn webhook_state(webhook: &Webhook) -> &'static str {
    match webhook.state {
        webhooks::State::Active => "推送中",
        webhooks::State::Disabled => "已停用：接收地址三天没有成功，或应答了 410；重新设置即恢复",
        webhooks::State::Suspended => "已由平台停用",
    }
}

fn kind_name(kind: &str) -> &'static str {
    match kind {
        "approval" => "审批",
        "department" => "部门",
        "employee" => "员工",
        _ => "薪酬",
    }
}

fn event_state(event: &Event) -> &'static str {
    match event.state {
        EventState::Waiting => "等待推送",
        EventState::Delivered => "已送达",
        EventState::Dropped => "已放弃",
    }
}

fn result(attempt: &Attempt) -> String {
    match (attempt.status, attempt.failure) {
        (Some(status), _) => status.to_string(),
        (None, Some(NoAnswer::Unresolved)) => "域名无法解析".into(),
        (None, Some(NoAnswer::Private)) => "地址不在公网".into(),
        (None, Some(NoAnswer::Unreachable)) => "无法连接".into(),
        (None, Some(NoAnswer::TimedOut)) => "5 秒内没有应答".into(),
        (None, Some(NoAnswer::CutOff)) => "连接中断".into(),
        (None, None) => "没有应答".into(),
    }
}
