//! The local system: the data that it keeps, the requests that its gateway rejects, and the contents of its tables.

use std::collections::BTreeSet;
use std::path::Path;

use local::{Options, World};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::runtime::environment::Environment;
use shared::storage::objects::Content;
use tokio::net::TcpListener;

use crate::support::board::{Board, User};
use crate::support::partner::tokens;
use crate::support::resource::{ALL, USERS};
use crate::support::{Address, Partner, Response, Stage, fetch, problem, success, world};

async fn start(data_dir: &Path, fresh: bool) -> World {
    World::start(Options { data_dir: Some(data_dir.to_owned()), fresh, demo: true, ..Options::default() }).await.unwrap()
}

/// A partner with existing credentials.
async fn with_credentials(world: &World, credentials: &Value) -> Partner {
    let text = |member: &str| credentials[member].as_str().unwrap().to_owned();
    let (base_url, http) = (world.base_url.clone(), local::http::client());
    let mut partner = Partner { base_url, appkey: text("appkey"), secret: text("secret"), token: String::new(), http };
    partner.token = partner.new_tokens().await["access_token"].as_str().unwrap().to_owned();
    partner
}

fn demo(data_dir: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(data_dir.join("demo.json")).unwrap()).unwrap()
}

/// The expected credentials of a demo company. The secrets differ in each folder.
fn hris(demo: &Value, company: &str, mobile: &str) -> Value {
    let secret = |value: &Value| {
        let text = value.as_str().expect("a secret").to_owned();
        assert_eq!(text.len(), 43, "256 bits");
        text
    };
    json!({
        "access_key": demo["access_key"], "secret_key": secret(&demo["secret_key"]), "token": secret(&demo["token"]),
        "company_uuid": company,
        "oauth": {
            "app_id": demo["oauth"]["app_id"], "app_secret": secret(&demo["oauth"]["app_secret"]),
            "callback_url": "https://app.example.com/callback", "employee_mobile": mobile,
        },
    })
}

#[tokio::test]
async fn demo_json_holds_the_addresses_and_credentials_that_work() {
    let folder = tempfile::tempdir().unwrap();
    let world = start(folder.path(), false).await;
    let demo = demo(folder.path());
    let channel = demo["channel"].as_array().unwrap();
    let secrets: Vec<&Value> = channel.iter().map(|channel| &channel["secret"]).collect();
    let expected = json!({
        "base_url": world.base_url,
        "dynamodb_url": world.dynamodb_url,
        "s3_url": world.s3_url,
        "sms_outbox_url": world.sms_outbox_url,
        "wechat_url": world.wechat_url,
        "signing": {"platform_code": "gongqiao", "company_id": 12, "handler_id": 12},
        "jobboard": {"user_code": "demo-user", "merchant_code": "demo-merchant"},
        "hris": hris(&demo["hris"], "a0000000000000000000000000000000", "18602000001"),
        "hris_other": hris(&demo["hris_other"], "b0000000000000000000000000000000", "18603000001"),
        "channel": [
            {"appkey": "channel_001", "secret": secrets[0]},
            {"appkey": "channel_002", "secret": secrets[1]},
        ],
        // `tests/src/local/staff.rs` tests them.
        "staff": demo["staff"],
    });
    assert_eq!(demo, expected);
    assert_ne!(secrets[0], secrets[1]);
    for credentials in channel {
        let partner = with_credentials(&world, credentials).await;
        assert_eq!(partner.get("/api/v1/tasks").await.status, 200);
    }
    world.stop().await;
}

#[tokio::test]
async fn all_data_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let world = start(folder.path(), false).await;
    let before = demo(folder.path());
    let mut partner = with_credentials(&world, &before["channel"][0]).await;
    let refresh_token = partner.new_tokens().await["refresh_token"].clone();
    let names = ALL.each_ref().map(|kind| kind.name);
    let records = partner.push_examples(&names).await;
    assert_eq!(records[0]["id_card"], "110101199001011234");
    assert_eq!(records[4]["bank_account"], "6222021234567890123");
    let upload = json!({"purpose": "resume", "content_type": "application/pdf", "size": 8});
    let upload = partner.post("/api/v1/uploads", &upload).await.body["data"].clone();
    let mut put = partner.http.put(upload["upload_url"].as_str().unwrap()).body("%PDF-1.7");
    for (name, value) in upload["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length") {
        put = put.header(name, value.as_str().unwrap());
    }
    assert_eq!(fetch(put).await.status, 200);
    let file = upload["url"].as_str().unwrap().strip_prefix(&world.base_url).unwrap();
    world.stop().await;

    let world = start(folder.path(), false).await;
    assert_eq!(demo(folder.path())["channel"], before["channel"]);
    partner.base_url.clone_from(&world.base_url);
    partner.http = local::http::client();
    for (kind, record) in ALL.iter().zip(&records) {
        assert_eq!(partner.get(&kind.example_path()).await, success(record.clone()), "{}", kind.name);
    }
    let found = partner.http.get(format!("{}{file}", world.base_url)).bearer_auth(&partner.token).send().await.unwrap();
    assert_eq!((found.status().as_u16(), found.text().await.unwrap().as_str()), (200, "%PDF-1.7"));
    let body = json!({"refresh_token": refresh_token, "grant_type": "refresh_token"}).to_string();
    let refreshed = partner.send(Method::POST, "/api/v1/auth/refresh", None, Some(body)).await;
    tokens(&refreshed);
    with_credentials(&world, &before["channel"][1]).await;
    // A repeated POST returns the first response.
    for (kind, record) in ALL.iter().zip(&records) {
        assert_eq!(kind.create(&partner, &kind.example()).await, *record, "{}", kind.name);
    }
    world.stop().await;
}

