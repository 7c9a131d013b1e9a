use serde_json::{Value, json};

use crate::support::resource::{COMPANIES, number};
use crate::support::{Partner, Stage, document, problem, success, world};

#[tokio::test]
async fn the_documents_example_is_stored_and_returned_whole() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let whole = COMPANIES.stores_as(&partner, document::example("channel_company_id"), &COMPANIES.example()).await;
    assert_eq!(whole["created_at"], "2024-01-15T10:30:00Z");
}

#[tokio::test]
async fn another_channels_company_does_not_exist() {
    let (owner, other) = (Partner::join(world()).await, Partner::join(world()).await);
    owner.push_examples(&["companies"]).await;
    let missing = problem(404, 1001, &[("channel_company_id", "does not exist")]);
    assert_eq!(other.get(&COMPANIES.example_path()).await, missing);
    assert_eq!(other.put(&COMPANIES.example_path(), &json!({"company_name": "别人"})).await, missing);
}

#[tokio::test]
async fn a_company_is_created_once() {
    COMPANIES.is_created_once(json!({"legal_person": "赵六"}), ("company_name", "别的公司".into())).await;
}

#[tokio::test]
async fn a_patch_is_merged_into_the_company() {
    COMPANIES
        .merges(&[
            (json!({"channel_company_id": "merged.0"}), &[]),
            (
                json!({"contact_phone": null, "legal_person": "赵六"}),
                &[("contact_phone", Value::Null), ("legal_person", "赵六".into())],
            ),
            (
                json!({"business_license": {"expiry_date": "长期", "license_photo": null, "paid_in_capital": 0.01}}),
                &[
                    ("business_license.expiry_date", "长期".into()),
                    ("business_license.license_photo", Value::Null),
                    ("business_license.paid_in_capital", number("0.01")),
                ],
            ),
            (json!({"business_license": null}), &[("business_license", Value::Null)]),
        ])
        .await;
}

#[tokio::test]
async fn a_patch_that_makes_the_company_invalid_is_rejected() {
    let expired = "must not be before issue_date";
    COMPANIES
        .rejects_patches(&[
            (json!({"company_name": null}), 400, &[("company_name", "is required")]),
            (json!({"business_license": {"license_number": null}}), 400, &[("business_license.license_number", "is required")]),
            (json!({"business_license": {"expiry_date": "2019-12-31"}}), 400, &[("business_license.expiry_date", expired)]),
            (json!({"business_license": {"issue_date": "2051-01-01"}}), 400, &[("business_license.expiry_date", expired)]),
            (json!({"channel_company_id": "C2"}), 400, &[("channel_company_id", "is not the id in the path")]),
        ])
        .await;
}

#[tokio::test]
async fn only_a_change_moves_updated_at() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let mut whole = COMPANIES.stores(&partner, &COMPANIES.example()).await;
    stage.clock.advance(jiff::SignedDuration::from_secs(1));
    assert_eq!(partner.put(&COMPANIES.example_path(), &whole).await, success(whole.clone()));
    whole["contact_person"] = "孙七".into();
    whole["updated_at"] = "2024-01-15T10:30:01Z".into();
    assert_eq!(partner.put(&COMPANIES.example_path(), &json!({"contact_person": "孙七"})).await, success(whole));
}

#[tokio::test]
async fn a_company_that_was_never_posted_cannot_be_changed() {
    let partner = Partner::join(world()).await;
    let missing = problem(404, 1001, &[("channel_company_id", "does not exist")]);
    assert_eq!(partner.put(&COMPANIES.example_path(), &COMPANIES.example()).await, missing);
    COMPANIES.absent(&partner, "C20240101001").await;
}

#[tokio::test]
async fn missing_required_fields_of_a_company_are_named() {
    let partner = Partner::join(world()).await;
    let all = ["channel_company_id", "company_name", "social_credit_code"].map(|field| (field, "is required"));
    COMPANIES.rejects(&partner, &json!({}), &all).await;
    for (field, reason) in all.into_iter().chain([("business_license.license_number", "is required")]) {
        COMPANIES.rejects(&partner, &COMPANIES.without(field), &[(field, reason)]).await;
    }
    COMPANIES.rejects_each(&partner, "company_name", "must not be empty", ["", " "]).await;
}

#[tokio::test]
async fn absent_optional_fields_of_a_company_are_not_returned() {
    let partner = Partner::join(world()).await;
    let license = ["license_photo", "issue_date", "expiry_date", "registration_capital", "paid_in_capital"];
    let own = ["legal_person", "contact_person", "contact_phone", "business_license", "registered_address", "business_scope"];
    let fields = own.map(str::to_owned).into_iter().chain(license.map(|field| format!("business_license.{field}")));
    for (count, field) in fields.enumerate() {
        let mut body = COMPANIES.without(&field);
        body["channel_company_id"] = format!("lacking.{count}").into();
        COMPANIES.stores(&partner, &body).await;
    }
}

