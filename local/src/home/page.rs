//! The page: addresses, demo credentials with commands that use them, and the sections that its script fills.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use form_urlencoded::Serializer;
use ops::console::texts;

use super::endpoints::{Endpoint, Family, INDEX};
use crate::World;
use crate::demo::{Credentials, Demo, Hris, Jobboard, Signing, Staff};
use crate::gateway::failure;

/// What the page shows about a system.
#[derive(Clone)]
pub struct Content {
    /// Services and their addresses.
    addresses: Vec<(&'static str, String)>,
    base_url: String,
    sms_outbox_url: String,
    /// `None` if a real WeChat is in use.
    pay_requests_url: Option<String>,
    accounts: Vec<Account>,
    staff: Vec<Member>,
}

/// Credentials for one of the APIs.
#[derive(Clone)]
struct Account {
    title: &'static str,
    groups: Vec<Group>,
    /// Shell commands.
    command: String,
}

/// A member of staff. The script of the page adds the code of the second factor.
#[derive(Clone)]
struct Member {
    name: String,
    /// In requests, and in Chinese.
    role: (&'static str, String),
    phone: String,
}

#[derive(Clone)]
struct Group {
    title: String,
    values: Vec<(&'static str, String)>,
    /// A page on which to use the values: address and label.
    link: Option<(String, &'static str)>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Page<'a> {
    content: &'a Content,
    families: &'a [Family],
    endpoints: &'a [Endpoint],
}

impl Content {
    pub fn of(world: &World, is_simulated: bool) -> Self {
        let World { base_url, dynamodb_url, s3_url, sms_outbox_url, wechat_url, demo, .. } = world;
        let addresses =
            [("API", base_url), ("DynamoDB", dynamodb_url), ("S3", s3_url), ("WeChat", wechat_url), ("SMS", sms_outbox_url)];
        Self {
            addresses: addresses.map(|(name, url)| (name, url.clone())).to_vec(),
            base_url: base_url.clone(),
            sms_outbox_url: sms_outbox_url.clone(),
            pay_requests_url: is_simulated.then(|| format!("{wechat_url}/simulate/pay_requests")),
            accounts: demo.as_ref().map(|demo| accounts(base_url, demo)).unwrap_or_default(),
            staff: demo.iter().flat_map(|demo| &demo.staff).map(member).collect(),
        }
    }

    pub fn response(&self) -> Response {
        match (Page { content: self, families: &INDEX.families, endpoints: &INDEX.endpoints }).render() {
            Ok(html) => Html(html).into_response(),
            Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        }
    }
}

fn member(Staff { role, name, phone, .. }: &Staff) -> Member {
    let role = role.as_str();
    let called = texts::text(&format!("value.role.{role}")).into_owned();
    Member { name: name.clone(), role: (role, called), phone: phone.clone() }
}

fn accounts(base_url: &str, demo: &Demo) -> Vec<Account> {
    let mut accounts = vec![
        channel(base_url, &demo.channel),
        hris(base_url, [("公司一", &demo.hris), ("公司二", &demo.hris_other)]),
        signing(base_url, &demo.signing),
    ];
    accounts.extend(demo.jobboard.as_ref().map(|users| jobboard(base_url, users)));
    accounts
}

fn channel(base_url: &str, channels: &[Credentials]) -> Account {
    let group = |(number, credentials): (usize, &Credentials)| Group {
        title: format!("渠道 {}", number + 1),
        values: vec![("appkey", credentials.appkey.clone()), ("secret", credentials.secret.clone())],
        link: None,
    };
    let (appkey, secret) = channels.first().map(|first| (&*first.appkey, &*first.secret)).unwrap_or_default();
    Account {
        title: "渠道开放接口",
        groups: channels.iter().enumerate().map(group).collect(),
        command: format!(
            r#"TOKEN=$(curl -s {base_url}/api/v1/auth/token -H 'Content-Type: application/json' -d '{{"appkey":"{appkey}","secret":"{secret}","grant_type":"client_credentials"}}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
curl -s {base_url}/api/v1/users -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{"channel_user_id":"U20240101001","name":"张三","id_card":"110101199001011234","phone":"13800138000"}}'
curl -s {base_url}/api/v1/users/U20240101001 -H "Authorization: Bearer $TOKEN""#
        ),
    }
}

fn hris(base_url: &str, companies: [(&str, &Hris); 2]) -> Account {
    let groups = companies.iter().flat_map(|(title, company)| {
        let Hris { access_key, secret_key, token, company_uuid, oauth } = company;
        let values = [("access_key", access_key), ("secret_key", secret_key), ("token", token), ("company_uuid", company_uuid)];
        let of_app = [
            ("app_id", &oauth.app_id),
            ("app_secret", &oauth.app_secret),
            ("callback_url", &oauth.callback_url),
            ("员工手机号", &oauth.employee_mobile),
        ];
        let query = [("app_id", &*oauth.app_id), ("callback_url", &oauth.callback_url), ("state", "demo")];
        let query = Serializer::new(String::new()).extend_pairs(query).finish();
        let link = Some((format!("/api/v2/oauth/authorize?{query}"), "打开授权页面"));
        [group(title, &values, None), group(&format!("{title}的 OAuth 应用"), &of_app, link)]
    });
    let Hris { access_key, secret_key, .. } = companies[0].1;
    Account {
        title: "人事开放接口",
        groups: groups.collect(),
        command: format!(
            r#"TONCE=$(date +%s)
SIGNATURE=$(printf %s "GET/api/v2/departments{access_key}$TONCE" | openssl dgst -sha256 -hmac '{secret_key}' | sed 's/.* //')
curl -s "{base_url}/api/v2/departments?access_key={access_key}&tonce=$TONCE&signature=$SIGNATURE""#
        ),
    }
}

fn signing(base_url: &str, signing: &Signing) -> Account {
    let Signing { platform_code, company_id, handler_id } = signing;
    let values = [
        ("登录 code（可重复使用）", &"test".to_owned()),
        ("X-platform-code（默认）", platform_code),
        ("company_id", &company_id.to_string()),
        ("handler_id", &handler_id.to_string()),
    ];
    Account {
        title: "签约小程序接口",
        groups: vec![group("工人", &values, None)],
        command: format!(
            r#"SESSION=$(curl -s {base_url}/weixin/login -d code=test | sed 's/.*"session_token":"\([^"]*\)".*/\1/')
curl -s {base_url}/em_status -H "X-auth-token: $SESSION"
curl -s {base_url}/companies -H "X-auth-token: $SESSION""#
        ),
    }
}

fn jobboard(base_url: &str, users: &Jobboard) -> Account {
    let Jobboard { user_code, merchant_code } = users;
    let values = [("求职者的 login_code（有联系券）", user_code), ("商家的 login_code（已发布 300 个岗位）", merchant_code)];
    Account {
        title: "餐饮招聘小程序接口",
        groups: vec![group("两位用户（可重复使用）", &values, None)],
        command: format!(
            r#"USER_TOKEN=$(curl -s -D - -o /dev/null {base_url}/wechat/user/login -d '{{"login_code":"{user_code}"}}' | tr -d '\r' | sed -n 's/^x-auth-token: //p')
curl -s {base_url}/jobs/list -d '{{"query_type":2,"filter":{{"positions":"厨师长","longitude":116.397128,"latitude":39.916527}},"page_num":1,"page_size":1}}'
curl -s {base_url}/contact_voucher/buy -H "Authorization: $USER_TOKEN" -d '{{"price":3.99,"contact_voucher_num":1}}'"#
        ),
    }
}

fn group(title: &str, values: &[(&'static str, &String)], link: Option<(String, &'static str)>) -> Group {
    let values = values.iter().map(|(name, value)| (*name, (*value).clone())).collect();
    Group { title: title.to_owned(), values, link }
}
