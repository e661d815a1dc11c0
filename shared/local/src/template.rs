//! What the local system runs, read from the template that is deployed.
//!
//! The template is the only list of routes, schedules, queues and keys: what `template.yaml` says is what runs here. A
//! property that this reader does not know is an error, so that the two never drift apart unseen.

mod document;
mod policy;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::error::Error;
use document::{Document, Event, Resource};
pub use policy::Permission;
use policy::Policy;
pub(crate) use policy::index_of;

/// The template of this repository.
pub const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The parts of the template that run locally.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The Lambda functions, by logical id.
    pub functions: Vec<Function>,
    /// The routes of the HTTP API.
    pub routes: Vec<Route>,
    /// What the Scheduler starts.
    pub schedules: Vec<Schedule>,
    /// Which function gets the messages of which queue.
    pub queue_sources: Vec<QueueSource>,
    /// The queues, those for dead letters included.
    pub queues: Vec<Queue>,
    /// The table.
    pub table: Table,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// Its folder under `functions/`, which is also its binary.
    pub folder: String,
    /// How long an invocation may take.
    pub timeout_seconds: u32,
    /// Names and values of its environment; `!Ref X` reads `X`.
    pub environment: Vec<(String, String)>,
    /// Everything that its policy allows.
    pub permissions: BTreeSet<Permission>,
}

/// A route of the HTTP API.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The method, in capitals.
    pub method: String,
    /// The path, with parameters in braces.
    pub path: String,
    /// The folder of the function that answers.
    pub folder: String,
}

/// Something that the Scheduler starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The schedule's name: the function's logical id and the event's.
    pub name: String,
    /// The time between two runs.
    pub every_seconds: u64,
    /// The folder of the function that is started.
    pub folder: String,
    /// The logical id of the queue where runs end that could not be started.
    pub dead_letter_queue: Option<String>,
}

/// A function that gets a queue's messages.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueSource {
    /// The queue's logical id.
    pub queue: String,
    /// The most messages in one invocation.
    pub batch_size: u32,
    /// The folder of the function.
    pub folder: String,
}

/// A queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in SQS: the template's `QueueName`, or the logical id.
    pub name: String,
    /// How long a received message stays hidden.
    pub visibility_timeout_seconds: Option<u32>,
    /// How long a message is kept.
    pub retention_seconds: Option<u32>,
    /// Where messages go that keep failing.
    pub redrive: Option<Redrive>,
}

/// Where messages go that keep failing.
#[derive(Debug, Clone, PartialEq)]
pub struct Redrive {
    /// The logical id of the dead-letter queue.
    pub dead_letter_queue: String,
    /// How often a message is received before it goes there.
    pub max_receive_count: u32,
}

/// The table, in the words of `CreateTable`.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in DynamoDB: the template's `TableName`, or the logical id.
    pub name: String,
    /// The attributes that keys are made of.
    pub attribute_definitions: Vec<AttributeDefinition>,
    /// The primary key.
    pub key_schema: Vec<KeyElement>,
    /// The indexes.
    pub global_secondary_indexes: Vec<Index>,
    /// The attribute that says when an item may go.
    pub time_to_live: String,
}

/// An attribute that a key is made of.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AttributeDefinition {
    /// The attribute.
    pub attribute_name: String,
    /// `S`, `N` or `B`.
    pub attribute_type: String,
}

/// One part of a key.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct KeyElement {
    /// The attribute.
    pub attribute_name: String,
    /// `HASH` or `RANGE`.
    pub key_type: String,
}

/// A global secondary index.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Index {
    /// The index's name.
    pub index_name: String,
    /// Its key.
    pub key_schema: Vec<KeyElement>,
    /// What it holds beside the keys.
    pub projection: Projection,
}

/// What an index holds beside the keys.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Projection {
    /// `KEYS_ONLY`, `INCLUDE` or `ALL`.
    pub projection_type: String,
}

impl Template {
    /// Reads the template of this repository.
    ///
    /// # Errors
    /// As [`Template::read`].
    pub fn embedded() -> Result<Self, Error> {
        Self::read(TEMPLATE)
    }

    /// Reads a template's text.
    ///
    /// # Errors
    /// [`Error::Template`] says where something is missing, unknown or leads nowhere.
    pub fn read(text: &str) -> Result<Self, Error> {
        let document = Document::read(text)?;
        let mut template = Parts::default();
        for (logical_id, resource) in document.resources {
            template.add(logical_id, resource)?;
        }
        template.finish()
    }

    /// Returns the queue of a logical id.
    ///
    /// # Errors
    /// [`Error::Template`] when there is none.
    pub fn queue(&self, logical_id: &str) -> Result<&Queue, Error> {
        let place = || wrong("Resources", format!("no queue is named {logical_id}"));
        self.queues.iter().find(|queue| queue.logical_id == logical_id).ok_or_else(place)
    }
}

/// A template under construction.
#[derive(Default)]
struct Parts {
    functions: Vec<(Function, String)>,
    roles: BTreeMap<String, Vec<Policy>>,
    routes: Vec<Route>,
    schedules: Vec<Schedule>,
    queue_sources: Vec<QueueSource>,
    queues: Vec<Queue>,
    tables: Vec<Table>,
    /// Where invocations end that nobody waits for and that failed.
    failures: Vec<String>,
}

