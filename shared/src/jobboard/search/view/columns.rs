//! The fields of the jobs, one column for each.

use super::Slot;
use super::place::direction;

/// One job, with codes for values in dictionaries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub id: u64,
    pub owner: u64,
    pub created: i64,
    pub fresh: i64,
    pub longitude: f64,
    pub latitude: f64,
    pub version: u32,
    pub salary_min: i32,
    pub salary_max: i32,
    pub positions: u32,
    pub tags: [u32; 3],
}

#[derive(Default)]
pub(super) struct Columns {
    id: Vec<u64>,
    owner: Vec<u64>,
    created: Vec<i64>,
    fresh: Vec<i64>,
    longitude: Vec<f64>,
    latitude: Vec<f64>,
    version: Vec<u32>,
    salary_min: Vec<i32>,
    salary_max: Vec<i32>,
    positions: Vec<u32>,
    tags: [Vec<u32>; 3],
    /// The place as a unit vector from the earth's centre, to compare distances without trigonometry.
    direction: Vec<[f32; 3]>,
}

/// The salaries of a slot without a job. No range overlaps them.
const NO_SALARY: (i32, i32) = (i32::MAX, i32::MIN);

impl Columns {
    pub fn slots(&self) -> usize {
        self.id.len()
    }

    /// Reserves memory for exactly this many more slots.
    pub fn reserve(&mut self, slots: usize) {
        for column in [&mut self.id, &mut self.owner] {
            column.reserve_exact(slots);
        }
        for column in [&mut self.created, &mut self.fresh] {
            column.reserve_exact(slots);
        }
        for column in [&mut self.longitude, &mut self.latitude] {
            column.reserve_exact(slots);
        }
        for column in [&mut self.salary_min, &mut self.salary_max] {
            column.reserve_exact(slots);
        }
        for column in [&mut self.version, &mut self.positions].into_iter().chain(&mut self.tags) {
            column.reserve_exact(slots);
        }
        self.direction.reserve_exact(slots);
    }

    /// Adds a slot without a job. If the memory is full, it grows by a sixteenth: doubling it would waste too much.
    pub fn grow(&mut self) -> Slot {
        if self.id.len() == self.id.capacity() {
            self.reserve(self.id.len() / 16 + 1024);
        }
        let slot = Slot::try_from(self.slots()).unwrap_or(Slot::MAX);
        self.id.push(0);
        self.owner.push(0);
        self.created.push(0);
        self.fresh.push(0);
        self.longitude.push(0.0);
        self.latitude.push(0.0);
        self.version.push(0);
        self.salary_min.push(NO_SALARY.0);
        self.salary_max.push(NO_SALARY.1);
        self.positions.push(0);
        self.tags.iter_mut().for_each(|column| column.push(0));
        self.direction.push([0.0; 3]);
        slot
    }

    pub fn set(&mut self, slot: Slot, row: &Row) {
        let at = slot as usize;
        self.id[at] = row.id;
        self.owner[at] = row.owner;
        self.created[at] = row.created;
        self.fresh[at] = row.fresh;
        self.longitude[at] = row.longitude;
        self.latitude[at] = row.latitude;
        self.version[at] = row.version;
        self.salary_min[at] = row.salary_min;
        self.salary_max[at] = row.salary_max;
        self.positions[at] = row.positions;
        self.tags.iter_mut().zip(row.tags).for_each(|(column, code)| column[at] = code);
        self.direction[at] = direction(row.longitude, row.latitude);
    }

    pub fn get(&self, slot: Slot) -> Row {
        let at = slot as usize;
        Row {
            id: self.id[at],
            owner: self.owner[at],
            created: self.created[at],
            fresh: self.fresh[at],
            longitude: self.longitude[at],
            latitude: self.latitude[at],
            version: self.version[at],
            salary_min: self.salary_min[at],
            salary_max: self.salary_max[at],
            positions: self.positions[at],
            tags: [self.tags[0][at], self.tags[1][at], self.tags[2][at]],
        }
    }

    /// Removes the job of a slot.
    pub fn clear(&mut self, slot: Slot) {
        (self.salary_min[slot as usize], self.salary_max[slot as usize]) = NO_SALARY;
    }

    pub fn id(&self, slot: Slot) -> u64 {
        self.id[slot as usize]
    }

    pub fn owner(&self, slot: Slot) -> u64 {
        self.owner[slot as usize]
    }

    pub fn version(&self, slot: Slot) -> u32 {
        self.version[slot as usize]
    }

    /// The sort key by creation.
    pub fn created_key(&self, slot: Slot) -> (i64, u64) {
        (self.created[slot as usize], self.id[slot as usize])
    }

    /// The sort key by refresh.
    pub fn fresh_key(&self, slot: Slot) -> (i64, u64) {
        (self.fresh[slot as usize], self.id[slot as usize])
    }

    /// Longitude and latitude.
    pub fn place(&self, slot: Slot) -> (f64, f64) {
        (self.longitude[slot as usize], self.latitude[slot as usize])
    }

    /// The minimum and the maximum salaries, by slot.
    pub fn salaries(&self) -> (&[i32], &[i32]) {
        (&self.salary_min, &self.salary_max)
    }

    pub fn direction(&self, slot: Slot) -> [f32; 3] {
        self.direction[slot as usize]
    }
}
