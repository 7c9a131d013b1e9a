//! An employee with a browser who consents that an app reads a company's data (document 003, 授权).

use local::demo::OauthApp;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::address::Address;
use crate::http::{Response, client, fetch};

pub const AUTHORIZE: &str = "/api/v2/oauth/authorize";
pub const TOKEN: &str = "/api/v2/oauth/token";
pub const REVOKE: &str = "/api/v2/oauth/revoke";

/// An app of a product, and its credentials.
#[derive(Clone)]
pub struct App {
    pub address: Address,
    pub app_id: String,
    pub app_secret: String,
    pub callback_url: String,
}

impl App {
    /// The app of the demo data.
    pub fn of(address: &Address, oauth: &OauthApp) -> Self {
        let OauthApp { app_id, app_secret, callback_url, .. } = oauth.clone();
        Self { address: address.clone(), app_id, app_secret, callback_url }
    }

    /// The body of an exchange of a response code.
    pub fn exchange(&self, response_code: &str) -> Value {
        json!({
            "app_id": self.app_id, "app_secret": self.app_secret, "callback_url": self.callback_url,
            "response_code": response_code,
        })
    }

    pub async fn token(&self, exchange: &Value) -> Response {
        self.post(TOKEN, exchange).await
    }

    /// Ends an access token.
    pub async fn revoke(&self, token: &str) -> Response {
        self.post(REVOKE, &json!({"app_id": self.app_id, "app_secret": self.app_secret, "token": token})).await
    }

    async fn post(&self, path: &str, body: &Value) -> Response {
        let request = Client::new().post(format!("{}{path}", self.address.base_url));
        fetch(request.header("content-type", "application/json").body(body.to_string())).await
    }
}

/// A page in the browser.
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

    /// The error message of the page.
    pub fn message(&self) -> Option<String> {
        let text = self.html.split("role=\"alert\">").nth(1)?;
        text.split('<').next().map(unescaped)
    }

    /// The parameters of a redirect to the app's callback.
    pub fn called_back(&self, callback: &str) -> Vec<(String, String)> {
        assert_eq!((self.status, self.html.as_str(), self.header("cache-control")), (303, "", Some("no-store")), "{self:?}");
        let query = self.header("location").and_then(|location| location.strip_prefix(callback)).expect("the callback");
        assert!(query.starts_with(if callback.contains('?') { '&' } else { '?' }), "{query}");
        form_urlencoded::parse(&query.as_bytes()[1..]).into_owned().collect()
    }
}

/// Decodes the character references that the pages use.
fn unescaped(text: &str) -> String {
    let named = [("&lt;", "<"), ("&#60;", "<"), ("&gt;", ">"), ("&#62;", ">"), ("&quot;", "\""), ("&#34;", "\"")];
    let text = named.iter().fold(text.to_owned(), |text, (reference, character)| text.replace(reference, character));
    text.replace("&#39;", "'").replace("&#x27;", "'").replace("&amp;", "&").replace("&#38;", "&")
}

/// A browser that keeps its cookie and follows no redirect.
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

    /// The same browser at another IP address.
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
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Page { status, headers, html: response.text().await.unwrap() }
    }

    /// Opens the page with these parameters and no others.
    pub async fn open_with(&mut self, query: &[(&str, &str)]) -> Page {
        let page = self.send(Method::GET, query, None).await;
        self.keep_cookie(&page);
        page
    }

    /// Keeps the cookie that a page sets.
    pub fn keep_cookie(&mut self, page: &Page) {
        if let Some(cookie) = page.header("set-cookie") {
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
    }

    pub async fn open(&mut self, state: &str) -> Page {
        let app = self.app.clone();
        self.open_with(&[("app_id", &app.app_id), ("callback_url", &app.callback_url), ("state", state)]).await
    }

    /// Sends a form with these fields and no others.
    pub async fn submit(&self, fields: &[(&str, &str)]) -> Page {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, &[], Some(form)).await
    }

    /// Presses a button of a page after filling in these fields.
    pub async fn press(&self, page: &Page, action: &str, filled: &[(&str, &str)]) -> Page {
        let kept = ["token", "app_id", "callback_url", "state"].map(|name| (name, page.field(name)));
        let mut fields = vec![("action", action)];
        fields.extend(kept.iter().map(|(name, value)| (*name, value.as_str())));
        fields.extend(filled);
        self.submit(&fields).await
    }

    /// Requests a code. Returns the page on which the code is entered.
    pub async fn request_code(&mut self, mobile: &str, state: &str) -> Page {
        let page = self.open(state).await;
        self.press(&page, "send", &[("mobile", mobile)]).await
    }

    /// Enters the code on that page.
    pub async fn consent(&self, page: &Page, code: &str) -> Page {
        let (mobile, attempt) = (page.field("mobile"), page.field("attempt"));
        self.press(page, "consent", &[("mobile", &mobile), ("attempt", &attempt), ("code", code)]).await
    }

    /// Consents. Returns the response code.
    pub async fn response_code(&mut self, mobile: &str) -> String {
        let page = self.request_code(mobile, "").await;
        let code = self.app.address.code(mobile).await;
        let response = self.consent(&page, &code).await;
        match &response.called_back(&self.app.callback_url)[..] {
            [(name, code)] if name == "response_code" => code.clone(),
            others => panic!("{others:?}"),
        }
    }
}
