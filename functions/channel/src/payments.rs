//! /payments (docs/contract/channel.txt, POST /payments).

use axum::extract::State;
use deserr::Deserr;
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
use crate::edge::{Caller, Failure, Id, Json, Patch, Problem, Reply, Success};
use crate::paging::{List, ListQuery, Paging};
use crate::records::{self, Body, mirrors};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_payment, list_payments)).routes(routes!(get_payment, update_payment))
}

#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults)]
struct PaymentBody {
    /// 渠道付款唯一标识
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "P20240101001")]
    channel_payment_id: RecordId,
    /// 付款类型 (user/application)
    #[schema(value_type = String, example = "application")]
    payment_type: PaymentType,
    /// 用户标识 (payment_type=user 时必填)
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "U20240101001")]
    channel_user_id: Option<RecordId>,
    /// 投递记录标识 (payment_type=application 时必填)
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "A20240101001")]
    channel_application_id: Option<RecordId>,
    /// 付款金额
    #[serde(serialize_with = "Money::as_yuan")]
    #[schema(value_type = f64, exclusive_minimum = 0, maximum = 1_000_000_000_000i64, example = 5000)]
    amount: Money,
    /// 货币类型 (默认: CNY)
    #[deserr(default = Currency::default())]
    #[schema(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "CNY")]
    currency: Currency,
    /// 付款时间
    #[schema(value_type = String, format = DateTime, example = "2024-02-20T10:00:00Z")]
    payment_time: Moment,
    /// 付款方式 (银行转账/支付宝/微信/现金)
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "银行转账")]
    payment_method: Option<PaymentMethod>,
    /// 付款渠道
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64, example = "中国工商银行")]
    payment_channel: Option<Text<1, 64>>,
    /// 银行名称
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 128, example = "中国工商银行北京分行")]
    bank_name: Option<Text<1, 128>>,
    /// 银行账号
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64, example = "6222021234567890123")]
    bank_account: Option<BankAccount>,
    /// 交易流水号
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 128, example = "IOU20240220001")]
    transaction_no: Option<Text<1, 128>>,
    /// 付款依据
    payment_basis: PaymentBasisBody,
    /// 付款状态 (pending/completed/failed, 默认: pending)
    #[deserr(default = PaymentStatus::Pending)]
    #[schema(value_type = Option<String>, example = "completed")]
    status: PaymentStatus,
    /// 备注
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    remark: Option<Text<1, 1000>>,
}

#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults)]
struct PaymentBasisBody {
    /// 依据类型: 工时/hours, 件数/pieces, 月薪/monthly, 日薪/daily
    #[schema(value_type = String, example = "月薪")]
    basis_type: BasisType,
    /// 工时数
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "Span::as_number")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100_000)]
    work_hours: Option<Span>,
    /// 工作开始日期
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2024-02-01")]
    work_date_start: Option<Date>,
    /// 工作结束日期
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2024-02-15")]
    work_date_end: Option<Date>,
    /// 计算说明
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 1000, example = "2024年2月1日-15日工资")]
    description: Option<Text<1, 1000>>,
    /// 证明材料URL列表
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, example = json!(["https://cdn.example.com/salary_sheet.pdf"]))]
    supporting_docs: Option<Urls>,
}

#[derive(Serialize, ToSchema)]
struct PaymentCreated {
    #[schema(example = "50001")]
    payment_id: String,
    #[schema(value_type = String, example = "P20240101001")]
    channel_payment_id: RecordId,
    #[schema(value_type = String, format = DateTime, example = "2024-02-20T10:00:00Z")]
    created_at: Moment,
}

#[derive(Serialize, ToSchema)]
struct PaymentView {
    #[schema(example = "50001")]
    payment_id: String,
    #[serde(flatten)]
    body: PaymentBody,
    #[schema(value_type = String, format = DateTime, example = "2024-02-20T10:00:00Z")]
    created_at: Moment,
    #[schema(value_type = String, format = DateTime, example = "2024-02-20T10:00:00Z")]
    updated_at: Moment,
}

#[derive(Deserr, IntoParams)]
#[deserr(error = Faults)]
#[into_params(parameter_in = Query)]
struct PaymentQuery {
    /// 按用户筛选
    #[deserr(default)]
    #[param(value_type = Option<String>)]
    channel_user_id: Option<RecordId>,
    /// 按投递记录筛选
    #[deserr(default)]
    #[param(value_type = Option<String>)]
    channel_application_id: Option<RecordId>,
    /// 按付款类型筛选
    #[deserr(default)]
    #[param(value_type = Option<String>)]
    payment_type: Option<PaymentType>,
    /// 按状态筛选
    #[deserr(default)]
    #[param(value_type = Option<String>)]
    status: Option<PaymentStatus>,
    /// 开始日期: 付款的日期或时刻, 含当日
    #[deserr(default)]
    #[param(value_type = Option<String>, example = "2024-01-01")]
    start_date: Option<PeriodStart>,
    /// 结束日期, 含当日
    #[deserr(default)]
    #[param(value_type = Option<String>, example = "2024-12-31")]
    end_date: Option<PeriodEnd>,
    /// 此时刻及以后更新过的
    #[deserr(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    updated_after: Option<Moment>,
}

/// 创建付款
#[utoipa::path(post, path = "/api/v1/payments", tag = "付款", request_body = PaymentBody, responses(
    (status = 200, body = Success<PaymentCreated>), (status = "default", body = Problem)))]
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
#[utoipa::path(get, path = "/api/v1/payments", tag = "付款", params(PaymentQuery, Paging), responses(
    (status = 200, body = Success<List<PaymentView>>), (status = "default", body = Problem)))]
async fn list_payments(
    State(app): State<App>,
    Caller(channel): Caller,
    query: ListQuery<PaymentQuery>,
) -> Result<Reply<List<PaymentView>>, Failure> {
    let page = app.list(&channel, &query.filter.filter()?, query.page).await?;
    Ok(Reply(List::of(page, PaymentView::from)))
}

/// 查询付款
#[utoipa::path(get, path = "/api/v1/payments/{channel_payment_id}", tag = "付款", params(("channel_payment_id" = String, Path)),
    responses((status = 200, body = Success<PaymentView>), (status = "default", body = Problem)))]
async fn get_payment(State(app): State<App>, Caller(channel): Caller, id: Id<Payment>) -> Result<Reply<PaymentView>, Failure> {
    Ok(Reply(records::find::<PaymentBody>(&app, &channel, &id.0).await?.into()))
}

/// 更新付款
#[utoipa::path(put, path = "/api/v1/payments/{channel_payment_id}", tag = "付款", params(("channel_payment_id" = String, Path)),
    request_body(content = PaymentBody, description = "JSON Merge Patch (RFC 7396)"),
    responses((status = 200, body = Success<PaymentView>), (status = "default", body = Problem)))]
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
