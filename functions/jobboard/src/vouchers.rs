//! Contact vouchers: the ledger, and spending one (docs/contract/jobboard.txt, 我的券包 and 消费).

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::jobboard::missing;
use shared::jobboard::values::BizType;
use shared::jobboard::vouchers::{Entry, Ledger};
use shared::values::Id;
use shared::values::input::Faults;
use shared::values::{Int, Text};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Ack, Caller, Done, Failure, IdempotencyKey, Json, Retryable, Success};
use crate::paging::{PageBody, PageReply, Paged, biz_type};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_records)).routes(routes!(spend_voucher))
}

lambda::closed_lists! {
    RecordType = shared::jobboard::vouchers::EntryType,
        "联系券变动的类型: cost 消费, buy 充值, adjust 调整, refund 退款";
}

/// 联系券的一次变动
#[derive(Serialize, ToSchema)]
struct RecordView {
    /// 记录的 id
    #[schema(example = 69)]
    id: u64,
    /// 类型: cost 消费, buy 充值, adjust 调整, refund 退款
    #[serde(rename = "type")]
    #[schema(value_type = RecordType)]
    entry_type: &'static str,
    /// 标题, 如拨打电话、充值; 调整的为其原因
    #[schema(min_length = 1, max_length = 256, example = "拨打电话")]
    title: String,
    /// 变动的张数, 减少为负
    #[schema(example = -1)]
    change_num: i64,
    /// 变动的时间, 年-月-日 时:分:秒.毫秒, 北京时间
    create_at: String,
}

/// 剩余的联系券与一页变动
#[derive(Serialize, ToSchema)]
#[schema(as = Records)]
struct RecordsView {
    /// 剩余的联系券, 张
    #[schema(minimum = 0)]
    contact_voucher_num: i64,
    /// 本页的变动
    list: Vec<RecordView>,
    /// 变动的总数
    list_total: u64,
    /// 下一页的 cursor, 没有下一页时为 null
    next_cursor: Option<String>,
}

impl Paged for RecordsView {
    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

impl From<Entry> for RecordView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id.as_u64(),
            entry_type: entry.entry_type.as_str(),
            title: entry.title.as_str().to_owned(),
            change_num: entry.change,
            create_at: entry.created_at.to_plain(),
        }
    }
}

/// 我的券包
///
/// 返回剩余的联系券, 以及联系券的变动, 从新到旧
#[utoipa::path(post, path = "/contact_voucher/records", tag = "联系", request_body = PageBody, responses(
    (status = 200, body = Success<RecordsView>, headers(("X-Next-Cursor" = String, description = "下一页的 cursor, 与 next_cursor 相同; 没有下一页时没有")))))]
async fn list_records(
    State(app): State<App>,
    Caller(user): Caller,
    Json(fields): Json<PageBody>,
) -> Result<PageReply<RecordsView>, Failure> {
    let Ledger { balance, entries } = app.ledger(user, fields.page()?).await?;
    Ok(PageReply(RecordsView {
        contact_voucher_num: balance,
        list: entries.list.into_iter().map(RecordView::from).collect(),
        list_total: entries.total,
        next_cursor: entries.next_cursor,
    }))
}

// Job and owner are taken from our own records; name and phone are read and passed over.
/// 要联系的招聘信息
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = CostFields)]
struct CostBody {
    /// 招聘信息的 id; 数字或字符串
    #[schema(value_type = u64, minimum = 1, maximum = 9_007_199_254_740_991i64, example = 2)]
    purpose_id: Id,
    /// 类别: 1 招聘, 0 或不传也可以; 2 求职与 3 招租为 404
    #[deserr(default)]
    #[schema(value_type = Option<u8>, minimum = 0, maximum = 3, example = 1)]
    purpose_type: Option<Int<0, 3>>,
    /// 发布者的用户 id; 与记录不符为 400
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 9_007_199_254_740_991i64, example = 301)]
    purpose_user_id: Option<Id>,
    /// 发布者的姓名, 最多 64 个字符; 不使用, 以记录为准
    #[deserr(default, rename = "purpose_user_name")]
    #[schema(value_type = Option<String>, rename = "purpose_user_name", max_length = 64)]
    _purpose_user_name: Option<Text<0, 64>>,
    /// 发布者的手机号, 最多 64 个字符; 不使用, 以记录为准
    #[deserr(default, rename = "purpose_user_phone")]
    #[schema(value_type = Option<String>, rename = "purpose_user_phone", max_length = 64)]
    _purpose_user_phone: Option<Text<0, 64>>,
}

/// 消费
///
/// 用一张联系券联系发布者: 写入双方的联系记录 (我联系的、联系我的), 之后可以看到该招聘信息完整的联系电话。每次调用都消费一张,
/// 联系券不足为 1002; 自己的招聘信息为 400, 不在招聘中的为 404。带请求头 Idempotency-Key (最多 255 个字符) 时, 同一请求
/// 在 24 小时内重复只消费一张; 该 key 已用于其他请求为 409
#[utoipa::path(post, path = "/contact_voucher/cost", tag = "联系", params(IdempotencyKey),
    request_body = CostBody, responses(
    (status = 200, body = Ack)))]
async fn spend_voucher(State(app): State<App>, Caller(user): Caller, request: Retryable<CostBody>) -> Result<Done, Failure> {
    let idempotency = request.idempotency(&app, user, "spend_voucher")?;
    let CostBody { purpose_id, purpose_type, purpose_user_id, .. } = request.fields;
    if !BizType::is_posted(biz_type(purpose_type)) {
        return Err(missing("job").into());
    }
    app.spend_voucher(user, purpose_id, purpose_user_id, idempotency.as_ref()).await?;
    Ok(Done)
}
