//! /payments (docs/contract/channel.txt, POST /payments).

use axum::extract::State;
use deserr::Deserr;
use lambda::openapi::MergePatch;
use serde::Serialize;
use shared::channel::choices::{BasisType, Currency, PaymentMethod, PaymentStatus, PaymentType};
use shared::channel::payments::{Payment, PaymentBasis};
use shared::channel::{Filter, Record, period};
use shared::error::Error;
use shared::values::input::Faults;
use shared::values::{BankAccount, Date, Moment, Money, PeriodEnd, PeriodStart, RecordId, Span, Text, Urls};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, Failure, Id, Json, Patch, Reply, Success};
use crate::paging::{List, ListQuery, Paging};
use crate::records::{self, Body, mirrors};

/// The schemas of the closed lists.
pub mod lists {
    use shared::channel::choices;

    lambda::closed_lists! {
        PaymentType = choices::PaymentType, "付款类型: user 付给用户, application 按投递记录付款";
        PaymentMethod = choices::PaymentMethod, "付款方式: 银行转账, 支付宝, 微信, 现金";
        PaymentStatus = choices::PaymentStatus, "付款状态: pending 待付款, completed 已完成, failed 已失败";
        BasisType = choices::BasisType, "依据类型: 工时/hours, 件数/pieces, 月薪/monthly, 日薪/daily";
    }
}

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_payment, list_payments)).routes(routes!(get_payment, update_payment))
}

/// 付款
#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct PaymentBody {
    /// 渠道付款唯一标识, 由渠道指定, 创建后不可更改; 1 到 64 个字母、数字或 . _ -, 不能是 . 或 ..
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "P20240101001")]
    channel_payment_id: RecordId,
    /// 付款类型: user 付给用户, application 按投递记录付款
    #[schema(value_type = lists::PaymentType)]
    payment_type: PaymentType,
    /// 用户标识 (payment_type=user 时必填): 已推送的用户; payment_type=application 时如给出, 须是该投递的用户
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "U20240101001")]
    channel_user_id: Option<RecordId>,
    /// 投递记录标识 (payment_type=application 时必填): 已推送的投递的 channel_application_id
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "A20240101001")]
    channel_application_id: Option<RecordId>,
    /// 付款金额, 币种由 currency 决定 (CNY 为元), 大于 0, 不超过 10^12, 最多两位小数
    #[serde(serialize_with = "Money::as_yuan")]
    #[schema(value_type = f64, exclusive_minimum = 0, maximum = 1_000_000_000_000i64, example = 5000)]
    amount: Money,
    /// 货币类型, ISO 4217 的三位大写字母代码 (默认: CNY)
    #[deserr(default = Currency::default())]
    #[schema(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "CNY")]
    currency: Currency,
    /// 付款时间, ISO 8601 日期时间, 带时区; 返回时为 UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-02-20T10:00:00Z")]
    payment_time: Moment,
    /// 付款方式: 银行转账, 支付宝, 微信, 现金
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<lists::PaymentMethod>)]
    payment_method: Option<PaymentMethod>,
    /// 付款渠道, 最多 64 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64, example = "中国工商银行")]
    payment_channel: Option<Text<1, 64>>,
    /// 银行名称, 最多 128 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 128, example = "中国工商银行北京分行")]
    bank_name: Option<Text<1, 128>>,
    /// 银行账号或支付账号, 最多 64 个字符; 不校验校验位
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64, example = "6222021234567890123")]
    bank_account: Option<BankAccount>,
    /// 交易流水号, 最多 128 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 128, example = "IOU20240220001")]
    transaction_no: Option<Text<1, 128>>,
    /// 付款依据
    payment_basis: PaymentBasisBody,
    /// 付款状态: pending 待付款, completed 已完成, failed 已失败 (默认: pending)
    #[deserr(default = PaymentStatus::Pending)]
    #[schema(value_type = Option<lists::PaymentStatus>)]
    status: PaymentStatus,
    /// 备注, 最多 1000 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    remark: Option<Text<1, 1000>>,
}

