//! DynamoDB on this machine: dynoxide, with the tables of `template.yaml`.

use std::path::Path;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dynoxide::Database;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::template::Template;

/// Opens the database, in memory where no file is given, and makes the tables that are not there yet.
pub fn open(file: Option<&Path>, template: &Template) -> Result<Database, String> {
    let database = match file {
        Some(file) => Database::new(&file.to_string_lossy()),
        None => Database::memory(),
    }
    .map_err(|error| format!("the database does not open: {error}"))?;
    let existing = database.list_tables(request(Value::Object(serde_json::Map::new()))?).map_err(|error| error.to_string())?;
    for table in template.tables() {
        if existing.table_names.iter().any(|name| table.create["TableName"] == **name) {
            continue;
        }
        database.create_table(request(table.create)?).map_err(|error| error.to_string())?;
        if let Some(time_to_live) = table.time_to_live {
            database.update_time_to_live(request(time_to_live)?).map_err(|error| error.to_string())?;
        }
    }
    Ok(database)
}

/// A router that hands each call on to the database that is served at this address.
pub fn router(database_url: String) -> Router {
    let http = reqwest::Client::new();
    Router::new().fallback(async move |headers: HeaderMap, body: Bytes| hand_on(&http, &database_url, &headers, body).await)
}

async fn hand_on(http: &reqwest::Client, url: &str, headers: &HeaderMap, body: Bytes) -> Response {
    let mut request = http.post(url).body(body);
    for (name, value) in headers.iter().filter(|(name, _)| ![header::HOST, header::CONTENT_LENGTH].contains(name)) {
        request = request.header(name, value);
    }
    let answer = async {
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        answer.bytes().await.map(|body| (status, headers, body))
    };
    match answer.await {
        Ok((status, headers, body)) => {
            let content_type = headers.get(header::CONTENT_TYPE).cloned();
            let content_type = content_type.map(|content_type| [(header::CONTENT_TYPE, content_type)]);
            (status, content_type.into_iter().flatten().collect::<HeaderMap>(), body).into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Serves it until the process ends.
pub async fn serve(listener: TcpListener, database: Database) {
    dynoxide::server::serve_on(listener, database).await;
}

fn request<T: DeserializeOwned>(body: Value) -> Result<T, String> {
    serde_json::from_value(body).map_err(|error| error.to_string())
}
