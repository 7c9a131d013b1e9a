//! The job board's list with a thousand to a million open jobs: the time in the function, the cost in DynamoDB, and the cost of a scan with
//! a filter expression for comparison.

use std::path::Path;
use std::time::{Duration, Instant};

use bench::jobs::{self, Dice};
use serde_json::{Value, json};
use shared::jobboard::search::view::{Entry, Filter, Loader, Order, Top, View};
use shared::runtime::clock::{Clock as _, SystemClock};
use shared::runtime::environment::Environment;

use crate::lists::Sealed;
use crate::place::Place;
use crate::runtime::Process;
use crate::wire::Call;
use crate::{Failure, binary, say};
use bench::callers::Callers;

pub const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// The number of searches of each kind.
const SEARCHES: usize = 300;
/// The number of calls of the function.
const CALLS: usize = 100;
/// The number of jobs that are posted to measure when they appear.
const POSTED: usize = 200;
/// The rows of a page.
const PAGE: usize = 10;
/// How long a scan with a filter expression may take.
const BRUTE: Duration = Duration::from_mins(1);
/// A little longer than the pause of a view between two queries of the feed.
const REST: Duration = Duration::from_millis(260);
/// After this time a view no longer reads the same entries of the feed again.
const QUIET: Duration = Duration::from_secs(25);

/// The kinds of searches: a name, and whether to filter by position, by salary and by how many tags.
const KINDS: [(&str, bool, bool, usize); 5] = [
    ("no filter", false, false, 0),
    ("salary", false, true, 0),
    ("positions + salary", true, true, 0),
    ("salary + three tags", false, true, 3),
    ("positions + salary + tag", true, true, 1),
];

/// The cost of a scan of the whole table with a filter expression.
pub struct Brute {
    pub units: f64,
    pub time: Duration,
    /// The share of the table that was read. Units and time are extrapolated to the whole table.
    pub share: f64,
}

/// The measurements at one size.
pub struct Measured {
    pub jobs: usize,
    /// The DynamoDB calls of the first page after a pause, and of a page immediately after it.
    pub rested: Vec<Call>,
    pub at_once: Vec<Call>,
    /// The times of searches in the function, without DynamoDB. The name says the filter, the order and the page.
    pub searches: Vec<(String, Vec<Duration>)>,
    /// The times of whole calls of the function, with the embedded DynamoDB.
    pub calls: Vec<Duration>,
    pub snapshot_bytes: u64,
    /// The time to read the table and write a snapshot.
    pub rebuilt: Duration,
    /// From the start of a process to ready, with the snapshot.
    pub ready: Duration,
    /// In KiB, after all calls.
    pub peak_memory: u64,
    /// The same page by a filter expression.
    pub brute: Brute,
    /// From the response to a post to the first appearance of the job in another process.
    pub freshness: Vec<Duration>,
}

pub async fn measure(root: &Path, count: usize) -> Result<Measured, Failure> {
    let place = Place::open().await?;
    let prepared = place.world.demo.as_ref().and_then(|demo| demo.jobboard.as_ref()).ok_or("no demo of the job board")?;
    say(&format!("{count} open jobs: filling the table"));
    let token = Callers::of(&place.world).await?.log_in(&prepared.merchant_code).await?;
    place.fill(count).await?;
    say(&format!("{count} open jobs: writing a snapshot of the table"));
    let begun = Instant::now();
    let snapshot = place.write_snapshot().await?;
    let rebuilt = begun.elapsed();
    if snapshot["jobs"] != count {
        return Err(format!("the snapshot holds {} jobs instead of {count}", snapshot["jobs"]).into());
    }

    say(&format!("{count} open jobs: searching"));
    let view = place.load(snapshot["key"].as_str().ok_or("no snapshot")?).await?;
    let searches = searches(&view, place.now());
    drop(view);

    let mut process = Process::start(&binary(root, "jobboard-search")?, "jobboard-search", &place.variables).await?;
    let ready = process.ready;
    let event = |body: &Value| list_event(body);
    process.call(&event(&json!({}))?).await?;
    // The demo has just posted its jobs, and the view reads recent entries of the feed again.
    tokio::time::sleep(QUIET).await;
    process.call(&event(&json!({}))?).await?;
    tokio::time::sleep(REST).await;
    place.wire.take();
    let listed = ok(process.call(&event(&json!({"query_type": 3, "page_num": 2}))?).await?.1)?;
    if listed["data"]["total"] != count {
        return Err(format!("{count} jobs are listed as {}", listed["data"]["total"]).into());
    }
    let rested = place.wire.take();
    ok(process.call(&event(&json!({"query_type": 3, "page_num": 2}))?).await?.1)?;
    let at_once = place.wire.take();
    let mut calls = Vec::with_capacity(CALLS);
    let mut dice = Dice::of(3);
    for number in 0..CALLS {
        let filter = jobs::filter(&mut dice, true, true, 0);
        let body = json!({"query_type": 1 + number % 3, "longitude": 116.397_128, "latitude": 39.916_527, "filter": {
            "positions": filter.positions, "salary_min": filter.salary_from, "salary_max": filter.salary_to}});
        let (duration, response) = process.call(&event(&body)?).await?;
        ok(response)?;
        calls.push(duration);
    }

    say(&format!("{count} open jobs: a filter expression"));
    let brute = place.brute_force(count).await?;
    say(&format!("{count} open jobs: posting some more"));
    let freshness = place.freshness(&mut process, &token).await?;
    Ok(Measured {
        jobs: count,
        rested,
        at_once,
        searches,
        calls,
        snapshot_bytes: snapshot["bytes"].as_u64().ok_or("no size")?,
        rebuilt,
        ready,
        peak_memory: process.peak_memory()?,
        brute,
        freshness,
    })
}

