//! The HR API, and the commands that administer it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{CODE_IS_SENT, OUTBOX, Request, Scene, Write, counting, matrix, once, write};
use crate::support::consent::{App, Browser, Page};
use crate::support::product::{DAY, EMPLOYEE, EMPNO, MOBILE, Product, employee, moka_candidate, numbered};
use crate::support::wire::Failure;
use crate::support::{Response, Stage, webhook_page};

/// Another employee, who consented before.
const OTHER_MOBILE: &str = "18602836700";

/// A product with records whose company is bound to Moka, and another product whose company is not.
pub struct Hris {
    stage: Stage,
    product: Product,
    unbound: Product,
    bind_code: String,
    app: App,
    browser: Browser,
    /// The page that asks for a phone number, the page that asks for the code, and the code.
    form: Page,
    asking: Page,
    code: String,
    response_code: String,
    /// The first secrets of an access key and of an app that have two.
    key: (String, Value),
    app_secret: (String, Value),
    /// An access token and its grant.
    token: String,
    grant_id: Value,
    /// A disabled product, its disabled access key and its disabled app.
    off: (String, String, String),
    /// A product with a webhook, and an event of it; another one with a webhook that is suspended.
    hooked: (Product, String),
    suspended: Product,
    /// The page of the webhook in a browser, and the token of its form.
    webhook_page: (webhook_page::Browser, String),
}

impl Hris {
    async fn command(&self, event: Value) -> Response {
        self.stage.address.operate(&event).await
    }

    /// A call that is signed once and may be sent twice.
    async fn signed(&self, product: &Product, method: Method, path: &str, payload: Value, request: &Request) -> Response {
        let payload = if payload.is_null() { String::new() } else { payload.to_string() };
        let tonce = request.second.to_string();
        let signature = product.sign(method.as_str(), path, &tonce, &payload);
        let query = [("access_key", product.access_key.as_str()), ("tonce", &tonce), ("signature", &signature)];
        product.send(method, path, &query, Some(payload)).await
    }
}

/// A product with a webhook whose receiver does not exist, and an event of it.
async fn hooked(stage: &Stage) -> (Product, String) {
    let product = Product::join_stage(stage).await;
    let settings = json!({"address": "http://127.0.0.1:1024/", "event_types": ["webhook_open"]});
    assert_eq!(product.call(Method::PUT, "/api/v2/webhooks", settings).await.status, 200);
    stage.address.settle_events().await;
    let events = product.get("/api/v2/webhooks/events", Value::Null).await;
    let event = events.body["events"][0]["event_id"].as_str().expect("an event").to_owned();
    (product, event)
}

impl Hris {
    /// A call of this route.
    async fn webhook(&self, route: &str, request: &Request) -> Response {
        let (product, event) = &self.hooked;
        let (method, path) = route.split_once(' ').expect("a route");
        let path = path.replace("{event_id}", event);
        let payload = match route {
            "PUT /api/v2/webhooks" => {
                json!({"address": "http://127.0.0.1:1025/", "event_types": ["webhook_open"], "rotate": true})
            }
            "POST /api/v2/webhooks/replays" => json!({"since": "2024-01-15T10:00:00Z"}),
            _ => Value::Null,
        };
        self.signed(product, method.parse().unwrap(), &path, payload, request).await
    }

    /// The fields of this command.
    fn webhook_command(&self, command: &str) -> Value {
        let (hooked, event) = &self.hooked;
        let product = if command == "resume_webhook" { &self.suspended } else { hooked };
        let mut fields = json!({"product_id": product.product_id, "company_uuid": product.company});
        match command {
            "put_webhook" => {
                fields["address"] = "http://127.0.0.1:1025/".into();
                fields["event_types"] = json!(["webhook_open"]);
            }
            "replay_webhook_event" => fields["event_id"] = event.as_str().into(),
            "replay_webhook_events" => fields["since"] = "2024-01-15T10:00:00Z".into(),
            _ => {}
        }
        fields
    }
}

/// A page as a response. The address of a redirect counts as well.
fn as_response(page: &Page) -> Response {
    Response { status: page.status, body: json!([page.header("location"), page.html]) }
}

fn rows() -> Vec<Value> {
    let mut changed = employee();
    changed["mobile"] = "18602836722".into();
    std::iter::once(changed).chain((0..60).map(numbered)).collect()
}

