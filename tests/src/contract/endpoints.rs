//! Document, handlers, template, OpenAPI, `openapi/routes.txt` and event files agree: each is generated or compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lambda::family::Family;
use local::template::Template;
use serde_json::Value;

use crate::support::board::SPELLINGS;
use crate::support::documents;
use crate::support::repository::{compare, files, root};

/// An API: the endpoints of its document, the additions, and what is served.
struct Api {
    name: &'static str,
    /// `METHOD /path`, as the template writes paths.
    documented: BTreeSet<String>,
    /// Endpoints beyond the document. Grows only with a design page.
    additions: Vec<&'static str>,
    /// Routes of the template that are no endpoints: they catch requests to unknown paths.
    catch_all: &'static [&'static str],
    routes: Vec<(&'static str, String, &'static str)>,
    functions: Vec<&'static str>,
    openapi: Value,
}

fn families() -> [Api; 4] {
    let channel = documents::channel::endpoints();
    assert_eq!(channel.len(), 20);
    let hris = documents::hris::endpoints();
    assert_eq!(hris.len(), 21 + 2, "21 endpoints and the two that were withdrawn");
    let signing = documents::signing::endpoints();
    assert_eq!(signing.len(), 12);
    let jobboard = documents::jobboard::endpoints();
    assert_eq!(jobboard.len(), 23);
    [
        Api::of::<channel::Channel>(
            channel.iter().map(|endpoint| as_template(endpoint)).collect(),
            vec!["POST /api/v1/uploads", "GET /api/v1/uploads/{name}"],
            &["ANY /api/v1", "ANY /api/v1/{proxy+}"],
        ),
        Api::of::<hris::Hris>(
            hris.into_iter().filter(|endpoint| !documents::hris::WITHDRAWN.contains(&endpoint.as_str())).collect(),
            vec![
                "GET /api/v2/oauth/authorize",
                "POST /api/v2/oauth/authorize",
                "POST /api/v2/oauth/token",
                "POST /api/v2/oauth/revoke",
                "GET /api/v2/recruitments/candidates",
                "GET /api/v2/recruitments/candidate/{id}",
                "GET /api/v2/recruitments/sources",
                "GET /api/v2/recruitments/source/{id}",
                "GET /api/v2/recruitments/vacancies",
                "GET /api/v2/recruitments/vacancy/{id}",
                "POST /api/v2/moka_candidates",
                "GET /api/v2/moka_binds/{bind_code}",
                "PATCH /api/v2/moka_binds/{bind_code}",
                "POST /api/v2/moka_unbinds",
                "GET /api/v2/webhooks",
                "PUT /api/v2/webhooks",
                "DELETE /api/v2/webhooks",
                "POST /api/v2/webhooks/tests",
                "GET /api/v2/webhooks/events",
                "GET /api/v2/webhooks/events/{event_id}",
                "POST /api/v2/webhooks/events/{event_id}/replay",
                "POST /api/v2/webhooks/replays",
                "GET /docs/webhooks",
                "POST /docs/webhooks",
            ],
            &["ANY /api/v2", "ANY /api/v2/{proxy+}"],
        ),
        Api::of::<signing::Signing>(
            signing.into_iter().collect(),
            vec!["POST /weixin/logout", "POST /weixin/close", "GET /image/{name}"],
            &[
                "ANY /captcha",
                "ANY /verifycode",
                "ANY /weixin/login",
                "ANY /weixin/logout",
                "ANY /weixin/close",
                "ANY /em_status",
                "ANY /employee",
                "ANY /dict/{dict_item}",
                "ANY /work_pos",
                "ANY /handlers",
                "ANY /companies",
                "ANY /image",
                "ANY /image/{name}",
            ],
        ),
        Api::of::<jobboard::Jobboard>(
            jobboard.iter().map(|endpoint| format!("{} {}", endpoint.method, endpoint.path)).collect(),
            [
                &SPELLINGS[..],
                &[
                    "POST /wechat/user/logout",
                    "POST /user/close",
                    "POST /wechat/pay/notify",
                    "POST /job/report",
                    "POST /order/status",
                    "POST /products/list",
                    "POST /img/upload/presign",
                    "GET /img/{name}",
                ],
            ]
            .concat(),
            &[
                "ANY /wechat/{proxy+}",
                "ANY /user/{proxy+}",
                "ANY /job/{proxy+}",
                "ANY /jobs/{proxy+}",
                "ANY /collect/{proxy+}",
                "ANY /contact_history/{proxy+}",
                "ANY /contact_voucher/{proxy+}",
                "ANY /order/{proxy+}",
                "ANY /products/{proxy+}",
                "ANY /img/{proxy+}",
            ],
        ),
    ]
}

/// The routes of the console that have a limit of their own, and all others.
const CONSOLE: [&str; 8] = [
    "ANY /console",
    "ANY /console/{proxy+}",
    "POST /console/api/code",
    "POST /console/api/sign-in",
    "POST /console/api/totp",
    "POST /console/sign-in",
    "POST /console/sign-in/code",
    "POST /console/sign-in/totp",
];

/// The API pages and the health check: they belong to no family and no document.
const PAGES: [&str; 3] = ["GET /docs", "GET /docs/{proxy+}", "GET /health"];

/// The message push, which only WeChat calls: it is in no document.
const PUSH: [&str; 2] = ["GET /wechat/messages", "POST /wechat/messages"];

