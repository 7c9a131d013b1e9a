use jiff::SignedDuration;
use serde_json::{Value, json};

use super::SETTLED_AFTER;
use crate::support::resource::{APPLICATIONS, TASKS, USERS};
use crate::support::{Partner, Stage, document, problem, success, world};

const STATUSES: [&str; 4] = ["pending", "accepted", "rejected", "cancelled"];

#[tokio::test]
async fn the_documents_example_is_stored_and_returned_whole() {
    let stage = Stage::open().await;
    let partner = APPLICATIONS.partner(&stage.address).await;
    let sent = document::example("channel_application_id");
    let whole = APPLICATIONS.stores_as(&partner, sent, &APPLICATIONS.example()).await;
    assert_eq!(whole["created_at"], "2024-01-15T10:30:00Z");
}

#[tokio::test]
async fn another_channels_application_does_not_exist() {
    let (owner, other) = (APPLICATIONS.partner(world()).await, APPLICATIONS.partner(world()).await);
    owner.push_examples(&["applications"]).await;
    let missing = problem(404, 1001, &[("channel_application_id", "does not exist")]);
    assert_eq!(other.get(&APPLICATIONS.example_path()).await, missing);
    assert_eq!(other.put(&APPLICATIONS.example_path(), &json!({"remark": "别人"})).await, missing);
    APPLICATIONS.lists(&other, "channel_user_id=U20240101001", &[]).await;
}

#[tokio::test]
async fn an_application_is_created_once() {
    APPLICATIONS.is_created_once(json!({"status": "cancelled"}), ("remark", "别的".into())).await;
}

#[tokio::test]
async fn an_application_is_pending_by_default() {
    let partner = APPLICATIONS.partner(world()).await;
    APPLICATIONS.stores_as(&partner, &APPLICATIONS.without("status").to_string(), &APPLICATIONS.example()).await;
}

#[tokio::test]
async fn a_patch_is_merged_into_the_application() {
    APPLICATIONS
        .merges(&[
            (json!({"channel_application_id": "merged.0", "status": "pending"}), &[]),
            (json!({"resume_url": null, "remark": "急"}), &[("resume_url", Value::Null), ("remark", "急".into())]),
            (json!({"application_channel": null}), &[("application_channel", Value::Null)]),
            (json!({"applied_at": "2024-01-19T00:00:00+08:00"}), &[("applied_at", "2024-01-18T16:00:00Z".into())]),
        ])
        .await;
}

#[tokio::test]
async fn a_patch_that_makes_the_application_invalid_is_rejected() {
    let (user, task) = (("channel_user_id", "does not exist"), ("channel_task_id", "does not exist"));
    APPLICATIONS
        .rejects_patches(&[
            (json!({"channel_user_id": null}), 400, &[("channel_user_id", "is required")]),
            (json!({"channel_application_id": "A2"}), 400, &[("channel_application_id", "is not the id in the path")]),
            (json!({"channel_user_id": "U2"}), 404, &[user]),
            (json!({"channel_task_id": "T2"}), 404, &[task]),
            (json!({"channel_user_id": "U2", "channel_task_id": "T2"}), 404, &[user, task]),
        ])
        .await;
}

#[tokio::test]
async fn only_a_change_moves_updated_at() {
    let stage = Stage::open().await;
    let partner = APPLICATIONS.partner(&stage.address).await;
    let mut whole = APPLICATIONS.stores(&partner, &APPLICATIONS.example()).await;
    stage.clock.advance(SignedDuration::from_secs(30));
    assert_eq!(partner.put(&APPLICATIONS.example_path(), &whole).await, success(whole.clone()));
    whole["status"] = "accepted".into();
    whole["updated_at"] = "2024-01-15T10:30:30Z".into();
    assert_eq!(partner.put(&APPLICATIONS.example_path(), &json!({"status": "accepted"})).await, success(whole));
}

#[tokio::test]
async fn an_application_that_was_never_posted_cannot_be_changed() {
    let partner = APPLICATIONS.partner(world()).await;
    let missing = problem(404, 1001, &[("channel_application_id", "does not exist")]);
    assert_eq!(partner.put(&APPLICATIONS.example_path(), &APPLICATIONS.example()).await, missing);
    APPLICATIONS.absent(&partner, "A20240101001").await;
}

#[tokio::test]
async fn an_application_without_its_user_or_task_is_not_stored() {
    let (user, task) = (("channel_user_id", "does not exist"), ("channel_task_id", "does not exist"));
    let elsewhere = APPLICATIONS.partner(world()).await;
    elsewhere.push_examples(&["applications"]).await;
    for (has, faults) in [(&[][..], &[user, task][..]), (&["users"], &[task]), (&["companies", "tasks"], &[user])] {
        let partner = Partner::join(world()).await;
        partner.push_examples(has).await;
        let response = partner.post(APPLICATIONS.path, &APPLICATIONS.example()).await;
        assert_eq!(response, problem(404, 1001, faults));
        APPLICATIONS.absent(&partner, "A20240101001").await;
        APPLICATIONS.lists(&partner, "", &[]).await;
    }
}

