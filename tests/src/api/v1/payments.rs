use jiff::SignedDuration;
use serde_json::{Value, json};

use super::SETTLED_AFTER;
use crate::support::resource::{APPLICATIONS, PAYMENTS, USERS, number};
use crate::support::{Partner, Stage, document, problem, success, world};

const STATUSES: [&str; 3] = ["pending", "completed", "failed"];

/// A payment to the example's user with the required fields only.
fn plain(id: &str) -> Value {
    json!({"channel_payment_id": id, "payment_type": "user", "channel_user_id": "U20240101001", "amount": 5000, "currency": "CNY",
        "payment_time": "2024-02-20T10:00:00Z", "payment_basis": {"basis_type": "工时"}, "status": "pending"})
}

#[tokio::test]
async fn the_documents_example_is_stored_and_returned_whole() {
    let stage = Stage::open().await;
    let partner = PAYMENTS.partner(&stage.address).await;
    let whole = PAYMENTS.stores_as(&partner, document::example("channel_payment_id"), &PAYMENTS.example()).await;
    assert_eq!(whole["created_at"], "2024-01-15T10:30:00Z");
}

#[tokio::test]
async fn another_channels_payment_does_not_exist() {
    let (owner, other) = (PAYMENTS.partner(world()).await, PAYMENTS.partner(world()).await);
    owner.push_examples(&["payments"]).await;
    let missing = problem(404, 1001, &[("channel_payment_id", "does not exist")]);
    assert_eq!(other.get(&PAYMENTS.example_path()).await, missing);
    assert_eq!(other.put(&PAYMENTS.example_path(), &json!({"remark": "别人"})).await, missing);
    PAYMENTS.lists(&other, "status=completed", &[]).await;
}

#[tokio::test]
async fn a_payment_is_created_once() {
    PAYMENTS.is_created_once(json!({"transaction_no": "IOU2"}), ("amount", number("5000.01"))).await;
}

#[tokio::test]
async fn a_payment_is_pending_and_in_yuan_by_default() {
    let partner = PAYMENTS.partner(world()).await;
    let mut body = plain("default");
    body.as_object_mut().unwrap().retain(|field, _| !matches!(field.as_str(), "status" | "currency"));
    PAYMENTS.stores_as(&partner, &body.to_string(), &plain("default")).await;
}

#[tokio::test]
async fn a_patch_is_merged_into_the_payment() {
    PAYMENTS
        .merges(&[
            (json!({"channel_payment_id": "merged.0", "amount": 5000, "status": "completed"}), &[]),
            (json!({"payment_basis": {"supporting_docs": ["https://cdn.example.com/salary_sheet.pdf"]}}), &[]),
            (json!({"remark": "已核"}), &[("remark", "已核".into())]),
            (json!({"transaction_no": null}), &[("transaction_no", Value::Null)]),
        ])
        .await;
    let stage = Stage::open().await;
    let partner = PAYMENTS.partner(&stage.address).await;
    let mut whole = PAYMENTS.stores(&partner, &plain("P1")).await;
    whole["payment_basis"] = json!({"basis_type": "件数", "work_hours": number("7.5")});
    whole["bank_account"] = "6222021234567890123".into();
    let patch = json!({"payment_basis": {"basis_type": "件数", "work_hours": 7.5}, "bank_account": "6222021234567890123"});
    assert_eq!(partner.put(&PAYMENTS.path_of("P1"), &patch).await, success(whole.clone()));
    whole["payment_basis"] = json!({"basis_type": "件数"});
    whole.as_object_mut().unwrap().remove("bank_account");
    let patch = json!({"payment_basis": {"work_hours": null}, "bank_account": null});
    assert_eq!(partner.put(&PAYMENTS.path_of("P1"), &patch).await, success(whole));
}

