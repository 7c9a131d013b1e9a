//! The commands of `ops-admin` that list the credentials of the HR API. How they end is in `tests/src/api/v2/ending.rs`.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::admin::{done, fails};
use crate::support::consent::{App, Browser, CALLBACK};
use crate::support::product::{EMPLOYEE, MOBILE, Product, numbered};
use crate::support::{Stage, world};

const AT_FIRST: &str = "2024-01-15T10:30:00Z";

/// What the lists show of an access key that has its first secret.
async fn key_view(stage: &Stage, product: &Product) -> Value {
    let show = json!({"command": "show_access_key", "product_id": product.product_id, "company_uuid": product.company});
    let secret_id = done(&stage.address, &show).await["secrets"][0]["secret_id"].clone();
    json!({
        "access_key": product.access_key, "product_id": product.product_id, "company_uuid": product.company, "enabled": true,
        "created_at": AT_FIRST, "secrets": [{"secret_id": secret_id, "created_at": AT_FIRST}],
    })
}

const SCOPES: [&str; 5] = ["employees", "attendance", "approvals", "recruitment", "sensitive"];

async fn app_view(stage: &Stage, product: &Product, app: &App) -> Value {
    let shown = done(&stage.address, &json!({"command": "show_oauth_app", "app_id": app.app_id})).await;
    let secret_id = &shown["secrets"][0]["secret_id"];
    let expected = json!({
        "app_id": app.app_id, "product_id": product.product_id, "company_uuid": product.company, "name": "考勤助手",
        "callback_url": CALLBACK, "scopes": SCOPES, "enabled": true, "created_at": AT_FIRST,
        "secrets": [{"secret_id": secret_id, "created_at": AT_FIRST}],
    });
    assert!(secret_id.is_string());
    assert_eq!(shown, expected);
    shown
}

/// All pages of a list, one entry each.
async fn pages(stage: &Stage, list: &Value, name: &str) -> Vec<Value> {
    let (mut entries, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut command = list.clone();
        command["limit"] = 1.into();
        if !cursor.is_null() {
            command["cursor"] = cursor;
        }
        let page = done(&stage.address, &command).await;
        let list = page[name].as_array().unwrap_or_else(|| panic!("{page}"));
        assert!(list.len() <= 1);
        entries.extend(list.clone());
        cursor = page["next_cursor"].clone();
        assert_eq!(page, json!({name: list, "next_cursor": cursor}));
        if cursor.is_null() {
            return entries;
        }
    }
}

#[tokio::test]
async fn access_keys_and_apps_are_listed_without_their_secrets() {
    let stage = Stage::open().await;
    let address = &stage.address;
    let empty = done(address, &json!({"command": "list_access_keys"})).await;
    assert_eq!(empty, json!({"access_keys": [], "next_cursor": null}));
    let empty = done(address, &json!({"command": "list_oauth_apps"})).await;
    assert_eq!(empty, json!({"apps": [], "next_cursor": null}));

    let (first, second) = (Product::join_stage(&stage).await, Product::join_stage(&stage).await);
    let (first_app, second_app) = (first.app().await, second.app().await);
    let keys = [key_view(&stage, &first).await, key_view(&stage, &second).await];
    let apps = [app_view(&stage, &first, &first_app).await, app_view(&stage, &second, &second_app).await];
    for (command, name, all) in [("list_access_keys", "access_keys", &keys), ("list_oauth_apps", "apps", &apps)] {
        assert_eq!(done(address, &json!({"command": command})).await, json!({name: all, "next_cursor": null}));
        assert_eq!(pages(&stage, &json!({"command": command}), name).await, all);
        for (product, view) in [(&first, &all[0]), (&second, &all[1])] {
            let of_company = json!({"command": command, "company_uuid": product.company});
            assert_eq!(done(address, &of_company).await, json!({name: [view], "next_cursor": null}));
        }
        let of_none = json!({"command": command, "company_uuid": "d".repeat(32)});
        assert_eq!(done(address, &of_none).await, json!({name: [], "next_cursor": null}));
    }
    // A change keeps its place in the list.
    let disabled = done(address, &json!({"command": "disable_access_key", "access_key": first.access_key})).await;
    let mut expected = keys[0].clone();
    expected["enabled"] = false.into();
    assert_eq!(disabled, expected);
    let listed = done(address, &json!({"command": "list_access_keys"})).await;
    assert_eq!(listed, json!({"access_keys": [expected, keys[1]], "next_cursor": null}));

    let cursor = done(address, &json!({"command": "list_access_keys", "limit": 1})).await["next_cursor"].clone();
    assert!(cursor.is_string());
    let another_list = json!({"command": "list_oauth_apps", "cursor": cursor});
    fails(address, &another_list, "Invalid", "cursor: is not a cursor of this list").await;
}

