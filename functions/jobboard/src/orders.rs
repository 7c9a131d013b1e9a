//! Orders of tops, refreshes and vouchers (docs/contract/jobboard.txt, 置顶招聘信息, 付费刷新招聘信息 and 充值). The state of an order and
//! WeChat Pay's notifications and the list of what is sold are additions (docs/design/jobboard.md, Endpoints).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use deserr::Deserr;
use serde::Serialize;
use shared::error::{Error, Fault, Kind};
use shared::jobboard::missing;
use shared::jobboard::orders::{Order, Purchase};
use shared::jobboard::prices::Price;
use shared::outbound::wechat::pay::{PayParams, Proof};
use shared::values::input::Faults;
use shared::values::{Id, Int, LocalTime, Money, Quotable, Secret, Text, exposed};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, Failure, Host, IdempotencyKey, Json, Reply, Retryable, Success};

lambda::closed_lists! {
    Goods = shared::jobboard::prices::Goods, "商品的类别: top 置顶, refresh 刷新, voucher 联系券";
    OrderStatus = shared::jobboard::orders::OrderState,
        "订单状态: pending 待支付, paid 已支付, refunding 退款中, refunded 已退款, partly_refunded 部分退款, closed 已关闭";
}

/// WeChat Pay sends notifications to this path.
const NOTIFY_PATH: &str = "/wechat/pay/notify";

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_products))
        .routes(routes!(top_job))
        .routes(routes!(pay_refresh))
        .routes(routes!(buy_vouchers))
        .routes(routes!(get_order_status))
        .routes(routes!(notify))
}

/// 没有参数
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = ProductsFields)]
struct ProductsBody {}

/// 商品
#[derive(Serialize, ToSchema)]
struct ProductView {
    /// 类别: top 置顶, refresh 刷新, voucher 联系券
    #[schema(value_type = Goods)]
    goods: &'static str,
    /// 数量: 置顶的小时数, 或联系券的张数; 刷新为 1
    #[schema(example = 72)]
    quantity: u32,
    /// 价格, 元, 最多两位小数
    #[serde(serialize_with = "Money::as_yuan")]
    #[schema(value_type = f64, minimum = 0, example = 5.00)]
    price: Money,
    /// 从此时起售卖, 年-月-日 时:分:秒.毫秒, 北京时间; null 为不限
    #[schema(example = "2026-01-10 15:20:15.000")]
    from: Option<String>,
    /// 到此时停售, 年-月-日 时:分:秒.毫秒, 北京时间; null 为不限
    #[schema(example = "2026-02-10 15:20:15.000")]
    until: Option<String>,
    /// 每位用户最多购买的次数; null 为不限
    #[schema(example = 2)]
    per_user: Option<u32>,
}

/// 正在售卖的商品。
#[derive(Serialize, ToSchema)]
#[schema(as = Products)]
struct ProductsView {
    /// 正在售卖的商品, 按 goods 与 quantity 排列
    list: Vec<ProductView>,
}

impl From<Price> for ProductView {
    fn from(Price { goods, quantity, price, from, until, per_user }: Price) -> Self {
        let [from, until] = [from, until].map(|time| time.map(LocalTime::to_plain));
        Self { goods: goods.as_str(), quantity, price, from, until, per_user }
    }
}

/// 商品列表
///
/// 返回正在售卖的置顶、刷新与联系券及其价格, 无需登录; 下单时的 price 与数量须与此一致
#[utoipa::path(post, path = "/products/list", tag = "订单", security(()), request_body = ProductsBody, responses(
    (status = 200, body = Success<ProductsView>)))]
async fn list_products(
    State(app): State<App>,
    Json(ProductsBody {}): Json<ProductsBody>,
) -> Result<Reply<ProductsView>, Failure> {
    let sold = app.prices().await?.sold(app.now());
    Ok(Reply(ProductsView { list: sold.into_iter().map(ProductView::from).collect() }))
}

/// A quantity. One that the catalogue does not contain is reported as a wrong price.
type Quantity = Int<0, 1_000_000>;

