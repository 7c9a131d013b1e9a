//! Generated open jobs with the distributions of a large board: a few Chinese positions are the most frequent, coordinates follow the
//! population of real cities, some tags are common, most refreshes and tops are recent. The same seed generates the same jobs.

use shared::jobboard::search::view::{Entry, Filter, Order, Top};

/// A reproducible random number generator (SplitMix64).
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0, inclusive, to 1, exclusive.
    pub fn fraction(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound as u64) as usize
    }

    pub fn chance(&mut self, of_a_hundred: usize) -> bool {
        self.below(100) < of_a_hundred
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// The first elements far more often than the last.
    pub fn early_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = (self.fraction().powi(3) * all.len() as f64) as usize;
        &all[at.min(all.len() - 1)]
    }
}

/// Longitude, latitude and weight (the population of 2023, in millions).
const CITIES: [(f64, f64, usize); 24] = [
    (106.5516, 29.5630, 32),
    (121.4737, 31.2304, 25),
    (116.4074, 39.9042, 22),
    (104.0665, 30.5723, 21),
    (113.2644, 23.1291, 19),
    (114.0579, 22.5431, 18),
    (114.3054, 30.5931, 14),
    (117.2008, 39.0842, 14),
    (108.9398, 34.3416, 13),
    (120.5853, 31.2989, 13),
    (113.6254, 34.7466, 13),
    (120.1551, 30.2741, 12),
    (114.5149, 38.0428, 11),
    (113.7518, 23.0207, 10),
    (112.9388, 28.2282, 10),
    (120.3826, 36.0671, 10),
    (117.2272, 31.8206, 10),
    (118.7969, 32.0603, 9),
    (113.1214, 23.0218, 9),
    (121.5440, 29.8683, 9),
    (123.4315, 41.8057, 9),
    (102.8329, 24.8801, 8),
    (126.5350, 45.8038, 9),
    (87.6168, 43.8256, 4),
];

/// The most frequent first, with the range of salaries in yuan per month.
const POSITIONS: [(&str, i32, i32); 40] = [
    ("服务员", 4000, 6000),
    ("洗碗工", 3800, 4800),
    ("厨师", 6000, 11_000),
    ("后厨切配", 4500, 6500),
    ("传菜员", 4000, 5500),
    ("收银员", 4200, 5800),
    ("保洁", 3500, 5000),
    ("厨师长", 10_000, 20_000),
    ("店长", 8000, 15_000),
    ("打荷", 4500, 6500),
    ("面点师", 5500, 9000),
    ("凉菜师傅", 5500, 8500),
    ("烧烤师傅", 6000, 10_000),
    ("炒锅", 6500, 11_000),
    ("咖啡师", 5000, 8000),
    ("奶茶店员", 4000, 5500),
    ("学徒", 3000, 4500),
    ("采购", 5000, 8000),
    ("迎宾", 4000, 6000),
    ("领班", 5000, 7000),
    ("外卖打包员", 4000, 5500),
    ("配送员", 5000, 10_000),
    ("西餐厨师", 7000, 13_000),
    ("日料师傅", 8000, 16_000),
    ("甜品师", 5500, 9500),
    ("蛋糕裱花师", 6000, 10_000),
    ("调酒师", 6000, 12_000),
    ("餐饮经理", 9000, 18_000),
    ("火锅底料师", 7000, 12_000),
    ("卤菜师傅", 6000, 9500),
    ("水台", 4500, 6500),
    ("仓管", 4500, 6500),
    ("营养师", 6000, 11_000),
    ("行政总厨", 15_000, 40_000),
    ("早餐师傅", 5000, 8000),
    ("面包师", 5500, 9000),
    ("寿司师傅", 7000, 12_000),
    ("Barista", 6000, 9000),
    ("Sous Chef", 9000, 18_000),
    ("品控", 6000, 10_000),
];
const BEFORE: [&str; 14] =
    ["", "", "", "急招", "川菜", "粤菜", "湘菜", "高薪诚聘", "火锅店", "东北菜", "包吃住", "早班", "夜班", "兼职"];
const BEHIND: [&str; 10] = ["", "", "", "(可住宿)", "（急）", "/学徒", " 长白班", "月休四天", "-周末双倍", " 五险一金"];

