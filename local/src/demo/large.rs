//! `--demo large`: a month of users, orders and applications, the same in every system. Clients of the APIs create them, at times of the past.

use std::sync::atomic::{AtomicI64, Ordering};

use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::runtime::clock::{Clock, SystemClock};

use super::jobboard::VOUCHERS;
use crate::World;

/// How many users, orders and applications there are.
pub const COUNT: usize = 1000;
/// The time over which they are spread.
const SPAN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How many clients work at the same time, at one time of the clock.
const AT_ONCE: usize = 4;

const FAMILY_NAMES: [&str; 20] =
    ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗"];
const GIVEN_NAMES: [&str; 20] = [
    "伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀兰", "霞",
];
/// Area code, province, city and county.
const PLACES: [(u32, &str, &str, &str); 6] = [
    (110_105, "北京市", "北京市", "朝阳区"),
    (310_115, "上海市", "上海市", "浦东新区"),
    (440_305, "广东省", "深圳市", "南山区"),
    (510_107, "四川省", "成都市", "武侯区"),
    (330_106, "浙江省", "杭州市", "西湖区"),
    (420_106, "湖北省", "武汉市", "武昌区"),
];
const REASONS: [&str; 3] = ["照片不清晰", "年龄不符合岗位要求", "岗位已招满"];

/// The machine's clock, behind by a time that [`fill`] shortens to nothing.
pub struct Past(AtomicI64);

impl Past {
    /// A clock that is behind by the whole time of the demo data.
    pub fn of_demo() -> Self {
        Self(AtomicI64::new(SPAN.as_secs()))
    }

    /// A clock that is not behind.
    pub fn present() -> Self {
        Self(AtomicI64::new(0))
    }
}

impl Clock for Past {
    fn now(&self) -> Timestamp {
        SystemClock.now() - SignedDuration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// Creates `count` of each, unless the system has them already.
pub async fn fill(world: &World, clock: &Past, count: usize) -> Result<(), String> {
    let client = Client { world, http: crate::http::client() };
    if client.log_in(&user(0)).await?.is_some() {
        clock.0.store(0, Ordering::Relaxed);
        return Ok(());
    }
    let (span, whole) = (SPAN.as_secs(), i64::try_from(count).unwrap_or(i64::MAX));
    // The clock stands while requests are under way: WeChat Pay rejects a signature that is five minutes old.
    for first in (0..count).step_by(AT_ONCE) {
        let done = i64::try_from(first).unwrap_or_default();
        clock.0.store(span - span * done / whole, Ordering::Relaxed);
        let step = |number| {
            let client = &client;
            async move { client.step(number).await.map_err(|error| format!("demo {number}: {error}")) }
        };
        try_join_all((first..count.min(first + AT_ONCE)).map(step)).await?;
    }
    clock.0.store(0, Ordering::Relaxed);
    // Closes the orders that were not paid in time.
    client.invoke("ops-cleanup", &json!({})).await.map(drop)
}

/// The name of a user at WeChat.
fn user(number: usize) -> String {
    format!("large-{number}")
}

/// One of `of`, evenly and always the same for a number.
fn pick<T>(of: &[T], number: usize, salt: usize) -> &T {
    // Knuth, The Art of Computer Programming, 6.4: multiplicative hashing.
    let mixed = (number as u64 * 64 + salt as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    &of[(mixed % of.len() as u64) as usize]
}

fn name(number: usize) -> String {
    format!("{}{}", pick(&FAMILY_NAMES, number, 0), pick(&GIVEN_NAMES, number, 1))
}

fn phone(number: usize) -> String {
    format!("1{}{:08}", pick(&["36", "58", "77", "86", "99"], number, 2), 20_000_000 + number)
}

/// An identity number with its check character (GB 11643).
fn id_number(number: usize) -> String {
    let (area, ..) = pick(&PLACES, number, 3);
    let (year, month, day) = (1970 + number % 35, 1 + number % 12, 1 + number % 28);
    let digits = format!("{area}{year}{month:02}{day:02}{:03}", number % 1000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{digits}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][(sum % 11) as usize])
}

struct Client<'a> {
    world: &'a World,
    http: reqwest::Client,
}

impl Client<'_> {
    /// A user with an order, and an application.
    async fn step(&self, number: usize) -> Result<(), String> {
        let token = self.register(number).await?;
        if number.is_multiple_of(4) {
            self.board(&token, "/job/create", &super::jobboard::job(super::jobboard::JOBS + number)).await?;
        }
        self.order(number, &token).await?;
        self.apply(number).await
    }

    async fn register(&self, number: usize) -> Result<String, String> {
        let (user, phone) = (user(number), phone(number));
        let codes = json!({
            "login_code": self.code(&format!("login_code?user={user}")).await?,
            "phone_code": self.code(&format!("phone_code?phone={phone}")).await?,
        });
        let (_, token) = self.send(self.http.post(self.url("/wechat/user/register")).body(codes.to_string())).await?;
        let token = token.ok_or("a registration without a token")?;
        let changes = json!({"name": name(number), "sex": 1 + number % 2});
        self.board(&token, "/user/update/info", &changes).await?;
        Ok(token)
    }

