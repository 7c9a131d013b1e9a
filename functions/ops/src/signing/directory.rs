//! Platforms and what they offer: companies, handlers, contracts, positions and dictionaries.

use crate::command::{Command, run};
use deserr::Deserr;
use serde::Serialize;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::signing::Service;
use shared::signing::dictionaries::Entry;
use shared::signing::directory::{Company, Contract, Handler, Listed, Platform, Position};
use shared::signing::values::{Enabled, Number, PlatformCode, enabled};
use shared::staff::roles::Role;
use shared::storage::audit::Act;
use shared::values::input::Faults;
use shared::values::{Int, Text, Url, Uuid};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::changes("set_platform", "Creates or replaces a platform", |admin, by, fields| run(fields, |read| set_platform(&admin.signing, &by.act, read)))
        .by(&[Role::Admin])
        .fields("platform_code name status? require_verified? company_uuid?", r#"{"platform_code": "gongqiao", "name": "工桥", "require_verified": true}"#),
    Command::changes("set_company", "Creates or replaces a company of a platform", |admin, by, fields| run(fields, |read| set_company(&admin.signing, &by.act, read)))
        .by(&[Role::Admin])
        .fields("platform_code company", r#"{"platform_code": "gongqiao", "company": {"company_id": 1, "company_name": "工桥餐饮"}}"#),
    Command::changes("set_handler", "Creates or replaces a handler of a platform", |admin, by, fields| run(fields, |read| set_handler(&admin.signing, &by.act, read)))
        .by(&[Role::Admin])
        .fields("platform_code handler", r#"{"platform_code": "gongqiao", "handler": {"handler_id": 1, "username": "zhangsan"}}"#),
    Command::changes("set_contract", "Creates or replaces a contract of a platform", |admin, by, fields| run(fields, |read| set_contract(&admin.signing, &by.act, read)))
        .by(&[Role::Admin])
        .fields("platform_code contract", r#"{"platform_code": "gongqiao", "contract": {"contract_id": 1, "contract_name": "劳动合同", "contract_body": "工桥餐饮", "company_id": 1, "sign_year": 1, "file_url": "https://example.com/contract.pdf"}}"#),
    Command::changes("set_positions", "Replaces the positions of a platform", |admin, by, fields| run(fields, |read| set_positions(&admin.signing, &by.act, read)))
        .by(&[Role::Admin])
        .fields("platform_code positions", r#"{"platform_code": "gongqiao", "positions": [{"name": "服务员"}]}"#),
    Command::changes("set_dictionary", "Replaces a dictionary of a platform", |admin, by, fields| run(fields, |read| set_dictionary(&admin.signing, &by.act, read)))
        .by(&[Role::Admin])
        .fields("platform_code dict_item entries", r#"{"platform_code": "gongqiao", "dict_item": "nation", "entries": [{"dict_key": "01", "dict_value": "汉族"}]}"#),
];

/// The most positions, and the most entries of a dictionary: one item holds the whole list.
const MAX_ENTRIES: usize = 300;

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SetPlatform {
    platform_code: PlatformCode,
    name: Text<1, 64>,
    #[deserr(default = enabled())]
    status: Enabled,
    #[deserr(default = true)]
    require_verified: bool,
    #[deserr(default)]
    company_uuid: Option<Uuid>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SetCompany {
    platform_code: PlatformCode,
    company: CompanyBody,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SetHandler {
    platform_code: PlatformCode,
    handler: HandlerBody,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SetContract {
    platform_code: PlatformCode,
    contract: ContractBody,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SetPositions {
    platform_code: PlatformCode,
    positions: Vec<PositionBody>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SetDictionary {
    platform_code: PlatformCode,
    dict_item: Text<1, 64>,
    entries: Vec<EntryBody>,
}

#[derive(Clone, Serialize, Deserr)]
#[deserr(error = Faults)]
struct CompanyBody {
    company_id: Number,
    company_name: Text<1, 64>,
    #[deserr(default = enabled())]
    status: Enabled,
}

impl From<CompanyBody> for Company {
    fn from(CompanyBody { company_id, company_name, status }: CompanyBody) -> Self {
        Self { company_id, company_name, status }
    }
}

#[derive(Clone, Serialize, Deserr)]
#[deserr(error = Faults)]
struct HandlerBody {
    handler_id: Number,
    username: Text<1, 32>,
    #[deserr(default)]
    name: Text<0, 64>,
    #[deserr(default)]
    phone: Text<0, 16>,
    #[deserr(default)]
    email: Text<0, 64>,
    #[deserr(default = enabled())]
    status: Enabled,
}

impl From<HandlerBody> for Handler {
    fn from(HandlerBody { handler_id, username, name, phone, email, status }: HandlerBody) -> Self {
        Self { handler_id, username, name, phone, email, status }
    }
}

#[derive(Clone, Serialize, Deserr)]
#[deserr(error = Faults)]
struct ContractBody {
    contract_id: Number,
    contract_name: Text<1, 32>,
    contract_body: Text<1, 32>,
    company_id: Number,
    sign_year: Int<0, 99>,
    file_url: Url,
    #[deserr(default = enabled())]
    status: Enabled,
}

impl From<ContractBody> for Contract {
    fn from(body: ContractBody) -> Self {
        let ContractBody { contract_id, contract_name, contract_body, company_id, sign_year, file_url, status } = body;
        Self { contract_id, contract_name, contract_body, company_id, sign_year, file_url, status }
    }
}

#[derive(Clone, Serialize, Deserr)]
#[deserr(error = Faults)]
struct PositionBody {
    name: Text<1, 64>,
    #[deserr(default = enabled())]
    status: Enabled,
}

impl From<PositionBody> for Position {
    fn from(PositionBody { name, status }: PositionBody) -> Self {
        Self { name, status }
    }
}

#[derive(Clone, Serialize, Deserr)]
#[deserr(error = Faults)]
struct EntryBody {
    dict_key: Text<1, 64>,
    dict_value: Text<1, 64>,
    #[deserr(default = enabled())]
    status: Enabled,
}

impl From<EntryBody> for Entry {
    fn from(EntryBody { dict_key, dict_value, status }: EntryBody) -> Self {
        Self { dict_key, dict_value, status }
    }
}

pub async fn set_platform(service: &Service, act: &Act, set: SetPlatform) -> Result<Value> {
    let SetPlatform { platform_code, name, status, require_verified, company_uuid } = set;
    let platform = Platform { code: platform_code.as_str().to_owned(), name, status, require_verified, company_uuid };
    service.set_platform(act, &platform_code, &platform).await?;
    Ok(view_of(&platform))
}

/// A platform as commands return it.
pub fn view_of(Platform { code, name, status, require_verified, company_uuid }: &Platform) -> Value {
    json!({
        "platform_code": code, "name": name, "status": status, "require_verified": require_verified, "company_uuid": company_uuid,
    })
}

pub async fn set_company(service: &Service, act: &Act, SetCompany { platform_code, company }: SetCompany) -> Result<Value> {
    set::<_, Company>(service, act, &platform_code, company).await
}

pub async fn set_handler(service: &Service, act: &Act, SetHandler { platform_code, handler }: SetHandler) -> Result<Value> {
    set::<_, Handler>(service, act, &platform_code, handler).await
}

pub async fn set_contract(service: &Service, act: &Act, SetContract { platform_code, contract }: SetContract) -> Result<Value> {
    set::<_, Contract>(service, act, &platform_code, contract).await
}

async fn set<B: Clone + Serialize, T: Listed + From<B>>(
    service: &Service,
    act: &Act,
    platform: &PlatformCode,
    body: B,
) -> Result<Value> {
    service.set_listed(act, platform, &T::from(body.clone())).await?;
    Ok(json!({"platform_code": platform, T::KIND: body}))
}

pub async fn set_positions(
    service: &Service,
    act: &Act,
    SetPositions { platform_code, positions }: SetPositions,
) -> Result<Value> {
    check_length("positions", positions.len())?;
    let stored: Vec<Position> = positions.iter().cloned().map(Position::from).collect();
    service.set_positions(act, &platform_code, &stored).await?;
    Ok(json!({"platform_code": platform_code, "positions": positions}))
}

fn check_length(field: &str, length: usize) -> Result<()> {
    if length > MAX_ENTRIES {
        return Err(Error::invalid([Fault::new(field, format!("must not have more than {MAX_ENTRIES} elements"))]));
    }
    Ok(())
}

pub async fn set_dictionary(service: &Service, act: &Act, set: SetDictionary) -> Result<Value> {
    let SetDictionary { platform_code, dict_item, entries } = set;
    check_length("entries", entries.len())?;
    let stored: Vec<Entry> = entries.iter().cloned().map(Entry::from).collect();
    service.set_dictionary(act, &platform_code, &dict_item, &stored).await?;
    Ok(json!({"platform_code": platform_code, "dict_item": dict_item, "entries": entries}))
}
