//! The types of events, and what they are about.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use serde::{Deserialize, Serialize};

use crate::hris::changes::Subject;
use crate::hris::scopes::Scope;
use crate::hris::values::{Code, Month, Uuid};
use crate::storage::company_changes::SignMove;
use crate::values::input::Faults;
use crate::values::{Text, choices};

choices! {
    /// The type of an event: see docs/design/webhooks.md.
    EventType {
        WebhookOpen = "webhook_open",
        DepartmentBatchSync = "department_batch_sync",
        DepartmentCreated = "department_created",
        DepartmentUpdated = "department_updated",
        DepartmentDeleted = "department_deleted",
        EmployeeBatchSync = "employee_batch_sync",
        EmployeeCreated = "employee_created",
        EmployeeUpdated = "employee_updated",
        EmployeeDeleted = "employee_deleted",
        EmployeeLeft = "employee_left",
        ApprovalChanged = "approval_changed",
        SalaryUploaded = "salary_uploaded",
        SignStateChanged = "sign_state_changed",
        /// Sent on demand, also to a webhook that does not ask for it.
        WebhookTest = "webhook_test",
    }
}

impl EventType {
    pub const ALL: [Self; 14] = [
        Self::WebhookOpen,
        Self::DepartmentBatchSync,
        Self::DepartmentCreated,
        Self::DepartmentUpdated,
        Self::DepartmentDeleted,
        Self::EmployeeBatchSync,
        Self::EmployeeCreated,
        Self::EmployeeUpdated,
        Self::EmployeeDeleted,
        Self::EmployeeLeft,
        Self::ApprovalChanged,
        Self::SalaryUploaded,
        Self::SignStateChanged,
        Self::WebhookTest,
    ];

    /// The scope without which a webhook cannot ask for it. A salary is sensitive as a whole.
    pub fn scope(self) -> Scope {
        match self {
            Self::ApprovalChanged => Scope::Approvals,
            Self::SalaryUploaded => Scope::Sensitive,
            _ => Scope::Employees,
        }
    }
}

/// The types that a webhook asks for, each once.
pub struct EventTypes(pub Vec<EventType>);

impl Deserr<Faults> for EventTypes {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let asked = Vec::<EventType>::deserialize_from_value(value, at)?;
        let most = EventType::ALL.len();
        if asked.is_empty() || asked.len() > most {
            return Err(Faults::one(at, format!("must have 1 to {most} elements")));
        }
        Ok(Self(EventType::ALL.into_iter().filter(|event_type| asked.contains(event_type)).collect()))
    }
}

/// What an event is about: keys alone. The object is read when the event is sent. A move of an application is whole: it has no value of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Content {
    Approval {
        number_series: String,
    },
    Department {
        uuid: String,
    },
    Departments {
        uuids: Vec<String>,
    },
    /// Departments in the order of their uuids.
    DepartmentsAfter {
        after: Option<String>,
    },
    Employee {
        uuid: String,
    },
    Employees {
        uuids: Vec<String>,
    },
    /// A record that is gone.
    Gone {
        subject: Subject,
        id: String,
    },
    Salary {
        empno: Code,
        subject_name: Text<1, 64>,
        month: Month,
    },
    SignState(SignMove),
    Nothing,
}

impl Content {
    /// Whether the event names this employee, for an erasure.
    pub(in crate::hris) fn names(&self, uuid: &Uuid, number: &Code) -> bool {
        match self {
            Self::Employee { uuid: own } | Self::Gone { id: own, .. } => own == uuid.as_str(),
            Self::Employees { uuids } => uuids.iter().any(|own| own == uuid.as_str()),
            Self::Salary { empno, .. } => empno == number,
            Self::Approval { .. }
            | Self::Department { .. }
            | Self::Departments { .. }
            | Self::DepartmentsAfter { .. }
            | Self::SignState(_)
            | Self::Nothing => false,
        }
    }
}
