//! Compares the view of open jobs with a simple model: a list that is filtered and sorted.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench::jobs::{self, Dice, NOW};
use shared::jobboard::search::view::{Change, Damage, Entry, Filter, Found, Loader, Order, Top, View};

const JOBS: usize = 20_000;
const REQUESTS: usize = 10_000;
const HOUR: i64 = 3_600_000;

/// The current state of every job that ever existed: its version, its creation time, and its entry. The entry is `None` if the job is gone.
#[derive(Default)]
struct Model(HashMap<u64, (u32, i64, Option<Entry>)>);

impl Model {
    fn apply(&mut self, change: &Change) {
        let (id, created, version, entry) = match change {
            Change::Open(entry) => (entry.id, entry.created, entry.version, Some(entry.clone())),
            Change::Gone { id, created, version } => (*id, *created, *version, None),
        };
        let known = self.0.entry(id).or_insert((0, created, None));
        if version > known.0 {
            *known = (version, created, entry);
        }
    }

    fn search(&self, order: Order, filter: &Filter, now: i64, skip: usize, take: usize) -> Found {
        let part = filter.positions.as_ref().map(|part| part.to_lowercase());
        let open = self.0.values().filter_map(|(_, _, entry)| entry.as_ref());
        let mut taken: Vec<&Entry> = open.filter(|job| takes(filter, part.as_deref(), job)).collect();
        match order {
            Order::Recommended => {
                let running = |job: &Entry| job.top.filter(|top| top.start <= now && now < top.end).map(|top| top.start);
                taken.sort_unstable_by_key(|job| {
                    let running = running(job);
                    Reverse((running, if running.is_some() { 0 } else { job.fresh }, job.id))
                });
                let tops = taken.iter().filter(|job| running(job).is_some()).count();
                taken = spread(&taken, tops, take, skip + take);
            }
            Order::Newest => taken.sort_unstable_by_key(|job| Reverse((job.created, job.id))),
            Order::Nearest { longitude, latitude } => {
                let mut far: Vec<(f64, &Entry)> =
                    taken.iter().map(|job| (angle((longitude, latitude), (job.longitude, job.latitude)), *job)).collect();
                far.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(other.1.id.cmp(&one.1.id)));
                taken = far.into_iter().map(|(_, job)| job).collect();
            }
        }
        Found { ids: taken.iter().skip(skip).take(take).map(|job| job.id).collect(), total: taken.len() }
    }
}

/// The first `wanted` jobs of the list with at most three jobs of one owner on a page, if others are among the 2,000 jobs after the tops.
fn spread<'a>(jobs: &[&'a Entry], tops: usize, size: usize, wanted: usize) -> Vec<&'a Entry> {
    let near = jobs.len().min(tops + 2000);
    let (mut list, mut left, far) = (jobs[..tops].to_vec(), jobs[tops..near].to_vec(), &jobs[near..]);
    while !left.is_empty() && list.len() < wanted {
        let begun = list.len() - list.len() % size;
        let of_owner = |page: &[&Entry], job: &Entry| page.iter().filter(|other| other.owner == job.owner).count();
        let mut chosen = Vec::new();
        for (at, job) in left.iter().enumerate() {
            if list.len() == begun + size {
                break;
            }
            if of_owner(&list[begun..], job) < 3 {
                list.push(job);
                chosen.push(at);
            }
        }
        let room = (begun + size - list.len()).min(left.len() - chosen.len());
        let others: Vec<usize> = (0..left.len()).filter(|at| !chosen.contains(at)).take(room).collect();
        list.extend(others.iter().map(|at| left[*at]));
        let mut at = 0;
        left.retain(|_| {
            at += 1;
            !chosen.contains(&(at - 1)) && !others.contains(&(at - 1))
        });
    }
    list.extend(left);
    list.extend(far);
    list
}

fn takes(filter: &Filter, part: Option<&str>, job: &Entry) -> bool {
    filter.salary_from.is_none_or(|from| job.salary_max >= from)
        && filter.salary_to.is_none_or(|to| job.salary_min <= to)
        && filter.tags.iter().zip(&job.tags).all(|(wanted, offered)| wanted.iter().all(|tag| offered.contains(tag)))
        && part.is_none_or(|part| job.positions.to_lowercase().contains(part))
}