/// 要置顶的招聘信息
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = TopFields)]
struct TopBody {
    /// 招聘信息的 id; 数字或字符串
    #[schema(value_type = u64, minimum = 1, maximum = 9_007_199_254_740_991i64, example = 1234)]
    job_id: Id,
    /// 置顶的小时数, 须在商品列表中
    #[schema(value_type = u32, minimum = 0, maximum = 1_000_000, example = 72)]
    top_hour: Quantity,
    /// 价格, 元, 最多两位小数; 须与商品列表一致
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000_000_000i64, example = 5.00)]
    price: Quotable<Money>,
}

/// 要刷新的招聘信息
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = RefreshFields)]
struct RefreshBody {
    /// 招聘信息的 id; 数字或字符串
    #[schema(value_type = u64, minimum = 1, maximum = 9_007_199_254_740_991i64, example = 1234)]
    job_id: Id,
    /// 价格, 元, 最多两位小数; 须与商品列表一致
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000_000_000i64, example = 1.99)]
    price: Quotable<Money>,
}

/// 要购买的联系券
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = BuyFields)]
struct BuyBody {
    /// 价格, 元, 最多两位小数, 为总价; 须与商品列表一致
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000_000_000i64, example = 3.99)]
    price: Quotable<Money>,
    /// 联系券数量, 张, 须在商品列表中
    #[schema(value_type = u32, minimum = 0, maximum = 1_000_000, example = 1)]
    contact_voucher_num: Quantity,
}

/// 待支付的订单
#[derive(Serialize, ToSchema)]
struct OrderView {
    /// 订单 id
    #[schema(example = 90001)]
    order_id: u64,
    /// 订单号: TOP (置顶), REF (刷新) 或 CV (联系券), 17 位北京时间与 4 位数字
    #[schema(example = "TOP202601101520151234")]
    order_no: String,
    /// 订单金额, 元, 最多两位小数
    #[serde(serialize_with = "Money::as_yuan")]
    #[schema(value_type = f64, minimum = 0, example = 5.00)]
    amount: Money,
    /// wx.requestPayment 的参数
    pay_params: PayParamsView,
}

/// wx.requestPayment 的参数。
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PayParamsView {
    /// 时间戳, 秒, 从 1970 年 1 月 1 日起
    #[schema(example = "1700000000")]
    time_stamp: String,
    /// 随机字符串, 32 个字符
    nonce_str: String,
    /// prepay_id= 与微信支付的预支付交易会话标识
    #[schema(example = "prepay_id=wx201410272009395522657a690389285100")]
    package: String,
    /// 签名算法, 固定为 RSA
    #[schema(example = "RSA")]
    sign_type: &'static str,
    /// 以上各项的签名
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    pay_sign: Secret<String>,
}

impl OrderView {
    fn of((order, pay_params): (Order, PayParams)) -> Self {
        let PayParams { time_stamp, nonce_str, package, sign_type, pay_sign } = pay_params;
        Self {
            order_id: order.id.as_u64(),
            order_no: order.number(),
            amount: order.amount,
            pay_params: PayParamsView { time_stamp, nonce_str, package, sign_type, pay_sign },
        }
    }
}

fn quantity(quantity: Quantity) -> u32 {
    u32::try_from(quantity.get()).unwrap_or(0)
}

/// Places an order. WeChat Pay sends the notification to the host that the client called.
async fn place<T>(
    app: &App,
    user: Id,
    base_url: &str,
    request: &Retryable<T>,
    operation: &str,
    (purchase, price): (Purchase, Money),
) -> Result<Reply<OrderView>, Failure> {
    let idempotency = request.idempotency(app, user, operation)?;
    let notify_url = format!("{base_url}{NOTIFY_PATH}");
    let placed = app.place_order(user, purchase, price, &notify_url, idempotency.as_ref()).await?;
    Ok(Reply(OrderView::of(placed)))
}

