//! /webhooks: where a product receives events, and what became of them (docs/design/webhooks.md). Additions to the API document.

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::crypto::credentials::StoredSecret;
use shared::hris::scopes::Scope;
use shared::hris::webhooks::{self, Attempt, Event, EventType, EventTypes, Put, Settings, Webhook};
use shared::outbound::receivers::{Address, NoAnswer};
use shared::storage::listing::{Order, PageOf};
use shared::values::input::Faults;
use shared::values::{Mobile, Moment, RecordId, Text, exposed};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Failure, Nothing, Payload, Reply, Segment, Signed, SignedOnly};
use crate::paging::{MAX_SIZE, Number};

/// The number of events of a page.
pub const DEFAULT_SIZE: u32 = 20;

/// The schemas of the closed lists.
pub mod lists {
    use shared::{hris, outbound};

    lambda::closed_lists! {
        EventType = hris::webhooks::EventType,
            "事件类型: webhook_open 开通, department_batch_sync 部门批量同步, department_created 新增部门, \
            department_updated 修改部门, department_deleted 删除部门, employee_batch_sync 员工批量同步, \
            employee_created 新增员工, employee_updated 修改员工, employee_deleted 删除员工, employee_left 员工离职, \
            approval_changed 审批变动, salary_uploaded 薪酬科目上传, sign_state_changed 签约状态变动, webhook_test 测试";
        WebhookScope = hris::scopes::Scope,
            "数据范围: employees 员工与部门, attendance 考勤, approvals 审批, recruitment 招聘, sensitive 敏感信息";
        WebhookState = hris::webhooks::State,
            "状态: active 推送中, disabled 因接收失败而停用, suspended 由平台停用";
        EventState = hris::webhooks::EventState,
            "事件状态: waiting 等待推送, delivered 已送达, dropped 已放弃";
        NoAnswer = outbound::receivers::NoAnswer,
            "没有应答的原因: unresolved 域名无法解析, private 地址不在公网, unreachable 无法连接, \
            timed_out 5 秒内没有应答, cut_off 连接中断";
    }
}

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(get_webhook, put_webhook, delete_webhook))
        .routes(routes!(create_webhook_test))
        .routes(routes!(list_webhook_events))
        .routes(routes!(get_webhook_event))
        .routes(routes!(replay_webhook_event))
        .routes(routes!(replay_webhook_events))
}

/// 事件推送的设置
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct WebhookPayload {
    /// 接收地址: https, 最多 2048 个字符, 端口 443 或 1024 以上, 路径中没有百分号编码, 域名的所有 IP 地址都在公网
    #[schema(value_type = String, max_length = 2048, example = "https://example.com/gongqiao/events")]
    address: Address,
    /// 订阅的事件类型, 1 到 14 种; webhook_test 无论是否订阅, 测试时总会推送
    #[schema(value_type = Vec<lists::EventType>, min_items = 1, max_items = 14)]
    event_types: EventTypes,
    /// 数据范围, 省略时为所订阅类型需要的范围, 不含 sensitive: 员工的敏感信息此时为空字符串; salary_uploaded 需要 sensitive
    #[deserr(default)]
    #[schema(value_type = Option<Vec<lists::WebhookScope>>)]
    scopes: Option<Vec<Scope>>,
    /// 一次导入多个部门或员工时, 用 department_batch_sync 或 employee_batch_sync 一起推送 (默认: false)
    #[deserr(default)]
    #[schema(value_type = Option<bool>)]
    batches: bool,
    /// 联系人的手机号: 事件推送因接收失败而停用时收到一条短信, 每天最多 3 条; 省略时没有联系人
    #[deserr(default)]
    #[schema(value_type = Option<String>, example = "13800138000")]
    contact_mobile: Option<Mobile>,
    /// 增加一个密钥, 应答给出它; 最多两个 (默认: false)
    #[deserr(default)]
    #[schema(value_type = Option<bool>)]
    rotate: bool,
    /// 作废两个密钥中较早的一个 (默认: false)
    #[deserr(default)]
    #[schema(value_type = Option<bool>)]
    drop_old_secret: bool,
}

impl Payload for WebhookPayload {}

/// 密钥的标识和时间
#[derive(Serialize, ToSchema)]
struct SecretView {
    /// 密钥的标识
    #[schema(value_type = String)]
    secret_id: RecordId,
    /// 创建时间, RFC 3339
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
}

