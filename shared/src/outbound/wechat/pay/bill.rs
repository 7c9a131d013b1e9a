//! The bill of a day: `GET /v3/bill/tradebill`, and the file that it names. WeChat Pay has the bill of a day from ten o'clock of the next one, for
//! three months. The file is CSV: a header, a line for each payment and each refund, and two lines with sums. Each cell begins with a backtick.

use std::collections::HashMap;
use std::io::Read as _;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::{CallError, Pay, read};
use crate::error::{Error, Result};
use crate::values::Date;

/// The most bytes of a bill: some 800,000 lines.
const MOST_BYTES: u64 = 256 << 20;

/// The bill of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeBill {
    /// The SHA-1 of the file, in hex.
    pub hash: String,
    pub lines: Vec<Line>,
}

/// A payment or a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// WeChat Pay's number of the payment.
    pub transaction_id: String,
    /// `out_trade_no`.
    pub order_no: String,
    pub content: Content,
}

/// What a line is about. Amounts are in fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Payment { amount: i64 },
    Refund { refund_no: String, amount: i64 },
}

#[derive(Deserialize)]
struct Ready {
    hash_type: String,
    hash_value: String,
    download_url: String,
}

impl Pay {
    /// The bill of a day. None if there was neither a payment nor a refund on it.
    pub async fn trade_bill(&self, day: &Date, now: Timestamp) -> Result<Option<TradeBill>> {
        let path = format!("/v3/bill/tradebill?bill_date={}&bill_type=ALL&tar_type=GZIP", day.as_str());
        let ready: Ready = match self.call(Method::GET, &path, "", now).await {
            Ok(answer) => read(&answer)?,
            Err(CallError::Rejected { status: StatusCode::BAD_REQUEST, code }) if code == "NO_STATEMENT_EXIST" => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if ready.hash_type != "SHA1" {
            return Err(Error::internal("the hash of a bill of WeChat Pay is no SHA-1"));
        }
        let packed = self.download(&ready.download_url, now).await?;
        let mut file = Vec::new();
        let mut unpacked = MultiGzDecoder::new(packed.as_slice()).take(MOST_BYTES + 1);
        unpacked.read_to_end(&mut file).map_err(|_| Error::internal("a bill of WeChat Pay does not unpack"))?;
        if file.len() as u64 > MOST_BYTES {
            return Err(Error::internal("a bill of WeChat Pay is too large"));
        }
        let hash = hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &file));
        if !hash.eq_ignore_ascii_case(&ready.hash_value) {
            return Err(Error::internal("a bill of WeChat Pay has another hash than was announced"));
        }
        let text = std::str::from_utf8(&file).map_err(|_| Error::internal("a bill of WeChat Pay is no UTF-8"))?;
        let lines = parse(text).map_err(|fault| Error::internal(format!("a bill of WeChat Pay: {fault}")))?;
        Ok(Some(TradeBill { hash, lines }))
    }
}

/// Reads a bill. Columns are found by their names. The number of lines must be that of the sums.
fn parse(text: &str) -> Result<Vec<Line>, String> {
    let mut rows = text.trim_start_matches('\u{feff}').lines().filter(|row| !row.trim().is_empty());
    let header: HashMap<&str, usize> = rows.next().ok_or("it is empty")?.split(',').map(str::trim).zip(0..).collect();
    let mut lines = Vec::new();
    while let Some(row) = rows.next() {
        if !row.starts_with('`') {
            let names: Vec<&str> = row.split(',').map(str::trim).collect();
            let sums = cells(rows.next().ok_or("it has no sums")?);
            let total = names.iter().position(|name| *name == "总交易单数").and_then(|place| sums.get(place)?.parse().ok());
            return if total == Some(lines.len()) {
                Ok(lines)
            } else {
                Err(format!("it has {} lines, not {total:?}", lines.len()))
            };
        }
        let row = cells(row);
        let cell =
            |name: &str| header.get(name).and_then(|place| row.get(*place)).copied().ok_or(format!("a line lacks {name}"));
        let content = match cell("交易状态")? {
            "REFUND" => {
                Content::Refund { refund_no: cell("商户退款单号")?.to_owned(), amount: fen(cell("申请退款金额")?)? }
            }
            "SUCCESS" => Content::Payment { amount: fen(cell("订单金额")?)? },
            state => return Err(format!("a line has the state {state}")),
        };
        lines.push(Line {
            transaction_id: cell("微信订单号")?.to_owned(), order_no: cell("商户订单号")?.to_owned(), content
        });
    }
    Err("it has no sums".to_owned())
}

