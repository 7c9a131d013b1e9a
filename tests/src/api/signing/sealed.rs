//! What is stored of workers and handlers is sealed, and records of earlier versions are read, changed and moved.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::persons::{Keys, assert_not_stored, assert_present, assert_sealed, openid, reseal, stored};
use crate::support::worker::{CONTRACT, HANDLER, Platform, Worker, ok, resume};
use crate::support::{Stage, fetch};

/// The texts of the résumé. Each is longer than what could occur by chance.
const TEXTS: [(&str, &str); 19] = [
    ("real_name", "欧阳试验甲"),
    ("phone", "13761542098"),
    ("id_number", "44030119880312457X"),
    ("nation", "塔吉克族"),
    ("acct_prc_name", "户籍某某省"),
    ("acct_city_name", "户籍某某市"),
    ("acct_coy_name", "户籍某某县"),
    ("acct_addr", "户籍路七十七号"),
    ("province_name", "居住某某省"),
    ("city_name", "居住某某市"),
    ("county_name", "居住某某县"),
    ("addr", "居住路八十八号"),
    ("em_contact_name", "司马试验乙"),
    ("em_contact_phone", "13698520147"),
    ("em_contact_relationship", "远房表兄"),
    ("id_card_front", "https://api.example.com/image/7731001.jpg"),
    ("id_card_back", "https://api.example.com/image/7731002.jpg"),
    ("work_exp", "某某隐名机械厂"),
    ("employee_edu", "某某隐名中学"),
];
/// The numbers of the résumé, which are too short to be searched for.
const NUMBERS: [&str; 11] = [
    "age",
    "gender",
    "marital_sts",
    "political_sts",
    "acct_type",
    "acct_prc_id",
    "acct_city_id",
    "acct_coy_id",
    "province_id",
    "city_id",
    "county_id",
];
/// Where the résumé was sent from, the salary of the contract, and the phone of the handler.
const LONGITUDE: &str = "104.061728";
const LATITUDE: &str = "30.657412";
const CITY: &str = "某某测试区";
const UNIQUE_KEY: &str = "planted-key-5512";
const SALARY: &str = "18765.43";
const HANDLER_PHONE: &str = "13587412096";
/// The name under which the simulator of WeChat knows the worker.
const WECHAT: &str = "planted-person";

struct Submitted {
    stage: Stage,
    platform: Platform,
    worker: Worker,
    em_id: Value,
    openid: String,
}

impl Submitted {
    /// An application that is approved.
    async fn open() -> Self {
        let stage = Stage::open().await;
        let platform = Platform::create(&stage.address).await;
        let handler = json!({"handler_id": HANDLER, "username": "zhangsan", "name": "张三", "phone": HANDLER_PHONE});
        assert_eq!(platform.command("set_handler", json!({"handler": handler})).await["handler"]["phone"], HANDLER_PHONE);
        let worker = platform.worker(WECHAT).await;
        let mut resume = resume();
        for (field, planted) in TEXTS {
            resume[field] = match field {
                "work_exp" => json!([{"company": planted}]),
                "employee_edu" => json!([{"school": planted}]),
                _ => planted.into(),
            };
        }
        let request = worker.request(Method::POST, "/employee").header("content-type", "application/json");
        let request = request.header("x-location", format!("{}-{}", LONGITUDE, LATITUDE));
        let request = request.header("x-city", "%E6%9F%90%E6%9F%90%E6%B5%8B%E8%AF%95%E5%8C%BA");
        let sent = request.header("x-unique-key", UNIQUE_KEY).body(resume.to_string());
        assert_eq!(fetch(sent).await, ok(Value::Null));
        let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
        let openid = openid(&stage, "SIGNING_SECRET", "signing", |item| item["sk"]["S"] == "worker").await;
        let submitted = Self { stage, platform, worker, em_id, openid };
        let terms = json!({"contract_id": CONTRACT, "entry_date": "2024-02-01", "salary": SALARY, "work_pos": "B岗位"});
        assert_eq!(submitted.decide("approve_application", terms).await["status"], 2);
        let approved = submitted.platform.command("show_application", json!({"em_id": submitted.em_id})).await;
        assert_eq!((&approved["status"], &approved["terms"]["salary"]), (&json!(2), &json!(SALARY)), "{approved}");
        assert_eq!((&approved["city"], &approved["location"]), (&json!(CITY), &json!([104.061728, 30.657412])));
        submitted
    }

    async fn decide(&self, command: &str, event: Value) -> Value {
        self.platform.decide(command, &self.em_id, event).await
    }

    async fn responses(&self) -> Vec<Value> {
        let mut responses = vec![
            self.platform.command("show_application", json!({"em_id": self.em_id})).await,
            self.platform.command("list_applications", json!({})).await,
        ];
        for path in ["/employee", "/em_status", "/handlers", "/companies"] {
            let response = self.worker.get(path).await;
            assert_eq!(response.status, 200, "{path}: {response:?}");
            responses.push(response.body);
        }
        assert_eq!(responses[2]["data"]["em_contact_phone"], "13698520147");
        responses
    }