    /// The token of a user; `None` if the user has not registered.
    async fn log_in(&self, user: &str) -> Result<Option<String>, String> {
        let code = json!({"login_code": self.code(&format!("login_code?user={user}")).await?});
        let response = self.http.post(self.url("/wechat/user/login")).body(code.to_string()).send().await;
        let response = response.map_err(|error| error.to_string())?;
        Ok(response.headers().get("x-auth-token").and_then(|token| token.to_str().ok()).map(str::to_owned))
    }

    /// Seven of ten orders are paid at once; the others stay unpaid.
    async fn order(&self, number: usize, token: &str) -> Result<(), String> {
        let (price, count) = pick(&VOUCHERS, number, 4);
        let order = json!({"price": price, "contact_voucher_num": count});
        let order = self.board(token, "/contact_voucher/buy", &order).await?;
        if number % 10 < 7 {
            let pay = json!({"out_trade_no": order["data"]["order_no"]});
            let url = format!("{}/simulate/pay", self.world.wechat_url);
            self.send(self.http.post(url).json(&pay)).await?;
        }
        Ok(())
    }

    /// An application of a worker; two of three are decided on.
    async fn apply(&self, number: usize) -> Result<(), String> {
        let Some(demo) = &self.world.demo else { return Ok(()) };
        let demo = &demo.signing;
        let code = self.code(&format!("login_code?user={}", user(number))).await?;
        let login = self.http.post(self.url("/weixin/login")).json(&json!({"code": code}));
        let (login, _) = self.send(login).await?;
        let token = login["data"]["session_token"].as_str().ok_or("a log-in without a token")?;
        let (area, province, city, county) = pick(&PLACES, number, 3);
        let company = demo.company_id + u32::from(number.is_multiple_of(3));
        let resume = json!({
            "real_name": name(number), "phone": phone(number), "id_number": id_number(number), "nation": "汉族",
            "marital_sts": 1 + number % 3, "political_sts": 3, "acct_type": number % 2, "province_id": area / 10_000,
            "province_name": province, "city_id": area / 100, "city_name": city, "county_id": area, "county_name": county,
            "addr": format!("人民路{}号", 1 + number % 300), "em_contact_name": name(number + COUNT),
            "em_contact_phone": phone(number + COUNT), "em_contact_relationship": "配偶", "company_id": company,
            "work_pos": pick(&["A岗位", "B岗位", "C岗位"], number, 5), "ad_user_id": company,
            "employee_edu": [{"school": format!("{city}第一中学"), "degree": "高中"}],
        });
        let submit = self.http.post(self.url("/employee")).header("x-auth-token", token).json(&resume);
        self.send(submit).await?;
        let shown = self.http.get(self.url("/employee")).header("x-auth-token", token);
        let (shown, _) = self.send(shown).await?;
        self.decide(number, &demo.platform_code, &shown["data"]["em_id"]).await
    }

    async fn decide(&self, number: usize, platform: &str, em_id: &Value) -> Result<(), String> {
        let mut command = match number % 3 {
            0 => json!({"command": "reject_application", "reason": pick(&REASONS, number, 6)}),
            1 => json!({"command": "set_verify_status", "verify_status": 2}),
            _ => return Ok(()),
        };
        command["platform_code"] = platform.into();
        command["em_id"] = em_id.clone();
        // Submitted once.
        command["version"] = 1.into();
        command["by"] = "demo".into();
        self.invoke("ops-admin", &command).await.map(drop)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.world.base_url)
    }

    /// A code that the simulator of WeChat issues.
    async fn code(&self, query: &str) -> Result<String, String> {
        let (body, _) = self.send(self.http.get(format!("{}/simulate/{query}", self.world.wechat_url))).await?;
        Ok(body["code"].as_str().unwrap_or_default().to_owned())
    }

    async fn board(&self, token: &str, path: &str, body: &Value) -> Result<Value, String> {
        let request = self.http.post(self.url(path)).header("authorization", token).body(body.to_string());
        Ok(self.send(request).await?.0)
    }

    async fn invoke(&self, function: &str, event: &Value) -> Result<Value, String> {
        let url = self.url(&format!("/2015-03-31/functions/{function}/invocations"));
        let (body, _) = self.send(self.http.post(url).body(event.to_string())).await?;
        if body["errorType"].is_null() { Ok(body) } else { Err(format!("{function}: {body}")) }
    }

    /// The body of a success, and the token in its headers.
    async fn send(&self, request: RequestBuilder) -> Result<(Value, Option<String>), String> {
        let response = request.send().await.map_err(|error| error.to_string())?;
        let (status, path) = (response.status(), response.url().path().to_owned());
        let token = response.headers().get("x-auth-token").and_then(|token| token.to_str().ok()).map(str::to_owned);
        let body: Value = response.json().await.unwrap_or_default();
        if status.is_success() { Ok((body, token)) } else { Err(format!("{path}: {status} {body}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_numbers_have_their_check_character() {
        for number in 0..200 {
            let id = id_number(number);
            let card = shared::values::IdCard::parse(&id).unwrap();
            assert!(card.checksum_holds(), "{id}");
        }
    }
}
