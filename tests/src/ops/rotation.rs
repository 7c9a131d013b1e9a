//! The runbook of docs/operations.md, "The keys of a family", from `k1` alone to `k2` alone, with requests at every step.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use local::policies::Grant;
use serde_json::{Value, json};

use crate::support::board::{Board, User};
use crate::support::product::{self, EMPLOYEE, MOBILE, Product};
use crate::support::staff::Staff;
use crate::support::worker::{self, Platform, resume};
use crate::support::{Partner, Stage, document};

pub const K2: &str = "22222222222222222222222222222222222222222222";
const SECRETS: [&str; 5] = ["CHANNEL_SECRET", "HRIS_SECRET", "SIGNING_SECRET", "JOBBOARD_SECRET", "STAFF_SECRET"];
const FAMILIES: [&str; 5] = ["channel", "hris", "signing", "jobboard", "staff"];

/// What clients did before and do during the rotation.
struct Clients {
    partner: Partner,
    product: Product,
    platform: Platform,
    board: Board,
    user: User,
    employee: Value,
    /// Users of each kind, in the order in which they came.
    names: Vec<String>,
    /// What a name was first known by: the worker's `em_id`, the user's id.
    known: Vec<(Value, u64)>,
    /// Members of staff, and their phones.
    staff: Vec<(Value, String)>,
}

impl Clients {
    async fn open(stage: &Stage) -> Self {
        let partner = Partner::join(&stage.address).await;
        assert_eq!(partner.post_text("/api/v1/users", document::example("channel_user_id")).await.status, 200);
        let product = Product::join_stage(stage).await;
        product.add_records().await;
        let platform = Platform::create(&stage.address).await;
        let board = Board::of(&stage.address);
        let user = board.join().await;
        let employee = product.get(&format!("/api/v2/employees/{MOBILE}"), product.with_token(json!({}))).await.body;
        assert_eq!(employee["uuid"], EMPLOYEE);
        Self { partner, product, platform, board, user, employee, names: Vec::new(), known: Vec::new(), staff: Vec::new() }
    }

    /// New records of each kind.
    async fn join(&mut self) {
        let number = self.names.len();
        let name = format!("someone-{number}");
        let user = self.board.register(&name, &format!("1370000{number:04}")).await;
        let worker = self.platform.worker(&name).await;
        assert_eq!(worker.send_json(reqwest::Method::POST, &resume()).await.status, 200);
        let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
        let row = product::numbered(u32::try_from(number).unwrap() + 1);
        self.product.imports("employees", &[row]).await;
        let member = Staff::create(&self.board.address, &["support"], json!({})).await;
        self.staff.push((member.id, member.phone));
        self.names.push(name);
        self.known.push((em_id, user.id));
    }

    /// Everything is found and opens.
    async fn check(&self, step: &str) {
        for (id, phone) in &self.staff {
            let found = self.board.address.command(&json!({"command": "find_person", "phone": phone})).await;
            assert_eq!(found, json!({"objects": [format!("staff/member/{id}")]}), "{step}");
        }
        let token = self.partner.new_tokens().await["access_token"].as_str().unwrap().to_owned();
        let partner = Partner { token, ..self.partner.clone() };
        let user = partner.get("/api/v1/users/U20240101001").await;
        assert_eq!(user.body["data"]["id_card"], "110101199001011234", "{step}: {user:?}");
        // A repeat of the first request is recognised.
        assert_eq!(partner.post_text("/api/v1/users", document::example("channel_user_id")).await.status, 200, "{step}");
        let found = self.product.get(&format!("/api/v2/employees/{MOBILE}"), self.product.with_token(json!({}))).await;
        assert_eq!(found.body, self.employee, "{step}");
        for (number, (name, (em_id, user))) in self.names.iter().zip(&self.known).enumerate() {
            let worker = self.platform.worker(name).await;
            let found = worker.get("/employee").await;
            assert_eq!(found.body["data"], worker::returned(&resume(), em_id), "{step}: {name}");
            let again = self.board.register(name, "13711112222").await;
            assert_eq!(again.id, *user, "{step}: {name}");
            let info = again.info().await;
            assert_eq!(info.status, 200, "{step}: {info:?}");
            let row = product::numbered(u32::try_from(number).unwrap() + 1);
            let found = self
                .product
                .get(&format!("/api/v2/employees/{}", row["mobile"].as_str().unwrap()), self.product.with_token(json!({})))
                .await;
            assert_eq!(found.body["uuid"], row["uuid"], "{step}");
        }
    }
}

