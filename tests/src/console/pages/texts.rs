//! Every text is there, every link leads somewhere, and every form of a command is understood.

use std::collections::BTreeSet;

use ops::commands;

use super::walk::{How, walk};

/// How a page shows a text that is missing.
const MISSING: char = '⟦';

#[test]
fn no_page_lacks_a_text() {
    let mut missing = BTreeSet::new();
    for seen in &walk().seen {
        let keys = seen.page.html.split(MISSING).skip(1).filter_map(|rest| rest.split('⟧').next());
        missing.extend(
            keys.map(|key| format!("{key} ({} {})", seen.role, seen.page.address.split('?').next().unwrap_or_default())),
        );
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_link_and_every_button_leads_to_a_page() {
    let ways = walk().seen.iter().filter(|seen| matches!(seen.how, How::Link | How::Filter | How::Form | How::CommandForm));
    let (mut count, mut broken) = (0, BTreeSet::new());
    for seen in ways {
        count += 1;
        // Some filters exclude each other, and the page says so.
        let is_said = seen.how == How::Filter && seen.page.status == 400 && !seen.page.faults().is_empty();
        if seen.page.status != 200 && !is_said {
            broken.insert(format!("{} {}: {} {}", seen.role, seen.page.address, seen.page.status, seen.page.text()));
        }
    }
    assert!(count > 200, "{count}");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_form_without_a_required_value_says_which_one() {
    let mut faults = BTreeSet::new();
    for seen in walk().seen.iter().filter(|seen| seen.how == How::Empty) {
        let command = commands::named(seen.command.expect("a command")).unwrap();
        let is_needed = command.fields.split_whitespace().any(|field| !field.ends_with('?'));
        let (status, shown) = (seen.page.status, seen.page.faults());
        if is_needed && !(status == 400 && shown.iter().any(|fault| fault.contains("必填"))) {
            faults.insert(format!("{} {}: {status} {shown:?}", seen.role, command.name));
        }
        assert!(status < 500, "{}: {}", command.name, seen.page.text());
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The command rejects nothing but what does not exist, or is in another state: each input becomes the member that the command wants.
#[test]
fn the_form_of_every_command_is_understood() {
    let (mut commands, mut faults) = (BTreeSet::new(), BTreeSet::new());
    for seen in walk().seen.iter().filter(|seen| seen.how == How::Example) {
        let name = seen.command.expect("a command");
        commands.insert(name);
        // The example of this one is about a family of support.
        let is_forbidden = name == "reveal" && seen.role != "support" && seen.page.status == 403;
        if ![200, 404, 409].contains(&seen.page.status) && !is_forbidden {
            faults.insert(format!("{} {name}: {} {:?}", seen.role, seen.page.status, seen.page.faults()));
        }
    }
    assert_eq!(commands.len(), commands::all().filter(|command| !command.roles.is_empty()).count());
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What is wrong is said in the language of the pages.
#[test]
fn no_fault_is_in_english() {
    let mut english = BTreeSet::new();
    for fault in walk().seen.iter().flat_map(|seen| seen.page.faults()) {
        let is_word = |word: &str| word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        if fault.split(' ').any(is_word) {
            english.insert(fault);
        }
    }
    assert!(english.is_empty(), "{english:#?}");
}

/// No label is the name that the API has for the field.
#[test]
fn every_label_is_a_word() {
    let mut names = BTreeSet::new();
    for seen in &walk().seen {
        let labels = seen.page.tags().iter().filter(|tag| ["dt", "th", "label", "legend"].contains(&tag.name.as_str()));
        let is_name = |text: &str| text.is_ascii() && text.bytes().any(|byte| byte.is_ascii_lowercase()) && text != "openid";
        let page = seen.page.address.split('?').next().unwrap_or_default();
        names.extend(labels.filter(|tag| is_name(&tag.text)).map(|tag| format!("{} ({page})", tag.text)));
    }
    assert!(names.is_empty(), "{names:#?}");
}
