//! Tables, routes and variables of the local stack, read from `template.yaml` so that they cannot drift from the deployment.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// The template at build time.
const TEMPLATE: &str = include_str!("../../template.yaml");

/// The name of the stack on this machine.
const STACK: &str = "local";
/// The region of the services on this machine.
pub const REGION: &str = "us-east-1";

pub struct Template(Map<String, Value>);

/// A documented path of the API and the function behind it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// `ANY` for all methods.
    pub method: String,
    pub path: String,
    pub function: String,
}

/// The requests that create a table and set the attribute by which its items expire.
pub struct Table {
    pub create: Value,
    pub time_to_live: Option<Value>,
}

impl Template {
    /// The template, parsed once per process.
    pub fn read() -> Result<&'static Self, String> {
        static PARSED: LazyLock<Result<Template, String>> = LazyLock::new(Template::parse);
        PARSED.as_ref().map_err(Clone::clone)
    }

    fn parse() -> Result<Self, String> {
        let document: yaml_serde::Value = yaml_serde::from_str(TEMPLATE).map_err(|error| error.to_string())?;
        match to_json(document) {
            Value::Object(members) => Ok(Self(members)),
            _ => Err("template.yaml is not a mapping".into()),
        }
    }

    /// The binary that has a function.
    pub fn binary(&self, function: &str) -> Option<&str> {
        let mut functions = self.resources("AWS::Serverless::Function").map(|(_, resource)| resource);
        functions.find(|resource| function_name(resource).as_deref() == Some(function)).and_then(binary_of)
    }

    /// The name of every function.
    pub fn functions(&self) -> Vec<String> {
        self.resources("AWS::Serverless::Function").filter_map(|(_, resource)| function_name(resource)).collect()
    }

    /// The name and the properties of every function.
    pub(crate) fn functions_with_properties(&self) -> impl Iterator<Item = (String, &Value)> {
        self.resources("AWS::Serverless::Function")
            .filter_map(|(_, resource)| Some((function_name(resource)?, &resource["Properties"])))
    }

    /// The local name of a resource in a policy: `!GetAtt ChannelTable.Arn` is `channel`, `!Sub ${UploadsBucket.Arn}/img/*` is
    /// `uploads/img/*`, `!Ref ChannelSecret` is `channel-secret`. The ARN of a resource outside of the template stays as it is.
    pub(crate) fn resource_name(resource: &Value) -> String {
        let arn = Self::text(resource);
        if arn.starts_with("arn:") {
            return arn;
        }
        let text = [&resource["Ref"], &resource["GetAtt"], &resource["Sub"], resource].into_iter().find_map(Value::as_str);
        let text = text.unwrap_or_default().trim_start_matches("${");
        let (logical_id, rest) = text.split_at(text.find(['.', '}']).unwrap_or(text.len()));
        let rest = rest.trim_start_matches(".Arn").trim_start_matches('}');
        local_name(logical_id) + rest
    }

    /// A text with the pseudo parameters of this machine instead of those of AWS: `!Sub s3.${AWS::Region}.*` is `s3.us-east-1.*`.
    pub(crate) fn text(value: &Value) -> String {
        let text = [&value["Sub"], value].into_iter().find_map(Value::as_str).unwrap_or_default();
        text.replace("${AWS::Region}", REGION).replace("${AWS::Partition}", "aws")
    }

    /// The local name of the KMS key that encrypts a table, a bucket or a secret of this local name.
    pub(crate) fn key_of(&self, name: &str) -> Option<String> {
        let resources = self.section("Resources").as_object().into_iter().flatten();
        resources.filter(|(logical_id, _)| local_name(logical_id) == name).find_map(|(_, resource)| {
            let properties = &resource["Properties"];
            let bucket =
                &properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["ServerSideEncryptionByDefault"];
            let keys = [&properties["SSESpecification"]["KMSMasterKeyId"], &bucket["KMSMasterKeyID"], &properties["KmsKeyId"]];
            keys.into_iter().find(|key| !key.is_null()).map(Self::resource_name)
        })
    }

    pub fn routes(&self) -> Vec<Route> {
        let mut routes = Vec::new();
        for (_, resource) in self.resources("AWS::Serverless::Function") {
            let events = resource["Properties"]["Events"].as_object().into_iter().flatten();
            for (_, event) in events.filter(|(_, event)| event["Type"] == "HttpApi") {
                let text = |name: &str| event["Properties"][name].as_str().map(str::to_owned);
                if let (Some(method), Some(path), Some(function)) = (text("Method"), text("Path"), function_name(resource)) {
                    routes.push(Route { method, path, function });
                }
            }
        }
        routes
    }

    pub fn tables(&self) -> Vec<Table> {
        self.resources("AWS::DynamoDB::Table")
            .map(|(logical_id, resource)| {
                let properties = &resource["Properties"];
                let wanted = ["AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode"];
                let mut create = json!({"TableName": local_name(logical_id)});
                for name in wanted {
                    if !properties[name].is_null() {
                        create[name] = properties[name].clone();
                    }
                }
                let time_to_live = properties.get("TimeToLiveSpecification").map(
                    |specification| json!({"TableName": local_name(logical_id), "TimeToLiveSpecification": specification}),
                );
                Table { create, time_to_live }
            })
            .collect()
    }

    /// Each secret: its local name, and a value of the form that the deployment generates.
    pub fn secrets(&self, random: impl Fn() -> String) -> Vec<(String, String)> {
        self.resources("AWS::SecretsManager::Secret")
            .map(|(logical_id, resource)| {
                let generate = &resource["Properties"]["GenerateSecretString"];
                let template = generate["SecretStringTemplate"].as_str().unwrap_or("{}");
                let mut secret: Value = serde_json::from_str(template).unwrap_or_default();
                secret[generate["GenerateStringKey"].as_str().unwrap_or_default()] = random().into();
                (local_name(logical_id), secret.to_string())
            })
            .collect()
    }

    /// The log groups as CloudFormation names them, `local-ChannelAuthLogs-0`, each with the function that writes to it.
    pub fn log_groups(&self) -> Vec<(String, Option<String>)> {
        let functions: Vec<(String, &Value)> = self.functions_with_properties().collect();
        let groups = self.resources("AWS::Logs::LogGroup").map(|(logical_id, _)| {
            let writes = |properties: &Value| properties["LoggingConfig"]["LogGroup"]["Ref"] == logical_id;
            let function = functions.iter().find(|(_, properties)| writes(properties)).map(|(function, _)| function.clone());
            (format!("{STACK}-{logical_id}-0"), function)
        });
        groups.collect()
    }

    /// The local name of a log group in a policy.
    pub(crate) fn log_group_name(group: &str) -> String {
        group.split('-').nth(1).map(local_name).unwrap_or_default()
    }

    /// The local names of the resources of a type.
    pub fn names(&self, resource_type: &str) -> Vec<String> {
        self.resources(resource_type).map(|(logical_id, _)| local_name(logical_id)).collect()
    }

    /// The local names of the buckets that lock each object for a time.
    pub fn locking_buckets(&self) -> Vec<String> {
        self.resources("AWS::S3::Bucket")
            .filter(|(_, resource)| !resource["Properties"]["ObjectLockConfiguration"].is_null())
            .map(|(logical_id, _)| local_name(logical_id))
            .collect()
    }

    /// The variables of every function, with the defaults of parameters and the local names of resources.
    pub fn variables(&self) -> HashMap<String, String> {
        let globals = &self.section("Globals")["Function"]["Environment"]["Variables"];
        let resolve = |value: &Value| match (value.as_str(), value["Ref"].as_str()) {
            (Some(text), _) => text.to_owned(),
            (None, Some("AWS::StackName")) => STACK.to_owned(),
            (None, Some(name)) => match &self.section("Parameters")[name]["Default"] {
                Value::String(default) => default.clone(),
                Value::Number(default) => default.to_string(),
                _ => local_name(name),
            },
            (None, None) => value.to_string(),
        };
        globals.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), resolve(value))).collect()
    }

    /// A section such as `Resources` or `Globals`, with the long forms of CloudFormation's functions.
    pub fn section(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// The resources of a type with their logical ids.
    pub fn resources<'a>(&'a self, resource_type: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let resources = self.section("Resources").as_object().into_iter().flatten();
        resources
            .filter(move |(_, resource)| resource["Type"] == resource_type)
            .map(|(logical_id, resource)| (logical_id.as_str(), resource))
    }
}

