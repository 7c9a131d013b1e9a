//! DynamoDB on this machine, with the tables of `template.yaml`: the embedded engine, dynoxide, or an external one that speaks its protocol
//! and checks no signatures, such as AWS's DynamoDB Local.

use std::path::Path;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use crate::stream::Stream;
use crate::template::Template;

/// Opens the embedded engine, in memory if `file` is `None`, and creates the missing tables.
pub fn open(file: Option<&Path>, template: &Template) -> Result<Database, String> {
    let database = match file {
        Some(file) => Database::new(&file.to_string_lossy()),
        None => Database::memory(),
    }
    .map_err(|error| format!("the database does not open: {error}"))?;
    // Sets `synchronous = NORMAL`, although the name speaks of loading: a commit does not wait for the disk, and on a busy disk that wait
    // exceeds the time limits of the callers. After a power failure the last writes may be missing; the file stays consistent.
    database.disable_bulk_loading().map_err(|error| error.to_string())?;
    let existing = database.list_tables(request(json!({}))?).map_err(|error| error.to_string())?;
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

/// Creates the missing tables in an external engine; `fresh` deletes those of earlier runs first.
///
/// Items there do not expire: such an engine deletes them by the wall clock, and a system's own clock may stand still in the past.
pub async fn create_tables(url: &str, access_key: &str, template: &Template, fresh: bool) -> Result<(), String> {
    let http = reqwest::Client::new();
    let call = async |operation: &str, request: &Value| {
        let answer = http
            .post(url)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
            .header(header::AUTHORIZATION, unchecked_signature(access_key))
            .body(request.to_string());
        let answer = answer.send().await.map_err(|error| format!("DynamoDB at {url}: {error}"))?;
        let (status, body) = (answer.status(), answer.text().await.map_err(|error| error.to_string())?);
        match serde_json::from_str::<Value>(&body) {
            Ok(body) if status.is_success() => Ok(body),
            _ => Err(format!("DynamoDB at {url}: {operation}: {status} {body}")),
        }
    };
    let existing = call("ListTables", &json!({})).await?["TableNames"].take();
    for table in template.tables() {
        let name = &table.create["TableName"];
        let exists = existing.as_array().is_some_and(|names| names.contains(name));
        if exists && fresh {
            call("DeleteTable", &json!({"TableName": name})).await?;
        }
        if !exists || fresh {
            call("CreateTable", &table.create).await?;
        }
    }
    Ok(())
}

/// The access key id that separates the data of this folder from those of others: DynamoDB Local keeps a database per key id, which may
/// have letters and digits only; other emulators keep an account per key id of twelve digits.
pub fn access_key(folder: &Path) -> Result<String, String> {
    let folder = folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?;
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    Ok(digest.iter().take(12).map(|byte| char::from(b'0' + byte % 10)).collect())
}

/// What executes the calls.
#[derive(Clone)]
pub enum Engine {
    /// In this process.
    Embedded(Database),
    /// At this address, as calls that this access key signed.
    External { http: reqwest::Client, url: String, access_key: String },
}

/// A router of the calls to an engine. The stream sees what was written.
pub fn router(engine: Engine, stream: Stream) -> Router {
    Router::new().fallback(async move |headers: HeaderMap, body: Bytes| {
        let target = headers.get("x-amz-target").map(HeaderValue::to_str);
        let Some(Ok(target)) = target else { return StatusCode::BAD_REQUEST.into_response() };
        let response = match &engine {
            Engine::Embedded(database) => execute(database, target, &body),
            Engine::External { http, url, access_key } => forward(http, url, access_key, &headers, body.clone()).await,
        };
        if response.status().is_success() {
            stream.observe(target, &body);
        }
        response
    })
}

/// Serves the embedded engine alone, for measurements.
pub async fn serve(listener: TcpListener, database: Database) -> std::io::Result<()> {
    axum::serve(listener, router(Engine::Embedded(database), Stream::default())).await
}

/// Executes a call in this process: its HTTP server would take more time than the engine.
fn execute(database: &Database, target: &str, body: &[u8]) -> Response {
    let operation = target.rsplit('.').next().unwrap_or_default();
    let answer = match operation {
        "BatchGetItem" => answer(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => answer(body, |request| database.batch_write_item(request)),
        "CreateTable" => answer(body, |request| database.create_table(request)),
        "DeleteItem" => answer(body, |request| database.delete_item(request)),
        "DeleteTable" => answer(body, |request| database.delete_table(request)),
        "DescribeTable" => answer(body, |request| database.describe_table(request)),
        "DescribeTimeToLive" => answer(body, |request| database.describe_time_to_live(request)),
        "GetItem" => answer(body, |request| database.get_item(request)),
        "ListTables" => answer(body, |request| database.list_tables(request)),
        "PutItem" => answer(body, |request| database.put_item(request)),
        "Query" => answer(body, |request| database.query(request)),
        "Scan" => answer(body, |request| database.scan(request)),
        "TransactGetItems" => answer(body, |request| database.transact_get_items(request)),
        "TransactWriteItems" => answer(body, |request| database.transact_write_items(request)),
        "UpdateItem" => answer(body, |request| database.update_item(request)),
        "UpdateTable" => answer(body, |request| database.update_table(request)),
        "UpdateTimeToLive" => answer(body, |request| database.update_time_to_live(request)),
        _ => (StatusCode::BAD_REQUEST, json!({"__type": "UnknownOperationException"}).to_string()),
    };
    let (status, json) = answer;
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], json).into_response()
}

