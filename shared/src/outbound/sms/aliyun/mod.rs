//! Aliyun's SendSms, API version 2017-05-25 (help.aliyun.com, document 419273).

mod codes;
mod signature;

use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Account, Answer, Message, answer};
use crate::crypto::random::random;
use crate::error::Result;
use crate::outbound::http::http_client;
use crate::outbound::secret::LazySecret;
use crate::values::Mobile;
use signature::Request;

/// The address of the API in the mainland of China.
const URL: &str = "https://dysmsapi.aliyuncs.com";

pub struct Aliyun {
    base_url: String,
    account: LazySecret<Option<Account>>,
    /// Created on first use.
    http: OnceLock<reqwest::Client>,
}

impl Aliyun {
    /// `url` replaces the address, for a simulator.
    pub fn new(url: Option<&str>, account: LazySecret<Option<Account>>) -> Self {
        let base_url = url.unwrap_or(URL).trim_end_matches('/').to_owned();
        Self { base_url, account, http: OnceLock::new() }
    }

    pub async fn submit(&self, to: &Mobile, message: &Message, now: Timestamp) -> Result<Answer> {
        let account = self.account.get(now).await?;
        let Some((account, (sign_name, template))) =
            account.as_ref().as_ref().and_then(|account| Some((account, account.approved(to, message)?)))
        else {
            return Ok(Answer::incomplete());
        };
        let parameters: Map<String, Value> =
            message.parameters().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        // Numbers of the mainland have no country code, others have it without a plus.
        let phone = to.index().trim_start_matches('+');
        let query = [
            ("PhoneNumbers", phone.to_owned()),
            ("SignName", sign_name.to_owned()),
            ("TemplateCode", template.to_owned()),
            ("TemplateParam", Value::Object(parameters).to_string()),
        ];
        let nonce = hex::encode(random::<16>()?);
        let request =
            Request { base_url: &self.base_url, action: "SendSms", version: "2017-05-25", query: &query, now, nonce: &nonce };
        let mut call = http_client(&self.http, &self.base_url).post(request.url()).header("accept", "application/json");
        for (name, value) in request.headers() {
            call = call.header(name, value);
        }
        call = call.header("authorization", request.authorization(&account.key_id, account.key.as_deref()));
        let answer = answer("Aliyun", call).await?;
        let meaning =
            codes::meaning(answer["Code"].as_str().unwrap_or_default(), answer["Message"].as_str().unwrap_or_default());
        Ok(Answer::new(meaning, &answer["Code"], &answer["BizId"]))
    }
}
