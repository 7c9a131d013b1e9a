//! A system with a record of each kind, in which each kind of record has every field that it can have.

use image::ImageFormat;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use crate::support::board::{Board, User, done};
use crate::support::consent::Browser;
use crate::support::long::Long;
use crate::support::picture::picture;
use crate::support::product::{EMPLOYEE, EMPNO, MOBILE, Product, employee, moka_candidate, numbered};
use crate::support::receiver::{Reaction, Receiver};
use crate::support::resource::{ALL, APPLICATIONS, PAYMENTS, Resource};
use crate::support::staff::Staff;
use crate::support::worker::{CONTRACT, HANDLER, Platform, resume};
use crate::support::{Partner, Stage, fetch};

pub async fn filled() -> Stage {
    let stage = Stage::open_with(&[("MODERATION", "publish")]).await;
    erased(&stage).await;
    let staff = staff(&stage).await;
    // Early: to read the code of a sign-in delivers what waits in the outbox.
    let support = Staff::signed_in(&stage.address, &["support"], json!({}), stage.clock.now()).await;
    channel(&stage).await;
    hris(&stage).await;
    signing(&stage).await;
    jobboard(&stage, &support).await;
    // Its message waits in the outbox.
    staff.browser.post("sign-in", &json!({"phone": staff.phone})).await;
    stage.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(stage.address.invoke("jobboard-reconcile", &json!({})).await.body["status"], "different");
    stage
}

/// A member with a session, and another sign-in that has begun.
async fn staff(stage: &Stage) -> Staff {
    let assigned = json!({"platform_code": "gongqiao", "companies": [1], "handler_id": 1});
    let staff = Staff::signed_in(&stage.address, &["reviewer"], assigned, stage.clock.now()).await;
    stage.clock.advance(SignedDuration::from_mins(2));
    let code = staff.message().await;
    staff.browser.post("code", &json!({"phone": staff.phone, "code": code})).await;
    staff
}

/// An application whose résumé the clean-up has erased, and a job whose pictures it has erased.
async fn erased(stage: &Stage) {
    let owner = Board::of(&stage.address).join().await;
    let removed = json!({"job_id": owner.post_job(json!({})).await, "reason": "虚假信息", "by": "zhangsan"});
    owner.board.command("take_down_job", removed).await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("rejected").await;
    assert_eq!(worker.send_json(Method::POST, &resume()).await.status, 200);
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    platform.decide("set_verify_status", &em_id, json!({"verify_status": 3})).await;
    platform.decide("reject_application", &em_id, json!({"reason": "照片不清楚"})).await;
    stage.clock.advance(SignedDuration::from_hours(730 * 24));
    let cleaned = stage.address.invoke("ops-cleanup", &json!({})).await.body;
    assert_eq!((&cleaned["resumes"]["done"], &cleaned["pictures"]["done"]), (&json!(1), &json!(1)));
}

async fn channel(stage: &Stage) {
    let partner = Partner::join(&stage.address).await;
    partner.push_examples(&ALL.each_ref().map(|kind| kind.name)).await;
    let post = async |kind: &Resource, mut body: Value| {
        (body[kind.id_field], body["remark"]) = ("whole".into(), "备注".into());
        let created = partner.post(kind.path, &body).await;
        assert_eq!(created.status, 200, "{created:?}");
    };
    post(&APPLICATIONS, APPLICATIONS.example()).await;
    post(&PAYMENTS, PAYMENTS.with("payment_basis.work_hours", 8)).await;
}

