//! What staff read of the signing API: lists of applications, one application whole, and what platforms offer.

use image::ImageFormat;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use shared::runtime::environment::Environment;
use shared::signing::Service;
use shared::signing::applications::Reach;
use shared::signing::reveal::REVEALED;
use shared::signing::values::Number;

use super::audit::SHOWN;
use super::signing::{applied, decision, failure};
use crate::support::audit::records_of;
use crate::support::picture::picture;
use crate::support::worker::{COMPANY, CONTRACT, HANDLER, ID_NUMBER, Platform, Worker, ok, resume};
use crate::support::{Stage, fetch, world};

const AT: &str = "2024-01-15T10:30:00Z";
/// A second company and a second handler.
const OTHER: u32 = 13;

/// A worker with this résumé, and the number.
async fn submitted(platform: &Platform, user: &str, resume: &Value) -> (Worker, Value) {
    let worker = platform.worker(user).await;
    assert_eq!(worker.send_json(Method::POST, resume).await, ok(Value::Null));
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    (worker, em_id)
}

fn with(fields: Value) -> Value {
    let mut resume = resume();
    resume.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    resume
}

async fn ids(platform: &Platform, event: Value) -> Vec<Value> {
    let page = platform.command("list_applications", event).await;
    let list = page["applications"].as_array().unwrap_or_else(|| panic!("{page}"));
    list.iter().map(|row| row["em_id"].clone()).collect()
}

#[tokio::test]
async fn applications_are_found_by_everything_that_staff_look_for() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    platform.command("set_company", json!({"company": {"company_id": OTHER, "company_name": "别的"}})).await;
    platform.command("set_handler", json!({"handler": {"handler_id": OTHER, "username": "lisi"}})).await;
    let (first, one) = applied(&platform, "one").await;
    stage.clock.advance(SignedDuration::from_hours(24));
    let other = with(json!({
        "real_name": "欧阳娜娜", "phone": "13761542098", "id_number": "44030119880312457X", "company_id": OTHER, "ad_user_id": OTHER,
    }));
    let (_, two) = submitted(&platform, "two", &other).await;
    stage.clock.advance(SignedDuration::from_hours(24));
    let (_, three) = submitted(&platform, "three", &with(json!({"company_id": OTHER}))).await;
    platform.decide("cancel_application", &three, json!({})).await;
    // Another platform has the same worker.
    let foreign = Platform::create(&stage.address).await;
    let (_, abroad) = applied(&foreign, "one").await;

    let all = [&three, &two, &one].map(Clone::clone).to_vec();
    let summary = json!({
        "em_id": two, "status": 1, "verify_status": 0, "real_name": "欧***", "company_id": OTHER, "company_name": "别的",
        "ad_user_id": OTHER, "work_pos": "A岗位", "apply_time": "2024-01-16T10:30:00Z", "version": 1,
    });
    let page = json!({"applications": [summary], "next_cursor": null});
    assert_eq!(platform.command("list_applications", json!({"name": "欧阳娜娜"})).await, page);
    for (filter, expected) in [
        (json!({}), all.clone()),
        (json!({"status": 1}), vec![two.clone(), one.clone()]),
        (json!({"status": 3}), vec![]),
        (json!({"company_id": OTHER}), vec![three.clone(), two.clone()]),
        (json!({"company_id": OTHER, "status": 5}), vec![three.clone()]),
        (json!({"company_id": 99}), vec![]),
        (json!({"handler_id": HANDLER}), vec![three.clone(), one.clone()]),
        (json!({"handler_id": HANDLER, "company_id": OTHER}), vec![three.clone()]),
        // Days of Shanghai: the applications are of 18:30 there.
        (json!({"from": "2024-01-16"}), vec![three.clone(), two.clone()]),
        (json!({"to": "2024-01-15"}), vec![one.clone()]),
        (json!({"from": "2024-01-16", "to": "2024-01-16"}), vec![two.clone()]),
        (json!({"from": "2024-01-18"}), vec![]),
        (json!({"to": "1950-01-01"}), vec![]),
        (json!({"from": "1900-01-01", "to": "9999-12-31"}), all.clone()),
        (json!({"name": "张三"}), vec![three.clone(), one.clone()]),
        (json!({"name": " 张三\u{200b}"}), vec![three.clone(), one.clone()]),
        (json!({"name": "张三", "company_id": COMPANY}), vec![one.clone()]),
        (json!({"name": "张三", "from": "2024-01-17"}), vec![three.clone()]),
        (json!({"name": "张"}), vec![]),
        (json!({"phone": "13761542098"}), vec![two.clone()]),
        (json!({"phone": "+86 138-0013-8000", "status": 1}), vec![one.clone()]),
        (json!({"phone": "13700000000"}), vec![]),
        (json!({"id_number": "44030119880312457x"}), vec![two.clone()]),
        (json!({"id_number": ID_NUMBER}), vec![three.clone(), one.clone()]),
    ] {
        assert_eq!(ids(&platform, filter.clone()).await, expected, "{filter}");
    }
    assert_eq!(ids(&foreign, json!({"name": "张三"})).await, [abroad]);

    // A worker who submits again is the newest, under the new name and company only.
    first.send_json(Method::PUT, &with(json!({"real_name": "张三丰", "company_id": OTHER}))).await;
    platform.decide("cancel_application", &one, json!({})).await;
    stage.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(
        first.send_json(Method::POST, &with(json!({"real_name": "张三丰", "company_id": OTHER}))).await,
        ok(Value::Null)
    );
    assert_eq!(ids(&platform, json!({})).await, [one.clone(), three.clone(), two.clone()]);
    assert_eq!(ids(&platform, json!({"name": "张三丰", "company_id": OTHER})).await, std::slice::from_ref(&one));
    assert_eq!(ids(&platform, json!({"name": "张三"})).await, [three]);
    assert_eq!(ids(&platform, json!({"company_id": COMPANY})).await, Vec::<Value>::new());

    for (filter, message) in [
        (json!({"name": "a", "phone": "1"}), "name: or phone or id_number: only one of them"),
        (json!({"from": "2024-01-16", "to": "2024-01-15"}), "to: must not be before from"),
        (json!({"limit": 101}), "limit: must be an integer from 1 to 100"),
        (json!({"cursor": "x"}), "cursor: is not a cursor of this list"),
    ] {
        assert_eq!(platform.command("list_applications", filter).await, failure("Invalid", message));
    }
}

