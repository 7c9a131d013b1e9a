//! Dates and times in the spellings that partners use. Each is stored and returned in the document's form.

use serde_json::Value;

use super::SETTLED_AFTER;
use crate::support::resource::{APPLICATIONS, COMPANIES, PAYMENTS, Resource, TASKS, USERS};
use crate::support::{Partner, Stage, data, world};

const DATES: [(&Resource, &str); 4] = [
    (&COMPANIES, "business_license.issue_date"),
    (&COMPANIES, "business_license.expiry_date"),
    (&PAYMENTS, "payment_basis.work_date_start"),
    (&PAYMENTS, "payment_basis.work_date_end"),
];

const TIMES: [(&Resource, &str); 7] = [
    (&USERS, "live_certification.certification_time"),
    (&TASKS, "recruitment_start_time"),
    (&TASKS, "recruitment_end_time"),
    (&TASKS, "work_start_time"),
    (&TASKS, "work_end_time"),
    (&APPLICATIONS, "applied_at"),
    (&PAYMENTS, "payment_time"),
];

/// The record is stored with this spelling and returned with the document's.
async fn is_returned_as(partner: &Partner, resource: &Resource, field: &str, spelling: &str, returned: &str) {
    let whole = |value: &str| resource.with(field, value);
    let (mut sent, mut expected) = (whole(spelling), whole(returned));
    let id = format!("{field}.{}", spelling.bytes().map(|byte| format!("{byte:02x}")).collect::<String>());
    let id: Value = id[id.len().saturating_sub(64)..].into();
    (sent[resource.id_field], expected[resource.id_field]) = (id.clone(), id);
    resource.stores_as(partner, &sent.to_string(), &expected).await;
}

#[tokio::test]
async fn a_date_has_one_or_two_digits_and_hyphens_or_slashes() {
    let partner = PAYMENTS.partner(world()).await;
    for (resource, field) in DATES {
        // Between the start and the end of the examples, or equal to one of them.
        let (spellings, returned) = match field.rsplit('.').next() {
            Some("issue_date") => (["2020-1-1", "2020/1/1", "2020/01/1 "], "2020-01-01"),
            Some("expiry_date") => (["2050-1-2", "2050/1/2", "2050/01/02"], "2050-01-02"),
            _ => (["2024-2-5", "2024/2/5", " 2024/02/05"], "2024-02-05"),
        };
        for spelling in spellings {
            is_returned_as(&partner, resource, field, spelling, returned).await;
        }
    }
}

#[tokio::test]
async fn a_time_needs_a_zone_but_no_leading_zeros_and_no_seconds() {
    let partner = PAYMENTS.partner(world()).await;
    for (resource, field) in TIMES {
        // The starts and ends of the examples differ.
        let day = if field.starts_with("work") { "2024-2-5" } else { "2024-2-1" };
        let (padded, slashed) = (day.replace("-2-", "-02-0"), day.replace('-', "/"));
        for spelling in [
            format!("{padded}T10:30Z"),
            format!("{day}T10:30:0Z"),
            format!("{day} 18:30:00+0800"),
            format!("{slashed} 18:30:00.5 +08:00"),
        ] {
            is_returned_as(&partner, resource, field, &spelling, &format!("{padded}T10:30:00Z")).await;
        }
        let reason = "must be an RFC 3339 time, such as 2024-01-15T10:30:00Z";
        let bad = ["2024-2-1T10:30", "2024-13-1T10:30Z", "2024-2-30T10:30Z", "2024-2-1T24:00Z", "2024-2-1"];
        resource.rejects_each(&resource.partner(world()).await, field, reason, bad).await;
    }
}

/// `applied_at` and `payment_time` of the examples are 2024-01-18T14:30:00Z and 2024-02-20T10:00:00Z.
#[tokio::test]
async fn a_list_is_filtered_by_times_without_seconds() {
    let partner = PAYMENTS.partner(world()).await;
    PAYMENTS.stores(&partner, &PAYMENTS.example()).await;
    let count = async |resource: &Resource, query: &str| {
        data(&partner.get(&format!("{}?{query}", resource.path)).await)["total"].clone()
    };
    for (resource, before, at, after) in [
        (&APPLICATIONS, "2024-01-18T14:29Z", "2024-01-18T14:30Z", "2024-01-18T14:31Z"),
        (&PAYMENTS, "2024-2-20T9:59Z", "2024-2-20T10:00Z", "2024/2/20 10:01Z"),
        (&PAYMENTS, "2024-02-20T17:59%2B08:00", "2024-02-20 18:00%2B0800", "2024-02-20T18:01%2B08"),
    ] {
        for (query, total) in [
            (format!("start_date={at}"), 1),
            (format!("start_date={after}"), 0),
            (format!("end_date={at}"), 1),
            (format!("end_date={before}"), 0),
            (format!("start_date={before}&end_date={after}"), 1),
        ] {
            assert_eq!(count(resource, &query).await, total, "{query}");
        }
    }
    let stage = Stage::open().await;
    let partner = PAYMENTS.partner(&stage.address).await;
    PAYMENTS.stores(&partner, &PAYMENTS.example()).await;
    stage.clock.advance(SETTLED_AFTER);
    let count = async |resource: &Resource, query: &str| {
        data(&partner.get(&format!("{}?{query}", resource.path)).await)["total"].clone()
    };
    for resource in [&TASKS, &APPLICATIONS, &PAYMENTS] {
        for (time, total) in [("2024-1-15T10:30Z", 1), ("9999-12-31T23:59Z", 0)] {
            assert_eq!(count(resource, &format!("updated_after={time}")).await, total, "{}", resource.path);
        }
    }
}
