//! What is stored sealed is masked on every page, unless an audit record says that this member has seen this field of this record.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use super::walk::{APPLICANT, How, Seen, Walk, walk};
use crate::support::Stage;
use crate::support::audit::records_of;
use crate::support::board::Board;
use crate::support::pages::{Page, decoded_address};
use crate::support::staff::Staff;

/// The fields that their owners show to all of staff: the names of colleagues. The secret of the second factor is shown at its set-up.
const OPEN: [&str; 1] = ["name"];

fn is_open(fields: &BTreeSet<String>) -> bool {
    fields.iter().any(|field| OPEN.contains(&field.as_str()))
}

/// The sealed values that a page shows, with their fields.
fn shown<'a>(walk: &'a Walk, page: &Page) -> Vec<(&'a str, &'a BTreeSet<String>)> {
    let text = page.text();
    let values = walk.sealed.iter().filter(|(_, fields)| !is_open(fields));
    let is_shown = |value: &str| page.html.contains(value) || text.contains(value);
    values.filter(|(value, _)| is_shown(value)).map(|(value, fields)| (value.as_str(), fields)).collect()
}

/// Whether the member has looked at one of these fields of what the page is about.
fn is_recorded(walk: &Walk, seen: &Seen, fields: &BTreeSet<String>) -> bool {
    let names = |record: &Value| {
        record["fields"].as_array().is_some_and(|names| names.iter().any(|name| fields.contains(name.as_str().unwrap())))
    };
    let is_about = |record: &Value| seen.object.as_deref().is_some_and(|object| record["object"] == object);
    walk.records.get(seen.role).is_some_and(|records| records.iter().any(|record| is_about(record) && names(record)))
}

