//! A person who exists in all families, with values that occur nowhere else.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use image::ImageFormat;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::admin::done;
use crate::support::board::{self, Board, User};
use crate::support::consent::access_token;
use crate::support::persons;
use crate::support::picture::picture;
use crate::support::product::Product;
use crate::support::resource::{APPLICATIONS, COMPANIES, PAYMENTS, TASKS, USERS};
use crate::support::worker::{Platform, Worker, resume};
use crate::support::{Partner, Stage};

/// In all families.
pub const NAME: &str = "慕容雪见植";
pub const PHONE: &str = "13761542098";
pub const ID_NUMBER: &str = "44030119900307663X";
/// Partner API: bank account, remark and document of a payment, the resume and the remark of an application, the face photo.
const BANK_ACCOUNT: &str = "6222021234567890123";
const PAYMENT_REMARK: &str = "付款备注种植甲";
const PROOF: &str = "https://files.example.com/planted-proof.pdf";
const RESUME_URL: &str = "https://files.example.com/planted-resume.pdf";
const APPLICATION_REMARK: &str = "申请备注种植乙";
const FACE: &str = "https://files.example.com/planted-face.jpg";
/// HR API: address, bank card, mail, number, and the form of an approval.
const EMPLOYEE_ADDRESS: &str = "植物园路九百一十七号";
const BANK_CARD: &str = "6214850012345678";
const EMAIL: &str = "planted.person@example.com";
pub const EMPNO: &str = "PLANTED-0917";
const FORM: &str = "离职审批种植丙";
/// Signing API: the registration of the household, the address, and the phone of the emergency contact.
const HOUSEHOLD: &str = "户籍路五十五号植区甲";
const HOME: &str = "居住路八十八号三单元";
const EMERGENCY_PHONE: &str = "13988776655";
/// Job board: the place of the user, and the address and the description of a job.
const PLACE: &str = "清河坊植树弄二十号";
const JOB_ADDRESS: &str = "植桂里四合院东厢";
const JOB_DESCRIPTION: &str = "包吃住另有植树补贴";

/// What all families store of the person, except the openids, which WeChat chooses.
pub const PLANTED: [&str; 20] = [
    NAME,
    PHONE,
    ID_NUMBER,
    BANK_ACCOUNT,
    PAYMENT_REMARK,
    PROOF,
    RESUME_URL,
    APPLICATION_REMARK,
    FACE,
    EMPLOYEE_ADDRESS,
    BANK_CARD,
    EMAIL,
    EMPNO,
    FORM,
    HOUSEHOLD,
    HOME,
    EMERGENCY_PHONE,
    PLACE,
    JOB_ADDRESS,
    JOB_DESCRIPTION,
];
/// What an erasure keeps, and why.
pub static PAYMENTS_KEPT: LazyLock<Value> = LazyLock::new(|| {
    let what = "payments: amounts, times and transaction numbers, under the partner's id of the user";
    json!({"what": what, "why": "会计档案管理办法 第十四条 (30 years), 税收征收管理法实施细则 第二十九条 (10 years)"})
});
pub static SALARIES_KEPT: LazyLock<Value> = LazyLock::new(|| {
    let what = "values of salary subjects, under a random pseudonym";
    json!({"what": what, "why": "工资支付暂行规定 第六条 (2 years), 税收征收管理法实施细则 第二十九条 (10 years)"})
});
pub static LEDGER_KEPT: LazyLock<Value> = LazyLock::new(|| {
    let what = "orders, refunds, contacts and the voucher ledger, under the number of the user";
    json!({"what": what, "why": "电子商务法 第三十一条 (3 years), 会计档案管理办法 第十四条 (30 years)"})
});
pub const EMPLOYEE: &str = "a7000000000000000000000000000917";
/// The name under which the simulator of WeChat knows the person.
pub const WECHAT: &str = "planted-person";