/// 付款依据
#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct PaymentBasisBody {
    /// 依据类型: 工时/hours, 件数/pieces, 月薪/monthly, 日薪/daily; 按发送的写法保存和返回
    #[schema(value_type = lists::BasisType)]
    basis_type: BasisType,
    /// 工时数, 小时, 0 到 100000, 可以有小数
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "Span::as_number")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100_000)]
    work_hours: Option<Span>,
    /// 工作开始日期, YYYY-MM-DD
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2024-02-01")]
    work_date_start: Option<Date>,
    /// 工作结束日期, YYYY-MM-DD, 不早于工作开始日期
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2024-02-15")]
    work_date_end: Option<Date>,
    /// 计算说明, 最多 1000 个字符; 件数写在这里
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 1000, example = "2024年2月1日-15日工资")]
    description: Option<Text<1, 1000>>,
    /// 证明材料URL列表, 最多 20 个, 每个最多 2048 个字符; 只保存, 不访问
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, max_length = 2048,
        example = json!(["https://cdn.example.com/salary_sheet.pdf"]))]
    supporting_docs: Option<Urls>,
}

/// 创建的付款
#[derive(Serialize, ToSchema)]
struct PaymentCreated {
    /// 系统分配的付款编号, 最多 16 位数字
    #[schema(pattern = "^[0-9]{1,16}$", example = "50001")]
    payment_id: String,
    /// 渠道付款唯一标识
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "P20240101001")]
    channel_payment_id: RecordId,
    /// 系统保存该付款的时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-02-20T10:00:00Z")]
    created_at: Moment,
}

/// 付款, 包括系统分配的编号和时间
#[derive(Serialize, ToSchema)]
struct PaymentView {
    /// 系统分配的付款编号, 最多 16 位数字
    #[schema(pattern = "^[0-9]{1,16}$", example = "50001")]
    payment_id: String,
    #[serde(flatten)]
    body: PaymentBody,
    /// 系统保存该付款的时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-02-20T10:00:00Z")]
    created_at: Moment,
    /// 最后更新时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-02-20T10:00:00Z")]
    updated_at: Moment,
}

/// 付款列表的筛选条件
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PaymentQuery {
    /// 按用户筛选: 用户的 channel_user_id
    #[deserr(default)]
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    channel_user_id: Option<RecordId>,
    /// 按投递记录筛选: 投递的 channel_application_id
    #[deserr(default)]
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    channel_application_id: Option<RecordId>,
    /// 按付款类型筛选: user 付给用户, application 按投递记录付款
    #[deserr(default)]
    #[param(value_type = Option<lists::PaymentType>)]
    payment_type: Option<PaymentType>,
    /// 按状态筛选: pending 待付款, completed 已完成, failed 已失败
    #[deserr(default)]
    #[param(value_type = Option<lists::PaymentStatus>)]
    status: Option<PaymentStatus>,
    /// 开始日期: 付款时间不早于它; 日期 YYYY-MM-DD (UTC, 含当日) 或带时区的 ISO 8601 日期时间
    #[deserr(default)]
    #[param(value_type = Option<String>, example = "2024-01-01")]
    start_date: Option<PeriodStart>,
    /// 结束日期: 付款时间不晚于它, 写法与开始日期相同, 含当日; 不早于开始日期
    #[deserr(default)]
    #[param(value_type = Option<String>, example = "2024-12-31")]
    end_date: Option<PeriodEnd>,
    /// 只返回此时刻及以后更新过的付款, 按更新的先后排列; 更新 15 秒后才列出。ISO 8601 日期时间, 带时区
    #[deserr(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    updated_after: Option<Moment>,
}

/// 创建付款
///
/// 推送一笔付款。关联的用户或投递须已推送, 否则返回 404。
/// 内容与第一次相同的重复请求得到第一次的应答, 内容不同的返回 409。
#[utoipa::path(post, path = "/api/v1/payments", tag = "付款", request_body = PaymentBody, responses(
    (status = 200, body = Success<PaymentCreated>)))]
async fn create_payment(
    State(app): State<App>,
    Caller(channel): Caller,
    Json(body): Json<PaymentBody>,
) -> Result<Reply<PaymentCreated>, Failure> {
    let record = records::create(&app, &channel, body).await?;
    Ok(Reply(PaymentCreated {
        payment_id: record.server_id.to_string(),
        created_at: record.created_at(),
        channel_payment_id: record.content.channel_payment_id,
    }))
}

