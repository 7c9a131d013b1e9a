//! Audit records stay as they were written: which functions may write them, the copies, and how long they are kept.

use std::collections::BTreeSet;

use local::policies::{Grant, Policies};
use local::template::Template;
use serde_json::{Value, json};

use super::admin::done;
use crate::support::{Stage, fetch};

/// The grants that begin with `prefix` on the audit table or the audit bucket.
fn granted(prefix: &str) -> impl Iterator<Item = Grant> {
    let is_of_audit = |grant: &Grant| match grant.resource.strip_suffix('*') {
        Some(begin) => begin.starts_with("audit/") || "audit/".starts_with(begin),
        None => grant.resource == "audit",
    };
    let grants = Policies::of(Template::read().unwrap()).unwrap().grants.into_iter();
    grants.filter(move |grant| is_of_audit(grant) && grant.action.starts_with(prefix))
}

#[test]
fn no_function_may_change_or_remove_a_record_or_its_copy() {
    let reads: BTreeSet<String> =
        granted("dynamodb:").filter(|grant| grant.action != "dynamodb:PutItem").map(|grant| grant.to_string()).collect();
    let commands = ["ops-admin", "ops-console"];
    let expected = commands
        .map(|function| ["BatchGetItem audit", "Query audit/index/*"].map(|call| format!("{function} dynamodb:{call}")));
    assert_eq!(reads, expected.into_iter().flatten().collect());
    let writers: BTreeSet<String> = granted("dynamodb:PutItem").map(|grant| grant.resource).collect();
    assert_eq!(writers, ["audit".to_owned()].into());
    let of_bucket: Vec<String> = granted("s3:").map(|grant| grant.to_string()).collect();
    assert_eq!(of_bucket, ["ops-audit s3:PutObject audit/*"]);
}

#[tokio::test]
async fn each_record_is_copied_to_the_bucket_that_no_function_reads() {
    let stage = Stage::open().await;
    done(&stage.address, &json!({"command": "create_channel", "appkey": "copied"})).await;
    // A read of the text messages delivers what the streams hold.
    fetch(local::http::client().get(&stage.address.sms_outbox_url)).await;
    let [item] = &stage.items("audit").await[..] else { panic!("one record") };
    let (id, at) = (item["pk"]["S"].as_str().unwrap(), 1_705_314_600_000_u64);
    // Three years, with a leap day in each.
    let expires_at = at / 1000 + 3 * 366 * 24 * 3600;
    let expected = json!({
        "pk": id, "sk": "record", "at": at, "actor_kind": "ops-admin", "actor_id": "ops-admin", "actor_name": "ops-admin",
        "note": "zhangsan", "action": "create_channel", "object": "channel/channel/copied",
        "fields": ["appkey", "created_at", "enabled", "epoch", "secrets"], "after": 1, "outcome": "done",
        "request_id": item["request_id"]["S"], "ix1": "channel/channel/copied", "ix2": "ops-admin/ops-admin",
        "ix3": "2024-01-15", "ixsk": format!("{at:015}#{:010}#{id}", 0), "expires_at": expires_at, "due": item["due"]["S"],
        "due_at": expires_at,
    });
    let bucket = stage.bucket("AUDIT_BUCKET");
    let key = format!("2024-01-15/{id}.json");
    let copy = async || {
        assert_eq!(bucket.list("").await.unwrap(), std::slice::from_ref(&key));
        let (bytes, _) = bucket.read(&key, 0, 1 << 16).await.unwrap().expect("the copy");
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    assert_eq!(copy().await, expected);
    // A stream repeats a batch after an error.
    let event = json!({"Records": [{"dynamodb": {"NewImage": item}}]});
    for _ in 0..2 {
        assert_eq!(stage.address.invoke("ops-audit", &event).await.body, json!({"copied": 1}));
        assert_eq!(copy().await, expected);
    }
}
