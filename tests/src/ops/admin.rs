//! The commands of `ops-admin`, sent to Lambda's Invoke API.

use jiff::SignedDuration;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::support::partner::tokens;
use crate::support::resource::is_number;
use crate::support::{Address, Response, Stage, problem, world};

const AT_FIRST: &str = "2024-01-15T10:30:00Z";

/// The response of the Invoke API: status, headers, body.
async fn raw(address: &Address, function: &str, kind: Option<&str>, event: &str) -> (u16, HeaderMap, String) {
    let url = format!("{}/2015-03-31/functions/{function}/invocations", address.base_url);
    let mut request = local::http::client().post(url).body(event.to_owned());
    if let Some(kind) = kind {
        request = request.header("X-Amz-Invocation-Type", kind);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.headers().clone(), response.text().await.unwrap())
}

/// The command, with an operator who is responsible for it.
fn by(command: &Value) -> String {
    let mut command = command.clone();
    if let Some(members) = command.as_object_mut() {
        members.entry("by").or_insert_with(|| "zhangsan".into());
    }
    command.to_string()
}

/// The output of a command that succeeds.
pub async fn done(address: &Address, command: &Value) -> Value {
    let (status, headers, body) = raw(address, "ops-admin", None, &by(command)).await;
    assert_eq!((status, headers.get("x-amz-function-error")), (200, None), "{command}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// The error of an event that fails: its type and message.
async fn failed(address: &Address, event: &str) -> (String, String) {
    let (status, headers, body) = raw(address, "ops-admin", None, event).await;
    assert_eq!(status, 200, "a failed invocation has status 200 as well");
    assert_eq!(
        headers.get("x-amz-function-error").map(reqwest::header::HeaderValue::as_bytes),
        Some(&b"Unhandled"[..]),
        "{event}: {body}"
    );
    let body: Value = serde_json::from_str(&body).unwrap();
    let (kind, message) = (body["errorType"].as_str().unwrap(), body["errorMessage"].as_str().unwrap());
    assert_eq!(body, json!({"errorType": kind, "errorMessage": message}));
    (kind.to_owned(), message.to_owned())
}

pub async fn fails(address: &Address, command: &Value, kind: &str, message: &str) {
    let expected = (kind.to_owned(), message.to_owned());
    assert_eq!(failed(address, &by(command)).await, expected, "{command}");
}

fn view(appkey: &str, name: &str, enabled: bool, secrets: &[(&Value, &str)]) -> Value {
    let secrets: Vec<Value> = secrets.iter().map(|(id, at)| json!({"secret_id": id, "created_at": at})).collect();
    json!({"appkey": appkey, "name": name, "enabled": enabled, "created_at": AT_FIRST, "secrets": secrets})
}

/// The id and the secret that a command returned, after a check of their form: 256 bits in base64url.
fn issued(response: &Value, appkey: &str) -> (Value, String) {
    let secret = response["secret"].as_str().expect("a secret").to_owned();
    let id = response["secret_id"].clone();
    assert_eq!(*response, json!({"appkey": appkey, "secret": secret, "secret_id": id}));
    assert!(secret.len() == 43 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    assert!(id.as_str().is_some_and(is_number), "{id}");
    (id, secret)
}

async fn token(address: &Address, appkey: &str, secret: &str) -> Response {
    let body = json!({"appkey": appkey, "secret": secret, "grant_type": "client_credentials"});
    let request = local::http::client().post(format!("{}/api/v1/auth/token", address.base_url));
    crate::support::fetch(request.header("content-type", "application/json").body(body.to_string())).await
}

async fn works(address: &Address, appkey: &str, secret: &str) -> bool {
    let response = token(address, appkey, secret).await;
    if response.status == 200 {
        tokens(&response);
        return true;
    }
    assert_eq!(response, problem(401, 1002, &[]));
    false
}

#[tokio::test]
async fn every_command_about_a_channel_works() {
    let stage = Stage::open().await;
    let address = &stage.address;
    let appkey = "channel-x";
    let about = |command: &str| json!({"command": command, "appkey": appkey});

    let create = json!({"command": "create_channel", "appkey": appkey, "name": "甲渠道"});
    let (first, old) = issued(&done(address, &create).await, appkey);
    assert!(works(address, appkey, &old).await);
    fails(address, &create, "Conflict", "appkey: exists already").await;

    stage.clock.advance(SignedDuration::from_secs(60));
    let later = "2024-01-15T10:31:00Z";
    let (second, new) = issued(&done(address, &about("rotate_channel_secret")).await, appkey);
    assert!(first != second && old != new);
    assert!(works(address, appkey, &old).await && works(address, appkey, &new).await);
    fails(address, &about("rotate_channel_secret"), "Conflict", "appkey: has two active secrets: retire one first").await;

    let both = [(&first, AT_FIRST), (&second, later)];
    assert_eq!(done(address, &about("disable_channel")).await, view(appkey, "甲渠道", false, &both));
    assert_eq!(done(address, &about("disable_channel")).await, view(appkey, "甲渠道", false, &both));
    assert_eq!(token(address, appkey, &new).await, problem(403, 1004, &[]));
    assert_eq!(done(address, &about("enable_channel")).await, view(appkey, "甲渠道", true, &both));
    assert_eq!(done(address, &about("revoke_channel_tokens")).await, view(appkey, "甲渠道", true, &both));
    assert!(works(address, appkey, &old).await);

    let retire = |id: &Value| json!({"command": "retire_channel_secret", "appkey": appkey, "secret_id": id});
    assert_eq!(done(address, &retire(&first)).await, view(appkey, "甲渠道", true, &both[1..]));
    assert!(!works(address, appkey, &old).await && works(address, appkey, &new).await);
    fails(address, &retire(&first), "NotFound", "secret_id: does not exist").await;
    fails(address, &retire(&second), "Conflict", "secret_id: is the last active secret").await;
    assert!(works(address, appkey, &new).await);

    let (third, newest) = issued(&done(address, &about("rotate_channel_secret")).await, appkey);
    assert!(works(address, appkey, &newest).await && works(address, appkey, &new).await);
    let listed = done(address, &json!({"command": "list_channels"})).await;
    let shown = view(appkey, "甲渠道", true, &[(&second, later), (&third, later)]);
    assert_eq!(listed["channels"].as_array().unwrap().last(), Some(&shown));
    for secret in [old, new, newest] {
        assert!(!listed.to_string().contains(&secret), "a secret is returned only once");
    }
}

#[tokio::test]
async fn channels_are_listed_page_by_page_oldest_first() {
    let stage = Stage::open().await;
    let address = &stage.address;
    let mut expected: Vec<(String, String)> = Vec::new();
    for number in 0..7 {
        let (appkey, name) = (format!("z{}", 9 - number), format!("渠道{number}"));
        issued(&done(address, &json!({"command": "create_channel", "appkey": appkey, "name": name})).await, &appkey);
        expected.push((appkey, name));
    }
    let whole = done(address, &json!({"command": "list_channels"})).await;
    let channels = whole["channels"].as_array().unwrap().clone();
    assert_eq!(whole, json!({"channels": channels, "next_cursor": null}));
    assert_eq!(channels.len(), 7);
    for (channel, (appkey, name)) in channels.iter().zip(&expected) {
        let secret = &channel["secrets"][0]["secret_id"];
        assert_eq!(*channel, view(appkey, name, true, &[(secret, AT_FIRST)]));
    }

    for limit in [1, 2, 3, 6] {
        let (mut walked, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let mut command = json!({"command": "list_channels", "limit": limit});
            if !cursor.is_null() {
                command["cursor"] = cursor;
            }
            let page = done(address, &command).await;
            assert!(page["channels"].as_array().unwrap().len() <= limit);
            walked.extend(page["channels"].as_array().unwrap().clone());
            cursor = page["next_cursor"].clone();
            assert_eq!(page, json!({"channels": page["channels"], "next_cursor": cursor}));
            if cursor.is_null() {
                break;
            }
            assert!(walked.len() <= 7, "the walk does not end");
        }
        assert_eq!(walked, channels, "{limit}");
    }
    let forged = json!({"command": "list_channels", "cursor": "garbage"});
    fails(address, &forged, "Invalid", "cursor: is not a cursor of this list").await;
}

#[tokio::test]
async fn an_invalid_command_is_rejected_with_every_fault_named() {
    const LIMIT: &str = "limit: must be an integer from 1 to 100";
    const APPKEY: &str = "appkey: must be 1 to 64 of A-Z a-z 0-9 . _ -";
    let commands = [
        (json!({}), "command: is required"),
        (json!({"command": 7}), "command: must be a string"),
        (json!([]), "$: must be an object"),
        (json!({"command": "create_channel"}), "appkey: is required"),
        (json!({"command": "create_channel", "appkey": ""}), APPKEY),
        (json!({"command": "create_channel", "appkey": "a b"}), APPKEY),
        (json!({"command": "create_channel", "appkey": "a".repeat(65)}), APPKEY),
        (json!({"command": "create_channel", "appkey": 7}), "appkey: must be a string"),
        (json!({"command": "create_channel", "appkey": "x", "name": "字".repeat(65)}), "name: is too long"),
        (json!({"command": "rotate_channel_secret"}), "appkey: is required"),
        (json!({"command": "retire_channel_secret"}), "appkey: is required; secret_id: is required"),
        (json!({"command": "disable_channel"}), "appkey: is required"),
        (json!({"command": "enable_channel"}), "appkey: is required"),
        (json!({"command": "revoke_channel_tokens"}), "appkey: is required"),
        (json!({"command": "list_channels", "limit": 0}), LIMIT),
        (json!({"command": "list_channels", "limit": 101}), LIMIT),
        (json!({"command": "list_channels", "limit": "5"}), LIMIT),
        (json!({"command": "list_channels", "limit": 1.5}), LIMIT),
    ];
    for (command, message) in commands {
        fails(world(), &command, "Invalid", message).await;
    }
}

#[tokio::test]
async fn an_unknown_command_is_rejected_with_the_nearest_one() {
    for (command, nearest) in [("list_channel", "list_channels"), ("set_pric", "set_price"), ("helpme", "help")] {
        let message = format!("command: is not known; the nearest is {nearest}");
        fails(world(), &json!({"command": command}), "Invalid", &message).await;
    }
}

#[tokio::test]
async fn a_command_with_an_unknown_field_is_rejected() {
    // If a misspelt field were ignored, the command would do something else than intended.
    for command in [
        json!({"command": "create_channel", "appkey": "misspelt", "nmae": "x"}),
        json!({"command": "rotate_channel_secret", "appkey": "misspelt", "nmae": "x"}),
        json!({"command": "retire_channel_secret", "appkey": "misspelt", "secret_id": "1", "nmae": "x"}),
        json!({"command": "disable_channel", "appkey": "misspelt", "nmae": "x"}),
        json!({"command": "enable_channel", "appkey": "misspelt", "nmae": "x"}),
        json!({"command": "revoke_channel_tokens", "appkey": "misspelt", "nmae": "x"}),
        json!({"command": "list_channels", "nmae": "x"}),
    ] {
        fails(world(), &command, "Invalid", "nmae: is not known").await;
    }
}

#[tokio::test]
async fn an_event_that_is_no_json_object_without_duplicates_is_rejected() {
    for event in ["{", "nonsense", "{} {}"] {
        let (kind, message) = failed(world(), event).await;
        assert_eq!(kind, "Invalid");
        assert!(message.starts_with("$: is not valid JSON: "), "{message}");
    }
    let twice = r#"{"command":"disable_channel","appkey":"a","appkey":"b"}"#;
    assert_eq!(failed(world(), twice).await, ("Invalid".into(), "appkey: is given more than once".into()));
    assert_eq!(failed(world(), "").await, ("Invalid".into(), "command: is required".into()));
}

#[tokio::test]
async fn an_unknown_channel_is_not_found() {
    for mut command in [
        json!({"command": "rotate_channel_secret"}),
        json!({"command": "retire_channel_secret", "secret_id": "1"}),
        json!({"command": "disable_channel"}),
        json!({"command": "enable_channel"}),
        json!({"command": "revoke_channel_tokens"}),
    ] {
        command["appkey"] = "unknown".into();
        fails(world(), &command, "NotFound", "appkey: does not exist").await;
    }
    assert_eq!(token(world(), "unknown", "x").await, problem(401, 1002, &[]));
}

#[tokio::test]
async fn a_server_error_reveals_nothing_internal() {
    let stage = Stage::open().await;
    stage.inject(&[crate::support::Fault::Throttled; 30]);
    fails(&stage.address, &json!({"command": "create_channel", "appkey": "x"}), "Internal", "see the log").await;
    stage.clear_faults();
    issued(&done(&stage.address, &json!({"command": "create_channel", "appkey": "x"})).await, "x");
}

#[tokio::test]
async fn a_function_is_found_by_its_name_or_arn() {
    let stage = Stage::open().await;
    issued(&done(&stage.address, &json!({"command": "create_channel", "appkey": "called"})).await, "called");
    let event = json!({"command": "list_channels", "limit": 1}).to_string();
    for name in [
        "ops-admin",
        "ops-admin:1",
        "000000000000:function:ops-admin",
        "arn:aws:lambda:us-east-1:000000000000:function:ops-admin",
        "arn:aws:lambda:us-east-1:000000000000:function:ops-admin:live",
    ] {
        for kind in [None, Some("RequestResponse")] {
            let (status, headers, body) = raw(&stage.address, name, kind, &event).await;
            assert_eq!((status, headers.get("x-amz-function-error")), (200, None), "{name}: {body}");
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["channels"][0]["appkey"], "called", "{name}");
        }
    }
    for name in ["unknown", "arn:aws:lambda:us-east-1:000000000000:function:unknown", "ops-admin2"] {
        for kind in [None, Some("Event"), Some("DryRun")] {
            let (status, headers, body) = raw(&stage.address, name, kind, &event).await;
            assert_eq!((status, &headers["x-amzn-errortype"]), (404, &"ResourceNotFoundException".parse().unwrap()), "{name}");
            let named = name.rsplit(':').next().unwrap();
            let expected = json!({"Type": "User", "Message": format!("Function not found: {named}")});
            assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
        }
    }
}

#[tokio::test]
async fn an_event_is_run_unless_it_is_dry() {
    let stage = Stage::open().await;
    let create = |appkey: &str| by(&json!({"command": "create_channel", "appkey": appkey}));
    let (status, _, body) = raw(&stage.address, "ops-admin", Some("DryRun"), &create("dry")).await;
    assert_eq!((status, body.as_str()), (204, ""));
    let (status, _, body) = raw(&stage.address, "ops-admin", Some("Event"), &create("event")).await;
    assert_eq!((status, body.as_str()), (202, ""));

    // The event runs after the response: list the channels until the new one is there.
    let mut listed: Vec<Value> = Vec::new();
    for _ in 0..10_000 {
        let channels = done(&stage.address, &json!({"command": "list_channels"})).await["channels"].clone();
        listed = channels.as_array().unwrap().iter().map(|channel| channel["appkey"].clone()).collect();
        if !listed.is_empty() {
            break;
        }
    }
    assert_eq!(listed, ["event"]);
}

#[tokio::test]
async fn the_functions_behind_the_gateway_can_be_invoked_too() {
    let event = json!({
        "version": "2.0", "routeKey": "GET /api/v1/tasks", "rawPath": "/api/v1/tasks", "rawQueryString": "",
        "headers": {"host": "localhost"}, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "0", "apiId": "local", "domainName": "localhost", "domainPrefix": "local", "requestId": "1",
            "routeKey": "GET /api/v1/tasks", "stage": "$default", "time": "15/Jan/2024:10:30:00 +0000", "timeEpoch": 0,
            "http": {"method": "GET", "path": "/api/v1/tasks", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""},
        },
    });
    let (status, headers, body) = raw(world(), "channel-tasks", None, &event.to_string()).await;
    assert_eq!((status, headers.get("x-amz-function-error")), (200, None), "{body}");
    let response: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(response["statusCode"], 401);
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    assert_eq!(Response { status: 401, body }, problem(401, 1002, &[]));

    let (status, headers, _) = raw(world(), "channel-tasks", None, "{}").await;
    assert_eq!((status, &headers["x-amz-function-error"]), (200, &"Unhandled".parse().unwrap()));
    let get =
        local::http::client().request(Method::GET, format!("{}/2015-03-31/functions/ops-admin/invocations", world().base_url));
    assert_eq!(get.send().await.unwrap().status().as_u16(), 405);
}