/// 事件推送
#[derive(Serialize, ToSchema)]
struct WebhookView {
    /// 接收地址
    #[schema(value_type = String, max_length = 2048, example = "https://example.com/gongqiao/events")]
    address: Address,
    /// 订阅的事件类型
    #[schema(value_type = Vec<lists::EventType>)]
    event_types: Vec<EventType>,
    /// 数据范围
    #[schema(value_type = Vec<lists::WebhookScope>)]
    scopes: Vec<Scope>,
    /// 多个部门或员工是否一起推送
    batches: bool,
    /// 联系人的手机号, 没有时为 null
    #[schema(value_type = Option<String>, example = "13800138000")]
    contact_mobile: Option<Mobile>,
    /// 状态
    #[schema(value_type = lists::WebhookState)]
    state: webhooks::State,
    /// 停用的时间, RFC 3339; 没有停用时为 null
    #[schema(value_type = Option<String>, format = DateTime)]
    stopped_at: Option<Moment>,
    /// 创建时间, RFC 3339
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
    /// 有效的密钥, 最早的在前, 不含内容
    #[schema(min_items = 1, max_items = 2)]
    secrets: Vec<SecretView>,
    /// 新密钥的内容, 只在创建它的应答中给出
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^whsec_[A-Za-z0-9+/]{43}=$", nullable = false)]
    secret: Option<NewSecret>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct NewSecret(#[serde(serialize_with = "exposed")] shared::values::Secret<String>);

impl From<Put> for WebhookView {
    fn from(Put { webhook, secret }: Put) -> Self {
        let secret_view = |StoredSecret { secret_id, created_at, .. }: &StoredSecret| SecretView {
            secret_id: secret_id.clone(),
            created_at: *created_at,
        };
        let secrets = webhook.secrets.iter().map(secret_view).collect();
        let Webhook { address, event_types, scopes, batches, contact_mobile, state, stopped_at, created_at, .. } = webhook;
        let (scopes, secret) = (scopes.into(), secret.map(NewSecret));
        Self { address, event_types, scopes, batches, contact_mobile, state, stopped_at, created_at, secrets, secret }
    }
}

/// 事件所说的记录
#[derive(Serialize, ToSchema)]
struct EventObjectView {
    /// 种类: application 签约申请, approval 审批, department 部门, employee 员工, salary 薪酬
    #[schema(pattern = "^(application|approval|department|employee|salary)$", example = "employee")]
    kind: &'static str,
    /// 签约平台的代码和 em_id, 用 / 分开; 审批单号, 部门或员工的 uuid, 薪酬所属员工的工号
    id: String,
}

/// 一次推送
#[derive(Serialize, ToSchema)]
struct AttemptView {
    /// 时间, RFC 3339
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    /// 用时, 毫秒
    milliseconds: u64,
    /// 应答的 HTTP 状态码; 没有应答时为 null
    #[schema(minimum = 100, maximum = 999, example = 200)]
    status: Option<u16>,
    /// 没有应答的原因; 有应答时为 null
    #[schema(value_type = Option<lists::NoAnswer>)]
    failure: Option<&'static str>,
    /// 应答内容的前 1 KB
    body: String,
}

impl From<Attempt> for AttemptView {
    fn from(Attempt { at, milliseconds, status, failure, body }: Attempt) -> Self {
        Self { at, milliseconds, status, failure: failure.map(NoAnswer::as_str), body }
    }
}

/// 事件
#[derive(Serialize, ToSchema)]
struct EventView {
    /// 事件的标识, 即请求头 webhook-id
    #[schema(pattern = "^evt_[0-9a-f]{27}$")]
    event_id: String,
    /// 事件类型
    #[schema(value_type = lists::EventType)]
    event_type: EventType,
    /// 事件所说的记录; 多个记录的事件为 null
    object: Option<EventObjectView>,
    /// 状态
    #[schema(value_type = lists::EventState)]
    state: webhooks::EventState,
    /// 创建时间, RFC 3339
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
    /// 推送的经过, 最早的在前, 最多保留 30 次
    #[schema(max_items = 30)]
    attempts: Vec<AttemptView>,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let object = event.object().map(|(kind, id)| EventObjectView { kind, id: id.into_owned() });
        let created_at = event.created_at();
        let Event { id, event_type, state, attempts, .. } = event;
        Self { event_id: id, event_type, object, state, created_at, attempts: attempts.into_iter().map(Into::into).collect() }
    }
}

/// 一页事件
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EventsView {
    /// 本页的事件, 最新的在前
    #[schema(max_items = 100)]
    events: Vec<EventView>,
    /// 下一页的 cursor, 没有下一页时为 null
    next_cursor: Option<String>,
}

/// 事件列表的分页
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct EventsPayload {
    /// 每页数量, 1 到 100 (默认: 20)
    #[deserr(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100, example = 20)]
    page_size: Option<Number<MAX_SIZE>>,
    /// 上一页的 nextCursor
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 512)]
    cursor: Option<Text<1, 512>>,
}

impl Payload for EventsPayload {
    const IS_FILTER: bool = true;
}

/// 重新推送的起点
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ReplaysPayload {
    /// 时间, RFC 3339, 在最近 30 天内
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    since: Moment,
}

impl Payload for ReplaysPayload {}

/// 返回码, 0 表示成功
#[derive(Serialize, ToSchema)]
struct Accepted {
    /// 固定为 0
    #[schema(example = 0)]
    code: u16,
    /// 固定为 ok
    #[schema(example = "ok")]
    text: &'static str,
}

const ACCEPTED: Accepted = Accepted { code: 0, text: "ok" };

