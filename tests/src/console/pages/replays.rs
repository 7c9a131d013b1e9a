//! A form that is sent again does nothing a second time, and says what has changed since it was shown.

use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use super::office::Office;
use crate::support::Stage;
use crate::support::board::Board;
use crate::support::staff::Staff;

#[tokio::test]
async fn a_decision_that_is_sent_again_is_stored_once_and_is_a_conflict_for_a_colleague() {
    let office = Office::open().await;
    let (reviewer, colleague) = (office.reviewer("甲").await, office.reviewer("乙").await);
    let (form, late) = (office.rejection(&reviewer).await, office.rejection(&colleague).await);
    let done = reviewer.browser.post_form(&form).await;
    assert_eq!((done.status, done.location()), (303, Some(office.address(&office.own).as_str())));
    assert_eq!(office.status(&office.own).await, 4);
    let stored = office.stored().await;
    // The first response may have been lost: the same decision of the same person is the same success.
    assert_eq!(reviewer.browser.post_form(&form).await.location(), done.location());
    for form in [late, form.forge("reason", Some("信息有误"))] {
        let page = colleague.browser.submit(&form).await;
        if page.status == 415 {
            continue;
        }
        assert_eq!(page.status, 409, "{}", page.text());
        let faults = page.faults();
        assert_eq!(faults, ["版本：已是第 2 版，之后改动了：原因、状态", "状态：2024-01-15 18:30:00 由 甲 改为“已驳回”"]);
        assert_eq!(page.form("/console/do/reject_application").value("reason"), Some("照片不清晰"), "what was entered stays");
    }
    assert_eq!(office.stored().await, stored);

    // The page of the application offers no decision any more.
    let page = reviewer.browser.open(&office.address(&office.own)).await;
    let offered: Vec<String> =
        page.forms().into_iter().map(|form| form.action).filter(|action| action.ends_with("_application")).collect();
    assert_eq!(offered, Vec::<String>::new());
}

#[tokio::test]
async fn a_decision_on_several_says_which_of_them_it_could_not_make() {
    let office = Office::open().await;
    let reviewer = office.reviewer("甲").await;
    let mut ids = office.applications(2).await;
    ids.push(office.own.clone());
    let list = reviewer.browser.open(&format!("/console/applications?platform_code={}", office.platform.code)).await;
    let chosen = list.form(&list.address).check_all("_row").by_button("/console/form/reject_application");
    assert_eq!(chosen.fields.iter().filter(|(name, _)| name == "_row").count(), 3, "{chosen:?}");
    let form = reviewer.browser.submit(&chosen).await;
    assert_eq!(form.title(), "驳回申请：3 条");
    let form = form.form("/console/do/reject_application").fill("reason", "岗位已招满");
    // One of them is decided on meanwhile.
    assert_eq!(office.platform.decide("cancel_application", &ids[0], json!({})).await["status"], 5);
    let page = reviewer.browser.submit(&form).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let faults = page.faults();
    assert!(faults.len() == 1 && faults[0].starts_with(&format!("{}：", ids[0])), "{faults:?}");
    assert!(page.text().contains("完成 2") && page.text().contains("未完成 1"), "{}", page.text());
    let mut states = Vec::new();
    for id in &ids {
        states.push(office.status(id).await);
    }
    assert_eq!(states, [json!(5), json!(4), json!(4)]);
    let stored = office.stored().await;
    let again = reviewer.browser.submit(&form).await;
    assert_eq!(again.faults(), faults, "the others are the same success");
    assert_eq!(office.stored().await, stored);
}

#[tokio::test]
async fn an_adjustment_that_is_sent_again_counts_once() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let support = Staff::signed_in(&stage.address, &["support"], json!({}), stage.clock.now()).await;
    let address = format!("/console/user?user_id={}", user.id);
    let page = support.browser.open(&address).await;
    let form = support.browser.submit(&page.form("/console/form/adjust_vouchers")).await.form("/console/do/adjust_vouchers");
    let form = form.fill("change", "3").fill("reference", "case-7").fill("reason", "补偿");
    for _ in 0..3 {
        let done = support.browser.post_form(&form).await;
        assert_eq!((done.status, done.location()), (303, Some(address.as_str())), "{}", done.text());
    }
    let mut at_once: Vec<_> = (0..4).map(|_| support.browser.post_form(&form)).collect();
    for done in futures::future::join_all(at_once.drain(..)).await {
        assert!([303, 409].contains(&done.status), "{}", done.text());
    }
    let (balance, changes, _) = user.ledger().await;
    assert_eq!((balance, changes), (3, vec![3]));
    // The same reference is for one adjustment alone.
    let other = support.browser.submit(&form.clone().fill("change", "4")).await;
    assert_eq!((other.status, other.faults()), (409, vec!["已用于另一次调整".to_owned()]), "{}", other.text());
    assert_eq!(user.ledger().await.0, 3);
    let shown = support.browser.open(&address).await;
    assert!(shown.text().contains("联系券余额 3"), "{}", shown.text());
}

/// What a form has done is said once, on the page to which it returns.
#[tokio::test]
async fn what_was_done_is_said_once() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let moderator = Staff::signed_in(&stage.address, &["moderator"], json!({}), stage.clock.now()).await;
    let address = format!("/console/user?user_id={}", user.id);
    let page = moderator.browser.open(&address).await;
    let form = moderator.browser.submit(&page.form("/console/form/ban_user")).await.form("/console/do/ban_user");
    let page = moderator.browser.submit(&form.fill("reason", "骚扰其他用户")).await;
    assert_eq!((page.status, page.address.as_str()), (200, address.as_str()));
    let toast = |page: &crate::support::pages::Page| {
        let tags = page.tags().iter().filter(|tag| tag.attribute("class") == Some("toast"));
        tags.map(|tag| tag.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(toast(&page), ["已完成：封禁用户"]);
    assert_eq!(toast(&moderator.browser.open(&address).await), Vec::<String>::new());
    let banned = stage.address.command(&json!({"command": "show_user", "user_id": user.id})).await;
    assert_eq!(banned["ban"]["reason"], "骚扰其他用户");
    // The button is now that of the opposite.
    let actions: Vec<String> = page.forms().into_iter().map(|form| form.action).collect();
    assert!(actions.contains(&"/console/form/unban_user".into()) && !actions.contains(&"/console/form/ban_user".into()));
    let _: Value = banned;
}
