//! Headers that every response has, and headers that none has.

use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Client, Method};

use crate::support::board::Board;
use crate::support::{Partner, world};

/// One response of each kind: from each family, successes and failures, with and without an envelope.
async fn responses() -> Vec<(String, HeaderMap)> {
    let (partner, user) = (Partner::join(world()).await, Board::of(world()).join().await);
    let cases = [
        (Method::GET, "/api/v1/tasks", partner.token.as_str()),
        (Method::GET, "/api/v1/tasks", ""),
        (Method::POST, "/api/v1/auth/token", ""),
        (Method::DELETE, "/api/v1/tasks", ""),
        (Method::GET, "/api/v1/nothing", ""),
        (Method::GET, "/api/v2/employees", ""),
        (Method::GET, "/api/v2/oauth/authorize", ""),
        (Method::GET, "/docs/webhooks", ""),
        (Method::POST, "/api/v2/oauth/token", ""),
        (Method::POST, "/api/v2/oauth/revoke", ""),
        (Method::GET, "/captcha", ""),
        (Method::GET, "/em_status", ""),
        (Method::POST, "/verifycode", ""),
        (Method::GET, "/user/info", &user.token),
        (Method::POST, "/jobs/list", ""),
        (Method::GET, "/img/0.png", ""),
    ];
    let mut responses = Vec::new();
    for (method, path, token) in cases {
        let request = Client::new().request(method.clone(), format!("{}{path}", world().base_url));
        let request = request.bearer_auth(token).header("origin", "https://evil.example.com");
        responses.push((format!("{method} {path}"), request.send().await.unwrap().headers().clone()));
    }
    responses
}

#[tokio::test]
async fn no_response_is_cached_or_sniffed() {
    for (request, headers) in responses().await {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(text("x-content-type-options"), Some("nosniff"), "{request}");
        assert_eq!(text("cache-control"), Some("no-store"), "{request}");
        assert_eq!(headers.get_all("cache-control").iter().count(), 1, "{request}");
    }
}

#[tokio::test]
async fn no_response_names_the_server_or_allows_other_origins() {
    let telling = ["server", "x-powered-by", "via", "x-runtime"];
    let sharing = ["access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods"];
    for (request, headers) in responses().await {
        let found: Vec<&HeaderName> =
            headers.keys().filter(|name| telling.iter().chain(&sharing).any(|other| *name == other)).collect();
        assert!(found.is_empty(), "{request}: {found:?}");
    }
}

#[tokio::test]
async fn a_cross_origin_browser_request_is_not_allowed() {
    for path in ["/api/v1/tasks", "/user/info", "/api/v2/employees", "/em_status"] {
        let request = Client::new().request(Method::OPTIONS, format!("{}{path}", world().base_url));
        let request = request.header("origin", "https://evil.example.com").header("access-control-request-method", "GET");
        let response = request.send().await.unwrap();
        assert!(response.status().is_client_error(), "{path}: {}", response.status());
        assert_eq!(response.headers().get("access-control-allow-origin"), None, "{path}");
    }
}