/// 置顶招聘信息
///
/// 创建置顶的订单, 返回支付参数; 支付后开始置顶, 正在置顶的从原来的结束时间延长。价格或小时数与商品列表不符为 1003,
/// 超过每位用户可购买的次数为 400。只有发布者可以置顶, 否则为 403; 不在招聘中的为 400, 支付时已不在招聘中的退款。
/// 订单 30 分钟内可以支付。带请求头 Idempotency-Key (最多 255 个字符) 时, 同一请求在 24 小时内重复返回同一订单;
/// 该 key 已用于其他请求为 409
#[utoipa::path(post, path = "/jobs/top", tag = "商家", params(IdempotencyKey),
    request_body = TopBody, responses(
    (status = 200, body = Success<OrderView>)))]
async fn top_job(
    State(app): State<App>,
    Caller(user): Caller,
    Host(base_url): Host,
    request: Retryable<TopBody>,
) -> Result<Reply<OrderView>, Failure> {
    let TopBody { job_id, top_hour, price: Quotable(price) } = request.fields;
    let purchase = Purchase::Top { job: job_id, hours: quantity(top_hour) };
    place(&app, user, &base_url, &request, "top_job", (purchase, price)).await
}

/// 付费刷新招聘信息
///
/// 创建刷新的订单, 返回支付参数; 支付后刷新, 不影响免费刷新。价格与商品列表不符为 1003, 超过每位用户可购买的次数为 400。
/// 只有发布者可以刷新, 否则为 403; 不在招聘中的为 400, 支付时已不在招聘中的退款。
/// 订单 30 分钟内可以支付。带请求头 Idempotency-Key (最多 255 个字符) 时, 同一请求在 24 小时内重复返回同一订单;
/// 该 key 已用于其他请求为 409
#[utoipa::path(post, path = "/jobs/refresh/pay", tag = "商家", params(IdempotencyKey),
    request_body = RefreshBody, responses(
    (status = 200, body = Success<OrderView>)))]
async fn pay_refresh(
    State(app): State<App>,
    Caller(user): Caller,
    Host(base_url): Host,
    request: Retryable<RefreshBody>,
) -> Result<Reply<OrderView>, Failure> {
    let RefreshBody { job_id, price: Quotable(price) } = request.fields;
    place(&app, user, &base_url, &request, "pay_refresh", (Purchase::Refresh { job: job_id }, price)).await
}

/// 充值
///
/// 创建购买联系券的订单, 返回支付参数; 支付后联系券进入我的券包。价格或数量与商品列表不符为 1003, 超过每位用户可购买的
/// 次数为 400。
/// 订单 30 分钟内可以支付。带请求头 Idempotency-Key (最多 255 个字符) 时, 同一请求在 24 小时内重复返回同一订单;
/// 该 key 已用于其他请求为 409
#[utoipa::path(post, path = "/contact_voucher/buy", tag = "联系", params(IdempotencyKey),
    request_body = BuyBody, responses(
    (status = 200, body = Success<OrderView>)))]
async fn buy_vouchers(
    State(app): State<App>,
    Caller(user): Caller,
    Host(base_url): Host,
    request: Retryable<BuyBody>,
) -> Result<Reply<OrderView>, Failure> {
    let BuyBody { price: Quotable(price), contact_voucher_num } = request.fields;
    let purchase = Purchase::Vouchers { count: quantity(contact_voucher_num) };
    place(&app, user, &base_url, &request, "buy_vouchers", (purchase, price)).await
}

/// order_no 与 order_id 二者取其一; 都传时须是同一订单
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = StatusFields)]
struct StatusBody {
    /// 订单号, 1 到 32 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 32, example = "TOP202601101520151234")]
    order_no: Option<Text<1, 32>>,
    /// 订单 id; 数字或字符串
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 9_007_199_254_740_991i64, example = 90001)]
    order_id: Option<Id>,
}

