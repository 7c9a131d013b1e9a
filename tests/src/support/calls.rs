//! A call of every endpoint of the HR API that needs credentials, made by a product of a company with records, and the response
//! that is expected.

use lambda::family::Family as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::product::{
    APPROVAL, CANDIDATE, DAY, DEPARTMENT, EMPLOYEE, EMPNO, Product, SUB_COMPANY, body, employee, moka_candidate, rejection,
    returned,
};
use super::{Response, documents};

/// The endpoints that need neither a signature nor an access token in each call. Two need the secret of the app, and the page of a webhook
/// needs a session that a signed link opens (`webhooks::page`). This list may only shrink.
pub const OPEN: [&str; 6] = [
    "GET /api/v2/oauth/authorize",
    "POST /api/v2/oauth/authorize",
    "POST /api/v2/oauth/token",
    "POST /api/v2/oauth/revoke",
    "GET /docs/webhooks",
    "POST /docs/webhooks",
];

pub struct Call {
    pub method: Method,
    /// `GET /api/v2/employees/{id}`.
    pub route: String,
    pub path: String,
    pub payload: Value,
    /// The document lists `token` in the payload.
    pub needs_token: bool,
}

impl Call {
    /// One call of each endpoint, ordered by function: the company is bound before a candidate is pushed.
    pub async fn all(product: &Product) -> Vec<Self> {
        let code = product.command(json!({"command": "create_bind_code", "company_uuid": product.company})).await;
        let code = code["bind_code"].as_str().expect("a bind code");
        let bearing = documents::hris::bearing_token();
        let routes = hris::Hris::routes().into_iter().map(|(method, path, _)| (method, path));
        routes
            .filter(|(method, path)| !OPEN.contains(&format!("{method} {path}").as_str()))
            .map(|(method, path)| Self::of(product, method, &path, code, &bearing))
            .collect()
    }

    fn of(product: &Product, method: &str, path: &str, bind_code: &str, bearing: &[String]) -> Self {
        let route = format!("{method} {path}");
        let needs_token = bearing.contains(&route);
        let payload = payload(&route);
        let payload = if needs_token { product.with_token(payload) } else { payload };
        let named: Vec<&str> = path
            .split('/')
            .zip(std::iter::once("").chain(path.split('/')))
            .map(|(segment, before)| match (segment, before) {
                ("{sub_company_uuid}", _) => SUB_COMPANY,
                ("{uuid}", "departments") => DEPARTMENT,
                ("{uuid}" | "{id}", "employees") => EMPLOYEE,
                ("{id}", "candidate") => CANDIDATE,
                ("{id}", "source" | "vacancy") => "1",
                ("{number_series}", _) => APPROVAL,
                ("{guid}", _) => &product.company,
                ("{bind_code}", _) => bind_code,
                ("{event_id}", _) => "evt_000510935040134469a7992b000",
                (other, _) => other,
            })
            .collect();
        let path = named.join("/");
        assert!(!path.contains('{'), "{path} needs an example");
        Self { method: method.parse().unwrap(), route, path, payload, needs_token }
    }

    /// Whether only an employee's consent opens the endpoint.
    pub fn needs_consent(&self) -> bool {
        self.path.starts_with("/api/v2/recruitments/")
    }

    /// Whether only a signed call opens the endpoint, also if it reads.
    pub fn needs_signature(&self) -> bool {
        self.path.starts_with("/api/v2/webhooks")
    }

    pub fn reads(&self) -> bool {
        self.method == Method::GET
    }

    /// Signed by the product.
    pub async fn signed(&self, product: &Product) -> Response {
        self.signed_with(product, self.payload.clone()).await
    }

    pub async fn signed_with(&self, product: &Product, payload: Value) -> Response {
        if self.reads() {
            product.get(&self.path, payload).await
        } else {
            product.call(self.method.clone(), &self.path, payload).await
        }
    }

    /// With these credentials in the query and no others.
    pub async fn with(&self, product: &Product, credentials: &[(&str, &str)]) -> Response {
        let payload = if self.payload.is_null() { String::new() } else { self.payload.to_string() };
        if self.reads() {
            let query = [credentials, &[("payload", &payload)]].concat();
            product.send(self.method.clone(), &self.path, &query, None).await
        } else {
            product.send(self.method.clone(), &self.path, credentials, Some(payload)).await
        }
    }

