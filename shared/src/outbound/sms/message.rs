//! What a text message says. SNS takes the text; Aliyun and Tencent Cloud take the id of an approved template and its parameters.

use serde::{Deserialize, Serialize};

use crate::values::{Secret, exposed};

/// The signature of the texts that SNS sends. The other providers add the approved one.
const SIGNATURE: &str = "【工桥】";
/// How many characters a parameter of a template may have (Aliyun: 单个变量的长度限制为1~35个字符).
const LONGEST: usize = 35;

/// A text message. It holds personal data and codes, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// A one-time code.
    Code {
        #[serde(serialize_with = "exposed")]
        code: Secret<String>,
        /// How long it is valid.
        minutes: i64,
        purpose: Purpose,
    },
    /// A visitor is announced to an employee.
    Visitor {
        visitor: String,
        /// Free text.
        time: String,
    },
    /// An employee consented that an app reads the data of the company.
    Consent {
        app: String,
        company: String,
        /// Whether the app reads sensitive fields, too.
        sensitive: bool,
        /// The last day, `2024-04-14`.
        until: String,
    },
    /// The events of a product are no longer sent, because its receiver fails.
    WebhookDisabled { product: String, company: String },
    /// A message in the outbox that an earlier version stored as its text. It has no template.
    Text { text: String },
}

/// What a code proves.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Purpose {
    /// The phone of a worker.
    Worker,
    /// The consent that this app reads the data of a company.
    Consent { app: String },
    /// The sign-in of a member of staff.
    Staff,
}

impl Message {
    /// The name of its template in the secret `SmsSecret` (docs/operations.md, Text messages).
    pub fn template(&self) -> &'static str {
        match self {
            Self::Code { purpose: Purpose::Worker, .. } => "worker_code",
            Self::Code { purpose: Purpose::Consent { .. }, .. } => "consent_code",
            Self::Code { purpose: Purpose::Staff, .. } => "staff_code",
            Self::Visitor { .. } => "visitor",
            Self::Consent { sensitive: false, .. } => "consent",
            Self::Consent { sensitive: true, .. } => "sensitive_consent",
            Self::WebhookDisabled { .. } => "webhook_disabled",
            Self::Text { .. } => "text",
        }
    }

    /// The parameters of its template, in the order of the text. Providers accept the code as the only parameter of a code's template, so
    /// these name neither the app nor the minutes.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Code { code, .. } => vec![("code", code.expose().clone())],
            Self::Visitor { visitor, time } => vec![("visitor", cut(visitor)), ("time", cut(time))],
            Self::Consent { app, company, until, .. } => {
                vec![("app", cut(app)), ("company", cut(company)), ("until", until.clone())]
            }
            Self::WebhookDisabled { product, company } => vec![("product", cut(product)), ("company", cut(company))],
            Self::Text { .. } => Vec::new(),
        }
    }

    /// The whole text, for a provider without templates.
    pub fn text(&self) -> String {
        let text = match self {
            Self::Code { code, minutes, purpose } => {
                let code = code.expose();
                match purpose {
                    Purpose::Worker => format!("验证码 {code}，{minutes} 分钟内有效，请勿告诉他人。"),
                    Purpose::Consent { app } => {
                        format!("验证码 {code}，用于授权「{app}」读取公司数据，{minutes} 分钟内有效。")
                    }
                    Purpose::Staff => format!("后台登录验证码 {code}，{minutes} 分钟内有效，请勿告诉他人。"),
                }
            }
            Self::Visitor { visitor, time } => format!("访客 {visitor} 将于 {time} 到访，请您接见。"),
            Self::Consent { app, company, sensitive, until } => {
                let data = if *sensitive { "人事数据（含敏感信息）" } else { "人事数据" };
                format!(
                    "您已同意「{app}」读取{company}的{data}，最晚到 {until}。如非本人操作或要撤回，请联系工桥客服停用该应用。"
                )
            }
            Self::WebhookDisabled { product, company } => {
                format!("「{product}」在{company}的事件推送已停用：接收地址三天没有成功，或应答了 410。修复后请重新设置。")
            }
            Self::Text { text } => return text.clone(),
        };
        format!("{SIGNATURE}{text}")
    }
}

