//! What a reviewer is responsible for: the applications of a platform and of some of its companies. For a reviewer no other ones exist.

use shared::error::{Error, Fault, Result};
use shared::signing::applications::Reach;
use shared::signing::values::{Number, PlatformCode};
use shared::staff::Assigned;
use shared::staff::roles::Role;

use crate::command::Invocation;

/// Which records of the signing API a caller may work with.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    Everything,
    /// None for a reviewer who is responsible for nothing yet.
    Assigned(Option<&'a Assigned>),
}

impl<'a> Scope<'a> {
    /// For a command that the members with one of these roles execute on all records. The invokers of `ops-admin` do so with every command.
    pub fn of(by: &'a Invocation, everywhere: &[Role]) -> Self {
        match &by.staff {
            Some(member) if !everywhere.iter().any(|role| member.has(*role)) => Self::Assigned(member.assigned.as_ref()),
            Some(_) | None => Self::Everything,
        }
    }

    /// Which applications of a platform are within the scope. The platform does not exist for a reviewer of another one.
    pub fn on(self, platform: &PlatformCode) -> Result<Reach<'a>> {
        match self {
            Self::Everything => Ok(Reach::Everything),
            Self::Assigned(Some(assigned)) if assigned.platform_code == *platform => Ok(Reach::Companies(&assigned.companies)),
            Self::Assigned(_) => Err(Error::missing("platform_code")),
        }
    }

    /// The company whose applications are listed. A reviewer of several must name one, and one of a single company need not.
    pub fn company(self, platform: &PlatformCode, company: Option<Number>) -> Result<Option<Number>> {
        match (self.on(platform)?, company) {
            (Reach::Companies([only]), None) => Ok(Some(*only)),
            (Reach::Companies(_), None) => {
                Err(Error::invalid([Fault::new("company_id", "is required: one of your companies")]))
            }
            (reach, Some(company)) if !reach.covers(company) => Err(Error::missing("company_id")),
            (Reach::Everything | Reach::Companies(_), company) => Ok(company),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: i64) -> Number {
        Number::new(number).unwrap()
    }

    fn assigned(companies: &[i64]) -> Assigned {
        let platform_code = PlatformCode::parse("gongqiao").unwrap();
        Assigned { platform_code, handler_id: None, companies: companies.iter().copied().map(number).collect() }
    }

    fn refused<T: std::fmt::Debug>(result: Result<T>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_reviewer_reaches_the_companies_of_one_platform() {
        let (own, other) = (PlatformCode::parse("gongqiao").unwrap(), PlatformCode::parse("other").unwrap());
        let several = assigned(&[1, 2]);
        let scope = Scope::Assigned(Some(&several));
        let reach = scope.on(&own).unwrap();
        assert!(reach.covers(number(1)) && reach.covers(number(2)) && !reach.covers(number(3)));
        assert_eq!(refused(scope.on(&other)), "NotFound; platform_code: does not exist");
        assert_eq!(refused(Scope::Assigned(None).on(&own)), "NotFound; platform_code: does not exist");
        assert!(Scope::Everything.on(&other).unwrap().covers(number(3)));
    }

    #[test]
    fn a_reviewer_of_several_companies_names_one() {
        let own = PlatformCode::parse("gongqiao").unwrap();
        let (several, one, none) = (assigned(&[1, 2]), assigned(&[1]), assigned(&[]));
        let company = |assigned, company| Scope::Assigned(Some(assigned)).company(&own, company);
        assert_eq!(company(&several, Some(number(2))).unwrap(), Some(number(2)));
        assert_eq!(company(&one, None).unwrap(), Some(number(1)));
        let required = "Invalid; company_id: is required: one of your companies";
        assert_eq!((refused(company(&several, None)), refused(company(&none, None))), (required.into(), required.into()));
        assert_eq!(refused(company(&several, Some(number(3)))), "NotFound; company_id: does not exist");
        assert_eq!(Scope::Everything.company(&own, None).unwrap(), None);
    }
}