/// Tags with their probability in percent.
type Chances<const N: usize> = [(&'static str, usize); N];
const PROTECTION: Chances<6> = [("社保", 45), ("商业保险", 20), ("公积金", 12), ("工伤保险", 25), ("五险", 30), ("意外险", 8)];
const BENEFITS: Chances<10> = [
    ("包吃", 70),
    ("包住", 55),
    ("节日福利", 35),
    ("全勤奖", 40),
    ("年终奖", 25),
    ("绩效奖金", 20),
    ("工龄奖", 12),
    ("高温补贴", 6),
    ("交通补贴", 5),
    ("员工旅游", 4),
];
const LEAVE: Chances<6> =
    [("月休4天", 50), ("月休2天", 20), ("月休6天", 12), ("双休", 5), ("带薪年假", 15), ("法定节假日", 10)];

/// The creation time of the newest job: 2026-01-15T10:30:00Z.
pub const NOW: i64 = 1_768_473_000_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// This many jobs, the oldest first, with ascending ids.
pub fn jobs(count: usize, seed: u64) -> impl Iterator<Item = Entry> {
    let mut dice = Dice::of(seed);
    // Evenly over sixty days.
    let apart = 60 * DAY / i64::try_from(count.max(1)).unwrap_or(i64::MAX);
    (0..count).map(move |number| {
        let created = NOW - apart * (count - number) as i64;
        job(&mut dice, id_of(created, number), created)
    })
}

/// An id in the form of the system: milliseconds since 2024, and a sequence number.
pub fn id_of(created: i64, number: usize) -> u64 {
    ((created - 1_704_067_200_000) as u64) << 12 | (number as u64 & 0xfff)
}

/// A job with this id and creation time.
pub fn job(dice: &mut Dice, id: u64, created: i64) -> Entry {
    let (title, lowest, highest) = *dice.early_of(&POSITIONS);
    let (before, behind) = (dice.one_of(&BEFORE), dice.one_of(&BEHIND));
    // One percent have a unique position.
    let store = if dice.chance(1) { format!("{}店", dice.below(5000)) } else { String::new() };
    let step = |dice: &mut Dice, salary: i32| salary + dice.below(5) as i32 * 500;
    let salary_min = step(dice, lowest);
    let salary_max = if dice.chance(10) { i32::MAX } else { step(dice, highest).max(salary_min) };
    let (longitude, latitude) = place(dice);
    // Most refreshes are recent.
    let since = |dice: &mut Dice, most: i64| (dice.fraction().powi(3) * most as f64) as i64;
    let refreshed = dice.chance(40).then(|| NOW - since(dice, NOW - created));
    let top = dice.chance(1).then(|| {
        let start = (NOW - since(dice, 5 * DAY)).max(created);
        Top { start, end: start + 72 * HOUR }
    });
    // One in five is of an owner with many jobs.
    let owner = if dice.chance(20) { 1 + dice.below(8) as u64 } else { id };
    Entry {
        id,
        owner,
        version: 1,
        created,
        fresh: refreshed.unwrap_or(created),
        top,
        positions: format!("{before}{store}{title}{behind}"),
        salary_min,
        salary_max,
        longitude,
        latitude,
        tags: [some_of(dice, &PROTECTION), some_of(dice, &BENEFITS), some_of(dice, &LEAVE)],
    }
}

fn some_of(dice: &mut Dice, chances: &[(&str, usize)]) -> Vec<String> {
    chances.iter().filter(|(_, chance)| dice.chance(*chance)).map(|(tag, _)| (*tag).to_owned()).collect()
}

/// Within about thirty kilometres of a city, most near its centre, with six decimals like the coordinates of a phone.
fn place(dice: &mut Dice) -> (f64, f64) {
    let all: usize = CITIES.iter().map(|(_, _, size)| size).sum();
    let mut at = dice.below(all);
    let (longitude, latitude, _) = CITIES
        .iter()
        .find(|(_, _, size)| {
            let here = at < *size;
            at = at.wrapping_sub(*size);
            here
        })
        .unwrap_or(&CITIES[0]);
    let off = |dice: &mut Dice| (dice.fraction() + dice.fraction() + dice.fraction() - 1.5) * 0.2;
    let rounded = |degrees: f64| (degrees * 1e6).round() / 1e6;
    (rounded(longitude + off(dice)), rounded(latitude + off(dice)))
}

/// A filter of a user by position, by salary and by this many tags.
pub fn filter(dice: &mut Dice, positions: bool, salary: bool, tags: usize) -> Filter {
    let mut filter = Filter::default();
    if positions {
        filter.positions = Some(dice.early_of(&POSITIONS).0.to_owned());
    }
    if salary {
        filter.salary_from = Some(5000 + dice.below(10) as i32 * 500);
        filter.salary_to = dice.chance(50).then(|| 12_000 + dice.below(10) as i32 * 1000);
    }
    for _ in 0..tags {
        let (kind, tag) = match dice.below(3) {
            0 => (0, dice.early_of(&PROTECTION).0),
            1 => (1, dice.early_of(&BENEFITS).0),
            _ => (2, dice.early_of(&LEAVE).0),
        };
        filter.tags[kind].push(tag.to_owned());
    }
    filter
}

/// The order by distance from a place in a city.
pub fn nearest(dice: &mut Dice) -> Order {
    let (longitude, latitude) = place(dice);
    Order::Nearest { longitude, latitude }
}
