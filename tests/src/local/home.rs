//! The home page of the local system, and the endpoints behind its buttons.

use lambda::routes::Route;
use local::{Options, World};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::board::Board;
use crate::support::repository::read;
use crate::support::worker::{Platform, coded, ok};
use crate::support::{Address, Response, Stage, fetch, world};

/// Headers that name the host and the origin of a request.
const HOST: &str = "host";
const ORIGIN: &str = "origin";

fn request(address: &Address, method: Method, path: &str) -> RequestBuilder {
    local::http::client().request(method, format!("{}{path}", address.base_url))
}

async fn get(address: &Address, path: &str) -> Response {
    fetch(request(address, Method::GET, path)).await
}

async fn post(address: &Address, path: &str, body: &Value) -> Response {
    fetch(request(address, Method::POST, path).json(body)).await
}

async fn page(base_url: &str) -> String {
    let response = reqwest::get(base_url).await.unwrap();
    assert_eq!(response.status(), 200);
    response.text().await.unwrap()
}

fn rejection(status: u16, message: &str) -> Response {
    Response { status, body: json!({"message": message}) }
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Every text between these two.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before).skip(1).map(|rest| rest.split_once(after).unwrap().0).collect()
}

#[tokio::test]
async fn the_page_receives_the_events_of_the_demo_company_and_verifies_them() {
    let world = World::start(Options { demo: true, ..Options::default() }).await.unwrap();
    let address = Address::of(&world);
    assert_eq!(get(&address, "/_local/events").await.body, json!([]));
    assert_eq!(post(&address, "/_local/subscribe", &json!({})).await.body["state"], "active");
    assert_eq!(post(&address, "/_local/test_event", &json!({})).await.body, json!({"code": 0, "text": "ok"}));
    address.settle_events().await;
    let events = get(&address, "/_local/events").await.body;
    let events = events.as_array().expect("events").iter();
    let mut shown: Vec<(&Value, &Value)> = events.map(|event| (&event["event"]["event_type"], &event["is_signed"])).collect();
    shown.sort_by_key(|(event_type, _)| event_type.to_string());
    assert_eq!(shown, [(&json!("webhook_open"), &json!(true)), (&json!("webhook_test"), &json!(true))]);
    // Anyone can post to the receiver: it says that the signature is another one.
    let forged = post(&address, "/_local/receiver", &json!({"event": {"event_type": "employee_left"}})).await;
    assert_eq!(forged.status, 401);
    assert_eq!(get(&address, "/_local/events").await.body[0]["is_signed"], false);
    world.stop().await;
}

#[tokio::test]
async fn the_page_loads_only_local_files_and_is_not_cached() {
    let types = [
        ("/", "text/html; charset=utf-8"),
        ("/_local/home.css", "text/css; charset=utf-8"),
        ("/_local/home.js", "text/javascript; charset=utf-8"),
        ("/_local/icon.svg", "image/svg+xml"),
        ("/_local/sms", "application/json"),
        ("/_local/totp", "application/json"),
    ];
    for (path, media_type) in types {
        let response = request(world(), Method::GET, path).send().await.unwrap();
        let policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";
        assert_eq!(response.status(), 200, "{path}");
        for (name, value) in [
            ("content-type", media_type),
            ("content-security-policy", policy),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(header(&response, name), value, "{path} {name}");
        }
    }
    let html = page(&world().base_url).await;
    assert_eq!(between(&html, " src=\"", "\""), ["/_local/home.js", "/_local/icon.svg"]);
    assert!(!html.contains(" style=") && !html.contains("<style"), "the content security policy forbids it");
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        assert_eq!(fetch(request(world(), method, "/")).await, rejection(404, "Not Found"));
    }
}

