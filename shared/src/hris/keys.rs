//! The keys of the family's items. Every key of company data begins with the company.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | a record | `{company}#{kind}` | its id |
//! | a copy of an employee | `{company}#empno`, `{company}#mobile` | the number; the blind index of the phone number |
//! | an arrangement, a timeline entry, a punch | `{company}#{kind}#{employee}` | the day first |
//! | a salary value | `{company}#salary#{empno}` | `{month}#{subject}` |
//! | tokens and the Moka binding of a company | `{company}#company` | `token`, `visitor_token`, `moka` |
//! | a product and its access key of a company | `product#{id}` | `product`, `company#{company}` |
//! | an access key, an OAuth app | `access_key#{id}`, `oauth_app#{id}` | `access_key`, `oauth_app` |
//! | the webhook of a product for a company | `{company}#webhook` | the id of the product |
//! | an import, the rejected rows of its slices | `import#{id}` | `import`, `refused#{offset of the slice}` |
//!
//! Access keys, apps, webhooks and imports are in two lists: `ix1` is that of all, `ix2` that of the company, and `ixsk` begins with the time of creation.
//! Companies and products are in a list of all (`ix1`), visits in that of their company (`ix1`).
//!
//! In the credentials table `pk` begins with `hris#`. It holds the hash of a code or signature, never the value itself. A grant is at
//! `hris#grants#{company}`, `{app}#{its id}`, with the hash of its access token. What belongs to events:
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | a change that is to be distributed | `hris#change#{company}` | its time-sortable id, with a random end |
//! | a waiting event | `hris#waiting#{company}#{webhook}` | `{hash of its object}#{event}` |
//! | an event with its attempts | `hris#events#{company}#{webhook}` | its id |
//! | the mark, the state of the delivery | `hris#delivery#{company}#{product}` | `mark`, `state` |

use super::values::{Code, Uuid};
use crate::crypto::credentials::hash;
use crate::crypto::keyring::Keyring;
use crate::error::Result;
use crate::storage::table::Key;
use crate::values::{Id, Mobile, RecordId, Secret};

pub(super) const COMPANY: &str = "company";
pub(super) const SUB_COMPANY: &str = "sub_company";
pub(super) const DEPARTMENT: &str = "department";
pub(super) const EMPLOYEE: &str = "employee";
pub(super) const ARRANGEMENT: &str = "arrangement";
pub(super) const TIMELINE: &str = "timeline";
pub(super) const APPROVAL: &str = "approval";
pub(super) const VACANCY: &str = "vacancy";
pub(super) const SOURCE: &str = "source";
pub(super) const CANDIDATE: &str = "candidate";
pub(super) const VISIT: &str = "visit";
pub(super) const SALARY: &str = "salary";
/// The copies of employees by number and by phone.
pub(super) const EMPNO: &str = "empno";
pub(super) const MOBILE: &str = "mobile";
/// The sort key of the token with which the system calls a company's visitor service.
pub(super) const VISITOR_TOKEN: &str = "visitor_token";

/// The sweeps of visits, and of employees who left.
pub(super) const VISIT_SWEEP: &str = "visit";
pub(super) const DISMISSED_SWEEP: &str = "dismissed";

/// The lists of all access keys and of all apps. With a company in front: those of the company.
pub(super) const ACCESS_KEYS: &str = "access_keys";
pub(super) const OAUTH_APPS: &str = "oauth_apps";

/// The lists of all companies, of all products, and of all imports. With a company in front: the imports into it.
pub(super) const COMPANIES: &str = "companies";
pub(super) const PRODUCTS: &str = "products";
pub(super) const IMPORTS: &str = "imports";

/// The webhooks of a company; the list of all webhooks, and with a company in front that of the company.
pub(super) const WEBHOOK: &str = "webhook";
pub(super) const WEBHOOKS: &str = "webhooks";

pub(super) const PRODUCT: &str = "product";
pub(super) const ACCESS_KEY: &str = "access_key";
const OAUTH_APP: &str = "oauth_app";

pub(super) fn partition(company: &Uuid, kind: &str) -> String {
    format!("{company}#{kind}")
}

/// The partition of what belongs to one owner within the company: an employee, a department.
pub(super) fn owned_partition(company: &Uuid, kind: &str, owner: &str) -> String {
    format!("{company}#{kind}#{owner}")
}

pub(super) fn record_key(company: &Uuid, kind: &str, id: impl Into<String>) -> Key {
    Key::new(partition(company, kind), id)
}

pub(super) fn company_key(company: &Uuid) -> Key {
    record_key(company, COMPANY, company.as_str())
}

/// Separate from the company itself, which an import writes.
pub(super) fn company_token_key(company: &Uuid) -> Key {
    record_key(company, COMPANY, "token")
}

pub(super) fn visitor_token_key(company: &Uuid) -> Key {
    record_key(company, COMPANY, VISITOR_TOKEN)
}

pub(super) fn moka_binding_key(company: &Uuid) -> Key {
    record_key(company, COMPANY, "moka")
}

pub(super) fn employee_key(company: &Uuid, uuid: &str) -> Key {
    record_key(company, EMPLOYEE, uuid)
}

pub(super) fn empno_key(company: &Uuid, empno: &Code) -> Key {
    record_key(company, EMPNO, empno.as_str())
}

