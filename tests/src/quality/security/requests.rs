//! What a request can say, and what it cannot bring about.

use std::net::{TcpListener, TcpStream};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{Board, done};
use crate::support::resource::ALL;
use crate::support::worker::{Platform, ok, resume};
use crate::support::{Partner, success, world};

/// Members that only the system sets; what a partner says of them is passed over.
fn presumed() -> Value {
    json!({
        "user_id": "1", "company_id": "1", "task_id": "1", "application_id": "1", "payment_id": "1", "channel": "channel_001",
        "appkey": "channel_001", "created_at": "2000-01-01T00:00:00Z", "updated_at": "2000-01-01T00:00:00Z", "version": 99,
        "pk": "x", "sk": "x", "first_content": "x", "expires_at": 1, "enabled": true,
    })
}

fn and(mut body: Value, more: &Value) -> Value {
    let members = more.as_object().expect("members").clone();
    body.as_object_mut().expect("an object").extend(members);
    body
}

#[tokio::test]
async fn members_that_are_not_the_callers_to_set_change_nothing() {
    let (honest, greedy) = (Partner::join(world()).await, Partner::join(world()).await);
    for kind in &ALL {
        let mut records = Vec::new();
        for (partner, more) in [(&honest, json!({})), (&greedy, presumed())] {
            let posted = partner.post(kind.path, &and(kind.example(), &more)).await;
            kind.whole(&posted, &kind.example());
            let patched = partner.put(&kind.there(), &and(json!({kind.text_field: "改"}), &more)).await;
            let mut record = partner.get(&kind.there()).await.body["data"].clone();
            assert_eq!(patched, success(record.clone()), "{}", kind.name);
            for own in [kind.server_id, "created_at", "updated_at"] {
                let own = record.as_object_mut().unwrap().remove(own).expect("told");
                assert!(!presumed().as_object().unwrap().values().any(|presumed| *presumed == own), "{}: {own}", kind.name);
            }
            records.push(record);
        }
        assert_eq!(records[0], records[1], "{}", kind.name);
    }

    let board = Board::of(world());
    let (user, other) = (board.join().await, board.join().await);
    let before = user.info().await;
    let presumed =
        json!({"id": other.id, "user_id": other.id, "openid": "x", "inviter": other.id, "vouchers": 99, "version": 99});
    assert_eq!(user.post("/user/update/info", &presumed).await, done());
    assert_eq!((user.info().await, user.ledger().await.0), (before, 0));
    let presumed = json!({
        "status": 3, "is_top": true, "top_start_time": "2024-01-01 00:00:00", "top_end_time": "2099-01-01 00:00:00",
        "user_id": other.id, "owner": other.id, "purpose_user_id": other.id, "last_refresh_time": "2099-01-01 00:00:00",
    });
    let (plain, greedy) = (user.post_job(json!({})).await, user.post_job(presumed).await);
    let (mut plain, mut greedy) = (user.job(plain).await, user.job(greedy).await);
    for job in [&mut plain, &mut greedy] {
        for own in ["id", "job_id", "create_at", "update_at"] {
            job.as_object_mut().unwrap().remove(own);
        }
    }
    assert_eq!(plain, greedy);

    let worker = Platform::found(world()).await.worker("greedy").await;
    let greedy = and(resume(), &json!({"em_id": 1, "status": 3, "verify_status": 2, "platform": "other", "worker": "other"}));
    let answer = worker.send_json(Method::POST, &greedy).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let status = worker.get("/em_status").await;
    assert_eq!(status, ok(json!({"reason": "", "company_name": "彩程", "status": 1, "verify_status": 0})));
}

/// The value with this address wherever it holds one.
fn leading_to(value: Value, address: &str) -> Value {
    match value {
        Value::String(text) if text.starts_with("http") => address.into(),
        Value::Array(elements) => elements.into_iter().map(|element| leading_to(element, address)).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, leading_to(value, address))).collect(),
        other => other,
    }
}

#[tokio::test]
async fn an_address_that_a_caller_gives_is_never_fetched() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/latest/meta-data", listener.local_addr().unwrap());

    let partner = Partner::join(world()).await;
    for kind in &ALL {
        let record = leading_to(kind.example(), &address);
        kind.keeps(&partner, &record).await;
    }
    let user = Board::of(world()).join().await;
    assert_eq!(user.post("/user/update/info", &json!({"avatar": address})).await, done());
    let id = user.post_job(json!({"photo_urls": [address]})).await;
    assert_eq!(user.job(id).await["photo_urls"], json!([address]));
    let worker = Platform::found(world()).await.worker("fetched").await;
    let mut with_pictures = resume();
    for picture in ["id_card_front", "id_card_back"] {
        with_pictures[picture] = address.clone().into();
    }
    assert_eq!(worker.send_json(Method::POST, &with_pictures).await, ok(Value::Null));
    assert_eq!(worker.get("/employee").await.body["data"]["id_card_front"], address);

    // Connections are accepted in their order: the first one is that of the test itself.
    let own = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (_, first) = listener.accept().unwrap();
    assert_eq!(first, own.local_addr().unwrap());
}