fn answer<T: DeserializeOwned, R: Serialize>(
    body: &[u8],
    call: impl FnOnce(T) -> Result<R, DynoxideError>,
) -> (StatusCode, String) {
    let invalid = |error: serde_json::Error| DynoxideError::SerializationException(error.to_string());
    let answer = serde_json::from_slice(body).map_err(invalid).and_then(call);
    match answer.and_then(|answer| serde_json::to_string(&answer).map_err(invalid)) {
        Ok(json) => (StatusCode::OK, json),
        Err(error) => (StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST), error.to_json()),
    }
}

async fn forward(http: &reqwest::Client, url: &str, access_key: &str, headers: &HeaderMap, body: Bytes) -> Response {
    let mut headers = headers.clone();
    for name in [header::HOST, header::CONTENT_LENGTH] {
        headers.remove(name);
    }
    if let (Some(signature), Ok(unchecked)) =
        (headers.get_mut(header::AUTHORIZATION), HeaderValue::try_from(unchecked_signature(access_key)))
    {
        *signature = unchecked;
    }
    let answer = async {
        let answer = http.post(url).headers(headers).body(body).send().await?;
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

/// A header in the form of a signature, for an engine that reads no more of it than the key id.
fn unchecked_signature(access_key: &str) -> String {
    let scope = format!("Credential={access_key}/20260101/us-east-1/dynamodb/aws4_request");
    format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=0")
}

fn request<T: DeserializeOwned>(body: Value) -> Result<T, String> {
    serde_json::from_value(body).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn listen() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (listener, url)
    }

    #[tokio::test]
    async fn an_external_engine_gets_the_missing_tables() {
        let database = Database::memory().unwrap();
        let (listener, url) = listen().await;
        tokio::spawn(serve(listener, database.clone()));
        let template = Template::read().unwrap();
        let count = || database.list_tables(request(json!({})).unwrap()).unwrap().table_names.len();
        let key = json!({"pk": {"S": "a"}, "sk": {"S": "b"}});
        let is_stored = || {
            let get = request(json!({"TableName": "channel", "Key": key})).unwrap();
            database.get_item(get).unwrap().item.is_some()
        };
        create_tables(&url, "123456789012", template, false).await.unwrap();
        assert_eq!(count(), template.tables().len());
        database.put_item(request(json!({"TableName": "channel", "Item": key})).unwrap()).unwrap();
        create_tables(&url, "123456789012", template, false).await.unwrap();
        assert_eq!((count(), is_stored()), (template.tables().len(), true));
        create_tables(&url, "123456789012", template, true).await.unwrap();
        assert_eq!((count(), is_stored()), (template.tables().len(), false));
    }

    #[tokio::test]
    async fn an_external_engine_that_is_unreachable_is_an_error() {
        let (listener, url) = listen().await;
        drop(listener);
        let error = create_tables(&url, "123456789012", Template::read().unwrap(), false).await.unwrap_err();
        assert!(error.starts_with(&format!("DynamoDB at {url}: ")), "{error}");
    }

    #[test]
    fn each_folder_has_its_own_access_key() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = access_key(one.path()).unwrap();
        assert!(key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit()), "{key}");
        assert_eq!(access_key(one.path()).unwrap(), key);
        assert_ne!(access_key(other.path()).unwrap(), key);
    }

    #[tokio::test]
    async fn a_forwarded_call_is_signed_with_the_access_key_of_the_folder() {
        let (listener, url) = listen().await;
        let echo = async |headers: HeaderMap| headers[header::AUTHORIZATION].to_str().unwrap().to_owned();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(echo)).await.unwrap() });
        let call = Request::post("/")
            .header("x-amz-target", "DynamoDB_20120810.GetItem")
            .header(header::AUTHORIZATION, "AWS4-HMAC-SHA256 Credential=channel-users/1/r/s/aws4_request");
        let engine = Engine::External { http: reqwest::Client::new(), url, access_key: "123456789012".into() };
        let response = router(engine, Stream::default()).oneshot(call.body(Body::empty()).unwrap()).await.unwrap();
        let body = to_bytes(response.into_body(), 1024).await.unwrap();
        assert_eq!(*body, *unchecked_signature("123456789012").as_bytes());
    }
}
