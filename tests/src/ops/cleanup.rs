//! `ops-cleanup`: the scheduled clean-up handles each overdue item once, and no other item.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{Board, User, done, rejection};
use crate::support::picture::picture;
use crate::support::worker::Platform;
use crate::support::{Partner, Stage, fetch};

async fn clean(board: &Board) -> Value {
    board.address.invoke("ops-cleanup", &json!({})).await.body
}

/// The output of a run that handled this many items of one kind and no others.
fn swept(what: &str, done: u64) -> Value {
    let of = |name: &str| json!({"done": if name == what { done } else { 0 }, "failed": 0, "is_cut_short": false});
    let all = [
        "orders",
        "shipping",
        "moderation",
        "tops",
        "arrivals",
        "unused",
        "expired",
        "visits",
        "dismissed",
        "pictures",
        "resumes",
        "closed_users",
        "closed_workers",
    ];
    all.into_iter().map(|name| (name.to_owned(), of(name))).collect::<serde_json::Map<_, _>>().into()
}

async fn open() -> (Stage, User) {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).join().await;
    (stage, owner)
}

#[tokio::test]
async fn an_unpaid_order_is_closed_and_one_paid_without_notification_is_granted() {
    let (stage, user) = open().await;
    let board = &user.board;
    let (unpaid, paid) = (user.order_voucher().await, user.order_voucher().await);
    board.simulate("pay", &json!({"out_trade_no": paid, "notify": false})).await;
    stage.clock.advance(SignedDuration::from_mins(29));
    assert_eq!(clean(board).await, swept("", 0));
    let young = user.order_voucher().await;
    stage.clock.advance(SignedDuration::from_mins(2));
    // Several concurrent runs.
    let runs = futures::future::join_all((0..4).map(|_| clean(board))).await;
    assert!(runs.iter().all(|run| run["orders"]["failed"] == 0), "{runs:?}");
    assert_eq!(user.ledger().await, (1, vec![1], 1));
    let states: Vec<Value> = states(&stage).await;
    assert_eq!(states, [json!("closed"), json!("paid"), json!("pending")]);
    assert_eq!(clean(board).await, swept("", 0));
    assert_eq!(board.pay(&young).await, json!({"notified_status": 200}));
    assert_eq!(user.ledger().await, (2, vec![1, 1], 2));
    assert_eq!([user.order_status(&unpaid).await, user.order_status(&paid).await], ["closed", "paid"]);
    // Two were granted, and WeChat learns of both deliveries.
    stage.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(clean(board).await, swept("shipping", 2));
    assert_eq!(clean(board).await, swept("", 0));
}

/// The states of the orders, read directly: a request for the status of an order settles it.
async fn states(stage: &Stage) -> Vec<Value> {
    let items = stage.items("jobboard").await.into_iter();
    let mut states: Vec<Value> =
        items.filter(|item| item["sk"]["S"] == "order").map(|item| item["state"]["S"].clone()).collect();
    states.sort_by_key(ToString::to_string);
    states
}

#[tokio::test]
async fn ended_tops_are_cleared_and_extended_ones_stay() {
    let (stage, owner) = open().await;
    let board = &owner.board;
    let (ended, extended, never) =
        (owner.post_job(json!({})).await, owner.post_job(json!({})).await, owner.post_job(json!({})).await);
    let top = async |job: u64| {
        let order = owner.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await;
        assert_eq!(board.pay(order["order_no"].as_str().unwrap()).await, json!({"notified_status": 200}));
    };
    top(ended).await;
    top(extended).await;
    top(extended).await;
    let times = async |job: u64| {
        let job = owner.job(job).await;
        json!([job["is_top"], job["top_start_time"], job["top_end_time"]])
    };
    let running = json!([1, "2024-01-15 18:30:00.000", "2024-01-18 18:30:00.000"]);
    assert_eq!((times(ended).await, times(never).await), (running, json!([0, "", ""])));
    assert_eq!(clean(board).await, swept("", 0));
    stage.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(clean(board).await, swept("shipping", 3));
    stage.clock.advance(SignedDuration::from_hours(73));
    let (before, others) = (owner.job(ended).await, times(extended).await);
    assert_eq!(clean(board).await, swept("tops", 1));
    let mut after = owner.job(ended).await;
    assert_eq!(times(ended).await, json!([0, "", ""]));
    for name in ["top_start_time", "top_end_time"] {
        after[name] = before[name].clone();
    }
    assert_eq!((after, times(extended).await), (before, others));
    assert_eq!(clean(board).await, swept("", 0));
}

