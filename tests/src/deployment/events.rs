//! Events that carry what no client would send, or that no gateway would produce: the family responds to each.

use serde_json::{Value, json};
use shared::runtime::environment::Environment;

use crate::support::repository::read;
use crate::support::{Partner, Response, Stage, problem, world};

fn event(name: &str, partner: &Partner) -> Value {
    let text = read(&format!("events/{name}.json"));
    serde_json::from_str(&text.replace("{{access_token}}", &partner.token)).unwrap()
}

/// The response in the function's output.
async fn invoke(function: &str, event: &Value) -> Response {
    let response = world().invoke(function, event).await;
    let status = response.body["statusCode"].as_u64().unwrap_or_else(|| panic!("{response:?}"));
    let body = serde_json::from_str(response.body["body"].as_str().unwrap()).unwrap();
    Response::new(u16::try_from(status).unwrap(), body)
}

#[tokio::test]
async fn a_query_that_is_not_url_encoded_is_read_as_intended() {
    let partner = Partner::join(world()).await;
    let mut event = event("channel-tasks.list", &partner);
    for query in
        ["status=<open>", "status=%3Copen%3E", "status=\"open\"", "status=open or closed", "status=开放", "status=open#1"]
    {
        event["rawQueryString"] = query.into();
        let rejected = problem(400, 1001, &[("status", "must be one of: open closed suspended")]);
        assert_eq!(invoke("channel-tasks", &event).await, rejected, "{query}");
    }
}

#[tokio::test]
async fn a_body_wrongly_marked_as_base64_is_read_as_it_is() {
    let partner = Partner::join(world()).await;
    let mut event = event("channel-users.create", &partner);
    for body in ["not base64!", "{}", "eyJ", "=", "张三"] {
        (event["body"], event["isBase64Encoded"]) = (body.into(), true.into());
        assert_eq!(invoke("channel-users", &event).await, partner.post_text("/api/v1/users", body).await, "{body}");
    }
}

#[tokio::test]
async fn an_invalid_host_or_path_does_no_harm() {
    let partner = Partner::join(world()).await;
    let plain = event("channel-tasks.list", &partner);
    let expected = invoke("channel-tasks", &plain).await;
    assert_eq!((expected.status, &expected.body["data"]["list"]), (200, &json!([])));
    let hosts = ["a b", "", "a:b", "a:99999", "[::1", "1.2.3.4.5", "user@host", "a/b", "长"];
    for host in hosts {
        let mut event = plain.clone();
        event["headers"]["host"] = host.into();
        event["requestContext"]["domainName"] = host.into();
        assert_eq!(invoke("channel-tasks", &event).await, expected, "host {host}");
    }
    for (place, value) in [("/headers/x-forwarded-proto", "java script"), ("/rawPath", "api/v1/tasks")] {
        let mut event = plain.clone();
        *event.pointer_mut(place).unwrap() = value.into();
        assert_eq!(invoke("channel-tasks", &event).await, expected, "{place}");
    }
}

/// The event that an operator builds of records whose copies are missing (docs/operations.md, Copies of audit records).
#[tokio::test]
async fn copies_of_audit_records_are_stored_again_by_hand() {
    let stage = Stage::open().await;
    stage.address.command(&json!({"command": "create_channel", "appkey": "copied"})).await;
    let [item] = &stage.items("audit").await[..] else { panic!("one record") };
    let environment = Environment::new(stage.address.variables.clone(), stage.clock.clone());
    let copies = environment.objects(environment.required("AUDIT_BUCKET").unwrap());
    assert_eq!(copies.list("").await.unwrap(), [""; 0]);
    let event = json!({"Records": [{"dynamodb": {"NewImage": item}}]});
    let key = format!("2024-01-15/{}.json", item["pk"]["S"].as_str().unwrap());
    let store = async || {
        assert_eq!(stage.address.invoke("ops-audit", &event).await.body, json!({"copied": 1}));
        copies.read(&key, 0, 1 << 16).await.unwrap().expect("the copy").0
    };
    assert_eq!(store().await, store().await);
    assert_eq!(copies.list("").await.unwrap(), [key.as_str()]);
}
