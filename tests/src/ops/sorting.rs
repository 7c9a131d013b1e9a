//! Every list that has a sort key is read in both directions, by cursors that belong to their direction.

use ops::command::Command;
use ops::commands;
use serde_json::{Value, json};
use shared::storage::listing::Order;

use super::admin::{done, fails};
use crate::quality::privacy::filled::filled;
use crate::support::board::{self, Board};
use crate::support::product::{Product, employee, numbered};
use crate::support::resource::USERS;
use crate::support::staff::Staff;
use crate::support::worker::{Platform, resume};
use crate::support::{Partner, Stage};
use jiff::SignedDuration;
use reqwest::Method;

/// A list with at least three records: the fields of its command, the member with the records, and the one by which they are sorted.
struct List {
    command: &'static str,
    fields: Value,
    rows: &'static str,
    key: &'static str,
}

/// A system in which every list has at least three records.
async fn place() -> (Stage, Vec<List>) {
    let stage = filled().await;
    let address = &stage.address;
    let partner = Partner::join(address).await;
    Partner::join(address).await;
    for _ in 0..2 {
        Staff::create(address, &["support"], json!({})).await;
    }
    for id in ["U1", "U2", "U3"] {
        let mut user = USERS.example();
        user[USERS.id_field] = id.into();
        assert_eq!(partner.post(USERS.path, &user).await.status, 200);
    }
    let product = products(&stage).await;
    let platform = platforms(&stage).await;
    let user = jobs(&stage).await;
    for _ in 0..2 {
        stage.clock.advance(SignedDuration::from_hours(24));
        address.invoke("jobboard-reconcile", &json!({})).await;
    }
    let (company, platform) = (json!({"company_uuid": product.company}), json!({"platform_code": platform.code}));
    let webhook = json!({"product_id": product.product_id, "company_uuid": product.company});
    let (user, all) = (json!({"user_id": user}), json!({}));
    let channel = json!({"appkey": partner.appkey, "kind": "users"});
    let today = json!({"actor": "ops-admin/ops-admin"});
    let lists = [
        ("list_channels", &all, "channels", "created_at"),
        ("list_records", &channel, "records", "server_id"),
        ("list_access_keys", &all, "access_keys", "created_at"),
        ("list_webhooks", &all, "webhooks", "created_at"),
        ("list_webhook_events", &webhook, "events", "created_at"),
        ("list_oauth_apps", &company, "apps", "created_at"),
        ("list_grants", &company, "grants", ""),
        ("list_imports", &company, "imports", "import_id"),
        ("list_hris_companies", &all, "companies", "uuid"),
        ("list_products", &all, "products", "product_id"),
        ("list_employees", &company, "employees", "empno"),
        ("list_visits", &company, "visits", "announced_at"),
        ("list_platforms", &all, "platforms", "platform_code"),
        ("list_companies", &platform, "companies", "company_id"),
        ("list_handlers", &platform, "handlers", "handler_id"),
        ("list_contracts", &platform, "contracts", "contract_id"),
        ("list_dictionaries", &platform, "dictionaries", "dict_item"),
        ("list_applications", &platform, "applications", "apply_time"),
        ("list_jobs", &all, "jobs", "job_id"),
        ("list_user_jobs", &user, "jobs", "job_id"),
        ("list_orders", &all, "orders", "order_id"),
        ("list_user_orders", &user, "orders", "order_id"),
        ("list_orders_to_review", &all, "list", ""),
        ("list_reports", &all, "reports", "report_id"),
        ("list_names", &all, "names", "user_id"),
        ("list_reconciliations", &all, "reconciliations", "day"),
        ("list_vouchers", &user, "entries", "entry_id"),
        ("list_contacts", &user, "contacts", "contact_id"),
        ("list_staff", &all, "staff", "staff_id"),
        ("audit", &today, "records", "at"),
    ];
    let lists = lists.map(|(command, fields, rows, key)| List { command, fields: fields.clone(), rows, key });
    (stage, lists.into())
}

/// Three companies, and one of them with three apps, grants, imports, employees and visits.
async fn products(stage: &Stage) -> Product {
    let product = Product::join_stage(stage).await;
    for product in [&Product::join_stage(stage).await, &Product::join_stage(stage).await, &product] {
        let settings = json!({"address": "http://127.0.0.1:1024/", "event_types": ["webhook_open", "employee_created"]});
        assert_eq!(product.call(Method::PUT, "/api/v2/webhooks", settings).await.status, 200);
        stage.clock.advance(SignedDuration::from_secs(1));
    }
    product.add_records().await;
    product.imports("employees", &[numbered(1)]).await;
    product.imports("employees", &[numbered(2), numbered(3)]).await;
    let path = format!("/api/v2/employees/{}/notify", employee()["uuid"].as_str().unwrap());
    for name in ["张三", "李四", "王五"] {
        let visit = product.with_token(json!({"name": name, "time": "下午"}));
        assert_eq!(product.post(&path, visit).await.status, 200);
        product.access_token().await;
        stage.clock.advance(SignedDuration::from_mins(2));
    }
    stage.address.settle_events().await;
    product
}

