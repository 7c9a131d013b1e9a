//! One client of each family, with the credentials of the demo.

use std::collections::HashMap;

use client::Address;
use client::consent::{App, Browser};
use local::World;
use local::demo::{Hris, OauthApp};
use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use shared::runtime::clock::{Clock as _, SystemClock};

use crate::Failure;

/// The clients of a running system.
pub struct Callers {
    pub base_url: String,
    pub http: reqwest::Client,
    hris: Hris,
    /// The values of the placeholders in the events, by the name in double braces.
    pub values: HashMap<&'static str, String>,
}

impl Callers {
    pub async fn of(world: &World) -> Result<Self, Failure> {
        let demo = world.demo.as_ref().ok_or("no demo")?;
        let channel = demo.channel.first().ok_or("no demo channel")?;
        let jobboard = demo.jobboard.as_ref().ok_or("no demo users")?;
        let http = local::http::builder().redirect(Policy::none()).build()?;
        let mut callers = Self { base_url: world.base_url.clone(), http, hris: demo.hris.clone(), values: HashMap::new() };
        let credentials = json!({"appkey": channel.appkey, "secret": channel.secret, "grant_type": "client_credentials"});
        let tokens = callers.post("/api/v1/auth/token", &[], &credentials).await?;
        let session = callers.post("/weixin/login", &[], &json!({"code": "test"})).await?;
        let user = callers.log_in(&jobboard.user_code).await?;
        let jobs = callers.post("/jobs/list", &[], &json!({"page_size": 1})).await?;
        let access = consent(world, &demo.hris.oauth).await?;
        callers.values = HashMap::from([
            ("appkey", channel.appkey.clone()),
            ("secret", channel.secret.clone()),
            ("access_token", text(&tokens["data"]["access_token"])?),
            ("token", demo.hris.token.clone()),
            ("app_id", demo.hris.oauth.app_id.clone()),
            ("hris_access_token", access),
            ("session_token", text(&session["data"]["session_token"])?),
            ("jobboard_token", user),
            ("job_id", jobs["data"]["jobs"][0]["id"].to_string()),
        ]);
        Ok(callers)
    }

    /// Posts JSON and returns the response. A response that is not a success is an error.
    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Result<Value, Failure> {
        let mut request = self.http.post(format!("{}{path}", self.base_url)).json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    /// Sends a request and returns the status, `X-Resource-Id` and body of the response.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<(u16, String, Value), Failure> {
        let mut request = self.http.request(method, format!("{}{path}", self.base_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let id = response.headers().get("x-resource-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        Ok((response.status().as_u16(), id, response.json().await.unwrap_or_default()))
    }

    /// Logs a user of the job board in and returns the token.
    pub async fn log_in(&self, code: &str) -> Result<String, Failure> {
        let url = format!("{}/wechat/user/login", self.base_url);
        let response = self.http.post(url).json(&json!({"login_code": code})).send().await?.error_for_status()?;
        Ok(response.headers().get("x-auth-token").ok_or("no token")?.to_str()?.to_owned())
    }

    /// The query parameters that sign a request of the HR API (docs/contract/hris.txt, 签名).
    pub fn signed(&self, method: &str, path: &str, payload: &str) -> String {
        let Hris { access_key, secret_key, .. } = &self.hris;
        let tonce = (SystemClock.now().as_millisecond() as f64 / 1000.0).to_string();
        let signature = client::sign(secret_key, [method, path, access_key, &tonce, payload]);
        format!("access_key={access_key}&tonce={tonce}&signature={signature}")
    }

    /// An event of `events/` with its placeholders filled.
    pub fn event(&self, name: &str) -> Result<String, Failure> {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../events/{name}.json"));
        self.filled(std::fs::read_to_string(file)?)
    }

    /// The body of an event.
    pub fn body(&self, name: &str) -> Result<Value, Failure> {
        let event: Value = serde_json::from_str(&self.event(name)?)?;
        Ok(serde_json::from_str(event["body"].as_str().ok_or("no body")?)?)
    }

    /// Pushes a record to the partner API. `records` is its resource, such as `users`; the record is in the event of this resource.
    pub async fn push(&self, records: &str) -> Result<(), Failure> {
        let bearer = format!("Bearer {}", self.values["access_token"]);
        let record = self.body(&format!("channel-{records}.create"))?;
        self.post(&format!("/api/v1/{records}"), &[("authorization", &bearer)], &record).await?;
        Ok(())
    }

    /// Fills the placeholders of an event.
    pub fn filled(&self, mut event: String) -> Result<String, Failure> {
        for (name, value) in &self.values {
            event = event.replace(&format!("{{{{{name}}}}}"), value);
        }
        if event.contains("{{signed}}") {
            let parsed: Value = serde_json::from_str(&event)?;
            let query =
                form_urlencoded::parse(text(&parsed["rawQueryString"])?.as_bytes()).into_owned().collect::<HashMap<_, _>>();
            let payload = query.get("payload").map_or_else(|| parsed["body"].as_str().unwrap_or_default(), String::as_str);
            let method = text(&parsed["requestContext"]["http"]["method"])?;
            event = event.replace("{{signed}}", &self.signed(&method, &text(&parsed["rawPath"])?, payload));
        }
        Ok(event)
    }
}

/// An access token of the HR API, after an employee of the demo has consented on the page.
async fn consent(world: &World, oauth: &OauthApp) -> Result<String, Failure> {
    let address = Address::of(world);
    let app = App::of(&address, oauth);
    let mut browser = Browser::new(&app);
    let page = browser.request_code(&oauth.employee_mobile, "").await;
    deliver(&address).await?;
    let code = address.code(&oauth.employee_mobile).await;
    let consented = browser.consent(&page, &code).await.called_back(&app.callback_url);
    let [(_, code)] = &consented[..] else { return Err(format!("no response code: {consented:?}").into()) };
    text(&app.token(&app.exchange(code)).await.body["access_token"])
}

/// Sends what waits in the outbox: no stream reports a database that functions call directly.
async fn deliver(address: &Address) -> Result<(), Failure> {
    let credential = "AWS4-HMAC-SHA256 Credential=local/20240115/us-east-1/dynamodb/aws4_request";
    let scan = local::http::client()
        .post(&address.dynamodb_url)
        .header("x-amz-target", "DynamoDB_20120810.Scan")
        .header("authorization", format!("{credential}, SignedHeaders=host, Signature=0"))
        .header("x-amz-date", "20240115T103000Z")
        .header("content-type", "application/x-amz-json-1.0")
        .body(json!({"TableName": "credentials"}).to_string());
    let items: Value = scan.send().await?.error_for_status()?.json().await?;
    let waiting = items["Items"].as_array().into_iter().flatten().filter(|item| item["sk"]["S"] == "outbox");
    let records: Vec<Value> = waiting.map(|item| json!({"dynamodb": {"Keys": {"pk": item["pk"], "sk": item["sk"]}}})).collect();
    if !records.is_empty() {
        address.invoke("ops-outbox", &json!({"Records": records})).await;
    }
    Ok(())
}

fn text(value: &Value) -> Result<String, Failure> {
    Ok(value.as_str().ok_or_else(|| format!("{value} is not a string"))?.to_owned())
}
