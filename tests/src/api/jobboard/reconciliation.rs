//! The reconciliation of a day with WeChat Pay's bill (docs/design/jobboard.md, Reconciliation).

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::jobboard::orders::Order;
use shared::runtime::clock::Clock as _;
use shared::values::{Id, LocalTime};

use crate::support::Stage;
use crate::support::board::{Board, User};

const DAY: &str = "2024-01-15";

async fn reconcile(stage: &Stage, event: Value) -> Value {
    stage.address.invoke("jobboard-reconcile", &event).await.body
}

async fn differences(board: &Board) -> Value {
    board.command("show_reconciliation", json!({"day": DAY})).await["differences"].clone()
}

/// A paid order of a voucher.
async fn paid(user: &User) -> String {
    let order = user.order_voucher().await;
    user.board.pay(&order).await;
    order
}

fn difference(kind: &str, user: &User, order: &str, payment: &Value, refund_no: Value, here: Value, there: Value) -> Value {
    json!({
        "kind": kind, "user_id": user.id, "order_no": order, "transaction_id": payment, "refund_no": refund_no, "here": here,
        "there": there,
    })
}

#[tokio::test]
async fn a_day_without_payments_is_equal() {
    let stage = Stage::open().await;
    // The day is not over, and its bill is not ready.
    let early = json!({"errorType": "Invalid", "errorMessage": "day: must be from 2023-10-17 to 2024-01-14"});
    assert_eq!(reconcile(&stage, json!({"day": DAY})).await, early);
    let invalid = json!({"errorType": "Invalid", "errorMessage": "day: must be a date as YYYY-MM-DD"});
    assert_eq!(reconcile(&stage, json!({"day": "yesterday"})).await["errorType"], invalid["errorType"]);
    let result = reconcile(&stage, json!({"source": "aws.events", "detail": {}})).await;
    let expected = json!({
        "day": "2024-01-14", "at": "2024-01-15T18:30:00+08:00", "status": "equal", "difference_count": 0, "bill": null,
        "payments_here": 0, "payments_there": 0, "paid_here": "0.00", "paid_there": "0.00", "refunds_here": 0, "refunds_there": 0,
        "refunded_here": "0.00", "refunded_there": "0.00", "ledgers": 0, "vouchers": 0,
    });
    assert_eq!(result, expected);
}

