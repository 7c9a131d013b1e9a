//! `hris-events`: makes events out of changes, and sends them to the webhooks of products (`shared/src/hris/webhooks`).
//!
//! | invoked by | with | does |
//! |---|---|---|
//! | the stream of `CredentialsTable` | the keys of new changes | stores their events, and sends a message for each webhook that has some |
//! | `EventsQueue` | a webhook | sends its events that are overdue |
//! | a schedule, every minute | nothing | both, for what the stream and the queue missed |

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambda::Diagnostic;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shared::error::{Error, Result};
use shared::hris::approvals::Approval;
use shared::hris::employees::Employee;
use shared::hris::organization::Department;
use shared::hris::salary::SubjectValue;
use shared::hris::values::Uuid;
use shared::hris::webhooks::{Courier, Delivered, Shapes, Target};
use shared::hris::{Caller, Service};
use shared::outbound::queue::Queue;
use shared::runtime::caller::{self, Caller as Acting};
use shared::runtime::clock::Clock;
use shared::runtime::environment::Environment;
use shared::runtime::metrics::{Log, Metric};

use crate::approvals::ApprovalView;
use crate::employees::EmployeeView;
use crate::organization::DepartmentView;
use crate::salary::SalaryView;

/// The name of the function.
pub const NAME: &str = "hris-events";
/// The time for calls that are in progress when the time is up.
const RESERVE: SignedDuration = SignedDuration::from_secs(15);

pub struct Events {
    service: Service,
    queue: Queue,
    clock: Arc<dyn Clock>,
    log: Log,
}

/// The part of the events that this function reads (AWS Lambda Developer Guide, Using Lambda with DynamoDB, with Amazon SQS). The event of a
/// schedule has no records.
#[derive(Deserialize)]
struct Event {
    #[serde(default, rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Record {
    Stored {
        dynamodb: Change,
    },
    Sent {
        /// A [`Target`] as JSON.
        body: String,
    },
}

#[derive(Deserialize)]
struct Change {
    #[serde(rename = "Keys")]
    keys: Keys,
}

#[derive(Deserialize)]
struct Keys {
    pk: Text,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

/// What an invocation is to do.
#[derive(Default)]
struct Work {
    companies: BTreeSet<Uuid>,
    targets: BTreeSet<Target>,
}

/// What an invocation has done.
#[derive(Default)]
struct Done {
    distributed: u64,
    delivered: u64,
    failed: u64,
    dropped: u64,
    disabled: i64,
    delay: Option<u64>,
}

impl Events {
    pub async fn connect(environment: &Environment) -> Result<Self> {
        Ok(Self {
            service: Service::connect(environment).await?,
            queue: environment.queue(environment.required("EVENTS_QUEUE")?),
            clock: Arc::clone(&environment.clock),
            log: environment.log.clone(),
        })
    }

    /// `deadline` is when Lambda ends the function. Only a failure of the system fails the invocation, not that of a receiver.
    pub async fn handle(&self, event: &[u8], deadline: Timestamp, request_id: &str) -> Result<Value, Diagnostic> {
        let Event { records } = serde_json::from_slice(event)
            .map_err(|error| Diagnostic { error_type: "Invalid".into(), error_message: error.to_string() })?;
        self.service.keys().refresh().await;
        let (result, _) = caller::identified(request_id, NAME, async {
            caller::accepted(Acting::Sweep(NAME.to_owned()));
            self.work(records, deadline).await
        })
        .await;
        let done = result.map_err(|error| {
            tracing::error!(%error, "events could not be distributed or sent");
            Diagnostic { error_type: "Internal".into(), error_message: "see the log".into() }
        })?;
        let mut metrics = vec![
            Metric::count("events_delivered", done.delivered),
            Metric::count("events_failed", done.failed),
            Metric::count("events_dropped", done.dropped),
            Metric::of_stack("webhooks_disabled", done.disabled),
        ];
        metrics.extend(done.delay.map(|delay| Metric::milliseconds("event_delay", delay as f64)));
        self.log.metrics(NAME, self.clock.now(), Map::new(), &metrics);
        Ok(
            json!({"distributed": done.distributed, "delivered": done.delivered, "failed": done.failed, "dropped": done.dropped}),
        )
    }

    async fn work(&self, records: Vec<Record>, deadline: Timestamp) -> Result<Done> {
        let mut done = Done::default();
        let work = match records.is_empty() {
            true => {
                let (companies, targets) = self.service.overdue().await?;
                self.announce(targets).await?;
                Work { companies, targets: BTreeSet::new() }
            }
            false => read(records)?,
        };
        for company in &work.companies {
            let targets = self.service.distribute(company).await?;
            done.distributed += targets.len() as u64;
            self.announce(targets).await?;
        }
        for target in &work.targets {
            let courier = Courier { queue: &self.queue, shapes: &Views, deadline: deadline - RESERVE };
            done.add(&self.service.deliver_events(target, &courier).await?);
        }
        Ok(done)
    }

    /// Sends a message for each webhook that has events.
    async fn announce(&self, targets: impl IntoIterator<Item = Target>) -> Result<()> {
        for target in targets {
            self.queue.send(&target, Duration::ZERO, self.clock.now()).await?;
        }
        Ok(())
    }
}

fn read(records: Vec<Record>) -> Result<Work> {
    let mut work = Work::default();
    for record in records {
        match record {
            Record::Stored { dynamodb } => {
                work.companies.insert(Uuid::of_change(&dynamodb.keys.pk.text)?);
            }
            Record::Sent { body } => {
                work.targets.insert(serde_json::from_str(&body).map_err(Error::internal)?);
            }
        }
    }
    Ok(work)
}

impl Done {
    fn add(&mut self, run: &Delivered) {
        self.delivered += run.delivered;
        self.failed += run.failed;
        self.dropped += run.dropped;
        self.disabled += i64::from(run.is_disabled);
        self.delay = self.delay.max(run.delay);
    }
}

/// The objects of events as responses show them.
struct Views;

impl Shapes for Views {
    fn employee(&self, caller: &Caller, employee: Employee) -> Result<Value> {
        shown(&EmployeeView::of(caller, employee))
    }

    fn department(&self, department: Department) -> Result<Value> {
        shown(&DepartmentView::from(department))
    }

    fn approval(&self, approval: Approval) -> Result<Value> {
        shown(&ApprovalView::from(approval))
    }

    fn salary(&self, value: &SubjectValue) -> Result<Value> {
        shown(&SalaryView::from(value))
    }
}

fn shown(view: &impl Serialize) -> Result<Value> {
    serde_json::to_value(view).map_err(Error::internal)
}