/// The times of searches in a view, by kind.
pub fn searches(view: &View, now: i64) -> Vec<(String, Vec<Duration>)> {
    let mut dice = Dice::of(7);
    let mut measured = Vec::new();
    for (kind, positions, salary, tags) in KINDS {
        for (order, name) in [(1, "recommended"), (3, "newest"), (2, "nearest")] {
            for (most, page) in [(1, "first page"), (1000, "last page")] {
                let requests: Vec<(Order, Filter, usize)> = (0..SEARCHES)
                    .map(|_| {
                        let filter = jobs::filter(&mut dice, positions, salary, tags);
                        let order = match order {
                            1 => Order::Recommended,
                            2 => jobs::nearest(&mut dice),
                            _ => Order::Newest,
                        };
                        let pages = view.search(order, &filter, now, 0, PAGE).total.div_ceil(PAGE).clamp(1, most);
                        (order, filter, (pages - 1) * PAGE)
                    })
                    .collect();
                let mut times = Vec::with_capacity(SEARCHES);
                for (order, filter, skip) in requests {
                    let begun = Instant::now();
                    let found = view.search(order, &filter, now, skip, PAGE);
                    times.push(begun.elapsed());
                    std::hint::black_box(found);
                }
                measured.push((format!("{kind}, {name}, {page}"), times));
            }
        }
    }
    measured
}

impl Place {
    fn now(&self) -> i64 {
        SystemClock.now().as_millisecond()
    }

    /// Adds copies of a job that the system has stored, until there are `count` jobs.
    async fn fill(&self, count: usize) -> Result<(), Failure> {
        let mut items = self.items("jobboard").await?;
        items.retain(|item| item["sk"]["S"] == "job");
        let image = items.first().ok_or("no job")?.clone();
        let sealed = Sealed::of(self, "jobboard", &image).await?;
        let by = self.now() - jobs::NOW;
        let mut entries = jobs::jobs(count - items.len(), 1).map(|entry| moved(entry, by));
        self.import("jobboard", |size| entries.by_ref().take(size).map(|entry| sealed.seal(item(&image, &entry)?)).collect())
    }

    async fn write_snapshot(&self) -> Result<Value, Failure> {
        let url = format!("{}/2015-03-31/functions/jobboard-search-snapshot/invocations", self.world.base_url);
        Ok(self.http.post(url).send().await?.json().await?)
    }

    /// Loads the view of the function from a snapshot.
    async fn load(&self, key: &str) -> Result<View, Failure> {
        let environment = Environment::new(self.variables.clone(), std::sync::Arc::new(SystemClock));
        let objects = environment.objects(environment.required("UPLOADS_BUCKET")?);
        let mut loader = Loader::new(environment.required("JOBBOARD_TABLE")?);
        let mut from = 0;
        while let Some((part, size)) = objects.read(key, from, 8 << 20).await? {
            loader.push(&part).map_err(|damage| damage.to_string())?;
            from += part.len() as u64;
            if from >= size {
                break;
            }
        }
        Ok(loader.finish().map_err(|damage| damage.to_string())?.0)
    }