#[tokio::test]
async fn the_page_shows_all_demo_credentials_and_its_links_work() {
    let started = World::start(Options { demo: true, ..Options::default() }).await.unwrap();
    let html = page(&started.base_url).await;
    let mut demo = serde_json::to_value(started.demo.as_ref().unwrap()).unwrap();
    let mut values = vec!["test".to_owned()];
    let staff = demo.as_object_mut().unwrap().shift_remove("staff").unwrap();
    values.extend(staff.as_array().unwrap().iter().map(|member| member["phone"].as_str().unwrap().to_owned()));
    assert!(!html.contains("totp_secret") && !html.contains(staff[0]["totp_secret"].as_str().unwrap()));
    texts(&demo, &mut values);
    assert_eq!(values.len(), 1 + 7 + 4 + 2 * 8 + 3 + 2, "{demo}");
    for url in [&started.base_url, &started.dynamodb_url, &started.s3_url, &started.wechat_url, &started.sms_outbox_url] {
        values.push(url.clone());
    }
    for value in values {
        assert!(html.contains(&format!("<code>{value}</code>")), "{value} is missing");
    }
    let mut count = 0;
    for link in between(&html, "href=\"", "\"") {
        if let Some(id) = link.strip_prefix('#') {
            assert!(html.contains(&format!(" id=\"{id}\"")), "{link} leads nowhere");
            continue;
        }
        let link = link.replace("&#38;", "&");
        let url = if link.starts_with('/') { format!("{}{link}", started.base_url) } else { link };
        assert_eq!(reqwest::get(&url).await.unwrap().status(), 200, "{url}");
        count += 1;
    }
    assert_eq!(
        count,
        6 + 1 + 4 * 3 + 2 + 1,
        "icon, style, outbox, requests, two consent pages, the APIs, the console twice, events"
    );
    started.stop().await;
}

/// Every text and number in a value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        Value::Array(elements) => elements.iter().for_each(|element| texts(element, found)),
        Value::String(text) => found.push(text.clone()),
        other => found.push(other.to_string()),
    }
}

#[tokio::test]
async fn without_demo_data_the_page_shows_no_accounts() {
    let html = page(&world().base_url).await;
    assert!(html.contains(&format!("<code>{}</code>", world().base_url)));
    assert!(
        !html.contains("accounts") && !html.contains("演示账号") && !html.contains("演示成员") && !html.contains("data-totp")
    );
}

#[tokio::test]
async fn the_table_names_the_file_of_every_endpoint() {
    let html = page(&world().base_url).await;
    let rows = between(&html, "<tr data-method=\"", "</tr>");
    let mut listed = Vec::new();
    for row in rows {
        let (method, path) = (row.split('"').next().unwrap(), between(row, "data-path=\"", "\"")[0]);
        let cells = between(row, "<td>", "</td>");
        let words = between(row, "<code", "</code>");
        let file = words[1].trim_start_matches('>');
        let source = read(file);
        assert!(source.contains(&format!("\"{path}\"")), "{path} is not in {file}");
        // The second spelling of a path has no handler of its own.
        if let Some(handler) = words.get(2) {
            let handler = handler.split_once('>').unwrap().1;
            assert!(source.contains(&format!("async fn {handler}(")), "{handler} is not in {file}");
        }
        assert!(!cells[1].is_empty(), "{method} {path} has no summary");
        listed.push(format!("{method} {path} {} {file}", cells[2]));
    }
    let routes = lambda::routes::all();
    let routes = routes.map(|Route { method, path, function, file }| format!("{method} {path} {function} {file}"));
    assert_eq!(listed, routes.collect::<Vec<_>>());
}

#[tokio::test]
async fn text_messages_are_listed_newest_first() {
    let stage = Stage::open().await;
    assert_eq!(get(&stage.address, "/_local/sms").await, Response { status: 200, body: json!([]) });
    let platform = Platform::create(&stage.address).await;
    let mut expected = Vec::new();
    for phone in ["13700000010", "13700000011"] {
        let (captcha, shown) = platform.captcha().await;
        assert_eq!(platform.verifycode(&captcha, &shown, phone).await, coded(ok(json!({}))));
        let message = stage.address.messages(phone).await.remove(0);
        assert!(message.starts_with("【工桥】验证码 "), "{message}");
        expected.insert(0, json!({"phone": format!("+86{phone}"), "message": message, "at": "2024-01-15T10:30:00Z"}));
    }
    assert_eq!(get(&stage.address, "/_local/sms").await, Response { status: 200, body: expected.into() });
}

