//! What happens between two examples and is no part of the API: files are uploaded, pictures and text messages are read, orders
//! are paid.

use local::Captchas;
use local::demo::Demo;
use serde_json::{Value, json};

use super::likeness::Known;
use super::{Story, Told, answer};
use crate::support::Address;
use crate::support::consent::{AUTHORIZE, Page};
use crate::support::worker::form;

/// What the documents write in the place of credentials.
pub async fn credentials(address: &Address, demo: &Demo) -> Known {
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
    ] {
        assert_eq!(known.learn(&shown.into(), &meant), None);
    }
    known
}

impl Story<'_> {
    fn means(&mut self, shown: &str, meant: &str) {
        assert_eq!(self.known.learn(&shown.into(), &meant.into()), None);
    }

    /// Whatever it takes that the next example can be sent.
    pub async fn go_on(&mut self, name: &str, told: &Told) {
        let data = &told.body["data"];
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
                assert_eq!(answer(request.header("content-type", kind)).await.status, 200);
            }
            "GET /api/v2/oauth/authorize" => self.ask_for_consent(told).await,
            "POST /api/v2/oauth/authorize" => {
                let back = told.header("location").strip_prefix("https://app.example.com/callback?").unwrap();
                let back: Vec<(String, String)> = form_urlencoded::parse(back.as_bytes()).into_owned().collect();
                assert_eq!((back[0].0.as_str(), &back[1]), ("response_code", &("state".into(), "xyz".into())));
                self.means("response_code_string", &back[0].1);
            }
            "GET /captcha" => {
                let id = told.header("x-captcha-id").to_owned();
                let captchas = Captchas::of(&self.address.variables).await.unwrap();
                let shown = captchas.answer(&id).await.unwrap().expect("a captcha");
                self.means("A7KM", &shown);
                self.kept.insert("x-captcha-id", id);
            }
            "POST /verifycode" => {
                let code = self.address.code("13800138000").await;
                self.means("123456", &code);
            }
            "POST /weixin/login" => self.token = Some(text("session_token")),
            "POST /contact_voucher/buy" => {
                let url = format!("{}/simulate/pay", self.address.wechat_url);
                let paid = json!({"out_trade_no": data["order_no"], "deliver": false});
                let letter = answer(self.http.post(url).json(&paid)).await.body;
                self.letter = Some(letter);
            }
            _ => {}
        }
    }

    /// An employee has opened the page, and asks for a code there.
    async fn ask_for_consent(&mut self, told: &Told) {
        let page = |status, headers, html| Page { status, headers, html };
        let opened = page(told.status, told.headers.clone(), told.text.clone());
        let cookie = opened.header("set-cookie").and_then(|cookie| cookie.split(';').next()).unwrap().to_owned();
        let mobile = self.demo.hris.oauth.employee_mobile.clone();
        let kept = ["token", "app_id", "callback_url", "state"].map(|name| (name, opened.field(name)));
        let mut fields = vec![("action", "send"), ("mobile", mobile.as_str())];
        fields.extend(kept.iter().map(|(name, value)| (*name, value.as_str())));
        let request = self.http.post(format!("{}{AUTHORIZE}", self.address.base_url)).header("cookie", &cookie);
        let response = form(request, &fields).send().await.unwrap();
        let asked = page(response.status().as_u16(), response.headers().clone(), response.text().await.unwrap());
        self.means("form_token_string", &asked.field("token"));
        self.means("attempt_string", &asked.field("attempt"));
        let code = self.address.code(&mobile).await;
        self.means("123456", &code);
        self.kept.insert("cookie", cookie);
    }
}
