//! One request to an AWS service: the function that sends it, and the rights that it needs.

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{Method, header};
use serde_json::Value;

use crate::template::Template;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    DynamoDb,
    Logs,
    S3,
    SecretsManager,
    Sns,
}

/// The KMS key of `template.yaml`, by its name in the policies.
pub(super) const KEY: &str = "key";
pub(super) const DECRYPT: &str = "kms:Decrypt";
const GENERATE_DATA_KEY: &str = "kms:GenerateDataKey";
pub const LIST_BUCKET: &str = "s3:ListBucket";
/// The fields of a form upload are within so many bytes: the file is the last field.
const FIELDS: usize = 16 * 1024;

/// A call that a function makes.
#[derive(Debug)]
pub struct Call {
    /// The access key that signed it: on this machine, a function's access key is its name.
    pub function: String,
    pub service: Service,
    /// `PutItem`, `GetObject`, `Publish`.
    pub operation: String,
    pub body: Bytes,
    /// For S3, bucket and object: `uploads/img/1.png`.
    path: String,
}

/// A right that a call needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Need {
    pub action: String,
    pub resource: String,
}

impl Need {
    fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into() }
    }
}

impl Call {
    /// `None` if the request is not signed.
    pub fn of(service: Service, parts: &Parts, body: Bytes) -> Option<Self> {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let query = parts.uri.query().unwrap_or_default();
        let fields = form_fields(&body);
        let signed =
            header(header::AUTHORIZATION.as_str()).split_once("Credential=").map(|(_, credential)| credential.to_owned());
        let presigned = || parameter(query.as_bytes(), "X-Amz-Credential");
        let form = || is_form(parts).then(|| field(&fields, "x-amz-credential")).flatten();
        let function = signed.or_else(presigned).or_else(form)?.split('/').next()?.to_owned();
        let mut path = percent_encoding::percent_decode_str(parts.uri.path()).decode_utf8_lossy().trim_matches('/').to_owned();
        let operation = match service {
            Service::DynamoDb | Service::Logs | Service::SecretsManager => {
                header("x-amz-target").rsplit('.').next()?.to_owned()
            }
            Service::Sns => parameter(&body, "Action")?,
            Service::S3 if is_form(parts) => {
                path = format!("{path}/{}", field(&fields, "key")?);
                "PutObject".into()
            }
            Service::S3 => match (&parts.method, path.contains('/')) {
                (&Method::GET, false) if parameter(query.as_bytes(), "versions").is_some() => "ListBucketVersions".into(),
                (&Method::GET, false) => "ListBucket".into(),
                (&Method::GET | &Method::HEAD, true) => "GetObject".into(),
                (&Method::PUT, _) => "PutObject".into(),
                (&Method::DELETE, _) if parameter(query.as_bytes(), "versionId").is_some() => "DeleteObjectVersion".into(),
                (&Method::DELETE, _) => "DeleteObject".into(),
                (method, _) => method.to_string(),
            },
        };
        Some(Self { function, service, operation, body, path })
    }

    /// The rights that the call needs. Data that is encrypted with the system's own KMS key needs rights to the key as well: reads need
    /// `kms:Decrypt`, writes `kms:GenerateDataKey`.
    pub fn needs(&self) -> Vec<Need> {
        let request = || serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
        match self.service {
            Service::Sns => vec![Need::new(format!("sns:{}", self.operation), "*")],
            Service::Logs => {
                let group = request()["logGroupName"].as_str().map_or_else(|| "*".to_owned(), Template::log_group_name);
                vec![Need::new(format!("logs:{}", self.operation), group)]
            }
            Service::SecretsManager => {
                let secret = request()["SecretId"].as_str().unwrap_or_default().to_owned();
                vec![Need::new(format!("secretsmanager:{}", self.operation), secret), Need::new(DECRYPT, KEY)]
            }
            Service::S3 => {
                let key = match self.operation.as_str() {
                    "GetObject" => Some(DECRYPT),
                    "PutObject" => Some(GENERATE_DATA_KEY),
                    _ => None,
                };
                let own = Need::new(format!("s3:{}", self.operation), &*self.path);
                std::iter::once(own).chain(key.map(|action| Need::new(action, KEY))).collect()
            }
            Service::DynamoDb => {
                let items = items(&self.operation, &request());
                let is_read = |need: &Need| {
                    ["GetItem", "Query", "ConditionCheckItem", "Scan"].iter().any(|read| need.action.ends_with(read))
                };
                let writes = items.iter().any(|need| !is_read(need));
                let keys = [Some(DECRYPT), writes.then_some(GENERATE_DATA_KEY)];
                items.into_iter().chain(keys.into_iter().flatten().map(|action| Need::new(action, KEY))).collect()
            }
        }
    }

    /// The bucket of the object that the call is about.
    pub fn bucket(&self) -> Option<&str> {
        if self.service != Service::S3 {
            return None;
        }
        self.path.split_once('/').map(|(bucket, _)| bucket)
    }

    /// Whether it reads which keys the stored records need, as each process does when it starts (`FamilyKeys::open`).
    pub fn is_of_start(&self) -> bool {
        self.operation == "GetItem" && self.body.windows(MARKER.len()).any(|window| window == MARKER)
    }
}

/// The key of the marker, serialised.
const MARKER: &[u8] = br#""pk":{"S":"keys"}"#;

/// The rights to tables and indexes that an operation of DynamoDB needs.
fn items(operation: &str, request: &Value) -> Vec<Need> {
    let action = |name: &str| format!("dynamodb:{name}");
    let table = |of: &Value| of["TableName"].as_str().unwrap_or_default().to_owned();
    match operation {
        "TransactWriteItems" | "TransactGetItems" => {
            let elements = request["TransactItems"].as_array().into_iter().flatten().filter_map(Value::as_object).flatten();
            let name = |kind: &str| match kind {
                "ConditionCheck" => action("ConditionCheckItem"),
                kind => action(&format!("{kind}Item")),
            };
            elements.map(|(kind, element)| Need::new(name(kind), table(element))).collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = request["RequestItems"].as_object().into_iter().flatten();
            tables.map(|(table, _)| Need::new(action(operation), table)).collect()
        }
        _ => {
            let index = request["IndexName"].as_str().map(|index| format!("/index/{index}")).unwrap_or_default();
            vec![Need::new(action(operation), table(request) + &index)]
        }
    }
}

fn is_form(parts: &Parts) -> bool {
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    parts.method == Method::POST && content_type.is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

/// The part of a form that holds its fields.
fn form_fields(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..FIELDS).unwrap_or(body)).into_owned()
}

/// A field of a `multipart/form-data` body.
fn field(fields: &str, name: &str) -> Option<String> {
    let (_, rest) = fields.split_once(&format!("name=\"{name}\"\r\n"))?;
    let (_, value) = rest.split_once("\r\n").filter(|(head, _)| head.is_empty()).or_else(|| rest.split_once("\r\n\r\n"))?;
    value.split("\r\n").next().map(str::to_owned)
}

/// A field of an `application/x-www-form-urlencoded` text.
fn parameter(text: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(text).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
