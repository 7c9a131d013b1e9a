//! The budget of every endpoint of the signing API.

use std::collections::BTreeSet;

use image::ImageFormat;
use lambda::family::Family as _;
use ops::command::Command;
use reqwest::Method;
use serde_json::{Value, json};

use super::meter::{Meter, budgeted, endpoints};
use crate::support::picture::picture;
use crate::support::worker::{COMPANY, CONTRACT, HANDLER, ID_NUMBER, Platform, coded, rejection, resume};
use crate::support::{Stage, fetch};

const HEADING: &str = "| endpoint of the signing API | DynamoDB calls | capacity units |";

#[tokio::test]
async fn every_endpoint_of_the_signing_api_makes_the_calls_that_its_budget_allows() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    // From here on each function has cached the platform: the clock stands still.
    for path in ["/em_status", "/employee", "/companies", "/image/1.png"] {
        assert_eq!(fetch(platform.request(Method::GET, path)).await.status, 401, "{path}");
    }
    let mut meter = Meter::new(stage, platform.clone());
    let phone = "13700000020";
    meter.succeeds("GET /captcha", fetch(platform.request(Method::GET, "/captcha"))).await;
    let (captcha, shown) = platform.captcha().await;
    meter.succeeds("POST /verifycode", platform.verifycode(&captcha, &shown, phone)).await;
    let (captcha, _) = platform.captcha().await;
    let wrong = platform.verifycode(&captcha, "????", phone);
    let wrong = meter.measure("POST /verifycode, with a wrong captcha", wrong).await;
    assert_eq!(wrong, coded(rejection(400, "图形验证码不正确或已失效")));

    let code = platform.login_code("metered").await;
    meter.succeeds("POST /weixin/login", platform.log_in(&code)).await;
    let worker = platform.worker("metered").await;
    meter.succeeds("GET /em_status", worker.get("/em_status")).await;
    meter.succeeds("POST /employee", worker.send_json(Method::POST, &resume())).await;
    meter.succeeds("PUT /employee", worker.send_json(Method::PUT, &resume())).await;
    let mut with_code = resume();
    with_code["phone"] = phone.into();
    with_code["verify_code"] = platform.address.code(phone).await.into();
    meter.succeeds("PUT /employee, with a code", worker.send_json(Method::PUT, &with_code)).await;
    meter.succeeds("GET /employee", worker.get("/employee")).await;
    meter.succeeds("GET /dict/{dict_item}", worker.get("/dict/Nation")).await;
    for path in ["/work_pos", "/handlers", "/companies"] {
        meter.succeeds(&format!("GET {path}"), worker.get(path)).await;
    }
    let linked = Platform::create(&platform.address).await;
    linked
        .command("set_platform", json!({"name": "测试平台", "require_verified": false, "company_uuid": "c".repeat(32)}))
        .await;
    let applicant = linked.worker("metered").await;
    // The function caches the platform.
    applicant.get("/employee").await;
    let resume = resume();
    let applied = applicant.send_json(Method::POST, &resume);
    meter.succeeds("POST /employee, on a platform of a company", applied).await;
    let image = meter.succeeds("POST /image", worker.upload("a.png", &picture(ImageFormat::Png))).await;
    let path = image["url"].as_str().and_then(|url| url.strip_prefix(&platform.address.base_url)).expect("our own address");
    meter.succeeds("GET /image/{name}", worker.get(path)).await;

    meter.succeeds("POST /weixin/logout", fetch(worker.request(Method::POST, "/weixin/logout"))).await;
    let leaving = platform.worker("leaving").await;
    meter.succeeds("POST /weixin/close", fetch(leaving.request(Method::POST, "/weixin/close"))).await;
    let code = platform.login_code("leaving").await;
    meter.succeeds("POST /weixin/login, of a closed account", platform.log_in(&code)).await;

    meter.assert_is(HEADING);
}

#[test]
fn every_endpoint_of_the_signing_api_has_a_budget() {
    assert_eq!(budgeted(HEADING), endpoints(&signing::Signing::routes()));
}

const COMMANDS: &str = "| command of the signing API | DynamoDB calls | capacity units |";

