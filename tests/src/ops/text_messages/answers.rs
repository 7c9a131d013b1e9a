//! What a client, the log and the outbox get of the provider's failures.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::storage::sealed;
use shared::storage::table::Key;

use super::{PROVIDERS, accepted, announce, fail_next, lines, open, request_code};
use crate::support::consent::Browser;
use crate::support::product::{self, MOBILE, Product, body};
use crate::support::wire::Failure;
use crate::support::worker::{Platform, coded, ok, rejection};
use crate::support::{Response, Stage};

const PHONE: &str = "13700000502";

fn too_often() -> Response {
    coded(rejection(429, "操作太频繁，请稍后再试"))
}

/// What a client of each family gets when SNS fails.
async fn failures_of_sns() -> (Response, Response) {
    let stage = Stage::open_with(&[("SESSION_NEEDS_CAPTCHA", "false")]).await;
    let platform = Platform::create(&stage.address).await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    stage.wire.fail_call("Publish", 0, Failure::Rejected);
    let code = request_code(&platform, PHONE).await.0;
    stage.wire.fail_call("Publish", 0, Failure::Rejected);
    let visit = announce(&product, "曹操").await.0;
    assert_eq!((code.status, visit.status), (500, 500));
    (code, visit)
}

fn swept(done: u64, failed: u64) -> Response {
    body(json!({"done": done, "failed": failed, "is_cut_short": false}))
}

#[tokio::test]
async fn a_rate_limit_of_the_provider_is_one_of_the_family() {
    // The clock stands at 18:30 in China: the day lasts 19,800 seconds more.
    for (provider, code, message, seconds) in [
        ("aliyun", "isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", 60),
        ("aliyun", "isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5", 3600),
        ("aliyun", "isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10", 19_800),
        ("aliyun", "Throttling.User", "Request was denied due to user flow control.", 1),
        ("tencent", "LimitExceeded.PhoneNumberThirtySecondLimit", "", 30),
        ("tencent", "LimitExceeded.PhoneNumberDailyLimit", "", 19_800),
        ("tencent", "RequestLimitExceeded", "", 1),
    ] {
        let stage = open(provider).await;
        let platform = Platform::create(&stage.address).await;
        let product = Product::join_stage(&stage).await;
        product.add_records().await;
        fail_next(&stage, json!({"code": code, "message": message, "times": 2})).await;
        assert_eq!(request_code(&platform, PHONE).await, (too_often(), Some(seconds)), "{code}");
        let limited = product::rejection(429, 2002, "too many requests: try again later");
        assert_eq!(announce(&product, "曹操").await, (limited, Some(seconds)), "{code}");
        let expected = [("signing-session", "worker_code"), ("hris-integration", "visitor")]
            .map(|(function, template)| [function, provider, template, code, "", "text_messages_limited"].map(str::to_owned));
        assert_eq!(lines(&stage), expected);
        // The claim of the call is released: the same call sends the message.
        assert_eq!(announce(&product, "曹操").await.0.status, 200);
        assert_eq!(accepted(&stage).await.as_array().unwrap().len(), 1);
    }
}