    /// Scans the table with a filter expression for a position and a salary. The scan of a large table ends after [`BRUTE`].
    async fn brute_force(&self, count: usize) -> Result<Brute, Failure> {
        let mut request = json!({
            "TableName": "jobboard", "ReturnConsumedCapacity": "TOTAL", "ProjectionExpression": "pk",
            "FilterExpression": "sk = :job AND #state = :open AND contains(content.positions, :positions) \
                                 AND content.salary_min <= :to AND (content.salary_max = :any OR content.salary_max >= :from)",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":job": {"S": "job"}, ":open": {"N": "1"}, ":positions": {"S": "厨师长"},
                                          ":from": {"N": "8000"}, ":to": {"N": "20000"}, ":any": {"N": "-1"}},
        });
        let items = count as f64;
        let (mut units, mut scanned, begun) = (0.0, 0.0, Instant::now());
        loop {
            let response = self.wire.send("Scan", &request).await?;
            units += response["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap_or_default();
            scanned += response["ScannedCount"].as_f64().unwrap_or_default();
            match response.get("LastEvaluatedKey") {
                Some(key) if begun.elapsed() < BRUTE => request["ExclusiveStartKey"] = key.clone(),
                left => {
                    let share = if left.is_some() { scanned / items } else { 1.0 };
                    return Ok(Brute { units: units / share, time: begun.elapsed().div_f64(share), share });
                }
            }
        }
    }

    /// Posts jobs through one process, and lists jobs in another one until each appears.
    async fn freshness(&self, process: &mut Process, token: &str) -> Result<Vec<Duration>, Failure> {
        let event: Value = serde_json::from_str(include_str!("../../events/jobboard-jobs.create.json"))?;
        let body = event["body"].as_str().ok_or("no job")?;
        let newest = list_event(&json!({"query_type": 3, "page_size": 3}))?;
        let mut appeared = Vec::with_capacity(POSTED);
        for _ in 0..POSTED {
            let request = self.http.post(format!("{}/job/create", self.world.base_url)).header("authorization", token);
            let response =
                request.header("content-type", "application/json").body(body.to_owned()).send().await?.error_for_status()?;
            let acknowledged = Instant::now();
            let id: u64 = response.headers().get("x-resource-id").ok_or("no id")?.to_str()?.parse()?;
            loop {
                let listed = ok(process.call(&newest).await?.1)?;
                if listed["data"]["jobs"].as_array().is_some_and(|jobs| jobs.iter().any(|job| job["id"] == id)) {
                    break;
                }
            }
            appeared.push(acknowledged.elapsed());
        }
        Ok(appeared)
    }
}

/// An event of API Gateway for a list.
fn list_event(body: &Value) -> Result<String, Failure> {
    let mut event: Value = serde_json::from_str(include_str!("../../events/jobboard-search.list.json"))?;
    event["body"] = body.to_string().into();
    Ok(event.to_string())
}

/// The body of a response. A response that is not a success is an error.
fn ok(response: impl AsRef<[u8]>) -> Result<Value, Failure> {
    let response: Value = serde_json::from_slice(response.as_ref())?;
    if response["statusCode"] != 200 {
        return Err(format!("the function responded {response}").into());
    }
    Ok(serde_json::from_str(response["body"].as_str().ok_or("no body")?)?)
}

/// The same job, with all its times moved.
fn moved(mut entry: Entry, by: i64) -> Entry {
    entry.created += by;
    entry.fresh += by;
    entry.top = entry.top.map(|top| Top { start: top.start + by, end: top.end + by });
    entry.id = jobs::id_of(entry.created, entry.id as usize & 0xfff);
    entry
}

/// The stored item of a job.
fn item(image: &Value, entry: &Entry) -> Result<Value, Failure> {
    let mut item = image.clone();
    let (text, number) = (|text: String| json!({"S": text}), |number: String| json!({"N": number}));
    let time = |milliseconds: i64| number(milliseconds.to_string());
    item["pk"] = text(format!("job#{}", entry.id));
    item["id"] = number(entry.id.to_string());
    item["ixsk"] = text(format!("{:016}", entry.id));
    item["ix2"] = text(format!("open#{}", entry.id % 8));
    item["entry"] = text(serde_json::to_string(entry)?);
    item["created_at"] = time(entry.created);
    item["updated_at"] = time(entry.fresh);
    if entry.fresh != entry.created {
        item["refreshed_at"] = time(entry.fresh);
    }
    if let Some(Top { start, end }) = entry.top {
        item["top"] = json!({"M": {"start": time(start), "end": time(end)}});
    }
    let content = &mut item["content"]["M"];
    content["positions"] = text(entry.positions.clone());
    content["longitude"] = number(entry.longitude.to_string());
    content["latitude"] = number(entry.latitude.to_string());
    content["salary_min"] = number(entry.salary_min.to_string());
    content["salary_max"] = number(if entry.salary_max == i32::MAX { "-1".into() } else { entry.salary_max.to_string() });
    for (kind, tags) in ["basic_protection", "salary_benefits", "attendance_leave"].iter().zip(&entry.tags) {
        content[*kind] = json!({"L": tags.iter().map(|tag| json!({"S": tag})).collect::<Vec<_>>()});
    }
    Ok(item)
}
