//! Filters and orders of the list of jobs.

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::bits::Bits;
use super::order::ranks;
use super::sorted::Sorted;
use super::spread::{Owners, REACH, Spread};
use super::{Slot, View};

/// The order of the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// Running tops first, by start, newest first. Then the others by last refresh, else creation, newest first, spread over the pages
    /// by their owners.
    Recommended,
    /// By the distance from this place, nearest first.
    Nearest { longitude: f64, latitude: f64 },
    /// By creation, newest first.
    Newest,
}

/// The conditions on jobs. All of them must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// A part of the positions. Case is ignored.
    pub positions: Option<String>,
    /// The range of salaries, in yuan a month, must overlap that of the job. Equal ends overlap.
    pub salary_from: Option<i32>,
    pub salary_to: Option<i32>,
    /// 基础保障, 薪酬福利, 考勤休假. The job must have all of them.
    pub tags: [Vec<String>; 3],
}

/// The ids of one page, in order, and the number of all matching jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub ids: Vec<u64>,
    pub total: usize,
}

/// The cost of sorting one matching row, relative to the cost of testing one row of an order.
const SORT_COST: usize = 4;

impl View {
    /// The jobs of the ranks from `skip`, at most `take`, which is the size of all pages. The greater id comes first in a tie.
    pub fn search(&self, order: Order, filter: &Filter, now: i64, skip: usize, take: usize) -> Found {
        let matches = self.matches(filter);
        let total = matches.as_ref().map_or(self.len(), |matches| matches.total);
        let window = Window { skip, take: take.min(total.saturating_sub(skip)) };
        let page = match order {
            _ if window.take == 0 => Vec::new(),
            Order::Recommended => self.recommended(matches.as_ref(), now, window, take),
            Order::Newest => {
                let created = |slot| self.columns.created_key(slot);
                self.latest(&self.created, created, matches.as_ref(), None, window).collect()
            }
            Order::Nearest { longitude, latitude } => self.nearest(matches.as_ref(), (longitude, latitude), window),
        };
        Found { ids: page.into_iter().map(|slot| self.columns.id(slot)).collect(), total }
    }

    /// The rows that match the filter; None if all of them do.
    fn matches(&self, filter: &Filter) -> Option<Matches> {
        let all = self.columns.slots();
        let mut matches: Option<Bits> = None;
        for (kind, tags) in self.tags.iter().zip(&filter.tags) {
            for tag in tags {
                let rows = kind.having(tag).map_or_else(|| Bits::none(all), |rows| rows.to_bits(all));
                keep(&mut matches, rows);
            }
        }
        if let Some(part) = &filter.positions {
            let mut rows = Bits::none(all);
            self.positions.containing(&part.to_lowercase()).for_each(|value| rows.add(value));
            keep(&mut matches, rows);
        }
        if filter.salary_from.is_some() || filter.salary_to.is_some() {
            let (from, to) = (filter.salary_from.unwrap_or(i32::MIN), filter.salary_to.unwrap_or(i32::MAX));
            let (lowest, highest) = self.columns.salaries();
            match &mut matches {
                Some(matches) => matches.keep_if(|slot| (lowest[slot as usize] <= to) & (highest[slot as usize] >= from)),
                None => matches = Some(Bits::of_ranges(lowest, highest, from, to)),
            }
        }
        matches.map(|bits| Matches { total: bits.count(), bits })
    }

    fn recommended(&self, matches: Option<&Matches>, now: i64, window: Window, size: usize) -> Vec<Slot> {
        let running = self.tops.range(..(now.saturating_add(1), 0)).rev().filter(|(_, (end, _))| now < *end);
        let running = running.map(|(_, (_, slot))| *slot);
        let tops: Vec<Slot> = running.filter(|slot| matches.is_none_or(|matches| matches.bits.has(*slot))).collect();
        let mut page: Vec<Slot> = tops.iter().copied().skip(window.skip).take(window.take).collect();
        let rest = Window { skip: window.skip.saturating_sub(tops.len()), take: window.take - page.len() };
        if rest.take > 0 {
            let excluded = (!tops.is_empty()).then(|| Bits::of(tops.iter().copied(), self.columns.slots()));
            let rows = |window| {
                let fresh = |slot| self.columns.fresh_key(slot);
                self.latest(&self.fresh, fresh, matches, excluded.as_ref(), window)
            };
            if rest.skip < REACH {
                let near = rows(Window { skip: 0, take: REACH });
                page.extend(self.spread(near, &tops, rest, size));
            }
            let far = Window { skip: rest.skip.max(REACH), take: window.take - page.len() };
            if far.take > 0 {
                page.extend(rows(far));
            }
        }
        page
    }

    /// The ranks of the window among the rows, once they are spread over pages of this size. The first pages hold the tops.
    fn spread(
        &self,
        rows: impl Iterator<Item = Slot>,
        tops: &[Slot],
        Window { skip, take }: Window,
        size: usize,
    ) -> impl Iterator<Item = Slot> {
        let owner = |slot| self.columns.owner(slot);
        let mut spread = Spread { rows, owner, held: VecDeque::new() };
        let mut owners = Owners::default();
        let on_the_page = tops.len() % size;
        for slot in &tops[tops.len() - on_the_page..] {
            owners.admit(owner(*slot));
        }
        let mut arranged = spread.page(size - on_the_page, owners);
        while arranged.len() < skip + take {
            let next = spread.page(size, Owners::default());
            if next.is_empty() {
                break;
            }
            arranged.extend(next);
        }
        arranged.into_iter().skip(skip).take(take)
    }

    /// The last rows of an order, without the excluded ones. If many rows match, the order is scanned until the page is full. If few match,
    /// they are sorted.
    fn latest<'a>(
        &self,
        order: &'a Sorted,
        key: impl Fn(Slot) -> (i64, u64),
        matches: Option<&'a Matches>,
        excluded: Option<&'a Bits>,
        Window { skip, take }: Window,
    ) -> Box<dyn Iterator<Item = Slot> + 'a> {
        let newest_first = order.rows().iter().rev().copied();
        let is_included = move |slot: Slot| excluded.is_none_or(|excluded| !excluded.has(slot));
        match matches {
            None if excluded.is_none() => Box::new(newest_first.skip(skip).take(take)),
            None => Box::new(newest_first.filter(move |slot| is_included(*slot)).skip(skip).take(take)),
            Some(Matches { bits, total }) if (skip + take) * self.len() < total * total * SORT_COST => {
                Box::new(newest_first.filter(move |slot| bits.has(*slot) && is_included(*slot)).skip(skip).take(take))
            }
            Some(Matches { bits, .. }) => {
                let mut keys: Vec<_> =
                    bits.slots().filter(|slot| is_included(*slot)).map(|slot| (Reverse(key(slot)), slot)).collect();
                let page: Vec<Slot> = ranks(&mut keys, skip, take).iter().map(|(_, slot)| *slot).collect();
                Box::new(page.into_iter())
            }
        }
    }
}

/// The rows that match a filter.
pub(super) struct Matches {
    pub bits: Bits,
    pub total: usize,
}

/// A range of ranks.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub skip: usize,
    pub take: usize,
}

fn keep(matches: &mut Option<Bits>, rows: Bits) {
    match matches {
        Some(matches) => matches.keep(&rows),
        None => *matches = Some(rows),
    }
}