/// The angle between two directions from the centre of the earth. The view uses another formula.
fn angle(one: (f64, f64), other: (f64, f64)) -> f64 {
    let direction = |(longitude, latitude): (f64, f64)| {
        let ((east, ahead), (north, out)) = (longitude.to_radians().sin_cos(), latitude.to_radians().sin_cos());
        [out * ahead, out * east, north]
    };
    let ([a, b, c], [x, y, z]) = (direction(one), direction(other));
    let cross = [b * z - c * y, c * x - a * z, a * y - b * x];
    cross.iter().map(|part| part * part).sum::<f64>().sqrt().atan2(a * x + b * y + c * z)
}

/// A view and a model in the same state.
struct Pair {
    view: View,
    model: Model,
    /// The id of every job that ever existed.
    ids: Vec<u64>,
}

impl Pair {
    fn of(count: usize, seed: u64) -> Self {
        let mut pair = Self { view: View::default(), model: Model::default(), ids: Vec::new() };
        pair.apply(jobs::jobs(count, seed).map(Change::Open).collect());
        pair
    }

    fn apply(&mut self, changes: Vec<Change>) {
        for change in &changes {
            if !self.model.0.contains_key(&change.id()) {
                self.ids.push(change.id());
            }
            self.model.apply(change);
        }
        self.view.apply(changes);
    }

    /// Random changes of jobs, some of them repeated or in the wrong order.
    fn changes(&self, dice: &mut Dice, clock: i64) -> Vec<Change> {
        let mut changes = Vec::new();
        for number in 0..1 + dice.below(60) {
            let id = *dice.one_of(&self.ids);
            let (version, created, known) = &self.model.0[&id];
            let mut version = version + 1;
            let change = match (dice.below(10), known) {
                (0..3, _) | (_, None) => {
                    let (id, created) = (jobs::id_of(clock, number), clock);
                    if self.model.0.contains_key(&id) {
                        continue;
                    }
                    Change::Open(jobs::job(dice, id, created))
                }
                (3, _) => Change::Gone { id, created: *created, version },
                (kind, Some(entry)) => {
                    if kind == 4 {
                        // An outdated version.
                        version = version.saturating_sub(1 + dice.below(2) as u32).max(1);
                    }
                    let mut entry = Entry { version, ..entry.clone() };
                    match kind {
                        5 => entry.top = Some(Top { start: clock, end: clock + 72 * HOUR }),
                        6 => entry = Entry { id, version, created: *created, ..jobs::job(dice, id, clock) },
                        _ => entry.fresh = clock,
                    }
                    Change::Open(entry)
                }
            };
            if dice.chance(10) {
                changes.push(change.clone());
            }
            changes.push(change);
        }
        // One version of a job always has the same content.
        let mut seen = HashMap::new();
        changes.retain(|change| *seen.entry((change.id(), change.version())).or_insert_with(|| change.clone()) == *change);
        for at in (1..changes.len()).rev() {
            changes.swap(at, dice.below(at + 1));
        }
        changes
    }

    fn compare(&self, dice: &mut Dice, now: i64) -> Found {
        let (positions, salary) = (dice.chance(40), dice.chance(40));
        let kinds = dice.below(10).saturating_sub(6);
        let mut filter = jobs::filter(dice, positions, salary, kinds);
        match dice.below(20) {
            0 => filter.positions = Some((*dice.one_of(&["b", "CHEF", "店", "没有", "sous "])).to_owned()),
            1 => filter.tags[1].push("没有的".into()),
            2 => filter.salary_from = Some(3000 + dice.below(60_000) as i32),
            _ => {}
        }
        let order = match dice.below(3) {
            0 => Order::Recommended,
            1 => Order::Newest,
            _ => jobs::nearest(dice),
        };
        let take = 1 + dice.below(50);
        let skip = match dice.below(4) {
            0 => 0,
            1 => dice.below(5) * take,
            2 => dice.below(JOBS / 10),
            _ => dice.below(JOBS * 2),
        };
        let expected = self.model.search(order, &filter, now, skip, take);
        assert_eq!(self.view.search(order, &filter, now, skip, take), expected, "{order:?} {filter:?} {skip} {take}");
        expected
    }
}