#[tokio::test]
async fn a_patch_that_makes_the_payment_invalid_is_rejected() {
    let order = "must not be before work_date_start";
    PAYMENTS
        .rejects_patches(&[
            (json!({"payment_basis": null}), 400, &[("payment_basis", "is required")]),
            (json!({"payment_basis": {"basis_type": null}}), 400, &[("payment_basis.basis_type", "is required")]),
            (json!({"channel_payment_id": "P2"}), 400, &[("channel_payment_id", "is not the id in the path")]),
            (json!({"amount": 0}), 400, &[("amount", "must be more than 0")]),
            (json!({"payment_basis": {"work_date_end": "2024-01-31"}}), 400, &[("payment_basis.work_date_end", order)]),
            (json!({"payment_basis": {"work_date_start": "2024-02-16"}}), 400, &[("payment_basis.work_date_end", order)]),
            (
                json!({"channel_application_id": null}),
                400,
                &[("channel_application_id", "is required with payment_type application")],
            ),
            (
                json!({"payment_type": "user", "channel_user_id": null}),
                400,
                &[("channel_user_id", "is required with payment_type user")],
            ),
        ])
        .await;
}

#[tokio::test]
async fn a_patch_with_an_unknown_reference_is_rejected() {
    let partner = PAYMENTS.partner(world()).await;
    USERS.stores(&partner, &USERS.with("channel_user_id", "U2")).await;
    let paid = PAYMENTS.stores(&partner, &plain("P1")).await;
    let of_another = ("channel_user_id", "is not that of the record in channel_application_id");
    for (patch, status, fault) in [
        (json!({"channel_user_id": "U3"}), 404, ("channel_user_id", "does not exist")),
        (json!({"channel_application_id": "A2"}), 404, ("channel_application_id", "does not exist")),
        (
            json!({"payment_type": "application", "channel_application_id": "A2"}),
            404,
            ("channel_application_id", "does not exist"),
        ),
        (
            json!({"payment_type": "application", "channel_application_id": "A20240101001", "channel_user_id": "U2"}),
            400,
            of_another,
        ),
    ] {
        assert_eq!(partner.put(&PAYMENTS.path_of("P1"), &patch).await, problem(status, 1001, &[fault]), "{patch}");
        assert_eq!(partner.get(&PAYMENTS.path_of("P1")).await, success(paid.clone()), "{patch}");
    }
}

#[tokio::test]
async fn only_a_change_moves_updated_at() {
    let stage = Stage::open().await;
    let partner = PAYMENTS.partner(&stage.address).await;
    let mut whole = PAYMENTS.stores(&partner, &PAYMENTS.example()).await;
    stage.clock.advance(SignedDuration::from_secs(24 * 60));
    assert_eq!(partner.put(&PAYMENTS.example_path(), &whole).await, success(whole.clone()));
    whole["remark"] = "补录".into();
    whole["updated_at"] = "2024-01-15T10:54:00Z".into();
    assert_eq!(partner.put(&PAYMENTS.example_path(), &json!({"remark": "补录"})).await, success(whole));
}

#[tokio::test]
async fn a_payment_that_was_never_posted_cannot_be_changed() {
    let partner = PAYMENTS.partner(world()).await;
    let missing = problem(404, 1001, &[("channel_payment_id", "does not exist")]);
    assert_eq!(partner.put(&PAYMENTS.example_path(), &PAYMENTS.example()).await, missing);
    PAYMENTS.absent(&partner, "P20240101001").await;
}