/// Three platforms, and one of them with three of each kind.
async fn platforms(stage: &Stage) -> Platform {
    let platform = Platform::create(&stage.address).await;
    for number in [31, 9, 200] {
        let company = json!({"company_id": number, "company_name": format!("公司{number}")});
        platform.command("set_company", json!({"company": company})).await;
        let handler = json!({"handler_id": number, "username": format!("h{number}")});
        platform.command("set_handler", json!({"handler": handler})).await;
        let contract = json!({
            "contract_id": number, "contract_name": "劳动合同", "contract_body": "甲", "company_id": number, "sign_year": 1,
            "file_url": "https://files.example.com/1.pdf",
        });
        platform.command("set_contract", json!({"contract": contract})).await;
    }
    for name in ["Nation", "Degree", "Major"] {
        let entries = json!([{"dict_key": "1", "dict_value": "一"}]);
        platform.command("set_dictionary", json!({"dict_item": name, "entries": entries})).await;
    }
    for user in ["one", "two", "three", "four"] {
        let worker = platform.worker(user).await;
        assert_eq!(worker.send_json(Method::POST, &resume()).await.status, 200);
        stage.clock.advance(SignedDuration::from_secs(2));
    }
    platform
}

/// A user with three jobs, each of which another user calls and reports, and three orders in a state that WeChat Pay does not document.
async fn jobs(stage: &Stage) -> u64 {
    let board = Board::of(&stage.address);
    let (user, other) = (board.join().await, board.join().await);
    for number in 0..3 {
        let job = user.post_job(json!({})).await;
        other.adjust_vouchers(1).await;
        user.adjust_vouchers(number + 1).await;
        assert_eq!(other.call(job).await, board::done());
        assert_eq!(other.post("/job/report", &json!({"job_id": job, "reason": "fee"})).await, board::done());
        let order = user.order_voucher().await;
        board.simulate("pay_state", &json!({"out_trade_no": order, "trade_state": "FROZEN"})).await;
        assert_eq!(user.order_status(&order).await, "pending");
        let named = board.join().await;
        assert_eq!(named.post("/user/update/info", &json!({"name": "官方客服"})).await, board::done());
        stage.clock.advance(SignedDuration::from_secs(2));
    }
    user.id
}

impl List {
    fn event(&self, order: Option<&str>, size: u32, cursor: &Value) -> Value {
        let mut event = self.fields.clone();
        event["command"] = self.command.into();
        event[if self.command == "list_orders_to_review" { "page_size" } else { "limit" }] = size.into();
        if let Some(order) = order {
            event["order"] = order.into();
        }
        if !cursor.is_null() {
            event["cursor"] = cursor.clone();
        }
        event
    }

    /// All records, page by page, and the first cursor.
    async fn walk(&self, stage: &Stage, order: Option<&str>, size: u32) -> (Vec<Value>, Value) {
        let (mut walked, mut cursor, mut first) = (Vec::new(), Value::Null, Value::Null);
        for page in 0.. {
            assert!(page < 500, "{} does not end", self.command);
            let listed = done(&stage.address, &self.event(order, size, &cursor)).await;
            walked.extend(listed[self.rows].as_array().expect("records").clone());
            cursor = listed["next_cursor"].clone();
            if first.is_null() {
                first = cursor.clone();
            }
            if cursor.is_null() {
                break;
            }
        }
        (walked, first)
    }
}

/// Numbers by value, texts by their characters.
fn is_sorted(rows: &[Value], key: &str) -> bool {
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse::<u64>().ok());
    rows.windows(2).all(|pair| match (number(&pair[0][key]), number(&pair[1][key])) {
        (Some(one), Some(other)) => one <= other,
        _ => pair[0][key].as_str().expect("a key") <= pair[1][key].as_str().expect("a key"),
    })
}

#[tokio::test]
async fn every_sorted_list_has_all_records_once_in_both_directions() {
    let (stage, lists) = place().await;
    let sorted: Vec<&Command> = commands::all().filter(|command| command.order.is_some()).collect();
    let mut names: Vec<&str> = sorted.iter().map(|command| command.name).collect();
    let mut tested: Vec<&str> = lists.iter().map(|list| list.command).collect();
    names.sort_unstable();
    tested.sort_unstable();
    assert_eq!(tested, names);
    for list in &lists {
        let command = sorted.iter().find(|command| command.name == list.command).unwrap();
        let (up, up_cursor) = list.walk(&stage, Some("ascending"), 1).await;
        let (mut down, down_cursor) = list.walk(&stage, Some("descending"), 2).await;
        assert!(up.len() >= 3, "{}: {up:?}", list.command);
        assert!(list.key.is_empty() || is_sorted(&up, list.key), "{}: {up:#?}", list.command);
        let usual = if command.order == Some(Order::Ascending) { &up } else { &down };
        assert_eq!(list.walk(&stage, None, 100).await.0, *usual, "{}", list.command);
        down.reverse();
        assert_eq!(up, down, "{}", list.command);
        let mut once: Vec<String> = up.iter().map(Value::to_string).collect();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), up.len(), "{}", list.command);

        for (order, cursor) in [("ascending", &down_cursor), ("descending", &up_cursor)] {
            assert!(cursor.is_string(), "{} {order}", list.command);
            let reason = if list.command == "list_orders_to_review" { "this list and filter" } else { "this list" };
            let fault = format!("cursor: is not a cursor of {reason}");
            fails(&stage.address, &list.event(Some(order), 1, cursor), "Invalid", &fault).await;
        }
        let fault = "order: must be one of: ascending, descending";
        fails(&stage.address, &list.event(Some("newest"), 1, &Value::Null), "Invalid", fault).await;
    }
}

#[test]
fn a_command_takes_the_direction_if_it_lists_in_two() {
    for command in commands::all() {
        let has_field = command.fields.split_whitespace().any(|field| field == "order?");
        assert_eq!(has_field, command.order.is_some(), "{}", command.name);
        let listed = command.help().unwrap()["fields"].as_array().unwrap().contains(&json!("order?"));
        assert_eq!(listed, has_field, "{}", command.name);
    }
}
