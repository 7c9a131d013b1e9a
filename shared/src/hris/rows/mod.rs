//! The rows of an import as a client writes them, each kind with the record that it becomes. A row may be what a response shows.

mod recruitment;
mod taken_back;

use deserr::Deserr;

pub use recruitment::{CandidateRow, SourceRow, VacancyRow};

use super::approvals::Approval;
use super::arrangements::Arrangement;
use super::employees::Employee;
use super::entity::Entity;
use super::import::TakenBack;
use super::organization::{Company, Department, SubCompany};
use super::timelines::Timeline;
use super::values::{ApprovalCategory, ApprovalStatus, Category, Code, DurationUnit, Sex, Status, TimelineCategory, Uuid};
use crate::error::Result;
use crate::values::input::{Faults, Json, Synonyms};
use crate::values::normal::is_blank;
use taken_back::{NamesRecord, TakenApproval, TakenArrangement, TakenDepartment, TakenTimeline};

use crate::values::{BankAccount, Date, LocalTime, Mobile, Private, Quotable, Span, Text, Verbatim};

/// A valid row.
pub trait Row: Deserr<Faults> + Into<Self::Record> {
    type Record: Entity;
    /// The names of members in responses, where they differ from those in rows.
    const SYNONYMS: Synonyms = &[];

    /// Reads a row that takes a record back. `None` for a kind whose records stay.
    const TAKES_BACK: Option<fn(Json, &Uuid) -> Result<TakenBack>> = None;

    /// The company, if the row names it.
    fn company(&self) -> Option<&Uuid> {
        None
    }
}