/// 查询事件推送
///
/// 返回产品在该公司的事件推送。没有时返回 404。只接受签名, 不接受 access_token。
#[utoipa::path(get, path = "/api/v2/webhooks", tag = "事件",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    responses((status = 200, body = WebhookView)))]
async fn get_webhook(
    State(app): State<App>,
    SignedOnly { signer, .. }: SignedOnly<Nothing>,
) -> Result<Reply<WebhookView>, Failure> {
    let webhook = app.webhook(&signer.company, &signer.product).await?;
    Ok(Reply(Put { webhook, secret: None }.into()))
}

/// 设置事件推送
///
/// 产品在每家公司有一个事件推送, 没有时新建并返回密钥, 已有时替换设置; 因接收失败而停用的重新推送。每家公司最多 20 个。
#[utoipa::path(put, path = "/api/v2/webhooks", tag = "事件",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    request_body = WebhookPayload,
    responses((status = 200, body = WebhookView)))]
async fn put_webhook(
    State(app): State<App>,
    SignedOnly { signer, payload }: SignedOnly<WebhookPayload>,
) -> Result<Reply<WebhookView>, Failure> {
    let WebhookPayload { address, event_types, scopes, batches, contact_mobile, rotate, drop_old_secret } = payload;
    let EventTypes(event_types) = event_types;
    let settings = Settings { address, event_types, scopes, batches, contact_mobile, rotate, drop_old_secret };
    Ok(Reply(app.put_webhook(&signer, &settings).await?.into()))
}

/// 删除事件推送
///
/// 删除设置、密钥和全部事件, 此后不再推送。没有时返回 404。
#[utoipa::path(delete, path = "/api/v2/webhooks", tag = "事件",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    responses((status = 200, body = Accepted)))]
async fn delete_webhook(
    State(app): State<App>,
    SignedOnly { signer, .. }: SignedOnly<Nothing>,
) -> Result<Reply<Accepted>, Failure> {
    app.delete_webhook(&signer).await?;
    Ok(Reply(ACCEPTED))
}

/// 推送测试事件
///
/// 向接收地址推送一个 webhook_test, 数据为空对象, livemode 为 false。
#[utoipa::path(post, path = "/api/v2/webhooks/tests", tag = "事件",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    responses((status = 200, body = Accepted)))]
async fn create_webhook_test(
    State(app): State<App>,
    SignedOnly { signer, .. }: SignedOnly<Nothing>,
) -> Result<Reply<Accepted>, Failure> {
    app.test_webhook(&signer).await?;
    Ok(Reply(ACCEPTED))
}

/// 获取事件列表
///
/// 返回最近 30 天的事件及其推送经过, 最新的在前。
#[utoipa::path(get, path = "/api/v2/webhooks/events", tag = "事件",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    params(Signed<EventsPayload>),
    responses((status = 200, body = EventsView)))]
async fn list_webhook_events(
    State(app): State<App>,
    SignedOnly { signer, payload: EventsPayload { page_size, cursor } }: SignedOnly<EventsPayload>,
) -> Result<Reply<EventsView>, Failure> {
    let size = page_size.map_or(DEFAULT_SIZE, |Number(size)| size);
    let page = PageOf { size, cursor: cursor.as_ref().map(Text::as_str), order: Order::Descending };
    let listed = app.list_events(&signer.company, &signer.product, &page).await?;
    Ok(Reply(EventsView { events: listed.list.into_iter().map(Into::into).collect(), next_cursor: listed.next_cursor }))
}

/// 查询单个事件
///
/// 返回一个事件及其推送经过。没有这个事件时返回 404。
#[utoipa::path(get, path = "/api/v2/webhooks/events/{event_id}", tag = "事件",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    params(("event_id" = String, Path, description = "事件的标识")),
    responses((status = 200, body = EventView)))]
async fn get_webhook_event(
    State(app): State<App>,
    Segment(id): Segment,
    SignedOnly { signer, .. }: SignedOnly<Nothing>,
) -> Result<Reply<EventView>, Failure> {
    Ok(Reply(app.event(&signer.company, &signer.product, &id).await?.into()))
}

/// 重新推送一个事件
///
/// 以原来的标识再推送一次, 数据为推送时的内容。
#[utoipa::path(post, path = "/api/v2/webhooks/events/{event_id}/replay", tag = "事件",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    params(("event_id" = String, Path, description = "事件的标识")),
    responses((status = 200, body = Accepted)))]
async fn replay_webhook_event(
    State(app): State<App>,
    Segment(id): Segment,
    SignedOnly { signer, .. }: SignedOnly<Nothing>,
) -> Result<Reply<Accepted>, Failure> {
    app.replay_event(&signer, &id).await?;
    Ok(Reply(ACCEPTED))
}

/// 重新推送一段时间的事件
///
/// 从某一时间起的全部事件以原来的标识再推送一次, 包括已送达的。
#[utoipa::path(post, path = "/api/v2/webhooks/replays", tag = "事件",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    request_body = ReplaysPayload,
    responses((status = 200, body = Accepted)))]
async fn replay_webhook_events(
    State(app): State<App>,
    SignedOnly { signer, payload: ReplaysPayload { since } }: SignedOnly<ReplaysPayload>,
) -> Result<Reply<Accepted>, Failure> {
    app.replay_events(&signer, since).await?;
    Ok(Reply(ACCEPTED))
}
