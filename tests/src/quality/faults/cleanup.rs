//! `ops-cleanup`: the next run finishes what a run left over.

use image::ImageFormat;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Request, Scene, Write, matrix, once};
use crate::support::board::Board;
use crate::support::picture::picture;
use crate::support::{Response, Stage};

/// A stage with one overdue item of each kind: an unpaid order, a paid order whose notification was lost, a top that has ended,
/// uploads whose event was lost, an expired idempotency key.
pub struct Overdue {
    stage: Stage,
}

impl Scene for Overdue {
    /// The output of the next run, which finishes what the first left over.
    const WRITES: &'static [Write] = &[once("ops-cleanup", "", r#""failed":0,"is_cut_short":false}}"#)];

    const OUR_FAULT: &'static [&'static str] = &[];

    async fn set() -> Self {
        let stage = Stage::open().await;
        let board = Board::of(&stage.address);
        let user = board.join().await;
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
        let (now, objects) = (stage.clock_nanoseconds(), stage.objects().await);
        let names = [format!("{}_{now}.png", user.id), format!("{}_{}.png", user.id, now + 100)];
        objects.put(&format!("incoming/img/{}", names[0]), picture(ImageFormat::Png), "image/png").await.unwrap();
        objects.put(&format!("incoming/img/{}", names[1]), b"no picture".to_vec(), "image/png").await.unwrap();
        stage.clock.advance(SignedDuration::from_mins(31));
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
        response.body["orders"]["failed"].is_u64()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_call_of_a_sweep() {
    matrix::<Overdue>("Sweeps", 32).await;
}
