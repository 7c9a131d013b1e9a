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
use crate::edge::{Caller, Failure, Problem, Reply, Segment, Success};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(get_dictionary))
        .routes(routes!(list_positions))
        .routes(routes!(list_handlers))
        .routes(routes!(list_companies))
}

#[derive(Serialize, ToSchema)]
struct EntryView {
    #[schema(value_type = String, example = "junior")]
    dict_key: Text<1, 64>,
    #[schema(value_type = String, example = "初中")]
    dict_value: Text<1, 64>,
}

/// 获取字典: an unknown one is empty
#[utoipa::path(get, path = "/dict/{dict_item}", tag = "其他", params(("dict_item" = String, Path)),
    responses((status = 200, body = Success<Vec<EntryView>>), (status = "default", body = Problem)))]
async fn get_dictionary(
    State(app): State<App>,
    Caller(worker): Caller,
    Segment(name): Segment,
) -> Result<Reply<Vec<EntryView>>, Failure> {
    let entries = app.dictionary(&worker.platform, &name).await?;
    Ok(Reply(entries.into_iter().map(|Entry { dict_key, dict_value, .. }| EntryView { dict_key, dict_value }).collect()))
}

/// 获取所有岗位
#[utoipa::path(get, path = "/work_pos", tag = "其他",
    responses((status = 200, body = Success<Vec<String>>), (status = "default", body = Problem)))]
async fn list_positions(State(app): State<App>, Caller(worker): Caller) -> Result<Reply<Vec<Text<1, 64>>>, Failure> {
    Ok(Reply(app.positions(&worker.platform).await?))
}

#[derive(Serialize, ToSchema)]
struct HandlerView {
    #[schema(value_type = i64, example = 12)]
    id: Number,
    name: String,
}

/// 获取所有处理人(人事专员)
#[utoipa::path(get, path = "/handlers", tag = "其他",
    responses((status = 200, body = Success<Vec<HandlerView>>), (status = "default", body = Problem)))]
async fn list_handlers(State(app): State<App>, Caller(worker): Caller) -> Result<Reply<Vec<HandlerView>>, Failure> {
    let view = |handler: Handler| {
        // A handler without a name appears under their username.
        let name = if handler.name.as_str().is_empty() { handler.username.as_str() } else { handler.name.as_str() };
        HandlerView { id: handler.handler_id, name: name.to_owned() }
    };
    Ok(Reply(app.list_enabled(&worker.platform).await?.into_iter().map(view).collect()))
}

#[derive(Serialize, ToSchema)]
struct CompanyView {
    #[schema(value_type = i64, example = 12)]
    id: Number,
    #[schema(value_type = String)]
    company_name: Text<1, 64>,
}

/// 获取所有用人单位
#[utoipa::path(get, path = "/companies", tag = "其他",
    responses((status = 200, body = Success<Vec<CompanyView>>), (status = "default", body = Problem)))]
async fn list_companies(State(app): State<App>, Caller(worker): Caller) -> Result<Reply<Vec<CompanyView>>, Failure> {
    let view = |Company { company_id, company_name, .. }: Company| CompanyView { id: company_id, company_name };
    Ok(Reply(app.list_enabled(&worker.platform).await?.into_iter().map(view).collect()))
}
