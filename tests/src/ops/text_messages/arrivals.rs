//! The messages of each family arrive with their template and its parameters.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{PROVIDERS, accepted, announce, lines, open, request_code};
use crate::support::Stage;
use crate::support::consent::{Browser, CALLBACK};
use crate::support::product::{self, MOBILE, Product};
use crate::support::staff::Staff;
use crate::support::worker::{Platform, coded, ok};

const PHONE: &str = "13700000501";

/// The digits that the providers were sent.
pub(super) struct Codes {
    worker: String,
    consent: String,
    staff: String,
    /// The phone of the member of staff.
    member: String,
}

/// Every kind of message but the consent without sensitive fields: that follows.
pub(super) async fn send_all(stage: &Stage) -> (Codes, Product) {
    let platform = Platform::create(&stage.address).await;
    assert_eq!(request_code(&platform, PHONE).await, (coded(ok(json!({}))), None));
    let worker = stage.address.code(PHONE).await;
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    let returned = product::body(product::returned(&product::employee()));
    assert_eq!(announce(&product, "曹操").await, (returned, None));
    let app = product.app().await;
    let mut browser = Browser::new(&app);
    let page = browser.request_code(MOBILE, "").await;
    let consent = stage.address.code(MOBILE).await;
    assert_eq!(browser.consent(&page, &consent).await.called_back(CALLBACK).len(), 1);
    let staff = Staff::create(&stage.address, &["support"], json!({})).await;
    let code = staff.message().await;
    (Codes { worker, consent, staff: code, member: staff.phone.clone() }, product)
}

#[tokio::test]
async fn every_message_arrives_with_its_template_and_parameters() {
    for provider in PROVIDERS {
        let stage = open(provider).await;
        let (codes, product) = send_all(&stage).await;
        // An app that does not read sensitive fields.
        stage.clock.advance(SignedDuration::from_secs(60));
        let app = product.app_of(&["employees"]).await;
        let mut browser = Browser::new(&app);
        let page = browser.request_code(MOBILE, "").await;
        let second = stage.address.code(MOBILE).await;
        browser.consent(&page, &second).await.called_back(CALLBACK);
        stage.address.messages(MOBILE).await;

        // Aliyun takes parameters by name, Tencent Cloud in the order of the text.
        let parameters = |named: &[(&str, &str)]| match provider {
            "aliyun" => named
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            _ => Value::from(named.iter().map(|(_, value)| *value).collect::<Vec<_>>()),
        };
        let message = |phone: &str, template: &str, named: &[(&str, &str)]| json!({"phone": format!("+86{phone}"), "sign_name": "工桥", "template": template, "parameters": parameters(named)});
        let of_consent = [("app", "考勤助手"), ("company", "彩程"), ("until", "2024-04-14")];
        let expected = json!([
            message(PHONE, "1000001", &[("code", &codes.worker)]),
            message(MOBILE, "1000004", &[("visitor", "曹操"), ("time", "今天下午三点")]),
            message(MOBILE, "1000002", &[("code", &codes.consent)]),
            message(MOBILE, "1000006", &of_consent),
            message(&codes.member, "1000003", &[("code", &codes.staff)]),
            message(MOBILE, "1000002", &[("code", &second)]),
            message(MOBILE, "1000005", &of_consent),
        ]);
        assert_eq!(accepted(&stage).await, expected, "{provider}");

        let lines = lines(&stage);
        let shown: Vec<[&str; 5]> = lines
            .iter()
            .map(|[function, own, template, code, _, metric]| {
                assert_eq!(own, provider);
                [function, template, code, metric, ""].map(|text: &str| text)
            })
            .collect();
        let ok = if provider == "aliyun" { "OK" } else { "Ok" };
        let line = |function, template| [function, template, ok, "text_messages_accepted", ""];
        let expected = [
            line("signing-session", "worker_code"),
            line("hris-integration", "visitor"),
            line("ops-outbox", "consent_code"),
            line("ops-outbox", "sensitive_consent"),
            line("ops-outbox", "staff_code"),
            line("ops-outbox", "consent_code"),
            line("ops-outbox", "consent"),
        ];
        assert_eq!(shown, expected, "{provider}");
        let first = if provider == "aliyun" { "900619746936400001^0" } else { "5000:1045710669157053657849400001" };
        assert_eq!(lines[0][4], first, "the provider's own id");
    }
}

#[tokio::test]
async fn the_texts_that_arrive_are_those_that_were_filed() {
    for provider in PROVIDERS {
        let stage = open(provider).await;
        let (codes, _) = send_all(&stage).await;
        let Codes { worker, consent, staff, member } = codes;
        assert_eq!(stage.address.messages(PHONE).await, [format!("【工桥】验证码 {worker}，5 分钟内有效，请勿告诉他人。")]);
        assert_eq!(
            stage.address.messages(&member).await,
            [format!("【工桥】后台登录验证码 {staff}，5 分钟内有效，请勿告诉他人。")]
        );
        let expected = [
            "【工桥】访客 曹操 将于 今天下午三点 到访，请您接见。".to_owned(),
            format!("【工桥】验证码 {consent}，用于授权应用读取公司数据，5 分钟内有效，请勿告诉他人。"),
            "【工桥】您已同意应用“考勤助手”读取彩程的人事数据（含敏感信息），最晚到 2024-04-14。如非本人操作或要撤回，请联系工桥客服停用该应用。".to_owned(),
        ];
        assert_eq!(stage.address.messages(MOBILE).await, expected, "{provider}");
    }
}

/// Names are up to 64 characters, variables of templates 35 (help.aliyun.com, document 44357).
#[tokio::test]
async fn a_long_name_is_cut_for_a_template() {
    for provider in PROVIDERS {
        let stage = open(provider).await;
        let product = Product::join_stage(&stage).await;
        product.add_records().await;
        assert_eq!(announce(&product, &"曹".repeat(64)).await.0.status, 200);
        let cut = "曹".repeat(35);
        let expected = format!("【工桥】访客 {cut} 将于 今天下午三点 到访，请您接见。");
        assert_eq!(stage.address.messages(MOBILE).await, [expected], "{provider}");
    }
}

#[tokio::test]
async fn a_number_abroad_gets_the_templates_for_abroad_if_there_are_any() {
    for provider in PROVIDERS {
        let stage = open(provider).await;
        let platform = Platform::create(&stage.address).await;
        assert_eq!(request_code(&platform, "+852 91234567").await.0, coded(ok(json!({}))));
        let sent = accepted(&stage).await;
        let shown = (&sent[0]["phone"], &sent[0]["template"], &sent[0]["sign_name"]);
        assert_eq!(shown, (&json!("+85291234567"), &json!("2000001"), &json!("")), "{provider}");

        let stage = open(provider).await;
        let platform = Platform::create(&stage.address).await;
        let mut secret = stage.secret("SMS_SECRET", None).await;
        secret.as_object_mut().unwrap().remove("abroad");
        stage.secret("SMS_SECRET", Some(&secret)).await;
        assert_eq!(request_code(&platform, "+852 91234567").await.0.status, 500);
        assert_eq!(request_code(&platform, PHONE).await.0, coded(ok(json!({}))));
        let ends: Vec<[String; 2]> = lines(&stage).into_iter().map(|[_, _, _, code, _, metric]| [code, metric]).collect();
        assert_eq!(ends[0], ["incomplete_secret", "text_messages_misconfigured"]);
        assert_eq!(ends[1][1], "text_messages_accepted");
    }
}
