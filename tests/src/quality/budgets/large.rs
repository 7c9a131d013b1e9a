//! The reads of staff on a month of demo data (`local --demo large`): each keeps to the budget that few records have, whatever it reads from.

use std::sync::Arc;

use local::demo::large::{COUNT, Past, fill};
use local::wire::Service;
use local::{Options, World};
use serde_json::{Value, json};

use crate::support::Address;
use crate::support::repository::read;
use crate::support::wire::Faults;

/// The number of calls in the row with this label.
fn budget(label: &str) -> usize {
    let page = read("docs/budgets.md");
    let row = page.lines().find_map(|line| line.strip_prefix(&format!("| {label} | ")));
    row.unwrap_or_else(|| panic!("{label} has no budget")).split(" | ").next().unwrap().split(" + ").count()
}

struct Large {
    address: Address,
    wire: Arc<Faults>,
}

impl Large {
    /// The output of a command whose calls are at most those of the row.
    async fn within(&self, label: &str, command: Value) -> Value {
        self.wire.take_seen();
        let output = self.address.command(&command).await;
        assert_eq!(output.get("errorType"), None, "{label}: {output}");
        let calls = self.wire.take_seen().into_iter().filter(|call| call.service == Service::DynamoDb);
        let calls: Vec<String> = calls.map(|call| call.operation).collect();
        assert!(calls.len() <= budget(label), "{label}: {}", calls.join(" + "));
        output
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "creates the data for half a minute; .ci/nightly runs it"]
async fn every_read_keeps_its_budget_on_a_month_of_demo_data() {
    let (clock, wire) = (Arc::new(Past::of_demo()), Arc::new(Faults::default()));
    let options = Options { demo: true, clock: clock.clone(), wire: wire.clone(), ..Options::default() };
    let world = World::start(options).await.unwrap();
    fill(&world, &clock, COUNT).await.unwrap();
    let large = Large { address: Address::of(&world), wire };
    let of_platform = |command: &str, more: Value| {
        let mut command = json!({"command": command, "platform_code": "gongqiao", "limit": 50});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command
    };
    let list = |more: Value| of_platform("list_applications", more);
    let listed = large.within("list_applications", list(json!({}))).await;
    assert_eq!(listed["applications"].as_array().map(Vec::len), Some(50));
    let first = &listed["applications"][0];
    large.within("list_applications, in one state", list(json!({"status": 4}))).await;
    large.within("list_applications, of a company in one state", list(json!({"status": 1, "company_id": 12}))).await;
    // Not by handler: that filter reads up to five rounds where few applications pass.
    let shown = json!({"command": "show_application", "platform_code": "gongqiao", "em_id": first["em_id"]});
    let shown = large.within("show_application", shown).await;
    let of_name = large.within("list_applications, by name", list(json!({"name": shown["real_name"]}))).await;
    assert!(of_name["applications"].as_array().unwrap().iter().any(|found| found["em_id"] == first["em_id"]));
    large.within("list_companies", of_platform("list_companies", json!({}))).await;
    large.within("list_handlers", of_platform("list_handlers", json!({}))).await;

    let orders = large.within("list_orders", json!({"command": "list_orders", "limit": 50})).await;
    assert_eq!(orders["orders"].as_array().map(Vec::len), Some(50));
    let paid = orders["orders"].as_array().unwrap().iter().find(|order| order["status"] == "paid").expect("a paid order");
    let order = large.within("show_order", json!({"command": "show_order", "order_no": paid["order_no"]})).await;
    let events: Vec<&Value> = order["timeline"].as_array().unwrap().iter().map(|entry| &entry["event"]).collect();
    assert_eq!((events.first(), order["transaction_id"].is_string()), (Some(&&json!("created")), true), "{order}");
    let by_payment = json!({"command": "show_order", "transaction_id": order["transaction_id"]});
    assert_eq!(large.within("show_order, by the payment", by_payment).await["order_no"], paid["order_no"]);
    let user = &paid["user_id"];
    for command in ["find_user", "show_user", "list_user_orders", "list_vouchers", "list_contacts", "list_user_jobs"] {
        large.within(command, json!({"command": command, "user_id": user})).await;
    }
    large.within("list_jobs", json!({"command": "list_jobs", "limit": 50})).await;
}