/// Changes each family's secret, and waits until every process uses it.
pub async fn configure(stage: &Stage, change: impl Fn(&mut Value)) {
    for secret in SECRETS {
        let mut keys = stage.secret(secret, None).await;
        change(&mut keys);
        stage.secret(secret, Some(&keys)).await;
    }
    stage.clock.advance(SignedDuration::from_mins(10));
}

/// Whole passes over all families, in parts.
async fn reseal(stage: &Stage, during: impl AsyncFn()) {
    for family in FAMILIES {
        let command = json!({"command": "reseal", "family": family, "limit": 1});
        let early = stage.address.command(&command).await;
        assert_eq!(early["errorType"], "Conflict", "{family}: {early}");
    }
    stage.clock.advance(SignedDuration::from_mins(10));
    for family in FAMILIES {
        let mut command = json!({"command": "reseal", "family": family, "limit": 1});
        loop {
            let response = stage.address.command(&command).await;
            assert_eq!((&response["family"], &response["failed"]), (&json!(family), &json!(0)), "{response}");
            during().await;
            if response["next"].is_null() {
                assert_eq!(response["complete"], true, "{response}");
                break;
            }
            command["cursor"] = response["next"].clone();
        }
    }
}

/// From `k1` to `k2`.
async fn rotate(stage: &Stage) {
    let mut clients = Clients::open(stage).await;
    clients.join().await;
    clients.check("k1").await;
    let first = stage.secret("JOBBOARD_SECRET", None).await;

    configure(stage, |keys| {
        keys["k2"] = K2.into();
        keys["index"] = "k1".into();
        keys["accept"] = json!(["k1", "k2"]);
    })
    .await;
    clients.join().await;
    clients.check("k2 is accepted").await;

    configure(stage, |keys| keys["current"] = "k2".into()).await;
    clients.join().await;
    clients.check("k2 is current").await;
    reseal(stage, async || clients.check("the first pass").await).await;
    clients.join().await;

    configure(stage, |keys| keys["index"] = "k2".into()).await;
    clients.join().await;
    clients.check("k2 is the index").await;

    configure(stage, |keys| keys["accept"] = json!(["k2"])).await;
    clients.join().await;
    clients.check("k1 is not accepted").await;
    reseal(stage, async || clients.check("the second pass").await).await;

    configure(stage, |keys| drop(keys.as_object_mut().unwrap().shift_remove("k1"))).await;
    clients.join().await;
    clients.check("k2 alone").await;
    stage.start_another().await.unwrap();

    // What the old key made and what expires has expired.
    stage.clock.advance(SignedDuration::from_hours(31 * 24));
    assert_eq!(stage.address.invoke("ops-cleanup", &json!({})).await.body["expired"]["failed"], 0);
    for table in ["channel", "hris", "signing", "jobboard", "credentials"] {
        for item in stage.items(table).await {
            let text = item.to_string();
            assert!(!text.contains("\"k1."), "{table}: {text}");
            if item["pk"]["S"] == "keys" {
                assert_eq!((&item["fields"]["S"], &item["indexes"]["S"]), (&json!("k2"), &json!("k2")), "{table}");
            }
        }
    }
    for secret in SECRETS {
        assert_eq!(stage.secret(secret, None).await, json!({"current": "k2", "index": "k2", "accept": ["k2"], "k2": K2}));
    }
    assert_eq!(first["current"], "k1");
    assert_eq!(clients.user.info().await.status, 401);
    clients.check("a month later").await;
}

/// The grants that a rotation uses.
pub async fn grants_used() -> BTreeSet<Grant> {
    let stage = Stage::open().await;
    Box::pin(rotate(&stage)).await;
    stage.wire.grants_used()
}

#[tokio::test]
async fn the_runbook_takes_every_family_from_one_key_to_another() {
    Box::pin(rotate(&Stage::open().await)).await;
}
