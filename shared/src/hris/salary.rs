//! Salary subjects of a month, uploaded by products (docs/contract/hris.txt, 薪酬科目上传).

use super::Service;
use super::keys::{empno_key, salary_partition};
use super::replay::{Once, Signer};
use super::values::{Code, Month};
use crate::error::{Error, Result};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::number;
use crate::storage::table::{Condition, Key, Write};
use crate::values::{Adjustment, Text};

/// The sealed attribute of a stored value.
pub(super) const SALARY_VALUE: Fields = Fields::of(&["value"]);

pub struct SubjectValue {
    pub empno: Code,
    pub subject_name: Text<1, 64>,
    pub month: Month,
    pub value: Adjustment,
}

impl Service {
    /// Stores the value of a subject. The last value for an employee, subject and month replaces earlier ones.
    ///
    /// DynamoDB: one transaction.
    pub async fn store_subject_value(&self, signer: &Signer, value: &SubjectValue) -> Result<()> {
        let (table, company) = (&self.tables.hris, &signer.company);
        let sort_key = format!("{}#{}", value.month.as_str(), value.subject_name.as_str());
        let key = Key::new(salary_partition(company, &value.empno), sort_key);
        let mut item = key.clone().into_item();
        item.insert("value".into(), serde_dynamo::to_attribute_value(value.value).map_err(Error::internal)?);
        item.insert("stored_at".into(), number(self.clock.now().as_millisecond()));
        self.keyring.record().await?;
        sealed::seal(&self.keyring, &key, &SALARY_VALUE, &mut item)?;
        let check =
            Write::Check { table: table.clone(), key: empno_key(company, &value.empno), condition: Condition::present() };
        match self.write_once(signer, &(), vec![check, Write::Set { table: table.clone(), item }]).await? {
            Once::Written | Once::Before(()) => Ok(()),
            Once::Rejected(_) => Err(Error::missing("empno")),
        }
    }
}
