//! An employee with a browser, who consents that an app reads a company's data (document 003, 授权).

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::product::{Product, body};
use super::{Address, Answer, answer, client};

pub const AUTHORIZE: &str = "/api/v2/oauth/authorize";
pub const TOKEN: &str = "/api/v2/oauth/token";
pub const CALLBACK: &str = "https://app.example.com:8443/callback";

/// A product's app, as it was told to the product.
#[derive(Clone)]
pub struct App {
    pub address: Address,
    pub app_id: String,
    pub app_secret: String,
    pub callback_url: String,
}

impl App {
    pub async fn of(product: &Product) -> Self {
        Self::named(product, "考勤助手", CALLBACK).await
    }

    pub async fn named(product: &Product, name: &str, callback_url: &str) -> Self {
        let command = json!({
            "command": "create_oauth_app", "product_id": product.product_id, "company_uuid": product.company, "name": name,
            "callback_url": callback_url,
        });
        let told = product.command(command).await;
        let text = |name: &str| told[name].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
        Self {
            address: product.address.clone(),
            app_id: text("app_id"),
            app_secret: text("app_secret"),
            callback_url: callback_url.to_owned(),
        }
    }

    /// What an exchange sends.
    pub fn exchange(&self, response_code: &str) -> Value {
        json!({
            "app_id": self.app_id, "app_secret": self.app_secret, "callback_url": self.callback_url,
            "response_code": response_code,
        })
    }

    pub async fn token(&self, exchange: &Value) -> Answer {
        let request = Client::new().post(format!("{}{TOKEN}", self.address.base_url));
        answer(request.header("content-type", "application/json").body(exchange.to_string())).await
    }
}

/// What a browser is shown.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub html: String,
}

impl Page {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The value of a form's field.
    pub fn field(&self, name: &str) -> String {
        let behind = self.html.split(&format!("name=\"{name}\" value=\"")).nth(1);
        unescaped(behind.and_then(|text| text.split('"').next()).unwrap_or_else(|| panic!("no {name} in {}", self.html)))
    }

    /// What is wrong, as the page says it.
    pub fn message(&self) -> Option<String> {
        let text = self.html.split("role=\"alert\">").nth(1)?;
        text.split('<').next().map(unescaped)
    }

    /// The parameters that the app is called back with, of a redirect there.
    pub fn called_back(&self, callback: &str) -> Vec<(String, String)> {
        assert_eq!((self.status, self.html.as_str(), self.header("cache-control")), (303, "", Some("no-store")), "{self:?}");
        let query = self.header("location").and_then(|location| location.strip_prefix(callback)).expect("the callback");
        assert!(query.starts_with(if callback.contains('?') { '&' } else { '?' }), "{query}");
        form_urlencoded::parse(&query.as_bytes()[1..]).into_owned().collect()
    }
}

/// HTML's character references, as far as pages hold them.
fn unescaped(text: &str) -> String {
    let named = [("&lt;", "<"), ("&#60;", "<"), ("&gt;", ">"), ("&#62;", ">"), ("&quot;", "\""), ("&#34;", "\"")];
    let text = named.iter().fold(text.to_owned(), |text, (reference, character)| text.replace(reference, character));
    text.replace("&#39;", "'").replace("&#x27;", "'").replace("&amp;", "&").replace("&#38;", "&")
}

/// A browser, which keeps its cookie and follows no redirect.
#[derive(Clone)]
pub struct Browser {
    http: Client,
    app: App,
    pub cookie: Option<String>,
}

impl Browser {
    pub fn new(app: &App) -> Self {
        Self { http: client(), app: app.clone(), cookie: None }
    }

    /// The same one, of somebody who went elsewhere.
    pub fn elsewhere(&self) -> Self {
        Self { http: client(), ..self.clone() }
    }

    async fn send(&self, method: Method, query: &[(&str, &str)], form: Option<String>) -> Page {
        let mut request = self.http.request(method, format!("{}{AUTHORIZE}", self.app.address.base_url)).query(query);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("other=1; {cookie}"));
        }
        if let Some(form) = form {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Page { status, headers, html: answer.text().await.unwrap() }
    }

    /// Opens the page with just these parameters.
    pub async fn open_with(&mut self, query: &[(&str, &str)]) -> Page {
        let page = self.send(Method::GET, query, None).await;
        if let Some(cookie) = page.headers.get("set-cookie").map(HeaderValue::to_str) {
            self.cookie = cookie.unwrap().split(';').next().map(str::to_owned);
        }
        page
    }

    pub async fn open(&mut self, state: &str) -> Page {
        let app = self.app.clone();
        self.open_with(&[("app_id", &app.app_id), ("callback_url", &app.callback_url), ("state", state)]).await
    }

    /// Sends a form with just these fields.
    pub async fn submit(&self, fields: &[(&str, &str)]) -> Page {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, &[], Some(form)).await
    }

    /// Presses a button of a page, with these fields filled in.
    pub async fn press(&self, page: &Page, action: &str, filled: &[(&str, &str)]) -> Page {
        let kept = ["token", "app_id", "callback_url", "state"].map(|name| (name, page.field(name)));
        let mut fields = vec![("action", action)];
        fields.extend(kept.iter().map(|(name, value)| (*name, value.as_str())));
        fields.extend(filled);
        self.submit(&fields).await
    }

    /// Asks for a code; the page that asks for it.
    pub async fn ask_code(&mut self, mobile: &str, state: &str) -> Page {
        let page = self.open(state).await;
        self.press(&page, "send", &[("mobile", mobile)]).await
    }

    /// Gives a code on the page that asks for it.
    pub async fn consent(&self, page: &Page, code: &str) -> Page {
        let (mobile, attempt) = (page.field("mobile"), page.field("attempt"));
        self.press(page, "consent", &[("mobile", &mobile), ("attempt", &attempt), ("code", code)]).await
    }

    /// Consents; the response code.
    pub async fn response_code(&mut self, mobile: &str) -> String {
        let page = self.ask_code(mobile, "").await;
        let code = self.app.address.code(mobile).await;
        let answer = self.consent(&page, &code).await;
        match &answer.called_back(&self.app.callback_url)[..] {
            [(name, code)] if name == "response_code" => code.clone(),
            others => panic!("{others:?}"),
        }
    }
}

/// An access token that opens the product's company, by the consent of an employee with this phone.
pub async fn access_token(product: &Product, mobile: &str) -> String {
    let app = App::of(product).await;
    let code = Browser::new(&app).response_code(mobile).await;
    let answer = app.token(&app.exchange(&code)).await;
    let token = answer.body["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    assert_eq!(answer, body(json!({"access_token": token, "expires_in": 90 * 24 * 3600})));
    token
}

impl Product {
    /// An access token for the company, by the consent of an employee whom this imports: a phone is sent one code a minute.
    pub async fn access_token(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mobile = format!("199{number:08}");
        let employee = json!({
            "uuid": format!("e{number:031x}"), "name": "授权人", "empno": format!("CONSENT-{number}"), "mobile": mobile,
            "status": "regular",
        });
        self.imports("employees", &[employee]).await;
        access_token(self, &mobile).await
    }

    /// A call by an access token.
    pub async fn read(&self, access_token: &str, path: &str, payload: Value) -> Answer {
        let payload = payload.to_string();
        self.send(Method::GET, path, &[("access_token", access_token), ("payload", &payload)], None).await
    }
}