#[tokio::test]
async fn every_command_of_the_signing_api_makes_the_calls_that_its_budget_allows() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    platform.command("set_positions", json!({"positions": [{"name": "B岗位"}]})).await;
    platform.command("set_dictionary", json!({"dict_item": "Nation", "entries": []})).await;
    let applied = async |user: &str| {
        let worker = platform.worker(user).await;
        assert_eq!(worker.send_json(Method::POST, &resume()).await.status, 200);
        worker.get("/employee").await.body["data"]["em_id"].clone()
    };
    let em_id = applied("first").await;
    let mut meter = Meter::new(stage, platform.clone());
    let run = async |command: &str, fields: Value| {
        let output = if command == "list_platforms" {
            platform.address.command(&json!({"command": command})).await
        } else {
            platform.command(command, fields).await
        };
        assert!(output.get("errorType").is_none(), "{command}: {output}");
        output
    };
    for command in
        ["list_platforms", "list_companies", "list_handlers", "list_contracts", "list_positions", "list_dictionaries"]
    {
        meter.measure(command, run(command, json!({}))).await;
    }
    let in_company = json!({"company_id": COMPANY, "status": 1});
    for (case, fields, found) in [
        ("", json!({}), 1),
        (", in one state", json!({"status": 1}), 1),
        (", of a company in one state", in_company, 1),
        (", of a handler", json!({"handler_id": HANDLER}), 1),
        (", by name", json!({"name": "张三"}), 1),
        (", by phone", json!({"phone": "13800138000"}), 1),
        (", by identity number", json!({"id_number": ID_NUMBER}), 1),
        (", nothing found", json!({"status": 5}), 0),
    ] {
        let listed = meter.measure(&format!("list_applications{case}"), run("list_applications", fields)).await;
        assert_eq!(listed["applications"].as_array().map(Vec::len), Some(found), "{case}");
    }
    meter.measure("show_application", run("show_application", json!({"em_id": em_id}))).await;
    let seen = |version: u64, more: Value| {
        let mut event = json!({"em_id": em_id, "version": version, "by": "zhangsan"});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let terms = json!({"contract_id": CONTRACT, "entry_date": "2024-02-01", "salary": 6000, "work_pos": "B岗位"});
    let verified = run("set_verify_status", seen(1, json!({"verify_status": 2})));
    assert_eq!(meter.measure("set_verify_status", verified).await["version"], 2);
    let other = platform.command("approve_application", seen(1, terms.clone()));
    let other = meter.measure("approve_application, of another version", other).await;
    assert_eq!(other["errorType"], "Conflict", "{other}");
    for label in ["approve_application", "approve_application, retried"] {
        let approved = meter.measure(label, run("approve_application", seen(2, terms.clone()))).await;
        assert_eq!(approved["version"], 3);
    }
    meter.measure("sign_application", run("sign_application", seen(3, json!({})))).await;
    for (command, more) in [("reject_application", json!({"reason": "照片"})), ("cancel_application", json!({}))] {
        let mut event = seen(1, more);
        event["em_id"] = applied(command).await;
        meter.measure(command, run(command, event)).await;
    }
    meter.assert_is(COMMANDS);
}

#[test]
fn every_command_that_reads_of_a_platform_has_a_budget() {
    let is_of_platform = |command: &&Command| {
        command.fields.split_whitespace().any(|field| field == "platform_code") || command.name == "list_platforms"
    };
    let commands = ops::commands::all().filter(|command| !command.changes).filter(is_of_platform);
    let reads: BTreeSet<String> = commands.map(|command| command.name.to_owned()).collect();
    assert!(reads.len() >= 8 && reads.is_subset(&budgeted(COMMANDS)), "{reads:?}");
}

#[tokio::test]
async fn a_session_is_extended_by_one_write_a_day() {
    let stage = Stage::open().await;
    let worker = Platform::create(&stage.address).await.worker("daily").await;
    // The same for each function.
    for path in ["/employee", "/em_status", "/companies", "/image/1.png"] {
        stage.clock.advance(jiff::SignedDuration::from_hours(24));
        let mut writes = Vec::new();
        for _ in 0..2 {
            stage.take_calls();
            assert_ne!(worker.get(path).await.status, 401, "{path}");
            writes.push(stage.take_calls().into_iter().filter(|call| call != "GetItem" && call != "Query").collect::<Vec<_>>());
        }
        assert_eq!(writes, [vec!["PutItem".to_owned()], vec![]], "{path}");
    }
}
