//! One request to an AWS service: the function that sends it, and the rights that it needs.

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{Method, header};
use serde_json::Value;

use crate::policies::Need;
use crate::template::{REGION, Template};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    DynamoDb,
    Logs,
    S3,
    SecretsManager,
    Sns,
    Sqs,
}

const DECRYPT: &str = "kms:Decrypt";
const GENERATE_DATA_KEY: &str = "kms:GenerateDataKey";
const LIST_BUCKET: &str = "s3:ListBucket";
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
    /// Of a list of S3, the beginning of the keys in it.
    prefix: Option<String>,
}

impl Need {
    fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: None }
    }
}

impl Service {
    /// The right of a caller to the key that encrypts a resource, if that is a key of the template. The context names the service that calls KMS.
    fn key(self, action: &str, resource: &str) -> Option<Need> {
        let name = match self {
            Self::DynamoDb => "dynamodb",
            Self::Logs => "logs",
            Self::S3 => "s3",
            Self::SecretsManager => "secretsmanager",
            Self::Sns => "sns",
            Self::Sqs => "sqs",
        };
        let key = Template::read().ok()?.key_of(resource)?;
        let via = ("kms:ViaService", format!("{name}.{REGION}.amazonaws.com"));
        Some(Need { action: action.to_owned(), resource: key, context: Some(via) })
    }
}

/// The right to read the stream of a table.
pub(super) fn stream(table: &str) -> Option<Need> {
    Service::DynamoDb.key(DECRYPT, table)
}

/// The right to know that an object does not exist: S3 judges it as a list whose prefix is the key of the object.
pub(super) fn list_of(object: &str) -> Option<Need> {
    let (bucket, key) = object.split_once('/')?;
    Some(Need { context: Some(("s3:prefix", key.to_owned())), ..Need::new(LIST_BUCKET, bucket) })
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
            Service::DynamoDb | Service::Logs | Service::SecretsManager | Service::Sqs => {
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
        let prefix = parameter(query.as_bytes(), "prefix").filter(|_| operation.starts_with("ListBucket"));
        Some(Self { function, service, operation, body, path, prefix })
    }

    /// The rights that the call needs. Data that is encrypted with a KMS key of the template needs rights to the key as well: reads need
    /// `kms:Decrypt`, writes `kms:GenerateDataKey`.
    pub fn needs(&self) -> Vec<Need> {
        let request = || serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
        match self.service {
            // A phone number is not an ARN.
            Service::Sns => {
                let target = ["TopicArn", "TargetArn", "PhoneNumber"].iter().find_map(|name| parameter(&self.body, name));
                vec![Need::new(format!("sns:{}", self.operation), target.unwrap_or_default())]
            }
            Service::Sqs => {
                let queue = request()["QueueUrl"].as_str().unwrap_or_default().to_owned();
                vec![Need::new(format!("sqs:{}", self.operation), queue)]
            }
            Service::Logs => {
                let group = request()["logGroupName"].as_str().map_or_else(|| "*".to_owned(), Template::log_group_name);
                vec![Need::new(format!("logs:{}", self.operation), group)]
            }
            Service::SecretsManager => {
                let secret = request()["SecretId"].as_str().unwrap_or_default().to_owned();
                let key = self.service.key(DECRYPT, &secret);
                std::iter::once(Need::new(format!("secretsmanager:{}", self.operation), secret)).chain(key).collect()
            }
            Service::S3 => {
                let key = match self.operation.as_str() {
                    "GetObject" => Some(DECRYPT),
                    "PutObject" => Some(GENERATE_DATA_KEY),
                    _ => None,
                };
                let key = key.zip(self.bucket()).and_then(|(action, bucket)| self.service.key(action, bucket));
                let context = self.prefix.clone().map(|prefix| ("s3:prefix", prefix));
                let own = Need { context, ..Need::new(format!("s3:{}", self.operation), &*self.path) };
                std::iter::once(own).chain(key).collect()
            }
            Service::DynamoDb => {
                let items = items(&self.operation, &request());
                let mut keys = Vec::new();
                for need in &items {
                    let table = need.resource.split('/').next().unwrap_or_default();
                    let is_read =
                        ["GetItem", "Query", "ConditionCheckItem", "Scan"].iter().any(|read| need.action.ends_with(read));
                    let actions = [Some(DECRYPT), (!is_read).then_some(GENERATE_DATA_KEY)];
                    keys.extend(actions.into_iter().flatten().filter_map(|action| self.service.key(action, table)));
                }
                keys.dedup();
                items.into_iter().chain(keys).collect()
            }
        }
    }

    /// The bucket of the object that the call is about.
    pub fn bucket(&self) -> Option<&str> {
        self.object()?.split_once('/').map(|(bucket, _)| bucket)
    }

    /// The object that the call is about, behind the name of its bucket.
    pub(super) fn object(&self) -> Option<&str> {
        (self.service == Service::S3 && self.path.contains('/')).then_some(&self.path)
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
