//! An export is masked. With a reason and a fresh code it is whole, and recorded.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use super::office::seen;
use crate::support::Stage;
use crate::support::audit::records;
use crate::support::pages::{Form, Page};
use crate::support::product::{EMPLOYEE, MOBILE, Product, employee};
use crate::support::staff::Staff;

/// The file of the export that a page is about.
async fn file(stage: &Stage, page: &Page) -> String {
    let link = page
        .tags()
        .iter()
        .find(|tag| tag.attribute("download").is_some())
        .expect("a link")
        .attribute("href")
        .unwrap()
        .to_owned();
    let id = link.split("exports/console/").nth(1).and_then(|rest| rest.split('/').next()).expect("an id").to_owned();
    let stored = stage.objects().await.read(&format!("exports/console/{id}/file"), 0, 1 << 20).await.unwrap();
    String::from_utf8(stored.expect("a file").0).unwrap()
}

async fn finished(staff: &Staff, mut page: Page) -> Page {
    while let Some(next) = page.forms().into_iter().find(|form| form.action == "/console/export") {
        page = staff.browser.submit(&next).await;
        assert_eq!(page.status, 200, "{}", page.text());
    }
    page
}

#[tokio::test]
async fn an_export_is_masked_unless_a_fresh_code_and_a_reason_are_given() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let member = async |roles: &[&str]| Staff::signed_in(&stage.address, roles, json!({}), stage.clock.now()).await;
    let (hr, auditor) = (member(&["hr"]).await, member(&["auditor"]).await);
    let list = format!("/console/employees?company_uuid={}", product.company);
    let form = async |staff: &Staff| staff.browser.open(&list).await.form("/console/export");
    let own_name = employee()["name"].as_str().unwrap().to_owned();
    let revealed = async || {
        let recorded = records(&stage.address, json!({"actor": format!("staff/{}", hr.id)})).await;
        recorded.into_iter().filter(|record| record["action"] == "reveal_list").collect::<Vec<Value>>()
    };

    // The sign-in was just now, and the export is masked all the same.
    let begun = hr.browser.submit(&form(&hr).await.forge("_file", Some("csv"))).await;
    let masked = file(&stage, &finished(&hr, begun).await).await;
    assert!(masked.contains("****") && !masked.contains(MOBILE) && !masked.contains(&own_name), "{masked}");
    assert_eq!(revealed().await, Vec::<Value>::new());

    // An auditor is not offered whole fields, and gets none.
    let offers = |page: &Page| page.html.contains("name=\"_whole\"");
    assert!(offers(&hr.browser.open(&list).await) && !offers(&auditor.browser.open(&list).await));
    let forged = form(&auditor).await.forge("_whole", Some("true")).forge("_file", Some("csv")).forge("reason", Some("核对"));
    let forbidden = (403, "您的角色不能使用这个功能".to_owned());
    assert_eq!(seen(&auditor.browser.submit(&forged).await), forbidden);

    let question = hr.browser.submit(&form(&hr).await.forge("_whole", Some("true"))).await;
    assert_eq!(seen(&question), (200, "导出明文".to_owned()));
    let asked = |page: &Page| page.form("/console/export").forge("_file", Some("csv"));
    let is_code = |form: &Form| form.inputs.iter().any(|(name, _)| name == "_code");
    assert!(!is_code(&asked(&question)), "the last code is not ten minutes old");
    let page = hr.browser.submit(&asked(&question).fill("reason", " ")).await;
    assert_eq!((page.status, page.faults()), (400, vec!["必填".to_owned()]), "{}", page.text());

    stage.clock.advance(SignedDuration::from_mins(10));
    let page = hr.browser.submit(&asked(&question).fill("reason", "线下核对")).await;
    assert_eq!((page.status, page.faults()), (403, vec!["必填".to_owned()]), "{}", page.text());
    assert!(is_code(&asked(&page)));
    let page = hr.browser.submit(&asked(&page).fill("reason", "线下核对").fill("_code", "000000")).await;
    assert_eq!((page.status, page.faults()), (400, vec!["不正确，或已使用过".to_owned()]), "{}", page.text());
    assert_eq!(revealed().await, Vec::<Value>::new());
    let code = hr.totp(stage.clock.now());
    let begun = hr.browser.submit(&asked(&page).fill("reason", "线下核对").fill("_code", &code)).await;
    assert!(begun.status == 200 && !begun.html.contains(&code), "{}", begun.text());

    // The code becomes too old before the next step: the export goes on after another one.
    stage.clock.advance(SignedDuration::from_mins(10));
    let late = hr.browser.submit(&begun.form("/console/export")).await;
    assert_eq!(seen(&late), (403, "导出明文".to_owned()));
    assert_eq!(revealed().await, Vec::<Value>::new());
    let code = hr.totp(stage.clock.now());
    let read = hr.browser.submit(&late.form("/console/export").fill("reason", "线下核对").fill("_code", &code)).await;
    let done = finished(&hr, read).await;
    let whole = file(&stage, &done).await;
    assert!(whole.contains(MOBILE) && whole.contains(&own_name) && done.text().contains("完整"), "{whole}");
    let pages = revealed().await;
    let [page] = &pages[..] else { panic!("one page: {pages:?}") };
    assert_eq!(
        (&page["object"], &page["ids"], &page["reason"], &page["fields"]),
        (
            &json!(format!("hris/employee/{}", product.company)),
            &json!([EMPLOYEE]),
            &json!("线下核对"),
            &json!(["mobile", "name"])
        )
    );
}
