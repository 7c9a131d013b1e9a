//! The rights of a person (PIPL 44 to 47): what all families store about one is found, exported and erased.

use std::collections::BTreeSet;

use image::ImageFormat;
use jiff::SignedDuration;
use local::template::Template;
use reqwest::Method;
use serde_json::{Value, json};

use super::admin::{done, fails};
use crate::support::board::{Board, User};
use crate::support::persons::{Keys, assert_absent};
use crate::support::picture::picture;
use crate::support::product::Product;
use crate::support::resource::{APPLICATIONS, COMPANIES, PAYMENTS, TASKS, USERS};
use crate::support::worker::{Platform, Worker, resume};
use crate::support::{Partner, Stage, fetch};

/// What all families know of the person. Each value occurs nowhere else.
const NAME: &str = "慕容雪见植";
const PHONE: &str = "13761542098";
const ID_NUMBER: &str = "44030119900307663X";
/// The name under which the simulator of WeChat knows the person.
const WECHAT: &str = "planted-person";
pub const PLANTED: [&str; 20] = [
    NAME,
    PHONE,
    ID_NUMBER,
    // Of the registration of the household.
    "户籍路五十五号植区甲",
    // Partner API: bank account, remark and document of a payment, the resume and the remark of an application, the face photo.
    "6222021234567890123",
    "付款备注种植甲",
    "https://files.example.com/planted-proof.pdf",
    "https://files.example.com/planted-resume.pdf",
    "申请备注种植乙",
    "https://files.example.com/planted-face.jpg",
    // HR API: address, bank card, mail, number, and the form of an approval.
    "植物园路九百一十七号",
    "6214850012345678",
    "planted.person@example.com",
    "PLANTED-0917",
    "离职审批种植丙",
    // Signing API: address and the phone of the emergency contact.
    "居住路八十八号三单元",
    "13988776655",
    // Job board: the place of the user, and the address and the description of a job.
    "清河坊植树弄二十号",
    "植桂里四合院东厢",
    "包吃住另有植树补贴",
];
pub const EMPLOYEE: &str = "a7000000000000000000000000000917";

pub struct Everywhere {
    pub stage: Stage,
    partner: Partner,
    pub product: Product,
    worker: Worker,
    pub user: User,
    /// In the job board.
    openid: String,
}

impl Everywhere {
    pub async fn open() -> Self {
        let stage = Stage::open().await;
        let partner = partner(&stage).await;
        let product = employee(&stage).await;
        let worker = worker(&stage).await;
        let user = user(&stage).await;
        let stored = stage.items("jobboard").await;
        let stored = stored.iter().find(|item| item["pk"]["S"] == format!("user#{}", user.id)).expect("the user");
        let openid = Keys::of(&stage, "JOBBOARD_SECRET").await.opened(stored)["openid"]["S"].as_str().unwrap().to_owned();
        Self { stage, partner, product, worker, user, openid }
    }

    /// What the commands find by the phone, the identity number and the openid.
    pub async fn objects(&self) -> BTreeSet<String> {
        let mut objects = BTreeSet::new();
        for person in [json!({"phone": PHONE}), json!({"id_number": ID_NUMBER}), json!({"openid": self.openid})] {
            objects.extend(self.find(person).await);
        }
        objects
    }

    async fn find(&self, mut person: Value) -> Vec<String> {
        person["command"] = "find_person".into();
        let found = done(&self.stage.address, &person).await;
        found["objects"].as_array().unwrap().iter().map(|object| object.as_str().unwrap().to_owned()).collect()
    }

    pub async fn erase(&self) -> Vec<Value> {
        let objects = self.objects().await;
        let command = json!({"command": "erase_person", "objects": objects, "reason": "本人申请"});
        done(&self.stage.address, &command).await["erased"].as_array().unwrap().clone()
    }

    /// Every item of every table and index, every object, and every log line.
    pub async fn stored(&self) -> Vec<u8> {
        let mut stored = Vec::new();
        for table in Template::read().unwrap().tables() {
            let (name, indexes) = (&table.create["TableName"], table.create["GlobalSecondaryIndexes"].as_array());
            stored.extend(Value::from(self.stage.items(name.as_str().unwrap()).await).to_string().into_bytes());
            for index in indexes.into_iter().flatten() {
                let scan = json!({"TableName": name, "IndexName": index["IndexName"]});
                stored.extend(self.stage.database("Scan", &scan).await["Items"].to_string().into_bytes());
            }
        }
        let bucket = self.stage.objects().await;
        for key in bucket.list("").await.unwrap() {
            stored.extend(key.as_bytes());
            stored.extend(bucket.read(&key, 0, 1 << 25).await.unwrap().expect("an object").0);
        }
        stored.extend(self.stage.take_lines().join("\n").into_bytes());
        stored
    }
}