/// The beginning of a text that is too long for a parameter.
fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(purpose: Purpose) -> Message {
        Message::Code { code: Secret::new("012345".to_owned()), minutes: 5, purpose }
    }

    fn consent(sensitive: bool) -> Message {
        let [app, company, until] = ["考勤助手", "彩程", "2024-04-14"].map(str::to_owned);
        Message::Consent { app, company, sensitive, until }
    }

    #[test]
    fn a_message_has_a_text_and_a_template_with_parameters() {
        let visitor = Message::Visitor { visitor: "曹操".into(), time: "下午".into() };
        let of_code = [("code", "012345".to_owned())];
        let of_consent =
            [("app", "考勤助手"), ("company", "彩程"), ("until", "2024-04-14")].map(|(name, value)| (name, value.to_owned()));
        for (message, text, template, parameters) in [
            (code(Purpose::Worker), "【工桥】验证码 012345，5 分钟内有效，请勿告诉他人。", "worker_code", &of_code[..]),
            (
                code(Purpose::Consent { app: "考勤助手".into() }),
                "【工桥】验证码 012345，用于授权「考勤助手」读取公司数据，5 分钟内有效。",
                "consent_code",
                &of_code,
            ),
            (code(Purpose::Staff), "【工桥】后台登录验证码 012345，5 分钟内有效，请勿告诉他人。", "staff_code", &of_code),
            (
                visitor,
                "【工桥】访客 曹操 将于 下午 到访，请您接见。",
                "visitor",
                &[("visitor", "曹操".to_owned()), ("time", "下午".to_owned())],
            ),
            (
                consent(false),
                "【工桥】您已同意「考勤助手」读取彩程的人事数据，最晚到 2024-04-14。如非本人操作或要撤回，请联系工桥客服停用该应用。",
                "consent",
                &of_consent,
            ),
            (
                consent(true),
                "【工桥】您已同意「考勤助手」读取彩程的人事数据（含敏感信息），最晚到 2024-04-14。如非本人操作或要撤回，请联系工桥客服停用该应用。",
                "sensitive_consent",
                &of_consent,
            ),
            (
                Message::WebhookDisabled { product: "attendance".into(), company: "彩程".into() },
                "【工桥】「attendance」在彩程的事件推送已停用：接收地址三天没有成功，或应答了 410。修复后请重新设置。",
                "webhook_disabled",
                &[("product", "attendance".to_owned()), ("company", "彩程".to_owned())],
            ),
        ] {
            assert_eq!((message.text().as_str(), message.template()), (text, template));
            assert_eq!(message.parameters(), parameters);
        }
    }

    proptest! {
        /// The outbox stores messages.
        #[test]
        fn a_stored_message_says_the_same(app in ".{0,80}", company in ".{0,80}", sensitive: bool, code in "[0-9]{6}") {
            let until = "2024-04-14".to_owned();
            let purpose = Purpose::Consent { app: app.clone() };
            for message in [
                Message::Code { code: Secret::new(code), minutes: 5, purpose },
                Message::Visitor { visitor: app.clone(), time: company.clone() },
                Message::WebhookDisabled { product: app.clone(), company: company.clone() },
                Message::Consent { app, company, sensitive, until },
            ] {
                let stored = serde_json::to_string(&message).unwrap();
                let read: Message = serde_json::from_str(&stored).unwrap();
                prop_assert_eq!(read.text(), message.text());
                prop_assert_eq!(read.template(), message.template());
                prop_assert!(read.parameters().iter().all(|(_, value)| value.chars().count() <= LONGEST));
            }
        }
    }
}
