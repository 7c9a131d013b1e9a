//! Members of staff and the browsers in which they sign in to the console.
//!
//! The codes of the second factor are computed here as RFC 4226 (5.3) and RFC 6238 (4.2) say, without the library that the system uses.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use sha1::Sha1;

use super::{Address, Response, client};

/// The cookies of the console.
pub const SESSION: &str = "__Host-console";
pub const SIGN_IN: &str = "__Host-console-sign-in";
pub const VISITOR: &str = "__Host-console-visitor";
/// Names the command that was executed before a redirect.
pub const DONE: &str = "__Host-console-done";

/// A member of staff with a browser and an authenticator app.
pub struct Staff {
    pub address: Address,
    pub id: Value,
    pub phone: String,
    pub browser: Browser,
    app: Mutex<App>,
}

/// The authenticator app: the secret, and the last step of which a code was used.
#[derive(Default)]
pub struct App {
    secret: String,
    last: u64,
}

impl App {
    pub fn new(secret: &str) -> Self {
        Self { secret: secret.to_owned(), last: 0 }
    }

    /// A code that was not used yet. The server accepts that of the next step, too.
    pub fn code(&mut self, now: Timestamp) -> String {
        let step = now.as_second().unsigned_abs() / 30;
        self.last = step.max(self.last + 1);
        assert!(self.last <= step + 1, "two codes in half a minute at most");
        totp(&self.secret, self.last)
    }
}

/// The code of a time step.
pub fn totp(secret: &str, step: u64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(&from_base32(secret)).unwrap();
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 0xf);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// RFC 4648, 6.
fn from_base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).expect("Base32");
        buffer = buffer << 5 | u32::try_from(value).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits & 0xff) as u8);
        }
    }
    bytes
}

/// A browser with its own IP address and its cookies.
pub struct Browser {
    http: reqwest::Client,
    base_url: String,
    cookies: Mutex<Vec<(String, String)>>,
}

/// The attributes of every cookie of the console, in the order of the alphabet.
const ATTRIBUTES: [&str; 4] = ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"];

impl Browser {
    pub fn at(address: &Address) -> Self {
        Self { http: client(), base_url: address.base_url.clone(), cookies: Mutex::default() }
    }

    /// A browser with the cookies of this one.
    pub fn copy(&self) -> Self {
        let cookies = Mutex::new(self.cookies.lock().unwrap().clone());
        Self { http: self.http.clone(), base_url: self.base_url.clone(), cookies }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|(own, _)| own != name);
        cookies.push((name.to_owned(), value.to_owned()));
    }

    /// A request to the API of the console.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request_to(method, &format!("/console/api/{path}"))
    }

    /// A request with the cookies of the browser.
    pub fn request_to(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let cookies = self.cookies.lock().unwrap();
        let cookies: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.http.request(method, format!("{}{path}", self.base_url));
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    /// Sends JSON as the console does, and keeps the cookies of the response.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        self.send(request.body(body.to_string())).await
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Response {
        let response = request.send().await.unwrap();
        self.keep_cookies(response.headers());
        Response::read(response).await
    }

    /// Keeps the cookies of a response as a browser does. Each has the prefix and the attributes that this host alone gets it.
    pub fn keep_cookies(&self, headers: &HeaderMap) {
        for cookie in headers.get_all("set-cookie") {
            let mut parts: Vec<&str> = cookie.to_str().unwrap().split("; ").collect();
            let (name, value) = parts.remove(0).split_once('=').unwrap();
            let age = match (name, value) {
                (_, "") => Some("Max-Age=0"),
                (SIGN_IN, _) => Some("Max-Age=600"),
                (DONE, _) => Some("Max-Age=30"),
                _ => None,
            };
            let mut expected = [&ATTRIBUTES[..], age.as_slice()].concat();
            expected.sort_unstable();
            parts.sort_unstable();
            assert_eq!(parts, expected, "{cookie:?}");
            assert!(name.starts_with("__Host-console"), "{cookie:?}");
            self.set_cookie(name, value);
            self.cookies.lock().unwrap().retain(|(_, value)| !value.is_empty());
        }
    }
}

