//! `ops-cleanup`: runs the scheduled clean-up, every ten minutes. It settles or closes unpaid orders, reports deliveries to WeChat,
//! lets WeChat check contents again, clears ended tops, verifies uploads whose S3 event was lost, removes expired items, and erases personal data that is past its time.
//!
//! A schedule of EventBridge invokes it; the content of the event is ignored. Concurrent runs are safe. The next run continues where this
//! one ended.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use shared::error::Result;
use shared::jobboard::Service;
use shared::outbound::wechat::errors;
use shared::runtime::caller::{Caller, accepted, identified};
use shared::runtime::clock::Clock;
use shared::runtime::environment::Environment;
use shared::runtime::metrics::{Log, Metric};
use shared::runtime::sweep::{Expiring, Swept, Time, failed};

use crate::retention::Retention;

/// The time for items that are in progress when the time of the sweeps is up, and for the response.
const RESERVE: SignedDuration = SignedDuration::from_secs(15);

pub struct Cleanup {
    expiring: Expiring,
    jobboard: Arc<Service>,
    retention: Retention,
    clock: Arc<dyn Clock>,
    log: Log,
}

impl Cleanup {
    pub async fn connect(environment: &Environment) -> Result<Self> {
        let jobboard = Arc::new(Service::connect(environment).await?);
        Ok(Self {
            expiring: Expiring::connect(environment)?,
            retention: Retention::connect(environment, Arc::clone(&jobboard)).await?,
            jobboard,
            clock: Arc::clone(&environment.clock),
            log: environment.log.clone(),
        })
    }

    /// `deadline` is when Lambda ends the function.
    pub async fn handle(&self, deadline: Timestamp, request_id: &str) -> Value {
        let sweep = async {
            accepted(Caller::Sweep("ops-cleanup".to_owned()));
            self.sweep(deadline).await
        };
        let (swept, wechat_errors) = errors::counted(identified(request_id, "ops-cleanup", sweep)).await;
        if wechat_errors > 0 {
            let metric = Metric::of_stack("wechat_errors", wechat_errors.into());
            self.log.metrics("ops-cleanup", self.clock.now(), Map::new(), &[metric]);
        }
        swept.0
    }

    async fn sweep(&self, deadline: Timestamp) -> Value {
        self.jobboard.keys().refresh().await;
        let time = Time { clock: Arc::clone(&self.clock), until: deadline - RESERVE };
        // Orders come first, because users have paid for them.
        let mut swept = vec![
            ("orders", self.jobboard.sweep_orders(&time).await),
            ("shipping", self.jobboard.sweep_shipping(&time).await),
            ("moderation", self.jobboard.sweep_moderation(&time).await),
            ("tops", self.jobboard.sweep_tops(&time).await),
            ("arrivals", self.jobboard.sweep_arrivals(&time).await),
            ("unused", self.jobboard.sweep_unused(&time).await),
            ("expired", self.expiring.sweep(&time).await),
        ];
        swept.extend(self.retention.sweep(self.clock.now(), &time).await);
        let counts = |(what, swept): &(&str, Swept)| {
            [Metric::count(format!("{what}_done"), swept.done), Metric::count(format!("{what}_failed"), swept.failed)]
        };
        let metrics: Vec<Metric> = swept.iter().flat_map(counts).collect();
        self.log.metrics("ops-cleanup", self.clock.now(), failed(&swept), &metrics);
        let all = swept.iter().map(|(what, swept)| {
            ((*what).to_owned(), json!({"done": swept.done, "failed": swept.failed, "is_cut_short": swept.is_cut_short}))
        });
        Value::Object(all.collect())
    }
}