fn taken_back<R: NamesRecord>(row: Json, company: &Uuid) -> Result<TakenBack> {
    Ok(row.read::<R>()?.taken_back(company))
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct CompanyRow {
    uuid: Uuid,
    name: Text<1, 128>,
    #[deserr(default)]
    full_name: Text<0, 128>,
    #[deserr(default)]
    logo: Text<0, 2048>,
}

impl Row for CompanyRow {
    type Record = Company;
}

impl From<CompanyRow> for Company {
    fn from(row: CompanyRow) -> Self {
        let CompanyRow { uuid, name, full_name, logo } = row;
        Self { uuid, name, full_name, logo }
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SubCompanyRow {
    uuid: Uuid,
    #[deserr(default)]
    company_uuid: Option<Uuid>,
    name: Text<1, 128>,
    #[deserr(default)]
    short_name: Text<0, 128>,
    #[deserr(default)]
    registered_address: Text<0, 255>,
    #[deserr(default)]
    boss: Text<0, 64>,
}

impl Row for SubCompanyRow {
    type Record = SubCompany;

    fn company(&self) -> Option<&Uuid> {
        self.company_uuid.as_ref()
    }
}

impl From<SubCompanyRow> for SubCompany {
    fn from(row: SubCompanyRow) -> Self {
        let SubCompanyRow { uuid, name, short_name, registered_address, boss, .. } = row;
        Self { uuid, name, short_name, registered_address, boss }
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct DepartmentRow {
    name: Text<1, 128>,
    uuid: Uuid,
    #[deserr(default)]
    superior_uuid: Option<Uuid>,
    #[deserr(default)]
    charger_uuid: Option<Uuid>,
}

impl Row for DepartmentRow {
    type Record = Department;
    const TAKES_BACK: Option<fn(Json, &Uuid) -> Result<TakenBack>> = Some(taken_back::<TakenDepartment>);
}

impl From<DepartmentRow> for Department {
    fn from(row: DepartmentRow) -> Self {
        let DepartmentRow { name, uuid, superior_uuid, charger_uuid } = row;
        Self { name, uuid, superior_uuid, charger_uuid }
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct EmployeeRow {
    uuid: Uuid,
    name: Text<1, 64>,
    #[deserr(default)]
    sex: Option<Sex>,
    #[deserr(default)]
    email: Text<0, 255>,
    #[deserr(default)]
    mobile: Option<Mobile>,
    empno: Code,
    #[deserr(default)]
    phone_number: Option<Private>,
    #[deserr(default)]
    id_number: Private,
    #[deserr(default)]
    address: Text<0, 255>,
    #[deserr(default)]
    bank_name: Text<0, 128>,
    #[deserr(default)]
    bank_card: Option<BankAccount>,
    #[deserr(default)]
    photo: Text<0, 2048>,
    #[deserr(default)]
    marriage: Text<0, 64>,
    #[deserr(default)]
    birthday: Option<Date>,
    #[deserr(default)]
    join_date: Option<Date>,
    #[deserr(default)]
    probation_end_date: Option<Date>,
    #[deserr(default)]
    avatar: Text<0, 2048>,
    #[deserr(default)]
    leave_date: Option<Date>,
    #[deserr(default)]
    category: Option<Category>,
    status: Status,
    #[deserr(default)]
    department_uuid: Option<Uuid>,
    #[deserr(default)]
    exmail: Text<0, 255>,
    #[deserr(default)]
    job_title: Text<0, 64>,
    #[deserr(default)]
    job_grade: Text<0, 64>,
    #[deserr(default)]
    nickname: Text<0, 64>,
    #[deserr(default)]
    dingtalk_id: Option<Text<1, 64>>,
    #[deserr(default)]
    wework_id: Option<Text<1, 64>>,
    #[deserr(default)]
    leader_uuid: Option<Uuid>,
    #[deserr(default)]
    virtual_leader_uuid: Option<Uuid>,
    #[deserr(default)]
    sub_company: Text<0, 128>,
    #[deserr(default)]
    sub_company_uuid: Option<Uuid>,
    #[deserr(default)]
    administrator: Option<bool>,
}

impl Row for EmployeeRow {
    type Record = Employee;
}

impl From<EmployeeRow> for Employee {
    fn from(row: EmployeeRow) -> Self {
        let EmployeeRow {
            uuid,
            name,
            sex,
            email,
            mobile,
            empno,
            phone_number,
            id_number,
            address,
            bank_name,
            bank_card,
            photo,
            marriage,
            birthday,
            join_date,
            probation_end_date,
            avatar,
            leave_date,
            category,
            status,
            department_uuid,
            exmail,
            job_title,
            job_grade,
            nickname,
            dingtalk_id,
            wework_id,
            leader_uuid,
            virtual_leader_uuid,
            sub_company,
            sub_company_uuid,
            administrator,
        } = row;
        Self {
            uuid,
            name,
            sex,
            email,
            mobile,
            empno,
            phone_number: phone_number.filter(|number| !is_blank(number.as_str())),
            id_number,
            address,
            bank_name,
            bank_card,
            photo,
            marriage,
            birthday,
            join_date,
            probation_end_date,
            avatar,
            leave_date,
            category,
            status,
            department_uuid,
            exmail,
            job_title,
            job_grade,
            nickname,
            dingtalk_id,
            wework_id,
            leader_uuid,
            virtual_leader_uuid,
            sub_company,
            sub_company_uuid,
            administrator,
            consent_epoch: 0,
            left_at: None,
        }
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ArrangementRow {
    #[deserr(rename = "attenance_rule_name", default)]
    attendance_rule_name: Text<0, 128>,
    workshift_name: Text<1, 128>,
    empno: Code,
    date: Date,
    #[deserr(default)]
    time_range: Text<0, 128>,
}

impl Row for ArrangementRow {
    type Record = Arrangement;
    const TAKES_BACK: Option<fn(Json, &Uuid) -> Result<TakenBack>> = Some(taken_back::<TakenArrangement>);
}

impl From<ArrangementRow> for Arrangement {
    fn from(row: ArrangementRow) -> Self {
        let ArrangementRow { attendance_rule_name, workshift_name, empno, date, time_range } = row;
        Self { attendance_rule_name, workshift_name, empno, date, time_range }
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct TimelineRow {
    employee_uuid: Uuid,
    date: Date,
    category: TimelineCategory,
    duration: Quotable<Span>,
    duration_unit: DurationUnit,
    start_time: LocalTime,
    end_time: LocalTime,
}

impl Row for TimelineRow {
    type Record = Timeline;
    const TAKES_BACK: Option<fn(Json, &Uuid) -> Result<TakenBack>> = Some(taken_back::<TakenTimeline>);
}

impl From<TimelineRow> for Timeline {
    fn from(row: TimelineRow) -> Self {
        let TimelineRow { employee_uuid, date, category, duration: Quotable(duration), duration_unit, start_time, end_time } =
            row;
        Self { employee_uuid, date, category, duration, duration_unit, start_time, end_time }
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ApprovalRow {
    number_series: Code,
    #[deserr(default)]
    creator: Text<0, 64>,
    created_at: LocalTime,
    status: ApprovalStatus,
    /// Follows from `status`.
    #[deserr(default, rename = "status_name")]
    _status_name: Option<Text<0, 64>>,
    #[deserr(default)]
    updated_at: Option<LocalTime>,
    category: ApprovalCategory,
    #[deserr(default)]
    workflow_name: Text<0, 128>,
    form_values: Verbatim,
}

impl Row for ApprovalRow {
    type Record = Approval;
    const TAKES_BACK: Option<fn(Json, &Uuid) -> Result<TakenBack>> = Some(taken_back::<TakenApproval>);
}

impl From<ApprovalRow> for Approval {
    fn from(row: ApprovalRow) -> Self {
        let ApprovalRow {
            number_series, creator, created_at, status, updated_at, category, workflow_name, form_values, ..
        } = row;
        Self { number_series, creator, created_at, status, updated_at, category, workflow_name, form_values }
    }
}