#[tokio::test]
async fn grants_are_listed_by_app_or_company_with_their_last_use() {
    let stage = Stage::open().await;
    let address = &stage.address;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let (app, another) = (product.app().await, product.app().await);
    let mut second = numbered(777);
    (second["mobile"], second["administrator"]) = ("13900000777".into(), true.into());
    product.imports("employees", std::slice::from_ref(&second)).await;
    let of_app = json!({"command": "list_grants", "app_id": app.app_id});
    assert_eq!(done(address, &of_app).await, json!({"grants": [], "next_cursor": null}));

    let mut tokens = Vec::new();
    for (app, mobile) in [(&app, MOBILE), (&app, "13900000777"), (&another, MOBILE)] {
        stage.clock.advance(SignedDuration::from_secs(60));
        let code = Browser::new(app).response_code(mobile).await;
        tokens.push(app.token(&app.exchange(&code)).await.body["access_token"].as_str().expect("a token").to_owned());
    }
    let listed = done(address, &of_app).await;
    let view = |app: &App, grant: &Value, employee: &Value, granted: &str, expires: &str| {
        assert!(grant["grant_id"].as_str().is_some_and(crate::support::resource::is_number), "{grant}");
        json!({
            "grant_id": grant["grant_id"], "app_id": app.app_id, "product_id": product.product_id,
            "company_uuid": product.company, "employee_uuid": employee, "scopes": SCOPES, "granted_at": granted,
            "expires_at": expires, "last_used_at": null, "revoked_at": null, "active": true,
        })
    };
    let mut grants = vec![
        view(&app, &listed["grants"][0], &EMPLOYEE.into(), "2024-01-15T10:31:00Z", "2024-04-14T10:31:00Z"),
        view(&app, &listed["grants"][1], &second["uuid"], "2024-01-15T10:32:00Z", "2024-04-14T10:32:00Z"),
    ];
    assert_eq!(listed, json!({"grants": grants, "next_cursor": null}));
    assert_eq!(pages(&stage, &of_app, "grants").await, grants);

    // A use is recorded at once, and then once a day.
    let read = async || product.read(&tokens[0], "/api/v2/departments", json!({})).await.status;
    let last_use = async || done(address, &of_app).await["grants"][0]["last_used_at"].clone();
    assert_eq!((read().await, last_use().await), (200, json!("2024-01-15T10:33:00Z")));
    stage.clock.advance(SignedDuration::from_secs(24 * 3600 - 1));
    assert_eq!((read().await, last_use().await), (200, json!("2024-01-15T10:33:00Z")));
    stage.clock.advance(SignedDuration::from_secs(5));
    assert_eq!((read().await, last_use().await), (200, json!("2024-01-16T10:33:04Z")));

    grants[0]["last_used_at"] = "2024-01-16T10:33:04Z".into();
    let of_company = json!({"command": "list_grants", "company_uuid": product.company});
    let all = done(address, &of_company).await;
    let third = all["grants"][2].clone();
    grants.push(view(&another, &third, &EMPLOYEE.into(), "2024-01-15T10:33:00Z", "2024-04-14T10:33:00Z"));
    assert_eq!(all, json!({"grants": grants, "next_cursor": null}));
    assert_eq!(pages(&stage, &of_company, "grants").await, grants);
    let stored = json!(stage.items("credentials").await).to_string();
    assert!(tokens.iter().all(|token| !stored.contains(token.as_str())), "a token is stored in the clear");

    let cursor =
        done(address, &json!({"command": "list_grants", "app_id": app.app_id, "limit": 1})).await["next_cursor"].clone();
    let another_list = json!({"command": "list_grants", "company_uuid": product.company, "cursor": cursor});
    fails(address, &another_list, "Invalid", "cursor: is not a cursor of this list").await;

    // An expired grant is left out, although its record is still there.
    stage.clock.advance(SignedDuration::from_hours(89 * 24) - SignedDuration::from_secs(128));
    let left = done(address, &of_app).await["grants"].as_array().map(Vec::len);
    assert_eq!(left, Some(2));
    stage.clock.advance(SignedDuration::from_secs(34));
    let left = done(address, &of_app).await;
    assert_eq!((left["grants"].as_array().map(Vec::len), &left["grants"][0]["grant_id"]), (Some(1), &grants[1]["grant_id"]));
}