#[tokio::test]
async fn a_fresh_start_has_no_earlier_data() {
    let folder = tempfile::tempdir().unwrap();
    let world = start(folder.path(), false).await;
    let before = demo(folder.path());
    let mut old = with_credentials(&world, &before["channel"][0]).await;
    old.push_examples(&["users"]).await;
    world.stop().await;
    std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();

    let world = start(folder.path(), true).await;
    old.base_url.clone_from(&world.base_url);
    assert_eq!(old.get("/api/v1/users/U20240101001").await, problem(401, 1003, &[]));
    let credentials = json!({"appkey": old.appkey, "secret": old.secret, "grant_type": "client_credentials"});
    let token = old.send(Method::POST, "/api/v1/auth/token", None, Some(credentials.to_string())).await;
    assert_eq!(token, problem(401, 1002, &[]));
    let new = with_credentials(&world, &demo(folder.path())["channel"][0]).await;
    let missing = problem(404, 1001, &[("channel_user_id", "does not exist")]);
    assert_eq!(new.get("/api/v1/users/U20240101001").await, missing);
    assert_eq!(std::fs::read_to_string(folder.path().join("notes.txt")).unwrap(), "mine");
    world.stop().await;
}

#[tokio::test]
async fn a_lost_demo_json_is_recreated_with_secrets_that_work() {
    let folder = tempfile::tempdir().unwrap();
    let world = start(folder.path(), false).await;
    let partner = with_credentials(&world, &demo(folder.path())["channel"][0]).await;
    partner.push_examples(&["users"]).await;
    world.stop().await;
    // More rotations than a channel may have secrets.
    for _ in 0..3 {
        std::fs::remove_file(folder.path().join("demo.json")).unwrap();
        let world = start(folder.path(), false).await;
        let partner = with_credentials(&world, &demo(folder.path())["channel"][0]).await;
        assert_eq!(partner.get("/api/v1/users/U20240101001").await.body["data"]["name"], "张三");
        world.stop().await;
    }
}

#[tokio::test]
async fn a_taken_port_is_reported_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = World::start(Options { port, ..Options::default() }).await.err();
    assert_eq!(error, Some(format!("port {port} is taken: choose another one with --port")));
}

#[tokio::test]
async fn a_fresh_start_on_a_taken_port_leaves_the_data_alone() {
    let folder = tempfile::tempdir().unwrap();
    let world = start(folder.path(), false).await;
    let partner = with_credentials(&world, &demo(folder.path())["channel"][0]).await;
    partner.push_examples(&["users"]).await;
    let port = world.base_url.rsplit(':').next().unwrap().parse().unwrap();
    let second = Options { port, data_dir: Some(folder.path().to_owned()), fresh: true, ..Options::default() };
    assert!(World::start(second).await.is_err());
    assert_eq!(partner.get("/api/v1/users/U20240101001").await.status, 200);
    world.stop().await;
    let world = start(folder.path(), false).await;
    let partner = with_credentials(&world, &demo(folder.path())["channel"][0]).await;
    assert_eq!(partner.get("/api/v1/users/U20240101001").await.status, 200);
    world.stop().await;
}

/// A response of the gateway itself.
fn rejection(status: u16, message: &str) -> Response {
    Response { status, body: json!({"message": message}) }
}

#[tokio::test]
async fn the_gateway_responds_itself_outside_the_api() {
    let http = local::http::client();
    for path in ["/api", "/api/v3/users", "/index.html", "/api/v10/users"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let request = http.request(method, format!("{}{path}", world().base_url));
            assert_eq!(fetch(request).await, rejection(404, "Not Found"), "{path}");
        }
    }
    let inside = http.get(format!("{}/api/v1/nowhere", world().base_url));
    assert_eq!(fetch(inside).await, problem(404, 1001, &[("path", "does not exist")]));
}

