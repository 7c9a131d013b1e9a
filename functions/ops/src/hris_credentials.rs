//! The commands that list and end the credentials of the HR API (docs/design/hris.md): access keys, apps, products, grants.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::hris::Service;
use shared::hris::access::AccessKey;
use shared::hris::grants::{Grant, GrantsOf};
use shared::hris::oauth::App;
use shared::hris::products::Product;
use shared::hris::values::{Code, Uuid};
use shared::storage::audit::Act;
use shared::storage::listing::{Order, PageOf};
use shared::values::input::Faults;
use shared::values::{Id, RecordId, Text};

use crate::command::{Command, run};
use crate::listing::{Direction, Limit, page, page_of};
use shared::staff::roles::Role;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::reads("list_access_keys", "Lists the access keys, of all companies or of one", |admin, _, fields| {
        run(fields, |read| list_access_keys(&admin.hris, read))
    })
    .by(&[Role::Admin, Role::Auditor])
    .fields("company_uuid? limit? order? cursor?", r#"{"company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f"}"#)
    .sorted(Order::Ascending),
    Command::changes(
        "disable_access_key",
        "Rejects calls with an access key, whichever of its secrets signs them",
        |admin, by, fields| run(fields, |read| disable_access_key(&admin.hris, &by.act, read)),
    )
    .by(&[Role::Admin])
    .after_step_up()
    .fields("access_key", r#"{"access_key": "ak1"}"#),
    Command::changes("enable_access_key", "Accepts calls with an access key again", |admin, by, fields| {
        run(fields, |read| enable_access_key(&admin.hris, &by.act, read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("access_key", r#"{"access_key": "ak1"}"#),
    Command::reads("list_oauth_apps", "Lists the apps, of all companies or of one", |admin, _, fields| {
        run(fields, |read| list_oauth_apps(&admin.hris, read))
    })
    .by(&[Role::Admin, Role::Auditor])
    .fields("company_uuid? limit? order? cursor?", r#"{"company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f"}"#)
    .sorted(Order::Ascending),
    Command::reads("show_oauth_app", "Shows an app", |admin, _, fields| run(fields, |read| show_oauth_app(&admin.hris, read)))
        .by(&[Role::Admin, Role::Auditor])
        .fields("app_id", r#"{"app_id": "app1"}"#),
    Command::changes(
        "disable_oauth_app",
        "Ends all grants of an app for good; it gets no new ones until it is enabled",
        |admin, by, fields| run(fields, |read| disable_oauth_app(&admin.hris, &by.act, read)),
    )
    .by(&[Role::Admin])
    .after_step_up()
    .fields("app_id", r#"{"app_id": "app1"}"#),
    Command::changes("enable_oauth_app", "Lets an app get grants again", |admin, by, fields| {
        run(fields, |read| enable_oauth_app(&admin.hris, &by.act, read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("app_id", r#"{"app_id": "app1"}"#),
    Command::changes(
        "disable_product",
        "Rejects the access keys of a product and ends all grants of its apps for good",
        |admin, by, fields| run(fields, |read| disable_product(&admin.hris, &by.act, read)),
    )
    .by(&[Role::Admin])
    .after_step_up()
    .fields("product_id", r#"{"product_id": "attendance"}"#),
    Command::changes("enable_product", "Accepts the access keys of a product again", |admin, by, fields| {
        run(fields, |read| enable_product(&admin.hris, &by.act, read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("product_id", r#"{"product_id": "attendance"}"#),
    Command::reads("list_grants", "Lists the grants of an app, or of all apps of a company", |admin, _, fields| {
        run(fields, |read| list_grants(&admin.hris, read))
    })
    .by(&[Role::Admin, Role::Auditor])
    .fields("app_id? company_uuid? limit? order? cursor?", r#"{"app_id": "app1"}"#)
    .sorted(Order::Ascending),
    Command::changes("revoke_grant", "Ends a grant for good", |admin, by, fields| {
        run(fields, |read| revoke_grant(&admin.hris, &by.act, read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("app_id grant_id", r#"{"app_id": "app1", "grant_id": "376295991951886"}"#),
];

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct NamedKey {
    pub access_key: RecordId,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct NamedApp {
    pub app_id: RecordId,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct NamedProduct {
    product_id: Code,
}

/// Without a company, the list has all of them.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct List {
    #[deserr(default)]
    pub company_uuid: Option<Uuid>,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 512>>,
    #[deserr(default)]
    order: Option<Direction>,
}

impl List {
    pub fn page(&self) -> PageOf<'_> {
        page_of(&self.limit, self.cursor.as_ref(), self.order, Order::Ascending)
    }
}

/// Of an app, or of all apps of a company.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ListGrants {
    #[deserr(default)]
    app_id: Option<RecordId>,
    #[deserr(default)]
    company_uuid: Option<Uuid>,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 512>>,
    #[deserr(default)]
    order: Option<Direction>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct NamedGrant {
    app_id: RecordId,
    grant_id: Id,
}

pub async fn list_access_keys(service: &Service, list: List) -> Result<Value> {
    let listed = service.list_access_keys(list.company_uuid.as_ref(), &list.page()).await?;
    Ok(page("access_keys", listed, view_key))
}

/// Calls with the access key are rejected, whichever of its secrets signs them.
pub async fn disable_access_key(service: &Service, act: &Act, NamedKey { access_key }: NamedKey) -> Result<Value> {
    service.disable_access_key(act, &access_key).await.map(view_key)
}

/// The secrets that the access key has are accepted again.
pub async fn enable_access_key(service: &Service, act: &Act, NamedKey { access_key }: NamedKey) -> Result<Value> {
    service.enable_access_key(act, &access_key).await.map(view_key)
}

pub async fn list_oauth_apps(service: &Service, list: List) -> Result<Value> {
    let listed = service.list_oauth_apps(list.company_uuid.as_ref(), &list.page()).await?;
    Ok(page("apps", listed, view_app))
}

pub async fn show_oauth_app(service: &Service, NamedApp { app_id }: NamedApp) -> Result<Value> {
    service.show_oauth_app(&app_id).await.map(view_app)
}

/// All grants of the app end for good, and it gets no new ones until it is enabled.
pub async fn disable_oauth_app(service: &Service, act: &Act, NamedApp { app_id }: NamedApp) -> Result<Value> {
    service.disable_oauth_app(act, &app_id).await.map(view_app)
}

pub async fn enable_oauth_app(service: &Service, act: &Act, NamedApp { app_id }: NamedApp) -> Result<Value> {
    service.enable_oauth_app(act, &app_id).await.map(view_app)
}

/// Its access keys are rejected, and all grants of its apps end for good.
pub async fn disable_product(service: &Service, act: &Act, NamedProduct { product_id }: NamedProduct) -> Result<Value> {
    service.disable_product(act, &product_id).await.map(view_product)
}

/// Its access keys are accepted again.
pub async fn enable_product(service: &Service, act: &Act, NamedProduct { product_id }: NamedProduct) -> Result<Value> {
    service.enable_product(act, &product_id).await.map(view_product)
}

pub async fn list_grants(service: &Service, list: ListGrants) -> Result<Value> {
    let ListGrants { app_id, company_uuid, limit, cursor, order } = list;
    let of = match (app_id, company_uuid) {
        (Some(app_id), None) => GrantsOf::App(app_id),
        (None, Some(company)) => GrantsOf::Company(company),
        _ => return Err(Error::invalid([Fault::new("app_id", "or company_uuid is required, and not both")])),
    };
    let listed = service.list_grants(&of, &page_of(&limit, cursor.as_ref(), order, Order::Ascending)).await?;
    Ok(page("grants", listed, view_grant))
}

pub async fn revoke_grant(service: &Service, act: &Act, NamedGrant { app_id, grant_id }: NamedGrant) -> Result<Value> {
    service.revoke_grant(act, &app_id, grant_id).await.map(view_grant)
}

/// An access key without its secrets.
pub fn view_key(key: AccessKey) -> Value {
    json!({
        "access_key": key.access_key,
        "product_id": key.product_id,
        "company_uuid": key.company_uuid,
        "enabled": key.enabled,
        "created_at": key.created_at,
        "secrets": crate::secrets(&key.secrets),
    })
}

/// An app without its secrets.
pub fn view_app(app: App) -> Value {
    json!({
        "app_id": app.app_id,
        "product_id": app.product_id,
        "company_uuid": app.company_uuid,
        "name": app.name,
        "callback_url": app.callback_url,
        "scopes": app.scopes,
        "enabled": app.enabled,
        "created_at": app.created_at,
        "secrets": crate::secrets(&app.secrets),
    })
}

pub fn view_product(Product { product_id, name, enabled }: Product) -> Value {
    json!({"product_id": product_id, "name": name, "enabled": enabled})
}

fn view_grant(grant: Grant) -> Value {
    let Grant { grant_id, basis, granted_at, expires_at, last_used_at, revoked_at, is_active } = grant;
    json!({
        "grant_id": grant_id.to_string(),
        "app_id": basis.app_id,
        "product_id": basis.product_id,
        "company_uuid": basis.company,
        "employee_uuid": basis.employee,
        "scopes": basis.scopes,
        "granted_at": granted_at,
        "expires_at": expires_at,
        "last_used_at": last_used_at,
        "revoked_at": revoked_at,
        "active": is_active,
    })
}
