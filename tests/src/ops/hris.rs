//! The commands of `ops-admin` that administer the HR API: products, keys, tokens, apps, bind codes.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::admin::{done, fails};
use crate::support::consent::{App, Browser, CALLBACK};
use crate::support::product::{MOBILE, Product, body, rejection};
use crate::support::resource::is_number;
use crate::support::{Stage, world};

const AT_FIRST: &str = "2024-01-15T10:30:00Z";
const LATER: &str = "2024-01-15T10:31:00Z";

/// How long a process caches a key and its status.
const REMEMBERED: SignedDuration = SignedDuration::from_secs(5);

/// The id and the secret that a command returned, after a check of their form: 256 bits in base64url.
fn issued(response: &Value, owner: (&str, &str), name: &str) -> (Value, String) {
    let secret = response[name].as_str().unwrap_or_else(|| panic!("{response}")).to_owned();
    let id = response["secret_id"].clone();
    assert_eq!(*response, json!({owner.0: owner.1, name: secret, "secret_id": id}));
    assert!(secret.len() == 43 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    assert!(id.as_str().is_some_and(is_number), "{id}");
    (id, secret)
}

fn shown(secrets: &[(&Value, &str)]) -> Value {
    secrets.iter().map(|(id, at)| json!({"secret_id": id, "created_at": at})).collect()
}

/// Whether this secret signs calls of the product.
async fn signs(product: &Product, secret: &str) -> bool {
    let mut product = product.clone();
    product.secret_key = secret.to_owned();
    let response = product.get("/api/v2/departments", Value::Null).await;
    assert!(response == body(json!([])) || response == rejection(401, 1101, "signature is invalid"), "{response:?}");
    response.status == 200
}

async fn import_company(stage: &Stage, uuid: &str) {
    let rows = json!({"uuid": uuid, "name": "彩程"}).to_string();
    done(&stage.address, &json!({"command": "import_hris", "kind": "companies", "rows": rows})).await;
}

#[tokio::test]
async fn a_product_is_created_once_under_one_name() {
    let stage = Stage::open().await;
    let create = |name: &str| json!({"command": "create_product", "product_id": "p-1", "name": name});
    for _ in 0..2 {
        let created = done(&stage.address, &create("考勤")).await;
        assert_eq!(created, json!({"product_id": "p-1", "name": "考勤"}));
    }
    fails(&stage.address, &create("薪酬"), "Conflict", "product_id: exists with another name").await;
}

#[tokio::test]
async fn every_command_about_an_access_key_works() {
    let stage = Stage::open().await;
    let address = &stage.address;
    let product = Product::join_stage(&stage).await;
    let second = "c".repeat(32);
    import_company(&stage, &second).await;
    let pair = |command: &str, product_id: &str, company: &str| json!({"command": command, "product_id": product_id, "company_uuid": company});
    let missing = [("unknown", second.as_str(), "product_id"), (&product.product_id, &"d".repeat(32), "company_uuid")];
    for (product_id, company, field) in missing {
        let create = pair("create_access_key", product_id, company);
        fails(address, &create, "NotFound", &format!("{field}: does not exist")).await;
    }
    let none = "company_uuid: has no access key of this product";
    fails(address, &pair("show_access_key", &product.product_id, &second), "NotFound", none).await;

    let create = pair("create_access_key", &product.product_id, &second);
    let response = done(address, &create).await;
    let access_key = response["access_key"].as_str().expect("a key").to_owned();
    let (first, old) = issued(&response, ("access_key", &access_key), "secret_key");
    fails(address, &create, "Conflict", "company_uuid: has an access key of this product").await;
    let about = |command: &str| json!({"command": command, "access_key": access_key});
    let view = |secrets: Value| {
        json!({
            "access_key": access_key, "product_id": product.product_id, "company_uuid": second, "enabled": true,
            "created_at": AT_FIRST, "secrets": secrets,
        })
    };
    let show = pair("show_access_key", &product.product_id, &second);
    assert_eq!(done(address, &show).await, view(shown(&[(&first, AT_FIRST)])));
    let mut caller = product.clone();
    caller.access_key = access_key.clone();
    assert!(signs(&caller, &old).await);
    assert!(!signs(&product, &old).await && !signs(&caller, &product.secret_key).await, "each key has its own secret");

    stage.clock.advance(SignedDuration::from_secs(60));
    let (next, new) = issued(&done(address, &about("rotate_access_key")).await, ("access_key", &access_key), "secret_key");
    assert!(signs(&caller, &old).await && signs(&caller, &new).await);
    let two = "access_key: has two active secrets: retire one first";
    fails(address, &about("rotate_access_key"), "Conflict", two).await;
    assert_eq!(done(address, &show).await, view(shown(&[(&first, AT_FIRST), (&next, LATER)])));

    let retire = |id: &Value| json!({"command": "retire_access_key_secret", "access_key": access_key, "secret_id": id});
    assert_eq!(done(address, &retire(&first)).await, view(shown(&[(&next, LATER)])));
    stage.clock.advance(REMEMBERED);
    assert!(!signs(&caller, &old).await && signs(&caller, &new).await);
    fails(address, &retire(&first), "NotFound", "secret_id: does not exist").await;
    fails(address, &retire(&next), "Conflict", "secret_id: is the last active secret").await;
    let stored = json!(stage.items("hris").await).to_string();
    assert!(stored.contains(&access_key), "{stored}");
    for secret in [&old, &new, &product.secret_key] {
        assert!(!stored.contains(secret.as_str()), "a secret is stored in the clear");
    }
}

#[tokio::test]
async fn a_rotated_company_token_replaces_the_one_before() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let read = async |token: &str| product.get("/api/v2/employees", json!({"token": token})).await;
    assert_eq!(read(&product.token).await, body(json!([])));
    let rotate = json!({"command": "rotate_company_token", "company_uuid": product.company});
    let response = done(&stage.address, &rotate).await;
    let token = response["token"].as_str().expect("a token").to_owned();
    assert_eq!(response, json!({"company_uuid": product.company, "token": token}));
    stage.clock.advance(REMEMBERED);
    assert_eq!(read(&product.token).await, rejection(401, 1104, "token is not that of the company"));
    assert_eq!(read(&token).await, body(json!([])));
    let stored = json!(stage.items("hris").await).to_string();
    assert!(stored.contains(&product.company) && !stored.contains(&token), "the token is stored in the clear: {stored}");
}