#[tokio::test]
async fn a_payment_with_an_unknown_reference_is_not_stored() {
    let elsewhere = PAYMENTS.partner(world()).await;
    let (partner, with_user) = (Partner::join(world()).await, Partner::join(world()).await);
    with_user.push_examples(&["users"]).await;
    let (user, application) = (("channel_user_id", "does not exist"), ("channel_application_id", "does not exist"));
    let mut both = plain("P20240101001");
    both["channel_application_id"] = "A20240101001".into();
    for (partner, body, faults) in [
        (&partner, plain("P20240101001"), &[user][..]),
        (&partner, both.clone(), &[user, application]),
        (&with_user, both, &[application]),
        (&with_user, PAYMENTS.example(), &[application]),
        (&partner, PAYMENTS.without("channel_user_id"), &[application]),
    ] {
        assert_eq!(partner.post(PAYMENTS.path, &body).await, problem(404, 1001, faults), "{body}");
        PAYMENTS.absent(partner, "P20240101001").await;
        PAYMENTS.lists(partner, "", &[]).await;
    }
    PAYMENTS.stores(&elsewhere, &PAYMENTS.example()).await;
}

#[tokio::test]
async fn a_payment_for_an_application_goes_to_its_user() {
    let partner = PAYMENTS.partner(world()).await;
    USERS.stores(&partner, &USERS.with("channel_user_id", "U2")).await;
    let of_another = [("channel_user_id", "is not that of the record in channel_application_id")];
    for user in ["U2", "U3"] {
        PAYMENTS.rejects(&partner, &PAYMENTS.with("channel_user_id", user), &of_another).await;
    }
    PAYMENTS.stores(&partner, &PAYMENTS.without("channel_user_id")).await;
}

#[tokio::test]
async fn a_payment_needs_the_references_of_its_type() {
    let partner = PAYMENTS.partner(world()).await;
    let application = ("channel_application_id", "is required with payment_type application");
    PAYMENTS.rejects(&partner, &PAYMENTS.without("channel_application_id"), &[application]).await;
    let mut body = PAYMENTS.with("payment_type", "user");
    body.as_object_mut().unwrap().remove("channel_user_id");
    PAYMENTS.rejects(&partner, &body, &[("channel_user_id", "is required with payment_type user")]).await;
    PAYMENTS.rejects_each(&partner, "payment_type", "must be one of: user application", ["", "User", "用户", "company"]).await;
}

#[tokio::test]
async fn missing_required_fields_of_a_payment_are_named() {
    let partner = PAYMENTS.partner(world()).await;
    let all =
        ["channel_payment_id", "payment_type", "amount", "payment_time", "payment_basis"].map(|field| (field, "is required"));
    PAYMENTS.rejects(&partner, &json!({}), &all).await;
    for (field, reason) in all.into_iter().chain([("payment_basis.basis_type", "is required")]) {
        PAYMENTS.rejects(&partner, &PAYMENTS.without(field), &[(field, reason)]).await;
    }
}

#[tokio::test]
async fn absent_optional_fields_of_a_payment_are_not_returned() {
    let partner = PAYMENTS.partner(world()).await;
    let own = ["payment_method", "payment_channel", "bank_name", "bank_account", "transaction_no"].into_iter();
    let basis = ["work_date_start", "work_date_end", "description", "supporting_docs"];
    let fields = own.map(str::to_owned).chain(basis.map(|field| format!("payment_basis.{field}")));
    for (count, field) in fields.enumerate() {
        let mut body = PAYMENTS.without(&field);
        body["channel_payment_id"] = format!("lacking.{count}").into();
        PAYMENTS.stores(&partner, &body).await;
    }
}

#[tokio::test]
async fn every_spelling_of_the_documents_lists_is_kept_as_sent() {
    let partner = PAYMENTS.partner(world()).await;
    PAYMENTS.accepts(&partner, "payment_type", ["user", "application"]).await;
    PAYMENTS.accepts(&partner, "payment_method", ["银行转账", "支付宝", "微信", "现金"]).await;
    let bases = ["工时", "件数", "月薪", "日薪", "hours", "pieces", "monthly", "daily"];
    PAYMENTS.accepts(&partner, "payment_basis.basis_type", bases).await;
    PAYMENTS.accepts(&partner, "status", STATUSES).await;
    PAYMENTS.accepts(&partner, "currency", ["CNY", "USD", "EUR", "MOP"]).await;
    PAYMENTS.accepts(&partner, "bank_account", ["6222021234567890123", "zhangsan@example.com", "0"]).await;
}

