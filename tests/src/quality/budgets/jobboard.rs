//! The budget of every endpoint of the job board.

use std::collections::BTreeSet;

use lambda::family::Family as _;
use local::WITHOUT_LIMITS;
use reqwest::Method;
use serde_json::{Value, json};

use super::meter::{Meter, budgeted, endpoints, over_time};
use crate::support::board::{Board, SPELLINGS, User, rejection};
use crate::support::long::{LISTS, Long};
use crate::support::picture::picture;
use crate::support::repository::read;
use crate::support::{Stage, fetch};

const HEADING: &str = "| endpoint of the job board | DynamoDB calls | capacity units |";

const MODERATED: &str = "| endpoint with moderation | DynamoDB calls | capacity units |";

const LISTED: &str = "| list of a user | DynamoDB calls | capacity units |";

/// The most read units of a page by number beside those of its rows, however long the list is.
const FLAT: f64 = 20.0;

const READS: &str = "| command of the job board | DynamoDB calls | capacity units |";

/// An endpoint of each function that needs a token.
const GUARDED: [&str; 7] = [
    "/user/update/info",
    "/jobs/my",
    "/collect/my",
    "/contact_history/out",
    "/contact_voucher/records",
    "/order/status",
    "/img/upload/presign",
];

async fn accounts(meter: &mut Meter<User>) {
    let board = meter.caller.board.clone();
    let codes =
        json!({"login_code": board.code("login", "metered").await, "phone_code": board.code("phone", "13900000099").await});
    meter.succeeds("POST /wechat/user/register", board.post("/wechat/user/register", &codes)).await;
    let codes = json!({"login_code": board.code("login", "metered").await, "phone_code": "test"});
    meter.succeeds("POST /wechat/user/register, of a known user", board.post("/wechat/user/register", &codes)).await;
    let code = json!({"login_code": board.code("login", "metered").await});
    meter.succeeds("POST /wechat/user/login", board.post("/wechat/user/login", &code)).await;
    let wrong = json!({"login_code": "made-up"});
    let wrong = meter.measure("POST /wechat/user/login, with a wrong code", board.post("/wechat/user/login", &wrong)).await;
    assert_eq!(wrong, rejection(401, "login_code: is wrong or used"));
    let user = meter.caller.clone();
    meter.succeeds("GET /user/info", user.info()).await;
    let leaving = board.join().await;
    assert_eq!(leaving.info().await.status, 200);
    meter.succeeds("POST /wechat/user/logout", leaving.post("/wechat/user/logout", &json!({}))).await;
    let closing = board.register("closing", "13900000098").await;
    closing.post_job(json!({})).await;
    assert_eq!(closing.info().await.status, 200);
    meter.succeeds("POST /user/close", closing.post("/user/close", &json!({}))).await;
    let code = json!({"login_code": board.code("login", "closing").await});
    meter.succeeds("POST /wechat/user/login, of a closed account", board.post("/wechat/user/login", &code)).await;
    let place = json!({"longitude": 116.4, "latitude": 39.9});
    meter.succeeds("POST /user/update/geo", user.post("/user/update/geo", &place)).await;
    meter.succeeds("POST /user/update/info", user.post("/user/update/info", &json!({"name": "小周"}))).await;
}

/// Measures an endpoint without an idempotency key, with a key, and with the same key again.
async fn twice(meter: &mut Meter<User>, user: &User, path: &str, body: &Value) {
    let label = format!("POST {path}");
    meter.succeeds(&label, user.post(path, body)).await;
    meter.succeeds(&format!("{label}, with a key"), user.post_once(path, path, body)).await;
    meter.succeeds(&format!("{label}, sent again"), user.post_once(path, path, body)).await;
}

