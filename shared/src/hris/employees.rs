//! Employees (docs/contract/hris.txt, 员工).
//!
//! An employee is stored three times: under the uuid, the number and the phone number. So `/employees/{id}`, which accepts all three,
//! needs one read. One transaction changes all copies together.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::changes::{Subject, What};
use super::entity::{Alias, Entity};
use super::item::from_item;
use super::keys::{self, employee_key, empno_key, mobile_key, mobile_keys, owned_partition, partition, record_key};
use super::values::{Category, Code, Sex, Status, Uuid};
use super::{Service, pagination_required};
use crate::crypto::keyring::Keyring;
use crate::error::{Error, Fault, Result};
use crate::storage::list::List;
use crate::storage::listing::{Listed, PageOf};
use crate::storage::page::{Page, PageRequest};
use crate::storage::sealed::Fields;
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Item, Key, Order, Query, Range};
use crate::values::{BankAccount, Date, LocalTime, Mobile, Private, Text};

/// The most employees of a list without pagination.
pub const MAX_WHOLE: usize = 10_000;
/// How many items of such a list are in memory at once.
const BATCH: usize = 1000;
/// How often a page of a department is filled up, when its filter rejects employees after the read.
const ROUNDS: u32 = 5;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Employee {
    pub uuid: Uuid,
    pub name: Text<1, 64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    pub email: Text<0, 255>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<Mobile>,
    pub empno: Code,
    /// If absent, responses contain `mobile` instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Private>,
    pub id_number: Private,
    pub address: Text<0, 255>,
    pub bank_name: Text<0, 128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_card: Option<BankAccount>,
    pub photo: Text<0, 2048>,
    pub marriage: Text<0, 64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probation_end_date: Option<Date>,
    pub avatar: Text<0, 2048>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department_uuid: Option<Uuid>,
    pub exmail: Text<0, 255>,
    pub job_title: Text<0, 64>,
    pub job_grade: Text<0, 64>,
    pub nickname: Text<0, 64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dingtalk_id: Option<Text<1, 64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wework_id: Option<Text<1, 64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leader_uuid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_leader_uuid: Option<Uuid>,
    /// The name of the company that holds the contract.
    pub sub_company: Text<0, 128>,
    /// That company, if it is a sub-company. The API document does not have it; it lists the employees of a sub-company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_company_uuid: Option<Uuid>,
    /// Whether the employee administers the company's HR data. The API document does not have it. An import without it keeps the stored
    /// value; that of a new employee is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administrator: Option<bool>,
    /// How often the employee has lost the right to consent: the consents that were given before have ended.
    #[serde(default)]
    pub consent_epoch: u32,
    /// When an import made the employee leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<LocalTime>,
}

impl Employee {
    /// Whether the employee may consent that an app reads the company's data: an administrator who works there.
    pub fn may_consent(&self) -> bool {
        let works = matches!(self.status, Status::Probation | Status::Regular | Status::Internship);
        works && self.administrator == Some(true)
    }
}

impl Entity for Employee {
    const KIND: &'static str = keys::EMPLOYEE;
    const SEALED: Fields = Fields {
        names: &[
            "id_number",
            "bank_card",
            "bank_name",
            "mobile",
            "phone_number",
            "email",
            "exmail",
            "address",
            "marriage",
            "birthday",
            "photo",
            "avatar",
            "dingtalk_id",
            "wework_id",
        ],
        phone: Some("mobile"),
        id_number: Some("id_number"),
    };
    const SUBJECT: Option<Subject> = Some(Subject::Employee);

    fn id(&self) -> String {
        self.uuid.to_string()
    }

    fn chosen_id(&self) -> Option<(&'static str, &Code)> {
        Some(("empno", &self.empno))
    }

    fn faults(&self) -> Vec<Fault> {
        match (&self.join_date, &self.leave_date) {
            (Some(join), Some(leave)) if leave < join => vec![Fault::new("leave_date", "must not be before join_date")],
            _ => Vec::new(),
        }
    }

    fn complete(&mut self, stored: &Self) {
        if self.sub_company_uuid.is_none() && self.sub_company == stored.sub_company {
            self.sub_company_uuid.clone_from(&stored.sub_company_uuid);
        }
        let shown = stored.mobile.clone().map(Private::from);
        if stored.phone_number.is_none() && self.phone_number == shown && self.mobile == stored.mobile {
            self.phone_number = None;
        }
        self.administrator = self.administrator.or(stored.administrator);
        self.left_at = stored.left_at;
        self.consent_epoch = stored.consent_epoch + u32::from(stored.may_consent() && !self.may_consent());
    }

    fn imported(&mut self, now: Timestamp) {
        let left_at = self.left_at.unwrap_or_else(|| now.into());
        self.left_at = (self.status == Status::Dimission).then_some(left_at);
    }