/// The members of the secret that are replaced, and the code of the provider.
fn faults(provider: &str) -> Vec<(Value, &'static str)> {
    let unknown_key = json!({"key_id": "another"});
    let wrong_key = json!({"key": "another"});
    let unknown_template = json!({"templates": {"worker_code": "9", "visitor": "9"}});
    let other_template = json!({"templates": {"worker_code": "1000004", "visitor": "1000005"}});
    let other_name = json!({"sign_name": "别家"});
    let (mut faults, empty) = match provider {
        "aliyun" => (
            vec![
                (unknown_key, "InvalidAccessKeyId.NotFound"),
                (wrong_key, "SignatureDoesNotMatch"),
                (unknown_template, "isv.SMS_TEMPLATE_ILLEGAL"),
                (other_template, "isv.TEMPLATE_MISSING_PARAMETERS"),
                (other_name, "isv.SMS_SIGNATURE_ILLEGAL"),
            ],
            vec![json!({"templates": {}}), json!({"key_id": ""}), json!({"sign_name": ""}), json!({"key": 1})],
        ),
        _ => (
            vec![
                (unknown_key, "AuthFailure.SecretIdNotFound"),
                (wrong_key, "AuthFailure.SignatureFailure"),
                (unknown_template, "FailedOperation.TemplateUnapprovedOrNotExist"),
                (other_template, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
                (other_name, "FailedOperation.SignatureIncorrectOrUnapproved"),
                (json!({"sdk_app_id": "1400000000"}), "InvalidParameterValue.SdkAppIdNotExist"),
            ],
            vec![json!({"sdk_app_id": ""})],
        ),
    };
    faults.extend(empty.into_iter().map(|members| (members, "incomplete_secret")));
    faults
}

#[tokio::test]
async fn a_fault_of_the_account_is_counted_and_the_client_gets_what_a_failure_of_sns_gives() {
    let of_sns = failures_of_sns().await;
    for provider in PROVIDERS {
        for (members, code) in faults(provider) {
            let stage = open(provider).await;
            let platform = Platform::create(&stage.address).await;
            let product = Product::join_stage(&stage).await;
            product.add_records().await;
            let mut secret = stage.secret("SMS_SECRET", None).await;
            secret.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            stage.secret("SMS_SECRET", Some(&secret)).await;
            let answers = (request_code(&platform, PHONE).await.0, announce(&product, "曹操").await.0);
            assert_eq!(answers, of_sns, "{provider} {code}");
            let expected = [("signing-session", "worker_code"), ("hris-integration", "visitor")].map(|(function, template)| {
                [function, provider, template, code, "", "text_messages_misconfigured"].map(str::to_owned)
            });
            assert_eq!(lines(&stage), expected, "{provider} {members}");
            assert_eq!(accepted(&stage).await, json!([]));
        }
    }
}

#[tokio::test]
async fn arrears_ring_and_a_rejected_phone_does_not() {
    let of_sns = failures_of_sns().await.0;
    for (provider, code, metric) in [
        ("aliyun", "isv.OUT_OF_SERVICE", "text_messages_misconfigured"),
        ("aliyun", "isv.BLACK_KEY_CONTROL_LIMIT", "text_messages_failed"),
        ("aliyun", "isp.SYSTEM_ERROR", "text_messages_failed"),
        ("tencent", "UnauthorizedOperation.SerivceSuspendDueToArrears", "text_messages_misconfigured"),
        ("tencent", "FailedOperation.InsufficientBalanceInSmsPackage", "text_messages_misconfigured"),
        ("tencent", "FailedOperation.PhoneNumberInBlacklist", "text_messages_failed"),
        ("tencent", "InternalError.Timeout", "text_messages_failed"),
    ] {
        let stage = open(provider).await;
        let platform = Platform::create(&stage.address).await;
        fail_next(&stage, json!({"code": code})).await;
        assert_eq!(request_code(&platform, PHONE).await.0, of_sns, "{code}");
        let line = ["signing-session", provider, "worker_code", code, "", metric].map(str::to_owned);
        assert_eq!(lines(&stage), [line]);
    }
}

/// Five seconds pass for each provider: the time limit of a call.
#[tokio::test]
async fn a_provider_that_does_not_answer_fails_like_sns_and_is_called_once() {
    let of_sns = failures_of_sns().await.0;
    let silent = PROVIDERS.map(async |provider| {
        let stage = open(provider).await;
        let platform = Platform::create(&stage.address).await;
        for failure in [json!({"silent": true}), json!({"status": 502})] {
            stage.clock.advance(SignedDuration::from_secs(60));
            fail_next(&stage, failure).await;
            assert_eq!(request_code(&platform, PHONE).await.0, of_sns, "{provider}");
            let line = ["signing-session", provider, "worker_code", "", "", "text_messages_failed"].map(str::to_owned);
            assert_eq!(lines(&stage), [line]);
        }
        // One more call than failures: nothing was sent twice.
        stage.clock.advance(SignedDuration::from_secs(60));
        assert_eq!(request_code(&platform, PHONE).await.0, coded(ok(json!({}))));
        assert_eq!(accepted(&stage).await.as_array().unwrap().len(), 1);
    });
    futures::future::join_all(silent).await;
}

#[tokio::test]
async fn a_stored_message_is_sent_when_the_provider_works_again() {
    for provider in PROVIDERS {
        for failure in [json!({"status": 503}), json!({"code": "LimitExceeded"}), json!({"code": "isv.BUSINESS_LIMIT_CONTROL"})]
        {
            let stage = open(provider).await;
            let product = Product::join_stage(&stage).await;
            product.add_records().await;
            let app = product.app().await;
            fail_next(&stage, failure).await;
            assert_eq!(Browser::new(&app).request_code(MOBILE, "").await.status, 200, "the response does not wait");
            assert_eq!(stage.address.messages(MOBILE).await, Vec::<String>::new());
            let sweep = async || stage.address.invoke("ops-outbox", &json!({})).await;
            assert_eq!(sweep().await, swept(0, 0), "the first attempt may still be running");
            stage.clock.advance(SignedDuration::from_secs(30));
            assert_eq!(sweep().await, swept(1, 0));
            assert_eq!(stage.address.messages(MOBILE).await.len(), 1, "{provider}");
        }
    }
}

/// Earlier versions stored the text of a message.
#[tokio::test]
async fn a_message_that_an_earlier_version_stored_is_sent_through_sns() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    Browser::new(&product.app().await).request_code(MOBILE, "").await;
    let items = stage.items("credentials").await;
    let mut item = items.into_iter().find(|item| item["sk"]["S"] == "outbox").expect("a message");
    let key = Key::new(item["pk"]["S"].as_str().unwrap(), "outbox");
    let keyring = stage.environment().keyring(&stage.address.variables["HRIS_SECRET"]).await.unwrap();
    let text = "【工桥】验证码 012345，用于授权「考勤助手」读取公司数据，5 分钟内有效。";
    let earlier = json!({"to": MOBILE, "text": text, "only_for": product.company}).to_string();
    item["message"]["S"] = keyring.seal(&sealed::place(&key, "message"), &earlier).unwrap().into();
    stage.put_all("credentials", vec![item]).await;
    assert_eq!(stage.address.messages(MOBILE).await, [text]);
}