#[tokio::test]
async fn unknown_credentials_are_not_found_and_wrong_fields_are_named() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let app = product.app().await;
    let missing = [
        (json!({"command": "disable_access_key", "access_key": "unknown"}), "access_key: does not exist"),
        (json!({"command": "enable_access_key", "access_key": "unknown"}), "access_key: does not exist"),
        (json!({"command": "show_oauth_app", "app_id": "unknown"}), "app_id: does not exist"),
        (json!({"command": "disable_oauth_app", "app_id": "unknown"}), "app_id: does not exist"),
        (json!({"command": "enable_oauth_app", "app_id": "unknown"}), "app_id: does not exist"),
        (json!({"command": "disable_product", "product_id": "unknown"}), "product_id: does not exist"),
        (json!({"command": "enable_product", "product_id": "unknown"}), "product_id: does not exist"),
        (json!({"command": "list_grants", "app_id": "unknown"}), "app_id: does not exist"),
        (json!({"command": "revoke_grant", "app_id": "unknown", "grant_id": "1"}), "app_id: does not exist"),
        (json!({"command": "revoke_grant", "app_id": app.app_id, "grant_id": 1}), "grant_id: does not exist"),
    ];
    for (command, message) in missing {
        fails(&stage.address, &command, "NotFound", message).await;
    }
    let limit = "limit: must be an integer from 1 to 100";
    let either = "app_id: or company_uuid is required, and not both";
    let invalid = [
        (json!({"command": "disable_access_key"}), "access_key: is required"),
        (json!({"command": "show_oauth_app"}), "app_id: is required"),
        (json!({"command": "disable_product"}), "product_id: is required"),
        (json!({"command": "list_access_keys", "limit": 101}), limit),
        (json!({"command": "list_oauth_apps", "limit": 0}), limit),
        (json!({"command": "list_oauth_apps", "company_uuid": "x"}), "company_uuid: must be 32 hex digits"),
        (json!({"command": "list_access_keys", "cursor": "x"}), "cursor: is not a cursor of this list"),
        (json!({"command": "list_grants"}), either),
        (json!({"command": "list_grants", "app_id": "a", "company_uuid": "d".repeat(32)}), either),
        (
            json!({"command": "list_grants", "company_uuid": "d".repeat(32), "cursor": "x"}),
            "cursor: is not a cursor of this list",
        ),
        (json!({"command": "revoke_grant"}), "app_id: is required; grant_id: is required"),
        (
            json!({"command": "revoke_grant", "app_id": "a", "grant_id": "b"}),
            "grant_id: must be a whole number from 1 to 9007199254740991",
        ),
    ];
    for (command, message) in invalid {
        fails(world(), &command, "Invalid", message).await;
    }
}