const TABLES: [&str; 5] = ["channel", "credentials", "hris", "jobboard", "signing"];

async fn partner(stage: &Stage) -> Partner {
    let partner = Partner::join(&stage.address).await;
    let mut user = USERS.example();
    (user["name"], user["id_card"], user["phone"]) = (NAME.into(), ID_NUMBER.into(), PHONE.into());
    user["live_certification"]["photos"] = json!([PLANTED[9]]);
    let mut application = APPLICATIONS.example();
    (application["resume_url"], application["remark"]) = (PLANTED[7].into(), PLANTED[8].into());
    let mut payment = PAYMENTS.example();
    (payment["bank_account"], payment["remark"]) = (PLANTED[4].into(), PLANTED[5].into());
    payment["payment_basis"]["supporting_docs"] = json!([PLANTED[6]]);
    for (kind, body) in [
        (&USERS, user),
        (&COMPANIES, COMPANIES.example()),
        (&TASKS, TASKS.example()),
        (&APPLICATIONS, application),
        (&PAYMENTS, payment),
    ] {
        let created = partner.post(kind.path, &body).await;
        assert_eq!(created.status, 200, "{created:?}");
    }
    partner
}

fn row() -> Value {
    json!({
        "uuid": EMPLOYEE, "name": NAME, "empno": PLANTED[13], "mobile": PHONE, "id_number": ID_NUMBER, "address": PLANTED[10],
        "bank_card": PLANTED[11], "email": PLANTED[12], "status": "regular", "administrator": true,
    })
}

async fn employee(stage: &Stage) -> Product {
    let product = Product::join_stage(stage).await;
    product.imports("employees", &[row()]).await;
    let approval = json!({
        "number_series": "A-917", "creator": NAME, "created_at": "2017-07-12T17:29:30.000+08:00", "status": "denied",
        "category": "dimission", "workflow_name": "员工离职",
        "form_values": [{"section": "交接", "fields": [{"name": "说明", "value": PLANTED[14]}]}],
    });
    product.imports("approvals", &[approval]).await;
    let shift = json!({
        "attenance_rule_name": "早班", "workshift_name": "A", "empno": PLANTED[13], "date": "2017-02-03", "time_range": "09:00-18:00",
    });
    product.imports("arrangements", &[shift]).await;
    let punches = json!([{"empno": PLANTED[13], "punched_at": "2017-02-03 08:00"}]);
    assert_eq!(product.post("/api/v2/attendance_punches", punches).await.status, 200);
    let value = json!({"empno": PLANTED[13], "subject_name": "绩效工资", "month": "2017-09", "value": 1024});
    let value = product.with_token(value);
    assert_eq!(product.post("/api/v2/salary/subject_values", value).await.status, 200);
    product
}

async fn worker(stage: &Stage) -> Worker {
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker(WECHAT).await;
    let mut sent = resume();
    let photo = worker.upload("front.png", &picture(ImageFormat::Png)).await;
    (sent["real_name"], sent["phone"], sent["id_number"]) = (NAME.into(), PHONE.into(), ID_NUMBER.into());
    sent["acct_addr"] = PLANTED[3].into();
    (sent["addr"], sent["em_contact_phone"]) = (PLANTED[15].into(), PLANTED[16].into());
    sent["id_card_front"] = photo.body["data"]["url"].clone();
    let submitted = worker.send_json(Method::POST, &sent).await;
    assert_eq!(submitted.status, 200, "{submitted:?}");
    worker
}

async fn user(stage: &Stage) -> User {
    let board = Board::of(&stage.address);
    let user = board.register(WECHAT, PHONE).await;
    assert_eq!(user.post("/user/update/info", &json!({"name": NAME})).await.status, 200);
    let place = json!({
        "first_area_id": 1, "second_area_id": 101, "third_area_id": 1001, "address": PLANTED[17], "longitude": 104.06,
        "latitude": 30.65,
    });
    assert_eq!(user.post("/user/update/geo", &place).await.status, 200);
    let job = json!({"contact": PHONE, "user_name": NAME, "address": PLANTED[18], "description": PLANTED[19]});
    let job = user.post_job(job).await;
    let name = format!("{}_{}.png", user.id, stage.clock_nanoseconds());
    for folder in ["img", "incoming/img", "rejected/img"] {
        stage.objects().await.put(&format!("{folder}/{name}"), picture(ImageFormat::Png), "image/png").await.unwrap();
    }
    let caller = board.join().await;
    caller.adjust_vouchers(1).await;
    assert_eq!(caller.call(job).await.status, 200);
    board.pay(&user.order_voucher().await).await;
    user
}

