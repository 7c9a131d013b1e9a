//! Users of the job board.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::documents::jobboard::documented;
use super::{Address, Response, client, fetch};

/// The other spellings of a path are the same endpoint.
pub const SPELLINGS: [&str; 6] = [
    "POST /jobs/create",
    "POST /jobs/close",
    "POST /jobs/collect",
    "POST /jobs/cancnel_collect",
    "POST /job/cancel_collect",
    "POST /jobs/cancel_collect",
];

/// The job board as a visitor sees it who is not logged in.
#[derive(Clone)]
pub struct Board {
    pub address: Address,
    pub http: reqwest::Client,
}

/// A user who is logged in.
#[derive(Clone)]
pub struct User {
    pub board: Board,
    pub id: u64,
    pub token: String,
    pub phone: String,
}

/// The response to a command.
pub fn done() -> Response {
    Response { status: 200, body: json!({"code": 0, "message": "", "data": null}) }
}

/// The response to a read.
pub fn ok(data: Value) -> Response {
    Response { status: 200, body: json!({"code": 0, "message": "ok", "data": data}) }
}

/// The data of a read, which the caller of this function checks.
#[track_caller]
pub fn data(response: &Response) -> Value {
    let mut body = response.body.clone();
    let data = body.as_object_mut().and_then(|members| members.shift_remove("data"));
    assert_eq!((response.status, body), (200, json!({"code": 0, "message": "ok"})), "{data:?}");
    data.expect("data")
}

/// The response to a failed request: code and HTTP status are the same.
pub fn rejection(status: u16, data: &str) -> Response {
    let message = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Payload Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        _ => panic!("{status} has no phrase in this test"),
    };
    Response { status, body: json!({"code": status, "message": message, "data": data}) }
}

/// The same with a code of the document's own: 1002 or 1003.
pub fn own_rejection(code: u16, data: &str) -> Response {
    Response { status: 400, body: json!({"code": code, "message": "Bad Request", "data": data}) }
}

/// The document's example of a job.
pub fn job() -> Value {
    super::documents::jobboard::parsed(documented("/job/create").request.as_deref().expect("a job"))
}

/// A number that no other test has.
pub fn unique() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

impl Board {
    pub fn of(address: &Address) -> Self {
        Self { address: address.clone(), http: client() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.address.base_url))
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        fetch(self.request(Method::POST, path).body(body.to_string())).await
    }

    /// A code as WeChat issues it: `kind` is `login` or `phone`.
    pub async fn code(&self, kind: &str, subject: &str) -> String {
        let parameter = if kind == "login" { "user" } else { "phone" };
        let url = format!("{}/simulate/{kind}_code?{parameter}={subject}", self.address.wechat_url);
        fetch(self.http.get(url)).await.body["code"].as_str().expect("a code").to_owned()
    }

    /// Registers a new user.
    pub async fn join(&self) -> User {
        let number = unique();
        self.register(&format!("user-{number}"), &format!("139{number:08}")).await
    }

    pub async fn register(&self, name: &str, phone: &str) -> User {
        let body = json!({"login_code": self.code("login", name).await, "phone_code": self.code("phone", phone).await});
        let response = self.request(Method::POST, "/wechat/user/register").body(body.to_string()).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let token = response.headers()["x-auth-token"].to_str().unwrap().to_owned();
        assert_eq!(response.headers()["authorization"].to_str().unwrap(), format!("Bearer {token}"));
        let body: Value = response.json().await.unwrap();
        let id = body["data"]["user_info"]["id"].as_u64().expect("an id");
        assert_eq!(body, ok(json!({"user_info": {"id": id}})).body);
        User { board: self.clone(), id, token, phone: phone.to_owned() }
    }

    /// The output of a command of `ops-admin`.
    pub async fn command(&self, command: &str, mut event: Value) -> Value {
        event["command"] = command.into();
        self.address.command(&event).await
    }

    /// The response of the WeChat simulator.
    pub async fn simulate(&self, what: &str, body: &Value) -> Response {
        fetch(self.http.post(format!("{}/simulate/{what}", self.address.wechat_url)).json(body)).await
    }

    /// Pays an order as its user does. Returns the status with which the system acknowledged the notification.
    pub async fn pay(&self, order_no: &str) -> Value {
        self.simulate("pay", &json!({"out_trade_no": order_no})).await.body
    }
}

impl User {
    pub fn request(&self, path: &str) -> RequestBuilder {
        self.board.request(Method::POST, path).header("authorization", &self.token).header("user_id", self.id)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.post_text(path, &body.to_string()).await
    }

    /// Sends the text as it is.
    pub async fn post_text(&self, path: &str, body: &str) -> Response {
        fetch(self.request(path).header("content-type", "application/json").body(body.to_owned())).await
    }

    /// Sends the request under an idempotency key.
    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> Response {
        fetch(self.request(path).header("idempotency-key", key).body(body.to_string())).await
    }

    pub async fn info(&self) -> Response {
        let request = self.board.request(Method::GET, "/user/info");
        fetch(request.header("authorization", &self.token).header("user_id", self.id)).await
    }

    /// Posts the document's job with these members replaced. Returns its id.
    pub async fn post_job(&self, members: Value) -> u64 {
        let mut job = job();
        job.as_object_mut().unwrap().extend(members.as_object().expect("members").clone());
        let response = self.request("/job/create").body(job.to_string()).send().await.unwrap();
        let id = response.headers().get("x-resource-id").map(|id| id.to_str().unwrap().parse().unwrap());
        let (status, body) = (response.status().as_u16(), response.json().await.unwrap());
        assert_eq!(Response { status, body }, done());
        id.expect("an id")
    }

    /// A job as this user sees it.
    pub async fn job(&self, id: u64) -> Value {
        let response = self.post("/jobs/info", &json!({"job_id": id})).await;
        data(&response)
    }

    /// Adds vouchers to the user's balance, or removes them.
    pub async fn adjust_vouchers(&self, change: i64) -> Value {
        let reference = format!("test-{}", unique());
        let event = json!({"user_id": self.id, "change": change, "reference": reference, "reason": "测试", "by": "test"});
        self.board.command("adjust_vouchers", event).await
    }

    /// Balance, changes (newest first) and their number.
    pub async fn ledger(&self) -> (i64, Vec<i64>, u64) {
        let records = self.post("/contact_voucher/records", &json!({"page_size": 50})).await.body["data"].clone();
        let changes = records["list"].as_array().expect("entries").iter().map(|entry| entry["change_num"].as_i64().unwrap());
        (
            records["contact_voucher_num"].as_i64().expect("a balance"),
            changes.collect(),
            records["list_total"].as_u64().expect("a total"),
        )
    }

    /// Spends a voucher on a call to the owner of a job.
    pub async fn call(&self, job: u64) -> Response {
        self.post("/contact_voucher/cost", &json!({"purpose_id": job, "purpose_type": 1})).await
    }

    /// Places an order. Returns the data of the response.
    pub async fn order(&self, path: &str, body: Value) -> Value {
        let response = self.post(path, &body).await;
        data(&response)
    }

    /// Orders one voucher. Returns the order's number.
    pub async fn order_voucher(&self) -> String {
        let order = self.order("/contact_voucher/buy", json!({"price": 3.99, "contact_voucher_num": 1})).await;
        order["order_no"].as_str().expect("a number").to_owned()
    }

    /// The state of an order.
    pub async fn order_status(&self, order_no: &str) -> String {
        let response = self.post("/order/status", &json!({"order_no": order_no})).await;
        response.body["data"]["status"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned()
    }
}
