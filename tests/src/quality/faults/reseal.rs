//! `ops-admin reseal`: the next pass finishes what a pass left over.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Request, Scene, Write, counting, matrix};
use crate::support::board::Board;
use crate::support::product::Product;
use crate::support::staff::Staff;
use crate::support::worker::{Platform, resume};
use crate::support::{Partner, Response, Stage};

/// A stage whose records were made with one key, and whose secrets name another one.
pub struct Rotated {
    stage: Stage,
}

/// A pass counts the records that it reads, among them those that the first attempt stored, and those that it changes itself.
const COUNTS: &[&str] = &["done", "changed"];

impl Rotated {
    async fn reseal(&self, family: &str) -> Response {
        self.stage.address.operate(&json!({"command": "reseal", "family": family})).await
    }
}

impl Scene for Rotated {
    const WRITES: &'static [Write] = &[
        counting("ops-admin reseal", "channel", COUNTS),
        counting("ops-admin reseal", "hris", COUNTS),
        counting("ops-admin reseal", "signing", COUNTS),
        counting("ops-admin reseal", "jobboard", COUNTS),
        counting("ops-admin reseal", "staff", COUNTS),
    ];

    const OUR_FAULT: &'static [&'static str] = &[r#""complete":false"#];

    async fn set() -> Self {
        let stage = Stage::open().await;
        Partner::join(&stage.address).await.push_examples(&["users", "companies"]).await;
        Product::join_stage(&stage).await.add_records().await;
        Board::of(&stage.address).join().await.post_job(json!({})).await;
        let worker = Platform::create(&stage.address).await.worker("someone").await;
        assert_eq!(worker.send_json(reqwest::Method::POST, &resume()).await.status, 200);
        Staff::create(&stage.address, &["support"], json!({"phone": "15800000003"})).await;
        for secret in ["CHANNEL_SECRET", "HRIS_SECRET", "SIGNING_SECRET", "JOBBOARD_SECRET", "STAFF_SECRET"] {
            let mut keys: Value = stage.secret(secret, None).await;
            keys["k2"] = "22222222222222222222222222222222".into();
            (keys["current"], keys["index"], keys["accept"]) = ("k2".into(), "k1".into(), json!(["k1", "k2"]));
            stage.secret(secret, Some(&keys)).await;
        }
        let scene = Self { stage };
        for family in ["channel", "hris", "signing", "jobboard", "staff"] {
            assert_eq!(scene.reseal(family).await.body["errorType"], "Conflict");
        }
        scene.stage.clock.advance(SignedDuration::from_mins(10));
        scene
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    async fn send(&self, Write { case, .. }: &Write, _: &Request) -> Response {
        self.reseal(case).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_call_of_a_pass() {
    matrix::<Rotated>("Keys", 10).await;
}
