//! Forms that are not sent by a page of the member's own session, or that were changed on the way, do nothing.

use reqwest::Method;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use super::office::{Office, foreign, seen};
use crate::support::board::Board;
use crate::support::pages::Form;
use crate::support::staff::{Browser, Staff};
use crate::support::worker::COMPANY;

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_form_without_the_token_of_its_session_does_nothing() {
    let office = Office::open().await;
    let (reviewer, colleague) = (office.reviewer("甲").await, office.reviewer("乙").await);
    let (form, stolen) = (office.rejection(&reviewer).await, office.rejection(&colleague).await);
    let token = |form: &Form| form.value("_token").unwrap().to_owned();
    assert_ne!(token(&form), token(&stolen));
    let visitor = Browser::at(&office.stage.address).open("/console/sign-in").await;
    let visitor = token(&visitor.form("/console/sign-in"));
    let stored = office.stored().await;
    let own = token(&form);
    for wrong in [None, Some(""), Some("x"), Some(&own[1..]), Some(&token(&stolen)), Some(&visitor)] {
        let forged = form.clone().forge("_token", wrong);
        assert_eq!(seen(&reviewer.browser.submit(&forged).await), foreign(), "{wrong:?}");
        let mut opening = forged;
        opening.action = "/console/form/reject_application".into();
        assert_eq!(seen(&reviewer.browser.submit(&opening).await), foreign(), "{wrong:?}");
        opening.action = "/console/applications".into();
        assert_eq!(seen(&reviewer.browser.submit(&opening).await), foreign(), "{wrong:?}");
        opening.action = "/console/sign-out".into();
        assert_eq!(seen(&reviewer.browser.submit(&opening).await), foreign(), "{wrong:?}");
    }
    // The token in the address, where another site could put it.
    let mut addressed = form.clone().forge("_token", None);
    addressed.action = format!("{}?_token={own}", form.action);
    assert_eq!(seen(&reviewer.browser.submit(&addressed).await), foreign());
    assert_eq!(office.stored().await, stored);

    // A new session has another token, and the one before has ended.
    reviewer.browser.submit(&Form { action: "/console/sign-out".into(), ..form.clone() }).await;
    office.stage.clock.advance(jiff::SignedDuration::from_mins(2));
    reviewer.sign_in(office.stage.clock.now()).await;
    let stored = office.stored().await;
    assert_eq!(seen(&reviewer.browser.submit(&form).await), foreign());
    assert_eq!(office.stored().await, stored);
    let renewed = office.rejection(&reviewer).await;
    assert_ne!(token(&renewed), own);
    assert_eq!(reviewer.browser.submit(&renewed).await.status, 200);
    assert_eq!(office.status(&office.own).await, 4);
}

#[tokio::test]
async fn a_request_of_another_site_or_of_another_kind_does_nothing() {
    let office = Office::open().await;
    let reviewer = office.reviewer("甲").await;
    let form = office.rejection(&reviewer).await;
    let stored = office.stored().await;
    let post = |media_type: &str, body: String| {
        reviewer.browser.request_to(Method::POST, &form.action).header("content-type", media_type).body(body)
    };
    for site in ["cross-site", "same-site", "none", "x"] {
        let request = post(FORM, form.encoded()).header("sec-fetch-site", site);
        assert_eq!(seen(&reviewer.browser.page(&form.action, request).await), foreign(), "{site}");
    }
    let members: serde_json::Map<String, Value> =
        form.fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let json = Value::Object(members).to_string();
    for (media_type, body) in
        [("application/json", json), ("text/plain", form.encoded()), ("multipart/form-data", form.encoded())]
    {
        let page = reviewer.browser.page(&form.action, post(media_type, body)).await;
        assert_eq!(seen(&page), foreign(), "{media_type}");
    }
    let bare = reviewer.browser.request_to(Method::POST, &form.action).body(form.encoded());
    assert_eq!(seen(&reviewer.browser.page(&form.action, bare).await), foreign());
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let address = format!("{}?{}", form.action, form.encoded());
        let page = reviewer.browser.page(&address, reviewer.browser.request_to(method.clone(), &address)).await;
        assert_eq!(seen(&page), (405, "这个页面不接受这样的请求".into()), "{method}");
    }
    assert_eq!(office.stored().await, stored);
}

#[tokio::test]
async fn fields_of_another_tenant_are_not_found() {
    let office = Office::open().await;
    let reviewer = office.reviewer("甲").await;
    let form = office.rejection(&reviewer).await;
    let abroad = crate::support::worker::Platform::create(&office.stage.address).await;
    let stored = office.stored().await;
    let other = office.other.to_string();
    for (name, value, field) in
        [("em_id", other.as_str(), "申请编号"), ("platform_code", &abroad.code, "平台"), ("em_id", "7", "申请编号")]
    {
        let page = reviewer.browser.submit(&form.clone().forge(name, Some(value))).await;
        assert_eq!((page.status, page.faults()), (404, vec![format!("{field}：不存在")]), "{name}: {}", page.text());
        let row = json!({"platform_code": office.platform.code, "em_id": office.own, "version": 1, name: value});
        let several = ["platform_code", "em_id", "version"].iter().fold(form.clone(), |form, name| form.forge(name, None));
        let page = reviewer.browser.submit(&several.forge("_row", Some(&row.to_string()))).await;
        assert!(page.faults().iter().any(|fault| fault.contains("不存在") || fault.contains("整数")), "{}", page.text());
    }
    assert_eq!(office.stored().await, stored);
}