    /// The response for a company with records and these employees. `punched`: whether one of them punched on [`DAY`].
    pub fn expected(&self, product: &Product, employees: &[Value], punched: bool) -> Response {
        if self.needs_signature() {
            return without_webhook(&self.route);
        }
        let one = returned(&employee());
        let records = Product::records();
        let row = |kind: &str| records.iter().find(|(name, _)| *name == kind).expect(kind).1.clone();
        let moka = json!({"error_code": 0, "error_message": "ok"});
        let mut sub_company = row("sub_companies");
        sub_company["company_uuid"] = product.company.clone().into();
        let mut department = row("departments");
        department["superior_uuid"] = Value::Null;
        department["charger_uuid"] = Value::Null;
        let mut approval = row("approvals");
        approval["status_name"] = "不通过".into();
        let (_, path) = self.route.split_once(" /api/v2/").unwrap();
        body(match path {
            "sub_companies" => json!([sub_company]),
            "sub_companies/{sub_company_uuid}" => sub_company,
            "sub_companies/{sub_company_uuid}/employees" | "departments/{uuid}/employees" => json!([one]),
            "sub_companies/{sub_company_uuid}/employees/{uuid}" => json!([one]),
            "departments" => json!([department]),
            "departments/{uuid}" => department,
            "employees" => employees.iter().map(returned).collect(),
            "employees/{id}" | "employees/{id}/notify" => one,
            "employees/{id}/check_attendance" => {
                let mut one = one;
                one["attended"] = false.into();
                one
            }
            "attendance_punches" => json!([{"code": "0k", "empno": EMPNO}]),
            "arrangement_employees" => json!([row("arrangements")]),
            "employees/{id}/timelines" => json!([{
                "date": DAY, "category": "leave", "duration": serde_json::from_str::<Value>("0.5").unwrap(),
                "duration_unit": "days", "start_time": "2017-02-03T09:00:00+08:00", "end_time": "2017-02-03T13:00:00+08:00",
            }]),
            "employees/{id}/attendance_checkings" if punched => {
                json!([{"date": DAY, "check_in_time": "2017-02-03T08:00:00+08:00", "check_out_time": null}])
            }
            "employees/{id}/attendance_checkings" => json!([]),
            "approvals" => json!([approval]),
            "approvals/{number_series}" => approval,
            "salary/subject_values" => json!({"code": 0, "text": "ok"}),
            "company_tokens/{guid}" => {
                json!({"uuid": product.company, "name": "彩程", "full_name": "成都彩程软件设计有限公司", "logo": ""})
            }
            "moka_candidates" | "moka_binds/{bind_code}" | "moka_unbinds" => moka,
            "recruitments/candidates" => json!([candidate()]),
            "recruitments/candidate/{id}" => candidate(),
            "recruitments/sources" => json!([source()]),
            "recruitments/source/{id}" => source(),
            "recruitments/vacancies" => json!([vacancy()]),
            "recruitments/vacancy/{id}" => vacancy(),
            other => panic!("{other} needs an expected response"),
        })
    }
}

/// The response about the webhook of a product that has none.
pub fn without_webhook(route: &str) -> Response {
    match route {
        "PUT /api/v2/webhooks" => rejection(422, 2002, "address is required; event_types is required"),
        "POST /api/v2/webhooks/replays" => rejection(422, 2002, "since is required"),
        _ => rejection(404, 1102, "webhook does not exist"),
    }
}

pub fn source() -> Value {
    json!({"uuid": "1", "name": "内部推荐"})
}

pub fn vacancy() -> Value {
    json!({
        "uuid": "1", "head_count": "", "status": "open", "department_uuid": DEPARTMENT, "department_name": "管理组",
        "job_title_uuid": null, "job_title_name": "后端工程师",
    })
}

pub fn candidate() -> Value {
    json!({
        "uuid": CANDIDATE, "name": "候选人", "email": "c@example.com", "mobile": "13800000001", "sex": "", "marriage": "",
        "birthday": null, "degree": "", "status": "", "source_name": "内部推荐", "source_id": "1",
    })
}

/// The payload without the token; null if the endpoint needs none.
fn payload(route: &str) -> Value {
    let (_, path) = route.split_once(" /api/v2/").unwrap();
    match path {
        "attendance_punches" => json!({"attendances": [{"empno": EMPNO, "punched_at": "2017-02-03 08:00"}]}),
        "arrangement_employees" => json!({"empnoes": [EMPNO], "start_date": DAY, "end_date": DAY}),
        "employees/{id}/timelines" => json!({"start_date": DAY, "end_date": DAY, "category": "leave"}),
        "employees/{id}/attendance_checkings" => json!({"start_date": DAY, "end_date": DAY}),
        "approvals" => json!({"start_date": "2017-07-01", "end_date": "2017-07-31"}),
        "salary/subject_values" => json!({"empno": EMPNO, "subject_name": "绩效工资", "month": "2017-09", "value": 1024}),
        "company_tokens/{guid}" => json!({"zhiren_visitor_token": "visitor"}),
        "employees/{id}/notify" => json!({"name": "访客", "time": "明天上午"}),
        "moka_candidates" => moka_candidate(),
        _ => Value::Null,
    }
}