async fn hris(stage: &Stage) {
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    let whole = json!({
        "phone_number": "028-85550000", "bank_name": "招商银行", "bank_card": "6222021234567890123", "category": "fulltime",
        "photo": "https://files.example.com/1.jpg", "avatar": "https://files.example.com/2.jpg", "job_grade": "P7",
        "probation_end_date": "2012-12-29", "leave_date": "2030-01-01", "dingtalk_id": "d", "wework_id": "w",
        "leader_uuid": EMPLOYEE,
    });
    let mut row = employee();
    row.as_object_mut().unwrap().extend(whole.as_object().unwrap().clone());
    let mut left = numbered(1);
    left["status"] = "dimission".into();
    let receiver = Receiver::open().await;
    let types = ["employee_created", "employee_updated"];
    let settings = json!({"address": receiver.address, "contact_mobile": "13800000007", "event_types": types});
    assert_eq!(product.call(Method::PUT, "/api/v2/webhooks", settings).await.status, 200);
    receiver.reacts(&[Reaction::Answer(200, ""), Reaction::Answer(500, "员工1 is not known"), Reaction::CutOff]);
    product.imports("employees", &[row, left]).await;
    product.imports("employees", &[numbered(2)]).await;
    stage.address.settle_events().await;
    let head = json!({"name": "后端组", "uuid": "d".repeat(32), "superior_uuid": "e".repeat(32), "charger_uuid": EMPLOYEE});
    product.imports("departments", &[head]).await;
    let refused = product.import("departments", &[json!({"uuid": "x", "name": "组"})]).await;
    assert_eq!(refused["results"][0]["status"], "refused");
    stage.upload("imports/many.jsonl", &"x\n".repeat(2001)).await;
    let object = json!({
        "command": "import_hris", "kind": "sources", "company_uuid": product.company, "object": "imports/many.jsonl",
    });
    assert_eq!(product.command(object).await["next"]["line"], 2000);
    let candidate = json!({
        "uuid": "c".repeat(32), "name": "候选人", "birthday": "1990-01-01", "sex": "female", "source_id": "1",
    });
    product.imports("candidates", &[candidate]).await;

    let post = async |method: Method, path: &str, payload: Value| {
        let response = product.call(method, path, product.with_token(payload)).await;
        assert_eq!(response.status, 200, "{path}: {response:?}");
    };
    let bind = product.command(json!({"command": "create_bind_code", "company_uuid": product.company})).await;
    let bind = format!("/api/v2/moka_binds/{}", bind["bind_code"].as_str().expect("a code"));
    assert_eq!(product.patch(&bind, Value::Null).await.status, 200);
    let mut pushed = moka_candidate();
    let details = json!({
        "gender": "男", "birthYear": 1990, "source": "官网", "academicDegree": "本科", "married": "未婚",
        "educationInfo": [{"school": "第一中学"}], "experienceInfo": [{"company": "甲公司"}],
        "resumeUrl": "https://moka.example.com/1.pdf", "interviewFeedbackUrl": "https://moka.example.com/2.pdf",
        "offerAttachmentUrls": ["https://moka.example.com/3.pdf"], "offerInfo": {"salary": 1},
    });
    pushed.as_object_mut().unwrap().extend(details.as_object().unwrap().clone());
    post(Method::POST, "/api/v2/moka_candidates", pushed).await;
    let punches = product.post("/api/v2/attendance_punches", json!([{"empno": EMPNO, "punched_at": "2017-02-03 08:00"}])).await;
    assert_eq!(punches.status, 200, "{punches:?}");
    let value = json!({"empno": EMPNO, "subject_name": "绩效工资", "month": "2017-09", "value": 1024});
    post(Method::POST, "/api/v2/salary/subject_values", value).await;
    let path = format!("/api/v2/company_tokens/{}", product.company);
    post(Method::PATCH, &path, json!({"zhiren_visitor_token": "v"})).await;
    let path = format!("/api/v2/employees/{EMPLOYEE}/notify");
    post(Method::POST, &path, json!({"name": "曹操", "time": "下午"})).await;
    consents(stage, &product).await;
}

