//! Each function's policy in `template.yaml` grants the calls that the function makes, and no others.
//!
//! Every test shows that no grant is missing: `local` rejects a call without one, as AWS does. The test here shows that no grant is
//! superfluous. It makes every write of the fault matrix, sends every example of the OpenAPI documents, and makes the few calls of
//! [`beyond_writes_and_examples`]; a grant that none of these uses fails it.

use std::collections::BTreeSet;

use image::ImageFormat;
use jiff::SignedDuration;
use local::policies::{Grant, Need, Policies};
use local::template::Template;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;
use shared::values::LocalTime;

use crate::contract::examples;
use crate::quality::faults;
use crate::support::board::{Board, User};
use crate::support::long::Long;
use crate::support::picture::{picture, send_form};
use crate::support::product::{EMPLOYEE, Product, numbered};
use crate::support::receiver::{Reaction, Receiver};
use crate::support::worker::{Platform, resume};
use crate::support::{Partner, Stage, fetch};

fn policies() -> Policies {
    Policies::of(Template::read().unwrap()).unwrap()
}

/// Whether a function may do this. `context` is what the service says about the request.
fn may(function: &str, action: &str, resource: &str, context: Option<(&'static str, &str)>) -> bool {
    let context = context.map(|(key, value)| (key, value.to_owned()));
    policies().granting(function, &Need { action: action.into(), resource: resource.into(), context }).is_some()
}

#[test]
fn text_messages_go_to_phones_and_to_no_topic() {
    for function in ["signing-session", "hris-integration", "ops-outbox"] {
        assert!(may(function, "sns:Publish", "+8613800138000", None), "{function}");
        assert!(!may(function, "sns:Publish", "arn:aws:sns:us-east-1:123456789012:alarms", None), "{function}");
    }
}

#[test]
fn a_key_opens_only_what_a_service_reads_for_a_function_of_its_family() {
    let decrypts = |function: &str, key: &str, service: &str| {
        may(function, "kms:Decrypt", key, Some(("kms:ViaService", &format!("{service}.us-east-1.amazonaws.com"))))
    };
    assert!(decrypts("channel-users", "channel-key", "dynamodb"));
    assert!(decrypts("channel-users", "channel-key", "secretsmanager"));
    assert!(!decrypts("channel-users", "channel-key", "s3"));
    for key in ["hris-key", "signing-key", "jobboard-key", "staff-key", "key"] {
        assert!(!decrypts("channel-users", key, "dynamodb"), "{key}");
    }
    // Not with a call of the function itself.
    assert!(!may("channel-users", "kms:Decrypt", "channel-key", None));
    let grants = policies().grants;
    let unconditional = grants.iter().filter(|grant| grant.action.starts_with("kms:") && grant.condition.is_none());
    assert_eq!(unconditional.map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn objects_are_listed_only_below_the_prefixes_of_a_function() {
    let lists =
        |prefix: Option<&str>| may("signing-image", "s3:ListBucket", "uploads", prefix.map(|prefix| ("s3:prefix", prefix)));
    assert!(lists(Some("signing/gongqiao/1/1.png")));
    for prefix in [None, Some(""), Some("img/1.png"), Some("signing")] {
        assert!(!lists(prefix), "{prefix:?}");
    }
    let grants = policies().grants;
    let unconditional = grants.iter().filter(|grant| grant.action.starts_with("s3:ListBucket") && grant.condition.is_none());
    assert_eq!(unconditional.map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_function_is_granted_what_it_never_uses() {
    let (mut used, of_examples, of_others, of_rotation, of_messages) = tokio::join!(
        Box::pin(faults::grants_used()),
        Box::pin(examples::grants_used()),
        Box::pin(beyond_writes_and_examples()),
        Box::pin(crate::ops::rotation::grants_used()),
        Box::pin(crate::ops::text_messages::grants_used())
    );
    used.extend(of_examples);
    used.extend(of_others);
    used.extend(of_rotation);
    used.extend(of_messages);
    // `ops-console` executes the commands of `ops-admin`, and shares its policies.
    let by_either = |grant: Grant| match grant.function.as_str() {
        "ops-console" => Grant { function: "ops-admin".into(), ..grant },
        _ => grant,
    };
    let used: BTreeSet<Grant> = used.into_iter().map(by_either).collect();
    let granted: BTreeSet<Grant> = policies().grants.into_iter().map(by_either).collect();
    let unused: Vec<String> = granted.difference(&used).map(ToString::to_string).collect();
    assert_eq!(unused, [""; 0], "template.yaml grants it, and no call uses it");
    assert!(used.is_subset(&granted));
}

/// Calls that no example makes: missing objects, lists, sessions that are a day old, access tokens, existing snapshots.
async fn beyond_writes_and_examples() -> BTreeSet<Grant> {
    // S3 rejects a form unless it was signed minutes ago.
    let stage = Stage::open_now_with(&[("MODERATION", "publish")]).await;
    channel(&stage).await;
    jobboard(&stage).await;
    bursts(&stage).await;
    crate::console::sheets::grants_used(&stage).await;
    let day = LocalTime::from(stage.clock.now()).date();
    // Days pass in these, so they come last.
    Box::pin(hris(&stage)).await;
    signing(&stage).await;
    let reconciled = stage.address.invoke("jobboard-reconcile", &json!({"day": day})).await;
    assert_eq!(reconciled.body["payments_there"], 1, "{reconciled:?}");
    stage.wire.grants_used()
}

async fn channel(stage: &Stage) {
    let partner = Partner::join(&stage.address).await;
    assert_eq!(partner.get("/api/v1/uploads/resume-1.pdf").await.status, 404);
    let listed = stage.address.command(&json!({"command": "list_channels"})).await;
    assert_eq!(listed["channels"][0]["appkey"], partner.appkey, "{listed}");
    let staff = stage.address.command(&json!({"command": "list_staff"})).await;
    assert_eq!(staff, json!({"staff": [], "next_cursor": null}));
    let recorded = stage.address.command(&json!({"command": "audit", "actor": "ops-admin/ops-admin"})).await;
    assert_eq!(recorded["records"][0]["action"], "create_channel", "{recorded}");
    // A search for an unknown request reads every log group.
    let mut find = json!({"command": "find_request", "request_id": "unknown", "day": "2024-01-15"});
    loop {
        let found = stage.address.command(&find).await;
        assert_eq!(found["requests"], json!([]), "{found}");
        find["cursor"] = found["next_cursor"].clone();
        if find["cursor"].is_null() {
            return;
        }
    }
}

/// As many failed sign-ins as a limit allows, and one more.
async fn bursts(stage: &Stage) {
    let sign_in = async |path: &str, body: &serde_json::Value| {
        fetch(local::http::client().post(format!("{}{path}", stage.address.base_url)).json(body)).await.status
    };
    let refused = async |path: &str, body: &serde_json::Value| {
        for _ in 0..40 {
            if sign_in(path, body).await == 429 {
                return;
            }
        }
        panic!("{path} is never refused");
    };
    let wrong = json!({"appkey": "unknown", "secret": "wrong", "grant_type": "client_credentials"});
    refused("/api/v1/auth/token", &wrong).await;
    let platform = Platform::create(&stage.address).await;
    let board = json!({"login_code": "wrong-code"});
    sign_in("/wechat/user/login", &board).await;
    platform.log_in("wrong-code").await;
    stage.use_up("codes", 1800).await;
    refused("/wechat/user/login", &board).await;
    for status in [401, 429] {
        assert_eq!(platform.log_in("wrong-code").await.status, status);
    }
}

async fn hris(stage: &Stage) {
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    let missing = json!({
        "command": "import_hris", "kind": "employees", "company_uuid": product.company, "object": "imports/none",
    });
    assert_eq!(product.command(missing).await["errorType"], "NotFound");
    webhooks(&product).await;
    let token = product.access_token().await;
    let swept = stage.address.invoke("ops-outbox", &json!({})).await;
    assert_eq!(swept.body, json!({"done": 0, "failed": 0, "is_cut_short": false}));
    let period = json!({"start_date": "2017-07-01", "end_date": "2017-07-31"});
    let timelines = format!("/api/v2/employees/{EMPLOYEE}/timelines");
    for (path, payload) in [
        ("/api/v2/departments", json!({})),
        (&format!("/api/v2/employees/{EMPLOYEE}"), json!({})),
        (&timelines, json!({"start_date": "2017-07-01", "end_date": "2017-07-31", "category": "leave"})),
        ("/api/v2/approvals", period),
        ("/api/v2/recruitments/sources", json!({})),
    ] {
        let read = product.read(&token, path, payload).await;
        assert_eq!(read.status, 200, "{path}: {read:?}");
    }
    // A use of the token is recorded once a day. Another function reads the bind codes.
    let bind_code = product.command(json!({"command": "create_bind_code", "company_uuid": product.company})).await;
    let path = format!("/api/v2/moka_binds/{}", bind_code["bind_code"].as_str().expect("a code"));
    for path in [
        "/api/v2/departments",
        &format!("/api/v2/employees/{EMPLOYEE}"),
        &format!("/api/v2/employees/{EMPLOYEE}/check_attendance"),
        "/api/v2/approvals/x",
        "/api/v2/recruitments/sources",
        &path,
    ] {
        stage.clock.advance(SignedDuration::from_hours(24));
        product.read(&token, path, json!({})).await;
    }
    for command in ["list_access_keys", "list_oauth_apps"] {
        assert_eq!(product.command(json!({"command": command})).await["next_cursor"], serde_json::Value::Null);
    }
    let listed = product.command(json!({"command": "list_grants", "company_uuid": product.company})).await;
    assert_eq!(listed["grants"][0]["active"], true, "{listed}");
}

/// A batch of employees, a receiver that wants no more, so that its contact gets a message, and the schedule.
async fn webhooks(product: &Product) {
    let receiver = Receiver::open().await;
    let settings = json!({"address": receiver.address, "event_types": ["employee_batch_sync"], "batches": true, "contact_mobile": "13800000009"});
    assert_eq!(product.call(Method::PUT, "/api/v2/webhooks", settings).await.status, 200);
    receiver.reacts(&[Reaction::Answer(410, "")]);
    product.imports("employees", &[numbered(8), numbered(9)]).await;
    product.address.settle_events().await;
    assert_eq!(product.get("/api/v2/webhooks", Value::Null).await.body["state"], "disabled");
    assert_eq!(product.address.invoke("hris-events", &json!({})).await.status, 200);
}

async fn signing(stage: &Stage) {
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("yesterday").await;
    // The first request of a day extends the session.
    for (path, status) in [("/companies", 200), ("/image/1.png", 404)] {
        stage.clock.advance(SignedDuration::from_hours(24));
        assert_eq!(worker.get(path).await.status, status, "{path}");
    }
    assert_eq!(worker.send_json(Method::POST, &resume()).await.status, 200);
    let listed = platform.command("list_applications", json!({"name": "张三"})).await;
    let em_id = &listed["applications"][0]["em_id"];
    assert_eq!(platform.command("list_companies", json!({})).await["companies"][0]["company_name"], "彩程");
    // The look at the résumé is recorded.
    assert_eq!(platform.command("show_application", json!({"em_id": em_id})).await["real_name"], "张三");
    let object = format!("signing/application/{}/{em_id}", platform.code);
    let recorded = stage.address.command(&json!({"command": "audit", "object": object})).await;
    let record = &recorded["records"][0];
    assert_eq!(record["action"], "show_application", "{recorded}");
}

/// WeChat reads an uploaded picture at the address of the function that submits it: the one that stores the job, and the clean-up.
async fn checked_pictures(stage: &Stage, user: &User) {
    let board = &user.board;
    let simulated = |path: &str| fetch(board.http.get(format!("{}/simulate/{path}", board.address.wechat_url)));
    let form = Form::new().part("file", Part::bytes(picture(ImageFormat::Png)).file_name("a.png"));
    let url = fetch(user.request("/img/upload").multipart(form)).await.body["data"]["url"].clone();
    user.post_job(json!({"photo_urls": [url]})).await;
    simulated("errcode?next=-1&path=media_check_async").await;
    user.post_job(json!({"photo_urls": [url]})).await;
    stage.clock.advance(SignedDuration::from_mins(5));
    let cleaned = stage.address.invoke("ops-cleanup", &json!({})).await.body;
    assert_eq!(cleaned["moderation"]["done"], 1, "{cleaned}");
    let pending = simulated("media_checks").await.body;
    for pending in pending.as_array().expect("pictures") {
        let address = pending["media_url"].as_str().expect("an address");
        assert_eq!(board.http.get(address).send().await.unwrap().status(), 200, "{address}");
    }
    assert_eq!(board.simulate("media_checks", &json!({})).await.body, json!({"statuses": [200, 200]}));
}

async fn jobboard(stage: &Stage) {
    let user = Board::of(&stage.address).join().await;
    assert_eq!(fetch(user.board.request(Method::GET, "/img/1_1700000000000000000.png")).await.status, 404);
    let png = picture(ImageFormat::Png);
    let presigned = user.post("/img/upload/presign", &json!({"content_type": "image/png", "size": png.len()})).await;
    let data = &presigned.body["data"];
    assert_eq!(send_form(&data["upload_url"], &data["fields"], &png).await, 204, "{presigned:?}");

    let event = json!({"detail": {"object": {"key": "incoming/img/1_1700000000000000000.png"}}});
    let gone = stage.address.invoke("ops-uploads", &event).await;
    assert_eq!(gone.body, json!({"outcome": "gone"}));
    // The fourth snapshot removes the first.
    for _ in 0..4 {
        assert_eq!(stage.address.invoke("jobboard-search-snapshot", &json!({})).await.body["jobs"], 0);
        stage.clock.advance(SignedDuration::from_secs(1));
    }
    assert_eq!(user.board.post("/jobs/list", &json!({})).await.status, 200);
    checked_pictures(stage, &user).await;
    let order = user.order_voucher().await;
    user.board.simulate("pay_state", &json!({"out_trade_no": order, "trade_state": "FROZEN"})).await;
    assert_eq!(user.order_status(&order).await, "pending");
    let listed = user.board.command("list_orders_to_review", json!({})).await;
    assert_eq!(listed["total"], 1, "{listed}");
    let export = json!({"command": "export_person", "objects": [format!("jobboard/user/{}", user.id)], "reason": "r"});
    let exported = stage.address.command(&export).await;
    let url = exported["url"].as_str().unwrap_or_else(|| panic!("{exported}"));
    assert_eq!(local::http::client().get(url).send().await.unwrap().status(), 200);
    // A ledger that does not balance is read once more.
    user.adjust_vouchers(1).await;
    let stored = stage.items("jobboard").await;
    let mut balance = stored.into_iter().find(|item| item["sk"]["S"] == "balance").expect("a balance");
    balance["balance"]["N"] = "2".into();
    stage.put_all("jobboard", vec![balance]).await;
    // A refund without a notification: the sweep finds it.
    let refunded = user.order_voucher().await;
    user.board.simulate("pay", &json!({"out_trade_no": refunded, "notify": false})).await;
    user.board.simulate("refund", &json!({"out_trade_no": refunded, "notify": false})).await;
    stage.clock.advance(SignedDuration::from_mins(31));
    assert!(stage.address.invoke("ops-cleanup", &json!({})).await.body["orders"]["done"].as_u64() >= Some(1));
    // The first page by number of a long history stores its milestones.
    let long = Long::open(stage, user.board.join().await, user.board.join().await).await;
    long.fill_contacts(stage, 0..300).await;
    assert_eq!(long.seeker.post("/contact_history/out", &json!({})).await.body["data"]["total"], 301);
}
