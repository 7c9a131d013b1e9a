//! The system that is walked through: it has a record of each kind.

use std::collections::BTreeMap;

use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;
use shared::staff::roles::Role;

use super::APPLICANT;
use crate::ops::signing::decision;
use crate::quality::privacy::filled::filled;
use crate::support::Stage;
use crate::support::picture::picture;
use crate::support::product::{EMPNO, MOBILE};
use crate::support::staff::Staff;
use crate::support::worker::{COMPANY, Platform, ok, resume};

/// A user of the job board in [`filled`].
const USER_PHONE: &str = "13900000099";

/// The system, with what a person types in and what the examples of commands are about.
pub struct Place {
    pub stage: Stage,
    platform: Platform,
    /// For the inputs of forms.
    pub known: BTreeMap<&'static str, String>,
}

impl Place {
    pub async fn build() -> Self {
        let stage = filled().await;
        let platform = Platform::create(&stage.address).await;
        let mut known = BTreeMap::from([
            ("phone", USER_PHONE.to_owned()),
            ("mobile", MOBILE.to_owned()),
            ("empno", EMPNO.to_owned()),
            ("platform_code", platform.code.clone()),
        ]);
        let worker = platform.worker("walked").await;
        let mut resume = resume();
        for (field, value) in APPLICANT {
            resume[field] = value.into();
        }
        let uploaded = worker.upload("front.png", &picture(ImageFormat::Png)).await;
        resume["id_card_front"] = uploaded.body["data"]["url"].clone();
        assert_eq!(worker.send_json(Method::POST, &resume).await, ok(Value::Null));
        known.insert("em_id", worker.get("/employee").await.body["data"]["em_id"].to_string());
        let approved = platform.worker("approved").await;
        assert_eq!(approved.send_json(Method::POST, &resume).await, ok(Value::Null));
        let em_id = approved.get("/employee").await.body["data"]["em_id"].clone();
        let terms = decision("approve_application");
        assert_eq!(platform.decide("approve_application", &em_id, terms).await["status"], 2);

        stage.names.set("example.com", &["203.0.114.1"]);
        let ask = async |command: Value, of: &str| stage.address.command(&command).await[of].clone();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let user = ask(json!({"command": "find_user", "phone": USER_PHONE}), "users").await[0]["user_id"].clone();
        let job = ask(json!({"command": "list_user_jobs", "user_id": user}), "jobs").await[0]["job_id"].clone();
        let order = ask(json!({"command": "list_orders"}), "orders").await[0]["order_no"].clone();
        let channel = ask(json!({"command": "list_channels"}), "channels").await[0]["appkey"].clone();
        let key = ask(json!({"command": "list_access_keys"}), "access_keys").await[0].clone();
        let app = ask(json!({"command": "list_oauth_apps"}), "apps").await[0].clone();
        let colleague = Staff::create(&stage.address, &["support"], json!({"name": "后台甲"})).await;
        for (name, value) in [
            ("user_id", &user),
            ("job_id", &job),
            ("order_no", &order),
            ("appkey", &channel),
            ("access_key", &key["access_key"]),
            ("product_id", &key["product_id"]),
            ("company_uuid", &key["company_uuid"]),
            ("app_id", &app["app_id"]),
            ("staff_id", &colleague.id),
        ] {
            assert!(!value.is_null(), "{name}");
            known.insert(name, text(value));
        }
        Self { stage, platform, known }
    }

    pub async fn member(&self, role: Role) -> Staff {
        let more = match role {
            Role::Reviewer => json!({"name": "后台乙", "platform_code": self.platform.code, "companies": [COMPANY]}),
            _ => json!({"name": "后台乙"}),
        };
        Staff::signed_in(&self.stage.address, &[role.as_str()], more, self.stage.clock.now()).await
    }

    /// The addresses with a filter, and those of records that no list shows.
    pub fn typed(&self) -> Vec<String> {
        let known = |name: &str| &self.known[name];
        let today = self.stage.clock.now().to_string();
        let mut typed = vec![
            "/console".to_owned(),
            format!("/console/users?user_id={}", known("user_id")),
            format!("/console/user?user_id={}", known("user_id")),
            format!("/console/audit?day={}", &today[..10]),
            format!("/console/audit?object=staff/member/{}", known("staff_id")),
            format!("/console/orders?day={}", &today[..10]),
            format!("/console/grants?company_uuid={}", known("company_uuid")),
            "/console/user?user_id=7".to_owned(),
            "/console/job?job_id=x".to_owned(),
            "/console/no-page".to_owned(),
            "/console/form/no_command".to_owned(),
        ];
        typed.extend(ops::console::navigation().map(|(address, _)| address));
        typed
    }
}
