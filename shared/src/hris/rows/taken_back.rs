//! Rows that take a record back: `{"delete": true}` with the fields of the record's key, and no others.

use deserr::Deserr;

use crate::hris::approvals::Approval;
use crate::hris::arrangements::Arrangement;
use crate::hris::entity::Entity as _;
use crate::hris::import::TakenBack;
use crate::hris::keys::{owned_partition, record_key};
use crate::hris::organization::Department;
use crate::hris::timelines::Timeline;
use crate::hris::values::{Code, TimelineCategory, Uuid};
use crate::storage::table::Key;
use crate::values::input::Faults;
use crate::values::{Date, LocalTime, Text};

/// A row that names a record by its key.
pub trait NamesRecord: Deserr<Faults> {
    fn taken_back(self, company: &Uuid) -> TakenBack;
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct TakenDepartment {
    #[deserr(rename = "delete")]
    _delete: bool,
    uuid: Uuid,
}

impl NamesRecord for TakenDepartment {
    fn taken_back(self, company: &Uuid) -> TakenBack {
        let id = self.uuid.to_string();
        TakenBack { key: record_key(company, Department::KIND, id.as_str()), recorded_id: id }
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct TakenArrangement {
    #[deserr(rename = "delete")]
    _delete: bool,
    empno: Code,
    date: Date,
    workshift_name: Text<1, 128>,
}

impl NamesRecord for TakenArrangement {
    fn taken_back(self, company: &Uuid) -> TakenBack {
        let id = Arrangement::id_of(&self.date, &self.workshift_name);
        let partition = owned_partition(company, Arrangement::KIND, self.empno.as_str());
        TakenBack { key: Key::new(partition, id.as_str()), recorded_id: id }
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct TakenTimeline {
    #[deserr(rename = "delete")]
    _delete: bool,
    employee_uuid: Uuid,
    date: Date,
    category: TimelineCategory,
    start_time: LocalTime,
}

impl NamesRecord for TakenTimeline {
    fn taken_back(self, company: &Uuid) -> TakenBack {
        let Self { employee_uuid, date, category, start_time, .. } = self;
        let partition = owned_partition(company, Timeline::KIND, employee_uuid.as_str());
        let key = Key::new(partition, Timeline::id_of(&date, category, start_time));
        TakenBack { key, recorded_id: employee_uuid.to_string() }
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct TakenApproval {
    #[deserr(rename = "delete")]
    _delete: bool,
    number_series: Code,
}

impl NamesRecord for TakenApproval {
    fn taken_back(self, company: &Uuid) -> TakenBack {
        let id = self.number_series.to_string();
        TakenBack { key: record_key(company, Approval::KIND, id.as_str()), recorded_id: id }
    }
}