/// A blind index: keys never contain phone numbers.
pub(super) fn mobile_key(company: &Uuid, mobile: &Mobile, keyring: &Keyring) -> Result<Key> {
    let index = keyring.blind_index(&[company.as_str().as_bytes(), mobile.index().as_bytes()])?;
    Ok(record_key(company, MOBILE, Uuid::of_digest(index.expose()).as_str()))
}

/// The keys of the copies by phone number: that of look-ups first.
pub(super) fn mobile_keys(company: &Uuid, mobile: &Mobile, keyring: &Keyring) -> Vec<Key> {
    keys_of_copies(company, &keyring.blind_indexes(&mobile_parts(company, mobile)))
}

/// The keys of such copies by indexes that are not used any more.
pub(super) fn former_mobile_keys(company: &Uuid, mobile: &Mobile, keyring: &Keyring) -> Vec<Key> {
    keys_of_copies(company, &keyring.former_indexes(&mobile_parts(company, mobile)))
}

/// What the blind index of a phone number is of.
fn mobile_parts<'a>(company: &'a Uuid, mobile: &'a Mobile) -> [&'a [u8]; 2] {
    [company.as_str().as_bytes(), mobile.index().as_bytes()]
}

fn keys_of_copies(company: &Uuid, indexes: &[Secret<[u8; 32]>]) -> Vec<Key> {
    indexes.iter().map(|index| record_key(company, MOBILE, Uuid::of_digest(index.expose()).as_str())).collect()
}

pub(super) fn visit_key(company: &Uuid, visit: &Uuid) -> Key {
    record_key(company, VISIT, visit.as_str())
}

pub(super) fn punches_partition(company: &Uuid, empno: &Code) -> String {
    owned_partition(company, "punch", empno.as_str())
}

pub(super) fn salary_partition(company: &Uuid, empno: &Code) -> String {
    owned_partition(company, SALARY, empno.as_str())
}

pub(super) fn product_key(product_id: &Code) -> Key {
    Key::new(format!("{PRODUCT}#{product_id}"), PRODUCT)
}

/// The item that names a product's one access key of a company.
pub(super) fn product_company_key(product_id: &Code, company: &Uuid) -> Key {
    Key::new(format!("{PRODUCT}#{product_id}"), format!("company#{company}"))
}

/// The partition of an import.
pub(super) fn import_partition(import: Id) -> String {
    format!("import#{import}")
}

pub(super) fn import_key(import: Id) -> Key {
    Key::new(import_partition(import), "import")
}

/// The rejected rows of the slice at this offset.
pub(super) fn refused_key(import: Id, offset: u64) -> Key {
    Key::new(import_partition(import), format!("refused#{offset:016}"))
}

pub(super) fn access_key_key(access_key: &RecordId) -> Key {
    Key::new(format!("{ACCESS_KEY}#{access_key}"), ACCESS_KEY)
}

pub(super) fn app_key(app_id: &RecordId) -> Key {
    Key::new(format!("{OAUTH_APP}#{app_id}"), OAUTH_APP)
}

pub(super) fn attempt_key(attempt: Secret<&str>) -> Key {
    Key::new(format!("hris#consent#{}", hash(attempt).expose()), "consent")
}

pub(super) fn response_code_key(code: Secret<&str>) -> Key {
    Key::new(format!("hris#response_code#{}", hash(code).expose()), "response_code")
}

/// The partition of the grants of a company. Within it they sort by app.
pub(super) fn grants_partition(company: &Uuid) -> String {
    format!("hris#grants#{company}")
}

pub(super) fn grant_key(company: &Uuid, app_id: &RecordId, grant_id: Id) -> Key {
    Key::new(grants_partition(company), format!("{app_id}#{}", grant_id.sortable()))
}

/// The first and the last sort key that a grant of the app may have.
pub(super) fn grants_of(app_id: &RecordId) -> (String, String) {
    (format!("{app_id}#"), format!("{app_id}$"))
}

/// The record of a signed call, by its hash: see [`replay`](super::replay).
pub(super) fn call_key(company: &Uuid, call: Secret<&str>) -> Key {
    Key::new(format!("hris#call#{company}#{}", call.expose()), "call")
}

pub(super) fn bind_code_key(code: Secret<&str>) -> Key {
    Key::new(format!("hris#bind_code#{}", hash(code).expose()), "bind_code")
}

pub(super) fn webhook_key(company: &Uuid, product: &Code) -> Key {
    record_key(company, WEBHOOK, product.as_str())
}

/// The partition of the events of a webhook that are to be sent.
pub(super) fn waiting_partition(company: &Uuid, webhook: &str) -> String {
    format!("hris#waiting#{company}#{webhook}")
}

/// The partition of the events of a webhook.
pub(super) fn events_partition(company: &Uuid, webhook: &str) -> String {
    format!("hris#events#{company}#{webhook}")
}

pub(super) const DELIVERY: &str = "hris#delivery#";

/// The item that says when a webhook is to be looked at.
pub(super) fn mark_key(company: &Uuid, product: &Code) -> Key {
    Key::new(format!("{DELIVERY}{company}#{product}"), "mark")
}

/// The item with the lease and the failures of a webhook.
pub(super) fn delivery_key(company: &Uuid, product: &Code) -> Key {
    Key::new(format!("{DELIVERY}{company}#{product}"), "state")
}
