//! The data of an event: its objects as they are when it is sent, in the form of the API's responses.

use serde_json::{Value, json};

use super::settings::Webhook;
use super::types::Content;
use crate::error::{Error, Result};
use crate::hris::approvals::Approval;
use crate::hris::changes::Subject;
use crate::hris::employees::Employee;
use crate::hris::item::from_item;
use crate::hris::keys::{APPROVAL, DEPARTMENT, EMPLOYEE, partition, record_key};
use crate::hris::organization::Department;
use crate::hris::salary::{SALARY_VALUE, SubjectValue, subject_key};
use crate::hris::scopes::Scopes;
use crate::hris::values::Uuid;
use crate::hris::{Caller, Credential, Service};
use crate::storage::sealed;
use crate::storage::table::{Item, Key, Order};
use crate::values::Adjustment;

/// The most departments of one event.
pub(super) const MAX_DEPARTMENTS: i32 = 1000;

/// The forms of the objects in responses, which the handlers know.
pub trait Shapes: Sync {
    fn employee(&self, caller: &Caller, employee: Employee) -> Result<Value>;
    fn department(&self, department: Department) -> Result<Value>;
    fn approval(&self, approval: Approval) -> Result<Value>;
    fn salary(&self, value: &SubjectValue) -> Result<Value>;
}

impl Service {
    /// The `data` of an event; `None` if its object is gone.
    ///
    /// DynamoDB: one read, batch or query.
    pub(super) async fn event_data(&self, shapes: &impl Shapes, webhook: &Webhook, content: &Content) -> Result<Option<Value>> {
        let company = &webhook.company_uuid;
        let caller = reader(company, webhook.scopes);
        let stored = async |kind, id: &str| self.store.get(&self.tables.hris, record_key(company, kind, id)).await;
        Ok(match content {
            Content::Nothing => Some(json!({})),
            Content::SignState(moved) => Some(json!({"application": moved})),
            Content::Gone { subject, id } => {
                let (kind, gone) = match subject {
                    Subject::Department => (DEPARTMENT, json!({"department": {"uuid": id}})),
                    Subject::Employee => (EMPLOYEE, json!({"employee": {"uuid": id}})),
                    Subject::Approval => (APPROVAL, json!({"approval": {"number_series": id}})),
                };
                // One that is back has an event of its own.
                stored(kind, id).await?.is_none().then_some(gone)
            }
            Content::Employee { uuid } => match self.stored_employee(company, uuid).await? {
                Some(employee) => Some(json!({"employee": shapes.employee(&caller, employee)?})),
                None => None,
            },
            Content::Employees { uuids } => {
                let mut employees = Vec::with_capacity(uuids.len());
                for item in self.all_of(company, EMPLOYEE, uuids).await? {
                    employees.push(shapes.employee(&caller, self.read_employee(item)?)?);
                }
                (!employees.is_empty()).then(|| json!({"employees": employees}))
            }
            Content::Department { uuid } => match stored(DEPARTMENT, uuid).await? {
                Some(item) => Some(json!({"department": shapes.department(from_item(&self.keyring, item)?)?})),
                None => None,
            },
            Content::Departments { uuids } => {
                let found = self.all_of(company, DEPARTMENT, uuids).await?;
                let departments = found.into_iter().map(|item| shapes.department(from_item(&self.keyring, item)?));
                let departments: Vec<Value> = departments.collect::<Result<_>>()?;
                (!departments.is_empty()).then(|| json!({"departments": departments}))
            }
            Content::DepartmentsAfter { after } => {
                let (table, partition) = (&self.tables.hris, partition(company, DEPARTMENT));
                let page =
                    self.store.partition_page(table, &partition, None, after.as_deref(), Order::Ascending, MAX_DEPARTMENTS);
                let (items, _) = page.await?;
                let departments = items.into_iter().map(|item| shapes.department(from_item(&self.keyring, item)?));
                Some(json!({"departments": departments.collect::<Result<Vec<_>>>()?}))
            }
            Content::Approval { number_series } => match stored(APPROVAL, number_series).await? {
                Some(item) => Some(json!({"approval": shapes.approval(from_item(&self.keyring, item)?)?})),
                None => None,
            },
            Content::Salary { empno, subject_name, month } => {
                let key = subject_key(company, empno, month, subject_name);
                let Some(mut item) = self.store.get(&self.tables.hris, key.clone()).await? else { return Ok(None) };
                sealed::open(&self.keyring, &key, &SALARY_VALUE, &mut item)?;
                let value = item.remove("value").ok_or_else(|| Error::internal("a salary without a value"))?;
                let value: Adjustment = serde_dynamo::from_attribute_value(value).map_err(Error::internal)?;
                let value =
                    SubjectValue { empno: empno.clone(), subject_name: subject_name.clone(), month: month.clone(), value };
                Some(json!({"salary": shapes.salary(&value)?}))
            }
        })
    }

    async fn all_of(&self, company: &Uuid, kind: &str, ids: &[String]) -> Result<Vec<Item>> {
        let keys: Vec<Key> = ids.iter().map(|id| record_key(company, kind, id.as_str())).collect();
        self.store.get_all(&self.tables.hris, keys).await
    }
}

/// What the webhook may see, as a caller.
fn reader(company: &Uuid, scopes: Scopes) -> Caller {
    Caller { company: company.clone(), credential: Credential::Consented { scopes } }
}
