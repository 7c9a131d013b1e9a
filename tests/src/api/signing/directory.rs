//! /dict, /work_pos, /handlers and /companies (document 001, 3.4).

use serde_json::json;

use crate::support::worker::{Platform, ok};
use crate::support::world;

#[tokio::test]
async fn lists_are_bare_arrays_of_enabled_entries() {
    let platform = Platform::create(world()).await;
    let worker = platform.worker("reader").await;
    assert_eq!(worker.get("/work_pos").await, ok(json!([])));
    let positions = json!({"positions": [{"name": "A岗位"}, {"name": "B岗位", "status": 0}, {"name": "C岗位"}]});
    platform.command("set_positions", positions).await;
    let closed = json!({"company": {"company_id": 2, "company_name": "关闭的公司", "status": 0}});
    platform.command("set_company", closed).await;
    platform.command("set_company", json!({"company": {"company_id": 120, "company_name": "邻家"}})).await;
    platform.command("set_handler", json!({"handler": {"handler_id": 5, "username": "lisi"}})).await;
    platform.command("set_handler", json!({"handler": {"handler_id": 6, "username": "wangwu", "status": 0}})).await;

    assert_eq!(worker.get("/work_pos").await, ok(json!(["A岗位", "C岗位"])));
    let companies = json!([{"id": 12, "company_name": "彩程"}, {"id": 120, "company_name": "邻家"}]);
    assert_eq!(worker.get("/companies").await, ok(companies));
    assert_eq!(worker.get("/handlers").await, ok(json!([{"id": 5, "name": "lisi"}, {"id": 34, "name": "张三"}])));
}

#[tokio::test]
async fn dictionaries_are_seeded_and_a_platform_may_replace_them() {
    let platform = Platform::create(world()).await;
    let worker = platform.worker("reader").await;
    let education = worker.get("/dict/Edu_Type").await.body["data"].clone();
    assert!(education.as_array().unwrap().contains(&json!({"dict_key": "junior", "dict_value": "初中"})));
    assert!(education.as_array().unwrap().contains(&json!({"dict_key": "doctor", "dict_value": "博士"})));
    assert_eq!(worker.get("/dict/Nation").await.body["data"].as_array().map(Vec::len), Some(56));
    let marital = json!([
        {"dict_key": "1", "dict_value": "未婚"}, {"dict_key": "2", "dict_value": "已婚"}, {"dict_key": "3", "dict_value": "离异"},
    ]);
    assert_eq!(worker.get("/dict/Marital_Status").await, ok(marital));
    for name in ["Political_Status", "Acct_Type", "Relationship"] {
        assert!(!worker.get(&format!("/dict/{name}")).await.body["data"].as_array().unwrap().is_empty(), "{name}");
    }
    assert_eq!(worker.get("/dict/Shoe_Size").await, ok(json!([])));

    let entries = json!([
        {"dict_key": "41", "dict_value": "四十一码"}, {"dict_key": "42", "dict_value": "四十二码", "status": 0},
    ]);
    platform.command("set_dictionary", json!({"dict_item": "Shoe_Size", "entries": entries})).await;
    assert_eq!(worker.get("/dict/Shoe_Size").await, ok(json!([{"dict_key": "41", "dict_value": "四十一码"}])));
    let other = Platform::create(world()).await.worker("reader").await;
    assert_eq!(other.get("/dict/Shoe_Size").await, ok(json!([])));
}
