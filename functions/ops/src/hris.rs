//! The commands that administer the HR API (docs/design/hris.md): products, their keys and apps, company tokens, bind codes.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::crypto::credentials::NewSecret;
use shared::error::{Error, Fault, Result};
use shared::hris::Service;
use shared::hris::scopes::{Scope, Scopes};
use shared::hris::values::{Code, Uuid};
use shared::storage::audit::Act;
use shared::values::input::Faults;
use shared::values::{RecordId, Text, Url};

use crate::command::{Command, run};
use crate::hris_credentials::{NamedApp, NamedKey, view_app, view_key};
use shared::staff::roles::Role;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::changes("create_product", "Creates a product", |admin, by, fields| run(fields, |read| create_product(&admin.hris, &by.act, read)))
        .by(&[Role::Admin])
        .after_step_up()
        .fields("product_id name", r#"{"product_id": "attendance", "name": "考勤"}"#),
    Command::changes("create_access_key", "Creates the access key of a product for a company; its secret is returned only here", |admin, by, fields| run(fields, |read| create_access_key(&admin.hris, &by.act, read)))
        .by(&[Role::Admin])
        .after_step_up()
        .fields("product_id company_uuid", r#"{"product_id": "attendance", "company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f"}"#),
    Command::reads("show_access_key", "Shows the access key of a product for a company", |admin, _, fields| run(fields, |read| show_access_key(&admin.hris, read)))
        .by(&[Role::Admin, Role::Auditor])
        .fields("product_id company_uuid", r#"{"product_id": "attendance", "company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f"}"#),
    Command::changes("rotate_access_key", "Adds a secret; the old one stays valid until it is retired", |admin, by, fields| run(fields, |read| rotate_access_key(&admin.hris, &by.act, read)))
        .by(&[Role::Admin])
        .after_step_up()
        .fields("access_key", r#"{"access_key": "ak1"}"#),
    Command::changes("retire_access_key_secret", "Ends a secret of an access key", |admin, by, fields| run(fields, |read| retire_access_key(&admin.hris, &by.act, read)))
        .by(&[Role::Admin])
        .after_step_up()
        .fields("access_key secret_id", r#"{"access_key": "ak1", "secret_id": "s1"}"#),
    Command::changes("rotate_company_token", "Replaces the token of a company", |admin, by, fields| run(fields, |read| rotate_company_token(&admin.hris, &by.act, read)))
        .by(&[Role::Admin])
        .after_step_up()
        .fields("company_uuid", r#"{"company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f"}"#),
    Command::changes("create_oauth_app", "Creates an app of a product for a company; its secret is returned only here", |admin, by, fields| run(fields, |read| create_oauth_app(&admin.hris, &by.act, read)))
        .by(&[Role::Admin])
        .after_step_up()
        .fields("product_id company_uuid name callback_url scopes?", r#"{"product_id": "attendance", "company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f", "name": "考勤", "callback_url": "https://example.com/callback", "scopes": ["employees"]}"#),
    Command::changes("rotate_oauth_app", "Adds a secret; the old one stays valid until it is retired", |admin, by, fields| run(fields, |read| rotate_oauth_app(&admin.hris, &by.act, read)))
        .by(&[Role::Admin])
        .after_step_up()
        .fields("app_id", r#"{"app_id": "app1"}"#),
    Command::changes("retire_oauth_app_secret", "Ends a secret of an app", |admin, by, fields| run(fields, |read| retire_oauth_app_secret(&admin.hris, &by.act, read)))
        .by(&[Role::Admin])
        .after_step_up()
        .fields("app_id secret_id", r#"{"app_id": "app1", "secret_id": "s1"}"#),
    Command::changes("create_bind_code", "Creates the code by which a product is bound to a company", |admin, by, fields| run(fields, |read| create_bind_code(&admin.hris, &by.act, read)))
        .by(&[Role::Admin])
        .after_step_up()
        .fields("company_uuid", r#"{"company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f"}"#),
];

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct CreateProduct {
    product_id: Code,
    name: Text<1, 64>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ProductAndCompany {
    pub product_id: Code,
    pub company_uuid: Uuid,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct RetireKey {
    access_key: RecordId,
    secret_id: RecordId,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct CreateApp {
    product_id: Code,
    company_uuid: Uuid,
    name: Text<1, 64>,
    callback_url: Url,
    /// All, if absent.
    #[deserr(default)]
    scopes: Option<Vec<Scope>>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct RetireApp {
    app_id: RecordId,
    secret_id: RecordId,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct NamedCompany {
    company_uuid: Uuid,
}

pub async fn create_product(service: &Service, act: &Act, CreateProduct { product_id, name }: CreateProduct) -> Result<Value> {
    service.create_product(act, &product_id, &name).await?;
    Ok(json!({"product_id": product_id, "name": name}))
}

/// The response is the only one that contains the secret.
pub async fn create_access_key(
    service: &Service,
    act: &Act,
    ProductAndCompany { product_id, company_uuid }: ProductAndCompany,
) -> Result<Value> {
    let (key, secret) = service.create_access_key(act, &product_id, &company_uuid).await?;
    Ok(with_secret("access_key", &key.access_key, "secret_key", &secret))
}

/// The old secret stays valid until it is retired.
pub async fn rotate_access_key(service: &Service, act: &Act, NamedKey { access_key }: NamedKey) -> Result<Value> {
    let secret = service.rotate_access_key(act, &access_key).await?;
    Ok(with_secret("access_key", &access_key, "secret_key", &secret))
}

pub async fn retire_access_key(service: &Service, act: &Act, RetireKey { access_key, secret_id }: RetireKey) -> Result<Value> {
    service.retire_access_key(act, &access_key, &secret_id).await.map(view_key)
}

pub async fn show_access_key(
    service: &Service,
    ProductAndCompany { product_id, company_uuid }: ProductAndCompany,
) -> Result<Value> {
    let key = service.access_key(&product_id, &company_uuid).await?;
    key.map(view_key).ok_or_else(|| Error::not_found([Fault::new("company_uuid", "has no access key of this product")]))
}

/// The old token becomes invalid.
pub async fn rotate_company_token(service: &Service, act: &Act, NamedCompany { company_uuid }: NamedCompany) -> Result<Value> {
    let token = service.rotate_company_token(act, &company_uuid).await?;
    Ok(json!({"company_uuid": company_uuid, "token": token.expose()}))
}

pub async fn create_oauth_app(service: &Service, act: &Act, create: CreateApp) -> Result<Value> {
    let CreateApp { product_id, company_uuid, name, callback_url, scopes } = create;
    if callback_url.as_str().contains('#') {
        return Err(Error::invalid([Fault::new("callback_url", "must not have a fragment")]));
    }
    if scopes.as_ref().is_some_and(|scopes| scopes.iter().all(|scope| *scope == Scope::Sensitive)) {
        return Err(Error::invalid([Fault::new("scopes", "must have another one than sensitive")]));
    }
    let scopes = scopes.map_or_else(Scopes::all, Scopes::from);
    let (app, secret) = service.create_oauth_app(act, &product_id, &company_uuid, name, callback_url, scopes).await?;
    Ok(with_secret("app_id", &app.app_id, "app_secret", &secret))
}

pub async fn rotate_oauth_app(service: &Service, act: &Act, NamedApp { app_id }: NamedApp) -> Result<Value> {
    let secret = service.rotate_oauth_app(act, &app_id).await?;
    Ok(with_secret("app_id", &app_id, "app_secret", &secret))
}

pub async fn retire_oauth_app_secret(
    service: &Service,
    act: &Act,
    RetireApp { app_id, secret_id }: RetireApp,
) -> Result<Value> {
    service.retire_oauth_app_secret(act, &app_id, &secret_id).await.map(view_app)
}

pub async fn create_bind_code(service: &Service, act: &Act, NamedCompany { company_uuid }: NamedCompany) -> Result<Value> {
    let code = service.create_bind_code(act, &company_uuid).await?;
    Ok(json!({"company_uuid": company_uuid, "bind_code": code.plain.expose(), "valid_until": code.valid_until}))
}

/// A response with a new secret.
fn with_secret(owner: &str, id: &RecordId, name: &str, secret: &NewSecret) -> Value {
    json!({owner: id, name: secret.plain.expose(), "secret_id": secret.secret_id})
}