#[tokio::test]
async fn every_endpoint_of_the_job_board_makes_the_calls_that_its_budget_allows() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (merchant, seeker) = (board.join().await, board.join().await);
    for user in [&merchant, &seeker] {
        // From here on each function has cached the user's epoch: the clock advances by less than five seconds.
        for path in GUARDED {
            assert_ne!(user.post(path, &json!({})).await.status, 401, "{path}");
        }
    }
    let mut meter = Meter::new(stage, merchant.clone());
    accounts(&mut meter).await;

    let mut content = crate::support::board::job();
    content["user_name"] = "段先生".into();
    twice(&mut meter, &merchant, "/job/create", &content).await;
    let job = merchant.post_job(json!({})).await;
    let (named, page) = (json!({"job_id": job}), json!({"biz_type": 1, "page_num": 1, "page_size": 10}));
    meter.succeeds("POST /jobs/update", merchant.post("/jobs/update", &json!({"id": job, "salary_min": 1}))).await;
    meter.succeeds("POST /jobs/refresh", merchant.post("/jobs/refresh", &named)).await;
    meter.succeeds("POST /jobs/info", board.post("/jobs/info", &named)).await;
    let jobs = json!({"page_num": 1, "page_size": 10});
    meter.succeeds("POST /jobs/list, in a new process", board.post("/jobs/list", &jobs)).await;
    meter.stage.clock.advance(jiff::SignedDuration::from_millis(250));
    meter.succeeds("POST /jobs/list", board.post("/jobs/list", &jobs)).await;
    meter.succeeds("POST /jobs/list, again within 250 ms", board.post("/jobs/list", &jobs)).await;
    meter.succeeds("POST /job/collect", seeker.post("/job/collect", &named)).await;
    meter.succeeds("POST /job/report", seeker.post("/job/report", &json!({"job_id": job, "reason": "fee"}))).await;
    meter.succeeds("POST /job/collect, again", seeker.post("/job/collect", &named)).await;

    let buy = json!({"price": 3.99, "contact_voucher_num": 1});
    twice(&mut meter, &seeker, "/contact_voucher/buy", &buy).await;
    meter.succeeds("POST /products/list", board.post("/products/list", &json!({}))).await;
    board.command("set_price", json!({"goods": "voucher", "quantity": 2, "price": 7, "per_user": 1})).await;
    let limited = json!({"price": 7, "contact_voucher_num": 2});
    meter.succeeds("POST /contact_voucher/buy, of a limited product", seeker.post("/contact_voucher/buy", &limited)).await;
    twice(&mut meter, &merchant, "/jobs/top", &json!({"job_id": job, "top_hour": 72, "price": 5})).await;
    twice(&mut meter, &merchant, "/jobs/refresh/pay", &json!({"job_id": job, "price": 1.99})).await;
    let order = seeker.order_voucher().await;
    let status = json!({"order_no": order});
    meter.succeeds("POST /order/status", seeker.post("/order/status", &status)).await;
    meter.measure("POST /wechat/pay/notify", board.pay(&order)).await;
    let again = json!({"out_trade_no": order});
    meter.succeeds("POST /wechat/pay/notify, again", board.simulate("notify_again", &again)).await;
    let top = merchant.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await;
    let number = top["order_no"].as_str().unwrap().to_owned();
    meter.measure("POST /wechat/pay/notify, of a top", board.pay(&number)).await;
    let unnotified = seeker.order_voucher().await;
    board.simulate("pay", &json!({"out_trade_no": unnotified, "notify": false})).await;
    let status = json!({"order_no": unnotified});
    meter.succeeds("POST /order/status, paid without a notification", seeker.post("/order/status", &status)).await;
    let refunded = json!({"out_trade_no": unnotified});
    meter.measure("POST /wechat/pay/notify, of a refund", board.simulate("refund", &refunded)).await;

    seeker.adjust_vouchers(5).await;
    twice(&mut meter, &seeker, "/contact_voucher/cost", &json!({"purpose_id": job, "purpose_user_id": merchant.id})).await;
    let unnamed = json!({"purpose_id": job});
    meter.succeeds("POST /contact_voucher/cost, without an owner", seeker.post("/contact_voucher/cost", &unnamed)).await;
    meter.succeeds("POST /contact_voucher/records", seeker.post("/contact_voucher/records", &page)).await;
    for (user, path) in [
        (&merchant, "/jobs/my"),
        (&seeker, "/collect/my"),
        (&seeker, "/contact_history/out"),
        (&merchant, "/contact_history/in"),
    ] {
        meter.succeeds(&format!("POST {path}"), user.post(path, &page)).await;
    }
    meter.succeeds("POST /job/cancnel_collect", seeker.post("/job/cancnel_collect", &named)).await;
    let top = merchant.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await;
    meter.succeeds("POST /job/close", merchant.post("/job/close", &named)).await;
    let number = top["order_no"].as_str().unwrap().to_owned();
    meter.measure("POST /wechat/pay/notify, of a top of a closed job", board.pay(&number)).await;
    let own = json!({"out_refund_no": format!("{number}R01")});
    meter.succeeds("POST /wechat/pay/notify, of a requested refund", board.simulate("notify_refund", &own)).await;

    let file = reqwest::multipart::Part::bytes(picture(image::ImageFormat::Png)).file_name("a.png");
    let form = reqwest::multipart::Form::new().part("file", file);
    let image = meter.succeeds("POST /img/upload", fetch(merchant.request("/img/upload").multipart(form))).await;
    let presign = json!({"content_type": "image/png", "size": 8});
    meter.succeeds("POST /img/upload/presign", merchant.post("/img/upload/presign", &presign)).await;
    let path = image["url"].as_str().and_then(|url| url.strip_prefix(&board.address.base_url)).expect("our own address");
    meter.succeeds("GET /img/{name}", fetch(board.request(Method::GET, path))).await;

    meter.assert_is(HEADING);
}