/// The cells of a row. A text may contain a comma, so the separator is the comma before the next backtick.
fn cells(row: &str) -> Vec<&str> {
    row.trim().strip_prefix('`').unwrap_or_default().split(",`").collect()
}

/// `3.99` in fen.
fn fen(text: &str) -> Result<i64, String> {
    let (yuan, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_amount = (1..=12).contains(&yuan.len()) && decimals.len() <= 2 && is_number(yuan) && is_number(decimals);
    let fen = is_amount.then(|| format!("{yuan}{decimals:0<2}").parse().ok()).flatten();
    fen.ok_or_else(|| format!("{text} is no amount"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "\u{feff}交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n";
    const PAID: &str = "`2024-01-15 18:30:00,`wx2421b1c4370ec43b,`1900000109,`0,`,`4200002,`CV1,`o-1,`JSAPI,`SUCCESS,`OTHERS,`CNY,`3.99,`0.00,`0,`0,`0.00,`0.00,`,`,`联系券, 1 张,`,`0.02000,`0.60%,`3.99,`0.00,`\r\n";
    const REFUNDED: &str = "`2024-01-15 19:30:00,`wx2421b1c4370ec43b,`1900000109,`0,`,`4200002,`CV1,`o-1,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5030,`CV1R01,`1.50,`0.00,`ORIGINAL,`SUCCESS,`联系券, 1 张,`,`-0.01000,`0.60%,`0.00,`1.50,`\r\n";

    fn sums(count: usize) -> String {
        let names = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
        format!("{names}\r\n`{count},`3.99,`1.50,`0.00,`0.01000,`3.99,`1.50\r\n")
    }

    #[test]
    fn payments_and_refunds_are_read() {
        let line = |content| Line { transaction_id: "4200002".into(), order_no: "CV1".into(), content };
        let expected =
            vec![line(Content::Payment { amount: 399 }), line(Content::Refund { refund_no: "CV1R01".into(), amount: 150 })];
        assert_eq!(parse(&[HEADER, PAID, REFUNDED, &sums(2)].concat()), Ok(expected));
        assert_eq!(parse(&[HEADER, &sums(0)].concat()), Ok(Vec::new()));
    }

    #[test]
    fn a_bill_that_is_cut_or_damaged_is_rejected() {
        for text in [
            String::new(),
            HEADER.to_owned(),
            [HEADER, PAID].concat(),
            [HEADER, PAID, &sums(2)].concat(),
            [HEADER, &PAID.replace("SUCCESS", "REVOKED"), &sums(1)].concat(),
            [HEADER, &PAID.replace("`3.99,`0.00,`\r", "`3,99,`0.00,`\r"), &sums(1)].concat(),
            [HEADER, &PAID[..40], "\r\n", &sums(1)].concat(),
        ] {
            assert!(parse(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_amount_has_at_most_two_decimals() {
        assert_eq!((fen("3.99"), fen("0.00"), fen("12"), fen("12.5")), (Ok(399), Ok(0), Ok(1200), Ok(1250)));
        for text in ["", ".5", "-1.00", "1.234", "1,00", "１", "1.0.0", "9999999999999"] {
            assert!(fen(text).is_err(), "{text}");
        }
    }
}
