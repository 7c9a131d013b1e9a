//! The commands that manage the webhooks of products (docs/design/webhooks.md).
//!
//! Staff see where events go and what became of them, and neither their data nor what receivers answered: that is for the product.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::Result;
use shared::hris::Service;
use shared::hris::scopes::Scope;
use shared::hris::values::{Code, Uuid};
use shared::hris::webhooks::{Attempt, Event, EventTypes, Put, Settings, Webhook};
use shared::outbound::receivers::Address;
use shared::staff::roles::Role;
use shared::storage::audit::Act;
use shared::storage::listing::Order;
use shared::values::input::Faults;
use shared::values::{Mobile, Moment, Text, mask};

use crate::command::{Command, run};
use crate::hris::ProductAndCompany;
use crate::hris_credentials::List;
use crate::listing::{Direction, Limit, page, page_of};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::reads("list_webhooks", "Lists the webhooks, of all companies or of one", |admin, _, fields| {
        run(fields, |read| list_webhooks(&admin.hris, read))
    })
    .by(&[Role::Admin, Role::Auditor])
    .fields("company_uuid? limit? order? cursor?", r#"{"company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f"}"#)
    .sorted(Order::Ascending),
    Command::reads("show_webhook", "Shows the webhook of a product for a company", |admin, _, fields| {
        run(fields, |read| show_webhook(&admin.hris, read))
    })
    .by(&[Role::Admin, Role::Auditor])
    .fields("product_id company_uuid", ONE),
    Command::changes(
        "put_webhook",
        "Makes the webhook of a product for a company, or replaces its settings; a new secret is returned only here",
        |admin, by, fields| run(fields, |read| put_webhook(&admin.hris, &by.act, read)),
    )
    .by(&[Role::Admin])
    .after_step_up()
    .fields(
        "product_id company_uuid address event_types scopes? batches? contact_mobile? rotate? drop_old_secret?",
        r#"{"product_id": "attendance", "company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f", "address": "https://example.com/events", "event_types": ["employee_created", "employee_updated"]}"#,
    ),
    Command::changes("delete_webhook", "Removes a webhook with its events", |admin, by, fields| {
        run(fields, |read| delete_webhook(&admin.hris, &by.act, read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("product_id company_uuid", ONE),
    Command::changes("suspend_webhook", "Sends no more events to a webhook; they wait", |admin, by, fields| {
        run(fields, |read| suspend_webhook(&admin.hris, &by.act, read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("product_id company_uuid", ONE),
    Command::changes("resume_webhook", "Sends events to a webhook again, and those that wait", |admin, by, fields| {
        run(fields, |read| resume_webhook(&admin.hris, &by.act, read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("product_id company_uuid", ONE),
    Command::changes("test_webhook", "Sends a test event to a webhook", |admin, by, fields| {
        run(fields, |read| test_webhook(&admin.hris, &by.act, read))
    })
    .by(&[Role::Admin])
    .fields("product_id company_uuid", ONE),
    Command::reads("list_webhook_events", "Lists the events of a webhook, the newest first", |admin, _, fields| {
        run(fields, |read| list_webhook_events(&admin.hris, read))
    })
    .by(&[Role::Admin, Role::Auditor])
    .fields("product_id company_uuid limit? order? cursor?", ONE)
    .sorted(Order::Descending),
    Command::reads("show_webhook_event", "Shows an event of a webhook with its attempts", |admin, _, fields| {
        run(fields, |read| show_webhook_event(&admin.hris, read))
    })
    .by(&[Role::Admin, Role::Auditor])
    .fields("product_id company_uuid event_id", EVENT),
    Command::changes("replay_webhook_event", "Sends an event again, with the id that it has", |admin, by, fields| {
        run(fields, |read| replay_webhook_event(&admin.hris, &by.act, read))
    })
    .by(&[Role::Admin])
    .fields("product_id company_uuid event_id", EVENT),
    Command::changes(
        "replay_webhook_events",
        "Sends all events of a webhook since a time again, with the ids that they have",
        |admin, by, fields| run(fields, |read| replay_webhook_events(&admin.hris, &by.act, read)),
    )
    .by(&[Role::Admin])
    .after_step_up()
    .fields(
        "product_id company_uuid since",
        r#"{"product_id": "attendance", "company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f", "since": "2026-11-30T00:00:00Z"}"#,
    ),
];

const ONE: &str = r#"{"product_id": "attendance", "company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f"}"#;
const EVENT: &str = r#"{"product_id": "attendance", "company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f", "event_id": "evt_00124345679012345a1b2c3d4000"}"#;

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct PutWebhook {
    product_id: Code,
    company_uuid: Uuid,
    address: Address,
    event_types: EventTypes,
    #[deserr(default)]
    scopes: Option<Vec<Scope>>,
    #[deserr(default)]
    batches: bool,
    #[deserr(default)]
    contact_mobile: Option<Mobile>,
    #[deserr(default)]
    rotate: bool,
    #[deserr(default)]
    drop_old_secret: bool,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ListEvents {
    product_id: Code,
    company_uuid: Uuid,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 512>>,
    #[deserr(default)]
    order: Option<Direction>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct NamedEvent {
    product_id: Code,
    company_uuid: Uuid,
    event_id: Text<1, 64>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Since {
    product_id: Code,
    company_uuid: Uuid,
    since: Moment,
}

async fn list_webhooks(service: &Service, list: List) -> Result<Value> {
    let listed = service.list_webhooks(list.company_uuid.as_ref(), &list.page()).await?;
    Ok(page("webhooks", listed, view))
}

async fn show_webhook(service: &Service, ProductAndCompany { product_id, company_uuid }: ProductAndCompany) -> Result<Value> {
    Ok(view(service.webhook(&company_uuid, &product_id).await?))
}

async fn put_webhook(service: &Service, act: &Act, read: PutWebhook) -> Result<Value> {
    let PutWebhook { product_id, company_uuid, address, event_types, scopes, batches, contact_mobile, rotate, drop_old_secret } =
        read;
    let event_types = event_types.0;
    let settings = Settings { address, event_types, scopes, batches, contact_mobile, rotate, drop_old_secret };
    let Put { webhook, secret } = service.put_webhook_by(act, &company_uuid, &product_id, &settings).await?;
    let mut shown = view(webhook);
    if let Some(secret) = secret {
        shown["secret"] = secret.expose().as_str().into();
    }
    Ok(shown)
}

async fn delete_webhook(service: &Service, act: &Act, read: ProductAndCompany) -> Result<Value> {
    let ProductAndCompany { product_id, company_uuid } = read;
    service.delete_webhook_by(act, &company_uuid, &product_id).await?;
    Ok(json!({"product_id": product_id, "company_uuid": company_uuid, "deleted": true}))
}

async fn suspend_webhook(service: &Service, act: &Act, read: ProductAndCompany) -> Result<Value> {
    Ok(view(service.suspend_webhook(act, &read.company_uuid, &read.product_id).await?))
}

async fn resume_webhook(service: &Service, act: &Act, read: ProductAndCompany) -> Result<Value> {
    Ok(view(service.resume_webhook(act, &read.company_uuid, &read.product_id).await?))
}

async fn test_webhook(service: &Service, act: &Act, read: ProductAndCompany) -> Result<Value> {
    service.send_test_event(act, &read.company_uuid, &read.product_id).await?;
    Ok(accepted())
}

async fn list_webhook_events(service: &Service, read: ListEvents) -> Result<Value> {
    let asked = page_of(&read.limit, read.cursor.as_ref(), read.order, Order::Descending);
    let listed = service.list_events(&read.company_uuid, &read.product_id, &asked).await?;
    Ok(page("events", listed, |event| view_event(&read.company_uuid, &read.product_id, event)))
}

async fn show_webhook_event(service: &Service, read: NamedEvent) -> Result<Value> {
    let NamedEvent { product_id, company_uuid, event_id } = read;
    let event = service.event(&company_uuid, &product_id, event_id.as_str()).await?;
    let attempts: Vec<Value> = event.attempts.iter().map(view_attempt).collect();
    let mut shown = view_event(&company_uuid, &product_id, event);
    shown["attempts"] = attempts.into();
    Ok(shown)
}

async fn replay_webhook_event(service: &Service, act: &Act, read: NamedEvent) -> Result<Value> {
    let NamedEvent { product_id, company_uuid, event_id } = read;
    service.replay_event_by(act, &company_uuid, &product_id, event_id.as_str()).await?;
    Ok(accepted())
}

async fn replay_webhook_events(
    service: &Service,
    act: &Act,
    Since { product_id, company_uuid, since }: Since,
) -> Result<Value> {
    service.replay_events_by(act, &company_uuid, &product_id, since).await?;
    Ok(accepted())
}

/// The events follow within seconds.
fn accepted() -> Value {
    json!({"accepted": true})
}

/// A webhook without its secrets, and without the path of its address.
fn view(webhook: Webhook) -> Value {
    json!({
        "product_id": webhook.product_id,
        "company_uuid": webhook.company_uuid,
        "origin": webhook.address.origin(),
        "event_types": webhook.event_types,
        "scopes": webhook.scopes,
        "batches": webhook.batches,
        "contact_mobile": webhook.contact_mobile.as_ref().map(|mobile| mask::phone(mobile.index())),
        "state": webhook.state,
        "stopped_at": webhook.stopped_at,
        "created_at": webhook.created_at,
        "secrets": crate::secrets(&webhook.secrets),
    })
}

/// An event with its last attempt.
fn view_event(company: &Uuid, product: &Code, event: Event) -> Value {
    let object = event.object().map(|(kind, id)| format!("{kind}/{id}"));
    let last = event.attempts.last();
    json!({
        "product_id": product,
        "company_uuid": company,
        "event_id": event.id,
        "event_type": event.event_type,
        "object": object,
        "state": event.state,
        "created_at": event.created_at(),
        "attempt_count": event.attempts.len(),
        "last_status": last.and_then(|attempt| attempt.status),
        "last_failure": last.and_then(|attempt| attempt.failure),
    })
}

fn view_attempt(attempt: &Attempt) -> Value {
    json!({
        "at": attempt.at,
        "milliseconds": attempt.milliseconds,
        "status": attempt.status,
        "failure": attempt.failure,
    })
}
