//! The page of each operation: it agrees with the document, and each of its forms is complete.

use std::collections::BTreeSet;

use ops::docs::apis::{APIS, Api};
use reqwest::header;
use serde_json::Value;

use super::{STRICT, elements, get, text};
use crate::support::repository::read;
use crate::support::world;

/// An operation that has a page, as the document describes it.
struct Documented {
    api: &'static str,
    method: String,
    path: String,
    operation: Value,
}

impl Documented {
    fn id(&self) -> &str {
        self.operation["operationId"].as_str().unwrap()
    }

    fn page(&self) -> String {
        format!("/docs/{}/{}", self.api, self.id())
    }

    /// The example of the body, or of the payload in the query.
    fn example(&self) -> Option<(&str, &Value)> {
        let body = self.operation["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
        let payload =
            self.operation["parameters"].as_array().into_iter().flatten().find(|parameter| parameter["name"] == "payload");
        let body = body.map(|(media_type, content)| (&**media_type, &content["example"]));
        body.or_else(|| Some(("application/json", &payload?["content"]["application/json"]["example"])))
    }
}

fn document(api: &str) -> Value {
    serde_json::from_str(&read(&format!("openapi/{api}.json"))).unwrap()
}

fn all() -> Vec<Documented> {
    let mut all = Vec::new();
    for Api { name: api, .. } in &APIS {
        for (path, item) in document(api)["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                if operation["x-alias-of"].is_null() {
                    let (method, path) = (method.to_uppercase(), path.clone());
                    all.push(Documented { api, method, path, operation: operation.clone() });
                }
            }
        }
    }
    all
}

