//! The values of this family alone.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use serde::{Deserialize, Serialize};

pub use crate::values::Uuid;
use crate::values::input::{Faults, Json};
use crate::values::{Date, Reason, Verbatim, choices, text_value};

/// An identifier that the company chooses: an employee's number, a number series, the id of a vacancy. Keys contain it, so it is
/// 1 to 64 characters without surrounding white space, control characters or `/`. A new one also passes [`check_segment`].
///
/// [`check_segment`]: crate::values::check_segment
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(String);

impl Code {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let fits = (1..=64).contains(&text.chars().count()) && text.trim() == text && !matches!(text, "." | "..");
        if fits && !text.chars().any(|c| c.is_control() || c == '/') {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be 1 to 64 characters without control characters or /")
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
text_value!(Code);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A month. It is stored as `2017-09`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Month(String);

impl Month {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let separator = if text.contains('/') { '/' } else { '-' };
        let first = Date::parse(&format!("{}{separator}1", text.trim())).map_err(|_| "must be a month, such as 2017-09")?;
        Ok(Self(first.as_str()[..7].to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
text_value!(Month);

/// The number of days of a period, both ends included; `None` if the last day is before the first.
pub fn days(first: &Date, last: &Date) -> Option<u32> {
    let civil = |date: &Date| date.as_str().parse::<jiff::civil::Date>().ok();
    let span = civil(last)?.duration_since(civil(first)?).as_hours() / 24;
    u32::try_from(span).ok().map(|days| days + 1)
}

choices! {
    /// 性别.
    Sex { Male = "male", Female = "female" }
}

choices! {
    /// 性别, as Moka names it.
    MokaGender { Male = "男", Female = "女" }
}

impl From<MokaGender> for Sex {
    fn from(gender: MokaGender) -> Self {
        match gender {
            MokaGender::Male => Self::Male,
            MokaGender::Female => Self::Female,
        }
    }
}

choices! {
    /// 婚姻状况, as Moka names it.
    MokaMarriage { Married = "已婚", Single = "未婚", Divorced = "离异" }
}

/// An array of objects, or one object, as Moka pushes them. Elements that are null do not count.
pub struct MokaEntries(pub Verbatim);

impl Deserr<Faults> for MokaEntries {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let mut entries = Json::of(value).into_inner();
        let is_valid = match &mut entries {
            serde_json::Value::Array(entries) => {
                entries.retain(|entry| !entry.is_null());
                entries.iter().all(serde_json::Value::is_object)
            }
            value => value.is_object(),
        };
        if !is_valid {
            return Err(Faults::one(at, "must be an array of objects"));
        }
        Verbatim::deserialize_from_value(Json::from_value(entries).into_value(), at).map(Self)
    }
}

choices! {
    /// 员工类型.
    Category { Fulltime = "fulltime", PartTime = "part_time", Intern = "intern", Contractor = "contractor" }
}

choices! {
    /// 员工状态.
    Status {
        Waiting = "waiting", Probation = "probation", Regular = "regular", Dimission = "dimission", Internship = "internship",
    }
}

choices! {
    /// 请假与公出.
    TimelineCategory { Leave = "leave", BusinessTrip = "business_trip" }
}

choices! {
    DurationUnit { Days = "days", Hours = "hours", Minutes = "minutes" }
}

choices! {
    /// 审批类型.
    ApprovalCategory {
        Leave = "leave", Adjustment = "adjustment", Contract = "contract", Dimission = "dimission", Enrollment = "enrollment",
        PayrollSubmit = "payroll_submit", Recruit = "recruit", SalaryChange = "salary_change",
        AttendanceRecheck = "attendance_recheck", Overtime = "overtime", BusinessTrip = "business_trip",
        SubCompanyTransfer = "sub_company_transfer", Onboarding = "onboarding", BusinessTravel = "business_travel",
        InternRegularization = "intern_regularization", BreastfeedingLeave = "breastfeeding_leave", Duty = "duty",
        Arrangement = "arrangement", Custom = "custom",
    }
}

choices! {
    /// 审批状态.
    ApprovalStatus { Waiting = "waiting", Passed = "passed", Denied = "denied" }
}

impl ApprovalStatus {
    /// The name in the examples of the API document. Its table calls the last one 拒绝.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "审批中",
            Self::Passed => "通过",
            Self::Denied => "不通过",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_both_ends() {
        let date = |text| Date::parse(text).unwrap();
        assert_eq!(days(&date("2017-02-03"), &date("2017-02-03")), Some(1));
        assert_eq!(days(&date("2020-01-01"), &date("2020-12-31")), Some(366));
        assert_eq!(days(&date("2017-02-03"), &date("2017-02-02")), None);
    }
}
