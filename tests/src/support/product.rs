//! A product that calls the HR API for its own company.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::crypto::keyring::Keyring;
use shared::runtime::clock::{Clock, SystemClock};
use shared::storage::sealed::{self, SEALED};
use shared::storage::table::Key;
use shared::values::Secret;

use super::resource::is_number;
use super::{Address, Response, Stage, fetch, world};

/// The employee of the document's example, with the fields that the example lacks.
pub const EMPLOYEE: &str = "1387c26da1091124264793e123744fbb";
pub const EMPNO: &str = "NORMAL-1";
pub const MOBILE: &str = "18602836721";
pub const DEPARTMENT: &str = "f46594b15bc947891fcf8700f3aaa2ba";
pub const SUB_COMPANY: &str = "5c0000000000000000000000000000aa";
pub const CANDIDATE: &str = "ca0000000000000000000000000000aa";
pub const APPROVAL: &str = "20170712355448";
/// A day with an arrangement and a timeline of the employee.
pub const DAY: &str = "2017-02-03";

#[derive(Clone)]
pub struct Product {
    pub address: Address,
    pub product_id: String,
    pub company: String,
    pub access_key: String,
    pub secret_key: String,
    /// The company's current token.
    pub token: String,
    pub http: reqwest::Client,
    clock: Arc<dyn Clock>,
}

impl Product {
    /// A new product with a new company without records, in the system that tests share.
    pub async fn join() -> Self {
        Self::join_at(world().clone(), Arc::new(SystemClock)).await
    }

    /// The same on a stage.
    pub async fn join_stage(stage: &Stage) -> Self {
        Self::join_at(stage.address.clone(), stage.clock.clone()).await
    }

    async fn join_at(address: Address, clock: Arc<dyn Clock>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let (company, product) = (format!("c{number:031x}"), format!("product-{number}"));
        let http = local::http::client();
        let done = async |command: Value| address.command(&command).await;
        let rows = json!({"uuid": company, "name": "彩程", "full_name": "成都彩程软件设计有限公司"}).to_string();
        done(json!({"command": "import_hris", "kind": "companies", "rows": rows})).await;
        done(json!({"command": "create_product", "product_id": product, "name": "测试产品"})).await;
        let key = done(json!({"command": "create_access_key", "product_id": product, "company_uuid": company})).await;
        let token = done(json!({"command": "rotate_company_token", "company_uuid": company})).await;
        let text = |response: &Value, name: &str| response[name].as_str().expect(name).to_owned();
        Self {
            access_key: text(&key, "access_key"),
            secret_key: text(&key, "secret_key"),
            token: text(&token, "token"),
            address,
            product_id: product,
            company,
            http,
            clock,
        }
    }

    /// A product whose company has one record of each kind.
    pub async fn with_records() -> Self {
        let product = Self::join().await;
        product.add_records().await;
        product
    }

    pub async fn add_records(&self) {
        for (kind, row) in Self::records() {
            self.imports(kind, &[row]).await;
        }
    }

    /// One record of each kind, from the document if it has an example.
    pub fn records() -> Vec<(&'static str, Value)> {
        vec![
            (
                "sub_companies",
                json!({"uuid": SUB_COMPANY, "name": "彩程北京分公司", "short_name": "北京", "registered_address": "长安街1号", "boss": "袁绍"}),
            ),
            ("departments", json!({"name": "管理组", "uuid": DEPARTMENT})),
            ("employees", employee()),
            (
                "arrangements",
                json!({"attenance_rule_name": "标准考勤", "workshift_name": "早班", "empno": EMPNO, "date": DAY, "time_range": "09:00-18:00"}),
            ),
            (
                "timelines",
                json!({"employee_uuid": EMPLOYEE, "date": DAY, "category": "leave", "duration": 0.5, "duration_unit": "days", "start_time": "2017-02-03 09:00", "end_time": "2017-02-03 13:00"}),
            ),
            (
                "approvals",
                json!({"number_series": APPROVAL, "creator": "辛宪英", "created_at": "2017-07-12T17:29:30.000+08:00", "status": "denied", "updated_at": "2017-07-12T17:30:51.000+08:00", "category": "dimission", "workflow_name": "员工离职", "form_values": [{"section": "财务结算", "fields": [{"name": "停薪日期", "value": "2017-07-12"}]}]}),
            ),
            ("sources", json!({"id": "1", "name": "内部推荐"})),
            ("vacancies", json!({"id": "1", "name": "后端工程师", "department_uuid": DEPARTMENT, "status": "open"})),
            (
                "candidates",
                json!({"uuid": CANDIDATE, "name": "候选人", "email": "c@example.com", "mobile": "13800000001", "source_id": "1", "source_name": "内部推荐"}),
            ),
        ]
    }

    /// The output of a command of `ops-admin`.
    pub async fn command(&self, command: Value) -> Value {
        self.address.command(&command).await
    }

    /// The output of an import of rows into the company, without the id of the import.
    pub async fn import(&self, kind: &str, rows: &[Value]) -> Value {
        without_import_id(self.command(self.rows(kind, rows)).await)
    }