#[tokio::test]
async fn request_line_and_headers_may_be_10_240_bytes_together() {
    let partner = Partner::join(world()).await;
    let with_padding = |length: usize| {
        let request = partner.http.get(format!("{}/api/v1/tasks", partner.base_url));
        fetch(request.bearer_auth(&partner.token).header("x-padding", "p".repeat(length)))
    };
    let too_large = rejection(431, "Request Header Fields Too Large");
    assert_eq!(with_padding(9_000).await.status, 200);
    assert_eq!(with_padding(10_240).await, too_large);
    let long_query = partner.http.get(format!("{}/api/v1/tasks?q={}", partner.base_url, "q".repeat(10_240)));
    assert_eq!(fetch(long_query).await, too_large);
    // Bisects for the largest padding that the gateway accepts.
    let (mut fits, mut exceeds) = (9_000, 10_240);
    while exceeds - fits > 1 {
        let middle = usize::midpoint(fits, exceeds);
        let response = with_padding(middle).await;
        if response == too_large {
            exceeds = middle;
        } else {
            assert_eq!(response.status, 200, "{middle}");
            fits = middle;
        }
    }
    let others = "GET".len() + "/api/v1/tasks".len() + "x-padding".len();
    assert!(fits + others < 10_240 && fits + others > 9_500, "{fits}");
}

#[tokio::test]
async fn a_body_may_have_10_mib_at_the_gateway_and_one_at_an_endpoint() {
    const MIB: usize = 1024 * 1024;
    let partner = Partner::join(world()).await;
    let with_body = async |size: usize| partner.post_text("/api/v1/users", &"1".repeat(size)).await;
    assert_eq!(with_body(10 * MIB + 1).await, rejection(413, "Request Entity Too Large"));
    // Next comes Lambda's limit of 6 MiB for an event, then the endpoint's own.
    assert_eq!(with_body(10 * MIB).await, rejection(413, "Request Entity Too Large"));
    assert_eq!(with_body(MIB + 1).await, problem(413, 1001, &[("$", "is larger than 1 MiB")]));
    assert_eq!(with_body(MIB).await.status, 400);
}

#[tokio::test]
async fn no_table_holds_a_secret_in_the_clear() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let tokens = partner.new_tokens().await;
    let refresh = json!({"refresh_token": tokens["refresh_token"], "grant_type": "refresh_token"}).to_string();
    let refreshed = partner.send(Method::POST, "/api/v1/auth/refresh", None, Some(refresh)).await.body["data"].clone();
    partner.push_examples(&ALL.each_ref().map(|kind| kind.name)).await;
    partner.put("/api/v1/users/U20240101001", &json!({"id_card": "110101199001015678"})).await;
    let rotated = partner.administer("rotate_channel_secret").await;

    let (records, credentials) = (stage.items("channel").await, stage.items("credentials").await);
    let of_partner = |items: &[Value]| items.iter().filter(|item| item.to_string().contains(&partner.appkey)).count();
    assert_eq!(of_partner(&records), 6, "the channel and five records");
    assert_eq!(of_partner(&credentials), 2, "a family of refresh tokens for each login");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let secrets = [
        "110101199001011234".to_owned(),
        "110101199001015678".to_owned(),
        "13800138000".to_owned(),
        "010-12345678".to_owned(),
        "6222021234567890123".to_owned(),
        partner.secret.clone(),
        text(&rotated["secret"]),
        text(&tokens["refresh_token"]),
        text(&refreshed["refresh_token"]),
        text(&tokens["access_token"]),
        partner.token.clone(),
    ];
    let stored = json!([records, credentials]).to_string();
    assert!(
        stored.contains("某某科技有限公司") && stored.contains("IOU20240220001"),
        "public values show that the tables were read"
    );
    for secret in secrets {
        assert!(!stored.contains(&secret), "{secret} is stored in the clear");
    }
    // Nor is the random part of a refresh token stored, from which the token could be derived.
    for token in [&tokens["refresh_token"], &refreshed["refresh_token"]] {
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text(token)).unwrap();
        let random = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &bytes[16..48]);
        assert!(!stored.contains(&random));
    }

    let family = credentials.iter().find(|item| item.get("current").is_some()).expect("a family");
    let family: BTreeSet<&str> = family.as_object().unwrap().keys().map(String::as_str).collect();
    let attributes = ["pk", "sk", "current", "previous", "secret_id", "epoch", "expires_at", "due", "due_at"];
    assert!(family.is_subset(&BTreeSet::from(attributes)), "{family:?}");
}

