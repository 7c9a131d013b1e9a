//! Names of users that staff decide on (docs/design/jobboard.md, Moderation).

use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::board::{Board, User, done, rejection};

async fn rename(user: &User, name: &str) -> crate::support::Response {
    user.post("/user/update/info", &json!({"name": name})).await
}

/// The name that others see, and the one that waits.
async fn names(user: &User) -> (Value, Option<Value>) {
    let info = user.info().await.body["data"].clone();
    (info["name"].clone(), info.get("name_in_review").cloned())
}

async fn waiting(board: &Board) -> Value {
    board.command("list_names", json!({})).await["names"].clone()
}

async fn open() -> (Stage, User) {
    let stage = Stage::open_with(&[("MODERATION", "publish")]).await;
    let user = Board::of(&stage.address).join().await;
    (stage, user)
}

#[tokio::test]
async fn a_name_that_imitates_waits_for_staff() {
    let (_stage, user) = open().await;
    let board = user.board.clone();
    assert_eq!(rename(&user, "王师傅").await, done());
    assert_eq!(names(&user).await, (json!("王师傅"), None));
    for name in ["官 方 客 服", "招商银行", "含待审的名字"] {
        assert_eq!(rename(&user, name).await, done());
        assert_eq!(names(&user).await, (json!("王师傅"), Some(json!(name))));
        let row = json!({"user_id": user.id, "name": name, "current_name": "王师傅"});
        assert_eq!(waiting(&board).await, json!([row]));
    }
    assert_eq!(board.command("show_workload", json!({})).await["contents"], json!({"jobs": 0, "names": 1}));
    let decide = |command: &'static str, name: &str| {
        let (board, event) = (board.clone(), json!({"user_id": user.id, "name": name, "by": "zhangsan"}));
        async move { board.command(command, event).await }
    };
    let conflict = decide("approve_name", "招商银行").await;
    assert!(conflict["errorMessage"].as_str().is_some_and(|error| error.contains("is not the one that waits")), "{conflict}");
    for _ in 0..2 {
        assert_eq!(decide("approve_name", "含待审的名字").await, json!({"user_id": user.id, "name": "含待审的名字"}));
    }
    assert_eq!(names(&user).await, (json!("含待审的名字"), None));
    assert_eq!(rename(&user, "客服").await, done());
    assert_eq!(decide("reject_name", "客服").await, json!({"user_id": user.id, "name": "含待审的名字"}));
    assert_eq!(names(&user).await, (json!("含待审的名字"), None));
    assert_eq!(waiting(&board).await, json!([]));
    let recorded = board.command("audit", json!({"object": format!("jobboard/user/{}", user.id)})).await["records"].clone();
    assert_eq!(recorded.as_array().expect("records").len(), 2);
    // Another name takes the place of the one that waits.
    assert_eq!(rename(&user, "客服").await, done());
    assert_eq!(rename(&user, "王师傅").await, done());
    assert_eq!((names(&user).await, waiting(&board).await), ((json!("王师傅"), None), json!([])));
}

#[tokio::test]
async fn a_risky_name_is_rejected() {
    let (_stage, user) = open().await;
    assert_eq!(rename(&user, "违禁").await, rejection(400, "name: does not pass WeChat's content check"));
    assert_eq!(names(&user).await, (json!(""), None));
}

#[tokio::test]
async fn a_contact_person_that_imitates_holds_the_job() {
    let (_stage, user) = open().await;
    let id = user.post_job(json!({"user_name": "官方客服", "photo_urls": []})).await;
    assert_eq!(user.job(id).await["status"], 5);
}

#[tokio::test]
async fn without_moderation_every_name_is_taken() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    assert_eq!(rename(&user, "官方客服").await, done());
    assert_eq!(names(&user).await, (json!("官方客服"), None));
}