    /// The command that imports rows into the company.
    pub fn rows(&self, kind: &str, rows: &[Value]) -> Value {
        let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
        json!({"command": "import_hris", "kind": kind, "company_uuid": self.company, "rows": lines.join("\n")})
    }

    /// Imports rows and checks that none is rejected.
    pub async fn imports(&self, kind: &str, rows: &[Value]) {
        for rows in rows.chunks(2000) {
            let response = self.import(kind, rows).await;
            let results = response["results"].as_array().unwrap_or_else(|| panic!("{response}"));
            assert_eq!((results.len(), &response["next"]), (rows.len(), &Value::Null));
            assert!(results.iter().all(|result| result["status"] != "refused"), "{response}");
        }
    }

    /// Unix seconds by the system's clock.
    pub fn tonce(&self) -> String {
        self.clock.now().as_second().to_string()
    }

    /// The signature as documented.
    pub fn sign(&self, method: &str, path: &str, tonce: &str, payload: &str) -> String {
        client::sign(&self.secret_key, [method, path, &self.access_key, tonce, payload])
    }

    /// A signed call with the payload in the query. `Value::Null` sends no payload.
    pub async fn get(&self, path: &str, payload: Value) -> Response {
        let payload = text(&payload);
        let tonce = self.tonce();
        let signature = self.sign("GET", path, &tonce, &payload);
        let mut query = vec![("access_key", self.access_key.as_str()), ("tonce", &tonce), ("signature", &signature)];
        if !payload.is_empty() {
            query.push(("payload", &payload));
        }
        self.send(Method::GET, path, &query, None).await
    }

    pub async fn post(&self, path: &str, payload: Value) -> Response {
        self.call(Method::POST, path, payload).await
    }

    pub async fn patch(&self, path: &str, payload: Value) -> Response {
        self.call(Method::PATCH, path, payload).await
    }

    /// A signed call with the payload as the JSON body.
    pub async fn call(&self, method: Method, path: &str, payload: Value) -> Response {
        fetch(self.signed(method, path, payload)).await
    }

    pub fn signed(&self, method: Method, path: &str, payload: Value) -> RequestBuilder {
        let payload = text(&payload);
        let tonce = self.tonce();
        let signature = self.sign(method.as_str(), path, &tonce, &payload);
        let query = [("access_key", self.access_key.as_str()), ("tonce", &tonce), ("signature", &signature)];
        self.request(method, path, &query, Some(payload))
    }

    /// Sends these query parameters and this JSON body, and no credentials.
    pub async fn send(&self, method: Method, path: &str, query: &[(&str, &str)], body: Option<String>) -> Response {
        fetch(self.request(method, path, query, body)).await
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, &str)], body: Option<String>) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.address.base_url)).query(query);
        match body {
            Some(body) => request.header("content-type", "application/json").body(body),
            None => request,
        }
    }

    /// The payload with the company's token.
    pub fn with_token(&self, mut payload: Value) -> Value {
        payload["token"] = self.token.clone().into();
        payload
    }
}

/// The output of an import, without the id that each import gets.
pub fn without_import_id(mut output: Value) -> Value {
    let id = output.as_object_mut().and_then(|members| members.shift_remove("import_id"));
    assert!(id.is_some_and(|id| id.as_str().is_some_and(is_number)), "{output}");
    output
}

fn text(payload: &Value) -> String {
    if payload.is_null() { String::new() } else { payload.to_string() }
}

/// The document's example as a row of an import, as an administrator who has started work: only such an employee may consent.
pub fn employee() -> Value {
    json!({
        "uuid": EMPLOYEE, "name": "一般职员", "sex": "male", "empno": EMPNO, "email": "76577261@qq.com", "mobile": MOBILE,
        "phone_number": MOBILE, "id_number": "320581199406301913", "address": "烨伟路313号", "marriage": "divorced",
        "birthday": "1983-07-21", "join_date": "2012-09-29", "status": "regular", "department_uuid": DEPARTMENT,
        "exmail": "test1@colorway.com", "job_title": "CTO", "nickname": "少林扫地僧",
        "virtual_leader_uuid": "fbfd8324fb43da1d979fd277473d7984", "sub_company": "彩程北京分公司",
        "sub_company_uuid": SUB_COMPANY, "administrator": true,
    })
}

/// A candidate as Moka publishes it, without the optional fields.
pub fn moka_candidate() -> Value {
    json!({
        "id": "6XYfZGL4RWFfjSEpsEpdJ2eB", "name": "张三", "phone": "13203030303", "email": "a@b.com", "jobTitle": "前端工程师",
        "operator": {"name": "李四", "email": "lisi@a.com", "phone": "15828748567"},
    })
}

/// An employee for lists: uuid, empno and mobile are derived from the number.
pub fn numbered(number: u32) -> Value {
    json!({
        "uuid": format!("{number:032x}"), "name": format!("员工{number}"), "empno": format!("{number:06}"),
        "mobile": format!("13{number:09}"), "status": "regular", "join_date": "2012-09-29",
    })
}

