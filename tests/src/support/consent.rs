//! How a product gets an access token: an employee consents on the page, the product exchanges the response code.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use super::product::Product;

const CALLBACK: &str = "https://app.example.com/callback?from=gongqiao";

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
        let product = format!("consent-{number}");
        self.command(json!({"command": "create_product", "product_id": product, "name": "授权产品"})).await;
        let app = json!({
            "command": "create_oauth_app", "product_id": product, "company_uuid": self.company, "name": "授权应用",
            "callback_url": CALLBACK,
        });
        let app = self.command(app).await;
        let response_code = self.consent(text(&app, "app_id"), &mobile).await;
        let exchange = json!({
            "app_id": app["app_id"], "app_secret": app["app_secret"], "callback_url": CALLBACK,
            "response_code": response_code,
        });
        let granted = self.send(Method::POST, "/api/v2/oauth/token", &[], Some(exchange.to_string())).await;
        text(&granted.body, "access_token").to_owned()
    }

    /// Walks through the page as a browser; gives the response code.
    async fn consent(&self, app_id: &str, mobile: &str) -> String {
        let browser = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        let url = format!("{}/api/v2/oauth/authorize", self.address.base_url);
        let opened = browser.get(&url).query(&[("app_id", app_id), ("callback_url", CALLBACK)]).send().await.unwrap();
        let cookie = opened.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let page = opened.text().await.unwrap();
        let submit = async |fields: &[(&str, &str)]| {
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let request = browser.post(&url).header("cookie", &cookie);
            request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap()
        };
        let token = field(&page, "token");
        let fields = [("app_id", app_id), ("callback_url", CALLBACK), ("token", token), ("mobile", mobile)];
        let sent = submit(&[&fields[..], &[("action", "send")]].concat()).await.text().await.unwrap();
        let code = self.code_sent_to(mobile).await;
        let attempt = field(&sent, "attempt");
        let back = submit(&[&fields[..], &[("action", "consent"), ("attempt", attempt), ("code", &code)]].concat()).await;
        let location = back.headers()["location"].to_str().unwrap();
        let query = location.strip_prefix(CALLBACK).unwrap().as_bytes();
        let code = form_urlencoded::parse(query).find(|(name, _)| name == "response_code");
        code.expect("a response code").1.into_owned()
    }

    async fn code_sent_to(&self, mobile: &str) -> String {
        let outbox: Value = self.http.get(&self.address.sms_outbox_url).send().await.unwrap().json().await.unwrap();
        let mine = outbox.as_array().unwrap().iter().rfind(|message| text(message, "phone").ends_with(mobile));
        let message = text(mine.expect("a message"), "message");
        message.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect()
    }
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_else(|| panic!("{object} has no {name}"))
}

/// The value of a hidden field of the page.
fn field<'a>(page: &'a str, name: &str) -> &'a str {
    let opening = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&opening).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split_once('"').unwrap().0
}
