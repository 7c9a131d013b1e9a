//! Rules that `template.yaml` keeps for every resource.

use std::collections::BTreeSet;

use local::template::Template;
use serde_json::{Value, json};

use crate::support::Stage;

const TEXT: &str = include_str!("../../../template.yaml");
const MANIFEST: &str = include_str!("../../../Cargo.toml");

fn template() -> &'static Template {
    Template::read().unwrap()
}

/// The properties of the resources of a type, by their logical ids. There is at least one.
pub(super) fn properties<'a>(template: &'a Template, resource_type: &'a str) -> Vec<(&'a str, &'a Value)> {
    let found: Vec<_> = template.resources(resource_type).map(|(id, resource)| (id, &resource["Properties"])).collect();
    assert!(!found.is_empty(), "{resource_type}");
    found
}

#[test]
fn every_function_is_built_by_cargo_lambda_for_the_architecture_that_it_runs_on() {
    let template = template();
    let shared = &template.section("Globals")["Function"];
    assert_eq!(shared["Architectures"], json!([{"Ref": "Architecture"}]));
    assert_eq!(template.section("Parameters")["Architecture"]["Default"], "arm64");
    assert_eq!(shared["CodeUri"], ".");
    for (id, function) in template.resources("AWS::Serverless::Function") {
        assert_eq!(function["Metadata"]["BuildMethod"], "rust-cargolambda", "{id}");
        for own in ["Architectures", "CodeUri", "Runtime"] {
            assert_eq!(function["Properties"][own], Value::Null, "{id} has a {own} of its own");
        }
    }
}