/// `ChannelTable` becomes `channel`, `UploadsBucket` becomes `uploads`, `ChannelSecret` becomes `channel-secret`.
fn local_name(logical_id: &str) -> String {
    let mut name = String::new();
    for letter in logical_id.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name.trim_end_matches("-table").trim_end_matches("-bucket").to_owned()
}

fn function_name(function: &Value) -> Option<String> {
    binary_of(function)?;
    function["Properties"]["Handler"].as_str().map(str::to_owned)
}

/// None if it is no function of a binary.
fn binary_of(function: &Value) -> Option<&str> {
    function["Metadata"]["BuildProperties"]["Binary"].as_str()
}

/// Replaces CloudFormation's short forms by the long ones: `!Ref X` becomes `{"Ref": "X"}`.
fn to_json(value: yaml_serde::Value) -> Value {
    use yaml_serde::Value as Yaml;
    match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => flag.into(),
        Yaml::Number(number) => number.as_i64().map_or(Value::Null, Value::from),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(elements) => elements.into_iter().map(to_json).collect(),
        Yaml::Mapping(members) => members
            .into_iter()
            .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), to_json(value))))
            .collect::<Map<_, _>>()
            .into(),
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            json!({tag.trim_start_matches('!'): to_json(tagged.value)})
        }
    }
}
