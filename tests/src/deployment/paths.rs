//! Paths as API Gateway passes them to functions: decoded twice, cut at a `?`, and rejected where a percent sign begins no escape. The
//! sources are in `local/src/gateway/path.rs`.

use std::collections::BTreeSet;

use local::template::Template;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::product::{Product, body, numbered, rejection, returned};
use crate::support::repository::{files, read, root};
use crate::support::resource::{ALL, USERS};
use crate::support::worker::Platform;
use crate::support::{Partner, Response, Stage, board, problem, success, world};

const ID: &str = "U20240101001";
const BAD_ID: &str = "must be 1 to 64 of A-Z a-z 0-9 . _ -";
const BAD_SEGMENT: &str = "must not contain % ? or /, because it is part of a URL path";

/// The response of the gateway itself.
fn of_the_gateway(status: u16, message: &str) -> Response {
    Response { status, body: json!({"message": message}) }
}

/// Sends a target byte for byte: HTTP clients resolve dot segments.
async fn send(base_url: &str, method: &str, target: &str, token: &str, body: &str) -> Response {
    let host = base_url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Response::new(status, serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn a_path_is_decoded_twice_and_cut_at_a_question_mark() {
    let partner = Partner::join(world()).await;
    partner.push_examples(&["users"]).await;
    let get = async |target: &str| send(&partner.base_url, "GET", target, &partner.token, "").await;
    let found = partner.get(&USERS.example_path()).await;
    assert_eq!(found.body["data"]["channel_user_id"], ID);
    let rejected = of_the_gateway(400, "Bad Request");
    let missing = problem(404, 1001, &[("channel_user_id", "does not exist")]);
    let bad_id = problem(400, 1001, &[("channel_user_id", BAD_ID)]);
    let unknown = partner.get("/api/v1/unknown").await;
    assert_eq!((unknown.status, &unknown.body["code"]), (404, &json!(1001)));

    for (end, expected) in [
        // The path ends at the question mark.
        ("%3Fx", &found),
        ("%3f", &found),
        ("%3F%25zz", &found),
        ("%3Fx?y=%3F", &found),
        // Not a path that begins with the same id: a question mark that the second decoding yields.
        ("%253Fx", &bad_id),
        ("%", &rejected),
        ("%4", &rejected),
        ("%zz", &rejected),
        ("%25", &rejected),
        ("%25zz", &rejected),
        ("%25%32", &rejected),
        // `%25%32%35` is `%25`, and then `%`.
        ("%25%32%35", &bad_id),
        ("%2525", &bad_id),
        ("%2541", &missing),
        ("A", &missing),
        ("%41", &missing),
        ("%2F", &unknown),
        ("%2Fx", &unknown),
        ("%252F", &unknown),
        ("%252Fx", &unknown),
        ("/", &unknown),
        ("//", &unknown),
        ("%23x", &bad_id),
        ("%00", &bad_id),
        ("%0A", &bad_id),
        ("%20", &bad_id),
        ("%5C", &bad_id),
        ("+", &bad_id),
        (";x=1", &bad_id),
        // An overlong slash, and a byte that begins no character.
        ("%C0%AF", &bad_id),
        ("%FF", &bad_id),
        ("%E5%BC%A0", &bad_id),
        ("%25E5%25BC%25A0", &bad_id),
    ] {
        assert_eq!(&get(&format!("/api/v1/users/{ID}{end}")).await, expected, "{end}");
    }
    for (target, expected) in [
        ("/api/v1/users/../users/U20240101001", &unknown),
        ("/api/v1/users/%2e%2e/users/U20240101001", &unknown),
        ("/api/v1/users/%252e%252e/users/U20240101001", &unknown),
        ("/api/v1/./users/U20240101001", &unknown),
        ("/api/v1/users/..", &bad_id),
        ("/api/v1/users/%2E%2E", &bad_id),
        ("/api/v1/users/%252E", &bad_id),
        ("/api/v1//users/U20240101001", &unknown),
        ("/api/v1/users//U20240101001", &unknown),
        ("//api/v1/users/U20240101001", &unknown),
        ("/api/v1/users/U20240101%30%30%31", &found),
        ("/api/v1/%75sers/U20240101001", &found),
        ("/api/v1/users/U20240101%2530%2530%2531", &found),
    ] {
        assert_eq!(&get(target).await, expected, "{target}");
    }
}

#[tokio::test]
async fn a_put_to_an_id_with_a_question_mark_changes_the_record_before_it() {
    let partner = Partner::join(world()).await;
    partner.push_examples(&["users"]).await;
    for (end, name) in [("%3Fx", "李四"), ("%3f", "王五"), ("%3F%2Fy", "赵六")] {
        let changed = partner.put(&format!("/api/v1/users/{ID}{end}"), &json!({"name": name})).await;
        assert_eq!((changed.status, &changed.body["data"]["name"]), (200, &json!(name)), "{end}");
        assert_eq!(partner.get(&USERS.example_path()).await, changed, "{end}");
    }
}

#[tokio::test]
async fn an_id_that_a_path_cannot_carry_is_not_created() {
    let partner = Partner::join(world()).await;
    for kind in &ALL {
        for id in ["U?x", "?", "100%", "U%41", "U/x", "U%2Fx", "U#x", "U x", "U\u{1}", "张三", "U+1", "U;1", "..", ""] {
            let rejected = problem(400, 1001, &[(kind.id_field, BAD_ID)]);
            assert_eq!(partner.post(kind.path, &kind.with(kind.id_field, id)).await, rejected, "{} {id}", kind.name);
        }
    }

    let product = Product::join().await;
    let mut rows: Vec<(&str, &str, Value)> = vec![("employees", "empno", numbered(1)), ("employees", "empno", numbered(2))];
    for (kind, row) in Product::records() {
        let field = match kind {
            "approvals" => "number_series",
            "sources" | "vacancies" => "id",
            _ => continue,
        };
        rows.push((kind, field, row));
    }
    assert_eq!(rows.len(), 5);
    for (kind, field, mut row) in rows {
        for (id, reason) in [
            ("100%", BAD_SEGMENT),
            ("a%41", BAD_SEGMENT),
            ("U?x", BAD_SEGMENT),
            ("a%2Fb", BAD_SEGMENT),
            ("?", BAD_SEGMENT),
            ("a/b", "must be 1 to 64 characters without control characters or /"),
            ("..", "must be 1 to 64 characters without control characters or /"),
            ("a\u{1}", "must be 1 to 64 characters without control characters or /"),
        ] {
            row[field] = id.into();
            let refused = json!({"line": 1, "status": "refused", "errors": [{"field": field, "reason": reason}]});
            assert_eq!(product.import(kind, &[row.clone()]).await, json!({"results": [refused], "next": null}), "{kind} {id}");
        }
    }

    let platform = Platform::create(world()).await;
    for name in ["Shoe?Size", "100%", "a/b", "Shoe%20Size"] {
        let failure = json!({"errorType": "Invalid", "errorMessage": format!("dict_item: {BAD_SEGMENT}")});
        assert_eq!(platform.command("set_dictionary", json!({"dict_item": name, "entries": []})).await, failure, "{name}");
    }
    let failure =
        json!({"errorType": "Invalid", "errorMessage": "dict_item: must not be . or .., because it is part of a URL path"});
    assert_eq!(platform.command("set_dictionary", json!({"dict_item": "..", "entries": []})).await, failure);
}

/// Earlier versions did not check it, so an installation may have such a number.
#[tokio::test]
async fn a_stored_id_that_is_no_longer_accepted_stays_reachable_and_changeable() {
    const OLD: &str = "1%41?";
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let mut row = numbered(7);
    row["empno"] = "PLACEHOLDER".into();
    product.imports("employees", &[row.clone()]).await;
    for item in stage.items("hris").await {
        let text = item.to_string();
        if text.contains("PLACEHOLDER") {
            let item: Value = serde_json::from_str(&text.replace("PLACEHOLDER", OLD)).unwrap();
            stage.database("PutItem", &json!({"TableName": "hris", "Item": item})).await;
        }
    }
    row["empno"] = OLD.into();
    let get = async || {
        let (tonce, payload) = (product.tonce(), json!({"token": product.token}).to_string());
        let signature = product.sign("GET", &format!("/api/v2/employees/{OLD}"), &tonce, &payload);
        let query = [("access_key", &*product.access_key), ("tonce", &tonce), ("signature", &signature), ("payload", &payload)];
        // Encoded twice.
        product.send(Method::GET, "/api/v2/employees/1%252541%253F", &query, None).await
    };
    assert_eq!(get().await, body(returned(&row)));
    row["name"] = "改名".into();
    let updated = json!({"results": [{"line": 1, "status": "updated"}], "next": null});
    assert_eq!(product.import("employees", &[row.clone()]).await, updated);
    assert_eq!(get().await, body(returned(&row)));
}

/// The rate limit of a route counts what comes by that route. A costly endpoint is served by no other.
#[tokio::test]
async fn no_spelling_of_a_costly_route_escapes_its_rate_limit() {
    let partner = Partner::join(world()).await;
    let template = Template::read().unwrap();
    let (_, api) = template.resources("AWS::Serverless::HttpApi").next().unwrap();
    let costly: Vec<_> = api["Properties"]["RouteSettings"].as_object().unwrap().keys().cloned().collect();
    assert!(costly.len() > 12);
    for route in costly {
        let (method, path) = route.split_once(' ').unwrap();
        if method == "ANY" {
            continue;
        }
        let path = path.replace("{id}", "a0000000000000030000000000000001");
        let family = match path.split('/').nth(1).unwrap() {
            "api" if path.starts_with("/api/v1/") => partner.get("/api/v1/unknown").await,
            "api" => rejection(404, 1102, "path does not exist"),
            "console" => Response { status: 404, body: json!({"error": "NotFound", "faults": []}) },
            "wechat" | "img" => board::rejection(404, "path not found"),
            _ => of_the_gateway(404, "Not Found"),
        };
        let last = path.chars().last().unwrap();
        let (cut, segments) = (&path[..path.len() - 1], path[1..].replace('/', "%252F"));
        // Each is the path after two decodings. The gateway routes by the first one.
        for spelled in [
            format!("{cut}%25{:02X}", u32::from(last)),
            format!("{cut}%25{:02x}", u32::from(last)),
            format!("/{segments}%2520"),
        ] {
            let response = send(&partner.base_url, method, &spelled, &partner.token, "{}").await;
            // The pages of the console redirect to the sign-in, whatever the path.
            let is_page = path.starts_with("/console/") && !path.starts_with("/console/api/");
            let is_rejected = response == family || is_page && [303, 404].contains(&response.status);
            assert!(is_rejected || response == of_the_gateway(404, "Not Found"), "{method} {spelled}: {response:?}");
        }
    }

    // Encoded once, it is the same route.
    let credentials =
        json!({"appkey": partner.appkey, "secret": partner.secret, "grant_type": "client_credentials"}).to_string();
    let token = async |target: &str| {
        let response = send(&partner.base_url, "POST", target, "", &credentials).await;
        (response.status, response.body["code"].clone())
    };
    for same in ["/api/v1/auth/token", "/api/v1/auth/tok%65n", "/api/v1/%61uth/token", "/api/v1/auth%2Ftoken"] {
        assert_eq!(token(same).await, (200, json!(0)), "{same}");
    }
    for other in ["/api/v1/auth/tok%2565n", "/api/v1/%2561uth/token", "/api/v1/auth%252Ftoken", "/api/v1/auth/token%252F"] {
        assert_eq!(token(other).await, (404, json!(1001)), "{other}");
    }
}

/// The template limits a route, not a path: a HEAD comes by `ANY` and draws or decodes as well.
#[test]
fn a_costly_get_is_limited_for_every_method() {
    let template = Template::read().unwrap();
    let routes: BTreeSet<String> =
        template.routes().into_iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let (_, api) = template.resources("AWS::Serverless::HttpApi").next().unwrap();
    let limited = api["Properties"]["RouteSettings"].as_object().unwrap();
    for path in limited.keys().filter_map(|route| route.strip_prefix("GET ")) {
        let any = format!("ANY {path}");
        assert!(!routes.contains(&any) || limited.contains_key(&any), "{any}");
    }
}

/// The function invoked with an event is served by the route of that event.
#[tokio::test]
async fn an_event_of_the_catch_all_route_reaches_no_endpoint() {
    let partner = Partner::join(world()).await;
    let text = read("events/channel-users.get.json").replace("{{access_token}}", &partner.token);
    partner.push_examples(&["users"]).await;
    let whole = partner.get(&USERS.example_path()).await;
    let invoke = async |route: &str| {
        let mut event: Value = serde_json::from_str(&text).unwrap();
        event["routeKey"] = route.into();
        event["requestContext"]["routeKey"] = route.into();
        let response = world().invoke("channel-users", &event).await.body;
        let status = u16::try_from(response["statusCode"].as_u64().unwrap()).unwrap();
        Response::new(status, serde_json::from_str(response["body"].as_str().unwrap()).unwrap())
    };
    assert_eq!(invoke("GET /api/v1/users/{channel_user_id}").await, success(whole.body["data"].clone()));
    let unknown = partner.get("/api/v1/unknown").await;
    for route in ["ANY /api/v1/{proxy+}", "GET /api/v1/users", "$default", ""] {
        assert_eq!(invoke(route).await, unknown, "{route}");
    }
}

/// An event file shows what API Gateway sends: a route of the template, the decoded path, and the parameters that the path has there.
#[test]
fn event_files_are_as_the_gateway_sends_them() {
    let routes: BTreeSet<String> =
        Template::read().unwrap().routes().into_iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let mut decoded = 0;
    for file in files(&root().join("events")) {
        let event: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let Some(key) = event["routeKey"].as_str() else { continue };
        let name = file.display();
        assert!(routes.contains(key), "{name}: {key}");
        assert_eq!(event["requestContext"]["routeKey"], key, "{name}");
        assert_eq!(event["requestContext"]["http"]["path"], event["rawPath"], "{name}");
        let mut path = key.split_once(' ').unwrap().1.to_owned();
        for (parameter, value) in event["pathParameters"].as_object().into_iter().flatten() {
            for placeholder in [format!("{{{parameter}}}"), format!("{{{parameter}+}}")] {
                path = path.replace(&placeholder, value.as_str().unwrap());
            }
        }
        assert_eq!(event["rawPath"], *path, "{name}");
        decoded += usize::from(!path.is_ascii());
    }
    assert!(decoded > 0, "no file has a path that was encoded");
}