impl Parts {
    fn add(&mut self, logical_id: String, resource: Resource) -> Result<(), Error> {
        match resource {
            Resource::Function { metadata, properties } => {
                let folder = metadata.build_properties.binary;
                for (name, event) in properties.events {
                    self.add_event(format!("{logical_id}{name}"), event, &folder)?;
                }
                let environment = properties.environment.variables.into_iter().collect();
                let timeout_seconds = properties.timeout;
                self.failures.extend(properties.failures.as_deref().map(target));
                let permissions = BTreeSet::new();
                let function = Function { logical_id, folder, timeout_seconds, environment, permissions };
                self.functions.push((function, target(&properties.role)));
            }
            Resource::Role { policies } => drop(self.roles.insert(logical_id, policies)),
            Resource::Queue { properties } => {
                let redrive = properties.redrive_policy.map(|policy| Redrive {
                    dead_letter_queue: target(&policy.dead_letter_target_arn),
                    max_receive_count: policy.max_receive_count,
                });
                self.queues.push(Queue {
                    name: local_name(properties.queue_name, &logical_id),
                    logical_id,
                    visibility_timeout_seconds: properties.visibility_timeout,
                    retention_seconds: properties.message_retention_period,
                    redrive,
                });
            }
            Resource::Table { properties } => self.tables.push(Table {
                name: local_name(properties.table_name, &logical_id),
                logical_id,
                attribute_definitions: properties.attribute_definitions,
                key_schema: properties.key_schema,
                global_secondary_indexes: properties.global_secondary_indexes,
                time_to_live: properties.time_to_live_specification.attribute_name,
            }),
            Resource::HttpApi {} | Resource::Watch {} => {}
        }
        Ok(())
    }

    fn add_event(&mut self, name: String, event: Event, folder: &str) -> Result<(), Error> {
        let folder = folder.to_owned();
        match event {
            Event::HttpApi { method, path } => {
                self.routes.push(Route { method: method.to_ascii_uppercase(), path, folder });
            }
            Event::Schedule { schedule_expression, dead_letters } => {
                let every_seconds = rate(&schedule_expression)
                    .ok_or_else(|| wrong(&name, format!("{schedule_expression:?} is no rate(n minutes|hours|days)")))?;
                let dead_letter_queue = dead_letters.as_deref().map(target);
                self.schedules.push(Schedule { name, every_seconds, folder, dead_letter_queue });
            }
            Event::Queue { queue, batch_size, function_response_types } => {
                // Without it a function's answer is ignored, and one poisoned message takes its batch with it.
                if function_response_types != ["ReportBatchItemFailures"] {
                    return Err(wrong(&name, "FunctionResponseTypes must be [ReportBatchItemFailures]"));
                }
                self.queue_sources.push(QueueSource { queue: target(&queue), batch_size, folder });
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Template, Error> {
        let table = self.tables.pop().ok_or_else(|| wrong("Resources", "there is no AWS::DynamoDB::Table"))?;
        if !self.tables.is_empty() {
            return Err(wrong("Resources", "there is more than one AWS::DynamoDB::Table"));
        }
        let mut functions = Vec::new();
        for (mut function, role) in self.functions {
            let place = format!("Resources.{}.Properties.Role", function.logical_id);
            let no_role = || wrong(&place, format!("{role} is no role, or another function's"));
            let policies = self.roles.remove(&role).ok_or_else(no_role)?;
            let place = format!("Resources.{role}.Properties.Policies");
            function.permissions = policy::permissions(&place, &policies, &table, &self.queues)?;
            functions.push(function);
        }
        if let Some(role) = self.roles.keys().next() {
            return Err(wrong(&format!("Resources.{role}"), "no function has this role"));
        }
        let template = Template {
            functions,
            routes: self.routes,
            schedules: self.schedules,
            queue_sources: self.queue_sources,
            queues: self.queues,
            table,
        };
        let dead_letters = template.queues.iter().filter_map(|queue| queue.redrive.as_ref());
        let named = template.queue_sources.iter().map(|source| &source.queue);
        let runs = template.schedules.iter().filter_map(|schedule| schedule.dead_letter_queue.as_ref());
        let named = named.chain(dead_letters.map(|redrive| &redrive.dead_letter_queue)).chain(runs);
        for queue in named.chain(&self.failures) {
            template.queue(queue)?;
        }
        Ok(template)
    }
}

/// Seconds of `rate(5 minutes)`.
fn rate(expression: &str) -> Option<u64> {
    let (count, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let seconds = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return None,
    };
    count.parse::<u64>().ok().filter(|count| *count > 0)?.checked_mul(seconds)
}

/// The logical id in what is left of `!GetAtt X.Arn`.
fn target(attribute: &str) -> String {
    attribute.strip_suffix(".Arn").unwrap_or(attribute).to_owned()
}

/// A stack that runs here is called `local`.
fn local_name(name: Option<String>, logical_id: &str) -> String {
    name.map_or_else(|| logical_id.to_owned(), |name| name.replace("${AWS::StackName}", "local"))
}

fn wrong(place: &str, problem: impl Into<String>) -> Error {
    Error::Template { place: place.to_owned(), problem: problem.into() }
}

#[cfg(test)]
mod tests;
