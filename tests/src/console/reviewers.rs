//! What a reviewer sees and decides of the signing API: the applications of the companies that the member is assigned to, and no others.

use reqwest::Method;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use crate::ops::signing::decision;
use crate::support::staff::{Staff, failure};
use crate::support::worker::{COMPANY, CONTRACT, HANDLER, Platform, Worker, ok, resume};
use crate::support::{Response, Stage};

const OTHER: u32 = 13;
const AT: &str = "2024-01-15T10:30:00Z";

struct Office {
    stage: Stage,
    platform: Platform,
    worker: Worker,
    /// Of the two companies.
    own: Value,
    other: Value,
}

impl Office {
    async fn open() -> Self {
        let stage = Stage::open().await;
        let platform = Platform::create(&stage.address).await;
        platform.command("set_company", json!({"company": {"company_id": OTHER, "company_name": "别的"}})).await;
        let contract = json!({
            "contract_id": CONTRACT + 1, "contract_name": "合同", "contract_body": "别的", "company_id": OTHER, "sign_year": 1,
            "file_url": "https://files.example.com/c.pdf",
        });
        platform.command("set_contract", json!({"contract": contract})).await;
        let (worker, own) = applied(&platform, COMPANY).await;
        let (_, other) = applied(&platform, OTHER).await;
        Self { stage, platform, worker, own, other }
    }

    async fn staff(&self, roles: &[&str], companies: &[u32]) -> Staff {
        let more = match companies {
            [] => json!({}),
            _ => json!({"platform_code": self.platform.code, "companies": companies}),
        };
        Staff::signed_in(&self.stage.address, roles, more, self.stage.clock.now()).await
    }

    /// A command about the platform.
    async fn command(&self, staff: &Staff, name: &str, mut fields: Value) -> Response {
        fields["platform_code"] = self.platform.code.clone().into();
        staff.command(name, fields).await
    }

    async fn ids(&self, staff: &Staff, filter: Value) -> Vec<Value> {
        let listed = self.command(staff, "list_applications", filter).await;
        let rows = listed.body["applications"].as_array().unwrap_or_else(|| panic!("{listed:?}"));
        rows.iter().map(|row| row["em_id"].clone()).collect()
    }

    async fn decide(&self, staff: &Staff, name: &str, em_id: &Value, version: u64) -> Response {
        let mut fields = decision(name);
        (fields["em_id"], fields["version"]) = (em_id.clone(), version.into());
        self.command(staff, name, fields).await
    }
}

async fn applied(platform: &Platform, company: u32) -> (Worker, Value) {
    let worker = platform.worker(&format!("of {company}")).await;
    let mut resume = resume();
    resume["company_id"] = company.into();
    assert_eq!(worker.send_json(Method::POST, &resume).await, ok(Value::Null));
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    (worker, em_id)
}

fn missing(field: &str) -> Response {
    failure(404, "NotFound", &[(field, "does not exist")])
}

#[tokio::test]
async fn a_reviewer_sees_and_decides_on_the_applications_of_their_companies_alone() {
    let office = Office::open().await;
    let reviewer = office.staff(&["reviewer"], &[COMPANY]).await;
    assert_eq!(office.ids(&reviewer, json!({})).await, std::slice::from_ref(&office.own));
    assert_eq!(office.ids(&reviewer, json!({"phone": "13800138000"})).await, std::slice::from_ref(&office.own));
    assert_eq!(office.ids(&reviewer, json!({"name": "张三", "company_id": COMPANY})).await, std::slice::from_ref(&office.own));
    let listed = office.command(&reviewer, "list_applications", json!({"company_id": OTHER})).await;
    assert_eq!(listed, missing("company_id"));
    assert_eq!(office.command(&reviewer, "show_application", json!({"em_id": office.other})).await, missing("em_id"));
    let stored = office.stage.items("signing").await;
    for command in ["approve_application", "reject_application", "cancel_application"] {
        assert_eq!(office.decide(&reviewer, command, &office.other, 1).await, missing("em_id"), "{command}");
    }
    let verify = json!({"em_id": office.other, "version": 1, "verify_status": 2});
    assert_eq!(office.command(&reviewer, "set_verify_status", verify).await, missing("em_id"));
    assert_eq!(office.stage.items("signing").await, stored);

    let foreign = Platform::create(&office.stage.address).await;
    let (_, abroad) = applied(&foreign, COMPANY).await;
    for command in ["list_applications", "list_companies", "list_handlers", "list_positions", "list_dictionaries"] {
        let fields = json!({"platform_code": foreign.code});
        assert_eq!(reviewer.command(command, fields).await, missing("platform_code"), "{command}");
    }
    let show = json!({"platform_code": foreign.code, "em_id": abroad});
    assert_eq!(reviewer.command("show_application", show).await, missing("platform_code"));

    let shown = office.command(&reviewer, "show_application", json!({"em_id": office.own})).await;
    assert_eq!((shown.status, &shown.body["real_name"]), (200, &json!("张三")));
    let approved = office.decide(&reviewer, "approve_application", &office.own, 1).await;
    let last = json!({"from": 1, "to": 2, "at": AT, "by": "张三"});
    assert_eq!((approved.status, &approved.body["status"], &approved.body["moves"][1]), (200, &json!(2), &last));
    // The response was lost.
    assert_eq!(office.decide(&reviewer, "approve_application", &office.own, 1).await, approved);
    // A colleague of the same name is another person.
    let colleague = office.staff(&["reviewer"], &[COMPANY]).await;
    let became = format!("became 2 at {AT} by 张三");
    let faults = [("version", "is 2 now; changed since: status, terms"), ("status", became.as_str())];
    let rejected = failure(409, "Conflict", &faults);
    assert_eq!(office.decide(&colleague, "approve_application", &office.own, 1).await, rejected);
}

