//! Cases that the matrix does not cover: reads, sequences of requests, and what other clients see meanwhile.

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{self, Board, done, own_rejection};
use crate::support::partner::tokens;
use crate::support::product::{EMPLOYEE, MOBILE, Product, body, rejection};
use crate::support::resource::ALL;
use crate::support::wire::Failure;
use crate::support::{Fault, Partner, Response, Stage, fetch, problem, success};

#[tokio::test]
async fn throttled_reads_succeed_or_return_a_server_error() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let records = partner.push_examples(&["users", "companies", "tasks"]).await;
    let user = success(records[0].clone());
    let tasks = success(json!({"list": [records[2]], "total": 1, "page": 1, "page_size": 20, "next_cursor": null}));
    let reads = [
        ("/api/v1/users/U20240101001", "GetItem", &user),
        ("/api/v1/tasks", "Query", &tasks),
        ("/api/v1/tasks", "BatchGetItem", &tasks),
        ("/api/v1/tasks?status=open", "Query", &tasks),
    ];
    for (path, operation, expected) in reads {
        stage.inject_into(operation, &[Fault::Throttled; 2]);
        assert_eq!(partner.get(path).await, *expected, "{path}, {operation}");
        assert_eq!(stage.clear_faults(), 0);
        stage.inject_into(operation, &[Fault::Throttled; 30]);
        assert_eq!(partner.get(path).await, problem(500, 5001, &[]), "{path}, {operation}");
        assert!(stage.clear_faults() < 30);
        assert_eq!(partner.get(path).await, *expected, "{path}, {operation}");
    }
}

#[tokio::test]
async fn a_channel_whose_status_cannot_be_read_is_not_let_in() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    stage.inject(&[Fault::Throttled; 30]);
    assert_eq!(partner.post("/api/v1/users", &ALL[0].example()).await, problem(500, 5001, &[]));
    stage.clear_faults();
    let missing = problem(404, 1001, &[("channel_user_id", "does not exist")]);
    assert_eq!(partner.get("/api/v1/users/U20240101001").await, missing);
}

/// Sends a refresh token.
async fn refresh(partner: &Partner, token: &Value) -> Response {
    let body = json!({"refresh_token": token, "grant_type": "refresh_token"});
    partner.send(Method::POST, "/api/v1/auth/refresh", None, Some(body.to_string())).await
}

#[tokio::test]
async fn a_refresh_token_has_one_successor_whatever_fails() {
    let stage = Stage::open().await;
    let survived: [&[Fault]; 4] =
        [&[Fault::Throttled; 2], &[Fault::Conflict; 5], &[Fault::ResponseLost], &[Fault::ResponseLost, Fault::Conflict]];
    for faults in survived {
        let partner = Partner::join(&stage.address).await;
        let token = partner.new_tokens().await["refresh_token"].clone();
        stage.inject_into("TransactWriteItems", faults);
        let response = refresh(&partner, &token).await;
        assert_eq!(stage.clear_faults(), 0, "{faults:?}");
        let (_, successor) = tokens(&response);
        // The successor is the same whether or not the first response arrived.
        assert_eq!(refresh(&partner, &token).await, response, "{faults:?}");
        tokens(&refresh(&partner, &successor.into()).await);
    }
    for fault in [Fault::Throttled, Fault::Conflict, Fault::ResponseLost] {
        let partner = Partner::join(&stage.address).await;
        let token = partner.new_tokens().await["refresh_token"].clone();
        stage.inject_into("TransactWriteItems", &[fault; 60]);
        assert_eq!(refresh(&partner, &token).await, problem(500, 5001, &[]), "{fault:?}");
        assert!(stage.clear_faults() < 60);
        let response = refresh(&partner, &token).await;
        let (_, successor) = tokens(&response);
        assert_eq!(refresh(&partner, &token).await, response, "{fault:?}");
        tokens(&refresh(&partner, &successor.into()).await);
    }
}