#[test]
fn a_view_finds_the_same_as_the_model_during_concurrent_changes() {
    let pair = RwLock::new(Pair::of(JOBS, 1));
    let (searched, changed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (full, empty, deep) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (pair, searched, changed) = (&pair, &searched, &changed);
            let (full, empty, deep) = (&full, &empty, &deep);
            scope.spawn(move || {
                let mut dice = Dice::of(100 + worker);
                while searched.fetch_add(1, Ordering::Relaxed) < REQUESTS {
                    if dice.chance(12) {
                        let number = changed.fetch_add(1, Ordering::Relaxed) as i64;
                        let mut pair = pair.write().unwrap();
                        let changes = pair.changes(&mut dice, NOW + number * 1000);
                        pair.apply(changes);
                    }
                    let now = NOW + changed.load(Ordering::Relaxed) as i64 * 1000 - dice.below(100) as i64 * HOUR;
                    let found = pair.read().unwrap().compare(&mut dice, now);
                    let seen = if found.ids.len() > 1 { full } else { empty };
                    seen.fetch_add(1, Ordering::Relaxed);
                    deep.fetch_add(usize::from(found.total > JOBS / 2), Ordering::Relaxed);
                }
            });
        }
    });
    let counts = [&changed, &full, &empty, &deep].map(|count| count.load(Ordering::Relaxed));
    assert!(
        counts.iter().all(|count| *count > 300),
        "changes, results with several jobs, with less, with half of all: {counts:?}"
    );
}

#[test]
fn jobs_with_equal_place_and_time_are_in_the_order_of_their_ids() {
    let mut pair = Pair::of(0, 1);
    let first = jobs::jobs(1, 7).next().unwrap();
    let alike = (0..5000_u64).map(|number| Change::Open(Entry { id: 1 + number * 7 % 5000, ..first.clone() }));
    pair.apply(alike.collect());
    let mut dice = Dice::of(3);
    for _ in 0..50 {
        let (skip, take) = (dice.below(5100), 1 + dice.below(50));
        for order in [Order::Recommended, Order::Newest, Order::Nearest { longitude: 116.4, latitude: 39.9 }] {
            let expected: Vec<u64> = (1..=5000).rev().skip(skip).take(take).collect();
            let found = pair.view.search(order, &Filter::default(), NOW, skip, take);
            assert_eq!(found, Found { ids: expected, total: 5000 }, "{order:?} {skip} {take}");
        }
    }
}

/// A place anywhere, or close to a pole, the date line, the equator or a city.
fn anywhere(dice: &mut Dice) -> (f64, f64) {
    let spread = *dice.one_of(&[1e-4, 0.02, 1.0, 30.0]);
    let near = |dice: &mut Dice, at: f64| at + (dice.fraction() - 0.5) * spread;
    match dice.below(6) {
        0 => (dice.fraction() * 360.0 - 180.0, near(dice, 90.0).min(90.0)),
        1 => (dice.fraction() * 360.0 - 180.0, near(dice, -90.0).max(-90.0)),
        2 => (*dice.one_of(&[-180.0, 180.0, 179.999, -179.999]), dice.fraction() * 180.0 - 90.0),
        3 => (near(dice, 0.0), near(dice, 0.0)),
        4 => (near(dice, 116.4), near(dice, 39.9)),
        _ => (dice.fraction() * 360.0 - 180.0, dice.fraction() * 180.0 - 90.0),
    }
}

#[test]
fn the_nearest_are_found_everywhere_on_the_earth() {
    let mut dice = Dice::of(21);
    for count in [30, 3000] {
        let mut entries: Vec<Entry> = jobs::jobs(count, 22).collect();
        for entry in &mut entries {
            (entry.longitude, entry.latitude) = anywhere(&mut dice);
        }
        let mut view = View::default();
        view.apply(entries.iter().cloned().map(Change::Open).collect());
        // Some move.
        for entry in entries.iter_mut().step_by(7) {
            entry.version += 1;
            (entry.longitude, entry.latitude) = anywhere(&mut dice);
        }
        view.apply(entries.iter().cloned().map(Change::Open).collect());
        for _ in 0..400 {
            let here = anywhere(&mut dice);
            let (longitude, latitude) = if dice.chance(20) { (here.0, -here.1) } else { here };
            let filter = if dice.chance(50) { jobs::filter(&mut dice, false, true, 1) } else { Filter::default() };
            let angle_of = |job: &Entry| angle((longitude, latitude), (job.longitude, job.latitude));
            let mut far: Vec<f64> = entries.iter().filter(|job| takes(&filter, None, job)).map(angle_of).collect();
            far.sort_unstable_by(f64::total_cmp);
            let (skip, take) = (*dice.one_of(&[0, 1, 20, count / 2]), 1 + dice.below(50));
            let found = view.search(Order::Nearest { longitude, latitude }, &filter, NOW, skip, take);
            assert_eq!(found.total, far.len());
            let expected: Vec<f64> = far.into_iter().skip(skip).take(take).collect();
            let mut ids = found.ids.clone();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!((ids.len(), found.ids.len()), (expected.len(), expected.len()));
            for (id, expected) in found.ids.iter().zip(expected) {
                let job = entries.iter().find(|job| job.id == *id).unwrap();
                assert!(takes(&filter, None, job), "{job:?} {filter:?}");
                // Half a metre: the two formulas round differently.
                assert!((angle_of(job) - expected).abs() < 1e-7, "{longitude} {latitude} {skip} {take}: {job:?} {expected}");
            }
        }
    }
}

