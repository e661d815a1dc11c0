//! SQS's operations on the embedded queues.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::json;
use winterbaume_core::{MockRequest, MockService};
use winterbaume_sqs::SqsService;

use super::{Answer, Engine, Service};
use crate::error::Error;
use crate::template::Queue;

/// The region that everything local is in.
pub const REGION: &str = "us-east-1";

/// Where the queues' URLs begin.
pub const ADDRESS: &str = "https://sqs.us-east-1.amazonaws.com/";

/// Runs one operation and answers as SQS does.
pub(super) async fn execute(service: &SqsService, operation: &str, body: Bytes) -> Answer {
    let Ok(target) = HeaderValue::from_str(&format!("AmazonSQS.{operation}")) else {
        return Answer::error(400, "InvalidAction", "the operation is not a name");
    };
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-target", target);
    // The engine takes the region from the host: a client's own address or region would find other queues.
    let request = MockRequest { method: "POST".to_owned(), uri: ADDRESS.to_owned(), headers, body };
    let response = service.handle(request).await;
    Answer { status: response.status, body: response.body }
}

/// Creates the template's queues and returns their URLs by logical id.
///
/// With `settable_clock` a received message is visible again at once: the engine measures visibility by the wall clock,
/// on which nothing may depend where time is an argument.
pub async fn create_queues(
    engine: &Engine,
    queues: &[Queue],
    settable_clock: bool,
) -> Result<BTreeMap<String, String>, Error> {
    let mut urls = BTreeMap::new();
    // First those that others give up their messages to: not every engine takes the ARN of a queue to come.
    let (redriven, last): (Vec<&Queue>, Vec<&Queue>) = queues.iter().partition(|queue| queue.redrive.is_some());
    for queue in last.into_iter().chain(redriven) {
        let mut attributes = json!({});
        if settable_clock {
            attributes["VisibilityTimeout"] = json!("0");
        } else if let Some(seconds) = queue.visibility_timeout_seconds {
            attributes["VisibilityTimeout"] = json!(seconds.to_string());
        }
        if let Some(seconds) = queue.retention_seconds {
            attributes["MessageRetentionPeriod"] = json!(seconds.to_string());
        }
        if let Some(redrive) = &queue.redrive {
            let target = queues.iter().find(|other| other.logical_id == redrive.dead_letter_queue);
            let name = target.map_or(redrive.dead_letter_queue.as_str(), |target| target.name.as_str());
            let policy = json!({ "deadLetterTargetArn": arn(name), "maxReceiveCount": redrive.max_receive_count });
            attributes["RedrivePolicy"] = json!(policy.to_string());
        }
        let request = json!({ "QueueName": queue.name, "Attributes": attributes });
        let created = engine.set_up(Service::Sqs, "CreateQueue", &request).await?;
        let url = created["QueueUrl"].as_str().unwrap_or_default().to_owned();
        urls.insert(queue.logical_id.clone(), url);
    }
    Ok(urls)
}

/// Returns the ARN of a local queue.
pub fn arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{}:{name}", winterbaume_core::default_account_id())
}