impl Staff {
    /// A new member with these roles, who has not signed in.
    pub async fn create(address: &Address, roles: &[&str], more: Value) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let phone = format!("1570{:07}", COUNT.fetch_add(1, Ordering::Relaxed));
        let phone = more["phone"].as_str().map_or(phone, str::to_owned);
        let mut command = json!({"command": "create_staff", "name": "张三", "phone": phone, "roles": roles, "by": "tester"});
        command.as_object_mut().unwrap().extend(more.as_object().expect("members").clone());
        let created = address.command(&command).await;
        Self {
            address: address.clone(),
            id: created["staff_id"].clone(),
            phone,
            browser: Browser::at(address),
            app: Mutex::default(),
        }
    }

    /// A new member who has signed in.
    pub async fn signed_in(address: &Address, roles: &[&str], more: Value, now: Timestamp) -> Self {
        let staff = Self::create(address, roles, more).await;
        staff.sign_in(now).await;
        staff
    }

    /// The code of a new text message.
    pub async fn message(&self) -> String {
        let sent = self.browser.post("sign-in", &json!({"phone": self.phone})).await;
        assert_eq!(sent, Response { status: 200, body: json!({"next": "code"}) });
        self.address.code(&self.phone).await
    }

    /// Signs in with the text message and the second factor, which is set up at the first time. Returns the recovery codes, if there are any.
    pub async fn sign_in(&self, now: Timestamp) -> Vec<String> {
        let code = self.message().await;
        let checked = self.browser.post("code", &json!({"phone": self.phone, "code": code})).await;
        self.sign_in_after(&checked, now).await
    }

    /// Sets up the authenticator app if the response to the code of the text message says so.
    pub fn set_up(&self, checked: &Response) {
        assert_eq!(checked.status, 200, "{checked:?}");
        if let Some(secret) = checked.body["enrollment"]["secret"].as_str() {
            self.set_up_with(secret);
        }
    }

    /// Sets up the authenticator app with a secret.
    pub fn set_up_with(&self, secret: &str) {
        *self.app.lock().unwrap() = App::new(secret);
    }

    /// The second factor after the response to the code of the text message.
    pub async fn sign_in_after(&self, checked: &Response, now: Timestamp) -> Vec<String> {
        self.set_up(checked);
        let proved = self.prove(now).await;
        assert_eq!((proved.status, &proved.body["next"]), (200, &json!("signed_in")), "{proved:?}");
        let codes = proved.body["recovery_codes"].as_array().into_iter().flatten();
        codes.map(|code| code.as_str().unwrap().to_owned()).collect()
    }

    /// Sends a code of the authenticator app: after a text message, or as a step-up.
    pub async fn prove(&self, now: Timestamp) -> Response {
        let code = self.totp(now);
        self.browser.post("totp", &json!({"code": code})).await
    }

    /// A code of the authenticator app that was not used yet.
    pub fn totp(&self, now: Timestamp) -> String {
        self.app.lock().unwrap().code(now)
    }

    /// The secret of the authenticator app.
    pub fn secret(&self) -> String {
        self.app.lock().unwrap().secret.clone()
    }

    /// Executes a command as this member.
    pub async fn command(&self, name: &str, fields: Value) -> Response {
        self.browser.post(&format!("commands/{name}"), &fields).await
    }

    /// The records on all pages of a list, which are in this member of the result.
    pub async fn pages(&self, name: &str, mut fields: Value, member: &str) -> Vec<Value> {
        let mut records = Vec::new();
        loop {
            let page = self.command(name, fields.clone()).await;
            assert_eq!(page.status, 200, "{page:?}");
            records.extend(page.body[member].as_array().unwrap().clone());
            fields["cursor"] = page.body["next_cursor"].clone();
            if fields["cursor"].is_null() {
                return records;
            }
        }
    }
}

/// The response to a failed request.
pub fn failure(status: u16, error: &str, faults: &[(&str, &str)]) -> Response {
    let faults: Vec<Value> = faults.iter().map(|(field, reason)| json!({"field": field, "reason": reason})).collect();
    Response { status, body: json!({"error": error, "faults": faults}) }
}
