//! The lists of the partner API as they grow: pages by number come from the memory of the process, what has changed from an index.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::channel::applications::Application;
use shared::channel::payments::Payment;
use shared::channel::tasks::Task;
use shared::channel::{ChannelId, Filter, Resource, Service};
use shared::runtime::clock::{Clock as _, SystemClock};
use shared::runtime::environment::Environment;
use shared::storage::page::PageRequest;

use crate::lists::{Cost, List, PAGE, Page, RARE, Reader, Reads, Sealed, copy};
use crate::place::Place;
use crate::{Failure, say};

pub const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// The number of records that have changed.
pub const CHANGES: usize = 50;
/// A little longer than a change takes to settle.
const SETTLED: Duration = Duration::from_secs(16);

const LISTS: [List; 3] = [
    List {
        name: "GET /api/v1/tasks",
        reader: Reads::Partner,
        table: "channel",
        image: "task",
        own: &["channel_task_id", "server_id"],
        rare: Some("suspended"),
    },
    List {
        name: "GET /api/v1/applications",
        reader: Reads::Partner,
        table: "channel",
        image: "application",
        own: &["channel_application_id", "server_id"],
        rare: Some("rejected"),
    },
    List {
        name: "GET /api/v1/payments",
        reader: Reads::Partner,
        table: "channel",
        image: "payment",
        own: &["channel_payment_id", "server_id"],
        rare: Some("failed"),
    },
];

/// One list at one size.
pub struct Measured {
    pub list: &'static str,
    pub records: usize,
    /// The pages by name.
    pub pages: Vec<Cost>,
    /// The first page of a new process.
    pub cold: Cost,
}

/// The pages that are measured.
pub const PAGES: [&str; 6] = [
    "first by number",
    "last by number",
    "last but one by cursor",
    "last of a rare status by number",
    "rare status by cursor",
    "50 changes",
];

pub async fn measure() -> Result<Vec<Measured>, Failure> {
    let mut measured = Vec::new();
    for list in &LISTS {
        let place = Place::open().await?;
        let reader = Reader::of(&place, list).await?;
        let sealed = Sealed::of(&place, list.table, &reader.image).await?;
        let mut numbers = reader.total().await?..;
        let status = list.rare.ok_or("no rare status")?;
        for records in SIZES {
            say(&format!("lists: {} at {records}", list.name));
            reader.fill(records, &mut numbers, |copy| sealed.seal(copy)).await?;
            let since = SystemClock.now().as_second() + 1;
            tokio::time::sleep(Duration::from_secs(2)).await;
            let mut changed = numbers.start - CHANGES..numbers.start;
            place.import(list.table, |size| {
                changed.by_ref().take(size).map(|number| sealed.seal(copy(&reader.image, list, number)?)).collect()
            })?;
            tokio::time::sleep(SETTLED).await;
            let behind = reader.cursor_after(&Page::Number(records / PAGE - 2)).await?;
            let behind_rare = reader.cursor_after(&Page::FirstWith(status)).await?;
            let since = jiff::Timestamp::from_second(since)?.to_string();
            let pages = [
                Page::Number(1),
                Page::Number(records / PAGE),
                Page::Cursor(behind),
                Page::NumberWith(status, (records / RARE).div_ceil(PAGE).max(1)),
                Page::CursorWith(status, behind_rare),
                Page::Since(since),
            ];
            let mut costs = Vec::new();
            for page in &pages {
                costs.push(reader.cost(page).await?);
            }
            let channel = reader.image["ix1"]["S"].as_str().and_then(|list| list.split('#').next()).ok_or("no channel")?;
            let channel = ChannelId::parse(channel)?;
            let cold = match list.image {
                "task" => cold::<Task>(&place, &channel).await?,
                "application" => cold::<Application>(&place, &channel).await?,
                _ => cold::<Payment>(&place, &channel).await?,
            };
            measured.push(Measured { list: list.name, records, pages: costs, cold });
        }
    }
    Ok(measured)
}

/// The first page of a process that has read nothing before.
async fn cold<T: Resource>(place: &Place, channel: &ChannelId) -> Result<Cost, Failure> {
    let environment = Environment::new(place.variables.clone(), Arc::new(SystemClock));
    let service = Service::connect(&environment).await?;
    place.wire.take();
    let begun = Instant::now();
    let request = PageRequest { page: 1, size: u32::try_from(PAGE)?, cursor: None };
    service.list::<T>(channel, &Filter::default(), request).await?;
    let times = vec![begun.elapsed()];
    let calls = place.wire.take();
    Ok(Cost { calls: calls.len(), units: calls.iter().map(|call| call.units).sum(), times })
}
