//! DynamoDB on this machine: dynoxide, with the tables of `template.yaml`.

use std::path::Path;

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

/// Serves it until the process ends.
pub async fn serve(listener: TcpListener, database: Database) {
    dynoxide::server::serve_on(listener, database).await;
}

fn request<T: DeserializeOwned>(body: Value) -> Result<T, String> {
    serde_json::from_value(body).map_err(|error| error.to_string())
}