/// Consents: one with its grant, which was used and revoked; one whose response code waits; a code whose message waits.
async fn consents(stage: &Stage, product: &Product) {
    let token = product.access_token().await;
    assert_eq!(product.read(&token, "/api/v2/departments", json!({})).await.status, 200);
    let grants = json!({"command": "list_grants", "company_uuid": product.company});
    let grant = product.command(grants).await["grants"][0].clone();
    let revoke = json!({"command": "revoke_grant", "app_id": grant["app_id"], "grant_id": grant["grant_id"]});
    assert_eq!(product.command(revoke).await["active"], false);
    product.access_token().await;
    let app = product.app().await;
    stage.clock.advance(SignedDuration::from_secs(61));
    Browser::new(&app).response_code(MOBILE).await;
    let unsent = product.administrator().await;
    // It waits: only a read of the messages delivers what waits.
    let page = Browser::new(&app).request_code(&unsent, "").await;
    assert_eq!((page.status, page.message()), (200, None));
}

async fn signing(stage: &Stage) {
    let platform = Platform::create(&stage.address).await;
    let handler = json!({
        "handler_id": HANDLER, "username": "zhangsan", "name": "张三", "phone": "13800138000", "email": "a@example.com",
    });
    platform.command("set_handler", json!({"handler": handler})).await;
    platform.command("set_positions", json!({"positions": [{"name": "B岗位"}]})).await;
    platform
        .command("set_dictionary", json!({"dict_item": "Nation", "entries": [{"dict_key": "1", "dict_value": "汉族"}]}))
        .await;
    let worker = platform.worker("a worker").await;
    let submitted = worker.request(Method::POST, "/employee").json(&resume());
    let submitted = submitted.header("x-unique-key", "k").header("x-city", "成都").header("x-location", "104.06-30.67");
    assert_eq!(submitted.send().await.unwrap().status(), 200);
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    let terms = json!({"contract_id": CONTRACT, "entry_date": "2024-02-01", "salary": 6000, "work_pos": "B岗位"});
    platform.decide("set_verify_status", &em_id, json!({"verify_status": 2})).await;
    assert_eq!(platform.decide("approve_application", &em_id, terms).await["status"], 2);
    let leaving = platform.worker("leaving").await;
    assert_eq!(leaving.request(Method::POST, "/weixin/close").send().await.unwrap().status(), 200);
    let (captcha, shown) = platform.captcha().await;
    platform.captcha().await;
    assert_eq!(platform.verifycode(&captcha, &shown, "13800138000").await.status, 200);
}

async fn jobboard(stage: &Stage, support: &Staff) {
    let board = Board::of(&stage.address);
    let (inviter, other) = (board.join().await, board.join().await);
    let codes = json!({
        "login_code": board.code("login", "invited").await, "phone_code": board.code("phone", "13900000099").await,
        "inviter_id": inviter.id,
    });
    assert_eq!(board.post("/wechat/user/register", &codes).await.status, 200);
    let user = board.register("invited", "13900000099").await;
    assert_eq!(inviter.post("/user/update/info", &json!({"name": "官方客服"})).await, done());
    let information = json!({"name": "小周", "avatar": "https://cdn.example.com/1.png", "sex": 1});
    assert_eq!(user.post("/user/update/info", &information).await, done());
    assert_eq!(user.post("/user/update/geo", &json!({"longitude": 116.4, "latitude": 39.9})).await, done());

    let job = user.post_job(json!({"user_name": "段先生"})).await;
    assert_eq!(other.post("/job/collect", &json!({"job_id": job})).await, done());
    other.adjust_vouchers(1).await;
    assert_eq!(other.call(job).await, done());
    assert_eq!(user.post("/jobs/refresh", &json!({"job_id": job})).await, done());
    orders(stage, &user, job).await;
    board.command("take_down_job", json!({"job_id": job, "reason": "虚假信息", "by": "zhangsan"})).await;
    let period = json!({"from": "2024-01-01 00:00", "until": "2099-01-01 00:00"});
    let mut price = json!({"goods": "voucher", "quantity": 10, "price": 30, "per_user": 1});
    price.as_object_mut().unwrap().extend(period.as_object().unwrap().clone());
    board.command("set_price", price).await;
    user.order("/contact_voucher/buy", json!({"price": 30, "contact_voucher_num": 10})).await;
    assert_eq!(user.post_once("/job/create", "k", &crate::support::board::job()).await, done());
    let leaving = board.join().await;
    assert_eq!(leaving.post("/user/close", &json!({})).await, done());
    let banned = board.join().await;
    banned.post_job(json!({})).await;
    board.command("ban_user", json!({"user_id": banned.id, "reason": "虚假招聘", "by": "zhangsan"})).await;
    let reported = json!({"job_id": other.post_job(json!({})).await, "reason": "fee"});
    assert_eq!(user.post("/job/report", &reported).await, done());
    let adjustment = json!({"user_id": user.id, "change": 1, "reference": "case-1", "reason": "补偿"});
    assert_eq!(support.command("adjust_vouchers", adjustment).await.status, 200);
    let long = Long::open(stage, board.join().await, board.join().await).await;
    long.fill_contacts(stage, 0..300).await;
    assert_eq!(long.seeker.post("/contact_history/out", &json!({})).await.body["data"]["total"], 301);
    let deleted = json!({"job_id": long.merchant.post_job(json!({})).await, "reason": "虚假信息", "by": "zhangsan"});
    board.command("delete_job", deleted).await;
    let name = format!("{}_{}.png", user.id, stage.clock_nanoseconds());
    stage.objects().await.put(&format!("img/{name}"), picture(ImageFormat::Png), "image/png").await.unwrap();
}