/// The first request of a process that needs the secrets of WeChat or WeChat Pay reads them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_a_failed_load_of_a_secret_the_next_request_loads_it_again() {
    join_all([Failure::Rejected, Failure::LostOnce, Failure::Never, Failure::ThrottledTwice].map(|failure| {
        async move {
            let broken = board::rejection(500, "try again later");
            let stage = Stage::open().await;
            let board = Board::of(&stage.address);
            // The process has started and has read its keys.
            assert_eq!(fetch(board.request(Method::GET, "/user/info")).await.status, 401);
            stage.wire.fail_call("GetSecretValue", 0, failure);
            let codes = json!({
                "login_code": board.code("login", "first").await, "phone_code": board.code("phone", "13900139001").await,
            });
            let is_expected =
                |first: &Response| if failure == Failure::Rejected { *first == broken } else { first.status == 200 };
            let first = board.post("/wechat/user/register", &codes).await;
            assert!(is_expected(&first) && stage.clear_faults() == 0, "{failure:?}: {first:?}");
            let user = board.register("first", "13900139001").await;

            let unknown = user.post("/order/status", &json!({"order_no": "CV202401151830000000000"})).await;
            assert_eq!(unknown.status, 404, "{unknown:?}");
            stage.wire.fail_call("GetSecretValue", 0, failure);
            let voucher = json!({"price": 3.99, "contact_voucher_num": 1});
            let first = user.post_once("/contact_voucher/buy", "k", &voucher).await;
            assert!(is_expected(&first) && stage.clear_faults() == 0, "{failure:?}: {first:?}");
            assert_eq!(user.post_once("/contact_voucher/buy", "k", &voucher).await.status, 200, "{failure:?}");

            let items = stage.items("jobboard").await;
            for kind in ["user#", "order#"] {
                let of_kind = items.iter().filter(|item| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with(kind)));
                assert_eq!(of_kind.count(), 1, "{failure:?}, {kind}");
            }
        }
    }))
    .await;
}

/// As many conflicts as concurrent writes of one record cause.
#[tokio::test]
async fn concurrent_writes_to_one_record_all_succeed() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    partner.push_examples(ALL[3].needs).await;
    stage.inject_into("TransactWriteItems", &[Fault::Conflict; 25]);
    let posted = partner.post(ALL[3].path, &ALL[3].example()).await;
    ALL[3].whole(&posted, &ALL[3].example());
    assert_eq!(stage.clear_faults(), 0);
}

/// The SDK retries the write and conflicts with its own earlier write: the returned secret must work.
#[tokio::test]
async fn a_channels_secret_works_although_the_response_to_its_write_was_lost() {
    let stage = Stage::open().await;
    let http = local::http::client();
    let commands = [
        json!({"command": "create_channel", "appkey": "unlucky"}),
        json!({"command": "rotate_channel_secret", "appkey": "unlucky"}),
    ];
    for command in commands {
        stage.inject_into("TransactWriteItems", &[Fault::ResponseLost]);
        let issued = stage.address.command(&command).await;
        assert_eq!(stage.clear_faults(), 0);
        let credentials =
            json!({"appkey": "unlucky", "secret": issued["secret"], "grant_type": "client_credentials"}).to_string();
        let request = http.post(format!("{}/api/v1/auth/token", stage.address.base_url));
        tokens(&fetch(request.header("content-type", "application/json").body(credentials)).await);
    }
}

#[tokio::test]
async fn an_access_keys_secret_works_although_the_response_to_its_write_was_lost() {
    let stage = Stage::open().await;
    let mut product = Product::join_stage(&stage).await;
    let row = json!({"uuid": "e".repeat(32), "name": "甲"}).to_string();
    product.command(json!({"command": "import_hris", "kind": "companies", "rows": row})).await;
    product.command(json!({"command": "create_product", "product_id": "p", "name": "考勤"})).await;
    stage.inject_into("TransactWriteItems", &[Fault::ResponseLost]);
    let pair = json!({"command": "create_access_key", "product_id": "p", "company_uuid": "e".repeat(32)});
    let key = product.command(pair).await;
    assert_eq!(stage.clear_faults(), 0);
    product.access_key = key["access_key"].as_str().expect("a key").to_owned();
    product.secret_key = key["secret_key"].as_str().expect("a secret").to_owned();
    assert_eq!(product.get("/api/v2/departments", Value::Null).await, body(json!([])));
    stage.inject_into("TransactWriteItems", &[Fault::ResponseLost]);
    let rotated = product.command(json!({"command": "rotate_access_key", "access_key": product.access_key})).await;
    assert_eq!(stage.clear_faults(), 0);
    product.secret_key = rotated["secret_key"].as_str().expect("a secret").to_owned();
    stage.expire_caches();
    assert_eq!(product.get("/api/v2/departments", Value::Null).await, body(json!([])));
}

