//! Sessions of staff: how long they last, and what ends them.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use crate::support::staff::{Browser, Staff, failure};
use crate::support::{Response, Stage};

async fn is_open(browser: &Browser) -> bool {
    let me = browser.get("me").await;
    assert!(me.status == 200 || me == failure(401, "Unauthenticated", &[]), "{me:?}");
    me.status == 200
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_without_use_and_after_eight_hours() {
    let stage = Stage::open().await;
    let staff = Staff::signed_in(&stage.address, &["support"], json!({}), stage.clock.now()).await;
    stage.clock.advance(SignedDuration::from_mins(29));
    assert!(is_open(&staff.browser).await);
    stage.clock.advance(SignedDuration::from_mins(30));
    assert!(!is_open(&staff.browser).await, "30 minutes without use");
    staff.sign_in(stage.clock.now()).await;
    for _ in 0..16 {
        stage.clock.advance(SignedDuration::from_mins(29));
        assert!(is_open(&staff.browser).await);
    }
    // 7 hours and 44 minutes have passed.
    stage.clock.advance(SignedDuration::from_mins(15));
    assert!(is_open(&staff.browser).await);
    stage.clock.advance(SignedDuration::from_mins(1));
    assert!(!is_open(&staff.browser).await, "8 hours");
}

#[tokio::test]
async fn a_use_is_written_down_once_a_minute() {
    let stage = Stage::open().await;
    let staff = Staff::signed_in(&stage.address, &["support"], json!({}), stage.clock.now()).await;
    let mut calls = Vec::new();
    for seconds in [0, 59, 1, 0] {
        stage.clock.advance(SignedDuration::from_secs(seconds));
        stage.take_calls();
        assert!(is_open(&staff.browser).await);
        calls.push(stage.take_calls().join(" + "));
    }
    assert_eq!(calls, ["GetItem", "GetItem", "GetItem + PutItem", "GetItem"]);
}

#[tokio::test]
async fn what_narrows_the_rights_of_a_member_ends_the_sessions() {
    let stage = Stage::open().await;
    let staff = Staff::create(&stage.address, &["support"], json!({})).await;
    let id = &staff.id;
    let mut set_up = false;
    for (command, fields, ends) in [
        ("set_staff", json!({"name": "李四"}), false),
        ("set_staff", json!({"roles": ["support"]}), false),
        ("set_staff", json!({"roles": ["support", "finance"]}), true),
        ("set_staff", json!({"phone": "15900009999"}), true),
        ("set_staff", json!({"phone": staff.phone}), true),
        ("end_staff_sessions", json!({}), true),
        ("reset_second_factor", json!({}), true),
        ("disable_staff", json!({}), true),
    ] {
        stage.clock.advance(SignedDuration::from_mins(2));
        if command == "set_staff" && fields["phone"] == json!(staff.phone) {
            // The member signs in with the other phone no more.
            stage.clock.advance(SignedDuration::from_mins(1));
        } else {
            let is_set_up_again = command == "disable_staff";
            assert_eq!(staff.sign_in(stage.clock.now()).await.is_empty(), !is_set_up_again && set_up);
            set_up = true;
            assert!(is_open(&staff.browser).await);
        }
        let mut event = json!({"command": command, "staff_id": id, "by": "tester"});
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        stage.address.command(&event).await;
        assert_eq!(is_open(&staff.browser).await, !ends, "{event}");
    }
    // A disabled member gets no message.
    stage.clock.advance(SignedDuration::from_mins(2));
    staff.browser.post("sign-in", &json!({"phone": staff.phone})).await;
    let before = stage.address.messages(&staff.phone).await.len();
    stage.address.command(&json!({"command": "enable_staff", "staff_id": id, "by": "tester"})).await;
    stage.clock.advance(SignedDuration::from_mins(2));
    staff.sign_in(stage.clock.now()).await;
    assert_eq!(stage.address.messages(&staff.phone).await.len(), before + 1);
}

#[tokio::test]
async fn a_sign_out_ends_one_session_and_a_sixth_session_the_oldest() {
    let stage = Stage::open().await;
    let staff = Staff::create(&stage.address, &["support"], json!({})).await;
    let mut browsers = Vec::new();
    for _ in 0..6 {
        staff.sign_in(stage.clock.now()).await;
        browsers.push(staff.browser.copy());
        stage.clock.advance(SignedDuration::from_mins(2));
    }
    let mut open = Vec::new();
    for browser in &browsers {
        open.push(is_open(browser).await);
    }
    assert_eq!(open, [false, true, true, true, true, true]);
    let copy = browsers[3].copy();
    assert_eq!(browsers[3].post("sign-out", &json!({})).await, Response { status: 200, body: json!({}) });
    assert!(!is_open(&copy).await && is_open(&browsers[2]).await && is_open(&browsers[4]).await);
    let shown = stage.address.command(&json!({"command": "show_staff", "staff_id": staff.id})).await;
    assert_eq!(shown["sessions"].as_array().map(Vec::len), Some(4), "{shown}");
}

#[tokio::test]
async fn a_step_up_works_beside_an_abandoned_sign_in() {
    let stage = Stage::open().await;
    let staff = Staff::signed_in(&stage.address, &["admin"], json!({}), stage.clock.now()).await;
    stage.clock.advance(SignedDuration::from_mins(2));
    let code = staff.message().await;
    staff.browser.post("code", &json!({"phone": staff.phone, "code": code})).await;
    stage.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(staff.browser.get("me").await.body["is_stepped_up"], false);
    assert_eq!(staff.prove(stage.clock.now()).await.status, 200);
    assert_eq!(staff.browser.get("me").await.body["is_stepped_up"], true);
    let shown = stage.address.command(&json!({"command": "show_staff", "staff_id": staff.id})).await;
    assert_eq!(shown["sessions"].as_array().map(Vec::len), Some(1), "{shown}");
}

#[tokio::test]
async fn some_commands_need_a_recent_proof_of_the_second_factor() {
    let stage = Stage::open().await;
    let admin = Staff::signed_in(&stage.address, &["admin"], json!({}), stage.clock.now()).await;
    let create = async |appkey: &str| admin.command("create_channel", json!({"appkey": appkey})).await;
    assert_eq!(create("first").await.status, 200);
    stage.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(create("second").await, failure(403, "StepUpNeeded", &[]));
    assert_eq!(admin.command("list_channels", json!({})).await.body["channels"].as_array().map(Vec::len), Some(1));
    assert_eq!(admin.prove(stage.clock.now()).await.status, 200);
    assert_eq!(create("second").await.status, 200);

    // The record names the member, not the invoker of the function.
    let recorded = stage.address.command(&json!({"command": "audit", "object": "channel/channel/second"})).await;
    let record = &recorded["records"][0];
    assert_eq!(record["actor"], json!({"kind": "staff", "id": admin.id.to_string(), "name": "张三"}));
    assert_eq!((&record["action"], record.get("by")), (&json!("create_channel"), None::<&Value>));
}
