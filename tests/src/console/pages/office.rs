//! Two applications of two companies of a platform, and reviewers of the first company.

use reqwest::Method;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use crate::support::Stage;
use crate::support::pages::{Form, Page};
use crate::support::staff::Staff;
use crate::support::worker::{COMPANY, Platform, ok, resume};

const OTHER: u32 = 13;

pub struct Office {
    pub stage: Stage,
    pub platform: Platform,
    /// The applications of the two companies.
    pub own: Value,
    pub other: Value,
}

impl Office {
    pub async fn open() -> Self {
        let stage = Stage::open().await;
        let platform = Platform::create(&stage.address).await;
        platform.command("set_company", json!({"company": {"company_id": OTHER, "company_name": "别的"}})).await;
        let (own, other) = (applied(&platform, "own", COMPANY).await, applied(&platform, "other", OTHER).await);
        Self { stage, platform, own, other }
    }

    /// More applications of the first company.
    pub async fn applications(&self, count: usize) -> Vec<Value> {
        let mut ids = Vec::new();
        for number in 0..count {
            ids.push(applied(&self.platform, &format!("worker {number}"), COMPANY).await);
        }
        ids
    }

    /// A reviewer of the first company.
    pub async fn reviewer(&self, name: &str) -> Staff {
        let more = json!({"name": name, "platform_code": self.platform.code, "companies": [COMPANY]});
        Staff::signed_in(&self.stage.address, &["reviewer"], more, self.stage.clock.now()).await
    }

    pub fn address(&self, em_id: &Value) -> String {
        format!("/console/application?platform_code={}&em_id={em_id}", self.platform.code)
    }

    /// The form that rejects the reviewer's own application, with a reason.
    pub async fn rejection(&self, reviewer: &Staff) -> Form {
        let page = reviewer.browser.open(&self.address(&self.own)).await;
        let form = reviewer.browser.submit(&page.form("/console/form/reject_application")).await;
        form.form("/console/do/reject_application").fill("reason", "照片不清晰")
    }

    /// What the attacks of these tests would change.
    pub async fn stored(&self) -> [Vec<Value>; 2] {
        [self.stage.items("signing").await, self.stage.items("audit").await]
    }

    pub async fn status(&self, em_id: &Value) -> Value {
        self.platform.command("show_application", json!({"em_id": em_id})).await["status"].clone()
    }
}

async fn applied(platform: &Platform, user: &str, company: u32) -> Value {
    let worker = platform.worker(user).await;
    let mut resume = resume();
    resume["company_id"] = company.into();
    assert_eq!(worker.send_json(Method::POST, &resume).await, ok(Value::Null));
    worker.get("/employee").await.body["data"]["em_id"].clone()
}

/// Status and title of a page.
pub fn seen(page: &Page) -> (u16, String) {
    (page.status, page.title())
}

/// The page of a form that no page sent.
pub fn foreign() -> (u16, String) {
    (415, "表单已失效，请回到页面重新提交".into())
}
