//! Which scopes of an access token (docs/design/hris.md) each read needs.

use shared::hris::scopes::Scope::{self, Approvals, Attendance, Employees, Recruitment};
use shared::hris::scopes::Scopes;

use super::answer::Failure;

/// The paths below `/api/v2` that an access token opens, each with all the scopes that it needs.
const READS: [(&str, &[Scope]); 22] = [
    ("/sub_companies", &[Employees]),
    ("/sub_companies/{sub_company_uuid}", &[Employees]),
    ("/sub_companies/{sub_company_uuid}/employees", &[Employees]),
    ("/sub_companies/{sub_company_uuid}/employees/{uuid}", &[Employees]),
    ("/departments", &[Employees]),
    ("/departments/{uuid}", &[Employees]),
    ("/departments/{uuid}/employees", &[Employees]),
    ("/employees", &[Employees]),
    ("/employees/{id}", &[Employees]),
    // It returns the employee.
    ("/employees/{id}/check_attendance", &[Employees, Attendance]),
    ("/employees/{id}/attendance_checkings", &[Attendance]),
    ("/employees/{id}/timelines", &[Attendance]),
    ("/arrangement_employees", &[Attendance]),
    ("/approvals", &[Approvals]),
    ("/approvals/{number_series}", &[Approvals]),
    ("/recruitments/candidates", &[Recruitment]),
    ("/recruitments/candidate/{id}", &[Recruitment]),
    ("/recruitments/sources", &[Recruitment]),
    ("/recruitments/source/{id}", &[Recruitment]),
    ("/recruitments/vacancies", &[Recruitment]),
    ("/recruitments/vacancy/{id}", &[Recruitment]),
    ("/moka_binds/{bind_code}", &[Recruitment]),
];

/// Rejects a read of this route that the scopes do not contain. A route that is not in the table is open to no token.
pub fn check(route: &str, scopes: Scopes) -> Result<(), Failure> {
    let path = route.strip_prefix("/api/v2").unwrap_or(route);
    let needed = READS.iter().find(|(read, _)| *read == path).map(|(_, needed)| *needed);
    match needed.ok_or_else(closed)?.iter().find(|scope| !scopes.contain(**scope)) {
        None => Ok(()),
        Some(scope) => Err(Failure::NotPermitted(lacking(*scope))),
    }
}

/// No access token opens the route.
pub fn closed() -> Failure {
    Failure::NotPermitted("access_token does not open this")
}

fn lacking(scope: Scope) -> &'static str {
    match scope {
        Employees => "access_token has no scope employees",
        Attendance => "access_token has no scope attendance",
        Approvals => "access_token has no scope approvals",
        Recruitment => "access_token has no scope recruitment",
        Scope::Sensitive => "access_token has no scope sensitive",
    }
}