#[tokio::test]
async fn a_closed_task_accepts_applications() {
    let partner = APPLICATIONS.partner(world()).await;
    assert_eq!(partner.put(&TASKS.example_path(), &json!({"status": "closed"})).await.status, 200);
    APPLICATIONS.stores(&partner, &APPLICATIONS.example()).await;
}

#[tokio::test]
async fn missing_required_fields_of_an_application_are_named() {
    let partner = APPLICATIONS.partner(world()).await;
    let all =
        ["channel_application_id", "channel_user_id", "channel_task_id", "applied_at"].map(|field| (field, "is required"));
    APPLICATIONS.rejects(&partner, &json!({}), &all).await;
    for (field, reason) in all {
        APPLICATIONS.rejects(&partner, &APPLICATIONS.without(field), &[(field, reason)]).await;
    }
}

#[tokio::test]
async fn absent_optional_fields_of_an_application_are_not_returned() {
    let partner = APPLICATIONS.partner(world()).await;
    for (count, field) in ["resume_url", "application_channel"].into_iter().enumerate() {
        let mut body = APPLICATIONS.without(field);
        body["channel_application_id"] = format!("lacking.{count}").into();
        APPLICATIONS.stores(&partner, &body).await;
    }
    let mut nulled = APPLICATIONS.with("channel_application_id", "nulled");
    nulled["remark"] = Value::Null;
    let expected = APPLICATIONS.with("channel_application_id", "nulled");
    APPLICATIONS.stores_as(&partner, &nulled.to_string(), &expected).await;
}

#[tokio::test]
async fn the_values_of_an_application_are_checked() {
    let partner = APPLICATIONS.partner(world()).await;
    APPLICATIONS.accepts(&partner, "status", STATUSES).await;
    let reason = "must be one of: pending accepted rejected cancelled";
    APPLICATIONS.rejects_each(&partner, "status", reason, ["Pending", "canceled", "open", "已投递"]).await;
    APPLICATIONS.accepts(&partner, "application_channel", ["渠道A", "anything 无所谓"]).await;
    let reason = "must be an RFC 3339 time, such as 2024-01-15T10:30:00Z";
    APPLICATIONS.rejects_each(&partner, "applied_at", reason, ["", "2024-01-18", "2024-01-32T00:00:00Z", "昨天"]).await;
    let reason = "must be an http or https URL of at most 2048 characters";
    APPLICATIONS.rejects_each(&partner, "resume_url", reason, ["resume.pdf", "ftp://a/resume.pdf"]).await;
}

#[tokio::test]
async fn the_status_of_an_application_follows_only_allowed_transitions() {
    const LEGAL: [(&str, &str); 4] =
        [("pending", "accepted"), ("pending", "rejected"), ("pending", "cancelled"), ("accepted", "cancelled")];
    let stage = Stage::open().await;
    let partner = APPLICATIONS.partner(&stage.address).await;
    for from in STATUSES {
        for to in STATUSES {
            let id = format!("{from}.{to}");
            let mut body = APPLICATIONS.with("status", from);
            body["channel_application_id"] = id.as_str().into();
            let mut whole = APPLICATIONS.stores(&partner, &body).await;
            let response = partner.put(&APPLICATIONS.path_of(&id), &json!({"status": to})).await;
            if from == to || LEGAL.contains(&(from, to)) {
                whole["status"] = to.into();
                assert_eq!(response, success(whole.clone()), "{id}");
            } else {
                assert_eq!(response, problem(409, 1001, &[("status", "cannot change in this way")]), "{id}");
            }
            assert_eq!(partner.get(&APPLICATIONS.path_of(&id)).await, success(whole), "{id}");
        }
    }
}

