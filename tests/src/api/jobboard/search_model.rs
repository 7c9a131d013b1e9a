//! /jobs/list against a plain model: every row, order, total and page of random requests over random jobs.

use jiff::SignedDuration;
use local::WITHOUT_LIMITS;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::board::{Board, User, done};
use crate::support::dice::Dice;

const POSITIONS: [&str; 5] = ["厨师", "川菜厨师长", "Chef 西餐", "服务员", "洗碗工"];
const ASKED: [&str; 6] = ["厨师", "chef", "师长", "员", "经理", ""];
const SALARIES: [i64; 6] = [0, 4000, 6000, 8000, 12_000, 20_000];
const TAGS: [[&str; 3]; 3] = [["社保", "公积金", "商业保险"], ["节日福利", "包吃", "包住"], ["月休4天", "双休", "年假"]];
const KINDS: [&str; 3] = ["basic_protection", "salary_benefits", "attendance_leave"];
const CITIES: [(f64, f64); 4] = [(116.397128, 39.916527), (121.473701, 31.230416), (113.264385, 23.129112), (-179.5, -33.25)];
const JOBS: usize = 40;

/// A job in the model. Times are seconds since the start of the test.
struct Posted {
    id: u64,
    positions: &'static str,
    salary: (i64, i64),
    tags: [Vec<&'static str>; 3],
    place: (f64, f64),
    created: i64,
    refreshed: Option<i64>,
    top: Option<(i64, i64)>,
    open: bool,
}

struct Model {
    stage: Stage,
    owner: User,
    jobs: Vec<Posted>,
    now: i64,
}

impl Model {
    async fn open() -> Self {
        let stage = Stage::open_with(&WITHOUT_LIMITS).await;
        let owner = Board::of(&stage.address).join().await;
        Self { stage, owner, jobs: Vec::new(), now: 0 }
    }

    fn wait(&mut self, seconds: i64) {
        self.stage.clock.advance(SignedDuration::from_secs(seconds));
        self.now += seconds;
    }

    async fn post(&mut self, dice: &mut Dice) {
        let (from, to) = (dice.one_of(&SALARIES), dice.one_of(&SALARIES));
        let salary = (from.min(to), if dice.below(5) == 0 { -1 } else { from.max(to) });
        let tags = TAGS.map(|tags| dice.some_of(&tags, 2));
        let (positions, place) = (dice.one_of(&POSITIONS), dice.one_of(&CITIES));
        let mut members = json!({
            "positions": positions, "salary_min": salary.0, "salary_max": salary.1, "longitude": place.0, "latitude": place.1,
        });
        KINDS.iter().zip(&tags).for_each(|(kind, tags)| members[*kind] = json!(tags));
        let id = self.owner.post_job(members).await;
        self.jobs.push(Posted {
            id,
            positions,
            salary,
            tags,
            place,
            created: self.now,
            refreshed: None,
            top: None,
            open: true,
        });
    }

    /// Changes an open job.
    async fn change(&mut self, dice: &mut Dice) {
        let at = dice.below(self.jobs.len());
        let (id, now) = (self.jobs[at].id, self.now);
        if !self.jobs[at].open {
            return;
        }
        let named = json!({"job_id": id});
        match dice.below(6) {
            0 => {
                assert_eq!(self.owner.post("/job/close", &named).await, done());
                self.jobs[at].open = false;
            }
            1 | 2 => {
                let order = self.owner.order("/jobs/top", json!({"job_id": id, "top_hour": 72, "price": 5})).await;
                self.owner.board.pay(order["order_no"].as_str().unwrap()).await;
                let length = 72 * 3600;
                self.jobs[at].top = match self.jobs[at].top {
                    Some((start, end)) if now < end => Some((start, end + length)),
                    _ => Some((now, now + length)),
                };
            }
            _ => {
                let order = self.owner.order("/jobs/refresh/pay", json!({"job_id": id, "price": 1.99})).await;
                self.owner.board.pay(order["order_no"].as_str().unwrap()).await;
                self.jobs[at].refreshed = Some(now);
            }
        }
    }

