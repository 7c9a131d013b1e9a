//! The heading of the column by which a list is sorted says the direction, and leads to the other one.

use serde_json::json;
use shared::runtime::clock::Clock as _;

use super::office::Office;
use crate::support::pages::Page;
use crate::support::staff::Staff;

/// The direction that a page shows, and its first cells.
fn shown(page: &Page) -> (String, Vec<String>) {
    let headings: Vec<String> =
        page.tags().iter().filter_map(|tag| tag.attribute("aria-sort")).map(ToString::to_string).collect();
    assert_eq!(headings.len(), 1, "{}", page.html);
    let rows = page.html.split("<tbody>").nth(1).unwrap_or_default().split("<tr>").skip(1);
    let link = |row: &str| row.split("<a href").nth(1)?.split('>').nth(1)?.split('<').next().map(str::to_owned);
    (headings[0].clone(), rows.filter_map(link).collect())
}

fn other(page: &Page) -> String {
    let link = page.tags().iter().find(|tag| tag.attribute("class").is_some_and(|class| *class == *"sort")).expect("a link");
    link.attribute("href").expect("an address").to_string()
}

#[tokio::test]
async fn the_heading_leads_to_the_other_direction_and_filters_and_pages_keep_it() {
    let office = Office::open().await;
    let mut ids: Vec<String> = office.applications(51).await.iter().map(ToString::to_string).collect();
    ids.insert(0, office.own.to_string());
    let reviewer = office.reviewer("甲").await;
    let address = format!("/console/applications?platform_code={}&status=1", office.platform.code);
    let page = reviewer.browser.open(&address).await;
    let (direction, rows) = shown(&page);
    assert_eq!((direction.as_str(), rows.len(), rows.contains(&ids[0])), ("descending", 50, false));

    let page = reviewer.browser.open(&other(&page)).await;
    let (direction, rows) = shown(&page);
    assert!(page.address.contains("order=ascending") && page.address.contains("status=1"), "{}", page.address);
    assert_eq!((direction.as_str(), rows.len(), rows.contains(&ids[0])), ("ascending", 50, true));
    assert_eq!(page.form("/console/applications").value("order"), Some("ascending"), "a filter keeps it");
    let next = page.links().into_iter().find(|link| link.contains("cursor=")).expect("the next page");
    let last = reviewer.browser.open(&next).await;
    assert_eq!((shown(&last).0.as_str(), shown(&last).1.len()), ("ascending", 2));
    let exported = last.form("/console/export");
    assert_eq!((exported.value("order"), exported.value("cursor")), (Some("ascending"), None), "so does an export");

    // A cursor of the other direction opens nothing.
    let foreign = reviewer.browser.open(&next.replace("order=ascending", "order=descending")).await;
    assert_eq!(foreign.status, 400, "{}", foreign.text());
    assert_eq!(reviewer.browser.open(&format!("{address}&order=x")).await.status, 400);
    let back = reviewer.browser.open(&other(&page)).await;
    assert_eq!((shown(&back).0.as_str(), back.address.contains("order=")), ("descending", false));
}

#[tokio::test]
async fn a_list_that_is_found_by_a_person_is_sorted_without_the_person_in_the_address() {
    let office = Office::open().await;
    let auditor = Staff::signed_in(&office.stage.address, &["auditor"], json!({}), office.stage.clock.now()).await;
    let address = format!("/console/applications?platform_code={}", office.platform.code);
    let form = auditor
        .browser
        .open(&address)
        .await
        .forms()
        .into_iter()
        .find(|form| form.inputs.iter().any(|(name, _)| name == "phone"));
    let found = auditor.browser.submit(&form.expect("a form").fill("phone", "13800138000")).await;
    let (direction, rows) = shown(&found);
    assert_eq!((direction.as_str(), rows.len()), ("descending", 2), "{}", found.text());
    let turned = found.forms().into_iter().find(|form| form.value("order").is_some()).expect("the heading");
    let page = auditor.browser.submit(&turned).await;
    let (direction, mut turned) = shown(&page);
    turned.reverse();
    assert_eq!((direction.as_str(), turned, page.address.contains("138")), ("ascending", rows, false));
}
