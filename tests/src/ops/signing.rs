//! The commands that administer the signing API.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::worker::{COMPANY, CONTRACT, HANDLER, Platform, Worker, ok, resume};
use crate::support::{Stage, world};

const AT: &str = "2024-01-15T10:30:00Z";

/// A worker with an application, and its em_id.
async fn applied(platform: &Platform, user: &str) -> (Worker, Value) {
    let worker = platform.worker(user).await;
    assert_eq!(worker.send_json(Method::POST, &resume()).await, ok(Value::Null));
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    (worker, em_id)
}

/// An administrator's decision about an application, with its parameters.
fn decision(command: &str, em_id: &Value) -> Value {
    let mut event = json!({"em_id": em_id, "by": "zhangsan"});
    let more = match command {
        "approve_application" => {
            json!({"contract_id": CONTRACT, "entry_date": "2024-02-01", "salary": 6000, "work_pos": "B岗位"})
        }
        "reject_application" => json!({"reason": "照片不清楚"}),
        _ => json!({}),
    };
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn failure(kind: &str, message: &str) -> Value {
    json!({"errorType": kind, "errorMessage": message})
}

#[tokio::test]
async fn an_application_is_shown_without_its_private_fields() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("shown").await;
    let request =
        worker.request(Method::POST, "/employee").header("x-city", "%E6%88%90%E9%83%BD").header("x-location", "104.06-30.67");
    let sent = request.header("content-type", "application/json").body(resume().to_string()).send().await.unwrap();
    assert_eq!(sent.status().as_u16(), 200);
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    let summary = json!({
        "em_id": em_id, "status": 1, "real_name": "张三", "company_id": COMPANY, "company_name": "彩程", "ad_user_id": HANDLER,
        "work_pos": "A岗位", "apply_time": AT,
    });
    let mut whole = summary.clone();
    let more = json!({
        "reason": "", "verify_status": 0, "terms": null, "city": "成都", "location": [104.06, 30.67],
        "moves": [{"from": null, "to": 1, "at": AT, "by": "worker"}], "verifications": [],
    });
    whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(platform.command("show_application", json!({"em_id": em_id})).await, whole);
    let page = json!({"list": [summary], "total": 1, "page": 1, "page_size": 20, "next_cursor": null});
    assert_eq!(platform.command("list_applications", json!({})).await, page);
    assert_eq!(platform.command("list_applications", json!({"status": 1})).await, page);

    whole["verify_status"] = 2.into();
    whole["verifications"] = json!([{"from": 0, "to": 2, "at": AT, "by": "zhangsan"}]);
    let verified = json!({"em_id": em_id, "verify_status": 2, "by": "zhangsan"});
    for _ in 0..2 {
        assert_eq!(platform.command("set_verify_status", verified.clone()).await, whole);
    }
    let back = json!({"em_id": em_id, "verify_status": 1, "by": "zhangsan"});
    let rejected = failure("Conflict", "verify_status: cannot become 1 from 2");
    assert_eq!(platform.command("set_verify_status", back).await, rejected);
    assert_eq!(worker.get("/em_status").await.body["data"]["verify_status"], 2);
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
                assert_eq!(platform.command(step, decision(step, &em_id)).await["em_id"], em_id);
            }
            let response = platform.command(command, decision(command, &em_id)).await;
            match outcome {
                Some(next) => assert_eq!(response["status"], next, "{command} from {state}: {response}"),
                None => {
                    let rejected = failure("Conflict", &format!("status: cannot become {to} from {state}"));
                    assert_eq!(response, rejected, "{command} from {state}");
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
        tokio::spawn(async move { platform.command(command, decision(command, &em_id)).await })
    });
    let responses: Vec<Value> = join_all(decisions).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(responses.iter().filter(|response| response["em_id"] == em_id).count(), 1);
    let shown = platform.command("show_application", json!({"em_id": em_id})).await;
    assert_eq!(shown["moves"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn applications_are_listed_by_state_newest_first_in_pages() {
    let platform = Platform::create(world()).await;
    let mut ids = Vec::new();
    for number in 0..7 {
        ids.push(applied(&platform, &format!("w{number}")).await.1);
    }
    ids.reverse();
    for em_id in &ids[..2] {
        platform.command("cancel_application", decision("cancel_application", em_id)).await;
    }
    let listed = async |event: Value| {
        let page = platform.command("list_applications", event).await;
        let ids: Vec<Value> =
            page["list"].as_array().unwrap_or_else(|| panic!("{page}")).iter().map(|row| row["em_id"].clone()).collect();
        (ids, page)
    };
    assert_eq!(listed(json!({})).await.0, ids);
    assert_eq!(listed(json!({"status": 5})).await.0, ids[..2]);
    let (first, page) = listed(json!({"status": 1, "page_size": 3})).await;
    assert_eq!((&first[..], &page["total"]), (&ids[2..5], &json!(5)));
    let (second, page) = listed(json!({"status": 1, "page_size": 3, "cursor": page["next_cursor"]})).await;
    assert_eq!((&second[..], &page["next_cursor"]), (&ids[5..], &Value::Null));
    let foreign = Platform::create(world()).await.command("list_applications", json!({})).await;
    assert_eq!(foreign["total"], 0);
}

#[tokio::test]
async fn unknown_and_invalid_parameters_of_commands_are_named() {
    let platform = Platform::create(world()).await;
    let (_, em_id) = applied(&platform, "named").await;
    for (command, event, kind, message) in [
        ("show_application", json!({"em_id": 1}), "NotFound", "em_id: does not exist"),
        ("sign_application", json!({"em_id": 1, "by": "x"}), "NotFound", "em_id: does not exist"),
        ("reject_application", json!({"em_id": em_id, "by": "x"}), "Invalid", "reason: is required"),
        (
            "set_verify_status",
            json!({"em_id": em_id, "by": "x", "verify_status": 4}),
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
    let mut approve = decision("approve_application", &em_id);
    approve["contract_id"] = 999.into();
    assert_eq!(platform.command("approve_application", approve).await, failure("NotFound", "contract_id: does not exist"));
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
    platform.command("set_verify_status", json!({"em_id": em_id, "verify_status": 2, "by": "zhangsan"})).await;
    platform.command("approve_application", decision("approve_application", &em_id)).await;
    platform.command("reject_application", decision("reject_application", &em_id)).await;
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
        let mut approve = decision("approve_application", &em_id);
        approve["contract_id"] = id.into();
        assert_eq!(platform.command("approve_application", approve).await, rejected);
    }
    assert_eq!(worker.get("/em_status").await.body["data"]["status"], 1);
}
