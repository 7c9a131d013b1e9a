//! Single sealed values that staff reveal. Everything else that they read of persons is masked.

use super::Service;
use super::applications::Reach;
use super::directory::Handler;
use super::states::Application;
use super::values::{Number, PlatformCode};
use crate::error::{Error, Result};
use crate::storage::masked::check_revealed;

const APPLICATION: &str = "application";
const HANDLER: &str = "handler";

/// The kinds of records, and their fields that can be revealed.
pub const REVEALED: &[(&str, &[&str])] = &[
    (
        APPLICATION,
        &[
            "real_name",
            "phone",
            "id_number",
            "addr",
            "acct_addr",
            "em_contact_name",
            "em_contact_phone",
            "id_card_front",
            "id_card_back",
            "salary",
            "city",
            "location",
        ],
    ),
    (HANDLER, &["phone"]),
];

impl Service {
    /// A value in plain text. `id` is a platform and a number: `gongqiao/376295991951886`. An application beyond reach does not exist.
    ///
    /// DynamoDB: two reads for an application, one for a handler.
    pub async fn reveal(&self, kind: &str, id: &str, field: &str, reach: Reach<'_>) -> Result<String> {
        check_revealed(REVEALED, kind, field)?;
        let missing = || Error::missing("id");
        let (platform, number) = id.split_once('/').ok_or_else(missing)?;
        let platform = PlatformCode::parse(platform).map_err(|_| missing())?;
        let number: u64 = number.parse().map_err(|_| missing())?;
        let value = if kind == HANDLER {
            let id = i64::try_from(number).ok().and_then(Number::new).ok_or_else(missing)?;
            let handler: Handler = self.find_listed(&platform, id).await?.ok_or_else(missing)?;
            Some(handler.phone.as_str().to_owned())
        } else {
            let worker = self.find_worker(&platform, number).await?.ok_or_else(missing)?;
            let application = self.application(&worker).await?.filter(|found| reach.covers(found.resume.company_id));
            of_application(&application.ok_or_else(missing)?, field)
        };
        value.filter(|value| !value.is_empty()).ok_or_else(|| Error::missing("field"))
    }
}

/// The value of a field. None if the application has none.
fn of_application(Application { resume, signing, .. }: &Application, field: &str) -> Option<String> {
    let text = match field {
        "real_name" => resume.real_name.as_str(),
        "phone" => resume.phone.as_ref()?.as_str(),
        "id_number" => resume.id_number.as_ref()?.as_str(),
        "addr" => resume.addr.as_str(),
        "acct_addr" => resume.acct_addr.as_str(),
        "em_contact_name" => resume.em_contact_name.as_str(),
        "em_contact_phone" => resume.em_contact_phone.as_str(),
        "id_card_front" => resume.id_card_front.as_str(),
        "id_card_back" => resume.id_card_back.as_str(),
        "city" => signing.origin.city.as_ref()?.as_str(),
        "salary" => return Some(signing.terms.as_ref()?.salary.to_string()),
        "location" => return signing.origin.location.map(|(longitude, latitude)| format!("{longitude},{latitude}")),
        _ => return None,
    };
    Some(text.to_owned())
}
