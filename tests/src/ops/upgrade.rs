//! `reseal` adds to the records of earlier versions what the duties about persons rest on: retention marks and lists.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::admin::done;
use crate::support::board::Board;
use crate::support::persons::reseal;
use crate::support::product::{EMPLOYEE, Product, numbered};
use crate::support::worker::{COMPANY, Platform, resume};
use crate::support::{Partner, Stage};

const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Stores the items of a table again without these attributes, if `is_of` accepts them. Returns how many.
async fn strip(stage: &Stage, table: &str, attributes: &[&str], is_of: impl Fn(&Value) -> bool) -> usize {
    let items: Vec<Value> = stage.items(table).await.into_iter().filter(is_of).collect();
    for item in &items {
        let mut item = item.clone();
        for attribute in attributes {
            assert!(item.as_object_mut().unwrap().remove(*attribute).is_some(), "{attribute}: {item}");
        }
        stage.database("PutItem", &json!({"TableName": table, "Item": item})).await;
    }
    items.len()
}

async fn cleaned(stage: &Stage) -> [Value; 3] {
    let run = stage.address.invoke("ops-cleanup", &json!({})).await.body;
    ["visits", "dismissed", "resumes"].map(|rule| json!([run[rule]["done"], run[rule]["failed"]]))
}

#[tokio::test]
async fn records_of_earlier_versions_are_erased_when_their_period_is_over() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let visit = product.with_token(json!({"name": "曹操", "time": "下午"}));
    assert_eq!(product.post(&format!("/api/v2/employees/{EMPLOYEE}/notify"), visit).await.status, 200);
    let mut left = numbered(7);
    left["status"] = "dimission".into();
    product.imports("employees", &[left]).await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("rejected").await;
    assert_eq!(worker.send_json(Method::POST, &resume()).await.status, 200);
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    platform.decide("reject_application", &em_id, json!({"reason": "照片不清楚"})).await;

    let is_visit = |item: &Value| item["pk"]["S"].as_str().unwrap().ends_with("#visit");
    let has_left = |item: &Value| item["left_at"].is_object() && item["due"].is_object();
    let is_application = |item: &Value| item["sk"]["S"] == "application";
    assert_eq!(strip(&stage, "hris", &["due", "due_at"], is_visit).await, 1);
    assert_eq!(strip(&stage, "hris", &["due", "due_at", "left_at"], has_left).await, 1);
    assert_eq!(strip(&stage, "signing", &["due", "due_at", "ix2", "by_name"], is_application).await, 1);
    stage.clock.advance(YEAR + YEAR);
    assert_eq!(cleaned(&stage).await, [json!([0, 0]), json!([0, 0]), json!([0, 0])]);

    assert_eq!(reseal(&stage, "hris").await, 2);
    assert_eq!(reseal(&stage, "signing").await, 1);
    for list in [json!({"name": "张三"}), json!({"company_id": COMPANY})] {
        assert_eq!(platform.command("list_applications", list).await["applications"][0]["em_id"], em_id);
    }
    assert_eq!((reseal(&stage, "hris").await, reseal(&stage, "signing").await), (0, 0));
    // When the employee left is not stored: the period counts from the pass.
    assert_eq!(cleaned(&stage).await, [json!([1, 0]), json!([0, 0]), json!([1, 0])]);
    stage.clock.advance(YEAR + YEAR);
    assert_eq!(cleaned(&stage).await, [json!([0, 0]), json!([1, 0]), json!([0, 0])]);
}