#[tokio::test]
async fn every_command_about_an_oauth_app_works() {
    let stage = Stage::open().await;
    let address = &stage.address;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let create = |product_id: &str, company: &str| {
        json!({
            "command": "create_oauth_app", "product_id": product_id, "company_uuid": company, "name": "考勤助手",
            "callback_url": CALLBACK,
        })
    };
    let no_product = create("unknown", &product.company);
    fails(address, &no_product, "NotFound", "product_id: does not exist").await;
    let no_company = create(&product.product_id, &"d".repeat(32));
    fails(address, &no_company, "NotFound", "company_uuid: does not exist").await;
    let response = done(address, &create(&product.product_id, &product.company)).await;
    let app_id = response["app_id"].as_str().expect("an id").to_owned();
    let (first, old) = issued(&response, ("app_id", &app_id), "app_secret");
    let app = |secret: &str| App {
        address: address.clone(),
        app_id: app_id.clone(),
        app_secret: secret.to_owned(),
        callback_url: CALLBACK.to_owned(),
    };
    let works = async |secret: &str| {
        stage.clock.advance(SignedDuration::from_secs(60));
        let code = Browser::new(&app(&old)).response_code(MOBILE).await;
        let response = app(secret).token(&app(secret).exchange(&code)).await;
        let rejected = rejection(401, 1105, "app_id or app_secret is invalid");
        assert!(response.status == 200 || response == rejected, "{response:?}");
        response.status == 200
    };
    assert!(works(&old).await);
    let about = |command: &str| json!({"command": command, "app_id": app_id});
    let (next, new) = issued(&done(address, &about("rotate_oauth_app")).await, ("app_id", &app_id), "app_secret");
    assert!(works(&old).await && works(&new).await);
    fails(address, &about("rotate_oauth_app"), "Conflict", "app_id: has two active secrets: retire one first").await;
    let retire = |id: &Value| json!({"command": "retire_oauth_app_secret", "app_id": app_id, "secret_id": id});
    let view = json!({
        "app_id": app_id, "product_id": product.product_id, "company_uuid": product.company, "name": "考勤助手",
        "callback_url": CALLBACK, "scopes": ["employees", "attendance", "approvals", "recruitment", "sensitive"],
        "enabled": true, "created_at": AT_FIRST, "secrets": shown(&[(&next, LATER)]),
    });
    assert_eq!(done(address, &retire(&first)).await, view);
    assert!(!works(&old).await && works(&new).await);
    fails(address, &retire(&first), "NotFound", "secret_id: does not exist").await;
    fails(address, &retire(&next), "Conflict", "secret_id: is the last active secret").await;
}

