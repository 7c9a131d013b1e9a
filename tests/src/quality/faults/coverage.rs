//! Every write is in the matrix.

use std::collections::BTreeSet;

use lambda::family::Family as _;

use super::channel::Channels;
use super::cleanup::Overdue;
use super::hris::Hris;
use super::jobboard::Jobs;
use super::persons::Persons;
use super::reseal::Rotated;
use super::signing::Signing;
use super::staff::Members;
use super::{Scene, Write};
use crate::quality::budgets::meter::{endpoints, writing};

/// Routes that look like writes, each with the reason why it writes nothing that a client sees, or the route that it is an alias of.
const NO_WRITES: [(&str, &str); 16] = [
    ("POST /api/v1/uploads", "signs an address, and calls nothing"),
    ("POST /console/api/commands/{command}", "is ops-admin with that command"),
    ("POST /jobs/info", "reads"),
    ("POST /jobs/list", "reads"),
    ("POST /jobs/my", "reads; its milestones change no answer"),
    ("POST /collect/my", "reads"),
    ("POST /contact_history/in", "reads; its milestones change no answer"),
    ("POST /contact_history/out", "reads; its milestones change no answer"),
    ("POST /contact_voucher/records", "reads; its milestones change no answer"),
    ("POST /products/list", "reads"),
    ("POST /jobs/create", "is POST /job/create"),
    ("POST /jobs/close", "is POST /job/close"),
    ("POST /jobs/collect", "is POST /job/collect"),
    ("POST /jobs/cancnel_collect", "is POST /job/cancnel_collect"),
    ("POST /job/cancel_collect", "is POST /job/cancnel_collect"),
    ("POST /jobs/cancel_collect", "is POST /job/cancnel_collect"),
];

fn writes() -> BTreeSet<&'static str> {
    let families: [&[Write]; 5] = [Channels::WRITES, Hris::WRITES, Signing::WRITES, Jobs::WRITES, Members::WRITES];
    let others: [&[Write]; 3] = [Overdue::WRITES, Rotated::WRITES, Persons::WRITES];
    families.into_iter().chain(others).flatten().map(|write| write.route).collect()
}

#[test]
fn every_route_that_could_write_is_in_the_matrix() {
    let families = [channel::Channel::routes(), hris::Hris::routes(), signing::Signing::routes(), jobboard::Jobboard::routes()];
    let mut routes: BTreeSet<String> = families.iter().flat_map(|routes| endpoints(routes)).collect();
    routes.extend(ops::console::ROUTES.map(str::to_owned));
    // Of the message push, which is in no document.
    routes.insert("POST /wechat/messages".to_owned());
    let could: BTreeSet<&str> = routes.iter().map(String::as_str).filter(|route| !route.starts_with("GET ")).collect();
    let written: BTreeSet<&str> = writes().into_iter().filter(|route| route.contains(" /")).collect();
    let reading: BTreeSet<&str> = NO_WRITES.iter().map(|(route, _)| *route).collect();
    assert!(written.is_disjoint(&reading));
    let known: BTreeSet<&str> = written.union(&reading).copied().filter(|route| !route.starts_with("GET ")).collect();
    assert_eq!(known, could);
    assert!(written.iter().all(|route| routes.contains(*route)), "a GET that writes is no route");
}

/// A route with a written unit in its budget cannot be excused as a read. Writes to S3 alone have no budget.
#[test]
fn every_route_that_writes_by_its_budget_is_in_the_matrix() {
    let (writing, writes) = (writing(), writes());
    assert!(writing.len() > 30, "{writing:?}");
    let missing: Vec<&String> = writing.iter().filter(|route| !writes.contains(route.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_command_and_function_that_writes_is_in_the_matrix() {
    // These store their audit record alone: `console::reveal` and `console::reveal_list` show that there is no value without it.
    let reveals = ["reveal", "reveal_list"];
    let writing = ops::commands::all().filter(|command| command.changes && !reveals.contains(&command.name));
    let mut expected: BTreeSet<String> = writing.map(|command| format!("ops-admin {}", command.name)).collect();
    // `ops-admin` is listed by its commands, and `ops-console` by its routes; `ops-audit` stores the same object again after a failure;
    // `ops-docs` stores nothing.
    let others = ops::FUNCTIONS.iter().filter(|name| !["ops-admin", "ops-audit", "ops-console", "ops-docs"].contains(name));
    expected.extend(others.map(|name| (*name).to_owned()));
    let known: BTreeSet<String> = writes().into_iter().filter(|route| !route.contains(" /")).map(str::to_owned).collect();
    assert_eq!(known, expected);
}
