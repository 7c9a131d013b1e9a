//! Which jobs, and which of them are on a page.

use std::cmp::Reverse;

use super::bits::Bits;
use super::order::ranks;
use super::sorted::Sorted;
use super::{Slot, View};

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// Running tops first, the latest first; then by the last refresh, else the creation, newest first.
    Recommended,
    /// By the distance from here, nearest first.
    Nearest { longitude: f64, latitude: f64 },
    /// By the creation, newest first.
    Newest,
}

/// Which jobs. Everything given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Part of the positions, in either case.
    pub positions: Option<String>,
    /// The salaries of which some are offered, in yuan a month; touching ends count.
    pub salary_from: Option<i32>,
    pub salary_to: Option<i32>,
    /// 基础保障, 薪酬福利, 考勤休假: every one of them is offered.
    pub tags: [Vec<String>; 3],
}

/// The ids of one page, in order, and how many jobs there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub ids: Vec<u64>,
    pub total: usize,
}

/// To look at a row of an order costs so much less than to take it out and compare it with others.
const COMPARING: usize = 4;

impl View {
    /// The jobs of the ranks from `skip` on, at most `take`. Ties are by the greater id.
    pub fn search(&self, order: Order, filter: &Filter, now: i64, skip: usize, take: usize) -> Found {
        let taken = self.taken_by(filter);
        let total = taken.as_ref().map_or(self.len(), |taken| taken.total);
        let window = Window { skip, take: take.min(total.saturating_sub(skip)) };
        let page = match order {
            _ if window.take == 0 => Vec::new(),
            Order::Recommended => self.recommended(taken.as_ref(), now, window),
            Order::Newest => self.latest(&self.created, |slot| self.columns.created_key(slot), taken.as_ref(), None, window),
            Order::Nearest { longitude, latitude } => {
                let rows = taken.map(|taken| taken.bits.slots().collect::<Vec<_>>());
                self.nearest(rows.as_deref(), (longitude, latitude), window)
            }
        };
        Found { ids: page.into_iter().map(|slot| self.columns.id(slot)).collect(), total }
    }

    /// The rows that a filter takes, or none where it takes all.
    fn taken_by(&self, filter: &Filter) -> Option<Taken> {
        let all = self.columns.slots();
        let mut taken: Option<Bits> = None;
        for (kind, tags) in self.tags.iter().zip(&filter.tags) {
            for tag in tags {
                let rows = kind.having(tag).map_or_else(|| Bits::none(all), |rows| rows.to_bits(all));
                keep(&mut taken, rows);
            }
        }
        if let Some(part) = &filter.positions {
            let mut rows = Bits::none(all);
            self.positions.containing(&part.to_lowercase()).for_each(|value| rows.add(value));
            keep(&mut taken, rows);
        }
        if filter.salary_from.is_some() || filter.salary_to.is_some() {
            let (from, to) = (filter.salary_from.unwrap_or(i32::MIN), filter.salary_to.unwrap_or(i32::MAX));
            let (lowest, highest) = self.columns.salaries();
            match &mut taken {
                Some(taken) => taken.keep_if(|slot| (lowest[slot as usize] <= to) & (highest[slot as usize] >= from)),
                None => taken = Some(Bits::of_ranges(lowest, highest, from, to)),
            }
        }
        taken.map(|bits| Taken { total: bits.count(), bits })
    }

    fn recommended(&self, taken: Option<&Taken>, now: i64, window: Window) -> Vec<Slot> {
        let running = self.tops.range(..(now.saturating_add(1), 0)).rev().filter(|(_, (end, _))| now < *end);
        let running = running.map(|(_, (_, slot))| *slot);
        let tops: Vec<Slot> = running.filter(|slot| taken.is_none_or(|taken| taken.bits.has(*slot))).collect();
        let mut page: Vec<Slot> = tops.iter().copied().skip(window.skip).take(window.take).collect();
        let rest = Window { skip: window.skip.saturating_sub(tops.len()), take: window.take - page.len() };
        if rest.take > 0 {
            let tops = (!tops.is_empty()).then(|| Bits::of(tops, self.columns.slots()));
            page.extend(self.latest(&self.fresh, |slot| self.columns.fresh_key(slot), taken, tops.as_ref(), rest));
        }
        page
    }

    /// The last rows of an order, without those that stand elsewhere. Where many rows are taken, the order is walked until the page
    /// is full; where few are, they are compared with each other.
    fn latest(
        &self,
        order: &Sorted,
        key: impl Fn(Slot) -> (i64, u64),
        taken: Option<&Taken>,
        elsewhere: Option<&Bits>,
        Window { skip, take }: Window,
    ) -> Vec<Slot> {
        let newest_first = order.rows().iter().rev().copied();
        let is_here = |slot: Slot| elsewhere.is_none_or(|elsewhere| !elsewhere.has(slot));
        match taken {
            None if elsewhere.is_none() => newest_first.skip(skip).take(take).collect(),
            None => newest_first.filter(|slot| is_here(*slot)).skip(skip).take(take).collect(),
            Some(Taken { bits, total }) if (skip + take) * self.len() < total * total * COMPARING => {
                newest_first.filter(|slot| bits.has(*slot) && is_here(*slot)).skip(skip).take(take).collect()
            }
            Some(Taken { bits, .. }) => {
                let mut keys: Vec<_> =
                    bits.slots().filter(|slot| is_here(*slot)).map(|slot| (Reverse(key(slot)), slot)).collect();
                ranks(&mut keys, skip, take).iter().map(|(_, slot)| *slot).collect()
            }
        }
    }
}

/// The rows that a filter takes.
struct Taken {
    bits: Bits,
    total: usize,
}

/// Ranks from the first on.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub skip: usize,
    pub take: usize,
}

fn keep(taken: &mut Option<Bits>, rows: Bits) {
    match taken {
        Some(taken) => taken.keep(&rows),
        None => *taken = Some(rows),
    }
}
