//! The whole story, from two strangers to a closed job: every response has the shape of the document's example.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{Board, User, done, rejection};
use crate::support::documents::jobboard::{differences, documented};
use crate::support::{Response, Stage};

/// What lists, details and own jobs have beyond the document: the tags that the list filters by (jobboard.md, Jobs).
const TAGS: [&str; 3] = ["basic_protection", "salary_benefits", "attendance_leave"];
const CURSOR: [&str; 1] = ["next_cursor"];

/// Checks that a success has the document's shape. Returns its data.
#[track_caller]
fn shaped(path: &str, response: &Response, additions: &[&str]) -> Value {
    let printed = &documented(path).responses[0];
    assert_eq!(response.status, 200, "{path}: {response:?}");
    assert_eq!(differences(printed, &response.body, additions), Vec::<String>::new(), "{path}: {response:?}");
    assert_eq!((&response.body["code"], &response.body["message"]), (&printed["code"], &printed["message"]), "{path}");
    response.body["data"].clone()
}

/// Places an order and pays it.
async fn pay_for(user: &User, path: &str, body: Value) {
    let order = shaped(path, &user.post(path, &body).await, &[]);
    let (number, amount) = (order["order_no"].as_str().expect("a number"), &order["amount"]);
    let status = |status: &str, paid: &Value| {
        json!({
            "order_id": order["order_id"], "order_no": number, "status": status, "amount": amount, "amount_paid": paid,
            "amount_refunded": 0,
        })
    };
    let polled = user.post("/order/status", &json!({"order_no": number})).await;
    assert_eq!(polled.body["data"], status("pending", &json!(0)), "{polled:?}");
    assert_eq!(user.board.pay(number).await, json!({"notified_status": 200}));
    let polled = user.post("/order/status", &json!({"order_id": order["order_id"]})).await;
    assert_eq!(polled.body["data"], status("paid", amount), "{polled:?}");
}

