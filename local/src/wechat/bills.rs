//! The bills of WeChat Pay: a file for each day in Shanghai, with a line for each payment and each refund, in the format of `bill_type=ALL`.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use shared::values::{Date, LocalTime};

use super::orders::{Failure, Order, Orders, text};

const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,\
                      应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,\
                      订单金额,申请退款金额,费率备注";
const SUMS: &str = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// WeChat Pay has the bill of a day from ten o'clock of the next one.
const READY_AFTER: SignedDuration = SignedDuration::from_hours(10);

/// The response to `GET /v3/bill/tradebill`. The token of the address holds the day.
pub fn announce(orders: &Orders, day: &str, base_url: &str, now: Timestamp) -> Result<Value, Failure> {
    let day = Date::parse(day).map_err(|_| (400, "PARAM_ERROR", "参数错误: bill_date".to_owned()))?;
    let (_, last) = LocalTime::day_bounds(&day, &day);
    if Timestamp::from(last) + READY_AFTER >= now {
        return Err((400, "STATEMENT_CREATING", "账单生成中".into()));
    }
    let file = file(orders, &day).ok_or((400, "NO_STATEMENT_EXIST", "账单文件不存在".to_owned()))?;
    Ok(json!({
        "hash_type": "SHA1", "hash_value": hex::encode(Sha1::digest(&file)),
        "download_url": format!("{base_url}/v3/billdownload/file?token={}", day.as_str()),
    }))
}

/// The file behind the address, packed.
pub fn download(orders: &Orders, token: &str) -> Option<Vec<u8>> {
    let file = file(orders, &Date::parse(token).ok()?)?;
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(file.as_bytes()).ok()?;
    packed.finish().ok()
}

fn file(orders: &Orders, day: &Date) -> Option<String> {
    let mut lines: Vec<(LocalTime, String)> = orders.0.values().flat_map(|order| lines(order, day)).collect();
    if lines.is_empty() {
        return None;
    }
    lines.sort_by(|one, other| (one.0.as_millisecond(), &one.1).cmp(&(other.0.as_millisecond(), &other.1)));
    let (mut paid, mut refunded) = (0, 0);
    for order in orders.0.values() {
        paid += order.total() * i64::try_from(order.payments().filter(|(_, at)| is_on(*at, day)).count()).unwrap_or(0);
        refunded +=
            order.refunds.iter().filter(|refund| is_on(refund.created_at, day)).map(|refund| refund.amount).sum::<i64>();
    }
    let sums = [yuan(paid), yuan(refunded), yuan(0), "0.00000".into(), yuan(paid), yuan(refunded)];
    let mut file = format!("\u{feff}{HEADER}\r\n");
    for (_, line) in &lines {
        file.push_str(line);
    }
    file.push_str(&format!("{SUMS}\r\n`{},`{}\r\n", lines.len(), sums.join(",`")));
    Some(file)
}

fn is_on(at: LocalTime, day: &Date) -> bool {
    at.date() == *day
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// The lines of an order on a day.
fn lines(order: &Order, day: &Date) -> Vec<(LocalTime, String)> {
    let common = |at: LocalTime, payment: &str, state: &str, amount: i64, refund: [String; 6], applied: i64| {
        let request = &order.request;
        let plain = at.to_plain();
        let cells = [
            plain.split('.').next().unwrap_or(&plain).to_owned(),
            text(request, "appid"),
            text(request, "mchid"),
            "0".into(),
            String::new(),
            payment.to_owned(),
            text(request, "out_trade_no"),
            text(&request["payer"], "openid"),
            "JSAPI".into(),
            state.to_owned(),
            "OTHERS".into(),
            "CNY".into(),
            yuan(amount),
            yuan(0),
        ];
        let [id, number, refunded, vouchers, kind, status] = refund;
        let rest = [
            id,
            number,
            refunded,
            vouchers,
            kind,
            status,
            text(request, "description"),
            text(request, "attach"),
            "0.00000".into(),
            "0.60%".into(),
            yuan(amount),
            yuan(applied),
            String::new(),
        ];
        let cells: Vec<String> = cells.into_iter().chain(rest).collect();
        (at, format!("`{}\r\n", cells.join(",`")))
    };
    let none = || ["0".into(), "0".into(), yuan(0), yuan(0), String::new(), String::new()];
    let payments = order.payments().filter(|(_, at)| is_on(*at, day));
    let payments = payments.map(|(id, at)| common(at, id, "SUCCESS", order.total(), none(), 0));
    let refunds = order.refunds.iter().filter(|refund| is_on(refund.created_at, day)).map(|refund| {
        let status = refund.status(Timestamp::MAX.into()).to_owned();
        let cells = [refund.id.clone(), refund.number.clone(), yuan(refund.amount), yuan(0), "ORIGINAL".into(), status];
        common(refund.created_at, &refund.payment, "REFUND", 0, cells, refund.amount)
    });
    payments.chain(refunds).collect()
}
