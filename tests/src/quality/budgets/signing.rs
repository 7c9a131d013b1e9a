//! The budget of every endpoint of the signing API.

use image::ImageFormat;
use lambda::family::Family as _;
use reqwest::Method;

use super::meter::{Meter, budgeted, endpoints};
use crate::support::picture::picture;
use crate::support::worker::{Platform, coded, rejection, resume};
use crate::support::{Stage, fetch};

const HEADING: &str = "| endpoint of the signing API | DynamoDB calls | capacity units |";

#[tokio::test]
async fn every_endpoint_of_the_signing_api_makes_the_calls_that_its_budget_allows() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    // From here on each function has cached the platform: the clock stands still.
    for path in ["/em_status", "/employee", "/companies", "/image/1.png"] {
        assert_eq!(fetch(platform.request(Method::GET, path)).await.status, 401, "{path}");
    }
    let mut meter = Meter::new(stage, platform.clone());
    let phone = "13700000020";
    meter.succeeds("GET /captcha", fetch(platform.request(Method::GET, "/captcha"))).await;
    let (captcha, shown) = platform.captcha().await;
    meter.succeeds("POST /verifycode", platform.verifycode(&captcha, &shown, phone)).await;
    let (captcha, _) = platform.captcha().await;
    let wrong = platform.verifycode(&captcha, "????", phone);
    let wrong = meter.measure("POST /verifycode, with a wrong captcha", wrong).await;
    assert_eq!(wrong, coded(rejection(400, "图形验证码不正确或已失效")));

    let code = platform.login_code("metered").await;
    meter.succeeds("POST /weixin/login", platform.log_in(&code)).await;
    let worker = platform.worker("metered").await;
    meter.succeeds("GET /em_status", worker.get("/em_status")).await;
    meter.succeeds("POST /employee", worker.send_json(Method::POST, &resume())).await;
    meter.succeeds("PUT /employee", worker.send_json(Method::PUT, &resume())).await;
    let mut with_code = resume();
    with_code["phone"] = phone.into();
    with_code["verify_code"] = platform.address.code(phone).await.into();
    meter.succeeds("PUT /employee, with a code", worker.send_json(Method::PUT, &with_code)).await;
    meter.succeeds("GET /employee", worker.get("/employee")).await;
    meter.succeeds("GET /dict/{dict_item}", worker.get("/dict/Nation")).await;
    for path in ["/work_pos", "/handlers", "/companies"] {
        meter.succeeds(&format!("GET {path}"), worker.get(path)).await;
    }
    let image = meter.succeeds("POST /image", worker.upload("a.png", &picture(ImageFormat::Png))).await;
    let path = image["url"].as_str().and_then(|url| url.strip_prefix(&platform.address.base_url)).expect("our own address");
    meter.succeeds("GET /image/{name}", worker.get(path)).await;

    meter.succeeds("POST /weixin/logout", fetch(worker.request(Method::POST, "/weixin/logout"))).await;
    let leaving = platform.worker("leaving").await;
    meter.succeeds("POST /weixin/close", fetch(leaving.request(Method::POST, "/weixin/close"))).await;
    let code = platform.login_code("leaving").await;
    meter.succeeds("POST /weixin/login, of a closed account", platform.log_in(&code)).await;

    meter.assert_is(HEADING);
}

#[test]
fn every_endpoint_of_the_signing_api_has_a_budget() {
    assert_eq!(budgeted(HEADING), endpoints(&signing::Signing::routes()));
}

#[tokio::test]
async fn a_session_is_extended_by_one_write_a_day() {
    let stage = Stage::open().await;
    let worker = Platform::create(&stage.address).await.worker("daily").await;
    // The same for each function.
    for path in ["/employee", "/em_status", "/companies", "/image/1.png"] {
        stage.clock.advance(jiff::SignedDuration::from_hours(24));
        let mut writes = Vec::new();
        for _ in 0..2 {
            stage.take_calls();
            assert_ne!(worker.get(path).await.status, 401, "{path}");
            writes.push(stage.take_calls().into_iter().filter(|call| call != "GetItem" && call != "Query").collect::<Vec<_>>());
        }
        assert_eq!(writes, [vec!["PutItem".to_owned()], vec![]], "{path}");
    }
}
