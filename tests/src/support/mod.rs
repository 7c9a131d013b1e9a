//! The system under test and its clients.
//!
//! Most tests share one system ([`world`]) and are isolated there as tenants are: each creates its own channel, company, platform or
//! user. A test that sets the clock, counts calls or injects faults starts a system of its own ([`Stage`]).

pub mod audit;
pub mod board;
pub mod calls;
pub mod consent;
pub mod dice;
pub mod documents;
pub mod html;
pub mod long;
pub mod pages;
pub mod partner;
pub mod persons;
pub mod picture;
pub mod product;
pub mod receiver;
pub mod repository;
pub mod resource;
pub mod staff;
mod stage;
pub mod webhook_page;
pub mod wire;
pub mod worker;

use std::sync::{LazyLock, mpsc};

use local::{Options, World};
use serde_json::Value;

pub use client::{Address, Response, client, fetch, neighbours};
pub use documents::channel as document;
pub use partner::Partner;
pub use stage::Stage;
pub use wire::Fault;

/// The system that tests share. It lives on its own runtime, because a test's runtime ends with the test.
pub fn world() -> &'static Address {
    static SHARED: LazyLock<Address> = LazyLock::new(|| {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let world = World::start(Options::default()).await.unwrap();
                sender.send(Address::of(&world)).unwrap();
                std::future::pending::<()>().await;
            });
        });
        receiver.recv().unwrap()
    });
    &SHARED
}

/// The response to a failed request, in the document's envelope: code, message, and `(field, reason)` of each fault.
pub fn problem(status: u16, code: u16, faults: &[(&str, &str)]) -> Response {
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
    Response { status, body: serde_json::json!({"code": code, "message": message, "data": data}) }
}

/// The data of a success. The caller of this function checks it.
#[track_caller]
pub fn data(response: &Response) -> Value {
    let mut body = response.body.clone();
    let data = body.as_object_mut().and_then(|members| members.shift_remove("data"));
    assert_eq!((response.status, body), (200, serde_json::json!({"code": 0, "message": "success"})), "{data:?}");
    data.expect("data")
}

/// The response to a successful request.
pub fn success(data: Value) -> Response {
    Response { status: 200, body: serde_json::json!({"code": 0, "message": "success", "data": data}) }
}