    fn happened(&self, before: Option<&Self>) -> What {
        match before {
            None => What::Created,
            Some(before) if before.status != Status::Dimission && self.status == Status::Dimission => What::Left,
            Some(_) => What::Updated,
        }
    }

    fn retention(&self) -> Option<(&'static str, Timestamp)> {
        self.erased_from().map(|since| (keys::DISMISSED_SWEEP, since))
    }

    /// The number cannot change: it is part of the keys of attendance and salaries.
    fn check_change(&self, next: &Self) -> Result<(), Fault> {
        if self.empno == next.empno { Ok(()) } else { Err(Fault::new("empno", "cannot change")) }
    }

    fn aliases(&self, company: &Uuid, keyring: &Keyring) -> Result<Vec<Alias>> {
        let mut aliases = vec![Alias { key: empno_key(company, &self.empno), field: "empno", yields: false }];
        if let Some(mobile) = &self.mobile {
            let yields = self.status == Status::Dimission;
            aliases.extend(mobile_keys(company, mobile, keyring).into_iter().map(|key| Alias { key, field: "mobile", yields }));
        }
        Ok(aliases)
    }

    fn references(&self, company: &Uuid) -> Vec<(&'static str, Key)> {
        let named = [
            ("department_uuid", keys::DEPARTMENT, &self.department_uuid),
            ("leader_uuid", Self::KIND, &self.leader_uuid),
            ("virtual_leader_uuid", Self::KIND, &self.virtual_leader_uuid),
            ("sub_company_uuid", keys::SUB_COMPANY, &self.sub_company_uuid),
        ];
        named
            .into_iter()
            .filter_map(|(field, kind, uuid)| Some((field, record_key(company, kind, uuid.as_ref()?.as_str()))))
            .collect()
    }

    fn lists(&self, company: &Uuid) -> Option<(Vec<(&'static str, String)>, String)> {
        let mut lists = vec![("ix1", partition(company, Self::KIND))];
        lists.extend(self.department_uuid.as_ref().map(|uuid| ("ix2", Group::Department(uuid.clone()).partition(company))));
        lists.extend(self.sub_company_uuid.as_ref().map(|uuid| ("ix3", Group::SubCompany(uuid.clone()).partition(company))));
        Some((lists, self.empno.to_string()))
    }
}

/// The company, or the part of it, whose employees are listed.
#[derive(Clone, Debug)]
pub enum Group {
    Company,
    Department(Uuid),
    SubCompany(Uuid),
}

impl Group {
    pub(super) fn partition(&self, company: &Uuid) -> String {
        match self {
            Self::Company => partition(company, Employee::KIND),
            Self::Department(uuid) => owned_partition(company, keys::DEPARTMENT, uuid.as_str()),
            Self::SubCompany(uuid) => owned_partition(company, keys::SUB_COMPANY, uuid.as_str()),
        }
    }

    pub(super) fn index(&self) -> &'static str {
        match self {
            Self::Company => "ix1",
            Self::Department(_) => "ix2",
            Self::SubCompany(_) => "ix3",
        }
    }
}

/// Which employees a request selects. All given conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The employee has one of these. Empty means any status.
    pub statuses: Vec<Status>,
    /// Both ends are included.
    pub joined: (Option<Date>, Option<Date>),
    pub left: (Option<Date>, Option<Date>),
    /// A part of the name.
    pub name: Option<Text<1, 64>>,
}

impl Filter {
    fn condition(&self) -> Option<Condition> {
        let date = |date: &Option<Date>| date.as_ref().map(|date| text(date.as_str()));
        let within = |attribute, (from, to): &(Option<Date>, Option<Date>)| Condition::within(attribute, date(from), date(to));
        let status = || Condition::one_of("status", self.statuses.iter().map(|status| text(status.as_str())));
        let conditions = [
            (!self.statuses.is_empty()).then(status),
            within("join_date", &self.joined),
            within("leave_date", &self.left),
            self.name.as_ref().map(|name| Condition::contains("name", text(name.as_str()))),
        ];
        conditions.into_iter().flatten().reduce(Condition::and)
    }

    /// What a cursor is bound to. `Debug` does not show the name.
    fn scope(&self) -> String {
        format!("{self:?}{}", self.name.as_ref().map_or("", Text::as_str))
    }
}

impl Service {
    /// The employee with this uuid.
    ///
    /// DynamoDB: one read.
    pub async fn employee(&self, company: &Uuid, uuid: &str) -> Result<Employee> {
        let uuid = Uuid::parse(uuid).map_err(|_| Error::missing("uuid"))?;
        self.stored_employee(company, uuid.as_str()).await?.ok_or_else(|| Error::missing("uuid"))
    }

    pub(super) async fn stored_employee(&self, company: &Uuid, uuid: &str) -> Result<Option<Employee>> {
        let found = self.store.get(&self.tables.hris, employee_key(company, uuid)).await?;
        found.map(|item| self.read_employee(item)).transpose()
    }