/// `GET /tasks/:channel_task_id` of the partner document.
fn as_template(endpoint: &str) -> String {
    let parameter = |segment: &str| segment.strip_prefix(':').map_or(segment.to_owned(), |name| format!("{{{name}}}"));
    let (method, path) = endpoint.split_once(' ').unwrap();
    format!("{method} /api/v1{}", path.split('/').map(parameter).collect::<Vec<_>>().join("/"))
}

impl Api {
    fn of<F: Family>(documented: BTreeSet<String>, additions: Vec<&'static str>, catch_all: &'static [&'static str]) -> Self {
        let functions = F::FUNCTIONS.iter().map(|(name, _)| *name).collect();
        Self { name: F::NAME, documented, additions, catch_all, routes: F::routes(), functions, openapi: F::openapi().unwrap() }
    }

    /// `METHOD /path` with the function that serves it.
    fn handlers(&self) -> impl Iterator<Item = (String, String)> {
        self.routes.iter().map(|(method, path, function)| (format!("{method} {path}"), (*function).to_owned()))
    }
}

/// `METHOD /path` of every family with the function that serves it.
fn handlers() -> BTreeMap<String, String> {
    families().iter().flat_map(Api::handlers).collect()
}

#[test]
fn only_documented_endpoints_and_the_listed_additions_are_served() {
    for family in families() {
        let mut expected = family.documented.clone();
        expected.extend(family.additions.iter().map(|&addition| addition.to_owned()));
        assert_eq!(family.handlers().map(|(endpoint, _)| endpoint).collect::<BTreeSet<_>>(), expected, "{}", family.name);
    }
}

#[test]
fn the_template_routes_each_endpoint_to_the_function_that_handles_it() {
    let routes = Template::read().unwrap().routes();
    let mut routed: BTreeMap<String, String> =
        routes.into_iter().map(|route| (format!("{} {}", route.method, route.path), route.function)).collect();
    // A catch-all route of the same function serves the other `HEAD` requests. `api::head` sends one for each `GET`.
    let heads = routed.extract_if(.., |route, _| route.starts_with("HEAD ")).collect::<Vec<_>>();
    for (head, function) in heads {
        assert_eq!(routed.get(&head.replace("HEAD", "GET")), Some(&function), "{head}");
    }
    for catch_all in families().iter().flat_map(|family| family.catch_all) {
        assert!(routed.remove(*catch_all).is_some(), "{catch_all} is missing");
    }
    let console = routed.extract_if(.., |_, function| function == "ops-console").map(|(route, _)| route);
    assert_eq!(console.collect::<BTreeSet<_>>(), CONSOLE.map(str::to_owned).into());
    for push in PUSH {
        assert_eq!(routed.remove(push).as_deref(), Some("jobboard-jobs"), "{push}");
    }
    for page in PAGES {
        assert_eq!(routed.remove(page).as_deref(), Some("ops-docs"), "{page}");
    }
    assert_eq!(routed, handlers());
}

#[test]
fn a_function_has_one_name_everywhere() {
    let families = families();
    let mut functions: BTreeSet<String> =
        families.iter().flat_map(|family| &family.functions).map(|&name| name.to_owned()).collect();
    functions.extend(ops::FUNCTIONS.map(str::to_owned));
    functions.insert(hris::events::NAME.to_owned());
    assert_eq!(Template::read().unwrap().functions().into_iter().collect::<BTreeSet<_>>(), functions);

    let template = Template::read().unwrap();
    for family in &families {
        for function in &family.functions {
            assert_eq!(template.binary(function), Some(family.name), "{function}");
        }
    }
    for function in ops::FUNCTIONS {
        assert_eq!(template.binary(function), Some("ops"), "{function}");
    }

    let events = files(&root().join("events")).into_iter();
    assert_eq!(events.map(|file| stem(&file)).collect::<BTreeSet<_>>(), functions);
}

#[test]
fn the_committed_openapi_documents_match_the_handlers() {
    for family in families() {
        compare(&format!("openapi/{}.json", family.name), &format!("{:#}\n", family.openapi));
    }
}

#[test]
fn the_route_table_names_the_function_and_the_file_of_each_endpoint() {
    let mut lines: Vec<String> = handlers()
        .into_iter()
        .map(|(endpoint, function)| {
            let file = source(&endpoint, &function);
            format!("{endpoint:<68} {function:<20} {file}\n")
        })
        .collect();
    lines.sort_by_key(|line| line.split(' ').nth(1).map(str::to_owned));
    compare("openapi/routes.txt", &lines.concat());
}

/// The file that serves an endpoint: the function's own, or another file of the family that names its path.
fn source(endpoint: &str, function: &str) -> String {
    let (family, group) = function.split_once('-').unwrap();
    let (_, path) = endpoint.split_once(' ').unwrap();
    let folder = format!("functions/{family}/src");
    let mut sources = files(&root().join(&folder));
    sources.retain(|file| file.is_file() && std::fs::read_to_string(file).unwrap().contains(&format!("\"{path}\"")));
    sources.sort_by_key(|file| (stem(file) != group, stem(file)));
    let first = sources.first().unwrap_or_else(|| panic!("no file of {folder} names {path}"));
    format!("{folder}/{}.rs", stem(first))
}

/// The file's name up to the first dot.
fn stem(file: &Path) -> String {
    file.file_name().unwrap().to_string_lossy().split('.').next().unwrap().to_owned()
}
