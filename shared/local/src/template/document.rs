//! The template as written: the resource types and properties that the reader knows.
//!
//! The YAML reader drops the tags of intrinsic functions, so `!Ref X` is the text `X`. Properties that only matter in
//! AWS are named here too, as ignored, since anything else unknown is refused.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::policy::Policy;
use super::{AttributeDefinition, Index, KeyElement, wrong};
use crate::error::Error;

pub(super) struct Document {
    pub(super) resources: Vec<(String, Resource)>,
}

pub(super) enum Resource {
    Role {
        policies: Vec<Policy>,
    },
    Function {
        metadata: Metadata,
        properties: FunctionProperties,
    },
    Queue {
        properties: QueueProperties,
    },
    Table {
        properties: TableProperties,
    },
    HttpApi {},
    /// Logs, what is counted in them, and alarms: they look on, and nothing here does without them what it does with them.
    Watch {},
}

pub(super) enum Event {
    HttpApi { method: String, path: String },
    Schedule { schedule_expression: String, dead_letters: Option<String> },
    Queue { queue: String, batch_size: u32, function_response_types: Vec<String> },
}

impl Document {
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let mut root: Value = serde_saphyr::from_str(text).map_err(|error| wrong("the document", error.to_string()))?;
        typed::<Option<Globals>>("Globals", root.get_mut("Globals").map(Value::take).unwrap_or_default())?;
        let resources = match root.get_mut("Resources").map(Value::take) {
            Some(Value::Object(resources)) => resources,
            _ => return Err(wrong("Resources", "is missing")),
        };
        let read = |(logical_id, value): (String, Value)| {
            let place = format!("Resources.{logical_id}");
            Ok((logical_id, resource(&place, value)?))
        };
        Ok(Self { resources: resources.into_iter().map(read).collect::<Result<_, Error>>()? })
    }
}

fn resource(place: &str, value: Value) -> Result<Resource, Error> {
    let written: WrittenResource = typed(place, value)?;
    let place = format!("{place}.Properties");
    let properties = written.properties.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    match written.kind.as_str() {
        "AWS::Serverless::Function" => {
            let metadata = written.metadata.ok_or_else(|| wrong(&place, "the function has no Metadata"))?;
            let written: WrittenFunction = typed(&place, properties)?;
            let events = written.events.into_iter().map(|(name, value)| {
                let event = event(&format!("{place}.Events.{name}"), value)?;
                Ok((name, event))
            });
            let properties = FunctionProperties {
                timeout: written.timeout,
                environment: written.environment,
                role: written.role,
                failures: written.event_invoke_config.map(|config| config.destination_config.on_failure.destination),
                events: events.collect::<Result<_, Error>>()?,
            };
            Ok(Resource::Function { metadata, properties })
        }
        "AWS::IAM::Role" => {
            let role: WrittenRole = typed(&place, properties)?;
            Ok(Resource::Role { policies: role.policies.into_iter().map(|policy| policy.policy_document).collect() })
        }
        "AWS::SQS::Queue" => Ok(Resource::Queue { properties: typed(&place, properties)? }),
        "AWS::DynamoDB::Table" => Ok(Resource::Table { properties: typed(&place, properties)? }),
        "AWS::Serverless::HttpApi" => {
            let api: WrittenApi = typed(&place, properties)?;
            // Any other stage is a part of every path.
            if api.stage_name != "$default" {
                return Err(wrong(&place, "StageName must be $default"));
            }
            Ok(Resource::HttpApi {})
        }
        "AWS::Logs::LogGroup" | "AWS::Logs::MetricFilter" | "AWS::CloudWatch::Alarm" => Ok(Resource::Watch {}),
        other => Err(wrong(&place, format!("the local system knows no {other}"))),
    }
}

fn event(place: &str, value: Value) -> Result<Event, Error> {
    let written: WrittenEvent = typed(place, value)?;
    let place = format!("{place}.Properties");
    match written.kind.as_str() {
        "HttpApi" => {
            let route: WrittenRoute = typed(&place, written.properties)?;
            Ok(Event::HttpApi { method: route.method, path: route.path })
        }
        "ScheduleV2" => {
            let schedule: WrittenSchedule = typed(&place, written.properties)?;
            let dead_letters = schedule.dead_letter_config.map(|config| config.arn);
            Ok(Event::Schedule { schedule_expression: schedule.schedule_expression, dead_letters })
        }
        "SQS" => {
            let source: WrittenSource = typed(&place, written.properties)?;
            let function_response_types = source.function_response_types;
            Ok(Event::Queue { queue: source.queue, batch_size: source.batch_size, function_response_types })
        }
        other => Err(wrong(&place, format!("the local system knows no {other} event"))),
    }
}

fn typed<T: DeserializeOwned>(place: &str, value: Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { place.to_owned() } else { format!("{place}.{path}") };
        wrong(&place, error.into_inner().to_string())
    })
}