#[tokio::test]
async fn a_value_outside_the_documents_lists_is_rejected() {
    let partner = PAYMENTS.partner(world()).await;
    let methods = "must be one of: 银行转账 支付宝 微信 现金";
    PAYMENTS.rejects_each(&partner, "payment_method", methods, ["支票", "alipay"]).await;
    let bases = "must be one of: 工时 件数 月薪 日薪 hours pieces monthly daily";
    PAYMENTS.rejects_each(&partner, "payment_basis.basis_type", bases, ["", "年薪", "Hours", "hourly"]).await;
    PAYMENTS.rejects_each(&partner, "status", "must be one of: pending completed failed", ["paid", "Completed", "完成"]).await;
    PAYMENTS.rejects_each(&partner, "currency", "must be a currency code of ISO 4217", ["cny", "RMB", "XXX", "CNY "]).await;
    PAYMENTS.rejects_each(&partner, "bank_account", "must be 1 to 64 characters", ["62\n22"]).await;
}

#[tokio::test]
async fn an_amount_is_exact_to_the_fen() {
    let partner = PAYMENTS.partner(world()).await;
    let exact = ["0.01", "0.29", "19.99", "999999999999.99", "1000000000000"];
    PAYMENTS.accepts(&partner, "amount", exact.map(number)).await;
    for (count, (sent, returned)) in
        [("5000.00", "5000"), ("0.10", "0.1"), ("5e3", "5000"), ("1999E-2", "19.99")].into_iter().enumerate()
    {
        let body = plain(&format!("written.{count}"));
        let sent = body.to_string().replace("\"amount\":5000", &format!("\"amount\":{sent}"));
        let mut expected = body.clone();
        expected["amount"] = number(returned);
        assert!(sent.parse::<Value>().is_ok());
        PAYMENTS.stores_as(&partner, &sent, &expected).await;
    }
}

#[tokio::test]
async fn an_amount_that_is_not_money_is_rejected() {
    let partner = PAYMENTS.partner(world()).await;
    let sums = [
        ("0", "must be more than 0"),
        ("0.00", "must be more than 0"),
        ("-0", "must be more than 0"),
        ("-0.01", "must be from 0 to 1000000000000"),
        ("-5000", "must be from 0 to 1000000000000"),
        ("1000000000000.01", "must be from 0 to 1000000000000"),
        ("18446744073709551616", "must be from 0 to 1000000000000"),
        ("0.001", "must have at most 2 decimals"),
        ("5000.125", "must have at most 2 decimals"),
        ("5000.000001", "must have at most 2 decimals"),
        ("1e400", "has too many digits"),
        ("1e-400", "must be more than 0"),
        ("0e400", "must be more than 0"),
        ("\"5000\"", "must be a number"),
    ];
    for (literal, reason) in sums {
        let sent = document::example("channel_payment_id").replace("\"amount\": 5000", &format!("\"amount\": {literal}"));
        assert!(sent.contains(literal));
        assert_eq!(partner.post_text(PAYMENTS.path, &sent).await, problem(400, 1001, &[("amount", reason)]), "{literal}");
        PAYMENTS.absent(&partner, "P20240101001").await;
    }
}

