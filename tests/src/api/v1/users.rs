use serde_json::json;

use crate::support::{Partner, Stage, document, problem, success, world};

#[tokio::test]
async fn the_documents_example_is_stored_and_answered_whole() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let created = partner.post_text("/api/v1/users", document::example("channel_user_id")).await;
    let user_id = created.body["data"]["user_id"].as_str().unwrap().to_owned();
    assert!(user_id.bytes().all(|byte| byte.is_ascii_digit()));
    let data = json!({"user_id": user_id, "channel_user_id": "U20240101001", "created_at": "2024-01-15T10:30:00Z"});
    assert_eq!(created, success(data));

    let mut whole = document::parsed("channel_user_id");
    whole["user_id"] = user_id.into();
    whole["created_at"] = "2024-01-15T10:30:00Z".into();
    whole["updated_at"] = "2024-01-15T10:30:00Z".into();
    assert_eq!(partner.get("/api/v1/users/U20240101001").await, success(whole));
}

#[tokio::test]
async fn another_channels_user_does_not_exist() {
    let (owner, other) = (Partner::join(world()).await, Partner::join(world()).await);
    owner.has(&["users"]).await;
    let missing = problem(404, 1001, &[("channel_user_id", "does not exist")]);
    assert_eq!(other.get("/api/v1/users/U20240101001").await, missing);
    assert_eq!(other.put("/api/v1/users/U20240101001", &json!({"name": "李四"})).await, missing);
}
