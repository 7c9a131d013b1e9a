//! The signing API, and the commands that administer it.

use image::ImageFormat;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Request, Scene, Write, matrix, once, write};
use crate::support::picture::picture;
use crate::support::worker::{COMPANY, CONTRACT, HANDLER, Platform, Worker, resume};
use crate::support::{Response, Stage, fetch};

const PHONE: &str = "13700000020";
/// A phone that was sent a code.
const KNOWN_PHONE: &str = "13700000021";

/// A platform with workers: one with a session that is a day old, one without an application, and one with an application in each
/// state that can change.
pub struct Signing {
    stage: Stage,
    platform: Platform,
    idle: Worker,
    new: Worker,
    applied: (Worker, Value),
    approved: Value,
    rejected: Worker,
    code: String,
}

/// A worker who applied, and the id of the application.
async fn applied(platform: &Platform, user: &str) -> (Worker, Value) {
    let worker = platform.worker(user).await;
    assert_eq!(worker.send_json(Method::POST, &resume()).await.status, 200);
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    (worker, em_id)
}

/// The terms of an approval of an application that was submitted once.
fn terms(em_id: &Value) -> Value {
    json!({
        "em_id": em_id, "version": 1, "by": "zhangsan", "contract_id": CONTRACT, "entry_date": "2024-02-01", "salary": 6000, "work_pos": "B岗位",
    })
}

impl Signing {
    async fn verifycode(&self, phone: &str) -> Response {
        let (captcha, shown) = match self.captcha().await {
            Ok(captcha) => captcha,
            Err(response) => return response,
        };
        self.platform.verifycode(&captcha, &shown, phone).await
    }

    /// A captcha and its text, or the response that has none.
    async fn captcha(&self) -> Result<(String, String), Response> {
        let response = self.platform.request(Method::GET, "/captcha").send().await.unwrap();
        let Some(id) = response.headers().get("x-captcha-id") else {
            return Err(Response::read(response).await);
        };
        let id = id.to_str().unwrap().to_owned();
        let shown = self.platform.shown(&id).await;
        Ok((id, shown))
    }

    /// A résumé with the code that was sent to its phone.
    fn with_code(&self) -> Value {
        let mut resume = resume();
        resume["phone"] = KNOWN_PHONE.into();
        resume["verify_code"] = self.code.clone().into();
        resume
    }

    async fn command(&self, command: &str) -> Response {
        let (applied, by) = (&self.applied.1, "zhangsan");
        let mut event = match command {
            "set_platform" => json!({"name": "改名"}),
            "set_company" => json!({"company": {"company_id": COMPANY + 1, "company_name": "新"}}),
            "set_handler" => json!({"handler": {"handler_id": HANDLER, "username": "lisi"}}),
            "set_contract" => json!({"contract": {
                "contract_id": CONTRACT + 1, "contract_name": "新", "contract_body": "彩程", "company_id": COMPANY, "sign_year": 1,
                "file_url": "https://files.example.com/new.pdf",
            }}),
            "set_positions" => json!({"positions": [{"name": "B岗位"}]}),
            "set_dictionary" => json!({"dict_item": "Nation", "entries": [{"dict_key": "1", "dict_value": "汉族"}]}),
            "approve_application" => terms(applied),
            "sign_application" => json!({"em_id": self.approved, "version": 2, "by": by}),
            "reject_application" => json!({"em_id": applied, "version": 1, "by": by, "reason": "照片不清楚"}),
            "end_worker_sessions" => json!({"em_id": applied}),
            "set_verify_status" => json!({"em_id": applied, "version": 1, "by": by, "verify_status": 2}),
            _ => json!({"em_id": applied, "version": 1, "by": by}),
        };
        event["command"] = command.into();
        event["platform_code"] = self.platform.code.clone().into();
        self.stage.address.operate(&event).await
    }
}

