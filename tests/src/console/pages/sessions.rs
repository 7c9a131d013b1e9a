//! A page and a form need an open session.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use shared::runtime::clock::Clock as _;

use super::office::Office;
use crate::support::pages::Page;
use crate::support::staff::{Browser, SESSION};
use crate::support::worker::COMPANY;

fn redirect(page: &Page) -> (u16, Option<&str>) {
    (page.status, page.location())
}

#[tokio::test]
async fn without_a_session_a_page_leads_to_the_sign_in_and_back_and_a_form_does_nothing() {
    let office = Office::open().await;
    let reviewer = office.reviewer("甲").await;
    let form = office.rejection(&reviewer).await;
    let stored = office.stored().await;
    let tampered = Browser::at(&office.stage.address);
    tampered.set_cookie(SESSION, "1.x");
    for browser in [Browser::at(&office.stage.address), tampered] {
        let get = async |path: &str| browser.page(path, browser.request_to(Method::GET, path)).await;
        for (path, next) in [
            ("/console", "%2Fconsole"),
            ("/console/users?user_id=7", "%2Fconsole%2Fusers%3Fuser_id%3D7"),
            ("/console/form/help", "%2Fconsole%2Fform%2Fhelp"),
            ("/console/nothing", "%2Fconsole%2Fnothing"),
        ] {
            let page = get(path).await;
            assert_eq!(redirect(&page), (303, Some(format!("/console/sign-in?next={next}").as_str())), "{path}");
            assert_eq!(page.html, "", "{path}");
        }
        for action in
            ["/console/do/reject_application", "/console/form/reject_application", "/console/users", "/console/sign-out"]
        {
            let mut sent = form.clone();
            sent.action = action.into();
            assert_eq!(redirect(&browser.post_form(&sent).await), (303, Some("/console/sign-in")), "{action}");
        }
        // The script of the pages loads the sign-in instead of a part of a page.
        let fragment = browser
            .page("/console/users", browser.request_to(Method::GET, "/console/users").header("hx-request", "true"))
            .await;
        let to = fragment.header("hx-redirect");
        assert_eq!((fragment.status, to, fragment.html.as_str()), (200, Some("/console/sign-in?next=%2Fconsole%2Fusers"), ""));
    }
    assert_eq!(office.stored().await, stored);
    assert_eq!(office.status(&office.own).await, 1);
}

#[tokio::test]
async fn a_form_of_a_session_that_has_ended_does_nothing() {
    let office = Office::open().await;
    let reviewer = office.reviewer("甲").await;
    let ends: [(&str, serde_json::Value); 5] = [
        ("sign out", json!(null)),
        ("half an hour", json!(null)),
        ("end_staff_sessions", json!({})),
        ("set_staff", json!({"roles": ["reviewer", "auditor"]})),
        ("disable_staff", json!({})),
    ];
    for (at, (end, fields)) in ends.into_iter().enumerate() {
        if at > 0 {
            office.stage.clock.advance(SignedDuration::from_mins(2));
            reviewer.sign_in(office.stage.clock.now()).await;
        }
        let form = office.rejection(&reviewer).await;
        match end {
            "sign out" => {
                // Another tab keeps the cookie.
                let other = reviewer.browser.copy();
                let page = other.open("/console").await;
                let left = other.submit(&page.form("/console/sign-out")).await;
                assert_eq!((left.status, left.address.as_str()), (200, "/console/sign-in"));
                assert_eq!(other.cookie(SESSION), None);
            }
            "half an hour" => office.stage.clock.advance(SignedDuration::from_mins(30)),
            command => {
                let mut event = json!({"command": command, "staff_id": reviewer.id, "by": "tester"});
                event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
                office.stage.address.command(&event).await;
            }
        }
        let stored = office.stored().await;
        assert_eq!(redirect(&reviewer.browser.post_form(&form).await), (303, Some("/console/sign-in")), "{end}");
        let page = reviewer.browser.open(&office.address(&office.own)).await;
        assert!(page.status == 200 && page.title() == "登录" && !page.html.contains("张三"), "{end}: {}", page.text());
        assert_eq!(office.stored().await, stored, "{end}");
    }
    assert_eq!(office.status(&office.own).await, 1);
}

/// The session stays, and the role is gone: the next request of the page is judged by the new roles.
#[tokio::test]
async fn a_form_of_a_member_who_reviews_another_company_now_is_not_found() {
    let office = Office::open().await;
    let reviewer = office.reviewer("甲").await;
    let form = office.rejection(&reviewer).await;
    let moved = json!({
        "command": "set_staff", "staff_id": reviewer.id, "platform_code": office.platform.code, "companies": [COMPANY + 1], "by": "tester",
    });
    office.stage.address.command(&moved).await;
    let ended = reviewer.browser.post_form(&form).await;
    assert_eq!(redirect(&ended), (303, Some("/console/sign-in")));
    office.stage.clock.advance(SignedDuration::from_mins(2));
    reviewer.sign_in(office.stage.clock.now()).await;
    let stored = office.stored().await;
    let page = reviewer.browser.open(&format!("/console/applications?platform_code={}", office.platform.code)).await;
    let token = page.form("/console/sign-out");
    let fresh = form.forge("_token", token.value("_token"));
    let page = reviewer.browser.submit(&fresh).await;
    assert_eq!((page.status, page.faults()), (404, vec!["申请编号：不存在".to_owned()]), "{}", page.text());
    assert_eq!(office.stored().await, stored);
}
