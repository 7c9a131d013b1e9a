//! What failed without a person: rejected notifications of WeChat Pay, and runs of sweeps with failed items.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use crate::support::Stage;
use crate::support::board::Board;
use crate::support::staff::Staff;
use crate::support::wire::Failure;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn finance(stage: &Stage) -> Staff {
    Staff::signed_in(&stage.address, &["finance"], json!({}), stage.clock.now()).await
}

async fn failures(staff: &Staff) -> Value {
    let response = staff.command("show_workload", json!({})).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.body["failures"].clone()
}

fn counted(notifications: u32, sweeps: u32) -> Value {
    let of = |count: u32| json!({"count": count, "complete": true});
    json!({"notifications": of(notifications), "sweeps": of(sweeps)})
}

async fn listed(staff: &Staff, fields: Value) -> Vec<Value> {
    staff.pages("list_failures", fields, "failures").await
}

/// A delivery that WeChat does not accept, and a run of the clean-up.
async fn fail_a_sweep(stage: &Stage, board: &Board) {
    let url = format!("{}/simulate/errcode?next=-1&path=upload_shipping_info", stage.address.wechat_url);
    assert_eq!(local::http::client().get(url).send().await.unwrap().status(), 200);
    let user = board.join().await;
    let order = user.order_voucher().await;
    board.pay(&order).await;
    stage.clock.advance(SignedDuration::from_mins(1));
    let cleaned = stage.address.invoke("ops-cleanup", &json!({})).await.body;
    assert_eq!(cleaned["shipping"]["failed"], 1, "{cleaned}");
}

#[tokio::test]
async fn failures_of_the_last_day_are_counted_and_listed_by_kind() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    assert_eq!(failures(&finance(&stage).await).await, counted(0, 0));
    for id in ["first", "second"] {
        let request = board.request(reqwest::Method::POST, "/wechat/pay/notify").header("x-request-id", id).body("{}");
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    fail_a_sweep(&stage, &board).await;
    let staff = finance(&stage).await;
    assert_eq!(failures(&staff).await, counted(2, 1));

    let rejected = listed(&staff, json!({"kind": "notifications"})).await;
    let shown = rejected.iter().map(|one| [&one["request_id"], &one["route"], &one["status"], &one["at"]]);
    let at = json!("2024-01-15T18:30:00+08:00");
    let (route, status) = (json!("/wechat/pay/notify"), json!(401));
    let expected = ["first", "second"].map(|id| json!([id, route, status, at]));
    assert_eq!(shown.map(|row| json!(row)).collect::<Vec<_>>(), expected);
    let sweep =
        json!({"function": "ops-cleanup", "failed": 1, "failed_sweeps": ["shipping"], "at": "2024-01-15T18:31:00+08:00"});
    assert_eq!(listed(&staff, json!({"kind": "sweeps", "day": "2024-01-15"})).await, std::slice::from_ref(&sweep));
    assert_eq!(listed(&staff, json!({"kind": "sweeps", "day": "2024-01-16"})).await, [Value::Null; 0]);

    stage.clock.advance(HOUR * 25);
    let staff = finance(&stage).await;
    assert_eq!(failures(&staff).await, counted(0, 0));
    assert_eq!(listed(&staff, json!({"kind": "sweeps"})).await, [sweep]);
}

#[tokio::test]
async fn the_home_page_leads_to_the_failures() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    assert_eq!(board.post("/wechat/pay/notify", &json!({})).await.status, 401);
    fail_a_sweep(&stage, &board).await;
    let staff = finance(&stage).await;
    let home = staff.browser.open("/console").await;
    assert!(home.text().contains("1 24 小时内被拒绝的支付通知"), "{}", home.text());
    for (kind, expected) in [("notifications", "/wechat"), ("sweeps", "报发货")] {
        let address = format!("/console/failures?kind={kind}");
        assert!(home.links().contains(&address), "{:?}", home.links());
        let page = staff.browser.open(&address).await;
        assert_eq!((page.status, page.title().starts_with("异常")), (200, true), "{}", page.title());
        if kind == "sweeps" {
            assert!(page.text().contains(expected), "{}", page.text());
        }
    }
}

#[tokio::test]
async fn the_workload_is_shown_while_the_logs_cannot_be_read() {
    let stage = Stage::open().await;
    let staff = finance(&stage).await;
    for failure in [Failure::ThrottledTwice, Failure::Rejected] {
        stage.wire.fail_call("DescribeLogGroups", 0, failure);
        let response = staff.command("show_workload", json!({})).await;
        assert_eq!((response.status, &response.body["orders"]["to_review"]), (200, &json!(0)), "{response:?}");
        let failures = response.body["failures"].as_object().unwrap();
        assert!(failures.len() == 2 && failures.values().any(Value::is_null), "{failures:?}");
        assert_eq!(stage.clear_faults(), 0);
    }
}
