//! A worker with the mini program.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use local::Captchas;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Address, Response, client, fetch};

/// What each platform of the tests has.
pub const COMPANY: u32 = 12;
pub const HANDLER: u32 = 34;
pub const CONTRACT: u32 = 56;
pub const ID_NUMBER: &str = "110101199001011234";

/// A platform with one company, handler and contract, which does not demand verified identities.
#[derive(Clone)]
pub struct Platform {
    pub address: Address,
    pub code: String,
    pub http: reqwest::Client,
    captchas: Arc<Captchas>,
}

impl Platform {
    pub async fn create(address: &Address) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let code = format!("platform-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let http = client();
        let captchas = Arc::new(Captchas::of(&address.variables).await.unwrap());
        let platform = Self { address: address.clone(), code, http, captchas };
        platform.command("set_platform", json!({"name": "测试平台", "require_verified": false})).await;
        let company = json!({"company_id": COMPANY, "company_name": "彩程"});
        platform.command("set_company", json!({"company": company})).await;
        let handler = json!({"handler_id": HANDLER, "username": "zhangsan", "name": "张三"});
        platform.command("set_handler", json!({"handler": handler})).await;
        let contract = json!({
            "contract_id": CONTRACT, "contract_name": "劳动合同", "contract_body": "彩程", "company_id": COMPANY, "sign_year": 3,
            "file_url": "https://files.example.com/contract.pdf",
        });
        platform.command("set_contract", json!({"contract": contract})).await;
        platform
    }

    /// The output of a command of `ops-admin` about this platform.
    pub async fn command(&self, command: &str, mut event: Value) -> Value {
        event["command"] = command.into();
        event["platform_code"] = self.code.clone().into();
        self.address.command(&event).await
    }

    /// The output of a decision on an application as it is shown now.
    pub async fn decide(&self, command: &str, em_id: &Value, more: Value) -> Value {
        let shown = self.command("show_application", json!({"em_id": em_id})).await;
        let mut event = json!({"em_id": em_id, "version": shown["version"], "by": "zhangsan"});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.command(command, event).await
    }

    /// The same platform, called from another IP address.
    pub fn elsewhere(&self) -> Self {
        self.through(client())
    }

    /// The same platform, called by this client.
    pub fn through(&self, http: reqwest::Client) -> Self {
        Self { http, ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.address.base_url)).header("x-platform-code", &self.code)
    }

    /// A code as `wx.login` returns it for this user.
    pub async fn login_code(&self, user: &str) -> String {
        let url = format!("{}/simulate/login_code?user={user}", self.address.wechat_url);
        fetch(self.http.get(url)).await.body["code"].as_str().expect("a code").to_owned()
    }

    pub async fn log_in(&self, code: &str) -> Response {
        fetch(form(self.request(Method::POST, "/weixin/login"), &[("code", code)])).await
    }

    /// A worker who is logged in.
    pub async fn worker(&self, user: &str) -> Worker {
        let response = self.log_in(&self.login_code(user).await).await;
        let token = response.body["data"]["session_token"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned();
        Worker { platform: self.clone(), token }
    }

    /// A captcha's id and the text in its picture.
    pub async fn captcha(&self) -> (String, String) {
        let response = self.request(Method::GET, "/captcha").send().await.unwrap();
        let id = response.headers()["x-captcha-id"].to_str().unwrap().to_owned();
        let shown = self.shown(&id).await;
        (id, shown)
    }

    /// The text in the picture of a captcha.
    pub async fn shown(&self, captcha: &str) -> String {
        self.captchas.answer(captcha).await.unwrap().expect("a captcha")
    }

    pub async fn verifycode(&self, captcha: &str, code: &str, phone: &str) -> Response {
        let request = self.request(Method::POST, "/verifycode").header("x-captcha-id", captcha);
        fetch(form(request, &[("captcha_code", code), ("phone", phone)])).await
    }
}

#[derive(Clone)]
pub struct Worker {
    pub platform: Platform,
    pub token: String,
}

impl Worker {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.platform.request(method, path).header("x-auth-token", &self.token)
    }

    pub async fn get(&self, path: &str) -> Response {
        fetch(self.request(Method::GET, path)).await
    }

    pub async fn send_form(&self, method: Method, fields: &[(&str, &str)]) -> Response {
        fetch(form(self.request(method, "/employee"), fields)).await
    }

    pub async fn send_json(&self, method: Method, body: &Value) -> Response {
        let request = self.request(method, "/employee").header("content-type", "application/json");
        fetch(request.body(body.to_string())).await
    }

    pub async fn upload(&self, name: &str, bytes: &[u8]) -> Response {
        let file = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name(name.to_owned());
        let request = self.request(Method::POST, "/image").multipart(reqwest::multipart::Form::new().part("file", file));
        fetch(request).await
    }
}

/// A request with a form as its body.
pub fn form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// A résumé with every field of the document.
pub fn resume() -> Value {
    json!({
        "real_name": "张三", "phone": "13800138000", "id_number": ID_NUMBER, "age": 30, "gender": 1, "nation": "汉族",
        "marital_sts": 1, "political_sts": 3, "acct_type": 0, "acct_prc_id": 51, "acct_prc_name": "四川省", "acct_city_id": 5101,
        "acct_city_name": "成都市", "acct_coy_id": 510107, "acct_coy_name": "武侯区", "acct_addr": "天府大道1号", "province_id": 51,
        "province_name": "四川省", "city_id": 5101, "city_name": "成都市", "county_id": 510107, "county_name": "武侯区",
        "addr": "天府大道2号", "em_contact_name": "李四", "em_contact_phone": "13900139000", "em_contact_relationship": "配偶",
        "id_card_front": "https://api.example.com/image/1.jpg", "id_card_back": "https://api.example.com/image/2.jpg",
        "company_id": COMPANY, "work_pos": "A岗位",
        "work_exp": [{"company": "甲公司", "position": "焊工"}, {"company": "乙公司", "position": "电工"}],
        "employee_edu": [{"school": "第一中学", "degree": "junior"}], "ad_user_id": HANDLER,
    })
}

/// The fields of a résumé that must be present.
pub const REQUIRED: [&str; 9] = [
    "real_name",
    "phone",
    "id_number",
    "marital_sts",
    "political_sts",
    "acct_type",
    "company_id",
    "employee_edu",
    "ad_user_id",
];

/// The data that `GET /employee` returns for a résumé.
pub fn returned(resume: &Value, em_id: &Value) -> Value {
    let mut returned = resume.clone();
    returned["em_id"] = em_id.clone();
    returned["company"] = json!({"id": resume["company_id"], "company_name": "彩程"});
    returned
}

/// A success.
pub fn ok(data: Value) -> Response {
    Response { status: 200, body: json!({"status": 0, "msg": "", "data": data}) }
}

pub fn rejection(status: u16, msg: &str) -> Response {
    Response { status, body: json!({"status": status, "msg": msg, "data": null}) }
}

/// The same for `/image` and `/verifycode`, whose envelope has one more member.
pub fn coded(response: Response) -> Response {
    let Response { status, mut body } = response;
    body["error_code"] = body["status"].clone();
    Response { status, body }
}
