//! Tencent Cloud's SendSms, API version 2021-01-11 (cloud.tencent.com/document/api/382/55981).

mod codes;
mod signature;

use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Account, Answer, Message, answer};
use crate::error::Result;
use crate::outbound::http::http_client;
use crate::outbound::secret::LazySecret;
use crate::values::Mobile;
use signature::{CONTENT_TYPE, Request};

const URL: &str = "https://sms.tencentcloudapi.com";
/// One of the regions that the API has; it does not say where the phone is.
const REGION: &str = "ap-guangzhou";

pub struct Tencent {
    base_url: String,
    account: LazySecret<Option<Account>>,
    /// Created on first use.
    http: OnceLock<reqwest::Client>,
}

impl Tencent {
    /// `url` replaces the address, for a simulator.
    pub fn new(url: Option<&str>, account: LazySecret<Option<Account>>) -> Self {
        let base_url = url.unwrap_or(URL).trim_end_matches('/').to_owned();
        Self { base_url, account, http: OnceLock::new() }
    }

    pub async fn submit(&self, to: &Mobile, message: &Message, now: Timestamp) -> Result<Answer> {
        let account = self.account.get(now).await?;
        let Some((account, (sign_name, template))) = account
            .as_ref()
            .as_ref()
            .filter(|account| !account.sdk_app_id.is_empty())
            .and_then(|account| Some((account, account.approved(to, message)?)))
        else {
            return Ok(Answer::incomplete());
        };
        let parameters: Vec<String> = message.parameters().into_iter().map(|(_, value)| value).collect();
        let body = json!({
            "PhoneNumberSet": [to.e164()], "SmsSdkAppId": account.sdk_app_id, "SignName": sign_name, "TemplateId": template,
            "TemplateParamSet": parameters,
        });
        let body = body.to_string();
        let request = Request { base_url: &self.base_url, service: "sms", action: "SendSms", body: &body, now };
        let call = http_client(&self.http, &self.base_url)
            .post(format!("{}/", self.base_url))
            .header("authorization", request.authorization(&account.key_id, account.key.as_deref()))
            .header("content-type", CONTENT_TYPE)
            .header("x-tc-action", "SendSms")
            .header("x-tc-version", "2021-01-11")
            .header("x-tc-timestamp", now.as_second())
            .header("x-tc-region", REGION)
            .body(body);
        let answer = answer("Tencent Cloud", call).await?;
        // A failure of the whole request, or the status of the one phone.
        let status = match &answer["Response"]["Error"] {
            Value::Null => &answer["Response"]["SendStatusSet"][0],
            error => error,
        };
        let meaning = codes::meaning(status["Code"].as_str().unwrap_or_default());
        Ok(Answer::new(meaning, &status["Code"], &status["SerialNo"]))
    }
}