#[tokio::test]
async fn a_code_of_the_page_logs_a_new_user_in_once() {
    let address = world();
    let code = async |kind: &str, body: Value| {
        let response = post(address, &format!("/_local/{kind}_code"), &body).await;
        assert_eq!((response.status, response.body.as_object().map(serde_json::Map::len)), (200, Some(1)));
        response.body["code"].as_str().unwrap().to_owned()
    };
    let login = json!({
        "login_code": code("login", json!({"user": "home page & 用户"})).await,
        "phone_code": code("phone", json!({"phone": "13955550001"})).await,
    });
    let board = Board::of(address);
    assert_eq!(board.post("/wechat/user/register", &login).await.status, 200);
    let again = json!({"login_code": code("login", json!({"user": "home page & 用户"})).await});
    assert_eq!(board.post("/wechat/user/login", &again).await.status, 200);
    assert_eq!(board.post("/wechat/user/login", &again).await.status, 401);
    // The same kind of code logs in to the other mini program.
    let platform = Platform::create(address).await;
    assert_eq!(platform.log_in(&code("login", json!({"user": "home"})).await).await.status, 200);
}

#[tokio::test]
async fn the_next_call_of_a_mini_program_fails_on_request() {
    let stage = Stage::open().await;
    let (address, platform) = (&stage.address, Platform::create(&stage.address).await);
    let wished = |next: Value| Response { status: 200, body: json!({"next": next}) };
    assert_eq!(post(address, "/_local/errcode", &json!({"next": 40029})).await, wished(json!(40029)));
    assert_eq!(platform.log_in("test").await.status, 401);
    assert_eq!(platform.log_in("test").await.status, 200);
    assert_eq!(post(address, "/_local/errcode", &json!({"next": 40029})).await, wished(json!(40029)));
    assert_eq!(post(address, "/_local/errcode", &json!({"next": null})).await, wished(json!(null)));
    assert_eq!(platform.log_in("test").await.status, 200);
}

#[tokio::test]
async fn orders_are_listed_and_paid() {
    let stage = Stage::open().await;
    let address = &stage.address;
    let listed = async || get(address, "/_local/orders").await;
    let all = |rows: Value| Response { status: 200, body: rows };
    assert_eq!(listed().await, all(json!([])));
    let user = Board::of(address).join().await;
    let first = user.order_voucher().await;
    stage.clock.advance(jiff::SignedDuration::from_secs(1));
    let second = user.order_voucher().await;
    let row = |number: &str, state: &str, described: &str, second: u32| {
        json!({
            "out_trade_no": number, "description": "联系券 1 张", "total": 399, "trade_state": state,
            "trade_state_desc": described, "announced_at": format!("2024-01-15T10:30:0{second}Z"),
        })
    };
    let (unpaid, paid) = (("NOTPAY", "订单未支付"), ("SUCCESS", "支付成功"));
    assert_eq!(listed().await, all(json!([row(&second, unpaid.0, unpaid.1, 1), row(&first, unpaid.0, unpaid.1, 0)])));

    let notified = |status: u16| all(json!({"notified_status": status}));
    assert_eq!(post(address, "/_local/pay", &json!({"out_trade_no": first})).await, notified(200));
    assert_eq!(user.ledger().await, (1, vec![1], 1));
    assert_eq!(post(address, "/_local/notify_again", &json!({"out_trade_no": first})).await, notified(200));
    assert_eq!(user.ledger().await, (1, vec![1], 1));
    // The system is not notified of this payment and learns of it when the status is requested.
    assert_eq!(post(address, "/_local/pay", &json!({"out_trade_no": second, "notify": false})).await, notified(0));
    assert_eq!(user.ledger().await, (1, vec![1], 1));
    assert_eq!(user.order_status(&second).await, "paid");
    assert_eq!(user.ledger().await, (2, vec![1, 1], 2));
    assert_eq!(listed().await, all(json!([row(&second, paid.0, paid.1, 1), row(&first, paid.0, paid.1, 0)])));

    let unknown = Response { status: 404, body: json!({"code": "ORDER_NOT_EXIST", "message": "订单不存在"}) };
    for path in ["/_local/pay", "/_local/notify_again"] {
        assert_eq!(post(address, path, &json!({"out_trade_no": "CV0"})).await, unknown);
    }
}