    /// The ids that a request finds, in order, each with its distance.
    fn expected(&self, query_type: usize, filter: &Value, here: (f64, f64)) -> Vec<(u64, f64)> {
        let bound = |name: &str| filter[name].as_i64().filter(|salary| *salary > 0);
        let wanted = filter["positions"].as_str().unwrap_or_default().to_lowercase();
        let taken = |job: &&Posted| {
            job.open
                && job.positions.to_lowercase().contains(&wanted)
                && bound("salary_min").is_none_or(|from| job.salary.1 == -1 || job.salary.1 >= from)
                && bound("salary_max").is_none_or(|to| job.salary.0 <= to)
                && KINDS.iter().zip(&job.tags).all(|(kind, offered)| {
                    filter[*kind].as_array().into_iter().flatten().all(|tag| offered.iter().any(|offered| *tag == *offered))
                })
        };
        let mut found: Vec<&Posted> = self.jobs.iter().filter(taken).collect();
        let fresh = |job: &Posted| job.refreshed.unwrap_or(job.created);
        let running = |job: &Posted| job.top.filter(|(_, end)| self.now < *end).map(|(start, _)| start);
        found.sort_by(|one, other| {
            let by_order = match query_type {
                2 => metres(one.place, here).total_cmp(&metres(other.place, here)),
                3 => other.created.cmp(&one.created),
                _ => match (running(one), running(other)) {
                    (None, None) => fresh(other).cmp(&fresh(one)),
                    // `None` is less than any time.
                    (one, other) => other.cmp(&one),
                },
            };
            by_order.then(other.id.cmp(&one.id))
        });
        found.iter().map(|job| (job.id, metres(job.place, here))).collect()
    }

    /// Requests a page, compares it with the model, and returns the number of its rows.
    async fn compare(&self, dice: &mut Dice) -> usize {
        let query_type = 1 + dice.below(3);
        let here = dice.one_of(&CITIES);
        let mut filter = json!({"longitude": here.0, "latitude": here.1});
        if dice.below(2) == 0 {
            filter["positions"] = dice.one_of(&ASKED).into();
        }
        for name in ["salary_min", "salary_max"] {
            if dice.below(4) == 0 {
                filter[name] = (dice.one_of(&SALARIES) + dice.one_of(&[-1, 0, 1])).max(-1).into();
            }
        }
        for (kind, tags) in KINDS.iter().zip(TAGS) {
            if dice.below(6) == 0 {
                filter[*kind] = json!(dice.some_of(&tags, 3));
            }
        }
        let (number, size) = (1 + dice.below(3), dice.one_of(&[2, 3, 10, 50]));
        let body = json!({"query_type": query_type, "filter": filter, "page_num": number, "page_size": size});
        let response = self.owner.board.post("/jobs/list", &body).await;
        let expected = self.expected(query_type, &filter, here);
        assert_eq!(response.body["data"]["total"], expected.len(), "{body}: {response:?}");
        let page: Vec<(u64, f64)> = expected.into_iter().skip((number - 1) * size).take(size).collect();
        let rows = response.body["data"]["jobs"].as_array().expect("rows");
        let ids: Vec<u64> = rows.iter().map(|row| row["id"].as_u64().unwrap()).collect();
        assert_eq!(ids, page.iter().map(|(id, _)| *id).collect::<Vec<_>>(), "{body}");
        for (row, (_, metres)) in rows.iter().zip(page).filter(|_| query_type == 2) {
            assert!((row["distance_m"].as_f64().unwrap() - metres).abs() <= 1.0, "{body}: {row} {metres}");
        }
        ids.len()
    }
}

/// The angle between two directions from the centre of the earth, times its radius.
fn metres(one: (f64, f64), other: (f64, f64)) -> f64 {
    let direction = |(longitude, latitude): (f64, f64)| {
        let (longitude, latitude) = (longitude.to_radians(), latitude.to_radians());
        [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
    };
    let ([a, b, c], [x, y, z]) = (direction(one), direction(other));
    let cross = [b * z - c * y, c * x - a * z, a * y - b * x];
    6_371_000.0 * cross.iter().map(|part| part * part).sum::<f64>().sqrt().atan2(a * x + b * y + c * z)
}

#[tokio::test]
async fn every_page_of_every_order_and_filter_is_what_a_plain_model_finds() {
    let mut model = Model::open().await;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..JOBS {
        model.post(&mut dice).await;
        // Some are created in the same moment.
        model.wait(dice.one_of(&[0, 1, 60]));
    }
    let mut rows = Vec::new();
    for _ in 0..30 {
        model.change(&mut dice).await;
        // Long enough for the change to be seen and for tops to end; tokens stay valid.
        model.wait(dice.one_of(&[1, 2, 3600, 12 * 3600]));
        for _ in 0..8 {
            rows.push(model.compare(&mut dice).await);
        }
    }
    // Some pages are empty, some are full.
    assert!(rows.iter().filter(|rows| **rows > 1).count() > 100, "{rows:?}");
    assert!(rows.iter().filter(|rows| **rows == 0).count() > 20, "{rows:?}");
    let ended = model.jobs.iter().filter(|job| job.top.is_some_and(|(_, end)| end <= model.now)).count();
    let running = model.jobs.iter().filter(|job| job.top.is_some_and(|(_, end)| end > model.now)).count();
    let closed = model.jobs.iter().filter(|job| !job.open).count();
    assert!(ended > 0 && running > 0 && closed > 0, "{ended} tops ended, {running} run, {closed} jobs are closed");
}