#[tokio::test]
async fn deleted_jobs_and_orders_of_earlier_versions_are_exported_and_the_jobs_erased() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    let job = user.post_job(json!({"contact": "13761542098"})).await;
    board.pay(&user.order_voucher().await).await;
    board.command("delete_job", json!({"job_id": job, "reason": "虚假信息", "by": "zhangsan"})).await;
    let is_deleted = |item: &Value| item["ix2"]["S"].as_str().is_some_and(|list| list.starts_with("deleted#"));
    assert_eq!(strip(&stage, "jobboard", &["ix2"], is_deleted).await, 1);
    assert_eq!(strip(&stage, "jobboard", &["ix1", "ix2", "ixsk"], |item| item["sk"]["S"] == "order").await, 1);
    let items = stage.items("jobboard").await;
    let leads = items.iter().find(|item| item["sk"]["S"] == "transaction").expect("what leads from the payment to the order");
    let payment = leads["pk"]["S"].as_str().unwrap().trim_start_matches("transaction#").to_owned();
    let key = json!({"TableName": "jobboard", "Key": {"pk": leads["pk"], "sk": leads["sk"]}});
    stage.database("DeleteItem", &key).await;
    assert_eq!(board.command("list_orders", json!({})).await["orders"], json!([]));
    assert_eq!(reseal(&stage, "jobboard").await, 2);
    assert_eq!(reseal(&stage, "jobboard").await, 0);
    let listed = board.command("list_orders", json!({})).await["orders"][0].clone();
    let found = board.command("show_order", json!({"transaction_id": payment})).await;
    assert_eq!((&found["order_no"], &listed["transaction_id"]), (&listed["order_no"], &json!(payment)));

    let objects = json!([format!("jobboard/user/{}", user.id)]);
    let command = json!({"command": "export_person", "objects": objects, "reason": "本人查阅"});
    let exported = done(&stage.address, &command).await;
    let content = local::http::client().get(exported["url"].as_str().unwrap()).send().await.unwrap();
    let content: Value = content.json().await.unwrap();
    let kinds: Vec<&Value> = content["records"].as_array().unwrap().iter().map(|record| &record["kind"]).collect();
    assert_eq!(kinds, ["user", "job", "order", "voucher_entry"]);
    done(&stage.address, &json!({"command": "erase_person", "objects": objects, "reason": "本人申请"})).await;
    assert!(stage.items("jobboard").await.iter().all(|item| item["sk"]["S"] != "job"));
    assert_eq!(done(&stage.address, &json!({"command": "find_person", "phone": "13761542098"})).await, json!({"objects": []}));
}

/// Products, companies, visits, and the users and companies of channels are in no list until a pass enters them.
#[tokio::test]
async fn records_of_earlier_versions_are_listed_after_a_pass() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let visit = product.with_token(json!({"name": "曹操", "time": "下午"}));
    assert_eq!(product.post(&format!("/api/v2/employees/{EMPLOYEE}/notify"), visit).await.status, 200);
    let partner = Partner::join(&stage.address).await;
    partner.push_examples(&["users", "companies"]).await;
    let lists = [
        (json!({"command": "list_products"}), "products"),
        (json!({"command": "list_hris_companies"}), "companies"),
        (json!({"command": "list_visits", "company_uuid": product.company}), "visits"),
        (json!({"command": "list_records", "appkey": partner.appkey, "kind": "users"}), "records"),
        (json!({"command": "list_records", "appkey": partner.appkey, "kind": "companies"}), "records"),
    ];
    let mut listed = Vec::new();
    for (command, name) in &lists {
        let list = done(&stage.address, command).await;
        assert_eq!(list[name].as_array().map(Vec::len), Some(1), "{list}");
        listed.push(list);
    }
    let is_hris = |item: &Value| {
        let (pk, sk) = (item["pk"]["S"].as_str().unwrap(), item["sk"]["S"].as_str().unwrap());
        sk == "product" || pk.ends_with("#visit") || pk == format!("{sk}#company")
    };
    assert_eq!(strip(&stage, "hris", &["ix1", "ixsk"], is_hris).await, 3);
    let is_channel = |item: &Value| item["sk"]["S"] == "user" || item["sk"]["S"] == "company";
    assert_eq!(strip(&stage, "channel", &["ix1", "ixsk"], is_channel).await, 2);
    for (command, name) in &lists {
        assert_eq!(done(&stage.address, command).await[name], json!([]), "{command}");
    }
    assert_eq!((reseal(&stage, "hris").await, reseal(&stage, "channel").await), (3, 2));
    assert_eq!((reseal(&stage, "hris").await, reseal(&stage, "channel").await), (0, 0));
    for ((command, _), list) in lists.iter().zip(listed) {
        assert_eq!(done(&stage.address, command).await, list, "{command}");
    }
}
