//! The system under test and those who call it.
//!
//! Most tests share one system ([`world`]) and meet each other there like partners do: each has its own channel. A test that
//! sets the clock, counts calls or injects faults starts a system of its own ([`Stage`]).

mod address;
pub mod board;
pub mod calls;
pub mod consent;
pub mod documents;
pub mod partner;
pub mod picture;
pub mod product;
pub mod repository;
pub mod resource;
mod stage;
pub mod wire;
pub mod worker;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, mpsc};

use local::{Options, World};
use serde_json::Value;

pub use address::Address;
pub use documents::channel as document;
pub use partner::Partner;
pub use stage::Stage;
pub use wire::Fault;

/// An answer: its status and its body, null where it is no JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    Answer { status, body: serde_json::from_str(&text).unwrap_or_default() }
}

/// The system that tests share. It lives on its own runtime, because a test's runtime ends with the test.
pub fn world() -> &'static Address {
    static SHARED: LazyLock<Address> = LazyLock::new(|| {
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let world = World::start(Options::default()).await.unwrap();
                tell.send(Address::of(&world)).unwrap();
                std::future::pending::<()>().await;
            });
        });
        told.recv().unwrap()
    });
    &SHARED
}

/// A client with an address of its own that follows no redirect: limits count by address, of which Linux has a whole network on its
/// loopback.
pub fn client() -> reqwest::Client {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let [_, high, middle, low] = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let own = IpAddr::from([127, high + 1, middle, low]);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.local_address(cfg!(target_os = "linux").then_some(own)).build().unwrap()
}

/// The answer to a failed request, as the document's envelope holds it: code, message, and `(field, reason)` of each fault.
pub fn problem(status: u16, code: u16, faults: &[(&str, &str)]) -> Answer {
    let message = match code {
        1001 => "参数错误",
        1002 => "认证失败",
        1003 => "Token 过期或无效",
        1004 => "权限不足",
        5001 => "服务器内部错误",
        _ => panic!("{code} is not in the document's table"),
    };
    let errors: Vec<Value> =
        faults.iter().map(|(field, reason)| serde_json::json!({"field": field, "reason": reason})).collect();
    let data = if errors.is_empty() { serde_json::json!({}) } else { serde_json::json!({"errors": errors}) };
    Answer { status, body: serde_json::json!({"code": code, "message": message, "data": data}) }
}

/// The data of a success, which the caller of this function checks.
#[track_caller]
pub fn data(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    let data = body.as_object_mut().and_then(|members| members.shift_remove("data"));
    assert_eq!((answer.status, body), (200, serde_json::json!({"code": 0, "message": "success"})), "{data:?}");
    data.expect("data")
}

/// A success with this data.
pub fn success(data: Value) -> Answer {
    Answer { status: 200, body: serde_json::json!({"code": 0, "message": "success", "data": data}) }
}