#[tokio::test]
async fn a_bind_code_is_returned_with_its_expiry() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let create = json!({"command": "create_bind_code", "company_uuid": product.company});
    let response = done(&stage.address, &create).await;
    let code = response["bind_code"].as_str().expect("a code").to_owned();
    let expected = json!({"company_uuid": product.company, "bind_code": code, "valid_until": "2024-01-22T10:30:00Z"});
    assert_eq!(response, expected);
    assert_ne!(done(&stage.address, &create).await["bind_code"], code, "each code is new");
    let stored = json!(stage.items("credentials").await).to_string();
    assert!(stored.contains(&product.company) && !stored.contains(&code), "the code is stored in the clear: {stored}");
}

#[tokio::test]
async fn unknown_products_keys_and_apps_are_not_found() {
    let unknown = "d".repeat(32);
    let commands = [
        (json!({"command": "rotate_company_token", "company_uuid": unknown}), "company_uuid: does not exist"),
        (json!({"command": "create_bind_code", "company_uuid": unknown}), "company_uuid: does not exist"),
        (json!({"command": "rotate_access_key", "access_key": "unknown"}), "access_key: does not exist"),
        (
            json!({"command": "retire_access_key_secret", "access_key": "unknown", "secret_id": "1"}),
            "access_key: does not exist",
        ),
        (json!({"command": "rotate_oauth_app", "app_id": "unknown"}), "app_id: does not exist"),
        (json!({"command": "retire_oauth_app_secret", "app_id": "unknown", "secret_id": "1"}), "app_id: does not exist"),
        (
            json!({"command": "show_access_key", "product_id": "unknown", "company_uuid": unknown}),
            "company_uuid: has no access key of this product",
        ),
    ];
    for (command, message) in commands {
        fails(world(), &command, "NotFound", message).await;
    }
}

#[tokio::test]
async fn an_invalid_command_is_rejected_with_every_fault_named() {
    const URL: &str = "callback_url: must be an http or https URL of at most 2048 characters";
    let app = |callback: &str| {
        json!({
            "command": "create_oauth_app", "product_id": "p", "company_uuid": "d".repeat(32), "name": "n",
            "callback_url": callback,
        })
    };
    let commands = [
        (json!({"command": "create_product"}), "product_id: is required; name: is required"),
        (
            json!({"command": "create_product", "product_id": "a/b", "name": " "}),
            "product_id: must be 1 to 64 characters without control characters or /; name: must not be empty",
        ),
        (json!({"command": "create_access_key"}), "product_id: is required; company_uuid: is required"),
        (json!({"command": "show_access_key"}), "product_id: is required; company_uuid: is required"),
        (json!({"command": "rotate_access_key"}), "access_key: is required"),
        (json!({"command": "retire_access_key_secret"}), "access_key: is required; secret_id: is required"),
        (json!({"command": "rotate_company_token", "company_uuid": "x"}), "company_uuid: must be 32 hex digits"),
        (
            json!({"command": "create_oauth_app"}),
            "product_id: is required; company_uuid: is required; name: is required; callback_url: is required",
        ),
        (app("javascript:alert(1)"), URL),
        (app("https://user@app.example.com/"), URL),
        (app("https://app.example.com/#top"), "callback_url: must not have a fragment"),
        (json!({"command": "rotate_oauth_app"}), "app_id: is required"),
        (json!({"command": "retire_oauth_app_secret"}), "app_id: is required; secret_id: is required"),
        (json!({"command": "create_bind_code", "company_uuid": 7}), "company_uuid: must be a string"),
        (json!({"command": "create_bind_code", "company_uuid": "d".repeat(32), "days": 1}), "days: is not known"),
    ];
    for (command, message) in commands {
        fails(world(), &command, "Invalid", message).await;
    }
}