#[tokio::test]
async fn a_sealed_value_differs_in_each_record_and_opens_only_in_its_own() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let mut user = ALL[0].example();
    for id in ["one", "two"] {
        user["channel_user_id"] = id.into();
        USERS.create(&partner, &user).await;
    }
    let sealed = async |id: &str| {
        let key = json!({"pk": {"S": format!("{}#{id}", partner.appkey)}, "sk": {"S": "user"}});
        stage.database("GetItem", &json!({"TableName": "channel", "Key": key})).await["Item"].clone()
    };
    let (one, mut two) = (sealed("one").await, sealed("two").await);
    assert!(one["sealed"]["S"].is_string() && one["sealed"] != two["sealed"]);
    two["sealed"] = one["sealed"].clone();
    stage.database("PutItem", &json!({"TableName": "channel", "Item": two})).await;
    assert_eq!(partner.get("/api/v1/users/two").await, problem(500, 5001, &[]));
    assert_eq!(partner.get("/api/v1/users/one").await.body["data"]["id_card"], "110101199001011234");
}

#[tokio::test]
async fn the_local_system_listens_only_on_the_loopback() {
    let address = world();
    for url in [&address.base_url, &address.dynamodb_url, &address.sms_outbox_url] {
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    }
}

/// As S3 does: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>.
#[tokio::test]
async fn a_bucket_that_locks_its_objects_rejects_one_without_a_checksum() {
    let stage = Stage::open().await;
    let environment = Environment::new(stage.address.variables.clone(), stage.clock.clone());
    let copies = environment.objects(environment.required("AUDIT_BUCKET").unwrap());
    let put = async |key: &str, sha256: Option<[u8; 32]>| {
        let presigned = copies.presign_put(key, &Content { content_type: "text/plain", size: 4, sha256 }).await.unwrap();
        let request = local::http::client().put(presigned.url).body("copy");
        let request = presigned.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (status, rejected) = put("without", None).await;
    assert!(status == 400 && rejected.contains("<Code>InvalidRequest</Code>"), "{status} {rejected}");
    assert_eq!(put("with", Some(Sha256::digest("copy").into())).await.0, 200);
    copies.put("ours", b"copy".to_vec(), "text/plain").await.unwrap();
    assert_eq!(copies.list("").await.unwrap(), ["ours", "with"]);
}

#[tokio::test]
async fn two_systems_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data_dir: Some(folder.path().to_owned()), fresh: true, ..Options::default() };
    let first = World::start(options()).await.unwrap();
    let error = World::start(options()).await.err().unwrap();
    assert_eq!(
        error,
        format!("{} is held by another one: end it, or choose another --data-dir", folder.path().join("lock").display())
    );
    first.stop().await;
    World::start(options()).await.unwrap().stop().await;
}

#[tokio::test]
async fn demo_credentials_work_even_if_the_database_was_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data_dir: Some(folder.path().to_owned()), demo: true, ..Options::default() };
    World::start(options()).await.unwrap().stop().await;
    for file in ["dynamodb.sqlite", "dynamodb.sqlite-wal", "dynamodb.sqlite-shm"] {
        let _ = std::fs::remove_file(folder.path().join(file));
    }
    let world = World::start(options()).await.unwrap();
    for channel in &world.demo.as_ref().unwrap().channel {
        let credentials =
            json!({"appkey": channel.appkey, "secret": channel.secret, "grant_type": "client_credentials"}).to_string();
        let request = local::http::client().post(format!("{}/api/v1/auth/token", world.base_url));
        tokens(&fetch(request.header("content-type", "application/json").body(credentials)).await);
    }
}

/// The simulator of WeChat Pay knows its orders and refunds again.
#[tokio::test]
async fn orders_and_refunds_at_wechat_pay_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let world = start(folder.path(), false).await;
    let user = Board::of(&Address::of(&world)).join().await;
    let (refunded, unpaid) = (user.order_voucher().await, user.order_voucher().await);
    assert_eq!(user.board.pay(&refunded).await, json!({"notified_status": 200}));
    let refund = json!({"order_no": refunded, "reason": "用户申请", "by": "zhangsan"});
    assert_eq!(user.board.command("refund_order", refund).await["status"], "refunding");
    world.stop().await;

    let world = start(folder.path(), false).await;
    let user = User { board: Board::of(&Address::of(&world)), ..user };
    let queried = user.board.command("query_order", json!({"order_no": refunded, "by": "zhangsan"})).await;
    assert_eq!(queried["status"], "refunded", "{queried}");
    // Its notification would go to the port of the earlier run.
    let paid = user.board.simulate("pay", &json!({"out_trade_no": unpaid, "notify": false})).await;
    assert_eq!(paid.body, json!({"notified_status": 0}));
    assert_eq!(user.order_status(&unpaid).await, "paid");
    world.stop().await;
    // A fresh start forgets them.
    let world = start(folder.path(), true).await;
    assert_eq!(Board::of(&Address::of(&world)).pay(&unpaid).await["code"], "ORDER_NOT_EXIST");
    world.stop().await;
}
