//! The commands that show what the HR API stores: companies, departments, products, employees, visits. What is sealed is masked.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::hris::Service;
use shared::hris::employees::Employee;
use shared::hris::entity::Entity as _;
use shared::hris::lookups::Known;
use shared::hris::organization::{Company, Department};
use shared::hris::reveal::VISIT_FIELDS;
use shared::hris::values::{Code, Status, Uuid};
use shared::staff::roles::Role;
use shared::storage::listing::Order;
use shared::storage::masked::masked;
use shared::values::input::Faults;
use shared::values::mask::{self, Sight};
use shared::values::{Date, Mobile, Text};

use crate::command::{Command, run};
use crate::hris_credentials::view_product;
use crate::listing::{Direction, Limit, OnePage, page, page_of};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::reads("list_hris_companies", "Lists the companies of the HR API", |admin, _, fields| {
        run(fields, |read| list_companies(&admin.hris, read))
    })
    .by(&[Role::Hr, Role::Auditor])
    .fields("limit? order? cursor?", r#"{"limit": 20}"#)
    .sorted(Order::Ascending),
    Command::reads("list_products", "Lists the products", |admin, _, fields| {
        run(fields, |read| list_products(&admin.hris, read))
    })
    .by(&[Role::Admin, Role::Auditor])
    .fields("limit? order? cursor?", r#"{"limit": 20}"#)
    .sorted(Order::Ascending),
    Command::reads(
        "list_departments",
        "Lists the departments of a company, each with its superior and its head",
        |admin, _, fields| run(fields, |read| list_departments(&admin.hris, read)),
    )
    .by(&[Role::Hr, Role::Auditor])
    .fields("company_uuid limit? cursor?", r#"{"company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f", "limit": 100}"#),
    Command::reads("list_employees", "Lists the employees of a company, or of a department, by number", |admin, by, fields| {
        run(fields, |read| list_employees(&admin.hris, by.sight, read))
    })
    .by(&[Role::Hr, Role::Auditor])
    .fields(
        "company_uuid department_uuid? status? limit? order? cursor?",
        r#"{"company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f", "status": "regular", "limit": 20}"#,
    )
    .sorted(Order::Ascending),
    Command::reads(
        "find_employee",
        "Finds the employees of a company with a number, a phone or a whole name",
        |admin, by, fields| run(fields, |read| find_employee(&admin.hris, by.sight, read)),
    )
    .by(&[Role::Hr, Role::Auditor])
    .fields(
        "company_uuid empno? mobile? name? limit? cursor?",
        r#"{"company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f", "mobile": "13800138000"}"#,
    ),
    Command::reads("show_employee", "Shows an employee by uuid or number", |admin, _, fields| {
        run(fields, |read| show_employee(&admin.hris, read))
    })
    .by(&[Role::Hr, Role::Auditor])
    .fields("company_uuid id", r#"{"company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f", "id": "000001"}"#),
    Command::reads("list_visits", "Lists the visits to a company on these days, the newest first", |admin, by, fields| {
        run(fields, |read| list_visits(&admin.hris, by.sight, read))
    })
    .by(&[Role::Hr, Role::Auditor])
    .fields(
        "company_uuid from? to? limit? order? cursor?",
        r#"{"company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f", "from": "2026-11-01", "to": "2026-11-30"}"#,
    )
    .sorted(Order::Descending),
];

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ListDepartments {
    company_uuid: Uuid,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 1024>>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ListEmployees {
    company_uuid: Uuid,
    #[deserr(default)]
    department_uuid: Option<Uuid>,
    #[deserr(default)]
    status: Option<Status>,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 1024>>,
    #[deserr(default)]
    order: Option<Direction>,
}

/// One of number, phone and name.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct FindEmployee {
    company_uuid: Uuid,
    #[deserr(default)]
    empno: Option<Code>,
    #[deserr(default)]
    mobile: Option<Mobile>,
    #[deserr(default)]
    name: Option<Text<1, 64>>,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 1024>>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct NamedEmployee {
    company_uuid: Uuid,
    /// The uuid or the number.
    id: Text<1, 64>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ListVisits {
    company_uuid: Uuid,
    /// In Shanghai, both included.
    #[deserr(default)]
    from: Option<Date>,
    #[deserr(default)]
    to: Option<Date>,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 1024>>,
    #[deserr(default)]
    order: Option<Direction>,
}

async fn list_companies(service: &Service, list: OnePage) -> Result<Value> {
    let companies = service.list_companies(&list.page(Order::Ascending)).await?;
    let view = |Company { uuid, name, full_name, .. }| json!({"uuid": uuid, "name": name, "full_name": full_name});
    Ok(page("companies", companies, view))
}

async fn list_products(service: &Service, list: OnePage) -> Result<Value> {
    Ok(page("products", service.list_products(&list.page(Order::Ascending)).await?, view_product))
}

async fn find_employee(service: &Service, sight: Sight, find: FindEmployee) -> Result<Value> {
    let FindEmployee { company_uuid, empno, mobile, name, limit: Limit(limit), cursor } = find;
    let known = match (empno, mobile, name) {
        (Some(empno), None, None) => Known::Empno(empno),
        (None, Some(mobile), None) => Known::Mobile(mobile),
        (None, None, Some(name)) => Known::Name(name),
        _ => return Err(Error::invalid([Fault::new("empno", "or mobile or name is required, and only one of them")])),
    };
    let employees = service.find_employees(&company_uuid, &known, limit, cursor.as_ref().map(Text::as_str)).await?;
    Ok(page("employees", employees, |employee| summary(employee, sight)))
}

async fn list_employees(service: &Service, sight: Sight, list: ListEmployees) -> Result<Value> {
    let ListEmployees { company_uuid, department_uuid, status, limit, cursor, order } = list;
    let page_of = page_of(&limit, cursor.as_ref(), order, Order::Ascending);
    let employees = service.list_employees(&company_uuid, department_uuid.as_ref(), status, &page_of).await?;
    Ok(page("employees", employees, |employee| summary(employee, sight)))
}

/// An employee in a list.
fn summary(employee: Employee, sight: Sight) -> Value {
    let Employee { uuid, empno, name, mobile, status, department_uuid, job_title, .. } = employee;
    json!({
        "uuid": uuid, "empno": empno, "name": sight.name(name.as_str()),
        "mobile": mobile.map(|mobile| sight.phone(mobile.as_str())), "status": status,
        "department_uuid": department_uuid, "job_title": job_title,
    })
}

async fn list_departments(service: &Service, list: ListDepartments) -> Result<Value> {
    let ListDepartments { company_uuid, limit: Limit(limit), cursor } = list;
    let departments = service.list_departments(&company_uuid, limit, cursor.as_ref().map(Text::as_str)).await?;
    let view = |(department, head): (Department, Option<Employee>)| {
        let Department { uuid, name, superior_uuid, charger_uuid } = department;
        json!({
            "uuid": uuid, "name": name, "superior_uuid": superior_uuid, "charger_uuid": charger_uuid,
            "charger_name": head.map(|head| mask::name(head.name.as_str())),
        })
    };
    Ok(page("departments", departments, view))
}

async fn show_employee(service: &Service, NamedEmployee { company_uuid, id }: NamedEmployee) -> Result<Value> {
    let employee = service.show_employee(&company_uuid, id.as_str()).await?;
    let mut view = masked(&employee, &Employee::SEALED)?;
    if let Some(left_at) = employee.left_at {
        view["left_at"] = left_at.to_second().into();
    }
    Ok(view)
}

async fn list_visits(service: &Service, sight: Sight, list: ListVisits) -> Result<Value> {
    let ListVisits { company_uuid, from, to, limit, cursor, order } = list;
    let days = (from.as_ref(), to.as_ref());
    let page_of = page_of(&limit, cursor.as_ref(), order, Order::Descending);
    let visits = service.list_visits(&company_uuid, days, &page_of).await?;
    let view = |visit| match sight {
        Sight::Masked => masked(&visit, VISIT_FIELDS),
        Sight::Whole => Ok(json!(visit)),
    };
    Ok(page("visits", visits.try_map(view)?, |view| view))
}