#[tokio::test]
async fn an_application_that_moves_to_another_company_is_gone_for_its_reviewer() {
    let office = Office::open().await;
    let reviewer = office.staff(&["reviewer"], &[COMPANY]).await;
    let mut moved = resume();
    moved["company_id"] = OTHER.into();
    assert_eq!(office.worker.send_json(Method::PUT, &moved).await, ok(Value::Null));
    assert_eq!(office.decide(&reviewer, "approve_application", &office.own, 1).await, missing("em_id"));
    assert_eq!(office.command(&reviewer, "show_application", json!({"em_id": office.own})).await, missing("em_id"));
    assert_eq!(office.ids(&reviewer, json!({})).await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_auditor_who_reviews_sees_only_the_own_companies_whole() {
    let office = Office::open().await;
    let staff = office.staff(&["reviewer", "auditor"], &[COMPANY]).await;
    for (em_id, name) in [(&office.own, "张三"), (&office.other, "张*")] {
        let shown = office.command(&staff, "show_application", json!({"em_id": em_id})).await;
        assert_eq!((shown.status, &shown.body["real_name"]), (200, &json!(name)), "{shown:?}");
    }
}

#[tokio::test]
async fn a_reviewer_of_several_companies_names_one() {
    let office = Office::open().await;
    let reviewer = office.staff(&["reviewer"], &[COMPANY, OTHER]).await;
    let required = failure(400, "Invalid", &[("company_id", "is required: one of your companies")]);
    assert_eq!(office.command(&reviewer, "list_applications", json!({})).await, required);
    assert_eq!(office.ids(&reviewer, json!({"company_id": OTHER})).await, std::slice::from_ref(&office.other));
}

#[tokio::test]
async fn what_a_platform_offers_is_listed_for_the_companies_of_a_reviewer() {
    let office = Office::open().await;
    let reviewer = office.staff(&["reviewer"], &[OTHER]).await;
    let administrator = office.staff(&["admin"], &[]).await;
    let ids = async |staff: &Staff, command: &str, id: &str| -> Vec<Value> {
        let listed = office.command(staff, command, json!({})).await;
        let (_, name) = command.split_once('_').unwrap();
        listed.body[name].as_array().unwrap_or_else(|| panic!("{listed:?}")).iter().map(|row| row[id].clone()).collect()
    };
    for (staff, companies, contracts) in [
        (&reviewer, vec![json!(OTHER)], vec![json!(CONTRACT + 1)]),
        (&administrator, vec![json!(COMPANY), json!(OTHER)], vec![json!(CONTRACT), json!(CONTRACT + 1)]),
    ] {
        assert_eq!(ids(staff, "list_companies", "company_id").await, companies);
        assert_eq!(ids(staff, "list_contracts", "contract_id").await, contracts);
        assert_eq!(ids(staff, "list_handlers", "handler_id").await, [json!(HANDLER)]);
    }
    let foreign = Platform::create(&office.stage.address).await;
    let platforms = async |staff: &Staff| {
        let listed = staff.command("list_platforms", json!({})).await.body;
        let codes = listed["platforms"].as_array().unwrap().iter().map(|platform| platform["platform_code"].clone());
        codes.collect::<Vec<_>>()
    };
    let (own, other) = (json!(office.platform.code), json!(foreign.code));
    assert_eq!(platforms(&reviewer).await, std::slice::from_ref(&own));
    let all = platforms(&administrator).await;
    assert!(all.contains(&own) && all.contains(&other), "{all:?}");
}

#[tokio::test]
async fn an_auditor_reads_the_applications_of_all_companies_masked_and_leaves_no_look() {
    let office = Office::open().await;
    let auditor = office.staff(&["auditor"], &[]).await;
    assert_eq!(office.ids(&auditor, json!({})).await, [office.other.clone(), office.own.clone()]);
    let shown = office.command(&auditor, "show_application", json!({"em_id": office.other})).await;
    let masked = json!({
        "real_name": "张*", "phone": "138****8000", "id_number": "1101**********1234", "addr": "天府****", "acct_addr": "天府****",
        "em_contact_name": "李*", "em_contact_phone": "139****9000",
    });
    assert_eq!((&shown.body["resume"], &shown.body["real_name"]), (&masked, &json!("张*")), "{shown:?}");
    for planted in ["第一中学", "甲公司", "成都市", "image/1.jpg", "13800138000", "张三"] {
        assert!(!shown.body.to_string().contains(planted), "{planted}: {shown:?}");
    }
    let object = format!("signing/application/{}/{}", office.platform.code, office.other);
    assert_eq!(crate::support::audit::records_of(&office.stage.address, &object).await, Vec::<Value>::new());

    // A reviewer who audits, too, reads all and decides on the own companies.
    let both = office.staff(&["reviewer", "auditor"], &[COMPANY]).await;
    assert_eq!(office.ids(&both, json!({})).await, [office.other.clone(), office.own.clone()]);
    assert_eq!(office.decide(&both, "cancel_application", &office.other, 1).await, missing("em_id"));
    assert_eq!(office.decide(&both, "cancel_application", &office.own, 1).await.body["status"], 5);
}
