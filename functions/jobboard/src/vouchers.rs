//! Contact vouchers: the ledger, and spending one (docs/contract/jobboard.txt, 我的券包 and 消费).

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::jobboard::missing;
use shared::jobboard::values::BizType;
use shared::jobboard::vouchers::Entry;
use shared::values::Id;
use shared::values::input::Faults;
use shared::values::{Int, Text};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Ack, Caller, Done, Failure, Json, Problem, Reply, Retryable, Success};
use crate::paging::{PageBody, biz_type};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_records)).routes(routes!(spend_voucher))
}

#[derive(Serialize, ToSchema)]
struct RecordView {
    #[schema(example = 69)]
    id: u64,
    /// cost 消费, buy 充值, adjust 调整, refund 退款
    #[serde(rename = "type")]
    entry_type: &'static str,
    #[schema(example = "拨打电话")]
    title: String,
    #[schema(example = -1)]
    change_num: i64,
    create_at: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Records)]
struct RecordsView {
    /// 剩余的联系券
    contact_voucher_num: i64,
    list: Vec<RecordView>,
    list_total: u64,
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
#[utoipa::path(post, path = "/contact_voucher/records", tag = "联系", request_body = PageBody, responses(
    (status = 200, body = Success<RecordsView>), (status = "default", body = Problem)))]
async fn list_records(
    State(app): State<App>,
    Caller(user): Caller,
    Json(fields): Json<PageBody>,
) -> Result<Reply<RecordsView>, Failure> {
    let page = fields.page();
    let ledger = app.ledger(user, page.page, page.size).await?;
    Ok(Reply(RecordsView {
        contact_voucher_num: ledger.balance,
        list: ledger.entries.into_iter().map(RecordView::from).collect(),
        list_total: ledger.total,
    }))
}

/// Job and owner are taken from our own records; name and phone are read and passed over.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = CostFields)]
struct CostBody {
    /// 招聘信息的 id
    #[schema(value_type = u64, example = 2)]
    purpose_id: Id,
    /// 1 招聘
    #[deserr(default)]
    #[schema(value_type = Option<u8>, minimum = 0, maximum = 3, example = 1)]
    purpose_type: Option<Int<0, 3>>,
    /// 发布者; 与记录不符为 400
    #[deserr(default)]
    #[schema(value_type = Option<u64>, example = 301)]
    purpose_user_id: Option<Id>,
    #[deserr(default, rename = "purpose_user_name")]
    #[schema(value_type = Option<String>, rename = "purpose_user_name")]
    _purpose_user_name: Option<Text<0, 64>>,
    #[deserr(default, rename = "purpose_user_phone")]
    #[schema(value_type = Option<String>, rename = "purpose_user_phone")]
    _purpose_user_phone: Option<Text<0, 64>>,
}

/// 消费
#[utoipa::path(post, path = "/contact_voucher/cost", tag = "联系", request_body = CostBody, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn spend_voucher(State(app): State<App>, Caller(user): Caller, request: Retryable<CostBody>) -> Result<Done, Failure> {
    let idempotency = request.idempotency(&app, user, "spend_voucher")?;
    let CostBody { purpose_id, purpose_type, purpose_user_id, .. } = request.fields;
    if !BizType::is_posted(biz_type(purpose_type)) {
        return Err(missing("job").into());
    }
    app.spend_voucher(user, purpose_id, purpose_user_id, idempotency.as_ref()).await?;
    Ok(Done)
}