#[test]
fn no_page_shows_a_sealed_value_of_which_no_audit_record_exists() {
    let walk = walk();
    for (field, value) in APPLICANT {
        assert!(walk.sealed.get(value).is_some_and(|fields| fields.contains(field)), "{field} is sealed, and nowhere plain");
    }
    let (mut faults, mut looks) = (BTreeSet::new(), 0);
    for seen in &walk.seen {
        // The set-up of the second factor shows its secret to the member.
        let is_own = |fields: &BTreeSet<String>| seen.role == "stranger" && fields.contains("totp");
        for (value, fields) in shown(walk, &seen.page) {
            if is_recorded(walk, seen, fields) {
                looks += 1;
            } else if !is_own(fields) && !seen.entered.iter().any(|entered| entered == value) {
                faults.insert(format!("{} {}: {fields:?} {value}", seen.role, seen.page.address));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(looks > 3, "a reviewer has seen an application whole");
}

#[test]
fn no_exported_list_has_a_sealed_value() {
    let Walk { exports, sealed, .. } = walk();
    let text = exports.join("\n");
    for (value, fields) in sealed {
        assert!(is_open(fields) || !text.contains(value), "{value}");
    }
    assert!(exports.len() > 15 && text.contains("139****0099") && text.contains("欧***"), "{} exports: {text}", exports.len());
}

#[test]
fn only_a_reviewer_sees_an_application_whole_and_what_a_decision_does_not_need_stays_masked() {
    let pages =
        walk().seen.iter().filter(|seen| seen.page.address.starts_with("/console/application?") && seen.page.status == 200);
    let mut roles = BTreeSet::new();
    for seen in pages.filter(|seen| seen.page.text().contains("133****5555")) {
        roles.insert(seen.role);
        let shown = |value: &str| seen.page.text().contains(value);
        assert_eq!(shown("欧阳问海"), seen.role == "reviewer", "{}", seen.page.text());
        assert!(shown("1101**********0021") && shown("133****6666"), "{}", seen.page.text());
        for hidden in ["13344445555", "110105194912310021", "望海楼路九十九号", "听涛阁巷七十七号", "慕容观潮", "13355556666"]
        {
            assert!(!shown(hidden), "{}: {hidden}", seen.role);
        }
    }
    assert_eq!(roles, BTreeSet::from(["auditor", "reviewer"]));
}

#[test]
fn no_address_is_about_a_person() {
    let walk = walk();
    let values: Vec<&String> = walk.sealed.keys().collect();
    let mut faults = BTreeSet::new();
    for seen in &walk.seen {
        let page = &seen.page;
        let named = page.addresses().into_iter().filter(|(attribute, address)| *attribute != "src" || address.starts_with('/'));
        let mut addresses: Vec<String> = named.map(|(_, address)| decoded_address(&address)).collect();
        addresses.push(decoded_address(&page.address));
        addresses.extend(["location", "hx-redirect"].iter().filter_map(|name| page.header(name)).map(decoded_address));
        for address in addresses {
            let personal = values.iter().find(|value| address.contains(value.as_str()));
            if personal.is_some() || !address.is_ascii() {
                faults.insert(format!("{} {}: {address} ({personal:?})", seen.role, page.address));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_button_that_reveals_shows_the_value_and_leaves_a_record() {
    let walk = walk();
    let (mut fields, mut faults) = (BTreeSet::new(), BTreeSet::new());
    for seen in walk.seen.iter().filter(|seen| seen.how == How::Revealed) {
        let field = seen.page.texts("dd").len();
        let values = shown(walk, &seen.page);
        if seen.page.status != 200 || field == 0 {
            faults.insert(format!("{} {:?}: {}", seen.role, seen.object, seen.page.text()));
        }
        fields.extend(values.into_iter().flat_map(|(_, fields)| fields));
    }
    assert!(faults.is_empty(), "{faults:#?}");
    for field in ["phone", "mobile", "id_number", "addr", "em_contact_name", "contact", "openid"] {
        assert!(fields.contains(&field.to_owned()), "{field} of {fields:?}");
    }
}

#[tokio::test]
async fn a_field_is_revealed_after_a_fresh_code_and_never_with_a_wrong_one() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).register("revealed", "13711112222").await;
    let support = Staff::signed_in(&stage.address, &["support"], json!({}), stage.clock.now()).await;
    let (address, browser) = (format!("/console/user?user_id={}", user.id), &support.browser);
    let object = format!("jobboard/user/{}", user.id);
    let form = async || {
        let page = browser.open(&address).await;
        let phones = page.forms().into_iter().filter(|form| form.value("field") == Some("phone")).collect::<Vec<_>>();
        let [button] = &phones[..] else { panic!("one button: {}", page.text()) };
        browser.submit(button).await.form("/console/do/reveal").fill("reason", "回电")
    };
    let is_revealed = |page: &Page| page.html.contains("13711112222");

    // The sign-in was just now: no code is asked for.
    assert!(form().await.inputs.iter().all(|(name, _)| name != "_code"));
    stage.clock.advance(SignedDuration::from_mins(10));
    let form = form().await;
    for (code, fault, status) in
        [("", "必填", 403), ("000000", "不正确，或已使用过", 400), (&"1".repeat(33), "不正确，或已使用过", 400)]
    {
        let page = browser.submit(&form.clone().fill("_code", code)).await;
        assert_eq!((page.status, &page.faults()[..]), (status, &[fault.to_owned()][..]), "{code}: {}", page.text());
        assert_eq!(page.form("/console/do/reveal").value("reason"), Some("回电"), "what was entered stays");
        assert!(!is_revealed(&page), "{code}");
    }
    assert_eq!(records_of(&stage.address, &object).await.iter().filter(|record| record["action"] == "reveal").count(), 0);

    let code = support.totp(stage.clock.now());
    let page = browser.submit(&form.clone().fill("_code", &code)).await;
    assert!(page.status == 200 && is_revealed(&page), "{}", page.text());
    assert!(page.addresses().contains(&("href", address.clone())), "the way back");
    let recorded = records_of(&stage.address, &object).await;
    let reveals: Vec<&Value> = recorded.iter().filter(|record| record["action"] == "reveal").collect();
    let [record] = &reveals[..] else { panic!("one record: {recorded:?}") };
    assert_eq!((&record["fields"], &record["reason"]), (&json!(["phone"]), &json!("回电")));

    // The same code again, after the proof has become old.
    stage.clock.advance(SignedDuration::from_mins(10));
    let page = browser.submit(&form.fill("_code", &code)).await;
    assert!(page.status == 400 && !is_revealed(&page), "{}", page.text());
}