/// The response for the row of an employee: every documented property, null for absent ids and dates, "" for absent text.
pub fn returned(row: &Value) -> Value {
    let text = |name: &str| row.get(name).cloned().unwrap_or_else(|| "".into());
    let id = |name: &str| row.get(name).cloned().unwrap_or(Value::Null);
    let mut phone_number = text("phone_number");
    if phone_number == "" {
        phone_number = text("mobile");
    }
    json!({
        "uuid": id("uuid"), "name": text("name"), "sex": text("sex"), "email": text("email"), "mobile": text("mobile"),
        "empno": text("empno"), "phone_number": phone_number, "id_number": text("id_number"), "address": text("address"),
        "bank_name": text("bank_name"), "bank_card": text("bank_card"), "photo": text("photo"), "marriage": text("marriage"),
        "birthday": id("birthday"), "join_date": id("join_date"), "probation_end_date": id("probation_end_date"),
        "avatar": text("avatar"), "leave_date": id("leave_date"), "category": text("category"), "status": text("status"),
        "department_uuid": id("department_uuid"), "exmail": text("exmail"), "job_title": text("job_title"),
        "job_grade": text("job_grade"), "nickname": text("nickname"), "dingtalk_id": id("dingtalk_id"),
        "wework_id": id("wework_id"), "leader_uuid": id("leader_uuid"), "virtual_leader_uuid": id("virtual_leader_uuid"),
        "sub_company": text("sub_company"),
    })
}

/// The response to a failed call of the HR API.
pub fn rejection(status: u16, code: u16, text: &str) -> Response {
    Response { status, body: json!({"code": code, "text": text}) }
}

/// The response to a successful call: the body alone.
pub fn body(body: Value) -> Response {
    Response { status: 200, body }
}

/// A call that is signed once and can be sent several times.
#[derive(Clone)]
pub struct Signed {
    product: Product,
    method: Method,
    path: String,
    tonce: String,
    signature: String,
    payload: String,
}

impl Signed {
    pub fn new(product: &Product, method: Method, path: &str, payload: &Value) -> Self {
        Self::at(&product.tonce(), product, method, path, payload)
    }

    /// The same with this tonce.
    pub fn at(tonce: &str, product: &Product, method: Method, path: &str, payload: &Value) -> Self {
        let (tonce, payload) = (tonce.to_owned(), text(payload));
        let signature = product.sign(method.as_str(), path, &tonce, &payload);
        Self { product: product.clone(), method, path: path.to_owned(), tonce, signature, payload }
    }

    /// The same call with the digits of its signature in upper case.
    pub fn in_upper_case(&self) -> Self {
        Self { signature: self.signature.to_uppercase(), ..self.clone() }
    }

    /// The same call to another process.
    pub fn to(&self, address: &Address) -> Self {
        let mut call = self.clone();
        call.product.address = address.clone();
        call
    }

    /// Sends the parameters and the payload as a form, and the signature in the header.
    pub async fn send_as_form(&self) -> Response {
        let form = [("access_key", &self.product.access_key), ("tonce", &self.tonce), ("payload", &self.payload)];
        let request = self.product.request(self.method.clone(), &self.path, &[], None);
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        fetch(request.header("x-zhiren-signature", &self.signature)).await
    }

    pub async fn send(&self) -> Response {
        let query = [("access_key", self.product.access_key.as_str()), ("tonce", &self.tonce), ("signature", &self.signature)];
        self.product.send(self.method.clone(), &self.path, &query, Some(self.payload.clone())).await
    }
}

/// The items of the HR table whose partition key contains this.
pub async fn items(stage: &Stage, part: &str) -> Vec<Value> {
    let mut items = stage.items("hris").await;
    items.retain(|item| item["pk"]["S"].as_str().is_some_and(|key| key.contains(part)));
    items
}

/// The keys of the HR API on the stage.
pub async fn keyring(stage: &Stage) -> Keyring {
    let keys = stage.secret("HRIS_SECRET", None).await.to_string();
    Keyring::parse(Secret::new(&keys)).unwrap()
}

/// The place that a sealed attribute of an item of the HR table is bound to. A copy of an employee has that of the employee.
pub fn place(item: &Value, attribute: &str) -> String {
    let text = |name: &str| item[name]["S"].as_str();
    let pk = text("pk").expect("a key").replace("#empno", "#employee").replace("#mobile", "#employee");
    let sk = text("record").or(text("sk")).expect("a key");
    sealed::place(&Key::new(pk, sk), attribute)
}

/// The attributes that an item of the HR table has sealed.
pub async fn opened(stage: &Stage, item: &Value) -> Value {
    let sealed = item[SEALED]["S"].as_str().unwrap_or_else(|| panic!("nothing is sealed in {item}"));
    let plain = keyring(stage).await.open(&place(item, SEALED), sealed).unwrap();
    serde_json::from_str::<Value>(&plain).unwrap()["M"].take()
}
