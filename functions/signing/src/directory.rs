//! What a worker chooses from: dictionaries, positions, handlers and companies (docs/contract/signing.txt, 3.4).
//!
//! The responses are bare arrays of the enabled records.

use axum::extract::State;
use serde::Serialize;
use shared::signing::dictionaries::Entry;
use shared::signing::directory::{Company, Handler};
use shared::signing::values::Number;
use shared::values::Text;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, Failure, Reply, Segment, Success};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(get_dictionary))
        .routes(routes!(list_positions))
        .routes(routes!(list_handlers))
        .routes(routes!(list_companies))
}

/// 字典项
#[derive(Serialize, ToSchema)]
struct EntryView {
    /// 键, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "junior")]
    dict_key: Text<1, 64>,
    /// 值, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "初中")]
    dict_value: Text<1, 64>,
}

/// 获取字典
///
/// 返回一个字典已启用的全部字典项, 例如学历的类型, 按设定的顺序; 没有这个字典时返回空数组
#[utoipa::path(get, path = "/dict/{dict_item}", tag = "其他", params(("dict_item" = String, Path,
        description = "字典名称, 最多 64 个字符: Edu_Type 学历, Marital_Status 婚姻状况, Political_Status 政治面貌, \
            Nation 民族, Acct_Type 户口类型, Relationship 与紧急联系人的关系, 或平台自定的名称")),
    responses((status = 200, body = Success<Vec<EntryView>>)))]
async fn get_dictionary(
    State(app): State<App>,
    Caller(worker): Caller,
    Segment(name): Segment,
) -> Result<Reply<Vec<EntryView>>, Failure> {
    let entries = app.dictionary(&worker.platform, &name).await?;
    Ok(Reply(entries.into_iter().map(|Entry { dict_key, dict_value, .. }| EntryView { dict_key, dict_value }).collect()))
}

/// 获取所有岗位
///
/// 返回平台已启用的全部岗位的名称, 按设定的顺序
#[utoipa::path(get, path = "/work_pos", tag = "其他",
    responses((status = 200, body = Success<Vec<String>>)))]
async fn list_positions(State(app): State<App>, Caller(worker): Caller) -> Result<Reply<Vec<Text<1, 64>>>, Failure> {
    Ok(Reply(app.positions(&worker.platform).await?))
}

/// 处理人 (人事专员)
#[derive(Serialize, ToSchema)]
struct HandlerView {
    /// 处理人 id, 提交简历时为 ad_user_id
    #[schema(value_type = i64, minimum = 1, maximum = 2_147_483_647, example = 12)]
    id: Number,
    /// 姓名; 没有姓名的为用户名
    #[schema(min_length = 1, max_length = 64)]
    name: String,
}

/// 获取所有处理人(人事专员)
///
/// 返回平台已启用的全部处理人, 按 id 从小到大
#[utoipa::path(get, path = "/handlers", tag = "其他",
    responses((status = 200, body = Success<Vec<HandlerView>>)))]
async fn list_handlers(State(app): State<App>, Caller(worker): Caller) -> Result<Reply<Vec<HandlerView>>, Failure> {
    let view = |handler: Handler| {
        // A handler without a name appears under their username.
        let name = if handler.name.as_str().is_empty() { handler.username.as_str() } else { handler.name.as_str() };
        HandlerView { id: handler.handler_id, name: name.to_owned() }
    };
    Ok(Reply(app.list_enabled(&worker.platform).await?.into_iter().map(view).collect()))
}

/// 用人单位
#[derive(Serialize, ToSchema)]
struct CompanyView {
    /// 用人单位 id
    #[schema(value_type = i64, minimum = 1, maximum = 2_147_483_647, example = 12)]
    id: Number,
    /// 用人单位名称, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    company_name: Text<1, 64>,
}

/// 获取所有用人单位
///
/// 返回平台已启用的全部用人单位, 按 id 从小到大
#[utoipa::path(get, path = "/companies", tag = "其他",
    responses((status = 200, body = Success<Vec<CompanyView>>)))]
async fn list_companies(State(app): State<App>, Caller(worker): Caller) -> Result<Reply<Vec<CompanyView>>, Failure> {
    let view = |Company { company_id, company_name, .. }: Company| CompanyView { id: company_id, company_name };
    Ok(Reply(app.list_enabled(&worker.platform).await?.into_iter().map(view).collect()))
}
