//! The DynamoDB calls of every endpoint of the signing API, counted at the wire, are those of `docs/budgets.md`.

use std::collections::{BTreeMap, BTreeSet};

use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::signing::picture;
use crate::budgets::table;
use crate::support::worker::{Platform, coded, ok, refusal, resume};
use crate::support::{Answer, Stage, answer};

const HEADING: &str = "| endpoint of the signing API | DynamoDB calls |";

/// Measures one request after another.
struct Meter {
    stage: Stage,
    measured: BTreeMap<String, String>,
}

impl Meter {
    /// What is called until the answer is there, and that it is a success.
    async fn measure(&mut self, label: &str, request: impl Future<Output = Answer>) -> Value {
        self.stage.take_calls();
        let answer = request.await;
        let calls = self.stage.take_calls();
        assert!(answer.status < 400, "{label}: {answer:?}");
        assert!(self.measured.insert(label.to_owned(), calls.join(" + ")).is_none(), "{label} is measured twice");
        answer.body["data"].clone()
    }
}

#[tokio::test]
async fn every_endpoint_of_the_signing_api_makes_the_calls_that_its_budget_allows() {
    let stage = Stage::open().await;
    let platform = Platform::found(&stage.address).await;
    let mut meter = Meter { stage, measured: BTreeMap::new() };
    let phone = "13700000020";
    meter.measure("GET /captcha", answer(platform.request(Method::GET, "/captcha"))).await;
    let (captcha, shown) = platform.captcha().await;
    meter.measure("POST /verifycode", platform.verifycode(&captcha, &shown, phone)).await;
    let (captcha, _) = platform.captcha().await;
    meter.stage.take_calls();
    let wrong = platform.verifycode(&captcha, "????", phone).await;
    assert_eq!(wrong, coded(refusal(400, "图形验证码不正确或已失效")));
    let calls = meter.stage.take_calls().join(" + ");
    meter.measured.insert("POST /verifycode, with a wrong captcha".into(), calls);

    let code = platform.login_code("metered").await;
    meter.measure("POST /weixin/login", platform.log_in(&code)).await;
    let worker = platform.worker("metered").await;
    meter.measure("GET /em_status", worker.get("/em_status")).await;
    meter.measure("POST /employee", worker.send_json(Method::POST, &resume())).await;
    meter.measure("PUT /employee", worker.send_json(Method::PUT, &resume())).await;
    let mut with_code = resume();
    with_code["phone"] = phone.into();
    with_code["verify_code"] = platform.address.code(phone).await.into();
    meter.measure("PUT /employee, with a code", worker.send_json(Method::PUT, &with_code)).await;
    meter.measure("GET /employee", worker.get("/employee")).await;
    meter.measure("GET /dict/{dict_item}", worker.get("/dict/Nation")).await;
    for path in ["/work_pos", "/handlers", "/companies"] {
        meter.measure(&format!("GET {path}"), worker.get(path)).await;
    }
    let image = meter.measure("POST /image", worker.upload("a.png", &picture(ImageFormat::Png))).await;
    let path = image["url"].as_str().and_then(|url| url.strip_prefix(&platform.address.base_url)).expect("our own address");
    meter.measure("GET /image/{name}", worker.get(path)).await;

    assert_eq!(meter.measured, table(HEADING));
}

#[test]
fn every_endpoint_of_the_signing_api_has_a_budget() {
    let routes: BTreeSet<String> = signing::routes().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let budgeted: BTreeSet<String> = table(HEADING).into_keys().filter(|label| !label.contains(',')).collect();
    assert_eq!(budgeted, routes);
}

#[tokio::test]
async fn a_session_is_prolonged_by_one_write_a_day() {
    let stage = Stage::open().await;
    let worker = Platform::found(&stage.address).await.worker("daily").await;
    stage.clock.advance(jiff::SignedDuration::from_hours(24));
    let platform_again = "GetItem";
    for expected in [format!("{platform_again} + GetItem + PutItem + GetItem"), "GetItem + GetItem".into()] {
        stage.take_calls();
        assert_eq!(worker.get("/employee").await, ok(json!(null)));
        assert_eq!(stage.take_calls().join(" + "), expected);
    }
}
