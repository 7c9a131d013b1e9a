//! The WeChat client against the simulator: it understands the responses that WeChat documents.

use jiff::Timestamp;
use serde_json::Value;
use shared::outbound::secret::LazySecret;
use shared::outbound::wechat::{App, Rejection, WeChat};
use shared::runtime::clock::SystemClock;
use shared::runtime::environment::Environment;
use shared::values::Secret;

use crate::support::{Address, Stage, fetch};

async fn wechat(address: &Address) -> WeChat {
    let environment = Environment::new(address.variables.clone(), std::sync::Arc::new(SystemClock)).await;
    environment.wechat(&address.variables["WECHAT_SECRET"]).unwrap()
}

async fn simulate(address: &Address, what: &str) -> Value {
    fetch(reqwest::Client::new().get(format!("{}/simulate/{what}", address.wechat_url))).await.body
}

fn now() -> Timestamp {
    "2024-01-15T10:30:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_phone_code_returns_the_number_once() {
    let stage = Stage::open().await;
    let wechat = wechat(&stage.address).await;
    let code = simulate(&stage.address, "phone_code?phone=13911112222").await["code"].as_str().unwrap().to_owned();
    assert_eq!(wechat.phone_number(&code, now()).await.unwrap(), Ok("13911112222".into()));
    assert_eq!(wechat.phone_number(&code, now()).await.unwrap(), Err(Rejection::Code));
    assert_eq!(wechat.phone_number("made-up", now()).await.unwrap(), Err(Rejection::Code));
    assert_eq!(wechat.phone_number("test", now()).await.unwrap(), Ok("13800138000".into()));
}

#[tokio::test]
async fn an_access_token_that_wechat_rejects_is_renewed_once() {
    let stage = Stage::open().await;
    let (one, other) = (wechat(&stage.address).await, wechat(&stage.address).await);
    assert_eq!(one.phone_number("test", now()).await.unwrap(), Ok("13800138000".into()));
    for errcode in [40001, 42001] {
        simulate(&stage.address, &format!("errcode?next={errcode}")).await;
        // A renewal invalidates the token that the other client holds.
        assert_eq!(other.phone_number("test", now()).await.unwrap(), Ok("13800138000".into()), "{errcode}");
        assert_eq!(one.phone_number("test", now()).await.unwrap(), Ok("13800138000".into()), "{errcode}");
    }
}

#[tokio::test]
async fn errors_of_wechat_are_distinguished_and_the_secret_never_shows() {
    let stage = Stage::open().await;
    let right = wechat(&stage.address).await;
    for (errcode, rejection) in
        [(40029, Rejection::Code), (40226, Rejection::Blocked), (45011, Rejection::Busy), (-1, Rejection::Busy)]
    {
        simulate(&stage.address, &format!("errcode?next={errcode}")).await;
        assert_eq!(right.code_to_session("test").await.unwrap().err(), Some(rejection), "{errcode}");
    }
    let app = App::parse(Secret::new(r#"{"appid":"wx1","secret":"hush-hush"}"#)).unwrap();
    let wrong = WeChat::new(&stage.address.wechat_url, LazySecret::known(app.clone()));
    let unreachable = WeChat::new("http://127.0.0.1:9", LazySecret::known(app));
    for wechat in [wrong, unreachable] {
        let error = wechat.code_to_session("a-code").await.err().unwrap().to_string();
        assert!(!error.contains("hush-hush") && !error.contains("a-code"), "{error}");
    }
}