/// 订单的状态
#[derive(Serialize, ToSchema)]
struct StatusView {
    /// 订单 id
    order_id: u64,
    /// 订单号: TOP (置顶), REF (刷新) 或 CV (联系券), 17 位北京时间与 4 位数字
    order_no: String,
    /// 订单状态: pending 待支付, paid 已支付, refunding 退款中, refunded 已退款, partly_refunded 部分退款, closed 已关闭
    #[schema(value_type = OrderStatus)]
    status: &'static str,
    /// 只在已支付而未能发放时出现: true, 未置顶也未刷新, 正在退款
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_due: Option<bool>,
    /// 订单金额, 元, 最多两位小数
    #[serde(serialize_with = "Money::as_yuan")]
    #[schema(value_type = f64, minimum = 0, example = 5.00)]
    amount: Money,
    /// 已支付, 元, 最多两位小数
    #[serde(serialize_with = "Money::as_yuan")]
    #[schema(value_type = f64, minimum = 0, example = 5.00)]
    amount_paid: Money,
    /// 已退款, 元, 最多两位小数
    #[serde(serialize_with = "Money::as_yuan")]
    #[schema(value_type = f64, minimum = 0, example = 0)]
    amount_refunded: Money,
}

/// 查询订单
///
/// 返回自己的订单的支付与退款状态; 待支付的向微信支付查询: 已支付的即时发放, 超过 30 分钟没有支付的关闭。没有这个订单或是
/// 他人的为 404
#[utoipa::path(post, path = "/order/status", tag = "订单", request_body = StatusBody, responses(
    (status = 200, body = Success<StatusView>)))]
async fn get_order_status(
    State(app): State<App>,
    Caller(user): Caller,
    Json(fields): Json<StatusBody>,
) -> Result<Reply<StatusView>, Failure> {
    let numbered = match &fields.order_no {
        Some(number) => Some(Order::id_in(number.as_str()).ok_or_else(|| missing("order"))?),
        None => None,
    };
    let id = match (numbered, fields.order_id) {
        (Some(numbered), Some(id)) if numbered != id => return Err(missing("order").into()),
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => return Err(Error::invalid([Fault::new("order_no", "is required")]).into()),
    };
    let order = app.order_status(user, id).await?;
    let order_no = order.number();
    if fields.order_no.is_some_and(|number| number.as_str() != order_no) {
        return Err(missing("order").into());
    }
    Ok(Reply(StatusView {
        order_id: order.id.as_u64(),
        order_no,
        status: order.state.as_str(),
        refund_due: order.is_refund_due().then_some(true),
        amount: order.amount,
        amount_paid: order.paid(),
        amount_refunded: order.refunded(),
    }))
}

/// 给微信支付的应答
#[derive(Serialize, ToSchema)]
#[schema(as = Notified)]
struct NotifiedView {
    /// SUCCESS 或 FAIL
    #[schema(pattern = "^(SUCCESS|FAIL)$", example = "SUCCESS")]
    code: &'static str,
    /// 成功, 或失败的原因
    message: String,
}

/// 微信支付通知
///
/// 由微信支付调用, 不供接入方使用: 验证签名、时间与金额, 支付成功的发放, 退款的记录; 重复的通知只生效一次
#[utoipa::path(post, path = "/wechat/pay/notify", tag = "订单", security(()),
    request_body(content_type = "application/json", description = "微信支付 APIv3 通知, 签名在 Wechatpay-* 请求头中"),
    responses((status = 200, body = NotifiedView),
        (status = 400, description = "通知的内容不正确", body = NotifiedView),
        (status = 401, description = "签名或时间不正确", body = NotifiedView),
        (status = 500, description = "暂时无法处理, 请重发", body = NotifiedView)))]
async fn notify(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let proof = Proof::of(|name| headers.get(name).and_then(|value| value.to_str().ok()));
    let outcome = match std::str::from_utf8(&body) {
        Ok(body) => app.accept_notification(&proof, body).await,
        Err(_) => Err(Error::unauthenticated()),
    };
    let (status, code, message) = match outcome {
        Ok(()) => (StatusCode::OK, "SUCCESS", "成功".to_owned()),
        Err(error) => {
            tracing::warn!(%error, "a payment notification was rejected");
            let status = match error.kind() {
                Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
                Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
                _ => StatusCode::BAD_REQUEST,
            };
            let faults: Vec<String> = error.faults().iter().map(|fault| format!("{} {}", fault.field, fault.reason)).collect();
            (status, "FAIL", if faults.is_empty() { "失败".into() } else { faults.join("; ") })
        }
    };
    (status, axum::Json(NotifiedView { code, message })).into_response()
}
