//! What an access token opens: the scopes for which its app is registered.

use serde::{Deserialize, Serialize};

use super::employees::Employee;
use super::recruitment::Candidate;
use crate::values::{Private, Text, choices};

choices! {
    /// A kind of data that an app may read.
    Scope {
        /// Employees, departments and sub-companies.
        Employees = "employees",
        Attendance = "attendance",
        Approvals = "approvals",
        Recruitment = "recruitment",
        /// The sensitive fields of employees and candidates: see [`Employee::without_sensitive`].
        Sensitive = "sensitive",
    }
}

impl Scope {
    pub const ALL: [Self; 5] = [Self::Employees, Self::Attendance, Self::Approvals, Self::Recruitment, Self::Sensitive];

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Scope>", into = "Vec<Scope>")]
pub struct Scopes(u8);

impl Scopes {
    /// Those of an app that was registered without scopes.
    pub fn all() -> Self {
        Scope::ALL.to_vec().into()
    }

    pub fn contain(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }
}

impl From<Vec<Scope>> for Scopes {
    fn from(scopes: Vec<Scope>) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl From<Scopes> for Vec<Scope> {
    fn from(scopes: Scopes) -> Self {
        Scope::ALL.into_iter().filter(|scope| scopes.contain(*scope)).collect()
    }
}

impl Employee {
    /// The employee with empty fields instead of identity number, bank account, home address and marital status.
    #[must_use]
    pub fn without_sensitive(self) -> Self {
        Self {
            id_number: Private::default(),
            bank_name: Text::default(),
            bank_card: None,
            address: Text::default(),
            marriage: Text::default(),
            ..self
        }
    }
}

impl Candidate {
    /// The candidate without marital status, and without the offer and the documents that Moka pushed.
    #[must_use]
    pub fn without_sensitive(mut self) -> Self {
        self.marriage = Text::default();
        if let Some(moka) = &mut self.moka {
            moka.offer_info = None;
            moka.offer_attachment_urls = None;
            moka.resume_url = None;
            moka.interview_feedback_url = None;
        }
        self
    }
}