#[test]
fn an_emptied_view_finds_nothing_and_can_be_filled_again() {
    let mut pair = Pair::of(3000, 5);
    let gone = pair.model.0.iter().map(|(id, (version, created, _))| Change::Gone {
        id: *id,
        created: *created,
        version: version + 1,
    });
    pair.apply(gone.collect());
    let mut dice = Dice::of(9);
    for order in [Order::Recommended, Order::Newest, Order::Nearest { longitude: 0.0, latitude: 0.0 }] {
        for filter in [Filter::default(), jobs::filter(&mut dice, true, true, 1), jobs::filter(&mut dice, false, true, 0)] {
            assert_eq!(pair.view.search(order, &filter, NOW, 0, 10), Found { ids: vec![], total: 0 });
        }
    }
    let again = jobs::jobs(3000, 6).map(|entry| Change::Open(Entry { version: 3, ..entry }));
    pair.apply(again.collect());
    (0..200).for_each(|_| drop(pair.compare(&mut dice, NOW)));
}

fn load(bytes: &[u8], piece: usize) -> Result<(View, i64), Damage> {
    let mut loader = Loader::new("table");
    for piece in bytes.chunks(piece) {
        loader.push(piece)?;
    }
    loader.finish()
}

#[test]
fn a_snapshot_restores_the_view() {
    let mut pair = Pair::of(JOBS * 2, 11);
    let mut dice = Dice::of(12);
    for round in 0..20 {
        let changes = pair.changes(&mut dice, NOW + round * 1000);
        pair.apply(changes);
    }
    for piece in [usize::MAX, 100_003, 4096] {
        let bytes = pair.view.snapshot("table", 42).unwrap();
        let (view, watermark) = load(&bytes, piece).unwrap();
        assert_eq!(watermark, 42);
        pair.view = view;
        (0..100).for_each(|_| drop(pair.compare(&mut dice, NOW)));
        let changes = pair.changes(&mut dice, NOW + 100_000 + piece as i64);
        pair.apply(changes);
        (0..100).for_each(|_| drop(pair.compare(&mut dice, NOW)));
    }
    let empty = View::default().snapshot("table", 7).unwrap();
    let (view, watermark) = load(&empty, 3).unwrap();
    assert!(view.is_empty() && watermark == 7);
}

#[test]
fn a_damaged_snapshot_or_one_of_another_installation_is_rejected() {
    let pair = Pair::of(2000, 13);
    let bytes = pair.view.snapshot("table", 42).unwrap();
    assert_eq!(load(&pair.view.snapshot("other", 42).unwrap(), 4096).err(), Some(Damage::Origin));
    assert_eq!(load(b"", 1).err(), Some(Damage::Bytes));
    assert_eq!(load(b"not a snapshot", 5).err(), Some(Damage::Form));
    // Truncated at any place, and with any byte changed.
    for length in (0..bytes.len()).step_by(997) {
        assert!(load(&bytes[..length], 4096).is_err(), "{length} bytes");
    }
    for at in (0..bytes.len()).step_by(499) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(load(&changed, 4096).is_err(), "byte {at}");
    }
    let longer = [&bytes[..], b"x"].concat();
    assert_eq!(load(&longer, 4096).err(), Some(Damage::Bytes));
}

/// A loader must not allocate the memory for a length that the snapshot only claims.
#[test]
fn an_impossible_length_is_rejected_without_allocating() {
    let bytes = [b"gqjobs02".as_slice(), &[0xff; 60]].concat();
    assert_eq!(load(&bytes, 7).err(), Some(Damage::Bytes));
}
