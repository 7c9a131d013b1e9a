//! Events as a gateway hands them over when a caller sends what no client would, or as no gateway makes them: the family answers each.

use serde_json::{Value, json};

use crate::support::repository::read;
use crate::support::{Answer, Partner, problem, world};

fn event(name: &str, partner: &Partner) -> Value {
    let text = read(&format!("events/{name}.json"));
    serde_json::from_str(&text.replace("{{access_token}}", &partner.token)).unwrap()
}

/// What the function answers the event.
async fn told(function: &str, event: &Value) -> Answer {
    let answer = world().invoke(function, event).await;
    let status = answer.body["statusCode"].as_u64().unwrap_or_else(|| panic!("{answer:?}"));
    let body = serde_json::from_str(answer.body["body"].as_str().unwrap()).unwrap();
    Answer { status: u16::try_from(status).unwrap(), body }
}

#[tokio::test]
async fn a_query_that_no_address_can_have_is_read_as_it_was_meant() {
    let partner = Partner::join(world()).await;
    let mut event = event("channel-tasks.list", &partner);
    for query in
        ["status=<open>", "status=%3Copen%3E", "status=\"open\"", "status=open or closed", "status=开放", "status=open#1"]
    {
        event["rawQueryString"] = query.into();
        let refused = problem(400, 1001, &[("status", "must be one of: open closed suspended")]);
        assert_eq!(told("channel-tasks", &event).await, refused, "{query}");
    }
}

#[tokio::test]
async fn a_body_that_only_claims_to_be_base64_is_read_as_it_is() {
    let partner = Partner::join(world()).await;
    let mut event = event("channel-users.create", &partner);
    for body in ["not base64!", "{}", "eyJ", "=", "张三"] {
        (event["body"], event["isBase64Encoded"]) = (body.into(), true.into());
        assert_eq!(told("channel-users", &event).await, partner.post_text("/api/v1/users", body).await, "{body}");
    }
}

#[tokio::test]
async fn a_host_or_path_without_an_address_does_no_harm() {
    let partner = Partner::join(world()).await;
    let plain = event("channel-tasks.list", &partner);
    let expected = told("channel-tasks", &plain).await;
    assert_eq!((expected.status, &expected.body["data"]["list"]), (200, &json!([])));
    let hosts = ["a b", "", "a:b", "a:99999", "[::1", "1.2.3.4.5", "user@host", "a/b", "长"];
    for host in hosts {
        let mut event = plain.clone();
        event["headers"]["host"] = host.into();
        event["requestContext"]["domainName"] = host.into();
        assert_eq!(told("channel-tasks", &event).await, expected, "host {host}");
    }
    for (place, value) in [("/headers/x-forwarded-proto", "java script"), ("/rawPath", "api/v1/tasks")] {
        let mut event = plain.clone();
        *event.pointer_mut(place).unwrap() = value.into();
        assert_eq!(told("channel-tasks", &event).await, expected, "{place}");
    }
}