#[tokio::test]
async fn with_the_real_wechat_nothing_is_simulated() {
    let stage = Stage::open().await;
    // It uses the WeChat simulator of the first process.
    let (address, second) = stage.another_process().await;
    let html = page(&address.base_url).await;
    assert!(
        html.contains(&stage.address.wechat_url) && !html.contains("/_local/login_code") && !html.contains("id=\"orders\"")
    );
    assert_eq!(post(&address, "/_local/pay", &json!({"out_trade_no": "CV0"})).await, rejection(404, "Not Found"));
    // It uses its SNS as well.
    assert_eq!(get(&address, "/_local/sms").await, Response { status: 200, body: json!([]) });
    second.stop().await;
}

#[tokio::test]
async fn an_outbox_of_another_sns_is_reported() {
    let variables = [("AWS_ENDPOINT_URL_SNS".to_owned(), world().wechat_url.clone())];
    let other = World::start(Options { variables: variables.into(), ..Options::default() }).await.unwrap();
    let response = get(&Address::of(&other), "/_local/sms").await;
    assert_eq!(response, rejection(502, "there is no outbox: SNS is another one"));
    other.stop().await;
}

#[tokio::test]
async fn a_request_with_another_host_name_sees_nothing() {
    let port = world().base_url.rsplit(':').next().unwrap();
    for path in ["/", "/_local/sms", "/_local/totp", "/_local/home.js", "/_local/orders"] {
        let get_as = async |host: &str| fetch(request(world(), Method::GET, path).header(HOST, host)).await;
        let name = "open this page at 127.0.0.1 or localhost";
        for host in
            ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080", "evil.example:8080", "0.0.0.0", ""]
        {
            assert_eq!(get_as(host).await, rejection(403, name), "{path} {host}");
        }
        for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), "localhost".into(), "[::1]:8080".into()] {
            assert_eq!(get_as(&host).await.status, 200, "{path} {host}");
        }
    }
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_use_the_buttons() {
    let (base_url, port) = (&world().base_url, world().base_url.rsplit(':').next().unwrap());
    let foreign = rejection(403, "another page may not do this");
    for (path, status) in [("login_code", 200), ("phone_code", 200), ("errcode", 200), ("pay", 404), ("notify_again", 404)] {
        let url = format!("/_local/{path}");
        let body = json!({"user": "u", "phone": "13900000000", "next": null, "out_trade_no": "CV0"});
        let pressed = async |origin: &str| fetch(request(world(), Method::POST, &url).header(ORIGIN, origin).json(&body)).await;
        let other_port = format!("http://127.0.0.1:{}", port.parse::<u16>().unwrap() ^ 1);
        for origin in ["https://evil.example", "null", "http://127.0.0.1", &other_port, &base_url.replace("http", "https")] {
            assert_eq!(pressed(origin).await, foreign, "{path} {origin}");
        }
        assert_eq!(pressed(base_url).await.status, status, "{path}");
        // Nor is a form of another page accepted.
        let form = request(world(), Method::POST, &url).header("content-type", "text/plain").body(body.to_string());
        assert_eq!(fetch(form).await.status, 415, "{path}");
    }
}
