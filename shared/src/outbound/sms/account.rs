//! The account at a provider with templates, and what the provider approved.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Message;
use crate::error::Result;
use crate::values::{Mobile, Secret};

/// A secret of Secrets Manager (docs/operations.md, Text messages).
#[derive(Deserialize)]
pub struct Account {
    /// `AccessKeyId` of Aliyun, `SecretId` of Tencent Cloud.
    pub key_id: String,
    /// `AccessKeySecret` of Aliyun, `SecretKey` of Tencent Cloud.
    pub key: Secret<String>,
    /// `SmsSdkAppId` of Tencent Cloud.
    #[serde(default)]
    pub sdk_app_id: String,
    #[serde(flatten)]
    mainland: Approved,
    /// For numbers outside of the mainland of China, which have templates of their own.
    #[serde(default)]
    abroad: Option<Approved>,
}

/// What the provider approved.
#[derive(Deserialize)]
pub struct Approved {
    /// The signature (签名). Abroad it may be empty.
    #[serde(default)]
    pub sign_name: String,
    /// The ids of templates (模板), by [`Message::template`].
    #[serde(default)]
    templates: BTreeMap<String, String>,
}

impl Account {
    /// The account in the secret's JSON; `None` if it is no account.
    pub fn parse(secret: Secret<&str>) -> Result<Option<Self>> {
        Ok(serde_json::from_str(secret.expose()).ok())
    }

    /// The signature and the template of a message to this phone; `None` if the secret lacks one of them.
    pub fn approved(&self, to: &Mobile, message: &Message) -> Option<(&str, &str)> {
        let is_abroad = to.is_abroad();
        let approved = if is_abroad { self.abroad.as_ref()? } else { &self.mainland };
        let template = approved.templates.get(message.template()).filter(|id| !id.is_empty())?;
        let has_all = !self.key_id.is_empty() && (is_abroad || !approved.sign_name.is_empty());
        has_all.then_some((&*approved.sign_name, &**template))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(json: &str) -> Option<Account> {
        Account::parse(Secret::new(json)).unwrap()
    }

    #[test]
    fn a_phone_gets_the_signature_and_the_template_of_its_region() {
        let message = Message::Visitor { visitor: "曹操".into(), time: "下午".into() };
        let json = r#"{"key_id":"LTAI","key":"k","sign_name":"工桥","templates":{"visitor":"SMS_1"},"abroad":{"templates":{"visitor":"SMS_2"}}}"#;
        let account = account(json).unwrap();
        for (phone, expected) in [("13800138000", Some(("工桥", "SMS_1"))), ("+85291234567", Some(("", "SMS_2")))] {
            assert_eq!(account.approved(&Mobile::parse(phone).unwrap(), &message), expected, "{phone}");
        }
    }

    #[test]
    fn an_incomplete_secret_approves_nothing() {
        let message = Message::Visitor { visitor: "曹操".into(), time: "下午".into() };
        let phones = ["13800138000", "+85291234567"].map(|phone| Mobile::parse(phone).unwrap());
        for json in [
            // As the stack creates it.
            r#"{"key_id":"","sdk_app_id":"","sign_name":"","templates":{},"key":"k"}"#,
            r#"{"key_id":"","key":"k","sign_name":"工桥","templates":{"visitor":"1"},"abroad":{"templates":{"visitor":"2"}}}"#,
            r#"{"key_id":"i","key":"k","sign_name":"","templates":{"visitor":"1"}}"#,
            r#"{"key_id":"i","key":"k","sign_name":"工桥","templates":{"visitor":"","consent":"1"},"abroad":{"templates":{}}}"#,
        ] {
            let account = account(json).unwrap();
            assert!(phones.iter().all(|phone| account.approved(phone, &message).is_none()), "{json}");
        }
        assert!(account("{}").is_none() && account("a password").is_none());
    }
}
