//! One request to a service of AWS, read as far as its caller, and as what it needs rights to.

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{Method, header};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    DynamoDb,
    S3,
    SecretsManager,
    Sns,
}

/// The key of `template.yaml`, as its policies call it.
const KEY: &str = "key";
const DECRYPT: &str = "kms:Decrypt";
const GENERATE_DATA_KEY: &str = "kms:GenerateDataKey";
pub const LIST_BUCKET: &str = "s3:ListBucket";
/// How far into a form of S3's its fields stand: the file is the last one.
const FIELDS: usize = 16 * 1024;

/// A call that a function makes.
#[derive(Debug)]
pub struct Call {
    /// Who signed it: on this machine, a function's access key is its name.
    pub function: String,
    pub service: Service,
    /// `PutItem`, `GetObject`, `Publish`.
    pub operation: String,
    pub body: Bytes,
    /// What S3 is asked about: `uploads/img/1.png`.
    path: String,
}

/// A right that a call takes.
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
    /// `None` where nobody signed it.
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
            Service::DynamoDb | Service::SecretsManager => header("x-amz-target").rsplit('.').next()?.to_owned(),
            Service::Sns => parameter(&body, "Action")?,
            Service::S3 if is_form(parts) => {
                path = format!("{path}/{}", field(&fields, "key")?);
                "PutObject".into()
            }
            Service::S3 => match (&parts.method, path.contains('/')) {
                (&Method::GET, false) => "ListBucket".into(),
                (&Method::GET | &Method::HEAD, true) => "GetObject".into(),
                (&Method::PUT, _) => "PutObject".into(),
                (&Method::DELETE, _) => "DeleteObject".into(),
                (method, _) => method.to_string(),
            },
        };
        Some(Self { function, service, operation, body, path })
    }

    /// The rights that it takes. What is encrypted with the system's own key takes rights to that as well: to read, whoever reads;
    /// to make data keys, whoever writes.
    pub fn needs(&self) -> Vec<Need> {
        let request = || serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
        match self.service {
            Service::Sns => vec![Need::new(format!("sns:{}", self.operation), "*")],
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

    /// The bucket of an object that is asked for.
    pub fn bucket(&self) -> Option<&str> {
        if self.service != Service::S3 {
            return None;
        }
        self.path.split_once('/').map(|(bucket, _)| bucket)
    }

    /// A read that only opens the connection (`Environment::open`).
    pub fn is_warm_up(&self) -> bool {
        self.operation == "GetItem" && self.body.windows(WARM_UP.len()).any(|window| window == WARM_UP)
    }
}

/// The key that is read to warm up, as it is sent.
const WARM_UP: &[u8] = br#""pk":{"S":"-"}"#;

/// What an operation of DynamoDB does to the tables that it names.
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

/// The part of a form in which its fields are.
fn form_fields(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..FIELDS).unwrap_or(body)).into_owned()
}

/// A field of a `multipart/form-data` body.
fn field(fields: &str, name: &str) -> Option<String> {
    let (_, behind) = fields.split_once(&format!("name=\"{name}\"\r\n"))?;
    let (_, value) = behind.split_once("\r\n").filter(|(head, _)| head.is_empty()).or_else(|| behind.split_once("\r\n\r\n"))?;
    value.split("\r\n").next().map(str::to_owned)
}

/// A field of an `application/x-www-form-urlencoded` text.
fn parameter(text: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(text).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