/// What holds for all functions and APIs. Nothing of it changes what they do, and anything else is refused.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Globals {
    #[serde(rename = "Function")]
    _function: Option<GlobalFunction>,
    #[serde(rename = "HttpApi")]
    _http_api: Option<GlobalApi>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GlobalFunction {
    #[serde(rename = "Runtime")]
    _runtime: IgnoredAny,
    #[serde(rename = "Handler")]
    _handler: IgnoredAny,
    #[serde(rename = "Architectures")]
    _architectures: IgnoredAny,
    #[serde(rename = "CodeUri")]
    _code_uri: IgnoredAny,
    #[serde(rename = "Tracing")]
    _tracing: Option<IgnoredAny>,
    #[serde(rename = "LoggingConfig")]
    _logging_config: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GlobalApi {
    #[serde(rename = "FailOnWarnings")]
    _fail_on_warnings: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WrittenApi {
    stage_name: String,
    #[serde(rename = "DefaultRouteSettings")]
    _default_route_settings: Option<IgnoredAny>,
    #[serde(rename = "AccessLogSettings")]
    _access_log_settings: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WrittenResource {
    #[serde(rename = "Type")]
    kind: String,
    metadata: Option<Metadata>,
    properties: Option<Value>,
    #[serde(rename = "DeletionPolicy")]
    _deletion_policy: Option<IgnoredAny>,
    #[serde(rename = "UpdateReplacePolicy")]
    _update_replace_policy: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Metadata {
    #[serde(rename = "BuildMethod")]
    _build_method: IgnoredAny,
    pub(super) build_properties: BuildProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct BuildProperties {
    pub(super) binary: String,
}

pub(super) struct FunctionProperties {
    pub(super) timeout: u32,
    pub(super) environment: Environment,
    /// The role's ARN, as `X.Arn`.
    pub(super) role: String,
    /// Where invocations end that nobody waits for and that failed.
    pub(super) failures: Option<String>,
    pub(super) events: Vec<(String, Event)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WrittenFunction {
    timeout: u32,
    #[serde(default)]
    environment: Environment,
    events: BTreeMap<String, Value>,
    #[serde(rename = "MemorySize")]
    _memory_size: IgnoredAny,
    role: String,
    event_invoke_config: Option<InvokeConfig>,
    #[serde(rename = "ReservedConcurrentExecutions")]
    _reserved_concurrent_executions: Option<IgnoredAny>,
}

/// A role with its policies as they are written. What AWS's own ones allow is not to be seen here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WrittenRole {
    #[serde(rename = "AssumeRolePolicyDocument")]
    _assume_role_policy_document: IgnoredAny,
    #[serde(rename = "ManagedPolicyArns")]
    _managed_policy_arns: Option<IgnoredAny>,
    policies: Vec<WrittenPolicy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WrittenPolicy {
    #[serde(rename = "PolicyName")]
    _policy_name: IgnoredAny,
    policy_document: Policy,
}

/// What Lambda does with an invocation that nobody waits for. Here a failed run is told, and the next one comes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct InvokeConfig {
    destination_config: DestinationConfig,
    #[serde(rename = "MaximumEventAgeInSeconds")]
    _maximum_event_age_in_seconds: Option<IgnoredAny>,
    #[serde(rename = "MaximumRetryAttempts")]
    _maximum_retry_attempts: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DestinationConfig {
    on_failure: OnFailure,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OnFailure {
    destination: String,
    #[serde(rename = "Type")]
    _kind: IgnoredAny,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Environment {
    pub(super) variables: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WrittenEvent {
    #[serde(rename = "Type")]
    kind: String,
    properties: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WrittenRoute {
    #[serde(rename = "ApiId")]
    _api_id: IgnoredAny,
    method: String,
    path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WrittenSchedule {
    schedule_expression: String,
    dead_letter_config: Option<DeadLetterConfig>,
    #[serde(rename = "OmitName")]
    _omit_name: Option<IgnoredAny>,
    #[serde(rename = "RetryPolicy")]
    _retry_policy: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeadLetterConfig {
    arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WrittenSource {
    queue: String,
    batch_size: u32,
    function_response_types: Vec<String>,
    #[serde(rename = "ScalingConfig")]
    _scaling_config: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct QueueProperties {
    pub(super) queue_name: Option<String>,
    pub(super) visibility_timeout: Option<u32>,
    pub(super) message_retention_period: Option<u32>,
    pub(super) redrive_policy: Option<RedrivePolicy>,
    #[serde(rename = "SqsManagedSseEnabled")]
    _sqs_managed_sse_enabled: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RedrivePolicy {
    pub(super) dead_letter_target_arn: String,
    pub(super) max_receive_count: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TableProperties {
    pub(super) table_name: Option<String>,
    pub(super) attribute_definitions: Vec<AttributeDefinition>,
    pub(super) key_schema: Vec<KeyElement>,
    pub(super) global_secondary_indexes: Vec<Index>,
    pub(super) time_to_live_specification: TimeToLive,
    #[serde(rename = "BillingMode")]
    _billing_mode: IgnoredAny,
    #[serde(rename = "DeletionProtectionEnabled")]
    _deletion_protection_enabled: Option<IgnoredAny>,
    #[serde(rename = "PointInTimeRecoverySpecification")]
    _point_in_time_recovery_specification: Option<IgnoredAny>,
    #[serde(rename = "SSESpecification")]
    _sse_specification: Option<IgnoredAny>,
    #[serde(rename = "OnDemandThroughput")]
    _on_demand_throughput: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TimeToLive {
    pub(super) attribute_name: String,
    #[serde(rename = "Enabled")]
    _enabled: IgnoredAny,
}