#[tokio::test]
async fn applications_are_paged_by_cursor_also_behind_a_filter() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    platform.command("set_handler", json!({"handler": {"handler_id": OTHER, "username": "lisi"}})).await;
    let mut expected = Vec::new();
    for number in 0..7 {
        let handler = if number % 3 == 0 { OTHER } else { HANDLER };
        let (_, em_id) = submitted(&platform, &format!("w{number}"), &with(json!({"ad_user_id": handler}))).await;
        if number % 2 == 0 {
            platform.decide("cancel_application", &em_id, json!({})).await;
        }
        expected.insert(0, (em_id, handler));
        stage.clock.advance(SignedDuration::from_secs(number % 2));
    }
    let ids = |wanted: &[u32]| -> Vec<Value> {
        expected.iter().filter(|(_, handler)| wanted.contains(handler)).map(|(em_id, _)| em_id.clone()).collect()
    };
    for (filter, expected) in [
        (json!({}), ids(&[HANDLER, OTHER])),
        (json!({"handler_id": OTHER}), ids(&[OTHER])),
        (json!({"name": "张三"}), ids(&[HANDLER, OTHER])),
        (json!({"phone": "13800138000"}), ids(&[HANDLER, OTHER])),
        (json!({"company_id": COMPANY, "from": "2024-01-01"}), ids(&[HANDLER, OTHER])),
    ] {
        for limit in [1, 2, 3, 7] {
            let (mut listed, mut pages, mut event) = (Vec::new(), 0, filter.clone());
            event["limit"] = limit.into();
            loop {
                let page = platform.command("list_applications", event.clone()).await;
                let rows = page["applications"].as_array().unwrap_or_else(|| panic!("{page}"));
                assert!(rows.len() <= limit);
                listed.extend(rows.iter().map(|row| row["em_id"].clone()));
                pages += 1;
                if page["next_cursor"].is_null() {
                    break;
                }
                event["cursor"] = page["next_cursor"].clone();
            }
            assert_eq!(listed, expected, "{filter} {limit}");
            assert!(pages <= expected.len().div_ceil(limit) + 1, "{filter} {limit}: {pages} pages");
            // A cursor belongs to its filter.
            if event["cursor"].is_string() {
                event["status"] = 4.into();
                let rejected = failure("Invalid", "cursor: is not a cursor of this list");
                assert_eq!(platform.command("list_applications", event).await, rejected);
            }
        }
    }
}