#[tokio::test]
async fn a_person_is_found_in_all_families_by_each_number() {
    let person = Everywhere::open().await;
    let Everywhere { partner, product, worker, user, .. } = &person;
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    let channel = format!("channel/user/{}/{}", partner.appkey, USERS.example()["channel_user_id"].as_str().unwrap());
    let hris = format!("hris/employee/{}/{EMPLOYEE}", product.company);
    let signing = format!("signing/worker/{}/{em_id}", worker.platform.code);
    let jobboard = format!("jobboard/user/{}", user.id);
    let of = |objects: &[&String]| objects.iter().map(|object| (*object).clone()).collect::<Vec<_>>();
    assert_eq!(person.find(json!({"phone": PHONE})).await, of(&[&channel, &hris, &signing, &jobboard]));
    assert_eq!(person.find(json!({"phone": "+86 137-6154-2098"})).await, of(&[&channel, &hris, &signing, &jobboard]));
    assert_eq!(person.find(json!({"id_number": ID_NUMBER.to_lowercase()})).await, of(&[&channel, &hris, &signing]));
    assert_eq!(person.find(json!({"openid": person.openid})).await, of(&[&jobboard]));
    let by_number = json!({"company_uuid": product.company, "empno": PLANTED[13]});
    assert_eq!(person.find(by_number).await, of(&[&hris]));
    assert_eq!(person.find(json!({"phone": "13761542099"})).await, Vec::<String>::new());

    let one = "phone: or id_number or openid is required, or company_uuid with empno, and only one of them";
    for (person_by, message) in [
        (json!({}), one),
        (json!({"phone": PHONE, "openid": person.openid}), one),
        (json!({"empno": PLANTED[13]}), one),
        (json!({"phone": "1"}), "phone: must be a mobile number"),
    ] {
        let mut command = person_by;
        command["command"] = "find_person".into();
        let (kind, shown) = ("Invalid", message);
        fails(&person.stage.address, &command, kind, shown).await;
    }
}

