//! The keys of a family: what each is for, how a process takes over a changed secret, and which secrets it rejects.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::Board;
use crate::support::{Partner, Stage, document, problem};

const K2: &str = "22222222222222222222222222222222222222222222";

/// The secret with `k2`, and these other members.
async fn with_k2(stage: &Stage, variable: &str, members: Value) -> Value {
    let mut secret = stage.secret(variable, None).await;
    secret["k2"] = K2.into();
    secret.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    secret
}

/// The key id in the header of a token.
fn key_id(token: &str) -> Value {
    use base64::Engine as _;
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].clone()
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

#[tokio::test]
async fn a_process_reads_its_keys_again_after_five_minutes() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let secret = with_k2(&stage, "CHANNEL_SECRET", json!({"current": "k2", "index": "k1", "accept": ["k1", "k2"]})).await;
    stage.secret("CHANNEL_SECRET", Some(&secret)).await;
    let token = async || partner.new_tokens().await["access_token"].as_str().unwrap().to_owned();
    stage.clock.advance(minutes(5) - SignedDuration::from_secs(1));
    assert_eq!(key_id(&token().await), "k1");
    stage.clock.advance(SignedDuration::from_secs(1));
    let (old, new) = (partner.token.clone(), token().await);
    assert_eq!((key_id(&old), key_id(&new)), (json!("k1"), json!("k2")));
    for token in [&old, &new] {
        let partner = Partner { token: token.clone(), ..partner.clone() };
        assert_eq!(partner.get("/api/v1/tasks").await.status, 200);
    }
    // A key that is listed and not accepted opens stored fields and proves no token.
    let user = partner.post_text("/api/v1/users", document::example("channel_user_id")).await;
    assert_eq!(user.status, 200, "{user:?}");
    let secret = with_k2(&stage, "CHANNEL_SECRET", json!({"current": "k2", "index": "k1", "accept": ["k2"]})).await;
    stage.secret("CHANNEL_SECRET", Some(&secret)).await;
    stage.clock.advance(minutes(5));
    assert_eq!(partner.get("/api/v1/tasks").await, problem(401, 1003, &[]));
    let partner = Partner { token: new, ..partner };
    assert_eq!(partner.get("/api/v1/users/U20240101001").await.body["data"]["id_card"], "110101199001011234");
}

#[tokio::test]
async fn a_token_of_an_unknown_key_makes_a_process_read_its_keys_at_once() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    assert_eq!(partner.get("/api/v1/tasks").await.status, 200);
    let secret = with_k2(&stage, "CHANNEL_SECRET", json!({"current": "k2", "index": "k1", "accept": ["k1", "k2"]})).await;
    stage.secret("CHANNEL_SECRET", Some(&secret)).await;
    let (other, _world) = stage.another_process().await;
    let stranger = Partner { base_url: other.base_url, ..partner.clone() };
    let token = stranger.new_tokens().await["access_token"].as_str().unwrap().to_owned();
    assert_eq!(key_id(&token), "k2");
    let partner = Partner { token, ..partner };
    // The process started just now: unknown keys cause one read in five seconds.
    assert_eq!(partner.get("/api/v1/tasks").await, problem(401, 1003, &[]));
    stage.clock.advance(SignedDuration::from_secs(5));
    assert_eq!(partner.get("/api/v1/tasks").await.status, 200);
}

#[tokio::test]
async fn a_secret_that_contradicts_what_is_stored_is_rejected_in_one_line() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let first = stage.secret("CHANNEL_SECRET", None).await;
    for (members, error) in [
        (json!({"current": "k2", "index": "k2"}), "channel-secret names k2 as index, but records are found by k1"),
        (json!({"current": "k2", "k1": null}), "channel-secret lacks the key k1, which stored records still need"),
    ] {
        let mut secret = with_k2(&stage, "CHANNEL_SECRET", members).await;
        secret.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        stage.secret("CHANNEL_SECRET", Some(&secret)).await;
        let rejected = stage.start_another().await.unwrap_err();
        assert!(rejected.ends_with(error.split_once(' ').unwrap().1) && rejected.lines().count() == 1, "{rejected}");
        // A running process keeps its keys.
        stage.clock.advance(minutes(5));
        assert_eq!(key_id(partner.new_tokens().await["access_token"].as_str().unwrap()), "k1");
        stage.secret("CHANNEL_SECRET", Some(&first)).await;
    }
    stage.start_another().await.unwrap();
    // A key that was current has sealed fields: it stays needed.
    let both = with_k2(&stage, "CHANNEL_SECRET", json!({"current": "k2", "index": "k1"})).await;
    stage.secret("CHANNEL_SECRET", Some(&both)).await;
    stage.start_another().await.unwrap();
    stage.secret("CHANNEL_SECRET", Some(&first)).await;
    let rejected = stage.start_another().await.unwrap_err();
    assert!(rejected.ends_with("lacks the key k2, which stored records still need"), "{rejected}");
}

#[tokio::test]
async fn an_unreadable_secret_leaves_the_old_keys_in_use() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    for wrong in [json!({"current": "k9"}), json!("no object"), json!({"current": "k1", "k1": "short"})] {
        stage.secret("CHANNEL_SECRET", Some(&wrong)).await;
        stage.clock.advance(minutes(5));
        assert_eq!(key_id(partner.new_tokens().await["access_token"].as_str().unwrap()), "k1");
    }
}

#[tokio::test]
async fn the_secret_of_a_mini_program_and_the_merchant_are_read_again() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    user.order_voucher().await;
    let wechat = stage.secret("JOBBOARD_WECHAT_SECRET", None).await;
    let pay = stage.secret("WECHAT_PAY_SECRET", None).await;
    let (mut other_app, mut other_merchant) = (wechat.clone(), pay.clone());
    other_app["secret"] = "of another program".into();
    other_merchant["serial_no"] = "0000".into();
    let log_in = async || {
        let code = user.board.code("login", "someone").await;
        user.board.post("/wechat/user/login", &json!({"login_code": code})).await.status
    };
    let buy = async || user.post("/contact_voucher/buy", &json!({"price": 3.99, "contact_voucher_num": 1})).await.status;
    let before = (log_in().await, buy().await);
    stage.secret("JOBBOARD_WECHAT_SECRET", Some(&other_app)).await;
    stage.secret("WECHAT_PAY_SECRET", Some(&other_merchant)).await;
    assert_eq!((log_in().await, buy().await), before);
    stage.clock.advance(minutes(5));
    assert_eq!(log_in().await, 500);
    stage.secret("JOBBOARD_WECHAT_SECRET", Some(&wechat)).await;
    stage.clock.advance(minutes(5));
    assert_eq!((log_in().await, buy().await), (before.0, 500));
    stage.secret("WECHAT_PAY_SECRET", Some(&pay)).await;
    stage.clock.advance(minutes(5));
    assert_eq!((log_in().await, buy().await), before);
}