/// The process ends after it claimed a visit: a replay reports success only after the message was sent.
#[tokio::test]
async fn a_replay_announces_a_visit_whose_announcement_was_interrupted() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let path = format!("/api/v2/employees/{EMPLOYEE}/notify");
    let payload = product.with_token(json!({"name": "曹操", "time": "15:00"})).to_string();
    let tonce = product.tonce();
    let signature = product.sign("POST", &path, &tonce, &payload);
    let query = [("access_key", product.access_key.as_str()), ("tonce", &tonce), ("signature", &signature)];
    let replay = async || product.send(Method::POST, &path, &query, Some(payload.clone())).await;
    stage.inject_into("TransactWriteItems", &[Fault::ResponseLost; 30]);
    assert_eq!(replay().await, rejection(500, 9001, "internal error"));
    assert!(stage.clear_faults() < 30);
    // As if the process had ended here.
    let claims = stage.items("credentials").await.into_iter().filter(|item| item.get("claimed_until").is_some());
    for mut claim in claims {
        claim["claimed_until"] = json!({"N": ((stage.clock_seconds() + 15) * 1000).to_string()});
        stage.database("PutItem", &json!({"TableName": "credentials", "Item": claim})).await;
    }
    // For fifteen seconds the process that made the claim may still send the message.
    stage.clock.advance(SignedDuration::from_secs(14));
    assert_eq!(replay().await, rejection(429, 2002, "too many requests: try again later"));
    assert_eq!(stage.address.messages(MOBILE).await.len(), 0);
    for seconds in [1, 15, 60] {
        stage.clock.advance(SignedDuration::from_secs(seconds));
        assert_eq!(replay().await.status, 200);
        assert_eq!(stage.address.messages(MOBILE).await.len(), 1, "{seconds}");
    }
}

/// An order is interrupted after its first write: a retry with the same key completes it, and its payment is granted.
#[tokio::test]
async fn an_interrupted_order_is_resumed_under_its_key_and_paid() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    let buy = json!({"price": 3.99, "contact_voucher_num": 1});
    // The order is stored, WeChat Pay has it, and then DynamoDB fails.
    stage.inject_into("TransactWriteItems", &[Fault::ResponseLost]);
    stage.inject_into("TransactWriteItems", &[Fault::Throttled; 60]);
    let broken = user.post_once("/contact_voucher/buy", "k", &buy).await;
    assert_eq!((broken.status, &broken.body["message"]), (500, &json!("Internal Server Error")));
    stage.clear_faults();
    let placed = user.post_once("/contact_voucher/buy", "k", &buy).await;
    assert_eq!(placed.status, 200, "{placed:?}");
    assert_eq!(user.post_once("/contact_voucher/buy", "k", &buy).await, placed);
    let number = placed.body["data"]["order_no"].as_str().unwrap();
    assert_eq!(board.pay(number).await, json!({"notified_status": 200}));
    assert_eq!(user.order_status(number).await, "paid");
    assert_eq!(user.ledger().await, (1, vec![1], 1));
}

#[tokio::test]
async fn the_last_voucher_is_spent_once_although_the_response_of_dynamodb_is_lost() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (caller, owner) = (board.join().await, board.join().await);
    let job = owner.post_job(json!({})).await;
    caller.adjust_vouchers(1).await;
    stage.clock.advance(SignedDuration::from_millis(1));
    stage.inject_into("TransactWriteItems", &[Fault::ResponseLost]);
    assert_eq!(caller.call(job).await, done());
    assert_eq!(caller.ledger().await, (0, vec![-1, 1], 2));
    assert_eq!(caller.call(job).await, own_rejection(1002, "not enough contact vouchers"));
}