#[tokio::test]
async fn payments_and_refunds_of_a_day_are_equal_and_each_difference_is_found() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let (plain, refunded, unknown, console) =
        (paid(&user).await, paid(&user).await, user.order_voucher().await, paid(&user).await);
    let refund = json!({"order_no": refunded, "amount": 1, "reason": "用户申请", "by": "zhangsan"});
    assert_eq!(board.command("refund_order", refund).await["status"], "refunding");
    board.simulate("notify_refund", &json!({"out_refund_no": format!("{refunded}R01")})).await;
    // The next day, before ten and after.
    stage.clock.advance(SignedDuration::from_hours(15));
    let not_ready = json!({"errorType": "Internal", "errorMessage": "see the log"});
    assert_eq!(reconcile(&stage, json!({})).await, not_ready);
    stage.clock.advance(SignedDuration::from_mins(31));
    stage.take_lines();
    let result = reconcile(&stage, json!({})).await;
    let hash = result["bill"].clone();
    assert_eq!(hash.as_str().map(str::len), Some(40));
    let equal = json!({
        "day": DAY, "at": "2024-01-16T10:01:00+08:00", "status": "equal", "difference_count": 0, "bill": hash,
        "payments_here": 3, "payments_there": 3, "paid_here": "11.97", "paid_there": "11.97", "refunds_here": 1,
        "refunds_there": 1, "refunded_here": "1.00", "refunded_there": "1.00", "ledgers": 1, "vouchers": 2,
    });
    assert_eq!(result, equal);
    let mut whole = equal.clone();
    whole["differences"] = json!([]);
    assert_eq!(board.command("show_reconciliation", json!({"day": DAY})).await, whole);
    let listed = board.command("list_reconciliations", json!({})).await;
    assert_eq!(listed, json!({"reconciliations": [equal], "next_cursor": null}));
    let metric = |lines: Vec<String>| {
        let lines = lines.into_iter().filter(|line| line.contains("\"reconciliation_differences\":"));
        lines
            .map(|line| serde_json::from_str::<Value>(&line).expect("JSON")["reconciliation_differences"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(metric(stage.take_lines()), [json!(0.0)]);

    // On another day: the system did not learn of a payment, and a refund was made in the console.
    let stage = Stage::open().await;
    drop((plain, unknown, console));
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let (unknown, console) = (user.order_voucher().await, paid(&user).await);
    board.simulate("pay", &json!({"out_trade_no": unknown, "notify": false})).await;
    board.simulate("refund", &json!({"out_trade_no": console, "refund": 50, "notify": false})).await;
    stage.clock.advance(SignedDuration::from_hours(16));
    let result = reconcile(&stage, json!({"day": DAY})).await;
    assert_eq!((&result["status"], &result["difference_count"]), (&json!("different"), &json!(2)));
    let payment = board.command("show_order", json!({"order_no": console})).await["transaction_id"].clone();
    let found = differences(board).await;
    let of = |order: &str| {
        found.as_array().expect("a list").iter().find(|found| found["order_no"] == order).cloned().expect("found")
    };
    let lost = of(&unknown);
    let expected = difference("only_there", &user, &unknown, &lost["transaction_id"], Value::Null, Value::Null, json!("3.99"));
    assert_eq!(lost, expected);
    let number = json!(format!("console-{console}-50"));
    assert_eq!(of(&console), difference("only_there", &user, &console, &payment, number, Value::Null, json!("0.50")));
    assert_eq!(metric(stage.take_lines()), [json!(2.0)]);
    // The clean-up settles the payment, and the day is reconciled again.
    board.address.invoke("ops-cleanup", &json!({})).await;
    assert_eq!(reconcile(&stage, json!({"day": DAY})).await["difference_count"], 1);
}

/// Ten thousand paid orders: their numbers, as the system stores them, and as WeChat Pay knows them.
struct Orders {
    numbers: Vec<String>,
    here: Vec<Value>,
    there: Vec<Value>,
}

impl Orders {
    async fn like_one_of(stage: &Stage, user: &User) -> Self {
        let number = paid(user).await;
        let sold = stage.items("jobboard").await;
        let template =
            sold.iter().find(|item| item["sk"]["S"] == "order" && item["transaction_id"].is_object()).expect("an order");
        assert_eq!(Order::id_in(&number).map(|id| format!("order#{id}")), template["pk"]["S"].as_str().map(str::to_owned));
        let first = stage.clock.now() - SignedDuration::from_hours(1);
        let mut orders = Self { numbers: Vec::new(), here: Vec::new(), there: Vec::new() };
        for number in 0..10_000_u32 {
            let at = first + SignedDuration::from_millis(i64::from(number) * 60);
            let id = Id::of_parts(at, 5).expect("an id");
            let (order_no, payment) = (format!("CV{}0005", LocalTime::from(at).to_digits()), format!("42{number:026}"));
            let mut item = template.clone();
            let at = json!({"N": LocalTime::from(at).as_millisecond().to_string()});
            for (name, value) in [
                ("pk", json!({"S": format!("order#{id}")})),
                ("id", json!({"N": id.to_string()})),
                ("ixsk", json!({"S": format!("{:016}", id.as_u64())})),
                ("transaction_id", json!({"S": payment})),
                ("created_at", at.clone()),
                ("paid_at", at),
            ] {
                assert!(item.get(name).is_some(), "{name}: {item}");
                item[name] = value;
            }
            orders.here.push(item);
            orders.there.push(json!({
                "out_trade_no": order_no, "transaction_id": payment, "amount": {"total": 399}, "appid": "wx",
                "mchid": "1900000109", "description": "联系券 1 张", "payer": {"openid": "o"},
            }));
            orders.numbers.push(order_no);
        }
        orders
    }
}

#[tokio::test]
#[ignore = "stores ten thousand orders; .ci/nightly runs it"]
async fn seven_differences_among_ten_thousand_orders_are_found() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let board = &user.board;
    let Orders { numbers, mut here, mut there } = Orders::like_one_of(&stage, &user).await;
    // A refund that is only here, an order of another amount, and one that is not paid here.
    here[6_789]["refunds"] = json!({"L": [{"M": {
        "number": {"S": format!("{}R01", numbers[6_789])}, "amount": {"N": "399"}, "state": {"S": "succeeded"},
        "origin": {"S": "staff"}, "reason": {"S": "用户申请"}, "at": {"N": stage.clock.now().as_millisecond().to_string()},
    }}]});
    here[1_234]["amount"] = json!({"N": "500"});
    here[2_345]["state"] = json!({"S": "closed"});
    // An order that is unknown here, and one that WeChat Pay does not know or knows with another amount.
    here.remove(17);
    there[4_567]["amount"]["total"] = json!(1);
    there.remove(3_456);
    stage.put_all("jobboard", here).await;
    for chunk in there.chunks(2500) {
        board.simulate("import", &json!(chunk)).await;
    }
    // A refund that is only there.
    board.simulate("refund", &json!({"out_trade_no": numbers[5_678], "refund": 100, "notify": false})).await;
    stage.clock.advance(SignedDuration::from_hours(16));
    let result = reconcile(&stage, json!({})).await;
    let counted = json!([result["payments_here"], result["payments_there"], result["refunds_here"], result["refunds_there"]]);
    assert_eq!(counted, json!([10_000, 10_000, 1, 1]));
    let mut found: Vec<Value> = differences(board).await.as_array().expect("a list").clone();
    found.sort_by_key(|difference| difference["order_no"].to_string());
    let of = |place: usize, kind: &str, refund_no: Value, here: Value, there: Value| {
        let payment = json!(format!("42{place:026}"));
        difference(kind, &user, &numbers[place], &payment, refund_no, here, there)
    };
    let mut unknown = of(17, "only_there", Value::Null, Value::Null, json!("3.99"));
    unknown["user_id"] = Value::Null;
    let console = json!(format!("console-{}-100", numbers[5_678]));
    let expected = [
        unknown,
        of(1_234, "amounts_differ", Value::Null, json!("5.00"), json!("3.99")),
        of(2_345, "only_there", Value::Null, Value::Null, json!("3.99")),
        of(3_456, "only_here", Value::Null, json!("3.99"), Value::Null),
        of(4_567, "amounts_differ", Value::Null, json!("3.99"), json!("0.01")),
        of(5_678, "only_there", console, Value::Null, json!("1.00")),
        of(6_789, "only_here", json!(format!("{}R01", numbers[6_789])), json!("3.99"), Value::Null),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_ledger_that_does_not_balance_is_found() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    paid(&user).await;
    user.adjust_vouchers(4).await;
    let stored = stage.items("jobboard").await;
    let mut balance = stored.into_iter().find(|item| item["sk"]["S"] == "balance").expect("a balance");
    balance["balance"] = json!({"N": "6"});
    stage.put_all("jobboard", vec![balance]).await;
    stage.clock.advance(SignedDuration::from_hours(16));
    let result = reconcile(&stage, json!({"day": DAY})).await;
    assert_eq!((&result["difference_count"], &result["ledgers"], &result["vouchers"]), (&json!(1), &json!(1), &json!(6)));
    let expected = json!({
        "kind": "ledger", "user_id": user.id, "order_no": null, "transaction_id": null, "refund_no": null, "here": "6", "there": "5",
    });
    assert_eq!(differences(&user.board).await, json!([expected]));
    // While users buy and spend, the ledgers balance all the same.
    let spending = join_all((0..20).map(|_| user.adjust_vouchers(1)));
    let (again, _) = tokio::join!(reconcile(&stage, json!({"day": DAY})), spending);
    assert_eq!(again["difference_count"], 1);
}