#[tokio::test]
async fn a_restaurant_hires_a_job_seeker() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let stranger = board.post("/wechat/user/login", &json!({"login_code": board.code("login", "seeker").await})).await;
    assert_eq!(stranger, Response { status: 404, body: documented("/wechat/user/login").responses[1].clone() });

    let register = documented("/wechat/user/register").request.as_deref().expect("a body");
    let registered = board.request(Method::POST, "/wechat/user/register").body(register).send().await.unwrap();
    let token = registered.headers()["x-auth-token"].to_str().unwrap().to_owned();
    let registered = Response::read(registered).await;
    let id = shaped("/wechat/user/register", &registered, &[])["user_info"]["id"].as_u64().expect("an id");
    let merchant = User { board: board.clone(), id, token, phone: "13800138000".into() };
    let login = documented("/wechat/user/login").request.as_deref().expect("a body");
    let login = crate::support::fetch(board.request(Method::POST, "/wechat/user/login").body(login)).await;
    assert_eq!(shaped("/wechat/user/login", &login, &[]), json!({"user_info": {"id": id}}));
    let seeker = board.register("seeker", "13811111111").await;

    for path in ["/user/update/geo", "/user/update/info"] {
        let body = documented(path).request.as_deref().expect("a body");
        shaped(path, &merchant.post_text(path, body).await, &[]);
    }
    let info = shaped("/user/info", &merchant.info().await, &[]);
    // The phone of the document changes only by a code of WeChat.
    let expected = json!({
        "user_id": id, "avatar": "https://cdn.xxx.com/avatar/4882.png", "name": "小周", "sex": 1, "phone": merchant.phone,
    });
    assert_eq!(info, expected);

    let create = documented("/job/create").request.as_deref().expect("a body");
    shaped("/job/create", &merchant.post_text("/job/create", create).await, &[]);
    let list = documented("/jobs/list");
    let found = board.post("/jobs/list", &json!({"query_type": 3, "page_num": 1, "page_size": 2})).await;
    let found = shaped("/jobs/list", &found, &TAGS);
    assert_eq!(found["total"], 1);
    let job = found["jobs"][0]["id"].as_u64().expect("an id");
    // The document's example of a search finds nothing: it looks for a chef.
    let nothing = board.request(Method::POST, "/jobs/list").body(list.request.as_deref().expect("a body"));
    assert_eq!(shaped("/jobs/list", &crate::support::fetch(nothing).await, &TAGS), json!({"jobs": [], "total": 0}));
    let shown = shaped("/jobs/info", &board.post("/jobs/info", &json!({"job_id": job.to_string()})).await, &TAGS);
    assert_eq!(shown, found["jobs"][0]);

    let named = json!({"job_id": job});
    shaped("/jobs/refresh", &merchant.post("/jobs/refresh", &named).await, &[]);
    shaped("/job/collect", &seeker.post("/job/collect", &named).await, &[]);
    let collected = shaped("/collect/my", &seeker.post("/collect/my", &json!({"biz_type": 1})).await, &CURSOR);
    assert_eq!((&collected["total"], &collected["list"][0]["job_id"]), (&json!(1), &json!(job)));
    shaped("/job/cancnel_collect", &seeker.post("/job/cancnel_collect", &named).await, &[]);
    assert_eq!(seeker.post("/collect/my", &json!({})).await.body["data"], json!({"list": [], "total": 0, "next_cursor": null}));

    pay_for(&seeker, "/contact_voucher/buy", json!({"price": 3.99, "contact_voucher_num": 1})).await;
    stage.clock.advance(SignedDuration::from_secs(1));
    let cost = json!({
        "purpose_id": job, "purpose_type": 1, "purpose_user_id": merchant.id, "purpose_user_name": "段先生",
        "purpose_user_phone": "15039021712",
    });
    shaped("/contact_voucher/cost", &seeker.post("/contact_voucher/cost", &cost).await, &[]);
    let records = shaped("/contact_voucher/records", &seeker.post("/contact_voucher/records", &json!({})).await, &CURSOR);
    assert_eq!(records["contact_voucher_num"], 0);
    let shown = |entry: &Value| json!([entry["type"], entry["title"], entry["change_num"]]);
    let entries: Vec<Value> = records["list"].as_array().expect("entries").iter().map(shown).collect();
    assert_eq!(Value::from(entries), json!([["cost", "拨打电话", -1], ["buy", "充值", 1]]));
    for (who, path, other, name, phone) in [
        (&seeker, "/contact_history/out", &merchant, "小周", &*merchant.phone),
        (&merchant, "/contact_history/in", &seeker, "", "13811111111"),
    ] {
        let history = shaped(path, &who.post(path, &json!({"biz_type": 1, "page_num": 1, "page_size": 2})).await, &CURSOR);
        assert_eq!(history["total"], 1);
        let row = &history["list"][0];
        let expected = json!({
            "id": row["id"], "positions": "服务员", "address": "北京市朝阳区三里屯太古里北区B1层XX餐厅",
            "purpose_user_id": other.id, "purpose_user_name": name, "purpose_user_phone": phone,
            "create_at": row["create_at"],
        });
        assert_eq!(*row, expected);
    }

    pay_for(&merchant, "/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5.00})).await;
    let topped = merchant.job(job).await;
    assert_eq!(topped["is_top"], 1);
    // 2024-01-15T10:30:01Z, and three days later.
    assert_eq!(topped["top_start_time"], "2024-01-15 18:30:01.000");
    assert_eq!(topped["top_end_time"], "2024-01-18 18:30:01.000");
    let again = merchant.post("/jobs/refresh", &named).await;
    assert_eq!(again, rejection(429, "job_id: was refreshed for nothing today: use /jobs/refresh/pay, or wait"));
    pay_for(&merchant, "/jobs/refresh/pay", json!({"job_id": job, "price": 1.99})).await;
    assert_eq!(merchant.job(job).await["last_refresh_time"], "2024-01-15 18:30:01.000");

    let mut update: Value =
        crate::support::documents::jobboard::parsed(documented("/jobs/update").request.as_deref().expect("a body"));
    update["id"] = job.into();
    shaped("/jobs/update", &merchant.post("/jobs/update", &update).await, &[]);
    let updated = merchant.job(job).await;
    assert_eq!((&updated["positions"], &updated["photo_urls"]), (&json!("收银员"), &json!([])));
    assert_eq!((&updated["contact_person_name"], &updated["four_area_des"]), (&json!("张老板"), &json!("三里屯")));
    let own = merchant.post("/jobs/my", &json!({"biz_type": 1, "page_num": 1, "page_size": 2})).await;
    let mut additions: Vec<&str> = updated.as_object().unwrap().keys().map(String::as_str).collect();
    additions.extend(["job_id", "list"]);
    additions.extend(CURSOR);
    let own = shaped("/jobs/my", &own, &additions);
    assert_eq!((&own["total"], &own["contacts"]), (&json!(1), &own["list"]));
    assert_eq!(own["list"][0]["purpose_user_id"], merchant.id);

    assert_eq!(seeker.post("/job/close", &named).await, rejection(403, "job_id: is somebody else's")); // words:ignore: a text of the API
    assert_eq!(merchant.post("/job/close", &named).await, done());
    assert_eq!(board.post("/jobs/info", &named).await, rejection(404, "job not found"));
    stage.refresh_searches();
    assert_eq!(board.post("/jobs/list", &json!({})).await.body["data"], json!({"jobs": [], "total": 0}));
    assert_eq!(merchant.job(job).await["status"], 2);
}
