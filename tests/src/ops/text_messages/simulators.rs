//! The simulators reject what the documents of the providers say is rejected.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::outbound::sms::Message;
use shared::runtime::metrics::Log;
use shared::values::Mobile;

use super::{PROVIDERS, fail_next, open};
use crate::support::Stage;

/// Sends a message, signed at this time. Returns the code of the answer.
async fn sent_at(stage: &Stage, now: Timestamp, visitor: &str) -> String {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let taken = Arc::clone(&lines);
    let mut environment = stage.environment();
    environment.log = Log::to(move |line| taken.lock().unwrap().push(line.to_owned()));
    let messages = environment.text_messages().unwrap();
    let message = Message::Visitor { visitor: visitor.to_owned(), time: "下午".to_owned() };
    let _ = messages.send(&Mobile::parse("13700000503").unwrap(), &message, now).await;
    let line = lines.lock().unwrap().pop().unwrap();
    serde_json::from_str::<Value>(&line).unwrap()["code"].as_str().unwrap().to_owned()
}

/// Aliyun accepts 15 minutes, Tencent Cloud five.
#[tokio::test]
async fn a_request_of_another_time_is_rejected() {
    for (provider, seconds, ok, expired) in
        [("aliyun", 900, "OK", "InvalidTimeStamp.Expired"), ("tencent", 300, "Ok", "AuthFailure.SignatureExpire")]
    {
        let stage = open(provider).await;
        let now: Timestamp = "2024-01-15T10:30:00Z".parse().unwrap();
        for (off, expected) in [(seconds, ok), (-seconds, ok), (seconds + 1, expired), (-seconds - 1, expired)] {
            assert_eq!(sent_at(&stage, now + SignedDuration::from_secs(off), "曹操").await, expected, "{provider} {off}");
        }
        // The signature of Tencent Cloud has a date: another one is another scope.
        stage.clock.advance(SignedDuration::from_hours(14));
        assert_eq!(sent_at(&stage, now + SignedDuration::from_hours(14), "曹操").await, ok, "{provider}");
    }
}

#[tokio::test]
async fn parameters_of_any_characters_are_signed_and_arrive() {
    for (provider, ok, url) in [
        ("aliyun", "OK", "isv.PARAM_NOT_SUPPORT_URL"),
        ("tencent", "Ok", "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"),
    ] {
        let stage = open(provider).await;
        let now = "2024-01-15T10:30:00Z".parse().unwrap();
        for visitor in ["A&B=C", "a+b c*d~e", "50% \"quoted\" \\", "😀 曹", "%E6%9B%B9"] {
            assert_eq!(sent_at(&stage, now, visitor).await, ok, "{provider} {visitor}");
            let messages = stage.address.messages("13700000503").await;
            assert_eq!(messages.last().unwrap(), &format!("【工桥】访客 {visitor} 将于 下午 到访，请您接见。"));
        }
        assert_eq!(sent_at(&stage, now, "https://example.com").await, url);
    }
}

/// A request that nothing signed.
#[tokio::test]
async fn an_unsigned_request_is_rejected() {
    let http = local::http::client();
    for provider in PROVIDERS {
        let stage = open(provider).await;
        let url = format!("{}/?PhoneNumbers=13700000503", stage.address.variables["SMS_URL"]);
        let of_aliyun = [("x-acs-action", "SendSms"), ("x-acs-version", "2017-05-25")];
        let of_tencent = [("x-tc-action", "SendSms"), ("x-tc-version", "2021-01-11"), ("x-tc-region", "ap-guangzhou")];
        let headers: &[(&str, &str)] = if provider == "aliyun" { &of_aliyun } else { &of_tencent };
        let request = headers.iter().fold(http.post(url), |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        match provider {
            "aliyun" => assert_eq!((status, &body["Code"]), (400, &json!("IncompleteSignature"))),
            _ => assert_eq!((status, &body["Response"]["Error"]["Code"]), (200, &json!("AuthFailure.InvalidAuthorization"))),
        }
    }
}

/// What the log of a function shows of a call without an answer.
#[tokio::test]
async fn an_error_has_neither_address_nor_phone_nor_content() {
    let to = Mobile::parse("13700000503").unwrap();
    let now = "2024-01-15T10:30:00Z".parse().unwrap();
    for (provider, name) in [("aliyun", "Aliyun"), ("tencent", "Tencent Cloud")] {
        let stage = open(provider).await;
        let message = Message::Visitor { visitor: "曹操".to_owned(), time: "下午".to_owned() };
        fail_next(&stage, json!({"status": 502})).await;
        let messages = stage.environment().text_messages().unwrap();
        let error = messages.send(&to, &message, now).await.unwrap_err().to_string();
        assert_eq!(error, format!("Internal; {name} answers 502 without JSON"));
        // No one listens at this address.
        let mut variables = stage.address.variables.clone();
        variables.insert("SMS_URL".into(), "http://127.0.0.1:1".into());
        let environment = shared::runtime::environment::Environment::new(variables, stage.clock.clone());
        let error = environment.text_messages().unwrap().send(&to, &message, now).await.unwrap_err().to_string();
        assert_eq!(error, format!("Internal; {name}: error sending request"));
    }
}

#[tokio::test]
async fn an_unknown_provider_does_not_start() {
    let stage = Stage::open().await;
    let mut variables = stage.address.variables.clone();
    variables.insert("SMS_PROVIDER".into(), "pigeon".into());
    let environment = shared::runtime::environment::Environment::new(variables, stage.clock.clone());
    let error = environment.text_messages().err().unwrap().to_string();
    assert_eq!(error, "Internal; SMS_PROVIDER must be sns, aliyun or tencent");
}