    /// The employee with this uuid, else with this number, else with this phone number.
    ///
    /// DynamoDB: one batch read.
    pub async fn find_employee(&self, company: &Uuid, id: &str) -> Result<Employee> {
        let mut keys = Vec::new();
        keys.extend(Uuid::parse(id).map(|uuid| employee_key(company, uuid.as_str())));
        keys.extend(Code::parse(id).map(|empno| empno_key(company, &empno)));
        if let Ok(mobile) = Mobile::parse(id) {
            keys.push(mobile_key(company, &mobile, &self.keyring)?);
        }
        let found = if keys.is_empty() { Vec::new() } else { self.store.get_all(&self.tables.hris, keys).await? };
        self.read_employee(found.into_iter().next().ok_or_else(|| Error::missing("id"))?)
    }

    /// The employee with this phone number.
    pub(super) async fn employee_of_mobile(&self, company: &Uuid, mobile: &Mobile) -> Result<Option<Employee>> {
        let found = self.store.get(&self.tables.hris, mobile_key(company, mobile, &self.keyring)?).await?;
        found.map(|item| self.read_employee(item)).transpose()
    }

    /// One page of employees, sorted by number: see [`List::page`].
    pub async fn employees(&self, company: &Uuid, group: &Group, filter: &Filter, page: PageRequest) -> Result<Page<Employee>> {
        let list = self.employee_list(company, group, filter);
        list.page(page, "pagination.cursor").await?.try_map(|item| self.read_employee(item))
    }

    /// All employees, sorted by number. If there are more than [`MAX_WHOLE`], it returns an error before it reads the employees.
    ///
    /// DynamoDB: one query for each 1 MB of the index, then a batch for each hundred employees, up to eight concurrently.
    pub async fn all_employees(&self, company: &Uuid, group: &Group, filter: &Filter) -> Result<Vec<Employee>> {
        let keys = self.employee_list(company, group, filter).keys(MAX_WHOLE).await?;
        let keys = keys.ok_or_else(pagination_required)?;
        let mut employees = Vec::with_capacity(keys.len());
        for keys in keys.chunks(BATCH) {
            for item in self.store.get_all(&self.tables.hris, keys.to_vec()).await? {
                employees.push(self.read_employee(item)?);
            }
        }
        Ok(employees)
    }

    /// A page of the employees of a company, or of a department, by number. It may be short, even empty, while more follow.
    ///
    /// DynamoDB: up to four queries, for up to 85 entries for each employee of the page if the status rejects entries, and one batch read.
    /// The index of departments has no status: of a department in a status, up to five rounds of one query and one batch read.
    pub async fn list_employees(
        &self,
        company: &Uuid,
        department: Option<&Uuid>,
        status: Option<Status>,
        page: &PageOf<'_>,
    ) -> Result<Listed<Employee>> {
        let (group, filter, rounds) = match (department, status) {
            (Some(department), None) => (Group::Department(department.clone()), Filter::default(), 1),
            (Some(department), Some(_)) => (Group::Department(department.clone()), Filter::default(), ROUNDS),
            (None, status) => (Group::Company, Filter { statuses: status.into_iter().collect(), ..Filter::default() }, 1),
        };
        let list = self.employee_list(company, &group, &filter);
        let mut listed = Listed { list: Vec::new(), next_cursor: page.cursor.map(str::to_owned) };
        for _ in 0..rounds {
            let size = page.size.saturating_sub(u32::try_from(listed.list.len()).unwrap_or(u32::MAX));
            let read = list.listed(&PageOf { size, cursor: listed.next_cursor.as_deref(), ..*page }).await?;
            listed.next_cursor = read.next_cursor;
            for item in read.list {
                let employee = self.read_employee(item)?;
                if status.is_none_or(|status| employee.status == status) {
                    listed.list.push(employee);
                }
            }
            if listed.next_cursor.is_none() || listed.list.len() == page.size as usize {
                break;
            }
        }
        Ok(listed)
    }

    fn employee_list(&self, company: &Uuid, group: &Group, filter: &Filter) -> List<'_> {
        List {
            store: &self.store,
            keyring: &self.keyring,
            table: &self.tables.hris,
            scope: format!("{company}/{group:?}/{}", filter.scope()),
            query: Query {
                index: group.index(),
                partition: group.partition(company),
                range: Range::All,
                order: Order::Ascending,
                filter: filter.condition(),
            },
            milestones: None,
        }
    }

    pub(super) fn read_employee(&self, item: Item) -> Result<Employee> {
        from_item(&self.keyring, item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_bound_to_the_name_in_the_filter() {
        let [any, first, second] = [None, Some("张三"), Some("李四")].map(|name| {
            let name = name.map(|name| Text::parse(name).unwrap());
            Filter { name, ..Filter::default() }.scope()
        });
        assert!(any != first && first != second, "{first} {second}");
    }
}
