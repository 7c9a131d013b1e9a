//! One walk through all pages as each role, in a system with a record of each kind. The tests beside look at what it has seen.
//!
//! Each role begins at the home page and at what a person types in: it follows every link, chooses what lists offer, opens the form of every
//! button, and executes every command with nothing entered and with its example. What it meets is all there is.

mod place;
pub mod strangers;
mod walker;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, mpsc};

use ops::commands;
use serde_json::{Value, json};
use shared::staff::roles::Role;

use crate::support::Stage;
use crate::support::audit::records;
use crate::support::pages::Page;
use crate::support::persons::sealed_values;
use crate::support::repository::read;
use place::Place;
use strangers::strangers;
use walker::Walker;

/// The applicant whose data occur nowhere else.
pub const APPLICANT: [(&str, &str); 8] = [
    ("real_name", "欧阳问海"),
    ("phone", "13344445555"),
    ("id_number", "110105194912310021"),
    ("addr", "望海楼路九十九号"),
    ("acct_addr", "听涛阁巷七十七号"),
    ("em_contact_name", "慕容观潮"),
    ("em_contact_phone", "13355556666"),
    ("nation", "畲族畲族"),
];

/// A page, and who has seen it.
pub struct Seen {
    pub role: &'static str,
    pub page: Page,
    /// What the page is about, as audit records name it.
    pub object: Option<String>,
    /// The command whose form or result it is.
    pub command: Option<&'static str>,
    /// What the member typed in before, which the page shows again.
    pub entered: Vec<String>,
    pub how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Link,
    /// An address that a person types in.
    Typed,
    /// A choice of a filter.
    Filter,
    /// A form that finds records, or the button of a command.
    Form,
    /// The result of a form that reveals a field.
    Revealed,
    /// The form of a command by its address.
    CommandForm,
    /// A command without any field.
    Empty,
    /// A command with its example.
    Example,
}

pub struct Walk {
    pub seen: Vec<Seen>,
    /// Sealed values, with the names of the fields of each.
    pub sealed: BTreeMap<String, BTreeSet<String>>,
    /// The audit records of each role's member.
    pub records: BTreeMap<&'static str, Vec<Value>>,
    /// The lists that were exported.
    pub exports: Vec<String>,
}

/// The walk. The first test that wants it waits for it.
pub fn walk() -> &'static Walk {
    static WALK: LazyLock<Walk> = LazyLock::new(|| {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            sender.send(runtime.block_on(walked())).unwrap();
        });
        receiver.recv().expect("the walk")
    });
    &WALK
}

async fn walked() -> Walk {
    let place = Place::build().await;
    let mut walk = Walk {
        seen: strangers(&place).await,
        sealed: sealed(&place.stage).await,
        records: BTreeMap::new(),
        exports: Vec::new(),
    };
    let mut members = Vec::new();
    for role in Role::ALL {
        let (name, member) = (role.as_str(), place.member(*role).await);
        let mut walker = Walker::new(name, &member.browser);
        walker.crawl(&place).await;
        walk.seen.extend(walker.seen);
        members.push((*role, member));
    }
    walk.exports = exports(&place.stage).await;
    // The first role that may execute a command does.
    let mut executed = BTreeSet::new();
    for (role, member) in &members {
        let mut walker = Walker::new(role.as_str(), &member.browser);
        for command in commands::all().filter(|command| command.allows(&[*role]) && executed.insert(command.name)) {
            walker.execute(command, &place).await;
        }
        walk.seen.extend(walker.seen);
    }
    for (role, member) in members {
        let actor = json!({"actor": format!("staff/{}", member.id), "limit": 100});
        let recorded = records(&place.stage.address, actor).await;
        assert!(recorded.len() < 100, "more than one page");
        walk.records.insert(role.as_str(), recorded);
    }
    walk
}

/// The values that occur on a page for no other reason than that it shows them: they are long enough, nowhere plain, and no texts of the pages.
async fn sealed(stage: &Stage) -> BTreeMap<String, BTreeSet<String>> {
    let mut plain = read("functions/ops/texts/zh-CN.json");
    for table in ["channel", "hris", "signing", "jobboard"] {
        plain.push_str(&Value::from(stage.items(table).await).to_string());
    }
    let is_long = |value: &str| value.len() >= 7 || value.chars().count() >= 2 && !value.is_ascii();
    let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (field, value) in sealed_values(stage).await {
        if is_long(&value) && !plain.contains(&value) {
            values.entry(value).or_default().insert(field);
        }
    }
    values
}

/// The files of the exports that are done.
async fn exports(stage: &Stage) -> Vec<String> {
    let bucket = stage.objects().await;
    let mut files = Vec::new();
    for key in bucket.list("exports/console/").await.unwrap().iter().filter(|key| key.ends_with("/file")) {
        let (content, _) = bucket.read(key, 0, 1 << 25).await.unwrap().expect("a file");
        files.push(String::from_utf8(content).unwrap());
    }
    files
}
