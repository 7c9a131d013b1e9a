//! An employee with a browser who consents that an app reads a company's data (document 003, 授权).

use local::demo::OauthApp;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::address::Address;
use crate::http::{Response, client, fetch};
use crate::page::{Page, visit};

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

    async fn send(&self, method: Method, query: &[(&str, &str)], form: Option<&[(&str, &str)]>) -> Page {
        let request = self.http.request(method, format!("{}{AUTHORIZE}", self.app.address.base_url)).query(query);
        visit(request, self.cookie.as_deref(), form).await
    }

    /// Opens the page with these parameters and no others.
    pub async fn open_with(&mut self, query: &[(&str, &str)]) -> Page {
        let page = self.send(Method::GET, query, None).await;
        self.keep_cookie(&page);
        page
    }

    /// Keeps the cookie that a page sets.
    pub fn keep_cookie(&mut self, page: &Page) {
        if let Some(cookie) = page.cookie() {
            self.cookie = Some(cookie);
        }
    }

    pub async fn open(&mut self, state: &str) -> Page {
        let app = self.app.clone();
        self.open_with(&[("app_id", &app.app_id), ("callback_url", &app.callback_url), ("state", state)]).await
    }

    /// Sends a form with these fields and no others.
    pub async fn submit(&self, fields: &[(&str, &str)]) -> Page {
        self.send(Method::POST, &[], Some(fields)).await
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
