//! Steps between two examples that are no part of the API: uploading a file, reading a picture or a text message, paying an
//! order.

use local::Captchas;
use local::demo::Demo;
use serde_json::{Value, json};

use super::likeness::Known;
use super::{Returned, Story, fetch};
use crate::support::Address;
use crate::support::consent::{App, Browser, Page};
use crate::support::receiver::Receiver;
use crate::support::webhook_page;
use crate::support::worker::form;

/// The placeholders of credentials in the documents, with the real values.
pub async fn credentials(address: &Address, demo: &Demo, receiver: &Receiver) -> Known {
    let command = json!({"command": "create_bind_code", "company_uuid": demo.hris.company_uuid});
    let bind_code = address.command(&command).await["bind_code"].clone();
    let mut known = Known::default();
    for (shown, meant) in [
        ("your_secret_key", Value::from(demo.channel[0].secret.as_str())),
        ("YOUR_APP_KEY", demo.hris.access_key.as_str().into()),
        ("YOUR_COMPANY_TOKEN", demo.hris.token.as_str().into()),
        ("YOUR_APP_ID", demo.hris.oauth.app_id.as_str().into()),
        ("YOUR_APP_SECRET", demo.hris.oauth.app_secret.as_str().into()),
        ("YOUR_BIND_CODE", bind_code),
        ("https://example.com/gongqiao/hook", receiver.address.as_str().into()),
    ] {
        assert_eq!(known.learn(&shown.into(), &meant), None);
    }
    known
}

impl Story<'_> {
    fn learn(&mut self, shown: &str, meant: &str) {
        assert_eq!(self.known.learn(&shown.into(), &meant.into()), None);
    }

    /// Takes the steps without which the next example cannot be sent.
    pub async fn prepare_next(&mut self, name: &str, returned: &Returned) {
        let data = &returned.body["data"];
        let text = |name: &str| data[name].as_str().unwrap().to_owned();
        match name {
            "POST /api/v1/auth/token" | "POST /api/v1/auth/refresh" => {
                self.token = Some(text("access_token"));
            }
            "POST /api/v1/uploads" => {
                let size = data["headers"]["content-length"].as_str().unwrap().parse().unwrap();
                let mut file = b"%PDF-1.7".to_vec();
                file.resize(size, b' ');
                let request = self.http.put(text("upload_url")).body(file);
                let kind = data["headers"]["content-type"].as_str().unwrap();
                assert_eq!(fetch(request.header("content-type", kind)).await.status, 200);
            }
            "GET /api/v2/oauth/authorize" => self.request_code(returned).await,
            "POST /api/v2/oauth/authorize" => {
                let back = returned.header("location").strip_prefix("https://app.example.com/callback?").unwrap();
                let back: Vec<(String, String)> = form_urlencoded::parse(back.as_bytes()).into_owned().collect();
                assert_eq!((back[0].0.as_str(), &back[1]), ("response_code", &("state".into(), "xyz".into())));
                self.learn("response_code_string", &back[0].1);
            }
            "GET /captcha" => {
                let id = returned.header("x-captcha-id").to_owned();
                let captchas = Captchas::of(&self.address.variables).await.unwrap();
                let shown = captchas.answer(&id).await.unwrap().expect("a captcha");
                self.learn("A7KM", &shown);
                self.kept.insert("x-captcha-id", id);
            }
            "POST /verifycode" => {
                let code = self.address.code("13800138000").await;
                self.learn("123456", &code);
            }
            "POST /weixin/login" => self.token = Some(text("session_token")),
            // The next examples need another session or token.
            "POST /weixin/logout" => {
                let request = self.http.post(format!("{}/weixin/login", self.address.base_url));
                let opened = fetch(form(request, &[("code", "test")])).await;
                self.token = opened.body["data"]["session_token"].as_str().map(str::to_owned);
            }
            "POST /wechat/user/logout" => self.tokens.clear(),
            "PUT /api/v2/webhooks" | "POST /api/v2/webhooks/tests" => self.address.settle_events().await,
            "POST /api/v2/webhooks/replays" => {
                let hris = &self.demo.hris;
                let link = ["GET", webhook_page::PATH, &hris.access_key, "1705314600", ""];
                let link = client::sign(&hris.secret_key, link);
                self.learn("YOUR_PAGE_SIGNATURE", &link);
            }
            "GET /docs/webhooks" => {
                let mut browser = webhook_page::Browser::new(&self.address.base_url);
                browser.cookie = page_of(returned).cookie();
                self.learn("page_token_string", &browser.get(&[]).await.field("token"));
                self.kept.insert("cookie", browser.cookie.expect("a cookie"));
            }
            "POST /contact_voucher/buy" => {
                let url = format!("{}/simulate/pay", self.address.wechat_url);
                let paid = json!({"out_trade_no": data["order_no"], "deliver": false});
                let notification = fetch(self.http.post(url).json(&paid)).await.body;
                self.notification = Some(notification);
            }
            _ => {}
        }
    }

    /// An employee opened the page, and requests a code there.
    async fn request_code(&mut self, returned: &Returned) {
        let opened = page_of(returned);
        let oauth = &self.demo.hris.oauth;
        let mobile = oauth.employee_mobile.clone();
        let mut browser = Browser::new(&App::of(&self.address, oauth));
        browser.keep_cookie(&opened);
        let asking = browser.press(&opened, "send", &[("mobile", &mobile)]).await;
        self.learn("form_token_string", &asking.field("token"));
        self.learn("attempt_string", &asking.field("attempt"));
        let code = self.address.code(&mobile).await;
        self.learn("123456", &code);
        self.kept.insert("cookie", browser.cookie.expect("a cookie"));
    }
}

fn page_of(returned: &Returned) -> Page {
    Page { status: returned.status, headers: returned.headers.clone(), html: returned.text.clone() }
}
