//! What platforms offer to workers, as staff read it: with what is disabled.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::Result;
use shared::signing::Service;
use shared::signing::applications::Reach;
use shared::signing::directory::{Company, Contract, Handler, Listed};
use shared::signing::values::{Number, PlatformCode};
use shared::staff::roles::Role;
use shared::storage::listing::{Order, PageOf};
use shared::values::Text;
use shared::values::input::Faults;

use super::directory::view_of;
use super::scope::Scope;
use crate::command::{Command, Invocation, run};
use crate::listing::{Direction, Limit, OnePage, page, page_of};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::reads("list_platforms", "Lists the platforms", |admin, by, fields| {
        run(fields, |read| list_platforms(&admin.signing, by, read))
    })
    .by(READERS)
    .fields("limit? order? cursor?", r#"{"limit": 100}"#)
    .sorted(Order::Ascending),
    Command::reads("list_companies", "Lists the companies of a platform", |admin, by, fields| {
        run(fields, |read| list_companies(&admin.signing, by, read))
    })
    .by(READERS)
    .fields(PAGE, OF_PLATFORM)
    .sorted(Order::Ascending),
    Command::reads("list_handlers", "Lists the handlers of a platform", |admin, by, fields| {
        run(fields, |read| list_handlers(&admin.signing, by, read))
    })
    .by(READERS)
    .fields(PAGE, OF_PLATFORM)
    .sorted(Order::Ascending),
    Command::reads("list_contracts", "Lists the contracts of a platform", |admin, by, fields| {
        run(fields, |read| list_contracts(&admin.signing, by, read))
    })
    .by(READERS)
    .fields(PAGE, OF_PLATFORM)
    .sorted(Order::Ascending),
    Command::reads("list_positions", "Lists the positions of a platform", |admin, by, fields| {
        run(fields, |read| list_positions(&admin.signing, by, read))
    })
    .by(READERS)
    .fields("platform_code", r#"{"platform_code": "gongqiao"}"#),
    Command::reads("list_dictionaries", "Lists the dictionaries that a platform has replaced", |admin, by, fields| {
        run(fields, |read| list_dictionaries(&admin.signing, by, read))
    })
    .by(READERS)
    .fields(PAGE, OF_PLATFORM)
    .sorted(Order::Ascending),
];

const PAGE: &str = "platform_code limit? order? cursor?";
const OF_PLATFORM: &str = r#"{"platform_code": "gongqiao", "limit": 100}"#;

const READERS: &[Role] = &[Role::Reviewer, Role::Admin, Role::Auditor];
/// Whose reads are not limited to what they are assigned to.
const READS_ALL: &[Role] = &[Role::Admin, Role::Auditor];

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ListOfPlatform {
    platform_code: PlatformCode,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 512>>,
    #[deserr(default)]
    order: Option<Direction>,
}

impl ListOfPlatform {
    fn page(&self) -> PageOf<'_> {
        page_of(&self.limit, self.cursor.as_ref(), self.order, Order::Ascending)
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct OfPlatform {
    platform_code: PlatformCode,
}

/// For a reviewer, a page has only what the reviewer is assigned to, and may be empty although another one follows.
async fn list_platforms(service: &Service, by: &Invocation, list: OnePage) -> Result<Value> {
    let scope = Scope::of(by, READS_ALL);
    let mut listed = service.list_platforms(&list.page(Order::Ascending)).await?;
    listed.list.retain(|platform| PlatformCode::parse(&platform.code).is_ok_and(|code| scope.on(&code).is_ok()));
    Ok(page("platforms", listed, |platform| view_of(&platform)))
}

async fn list_companies(service: &Service, by: &Invocation, list: ListOfPlatform) -> Result<Value> {
    self::list(service, by, list, "companies", |company: &Company| Some(company.company_id), |company| json!(company)).await
}

async fn list_contracts(service: &Service, by: &Invocation, list: ListOfPlatform) -> Result<Value> {
    self::list(service, by, list, "contracts", |contract: &Contract| Some(contract.company_id), |contract| json!(contract))
        .await
}

async fn list_handlers(service: &Service, by: &Invocation, list: ListOfPlatform) -> Result<Value> {
    let view = |handler: Handler| {
        let phone = by.sight.phone(handler.phone.as_str());
        let mut view = json!(handler);
        view["phone"] = json!(phone);
        view
    };
    self::list(service, by, list, "handlers", |_| None, view).await
}

/// A page of the records of a kind. `company` says of which company a record is, if it is of one.
async fn list<T: Listed>(
    service: &Service,
    by: &Invocation,
    list: ListOfPlatform,
    name: &str,
    company: impl Fn(&T) -> Option<Number>,
    view: impl Fn(T) -> Value,
) -> Result<Value> {
    let reach: Reach<'_> = Scope::of(by, READS_ALL).on(&list.platform_code)?;
    let mut listed = service.list_all::<T>(&list.platform_code, &list.page()).await?;
    listed.list.retain(|record| company(record).is_none_or(|company| reach.covers(company)));
    Ok(page(name, listed, view))
}

async fn list_positions(service: &Service, by: &Invocation, OfPlatform { platform_code }: OfPlatform) -> Result<Value> {
    Scope::of(by, READS_ALL).on(&platform_code)?;
    Ok(json!({"positions": service.all_positions(&platform_code).await?}))
}

async fn list_dictionaries(service: &Service, by: &Invocation, list: ListOfPlatform) -> Result<Value> {
    Scope::of(by, READS_ALL).on(&list.platform_code)?;
    let listed = service.list_dictionaries(&list.platform_code, &list.page()).await?;
    Ok(page("dictionaries", listed, |dictionary| json!({"dict_item": dictionary.name, "entries": dictionary.entries})))
}