    async fn assert_sealed(&self) {
        let elsewhere = [LONGITUDE, LATITUDE, CITY, UNIQUE_KEY, SALARY, HANDLER_PHONE, &self.openid];
        let planted: Vec<&str> = TEXTS.iter().map(|(_, planted)| *planted).chain(elsewhere).collect();
        assert_present(&stored(&self.stage).await, &planted);
        let items = assert_not_stored(&self.stage, "signing", &planted).await;
        let mut sealed = 0;
        for item in &items {
            let fields = TEXTS.iter().map(|(field, _)| *field);
            let application: Vec<&str> = fields.chain(NUMBERS).chain(["origin", "terms"]).collect();
            match kind(item) {
                Some("application") => assert_sealed(item, &application, &["by_phone", "by_id_number", "by_name"]),
                Some("handler") => assert_sealed(item, &["phone"], &["by_phone"]),
                Some("worker") => assert_sealed(item, &["openid"], &[]),
                _ => continue,
            }
            sealed += 1;
        }
        assert_eq!(sealed, 3);
    }

    /// Stores the records as an earlier version did: before any field was sealed, or when some were sealed alone.
    async fn make_earlier(&self, has_sealed: bool) {
        let keys = Keys::of(&self.stage, "SIGNING_SECRET").await;
        for item in self.stage.items("signing").await {
            let alone: &[&str] = match kind(&item) {
                // Workers have been stored with their openid since it is sealed.
                Some("worker") => &["openid"],
                Some("application") if has_sealed => &["id_number"],
                Some(_) => &[],
                None => continue,
            };
            let item = keys.earlier(&item, alone);
            assert_eq!(item.get("sealed"), None, "{item}");
            self.stage.database("PutItem", &json!({"TableName": "signing", "Item": item})).await;
        }
    }
}

/// Which kind of record with sealed fields an item is.
fn kind(item: &Value) -> Option<&str> {
    match (item["pk"]["S"].as_str()?, item["sk"]["S"].as_str()?) {
        (pk, _) if pk.ends_with("#handler") => Some("handler"),
        (pk, sk) if pk.contains("#worker#") => Some(sk),
        _ => None,
    }
}

#[tokio::test]
async fn what_is_stored_of_persons_is_sealed() {
    let submitted = Submitted::open().await;
    submitted.assert_sealed().await;
    // Each kind of change seals the record again.
    assert_eq!(submitted.decide("set_verify_status", json!({"verify_status": 2})).await["verify_status"], 2);
    assert_eq!(submitted.decide("sign_application", json!({})).await["status"], 3);
    submitted.assert_sealed().await;
    assert_eq!(submitted.responses().await[0]["terms"]["salary"], SALARY);
}

#[tokio::test]
async fn records_of_earlier_versions_answer_the_same_until_reseal_has_moved_them_and_after() {
    let submitted = Submitted::open().await;
    let before = submitted.responses().await;
    for has_sealed in [true, false] {
        submitted.make_earlier(has_sealed).await;
        assert_eq!(submitted.responses().await, before, "{has_sealed}");
        assert_eq!(reseal(&submitted.stage, "signing").await, 3, "{has_sealed}");
        submitted.assert_sealed().await;
        assert_eq!(submitted.responses().await, before, "{has_sealed}");
        assert_eq!(reseal(&submitted.stage, "signing").await, 0, "{has_sealed}");
    }
    let again = submitted.platform.worker(WECHAT).await;
    assert_eq!(again.get("/employee").await.body["data"]["em_id"], submitted.em_id);
}

#[tokio::test]
async fn an_application_of_an_earlier_version_is_sealed_by_its_next_change() {
    let submitted = Submitted::open().await;
    let mut expected = submitted.responses().await;
    submitted.make_earlier(false).await;
    assert_eq!(submitted.decide("sign_application", json!({})).await["status"], 3);
    let signed = submitted.platform.command("show_application", json!({"em_id": submitted.em_id})).await;
    let moved = json!({"from": 2, "to": 3, "at": "2024-01-15T10:30:00Z", "by": "zhangsan"});
    (expected[0]["status"], expected[0]["version"]) = (3.into(), 3.into());
    expected[0]["moves"].as_array_mut().unwrap().push(moved);
    assert_eq!(signed, expected[0]);
    // The application, not the other records.
    let items = submitted.stage.items("signing").await;
    let application = items.iter().find(|item| kind(item) == Some("application")).expect("an application");
    assert_sealed(application, &["real_name", "marital_sts", "origin", "terms"], &["by_phone", "by_id_number", "by_name"]);
    assert_eq!(reseal(&submitted.stage, "signing").await, 2);
    submitted.assert_sealed().await;
}