#[tokio::test]
async fn every_moderated_write_makes_the_calls_that_its_budget_allows() {
    let stage = Stage::open_with(&[("MODERATION", "publish")]).await;
    let board = Board::of(&stage.address);
    let owner = board.join().await;
    assert_eq!(owner.post("/jobs/my", &json!({})).await.status, 200);
    assert_eq!(owner.post("/user/update/info", &json!({})).await.status, 200);
    let mut meter = Meter::new(stage, owner.clone());
    let mut content = crate::support::board::job();
    content["user_name"] = "段先生".into();
    content["photo_urls"] = json!(["https://cos.example/one.png"]);
    twice(&mut meter, &owner, "/job/create", &content).await;
    let job = owner.post_job(json!({"photo_urls": []})).await;
    meter.succeeds("POST /jobs/update", owner.post("/jobs/update", &json!({"id": job, "description": "包吃住"}))).await;
    let same = json!({"id": job, "salary_min": 1});
    meter.succeeds("POST /jobs/update, with the same texts", owner.post("/jobs/update", &same)).await;
    meter.succeeds("POST /user/update/info", owner.post("/user/update/info", &json!({"name": "小周"}))).await;
    let url = format!("{}/simulate/media_checks", board.address.wechat_url);
    let trace = fetch(board.http.get(url)).await.body[0]["trace_id"].clone();
    let push = json!({"trace_id": trace});
    meter.measure("POST /wechat/messages", board.simulate("media_checks", &push)).await;
    meter.assert_is(MODERATED);
}

#[tokio::test]
async fn a_page_of_a_long_list_costs_what_one_of_a_short_list_does() {
    let stage = Stage::open_with(&WITHOUT_LIMITS).await;
    let board = Board::of(&stage.address);
    let long = Long::open(&stage, board.join().await, board.join().await).await;
    let mut meter = Meter::new(stage, long);
    // The ledger has one record more than the other lists.
    let (few, many) = (20, 5000);
    meter.caller.fill(&meter.stage, 0..few - 1).await;
    meter.lists(few).await;
    meter.caller.fill(&meter.stage, few - 1..many - 1).await;
    for (path, ..) in LISTS.iter().filter(|(path, ..)| *path != "/collect/my") {
        let user = meter.caller.reader(path).clone();
        let page = json!({"page_num": many / 10});
        let label = format!("{path}, {many} records, counted for the first time");
        meter.succeeds(&label, user.post(path, &page)).await;
    }
    meter.lists(many).await;
    meter.assert_is(LISTED);
}