fn lines(rows: &[Value]) -> String {
    rows.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

async fn bind_code(product: &Product) -> String {
    let code = product.command(json!({"command": "create_bind_code", "company_uuid": product.company})).await;
    code["bind_code"].as_str().expect("a code").to_owned()
}

impl Scene for Hris {
    const WRITES: &'static [Write] = &[
        write("POST /api/v2/attendance_punches", ""),
        write("POST /api/v2/salary/subject_values", ""),
        write("PATCH /api/v2/company_tokens/{guid}", ""),
        write("POST /api/v2/employees/{id}/notify", ""),
        write("PATCH /api/v2/moka_binds/{bind_code}", ""),
        write("POST /api/v2/moka_unbinds", ""),
        write("POST /api/v2/moka_candidates", ""),
        write("PUT /api/v2/webhooks", ""),
        write("DELETE /api/v2/webhooks", ""),
        write("POST /api/v2/webhooks/tests", ""),
        write("POST /api/v2/webhooks/events/{event_id}/replay", ""),
        write("POST /api/v2/webhooks/replays", ""),
        write("POST /docs/webhooks", ""),
        write("POST /api/v2/oauth/authorize", CODE_IS_SENT),
        write("POST /api/v2/oauth/authorize", "consent"),
        // A code is single use (RFC 6749, 4.1.2). A client that missed the response requests another one.
        once("POST /api/v2/oauth/token", "", "response_code is not valid, or was used"),
        write("POST /api/v2/oauth/revoke", ""),
        // The next run sends and removes what this one left over.
        counting(OUTBOX, "", &["done"]),
        write("ops-admin create_product", ""),
        write("ops-admin disable_product", ""),
        write("ops-admin enable_product", ""),
        write("ops-admin disable_access_key", ""),
        write("ops-admin enable_access_key", ""),
        write("ops-admin disable_oauth_app", ""),
        write("ops-admin enable_oauth_app", ""),
        write("ops-admin revoke_grant", ""),
        // A secret is returned once. A client that missed it rotates the secret.
        once("ops-admin create_access_key", "", "company_uuid: has an access key of this product"),
        once("ops-admin rotate_access_key", "", "access_key: has two active secrets"),
        once("ops-admin retire_access_key_secret", "", "secret_id: does not exist"),
        write("ops-admin rotate_company_token", ""),
        write("ops-admin create_oauth_app", ""),
        once("ops-admin rotate_oauth_app", "", "app_id: has two active secrets"),
        once("ops-admin retire_oauth_app_secret", "", "secret_id: does not exist"),
        write("ops-admin create_bind_code", ""),
        write("ops-admin put_webhook", ""),
        once("ops-admin delete_webhook", "", "webhook: does not exist"),
        write("ops-admin suspend_webhook", ""),
        write("ops-admin resume_webhook", ""),
        write("ops-admin test_webhook", ""),
        write("ops-admin replay_webhook_event", ""),
        write("ops-admin replay_webhook_events", ""),
        // Rows that exist are reported as unchanged.
        once("ops-admin import_hris", "employees", "unchanged"),
        once("ops-admin import_hris", "employees of an object", "unchanged"),
        once("ops-admin import_hris", "companies", "unchanged"),
        once("ops-admin import_hris", "a shift that is taken back", "unchanged"),
    ];

    /// The second is the same JSON inside a page, the third in the output of `ops-outbox`.
    const OUR_FAULT: &'static [&'static str] = &[
        r#"{"code":9001,"text":"internal error"}"#,
        r#"{\"code\":9001,\"text\":\"internal error\"}"#,
        r#""failed":1,"is_cut_short":false}"#,
    ];

    /// Codes, the message with a code in the outbox, and the form of a page.
    fn expires(write: &Write) -> bool {
        let of_people = ["POST /api/v2/oauth/authorize", "POST /api/v2/oauth/token", "POST /docs/webhooks"];
        write.route == OUTBOX || of_people.contains(&write.route)
    }

    async fn set() -> Self {
        let stage = Stage::open().await;
        let product = Product::join_stage(&stage).await;
        product.add_records().await;
        let mut other = numbered(999);
        (other["mobile"], other["administrator"]) = (OTHER_MOBILE.into(), true.into());
        product.imports("employees", &[other]).await;
        let unbound = Product::join_stage(&stage).await;
        let bind = bind_code(&product).await;
        assert_eq!(product.patch(&format!("/api/v2/moka_binds/{bind}"), Value::Null).await.status, 200);
        let bind_code = bind_code(&unbound).await;
        stage.upload("imports/employees.jsonl", &lines(&rows())).await;
        let row = json!({"uuid": "f".repeat(32), "name": "乙"}).to_string();
        product.command(json!({"command": "import_hris", "kind": "companies", "rows": row})).await;

        let app = product.app().await;
        let mut consenting = numbered(998);
        (consenting["mobile"], consenting["administrator"]) = ("13900000998".into(), true.into());
        product.imports("employees", &[consenting]).await;
        let granted_code = Browser::new(&app).response_code("13900000998").await;
        let token = app.token(&app.exchange(&granted_code)).await.body["access_token"].as_str().expect("a token").to_owned();
        let granted = product.command(json!({"command": "list_grants", "app_id": app.app_id})).await;
        let grant_id = granted["grants"][0]["grant_id"].clone();
        let mut browser = Browser::new(&app);
        let response_code = browser.response_code(OTHER_MOBILE).await;
        // A message that could not be sent: the stream reports it no more.
        let mut third = numbered(997);
        third["administrator"] = true.into();
        product.imports("employees", std::slice::from_ref(&third)).await;
        let third = third["mobile"].as_str().expect("a phone");
        assert_eq!(stage.address.messages(OTHER_MOBILE).await.len(), 2, "the code, and the message about the consent");
        stage.wire.fail_call("Publish", 0, Failure::Rejected);
        browser.request_code(third, "").await;
        assert!(stage.address.messages(third).await.is_empty());
        assert_eq!(stage.clear_faults(), 0);
        let asking = browser.request_code(MOBILE, "s").await;
        let code = stage.address.code(MOBILE).await;
        let form = browser.open("s").await;
        // A phone is sent at most one code a minute.
        stage.clock.advance(jiff::SignedDuration::from_secs(61));

        let second = Product::join_stage(&stage).await;
        let keys = json!({"command": "show_access_key", "product_id": second.product_id, "company_uuid": second.company});
        let shown = product.command(keys).await;
        let key = (second.access_key.clone(), shown["secrets"][0]["secret_id"].clone());
        product.command(json!({"command": "rotate_access_key", "access_key": second.access_key})).await;
        let two = json!({
            "command": "create_oauth_app", "product_id": second.product_id, "company_uuid": second.company, "name": "两",
            "callback_url": "https://app.example.com/two",
        });
        let two = product.command(two).await;
        let app_secret = (two["app_id"].as_str().expect("an id").to_owned(), two["secret_id"].clone());
        product.command(json!({"command": "rotate_oauth_app", "app_id": app_secret.0})).await;
        let off = Product::join_stage(&stage).await;
        let off_app = off.app().await.app_id;
        let off = (off.product_id, off.access_key, off_app);
        for (kind, member, id) in
            [("product", "product_id", &off.0), ("access_key", "access_key", &off.1), ("oauth_app", "app_id", &off.2)]
        {
            product.command(json!({"command": format!("disable_{kind}"), member: id})).await;
        }
        let (hooked, (suspended, _)) = (hooked(&stage).await, hooked(&stage).await);
        let suspend =
            json!({"command": "suspend_webhook", "product_id": suspended.product_id, "company_uuid": suspended.company});
        product.command(suspend).await;
        let viewer = webhook_page::Browser::of(&hooked.0).await;
        let webhook_page = (viewer.clone(), viewer.get(&[]).await.field("token"));
        Self {
            stage,
            product,
            off,
            hooked,
            suspended,
            webhook_page,
            unbound,
            bind_code,
            app,
            browser,
            form,
            asking,
            code,
            response_code,
            key,
            app_secret,
            token,
            grant_id,
        }
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    async fn send(&self, Write { route, case, .. }: &Write, request: &Request) -> Response {
        let product = &self.product;
        let post = async |path: &str, payload: Value| self.signed(product, Method::POST, path, payload, request).await;
        match (*route, *case) {
            ("POST /api/v2/attendance_punches", _) => {
                let punches = json!([
                    {"empno": EMPNO, "punched_at": "2017-02-03 08:00"}, {"empno": "x", "punched_at": "2017-02-03 08:00"},
                    {"empno": EMPNO, "punched_at": "2017-02-03 18:00"},
                ]);
                post("/api/v2/attendance_punches", punches).await
            }
            ("POST /api/v2/salary/subject_values", _) => {
                let value = json!({"empno": EMPNO, "subject_name": "绩效工资", "month": "2017-09", "value": 1024});
                post("/api/v2/salary/subject_values", value).await
            }
            ("PATCH /api/v2/company_tokens/{guid}", _) => {
                let path = format!("/api/v2/company_tokens/{}", product.company);
                let payload = product.with_token(json!({"zhiren_visitor_token": "v"}));
                self.signed(product, Method::PATCH, &path, payload, request).await
            }
            ("POST /api/v2/employees/{id}/notify", _) => {
                let path = format!("/api/v2/employees/{EMPLOYEE}/notify");
                post(&path, product.with_token(json!({"name": "曹操", "time": "下午"}))).await
            }
            ("PATCH /api/v2/moka_binds/{bind_code}", _) => {
                let path = format!("/api/v2/moka_binds/{}", self.bind_code);
                self.signed(&self.unbound, Method::PATCH, &path, Value::Null, request).await
            }
            ("POST /docs/webhooks", _) => {
                let (browser, token) = &self.webhook_page;
                as_response(&browser.submit(&[("action", "test"), ("token", token)]).await)
            }
            (route, _) if route.contains("/webhooks") => self.webhook(route, request).await,
            ("POST /api/v2/moka_unbinds", _) => post("/api/v2/moka_unbinds", Value::Null).await,
            ("POST /api/v2/moka_candidates", _) => post("/api/v2/moka_candidates", moka_candidate()).await,
            ("POST /api/v2/oauth/authorize", "consent") => as_response(&self.browser.consent(&self.asking, &self.code).await),
            ("POST /api/v2/oauth/authorize", _) => {
                as_response(&self.browser.press(&self.form, "send", &[("mobile", MOBILE)]).await)
            }
            ("POST /api/v2/oauth/revoke", _) => self.app.revoke(&self.token).await,
            ("POST /api/v2/oauth/token", _) => self.app.token(&self.app.exchange(&self.response_code)).await,
            (OUTBOX, _) => {
                // Another run leaves a message alone for half a minute.
                self.stage.clock.advance(jiff::SignedDuration::from_secs(30));
                self.stage.address.invoke(OUTBOX, &json!({})).await
            }
            (route, case) => {
                let command = route.strip_prefix("ops-admin ").unwrap_or_else(|| panic!("{route} is not sent"));
                let (company, other) = (&product.company, "f".repeat(32));
                let mut event = match (command, case) {
                    ("create_product", _) => json!({"product_id": "new", "name": "新"}),
                    ("disable_product", _) => json!({"product_id": product.product_id}),
                    ("enable_product", _) => json!({"product_id": self.off.0}),
                    ("disable_access_key", _) => json!({"access_key": self.key.0}),
                    ("enable_access_key", _) => json!({"access_key": self.off.1}),
                    ("disable_oauth_app", _) => json!({"app_id": self.app_secret.0}),
                    ("enable_oauth_app", _) => json!({"app_id": self.off.2}),
                    ("revoke_grant", _) => json!({"app_id": self.app.app_id, "grant_id": self.grant_id}),
                    ("create_access_key", _) => json!({"product_id": product.product_id, "company_uuid": other}),
                    ("rotate_access_key", _) => json!({"access_key": product.access_key}),
                    ("retire_access_key_secret", _) => json!({"access_key": self.key.0, "secret_id": self.key.1}),
                    ("create_oauth_app", _) => json!({
                        "product_id": product.product_id, "company_uuid": company, "name": "新",
                        "callback_url": "https://app.example.com/new",
                    }),
                    ("rotate_oauth_app", _) => json!({"app_id": self.app.app_id}),
                    ("retire_oauth_app_secret", _) => json!({"app_id": self.app_secret.0, "secret_id": self.app_secret.1}),
                    ("import_hris", "employees") => {
                        json!({"kind": "employees", "company_uuid": company, "rows": lines(&rows())})
                    }
                    ("import_hris", "employees of an object") => {
                        json!({"kind": "employees", "company_uuid": company, "object": "imports/employees.jsonl"})
                    }
                    ("import_hris", "a shift that is taken back") => {
                        let row = json!({"delete": true, "empno": EMPNO, "date": DAY, "workshift_name": "早班"});
                        json!({"kind": "arrangements", "company_uuid": company, "rows": row.to_string()})
                    }
                    ("import_hris", _) => {
                        let row = json!({"uuid": "e".repeat(32), "name": "甲"});
                        json!({"kind": "companies", "rows": row.to_string()})
                    }
                    (command, _) if command.contains("_webhook") => self.webhook_command(command),
                    _ => json!({"company_uuid": company}),
                };
                event["command"] = command.into();
                self.command(event).await
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_write_of_the_hr_api() {
    matrix::<Hris>("HR API", 24).await;
}