#[tokio::test]
async fn rows_that_are_too_many_or_no_json_do_nothing() {
    let office = Office::open().await;
    let reviewer = office.reviewer("甲").await;
    let form = office.rejection(&reviewer).await;
    let row = |em_id: &Value| json!({"platform_code": office.platform.code, "em_id": em_id, "version": 1}).to_string();
    let stored = office.stored().await;
    for count in [51, 400, 600] {
        let mut many = form.clone();
        many.fields.extend((0..count).map(|_| ("_row".to_owned(), row(&office.own))));
        let page = reviewer.browser.submit(&many).await;
        assert_eq!((page.status, page.faults()), (400, vec!["所选：最多 50 条".to_owned()]), "{count}: {}", page.text());
    }
    // The form has all fields of the application. A row that cannot be read does not make it a decision on that.
    for broken in ["", "x", "7", "[]", "null", "\"x\"", "{", "{\"em_id\":}"] {
        let mut rows = form.clone();
        rows.fields.extend([row(&office.own), broken.to_owned()].map(|row| ("_row".to_owned(), row)));
        let page = reviewer.browser.submit(&rows).await;
        assert_eq!((page.status, page.faults()), (400, vec!["所选：不存在".to_owned()]), "{broken}: {}", page.text());
    }
    for foreign in [json!({"em_id": {"a": 1}}), json!({"em_id": [1]}), json!({"em_id": office.other}), json!({"version": "x"})]
    {
        let page = reviewer.browser.submit(&form.clone().forge("_row", Some(&foreign.to_string()))).await;
        assert_eq!((page.status, page.faults().len()), (200, 1), "{foreign}: {}", page.text());
        assert!(page.text().contains("未完成 1"), "{}", page.text());
    }
    assert_eq!(office.stored().await, stored);
}

#[tokio::test]
async fn fields_over_their_bounds_are_named_and_nothing_is_stored() {
    let office = Office::open().await;
    let reviewer = office.reviewer("甲").await;
    let form = office.rejection(&reviewer).await;
    let stored = office.stored().await;
    for (name, value, fault) in [
        ("reason", "长".repeat(257).as_str(), "太长"),
        ("reason", "", "必填"),
        ("reason", "   ", "必填"),
        ("em_id", "0", "申请编号：必须是 1 至 9007199254740991 之间的整数"),
        ("em_id", "99999999999999999999", "申请编号：必须是 1 至 9007199254740991 之间的整数"),
        ("em_id", "x", "申请编号：必须是 1 至 9007199254740991 之间的整数"),
        ("version", "-1", "版本：必须是 1 至 9007199254740991 之间的整数"),
        ("platform_code", &"x".repeat(300), "平台：应为 1 到 32 个字母、数字、_ 或 -"),
    ] {
        let page = reviewer.browser.submit(&form.clone().forge(name, Some(value))).await;
        assert_eq!((page.status, page.faults()), (400, vec![fault.to_owned()]), "{name} {value:.20}: {}", page.text());
    }
    let large = form.clone().forge("reason", Some(&"x".repeat(6 * 1024 * 1024)));
    assert_eq!(reviewer.browser.submit(&large).await.status, 413);
    let mut many = form.clone().forge("_token", None);
    many.fields.extend((0..600).map(|number| (format!("field{number}"), String::new())));
    many.fields.push(("_token".into(), form.value("_token").unwrap().to_owned()));
    assert_eq!(seen(&reviewer.browser.submit(&many).await), foreign(), "more fields than any form has");
    // What a field holds is text, whatever it looks like.
    let script = "\"><script>alert(1)</script>{{7*7}}";
    let page = reviewer.browser.submit(&form.clone().forge("reason", Some(script)).forge("version", Some("7"))).await;
    assert_eq!(page.status, 409, "{}", page.text());
    assert!(!page.html.contains("<script>") && page.text().contains(script), "{}", page.html);
    assert_eq!(office.stored().await, stored);
}

#[tokio::test]
async fn a_form_returns_to_no_other_site() {
    let office = Office::open().await;
    let moderator = Staff::signed_in(&office.stage.address, &["moderator"], json!({}), office.stage.clock.now()).await;
    let user = Board::of(&office.stage.address).join().await;
    let address = format!("/console/user?user_id={}", user.id);
    for (back, expected) in [
        ("//evil.example", "/console"),
        ("https://evil.example/console", "/console"),
        ("/\\evil.example", "/console"),
        ("/console//evil.example", "/console"),
        ("/console\\evil", "/console"),
        ("/console\r\nset-cookie: a=b", "/console"),
        ("javascript:alert(1)", "/console"),
        ("", "/console"),
        (address.as_str(), address.as_str()),
    ] {
        let page = moderator.browser.open(&address).await;
        let form = moderator.browser.submit(&page.form("/console/form/end_user_sessions").forge("_back", Some(back))).await;
        assert!(form.addresses().iter().any(|(name, to)| *name == "href" && to == expected), "{back}: {}", form.html);
        let form = form.form("/console/do/end_user_sessions");
        assert_eq!(form.value("_back"), Some(expected), "{back}");
        let done = moderator.browser.post_form(&form.forge("_back", Some(back))).await;
        assert_eq!((done.status, done.location()), (303, Some(expected)), "{back}");
    }
    assert_eq!(COMPANY, 12);
}