/// cargo-lambda builds with `panic = "abort"` unless the manifest says otherwise, and then nothing catches a panic.
#[test]
fn release_builds_unwind_so_that_a_panic_is_caught() {
    let release = MANIFEST.split("[profile.release]\n").nth(1).unwrap().split("\n[").next().unwrap();
    assert!(release.lines().any(|line| line == r#"panic = "unwind""#), "{release}");
}

#[test]
fn every_function_has_an_encrypted_log_group_with_retention() {
    let template = template();
    let mut written: BTreeSet<_> = ["ApiLogs", "SmokeTestLogs"].map(str::to_owned).into();
    for (id, function) in properties(template, "AWS::Serverless::Function") {
        assert_eq!(function["LoggingConfig"]["LogGroup"], json!({"Ref": format!("{id}Logs")}));
        written.insert(format!("{id}Logs"));
    }
    let groups = properties(template, "AWS::Logs::LogGroup");
    assert_eq!(groups.iter().map(|(id, _)| (*id).to_owned()).collect::<BTreeSet<_>>(), written);
    for (id, group) in groups {
        assert_eq!(group["RetentionInDays"], json!({"Ref": "LogRetentionDays"}), "{id}");
        assert_eq!(group["KmsKeyId"], json!({"GetAtt": "Key.Arn"}), "{id}");
    }
}

#[test]
fn a_failed_event_goes_to_the_dead_letter_queue() {
    let template = template();
    let queue = json!({"GetAtt": "DeadLetters.Arn"});
    let mut called_by_events = 0;
    for (id, function) in properties(template, "AWS::Serverless::Function") {
        let events = function["Events"].as_object().into_iter().flatten();
        for (event, described) in events.filter(|(_, event)| event["Type"] != "HttpApi") {
            called_by_events += 1;
            assert_eq!(function["DeadLetterQueue"], json!({"Type": "SQS", "TargetArn": queue}), "{id}");
            let described = &described["Properties"];
            // A queue has a dead-letter queue of its own.
            if let Some(source) = described["Queue"]["GetAtt"].as_str() {
                let source = source.trim_end_matches(".Arn");
                let queues = properties(template, "AWS::SQS::Queue");
                let (_, source) = queues.into_iter().find(|(id, _)| *id == source).expect("the queue");
                assert_eq!(source["RedrivePolicy"]["deadLetterTargetArn"], queue, "{id}, {event}");
            } else if described["Stream"].is_null() {
                assert_eq!(described["DeadLetterConfig"], json!({"Arn": queue}), "{id}, {event}");
            } else {
                let destination = json!({"OnFailure": {"Type": "SQS", "Destination": queue}});
                assert_eq!(described["DestinationConfig"], destination, "{id}, {event}");
            }
        }
    }
    assert_eq!(called_by_events, 10);
}

#[test]
fn every_table_is_encrypted_restorable_and_protected_from_deletion() {
    let template = template();
    let tables: Vec<_> = template.resources("AWS::DynamoDB::Table").collect();
    assert_eq!(tables.len(), 7);
    for (id, table) in tables {
        assert_eq!((&table["DeletionPolicy"], &table["UpdateReplacePolicy"]), (&json!("Retain"), &json!("Retain")), "{id}");
        let table = &table["Properties"];
        assert_eq!(
            table["SSESpecification"],
            json!({"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": key_of(id)}}),
            "{id}"
        );
        assert_eq!(table["PointInTimeRecoverySpecification"], json!({"PointInTimeRecoveryEnabled": true}), "{id}");
        assert_eq!(table["DeletionProtectionEnabled"], true, "{id}");
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{id}");
    }
}

/// The KMS key of a table or secret: that of its family, if it belongs to one.
fn key_of(id: &str) -> String {
    let families = [
        ("Wechat", "Signing"),
        ("JobboardWechat", "Jobboard"),
        ("WechatPay", "Jobboard"),
        ("Credentials", ""),
        ("Audit", ""),
        ("Sms", ""),
    ];
    let owner = id.trim_end_matches("Table").trim_end_matches("Secret");
    let family = families.into_iter().find_map(|(name, family)| (name == owner).then_some(family)).unwrap_or(owner);
    format!("{family}Key")
}

#[test]
fn every_secret_is_encrypted_with_the_key_of_its_family() {
    for (id, secret) in properties(template(), "AWS::SecretsManager::Secret") {
        assert_eq!(secret["KmsKeyId"], json!({"Ref": key_of(id)}), "{id}");
    }
}

/// The Cybersecurity Law of China, article 21: logs are kept for at least six months.
#[test]
fn logs_are_kept_for_half_a_year() {
    assert_eq!(template().section("Parameters")["LogRetentionDays"]["Default"], 180);
}

/// Only an operator who moves tables to other keys opens a key to all who may read its table.
#[test]
fn a_key_is_used_only_by_those_whose_policy_grants_it() {
    let template = template();
    assert_eq!(template.section("Parameters")["MoveKeys"]["Default"], "false");
    for (id, key) in properties(template, "AWS::KMS::Key") {
        let statements = key["KeyPolicy"]["Statement"].as_array().unwrap();
        let (others, own): (Vec<_>, Vec<_>) = statements.iter().partition(|statement| statement["Principal"]["AWS"].is_null());
        assert_eq!(
            own[..],
            [&json!({
                "Effect": "Allow", "Principal": {"AWS": {"Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
                "Action": "kms:*", "Resource": "*",
            })],
            "{id}"
        );
        match id {
            "Key" => assert_eq!(others[0]["Principal"], json!({"Service": {"Sub": "logs.${AWS::Region}.${AWS::URLSuffix}"}})),
            _ => assert_eq!((&others[0]["If"][0], &others[0]["If"][2]), (&json!("MovesKeys"), &json!({"Ref": "AWS::NoValue"}))),
        }
        assert_eq!(others.len(), 1, "{id}");
    }
}

#[test]
fn everything_that_lasts_is_backed_up() {
    let template = template();
    let selection = &properties(template, "AWS::Backup::BackupSelection")[0].1["BackupSelection"]["Resources"];
    let selected: BTreeSet<_> = selection.as_array().unwrap().iter().map(|arn| arn["GetAtt"].as_str().unwrap()).collect();
    let tables = template.resources("AWS::DynamoDB::Table").map(|(id, _)| format!("{id}.Arn"));
    // CredentialsTable holds only what expires.
    let lasting = tables.filter(|arn| arn != "CredentialsTable.Arn").chain(["UploadsBucket.Arn".to_owned()]);
    assert_eq!(selected.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), lasting.collect());
}

#[test]
fn buckets_are_private_encrypted_and_tls_only_and_uploads_are_versioned() {
    let template = template();
    let private =
        json!({"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true});
    let buckets = properties(template, "AWS::S3::Bucket");
    for (id, bucket) in &buckets {
        assert_eq!(bucket["PublicAccessBlockConfiguration"], private, "{id}");
        assert!(bucket["BucketEncryption"].is_object(), "{id}");
        assert!(bucket["LifecycleConfiguration"].is_object(), "{id}");
        let policy =
            properties(template, "AWS::S3::BucketPolicy").into_iter().find(|(_, policy)| policy["Bucket"]["Ref"] == *id);
        let statements = policy.unwrap().1["PolicyDocument"]["Statement"].as_array().unwrap();
        let rejected = json!({
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            "Resource": [{"GetAtt": format!("{id}.Arn")}, {"Sub": format!("${{{id}.Arn}}/*")}],
        });
        assert!(statements.contains(&rejected), "{id}");
    }
    let (_, uploads) = buckets.into_iter().find(|(id, _)| *id == "UploadsBucket").unwrap();
    let encryption = &uploads["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["ServerSideEncryptionByDefault"];
    assert_eq!(*encryption, json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"GetAtt": "Key.Arn"}}));
    assert_eq!(uploads["VersioningConfiguration"], json!({"Status": "Enabled"}));
}

/// The expiry of a versioned object only makes its version an old one.
#[test]
fn old_versions_of_objects_expire_in_every_versioned_bucket() {
    let versioned: Vec<_> = properties(template(), "AWS::S3::Bucket")
        .into_iter()
        .filter(|(_, bucket)| !bucket["VersioningConfiguration"].is_null())
        .collect();
    assert_eq!(versioned.len(), 3);
    for (id, bucket) in versioned {
        let rules = bucket["LifecycleConfiguration"]["Rules"].as_array().unwrap();
        let of_all = rules.iter().filter(|rule| rule["Prefix"].is_null() && rule["Status"] == "Enabled");
        let days: Vec<_> = of_all.filter_map(|rule| rule["NoncurrentVersionExpiration"]["NoncurrentDays"].as_u64()).collect();
        assert_eq!(days.len(), 1, "{id}");
    }
}

/// The metrics of the widgets of the dashboard whose title begins so: each with its namespace, name and dimensions.
fn shown(title: &str) -> Vec<Value> {
    let (_, dashboard) = properties(template(), "AWS::CloudWatch::Dashboard")[0];
    let body: Value = serde_json::from_str(dashboard["DashboardBody"]["Sub"].as_str().unwrap()).unwrap();
    let widgets = body["widgets"].as_array().unwrap().iter().map(|widget| &widget["properties"]);
    let titled = widgets.filter(|widget| widget["title"].as_str().unwrap().starts_with(title));
    titled.flat_map(|widget| widget["metrics"].as_array().unwrap().clone()).collect()
}

/// CloudWatch rejects an alarm of more than ten metrics.
#[test]
fn the_throttles_of_every_table_are_shown_and_ring() {
    let template = template();
    let shown = shown("Throttles");
    for (id, _) in template.resources("AWS::DynamoDB::Table") {
        for (alarm, metric) in
            [("TableReadThrottlesAlarm", "ReadThrottleEvents"), ("TableWriteThrottlesAlarm", "WriteThrottleEvents")]
        {
            let metrics = template.section("Resources")[alarm]["Properties"]["Metrics"].as_array().unwrap();
            let read: Vec<_> =
                metrics.iter().map(|query| &query["MetricStat"]["Metric"]).filter(|read| !read.is_null()).collect();
            assert!(read.len() <= 10, "{alarm}");
            let expected = json!({
                "Namespace": "AWS/DynamoDB", "MetricName": metric, "Dimensions": [{"Name": "TableName", "Value": {"Ref": id}}],
            });
            assert!(read.contains(&&expected), "{alarm} {id}");
            assert!(shown.contains(&json!(["AWS/DynamoDB", metric, "TableName", format!("${{{id}}}")])), "{metric} {id}");
        }
    }
}

#[tokio::test]
async fn every_sweep_is_shown() {
    let swept = Stage::open().await.address.invoke("ops-cleanup", &json!({})).await.body;
    for (title, result) in [("Sweeps: processed items", "done"), ("Sweeps: failed items", "failed")] {
        let sweeps = swept.as_object().unwrap().keys();
        let expected: BTreeSet<_> = sweeps
            .map(|sweep| {
                json!(["Gongqiao", format!("{sweep}_{result}"), "stack", "${AWS::StackName}", "function", "ops-cleanup"])
                    .to_string()
            })
            .collect();
        assert!(expected.len() >= 10, "{swept}");
        assert_eq!(shown(title).iter().map(Value::to_string).collect::<BTreeSet<_>>(), expected, "{title}");
    }
}

/// A metric of the system in an alarm: its name and its dimensions.
fn watched(alarm: &Value) -> Vec<(String, Value)> {
    let queries = alarm["Metrics"].as_array().into_iter().flatten().map(|query| &query["MetricStat"]["Metric"]);
    let own = queries.chain([alarm]).filter(|metric| metric["Namespace"] == "Gongqiao");
    own.map(|metric| (metric["MetricName"].as_str().unwrap().to_owned(), metric["Dimensions"].clone())).collect()
}

/// Otherwise the alarms of production ring for staging.
#[test]
fn alarms_watch_the_metrics_of_their_own_stack() {
    let mut watched_metrics = BTreeSet::new();
    for (id, alarm) in properties(template(), "AWS::CloudWatch::Alarm") {
        for (metric, dimensions) in watched(alarm) {
            assert_eq!(dimensions[0], json!({"Name": "stack", "Value": {"Ref": "AWS::StackName"}}), "{id}");
            // A function reports its `Handler`, not the physical name that CloudFormation makes.
            if let Some(function) = dimensions.get(1) {
                let functions = Template::read().unwrap().functions();
                assert!(functions.iter().any(|name| *function == json!({"Name": "function", "Value": name})), "{id}");
            }
            watched_metrics.insert(metric);
        }
    }
    let of_stack = ["certificate_days_left", "failed_requests", "rejected_notifications", "rejected_sign_ins", "wechat_errors"];
    for metric in of_stack {
        assert!(watched_metrics.contains(metric), "{metric}");
    }
    let (_, dashboard) = properties(template(), "AWS::CloudWatch::Dashboard")[0];
    let body: Value = serde_json::from_str(dashboard["DashboardBody"]["Sub"].as_str().unwrap()).unwrap();
    for metric in
        body["widgets"].as_array().unwrap().iter().flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap())
    {
        let text = metric.to_string();
        assert!(!text.contains("Gongqiao") || text.contains("${AWS::StackName}"), "{text}");
    }
}

#[test]
fn every_alarm_has_a_paragraph_in_the_runbook() {
    let runbook = include_str!("../../../docs/runbook.md");
    let described: BTreeSet<&str> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let alarms =
        properties(template(), "AWS::CloudWatch::Alarm").into_iter().chain(properties(template(), "AWS::Budgets::Budget"));
    let alarms: BTreeSet<&str> = alarms.map(|(id, _)| id).collect();
    assert_eq!(described, alarms);
}

/// A request that is a sign-in or a notification is a route of the template.
#[test]
fn the_counted_requests_are_routes() {
    let routes: Vec<_> = template().routes();
    for counted in lambda::observe::SIGN_INS.into_iter().chain([lambda::observe::NOTIFICATION]) {
        let (method, path) = counted.split_once(' ').unwrap();
        assert!(routes.iter().any(|route| route.method == method && route.path == path), "{counted}");
    }
}

/// The regions of China have their own partition and domain, no X-Ray for Lambda and no function URLs.
#[test]
fn the_template_deploys_in_every_partition() {
    for absent in ["arn:aws:", "arn:aws-cn:", "FunctionUrlConfig", "Tracing", "xray", "AWS::Scheduler"] {
        assert!(!TEXT.contains(absent), "{absent}");
    }
    // The principals of services have this name in every partition.
    let named = TEXT.lines().filter(|line| line.contains("amazonaws.com"));
    assert_eq!(named.filter(|line| !line.contains("Principal: {Service: ")).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn the_gateway_throttles_only_existing_routes() {
    let template = template();
    let routes: BTreeSet<_> = template.routes().into_iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let (_, api) = properties(template, "AWS::Serverless::HttpApi")[0];
    let bounded = api["RouteSettings"].as_object().unwrap();
    assert_eq!(bounded.keys().filter(|&route| !routes.contains(route)).collect::<Vec<_>>(), [""; 0]);
    let costly = json!({"ThrottlingRateLimit": {"Ref": "CostlyRate"}, "ThrottlingBurstLimit": {"Ref": "CostlyBurst"}});
    // A route of the console exists only with it.
    let of_console = json!({"If": ["HasConsole", costly, {"Ref": "AWS::NoValue"}]});
    for (route, settings) in bounded {
        assert_eq!(settings, if route.contains(" /console/") { &of_console } else { &costly }, "{route}");
    }
    let others = json!({"ThrottlingRateLimit": {"Ref": "RequestRate"}, "ThrottlingBurstLimit": {"Ref": "RequestBurst"}});
    assert_eq!(api["DefaultRouteSettings"], others);
}

/// An account with ten concurrent executions can deploy the template. The parameter says how much concurrency is reserved in total.
#[test]
fn concurrency_is_reserved_only_on_request() {
    let template = template();
    let reserve = |function: &Value| match &function["ReservedConcurrentExecutions"] {
        Value::Null => 0,
        reserved => {
            let choice = reserved["If"].as_array().unwrap();
            assert_eq!((&choice[0], &choice[2]), (&json!("ReservesConcurrency"), &json!({"Ref": "AWS::NoValue"})));
            choice[1].as_u64().unwrap()
        }
    };
    let sum: u64 = properties(template, "AWS::Serverless::Function").iter().map(|(_, function)| reserve(function)).sum();
    let parameter = &template.section("Parameters")["ReserveConcurrency"];
    assert_eq!(parameter["Default"], "false");
    assert!(parameter["Description"].as_str().unwrap().contains(&format!("by {sum} of")), "{sum}");
}

#[test]
fn every_taggable_resource_is_tagged() {
    let template = template();
    let taken_from_globals = ["AWS::Serverless::Function", "AWS::Serverless::HttpApi"];
    for globals in ["Function", "HttpApi"] {
        assert_eq!(template.section("Globals")[globals]["Tags"], json!({"product": "gongqiao"}));
    }
    let take_none = [
        "AWS::ApiGatewayV2::ApiMapping",
        "AWS::Backup::BackupSelection",
        "AWS::IAM::ManagedPolicy",
        "AWS::Route53::RecordSet",
        "AWS::S3::BucketPolicy",
        "AWS::SQS::QueuePolicy",
    ];
    for (id, resource) in template.section("Resources").as_object().unwrap() {
        let resource_type = resource["Type"].as_str().unwrap();
        let by_name = json!({"product": "gongqiao"});
        let listed = json!([{"Key": "product", "Value": "gongqiao"}]);
        let (name, tags) = match resource_type {
            "AWS::ApiGatewayV2::DomainName" => ("Tags", by_name),
            "AWS::Backup::BackupPlan" => ("BackupPlanTags", by_name),
            "AWS::Backup::BackupVault" => ("BackupVaultTags", by_name),
            "AWS::Budgets::Budget" => ("ResourceTags", listed),
            _ => ("Tags", listed),
        };
        if !taken_from_globals.contains(&resource_type) && !take_none.contains(&resource_type) {
            assert_eq!(resource["Properties"][name], tags, "{id}");
        }
    }
}