impl Meter<Long> {
    /// Measures the first page, the last one, and the page after the first one by cursor: ten rows each.
    async fn lists(&mut self, records: u64) {
        let of = |path: &str| if path == "/collect/my" { records.min(500) } else { records };
        for (path, ..) in LISTS {
            let (records, user) = (of(path), self.caller.reader(path).clone());
            // Looks up the epoch of the user.
            assert_eq!(user.post(path, &json!({})).await.status, 200);
            let label = |page: &str| format!("{path}, {records} records, {page}");
            let first = self.succeeds(&label("first page"), user.post(path, &json!({}))).await;
            let last = self.succeeds(&label("last page"), user.post(path, &json!({"page_num": records / 10}))).await;
            let cursor = json!({"cursor": first["next_cursor"]});
            let next = self.succeeds(&label("by cursor"), user.post(path, &cursor)).await;
            for page in [first, last, next] {
                assert_eq!(page["list"].as_array().map(Vec::len), Some(10), "{path}");
            }
            if path != "/collect/my" {
                for (page, most) in [("first page", FLAT), ("last page", FLAT), ("by cursor", 0.0)] {
                    let (now, short) = (self.read(&label(page)), self.read(&format!("{path}, 20 records, {page}")));
                    assert!(now <= short + most, "{path}, {page}: {now} units, and {short} of 20 records");
                }
            }
        }
    }
}

#[test]
fn every_endpoint_of_the_job_board_has_a_budget() {
    let mut routes = endpoints(&jobboard::Jobboard::routes());
    for spelling in SPELLINGS {
        assert!(routes.remove(spelling), "{spelling}");
    }
    assert_eq!(budgeted(HEADING), routes);
}

#[tokio::test]
async fn every_read_of_staff_makes_the_calls_that_its_budget_allows() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (user, other) = (board.register("read", "13900000001").await, board.join().await);
    let (own, foreign) = (user.post_job(json!({})).await, other.post_job(json!({})).await);
    user.adjust_vouchers(1).await;
    assert_eq!(user.call(foreign).await.status, 200);
    assert_eq!(user.post("/job/report", &json!({"job_id": foreign, "reason": "fake"})).await.status, 200);
    let order = user.order_voucher().await;
    board.pay(&order).await;
    let paid = board.command("show_order", json!({"order_no": order})).await;
    stage.clock.advance(jiff::SignedDuration::from_hours(16));
    assert_eq!(board.address.invoke("jobboard-reconcile", &json!({})).await.body["status"], "equal");
    let mut meter = Meter::new(stage, user.clone());
    let of_user = json!({"user_id": user.id});
    for (label, fields) in [
        ("find_user", of_user.clone()),
        ("find_user, by phone", json!({"phone": user.phone})),
        ("find_user, by openid", json!({"openid": "unknown"})),
        ("show_user", of_user.clone()),
        ("list_contacts", of_user.clone()),
        ("list_pictures", of_user.clone()),
        ("list_user_jobs", of_user.clone()),
        ("list_jobs", json!({})),
        ("show_job", json!({"job_id": own})),
        ("list_prices", json!({})),
        ("list_user_orders", of_user.clone()),
        ("list_orders", json!({})),
        ("list_orders, of a day", json!({"day": "2024-01-15"})),
        ("show_order", json!({"order_no": order})),
        ("show_order, by the payment", json!({"transaction_id": paid["transaction_id"]})),
        ("list_orders_to_review", json!({})),
        ("list_reports", json!({})),
        ("list_names", json!({})),
        ("list_reconciliations", json!({})),
        ("show_reconciliation", json!({"day": "2024-01-15"})),
        ("list_vouchers", of_user),
    ] {
        let name = label.split(',').next().unwrap();
        let read = meter.measure(label, board.command(name, fields)).await;
        assert_eq!(read.get("errorType"), None, "{label}: {read}");
    }
    meter.assert_is(READS);
}

#[test]
fn every_read_of_staff_has_a_budget() {
    let sources = ["users", "jobs", "orders", "vouchers"].map(|file| read(&format!("functions/ops/src/jobboard/{file}.rs")));
    let reads = sources.iter().flat_map(|source| source.split("Command::reads(").skip(1));
    let names: BTreeSet<String> = reads.map(|rest| rest.split('"').nth(1).expect("a name").to_owned()).collect();
    assert_eq!(names.len(), 17, "{names:?}");
    assert_eq!(budgeted(READS), names);
}

#[tokio::test]
async fn the_epoch_of_a_user_is_looked_up_once_in_five_seconds() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let calls = over_time(&stage, async || user.info().await).await;
    let (looked_up, known) = ("GetItem + GetItem", "GetItem");
    assert_eq!(calls, [looked_up, known, known, looked_up, known, known, looked_up]);
}
