//! 撤销: the button of a message undoes the action before.

use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use crate::support::Stage;
use crate::support::board::Board;
use crate::support::pages::{Form, Page};
use crate::support::partner::Partner;
use crate::support::staff::Staff;

/// Executes a command from the page of its record.
async fn execute(staff: &Staff, address: &str, command: &str, fill: &[(&str, &str)]) -> Page {
    let page = staff.browser.open(address).await;
    let form = staff.browser.submit(&page.form(&format!("/console/form/{command}"))).await;
    let form = form.form(&format!("/console/do/{command}"));
    let page = staff.browser.submit(&fill.iter().fold(form, |form, (name, value)| form.fill(name, value))).await;
    assert_eq!((page.status, page.address.as_str()), (200, address), "{}", page.text());
    page
}

/// The buttons that undo something on a page.
fn undo(page: &Page) -> Vec<Form> {
    page.forms().into_iter().filter(|form| form.action.starts_with("/console/do/")).collect()
}

#[tokio::test]
async fn a_job_that_was_taken_down_returns_by_one_button() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let job = user.post_job(json!({})).await;
    let moderator = Staff::signed_in(&stage.address, &["moderator"], json!({}), stage.clock.now()).await;
    let address = format!("/console/job?job_id={job}");
    let state = async || stage.address.command(&json!({"command": "show_job", "job_id": job})).await["status"].clone();

    let page = execute(&moderator, &address, "take_down_job", &[("reason", "虚假招聘")]).await;
    assert_eq!(state().await, 3);
    let [button] = &undo(&page)[..] else { panic!("one button: {}", page.html) };
    assert_eq!(button.action, "/console/do/restore_job");
    let page = moderator.browser.submit(button).await;
    assert_eq!((page.status, page.address.as_str(), state().await), (200, address.as_str(), json!(1)));
    assert!(page.text().contains("已完成：恢复职位"), "{}", page.text());
    // A restored job is not undone: taking it down needs a reason. The button is shown once.
    assert_eq!((undo(&page).len(), undo(&moderator.browser.open(&address).await).len()), (0, 0));
    let listed = stage.address.command(&json!({"command": "audit", "object": format!("jobboard/job/{job}")})).await;
    let actors: Vec<&Value> = listed["records"].as_array().unwrap().iter().map(|record| &record["action"]).collect();
    assert!(actors.contains(&&json!("restore_job")), "{listed}");
}

#[tokio::test]
async fn the_end_of_a_ban_restores_the_jobs() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let job = user.post_job(json!({})).await;
    let moderator = Staff::signed_in(&stage.address, &["moderator"], json!({}), stage.clock.now()).await;
    let address = format!("/console/user?user_id={}", user.id);
    let page = execute(&moderator, &address, "ban_user", &[("reason", "骚扰")]).await;
    let [button] = &undo(&page)[..] else { panic!("one button: {}", page.html) };
    assert_eq!(moderator.browser.submit(button).await.status, 200);
    let shown = stage.address.command(&json!({"command": "show_user", "user_id": user.id})).await;
    assert_eq!(shown["ban"], Value::Null);
    assert_eq!(stage.address.command(&json!({"command": "show_job", "job_id": job})).await["status"], 1);
}

#[tokio::test]
async fn what_needs_a_fresh_code_is_undone_with_one() {
    let stage = Stage::open().await;
    Partner::join(&stage.address).await;
    let admin = Staff::signed_in(&stage.address, &["admin"], json!({}), stage.clock.now()).await;
    let enabled = async || stage.address.command(&json!({"command": "list_channels"})).await["channels"][0]["enabled"].clone();
    let address = "/console/channels";
    assert_eq!(admin.prove(stage.clock.now()).await.status, 200);
    let page = execute(&admin, address, "disable_channel", &[]).await;
    assert_eq!(enabled().await, false);
    let [button] = &undo(&page)[..] else { panic!("one button: {}", page.html) };
    stage.clock.advance(jiff::SignedDuration::from_mins(11));
    let page = admin.browser.submit(button).await;
    assert_eq!((page.status, enabled().await), (403, json!(false)));
    assert!(page.form("/console/do/enable_channel").inputs.iter().any(|(name, _)| name == "_code"), "{}", page.html);
    assert_eq!(admin.prove(stage.clock.now()).await.status, 200);
    assert_eq!((admin.browser.submit(button).await.status, enabled().await), (200, json!(true)));
}

#[tokio::test]
async fn a_forged_message_offers_nothing_that_the_roles_do_not_allow() {
    let stage = Stage::open().await;
    let support = Staff::signed_in(&stage.address, &["support"], json!({}), stage.clock.now()).await;
    for forged in
        ["take_down_job&job_id=1", "ban_user&user_id=1&_back=https://evil.example", "erase_person&user_id=1", "ban_user", "&"]
    {
        support.browser.set_cookie("__Host-console-done", forged);
        let page = support.browser.open("/console").await;
        assert_eq!((page.status, undo(&page).len()), (200, 0), "{forged}");
    }
    let moderator = Staff::signed_in(&stage.address, &["moderator"], json!({}), stage.clock.now()).await;
    let forged = "ban_user&user_id=1&reason=%22%3E%3Cscript%3E&_back=https://evil.example";
    moderator.browser.set_cookie("__Host-console-done", forged);
    let page = moderator.browser.open("/console").await;
    let [button] = &undo(&page)[..] else { panic!("one button: {}", page.html) };
    let names: Vec<&str> = button.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["_token", "user_id", "restore_jobs", "_given", "_back"]);
    assert_eq!((button.value("user_id"), button.value("_back")), (Some("1"), Some("/console")));
}