#[tokio::test]
async fn an_application_is_shown_whole_for_a_decision() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("shown").await;
    let front = worker.upload("a.png", &picture(ImageFormat::Png)).await.body["data"]["url"].clone();
    // Another worker's picture, or one of a foreign address, has no link.
    let stranger = platform.worker("stranger").await;
    let foreign = stranger.upload("a.png", &picture(ImageFormat::Png)).await.body["data"]["url"].clone();
    let sent = with(json!({"id_card_front": front, "id_card_back": foreign}));
    let request = worker.request(Method::POST, "/employee").header("x-city", "%E6%88%90%E9%83%BD");
    let request = request.header("x-location", "104.06-30.67").header("content-type", "application/json");
    assert_eq!(fetch(request.body(sent.to_string())).await, ok(Value::Null));
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();

    let shown = platform.command("show_application", json!({"em_id": em_id, "by": "lisi"})).await;
    let link = shown["resume"]["id_card_front"]["link"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned();
    let mut expected = json!({
        "em_id": em_id, "version": 1, "status": 1, "verify_status": 0, "real_name": "张三", "company_id": COMPANY,
        "company_name": "彩程", "ad_user_id": HANDLER, "work_pos": "A岗位", "apply_time": AT, "reason": "", "terms": null,
        "city": "成都", "location": [104.06, 30.67], "erased_at": null,
        "moves": [{"from": null, "to": 1, "at": AT, "by": "worker"}], "verifications": [],
    });
    let mut seen = sent;
    for field in ["company_id", "work_pos", "ad_user_id"] {
        seen.as_object_mut().unwrap().remove(field);
    }
    (seen["phone"], seen["id_number"]) = ("138****8000".into(), "1101**********1234".into());
    (seen["em_contact_phone"], seen["em_contact_name"]) = ("139****9000".into(), "李*".into());
    (seen["addr"], seen["acct_addr"]) = ("天府****".into(), "天府****".into());
    seen["id_card_front"] = json!({"address": front, "link": link});
    seen["id_card_back"] = json!({"address": foreign, "link": null});
    expected["resume"] = seen;
    assert_eq!(shown, expected);
    assert!(link.contains("X-Amz-Expires=60&"), "{link}");
    let picture = local::http::client().get(&link).send().await.unwrap();
    assert_eq!((picture.status().as_u16(), &picture.headers()["content-type"]), (200, &"image/png".parse().unwrap()));

    let object = format!("signing/application/{}/{em_id}", platform.code);
    let look = json!({
        "at": AT, "actor": {"kind": "ops-admin", "id": "ops-admin", "name": "ops-admin"}, "by": "lisi", "action": "show_application",
        "object": object, "fields": SHOWN, "outcome": "done",
    });
    assert_eq!(records_of(&platform.address, &object).await, [look]);
}

