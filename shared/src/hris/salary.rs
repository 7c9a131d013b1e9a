//! Salary subjects of a month, uploaded by products (docs/contract/hris.txt, 薪酬科目上传).

use super::Service;
use super::changes::Change;
use super::keys::{empno_key, salary_partition};
use super::replay::{Once, Signer};
use super::values::{Code, Month, Uuid};
use crate::error::{Error, Result};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::number;
use crate::storage::table::{Condition, Key, Write};
use crate::values::{Adjustment, Text};

/// The sealed attribute of a stored value.
pub(super) const SALARY_VALUE: Fields = Fields::of(&["value"]);

#[derive(Clone)]
pub struct SubjectValue {
    pub empno: Code,
    pub subject_name: Text<1, 64>,
    pub month: Month,
    pub value: Adjustment,
}

/// The key of the value of a subject.
pub(super) fn subject_key(company: &Uuid, empno: &Code, month: &Month, subject_name: &Text<1, 64>) -> Key {
    Key::new(salary_partition(company, empno), format!("{}#{}", month.as_str(), subject_name.as_str()))
}

impl Service {
    /// Stores the value of a subject. The last value for an employee, subject and month replaces earlier ones.
    ///
    /// DynamoDB: one transaction.
    pub async fn store_subject_value(&self, signer: &Signer, value: &SubjectValue) -> Result<()> {
        let (table, company) = (&self.tables.hris, &signer.company);
        let (key, stored_at) =
            (subject_key(company, &value.empno, &value.month, &value.subject_name), self.clock.now().as_millisecond());
        let mut item = key.clone().into_item();
        item.insert("value".into(), serde_dynamo::to_attribute_value(value.value).map_err(Error::internal)?);
        item.insert("stored_at".into(), number(stored_at));
        self.keyring.record().await?;
        sealed::seal(&self.keyring, &key, &SALARY_VALUE, &mut item)?;
        let check =
            Write::Check { table: table.clone(), key: empno_key(company, &value.empno), condition: Condition::present() };
        let SubjectValue { empno, subject_name, month, .. } = value.clone();
        let noticed = self.notice(company, &Change::Salary { empno, subject_name, month })?;
        match self.write_once(signer, &(), vec![check, Write::Set { table: table.clone(), item }, noticed]).await? {
            Once::Written | Once::Before(()) => Ok(()),
            Once::Rejected(_) => Err(Error::missing("empno")),
        }
    }
}
