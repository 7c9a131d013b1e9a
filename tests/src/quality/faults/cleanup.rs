//! `ops-cleanup`: the next run finishes what a run left over.

use image::ImageFormat;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Request, Scene, Write, counting, matrix};
use crate::support::board::{Board, User};
use crate::support::picture::picture;
use crate::support::product::{EMPLOYEE, Product, employee};
use crate::support::wire::Failure;
use crate::support::worker::{Platform, resume};
use crate::support::{Response, Stage, fetch};

/// The periods of a system that keeps personal data for a day.
const A_DAY: [(&str, &str); 5] = [
    ("RETAIN_VISITS_DAYS", "1"),
    ("RETAIN_DISMISSED_DAYS", "1"),
    ("RETAIN_PICTURES_DAYS", "1"),
    ("RETAIN_RESUMES_DAYS", "1"),
    ("RETAIN_CLOSED_DAYS", "1"),
];

/// A stage with one overdue item of each kind: an unpaid order, a paid order and a refund whose notifications were lost, a delivery that WeChat
/// does not know of, a top that has ended, uploads whose event was lost, an expired idempotency key, a visit, an employee who left, a removed
/// job with a picture, a rejected résumé with a photo,
/// a closed account of each mini program.
pub struct Overdue {
    stage: Stage,
}

impl Scene for Overdue {
    /// The next run finishes what the first left over, and counts that alone.
    const WRITES: &'static [Write] = &[counting("ops-cleanup", "", &["done"])];

    const OF_READS: &'static [Failure] = &[Failure::Rejected];

    const OUR_FAULT: &'static [&'static str] = &[];

    async fn set() -> Self {
        let stage = Stage::open_with(&A_DAY).await;
        let board = Board::of(&stage.address);
        let user = board.join().await;
        personal_data(&stage, &user).await;
        let closed = closed_accounts(&stage, &user).await;
        let job = user.post_job(json!({})).await;
        let number = |order: Value| order["order_no"].as_str().expect("a number").to_owned();
        let top = number(user.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await);
        board.pay(&top).await;
        stage.clock.advance(SignedDuration::from_hours(71));
        assert_eq!(user.post_once("/job/create", "k", &crate::support::board::job()).await.status, 200);
        stage.clock.advance(SignedDuration::from_hours(24));
        user.order_voucher().await;
        let unnotified = user.order_voucher().await;
        board.simulate("pay", &json!({"out_trade_no": unnotified, "notify": false})).await;
        let refunded = user.order_voucher().await;
        board.pay(&refunded).await;
        let refund = json!({"order_no": refunded, "reason": "用户申请", "by": "zhangsan"});
        assert_eq!(board.command("refund_order", refund).await["status"], "refunding");
        let (now, objects) = (stage.clock_nanoseconds(), stage.objects().await);
        let names = [format!("{}_{now}.png", user.id), format!("{}_{}.png", user.id, now + 100)];
        objects.put(&format!("incoming/img/{}", names[0]), picture(ImageFormat::Png), "image/png").await.unwrap();
        objects.put(&format!("incoming/img/{}", names[1]), b"no picture".to_vec(), "image/png").await.unwrap();
        stage.clock.advance(SignedDuration::from_mins(31));
        // It is not checked yet.
        let fresh = format!("incoming/img/{}_{}.png", closed.id, stage.clock_nanoseconds());
        objects.put(&fresh, picture(ImageFormat::Png), "image/png").await.unwrap();
        Self { stage }
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    async fn send(&self, _: &Write, _: &Request) -> Response {
        self.stage.address.invoke("ops-cleanup", &json!({})).await
    }

    /// The output counts the items that failed; the next run handles them.
    fn is_our_fault(response: &Response) -> bool {
        let mut sweeps = response.body.as_object().into_iter().flatten();
        sweeps.any(|(_, swept)| swept["failed"].as_u64().is_some_and(|failed| failed > 0))
    }
}

/// What retention erases.
async fn personal_data(stage: &Stage, user: &User) {
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    let visit = product.with_token(json!({"name": "曹操", "time": "下午"}));
    assert_eq!(product.post(&format!("/api/v2/employees/{EMPLOYEE}/notify"), visit).await.status, 200);
    let mut left = employee();
    left["status"] = "dimission".into();
    product.imports("employees", &[left]).await;

    let picture = || picture(ImageFormat::Png);
    let name = format!("{}_1.png", user.id);
    stage.objects().await.put(&format!("img/{name}"), picture(), "image/png").await.unwrap();
    let removed = user.post_job(json!({"photo_urls": [format!("{}/img/{name}", stage.address.base_url)]})).await;
    user.board.command("delete_job", json!({"job_id": removed, "reason": "虚假信息", "by": "zhangsan"})).await;

    let worker = Platform::create(&stage.address).await.worker("a worker").await;
    let mut sent = resume();
    sent["id_card_front"] = worker.upload("a.png", &picture()).await.body["data"]["url"].clone();
    assert_eq!(worker.send_json(Method::POST, &sent).await.status, 200);
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    worker.platform.decide("reject_application", &em_id, json!({"reason": "照片不清楚"})).await;
}

/// A closed account of each mini program with records of every kind that is removed. Returns the user.
async fn closed_accounts(stage: &Stage, other: &User) -> User {
    let user = other.board.join().await;
    user.post_job(json!({})).await;
    let job = other.post_job(json!({})).await;
    assert_eq!(user.post("/job/collect", &json!({"job_id": job})).await.status, 200);
    for folder in ["img", "rejected/img"] {
        let key = format!("{folder}/{}_1.png", user.id);
        stage.objects().await.put(&key, picture(ImageFormat::Png), "image/png").await.unwrap();
    }
    assert_eq!(user.post("/user/close", &json!({})).await.status, 200);

    let worker = Platform::create(&stage.address).await.worker("a leaving worker").await;
    let mut sent = resume();
    sent["id_card_front"] = worker.upload("a.png", &picture(ImageFormat::Png)).await.body["data"]["url"].clone();
    assert_eq!(worker.send_json(Method::POST, &sent).await.status, 200);
    assert_eq!(fetch(worker.request(Method::POST, "/weixin/close")).await.status, 200);
    user
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_call_of_a_sweep() {
    matrix::<Overdue>("Sweeps", 12).await;
}
