//! The WeChat client against the simulator: it understands the responses that WeChat documents.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use shared::outbound::secret::LazySecret;
use shared::outbound::wechat::{App, CodeError, WeChat};
use shared::runtime::clock::{Clock as _, SystemClock};
use shared::runtime::environment::Environment;
use shared::values::Secret;

use crate::support::{Address, Stage, fetch};

async fn wechat(address: &Address) -> WeChat {
    let environment = Environment::new(address.variables.clone(), std::sync::Arc::new(SystemClock));
    environment.wechat(&address.variables["WECHAT_SECRET"]).unwrap()
}

async fn simulate(address: &Address, what: &str) -> Value {
    fetch(local::http::client().get(format!("{}/simulate/{what}", address.wechat_url))).await.body
}

fn now() -> Timestamp {
    "2024-01-15T10:30:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_phone_code_returns_the_number_once() {
    let stage = Stage::open().await;
    let wechat = wechat(&stage.address).await;
    let code = simulate(&stage.address, "phone_code?phone=13911112222").await["code"].as_str().unwrap().to_owned();
    assert_eq!(wechat.phone_number(Secret::new(code.as_str()), now()).await.unwrap(), "13911112222");
    assert!(matches!(wechat.phone_number(Secret::new(code.as_str()), now()).await, Err(CodeError::Wrong)));
    assert!(matches!(wechat.phone_number(Secret::new("made-up"), now()).await, Err(CodeError::Wrong)));
    assert_eq!(wechat.phone_number(Secret::new("test"), now()).await.unwrap(), "13800138000");
}

#[tokio::test]
async fn an_access_token_that_wechat_rejects_is_replaced_for_all_clients() {
    let stage = Stage::open().await;
    let (one, other) = (wechat(&stage.address).await, wechat(&stage.address).await);
    assert_eq!(one.phone_number(Secret::new("test"), now()).await.unwrap(), "13800138000");
    for errcode in [40001, 40014, 42001] {
        let now = stage.clock.now();
        simulate(&stage.address, &format!("errcode?next={errcode}")).await;
        // A forced request ends the token that the other client holds.
        assert_eq!(other.phone_number(Secret::new("test"), now).await.unwrap(), "13800138000", "{errcode}");
        assert_eq!(one.phone_number(Secret::new("test"), now).await.unwrap(), "13800138000", "{errcode}");
        stage.clock.advance(SignedDuration::from_secs(30));
    }
    assert_eq!(simulate(&stage.address, "token_requests").await["forced"], 3);
}

#[tokio::test]
async fn errors_of_wechat_are_distinguished_and_the_secret_never_shows() {
    let stage = Stage::open().await;
    let right = wechat(&stage.address).await;
    type IsMeant = fn(&CodeError) -> bool;
    let means: [(i64, IsMeant); 4] = [
        (40029, |error| matches!(error, CodeError::Wrong)),
        (40226, |error| matches!(error, CodeError::Blocked)),
        (45011, |error| matches!(error, CodeError::Busy { retry_after: 1 })),
        (-1, |error| matches!(error, CodeError::Busy { retry_after: 1 })),
    ];
    for (errcode, is_meant) in means {
        simulate(&stage.address, &format!("errcode?next={errcode}")).await;
        assert!(right.code_to_session(Secret::new("test"), now()).await.is_err_and(|error| is_meant(&error)), "{errcode}");
    }
    let app = App::parse(Secret::new(r#"{"appid":"wx1","secret":"hush-hush"}"#)).unwrap();
    let wrong = WeChat::new(&stage.address.wechat_url, LazySecret::known(app.clone()));
    let unreachable = WeChat::new("http://127.0.0.1:9", LazySecret::known(app));
    for wechat in [wrong, unreachable] {
        let Err(CodeError::Failed(error)) = wechat.code_to_session(Secret::new("a-code"), now()).await else {
            panic!("not a failure")
        };
        let error = error.to_string();
        assert!(!error.contains("hush-hush") && !error.contains("a-code"), "{error}");
    }
}
