//! The commands that administer the signing API.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::worker::{COMPANY, CONTRACT, Platform, Worker, ok, resume};
use crate::support::world;

/// A worker with an application, and its em_id.
pub async fn applied(platform: &Platform, user: &str) -> (Worker, Value) {
    let worker = platform.worker(user).await;
    assert_eq!(worker.send_json(Method::POST, &resume()).await, ok(Value::Null));
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    (worker, em_id)
}

/// The fields of a decision, beside the application and its version.
pub fn decision(command: &str) -> Value {
    match command {
        "approve_application" => {
            json!({"contract_id": CONTRACT, "entry_date": "2024-02-01", "salary": 6000, "work_pos": "B岗位"})
        }
        "reject_application" => json!({"reason": "照片不清楚"}),
        _ => json!({}),
    }
}

pub fn failure(kind: &str, message: &str) -> Value {
    json!({"errorType": kind, "errorMessage": message})
}

#[tokio::test]
async fn only_allowed_transitions_are_made() {
    const COMMANDS: [&str; 4] = ["approve_application", "sign_application", "reject_application", "cancel_application"];
    /// The commands that lead to each state, and the state after each of the four commands.
    const STATES: [(&[&str], [Option<u8>; 4]); 5] = [
        (&[], [Some(2), None, Some(4), Some(5)]),
        (&["approve_application"], [None, Some(3), Some(4), Some(5)]),
        (&["approve_application", "sign_application"], [None; 4]),
        (&["reject_application"], [None; 4]),
        (&["cancel_application"], [None; 4]),
    ];
    let platform = Platform::create(world()).await;
    for (state, (way, outcomes)) in (1..).zip(STATES) {
        for ((command, outcome), to) in COMMANDS.iter().zip(outcomes).zip([2, 3, 4, 5]) {
            let (_, em_id) = applied(&platform, &format!("{state}-{command}")).await;
            for step in way {
                assert_eq!(platform.decide(step, &em_id, decision(step)).await["em_id"], em_id);
            }
            let response = platform.decide(command, &em_id, decision(command)).await;
            match outcome {
                Some(next) => assert_eq!(response["status"], next, "{command} from {state}: {response}"),
                None => {
                    let message = response["errorMessage"].as_str().unwrap_or_default();
                    let (reason, by) = message.rsplit_once(" by ").unwrap_or_default();
                    let expected = format!("status: cannot become {to} from {state}: it became {state} at 20");
                    assert_eq!(response["errorType"], "Conflict", "{command} from {state}");
                    assert!(reason.starts_with(&expected), "{command} from {state}: {message}");
                    assert_eq!(by, if way.is_empty() { "worker" } else { "zhangsan" }, "{command} from {state}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_concurrent_decisions_is_made() {
    let platform = Platform::create(world()).await;
    let (_, em_id) = applied(&platform, "contested").await;
    let decisions = (0..24).map(|number| {
        let (platform, em_id) = (platform.clone(), em_id.clone());
        let command = if number % 2 == 0 { "reject_application" } else { "cancel_application" };
        tokio::spawn(async move {
            let mut event = decision(command);
            (event["em_id"], event["version"], event["by"]) = (em_id, 1.into(), format!("reviewer {number}").into());
            platform.command(command, event).await
        })
    });
    let responses: Vec<Value> = join_all(decisions).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(responses.iter().filter(|response| response["em_id"] == em_id).count(), 1);
    let shown = platform.command("show_application", json!({"em_id": em_id})).await;
    assert_eq!(shown["moves"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn unknown_and_invalid_parameters_of_commands_are_named() {
    let platform = Platform::create(world()).await;
    let (_, em_id) = applied(&platform, "named").await;
    for (command, event, kind, message) in [
        ("show_application", json!({"em_id": 1}), "NotFound", "em_id: does not exist"),
        ("sign_application", json!({"em_id": 1, "version": 1, "by": "x"}), "NotFound", "em_id: does not exist"),
        ("sign_application", json!({"em_id": em_id, "by": "x"}), "Invalid", "version: is required"),
        ("reject_application", json!({"em_id": em_id, "version": 1, "by": "x"}), "Invalid", "reason: is required"),
        (
            "set_verify_status",
            json!({"em_id": em_id, "version": 1, "by": "x", "verify_status": 4}),
            "Invalid",
            "verify_status: must be a whole number from 0 to 3",
        ),
        ("set_positions", json!({"positions": "A"}), "Invalid", "positions: must be an array"),
        (
            "set_company",
            json!({"company": {"company_id": 0, "company_name": "a"}}),
            "Invalid",
            "company.company_id: must be a whole number from 1 to 2147483647",
        ),
    ] {
        assert_eq!(platform.command(command, event).await, failure(kind, message), "{command}");
    }
    let mut approve = decision("approve_application");
    approve["contract_id"] = 999.into();
    let approved = platform.decide("approve_application", &em_id, approve).await;
    assert_eq!(approved, failure("NotFound", "contract_id: does not exist"));
    let mut nowhere = platform.clone();
    nowhere.code = "nowhere".into();
    let company = json!({"company": {"company_id": 1, "company_name": "a"}});
    assert_eq!(nowhere.command("set_company", company).await, failure("NotFound", "platform_code: does not exist"));
    let other = Platform::create(world()).await;
    assert_eq!(other.command("show_application", json!({"em_id": em_id})).await, failure("NotFound", "em_id: does not exist"));
}

#[tokio::test]
async fn a_new_identity_is_unverified_and_a_rejection_removes_the_terms() {
    let platform = Platform::create(world()).await;
    let (worker, em_id) = applied(&platform, "changing").await;
    platform.decide("set_verify_status", &em_id, json!({"verify_status": 2})).await;
    for command in ["approve_application", "reject_application"] {
        platform.decide(command, &em_id, decision(command)).await;
    }
    assert_eq!(worker.send_json(Method::PUT, &resume()).await, ok(Value::Null));
    let same = platform.command("show_application", json!({"em_id": em_id})).await;
    assert_eq!((&same["verify_status"], &same["terms"]), (&json!(2), &Value::Null));

    let mut other = resume();
    other["real_name"] = "李四".into();
    assert_eq!(worker.send_json(Method::PUT, &other).await, ok(Value::Null));
    let changed = platform.command("show_application", json!({"em_id": em_id})).await;
    assert_eq!(changed["verify_status"], 0);
    let verifications: Vec<Value> =
        changed["verifications"].as_array().unwrap().iter().map(|v| json!([v["from"], v["to"], v["by"]])).collect();
    assert_eq!(Value::from(verifications), json!([[0, 2, "zhangsan"], [2, 0, "worker"]]));
}

#[tokio::test]
async fn a_contract_of_another_company_or_a_disabled_one_cannot_be_used() {
    let platform = Platform::create(world()).await;
    let (worker, em_id) = applied(&platform, "contracted").await;
    let contract = |id: u32, company: u32, status: u32| {
        json!({"contract": {
            "contract_id": id, "contract_name": "合同", "contract_body": "别的公司", "company_id": company, "sign_year": 1,
            "file_url": "https://files.example.com/c.pdf", "status": status,
        }})
    };
    platform.command("set_contract", contract(57, COMPANY + 1, 1)).await;
    platform.command("set_contract", contract(58, COMPANY, 0)).await;
    for (id, rejected) in [
        (57, failure("Conflict", "contract_id: is of another company")),
        (58, failure("NotFound", "contract_id: does not exist")),
    ] {
        let mut approve = decision("approve_application");
        approve["contract_id"] = id.into();
        assert_eq!(platform.decide("approve_application", &em_id, approve).await, rejected);
    }
    assert_eq!(worker.get("/em_status").await.body["data"]["status"], 1);
}