#[tokio::test]
async fn the_basis_of_a_payment_is_checked() {
    let partner = PAYMENTS.partner(world()).await;
    PAYMENTS.accepts(&partner, "payment_basis.work_hours", ["0", "7.5", "160.25", "100000"].map(number)).await;
    let reason = "must be from 0 to 100000";
    PAYMENTS.rejects_each(&partner, "payment_basis.work_hours", reason, ["-0.5", "100000.5"].map(number)).await;
    PAYMENTS.accepts(&partner, "payment_basis.work_date_end", ["2024-02-01", "2024-02-29"]).await;
    let reason = "must not be before work_date_start";
    PAYMENTS.rejects_each(&partner, "payment_basis.work_date_end", reason, ["2024-01-31", "2023-12-31"]).await;
    for field in ["payment_basis.work_date_start", "payment_basis.work_date_end"] {
        let reason = "must be a date, such as 2024-01-15";
        PAYMENTS.rejects_each(&partner, field, reason, ["长期", "2024-02-30", "2024-2-001", "2024-02-01T00:00:00Z"]).await;
    }
    let docs = PAYMENTS.with("payment_basis.supporting_docs", json!(["https://a/1.pdf", "1.pdf"]));
    let reason = "must be an http or https URL of at most 2048 characters";
    PAYMENTS.rejects(&partner, &docs, &[("payment_basis.supporting_docs[1]", reason)]).await;
    let reason = "must be an RFC 3339 time, such as 2024-01-15T10:30:00Z";
    PAYMENTS.rejects_each(&partner, "payment_time", reason, ["", "2024-02-20", "2024-02-30T10:00:00Z"]).await;
}

#[tokio::test]
async fn the_status_of_a_payment_follows_only_allowed_transitions() {
    const LEGAL: [(&str, &str); 3] = [("pending", "completed"), ("pending", "failed"), ("failed", "pending")];
    let stage = Stage::open().await;
    let partner = PAYMENTS.partner(&stage.address).await;
    for from in STATUSES {
        for to in STATUSES {
            let id = format!("{from}.{to}");
            let mut body = plain(&id);
            body["status"] = from.into();
            let mut whole = PAYMENTS.stores(&partner, &body).await;
            let response = partner.put(&PAYMENTS.path_of(&id), &json!({"status": to})).await;
            if from == to || LEGAL.contains(&(from, to)) {
                whole["status"] = to.into();
                assert_eq!(response, success(whole.clone()), "{id}");
            } else {
                assert_eq!(response, problem(409, 1001, &[("status", "cannot change in this way")]), "{id}");
            }
            assert_eq!(partner.get(&PAYMENTS.path_of(&id)).await, success(whole), "{id}");
        }
    }
}

#[tokio::test]
async fn only_remark_and_transaction_no_of_a_completed_payment_may_change() {
    let stage = Stage::open().await;
    let partner = PAYMENTS.partner(&stage.address).await;
    let mut whole = PAYMENTS.stores(&partner, &PAYMENTS.example()).await;
    let last = problem(409, 1001, &[("status", "is final: only remark and transaction_no may still change")]);
    for patch in [
        json!({"amount": 5000.01}),
        json!({"currency": "USD"}),
        json!({"payment_time": "2024-02-20T10:00:01Z"}),
        json!({"payment_method": null}),
        json!({"bank_account": "6222021234567890124"}),
        json!({"payment_basis": {"description": null}}),
        json!({"payment_type": "user"}),
        json!({"bank_name": "别的银行", "remark": "同时"}),
    ] {
        assert_eq!(partner.put(&PAYMENTS.example_path(), &patch).await, last, "{patch}");
        assert_eq!(partner.get(&PAYMENTS.example_path()).await, success(whole.clone()), "{patch}");
    }
    whole["remark"] = "已到账".into();
    whole["transaction_no"] = "IOU20240221002".into();
    let patch = json!({"remark": "已到账", "transaction_no": "IOU20240221002", "status": "completed"});
    assert_eq!(partner.put(&PAYMENTS.example_path(), &patch).await, success(whole.clone()));
    whole.as_object_mut().unwrap().retain(|field, _| !matches!(field.as_str(), "remark" | "transaction_no"));
    let patch = json!({"remark": null, "transaction_no": null});
    assert_eq!(partner.put(&PAYMENTS.example_path(), &patch).await, success(whole));
}

