//! The domain of the APIs, instead of the address of API Gateway.

use local::template::Template;
use reqwest::Method;
use reqwest::header::HOST;
use serde_json::json;

use super::template::properties;
use crate::support::board::Board;
use crate::support::{Partner, Response, Stage, fetch, world};

#[test]
fn a_domain_replaces_the_address_of_the_gateway() {
    let template = Template::read().unwrap();
    for parameter in ["DomainName", "CertificateArn", "HostedZoneId"] {
        assert_eq!(template.section("Parameters")[parameter]["Default"], "", "{parameter}");
    }
    let (_, api) = properties(template, "AWS::Serverless::HttpApi")[0];
    assert_eq!(api["DisableExecuteApiEndpoint"], json!({"If": ["HasDomain", true, false]}));
    let own = "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}";
    assert_eq!(
        template.section("Outputs")["ApiUrl"]["Value"],
        json!({"If": ["HasDomain", {"Sub": "https://${DomainName}"}, {"Sub": own}]})
    );
    // The default stage, at the root of the domain: the paths stay as documented.
    let (_, mapping) = properties(template, "AWS::ApiGatewayV2::ApiMapping")[0];
    assert_eq!(*mapping, json!({"ApiId": {"Ref": "Api"}, "DomainName": {"Ref": "Domain"}, "Stage": {"Ref": "Api.Stage"}}));
    for (id, condition) in [("Domain", "HasDomain"), ("DomainMapping", "HasDomain"), ("DomainRecord", "HasDomainRecord")] {
        assert_eq!(template.section("Resources")[id]["Condition"], condition, "{id}");
    }
}

/// Nothing needs to know the domain: a link has the name that the client called.
#[tokio::test]
async fn links_have_the_name_that_the_client_called() {
    let partner = Partner::join(world()).await;
    let url = format!("{}/api/v1/uploads", partner.base_url);
    let upload = local::http::client().post(url).bearer_auth(&partner.token).header(HOST, "api.example.com");
    let body = json!({"purpose": "resume", "content_type": "application/pdf", "size": 9});
    let Response { status, body } = fetch(upload.json(&body)).await;
    assert_eq!(status, 200, "{body}");
    assert!(body["data"]["url"].as_str().unwrap().starts_with("http://api.example.com/api/v1/uploads/"), "{body}");

    let stage = Stage::open_now().await;
    let user = Board::of(&stage.address).join().await;
    let presign = user.request("/img/upload/presign").header(HOST, "api.example.com");
    let Response { status, body } = fetch(presign.json(&json!({"content_type": "image/png", "size": 9}))).await;
    assert_eq!(status, 200, "{body}");
    assert!(body["data"]["url"].as_str().unwrap().starts_with("http://api.example.com/img/"), "{body}");

    let llms = user.board.request(Method::GET, "/docs/llms.txt").header(HOST, "api.example.com").send().await.unwrap();
    assert!(llms.text().await.unwrap().contains("http://api.example.com"));
}
