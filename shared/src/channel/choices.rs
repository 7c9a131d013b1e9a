//! The closed lists of the API document. If a code table has two spellings of a value, both are valid; the value is stored and returned
//! as it was sent.

use serde::{Deserialize, Serialize};

use crate::values::{Reason, choices, text_value};

choices! {
    /// 任务类型.
    TaskType {
        ShortTerm = "short_term", LongTerm = "long_term", PartTime = "part_time", Intern = "intern",
        短期工 = "短期工", 长期工 = "长期工", 兼职 = "兼职", 实习生 = "实习生",
    }
}

choices! {
    /// 任务状态.
    TaskStatus { Open = "open", Closed = "closed", Suspended = "suspended" }
}

choices! {
    /// 薪资类型: the code table, and the spellings in the description of the field.
    SalaryType {
        Hourly = "hourly", Daily = "daily", Monthly = "monthly", Piece = "piece",
        时薪 = "时薪", 日薪 = "日薪", 月薪 = "月薪", 计件 = "计件", 按件 = "按件",
    }
}

choices! {
    /// 结清类型.
    SettlementType { 日结 = "日结", 周结 = "周结", 月结 = "月结", 完工结 = "完工结" }
}

choices! {
    /// 投递状态.
    ApplicationStatus { Pending = "pending", Accepted = "accepted", Rejected = "rejected", Cancelled = "cancelled" }
}

choices! {
    /// 付款类型: what a payment refers to.
    PaymentType { User = "user", Application = "application" }
}

choices! {
    /// 付款方式.
    PaymentMethod { 银行转账 = "银行转账", 支付宝 = "支付宝", 微信 = "微信", 现金 = "现金" }
}

choices! {
    /// 付款状态.
    PaymentStatus { Pending = "pending", Completed = "completed", Failed = "failed" }
}

choices! {
    /// 依据类型.
    BasisType {
        工时 = "工时", 件数 = "件数", 月薪 = "月薪", 日薪 = "日薪",
        Hours = "hours", Pieces = "pieces", Monthly = "monthly", Daily = "daily",
    }
}

/// A currency code of ISO 4217.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Currency(String);

/// The active codes of ISO 4217.
const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD \
    CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF \
    GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD \
    MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR \
    RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX \
    USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";

impl Currency {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        if text.len() == 3 && CURRENCIES.split(' ').any(|code| code == text) {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be a currency code of ISO 4217")
        }
    }
}
text_value!(Currency);

/// 人民币, the default of the API document.
impl Default for Currency {
    fn default() -> Self {
        Self("CNY".to_owned())
    }
}
