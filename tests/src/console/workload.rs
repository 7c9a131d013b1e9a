//! What waits for a member of staff, by role, and how much happened in the last days.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use crate::ops::admin::done;
use crate::ops::signing::decision;
use crate::support::Stage;
use crate::support::board::Board;
use crate::support::product::Product;
use crate::support::staff::Staff;
use crate::support::worker::{COMPANY, Platform, ok, resume};

const OTHER: u32 = 13;
/// A company that the platform does not have.
const UNKNOWN: u32 = 99;

async fn shown(staff: &Staff) -> Value {
    let response = staff.command("show_workload", json!({})).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.body
}

async fn staff(stage: &Stage, roles: &[&str], more: Value) -> Staff {
    Staff::signed_in(&stage.address, roles, more, stage.clock.now()).await
}

fn parts(shown: &Value) -> Vec<&str> {
    shown.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn each_role_is_shown_its_own_parts() {
    let stage = Stage::open().await;
    for (roles, expected) in [
        (&["reviewer"][..], &["day", "applications"][..]),
        (&["support"], &["day", "orders"]),
        (&["finance"], &["day", "orders", "failures"]),
        (&["hr"], &["day", "imports"]),
        (&["moderator"], &["day", "reports", "contents"]),
        (&["admin"], &["day", "failures", "audit"]),
        (&["auditor"], &["day", "failures", "audit"]),
        (&["reviewer", "support", "hr"], &["day", "applications", "orders", "imports"]),
    ] {
        let assigned = json!({"platform_code": "gongqiao", "companies": [1]});
        let more = if roles.contains(&"reviewer") { assigned } else { json!({}) };
        let member = staff(&stage, roles, more).await;
        assert_eq!(parts(&shown(&member).await), expected, "{roles:?}");
    }
    let by_operator = done(&stage.address, &json!({"command": "show_workload"})).await;
    assert_eq!(parts(&by_operator), ["day", "orders", "failures", "reports", "contents", "imports", "audit"]);
}

#[tokio::test]
async fn a_reviewer_sees_how_many_applications_wait_in_each_company() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    platform.command("set_company", json!({"company": {"company_id": OTHER, "company_name": "别的"}})).await;
    let more = json!({"platform_code": platform.code, "companies": [COMPANY, OTHER, UNKNOWN]});
    let reviewer = staff(&stage, &["reviewer"], more).await;
    let expected = |own: [u32; 2], other: [u32; 2]| {
        let company = |id: u32, name: Value, [applied, approved]: [u32; 2]| {
            json!({
                "platform_code": platform.code, "company_id": id, "company_name": name, "applied": applied, "approved": approved,
            })
        };
        let companies =
            [company(COMPANY, "彩程".into(), own), company(OTHER, "别的".into(), other), company(UNKNOWN, Value::Null, [0, 0])];
        json!({"day": "2024-01-15", "applications": companies})
    };
    assert_eq!(shown(&reviewer).await, expected([0, 0], [0, 0]));
    let mut last = Value::Null;
    for user in ["first", "second", "third"] {
        let worker = platform.worker(user).await;
        assert_eq!(worker.send_json(Method::POST, &resume()).await, ok(Value::Null));
        last = worker.get("/employee").await.body["data"]["em_id"].clone();
    }
    assert_eq!(shown(&reviewer).await, expected([3, 0], [0, 0]));
    platform.decide("approve_application", &last, decision("approve_application")).await;
    assert_eq!(shown(&reviewer).await, expected([2, 1], [0, 0]));
    platform.decide("sign_application", &last, json!({})).await;
    assert_eq!(shown(&reviewer).await, expected([2, 0], [0, 0]));

    // 100 means at least so many.
    for number in 0..101 {
        let list = format!("{}#company#{OTHER}#application#2", platform.code);
        let item = json!({
            "pk": {"S": format!("planted#{number}")}, "sk": {"S": "application"}, "ix2": {"S": list},
            "ixsk": {"S": format!("{number:012}#{number:016}")},
        });
        stage.database("PutItem", &json!({"TableName": "signing", "Item": item})).await;
        if number == 98 {
            assert_eq!(shown(&reviewer).await, expected([2, 0], [0, 99]));
        }
    }
    assert_eq!(shown(&reviewer).await, expected([2, 0], [0, 100]));
}

#[tokio::test]
async fn orders_and_audit_records_are_counted_by_the_day_in_shanghai() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    let minutes = SignedDuration::from_mins;
    // 18:30 and 23:59 of the fifteenth, 0:00 and 23:59 of the sixteenth.
    for pause in [minutes(0), minutes(5 * 60 + 29), minutes(1), minutes(24 * 60 - 1)] {
        stage.clock.advance(pause);
        user.order_voucher().await;
        user.adjust_vouchers(1).await;
    }
    // 0:00 of the twenty-third.
    stage.clock.advance(minutes(6 * 24 * 60 + 1));
    let user = board.join().await;
    user.order_voucher().await;
    let odd = user.order_voucher().await;
    board.simulate("pay_state", &json!({"out_trade_no": odd, "trade_state": "FROZEN"})).await;
    assert_eq!(user.order_status(&odd).await, "pending");

    let days = ["23", "22", "21", "20", "19", "18", "17", "16"].map(|day| format!("2024-01-{day}"));
    let none = json!({"count": 0, "complete": true});
    let failures = json!({"notifications": none, "sweeps": none});
    let finance = shown(&staff(&stage, &["finance"], json!({})).await).await;
    let counts = [2, 0, 0, 0, 0, 0, 0, 2];
    let expected: Vec<Value> = days.iter().zip(counts).map(|(day, count)| json!({"day": day, "count": count})).collect();
    let orders = json!({"to_review": 1, "days": expected});
    assert_eq!(finance, json!({"day": "2024-01-23", "orders": orders, "failures": failures}));

    let auditor = staff(&stage, &["auditor"], json!({})).await;
    let mut expected = Vec::new();
    for day in &days {
        let listed = done(&stage.address, &json!({"command": "audit", "day": day})).await;
        expected.push(json!({"day": day, "count": listed["records"].as_array().unwrap().len()}));
    }
    assert_eq!((expected[0]["count"].as_u64() > Some(2), &expected[7]["count"]), (true, &json!(2)));
    assert_eq!(shown(&auditor).await, json!({"day": "2024-01-23", "failures": failures, "audit": {"days": expected}}));
}

#[tokio::test]
async fn hr_sees_the_imports_that_have_not_read_all_rows() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let hr = staff(&stage, &["hr"], json!({})).await;
    assert_eq!(shown(&hr).await, json!({"day": "2024-01-15", "imports": []}));
    let import = json!({
        "command": "import_hris", "kind": "sources", "company_uuid": product.company, "rows": "x\n".repeat(2001),
    });
    let mut rest = import.clone();
    let begun = product.command(import).await;
    let listed = done(&stage.address, &json!({"command": "list_imports"})).await;
    let unfinished: Vec<&Value> =
        listed["imports"].as_array().unwrap().iter().filter(|import| import["complete"] == false).collect();
    assert_eq!((unfinished.len(), &unfinished[0]["import_id"]), (1, &begun["import_id"]), "{listed}");
    assert_eq!(shown(&hr).await["imports"], json!(unfinished));
    rest["from"] = begun["next"].clone();
    product.command(rest).await;
    assert_eq!(shown(&hr).await["imports"], json!([]));
}
