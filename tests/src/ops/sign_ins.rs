//! Bursts of rejected sign-ins are recorded, for the sign-ins of all families.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use super::admin::done;
use crate::support::audit::{records, request_id};
use crate::support::board::Board;
use crate::support::consent::{AUTHORIZE, App, Browser, Page, REVOKE, TOKEN};
use crate::support::product::Product;
use crate::support::worker::Platform;
use crate::support::{Stage, client, fetch};

/// An endpoint at which someone signs in with a wrong secret or code.
enum SignIn {
    /// With a JSON body.
    Post(Value),
    Worker(Platform),
    Consent(Browser, Page),
}

impl SignIn {
    /// The status of one attempt.
    async fn attempt(&self, stage: &Stage, http: &reqwest::Client, path: &str) -> u16 {
        match self {
            Self::Post(body) => fetch(http.post(format!("{}{path}", stage.address.base_url)).json(body)).await.status,
            Self::Worker(platform) => platform.log_in("wrong-code").await.status,
            Self::Consent(browser, page) => browser.consent(page, "wrong").await.status,
        }
    }
}

#[tokio::test]
async fn a_burst_of_rejected_sign_ins_is_recorded_once_in_its_window() {
    let stage = Stage::open().await;
    done(&stage.address, &json!({"command": "create_channel", "appkey": "guessed"})).await;
    let product = Product::join_stage(&stage).await;
    let (platform, board) = (Platform::create(&stage.address).await, Board::of(&stage.address));
    let mut browser = Browser::new(&product.app().await);
    let mobile = product.administrator().await;
    let page = browser.request_code(&mobile, "").await;
    let app = App { app_secret: "wrong".to_owned(), ..product.app().await };
    let exchange = app.exchange("a-response-code");
    let revoke = json!({"app_id": product.app().await.app_id, "app_secret": "wrong", "token": "t"});
    let phone_code = board.code("phone", "13900000001").await;
    let token = json!({"appkey": "guessed", "secret": "wrong", "grant_type": "client_credentials"});
    // Each with the attempts that are allowed: of codes, one after 1,799.
    let sign_ins = [
        ("/api/v1/auth/token", 10, "channel/sign_in/token/guessed/channel#proofs#".to_owned(), SignIn::Post(token)),
        (TOKEN, 10, format!("hris/sign_in/exchange/{}/hris#proofs#", app.app_id), SignIn::Post(exchange)),
        (REVOKE, 10, format!("hris/sign_in/exchange/{}/hris#proofs#", text(&revoke["app_id"])), SignIn::Post(revoke.clone())),
        (AUTHORIZE, 1, "hris/sign_in/consent/hris#codes#".to_owned(), SignIn::Consent(browser, page)),
        ("/weixin/login", 1, "signing/sign_in/login/signing#codes#".to_owned(), SignIn::Worker(platform)),
        (
            "/wechat/user/login",
            1,
            "jobboard/sign_in/login/jobboard#codes#".to_owned(),
            SignIn::Post(json!({"login_code": "wrong"})),
        ),
        (
            "/wechat/user/register",
            1,
            "jobboard/sign_in/login/jobboard#codes#".to_owned(),
            SignIn::Post(json!({"login_code": "wrong", "phone_code": phone_code})),
        ),
    ];
    for (path, allowed, object, sign_in) in &sign_ins {
        for window in 1..=2 {
            stage.clock.advance(SignedDuration::from_mins(1));
            stage.take_lines();
            // Its own address.
            let http = client();
            if object.contains("#codes#") {
                sign_in.attempt(&stage, &http, path).await;
                stage.use_up("codes", 1800).await;
            }
            let mut rejected = Vec::new();
            for attempt in 0..allowed + 5 {
                if sign_in.attempt(&stage, &http, path).await == 429 {
                    rejected.push(attempt);
                }
            }
            assert_eq!(rejected, (*allowed..allowed + 5).collect::<Vec<_>>(), "{path}");
            let mut lines = stage.take_lines();
            let first = lines.iter().position(|line| line.contains("\"status\":429")).expect("a rejected sign-in");
            lines.truncate(first + 1);
            let action = format!("POST {path}");
            let mut bursts = records(&stage.address, json!({"actor": "anonymous/-"})).await;
            bursts.retain(|record| record["action"] == action);
            assert_eq!(bursts.len(), window, "{path}");
            let recorded = text(&bursts[0]["object"]);
            assert!(recorded.starts_with(object.as_str()), "{recorded}");
            let expected = json!({
                "at": stage.clock.now().to_string(), "actor": {"kind": "anonymous", "id": "-", "name": ""}, "action": action,
                "object": recorded, "reason": "too many attempts", "outcome": "rejected",
                "request_id": request_id(&lines, &json!({"status": 429})),
            });
            assert_eq!(bursts[0], expected);
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
