//! Apps of a product, and employees who consent that an app reads the data of their company (document 003, 授权).

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use super::Response;
use super::product::{Product, body};

pub use client::consent::{AUTHORIZE, App, Browser, REVOKE, TOKEN};
pub use client::page::Page;

pub const CALLBACK: &str = "https://app.example.com:8443/callback";

/// An access token for the product's company, by the consent of the employee with this phone.
pub async fn access_token(product: &Product, mobile: &str) -> String {
    let app = product.app().await;
    let code = Browser::new(&app).response_code(mobile).await;
    let response = app.token(&app.exchange(&code)).await;
    let token = response.body["access_token"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned();
    assert_eq!(response, body(json!({"access_token": token, "expires_in": 90 * 24 * 3600})));
    token
}

impl Product {
    /// A new app.
    pub async fn app(&self) -> App {
        self.app_named("考勤助手", CALLBACK).await
    }

    pub async fn app_named(&self, name: &str, callback_url: &str) -> App {
        self.app_with(name, callback_url, json!({})).await
    }

    /// A new app of these scopes.
    pub async fn app_of(&self, scopes: &[&str]) -> App {
        self.app_with("考勤助手", CALLBACK, json!({"scopes": scopes})).await
    }

    async fn app_with(&self, name: &str, callback_url: &str, more: Value) -> App {
        let mut command = json!({
            "command": "create_oauth_app", "product_id": self.product_id, "company_uuid": self.company, "name": name,
            "callback_url": callback_url,
        });
        command.as_object_mut().expect("a command").extend(more.as_object().expect("members").clone());
        let created = self.command(command).await;
        let text = |name: &str| created[name].as_str().unwrap_or_else(|| panic!("{created}")).to_owned();
        App {
            address: self.address.clone(),
            app_id: text("app_id"),
            app_secret: text("app_secret"),
            callback_url: callback_url.to_owned(),
        }
    }

    /// An access token for the company, by the consent of a new administrator: a phone is sent at most one code a minute.
    pub async fn access_token(&self) -> String {
        let mobile = self.administrator().await;
        access_token(self, &mobile).await
    }

    /// A new administrator of the company. Returns the phone.
    pub async fn administrator(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mobile = format!("199{number:08}");
        let employee = json!({
            "uuid": format!("e{number:031x}"), "name": "授权人", "empno": format!("CONSENT-{number}"), "mobile": mobile,
            "status": "regular", "administrator": true,
        });
        self.imports("employees", &[employee]).await;
        mobile
    }

    /// A call with an access token.
    pub async fn read(&self, access_token: &str, path: &str, payload: Value) -> Response {
        let payload = payload.to_string();
        self.send(Method::GET, path, &[("access_token", access_token), ("payload", &payload)], None).await
    }
}
