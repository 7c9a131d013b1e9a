//! `""` in an optional field counts as absent (see `tests/src/api/empty.rs`), but empties what may be empty.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{self, Board, done};
use crate::support::{Stage, fetch};

const EMPTY: [&str; 3] = ["", " ", "\u{200b}\u{feff}"];

#[tokio::test]
async fn empty_optional_fields_of_a_job_are_absent() {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).join().await;
    let required = ["positions", "longitude", "latitude", "address", "contact", "salary_min", "salary_max"];
    let optional = [
        "user_name",
        "description",
        "photo_urls",
        "first_area_id",
        "first_area_des",
        "second_area_id",
        "second_area_des",
        "third_area_id",
        "third_area_des",
        "four_area_id",
        "four_area_des",
        "basic_protection",
        "salary_benefits",
        "attendance_leave",
    ];
    let mut plain = board::job();
    plain.as_object_mut().unwrap().retain(|name, _| required.contains(&name.as_str()));
    let create = async |body: &Value| {
        let response = owner.request("/job/create").body(body.to_string()).send().await.unwrap();
        let id: u64 = response.headers()["x-resource-id"].to_str().unwrap().parse().unwrap();
        (id, owner.job(id).await)
    };
    let (_, mut expected) = create(&plain).await;
    let mut sent = plain.clone();
    for name in optional {
        sent[name] = "".into();
    }
    let (_, shown) = create(&sent).await;
    expected["id"] = shown["id"].clone();
    assert_eq!(shown, expected);

    // In an update, an absent field stays. A text that may be empty, and the photos of the document's example, become empty.
    let (id, mut shown) = create(&board::job()).await;
    let kept = ["first_area_id", "second_area_id", "third_area_id", "four_area_id", "basic_protection", "salary_benefits"];
    for empty in EMPTY {
        for name in required.iter().chain(&kept).chain(&["attendance_leave"]) {
            assert_eq!(owner.post("/jobs/update", &json!({"id": id, *name: empty})).await, done(), "{name} {empty:?}");
            assert_eq!(owner.job(id).await, shown, "{name} {empty:?}");
        }
    }
    for name in ["description", "photo_urls", "first_area_des"] {
        assert_eq!(owner.post("/jobs/update", &json!({"id": id, name: ""})).await, done(), "{name}");
        shown[name] = if name == "photo_urls" { json!([]) } else { "".into() };
        assert_eq!(owner.job(id).await, shown, "{name}");
    }
}

#[tokio::test]
async fn empty_optional_fields_of_other_requests_are_absent() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let owner = board.join().await;
    let id = owner.post_job(json!({})).await;
    for (path, body) in [
        ("/user/update/info", json!({"sex": "", "phone": " "})),
        ("/user/update/geo", json!({"first_area_id": "", "address": "", "longitude": 116.3974, "latitude": 39.9093})),
    ] {
        assert_eq!(owner.post(path, &body).await, done(), "{body}");
    }
    assert_eq!(owner.info().await.body["data"]["phone"], owner.phone.as_str());

    let list = |body: Value| {
        let request = board.request(Method::POST, "/jobs/list").body(body.to_string());
        async move { board::data(&fetch(request).await) }
    };
    let all = list(json!({})).await;
    let filter: serde_json::Map<String, Value> = [
        "positions",
        "salary_min",
        "salary_max",
        "basic_protection",
        "salary_benefits",
        "attendance_leave",
        "longitude",
        "latitude",
    ]
    .into_iter()
    .map(|name| (name.to_owned(), "".into()))
    .collect();
    let page = json!({"query_type": "", "page_num": "", "page_size": " ", "longitude": "", "latitude": ""});
    for filter in [json!(""), Value::Object(filter)] {
        let mut body = page.clone();
        body["filter"] = filter;
        assert_eq!(list(body.clone()).await, all, "{body}");
    }
    for path in ["/jobs/my", "/contact_history/out", "/contact_history/in", "/collect/my", "/contact_voucher/records"] {
        let body = json!({"biz_type": "", "page_num": "", "page_size": ""});
        assert_eq!(owner.post(path, &body).await, owner.post(path, &json!({})).await, "{path}");
    }
    let order_no = owner.order_voucher().await;
    let status = owner.post("/order/status", &json!({"order_no": order_no})).await;
    assert_eq!(status.status, 200);
    assert_eq!(owner.post("/order/status", &json!({"order_no": order_no, "order_id": ""})).await, status);
    let caller = board.join().await;
    caller.adjust_vouchers(1).await;
    let cost = json!({"purpose_id": id, "purpose_type": "", "purpose_user_id": " ", "purpose_user_name": ""});
    assert_eq!(caller.post("/contact_voucher/cost", &cost).await, done());
}
