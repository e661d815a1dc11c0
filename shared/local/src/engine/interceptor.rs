//! Faults between the SDK and the engines.

use std::future::{Future, ready};
use std::pin::Pin;

use bytes::Bytes;
use serde_json::json;

use super::Answer;

/// The service that a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// DynamoDB.
    DynamoDb,
    /// SQS.
    Sqs,
}

impl Service {
    /// Splits an `x-amz-target` header into service and operation.
    pub(super) fn of_target(target: &str) -> Option<(Self, &str)> {
        [(Self::DynamoDb, "DynamoDB_20120810."), (Self::Sqs, "AmazonSQS.")]
            .into_iter()
            .find_map(|(service, prefix)| Some((service, target.strip_prefix(prefix)?)))
    }
}

/// One request to an engine.
#[derive(Debug, Clone)]
pub struct Call {
    /// The service.
    pub service: Service,
    /// The operation, such as `UpdateItem`.
    pub operation: String,
    /// How many calls the engine saw before this one, over all its clones.
    pub number: u64,
    body: Bytes,
}

impl Call {
    pub(super) fn new(service: Service, operation: String, number: u64, body: Bytes) -> Self {
        Self { service, operation, number, body }
    }

    /// Returns the request's body as sent.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// Returns the request's body, or `null` where it is no JSON.
    pub fn body(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is applied and answered.
    Forward,
    /// The connection fails; nothing is applied.
    FailBefore,
    /// It is applied, then the connection fails.
    FailAfter,
    /// The connection fails; it is applied when the engine has seen so many more calls (see also `Engine::apply_late`).
    ApplyLater {
        /// Calls in between.
        calls: u64,
    },
    /// It is refused by a throttle; nothing is applied.
    Throttle,
    /// It is refused since a transaction has the item; nothing is applied. SQS knows no such thing and is forwarded.
    Conflict,
    /// It is applied twice and answered with the second answer.
    Duplicate,
}

/// Sees every call before an engine does, unless a policy refuses it: those of the functions, and `ReceiveMessage` and `DeleteMessageBatch` of the
/// SQS event source. What the local system does to set itself up passes unseen.
pub trait Interceptor: Send + Sync {
    /// Decides what becomes of a call.
    fn before(&self, call: &Call) -> Verdict;

    /// Is awaited before [`Interceptor::before`]: a test that holds calls back here decides in which order they run.
    fn gate<'a>(&'a self, _call: &'a Call) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(ready(()))
    }
}

pub(super) fn throttled(call: &Call) -> Answer {
    match call.service {
        Service::DynamoDb => Answer::error(
            400,
            "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            "injected: the throughput of the table is exceeded",
        ),
        Service::Sqs => Answer::error(400, "RequestThrottled", "injected: the request is throttled"),
    }
}

/// A transaction says of each item why it was cancelled, everything else has an exception of its own.
pub(super) fn conflict(call: &Call) -> Option<Answer> {
    if call.service == Service::Sqs {
        return None;
    }
    if !matches!(call.operation.as_str(), "TransactWriteItems" | "TransactGetItems") {
        let kind = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
        return Some(Answer::error(400, kind, "injected: a transaction is ongoing for the item"));
    }
    let items = call.body()["TransactItems"].as_array().map_or(1, Vec::len);
    let mut reasons = vec![json!({ "Code": "None" }); items];
    if let Some(first) = reasons.first_mut() {
        *first = json!({ "Code": "TransactionConflict", "Message": "injected: a transaction is ongoing for the item" });
    }
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "injected: transaction cancelled, please refer to the cancellation reasons [TransactionConflict]",
        "CancellationReasons": reasons,
    });
    Some(Answer { status: 400, body: Bytes::from(body.to_string()) })
}