impl Scene for Signing {
    const WRITES: &'static [Write] = &[
        write("GET /captcha", ""),
        write("POST /verifycode", ""),
        write("POST /weixin/login", "of a new worker"),
        write("POST /weixin/login", "of a known worker"),
        write("POST /weixin/login", "of a closed account"),
        // The first request has ended the session.
        once("POST /weixin/logout", "", "请先登录"),
        once("POST /weixin/close", "", "请先登录"),
        write("GET /em_status", "the session is extended"),
        once("POST /employee", "", "简历已提交，请勿重复提交"),
        once("POST /employee", "with a code", "简历已提交，请勿重复提交"),
        write("PUT /employee", ""),
        write("PUT /employee", "with a code"),
        write("PUT /employee", "after a rejection"),
        write("POST /image", ""),
        write("ops-admin set_platform", ""),
        write("ops-admin set_company", ""),
        write("ops-admin set_handler", ""),
        write("ops-admin set_contract", ""),
        write("ops-admin set_positions", ""),
        write("ops-admin set_dictionary", ""),
        // A retry by the same person on the same version.
        write("ops-admin approve_application", ""),
        write("ops-admin sign_application", ""),
        write("ops-admin reject_application", ""),
        write("ops-admin cancel_application", ""),
        write("ops-admin set_verify_status", ""),
        write("ops-admin end_worker_sessions", ""),
    ];

    const OUR_FAULT: &'static [&'static str] = &[r#""status":500,"msg":"系统繁忙，请稍后再试","data":null}"#];

    fn expires(write: &Write) -> bool {
        write.case == "with a code"
    }

    async fn set() -> Self {
        let stage = Stage::open().await;
        let platform = Platform::create(&stage.address).await;
        // Each move writes a change for the products of this company.
        let linked = json!({"name": "测试平台", "require_verified": false, "company_uuid": "c".repeat(32)});
        assert_eq!(platform.command("set_platform", linked).await["status"], 1);
        let idle = platform.worker("idle").await;
        stage.clock.advance(SignedDuration::from_hours(25));
        let new = platform.worker("new").await;
        let closed = platform.worker("closed").await;
        assert_eq!(fetch(closed.request(Method::POST, "/weixin/close")).await.status, 200);
        let first = applied(&platform, "applied").await;
        let (_, approved) = applied(&platform, "approved").await;
        assert_eq!(platform.command("approve_application", terms(&approved)).await["status"], 2);
        let (rejected, em_id) = applied(&platform, "rejected").await;
        platform.decide("reject_application", &em_id, json!({"reason": "照片"})).await;
        let scene = Self { stage, platform, idle, new, applied: first, approved, rejected, code: String::new() };
        assert_eq!(scene.verifycode(KNOWN_PHONE).await.status, 200);
        let code = scene.stage.address.code(KNOWN_PHONE).await;
        // An unsolved captcha, as a worker leaves who requests another one.
        scene.platform.captcha().await;
        Self { code, ..scene }
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    async fn send(&self, Write { route, case, .. }: &Write, _: &Request) -> Response {
        let login = async |user: &str| self.platform.log_in(&self.platform.login_code(user).await).await;
        match (*route, *case) {
            ("GET /captcha", _) => fetch(self.platform.request(Method::GET, "/captcha")).await,
            ("POST /verifycode", _) => self.verifycode(PHONE).await,
            ("POST /weixin/login", "of a known worker") => login("new").await,
            ("POST /weixin/login", "of a closed account") => login("closed").await,
            ("POST /weixin/login", _) => login("a worker").await,
            ("GET /em_status", _) => self.idle.get("/em_status").await,
            ("POST /weixin/logout", _) => fetch(self.new.request(Method::POST, "/weixin/logout")).await,
            ("POST /weixin/close", _) => fetch(self.new.request(Method::POST, "/weixin/close")).await,
            ("POST /employee", "") => self.new.send_json(Method::POST, &resume()).await,
            ("POST /employee", _) => self.new.send_json(Method::POST, &self.with_code()).await,
            ("PUT /employee", "") => {
                let mut changed = resume();
                changed["addr"] = "改".into();
                self.applied.0.send_json(Method::PUT, &changed).await
            }
            ("PUT /employee", "with a code") => self.applied.0.send_json(Method::PUT, &self.with_code()).await,
            ("PUT /employee", _) => self.rejected.send_json(Method::PUT, &resume()).await,
            ("POST /image", _) => self.applied.0.upload("a.png", &picture(ImageFormat::Png)).await,
            (route, _) => self.command(route.strip_prefix("ops-admin ").unwrap_or_else(|| panic!("{route} is not sent"))).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_write_of_the_signing_api() {
    matrix::<Signing>("Signing API", 24).await;
}