#[tokio::test]
async fn an_export_holds_all_that_is_stored_and_is_recorded() {
    let person = Everywhere::open().await;
    let objects = person.objects().await;
    let command = json!({"command": "export_person", "objects": objects, "reason": "本人查阅"});
    let exported = done(&person.stage.address, &command).await;
    let url = exported["url"].as_str().unwrap().to_owned();
    let content = local::http::client().get(&url).send().await.unwrap();
    assert_eq!(content.status(), 200);
    let content: Value = content.json().await.unwrap();
    let (records, pictures) = (content["records"].as_array().unwrap(), content["pictures"].as_array().unwrap());
    assert_eq!(exported, json!({"url": url, "valid_for": 900, "records": records.len(), "pictures": pictures.len()}));
    let text = content.to_string();
    for value in PLANTED {
        assert!(text.contains(value), "{value}");
    }
    assert_eq!(pictures.len(), 2);
    for picture in pictures {
        let stored = local::http::client().get(picture["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!((stored.status().as_u16(), stored.bytes().await.unwrap().is_empty()), (200, false), "{picture}");
    }
    let kinds: BTreeSet<&str> = records.iter().map(|record| record["kind"].as_str().unwrap()).collect();
    let expected = [
        "application",
        "approval",
        "arrangement",
        "contact_in",
        "employee",
        "job",
        "order",
        "payment",
        "punch",
        "salary",
        "user",
        "voucher_entry",
        "worker",
    ];
    assert_eq!(kinds, BTreeSet::from(expected));

    for object in objects {
        let recorded = done(&person.stage.address, &json!({"command": "audit", "object": object})).await;
        let record = &recorded["records"][0];
        assert_eq!((&record["action"], &record["object"]), (&json!("export_person"), &json!(object)));
        assert_eq!(record["reason"], "本人查阅");
    }
}

#[tokio::test]
async fn an_erased_person_is_in_no_table_index_object_or_log_line() {
    let person = Everywhere::open().await;
    let before = String::from_utf8_lossy(&person.stored().await).into_owned();
    assert!(before.contains(NAME), "the scan finds what is there");
    let erased = person.erase().await;
    assert!(erased.iter().all(|object| object["records"].as_u64() > Some(0)), "{erased:?}");
    let stored = person.stored().await;
    assert_absent(&stored, &PLANTED);
    assert_absent(&stored, &[&person.openid]);
    assert_eq!(person.objects().await, BTreeSet::new());
    let kept: BTreeSet<&str> = erased
        .iter()
        .flat_map(|object| object["kept"].as_array().unwrap())
        .map(|kept| kept["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        kept,
        BTreeSet::from([
            "orders, refunds, contacts and the voucher ledger, under the number of the user",
            "payments: amounts, times and transaction numbers, under the partner's id of the user",
            "values of salary subjects, under a random pseudonym",
        ])
    );

    // Credentials have ended, payments and the ledger remain.
    let Everywhere { stage, partner, product, worker, user, .. } = &person;
    stage.expire_caches();
    assert_eq!(user.post("/jobs/my", &json!({})).await.status, 401);
    assert_eq!(worker.get("/employee").await.status, 401);
    assert_eq!(partner.get(&USERS.example_path()).await.status, 404);
    let payment = partner.get(&PAYMENTS.example_path()).await;
    assert_eq!((payment.status, payment.body["data"]["amount"].clone()), (200, PAYMENTS.example()["amount"].clone()));
    assert_eq!(payment.body["data"].get("bank_account"), None, "{payment:?}");
    assert_eq!(product.get(&format!("/api/v2/employees/{EMPLOYEE}"), product.with_token(json!({}))).await.status, 404);
}

#[tokio::test]
async fn a_later_import_or_registration_of_an_erased_person_is_a_new_person() {
    let person = Everywhere::open().await;
    person.erase().await;
    let Everywhere { stage, product, worker, user, .. } = &person;
    stage.expire_caches();
    product.imports("employees", &[row()]).await;
    let found = product.get(&format!("/api/v2/employees/{EMPLOYEE}"), product.with_token(json!({}))).await;
    assert_eq!((found.status, &found.body["name"]), (200, &json!(NAME)));
    let period = json!({"start_date": "2017-02-01", "end_date": "2017-02-28"});
    let period = product.with_token(period);
    let punches = product.get(&format!("/api/v2/employees/{EMPLOYEE}/attendance_checkings"), period).await;
    assert_eq!((punches.status, punches.body), (200, json!([])));
    let again = user.board.register(WECHAT, PHONE).await;
    assert_ne!(again.id, user.id);
    assert_eq!(again.post("/jobs/my", &json!({})).await.body["data"]["total"], 0);
    let worker = worker.platform.worker(WECHAT).await;
    assert_eq!(worker.get("/employee").await.body["data"], Value::Null);
}

#[tokio::test]
async fn an_erasure_is_repeated_after_an_interruption_and_replayed_after_a_restore() {
    let person = Everywhere::open().await;
    let stage = &person.stage;
    let mut before = Vec::new();
    for table in TABLES {
        before.extend(stage.items(table).await.into_iter().map(|item| (table, item)));
    }
    // Interrupted: the objects that are left are found again, or named again.
    let objects = person.objects().await;
    stage.inject_into("TransactWriteItems", &[crate::support::Fault::Throttled; 60]);
    let command = json!({"command": "erase_person", "objects": objects, "reason": "本人申请"});
    fails(&stage.address, &command, "Internal", "see the log").await;
    stage.clear_faults();
    done(&stage.address, &command).await;
    assert_absent(&person.stored().await, &PLANTED);

    // The tables of the families are restored to the moment before; the audit table is not.
    for (table, item) in before {
        stage.database("PutItem", &json!({"TableName": table, "Item": item})).await;
    }
    stage.expire_caches();
    assert_eq!(person.objects().await, objects);
    let replay = |since: &str| json!({"command": "replay_erasures", "since": since});
    assert_eq!(done(&stage.address, &replay("2024-01-16")).await, json!({"erased": [], "next_cursor": null}));
    let replayed = done(&stage.address, &replay("2024-01-15")).await;
    let names: BTreeSet<String> =
        replayed["erased"].as_array().unwrap().iter().map(|erased| erased["object"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, objects);
    assert_absent(&person.stored().await, &PLANTED);
    stage.clock.advance(SignedDuration::from_secs(1));
    let again = done(&stage.address, &replay("2024-01-15")).await;
    assert!(again["erased"].as_array().unwrap().iter().all(|erased| erased["records"] == 0), "{again}");
}

#[tokio::test]
async fn only_objects_of_persons_are_exported_and_erased() {
    let stage = Stage::open().await;
    for (objects, kind, message) in [
        (json!([]), "Invalid", "objects: must have 1 to 1000 elements"),
        (json!(["x"]), "Invalid", "objects[0]: is not an object of a person"),
        (json!(["jobboard/user/1"]), "NotFound", "objects[0]: does not exist"),
        (json!(["hris/company/c"]), "NotFound", "objects[0]: does not exist"),
    ] {
        let command = json!({"command": "export_person", "objects": objects, "reason": "r"});
        fails(&stage.address, &command, kind, message).await;
    }
    let unknown = json!({"command": "erase_person", "objects": ["jobboard/user/1"], "reason": "r"});
    let erased = json!({"object": "jobboard/user/1", "records": 0, "pictures": 0, "kept": []});
    assert_eq!(done(&stage.address, &unknown).await, json!({"erased": [erased]}));
    fetch(local::http::client().get(&stage.address.sms_outbox_url)).await;
}
