//! The search far beyond its usual size, in the memory of one process: a million and ten million open jobs of the seeded generator.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bench::jobs::{self, Dice, NOW};
use shared::jobboard::search::view::{Change, Entry, Loader, View};

use crate::search::searches;
use crate::{Failure, say};

pub const SIZES: [usize; 2] = [1_000_000, 10_000_000];
/// The changes in the time between two reads of the feed, and those that a read repeats, at 5,000 changes a second.
pub const NEW: usize = 1_250;
pub const REPEATED: usize = 50_000;
/// The argument with which this program only loads a snapshot.
pub const LOAD: &str = "load-snapshot";
/// The name of the installation in snapshots.
const ORIGIN: &str = "scale";
/// The jobs that are added to a view together.
const BATCH: usize = 100_000;
/// The bytes of one read of a snapshot, as in the function.
const PART: usize = 2 << 20;
/// How often changes are applied.
const TIMES: usize = 20;

pub struct Measured {
    pub jobs: usize,
    pub snapshot_bytes: usize,
    /// From the snapshot to the view, in a process of its own.
    pub loaded: Duration,
    /// Of that process, in KiB.
    pub peak_memory: u64,
    pub searches: Vec<(String, Vec<Duration>)>,
    /// The times to apply [`NEW`] changes together with [`REPEATED`] old ones.
    pub applied: Vec<Duration>,
}

pub fn measure() -> Result<Vec<Measured>, Failure> {
    SIZES.into_iter().map(measure_one).collect()
}

fn measure_one(count: usize) -> Result<Measured, Failure> {
    say(&format!("{count} open jobs in memory"));
    let mut view = View::default();
    let mut all = jobs::jobs(count, 1);
    loop {
        let changes: Vec<Change> = all.by_ref().take(BATCH).map(Change::Open).collect();
        if changes.is_empty() {
            break;
        }
        view.apply(changes);
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("snapshot");
    let snapshot = view.snapshot(ORIGIN, NOW)?;
    let snapshot_bytes = snapshot.len();
    std::fs::write(&path, snapshot)?;
    let output = Command::new(std::env::current_exe()?).arg(LOAD).arg(&path).output()?;
    let text = String::from_utf8(output.stdout)?;
    let (loaded, peak_memory) = text.trim().split_once(' ').ok_or_else(|| format!("the snapshot was not loaded: {text}"))?;
    let searches = searches(&view, NOW);
    let applied = (1..=TIMES).map(|round| apply(&mut view, count, round)).collect();
    Ok(Measured {
        jobs: count,
        snapshot_bytes,
        loaded: Duration::from_micros(loaded.parse()?),
        peak_memory: peak_memory.parse()?,
        searches,
        applied,
    })
}

/// Refreshes some jobs; the read repeats the changes of other ones.
fn apply(view: &mut View, count: usize, round: usize) -> Duration {
    let of = |every: usize, version: usize| {
        let version = u32::try_from(version).unwrap_or(u32::MAX);
        let refreshed = move |entry: Entry| Change::Open(Entry { version, fresh: NOW + i64::from(version), ..entry });
        jobs::jobs(count, 1).step_by(every).map(refreshed)
    };
    let mut changes: Vec<Change> = of(count / NEW, round + 1).take(NEW).collect();
    let mut dice = Dice::of(round as u64);
    let repeated: Vec<Change> = jobs::jobs(count, 1).step_by(count / REPEATED).take(REPEATED).map(Change::Open).collect();
    changes.extend(repeated);
    for at in (1..changes.len()).rev() {
        changes.swap(at, dice.below(at + 1));
    }
    let begun = Instant::now();
    view.apply(changes);
    begun.elapsed()
}

/// Loads a snapshot as a function does. Returns the time in microseconds and the peak memory of this process in KiB.
pub fn load(path: &Path) -> Result<String, Failure> {
    let begun = Instant::now();
    let (mut file, mut loader, mut part) = (File::open(path)?, Loader::new(ORIGIN), vec![0; PART]);
    loop {
        let length = file.read(&mut part)?;
        if length == 0 {
            break;
        }
        loader.push(&part[..length]).map_err(|damage| damage.to_string())?;
    }
    let (view, _) = loader.finish().map_err(|damage| damage.to_string())?;
    let loaded = begun.elapsed().as_micros();
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")).ok_or("no peak")?;
    std::hint::black_box(view);
    Ok(format!("{loaded} {peak}"))
}