pub struct Everywhere {
    pub stage: Stage,
    pub partner: Partner,
    pub product: Product,
    pub worker: Worker,
    pub user: User,
    /// In the job board.
    pub openid: String,
    /// In the signing API.
    pub worker_openid: String,
}

impl Everywhere {
    /// With a record of most kinds. The fault matrix makes each call of an erasure fail.
    pub async fn open() -> Self {
        let stage = Stage::open().await;
        let partner = partner(&stage).await;
        let product = employee(&stage).await;
        let worker = worker(&stage).await;
        let user = user(&stage).await;
        let (of_user, of_worker) = (json!(format!("user#{}", user.id)), json!("worker"));
        let openid = persons::openid(&stage, "JOBBOARD_SECRET", "jobboard", |item| item["pk"]["S"] == of_user).await;
        let worker_openid = persons::openid(&stage, "SIGNING_SECRET", "signing", |item| item["sk"]["S"] == of_worker).await;
        Self { stage, partner, product, worker, user, openid, worker_openid }
    }

    /// With a record of every kind, two versions of each picture, and nothing that expires within minutes.
    pub async fn filled() -> Self {
        let person = Self::open().await;
        let Self { stage, product, user, .. } = &person;
        let token = access_token(product, PHONE).await;
        assert_eq!(product.read(&token, "/api/v2/departments", json!({})).await.status, 200);
        let leave = json!({
            "employee_uuid": EMPLOYEE, "date": "2017-02-03", "category": "leave", "duration": 0.5, "duration_unit": "days",
            "start_time": "2017-02-03 09:00", "end_time": "2017-02-03 13:00",
        });
        product.imports("timelines", &[leave]).await;
        let other = user.board.join().await.post_job(json!({})).await;
        assert_eq!(user.post("/job/collect", &json!({"job_id": other})).await, board::done());
        assert_eq!(user.call(other).await, board::done());
        let objects = stage.objects().await;
        for key in person.pictures().await {
            objects.put(&key, picture(ImageFormat::Png), "image/png").await.unwrap();
        }
        // Codes of text messages, and the stored responses to signed calls.
        stage.clock.advance(SignedDuration::from_mins(10));
        stage.address.invoke("ops-cleanup", &json!({})).await;
        person
    }

    /// The keys of all pictures of persons.
    pub async fn pictures(&self) -> Vec<String> {
        let mut keys = self.stage.objects().await.list("").await.unwrap();
        keys.retain(|key| ["img/", "incoming/", "rejected/", "signing/"].iter().any(|prefix| key.starts_with(prefix)));
        keys
    }

    /// Every value that must not stay.
    pub fn planted(&self) -> Vec<&str> {
        PLANTED.into_iter().chain([self.openid.as_str(), &self.worker_openid]).collect()
    }

    /// The objects in the partner API, the HR API, the signing API and the job board.
    pub async fn names(&self) -> [String; 4] {
        let Self { partner, product, worker, user, .. } = self;
        let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
        [
            format!("channel/user/{}/{}", partner.appkey, USERS.example()["channel_user_id"].as_str().unwrap()),
            format!("hris/employee/{}/{EMPLOYEE}", product.company),
            format!("signing/worker/{}/{em_id}", worker.platform.code),
            format!("jobboard/user/{}", user.id),
        ]
    }

    /// What the commands find by the phone, the identity number and the openid.
    pub async fn objects(&self) -> BTreeSet<String> {
        let mut objects = BTreeSet::new();
        for person in [json!({"phone": PHONE}), json!({"id_number": ID_NUMBER}), json!({"openid": self.openid})] {
            objects.extend(self.find(person).await);
        }
        objects
    }

    pub async fn find(&self, mut person: Value) -> Vec<String> {
        person["command"] = "find_person".into();
        let found = done(&self.stage.address, &person).await;
        found["objects"].as_array().unwrap().iter().map(|object| object.as_str().unwrap().to_owned()).collect()
    }

