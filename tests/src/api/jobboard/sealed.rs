//! What is stored of users, and the contacts of jobs, are sealed, and records of earlier versions are read, changed and moved.

use serde_json::{Value, json};

use crate::support::board::{Board, User, done};
use crate::support::persons::{Keys, assert_absent, assert_not_stored, assert_present, assert_sealed, openid, reseal, stored};
use crate::support::{Response, Stage};

/// The name under which the simulator of WeChat knows the owner.
const WECHAT: &str = "planted-person";
/// The phone of the owner, the contact of a job, and where the owner is.
const PHONE: &str = "13761542098";
const CONTACT: &str = "+86 136-9852-0147";
const PLACE: &str = "居住路八十八号三单元";
const LONGITUDE: &str = "104.061728";
const LATITUDE: &str = "30.657412";

struct Posted {
    stage: Stage,
    board: Board,
    owner: User,
    caller: User,
    jobs: [u64; 2],
    /// Of the owner.
    openid: String,
}

impl Posted {
    /// Two jobs, one of which is pinned. The caller has called for it and collected it.
    async fn open() -> Self {
        let stage = Stage::open().await;
        let board = Board::of(&stage.address);
        let owner = board.register(WECHAT, PHONE).await;
        let caller = board.join().await;
        let place = json!({
            "first_area_id": 1, "second_area_id": 101, "third_area_id": 1001, "address": PLACE,
            "longitude": 104.061728, "latitude": 30.657412,
        });
        assert_eq!(owner.post("/user/update/geo", &place).await, done());
        let job = json!({"contact": CONTACT, "user_name": "王五", "positions": "洗碗工"});
        let jobs = [owner.post_job(job.clone()).await, owner.post_job(job).await];
        caller.adjust_vouchers(1).await;
        assert_eq!(caller.call(jobs[0]).await, done());
        assert_eq!(caller.post("/job/collect", &json!({"job_id": jobs[0]})).await, done());
        let is_owner = |item: &Value| item["pk"]["S"] == format!("user#{}", owner.id);
        let openid = openid(&stage, "JOBBOARD_SECRET", "jobboard", is_owner).await;
        let posted = Self { stage, board, owner, caller, jobs, openid };
        posted.pin(jobs[0]).await;
        posted
    }

    async fn pin(&self, job: u64) {
        let order = self.owner.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5.00})).await;
        let paid = self.board.pay(order["order_no"].as_str().unwrap()).await;
        assert_eq!(self.owner.order_status(order["order_no"].as_str().unwrap()).await, "paid", "{paid}");
    }

    async fn responses(&self) -> Vec<Response> {
        let Self { board, owner, caller, jobs, .. } = self;
        self.stage.refresh_searches();
        let job = json!({"job_id": jobs[0]});
        let responses = vec![
            owner.info().await,
            owner.post("/jobs/info", &job).await,
            caller.post("/jobs/info", &job).await,
            board.post("/jobs/info", &job).await,
            board.post("/jobs/list", &json!({})).await,
            caller.post("/jobs/list", &json!({})).await,
            owner.post("/jobs/my", &json!({})).await,
            caller.post("/collect/my", &json!({})).await,
            caller.post("/contact_history/out", &json!({})).await,
            owner.post("/contact_history/in", &json!({})).await,
        ];
        assert!(responses.iter().all(|response| response.status == 200), "{responses:?}");
        assert_eq!(responses[0].body["data"]["phone"], PHONE);
        let contacts: Vec<&Value> = responses[1..4].iter().map(|response| &response.body["data"]["contact"]).collect();
        let masked = responses[3].body["data"]["contact"].as_str().unwrap();
        assert_eq!(contacts[..2], [CONTACT; 2]);
        assert!(masked.contains("****") && !masked.contains("9852"), "{masked}");
        assert_eq!(responses[4].body["data"]["jobs"].as_array().map(Vec::len), Some(2));
        assert_eq!(responses[9].body["data"]["total"], 1, "{:?}", responses[9]);
        responses
    }

    /// What is stored of persons, sealed.
    fn planted(&self) -> [&str; 6] {
        [&self.openid, PHONE, CONTACT, PLACE, LONGITUDE, LATITUDE]
    }

    async fn assert_sealed(&self) {
        assert_present(&stored(&self.stage).await, &self.planted());
        let items = assert_not_stored(&self.stage, "jobboard", &self.planted()).await;
        let mut sealed = 0;
        for item in items {
            match kind(&item) {
                Some("user") => assert_sealed(&item, &["openid", "phone", "place"], &["by_phone"]),
                Some("job") => {
                    assert_sealed(&item, &["contact"], &["by_phone"]);
                    assert_eq!(item["content"]["M"].get("contact"), None, "{item}");
                    assert_eq!(item["content"]["M"]["user_name"]["S"], "王五");
                }
                _ => continue,
            }
            sealed += 1;
        }
        assert_eq!(sealed, 4);
    }

    /// Stores the records as earlier versions did.
    async fn make_earlier(&self) {
        let keys = Keys::of(&self.stage, "JOBBOARD_SECRET").await;
        for item in self.stage.items("jobboard").await {
            let item = match kind(&item) {
                Some("user") => keys.earlier(&item, &["openid", "phone"]),
                Some("job") => {
                    let mut item = keys.earlier(&item, &[]);
                    let contact = item.as_object_mut().unwrap().remove("contact").expect("a contact");
                    item["content"]["M"]["contact"] = contact;
                    item
                }
                _ => continue,
            };
            assert_eq!(item.get("sealed"), None, "{item}");
            self.stage.database("PutItem", &json!({"TableName": "jobboard", "Item": item})).await;
        }
    }
}

