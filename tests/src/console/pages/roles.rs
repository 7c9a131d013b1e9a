//! Each role sees the pages that its commands allow, and no button of another command.

use std::collections::BTreeSet;

use ops::commands;
use serde_json::json;
use shared::runtime::clock::Clock as _;
use shared::staff::roles::Role;

use super::office::seen;
use super::walk::{How, walk};
use crate::support::Stage;
use crate::support::board::Board;
use crate::support::staff::Staff;

fn allows(role: &str, command: &str) -> bool {
    let role = Role::ALL.iter().find(|own| own.as_str() == role);
    commands::named(command).is_ok_and(|command| role.is_some_and(|role| command.allows(&[*role])))
}

#[test]
fn each_role_opens_the_pages_of_its_commands_and_no_others() {
    let (mut allowed, mut faults) = (0, Vec::new());
    for (address, command) in ops::console::navigation() {
        for role in Role::ALL.iter().map(|role| role.as_str()) {
            let mut opened = walk().seen.iter().filter(|seen| seen.role == role && seen.page.address == address);
            let page = &opened.next().unwrap_or_else(|| panic!("{role} has not opened {address}")).page;
            let expected = if allows(role, command) { 200 } else { 403 };
            allowed += usize::from(expected == 200);
            if page.status != expected {
                faults.push(format!("{role} {address}: {} instead of {expected}", page.status));
            }
            assert!(expected == 200 || page.title() == "您的角色不能使用这个功能" || page.status != 403, "{}", page.text());
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(allowed > 60, "{allowed}");
}

#[test]
fn the_navigation_shows_exactly_what_a_role_may_open() {
    for role in Role::ALL.iter().map(|role| role.as_str()) {
        let shown: BTreeSet<String> = walk()
            .seen
            .iter()
            .filter(|seen| seen.role == role && seen.page.status == 200)
            .flat_map(|seen| seen.page.navigation())
            .collect();
        let allowed = ops::console::navigation().filter(|(_, command)| allows(role, command));
        let allowed: BTreeSet<String> = allowed.map(|(address, _)| address).collect();
        assert_eq!(shown, allowed, "{role}");
    }
}

#[test]
fn no_page_has_a_button_of_a_command_that_the_role_may_not_execute() {
    let mut buttons = BTreeSet::new();
    for seen in walk().seen.iter().filter(|seen| seen.how != How::CommandForm) {
        let targets = seen.page.addresses().into_iter().map(|(_, address)| address);
        for target in targets.filter_map(|address| address.strip_prefix("/console/form/").map(str::to_owned)) {
            assert!(allows(seen.role, &target), "{} {}: {target}", seen.role, seen.page.address);
            buttons.insert((seen.role, target));
        }
    }
    assert!(buttons.len() > 30, "{buttons:?}");
    assert!(buttons.iter().all(|(role, _)| *role != "auditor"), "{buttons:?}");
}

/// A support agent opens a job and not the list of all jobs, for example.
#[test]
fn no_page_links_to_a_list_that_the_role_may_not_open() {
    let mut links = 0;
    for seen in walk().seen.iter().filter(|seen| seen.role != "stranger") {
        for link in seen.page.links() {
            let path = link.split('?').next().unwrap_or_default();
            if let Some((_, command)) = ops::console::navigation().find(|(address, _)| address == path) {
                assert!(allows(seen.role, command), "{} {}: {link}", seen.role, seen.page.address);
                links += 1;
            }
        }
    }
    assert!(links > 500, "{links}");
}

#[tokio::test]
async fn a_member_of_several_roles_is_offered_what_one_of_them_reveals() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let address = format!("/console/user?user_id={}", user.id);
    for (roles, is_offered) in [(&["support", "hr"][..], true), (&["finance", "hr"], false), (&["moderator", "admin"], false)] {
        let member = Staff::signed_in(&stage.address, roles, json!({}), stage.clock.now()).await;
        let page = member.browser.open(&address).await;
        assert_eq!(page.status, 200, "{roles:?}");
        assert_eq!(page.forms().iter().any(|form| form.action == "/console/form/reveal"), is_offered, "{roles:?}");
    }
}

#[tokio::test]
async fn a_form_of_a_command_that_the_role_may_not_execute_is_rejected() {
    let stage = Stage::open().await;
    for role in Role::ALL {
        let more = match role {
            Role::Reviewer => json!({"platform_code": "gongqiao", "companies": [1]}),
            _ => json!({}),
        };
        let member = Staff::signed_in(&stage.address, &[role.as_str()], more, stage.clock.now()).await;
        let own = member.browser.open("/console/form/help").await.form("/console/do/help");
        let stored = stage.items("audit").await;
        let mut rejected = 0;
        for command in commands::all().filter(|command| !command.allows(&[*role])) {
            let mut form = own.clone();
            form.action = format!("/console/do/{}", command.name);
            // For several records, and the form itself, it is the same for every role.
            let rows: &[Option<&str>] = if *role == Role::Auditor { &[None, Some("{}")] } else { &[None] };
            for row in rows {
                let page = member.browser.submit(&form.clone().forge("_row", *row)).await;
                assert_eq!(seen(&page), (403, "您的角色不能使用这个功能".into()), "{} {}", role.as_str(), command.name);
            }
            if *role == Role::Auditor {
                let opened = member.browser.open(&format!("/console/form/{}", command.name)).await;
                assert_eq!(opened.status, 403, "{}", command.name);
            }
            rejected += 1;
        }
        assert!(rejected > 20, "{}", role.as_str());
        assert_eq!(stage.items("audit").await, stored, "{}", role.as_str());
    }
}