#[tokio::test]
async fn a_contact_phone_may_be_a_landline() {
    let partner = Partner::join(world()).await;
    let good =
        ["010-12345678", "0755 1234567", "(021)12345678", "+86-10-12345678", "13800138000", "4001234567", "010-12345678-123"];
    COMPANIES.accepts(&partner, "contact_phone", good).await;
    let bad = ["-", "12", "电话", "010-1234567x", "１２３４５６", "1234567890123456"];
    COMPANIES.rejects_each(&partner, "contact_phone", "must be a phone number", bad).await;
}

#[tokio::test]
async fn a_license_may_never_expire() {
    let partner = Partner::join(world()).await;
    COMPANIES.accepts(&partner, "business_license.expiry_date", ["长期", "2020-01-01", "9999-12-31", "2024-02-29"]).await;
    let before = "must not be before issue_date";
    COMPANIES.rejects_each(&partner, "business_license.expiry_date", before, ["2019-12-31"]).await;
    let bad = ["永久", "long", "2023-02-29", "2024-13-01", "2050-12-31T00:00:00Z", "2050-1-32", "2050/12-31", "2050.12.31"];
    let reason = "must be a date, such as 2024-01-15, or 长期";
    COMPANIES.rejects_each(&partner, "business_license.expiry_date", reason, bad).await;
}

#[tokio::test]
async fn a_license_is_issued_on_a_real_date() {
    let partner = Partner::join(world()).await;
    COMPANIES.accepts(&partner, "business_license.issue_date", ["2020-02-29", "1999-12-31", "2050-12-31"]).await;
    let bad = ["长期", "2023-02-29", "2020-00-10", "20200101", "2020-1-0", "2020-01-01T00:00:00Z"];
    COMPANIES.rejects_each(&partner, "business_license.issue_date", "must be a date, such as 2024-01-15", bad).await;
}

#[tokio::test]
async fn capital_is_exact_and_not_negative() {
    let partner = Partner::join(world()).await;
    for field in ["business_license.registration_capital", "business_license.paid_in_capital"] {
        COMPANIES.accepts(&partner, field, ["0", "0.29", "19.99", "999999999999.99"].map(number)).await;
        COMPANIES.rejects_each(&partner, field, "must have at most 2 decimals", ["0.001", "1.005"].map(number)).await;
        let reason = "must be from 0 to 1000000000000";
        COMPANIES.rejects_each(&partner, field, reason, ["-0.01", "-1", "1000000000000.01"].map(number)).await;
    }
}

#[tokio::test]
async fn a_credit_code_has_18_digits_and_capitals() {
    let partner = Partner::join(world()).await;
    COMPANIES.accepts(&partner, "social_credit_code", ["91110000MA00ABCD01", "91350100M000100Y43"]).await;
    let bad = ["", "91110000MA00ABCD0", "91110000MA00ABCD012", "91110000ma00abcd01", "91110000MA00ABCD0!", "９１110000MA00"];
    COMPANIES.rejects_each(&partner, "social_credit_code", "must be 18 digits and capital letters", bad).await;
}

#[tokio::test]
async fn a_license_photo_is_a_web_address() {
    let partner = Partner::join(world()).await;
    let host = "https://cdn.example.com/";
    let longest = format!("{host}{}", "x".repeat(2048 - host.len()));
    COMPANIES.accepts(&partner, "business_license.license_photo", [longest.as_str(), "http://a", "HTTPS://a/照片.jpg"]).await;
    let too_long = format!("{longest}x");
    let reason = "must be an http or https URL of at most 2048 characters";
    let bad = ["a.jpg", "file:///etc/passwd", "https://u:p@a/", too_long.as_str()];
    COMPANIES.rejects_each(&partner, "business_license.license_photo", reason, bad).await;
}

#[tokio::test]
async fn strict_checksums_reject_the_documents_credit_code() {
    let stage = Stage::open_with(&[("STRICT_CHECKSUMS", "true")]).await;
    let partner = Partner::join(&stage.address).await;
    let reason = "has a wrong check character";
    let bad = ["91110000MA00ABCD01", "91350100M000100Y44", "91350100M000100I43"];
    COMPANIES.rejects_each(&partner, "social_credit_code", reason, bad).await;
    COMPANIES.accepts(&partner, "social_credit_code", ["91350100M000100Y43"]).await;
}