    pub async fn erase(&self) -> Vec<Value> {
        let objects = self.objects().await;
        let command = json!({"command": "erase_person", "objects": objects, "reason": "本人申请"});
        done(&self.stage.address, &command).await["erased"].as_array().unwrap().clone()
    }
}

async fn partner(stage: &Stage) -> Partner {
    let partner = Partner::join(&stage.address).await;
    let mut user = USERS.example();
    (user["name"], user["id_card"], user["phone"]) = (NAME.into(), ID_NUMBER.into(), PHONE.into());
    user["live_certification"]["photos"] = json!([FACE]);
    let mut application = APPLICATIONS.example();
    (application["resume_url"], application["remark"]) = (RESUME_URL.into(), APPLICATION_REMARK.into());
    let mut payment = PAYMENTS.example();
    (payment["bank_account"], payment["remark"]) = (BANK_ACCOUNT.into(), PAYMENT_REMARK.into());
    payment["payment_basis"]["supporting_docs"] = json!([PROOF]);
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

/// The employee as a row of an import.
pub fn row() -> Value {
    json!({
        "uuid": EMPLOYEE, "name": NAME, "empno": EMPNO, "mobile": PHONE, "id_number": ID_NUMBER, "address": EMPLOYEE_ADDRESS,
        "bank_card": BANK_CARD, "email": EMAIL, "status": "regular", "administrator": true,
    })
}

async fn employee(stage: &Stage) -> Product {
    let product = Product::join_stage(stage).await;
    product.imports("employees", &[row()]).await;
    let approval = json!({
        "number_series": "A-917", "creator": NAME, "created_at": "2017-07-12T17:29:30.000+08:00", "status": "denied",
        "category": "dimission", "workflow_name": "员工离职",
        "form_values": [{"section": "交接", "fields": [{"name": "说明", "value": FORM}]}],
    });
    product.imports("approvals", &[approval]).await;
    let shift = json!({
        "attenance_rule_name": "早班", "workshift_name": "A", "empno": EMPNO, "date": "2017-02-03", "time_range": "09:00-18:00",
    });
    product.imports("arrangements", &[shift]).await;
    let punches = json!([{"empno": EMPNO, "punched_at": "2017-02-03 08:00"}]);
    assert_eq!(product.post("/api/v2/attendance_punches", punches).await.status, 200);
    let value = json!({"empno": EMPNO, "subject_name": "绩效工资", "month": "2017-09", "value": 1024});
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
    (sent["acct_addr"], sent["addr"], sent["em_contact_phone"]) = (HOUSEHOLD.into(), HOME.into(), EMERGENCY_PHONE.into());
    sent["id_card_front"] = photo.body["data"]["url"].clone();
    let submitted = worker.send_json(Method::POST, &sent).await;
    assert_eq!(submitted.status, 200, "{submitted:?}");
    worker
}

async fn user(stage: &Stage) -> User {
    let board = Board::of(&stage.address);
    let user = board.register(WECHAT, PHONE).await;
    assert_eq!(user.post("/user/update/info", &json!({"name": NAME})).await, board::done());
    let place = json!({
        "first_area_id": 1, "second_area_id": 101, "third_area_id": 1001, "address": PLACE, "longitude": 104.06,
        "latitude": 30.65,
    });
    assert_eq!(user.post("/user/update/geo", &place).await, board::done());
    let job = json!({"contact": PHONE, "user_name": NAME, "address": JOB_ADDRESS, "description": JOB_DESCRIPTION});
    let job = user.post_job(job).await;
    let name = format!("{}_{}.png", user.id, stage.clock_nanoseconds());
    for folder in ["img", "incoming/img", "rejected/img"] {
        stage.objects().await.put(&format!("{folder}/{name}"), picture(ImageFormat::Png), "image/png").await.unwrap();
    }
    let caller = board.join().await;
    caller.adjust_vouchers(1).await;
    assert_eq!(caller.call(job).await, board::done());
    board.pay(&user.order_voucher().await).await;
    user
}