/// The text of HTML without its entities.
fn unescaped(html: &str) -> String {
    let entities = [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    entities.iter().fold(html.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

async fn content(path: &str, content_type: &str) -> String {
    let answer = get(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(text(answer.headers(), &header::CONTENT_TYPE), content_type, "{path}");
    let content = answer.text().await.unwrap();
    assert!(!content.contains("{{"), "{path} has a placeholder");
    content
}

async fn html(path: &str) -> String {
    content(path, "text/html; charset=utf-8").await
}

async fn markdown(path: &str) -> String {
    content(path, "text/markdown; charset=utf-8").await
}

#[tokio::test]
async fn every_operation_has_a_page_with_its_path_statuses_and_example() {
    for documented in all() {
        let page = documented.page();
        let answer = get(&page).await;
        assert_eq!(text(answer.headers(), &header::CONTENT_SECURITY_POLICY), STRICT, "{page}");
        let html = html(&page).await;
        assert!(html.len() < 100_000, "{page}: {}", html.len());
        let text = unescaped(&html);
        let Documented { method, path, operation, .. } = &documented;
        assert_eq!(elements(&html, "<h1>", "</h1>"), [operation["summary"].as_str().unwrap()], "{page}");
        assert!(text.contains(&format!("<code data-copy><b>{method}</b> {path}</code>")), "{page}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            if status.starts_with(['2', '3']) {
                assert!(text.contains(&format!("<h3 id=\"answer-{status}\">")), "{page} {status}");
                let example = &response["content"]["application/json"]["example"];
                assert!(example.is_null() || text.contains(&format!("{example:#}")), "{page} {status}");
            } else {
                assert!(text.contains(&format!(">{status}</a></td>")), "{page} {status}");
            }
        }
        let deep = format!("/docs/ui/{}#/", documented.api);
        assert!(text.contains(&deep) && text.contains(&format!("/{}\">在线调试", documented.id())), "{page}");
    }
}

#[tokio::test]
async fn every_field_and_failure_of_a_page_has_one_anchor() {
    for documented in all() {
        let html = html(&documented.page()).await;
        let ids = elements(&html, " id=\"", "\"");
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{}: {ids:?}", documented.page());
        for target in elements(&html, "href=\"#", "\"") {
            assert!(ids.contains(&target), "{} links to #{target}", documented.page());
        }
        for parameter in documented.operation["parameters"].as_array().into_iter().flatten() {
            let id = format!("parameter-{}", parameter["name"].as_str().unwrap());
            assert!(ids.contains(&&*id), "{} has no #{id}", documented.page());
        }
    }
}

#[tokio::test]
async fn every_member_of_an_example_is_in_the_table_of_fields() {
    for documented in all() {
        let html = html(&documented.page()).await;
        let Some((_, Value::Object(example))) = documented.example() else { continue };
        if documented.path == "/wechat/pay/notify" {
            continue;
        }
        for name in example.keys() {
            let is_shown =
                ["request-", "parameter-"].iter().any(|prefix| html.contains(&format!("<tr id=\"{prefix}{name}\">")));
            assert!(is_shown, "{} does not describe {name}", documented.page());
        }
    }
}

#[tokio::test]
async fn every_operation_but_the_notification_has_examples_of_its_request() {
    for documented in all() {
        let page = documented.page();
        let html = html(&page).await;
        let examples: Vec<String> =
            elements(&html, "<pre class=\"code shell\" tabindex=\"0\">", "</pre>").into_iter().map(unescaped).collect();
        if documented.path == "/wechat/pay/notify" {
            assert_eq!(examples.len(), 0);
            continue;
        }
        let [curl, python, typescript, java] = &examples[..] else { panic!("{page}: {} examples", examples.len()) };
        let Documented { method, path, .. } = &documented;
        let fixed = path.split('{').next().unwrap();
        assert_eq!(curl.contains(" -X "), method != "GET", "{page}");
        assert!(method == "GET" || curl.contains(&format!(" -X {method} ")), "{page}");
        for example in &examples {
            assert!(example.contains(method) || method == "GET", "{page}: {example}");
            assert!(example.contains(fixed) && example.contains(&world().base_url), "{page}: {example}");
            assert!(
                !example.contains(&format!("{path}{{")) && !example.contains("/{"),
                "{page} has an open parameter: {example}"
            );
        }
        let is_signed = curl.contains("openssl");
        for (example, signs) in [(python, "hmac.new"), (typescript, "createHmac"), (java, "Mac.getInstance")] {
            assert_eq!(example.contains(signs), is_signed, "{page}");
        }
        let Some((media_type, body)) = documented.example() else { continue };
        match media_type {
            "application/json" => {
                // A GET without a signature has the payload on one line, behind its name.
                let words: Vec<&str> = elements(curl, "'", "'");
                let parsed =
                    words.iter().filter_map(|word| serde_json::from_str::<Value>(word.trim_start_matches("payload=")).ok());
                assert!(parsed.into_iter().any(|value| value == *body), "{page}: {curl}");
            }
            "application/x-www-form-urlencoded" => {
                for (name, value) in body.as_object().unwrap() {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    let field = if value.starts_with('[') { format!("'{name}[0]") } else { format!("'{name}={value}'") };
                    assert!(curl.contains(&field), "{page}: {field}");
                }
            }
            _ => assert!(curl.contains("-F 'file=@"), "{page}"),
        }
    }
}

#[tokio::test]
async fn every_operation_has_a_twin_in_markdown() {
    for documented in all() {
        let twin = markdown(&format!("{}.md", documented.page())).await;
        let Documented { method, path, operation, .. } = &documented;
        assert!(twin.starts_with(&format!("# {}\n", operation["summary"].as_str().unwrap())), "{path}");
        assert!(twin.contains(&format!("`{method} {path}`")), "{path}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(twin.contains(&format!("HTTP {status}：")) || twin.contains(&format!("| {status} | ")), "{path} {status}");
            let example = &response["content"]["application/json"]["example"];
            assert!(example.is_null() || twin.contains(&format!("```json\n{example:#}\n```")), "{path} {status}");
        }
    }
}

#[tokio::test]
async fn other_paths_of_an_operation_are_on_its_page() {
    let html = html("/docs/jobboard/cancel_collection").await;
    for path in ["/job/cancel_collect", "/jobs/cancel_collect", "/jobs/cancnel_collect"] {
        assert!(html.contains(&format!("<code>{path}</code>")), "{path}");
    }
    assert_eq!(get("/docs/jobboard/jobs_cancel_collect").await.status(), 404);
}

#[tokio::test]
async fn the_overview_and_the_page_of_an_api_list_every_operation_once() {
    let overview = html("/docs").await;
    for documented in all() {
        let own = html(&format!("/docs/{}", documented.api)).await;
        let twin = markdown(&format!("/docs/{}.md", documented.api)).await;
        let link = format!("href=\"{}\"", documented.page());
        assert_eq!((overview.matches(&link).count(), own.matches(&link).count()), (1, 1), "{link}");
        assert!(twin.contains(&format!("({}{}.md)", world().base_url, documented.page())), "{link}");
    }
}

#[tokio::test]
async fn the_operations_are_in_the_order_of_the_tags() {
    for Api { name, .. } in &APIS {
        let html = html(&format!("/docs/{name}")).await;
        let shown: Vec<&str> = elements(&html, "<section class=\"group\">\n  <h3>", " <span");
        let tags = document(name)["tags"].clone();
        let expected: Vec<&str> = tags.as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
        assert_eq!(shown, expected, "{name}");
    }
}

#[tokio::test]
async fn llms_txt_lists_every_page_in_markdown_once() {
    let list = content("/docs/llms.txt", "text/plain; charset=utf-8").await;
    assert!(list.starts_with("# 工桥 Gongqiao\n\n> "));
    let base_url = &world().base_url;
    let links: Vec<&str> = elements(&list, "](", ")");
    let twins: BTreeSet<String> = links.iter().filter_map(|link| link.strip_prefix(&**base_url)).map(str::to_owned).collect();
    assert_eq!(twins.len(), links.len(), "a link is twice in the list, or leads elsewhere");
    let operations = all();
    let of_operations = operations.iter().map(|documented| format!("{}.md", documented.page()));
    let of_apis = APIS.iter().map(|api| format!("/docs/{}.md", api.name));
    let of_texts = ["changelog", "environments", "events", "policy"].map(|name| format!("/docs/{name}.md"));
    let documents = APIS.iter().map(|api| format!("/docs/openapi/{}.json", api.name));
    assert_eq!(twins, of_operations.chain(of_apis).chain(of_texts).chain(documents).collect());
    for twin in &twins {
        assert_eq!(get(twin).await.status(), 200, "{twin}");
    }
}

#[tokio::test]
async fn the_pages_of_text_have_the_same_content_in_markdown() {
    for (name, title, sentence) in [
        ("environments", "沙箱与正式环境", "四套接口在沙箱和正式环境是同一套代码"),
        ("policy", "联系、兼容与弃用", "从写入接口变更之日起至少保留 12 个月"),
        ("changelog", "接口变更", "这里只列出接入方看得到的变化"),
    ] {
        let page = html(&format!("/docs/{name}")).await;
        let twin = markdown(&format!("/docs/{name}.md")).await;
        assert_eq!(elements(&page, "<h1>", "</h1>"), [title]);
        assert!(twin.starts_with(&format!("# {title}\n")), "{name}");
        assert!(page.contains(sentence) && twin.contains(sentence), "{name}");
    }
}

#[tokio::test]
async fn every_link_within_the_pages_leads_somewhere() {
    let pages =
        ["/docs", "/docs/environments", "/docs/policy", "/docs/changelog", "/docs/channel", "/docs/hris/list_employees"];
    for page in pages {
        let html = html(page).await;
        for link in elements(&html, "href=\"/docs", "\"").into_iter().collect::<BTreeSet<_>>() {
            let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
            let answer = get(&format!("/docs{path}")).await;
            assert_eq!(answer.status(), 200, "{page} links to /docs{link}");
            let is_page = !fragment.is_empty() && !path.starts_with("/ui/");
            assert!(
                !is_page || answer.text().await.unwrap().contains(&format!("id=\"{fragment}\"")),
                "{page} links to /docs{link}"
            );
        }
    }
}

#[tokio::test]
async fn an_unknown_operation_is_answered_with_a_404_page() {
    for path in [
        "/docs/channel/nothing",
        "/docs/channel/nothing.md",
        "/docs/nothing/create_user",
        "/docs/hris/create_user",
        "/docs/nothing.md",
    ] {
        let answer = get(path).await;
        assert_eq!(answer.status(), 404, "{path}");
        let html = answer.text().await.unwrap();
        assert_eq!(elements(&html, "<h1>", "</h1>"), ["没有这个页面"], "{path}");
    }
}

#[tokio::test]
async fn the_errors_of_the_hr_api_are_found_by_their_code() {
    let html = html("/docs/hris/list_employees").await;
    assert!(html.contains("<tr id=\"error-1101\">"));
    let html = self::html("/docs/channel").await;
    assert!(html.contains("<tr id=\"error-1001\">") && html.contains("<tr id=\"error-404-1001\">"));
}