#[tokio::test]
async fn only_the_remark_of_a_final_application_may_change() {
    let stage = Stage::open().await;
    let partner = APPLICATIONS.partner(&stage.address).await;
    USERS.stores(&partner, &USERS.with("channel_user_id", "U2")).await;
    for status in ["rejected", "cancelled"] {
        let mut body = APPLICATIONS.with("status", status);
        body["channel_application_id"] = status.into();
        let mut whole = APPLICATIONS.stores(&partner, &body).await;
        let path = APPLICATIONS.path_of(status);
        let last = problem(409, 1001, &[("status", "is final: only remark may still change")]);
        for patch in [
            json!({"applied_at": "2024-01-18T14:30:01Z"}),
            json!({"channel_user_id": "U2"}),
            json!({"resume_url": null}),
            json!({"application_channel": "渠道B", "remark": "同时"}),
        ] {
            assert_eq!(partner.put(&path, &patch).await, last, "{status}: {patch}");
            assert_eq!(partner.get(&path).await, success(whole.clone()), "{status}: {patch}");
        }
        whole["remark"] = "已通知".into();
        assert_eq!(partner.put(&path, &json!({"remark": "已通知", "status": status})).await, success(whole.clone()));
        whole.as_object_mut().unwrap().remove("remark");
        assert_eq!(partner.put(&path, &json!({"remark": null})).await, success(whole));
    }
}

#[tokio::test]
async fn applications_are_listed_newest_first_and_filtered() {
    let stage = Stage::open().await;
    let partner = APPLICATIONS.partner(&stage.address).await;
    USERS.stores(&partner, &USERS.with("channel_user_id", "U2")).await;
    TASKS.stores(&partner, &TASKS.with("channel_task_id", "T2")).await;
    let (u1, t1) = ("U20240101001", "T20240101001");
    for (id, user, task, status, applied_at) in [
        ("a", u1, t1, "pending", "2024-01-17T23:59:59Z"),
        ("b", u1, "T2", "accepted", "2024-01-18T00:00:00Z"),
        ("c", "U2", t1, "pending", "2024-01-20T12:00:00Z"),
        ("d", "U2", "T2", "rejected", "2024-01-18T23:59:59Z"),
        ("e", u1, t1, "cancelled", "2024-01-19T00:00:00Z"),
    ] {
        stage.clock.advance(SignedDuration::from_secs(1));
        let body = json!({"channel_application_id": id, "channel_user_id": user, "channel_task_id": task, "status": status,
            "applied_at": applied_at});
        APPLICATIONS.stores(&partner, &body).await;
    }
    for (query, ids) in [
        ("", &["e", "d", "c", "b", "a"][..]),
        ("channel_user_id=U2", &["d", "c"]),
        ("channel_task_id=T2", &["d", "b"]),
        ("channel_user_id=U2&channel_task_id=T2", &["d"]),
        ("channel_user_id=U3", &[]),
        ("status=pending", &["c", "a"]),
        ("status=cancelled", &["e"]),
        ("channel_user_id=U20240101001&status=pending", &["a"]),
        ("channel_task_id=T20240101001&status=pending", &["c", "a"]),
        ("start_date=2024-01-18", &["e", "d", "c", "b"]),
        ("end_date=2024-01-18", &["d", "b", "a"]),
        ("start_date=2024-01-18&end_date=2024-01-18", &["d", "b"]),
        ("start_date=2024-01-18T23:59:59Z", &["e", "d", "c"]),
        ("start_date=2024-01-19T07:59:59%2B08:00", &["e", "d", "c"]),
        ("end_date=2024-01-18T23:59:59Z", &["d", "b", "a"]),
        ("end_date=2024-01-18T23:59:58Z", &["b", "a"]),
        ("start_date=2024-01-18T00:00:00Z&end_date=2024-01-18T00:00:00Z", &["b"]),
        ("start_date=2024-01-18&end_date=2024-01-19T00:00:00Z&channel_user_id=U20240101001", &["e", "b"]),
        ("start_date=2024-01-18&channel_user_id=U2&channel_task_id=T20240101001&status=pending", &["c"]),
        ("start_date=2024-01-21", &[]),
    ] {
        APPLICATIONS.lists(&partner, query, ids).await;
    }
    stage.clock.advance(SETTLED_AFTER);
    for (query, ids) in [
        ("updated_after=2024-01-15T10:30:04Z", &["d", "e"][..]),
        ("updated_after=2024-01-15T10:30:04Z&end_date=2024-01-18", &["d"]),
        ("updated_after=2024-01-15T10:30:01Z&channel_user_id=U2&channel_task_id=T2", &["d"]),
        ("updated_after=2024-01-15T10:30:06Z", &[]),
    ] {
        APPLICATIONS.lists(&partner, query, ids).await;
    }
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(partner.put(&APPLICATIONS.path_of("a"), &json!({"status": "accepted"})).await.status, 200);
    APPLICATIONS.lists(&partner, "status=accepted", &["b", "a"]).await;
    APPLICATIONS.lists(&partner, "status=pending", &["c"]).await;
    stage.clock.advance(SETTLED_AFTER);
    APPLICATIONS.lists(&partner, "updated_after=2024-01-15T10:31:20Z", &["a"]).await;
    APPLICATIONS.lists(&partner, "updated_after=2024-01-15T10:31:21Z", &[]).await;
}
