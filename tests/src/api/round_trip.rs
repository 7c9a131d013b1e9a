//! What a read returns can be written back: every field is accepted under the name that the response has for it, and nothing changes.
//! A field that the server owns is ignored. Imports of the HR API: `v2/round_trip.rs`; the schemas: `tests/src/contract/round_trip.rs`.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{self, Board, done, job};
use crate::support::resource::{ALL, PAYMENTS};
use crate::support::worker::{self, Platform, REQUIRED, form, resume};
use crate::support::{Stage, data, fetch, success, world};

#[tokio::test]
async fn a_partner_may_send_back_every_record() {
    let stage = Stage::open().await;
    let partner = PAYMENTS.partner(&stage.address).await;
    for resource in &ALL {
        let first = partner.post(resource.path, &resource.example()).await;
        stage.clock.advance(SignedDuration::from_secs(90));
        let path = resource.example_path();
        let read = partner.get(&path).await;
        let record = data(&read);
        assert_eq!(partner.post(resource.path, &record).await, first, "{}", resource.name);
        assert_eq!(partner.put(&path, &record).await, read, "{}", resource.name);
        if resource.is_listed() {
            let list = data(&partner.get(resource.path).await);
            assert_eq!(partner.put(&path, &list["list"][0]).await, read, "{}", resource.name);
        }
        assert_eq!(partner.get(&path).await, read, "{}", resource.name);
        // Every field is taken: another record has them all.
        let mut copy = record.clone();
        copy[resource.id_field] = "copy".into();
        partner.post(resource.path, &copy).await;
        let mut copied = data(&partner.get(&resource.path_of("copy")).await);
        for field in [resource.server_id, "created_at", "updated_at"] {
            assert_ne!(copied[field], record[field], "{} is the server's", field);
            copied[field] = record[field].clone();
        }
        copied[resource.id_field] = record[resource.id_field].clone();
        assert_eq!(success(copied), read);
    }
}

#[tokio::test]
async fn an_owner_may_send_back_a_job_under_the_names_of_the_response() {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).join().await;
    let id = owner
        .post_job(json!({
            "user_name": "张老板", "description": "包吃住", "basic_protection": ["社保"], "salary_benefits": ["节日福利"],
            "attendance_leave": ["月休4天"], "four_area_id": 9, "four_area_des": "国贸", "salary_max": -1,
        }))
        .await;
    stage.clock.advance(SignedDuration::from_secs(90));
    let shown = owner.job(id).await;
    let own = board::data(&owner.post("/jobs/my", &json!({})).await)["list"][0].clone();
    for sent in [&shown, &own] {
        assert_eq!(owner.post("/jobs/update", sent).await, done());
        assert_eq!(owner.job(id).await, shown);
    }
    // Every field is taken by 修改 and by 发布, the name of the contact person included.
    let other = owner.post_job(json!({})).await;
    let mut sent = shown.clone();
    sent["id"] = other.into();
    assert_eq!(owner.post("/jobs/update", &sent).await, done());
    let mut shown_names = vec![owner.job(other).await];
    for path in ["/job/create", "/jobs/create"] {
        let created = owner.request(path).body(shown.to_string()).send().await.unwrap();
        let id: u64 = created.headers()["x-resource-id"].to_str().unwrap().parse().unwrap();
        shown_names.push(owner.job(id).await);
    }
    for mut copy in shown_names {
        for field in ["id", "create_at", "update_at"] {
            copy[field] = shown[field].clone();
        }
        assert_eq!(copy, shown);
    }
}

