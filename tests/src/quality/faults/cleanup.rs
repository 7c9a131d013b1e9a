//! `ops-cleanup`: what one run leaves, the next one does.

use image::ImageFormat;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Request, Scene, Write, matrix, once};
use crate::support::board::Board;
use crate::support::picture::picture;
use crate::support::{Answer, Stage};

/// A stage on which one of each is due: an order that nobody paid, one that was paid unheard, a top that has ended, pictures that
/// arrived unheard, a request that counts no more.
pub struct Due {
    stage: Stage,
}

impl Scene for Due {
    /// The next run is told what the one before had left.
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
        let unheard = user.order_voucher().await;
        board.simulate("pay", &json!({"out_trade_no": unheard, "notify": false})).await;
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

    async fn send(&self, _: &Write, _: &Request) -> Answer {
        self.stage.address.invoke("ops-cleanup", &json!({})).await
    }

    /// A run tells how much it did, and what it could not do the next one does.
    fn is_our_fault(answer: &Answer) -> bool {
        answer.body["orders"]["failed"].is_u64()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_call_of_a_sweep() {
    matrix::<Due>("Sweeps", 32).await;
}