#[tokio::test]
async fn payments_are_listed_newest_first_and_filtered() {
    let stage = Stage::open().await;
    let partner = PAYMENTS.partner(&stage.address).await;
    USERS.stores(&partner, &USERS.with("channel_user_id", "U2")).await;
    let mut second = APPLICATIONS.with("channel_application_id", "A2");
    second["channel_user_id"] = "U2".into();
    APPLICATIONS.stores(&partner, &second).await;
    let (u1, a1) = (Some("U20240101001"), Some("A20240101001"));
    for (id, payment_type, user, application, status, payment_time) in [
        ("a", "user", u1, None, "pending", "2024-02-19T23:59:59Z"),
        ("b", "application", u1, a1, "completed", "2024-02-20T00:00:00Z"),
        ("c", "application", None, Some("A2"), "failed", "2024-02-20T23:59:59Z"),
        ("d", "user", Some("U2"), None, "completed", "2024-02-21T00:00:00Z"),
        ("e", "user", Some("U2"), Some("A2"), "pending", "2024-02-18T08:00:00Z"),
    ] {
        stage.clock.advance(SignedDuration::from_secs(1));
        let mut body = plain(id);
        body["payment_type"] = payment_type.into();
        body["status"] = status.into();
        body["payment_time"] = payment_time.into();
        body.as_object_mut().unwrap().remove("channel_user_id");
        for (field, value) in [("channel_user_id", user), ("channel_application_id", application)] {
            if let Some(value) = value {
                body[field] = value.into();
            }
        }
        PAYMENTS.stores(&partner, &body).await;
    }
    for (query, ids) in [
        ("", &["e", "d", "c", "b", "a"][..]),
        ("channel_user_id=U20240101001", &["b", "a"]),
        ("channel_user_id=U2", &["e", "d"]),
        ("channel_application_id=A2", &["e", "c"]),
        ("channel_application_id=A2&channel_user_id=U2", &["e"]),
        ("channel_application_id=A3", &[]),
        ("payment_type=user", &["e", "d", "a"]),
        ("payment_type=application", &["c", "b"]),
        ("status=pending", &["e", "a"]),
        ("status=completed", &["d", "b"]),
        ("status=failed", &["c"]),
        ("payment_type=user&status=pending", &["e", "a"]),
        ("payment_type=user&status=pending&channel_user_id=U2", &["e"]),
        ("payment_type=application&channel_application_id=A2", &["c"]),
        ("start_date=2024-02-20", &["d", "c", "b"]),
        ("end_date=2024-02-20", &["e", "c", "b", "a"]),
        ("start_date=2024-02-20&end_date=2024-02-20", &["c", "b"]),
        ("start_date=2024-2-20&end_date=2024/2/20", &["c", "b"]),
        ("start_date=2024-02-20T23:59:59Z", &["d", "c"]),
        ("end_date=2024-02-20T00:00:00Z", &["e", "b", "a"]),
        ("end_date=2024-02-20T07:59:59%2B08:00", &["e", "a"]),
        ("start_date=2024-02-20T00:00:00Z&end_date=2024-02-20T00:00:00Z", &["b"]),
        ("start_date=2024-02-19&end_date=2024-02-20&status=pending&payment_type=user", &["a"]),
    ] {
        PAYMENTS.lists(&partner, query, ids).await;
    }
    stage.clock.advance(SETTLED_AFTER);
    for (query, ids) in [
        ("start_date=2024-2-20T23:59Z&updated_after=2024-1-15T10:30Z", &["c", "d"][..]),
        ("updated_after=2024-01-15T10:30:03Z", &["c", "d", "e"]),
        ("updated_after=2024-01-15T10:30:03Z&channel_application_id=A2", &["c", "e"]),
        ("updated_after=2024-01-15T10:30:03Z&status=completed&payment_type=user&start_date=2024-02-21", &["d"]),
        ("updated_after=2024-01-15T10:30:06Z", &[]),
    ] {
        PAYMENTS.lists(&partner, query, ids).await;
    }
}
