//! What a call needs to be allowed, as AWS's authorisation reference has it, and the refusal where it is not.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Answer, Call, Service};
use crate::template::{Permission, index_of};

/// The function that an engine's calls come from, and what it may do.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) function: String,
    pub(super) allowed: BTreeSet<Permission>,
}

/// The parts of a request that say what it is about.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Request {
    table_name: Option<String>,
    index_name: Option<String>,
    queue_url: Option<String>,
    transact_items: Vec<BTreeMap<String, Part>>,
    request_items: BTreeMap<String, IgnoredAny>,
}

/// One write or read of a transaction.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    table_name: String,
}

/// What a call needs. A transaction needs for each of its parts what the same call by itself would; a batch of reads or
/// writes has an action of its own, and batches of messages have not.
pub(super) fn needed(call: &Call) -> BTreeSet<Permission> {
    // What is unreadable is refused by the engine itself.
    let request: Request = serde_json::from_slice(call.bytes()).unwrap_or_default();
    match (call.service, call.operation.as_str()) {
        (Service::Sqs, operation) => {
            let operation = operation.strip_suffix("Batch").unwrap_or(operation);
            let queue = request.queue_url.as_deref().and_then(|url| url.rsplit('/').next());
            [Permission::new(format!("sqs:{operation}"), queue.unwrap_or("*"))].into()
        }
        (Service::DynamoDb, "TransactWriteItems" | "TransactGetItems") => {
            let parts = request.transact_items.into_iter().flatten();
            parts
                .map(|(kind, part)| Permission::new(format!("dynamodb:{}", item_action(&kind)), part.table_name))
                .collect()
        }
        (Service::DynamoDb, operation @ ("BatchGetItem" | "BatchWriteItem")) => {
            let tables = request.request_items.into_keys();
            tables.map(|table| Permission::new(format!("dynamodb:{operation}"), table)).collect()
        }
        (Service::DynamoDb, operation) => {
            let table = request.table_name.as_deref().unwrap_or("*");
            let resource = request.index_name.map_or(table.to_owned(), |index| index_of(table, &index));
            [Permission::new(format!("dynamodb:{operation}"), resource)].into()
        }
    }
}

fn item_action(kind: &str) -> String {
    if kind == "ConditionCheck" { "ConditionCheckItem".to_owned() } else { format!("{kind}Item") }
}

impl Caller {
    /// Returns the answer to a call that needs what the function may not do.
    pub(super) fn refusal(&self, needed: &BTreeSet<Permission>) -> Option<Answer> {
        let Permission { action, resource } = needed.difference(&self.allowed).next()?;
        let function = &self.function;
        let message = format!("User: {function} is not authorized to perform: {action} on resource: {resource}");
        Some(Answer::error(400, "com.amazon.coral.service#AccessDeniedException", &message))
    }
}
