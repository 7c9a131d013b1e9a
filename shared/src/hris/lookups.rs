//! How staff find employees: by number, phone or name, or by the id that lists show.

use super::Service;
use super::employees::{Employee, Group};
use super::keys::{employee_key, empno_key};
use super::values::{Code, Uuid};
use crate::error::{Error, Result};
use crate::storage::listing::{Listed, next_cursor, position};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Key, Order, Query, Range};
use crate::values::{Mobile, Text};

/// The most pages of the index that one page of a search by name reads. Each has 1 MB, about 4,000 employees.
const MAX_PAGES: u32 = 10;

/// By what an employee is found.
pub enum Known {
    Empno(Code),
    Mobile(Mobile),
    /// The whole name, which several may have.
    Name(Text<1, 64>),
}

impl Service {
    /// The employees with this number, phone or name, at most `size`. A page by name may be short: its cursor continues the search.
    ///
    /// DynamoDB: one read; by name up to ten queries of the index, each of 1 MB, and one batch read.
    pub async fn find_employees(
        &self,
        company: &Uuid,
        known: &Known,
        size: u32,
        cursor: Option<&str>,
    ) -> Result<Listed<Employee>> {
        let found = match known {
            Known::Empno(empno) => self.employee_at(empno_key(company, empno)).await?,
            Known::Mobile(mobile) => self.employee_of_mobile(company, mobile).await?,
            Known::Name(name) => return self.employees_named(company, name, size, cursor).await,
        };
        Ok(Listed { list: found.into_iter().collect(), next_cursor: None })
    }

    /// The employee with this uuid, else with this number.
    ///
    /// DynamoDB: one batch read.
    pub async fn show_employee(&self, company: &Uuid, id: &str) -> Result<Employee> {
        let mut keys = Vec::new();
        keys.extend(Uuid::parse(id).map(|uuid| employee_key(company, uuid.as_str())));
        keys.extend(Code::parse(id).map(|empno| empno_key(company, &empno)));
        let found = self.store.get_all(&self.tables.hris, keys).await?;
        self.read_employee(found.into_iter().next().ok_or_else(|| Error::missing("id"))?)
    }

    async fn employees_named(
        &self,
        company: &Uuid,
        name: &Text<1, 64>,
        size: u32,
        cursor: Option<&str>,
    ) -> Result<Listed<Employee>> {
        let (table, partition) = (&self.tables.hris, Group::Company.partition(company));
        let scope = format!("{partition}/{}", name.as_str());
        let range = position(&self.keyring, cursor, &scope)?.map_or(Range::All, Range::After);
        let filter = Some(Condition::equals("name", text(name.as_str())));
        let query = Query { index: Group::Company.index(), partition, range, order: Order::Ascending, filter };
        let (mut found, mut from, mut last) = (Vec::new(), None, None);
        for _ in 0..MAX_PAGES {
            let (entries, next) = self.store.query(table, &query, from, None).await?;
            found.extend(entries);
            last = next.as_ref().and_then(place);
            from = next;
            if from.is_none() || found.len() >= size as usize {
                break;
            }
        }
        if found.len() > size as usize {
            found.truncate(size as usize);
            last = found.last().and_then(place);
        }
        let items = self.store.get_all(table, found.iter().filter_map(Key::of).collect()).await?;
        let list = items.into_iter().map(|item| self.read_employee(item)).collect::<Result<_>>()?;
        Ok(Listed { list, next_cursor: next_cursor(&self.keyring, last, &scope)? })
    }

    async fn employee_at(&self, key: Key) -> Result<Option<Employee>> {
        let found = self.store.get(&self.tables.hris, key).await?;
        found.map(|item| self.read_employee(item)).transpose()
    }
}

/// The sort key of an entry of the index.
fn place(entry: &crate::storage::table::Item) -> Option<String> {
    entry.get("ixsk").and_then(|place| place.as_s().ok()).cloned()
}