#[tokio::test]
async fn uploads_whose_event_was_lost_are_verified_and_removed_if_invalid() {
    let (stage, user) = open().await;
    let (board, objects) = (&user.board, stage.objects().await);
    let now = stage.clock_nanoseconds();
    let bytes = picture(image::ImageFormat::Png);
    let names = [format!("{}_{now}.png", user.id), format!("{}_{}.png", user.id, now + 100)];
    let incoming = names.clone().map(|name| format!("incoming/img/{name}"));
    objects.put(&incoming[0], bytes.clone(), "image/png").await.unwrap();
    objects.put(&incoming[1], b"no picture".to_vec(), "image/png").await.unwrap();
    objects.put("incoming/elsewhere", bytes.clone(), "image/png").await.unwrap();
    // A recent upload is left alone, and so is an object without the name of a picture.
    assert_eq!(clean(board).await, swept("arrivals", 1));
    assert_eq!(objects.list("incoming/").await.unwrap(), incoming);
    stage.clock.advance(SignedDuration::from_mins(16));
    assert_eq!(clean(board).await, swept("arrivals", 2));
    assert_eq!(objects.list("incoming/").await.unwrap(), [""; 0]);
    let shown = objects.read(&format!("img/{}", names[0]), 0, 1 << 20).await.unwrap();
    assert_eq!(shown.map(|(shown, _)| shown), Some(bytes));
    assert!(!objects.exists(&format!("img/{}", names[1])).await.unwrap());
    let found = fetch(board.request(Method::GET, &format!("/img/{}", names[1]))).await;
    assert_eq!(found, rejection(400, "file: must be a whole jpg, png, webp or bmp picture"));
}

#[tokio::test]
async fn only_expired_items_are_removed() {
    let (stage, user) = open().await;
    let board = &user.board;
    // Counters are not in the index of expired items: the TTL of DynamoDB removes them.
    let counts = async || {
        let stored = stage.items("credentials").await;
        stored.into_iter().partition::<Vec<Value>, _>(|item| item.get("due").is_none())
    };
    let credentials = async || counts().await.1;
    let expiry = |item: &Value| item["expires_at"]["N"].as_str().map(|at| at.parse::<i64>().unwrap());
    // Two captchas (one of them solved), a code, a session, refresh tokens, an idempotency record.
    let platform = Platform::create(&stage.address).await;
    let (captcha, shown) = platform.captcha().await;
    platform.captcha().await;
    assert_eq!(platform.verifycode(&captcha, &shown, "13800138000").await.status, 200);
    platform.worker("a worker").await;
    Partner::join(&stage.address).await;
    let job = crate::support::board::job();
    assert_eq!(user.post_once("/job/create", "k", &job).await, done());
    let stored = credentials().await;
    assert_eq!(stored.len(), 5, "{stored:?}");
    // The index finds everything that expires.
    for item in &stored {
        assert_eq!(item["due_at"], item["expires_at"], "{item}");
        // The items are spread over the four partitions of the index by their keys.
        let shard = item["pk"]["S"].as_str().unwrap().bytes().map(u32::from).sum::<u32>() % 4;
        assert_eq!(item["due"]["S"], format!("expired#{shard}"), "{item}");
    }
    assert_eq!(clean(board).await, swept("", 0));
    let mut times: Vec<i64> = stored.iter().filter_map(expiry).collect();
    times.sort_unstable();
    times.dedup();
    for at in times {
        let left = credentials().await;
        let due = left.iter().filter(|item| expiry(item) == Some(at)).count();
        stage.clock.advance(SignedDuration::from_secs(at - stage.clock_seconds() - 1));
        assert_eq!(clean(board).await, swept("", 0));
        stage.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(clean(board).await, swept("expired", due as u64));
        assert_eq!(credentials().await.len(), left.len() - due);
    }
    assert_eq!(credentials().await, [Value::Null; 0]);
    let (used, left): (Vec<Value>, Vec<Value>) =
        counts().await.0.into_iter().partition(|item| item["pk"]["S"].as_str().unwrap().starts_with("jobboard#used#"));
    // The quotas of the user. Two log-ins, tokens, a registration, and the nine limits of a text message.
    assert_eq!((used.len(), &used[0]["jobs"]["N"]), (1, &json!("1")));
    assert_eq!(left.len(), 12, "{left:?}");
    let counted = |item: &Value| {
        let mut attributes = item.as_object().unwrap().iter();
        attributes.find(|(name, _)| name.starts_with("counted")).map(|(_, count)| count["N"].clone())
    };
    assert!(left.iter().all(|item| counted(item) == Some("1".into()) && expiry(item).is_some()), "{left:?}");
}
