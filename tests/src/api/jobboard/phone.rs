//! Phones from everywhere: WeChat returns a number without its country code, and the code beside it.

use serde_json::json;

use crate::support::board::{Board, User, done, ok, rejection, unique};
use crate::support::{Stage, world};

/// Registers a user whose number has this country code.
async fn abroad(board: &Board, country: &str, pure: &str) -> User {
    board.register(&format!("abroad-{}", unique()), &format!("{pure}&country={country}")).await
}

#[tokio::test]
async fn a_number_is_stored_with_its_country_code() {
    let board = Board::of(world());
    for (country, pure, shown) in [
        // Without its code it is a number of the mainland.
        ("49", "15112345678", "+4915112345678"),
        ("852", "91234567", "+85291234567"),
        ("853", "66123456", "+85366123456"),
        ("886", "912345678", "+886912345678"),
        ("1", "4155552671", "+14155552671"),
        ("86", "15112345678", "15112345678"),
    ] {
        let user = abroad(&board, country, pure).await;
        let expected = json!({"user_id": user.id, "avatar": "", "name": "", "sex": 0, "phone": shown});
        assert_eq!(user.info().await, ok(expected), "{country} {pure}");
    }
}

#[tokio::test]
async fn a_number_that_no_country_has_is_rejected() {
    let board = Board::of(world());
    for (country, pure) in
        [("86", "91234567"), ("86", "12800138000"), ("999", "15112345678"), ("852", "912"), ("49", "1511234567890123")]
    {
        let codes = json!({
            "login_code": board.code("login", &format!("nowhere-{}", unique())).await,
            "phone_code": board.code("phone", &format!("{pure}&country={country}")).await,
        });
        let response = board.post("/wechat/user/register", &codes).await;
        assert_eq!(response, rejection(400, "phone_code: must be a mobile number"), "{country} {pure}");
    }
}

#[tokio::test]
async fn callers_see_the_phone_of_an_owner_abroad() {
    let board = Board::of(world());
    let owner = abroad(&board, "852", "91234567").await;
    let (caller, job) = (board.join().await, owner.post_job(json!({})).await);
    caller.adjust_vouchers(1).await;
    assert_eq!(caller.call(job).await, done());
    let page = json!({"page_num": 1, "page_size": 1});
    let phone =
        async |user: &User, list: &str| user.post(list, &page).await.body["data"]["list"][0]["purpose_user_phone"].clone();
    assert_eq!(phone(&caller, "/contact_history/out").await, "+85291234567");
    assert_eq!(phone(&owner, "/contact_history/in").await, caller.phone);
    assert_eq!(phone(&owner, "/jobs/my").await, "+85291234567");
}

/// An installation can let users change the phone without a code.
#[tokio::test]
async fn a_phone_that_a_user_enters_is_returned_as_it_was_written() {
    let stage = Stage::open_with(&[("FREE_PHONE_CHANGE", "true")]).await;
    let board = Board::of(&stage.address);
    let (owner, caller) = (board.join().await, board.join().await);
    caller.adjust_vouchers(1).await;
    assert_eq!(caller.call(owner.post_job(json!({})).await).await, done());
    let page = json!({"page_num": 1, "page_size": 1});
    let phone =
        async |user: &User, list: &str| user.post(list, &page).await.body["data"]["list"][0]["purpose_user_phone"].clone();
    for number in ["+853 66123456", "+86 15112345678", "15112345678"] {
        assert_eq!(owner.post("/user/update/info", &json!({"phone": number})).await, done());
        assert_eq!(owner.info().await.body["data"]["phone"], number);
        assert_eq!(phone(&caller, "/contact_history/out").await, number);
    }
    for number in ["+853", "+8513800138000", "+86 91234567", "+852 9123456x"] {
        let rejected = rejection(400, "phone: must be a mobile number");
        assert_eq!(owner.post("/user/update/info", &json!({"phone": number})).await, rejected, "{number}");
    }
}

#[tokio::test]
async fn a_phone_changes_only_by_a_code_of_wechat() {
    let board = Board::of(world());
    let user = board.join().await;
    let update = async |body: &serde_json::Value| user.post("/user/update/info", body).await;
    // The phone of the document's sample is acknowledged and has no effect.
    assert_eq!(update(&json!({"name": "小周", "phone": "13811111234"})).await, done());
    let shown = user.info().await.body["data"].clone();
    assert_eq!((&shown["name"], &shown["phone"]), (&json!("小周"), &json!(user.phone)));
    let code = board.code("phone", "13900007777").await;
    assert_eq!(update(&json!({"phone": "13811111234", "phone_code": code})).await, done());
    assert_eq!(user.info().await.body["data"]["phone"], "13900007777");
    let used = rejection(400, "phone_code: is wrong or used");
    assert_eq!(update(&json!({"name": "大周", "phone_code": code})).await, used);
    assert_eq!(user.info().await.body["data"]["name"], "小周");
}