/// WeChat does not accept the report of a delivery.
async fn reported(stage: &Stage, board: &Board) {
    let url = format!("{}/simulate/errcode?next=-1&path=upload_shipping_info", board.address.wechat_url);
    assert_eq!(fetch(board.http.get(url)).await.status, 200);
    stage.clock.advance(SignedDuration::from_mins(1));
    let cleaned = stage.address.invoke("ops-cleanup", &json!({})).await.body;
    assert_eq!(cleaned["shipping"]["failed"], 1, "{cleaned}");
}

/// Orders of each kind: one that was paid and refunded, one that is being refunded, one of an unknown state, and one that was paid for a job that was closed before.
async fn orders(stage: &Stage, user: &User, job: u64) {
    let board = &user.board;
    let number = |order: Value| order["order_no"].as_str().expect("a number").to_owned();
    let top = json!({"job_id": job, "top_hour": 72, "price": 5});
    board.pay(&number(user.order("/jobs/top", top).await)).await;
    reported(stage, board).await;
    board.pay(&number(user.order("/jobs/refresh/pay", json!({"job_id": job, "price": 1.99})).await)).await;
    let voucher = user.order_voucher().await;
    board.pay(&voucher).await;
    board.pay(&voucher).await;
    board.command("refund_note", json!({"order_no": voucher, "reason": "退款", "by": "zhangsan"})).await;
    let refund = user.order_voucher().await;
    board.pay(&refund).await;
    let event = json!({"order_no": refund, "amount": 1, "reason": "退款", "reference": "case-1", "by": "zhangsan"});
    board.command("refund_order", event).await;
    board.simulate("pay", &json!({"out_trade_no": refund, "again": true})).await;
    let unknown = user.order_voucher().await;
    board.simulate("pay_state", &json!({"out_trade_no": unknown, "trade_state": "FROZEN"})).await;
    assert_eq!(user.order_status(&unknown).await, "pending");
    // WeChat Pay has a payment and a refund that the system does not know.
    board.simulate("pay", &json!({"out_trade_no": user.order_voucher().await, "notify": false})).await;
    board.simulate("refund", &json!({"out_trade_no": voucher, "refund": 1, "notify": false})).await;
    let closed = user.post_job(json!({})).await;
    let late = number(user.order("/jobs/top", json!({"job_id": closed, "top_hour": 72, "price": 5})).await);
    assert_eq!(user.post("/job/close", &json!({"job_id": closed})).await, done());
    board.pay(&late).await;
}