/// 付款列表
///
/// 分页返回本渠道的付款, 最新创建的在前。各筛选条件须同时满足。
#[utoipa::path(get, path = "/api/v1/payments", tag = "付款", params(PaymentQuery, Paging), responses(
    (status = 200, body = Success<List<PaymentView>>)))]
async fn list_payments(
    State(app): State<App>,
    Caller(channel): Caller,
    query: ListQuery<PaymentQuery>,
) -> Result<Reply<List<PaymentView>>, Failure> {
    let page = app.list(&channel, &query.filter.filter()?, query.page).await?;
    Ok(Reply(List::of(page, PaymentView::from)))
}

/// 查询付款
///
/// 返回完整的付款, 从未给出的可选字段省略。其他渠道的付款视为不存在, 返回 404。
#[utoipa::path(get, path = "/api/v1/payments/{channel_payment_id}", tag = "付款",
    params(("channel_payment_id" = String, Path, pattern = "^[A-Za-z0-9._-]{1,64}$",
        description = "渠道付款唯一标识, 即创建时的 channel_payment_id")),
    responses((status = 200, body = Success<PaymentView>)))]
async fn get_payment(State(app): State<App>, Caller(channel): Caller, id: Id<Payment>) -> Result<Reply<PaymentView>, Failure> {
    Ok(Reply(records::find::<PaymentBody>(&app, &channel, &id.0).await?.into()))
}

/// 更新付款
///
/// 更改付款的部分字段, 返回更改后的完整付款; 更改后的付款须整体有效。付款不存在时返回 404, 不会创建。
/// 状态可以从 pending 变为 completed 或 failed, 从 failed 变为 pending。
/// completed 是最终状态, 此后只能更改备注和交易流水号。其他变化返回 409。
#[utoipa::path(put, path = "/api/v1/payments/{channel_payment_id}", tag = "付款",
    params(("channel_payment_id" = String, Path, pattern = "^[A-Za-z0-9._-]{1,64}$",
        description = "渠道付款唯一标识, 即创建时的 channel_payment_id; 请求体中可以省略, 给出时须与此相同")),
    request_body(content = MergePatch<PaymentBody>, description = "JSON Merge Patch (RFC 7396): 没有的成员不变, null 或空字符串删除可选成员"),
    responses((status = 200, body = Success<PaymentView>)))]
async fn update_payment(
    State(app): State<App>,
    Caller(channel): Caller,
    id: Id<Payment>,
    patch: Patch,
) -> Result<Reply<PaymentView>, Failure> {
    Ok(Reply(records::amend::<PaymentBody>(&app, &channel, &id.0, &patch).await?.into()))
}

impl PaymentQuery {
    fn filter(self) -> Result<Filter, Error> {
        let (occurred_from, occurred_to) = period(self.start_date, self.end_date)?;
        let payment_type = self.payment_type.map(|payment_type| ("payment_type", payment_type.as_str()));
        let status = self.status.map(|status| ("status", status.as_str()));
        Ok(Filter {
            parents: [
                self.channel_user_id.map(|id| ("channel_user_id", id)),
                self.channel_application_id.map(|id| ("channel_application_id", id)),
            ],
            equal: payment_type.into_iter().chain(status).collect(),
            occurred_from,
            occurred_to,
            updated_from: self.updated_after,
        })
    }
}

impl From<Record<Payment>> for PaymentView {
    fn from(record: Record<Payment>) -> Self {
        Self {
            payment_id: record.server_id.to_string(),
            created_at: record.created_at(),
            updated_at: record.updated_at(),
            body: record.content.into(),
        }
    }
}

impl Body for PaymentBody {
    type Content = Payment;
}

mirrors!(PaymentBody = Payment {
    channel_payment_id, payment_type, channel_user_id, channel_application_id, amount, currency, payment_time, payment_method,
    payment_channel, bank_name, bank_account, transaction_no, status, remark
} one { payment_basis });

mirrors!(
    PaymentBasisBody = PaymentBasis { basis_type, work_hours, work_date_start, work_date_end, description, supporting_docs }
);