/// Which kind of record with sealed fields an item is.
fn kind(item: &Value) -> Option<&str> {
    let kind = item["pk"]["S"].as_str()?.split_once('#')?.0;
    (item["sk"]["S"] == kind).then_some(kind)
}

#[tokio::test]
async fn what_is_stored_of_persons_is_sealed_also_in_the_feed_and_the_snapshots() {
    let posted = Posted::open().await;
    posted.responses().await;
    posted.assert_sealed().await;
    // Each kind of change seals the record again.
    let [pinned, other] = posted.jobs;
    let owner = &posted.owner;
    assert_eq!(owner.post("/jobs/update", &json!({"id": pinned, "description": "包吃包住"})).await, done());
    assert_eq!(owner.post("/jobs/refresh", &json!({"job_id": other})).await, done());
    assert_eq!(owner.post("/user/update/info", &json!({"name": "王五"})).await, done());
    posted.assert_sealed().await;
    assert_eq!(owner.job(pinned).await["contact"], CONTACT);

    let snapshot = posted.stage.address.invoke("jobboard-search-snapshot", &json!({})).await;
    assert_eq!((snapshot.status, &snapshot.body["jobs"]), (200, &json!(2)), "{snapshot:?}");
    let objects = posted.stage.objects().await;
    let keys = objects.list("").await.unwrap();
    assert!(keys.iter().any(|key| key.starts_with("search/")), "{keys:?}");
    for key in keys {
        let (bytes, size) = objects.read(&key, 0, 1 << 20).await.unwrap().expect("an object");
        assert_eq!(bytes.len() as u64, size, "{key}");
        assert_absent(&bytes, &posted.planted());
    }
}

#[tokio::test]
async fn records_of_earlier_versions_answer_the_same_until_reseal_has_moved_them_and_after() {
    let posted = Posted::open().await;
    let before = posted.responses().await;
    posted.make_earlier().await;
    assert_eq!(posted.responses().await, before);
    assert_eq!(reseal(&posted.stage, "jobboard").await, 4);
    posted.assert_sealed().await;
    assert_eq!(posted.responses().await, before);
    assert_eq!(reseal(&posted.stage, "jobboard").await, 0);
    assert_eq!(posted.board.register(WECHAT, "13900000000").await.id, posted.owner.id);
}

#[tokio::test]
async fn a_job_of_an_earlier_version_is_sealed_by_its_next_change() {
    let posted = Posted::open().await;
    posted.make_earlier().await;
    let [first, second] = posted.jobs;
    // By the owner, and by a payment.
    assert_eq!(posted.owner.post("/jobs/update", &json!({"id": first, "description": "包吃包住"})).await, done());
    posted.pin(second).await;
    assert_eq!(posted.owner.post("/user/update/info", &json!({"name": "王五"})).await, done());
    for job in posted.jobs {
        assert_eq!(posted.owner.job(job).await["contact"], CONTACT);
    }
    assert_eq!(reseal(&posted.stage, "jobboard").await, 1, "the caller");
    posted.assert_sealed().await;
}
