//! Long lists of a user of the job board: older copies of records that the system has stored.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Stage;
use super::board::User;

/// The number of ids in a second.
const SECOND: u64 = 1000 << 12;
/// Copies are at least two hours older than their record.
const OLDER: u64 = 2 * 3600 * SECOND;

/// The most copies.
const MOST: u64 = 10_000;

/// A merchant with a job, and a job seeker who collected it and called its owner.
pub struct Long {
    pub merchant: User,
    pub seeker: User,
    /// The records that are copied: a job, a collection, a contact and an entry of the ledger.
    images: Vec<Value>,
}

/// The lists, with the field of their rows, the field of a row's id, and the field of the total.
pub const LISTS: [(&str, &str, &str, &str); 5] = [
    ("/jobs/my", "list", "id", "total"),
    ("/collect/my", "list", "job_id", "total"),
    ("/contact_history/out", "list", "id", "total"),
    ("/contact_history/in", "list", "id", "total"),
    ("/contact_voucher/records", "list", "id", "list_total"),
];

impl Long {
    pub async fn open(stage: &Stage, merchant: User, seeker: User) -> Self {
        let job = merchant.post_job(json!({})).await;
        assert_eq!(seeker.post("/job/collect", &json!({"job_id": job})).await.status, 200);
        seeker.adjust_vouchers(1).await;
        // The ids of two processes may be equal within a millisecond.
        stage.clock.advance(SignedDuration::from_millis(1));
        assert_eq!(seeker.call(job).await.status, 200);
        let stored = stage.items("jobboard").await;
        let image = |kind: &str| {
            let is_one = |item: &&Value| {
                let (pk, sk) = (item["pk"]["S"].as_str().unwrap(), item["sk"]["S"].as_str().unwrap());
                pk.starts_with(kind) && !["balance", "count"].contains(&sk) && item["type"]["S"] != "adjust"
            };
            stored.iter().rfind(is_one).unwrap_or_else(|| panic!("no {kind}")).clone()
        };
        let images = ["job#", "collect#", "contact#", "vouchers#"].map(image).to_vec();
        Self { merchant, seeker, images }
    }

    /// The user of a list.
    pub fn reader(&self, path: &str) -> &User {
        if ["/jobs/my", "/contact_history/in"].contains(&path) { &self.merchant } else { &self.seeker }
    }

    /// Adds the older records of these numbers to all lists: of two numbers the greater one is the newer record. At most 500 jobs are collected.
    pub async fn fill(&self, stage: &Stage, numbers: std::ops::Range<u64>) {
        self.fill_contacts(stage, numbers.clone()).await;
        let [job, collection, _, entry] = self.images.as_slice() else { panic!("four images") };
        let mut items = Vec::new();
        for number in numbers.clone() {
            let mut new_job = older(job, "id", number);
            let id = new_job["id"]["N"].as_str().unwrap().to_owned();
            new_job["pk"]["S"] = format!("job#{id}").into();
            // In plain, as earlier versions stored it.
            let attributes = new_job.as_object_mut().unwrap();
            attributes.retain(|name, _| name != "sealed" && name != "by_phone");
            attributes.insert("contact".into(), json!({"S": "13812341234"}));
            items.push(new_job);
            let mut new_entry = older(entry, "id", number);
            new_entry["sk"]["S"] = sortable(&new_entry["id"]).into();
            items.push(new_entry);
            if number < 499 {
                let mut new_collection = older(collection, "ixsk", number);
                new_collection["sk"]["S"] = sortable(&json!({"N": id})).into();
                items.push(new_collection);
            }
        }
        stage.put_all("jobboard", items).await;
        let added = numbers.end - numbers.start;
        let mut balance = stage.item("jobboard", &format!("vouchers#{}", self.seeker.id), "balance").await;
        let entries: u64 = balance["entries"]["N"].as_str().unwrap().parse().unwrap();
        balance["entries"]["N"] = (entries + added).to_string().into();
        stage.put_all("jobboard", vec![balance]).await;
    }

    /// Adds older calls of these numbers to both histories.
    pub async fn fill_contacts(&self, stage: &Stage, numbers: std::ops::Range<u64>) {
        let contact = &self.images[2];
        let owner = contact["sk"]["S"].as_str().unwrap().split_once('#').unwrap().1;
        let copies = numbers.map(|number| {
            let mut copy = older(contact, "ixsk", number);
            copy["sk"]["S"] = format!("{}#{owner}", copy["ixsk"]["S"].as_str().unwrap()).into();
            copy
        });
        stage.put_all("jobboard", copies.collect()).await;
    }
}

/// A copy that is at least two hours older. A greater number makes it newer, by as many seconds.
fn older(image: &Value, id: &str, number: u64) -> Value {
    let mut copy = image.clone();
    let digits = |value: &Value| value["S"].as_str().or_else(|| value["N"].as_str()).unwrap().parse::<u64>().unwrap();
    let own = digits(&image[id]) - OLDER - (MOST - number) * SECOND;
    for name in [id, "ixsk"] {
        if let Some(value) = copy.get_mut(name).and_then(Value::as_object_mut) {
            match value.contains_key("N") {
                true => value["N"] = own.to_string().into(),
                false => value["S"] = format!("{own:016}").into(),
            }
        }
    }
    copy
}

fn sortable(id: &Value) -> String {
    format!("{:016}", id["N"].as_str().unwrap().parse::<u64>().unwrap())
}
