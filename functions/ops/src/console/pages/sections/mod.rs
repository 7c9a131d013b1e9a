//! What the pages show, as data: one file for each part of the business.

mod access;
mod jobboard;
mod organization;
mod signing;
mod system;

use super::define::{Detail, List, Section};

/// The navigation.
pub const SECTIONS: &[Section] = &[
    Section { name: "home", pages: &["home"] },
    Section { name: "signing", pages: &["applications"] },
    Section { name: "organization", pages: &["employees", "departments", "hris-companies", "imports", "visits"] },
    Section { name: "jobs", pages: &["jobs", "reports", "names"] },
    Section { name: "users", pages: &["users"] },
    Section { name: "orders", pages: &["orders", "orders-to-review", "reconciliations", "prices"] },
    Section { name: "channels", pages: &["channels", "records"] },
    Section { name: "products", pages: &["products", "access-keys", "apps", "grants", "webhooks"] },
    Section { name: "platforms", pages: &["platforms", "companies", "handlers", "contracts", "positions", "dictionaries"] },
    Section { name: "request", pages: &["requests", "failures"] },
    Section { name: "audit", pages: &["audit"] },
    Section { name: "persons", pages: &["persons"] },
    Section { name: "staff", pages: &["staff"] },
];

const LISTS: [&[List]; 5] = [signing::LISTS, organization::LISTS, jobboard::LISTS, access::LISTS, system::LISTS];
const DETAILS: [&[Detail]; 5] = [signing::DETAILS, organization::DETAILS, jobboard::DETAILS, access::DETAILS, system::DETAILS];

pub fn list(name: &str) -> Option<&'static List> {
    LISTS.into_iter().flatten().find(|list| list.name == name)
}

pub fn detail(name: &str) -> Option<&'static Detail> {
    DETAILS.into_iter().flatten().find(|detail| detail.name == name)
}