#[tokio::test]
async fn what_a_platform_offers_is_listed_with_what_is_disabled() {
    let platform = Platform::create(world()).await;
    let company = json!({"company_id": OTHER, "company_name": "停用", "status": 0});
    platform.command("set_company", json!({"company": company})).await;
    let handler = json!({
        "handler_id": OTHER, "username": "lisi", "name": "李四", "phone": "13900139000", "email": "a@example.com", "status": 0,
    });
    platform.command("set_handler", json!({"handler": handler})).await;
    let positions = json!([{"name": "A岗位", "status": 1}, {"name": "B岗位", "status": 0}]);
    platform.command("set_positions", json!({"positions": positions})).await;
    let entries = json!([{"dict_key": "1", "dict_value": "汉族", "status": 0}]);
    for name in ["Nation", "自有"] {
        platform.command("set_dictionary", json!({"dict_item": name, "entries": entries})).await;
    }
    let first = json!({"company_id": COMPANY, "company_name": "彩程", "status": 1});
    let list = async |command: &str, event: Value| platform.command(command, event).await;
    assert_eq!(list("list_companies", json!({})).await, json!({"companies": [first, company], "next_cursor": null}));
    let page = list("list_companies", json!({"limit": 1})).await;
    assert_eq!(page["companies"], json!([first]));
    let rest = list("list_companies", json!({"limit": 10, "cursor": page["next_cursor"]})).await;
    assert_eq!(rest, json!({"companies": [company], "next_cursor": null}));
    let rejected = failure("Invalid", "cursor: is not a cursor of this list");
    assert_eq!(list("list_contracts", json!({"cursor": page["next_cursor"]})).await, rejected);

    let mut masked = handler;
    masked["phone"] = "139****9000".into();
    assert_eq!(list("list_handlers", json!({})).await["handlers"][0], masked);
    let contract = json!({
        "contract_id": CONTRACT, "contract_name": "劳动合同", "contract_body": "彩程", "company_id": COMPANY, "sign_year": 3,
        "file_url": "https://files.example.com/contract.pdf", "status": 1,
    });
    assert_eq!(list("list_contracts", json!({})).await, json!({"contracts": [contract], "next_cursor": null}));
    assert_eq!(list("list_positions", json!({})).await, json!({"positions": positions}));
    let dictionaries = json!([{"dict_item": "Nation", "entries": entries}, {"dict_item": "自有", "entries": entries}]);
    assert_eq!(list("list_dictionaries", json!({})).await, json!({"dictionaries": dictionaries, "next_cursor": null}));
    let mut empty = platform.clone();
    empty.code = "nowhere".into();
    assert_eq!(empty.command("list_positions", json!({})).await, json!({"positions": []}));
}

#[tokio::test]
async fn platforms_are_listed_with_what_they_demand() {
    let stage = Stage::open().await;
    let address = &stage.address;
    let set = |platform: Value| async move {
        let mut event = platform.clone();
        event["command"] = "set_platform".into();
        assert_eq!(address.command(&event).await, platform);
    };
    let one = json!({"platform_code": "a-one", "name": "一", "status": 0, "require_verified": true, "company_uuid": null});
    let two =
        json!({"platform_code": "b-two", "name": "二", "status": 1, "require_verified": false, "company_uuid": "8".repeat(32)});
    set(two.clone()).await;
    set(one.clone()).await;
    let listed = address.command(&json!({"command": "list_platforms"})).await;
    assert_eq!(listed, json!({"platforms": [one, two], "next_cursor": null}));
    let page = address.command(&json!({"command": "list_platforms", "limit": 1})).await;
    let rest = address.command(&json!({"command": "list_platforms", "cursor": page["next_cursor"]})).await;
    assert_eq!((&page["platforms"], &rest["platforms"]), (&json!([one]), &json!([two])));
}

/// The values of a worker and of a handler that are stored sealed, each with the field that shows it.
const PLANTED: [(&str, &str); 20] = [
    ("real_name", "欧阳试验甲"),
    ("phone", "13761542098"),
    ("id_number", "44030119880312457X"),
    ("nation", "塔吉克族"),
    ("acct_prc_name", "户籍某某省"),
    ("acct_city_name", "户籍某某市"),
    ("acct_coy_name", "户籍某某县"),
    ("acct_addr", "户籍路七十七号"),
    ("province_name", "居住某某省"),
    ("city_name", "居住某某市"),
    ("county_name", "居住某某县"),
    ("addr", "居住路八十八号"),
    ("em_contact_name", "司马试验乙"),
    ("em_contact_phone", "13698520147"),
    ("em_contact_relationship", "远房表兄"),
    ("id_card_front", "https://api.example.com/image/7731001.jpg"),
    ("work_exp", "某某隐名机械厂"),
    ("employee_edu", "某某隐名中学"),
    ("terms", "18765.43"),
    ("handler", "13587412096"),
];