#[tokio::test]
async fn the_contact_person_has_either_name_and_that_of_the_document_counts() {
    let owner = Board::of(world()).join().await;
    owner.post("/user/update/info", &json!({"name": "段先生"})).await;
    let id = owner.post_job(json!({"contact_person_name": "张老板"})).await;
    assert_eq!(owner.job(id).await["contact_person_name"], "张老板");
    for (members, shown) in [
        (json!({"contact_person_name": "李老板"}), "李老板"),
        (json!({"contact_person_name": null}), "李老板"),
        (json!({"contact_person_name": "张老板", "user_name": "王老板"}), "王老板"),
        (json!({"contact_person_name": "赵老板", "user_name": null}), "赵老板"),
    ] {
        let mut sent = members.clone();
        sent["id"] = id.into();
        assert_eq!(owner.post("/jobs/update", &sent).await, done());
        assert_eq!(owner.job(id).await["contact_person_name"], shown, "{members}");
        if !members["contact_person_name"].is_null() {
            let created = owner.post_job(members.clone()).await;
            assert_eq!(owner.job(created).await["contact_person_name"], shown, "{members}");
        }
    }
    let long = json!({"id": id, "contact_person_name": "宽".repeat(33)});
    let rejected = board::rejection(400, "contact_person_name: is too long");
    assert_eq!(owner.post("/jobs/update", &long).await, rejected);
    let mut created = job();
    created["contact_person_name"] = long["contact_person_name"].clone();
    assert_eq!(owner.post("/job/create", &created).await, rejected);
}

#[tokio::test]
async fn a_user_may_send_back_what_they_see_of_themselves() {
    let board = Board::of(world());
    let user = board.join().await;
    let told = json!({"avatar": "https://cdn.xxx.com/a.png", "name": "小周", "sex": 1});
    for changes in [json!({}), told] {
        assert_eq!(user.post("/user/update/info", &changes).await, done());
        let shown = user.info().await;
        assert_eq!(user.post("/user/update/info", &shown.body["data"]).await, done());
        assert_eq!(user.info().await, shown);
    }
    let abroad = board.register(&format!("abroad-{}", user.id), "+85291234567").await;
    let shown = abroad.info().await;
    assert_eq!(abroad.post("/user/update/info", &shown.body["data"]).await, done());
    assert_eq!(abroad.info().await, shown);
}

#[tokio::test]
async fn an_administrator_may_send_back_a_price() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let sorted = |listed: &Value| {
        let mut prices = listed["prices"].as_array().expect("prices").clone();
        prices.sort_by_key(Value::to_string);
        prices
    };
    let prices = sorted(&board.command("list_prices", json!({})).await);
    for price in &prices {
        assert_eq!(sorted(&board.command("set_price", price.clone()).await), prices, "{price}");
    }
}

/// The members of an object as a form, nested ones in brackets. Null has no form.
fn pairs(name: &str, value: &Value) -> Vec<(String, String)> {
    let inner = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}[{key}]") };
    match value {
        Value::Object(members) => members.iter().flat_map(|(key, member)| pairs(&inner(key), member)).collect(),
        Value::Array(rows) => rows.iter().enumerate().flat_map(|(at, row)| pairs(&inner(&at.to_string()), row)).collect(),
        Value::Null => Vec::new(),
        Value::String(text) => vec![(name.to_owned(), text.clone())],
        other => vec![(name.to_owned(), other.to_string())],
    }
}

#[tokio::test]
async fn a_worker_may_send_back_the_resume_as_json_and_as_a_form() {
    let platform = Platform::create(world()).await;
    let mut short = resume();
    short.as_object_mut().unwrap().retain(|name, _| REQUIRED.contains(&name.as_str()));
    for (name, sent) in [("whole", resume()), ("short", short)] {
        let worker = platform.worker(name).await;
        assert_eq!(worker.send_json(Method::POST, &sent).await, worker::ok(Value::Null));
        let read = worker.get("/employee").await;
        let shown = &read.body["data"];
        assert_eq!(worker.send_json(Method::PUT, shown).await, worker::ok(Value::Null), "{name}");
        assert_eq!(worker.get("/employee").await, read, "{name}");
        let pairs = pairs("", shown);
        let fields: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(fetch(form(worker.request(Method::PUT, "/employee"), &fields)).await, worker::ok(Value::Null), "{name}");
        assert_eq!(worker.get("/employee").await, read, "{name}");
        // Every field is taken: another worker has them all.
        let other = platform.worker(&format!("other-{name}")).await;
        assert_eq!(other.send_json(Method::POST, shown).await, worker::ok(Value::Null));
        let mut copy = other.get("/employee").await;
        assert_ne!(copy.body["data"]["em_id"], shown["em_id"]);
        copy.body["data"]["em_id"] = shown["em_id"].clone();
        assert_eq!(copy, read, "{name}");
    }
}
