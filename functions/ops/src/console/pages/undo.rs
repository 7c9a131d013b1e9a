//! 撤销: the message of an action that another command undoes completely has a button that executes it.

use serde_json::{Map, Value};

use super::super::texts::text;
use super::define::plain;
use super::visit::{Done, Pairs, Visit};

/// A command that another one undoes.
struct Pair {
    command: &'static str,
    undone_by: &'static str,
    /// Fields of the other one that the command has not.
    more: &'static [(&'static str, &'static str)],
}

const fn pair(command: &'static str, undone_by: &'static str) -> Pair {
    Pair { command, undone_by, more: &[] }
}

/// `disable_product` and `disable_oauth_app` end grants for good, so nothing undoes them.
static PAIRS: [Pair; 10] = [
    Pair { command: "ban_user", undone_by: "unban_user", more: &[("restore_jobs", "true")] },
    pair("disable_access_key", "enable_access_key"),
    pair("disable_channel", "enable_channel"),
    pair("disable_staff", "enable_staff"),
    pair("enable_access_key", "disable_access_key"),
    pair("enable_channel", "disable_channel"),
    pair("enable_oauth_app", "disable_oauth_app"),
    pair("enable_product", "disable_product"),
    pair("enable_staff", "disable_staff"),
    pair("take_down_job", "restore_job"),
];

fn pair_of(command: &str) -> Option<&'static Pair> {
    PAIRS.iter().find(|pair| pair.command == command)
}

/// The fields that name the record.
const KEYS: [&str; 7] = ["access_key", "app_id", "appkey", "job_id", "product_id", "staff_id", "user_id"];

/// A button that undoes an action.
pub struct Undo {
    pub command: &'static str,
    pub label: String,
    pub fields: Vec<(String, String)>,
}

/// What the next page must know of an executed command, so that it can offer to undo it.
pub fn done(command: &str, fields: &Map<String, Value>) -> Done {
    let is_undone = pair_of(command).is_some();
    let keys = KEYS.iter().filter(|_| is_undone).filter_map(|key| Some(((*key).to_owned(), plain(fields.get(*key)?))));
    Done { command: command.to_owned(), keys: Pairs(keys.collect()) }
}

/// The button for the action before, if the roles allow it. It returns to this page.
pub fn undo(visit: &Visit, Done { command, keys }: &Done) -> Option<Undo> {
    let Pair { undone_by, more, .. } = pair_of(command)?;
    (visit.may(undone_by) && !keys.0.is_empty()).then_some(())?;
    let mut fields: Vec<(String, String)> = keys.0.iter().filter(|(name, _)| KEYS.contains(&name.as_str())).cloned().collect();
    fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let given: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let given = given.join(" ");
    fields.extend([("_given".to_owned(), given), ("_back".to_owned(), visit.address())]);
    Some(Undo { command: undone_by, label: text("ui.undo").into_owned(), fields })
}