#[tokio::test]
async fn nothing_sealed_is_shown_in_plain_text_without_an_audit_record() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let handler = json!({"handler_id": HANDLER, "username": "zhangsan", "name": "张三", "phone": "13587412096"});
    platform.command("set_handler", json!({"handler": handler})).await;
    let mut sent = resume();
    for (field, planted) in PLANTED {
        sent[field] = match field {
            "work_exp" => json!([{"company": planted}]),
            "employee_edu" => json!([{"school": planted}]),
            "terms" | "handler" => continue,
            _ => planted.into(),
        };
    }
    let (_, em_id) = submitted(&platform, "planted", &sent).await;
    let mut terms = decision("approve_application");
    terms["salary"] = "18765.43".into();
    let mut responses = vec![
        platform.decide("set_verify_status", &em_id, json!({"verify_status": 2})).await,
        platform.decide("approve_application", &em_id, terms).await,
        platform.decide("sign_application", &em_id, json!({})).await,
    ];
    assert_eq!(responses[2]["status"], 3);
    let object = format!("signing/application/{}/{em_id}", platform.code);
    let looks = async || {
        let records = records_of(&platform.address, &object).await;
        records.into_iter().filter(|record| record["action"] == "show_application").count()
    };
    let before = looks().await;
    let applications =
        [json!({}), json!({"name": PLANTED[0].1}), json!({"phone": PLANTED[1].1}), json!({"id_number": PLANTED[2].1})];
    let lists = ["list_companies", "list_handlers", "list_contracts", "list_positions", "list_dictionaries", "list_platforms"];
    for filter in applications {
        let page = platform.command("list_applications", filter).await;
        assert_eq!(page["applications"][0]["em_id"], em_id, "{page}");
        responses.push(page);
    }
    for command in lists {
        let event = if command == "list_platforms" {
            json!({"command": command})
        } else {
            json!({"command": command, "platform_code": platform.code})
        };
        responses.push(stage.address.command(&event).await);
    }
    for response in &responses {
        assert!(response.get("errorType").is_none(), "{response}");
        for (field, planted) in PLANTED {
            assert!(!response.to_string().contains(planted), "{field}: {response}");
        }
    }
    assert_eq!(looks().await, before);
    let whole = platform.command("show_application", json!({"em_id": em_id})).await.to_string();
    assert_eq!(looks().await, before + 1);
    for (field, planted) in PLANTED {
        assert_eq!(whole.contains(planted), SHOWN.contains(&field), "{field}: {whole}");
    }
}

/// By the domain: the command is of all families.
#[tokio::test]
async fn each_value_that_can_be_revealed_is_revealed_within_reach() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let handler = json!({"handler_id": HANDLER, "username": "zhangsan", "phone": "13587412096"});
    platform.command("set_handler", json!({"handler": handler})).await;
    let worker = platform.worker("revealed").await;
    let sent = resume();
    let request = worker.request(Method::POST, "/employee").json(&sent);
    let request = request.header("x-city", "%E6%88%90%E9%83%BD").header("x-location", "104.06-30.67");
    assert_eq!(fetch(request).await, ok(Value::Null));
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    let service = Service::connect(&Environment::new(stage.address.variables.clone(), stage.clock.clone())).await.unwrap();
    let id = format!("{}/{em_id}", platform.code);
    let reveal = async |kind: &str, id: &str, field: &str, reach: Reach<'_>| {
        service.reveal(kind, id, field, reach).await.map_err(|error| error.to_string())
    };
    let missing = |field: &str| Err(format!("NotFound; {field}: does not exist"));
    assert_eq!(reveal("application", &id, "salary", Reach::Everything).await, missing("field"));
    assert_eq!(platform.decide("approve_application", &em_id, decision("approve_application")).await["status"], 2);
    for (kind, fields) in REVEALED {
        for field in *fields {
            let (id, expected) = match (*kind, *field) {
                ("handler", _) => (format!("{}/{HANDLER}", platform.code), "13587412096"),
                (_, "salary") => (id.clone(), "6000.00"),
                (_, "city") => (id.clone(), "成都"),
                (_, "location") => (id.clone(), "104.06,30.67"),
                (_, field) => (id.clone(), sent[field].as_str().unwrap()),
            };
            assert_eq!(reveal(kind, &id, field, Reach::Everything).await.as_deref(), Ok(expected), "{kind} {field}");
        }
    }
    let number = |company: u32| Number::new(company.into()).unwrap();
    assert_eq!(reveal("application", &id, "phone", Reach::Companies(&[number(COMPANY)])).await.unwrap(), "13800138000");
    assert_eq!(reveal("application", &id, "phone", Reach::Companies(&[number(OTHER)])).await, missing("id"));
    for (kind, id, field, named) in [
        ("worker", &*id, "phone", "kind"),
        ("application", &id, "age", "field"),
        ("handler", &id, "phone", "id"),
        ("application", "nowhere/1", "phone", "id"),
        ("application", "1", "phone", "id"),
    ] {
        assert_eq!(reveal(kind, id, field, Reach::Everything).await, missing(named), "{kind} {id} {field}");
    }
}
